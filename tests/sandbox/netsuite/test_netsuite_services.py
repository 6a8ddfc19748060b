"""NetSuite §1 services beside the record service, and the switches for what is not settled (§15)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from netsuite_account import RECORDS, Client, Opener, error_of
from netsuite_shop import Shop, line

from crosswalk_sandbox.kernel.clock import Clock

RESTLET = "/app/site/hosting/restlet.nl"
DATASET = "/services/rest/query/v1/dataset"
ASYNC = {"Prefer": "respond-async"}


# RESTlets


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_a_restlet_echoes_by_script_and_deployment(shared: Client, method: str) -> None:
    shared.emulator.actions["add_restlet"]({"script": "customscript_a", "deploy": "customdeploy_a"})
    body = {"a": [1, None]} if method in ("POST", "PUT") else None
    path = f"{RESTLET}?script=customscript_a&deploy=customdeploy_a&x=1%202"
    answer = shared.call(method, path, json=body)
    assert answer.status_code == 200
    assert answer.json() == {"method": method, "parameters": {"x": "1 2"}, "body": body}
    assert answer.headers["X-N-OperationId"] != answer.headers["X-NetSuite-JobId"]


def test_a_restlet_answers_what_it_was_given_and_only_to_its_methods(shared: Client) -> None:
    answers = {"GET": {"rows": [1, 2]}}
    deployed = requests.post(
        f"{shared.base_url}/__sandbox__/actions/add_restlet", json={"script": 7, "answers": answers}, timeout=10
    )
    assert deployed.status_code == 200
    assert shared.call("GET", f"{RESTLET}?script=7&deploy=1").json() == {"rows": [1, 2]}
    assert shared.call("POST", f"{RESTLET}?script=7&deploy=1", json={}).status_code == 405
    unknown = shared.call("GET", f"{RESTLET}?script=7&deploy=9")
    assert unknown.json()["error"]["code"] == "SSS_INVALID_SCRIPTLET_ID"
    assert requests.get(f"{shared.base_url}{RESTLET}?script=7&deploy=1", timeout=10).status_code == 401


def test_restlets_share_the_limit_and_answer_400_beyond_it(account: Opener) -> None:
    client = account(concurrency=1)
    client.emulator.actions["add_restlet"]({"script": "1"})
    client.emulator.actions["set_service_seconds"]({"seconds": 0.5})

    def one(path: str) -> requests.Response:
        return client.call("GET", path)

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(one, [f"{RESTLET}?script=1&deploy=1"] * 2))
    refused = [answer for answer in answers if answer.status_code != 200]
    assert [(answer.status_code, answer.json()["error"]["code"]) for answer in refused] == [
        (400, "SSS_REQUEST_LIMIT_EXCEEDED")
    ]


# datasets and metadata


def test_datasets_are_listed_and_their_rows_paged(shared: Client) -> None:
    saved = {"id": "custdataset_terms", "name": "Terms", "q": "SELECT id, name FROM term ORDER BY id"}
    shared.emulator.actions["add_dataset"](saved)
    listed = shared.call("GET", DATASET).json()
    assert [(one["id"], one["name"]) for one in listed["items"]] == [("custdataset_terms", "Terms")]
    page = shared.call("GET", f"{DATASET}/custdataset_terms/result?limit=2&offset=2").json()
    assert [row["id"] for row in page["items"]] == ["3", "4"]
    assert (page["count"], page["hasMore"], page["totalResults"]) == (2, True, 6)
    following = next(one["href"] for one in page["links"] if one["rel"] == "next")
    assert [row["id"] for row in shared.call("GET", following).json()["items"]] == ["5", "6"]
    assert error_of(shared.call("GET", f"{DATASET}/custdataset_none/result"))[:2] == (404, "NONEXISTENT_ID")
    assert shared.call("POST", DATASET, json={}).status_code == 405
    assert shared.call("POST", "/services/rest/query/v1/other", json={"q": "SELECT 1 FROM dual"}).status_code == 404


def test_references_of_a_schema_lead_to_schemas(shared: Client) -> None:
    accept = {"Accept": "application/schema+json"}
    schema = shared.record("GET", "metadata-catalog/customer", headers=accept).json()
    references = {one["$ref"] for one in schema["properties"].values() if "$ref" in one}
    references.add(schema["properties"]["links"]["items"]["$ref"])
    assert any(one.endswith("nsResource") for one in references)
    for reference in references:
        assert reference.startswith(RECORDS)
        found = shared.call("GET", reference, headers=accept)
        assert found.status_code == 200, reference
        assert found.json()["type"] == "object"


# switches


def test_what_is_not_settled_can_be_switched(account: Opener) -> None:
    client = account(bad_page_code="USER_ERROR", missing=["transactionshipment", "pricelevel.isonline"],
                     oauth_errors="invalid_grant", rfc2616_types=True, missing_prefer_code="INVALID_REQUEST",
                     changed_status=409, sql_error_code="INVALID_SQL")  # fmt: skip
    for query in ("limit=0", "limit=1001", "limit=10&offset=5"):
        assert error_of(client.record("GET", f"term?{query}"))[:2] == (400, "USER_ERROR")
    assert "Record 'transactionshipment' was not found" in error_of(client.ask("SELECT * FROM transactionshipment"))[2]
    assert error_of(client.ask("SELECT isonline FROM pricelevel"))[1] == "INVALID_SQL"
    assert len(client.sql("SELECT id, name FROM pricelevel")) > 2
    token = f"{client.base_url}/services/rest/auth/oauth2/v1/token"
    assert requests.post(token, data={"grant_type": "password"}, timeout=10).json() == {"error": "invalid_grant"}
    assert "rfc2616" in client.record("GET", "nosuch").json()["type"]
    unasked = client.call("POST", "/services/rest/query/v1/suiteql", json={"q": "SELECT id FROM term"})
    assert error_of(unasked)[:2] == (400, "INVALID_REQUEST")
    client.emulator.actions["change_records_underfoot"]({"count": 1})
    customer = client.sql("SELECT id FROM customer WHERE ROWNUM <= 1")[0]["id"]
    assert client.record("PATCH", f"customer/{customer}", {"comments": "x"}).status_code == 409


def test_job_words_and_their_keep_can_be_switched(account: Opener, tmp_path: Path) -> None:
    clock = Clock(tmp_path / "clock")
    client = account(clock, job_states=["queued", "running", "error"], job_days=2, async_seconds=60)
    job = client.record("POST", "customer", {"companyName": "x"}, headers=ASYNC).headers["Location"]
    assert client.call("GET", job).json()["progress"] == "queued"
    clock.advance(61)
    assert client.call("GET", f"{job}/task/1").json()["progress"] == "error"  # no subsidiary
    clock.advance(timedelta(days=2).total_seconds())
    assert client.call("GET", job).status_code == 404


def test_a_page_of_expanded_lines_can_be_limited(account: Opener) -> None:
    shop = Shop(account(expanded_lines=2))
    item = shop.item("THING", "nonInventorySaleItem")
    order = shop.order(shop.customer(), line(item), line(item), line(item))
    lines = shop.client.get(f"salesOrder/{order}", expandSubResources="true")["item"]
    assert (len(lines["items"]), lines["count"], lines["hasMore"], lines["totalResults"]) == (2, 2, True, 3)


def test_an_account_may_ask_why_a_transaction_is_deleted(account: Opener) -> None:
    shop = Shop(account(deletion_reason=True))
    order = shop.order(shop.customer(), line(shop.item("THING", "nonInventorySaleItem")))
    status, code, detail = error_of(shop.client.record("DELETE", f"salesOrder/{order}"))
    assert (status, code) == (400, "USER_ERROR")
    assert "Please enter value(s) for: Deletion Reason." in detail
    assert shop.client.record("DELETE", f"salesOrder/{order}?deletionReason=1").status_code == 204


def test_a_part_of_the_limit_can_be_reserved_for_the_integration(account: Opener) -> None:
    client = account(concurrency=5, integration_concurrency=2, service_seconds=0.4)
    administrator = client.acting_as(client.emulator.access(client.base_url)["administrator"])
    limits = administrator.call("GET", "/services/rest/system/v1/governanceLimits").json()
    assert limits == {"accountConcurrencyLimit": 5, "accountUnallocatedConcurrencyLimit": 3,
                      "integrationConcurrencyLimit": 2, "integrationLimitType": "integrationSpecific"}  # fmt: skip

    def one(_number: int) -> int:
        return client.record("GET", "term?limit=1").status_code

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(one, range(3))) == [200, 200, 429]


# tolerances of §14 and overload of §10 against the clock


@pytest.mark.parametrize(
    "habit",
    [
        {"headers": {"Prefer": "transient"}},
        {"headers": {"Accept": "*/*", "Cookie": "NS_ROUTING_VERSION=LAGGING"}},
        {"headers": {"Content-Type": "application/vnd.oracle.resource+json"}},
        {"params": {"expandSubResources": "True"}},
        {"headers": {"Accept-Encoding": "gzip"}},
    ],
)
@pytest.mark.parametrize("path", ["customer/", "Customer/{id}", "customer/{id}/", "metadata-catalog/"])
def test_every_habit_is_served_on_every_address(shared: Client, habit: dict[str, Any], path: str) -> None:
    ident = shared.sql("SELECT MIN(id) AS id FROM customer")[0]["id"]
    answer = shared.record("GET", path.format(id=ident), **habit)
    assert answer.status_code == 200, answer.text
    assert answer.json()["links"]


def test_a_request_that_hung_can_be_signed_anew(account: Opener) -> None:
    client = account(concurrency=1, overload="hang", overload_seconds=0.4, service_seconds=1.5)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(client.record, "GET", "term?limit=1")
        second = pool.submit(client.record, "GET", "term?limit=1")
        statuses = sorted(one.result().status_code for one in (first, second))
    assert statuses == [200, 401]
    assert client.record("GET", "term?limit=1").status_code == 200
    assert [entry["reason"] for entry in client.emulator.actions["login_audit"]({})] == [
        "stale timestamp after waiting in the queue"
    ]
