"""HubSpot's rules, from its platform page; sections are named as in the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

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

COMPANIES = "/crm/v3/objects/companies"
SEARCH = f"{COMPANIES}/search"
TOKEN = "/oauth/v1/token"
PAGE = 25
JSON = {"Content-Type": "application/json"}


# --- signing in (§2) ---------------------------------------------------------------------------


def _static(name: str, *keys: str) -> Flow:
    """A token that never ends, of a private app or a service key; ``keys`` lead to it in the access document."""

    def pick(access: Access) -> Credentials:
        found: Any = access
        for key in keys:
            found = found[key]
        return {"access_token": str(found)}

    return Flow(
        name,
        keys[:1],
        pick,
        lambda base_url, given: requests.get(
            f"{base_url}{COMPANIES}?limit=1", auth=Bearer(given["access_token"]), timeout=TIMEOUT
        ),
        lambda given, _answer: Bearer(given["access_token"]),
        lambda answer: (answer.status_code, PROFILE().code(answer)),
        frozenset({(401, "INVALID_AUTHENTICATION")}),
    )


def _by_refresh_token(base_url: str, given: Credentials) -> requests.Response:
    return requests.post(base_url + TOKEN, data={"grant_type": "refresh_token", **given}, timeout=TIMEOUT)


def _bearer(_given: Credentials, answer: requests.Response) -> AuthBase:
    return Bearer(answer.json()["access_token"])


def _token_error(answer: requests.Response) -> tuple[int, str]:
    body = answer.json()  # `status` is the code here, not the word error (§2)
    assert set(body) == {"status", "message", "correlationId", "error", "error_description"}, body
    return answer.status_code, body["status"]


def _revoke(base_url: str, _given: Credentials, answer: requests.Response) -> requests.Response:
    form = {"token": answer.json()["access_token"]}
    return requests.post(f"{base_url}/oauth/2026-03/token/revoke", data=form, timeout=TIMEOUT)


# --- requests ----------------------------------------------------------------------------------


def _search(session: Session, **body: Any) -> requests.Response:
    return session.call("POST", SEARCH, json=body)


def _filters(count: int) -> list[dict[str, Any]]:
    one = {"propertyName": "name", "operator": "HAS_PROPERTY"}
    return [{"filters": [one] * count}]


def _stamp(value: str) -> datetime:
    return datetime.fromisoformat(value.replace("Z", "+00:00"))


def _row(record: Mapping[str, Any]) -> Row:
    return Row(record["id"], record["properties"]["name"], _stamp(record["updatedAt"]))


def _connection(access: Access, *names: str, **further: str) -> ConnectionSettings:
    extra = {name: str(access[name]) for name in ("base_url", *names)}
    return ConnectionSettings(extra={**extra, **further})


class PROFILE(Profile):
    """One HubSpot account."""

    platform = "hubspot"
    # The suites ask more than a tier allows in ten seconds, and the mirror must follow at once; both are tested apart.
    options: Mapping[str, str] = {"rate_limits": "false", "search_delay": "0"}
    page_rows = PAGE
    flows = (
        _static("private_app", "access_token"),
        _static("service_key", "service_key"),
        _static("viewer", "viewer", "access_token"),
        Flow(
            "refresh_token",
            ("client_id", "client_secret", "refresh_token"),
            lambda access: {name: str(access[name]) for name in ("client_id", "client_secret", "refresh_token")},
            _by_refresh_token,
            _bearer,
            _token_error,
            frozenset({(400, "BAD_CLIENT_ID"), (400, "BAD_CLIENT_SECRET"), (400, "BAD_REFRESH_TOKEN")}),
            lifetime=1_800,
            revoke=_revoke,
        ),
    )
    facts = frozenset({"portal_id", "base_url", "redirect_uri", "app_id", "developer_key"})
    refusals = (
        Refusal("unknown property", "PATCH", f"{COMPANIES}/{{customer}}", 400, "VALIDATION_ERROR", {"json": {"properties": {"nope": "x"}}}),
        Refusal("no choice of the list", "PATCH", f"{COMPANIES}/{{customer}}", 400, "VALIDATION_ERROR", {"json": {"properties": {"industry": "Software"}}}),
        Refusal("nothing required given", "POST", COMPANIES, 400, "VALIDATION_ERROR", {"json": {"properties": {"city": "x"}}}),
        Refusal("no JSON", "POST", COMPANIES, 400, "Invalid input JSON", {"data": "{", "headers": JSON}),
        Refusal("unknown operator", "POST", SEARCH, 400, "VALIDATION_ERROR", {"json": {"filterGroups": [{"filters": [{"propertyName": "name", "operator": "LIKE", "value": "x"}]}]}}),
        Refusal("a property that is not unique for an id", "GET", f"{COMPANIES}/x?idProperty=name", 400, "VALIDATION_ERROR"),
        Refusal("no credentials", "GET", f"{COMPANIES}/{{customer}}", 401, "INVALID_AUTHENTICATION", flow=""),
        Refusal("a token that may only read", "PATCH", f"{COMPANIES}/{{customer}}", 403, "MISSING_SCOPES", {"json": {"properties": {"name": "x"}}}, flow="viewer"),
        Refusal("unknown record", "GET", f"{COMPANIES}/999999999999", 404, "resource not found"),
        Refusal("an id that is none", "GET", f"{COMPANIES}/abc", 404, "OBJECT_NOT_FOUND"),
        Refusal("unknown property definition", "GET", "/crm/v3/properties/companies/nope", 404, "OBJECT_NOT_FOUND"),
        Refusal("unknown path", "GET", "/crm/v3/nope", 404, "HTML"),
        Refusal("wrong method", "PUT", f"{COMPANIES}/{{customer}}", 405, "HTML", {"json": {}}),
        Refusal("wrong media type", "POST", COMPANIES, 415, "VALIDATION_ERROR", {"data": "name=x", "headers": {"Content-Type": "text/plain"}}),
        Refusal("daily calls used up", "GET", f"{COMPANIES}/{{customer}}", 429, "DAILY", action=("limit", {"policy": "DAILY"}, {"policy": None})),
        Refusal("too many calls in ten seconds", "GET", f"{COMPANIES}/{{customer}}", 429, "TEN_SECONDLY_ROLLING", action=("limit", {"policy": "TEN_SECONDLY_ROLLING"}, {"policy": None})),
        Refusal("too many searches in a second", "POST", SEARCH, 429, "RATE_LIMITS", {"json": {}}, action=("limit", {"policy": "SEARCH"}, {"policy": None})),
    )  # fmt: skip
    caps = (
        Cap("a page of 101", lambda session: session.call("GET", f"{COMPANIES}?limit=101"), refused=(400, "VALIDATION_ERROR")),
        Cap("a page of 51 with history", lambda session: session.call("GET", f"{COMPANIES}?limit=51&propertiesWithHistory=name"), refused=(400, "VALIDATION_ERROR")),
        Cap("a search page of 201", lambda session: _search(session, limit=201), refused=(400, "VALIDATION_ERROR")),
        Cap("a search beyond 10,000", lambda session: _search(session, limit=10, after="9991"), refused=(400, "VALIDATION_ERROR")),
        Cap("seven filters in a group", lambda session: _search(session, filterGroups=_filters(7)), refused=(400, "VALIDATION_ERROR")),
        Cap("six filter groups", lambda session: _search(session, filterGroups=_filters(1) * 6), refused=(400, "VALIDATION_ERROR")),
        Cap("a batch of 101", lambda session: session.call("POST", f"{COMPANIES}/batch/read", json={"inputs": [{"id": "1"}] * 101, "properties": []}), refused=(400, "VALIDATION_ERROR")),
    )  # fmt: skip
    odd_writes = (
        OddWrite("an unknown property", {"nope": "1"}, refused=(400, "VALIDATION_ERROR")),
        OddWrite("a read-only property", {"hs_object_id": "1"}, refused=(400, "VALIDATION_ERROR")),
        OddWrite("a calculated property", {"num_associated_contacts": "1"}, refused=(400, "VALIDATION_ERROR")),
        OddWrite("a text for a number", {"numberofemployees": "many"}, refused=(400, "VALIDATION_ERROR")),
        OddWrite("a null, which changes nothing", {"city": None}),
    )
    injected: Mapping[int, str] = {429: "TEN_SECONDLY_ROLLING", 500: "internal error"}
    has_allowance = True

    # --- native verbs ---------------------------------------------------------------------------

    def code(self, answer: requests.Response) -> str:
        if answer.headers["Content-Type"].startswith("text/html"):  # of the edge: unknown paths and wrong verbs (§4)
            return "HTML"
        assert answer.headers["Content-Type"] == "application/json;charset=utf-8"
        body = answer.json()
        known = {"status", "message", "correlationId", "category", "subCategory", "context", "links", "errors"}
        assert (
            {"status", "message", "correlationId"} <= set(body) <= known | {"errorType", "policyName", "groupName"}
        ), body
        assert body["status"] == "error"
        assert all(isinstance(value, list) for value in body.get("context", {}).values()), body
        code = body.get("category") or body.get("policyName") or body["message"].split(" on line")[0]
        # An ended session has a category of its own; the suite asks only whether it is refused.
        return "INVALID_AUTHENTICATION" if code == "EXPIRED_AUTHENTICATION" else str(code)

    def post(
        self,
        session: Session,
        name: str,
        key: str | None = None,
        values: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        properties = {"name": name, **({"erp_key": key} if key else {}), **(values or {})}
        return session.call("POST", COMPANIES, json={"properties": properties}, headers=headers)

    def created(self, answer: requests.Response) -> str:
        assert answer.status_code == 201
        assert answer.headers["Location"].endswith(f"{COMPANIES}/{answer.json()['id']}")
        return str(answer.json()["id"])

    def rename(self, session: Session, key: str, name: str) -> None:
        answer = session.good("PATCH", f"{COMPANIES}/{key}", json={"properties": {"name": name}})
        assert (answer.status_code, answer.json()["properties"]["name"]) == (200, name)

    def delete(self, session: Session, key: str) -> None:
        assert session.good("DELETE", f"{COMPANIES}/{key}").status_code == 204

    def read(self, session: Session, key: str) -> Row | None:
        answer = session.call("GET", f"{COMPANIES}/{key}?properties=name")
        return _row(answer.json()) if answer.status_code == 200 else None

    def pages(self, session: Session) -> Iterator[list[Row]]:
        link: str | None = f"{COMPANIES}?limit={PAGE}&properties=name"
        while link is not None:
            page = session.good("GET", link).json()
            yield [_row(record) for record in page["results"]]
            link = page["paging"]["next"]["link"].removeprefix(session.base_url) if "paging" in page else None

    def cursor(self, session: Session) -> str:
        sort = [{"propertyName": "hs_lastmodifieddate", "direction": "DESCENDING"}]
        newest = _search(session, sorts=sort, limit=1).json()["results"]
        stamps = [*(str(record["updatedAt"]) for record in newest), *(at for _, at in self._archived(session))]
        return max(stamps, key=_stamp)

    def changes(self, session: Session, cursor: str) -> Changes:
        rows: list[dict[str, Any]] = []
        last = "0"
        while True:  # a window of time, by id within it, so that equal stamps do no harm (§10)
            filters = [
                {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": cursor},
                {"propertyName": "hs_object_id", "operator": "GT", "value": last},
            ]
            sort = [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]
            answer = _search(session, filterGroups=[{"filters": filters}], sorts=sort, properties=["name"], limit=PAGE)
            assert answer.status_code == 200, answer.text
            found = answer.json()["results"]
            rows += found
            if len(found) < PAGE:
                break
            last = found[-1]["id"]
        gone = {key: at for key, at in self._archived(session) if _stamp(at) >= _stamp(cursor)}
        newest = max([cursor, *(record["updatedAt"] for record in rows), *gone.values()], key=_stamp)
        return Changes(tuple(map(_row, rows)), frozenset(gone), newest)

    def _archived(self, session: Session) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        after = "0"
        while True:
            page = session.good("GET", f"{COMPANIES}?archived=true&limit=100&after={after}").json()
            found += [(record["id"], record["archivedAt"]) for record in page["results"]]
            if "paging" not in page:
                return found
            after = page["paging"]["next"]["after"]

    def allowance(self, answer: requests.Response) -> tuple[int, int]:
        most, left = (int(answer.headers[f"X-HubSpot-RateLimit-Daily{end}"]) for end in ("", "-Remaining"))
        return most - left, most

    def remaining(self, session: Session) -> int:
        usage = session.good("GET", "/account-info/v3/api-usage/daily/private-apps").json()["results"][0]
        return int(usage["usageLimit"]) - int(usage["currentUsage"])

    # --- the connector ----------------------------------------------------------------------------

    settings: Mapping[str, Callable[[Access], ConnectionSettings]] = {
        "private_app": lambda a: _connection(a, "access_token"),
        "service_key": lambda a: _connection(a, access_token=a["service_key"]),
        "refresh_token": lambda a: _connection(a, "client_id", "client_secret", "refresh_token"),
    }
    connector_options: Mapping[str, object] = {"list_page": PAGE, "search_page": PAGE, "searches_per_second": 100}
    selection = Selection(
        "customer", "companies", (NativeField("name", "text"), NativeField("numberofemployees", "integer"))
    )
    name_field = "name"
    refused_values: Mapping[str, Value] = {"name": "Refused", "numberofemployees": "many"}
    read_path = r"/crm/v3/objects/companies(/search|/batch/read)?/?$"
    write_path = r"/crm/v3/objects/companies/batch/create"
    token_path = r"/oauth/"
    described: Mapping[str, Mapping[str, object]] = {
        "name": {"type": "text", "length": 65_536, "required": False, "createable": True, "updateable": True},
        "phone": {"type": "phone", "required": False},
        "numberofemployees": {"type": "quantity", "required": False},
        "erp_key": {"type": "text", "unique": True},
        "is_public": {"type": "boolean"},
        "hs_parent_company_id": {"createable": False, "updateable": False},
        "hs_lastmodifieddate": {"type": "instant", "createable": False, "updateable": False},
    }
    malformed_keys = ("nope", "-1", "0", "")

    def values(self, name: str) -> dict[str, Value]:
        return {"name": name}

    def new_name(self, name: str) -> dict[str, Value]:
        return {"name": name}

    def instant(self, watermark: Mapping[str, object]) -> datetime:
        return datetime.fromisoformat(str(watermark["since"]))
