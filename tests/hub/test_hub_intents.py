"""The intent protocol, step by step: who may send when, and what a lost worker or a lost answer leads to."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from crosswalk.hub import ledger, quarantine
from crosswalk.hub.arrivals import Arrival, finish_all
from crosswalk.hub.database import Connection, Hub
from crosswalk.hub.intents import (
    Claimed,
    claim,
    finish,
    mark_all_sending,
    mark_sending,
    mark_settled,
    release,
    replan,
    unsettled,
)
from crosswalk.hub.modes import set_mode
from crosswalk.model.errors import ValidationError
from crosswalk.model.records import Outcome, Receipt
from tests.hub.conftest import rolled_back
from tests.hub.records import after, draft, plan, state

LEASE = 60
LONGEST = 600


def take(connection: Connection, at: float = 0, **changes: Any) -> list[Claimed]:
    settings: dict[str, Any] = {
        "pairing": "demo",
        "flow": "orders",
        "limit": 10,
        "lease_seconds": LEASE,
        "now": after(at),
    }
    return claim(connection, **{**settings, **changes})


def send(connection: Connection, intent: Claimed, at: float = 0) -> bool:
    return mark_sending(
        connection, intent.key, intent.epoch, lease_seconds=LEASE, longest_request_seconds=LONGEST, now=after(at)
    )


def end(connection: Connection, intent: Claimed, outcome: Outcome, at: float = 0, **receipt: Any) -> bool:
    return finish(connection, intent.key, intent.epoch, Receipt(intent.key, outcome, **receipt), now=after(at))


def kinds(connection: Connection, key: str) -> list[str]:
    return [entry.kind for entry in ledger.intent_history(connection, key)]


@pytest.fixture
def planned(connection: Connection) -> Connection:
    plan(connection, [draft("A")])
    return connection


def sent(connection: Connection, at: float = 0) -> Claimed:
    (intent,) = take(connection, at)
    assert send(connection, intent, at)
    return intent


def test_a_write_goes_from_planned_to_done_and_the_ledger_tells_each_step(planned: Connection) -> None:
    intent = sent(planned, at=1)
    assert end(planned, intent, Outcome.DONE, at=2, native_id="SO-1")
    assert state(planned, "A", "status", "target_key", "attempt", "finished_at") == ("done", "SO-1", 1, after(2))
    assert kinds(planned, "A") == ["planned", "sending", "done"]


def test_a_claimed_intent_is_not_claimed_again_while_its_lease_lasts(planned: Connection) -> None:
    assert take(planned)
    assert take(planned, at=LEASE - 1) == []


def test_a_worker_that_stalls_before_sending_is_fenced_off_by_the_next_one(planned: Connection) -> None:
    (slow,) = take(planned)
    (fast,) = take(planned, at=LEASE)
    assert not fast.in_doubt
    assert not send(planned, slow, at=LEASE + 1)
    assert not end(planned, slow, Outcome.REJECTED, at=LEASE + 1)
    assert not release(planned, slow.key, slow.epoch, None, now=after(LEASE + 1))
    assert send(planned, fast, at=LEASE + 1)


def test_one_claim_sends_only_once(planned: Connection) -> None:
    intent = sent(planned)
    assert not send(planned, intent, at=1)


_TURNS = "select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()"


def test_turns_are_taken_for_the_writes_that_go_out_only_however_the_table_is_read(connection: Connection) -> None:
    plan(connection, [draft(f"{n}", operation="update", target_key=f"SO-{n}") for n in range(40)])
    mine = take(connection, limit=8)  # so few are looked for one by one, which costs more than asking for a lock
    for way in ("indexscan", "indexonlyscan", "bitmapscan"):
        connection.execute(f"set local enable_{way} = off".encode())
    before = connection.execute(_TURNS).fetchone()
    assert len(mark_all_sending(connection, {one.key: one.epoch for one in mine}, now=after(1))) == 8
    held = connection.execute(_TURNS).fetchone()
    assert before is not None
    assert held is not None
    assert held[0] - before[0] == 8


def _told(connection: Connection, key: str) -> list[tuple[Any, ...]]:
    entries = ledger.intent_history(connection, key)
    return [(e.at, e.pairing, e.run_id, e.actor, e.kind, e.system, e.entity, e.key, e.detail) for e in entries]


_AS_IT_IS = "select to_jsonb(i) - 'key' - 'source_key' - 'plan_id' - 'position' - 'epoch' - 'payload' - 'payload_hash' from hub.intent i where key = %s"


@pytest.mark.parametrize("adopted", [False, True])
def test_what_is_recorded_as_done_with_others_is_as_if_recorded_alone(connection: Connection, adopted: bool) -> None:
    plan(
        connection,
        [
            *(draft(key, source_key="1", payload={"memo": "same"}) for key in "AB"),
            draft("C"),
            draft("D", depends_on="B"),
        ],
    )
    claimed = {intent.key: intent for intent in take(connection)}
    for key in "AB":
        error = ValidationError("no", hint="yes")
        quarantine.put(
            connection, pairing="demo", system="salesforce", entity="deal", key="1", stage="deliver", error=error,
            payload={"intent": key}, run_id="run 1", now=after(0),
        )  # fmt: skip
        assert send(connection, claimed[key], at=1)
        connection.execute(
            "update hub.intent set status = 'held', held_reason = 'parent' where depends_on = %s", (key,)
        )
        receipt = Receipt(key, Outcome.DONE, native_id="SO-1", adopted=adopted)
        if key == "A":
            assert finish(connection, key, claimed[key].epoch, receipt, run_id="run 2", now=after(2))
        else:
            gone = Arrival("C", claimed["C"].epoch - 1, Receipt("C", Outcome.DONE, native_id="SO-2"))
            arrivals = [Arrival(key, claimed[key].epoch, receipt), gone]
            assert finish_all(connection, arrivals, run_id="run 2", now=after(2)) == {key}
        assert quarantine.open_items(connection, "demo") == []
    assert _told(connection, "A")[-1] == _told(connection, "B")[-1]
    alone, together = (connection.execute(_AS_IT_IS, (key,)).fetchone() for key in "AB")
    assert alone == together
    assert state(connection, "D") == "planned"
    assert state(connection, "C") == "planned"


def test_nothing_is_recorded_as_done_that_was_never_sent(connection: Connection) -> None:
    plan(connection, [draft("A"), draft("B")])
    a, b = take(connection)
    assert send(connection, a)
    arrivals = [Arrival(one.key, one.epoch, Receipt(one.key, Outcome.DONE, native_id="SO-1")) for one in (a, b)]
    with pytest.raises(ValueError, match="law 1"), connection.transaction():
        finish_all(connection, arrivals)
    assert state(connection, "A") == "sending"
    assert finish_all(connection, [Arrival("B", b.epoch, Receipt("B", Outcome.DONE, native_id="1", adopted=True))]) == {
        "B"
    }


def test_a_finished_intent_is_never_finished_again(planned: Connection) -> None:
    intent = sent(planned)
    assert end(planned, intent, Outcome.DONE, native_id="SO-1")
    assert not end(planned, intent, Outcome.REJECTED)
    assert take(planned, at=10_000) == []


def test_the_intent_of_a_worker_that_died_sending_comes_back_in_doubt_for_look_up_only(planned: Connection) -> None:
    lost = sent(planned)
    assert take(planned, at=LEASE - 1) == []
    (doubtful,) = take(planned, at=LEASE)
    assert doubtful.in_doubt
    assert not doubtful.may_send
    assert not send(planned, doubtful, at=LEASE + 1)
    assert not end(planned, lost, Outcome.DONE, at=LEASE + 1, native_id="SO-1")
    assert end(planned, doubtful, Outcome.DONE, at=LEASE + 2, native_id="SO-1", adopted=True)
    assert kinds(planned, "A") == ["planned", "sending", "in_doubt", "done"]


def test_a_create_whose_answer_was_lost_is_looked_up_at_once_and_sent_again_only_after_the_longest_request(
    planned: Connection,
) -> None:
    intent = sent(planned)
    assert end(planned, intent, Outcome.IN_DOUBT, at=5)
    (first,) = take(planned, at=6)
    assert first.in_doubt
    assert not send(planned, first, at=6)
    assert end(planned, first, Outcome.IN_DOUBT, at=7)
    assert take(planned, at=LEASE + LONGEST - 1) == []
    (second,) = take(planned, at=LEASE + LONGEST)
    assert second.in_doubt
    assert second.may_send
    assert send(planned, second, at=LEASE + LONGEST)
    assert state(planned, "A", "status", "attempt") == ("sending", 2)


def test_a_look_up_from_before_the_longest_request_was_over_allows_no_resend_after_it(planned: Connection) -> None:
    sent(planned)
    (early,) = take(planned, at=LEASE + LONGEST - 1)
    assert not early.may_send
    assert not send(planned, early, at=LEASE + LONGEST + 1)  # the first request may have arrived after the look-up


def test_an_update_in_doubt_waits_until_the_first_one_can_no_longer_arrive(connection: Connection) -> None:
    plan(connection, [draft("U", operation="update", target_key="7")])
    sent(connection)
    assert take(connection, at=LEASE + LONGEST - 1) == []
    (again,) = take(connection, at=LEASE + LONGEST)
    assert send(connection, again, at=LEASE + LONGEST)


def test_a_later_deadline_of_the_worker_postpones_the_resend_and_an_earlier_one_does_not(planned: Connection) -> None:
    intent = sent(planned)
    receipt = Receipt("A", Outcome.IN_DOUBT)
    assert finish(planned, "A", intent.epoch, receipt, not_before=after(5000), now=after(1))
    (again,) = take(planned, at=2)
    assert finish(planned, "A", again.epoch, receipt, not_before=after(10), now=after(3))
    assert state(planned, "A", "resend_after", "not_before") == (after(5000), after(5000))


def test_released_intents_wait_their_time_and_are_sent_without_doubt(planned: Connection) -> None:
    intent = sent(planned)
    assert release(planned, "A", intent.epoch, after(30), now=after(1))
    assert not send(planned, intent, at=2)
    assert take(planned, at=29) == []
    (again,) = take(planned, at=30)
    assert not again.in_doubt
    assert send(planned, again, at=30)


def test_a_look_up_that_could_not_be_made_leaves_the_doubt(planned: Connection) -> None:
    sent(planned)
    (doubtful,) = take(planned, at=LEASE)
    assert release(planned, "A", doubtful.epoch, after(LEASE + 5), now=after(LEASE + 1))
    (again,) = take(planned, at=LEASE + 5)
    assert again.in_doubt
    assert not send(planned, again, at=LEASE + 5)


def test_doubt_outlives_a_rejection_that_no_target_spoke(planned: Connection) -> None:
    sent(planned)
    (doubtful,) = take(planned, at=LEASE)
    assert end(planned, doubtful, Outcome.REJECTED, at=LEASE, message="no such product")
    assert replan(planned, "A", actor="kim", reason="product added", now=after(LEASE + 1))
    (again,) = take(planned, at=LEASE + 2)
    assert again.in_doubt
    assert not send(planned, again, at=LEASE + 2)


@pytest.mark.parametrize("outcome", [Outcome.DONE, Outcome.IN_DOUBT])
def test_no_outcome_without_a_recorded_sending(planned: Connection, outcome: Outcome) -> None:
    (intent,) = take(planned)
    with pytest.raises(ValueError, match="law 1"):
        end(planned, intent, outcome)


def test_what_the_target_refused_is_in_quarantine_until_its_replay_is_delivered(planned: Connection) -> None:
    intent = sent(planned)
    no = {
        "error_class": "validation",
        "error_code": "BAD_DATE",
        "message": "Date is in a closed period.",
        "hint": "Open it.",
    }
    assert end(planned, intent, Outcome.REJECTED, at=1, **no)
    (item,) = quarantine.open_items(planned, "demo")
    assert (item.system, item.entity, item.key, item.stage, item.error_class, item.hint) == (
        "salesforce",
        "deal",
        "deal of A",
        "deliver",
        "validation",
        "Open it.",
    )
    assert take(planned, at=10_000) == []
    assert replan(planned, "A", {"memo": "later"}, actor="kim", reason="moved to the open period", now=after(2))
    (again,) = take(planned, at=3)
    assert again.payload == {"memo": "later"}
    assert not again.in_doubt
    assert send(planned, again, at=3)
    assert end(planned, again, Outcome.DONE, at=4, native_id="SO-1")
    assert quarantine.open_items(planned, "demo") == []
    assert kinds(planned, "A") == ["planned", "sending", "rejected", "replayed", "sending", "done"]


def test_only_rejected_and_held_intents_are_replayed(planned: Connection) -> None:
    assert not replan(planned, "A", actor="kim", reason="impatience")
    intent = sent(planned)
    assert not replan(planned, "A", actor="kim", reason="impatience")
    assert end(planned, intent, Outcome.DONE, native_id="SO-1")
    assert not replan(planned, "A", actor="kim", reason="impatience")


def test_a_child_is_claimed_only_once_its_parent_is_done_and_learns_its_id(connection: Connection) -> None:
    plan(connection, [draft("C", entity="customer"), draft("O", depends_on="C")])
    parent = sent(connection)
    assert parent.key == "C"
    assert take(connection, at=1) == []
    assert end(connection, parent, Outcome.DONE, at=2, native_id="CUST-9")
    (child,) = take(connection, at=3)
    assert (child.key, child.parent_target_key) == ("O", "CUST-9")


def test_a_rejected_parent_holds_everything_below_it_with_a_reason_until_it_is_replayed(connection: Connection) -> None:
    plan(connection, [draft("C", entity="customer"), draft("O", depends_on="C"), draft("I", depends_on="O")])
    parent = sent(connection)
    assert end(connection, parent, Outcome.REJECTED, at=1, message="Name is taken.")
    for key in ("O", "I"):
        status, reason, message = state(connection, key, "status", "held_reason", "message")
        assert (status, reason) == ("held", "parent")
        assert message == "Waits for C, which was rejected: Name is taken."
    assert not replan(connection, "O", actor="kim", reason="impatience")
    assert replan(connection, "C", actor="kim", reason="renamed", now=after(2))
    assert [state(connection, key) for key in "COI"] == ["planned"] * 3
    assert [intent.key for intent in take(connection, at=3)] == ["C"]


@pytest.mark.parametrize("mode", ["off", "shadow"])
def test_a_flow_that_is_switched_off_stops_at_the_next_intent(planned: Connection, mode: Any) -> None:
    (intent,) = take(planned)
    set_mode(planned, "demo", "orders", mode, actor="kim", evidence={"why": "stop"})
    assert not send(planned, intent)
    assert take(planned, at=LEASE) == []
    set_mode(planned, "demo", "orders", "live", actor="kim", evidence={"why": "go"})
    assert [again.key for again in take(planned, at=LEASE)] == ["A"]


def test_delivered_writes_are_unsettled_until_they_were_read_back(planned: Connection) -> None:
    intent = sent(planned)
    assert unsettled(planned, pairing="demo", flow="orders") == []
    assert end(planned, intent, Outcome.DONE, native_id="SO-1")
    (waiting,) = unsettled(planned, pairing="demo", flow="orders")
    assert (waiting.key, waiting.source_key, waiting.target_key) == ("A", "deal of A", "SO-1")
    assert mark_settled(planned, ["A"]) == 1
    assert mark_settled(planned, ["A"]) == 0
    assert unsettled(planned, pairing="demo", flow="orders") == []


def test_workers_claiming_at_the_same_time_share_the_intents_without_waiting(hub: Hub) -> None:
    with hub.connection() as connection:
        plan(connection, [draft(f"K{number}") for number in range(40)])
    shares: list[list[str]] = []
    both_claimed = threading.Barrier(4)

    def work() -> None:
        with hub.connection() as connection:
            mine = take(connection, limit=10)
            both_claimed.wait(timeout=10)  # nobody has committed yet
            shares.append([intent.key for intent in mine])

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=20)
    assert sorted(key for share in shares for key in share) == sorted(f"K{number}" for number in range(40))


def test_a_claim_that_is_rolled_back_is_no_claim(hub: Hub) -> None:
    with hub.connection() as connection:
        plan(connection, [draft("A")])
    with rolled_back(hub) as connection:
        assert take(connection)
    with hub.connection() as connection:
        assert [intent.key for intent in take(connection)] == ["A"]


def test_without_a_given_time_the_hub_tells_it(planned: Connection) -> None:
    (intent,) = claim(planned, pairing="demo", flow="orders", limit=1, lease_seconds=30)
    row = planned.execute("select clock_timestamp()").fetchone()
    assert row is not None
    assert 25 < (intent.lease_until - row[0]).total_seconds() <= 30
    assert mark_sending(planned, "A", intent.epoch)
    assert claim(planned, pairing="demo", flow="orders", limit=1, lease_seconds=30) == []
