"""Writes of one record keep their order and never overlap, whatever flow they are of and however many workers there are."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from crosswalk.hub.database import Connection, Hub
from crosswalk.hub.intents import Claimed, claim, finish, mark_all_sending, mark_sending, replan
from crosswalk.model.records import Outcome, Receipt
from tests.hub.records import NOON, after, draft, plan


def update(key: str, target: str = "7", **changes: Any) -> Any:
    return draft(key, operation="update", target_key=target, **changes)


def take(connection: Connection, at: float = 0, flow: str = "orders") -> list[Claimed]:
    return claim(connection, pairing="demo", flow=flow, limit=10, lease_seconds=60, now=after(at))


def send(connection: Connection, intent: Claimed, at: float = 0) -> bool:
    return mark_sending(
        connection, intent.key, intent.epoch, lease_seconds=60, longest_request_seconds=600, now=after(at)
    )


def end(connection: Connection, intent: Claimed, outcome: Outcome, at: float = 0) -> bool:
    return finish(connection, intent.key, intent.epoch, Receipt(intent.key, outcome, native_id="7"), now=after(at))


@pytest.mark.parametrize("second_flow", ["orders", "write_back"])
def test_the_second_update_of_a_record_is_claimed_when_the_first_is_over(hub: Hub, second_flow: str) -> None:
    with hub.connection() as connection:
        plan(connection, [update("first")])
        plan(connection, [update("second"), update("other", "8")], flow=second_flow)
    with hub.connection() as connection:
        taken = [*take(connection), *(take(connection, flow=second_flow) if second_flow != "orders" else [])]
        assert [intent.key for intent in taken] == ["first", "other"]
        assert send(connection, taken[0])
        assert take(connection, 30, second_flow) == []
    with hub.connection() as connection:
        assert end(connection, taken[0], Outcome.DONE, 5)
        assert "second" in {intent.key for intent in take(connection, 100, second_flow)}


def test_an_update_in_doubt_keeps_later_ones_of_its_record_waiting(hub: Hub) -> None:
    with hub.connection() as connection:
        plan(connection, [update("first"), update("second")])
        (first,) = take(connection)
        assert send(connection, first)
        assert end(connection, first, Outcome.IN_DOUBT, 5)
        assert take(connection, 100) == []
        assert [intent.key for intent in take(connection, 700)] == ["first"]


def test_a_replayed_earlier_update_waits_for_the_later_one_that_is_under_way(hub: Hub) -> None:
    with hub.connection() as connection:
        plan(connection, [update("first"), update("second")])
        (first,) = take(connection)
        assert send(connection, first)
        assert end(connection, first, Outcome.REJECTED)
        (second,) = take(connection, 1)
        assert replan(connection, "first", actor="kim", reason="mended", now=after(2))
        assert take(connection, 3) == []  # the second is claimed
        assert send(connection, second, 4)
        assert take(connection, 5) == []  # and under way


def test_two_workers_that_hold_two_updates_of_one_record_do_not_send_both(hub: Hub) -> None:
    """As after a replay in the very moment of a claim: both are claimed, and both are asked for at once."""
    with hub.connection() as connection:
        plan(connection, [update("first"), update("second")])
        connection.execute("update hub.intent set epoch = 1, claimed_at = %s, lease_until = %s", (NOON, after(60)))
    asked, sent = threading.Barrier(2), []

    def work(key: str) -> None:
        with hub.connection() as connection:
            mine = mark_all_sending(connection, {key: 1}, now=after(1))
            asked.wait(timeout=20)  # neither has committed
            sent.extend(mine)

    workers = [threading.Thread(target=work, args=(key,)) for key in ("first", "second")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=30)
    assert len(sent) == 1
