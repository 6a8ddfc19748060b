"""Salesforce's rules, from its platform page; sections are named as in the page."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import jwt
import requests
from requests.auth import AuthBase

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

DATA = "/services/data/v62.0"
ACCOUNTS = f"{DATA}/sobjects/Account"
TOKEN = "/services/oauth2/token"
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
PAGE = 40  # rows, by the emulator's option; an org gives 2,000 (§5)


# --- signing in (§2) ---------------------------------------------------------------------------


def _pick(*names: str) -> Callable[[Access], Credentials]:
    return lambda access: {name: str(access[name]) for name in names}


def _form(grant: Callable[[Credentials], Mapping[str, str]]) -> Callable[[str, Credentials], requests.Response]:
    return lambda base_url, given: requests.post(base_url + TOKEN, data=grant(given), timeout=TIMEOUT)


def _by_secret(given: Credentials) -> dict[str, str]:
    names = {"client_id": given["consumer_key"], "client_secret": given["consumer_secret"]}
    return {"grant_type": "client_credentials", **names}


def _by_refresh_token(given: Credentials) -> dict[str, str]:
    return {**_by_secret(given), "grant_type": "refresh_token", "refresh_token": given["refresh_token"]}


def _by_jwt(given: Credentials) -> dict[str, str]:
    claims = {
        "iss": given["consumer_key"],
        "sub": given["username"],
        "aud": "https://login.salesforce.com",
        "exp": int(time.time()) + 120,
    }
    return {"grant_type": JWT_GRANT, "assertion": jwt.encode(claims, given["private_key"], algorithm="RS256")}


def _by_soap(base_url: str, given: Credentials) -> requests.Response:
    body = (
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:urn="urn:partner.soap.sforce.com">'
        f"<soapenv:Body><urn:login><urn:username>{given['username']}</urn:username>"
        f"<urn:password>{given['password']}{given['security_token']}</urn:password></urn:login></soapenv:Body></soapenv:Envelope>"
    )
    headers = {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": "login"}
    return requests.post(f"{base_url}/services/Soap/u/59.0", data=body, headers=headers, timeout=TIMEOUT)


def _bearer(_given: Credentials, answer: requests.Response) -> AuthBase:
    return Bearer(answer.json()["access_token"])


def _session_id(_given: Credentials, answer: requests.Response) -> AuthBase:
    found = re.search(r"<sessionId>([^<]+)</sessionId>", answer.text)  # unprefixed, as clients read it (§2.6)
    assert found, answer.text
    return Bearer(found[1])


def _oauth_error(answer: requests.Response) -> tuple[int, str]:
    body = answer.json()  # an object, not the REST array (§2.1)
    assert set(body) == {"error", "error_description"}, body
    return answer.status_code, body["error"]


def _fault(answer: requests.Response) -> tuple[int, str]:
    found = re.search(r"<sf:exceptionCode>(\w+)</sf:exceptionCode>", answer.text)
    assert found, answer.text
    assert "<sf:exceptionMessage>" in answer.text
    return answer.status_code, found[1]


def _revoke(base_url: str, _given: Credentials, answer: requests.Response) -> requests.Response:
    form = {"token": answer.json()["access_token"]}
    return requests.post(f"{base_url}/services/oauth2/revoke", data=form, timeout=TIMEOUT)


def _oauth(name: str, grant: Callable[[Credentials], Mapping[str, str]], *credentials: str) -> Flow:
    refusals = {(400, code) for code in ("invalid_grant", "invalid_client_id", "invalid_client")}
    return Flow(
        name,
        credentials,
        _pick(*credentials),
        _form(grant),
        _bearer,
        _oauth_error,
        frozenset(refusals),
        lifetime=7_200,  # of inactivity (§2.7)
        revoke=_revoke,
    )


# --- requests ----------------------------------------------------------------------------------


def _query(soql: str, batch: int | None = None) -> Callable[[Session], requests.Response]:
    headers = {"Sforce-Query-Options": f"batchSize={batch}"} if batch else {}
    return lambda session: session.call("GET", f"{DATA}/query/?q={quote(soql)}", headers=headers)


def _collection(session: Session) -> requests.Response:
    records = [{"attributes": {"type": "Account"}, "Name": f"Many {number}"} for number in range(201)]
    return session.call("POST", f"{DATA}/composite/sobjects", json={"records": records})


def _stamp(value: str) -> datetime:
    return datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.000%z")  # milliseconds are always 000 (§3)


def _row(record: Mapping[str, Any]) -> Row:
    return Row(record["Id"], record["Name"], _stamp(record["SystemModstamp"]))


def _connection(access: Access, login: str | None, password: str | None, *names: str) -> ConnectionSettings:
    extra = {name: str(access[name]) for name in (*names, "login_url", "instance_url", "version")}
    return ConnectionSettings(login=login, password=password, extra=extra)


class PROFILE(Profile):
    """One Salesforce org."""

    platform = "salesforce"
    options: Mapping[str, str] = {"page_size": str(PAGE)}
    page_rows = PAGE
    flows = (
        _oauth("client_credentials", _by_secret, "consumer_key", "consumer_secret"),
        _oauth("jwt", _by_jwt, "consumer_key", "username", "private_key"),
        _oauth("refresh_token", _by_refresh_token, "consumer_key", "consumer_secret", "refresh_token"),
        Flow(
            "soap",
            ("username", "password", "security_token"),
            _pick("username", "password", "security_token"),
            _by_soap,
            _session_id,
            _fault,
            frozenset({(500, "INVALID_LOGIN")}),
            lifetime=7_200,
        ),
    )
    facts = frozenset(
        {"org_id", "user_id", "login_url", "instance_url", "token_url", "soap_login_url", "domain", "version"}
    )
    refusals = (
        Refusal("unreadable SOQL", "GET", f"{DATA}/query/?q=SELECT+Id+FORM+Account", 400, "MALFORMED_QUERY"),
        Refusal("unknown column", "GET", f"{DATA}/query/?q=SELECT+Nope+FROM+Account", 400, "INVALID_FIELD"),
        Refusal("unknown object in SOQL", "GET", f"{DATA}/query/?q=SELECT+Id+FROM+Nope", 400, "INVALID_TYPE"),
        Refusal("unknown locator", "GET", f"{DATA}/query/0r8000000000000AAA-200", 400, "INVALID_QUERY_LOCATOR"),
        Refusal("no JSON", "POST", ACCOUNTS, 400, "JSON_PARSER_ERROR", {"data": "{", "headers": {"Content-Type": "application/json"}}),
        Refusal("nothing required given", "POST", ACCOUNTS, 400, "REQUIRED_FIELD_MISSING", {"json": {"Site": "x"}}),
        Refusal("text too long", "POST", ACCOUNTS, 400, "STRING_TOO_LONG", {"json": {"Name": "x" * 256}}),
        Refusal("id of another object", "POST", ACCOUNTS, 400, "MALFORMED_ID", {"json": {"Name": "x", "ParentId": "003000000000001AAA"}}),
        Refusal("no session", "GET", f"{ACCOUNTS}/{{customer}}", 401, "INVALID_SESSION_ID", flow=""),
        Refusal(
            "daily calls used up", "GET", f"{ACCOUNTS}/{{customer}}", 403, "REQUEST_LIMIT_EXCEEDED",
            action=("limit", {"kind": "daily"}, {"kind": None}),
        ),
        Refusal("unknown object", "GET", f"{DATA}/sobjects/Nope/describe", 404, "NOT_FOUND"),
        Refusal("unknown resource", "GET", f"{DATA}/nope", 404, "NOT_FOUND"),
        Refusal("no external id", "PATCH", f"{ACCOUNTS}/Site/x", 404, "NOT_FOUND", {"json": {"Name": "x"}}),
        Refusal("wrong method", "PUT", f"{ACCOUNTS}/{{customer}}", 405, "METHOD_NOT_ALLOWED", {"json": {"Name": "x"}}),
        Refusal("retired version", "GET", "/services/data/v25.0/sobjects", 410, "UNSUPPORTED_API_VERSION"),
        Refusal("wrong media type", "POST", ACCOUNTS, 415, "UNSUPPORTED_MEDIA_TYPE", {"data": "Name=x", "headers": {"Content-Type": "text/plain"}}),
    )  # fmt: skip
    caps = (
        Cap("a batch size below the least", _query("SELECT Id FROM Contact", batch=5), rows=PAGE),
        Cap("a batch size above the most", _query("SELECT Id FROM Contact", batch=9999), rows=PAGE),
        Cap("more rows skipped than 2,000", _query("SELECT Id FROM Account OFFSET 2001"), refused=(400, "NUMBER_OUTSIDE_VALID_RANGE")),
        Cap("a collection of 201", _collection, refused=(400, "EXCEEDED_MAX_SOBJECTS*")),
    )  # fmt: skip
    odd_writes = (
        OddWrite("an unknown field", {"Nope__c": 1}, refused=(400, "INVALID_FIELD")),
        OddWrite("a read-only field", {"CreatedDate": "2020-01-01T00:00:00Z"}, refused=(400, "INVALID_FIELD_FOR_INSERT_UPDATE")),
        OddWrite("a number for a text", {"NumberOfEmployees": "many"}, refused=(400, "JSON_PARSER_ERROR")),
    )  # fmt: skip
    injected: Mapping[int, str] = {429: "", 500: "UNKNOWN_EXCEPTION", 503: "SERVER_UNAVAILABLE"}
    has_allowance = True

    # --- native verbs ---------------------------------------------------------------------------

    def code(self, answer: requests.Response) -> str:
        assert answer.headers["Content-Type"] == "application/json;charset=UTF-8"
        entries = answer.json()
        assert isinstance(entries, list), entries
        assert entries
        for entry in entries:
            assert {"message", "errorCode"} <= set(entry) <= {"message", "errorCode", "fields"}, entry
        return str(entries[0]["errorCode"])

    def post(
        self,
        session: Session,
        name: str,
        key: str | None = None,
        values: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        body = {"Name": name, **({"ERP_Id__c": key} if key else {}), **(values or {})}
        return session.call("POST", f"{ACCOUNTS}/", json=body, headers=headers)

    def created(self, answer: requests.Response) -> str:
        assert answer.status_code == 201
        assert answer.headers["Location"] == f"{ACCOUNTS}/{answer.json()['id']}"
        return str(answer.json()["id"])

    def rename(self, session: Session, key: str, name: str) -> None:
        assert session.good("PATCH", f"{ACCOUNTS}/{key}", json={"Name": name}).status_code == 204

    def delete(self, session: Session, key: str) -> None:
        assert session.good("DELETE", f"{ACCOUNTS}/{key}").status_code == 204

    def read(self, session: Session, key: str) -> Row | None:
        answer = session.call("GET", f"{ACCOUNTS}/{key}?fields=Id,Name,SystemModstamp")
        return _row(answer.json()) if answer.status_code == 200 else None

    def pages(self, session: Session) -> Iterator[list[Row]]:
        path = f"{DATA}/query/?q={quote('SELECT Id, Name, SystemModstamp FROM Account ORDER BY Id')}"
        while True:
            page = session.good("GET", path).json()
            yield [_row(record) for record in page["records"]]
            if page["done"]:
                assert "nextRecordsUrl" not in page
                return
            path = page["nextRecordsUrl"]

    def cursor(self, session: Session) -> str:
        newest = session.good("GET", f"{DATA}/query/?q={quote('SELECT MAX(SystemModstamp) FROM Account')}").json()
        return _stamp(newest["records"][0]["expr0"]).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def changes(self, session: Session, cursor: str) -> Changes:
        soql = (
            "SELECT Id, Name, SystemModstamp, IsDeleted FROM Account"
            f" WHERE SystemModstamp >= {cursor} ORDER BY SystemModstamp, Id"  # ties: >= and dedupe (§11)
        )
        records: list[dict[str, Any]] = []
        path: str | None = f"{DATA}/queryAll/?q={quote(soql)}"
        while path is not None:
            page = session.good("GET", path).json()
            records += page["records"]
            path = page.get("nextRecordsUrl")
        rows = [_row(record) for record in records if not record["IsDeleted"]]
        stamps = [_stamp(record["SystemModstamp"]).astimezone(UTC) for record in records]
        newest = max(stamps).strftime("%Y-%m-%dT%H:%M:%SZ") if stamps else cursor
        return Changes(tuple(rows), frozenset(record["Id"] for record in records if record["IsDeleted"]), newest)

    def allowance(self, answer: requests.Response) -> tuple[int, int]:
        found = re.fullmatch(r"api-usage=(\d+)/(\d+)", answer.headers["Sforce-Limit-Info"])
        assert found, answer.headers["Sforce-Limit-Info"]
        return int(found[1]), int(found[2])

    def remaining(self, session: Session) -> int:
        return int(session.good("GET", f"{DATA}/limits").json()["DailyApiRequests"]["Remaining"])

    # --- the connector ----------------------------------------------------------------------------

    settings: Mapping[str, Callable[[Access], ConnectionSettings]] = {
        "client_credentials": lambda a: _connection(a, None, None, "consumer_key", "consumer_secret"),
        "jwt": lambda a: _connection(a, a["username"], None, "consumer_key", "private_key"),
        "soap": lambda a: _connection(a, a["username"], a["password"], "security_token"),
    }  # fmt: skip
    variants: Mapping[str, Mapping[str, object]] = {
        "pages": {},
        "bulk": {"large": ("Account",), "bulk_from": 1, "bulk_page": 50},
    }
    selection = Selection(
        "customer", "Account", (NativeField("Name", "text"), NativeField("NumberOfEmployees", "integer"))
    )
    name_field = "Name"
    refused_values: Mapping[str, Value] = {"Name": "x" * 256}
    read_path = r"/(query|queryAll|composite/sobjects/Account)\b"
    write_path = r"/composite/sobjects/?$"
    token_path = r"/services/(oauth2/token|Soap/)"
    described: Mapping[str, Mapping[str, object]] = {
        "Name": {"type": "text", "length": 255, "required": True, "createable": True, "updateable": True},
        "Phone": {"type": "phone", "length": 40, "required": False},
        "AnnualRevenue": {"type": "amount", "required": False},
        "ParentId": {"type": "reference", "length": 18, "refers_to": ("Account",)},
        "SystemModstamp": {"type": "instant", "createable": False, "updateable": False},
        "BillingAddress": {"type": "compound", "createable": False},
    }
    malformed_keys = ("nope", "001000000000000AAA'", "")

    def values(self, name: str) -> dict[str, Value]:
        return {"Name": name}

    def new_name(self, name: str) -> dict[str, Value]:
        return {"Name": name}

    def instant(self, watermark: Mapping[str, object]) -> datetime:
        return datetime.fromisoformat(str(watermark["since"]))
