"""What storing a plan does to intents that are there already, and what the gate makes of them."""

from __future__ import annotations

import threading
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from crosswalk.hub import ledger
from crosswalk.hub.codec import decode, encode
from crosswalk.hub.database import Connection, Hub
from crosswalk.hub.intents import IntentDraft, claim, finish, held_intents, let_through, mark_sending, replan, shadow
from crosswalk.model.records import Outcome, Receipt
from tests.hub.records import NOON, after, draft, plan, state

OTHER = {"memo": "changed"}


def take(connection: Connection, at: float = 0) -> list[Any]:
    return claim(connection, pairing="demo", flow="orders", limit=10, lease_seconds=60, now=after(at))


def reach(connection: Connection, status: str) -> None:
    """Bring intent A into ``status``."""
    if status in ("held", "shadowed"):
        plan(
            connection,
            [draft("A", held_reason="credit" if status == "held" else None)],
            mode="shadow" if status == "shadowed" else "live",
        )
        return
    plan(connection, [draft("A")])
    if status == "planned":
        return
    (intent,) = take(connection)
    assert mark_sending(connection, "A", intent.epoch, now=NOON)
    if status != "sending":
        assert finish(connection, "A", intent.epoch, Receipt("A", Outcome(status), native_id="SO-1"), now=NOON)


ALL = ["planned", "held", "sending", "done", "rejected", "in_doubt", "shadowed"]


@pytest.mark.parametrize("status", [status for status in ALL if status != "shadowed"])
def test_planning_the_same_again_changes_nothing(connection: Connection, status: str) -> None:
    reach(connection, status)
    before = state(connection, "A", "*")
    plan(connection, [draft("A", held_reason="credit" if status == "held" else None)])
    assert state(connection, "A", "*") == before


@pytest.mark.parametrize("status", ALL)
def test_a_different_wish_replaces_only_what_was_not_sent(connection: Connection, status: str) -> None:
    reach(connection, status)
    before = state(connection, "A", "*")
    number = plan(connection, [draft("A", payload=OTHER)], now=after(9))
    if status in ("done", "sending", "in_doubt"):
        assert state(connection, "A", "*") == before
    else:
        assert state(connection, "A", "status", "payload", "plan_id", "held_reason") == ("planned", OTHER, number, None)
        entry = ledger.intent_history(connection, "A")[-1]
        assert (entry.kind, entry.detail["replaces"], entry.detail["plan"]) == ("planned", status, number)


@pytest.mark.parametrize("status", [status for status in ALL if status != "shadowed"])
def test_a_plan_in_shadow_touches_nothing_live(connection: Connection, status: str) -> None:
    reach(connection, status)
    before = state(connection, "A", "*")
    plan(connection, [draft("A", payload=OTHER)], mode="shadow")
    assert state(connection, "A", "*") == before


def test_shadow_intents_are_never_claimed_and_become_real_with_a_live_plan(connection: Connection) -> None:
    plan(connection, [draft("A")], mode="shadow", held_reason="gate")
    assert state(connection, "A") == "shadowed"
    assert take(connection) == []
    plan(connection, [draft("A", payload=OTHER)], mode="shadow")
    assert state(connection, "A", "status", "payload") == ("shadowed", OTHER)
    plan(connection, [draft("A", payload=OTHER)])
    assert [intent.key for intent in take(connection)] == ["A"]


def test_an_edit_of_the_source_gives_a_rejected_intent_another_try(connection: Connection) -> None:
    reach(connection, "rejected")
    plan(connection, [draft("A", source_version="2")])
    assert state(connection, "A", "status", "message") == ("planned", None)


def test_replacing_a_claimed_intent_fences_its_worker_off(connection: Connection) -> None:
    plan(connection, [draft("A")])
    (stale,) = take(connection)
    plan(connection, [draft("A", payload=OTHER)])
    assert not mark_sending(connection, "A", stale.epoch, now=after(1))
    (fresh,) = take(connection, at=1)
    assert fresh.payload == OTHER


def test_an_intent_being_marked_as_sending_is_left_to_its_worker(hub: Hub) -> None:
    with hub.connection() as connection:
        plan(connection, [draft("A"), draft("B")])
        intents = {intent.key: intent for intent in take(connection)}
    with hub.connection() as worker, hub.connection() as planner:
        assert mark_sending(worker, "A", intents["A"].epoch, now=after(1))
        plan(planner, [draft("A", payload=OTHER), draft("B", payload=OTHER)])  # would wait for ever, were it to wait
    with hub.connection() as connection:
        assert state(connection, "A", "status", "payload") == ("sending", {"memo": "A"})
        assert state(connection, "B", "status", "payload") == ("planned", OTHER)


def test_two_plans_at_once_store_each_key_once(hub: Hub) -> None:
    drafts = [draft(f"K{number}") for number in range(50)]
    ready = threading.Barrier(2)

    def store(order: list[IntentDraft]) -> None:
        with hub.connection() as connection:
            ready.wait(timeout=10)
            plan(connection, order)

    planners = [threading.Thread(target=store, args=(order,)) for order in (drafts, drafts[::-1])]
    for planner in planners:
        planner.start()
    for planner in planners:
        planner.join(timeout=20)
    with hub.connection() as connection:
        assert connection.execute("select count(*), count(distinct key) from hub.intent").fetchone() == (50, 50)
        assert connection.execute("select count(*) from hub.ledger where kind = 'planned'").fetchone() == (50,)


def test_intents_are_claimed_in_the_order_they_were_planned(connection: Connection) -> None:
    plan(connection, [draft("Z"), draft("M")])
    plan(connection, [draft("A")])
    assert [intent.key for intent in take(connection)] == ["Z", "M", "A"]


def test_one_key_for_two_different_writes_is_refused(connection: Connection) -> None:
    with pytest.raises(ValueError, match="two different writes under the key A"):
        plan(connection, [draft("A"), draft("A", payload=OTHER)])


def test_the_same_draft_twice_is_one_intent(connection: Connection) -> None:
    plan(connection, [draft("A"), draft("A")])
    assert connection.execute("select count(*) from hub.intent").fetchone() == (1,)


def test_a_draft_that_depends_on_what_nobody_planned_is_refused(hub: Hub) -> None:
    with pytest.raises(ValueError, match="O depends on C"), hub.connection() as connection:
        plan(connection, [draft("O", depends_on="C")])
    with hub.connection() as connection:
        assert connection.execute("select count(*) from hub.plan").fetchone() == (0,)


def test_an_operation_that_nobody_knows_is_refused(hub: Hub) -> None:
    with pytest.raises(psycopg.errors.CheckViolation), hub.connection() as connection:
        plan(connection, [draft("A", operation="delete")])


def test_values_of_a_payload_come_back_as_they_went_in(connection: Connection) -> None:
    values = {
        "amount": Decimal("12.50"),
        "closed": date(2026, 3, 1),
        "won_at": NOON,
        "name": "Ünï",
        "count": 3,
        "none": None,
    }
    plan(connection, [draft("A", payload={"values": encode(values)})])
    (intent,) = take(connection)
    assert decode(intent.payload["values"]) == values


# --- The gate -------------------------------------------------------------------------------


def test_held_intents_wait_for_the_gate_and_go_when_let_through(connection: Connection) -> None:
    plan(connection, [draft("A"), draft("B", held_reason="credit")], held_reason="gate")
    assert take(connection) == []
    assert [intent.key for intent in held_intents(connection, pairing="demo", flow="orders", reason="gate")] == ["A"]
    assert [intent.key for intent in held_intents(connection, pairing="demo", flow="orders")] == ["A", "B"]
    assert let_through(connection, ["A"], run_id="run 2", actor="kim") == 1
    assert let_through(connection, ["A"], run_id="run 2", actor="kim") == 0
    assert [intent.key for intent in take(connection)] == ["A"]
    assert ledger.intent_history(connection, "A")[1].actor == "kim"


def test_a_let_through_intent_stays_so_until_something_else_is_wanted(connection: Connection) -> None:
    plan(connection, [draft("A")], held_reason="gate")
    let_through(connection, ["A"], run_id="run 2")
    plan(connection, [draft("A")], held_reason="gate")
    assert state(connection, "A") == "planned"
    plan(connection, [draft("A", payload=OTHER)], held_reason="gate")
    assert state(connection, "A", "status", "held_reason") == ("held", "gate")


def test_a_reason_of_its_own_holds_a_planned_intent_and_its_end_frees_it(connection: Connection) -> None:
    plan(connection, [draft("A")])
    plan(connection, [draft("A", held_reason="credit")])
    assert state(connection, "A", "status", "held_reason") == ("held", "credit")
    plan(connection, [draft("A")])
    assert state(connection, "A", "status", "held_reason") == ("planned", None)


def test_the_gate_can_keep_intents_in_shadow(connection: Connection) -> None:
    plan(connection, [draft("A"), draft("B")], held_reason="gate")
    assert shadow(connection, ["A"], run_id="run 2") == 1
    assert state(connection, "A", "status", "mode") == ("shadowed", "shadow")
    assert state(connection, "B") == "held"


def test_what_was_planned_while_off_is_held(connection: Connection) -> None:
    plan(connection, [draft("A")], mode="off")
    assert take(connection) == []
    assert let_through(connection, ["A"], run_id="run 2") == 1
    assert [intent.key for intent in take(connection)] == ["A"]


def _reject_parent(connection: Connection) -> None:
    plan(connection, [draft("C")])
    (intent,) = take(connection)
    assert mark_sending(connection, "C", intent.epoch, now=NOON)
    assert finish(connection, "C", intent.epoch, Receipt("C", Outcome.REJECTED, message="No."), now=NOON)


def test_a_child_let_through_under_a_rejected_parent_waits_for_it(connection: Connection) -> None:
    _reject_parent(connection)
    plan(connection, [draft("O", depends_on="C")], held_reason="gate")
    let_through(connection, ["O"], run_id="run 2")
    assert state(connection, "O", "status", "held_reason") == ("held", "parent")
    replan(connection, "C", actor="kim", reason="fixed")
    assert state(connection, "O") == "planned"


def test_a_new_plan_that_replaces_a_rejected_parent_frees_its_children(connection: Connection) -> None:
    _reject_parent(connection)
    plan(connection, [draft("O", depends_on="C")])
    assert state(connection, "O", "status", "held_reason") == ("held", "parent")
    plan(connection, [draft("C", payload=OTHER), draft("O", depends_on="C")])
    assert [state(connection, key) for key in "CO"] == ["planned", "planned"]
    assert [intent.key for intent in take(connection, at=1)] == ["C"]
