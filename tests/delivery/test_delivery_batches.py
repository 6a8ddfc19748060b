"""Which claimed writes go together in one request."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from crosswalk.delivery.batches import batches
from crosswalk.hub.intents import Claimed

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def update(key: str, parent: str | None = None) -> Claimed:
    wanted = (key, "customer", "update", "netsuite", "customer", key)
    sending = (1, 1, "customers", None, "salesforce", key, None, None)
    return Claimed(*wanted, *sending, {"parent": parent}, "", 0, False, False, None, None, NOON)


def test_updates_go_alone_where_only_creates_share_a_request() -> None:
    wanted = [
        update("a", "mother"),
        update("b", "mother"),
        *(replace(update(key), operation="create") for key in "cde"),
    ]
    found = batches(wanted, {"customer": 10}, slots=1, updates_alone=True)
    assert sorted([intent.key for intent in request] for request in found) == [["a"], ["b"], ["c", "d", "e"]]


def test_a_parent_goes_with_its_children_so_that_no_two_requests_lock_it() -> None:
    claimed = [update(f"{number}") for number in range(30)]
    claimed[3:3] = [update("mother")]
    claimed[20:20] = [update("a", "mother"), update("b", "mother")]
    found = batches([*claimed, update("c", "mother")], {"customer": 10}, slots=4)
    (family,) = (one for one in found if any(intent.key == "mother" for intent in one))
    assert {"mother", "a", "b", "c"} <= {intent.key for intent in family}
    assert sum(map(len, found)) == len(claimed) + 1
    assert max(map(len, found)) == 10


def test_a_batch_that_would_break_a_family_apart_is_filled_up_with_those_that_have_none() -> None:
    claimed = [update(f"{number}") for number in range(9)]
    claimed += [update(f"{mother}{number}", mother) for mother in "abc" for number in range(7)]
    found = batches(claimed, {"customer": 10}, slots=1)
    assert [len(request) for request in found] == [10, 10, 10]  # no more requests than rows need
    assert sorted(intent.key for request in found for intent in request) == sorted(intent.key for intent in claimed)
    families = [
        intent.payload["parent"]
        for request in found
        for intent in {one.payload["parent"]: one for one in request}.values()
    ]
    assert [families.count(mother) for mother in "abc"] == [1, 1, 1]


def test_three_generations_go_in_one_request_so_that_none_waits_for_the_middle_one() -> None:
    claimed = [update(f"child{number}", "mother") for number in range(4)]
    claimed += [update(f"stranger{number}", "kin") for number in range(8)]
    claimed += [update("mother", "elder"), update("aunt", "elder"), update("circle", "ring"), update("ring", "circle")]
    found = batches(claimed, {"customer": 10}, slots=1)
    assert sum(map(len, found)) == len(claimed)
    (together,) = (request for request in found if any(intent.key == "mother" for intent in request))
    assert {"mother", "aunt", *(f"child{number}" for number in range(4))} <= {intent.key for intent in together}


def test_few_writes_are_spread_over_few_requests_however_many_slots_there_are() -> None:
    found = batches([update(f"{number}") for number in range(400)], {"customer": 100}, slots=30)
    assert sorted(map(len, found)) == [100] * 4, "each call costs allowance"
    found = batches([update(f"{number}") for number in range(80)], {"customer": 100}, slots=30)
    assert sorted(map(len, found)) == [20] * 4
