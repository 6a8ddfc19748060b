"""A small Salesforce org on a real socket, built from the recorded shapes: enough SOQL for what the connector asks, no more.

Rows are dicts by API name with Python values; ``_visible`` is the instant a row can be seen from (commit lag, Salesforce §11).
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any, NamedTuple

from crosswalk.connectors.salesforce import SalesforceConnector, connect
from crosswalk.connectors.settings import ConnectionSettings
from tests.connectors.loopback import Received, Reply, Server, reply_json, serving

Row = dict[str, Any]
Fault = Callable[[Received], Reply | None]
_VISIBLE = "_visible"
_CONDITIONS = re.compile(
    r"(?P<keyset>\(\(SystemModstamp = (?P<kt>\S+) AND Id > '(?P<ki>\w+)'\) OR SystemModstamp > (?P<ko>\S+)\))"
    r"|(?P<since>SystemModstamp >= (?P<st>\S+))"
    r"|(?P<behind>Id > '(?P<bi>\w+)')"
    r"|(?P<among>(?P<af>\w+) IN \((?P<av>[^)]*)\))"
)


class _Select(NamedTuple):
    """What a query asked for: of which object, which columns, with the recycle bin or without."""

    native: str
    names: tuple[str, ...]
    all_rows: bool


class Org:
    """What the org holds and how it behaves; tests set the public fields."""

    def __init__(self) -> None:
        self.now = datetime(2026, 5, 6, 12, 0, tzinfo=UTC)
        self.rows: dict[str, dict[str, Row]] = {}
        self.page = 2_000
        self.job_polls = 1
        self.faults: list[Fault] = []  # each is gone once it has answered
        self.lasting_faults: list[Fault] = []
        self.row_faults: list[Callable[[Row], Row | None]] = []
        self.sessions = ["00D000000000001!AQ.session.1"]
        self.unique = {"ERP_Id__c"}
        self.bulk = True
        self.calls: list[str] = []
        self._cursors: dict[str, tuple[_Select, list[str]]] = {}
        self._jobs: dict[str, list[Row]] = {}
        self.jobs_sent: list[Row] = []
        self.describes: dict[str, Row] = {}
        self._number = 0

    # --- for tests ---------------------------------------------------------------------------

    def put(self, native: str, stamp: datetime | None = None, *, visible: datetime | None = None, **values: Any) -> str:
        """Insert a row, or change the one with this Id; returns the Id."""
        self._number += 1
        key = values.get("Id") or f"001{self._number:012d}AAA"
        row = self.rows.setdefault(native, {}).setdefault(key, {"Id": key, "IsDeleted": False, "CreatedDate": self.now})
        row.update(values, SystemModstamp=(stamp or self.now).replace(microsecond=0), **{_VISIBLE: visible or stamp})
        return str(key)

    def drop_cursors(self) -> None:
        self._cursors.clear()

    # --- the wire ----------------------------------------------------------------------------

    def handle(self, request: Received) -> Reply:
        if request.path == "/services/oauth2/token":
            return self._stamped(self._token(request))
        fault = self._fault(request)
        return self._stamped(fault) if fault else self.answer(request)

    def _fault(self, request: Received) -> Reply | None:
        for fault in self.faults:
            if (reply := fault(request)) is not None:
                self.faults.remove(fault)
                return reply
        return next((found for fault in self.lasting_faults if (found := fault(request)) is not None), None)

    def answer(self, request: Received) -> Reply:
        """What the org answers when nothing is wrong."""
        if request.headers.get("authorization") != f"Bearer {self.sessions[-1]}":
            return self._stamped(error(401, "INVALID_SESSION_ID", "Session expired or invalid"))
        resource = re.sub(r"^/services/data/v[\d.]+/", "", request.path).strip("/")
        self.calls.append(f"{request.method} {resource}")
        return self._stamped(self._route(request, resource))

    def _route(self, request: Received, resource: str) -> Reply:
        if resource in ("query", "queryAll"):
            return self._query(request.query["q"], all_rows=resource == "queryAll")
        if resource.startswith("query/"):
            return self._more(resource.removeprefix("query/"))
        if resource.startswith("jobs/query"):
            return self._job(request, resource)
        if resource.startswith("composite/sobjects"):
            return self._collection(request, resource)
        if resource == "composite":
            return self._composite(request)
        if resource.endswith("/describe") and (described := self.describes.get(resource.split("/")[1])):
            return reply_json(described)
        if resource == "limits":
            return reply_json({"DailyApiRequests": {"Max": 15000, "Remaining": 14976}})
        return error(404, "NOT_FOUND", "The requested resource does not exist")

    def _stamped(self, reply: Reply) -> Reply:
        headers = {"Date": format_datetime(self.now, usegmt=True), **reply.headers}
        headers.setdefault("Sforce-Limit-Info", f"api-usage={len(self.calls)}/15000")
        return Reply(reply.status, reply.body, headers, reply.cut, reply.reset)

    def _token(self, request: Received) -> Reply:
        self.calls.append("login")
        self.sessions.append(f"00D000000000001!AQ.session.{len(self.sessions) + 1}")
        return reply_json(
            {
                "access_token": self.sessions[-1],
                "instance_url": f"http://{request.headers['host']}",
                "token_type": "Bearer",
            }
        )

    # --- SOQL --------------------------------------------------------------------------------------

    def _select(self, soql: str, *, all_rows: bool) -> tuple[_Select, list[str]]:
        parsed = re.fullmatch(r"SELECT (.+?) FROM (\w+)(?: WHERE (.+?))?(?: ORDER BY (.+?))?(?: LIMIT (\d+))?", soql)
        assert parsed is not None, soql
        columns, native, where, order, limit = parsed.groups()
        rows = [row for row in self.rows.get(native, {}).values() if (row.get(_VISIBLE) or self.now) <= self.now]
        rows = [row for row in rows if all_rows or not row["IsDeleted"]]
        rows = [row for row in rows if _matches(row, where)]
        if order:
            for column in reversed(order.split(", ")):
                name, _, direction = column.partition(" ")
                rows.sort(key=lambda row, name=name: row[name], reverse=direction == "DESC")
        rows = rows[: int(limit)] if limit else rows
        return _Select(native, tuple(columns.split(", ")), all_rows), [row["Id"] for row in rows]

    def _read(self, select: _Select, keys: list[str]) -> list[Row]:
        """The rows as they are now: nobody keeps them as they were when the query began (Salesforce §5)."""
        rows = [self.rows[select.native][key] for key in keys]
        rows = [row for row in rows if select.all_rows or not row["IsDeleted"]]
        return [
            {"attributes": {"type": select.native}, **{name: _path(row, name) for name in select.names}} for row in rows
        ]

    def _query(self, soql: str, *, all_rows: bool) -> Reply:
        self._number += 1
        cursor = f"0r8xx{self._number:010d}"
        self._cursors[cursor] = self._select(soql, all_rows=all_rows)
        return self._page(cursor, 0)

    def _more(self, locator: str) -> Reply:
        cursor, _, offset = locator.rpartition("-")
        if cursor not in self._cursors:
            return error(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(cursor, int(offset))

    def _page(self, cursor: str, start: int) -> Reply:
        (select, keys), end = self._cursors[cursor], start + self.page
        body: Row = {
            "totalSize": len(keys),
            "done": end >= len(keys),
            "records": [_nested(row) for row in self._read(select, keys[start:end])],
        }
        if not body["done"]:
            body["nextRecordsUrl"] = f"/services/data/v62.0/query/{cursor}-{end}"
        return Reply(200, json.dumps(body, default=str).encode(), {"Content-Type": "application/json;charset=UTF-8"})

    # --- Bulk 2.0 ----------------------------------------------------------------------------------------

    def _job(self, request: Received, resource: str) -> Reply:
        if request.method == "POST":
            if not self.bulk:
                return error(400, "INVALIDENTITY", "Entity 'X' is not supported by the Bulk API.")
            body = request.json()
            self.jobs_sent.append(body)
            self._number += 1
            job = f"7505f{self._number:010d}AAM"
            self._jobs[job] = self._read(*self._select(body["query"], all_rows=body["operation"] == "queryAll"))
            return reply_json({"id": job, "state": "UploadComplete", "createdDate": rest(self.now)})
        job = resource.split("/")[2]
        if request.method == "PATCH":
            return reply_json({"id": job, **request.json()})
        if resource.endswith("/results"):
            return self._result_page(job, int(request.query.get("locator", "0")), int(request.query["maxRecords"]))
        polls = sum(call == f"GET jobs/query/{job}" for call in self.calls)
        state = "JobComplete" if polls >= self.job_polls else "InProgress"
        return reply_json({"id": job, "state": state, "createdDate": rest(self.now)})

    def _result_page(self, job: str, start: int, size: int) -> Reply:
        rows = [{name: value for name, value in row.items() if name != "attributes"} for row in self._jobs[job]]
        page, out = rows[start : start + size], io.StringIO()
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(list(rows[0]) if rows else ["Id", "SystemModstamp"])
        writer.writerows([[_cell(value) for value in row.values()] for row in page])
        following = str(start + size) if start + size < len(rows) else "null"
        headers = {"Content-Type": "text/csv", "Sforce-NumberOfRecords": str(len(page)), "Sforce-Locator": following}
        return Reply(200, out.getvalue().encode(), headers)

    # --- composite ---------------------------------------------------------------------------------------

    def _composite(self, request: Received) -> Reply:
        parts = request.json()["compositeRequest"]
        queries = [part for part in parts if "/query/" in part["url"]]
        assert len(queries) <= 5, "a composite request holds five queries at most"
        assert len(parts) - len(queries) <= 5, "and five collections"
        return reply_json({"compositeResponse": [self._part(part) for part in parts]})

    def _part(self, part: Row) -> Row:
        body = json.dumps(part.get("body")).encode()
        inner = Received(part["method"], part["url"], part.get("httpHeaders", {}), body)
        resource = re.sub(r"^/services/data/v[\d.]+/", "", inner.path).strip("/")
        reply = self._fault(inner) or self._route(inner, resource)
        return {"body": json.loads(reply.body), "httpHeaders": {}, "httpStatusCode": reply.status, "referenceId": part["referenceId"]}  # fmt: skip

    # --- collections ----------------------------------------------------------------------------------------

    def _collection(self, request: Received, resource: str) -> Reply:
        body = request.json()
        if request.method == "POST" and resource.count("/") == 2:
            native, rows = resource.split("/")[2], self.rows.get(resource.split("/")[2], {})
            found = [rows.get(key) for key in body["ids"]]
            return Reply(
                200,
                json.dumps(
                    [_nested({name: _path(row, name) for name in body["fields"]}) if row else None for row in found],
                    default=str,
                ).encode(),
                {"Content-Type": "application/json", "X-Object": native},
            )
        assert len(body["records"]) <= 200, "a collection holds 200 records at most"
        return reply_json([self._write(request.method, record) for record in body["records"]])

    def _write(self, method: str, record: Row) -> Row:
        native = record.pop("attributes")["type"]
        rows = self.rows.setdefault(native, {})
        if (refused := next((found for fault in self.row_faults if (found := fault(record))), None)) is not None:
            return refused
        if "Bad__c" in record:
            message = "No such column 'Bad__c' on sobject of type " + native
            return _failed("INVALID_FIELD", message)
        for name in self.unique & set(record):
            for other in rows.values():
                if record[name] is not None and other.get(name) == record[name] and other["Id"] != record.get("Id"):
                    return _failed(
                        "DUPLICATE_VALUE", f"duplicate value found: {name} duplicates value on record with id: x"
                    )
        if method == "POST":
            return {"id": self.put(native, **record), "success": True, "errors": []}
        if record["Id"] not in rows:
            return _failed("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        return {"id": self.put(native, **record), "success": True, "errors": []}


def _matches(row: Mapping[str, Any], where: str | None) -> bool:
    assert not _CONDITIONS.sub("", where or "").replace(" AND ", "").strip(), f"the org does not read {where}"
    return all(_holds(row, found.groupdict()) for found in _CONDITIONS.finditer(where or ""))


def _holds(row: Mapping[str, Any], part: Mapping[str, str]) -> bool:
    stamp, key = row["SystemModstamp"], row["Id"]
    if part["since"]:
        return bool(stamp >= datetime.fromisoformat(part["st"]))
    if part["behind"]:
        return bool(key > part["bi"])
    if part["keyset"]:
        tied = stamp == datetime.fromisoformat(part["kt"]) and key > part["ki"]
        return bool(tied or stamp > datetime.fromisoformat(part["ko"]))
    wanted = [value.lower() for value in re.findall(r"'([^']*)'", part["av"])]
    return str(row.get(part["af"])).lower() in wanted


def _path(row: Mapping[str, Any], name: str) -> Any:
    value: Any = row
    for step in name.split("."):
        value = None if value is None else value.get(step)
    return value


def rest(value: Any) -> Any:
    """REST's form of a value."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) else value


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    if isinstance(value, bool):
        return str(value).lower()
    return str(rest(value))


def _nested(row: Mapping[str, Any]) -> Row:
    record: Row = {}
    for name, value in row.items():
        *parents, last = name.split(".")
        place = record
        for parent in parents:
            place = place.setdefault(parent, {"attributes": {"type": parent}})
        place[last] = rest(value)
    return record


def _failed(code: str, message: str) -> Row:
    return {"success": False, "errors": [{"statusCode": code, "message": message, "fields": []}]}


def error(status: int, code: str, message: str) -> Reply:
    """A REST error as Salesforce sends it (Salesforce §6.1)."""
    return reply_json([{"message": message, "errorCode": code}], status)


def once(pattern: str, reply: Reply | Callable[[Received], Reply], *, skip: int = 0) -> Fault:
    """A fault for one request whose ``METHOD path`` matches, after ``skip`` others."""
    left = [skip]

    def fault(request: Received) -> Reply | None:
        if not re.search(pattern, f"{request.method} {request.path}"):
            return None
        if left[0]:
            left[0] -= 1
            return None
        return reply(request) if callable(reply) else reply

    return fault


@contextmanager
def running(org: Org, **options: object) -> Iterator[tuple[SalesforceConnector, Server]]:
    """Serve the org and connect to it with client credentials; writing is allowed unless ``read_only=True`` is given."""
    read_only = bool(options.pop("read_only", False))
    chosen: dict[str, object] = {"sleep": lambda _seconds: None, **options}
    with serving(org.handle) as server:
        extra = {"consumer_key": "app", "consumer_secret": "app-secret", "login_url": server.url}
        yield connect(ConnectionSettings(extra=extra), read_only=read_only, options=chosen), server


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)
