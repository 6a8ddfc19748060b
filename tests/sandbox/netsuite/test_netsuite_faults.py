"""NetSuite §14, faults to inject: each kind through the control endpoint, on the vendor's own calls, from a seed."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
import requests
from netsuite_account import RECORDS, Client, Opener, error_of

from crosswalk_sandbox.kernel.clock import Clock

ASYNC = {"Prefer": "respond-async"}
COLLECTION = {**ASYNC, "Content-Type": "application/vnd.oracle.resource+json; type=collection"}
STRICT = {"X-NetSuite-PropertyNameValidation": "error"}
COMPANY = {"companyName": "Northwind", "subsidiary": {"id": "1"}}
TOKEN = "/services/rest/auth/oauth2/v1/token"


class Served:
    """A running account and its control endpoint."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def control(self, route: str, /, **values: Any) -> Any:
        answer = requests.post(f"{self.client.base_url}/__sandbox__/{route}", json=values, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def fault(self, kind: str, path: str = "/services/rest", **rule: Any) -> None:
        self.control("faults", kind=kind, path=path, **{"count": 1, **rule})

    def bearer(self) -> dict[str, str]:
        access = self.client.emulator.access(self.client.base_url)
        now = int(time.time())
        claims = {"iss": access["client_id"], "scope": "rest_webservices", "aud": self.client.base_url + TOKEN,
                  "iat": now, "exp": now + 600}  # fmt: skip
        assertion = jwt.encode(claims, access["private_key"], "PS256", {"kid": access["certificate_id"]})
        form = {"grant_type": "client_credentials", "client_assertion": assertion,
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}  # fmt: skip
        answer = requests.post(self.client.base_url + TOKEN, data=form, timeout=10)
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}


@pytest.fixture
def served(account: Opener) -> Served:
    return Served(account(Clock()))


def test_maintenance_is_an_html_page_without_the_vendors_body(served: Served) -> None:
    """§11: gateways can answer plain HTML."""
    served.fault("html")
    answer = served.client.record("GET", "term")
    assert (answer.status_code, answer.headers["Content-Type"][:9], answer.text[:9]) == (503, "text/html", "<!DOCTYPE")
    assert served.client.record("GET", "term").status_code == 200


@pytest.mark.parametrize("rule", [{"kind": "lost_reply"}, {"kind": "timeout_after_commit", "seconds": 0.1}])
def test_an_upsert_repeated_after_a_lost_answer_makes_no_second_record(served: Served, rule: dict[str, Any]) -> None:
    """§5.5, §5.7: nobody knows whether a record exists after a time-out; PUT by external id may be repeated."""
    served.fault(**rule, method="PUT")
    with pytest.raises(requests.ConnectionError):
        served.client.record("PUT", "customer/eid:C-1", COMPANY)
    assert served.client.get("customer/eid:C-1")["companyName"] == "Northwind"
    assert served.client.record("PUT", "customer/eid:C-1", COMPANY).status_code == 204
    assert served.client.sql("SELECT COUNT(*) AS n FROM customer WHERE externalid = 'C-1'") == [{"n": "1"}]


def test_a_refused_connection_leaves_nothing_behind(served: Served) -> None:
    served.fault("refuse", method="POST", path="/customer")
    with pytest.raises(requests.ConnectionError):
        served.client.record("POST", "customer", {**COMPANY, "externalId": "C-2"})
    assert served.client.record("GET", "customer/eid:C-2").status_code == 404


def test_an_answer_is_cut_in_the_middle(served: Served) -> None:
    served.fault("truncate")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        served.client.record("GET", "term")


def test_later_pages_alone_are_slow(served: Served) -> None:
    """§10: requests take up to 15 minutes."""
    served.fault("slow", path="/suiteql", after=1, seconds=0.4)
    taken = []
    for offset in (0, 5):
        started = time.monotonic()
        served.client.sql("SELECT id FROM customer ORDER BY id", limit=5, offset=offset)
        taken.append(time.monotonic() - started)
    assert taken[1] >= 0.4 > taken[0]


def test_a_session_expires_between_two_pages(served: Served) -> None:
    """§3: access tokens end, a new one goes on where the old one stopped."""
    served.fault("expire_sessions", path="/term", after=1)
    url, old = f"{served.client.base_url}{RECORDS}/term?limit=2", served.bearer()
    following = next(one["href"] for one in requests.get(url, headers=old, timeout=9).json()["links"]
                     if one["rel"] == "next")  # fmt: skip
    refused = requests.get(following, headers=old, timeout=9)
    assert error_of(refused)[:2] == (401, "INVALID_LOGIN")
    assert requests.get(following, headers=served.bearer(), timeout=9).json()["offset"] == 2


def _wait(client: Client, job: str) -> list[requests.Response]:
    """Each task's answer once the job is completed; polling is what a client does."""
    for _ in range(500):
        if client.call("GET", job).json()["completed"]:
            tasks = client.call("GET", f"{job}/task").json()["items"][0]["links"]
            return [client.call("GET", f"{task['href']}/result") for task in tasks]
    raise AssertionError(f"{job} never ended")


def test_a_batch_fails_in_part_the_same_way_from_the_same_seed(served: Served) -> None:
    """§9: one task a record, each with its own answer; 202 is no success."""

    def failed(run: str) -> list[int]:
        served.control("actions/fail_rows", probability=0.4, seed=7)
        items = [{**COMPANY, "externalId": f"{run}-{number}"} for number in range(12)]
        taken = served.client.record("POST", "customer", {"items": items}, headers=COLLECTION)
        answers = _wait(served.client, taken.headers["Location"])
        assert {answer.json()["o:errorDetails"][0]["o:errorCode"] for answer in answers if answer.content} == {
            "UNEXPECTED_ERROR"
        }
        missing = [place for place, answer in enumerate(answers) if answer.status_code != 204]
        kept = served.client.sql(f"SELECT externalid FROM customer WHERE externalid LIKE '{run}-%'")
        assert {int(row["externalid"].split("-")[1]) for row in kept} == set(range(12)) - set(missing)
        return missing

    first = failed("a")
    assert 0 < len(first) < 12
    assert failed("b") == first
    served.control("actions/fail_rows", count=1, code="USER_ERROR", message="closed period")
    taken = served.client.record("POST", "customer", {**COMPANY}, headers=ASYNC)
    assert error_of(_wait(served.client, taken.headers["Location"])[0]) == (400, "USER_ERROR", "closed period")
    assert (
        requests.post(
            f"{served.client.base_url}/__sandbox__/actions/fail_rows", json={"probability": 2}, timeout=9
        ).status_code
        == 400
    )


@pytest.mark.parametrize(
    ("action", "values", "column"),
    [
        ("drop_custom_field", {"id": "custentity_region"}, "custentity_region"),
        ("hide_field", {"full_name": "customer.phone"}, "phone"),
    ],
)
def test_a_field_is_gone_between_two_pages(served: Served, action: str, values: dict[str, str], column: str) -> None:
    """§6: "Field 'x' for record 'y' was not found"; a misspelt and a removed field are one and the same."""
    served.control("actions/add_custom_field", id="custentity_region")
    served.fault("action", path="/suiteql", after=1, action=action, values=values)
    query = f"SELECT id, {column} FROM customer ORDER BY id"
    served.client.sql(query, limit=5)
    assert f"Field '{column}' for record 'customer' was not found" in error_of(served.client.ask(query, limit=5))[2]
    refused = served.client.record("POST", "customer", {**COMPANY, column: "5551234567"}, headers=STRICT)
    assert error_of(refused)[:2] == (400, "INVALID_CONTENT")


def test_a_hidden_field_is_gone_everywhere_and_comes_back_with_its_values(served: Served) -> None:
    client = served.client
    ident = client.create("customer", {**COMPANY, "phone": "5551234567"})
    served.control("actions/hide_field", full_name="customer.phone")

    def schema() -> dict[str, Any]:
        media = {"Accept": "application/schema+json"}
        return client.record("GET", "metadata-catalog/customer", headers=media).json()

    assert "phone" not in client.get(f"customer/{ident}")
    assert "phone" not in schema()["properties"]
    assert error_of(client.record("GET", 'customer?q=phone IS "5551234567"'))[1] == "NONEXISTENT_FIELD"
    assert client.record("PATCH", f"customer/{ident}", {"phone": "5550000000"}).headers["Warning"]
    served.control("actions/show_field", full_name="customer.phone")
    assert client.get(f"customer/{ident}")["phone"] == "5551234567"
    assert "phone" in schema()["properties"]


def test_a_field_gets_another_type_and_keeps_what_fits(served: Served) -> None:
    """§5.12: the schema tells the new type; §11: other values are INVALID_CONTENT."""
    client = served.client
    served.control("actions/add_custom_field", id="custentity_size", label="Size")
    ids = [client.create("customer", {**COMPANY, "custentity_size": size}) for size in ("12.5", "large")]
    served.control("actions/retype_field", id="custentity_size", kind="number")
    assert [client.get(f"customer/{ident}").get("custentity_size") for ident in ids] == [12.5, None]
    refused = client.record("PATCH", f"customer/{ids[0]}", {"custentity_size": "large"})
    assert error_of(refused)[:2] == (400, "INVALID_CONTENT")
    media = {"Accept": "application/schema+json"}
    schema = client.record("GET", "metadata-catalog/customer", headers=media).json()["properties"]
    assert schema["custentity_size"]["type"] == "number"
    assert client.sql("SELECT custentity_size AS s FROM customer WHERE custentity_size > 12") == [{"s": "12.5"}]


def test_a_field_becomes_mandatory_and_optional_again(served: Served) -> None:
    """§12: each account's forms demand more than the schema, which has no list of it."""
    client = served.client
    served.control("actions/add_custom_field", id="custentity_region", label="Region")
    served.control("actions/require_field", full_name="customer.custentity_region")
    missing = error_of(client.record("POST", "customer", COMPANY))
    assert missing == (400, "USER_ERROR", "Error while accessing a resource. Please enter value(s) for: Region.")
    ident = client.create("customer", {**COMPANY, "custentity_region": "West"})
    assert client.record("PATCH", f"customer/{ident}", {"email": "a@b.com"}).status_code == 204
    assert error_of(client.record("PATCH", f"customer/{ident}", {"custentity_region": None})) == missing
    served.control("actions/require_field", full_name="customer.custentity_region", required=False)
    client.create("customer", COMPANY)
    bad = requests.post(
        f"{client.base_url}/__sandbox__/actions/require_field", json={"full_name": "customer.balance"}, timeout=9
    )
    assert (bad.status_code, "customer.phone" in bad.json()["error"]) == (400, True)


def test_queries_and_lists_may_be_behind_what_was_saved_and_records_are_not(account: Opener) -> None:
    """A search index that lags: found by id at once, by query only after the lag."""
    clock = Clock()
    clock.set(datetime.now(UTC), frozen=True)
    served = Served(account(clock))
    served.control("actions/index_lag", seconds=60)
    ident = served.client.create("customer", {**COMPANY, "externalId": "LATE-1"})

    def found() -> tuple[int, int]:
        rows = served.client.sql("SELECT id FROM customer WHERE externalid = 'LATE-1'")
        return len(rows), served.client.get("customer", q='externalId IS "LATE-1"')["count"]

    assert served.client.get("customer/eid:LATE-1")["id"] == ident
    assert found() == (0, 0)
    clock.advance(61)
    assert found() == (1, 1)
    served.client.record("PATCH", f"customer/{ident}", {"email": "new@b.com"})
    query = f"SELECT email FROM customer WHERE id = {ident}"
    assert served.client.sql(query) == [{}]
    served.control("actions/index_lag", seconds=0)
    assert served.client.sql(query) == [{"email": "new@b.com"}]


def test_the_vendors_clock_runs_ahead_and_falls_back(account: Opener) -> None:
    """§8: cursors must come from the source's stamps; §2: signatures are judged by real time all the same."""
    clock = Clock()
    clock.set(datetime(2026, 5, 6, 12, tzinfo=UTC), frozen=True)
    served = Served(account(clock))
    served.fault("clock_skew", method="POST", path="/customer", seconds=600)
    served.fault("clock_skew", method="POST", path="/customer", seconds=-1200)
    for name in "ab":
        served.client.create("customer", {**COMPANY, "companyName": f"Skewed {name}"})
    query = (
        "SELECT TO_CHAR(lastmodifieddate, 'HH24:MI') AS at FROM customer WHERE companyname LIKE 'Skewed%'"
        " ORDER BY companyname"
    )
    assert [row["at"] for row in served.client.sql(query)] == ["05:10", "04:50"]


def test_the_same_seed_hits_the_same_calls_of_two_accounts_at_once(account: Opener) -> None:
    """Several accounts side by side: each has its own id, data, clock, credentials and dice."""
    clocks = Clock(), Clock()
    accounts = [Served(account(clocks[0], account="TSTDRV1")), Served(account(clocks[1], account="TSTDRV2_SB1"))]
    hits = []
    for one in accounts:
        one.fault("status", probability=0.4, seed=11, count=None, status=429)
        hits.append([one.client.record("GET", "term?limit=1").status_code for _ in range(12)])
        requests.delete(f"{one.client.base_url}/__sandbox__/faults", timeout=9)
    assert hits[0] == hits[1]
    assert set(hits[0]) == {200, 429}
    accounts[0].control("clock", advance_seconds=86_400)
    assert timedelta(hours=23) < clocks[0].now() - clocks[1].now()
    accounts[0].client.create("customer", {**COMPANY, "externalId": "ONLY-HERE"})
    there = accounts[1].client.record("GET", "customer/eid:ONLY-HERE")
    assert error_of(there)[:2] == (404, "NONEXISTENT_ID")
    stranger = Client(accounts[1].client.base_url, accounts[0].client.auth, accounts[1].client.emulator)
    assert error_of(stranger.record("GET", "term"))[:2] == (401, "INVALID_LOGIN")


# what sources leave open: the switches beside those of the services


def test_an_external_id_may_be_unique_in_its_type_only(account: Callable[..., Client]) -> None:
    client = account(external_ids="type")
    company = client.create("customer", {**COMPANY, "externalId": "X-1"})
    person = client.create("contact", {"entityId": "Ann Lee", "subsidiary": {"id": "1"}, "externalId": "X-1"})
    assert client.get("customer/eid:X-1")["id"] == company
    assert client.get("contact/eid:X-1")["id"] == person
    assert "already exists" in error_of(client.record("POST", "customer", {**COMPANY, "externalId": "X-1"}))[2]


def test_refusals_come_in_the_other_words_that_sources_know(account: Callable[..., Client]) -> None:
    client = account(bearer_challenge=False, permission_as_user_error=True, newer_value_words=True)
    token = requests.get(f"{client.base_url}{RECORDS}/term", headers={"Authorization": "Bearer x"}, timeout=9)
    assert (token.status_code, "WWW-Authenticate" in token.headers) == (401, False)
    viewer = client.acting_as(client.emulator.access(client.base_url)["viewer"])
    status, code, detail = error_of(viewer.record("POST", "customer", COMPANY))
    assert (status, code, "permission" in detail) == (400, "USER_ERROR", True)
    bad = error_of(client.record("POST", "customer", {**COMPANY, "terms": {"id": "99"}}))
    words = "Invalid value for the resource or sub-resource field 'terms'. Provide a valid value."
    assert bad == (400, "INVALID_CONTENT", words)


@pytest.mark.parametrize(("option", "seconds"), [("requests_per_minute", 61), ("requests_per_day", 86_401)])
def test_an_account_has_request_frequency_windows(account: Callable[..., Client], option: str, seconds: int) -> None:
    clock = Clock()
    client = account(clock, **{option: 3})
    assert [client.record("GET", "term?limit=1").status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    clock.advance(seconds)
    assert client.record("GET", "term?limit=1").status_code == 200


def test_every_call_of_an_id_is_a_fresh_one(served: Served) -> None:
    """§4: both ids are new on every answer, also on injected ones of the account."""
    ids = {served.client.record("GET", "term?limit=1").headers["X-N-OperationId"] for _ in range(3)}
    assert len({uuid.UUID(one) for one in ids}) == 3
