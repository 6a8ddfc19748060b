"""NetSuite §9: asynchronous requests and batches."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from netsuite_account import RECORDS, Client, error_of, signer

from crosswalk_sandbox.kernel.clock import Clock
from crosswalk_sandbox.kernel.server import running
from crosswalk_sandbox.netsuite import create

ASYNC = {"Prefer": "respond-async"}
COLLECTION = {**ASYNC, "Content-Type": "application/vnd.oracle.resource+json; type=collection"}
COMPANY = {"companyName": "Later", "subsidiary": {"id": "1"}}


def _wait(client: Client, job: str) -> dict[str, Any]:
    """The job once it is completed; polling is what a client does."""
    for _ in range(500):
        body = client.call("GET", job).json()
        if body["completed"]:
            return body
    raise AssertionError(f"{job} never ended")


def _tasks(client: Client, job: str) -> list[str]:
    return [link["href"] for link in client.call("GET", f"{job}/task").json()["items"][0]["links"]]


def test_an_asynchronous_create_is_taken_on_and_its_answer_replayed(shared: Client) -> None:
    taken = shared.record("POST", "customer", {**COMPANY, "externalId": "ASYNC-1"}, headers=ASYNC)
    assert (taken.status_code, taken.content) == (202, b"")
    assert taken.headers["Preference-Applied"] == "respond-async"
    job = taken.headers["Location"]
    assert job.startswith(f"{shared.base_url}/services/rest/async/v1/job/")
    assert _wait(shared, job)["progress"] == "succeeded"
    task = shared.call("GET", _tasks(shared, job)[0]).json()
    assert [link["rel"] for link in task["links"]] == ["related", "self"]
    assert {"completed": True, "progress": "succeeded", "id": "1"}.items() <= task.items()
    assert task["startTime"] <= task["endTime"]
    result = shared.call("GET", task["links"][0]["href"])
    assert result.status_code == 204
    assert result.headers["Location"].rsplit("/", 1)[1] == shared.get("customer/eid:ASYNC-1")["id"]


def test_a_failed_task_replays_the_error(shared: Client) -> None:
    job = shared.record("POST", "customer", {"companyName": "No subsidiary"}, headers=ASYNC).headers["Location"]
    assert _wait(shared, job)["progress"] == "failed"
    result = shared.call("GET", f"{_tasks(shared, job)[0]}/result")
    assert error_of(result)[:2] == (400, "USER_ERROR")
    assert result.headers["Content-Type"].startswith("application/vnd.oracle.resource+json; type=error")


def test_a_repeated_idempotency_key_points_to_the_first_job(shared: Client) -> None:
    headers = {**ASYNC, "X-NetSuite-idempotency-key": str(uuid.uuid4())}
    first = shared.record("POST", "customer", {**COMPANY, "externalId": "IDEM-1"}, headers=headers)
    second = shared.record("POST", "customer", {**COMPANY, "externalId": "IDEM-1"}, headers=headers)
    assert error_of(second)[:2] == (400, "IDEMPOTENCY_ERROR")
    assert second.json()["title"] == "Conflict"
    assert second.headers["Location"] == first.headers["Location"]
    _wait(shared, first.headers["Location"])
    assert shared.sql("SELECT COUNT(*) AS n FROM customer WHERE externalid = 'IDEM-1'") == [{"n": "1"}]


def test_the_key_is_ignored_when_synchronous(shared: Client) -> None:
    headers = {"X-NetSuite-Idempotency-Key": "same"}
    assert shared.record("POST", "customer", COMPANY, headers=headers).status_code == 204
    assert shared.record("POST", "customer", COMPANY, headers=headers).status_code == 204


def test_a_batch_creates_in_order_with_one_task_a_record(shared: Client) -> None:
    items = [
        {**COMPANY, "externalId": "B-1"},
        {**COMPANY, "externalId": "B-2", "parent": {"externalId": "B-1"}},
        {"companyName": "broken"},
    ]
    job = shared.record("POST", "customer", {"items": items}, headers=COLLECTION).headers["Location"]
    assert _wait(shared, job)["progress"] == "succeeded"
    answers = [shared.call("GET", f"{task}/result") for task in _tasks(shared, job)]
    assert [answer.status_code for answer in answers] == [204, 204, 400]
    assert shared.get("customer/eid:B-2")["parent"]["id"] == shared.get("customer/eid:B-1")["id"]


def test_batches_update_upsert_read_and_delete(shared: Client) -> None:
    ident = shared.create("customer", {**COMPANY, "externalId": "C 1"})
    changes = {"items": [{"id": ident, "email": "one@b.com"}, {"externalId": "C 1", "phone": "555 010 9999"}]}
    job = shared.record("PATCH", "customer", changes, headers=COLLECTION).headers["Location"]
    _wait(shared, job)
    assert {"email": "one@b.com", "phone": "555 010 9999"}.items() <= shared.get(f"customer/{ident}").items()
    upserts = {"items": [{"externalId": "C-2", **COMPANY}, {"externalId": "C 1", "email": "two@b.com"}]}
    _wait(shared, shared.record("PUT", "customer", upserts, headers=COLLECTION).headers["Location"])
    other = shared.get("customer/eid:C-2")["id"]
    assert shared.get(f"customer/{ident}")["email"] == "two@b.com"
    path = f"customer?expandRecords=true&ids={ident},eid:C-2,eid:'C 1'&fields=email,id"
    job = shared.record("GET", path, headers=ASYNC).headers["Location"]
    _wait(shared, job)
    read = [shared.call("GET", f"{task}/result").json() for task in _tasks(shared, job)]
    assert [body["id"] for body in read] == [ident, other, ident]
    assert set(read[0]) == {"links", "id", "email"}
    _wait(shared, shared.record("DELETE", f"customer?ids={ident},{other}", headers=ASYNC).headers["Location"])
    assert shared.sql(f"SELECT id FROM customer WHERE id IN ({ident}, {other})") == []


@pytest.mark.parametrize("count", [0, 101])
def test_a_batch_holds_one_to_a_hundred_records(shared: Client, count: int) -> None:
    body = {"items": [COMPANY] * count}
    assert error_of(shared.record("POST", "customer", body, headers=COLLECTION))[0] == 400


def test_batches_are_never_synchronous_and_need_the_collection_type(shared: Client) -> None:
    headers = {"Content-Type": COLLECTION["Content-Type"]}
    answer = shared.record("POST", "customer", {"items": [COMPANY]}, headers=headers)
    assert answer.json()["o:errorDetails"][0]["o:errorHeader"] == "Prefer"
    assert error_of(shared.record("PATCH", "customer", {"items": [{"id": 1}]}, headers=ASYNC))[0] == 415
    assert error_of(shared.record("GET", "customer?expandRecords=true&ids=1"))[0] == 400


def test_an_older_release_has_no_batches(account: Callable[..., Client]) -> None:
    client = account(release="2025.2")
    assert client.record("POST", "customer", {"items": [COMPANY]}, headers=COLLECTION).status_code == 405
    assert client.record("POST", "customer", COMPANY, headers=ASYNC).status_code == 202
    assert account(release="2025.1").call("GET", "/services/rest/system/v1/serverTime").status_code == 404


def test_jobs_wait_for_the_sandboxs_clock_and_expire_after_a_month(account: Callable[..., Client]) -> None:
    clock = Clock()
    client = account(clock, async_seconds=60)
    job = client.record("POST", "customer", {**COMPANY, "externalId": "SLOW-1"}, headers=ASYNC).headers["Location"]
    assert client.call("GET", job).json()["progress"] == "pending"
    assert client.call("GET", f"{job}/task/1/result").status_code == 404
    clock.advance(61)
    assert client.call("GET", job).json()["progress"] == "succeeded"
    clock.advance(31 * 86_400)
    assert error_of(client.call("GET", job))[:2] == (404, "NONEXISTENT_ID")


def test_a_job_left_pending_is_done_after_a_restart(loaded_directory: Path, tmp_path: Path) -> None:
    for file in loaded_directory.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    first = create(tmp_path, Clock(), {"rsa_bits": 2048, "async_seconds": 3600})
    with running(first) as base_url:
        auth = signer(first.access(base_url))
        body = {**COMPANY, "externalId": "RESTART-1"}
        answer = requests.post(f"{base_url}{RECORDS}/customer", json=body, headers=ASYNC, auth=auth, timeout=10)
        job = answer.headers["Location"].split("/services")[1]
    first.close()
    second = create(tmp_path, Clock(), {"rsa_bits": 2048})
    with running(second) as base_url:
        client = Client(base_url, signer(second.access(base_url)), second)
        assert _wait(client, "/services" + job)["progress"] == "succeeded"
        assert client.get("customer/eid:RESTART-1")["companyName"] == "Later"
    second.close()


def test_unknown_jobs_are_404(shared: Client) -> None:
    for path in ("job/999999", "job/x", "job/999999/task", "nothing"):
        assert shared.call("GET", f"/services/rest/async/v1/{path}").status_code == 404
    assert shared.call("DELETE", "/services/rest/async/v1/job/1").status_code == 405
