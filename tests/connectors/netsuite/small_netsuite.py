"""A very small NetSuite on a real socket: SuiteQL over SQLite, records in a table, signatures checked, accidents on order.

It knows NetSuite's wire, from the platform page, and nothing of the connector. What it does not know it refuses.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

ACCOUNT = "TSTDRV1234567_SB1"
SECRETS = {"consumer_key": "ck", "consumer_secret": "cs", "token_id": "ti", "token_secret": "ts"}

SCHEMA = """
CREATE TABLE currency (id INTEGER PRIMARY KEY, symbol TEXT);
CREATE TABLE term (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE pricelevel (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE subsidiary (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE location (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE employee (id INTEGER PRIMARY KEY, entityid TEXT);
CREATE TABLE unitstype (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE salestaxitem (id INTEGER PRIMARY KEY);
CREATE TABLE dual (dummy TEXT);
CREATE TABLE customer (id INTEGER PRIMARY KEY, entityid TEXT, companyname TEXT, email TEXT, searchstage TEXT DEFAULT 'Customer',
  subsidiary INTEGER, currency INTEGER, terms INTEGER, pricelevel INTEGER, salesrep INTEGER, isinactive TEXT,
  creditlimit TEXT, balancesearch TEXT, overduebalancesearch TEXT, externalid TEXT, lastmodifieddate TEXT, datecreated TEXT);
CREATE TABLE customeraddressbook (internalid INTEGER, entity INTEGER, defaultbilling TEXT, defaultshipping TEXT,
  addressbookaddress INTEGER);
CREATE TABLE customeraddressbookentityaddress (nkey INTEGER, addressee TEXT, addr1 TEXT, addr2 TEXT, city TEXT, state TEXT,
  zip TEXT, country TEXT);
CREATE TABLE contact (id INTEGER PRIMARY KEY, entityid TEXT, company INTEGER, subsidiary INTEGER, email TEXT, externalid TEXT,
  lastmodifieddate TEXT);
CREATE TABLE item (id INTEGER PRIMARY KEY, itemid TEXT, displayname TEXT, itemtype TEXT, subtype TEXT, unitstype INTEGER,
  isinactive TEXT, externalid TEXT, lastmodifieddate TEXT);
CREATE TABLE pricing (item INTEGER, pricelevel INTEGER, currency INTEGER, quantity NUMERIC, unitprice TEXT);
CREATE TABLE inventoryitemlocations (item INTEGER, location INTEGER, quantityonhand TEXT, quantityavailable TEXT,
  lastquantityavailablechange TEXT);
CREATE TABLE "transaction" (id INTEGER PRIMARY KEY, type TEXT, tranid TEXT, entity INTEGER, status TEXT, currency INTEGER,
  terms INTEGER, trandate TEXT, duedate TEXT, foreigntotal TEXT, externalid TEXT, lastmodifieddate TEXT);
CREATE TABLE transactionline ("transaction" INTEGER, id INTEGER, mainline TEXT, taxline TEXT, iscogs TEXT, kitcomponent TEXT,
  itemtype TEXT, item INTEGER, quantity TEXT, rate TEXT, subsidiary INTEGER, location INTEGER, createdfrom INTEGER,
  linelastmodifieddate TEXT);
CREATE TABLE nexttransactionlinelink (previousdoc INTEGER, nextdoc INTEGER, lastmodifieddate TEXT);
CREATE TABLE deletedrecord (recordid INTEGER, type TEXT, deleteddate TEXT);
"""

_FAMILY = {"salesorder": ("transaction", "SalesOrd"), "invoice": ("transaction", "CustInvc"),
           "itemfulfillment": ("transaction", "ItemShip"), "customer": ("customer", None), "contact": ("contact", None)}  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Answer:
    """What goes back. ``cut`` closes the connection instead, after the request was carried out."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


def error(status: int, code: str, detail: str, path: str | None = None) -> Answer:
    """An error in the shape of NetSuite §11."""
    entry = {"detail": detail, "o:errorCode": code} | ({"o:errorPath": path} if path else {})
    return Answer(status, {"title": "Error", "status": status, "o:errorDetails": [entry]})


class SmallNetSuite:
    """The account. ``accidents`` are tried in order on each request; one that returns an answer is used up."""

    def __init__(self) -> None:
        self.db = sqlite3.connect(":memory:", check_same_thread=False)
        self.db.executescript(SCHEMA)
        self.db.create_function(
            "TO_CHAR", 2, lambda value, form: value[: 10 if form == "YYYY-MM-DD" else 19] if value else None
        )
        self.db.create_function("TO_TIMESTAMP", 2, _checked("YYYY-MM-DD HH24:MI:SS", "%Y-%m-%d %H:%M:%S"))
        self.db.create_function("TO_DATE", 2, _checked("YYYY-MM-DD", "%Y-%m-%d"))
        self.db.create_function("NVL", 2, lambda value, other: other if value is None else value)
        self.lock = threading.Lock()
        self.now = datetime(2026, 3, 20, 17, 0, tzinfo=UTC)
        self.seen: list[Seen] = []
        self.accidents: list[Callable[[Seen], Answer | None]] = []
        self.records: dict[tuple[str, str], Any] = {}
        self.hidden: set[str] = set()  # columns answered with a 500 that names nothing
        self.binds = True
        self.has_server_time = True
        self.dates_answers = True
        self.dates_ahead = timedelta(0)
        self.query_seconds = 0.0  # how long a query takes
        self.ceiling: int | None = None  # rows at which a query is cut in silence
        self.next_id = 5000
        self._nonces: set[str] = set()
        self.base_url = ""

    def insert(self, table: str, **row: object) -> None:
        """Put a row into a table."""
        names = ", ".join(f'"{name}"' for name in row)
        self.db.execute(f'INSERT INTO "{table}" ({names}) VALUES ({", ".join("?" * len(row))})', tuple(row.values()))

    def queries(self) -> list[str]:
        """The SuiteQL texts so far."""
        return [seen.body["q"] for seen in self.seen if seen.path.endswith("/suiteql")]

    def calls(self) -> int:
        """How many requests came."""
        return len(self.seen)

    # --- one request ----------------------------------------------------------------------------

    def answer(self, seen: Seen, raw_path: str) -> Answer:
        with self.lock:
            self.seen.append(seen)
            for accident in list(self.accidents):
                if (made := accident(seen)) is not None:
                    self.accidents.remove(accident)
                    return made
            reason = self._distrust(seen, raw_path)
            if reason:
                return error(401, "INVALID_LOGIN", "Invalid login attempt.")
            return self._route(seen)

    def _route(self, seen: Seen) -> Answer:
        path = seen.path.removeprefix("/services/rest")
        if (seen.method, path) == ("POST", "/query/v1/suiteql"):
            return self.suiteql(seen)
        if (seen.method, path) == ("GET", "/system/v1/serverTime") and self.has_server_time:
            return Answer(200, {"serverTime": self.now.strftime("%Y-%m-%dT%H:%M:%S.000Z")})
        if path.startswith("/record/v1/"):
            return self.record(seen, [unquote(part) for part in path.removeprefix("/record/v1/").split("/")])
        return error(404, "NONEXISTENT_ID", "The record instance does not exist. Provide a valid record instance ID.")

    def _distrust(self, seen: Seen, raw_path: str) -> str | None:
        """OAuth 1.0a as in NetSuite §2, written from the text: a reason to refuse, or None."""
        given = {name: unquote(value) for name, value in re.findall(r'(\w+)="([^"]*)"', seen.headers["Authorization"])}
        signature, realm = given.pop("oauth_signature"), given.pop("realm")
        parameters = sorted((_enc(k), _enc(v)) for k, v in [*given.items(), *seen.query.items()])
        base = "&".join(
            [seen.method, _enc(self.base_url + raw_path), _enc("&".join(f"{k}={v}" for k, v in parameters))]
        )
        key = f"{SECRETS['consumer_secret']}&{SECRETS['token_secret']}".encode()
        expected = base64.b64encode(hmac.new(key, base.encode(), hashlib.sha256).digest()).decode()
        if signature != expected:
            return "signature"
        if realm != ACCOUNT or given["oauth_signature_method"] != "HMAC-SHA256":
            return "realm or method"
        if given["oauth_nonce"] in self._nonces:
            return "replay"
        self._nonces.add(given["oauth_nonce"])
        return None

    # --- SuiteQL ----------------------------------------------------------------------------------

    def suiteql(self, seen: Seen) -> Answer:
        if seen.headers.get("Prefer") != "transient":
            return error(400, "INVALID_HEADER", "The Prefer header is required.")
        text, values = seen.body["q"], seen.body.get("params", [])
        if values and not self.binds:
            return error(400, "INVALID_CONTENT", "Invalid content in the request body: unknown property params.")
        if re.search(r"\b(LIMIT|WITH)\b", text) or any(
            len(v.split(",")) > 1000 for v in re.findall(r"IN \(([^()]*)\)", text)
        ):
            return error(
                400,
                "INVALID_PARAMETER",
                "Invalid search query. Detailed unprocessed description follows. Search error occurred: parse",
            )
        if any(re.search(rf"\b{name}\b", text) for name in self.hidden):
            return error(500, "UNEXPECTED_ERROR", "An unexpected error occurred. Error ID: jrgbpyylphhishmmlxyt")
        sql = re.sub(r"FETCH FIRST (\d+) ROWS ONLY", r"LIMIT \1", text)
        sql = re.sub(r"(?<!\.)\btransaction\b|(?<=\.)transaction\b", '"transaction"', sql).replace(
            "SYSDATE", "'2026-03-20 10:00:00'"
        )
        if self.query_seconds:
            threading.Event().wait(self.query_seconds)
            self.now += timedelta(seconds=self.query_seconds)
        try:
            cursor = self.db.execute(sql, values)
        except sqlite3.OperationalError as failure:
            return _search_error(str(failure))
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        page = rows[: min(int(seen.query["limit"]), self.ceiling or len(rows))]
        items = [{"links": [], **{_oddly(n): str(v) for n, v in row.items() if v is not None}} for row in page]
        more = len(rows) > len(page) and self.ceiling is None
        return Answer(
            200,
            {"links": [], "count": len(items), "hasMore": more, "items": items, "offset": 0, "totalResults": len(rows)},
        )

    # --- records ------------------------------------------------------------------------------------

    def record(self, seen: Seen, parts: list[str]) -> Answer:
        kind = parts[-1].lower() if "!transform" in parts else parts[0].lower()
        if seen.method != "GET" and seen.headers.get("X-NetSuite-PropertyNameValidation") != "error":
            return error(400, "INVALID_HEADER", "this account wants property names validated")
        if kind not in _FAMILY:
            return error(404, "NONEXISTENT_ID", f"Record type '{kind}' does not exist.")
        if seen.method == "POST":
            return self._create(kind, seen.body)
        key = self._key(kind, parts[1])
        if key is None:
            return error(
                404, "NONEXISTENT_ID", "The record instance does not exist. Provide a valid record instance ID."
            )
        if seen.method == "PATCH":
            self.records[(kind, key)] = {**self.records.get((kind, key), {}), **seen.body}
            return Answer(204, headers={"Location": f"{self.base_url}/services/rest/record/v1/{kind}/{key}"})
        table, _ = _FAMILY[kind]
        stamp = self.db.execute(f'SELECT lastmodifieddate FROM "{table}" WHERE id = ?', (key,)).fetchone()[0]
        body = {"id": key, "lastModifiedDate": stamp, **self.records.get((kind, key), {})}
        wanted = seen.query.get("fields", "").split(",")
        return Answer(200, {name: value for name, value in body.items() if name in wanted})

    def _create(self, kind: str, body: dict[str, Any]) -> Answer:
        table, type_ = _FAMILY[kind]
        external = body.get("externalId")
        if external and self.db.execute(f'SELECT 1 FROM "{table}" WHERE externalid = ?', (external,)).fetchone():
            return error(400, "USER_ERROR", "Error while accessing a resource. This record already exists.")
        self.next_id += 1
        key = str(self.next_id)
        extra = {"type": type_} if type_ else {}
        self.insert(table, id=self.next_id, externalid=external, lastmodifieddate="2026-03-20 10:00:00", **extra)
        self.records[(kind, key)] = body
        return Answer(204, headers={"Location": f"{self.base_url}/services/rest/record/v1/{kind}/{key}"})

    def _key(self, kind: str, part: str) -> str | None:
        table, type_ = _FAMILY[kind]
        column, value = ("externalid", part[4:]) if part.startswith("eid:") else ("id", part)
        only = f" AND type = '{type_}'" if type_ else ""
        row = self.db.execute(f'SELECT id FROM "{table}" WHERE {column} = ?{only}', (value,)).fetchone()
        return str(row[0]) if row else None


def _checked(sql_form: str, form: str) -> Callable[[str, str], str]:
    def convert(text: str, given: str) -> str:
        assert given == sql_form, given
        datetime.strptime(text, form).replace(tzinfo=UTC)  # refuses another shape
        return text

    return convert


def _search_error(failure: str) -> Answer:
    intro = "Invalid search query. Detailed unprocessed description follows. Search error occurred: "
    if found := re.match(r"no such column: (\w+)\.(\w+)", failure):
        return error(400, "INVALID_PARAMETER", f"{intro}Field '{found[2]}' for record '{found[1]}' was not found.")
    if found := re.match(r"no such table: (\w+)", failure):
        return error(400, "INVALID_PARAMETER", f"{intro}Record '{found[1]}' was not found.")
    return error(400, "INVALID_PARAMETER", intro + failure)


def _oddly(name: str) -> str:
    return name.upper() if name.endswith("1") else name  # the case of names is not guaranteed (NetSuite §6)


def _enc(text: str) -> str:
    return quote(text, safe="-._~")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # headers and body in one segment
    account: SmallNetSuite

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.loads(raw) if raw.startswith(b"{") else raw.decode()
        seen = Seen(self.command, parts.path, dict(parse_qsl(parts.query)), dict(self.headers.items()), body)
        answer = self.account.answer(seen, parts.path)
        if answer.cut:
            self.close_connection = True
            return
        html = isinstance(answer.body, str)
        content = answer.body.encode() if html else json.dumps(answer.body).encode() if answer.body is not None else b""
        self.send_response_only(answer.status)
        if self.account.dates_answers:
            self.send_header("Date", format_datetime(self.account.now + self.account.dates_ahead, usegmt=True))
        self.send_header("X-N-OperationId", str(uuid.uuid4()))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if content:
            self.send_header(
                "Content-Type", "text/html" if html else "application/vnd.oracle.resource+json; charset=UTF-8"
            )
        if answer.status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def running(account: SmallNetSuite) -> Iterator[SmallNetSuite]:
    """Serve an account on a free port of the loopback."""
    handler = type("Handler", (_Handler,), {"account": account})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    account.base_url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield account
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
