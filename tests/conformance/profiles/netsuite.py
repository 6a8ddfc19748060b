"""NetSuite's rules, from its platform page; sections are named as in the page."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import jwt
import requests
from requests.auth import AuthBase
from requests_oauthlib import OAuth1

from crosswalk.connectors.settings import ConnectionSettings
from crosswalk.model.records import NativeField, Selection, Value
from tests.conformance.vendor import (
    TIMEOUT,
    Access,
    Bearer,
    Cap,
    Changes,
    Credentials,
    Flow,
    OddWrite,
    Profile,
    Refusal,
    Row,
    Session,
)

RECORDS = "/services/rest/record/v1"
CUSTOMERS = f"{RECORDS}/customer"
SUITEQL = "/services/rest/query/v1/suiteql"
TOKEN = "/services/rest/auth/oauth2/v1/token"
ZONE = ZoneInfo("America/Los_Angeles")  # of SuiteQL's date-times in this account (§8)
FORMAT = "YYYY-MM-DD HH24:MI:SS"
PAGE = 25
TRANSIENT = {"Prefer": "transient"}
STRICT = {"X-NetSuite-PropertyNameValidation": "error"}


# --- signing in (§2, §3) -----------------------------------------------------------------------


def _oauth1(given: Credentials) -> OAuth1:
    pair = (given["consumer_key"], given["consumer_secret"], given["token_id"], given["token_secret"])
    return OAuth1(*pair, realm=given["account_id"], signature_method="HMAC-SHA256")


def _by_tokens(base_url: str, given: Credentials) -> requests.Response:
    return requests.get(f"{base_url}/services/rest/system/v1/serverTime", auth=_oauth1(given), timeout=TIMEOUT)


def _by_certificate(algorithm: str) -> Callable[[str, Credentials], requests.Response]:
    def attempt(base_url: str, given: Credentials) -> requests.Response:
        now = int(time.time())
        claims = {
            "iss": given["client_id"],
            "scope": "rest_webservices",
            "aud": base_url + TOKEN,
            "iat": now,
            "exp": now + 300,
        }
        headers = {"typ": "JWT", "kid": given["certificate_id"]}
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": jwt.encode(claims, given["private_key"], algorithm=algorithm, headers=headers),
        }
        return requests.post(base_url + TOKEN, data=form, timeout=TIMEOUT)

    return attempt


def _bearer(_given: Credentials, answer: requests.Response) -> AuthBase:
    return Bearer(answer.json()["access_token"])


def _revoke(base_url: str, _given: Credentials, answer: requests.Response) -> requests.Response:
    form = {"token": answer.json()["access_token"]}
    return requests.post(base_url + TOKEN.replace("/token", "/revoke"), data=form, timeout=TIMEOUT)


def _token_error(answer: requests.Response) -> tuple[int, str]:
    assert set(answer.json()) == {"error"}, answer.text
    return answer.status_code, answer.json()["error"]


def _record_error(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, PROFILE().code(answer)


def _tokens(name: str, of: str | None = None) -> Flow:
    """TBA with the integration's own token, or with the token of another role."""

    def pick(access: Access) -> Credentials:
        token = access[of] if of else access
        pair = {key: str(access[key]) for key in ("account_id", "consumer_key", "consumer_secret")}
        return {**pair, "token_id": token["token_id"], "token_secret": token["token_secret"]}

    uses = ("account_id", "consumer_key", "consumer_secret", *((of,) if of else ("token_id", "token_secret")))
    refusals = frozenset({(401, "INVALID_LOGIN")})
    return Flow(name, uses, pick, _by_tokens, lambda given, _answer: _oauth1(given), _record_error, refusals)


def _machine(name: str, algorithm: str, of: str | None = None) -> Flow:
    def pick(access: Access) -> Credentials:
        held = access[of] if of else access
        return {
            "client_id": str(access["client_id"]),
            "certificate_id": held["certificate_id"],
            "private_key": held["private_key"],
        }

    uses = ("client_id", *((of,) if of else ("certificate_id", "private_key")))
    refusals = frozenset({(400, "invalid_grant"), (400, "invalid_client")})
    return Flow(
        name,
        uses,
        pick,
        _by_certificate(algorithm),
        _bearer,
        _token_error,
        refusals,
        lifetime=3_600,
        revoke=_revoke,
    )


# --- requests ----------------------------------------------------------------------------------


def _sql(session: Session, query: str, limit: int = 1000, offset: int = 0) -> requests.Response:
    return session.call("POST", f"{SUITEQL}?limit={limit}&offset={offset}", json={"q": query}, headers=TRANSIENT)


def _rows(session: Session, query: str) -> list[dict[str, str]]:
    answer = _sql(session, query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Preference-Applied"] == "transient"
    return list(answer.json()["items"])


def _stamp(local: str) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=ZONE)


def _row(item: Mapping[str, str]) -> Row:
    return Row(item["id"], item["companyname"], _stamp(item["changed"]))


_CHANGED = f"TO_CHAR(lastmodifieddate, '{FORMAT}') AS changed"
_COMPANIES = f"SELECT id, companyname, {_CHANGED} FROM customer WHERE isperson = 'F' AND searchstage = 'Customer'"


def _connection(access: Access, *names: str) -> ConnectionSettings:
    extra = {name: str(access[name]) for name in (*names, "account_id", "base_url", "concurrency", "sql_time_zone")}
    return ConnectionSettings(extra=extra)


class PROFILE(Profile):
    """One NetSuite account."""

    platform = "netsuite"
    page_rows = PAGE
    flows = (
        _tokens("tba"),
        _tokens("tba_administrator", "administrator"),
        _tokens("tba_viewer", "viewer"),
        _machine("m2m", "PS256"),
        _machine("m2m_elliptic", "ES256", "elliptic"),
    )
    facts = frozenset({"base_url", "concurrency", "date_format", "sql_time_zone"})
    refusals = (
        Refusal("no such column", "POST", SUITEQL, 400, "INVALID_PARAMETER", {"json": {"q": "SELECT nope FROM customer"}, "headers": TRANSIENT}),
        Refusal("no such table", "POST", SUITEQL, 400, "INVALID_PARAMETER", {"json": {"q": "SELECT id FROM nope"}, "headers": TRANSIENT}),
        Refusal("no Prefer header", "POST", SUITEQL, 400, "INVALID_HEADER", {"json": {"q": "SELECT id FROM customer"}}),
        Refusal("no JSON", "POST", CUSTOMERS, 400, "INVALID_CONTENT", {"data": "{", "headers": {"Content-Type": "application/json"}}),
        Refusal("nothing required given", "POST", CUSTOMERS, 400, "USER_ERROR", {"json": {"comments": "x"}}),
        Refusal("unknown reference", "PATCH", f"{CUSTOMERS}/{{customer}}", 400, "INVALID_CONTENT", {"json": {"terms": {"id": "99999"}}}),
        Refusal("no field to filter by", "GET", f"{CUSTOMERS}?q=nope+IS+1", 400, "NONEXISTENT_FIELD"),
        Refusal("unknown transaction", "GET", f"{RECORDS}/salesOrder/99999999", 400, "USER_ERROR"),
        Refusal("no credentials", "GET", f"{CUSTOMERS}/{{customer}}", 401, "INVALID_LOGIN", flow=""),
        Refusal("a role that may only look", "PATCH", f"{CUSTOMERS}/{{customer}}", 403, "INSUFFICIENT_PERMISSION", {"json": {"comments": "x"}}, flow="tba_viewer"),
        Refusal("unknown record", "GET", f"{CUSTOMERS}/99999999", 404, "NONEXISTENT_ID"),
        Refusal("unknown external id", "GET", f"{CUSTOMERS}/eid:nope", 404, "NONEXISTENT_ID"),
        Refusal("unknown record type", "GET", f"{RECORDS}/file/1", 404, "NONEXISTENT_ID"),
        Refusal("SuiteQL by GET", "GET", SUITEQL, 405, "METHOD_NOT_ALLOWED"),
        Refusal("an answer in HTML wanted", "GET", f"{CUSTOMERS}/{{customer}}", 406, "NOT_ACCEPTABLE", {"headers": {"Accept": "text/html"}}),
        Refusal("wrong media type", "POST", CUSTOMERS, 415, "UNSUPPORTED_MEDIA_TYPE", {"data": "<x/>", "headers": {"Content-Type": "text/xml"}}),
    )  # fmt: skip
    caps = (
        Cap("SuiteQL by 1,001", lambda session: _sql(session, "SELECT id FROM customer", 1001), refused=(400, "INVALID_PARAMETER")),
        Cap("SuiteQL off the page's grid", lambda session: _sql(session, "SELECT id FROM customer", 10, 5), refused=(400, "INVALID_PARAMETER")),
        Cap("SuiteQL by 10", lambda session: _sql(session, "SELECT id FROM customer", 10), rows=10),
        Cap("a list by 1,001", lambda session: session.call("GET", f"{CUSTOMERS}?limit=1001"), refused=(400, "INVALID_PARAMETER")),
        Cap("a list off the page's grid", lambda session: session.call("GET", f"{CUSTOMERS}?limit=10&offset=5"), refused=(400, "INVALID_PARAMETER")),
        Cap("a list by 10", lambda session: session.call("GET", f"{CUSTOMERS}?limit=10"), rows=10),
    )  # fmt: skip
    odd_writes = (
        OddWrite("an unknown field, with names checked", {"nope": 1}, STRICT, refused=(400, "INVALID_CONTENT")),
        OddWrite("an unknown field, as by default", {"nope": 1}),
        OddWrite("a value of the wrong type", {"creditLimit": "much"}, refused=(400, "INVALID_CONTENT")),
    )
    injected: Mapping[int, str] = {429: "CONCURRENCY_LIMIT_EXCEEDED", 500: "UNEXPECTED_ERROR"}
    concurrent = (5, "set_service_seconds", (429, "CONCURRENCY_LIMIT_EXCEEDED"))

    # --- native verbs ---------------------------------------------------------------------------

    def code(self, answer: requests.Response) -> str:
        assert answer.headers["Content-Type"].startswith("application/vnd.oracle.resource+json; type=error")
        body = answer.json()
        assert {"type", "title", "status", "o:errorDetails"} <= set(body), body
        assert body["status"] == answer.status_code
        assert body["type"].startswith("https://www.rfc-editor.org/rfc/rfc9110.html#section-")
        for detail in body["o:errorDetails"]:
            places = {"o:errorPath", "o:errorQueryParam", "o:errorHeader", "o:errorUrl"}
            assert {"detail", "o:errorCode"} <= set(detail) <= {"detail", "o:errorCode"} | places, detail
        return str(body["o:errorDetails"][0]["o:errorCode"])

    def post(
        self,
        session: Session,
        name: str,
        key: str | None = None,
        values: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        known = {"companyName": name, "subsidiary": {"id": "1"}, **({"externalId": key} if key else {})}
        return session.call("POST", CUSTOMERS, json={**known, **(values or {})}, headers=headers)

    def created(self, answer: requests.Response) -> str:
        assert answer.status_code == 204  # the id is only in the Location (§5.5)
        assert answer.content == b""
        return answer.headers["Location"].rsplit("/", 1)[1]

    def rename(self, session: Session, key: str, name: str) -> None:
        assert session.good("PATCH", f"{CUSTOMERS}/{key}", json={"companyName": name}).status_code == 204

    def delete(self, session: Session, key: str) -> None:
        assert session.good("DELETE", f"{CUSTOMERS}/{key}").status_code == 204

    def read(self, session: Session, key: str) -> Row | None:
        rows = _rows(session, f"{_COMPANIES} AND id = {key}")
        shown = session.call("GET", f"{CUSTOMERS}/{key}?fields=companyName")
        assert (shown.status_code == 200) == bool(rows), "record service and SuiteQL disagree"
        return _row(rows[0]) if rows else None

    def pages(self, session: Session) -> Iterator[list[Row]]:
        last = 0  # by key, since offsets run the query again (§6)
        while rows := _rows(session, f"{_COMPANIES} AND id > {last} ORDER BY id FETCH FIRST {PAGE} ROWS ONLY"):
            yield [_row(item) for item in rows]
            last = int(rows[-1]["id"])

    def cursor(self, session: Session) -> str:
        return _rows(session, f"SELECT TO_CHAR(MAX(lastmodifieddate), '{FORMAT}') AS changed FROM customer")[0][
            "changed"
        ]

    def changes(self, session: Session, cursor: str) -> Changes:
        bound = f"TO_TIMESTAMP('{cursor}', '{FORMAT}')"
        rows = _rows(session, f"{_COMPANIES} AND lastmodifieddate >= {bound} ORDER BY lastmodifieddate, id")
        gone = _rows(
            session,
            f"SELECT recordid, TO_CHAR(deleteddate, '{FORMAT}') AS changed FROM deletedrecord"
            f" WHERE LOWER(type) = 'customer' AND deleteddate >= {bound} ORDER BY deleteddate, recordid",
        )
        newest = max([cursor, *(item["changed"] for item in (*rows, *gone))])
        return Changes(tuple(_row(item) for item in rows), frozenset(item["recordid"] for item in gone), newest)

    # --- the connector ----------------------------------------------------------------------------

    settings: Mapping[str, Callable[[Access], ConnectionSettings]] = {
        "tba": lambda a: _connection(a, "consumer_key", "consumer_secret", "token_id", "token_secret"),
        "m2m": lambda a: _connection(a, "client_id", "certificate_id", "private_key"),
    }  # fmt: skip
    connector_options: Mapping[str, object] = {"page_rows": 25}
    selection = Selection(
        "customer",
        "customer",
        (NativeField("companyname", "text"), NativeField("creditlimit", "amount")),
        where="customer.isperson = 'F'",
    )
    name_field = "companyname"
    refused_values: Mapping[str, Value] = {"companyName": "Nobody", "subsidiary": "99999"}
    read_path = r"/suiteql$"
    write_path = r"/record/v1/customer$"
    token_path = TOKEN
    described: Mapping[str, Mapping[str, object]] = {
        "companyname": {"type": "text", "createable": True, "updateable": True},
        "salesrep": {"type": "reference", "refers_to": ("employee",)},
        "balance": {"type": "quantity", "createable": False, "updateable": False},
        "creditlimit": {"type": "quantity"},
        "subsidiary": {"type": "reference"},
        "isinactive": {"type": "boolean"},
        "lastmodifieddate": {"type": "instant", "createable": False, "updateable": False},
    }
    malformed_keys = ("99999999", "nope")

    def values(self, name: str) -> dict[str, Value]:
        return {"companyName": name, "subsidiary": "1"}

    def new_name(self, name: str) -> dict[str, Value]:
        return {"companyName": name}

    def instant(self, watermark: Mapping[str, object]) -> datetime:
        return datetime.fromisoformat(str(watermark["until"]))
