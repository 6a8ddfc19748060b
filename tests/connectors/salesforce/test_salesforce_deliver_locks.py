"""Rows that others lock, children of one parent, and two who write the same: nobody waits for ever, nothing is overwritten."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from crosswalk.model.records import Operation, Outcome, Receipt, Write
from tests.connectors.loopback import Received, Reply
from tests.connectors.salesforce.org import Org, Row, error, minutes, once, running
from tests.connectors.salesforce.writing import COLLECTION, create, outcomes, update

LOCK = "unable to obtain exclusive access to this record or 1 records: 001x"
ROLLUP = f"rollup: execution of AfterUpdate caused by: UNABLE_TO_LOCK_ROW, {LOCK}"


def locked(org: Org, name: str, *, times: int, code: str = "UNABLE_TO_LOCK_ROW", message: str = LOCK) -> None:
    """Somebody else holds the row of this name for so many requests."""
    left = [times]

    def held(record: Row) -> Row | None:
        if record.get("Name") != name or not left[0]:
            return None
        left[0] -= 1
        return {"success": False, "errors": [{"statusCode": code, "message": message, "fields": []}]}

    org.row_faults.append(held)


@pytest.mark.parametrize(
    ("code", "message"), [("UNABLE_TO_LOCK_ROW", LOCK), ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", ROLLUP)]
)
def test_a_locked_row_is_sent_again_alone_after_a_wait_that_is_never_the_same(code: str, message: str) -> None:
    org = Org()
    locked(org, "Account 2", times=2, code=code, message=message)
    slept: list[float] = []
    with running(org, sleep=slept.append) as (salesforce, server):
        receipts = salesforce.deliver([create(1), create(2), create(3)])
        sent = [len(request.json()["records"]) for request in server.received if request.path.endswith("sobjects")]
    assert outcomes(receipts) == [("done", None)] * 3
    assert sent == [3, 1, 1]
    assert 1 <= slept[0] <= 3
    assert 2 <= slept[1] <= 6


def test_a_row_that_stays_locked_is_planned_again_apart_from_the_others() -> None:
    org = Org()
    locked(org, "Account 1", times=99)
    locked(org, "Account 2", times=99)
    with running(org) as (salesforce, _):
        one, two, fine = salesforce.deliver([create(1), create(2), create(3)])
    assert (one.outcome, two.outcome, fine.outcome) == (Outcome.RETRY, Outcome.RETRY, Outcome.DONE)
    assert one.retry_after is not None
    assert two.retry_after is not None
    assert one.retry_after != two.retry_after
    assert 20 <= min(one.retry_after, two.retry_after) <= max(one.retry_after, two.retry_after) <= 60


def test_a_row_that_whoever_locked_it_has_changed_is_not_overwritten() -> None:
    org = Org()
    key = org.put("Account", Name="A")
    locked(org, "ours", times=1)

    def somebody_saves(_seconds: float) -> None:
        org.now += minutes(1)
        org.put("Account", Id=key, Name="theirs")

    with running(org, sleep=somebody_saves) as (salesforce, _):
        (receipt,) = salesforce.deliver([update(key, "2026-05-06T12:00:00Z", Name="ours")])
    assert (receipt.outcome, receipt.error_class) == (Outcome.REJECTED, "conflict")
    assert org.rows["Account"][key]["Name"] == "theirs"


def test_a_limit_reached_while_a_locked_row_is_sent_again_hides_no_receipt() -> None:
    org = Org()
    locked(org, "Account 2", times=1)
    daily = error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    org.faults.append(once(COLLECTION, daily, skip=1))
    with running(org) as (salesforce, _):
        first, second = salesforce.deliver([create(1), create(2)])
    assert (first.outcome, second.outcome, second.error_class) == (Outcome.DONE, Outcome.RETRY, "rate_limit")


@pytest.mark.parametrize(("parents", "together"), [(("001A", "001A"), False), (("001A", "001B"), True)])
def test_children_of_one_parent_are_never_written_by_two_requests_at_once(
    parents: tuple[str, str], together: bool
) -> None:
    org = Org()
    met, under_way = threading.Event(), threading.Semaphore(1)

    def watch(request: Received) -> Reply | None:
        if request.path.endswith("composite/sobjects"):
            if under_way.acquire(blocking=False):
                met.wait(0.4)
                under_way.release()
            else:
                met.set()
        return None

    with running(org) as (salesforce, _), ThreadPoolExecutor(2) as pool:
        salesforce.usage()  # signed in
        org.lasting_faults.append(watch)
        writes = [Write(f"k{n}", "contact", Operation.CREATE, {"AccountId": one}) for n, one in enumerate(parents)]
        receipts = [receipt for got in pool.map(lambda one: salesforce.deliver([one]), writes) for receipt in got]
    assert outcomes(receipts) == [("done", None)] * 2
    assert met.is_set() is together


def test_updates_learn_their_parents_with_the_versions_and_travel_beside_their_siblings() -> None:
    org = Org()
    keys = [org.put("Contact", AccountId=f"001{number % 2}") for number in range(6)]
    with running(org) as (salesforce, server):
        writes = [
            Write(f"k{key}", "contact", Operation.UPDATE, {"Title": "x"}, key, expected_version="2026-05-06T12:00:00Z")
            for key in keys
        ]
        assert outcomes(salesforce.deliver(writes)) == [("done", None)] * 6
        sent = [record["Id"] for record in server.received[-1].json()["records"]]
    assert org.calls == ["login", "GET queryAll", "PATCH composite/sobjects"]
    assert sent == keys[::2] + keys[1::2]


def test_of_two_requests_that_read_the_same_version_only_one_writes() -> None:
    org = Org()
    key = org.put("Account", Name="A")
    other: list[Receipt] = []
    read = threading.Event()

    def another_request_of_ours(request: Received) -> Reply | None:
        if not request.path.strip("/").endswith("queryAll") or read.is_set():
            return None
        read.set()
        answer = org.answer(request)
        org.now += minutes(1)
        other.extend(salesforce.deliver([update(key, "2026-05-06T12:00:00Z", Name="first")]))
        return answer

    with running(org) as (salesforce, _):
        org.lasting_faults.append(another_request_of_ours)
        receipts = salesforce.deliver([update(key, "2026-05-06T12:00:00Z", Name="second")])
    assert (outcomes(other), outcomes(receipts)) == ([("done", None)], [("rejected", "conflict")])
    assert org.rows["Account"][key]["Name"] == "first"
