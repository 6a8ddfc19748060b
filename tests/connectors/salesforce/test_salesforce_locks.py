"""Whose turn it is to write a record, and which record is whose parent (Salesforce §8.1, §17)."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from crosswalk.connectors.salesforce.locks import Turns, parent_of, record_of
from crosswalk.model.records import Operation, Value, Write

A, B = "001000000000001", "001000000000002"


def write(operation: Operation = Operation.CREATE, **values: Value) -> Write:
    return Write(
        "k", "x", operation, {path.replace("__dot__", "."): value for path, value in values.items()}, A + "AAA"
    )


def test_a_turn_ends_also_when_the_request_fails() -> None:
    turns = Turns()
    with pytest.raises(ConnectionError), turns.taken([A], [B], turns.ticket()):
        raise ConnectionError
    with turns.taken([], [A, B], turns.ticket()) as stale:
        assert not stale


def test_whoever_read_before_another_s_turn_ended_is_told_that_it_may_be_stale() -> None:
    turns, may_go_on = Turns(), threading.Event()

    def waits() -> bool:
        ticket = turns.ticket()
        may_go_on.set()
        with turns.taken([A], [], ticket) as stale:
            return stale

    with ThreadPoolExecutor(1) as pool:
        with turns.taken([A], [], turns.ticket()):
            late = pool.submit(waits)
            assert may_go_on.wait(10)
        assert late.result(10)


C = "001000000000003"


@pytest.mark.parametrize(
    ("records", "parents", "stale"), [([B], [A], False), ([B], [C], False), ([C], [A], True), ([A], [], True)]
)
def test_who_waited_for_a_shared_parent_only_need_not_read_again(
    records: list[str], parents: list[str], stale: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crosswalk.connectors.salesforce.locks.LONGEST_TURN", 0.0)  # nobody lets go in this test
    turns = Turns()
    with turns.taken([C], [A], turns.ticket()), turns.taken(records, parents, turns.ticket()) as told:
        assert told is stale


def test_a_child_that_leaves_its_parent_as_it_is_makes_nothing_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crosswalk.connectors.salesforce.locks.LONGEST_TURN", 0.0)  # nobody lets go in this test
    turns = Turns()
    for own, stale in (([A], False), ([C], True)):
        with turns.taken([C], [A], turns.ticket(), quiet=True), turns.taken(own, [], turns.ticket()) as told:
            assert told is stale


@pytest.mark.parametrize(("records", "parents", "stale"), [([A], [], True), ([B], [], False), ([], [A], False)])
def test_only_who_writes_the_same_record_afterwards_must_read_again(
    records: list[str], parents: list[str], stale: bool
) -> None:
    turns = Turns()
    ticket = turns.ticket()
    with turns.taken([A], [], ticket):
        pass
    with turns.taken(records, parents, ticket) as told:
        assert told is stale
    with turns.taken(records, parents, turns.ticket()) as told:
        assert not told


def test_what_is_forgotten_counts_as_written() -> None:
    turns = Turns()
    ticket = turns.ticket()
    for start in range(0, 60_000, 20_000):
        with turns.taken([f"{number:015d}" for number in range(start, start + 20_000)], [], ticket):
            pass
    with turns.taken([A], [], ticket) as stale:
        assert stale


@pytest.mark.parametrize(
    ("native", "values", "stored", "parent"),
    [
        ("Contact", {"AccountId": B + "AAA"}, A, B),
        ("Contact", {"Title": "x"}, A + "AAA", A),
        ("Contact", {"Account__dot__ERP_Id__c": "C-1"}, A, "Account.ERP_Id__c=C-1"),
        ("Contact", {"Account__dot__ERP_Id__c": None}, A, A),
        ("Contact", {"AccountId": None}, A, ""),
        ("OrderItem", {"OrderId": B}, None, B),
        ("Product2", {"AccountId": B}, A, ""),
    ],
)
def test_the_parent_is_the_one_the_write_names_else_the_one_there_is(
    native: str, values: dict[str, Value], stored: str | None, parent: str
) -> None:
    assert parent_of(write(**values), native, stored) == parent


def test_a_record_is_held_by_its_fifteen_characters_and_only_once_it_is_there() -> None:
    assert record_of(write(Operation.UPDATE)) == A
    assert record_of(write(Operation.CREATE)) == ""
