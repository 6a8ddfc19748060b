"""SAP Business One's rules, from its platform page; sections are named as in the page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import requests
from requests.auth import AuthBase

from crosswalk.connectors.settings import ConnectionSettings
from crosswalk.model.records import NativeField, Selection, Value
from tests.conformance.vendor import (
    TIMEOUT,
    Access,
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

ROOT = "/b1s/v2"
PARTNERS = f"{ROOT}/BusinessPartners"
ONE = f"{PARTNERS}('{{customer}}')"
PAGE = 25
ZONE = ZoneInfo("America/Denver")  # of the server: stamps are its local clock behind a false Z (§13)
FIELDS = "CardCode,CardName,UpdateDate,UpdateTime"
PAGED = {"Prefer": f"odata.maxpagesize={PAGE}"}


# --- signing in (§3) ---------------------------------------------------------------------------


@dataclass(frozen=True)
class SessionCookie(AuthBase):
    """The session's cookies, sent by hand so that no answer changes them."""

    session: str
    route: str = ""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Cookie"] = f"B1SESSION={self.session}; ROUTEID={self.route}"
        return request


def _login(base_url: str, given: Credentials) -> requests.Response:
    body = {"CompanyDB": given["company_db"], "UserName": given["user_name"], "Password": given["password"]}
    return requests.post(f"{base_url}{ROOT}/Login", json=body, timeout=TIMEOUT)


def _sign(_given: Credentials, answer: requests.Response) -> AuthBase:
    return SessionCookie(answer.json()["SessionId"], answer.cookies.get("ROUTEID", ""))


def _logout(base_url: str, given: Credentials, answer: requests.Response) -> requests.Response:
    return requests.post(f"{base_url}{ROOT}/Logout", auth=_sign(given, answer), timeout=TIMEOUT)


def _flow(name: str, uses: tuple[str, ...], *keys: str) -> Flow:
    """A login; ``keys`` lead to the user in the access document."""

    def pick(access: Access) -> Credentials:
        user: Any = access
        for key in keys:
            user = user[key]
        return {
            "company_db": str(access["company_db"]),
            "user_name": str(user["user_name"]),
            "password": str(user["password"]),
        }

    refusals = frozenset({(401, "-304"), (401, "100000027")})
    return Flow(
        name,
        uses,
        pick,
        _login,
        _sign,
        lambda answer: (answer.status_code, PROFILE().code(answer)),
        refusals,
        1_800,
        _logout,
    )


# --- requests ----------------------------------------------------------------------------------


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _stamp(record: Mapping[str, Any]) -> datetime:
    return (
        datetime.fromisoformat(f"{record['UpdateDate'][:10]}T{record['UpdateTime']}")
        .replace(tzinfo=ZONE)
        .astimezone(UTC)
    )


def _row(record: Mapping[str, Any]) -> Row:
    return Row(record["CardCode"], record["CardName"], _stamp(record))


def _connection(access: Access) -> ConnectionSettings:
    """The connection, to a company that has the user field for keys: nothing can be created without it (§11, §16)."""
    _make_key_field(access)
    extra = {name: str(access[name]) for name in ("base_url", "company_db", "time_zone")}
    return ConnectionSettings(login=str(access["user_name"]), password=str(access["password"]), extra=extra)


def _make_key_field(access: Access) -> None:
    base_url = str(access["base_url"])
    given = {name: str(access[name]) for name in ("company_db", "user_name", "password")}
    answer = _login(base_url, given)
    if answer.status_code != 200:
        return  # wrong credentials are some test's matter
    field = {"TableName": "OCRD", "Name": "CrosswalkKey", "Description": "Key", "Type": "db_Alpha", "EditSize": 64}
    signed = _sign(given, answer)
    made = requests.post(f"{base_url}{ROOT}/UserFieldsMD", json=field, auth=signed, timeout=TIMEOUT)
    assert made.status_code in (201, 400), made.text
    requests.post(f"{base_url}{ROOT}/Logout", auth=signed, timeout=TIMEOUT)


class PROFILE(Profile):
    """One company database behind the Service Layer."""

    platform = "sap_business_one"
    options: Mapping[str, str] = {"sessions": "10000"}  # the suites sign in a thousand times within half an hour
    page_rows = PAGE
    has_tombstones = False  # §13
    flows = (
        _flow("login", ("company_db", "user_name", "password")),
        _flow("viewer", ("company_db", "viewer"), "viewer"),
    )
    facts = frozenset({"base_url", "service_root", "time_zone"})
    refusals = (
        Refusal("unknown property", "PATCH", ONE, 400, "-1000", {"json": {"Nope": "x"}}),
        Refusal("no member of the enumeration", "PATCH", ONE, 400, "-1000", {"json": {"CardType": "cFriend"}}),
        Refusal("a code that names nothing", "PATCH", ONE, 400, "-2028", {"json": {"PayTermsGrpCode": 9999}}),
        Refusal("no JSON", "POST", PARTNERS, 400, "-1000", {"data": "{", "headers": {"Content-Type": "application/json"}}),
        Refusal("a filter the service has not", "GET", f"{PARTNERS}?$filter=tolower(CardName) eq 'x'", 400, "-1000"),
        Refusal("an option the service has not", "GET", f"{PARTNERS}?$search=x", 400, "-1000"),
        Refusal("a batch without parts", "POST", f"{ROOT}/$batch", 400, "-1000", {"data": "x"}),
        Refusal("no session", "GET", ONE, 401, "301", flow=""),
        Refusal("a user who may only read", "PATCH", ONE, 403, "-1000", {"json": {"CardName": "x"}}, flow="viewer"),
        Refusal("unknown entity", "GET", f"{PARTNERS}('NOSUCH')", 404, "-2028"),
        Refusal("unknown set", "GET", f"{ROOT}/Customers", 404, "-1000"),
        Refusal("a method of none", "TRACE", ONE, 405, "405 Method Not Allowed"),
        Refusal("an old ETag", "PATCH", ONE, 412, "-2039", {"json": {"CardName": "x"}, "headers": {"If-Match": 'W/"0"'}}),
        Refusal("XML", "PATCH", ONE, 415, "-1000", {"data": "<a/>", "headers": {"Content-Type": "application/xml"}}),
    )  # fmt: skip
    caps = (
        Cap("usual page", lambda session: session.call("GET", f"{PARTNERS}?$count=true&$select=CardCode"), rows=20),
        Cap("preferred page", lambda session: session.call("GET", f"{PARTNERS}?$count=true&$select=CardCode", headers=PAGED), rows=PAGE),
    )  # fmt: skip
    odd_writes = (
        OddWrite("unknown property", {"Nope__c": "x"}, refused=(400, "-1000")),
        OddWrite("wrong type", {"CreditLimit": "much"}, refused=(400, "-1000")),
        OddWrite("read-only property", {"CurrentAccountBalance": 5}),
        OddWrite("annotation", {"@odata.type": "#SAPB1.BusinessPartner"}),
    )
    injected: Mapping[int, str] = {
        401: "301",
        500: "-1",
        502: "502 Proxy Error",
        503: "503 Service Unavailable",
        504: "504 Gateway Timeout",
    }

    def code(self, answer: requests.Response) -> str:
        if answer.headers["Content-Type"].startswith("text/html"):  # the front server, not the company (§3)
            title = re.search(r"<title>(.*)</title>", answer.text)
            assert title is not None, answer.text
            return title[1]
        error = answer.json()["error"]
        assert set(answer.json()) == {"error"}
        assert set(error) == {"code", "details", "message"}
        assert error["details"] == [{"code": "", "message": ""}]
        assert isinstance(error["message"], str)
        return str(error["code"])

    def post(
        self,
        session: Session,
        name: str,
        key: str | None = None,
        values: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        numbered: dict[str, Any] = {"CardCode": key} if key else {"Series": 1}
        return session.call("POST", PARTNERS, json={**numbered, "CardName": name, **(values or {})}, headers=headers)

    def created(self, answer: requests.Response) -> str:
        assert answer.status_code == 201
        code = str(answer.json()["CardCode"])
        assert answer.headers["Location"].endswith(f"{PARTNERS}('{code}')")
        return code

    def rename(self, session: Session, key: str, name: str) -> None:
        answer = session.good("PATCH", f"{PARTNERS}({_literal(key)})", json={"CardName": name})
        assert (answer.status_code, answer.content) == (204, b"")

    def delete(self, session: Session, key: str) -> None:
        assert session.good("DELETE", f"{PARTNERS}({_literal(key)})").status_code == 204

    def read(self, session: Session, key: str) -> Row | None:
        answer = session.call("GET", f"{PARTNERS}({_literal(key)})?$select={FIELDS}")
        return _row(answer.json()) if answer.status_code == 200 else None

    def pages(self, session: Session) -> Iterator[list[Row]]:
        last = ""
        while True:  # a range of keys, for `$skip` shifts when others write (§5)
            where = f"CardCode gt {_literal(last)}"
            page = session.good(
                "GET", PARTNERS, params={"$select": FIELDS, "$filter": where, "$orderby": "CardCode"}, headers=PAGED
            )
            rows = [_row(record) for record in page.json()["value"]]
            if rows:
                yield rows
            if "@odata.nextLink" not in page.json():
                return
            last = rows[-1].key

    def cursor(self, session: Session) -> str:
        newest = session.good(
            "GET", f"{PARTNERS}?$select={FIELDS}&$top=1&$orderby=UpdateDate desc,UpdateTime desc"
        ).json()["value"][0]
        return self._cursor(newest["UpdateDate"][:10], newest["UpdateTime"], sorted(self.truth(session)))

    def _cursor(self, day: str, time: str, keys: list[str]) -> str:
        return json.dumps({"day": day, "time": time, "keys": keys})

    def changes(self, session: Session, cursor: str) -> Changes:
        known = json.loads(cursor)
        day, time = known["day"], known["time"]
        where = f"(UpdateDate gt '{day}') or (UpdateDate eq '{day}' and UpdateTime ge '{time}')"  # §13
        options = {"$select": FIELDS, "$filter": where, "$orderby": "UpdateDate,UpdateTime,CardCode"}
        records = session.good("GET", PARTNERS, params=options, headers={"Prefer": "odata.maxpagesize=0"}).json()[
            "value"
        ]
        if records:
            day, time = records[-1]["UpdateDate"][:10], records[-1]["UpdateTime"]
        keys = sorted(self.truth(session))  # there are no tombstones (§13)
        gone = frozenset(known["keys"]) - set(keys)
        return Changes(tuple(map(_row, records)), gone, self._cursor(day, time, keys))

    # --- the connector ----------------------------------------------------------------------------

    settings: Mapping[str, Callable[[Access], ConnectionSettings]] = {"login": _connection}
    connector_options: Mapping[str, object] = {"page_rows": PAGE, "census_hours": 0}  # a census a day, were it not
    selection = Selection(
        "customer", "BusinessPartners", (NativeField("CardName", "text"), NativeField("CreditLimit", "amount"))
    )
    name_field = "CardName"
    refused_values: Mapping[str, Value] = {"CardName": "Nobody", "PayTermsGrpCode": 9999}
    read_path = r"/BusinessPartners$"
    write_path = r"/\$batch$"
    token_path = "/Login"
    sessions_at_once = 3  # four requests at once (§3), one of which bulk reading leaves free
    described: Mapping[str, Mapping[str, object]] = {
        "CardName": {"type": "text", "createable": True, "updateable": True},
        "CardCode": {"type": "text", "createable": True, "updateable": False},
        "CardType": {"type": "choice", "values": ("cCustomer", "cSupplier", "cLid")},
        "CreditLimit": {"type": "quantity"},
        "CurrentAccountBalance": {"type": "quantity", "createable": False, "updateable": False},
        "Frozen": {"type": "boolean"},
        "UpdateDate": {"type": "date", "createable": False, "updateable": False},
        "U_CrosswalkKey": {"type": "text", "length": 64},
    }
    malformed_keys = ("NOSUCH", "O'Reilly / #?%", "draft-1")

    def values(self, name: str) -> dict[str, Value]:
        return {"CardName": name}

    def new_name(self, name: str) -> dict[str, Value]:
        return {"CardName": name}

    def instant(self, watermark: Mapping[str, object]) -> datetime:
        return datetime.fromisoformat(str(watermark["until"]))
