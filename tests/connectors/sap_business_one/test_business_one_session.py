from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime, time, timedelta

import orjson
import pytest
import requests

from crosswalk.connectors.quota import BULK, LocalQuota
from crosswalk.connectors.sap_business_one import BusinessOneConnector, connect
from crosswalk.connectors.sap_business_one.auth import SESSIONS, Session
from crosswalk.connectors.sap_business_one.client import base_url_of, reads
from crosswalk.connectors.sap_business_one.clock import clock_in, offset_between
from crosswalk.connectors.sap_business_one.errors import (
    AlreadyExistsError,
    NoMatchError,
    classify,
    classify_login,
    error_of,
)
from crosswalk.connectors.sap_business_one.odata import both, changed_since, chunks, entity, one_of
from crosswalk.connectors.sap_business_one.pages import Question, rows_of
from crosswalk.connectors.sap_business_one.values import clock_of
from crosswalk.connectors.sap_business_one.watermark import numbers, ranges
from crosswalk.connectors.settings import ConnectionSettings
from crosswalk.connectors.transport import Anonymous, Transport
from crosswalk.model.errors import (
    AuthenticationError,
    ConfigurationError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    SchemaError,
    TransientError,
    ValidationError,
)
from crosswalk.model.records import NativeField, Operation, Selection, Write
from tests.connectors.loopback import RESET
from tests.connectors.sap_business_one.small_business_one import COMPANY, HTML, SmallBusinessOne, error

Open = Callable[..., BusinessOneConnector]
NAMES = Selection("customer", "BusinessPartners", (NativeField("CardName", "text"),))


def cookies(company: SmallBusinessOne) -> list[str]:
    return [one.headers["cookie"] for one in company.seen if one.path.endswith("BusinessPartners")]


def test_connectors_of_a_process_share_a_session_and_renew_it_once(
    company: SmallBusinessOne, open_company: Open
) -> None:
    connectors = [open_company(), open_company(read_only=True)]
    for number in range(4):
        connectors[number % 2].fetch(NAMES, ["C1"])
    assert company.logins == 1
    company.expire()
    for number in range(4):
        connectors[number % 2].fetch(NAMES, ["C1"])
    assert company.logins == 2
    assert set(cookies(company)) == {
        "B1SESSION=session-number-1; ROUTEID=.node1",
        "B1SESSION=session-number-2; ROUTEID=.node1",
    }


def test_requests_at_the_same_time_have_a_session_each_and_no_more_are_opened(
    company: SmallBusinessOne, open_company: Open
) -> None:
    connectors = [open_company(concurrency="3", options={"lane": "orders"}) for _ in range(2)]
    connectors[0].fetch(NAMES, ["C1"])
    for _ in range(3):
        company.seen.clear()
        company.meeting = threading.Barrier(3)
        with ThreadPoolExecutor(3) as threads:
            list(threads.map(lambda _: connectors[0].fetch(NAMES, ["C1"]), range(3)))
        assert len(set(cookies(company))) == 3, "one would wait for the other"
    assert company.logins == 3
    company.meeting = threading.Barrier(6)
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda number: connectors[number % 2].fetch(NAMES, ["C1"]), range(6)))
    company.meeting = None
    assert company.logins == 3, "the fourth request shares"


def test_a_request_that_broke_off_leaves_its_session_to_the_next(company: SmallBusinessOne, open_company: Open) -> None:
    connector = open_company(options={"attempts": 1})
    for _ in range(5):
        company.accidents.append(lambda request: RESET if request.path.endswith("Partners") else None)
        with pytest.raises(TransientError):
            connector.fetch(NAMES, ["C1"])
    connector.fetch(NAMES, ["C1"])
    assert company.logins == 1


def test_a_process_that_ends_gives_its_session_back(company: SmallBusinessOne, open_company: Open) -> None:
    open_company().fetch(NAMES, ["C1"])
    assert company.sessions
    SESSIONS.close()
    assert company.sessions == set()


def test_wrong_credentials_are_tried_once(company: SmallBusinessOne, open_company: Open) -> None:
    with pytest.raises(AuthenticationError) as refused:
        open_company(password="another secret").fetch(NAMES, ["C1"])
    assert company.logins == 1, "more of them lock the user"
    assert "another secret" not in str(refused.value)
    assert refused.value.code == "100000027"


def test_a_session_ends_by_itself_only_when_it_is_not_used(company: SmallBusinessOne) -> None:
    minutes = [0.0]
    host = Transport(
        system="b1", base_url=company.base_url, authenticator=Anonymous(), classify=classify, is_read=lambda *_: True
    )
    names = (COMPANY["CompanyDB"], COMPANY["UserName"], COMPANY["Password"])
    session = Session(host, *names, monotonic=lambda: 60 * minutes[0])
    logins = []
    for minutes[0] in (0, 20, 40, 68, 98, 100):  # it lasts half an hour, and a minute is kept from it
        session.apply(requests.Request("GET", company.base_url).prepare())
        logins.append(company.logins)
    assert logins == [1, 1, 1, 1, 2, 2], "one that surely ended is not tried first"


def test_a_login_that_is_not_answered_is_tried_once_more(company: SmallBusinessOne, open_company: Open) -> None:
    company.accidents.append(lambda request: RESET if request.path.endswith("Login") else None)
    connector = open_company(language="3")
    assert connector.client.known_time() is not None, "the login tells the server's time"
    tried = [one.json() for one in company.seen if one.path.endswith("Login")]
    assert tried == [{**COMPANY, "Language": "3"}] * 2
    assert company.paths() == []


def test_a_session_is_for_whoever_knows_the_password(company: SmallBusinessOne, open_company: Open) -> None:
    open_company().fetch(NAMES, ["C1"])
    with pytest.raises(AuthenticationError):
        open_company(password="another secret").fetch(NAMES, ["C1"])
    open_company().fetch(NAMES, ["C1"])
    assert (company.logins, len(company.sessions)) == (2, 1)


def test_a_token_of_an_identity_provider_stands_in_for_the_login_and_is_final(
    company: SmallBusinessOne, open_company: Open
) -> None:
    with pytest.raises(AuthenticationError) as refused:
        open_company(bearer_token="a token of theirs").fetch(NAMES, ["C1"])
    assert [one.headers["authorization"] for one in company.seen] == ["Bearer a token of theirs"]
    assert company.logins == 0
    assert "token" in refused.value.hint
    assert "a token of theirs" not in str(refused.value)


class CountedQuota(LocalQuota):
    """Notes for whom slots were taken."""

    def __init__(self) -> None:
        super().__init__()
        self.lanes: list[tuple[str, str]] = []

    def slot(self, system: str, lane: str = BULK) -> AbstractContextManager[None]:
        self.lanes.append((system, lane))
        return super().slot(system, lane)


def test_every_call_takes_a_slot_of_its_lane_and_is_counted(company: SmallBusinessOne, open_company: Open) -> None:
    extra = {"base_url": company.base_url, "company_db": COMPANY["CompanyDB"], "time_zone": "Europe/Berlin"}
    settings = ConnectionSettings(login=COMPANY["UserName"], password=COMPANY["Password"], extra=extra)
    quota = CountedQuota()
    connector = connect(settings, system="erp", read_only=False, quota=quota, options={"lane": "orders"})
    list(connector.pull(NAMES, None))
    connector.deliver([Write("K1", "customer", Operation.CREATE, {"CardName": "N"})])
    assert quota.lanes == [("erp", "orders")] * len(company.paths()) == [("erp", "orders")] * 2
    assert (connector.usage().used, connector.usage().limit) == (2, None)


def test_the_connection_says_how_many_requests_run_at_once_and_the_options_how_often_one_is_tried(
    company: SmallBusinessOne, open_company: Open
) -> None:
    assert (open_company().capabilities.parallel_requests, open_company(concurrency="2").capabilities.parallel_requests) == (4, 2)  # fmt: skip
    with pytest.raises(ConfigurationError, match="concurrency"):
        open_company(concurrency="none")
    company.accidents += [lambda request: HTML if request.method == "GET" else None] * 9
    with pytest.raises(TransientError):
        open_company(options={"attempts": 3}).fetch(NAMES, ["C1"])
    assert len(company.paths()) == 3


@pytest.mark.parametrize("told", [error(400, "-1", "No license available"), error(400, "-1", "Too many sessions")])
def test_a_company_without_a_free_session_is_no_matter_of_credentials(
    company: SmallBusinessOne, open_company: Open, told: object
) -> None:
    company.accidents.append(lambda request: told if request.path.endswith("Login") else None)
    with pytest.raises(RateLimitedError) as crowded:
        open_company().fetch(NAMES, ["C1"])
    assert crowded.value.retry_after == 300
    assert "session" in crowded.value.hint


@pytest.mark.parametrize(
    ("status", "code", "text", "kind", "remedy"),
    [
        (429, "", "", RateLimitedError, "concurrency"),
        (401, "301", "Invalid session or session already timeout.", AuthenticationError, "rights"),
        (408, "", "", TransientError, "worker"),
        (500, "-1", "Internal error", TransientError, "worker"),
        (502, "", "", TransientError, "worker"),
        (403, "", "", PermissionDeniedError, "Authorizations"),
        (412, "", "", ConflictError, "planned anew"),
        (412, "-2039", "Ein anderer Benutzer hat die Daten geändert", ConflictError, "planned anew"),
        (400, "-2039", "Another user modified data", ConflictError, "planned anew"),
        (404, "-2028", "Entity with value('X') does not exist", NotFoundError, "deleted"),
        (400, "-2028", "No matching records found (ODBC -2028)", NoMatchError, "does not exist"),
        (404, "-2028", "No matching records found (ODBC -2028)", NoMatchError, "does not exist"),
        (400, "-2035", "This entry already exists in the following tables (ODBC -2035)", AlreadyExistsError, "Link"),
        (400, "-10", "1320000140 - Business partner code 'c1' already assigned", AlreadyExistsError, "Link"),
        (400, "-10", "[OCRD.CardCode] 1320000140 - vergeben", AlreadyExistsError, "Link"),
        (400, "-10", "10001071 - Kunde ist inaktiv", ValidationError, "Reactivate the customer"),
        (400, "-10", "10001069 - Artikel ist inaktiv", ValidationError, "Reactivate the item"),
        (400, "-10", "10000180 - Steuerkennzeichen", ValidationError, "tax code"),
        (400, "-4014", "Chargen", ValidationError, "batch and serial"),
        (400, "-10", "10001153 - Chargenmenge", ValidationError, "batch and serial"),
        (400, "-5002", "10001058 - Rabatt", ValidationError, "below 100"),
        (400, "-1029", "[OIGN.DocDate] Field cannot be updated (ODBC -1029)", ValidationError, "may not change"),
        (
            400,
            "-1116",
            "(13000316) Credit Limit Exceeded! Current Limit is 10.00",
            ValidationError,
            "transaction notification",
        ),
        (400, "-1116", "Kreditlimit", ValidationError, "transaction notification"),
        (400, "-5002", "(13000316) Kreditlimit", ValidationError, "transaction notification"),
        (400, "-5006", "The requested action is not supported for this object.", ValidationError, "in the company"),
        (400, "-1000", "Property 'CardNme' of 'BusinessPartner' is invalid", SchemaError, "user field"),
        (404, "-1000", "Unrecognized resource path.", SchemaError, "mapping file"),
        (404, "", "Unrecognized resource path.", SchemaError, "mapping file"),
        (404, "", "", NotFoundError, "deleted"),
        (413, "", "", ValidationError, "fewer lines"),
        (400, "-1000", "Incomplete Batch Request Body!", ValidationError, "what the text says"),
    ],
)
def test_the_code_decides_whatever_the_language_and_names_a_remedy(
    status: int, code: str, text: str, kind: type[Exception], remedy: str
) -> None:
    for body in (
        {"error": {"code": code, "message": text}},
        {"error": {"code": int(code or 0), "message": {"lang": "en-us", "value": text}}},
    ):
        told = error_of(status, orjson.dumps(body))
        assert type(told) is kind
        assert remedy in told.hint
    assert told.field == ("CardNme" if "CardNme" in text else "OIGN.DocDate" if "OIGN" in text else None)


@pytest.mark.parametrize(
    ("status", "kind", "wait"),
    [(401, AuthenticationError, None), (500, TransientError, None), (502, TransientError, None), (503, RateLimitedError, None), (429, RateLimitedError, 300.0)],
)  # fmt: skip
def test_only_a_login_that_was_refused_for_its_credentials_is_final(
    status: int, kind: type[Exception], wait: float | None
) -> None:
    answer = requests.Response()
    answer.status_code, answer._content = status, b"<html>"
    told = classify_login(answer)
    assert type(told) is kind
    assert getattr(told, "retry_after", None) == wait


def test_what_is_harmless_is_known_by_its_path() -> None:
    root = "/b1s/v2"
    for method, path in [("GET", "Orders"), ("POST", "Login"), ("POST", "QueryService_PostQuery"), ("POST", "SQLQueries('x')/List"), ("POST", "OrdersService_Preview"), ("POST", "OrdersService_GetApprovalTemplates"), ("POST", "CompanyService_GetItemPrice")]:  # fmt: skip
        assert reads(method, f"{root}/{path}"), path
    for method, path in [("POST", "Orders"), ("PATCH", "Orders(1)"), ("POST", "$batch"), ("POST", "SQLQueries"), ("POST", "Orders(1)/Cancel"), ("POST", "CompanyService_UpdateAdminInfo"), ("POST", "DraftsService_SaveDraftToDocument"), ("DELETE", "Items('x')")]:  # fmt: skip
        assert not reads(method, f"{root}/{path}"), path


def test_odata_text_doubles_quotes_and_keeps_to_a_request_line() -> None:
    assert entity("Items", "A'b/ü#") == "Items(%27A%27%27b%2F%C3%BC%23%27)"
    assert entity("Orders", 7) == "Orders(7)"
    assert one_of("CardCode", ["a", 7]) == "(CardCode eq 'a' or CardCode eq 7)"
    assert both("", "A eq 1", "") == "A eq 1"
    since = changed_since(datetime.fromisoformat("2026-10-10T13:45:00"))
    assert since == "(UpdateDate gt '2026-10-10' or (UpdateDate eq '2026-10-10' and UpdateTime ge '13:45:00'))"
    parts = list(chunks("CardCode", [f"ÜÜÜÜ-{number}" for number in range(500)]))
    assert [key for part in parts for key in part] == [f"ÜÜÜÜ-{number}" for number in range(500)]
    assert max(len(part) for part in parts) <= 200


@pytest.mark.parametrize(
    ("raw", "clock"),
    [("09:45:01", time(9, 45, 1)), ("9:45", time(9, 45)), (94501, time(9, 45, 1)), (945, time(9, 45)), ("1838", time(18, 38)), ("x", None), (None, None)],
)  # fmt: skip
def test_times_are_read_in_all_their_spellings(raw: object, clock: time | None) -> None:
    assert clock_of(raw) == clock


@pytest.mark.parametrize(
    "answer",
    [
        {"@odata.context": "…", "value": "2026-10-10T13:45:00Z"},
        {"Date": "2026-10-10T00:00:00Z", "Time": "13:45:00"},
        {"ServerTime": {"ServerDate": "2026-10-10", "ServerTime": "13:45"}},
        {"value": "2026-10-10 13:45:00"},
    ],
)
def test_the_servers_clock_is_read_in_any_shape(answer: object) -> None:
    assert clock_in(answer) == datetime.fromisoformat("2026-10-10T13:45:00")


def test_open_documents_are_remembered_in_short() -> None:
    assert ranges({1, 2, 3, 7, 9, 10}) == "1-3,7,9-10"
    assert numbers("1-3,7,9-10") == {1, 2, 3, 7, 9, 10}
    assert numbers(ranges([])) == frozenset()


def test_the_address_is_completed_where_only_a_host_is_given() -> None:
    assert base_url_of(ConnectionSettings(host="b1.example")) == "https://b1.example:50000"
    assert base_url_of(ConnectionSettings(host="b1.example", extra={"port": "50001"})) == "https://b1.example:50001"
    assert (
        base_url_of(ConnectionSettings(extra={"base_url": "https://proxy.example/b1s/v2/"})) == "https://proxy.example"
    )
    nowhere = ConnectionSettings(host="b1.example", login="manager", password=COMPANY["Password"])
    with pytest.raises(ConfigurationError, match="company_db"):
        connect(nowhere)


def test_zones_of_half_hours_are_told_by_the_difference_of_two_clocks() -> None:
    instant = datetime(2026, 10, 10, 8, 15, 20, tzinfo=UTC)
    zone = offset_between(datetime.fromisoformat("2026-10-10T13:45:00"), instant)
    assert zone.utcoffset(None) == timedelta(hours=5, minutes=30)


def test_a_page_is_as_old_as_its_question_not_as_its_answer() -> None:
    answer = requests.Response()
    answer.headers["Date"] = "Sat, 10 Oct 2026 13:45:00 GMT"
    answer.elapsed = timedelta(seconds=90)
    brought = rows_of(Question("Orders", 20, {}), {"value": []}, answer)
    assert brought.asked == datetime(2026, 10, 10, 13, 43, 30, tzinfo=UTC), "saves meanwhile may be missing from it"
