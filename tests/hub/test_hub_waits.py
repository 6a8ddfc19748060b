"""What waits says why, behind what and since when; the brake holds a plan until a person releases it, and an approval is about one payload."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from crosswalk.hub import approvals, ledger
from crosswalk.hub.brake import ask_about, brake, braked, refuse_brake, release_brake, was_released_by
from crosswalk.hub.database import Connection, Hub
from crosswalk.hub.gate import held_intents, let_through, replan
from crosswalk.hub.intents import Claimed, claim, finish, mark_sending
from crosswalk.hub.landing import land
from crosswalk.hub.waits import wait_summary, waits
from crosswalk.model.entities import ENTITIES
from crosswalk.model.records import Image, Outcome, Receipt
from crosswalk.pairing import Brake
from crosswalk.stages.gate import excesses
from crosswalk_airflow.local.hub_commands import age, hub
from tests.hub.records import NOON, after, draft, plan, state

DAY = timedelta(hours=24)


def update(key: str, target: str = "7", **changes: Any) -> Any:
    return draft(key, operation="update", target_key=target, **changes)


def take(connection: Connection, at: float = 0) -> list[Claimed]:
    return claim(connection, pairing="demo", flow="orders", limit=10, lease_seconds=60, now=after(at))


def rejected(connection: Connection, intent: Claimed, at: float) -> None:
    assert mark_sending(connection, intent.key, intent.epoch, now=after(at))
    receipt = Receipt(intent.key, Outcome.REJECTED, error_class="validation", message="No.")
    assert finish(connection, intent.key, intent.epoch, receipt, now=after(at))


# --- waits ----------------------------------------------------------------------------------------------


def test_what_waits_says_why_behind_what_and_since_when(connection: Connection) -> None:
    plan(connection, [draft("C", entity="customer"), draft("O", depends_on="C")])
    plan(connection, [update("first"), update("second")])
    plan(connection, [draft("H", held_reason="gate")], now=after(30))
    found = {wait.key: wait for wait in waits(connection, "demo", now=after(90))}
    assert {key: (wait.reason, wait.behind) for key, wait in found.items()} == {
        "O": ("parent", "C"),
        "second": ("turn", "first"),
        "H": ("gate", None),
    }
    assert (found["O"].age_seconds, found["H"].age_seconds, found["H"].since) == (90, 60, after(30))
    told = [(one.reason, one.intents, one.oldest) for one in wait_summary(connection, "demo", now=after(90))]
    assert told == [("parent", 1, "O"), ("turn", 1, "second"), ("gate", 1, "H")]


def test_a_child_of_a_rejected_parent_is_held_since_the_rejection_with_its_words(connection: Connection) -> None:
    plan(connection, [draft("C", entity="customer"), draft("O", depends_on="C")])
    (parent,) = take(connection)
    rejected(connection, parent, 40)
    (wait,) = waits(connection, "demo", now=after(100))
    assert (wait.key, wait.reason, wait.behind, wait.age_seconds) == ("O", "parent", "C", 60)
    assert "No." in str(wait.message)


def test_planning_again_does_not_make_a_wait_younger(connection: Connection) -> None:
    for number in range(3):
        changed = draft("A", held_reason="approval", source_version=str(number))
        plan(connection, [changed], now=after(number * 60))
    (wait,) = waits(connection, "demo", now=after(200))
    assert (wait.reason, wait.age_seconds) == ("approval", 200)
    plan(connection, [draft("A", held_reason="gate", source_version="3")], now=after(190))
    (wait,) = waits(connection, "demo", now=after(200))
    assert (wait.reason, wait.age_seconds) == ("gate", 10)


def test_a_write_in_doubt_waits_for_certainty(connection: Connection) -> None:
    plan(connection, [draft("A")])
    (mine,) = take(connection)
    assert mark_sending(connection, "A", mine.epoch, now=after(5))
    assert finish(connection, "A", mine.epoch, Receipt("A", Outcome.IN_DOUBT), now=after(10))
    (wait,) = waits(connection, "demo", now=after(65))
    assert (wait.reason, wait.age_seconds) == ("doubt", 60)


def test_on_call_reads_it_on_the_command_line(dsn: str) -> None:
    asked = ["waits", "--url", dsn]
    assert CliRunner().invoke(hub, asked).output.strip() == "Nothing waits."
    running = Hub(dsn)
    with running.connection() as connection:
        plan(connection, [draft("C", entity="customer"), draft("O1", depends_on="C"), draft("O2", depends_on="C")])
        (parent,) = take(connection)
        rejected(connection, parent, 1)
    running.close()
    said = CliRunner().invoke(hub, asked).output
    assert "demo  orders: 2 waiting for what it depends on; the oldest for" in said
    assert "O2" in said.splitlines()[-1]
    assert "rejected: No." in said.splitlines()[-1]


@pytest.mark.parametrize(("seconds", "said"), [(7.9, "7s"), (600, "10m"), (11_100, "3h05m"), (187_200, "2d4h")])
def test_spans_are_said_as_people_do(seconds: float, said: str) -> None:
    assert age(seconds) == said


# --- the brake ------------------------------------------------------------------------------------------


@pytest.fixture
def catalogue(connection: Connection) -> Connection:
    """A hub that knows ten living products of the ERP and one that is gone."""
    values = dict.fromkeys(ENTITIES["product"].field_names)
    images = [Image("netsuite", "product", str(n), "1", None, n == 10, values, {}, 1) for n in range(11)]
    land(connection, system="netsuite", entity=ENTITIES["product"], images=images, run_id="r", watermark=None)
    return connection


@pytest.mark.parametrize(
    ("changes", "off", "limits", "said"),
    [
        (5, 0, Brake(share_from=2), ""),
        (6, 0, Brake(share_from=2), "6 of the 10 product records in netsuite are more than the 50%"),
        (6, 0, Brake(share_from=7), ""),
        (4, 0, Brake(share_from=2, most_share=0.3), "more than the 30%"),
        (6, 0, Brake(most_updates=5), "6 updates are more than the 5"),
        (3, 3, Brake(most_deactivations=2), "3 deactivations are more than the 2"),
        (3, 2, Brake(most_deactivations=2), ""),
    ],
    ids=["half", "over-half", "too-few-to-count", "own-share", "absolute", "switching-off", "switching-few-off"],
)
def test_the_brake_counts_share_number_and_deactivations(
    catalogue: Connection, changes: int, off: int, limits: Brake, said: str
) -> None:
    drafts = [
        update(f"U{n}", str(n), entity="product", payload={"source": {"is_active": n >= off}, "n": n})
        for n in range(changes)
    ]
    plan(catalogue, drafts, held_reason="gate")
    found = list(excesses(catalogue, limits, held_intents(catalogue, pairing="demo", flow="orders")))
    assert bool(found) == bool(said)
    assert not said or said in found[0]


def stopped(connection: Connection, *keys: str) -> int:
    """Plan these and let the brake hold them; return the plan."""
    number = plan(connection, [update(key, key) for key in keys], held_reason="gate")
    brake(connection, keys, pairing="demo", flow="orders", run_id="r", excess="too much", now=NOON)
    return number


def told(connection: Connection, kinds: str = "brake%") -> list[tuple[str, str, str | None]]:
    query = "select actor, kind, detail ->> 'reason' from hub.ledger where kind like %s order by id"
    return connection.execute(query, (kinds,)).fetchall()


def test_a_braked_plan_goes_on_by_a_persons_word_that_the_ledger_keeps(connection: Connection) -> None:
    number = stopped(connection, "A", "B")
    stopped(connection, "A", "B")  # the next run finds the same: no news
    assert {wait.message for wait in waits(connection, "demo", now=NOON)} == {"too much"}
    assert take(connection) == []
    given = {"pairing": "demo", "flow": "orders", "run_id": "of olga", "actor": "olga"}
    assert release_brake(connection, plan_id=number, reason="spring prices", now=NOON, **given) == 2
    assert [intent.key for intent in take(connection)] == ["A", "B"]
    assert told(connection) == [("crosswalk", "braked", None), ("olga", "brake_released", "spring prices")]
    assert "olga" in {entry.actor for entry in ledger.intent_history(connection, "A")}
    assert was_released_by(connection, "orders", "of olga")
    assert not was_released_by(connection, "orders", "another run")


def test_a_release_is_about_the_plan_that_was_seen(connection: Connection) -> None:
    seen = stopped(connection, "A", "B")
    plan(connection, [update("B", "B", payload={"memo": "changed since"}), update("C", "C")], held_reason="gate")
    given = {"pairing": "demo", "flow": "orders", "run_id": "r", "actor": "olga"}
    assert release_brake(connection, plan_id=seen, reason="meant", now=NOON, **given) == 1
    assert {key: state(connection, key) for key in "ABC"} == {"A": "planned", "B": "held", "C": "held"}


def test_a_person_is_asked_once_about_a_plan_and_again_when_it_grows(connection: Connection) -> None:
    def asked(run: str, again_after: timedelta = DAY) -> list[int]:
        return [one.intents for one in ask_about(connection, "demo", run_id=run, again_after=again_after)]

    plan(connection, [update("Z", "Z")], held_reason="gate")  # at the gate, which has not judged it yet
    assert asked("one") == []
    number = stopped(connection, "A", "B")
    assert braked(connection, "demo")[0].excess == "too much"
    assert (asked("one"), asked("one"), asked("two"), asked("two", timedelta(0))) == ([2], [2], [], [2])
    refuse_brake(connection, pairing="demo", flow="orders", plan_id=number, actor="ulf", reason="no", run_id="one")
    refuse_brake(connection, pairing="demo", flow="orders", plan_id=number, actor="ulf", reason="no", run_id="one")
    assert asked("three", timedelta(0)) == []
    assert [kind for _, kind, _ in told(connection)].count("brake_refused") == 1
    stopped(connection, "C")
    assert asked("four") == [3]


# --- approvals ------------------------------------------------------------------------------------------


@pytest.fixture
def waiting(connection: Connection) -> Connection:
    """An order that waits for an approval with the customer it needs."""
    customer = draft("C", entity="customer", held_reason="approval")
    plan(connection, [customer, draft("O", depends_on="C", held_reason="approval", payload=ORDER)])
    return connection


ORDER: dict[str, object] = {"memo": "cheap", "approval": ["discount_line"]}
Decide = Callable[..., bool]


@pytest.fixture
def decide(waiting: Connection) -> Decide:
    def answer(approved: bool, actor: str = "olga", payload_hash: str | None = None) -> bool:
        about = payload_hash or state(waiting, "O", "payload_hash")
        given = {"approved": approved, "actor": actor, "comment": "because", "run_id": "asking"}
        return approvals.decide(waiting, "demo", key="O", payload_hash=about, **given)

    return answer


def kinds(connection: Connection, key: str) -> list[str]:
    return [entry.kind for entry in ledger.intent_history(connection, key)]


def test_an_order_and_the_customer_only_it_needs_are_asked_about_once(waiting: Connection) -> None:
    def asked(run: str, again_after: timedelta = DAY) -> list[str]:
        return [one.key for one in approvals.ask(waiting, "demo", run_id=run, again_after=again_after)]

    assert (asked("one"), asked("one"), asked("two"), asked("two", timedelta(0))) == (["O"], ["O"], [], ["O"])
    assert kinds(waiting, "O").count("asked") == 2
    plan(waiting, [draft("C", entity="customer"), draft("O", depends_on="C", held_reason="approval", payload={**ORDER, "memo": "2"})])  # fmt: skip
    assert asked("three") == ["O"]


def test_an_approved_order_goes_to_the_gate_with_its_customer_and_saying_so_again_changes_nothing(
    waiting: Connection, decide: Decide
) -> None:
    assert decide(True)
    assert {key: state(waiting, key, "held_reason") for key in "CO"} == {"C": "gate", "O": "gate"}
    before = kinds(waiting, "O")
    assert decide(True)
    assert kinds(waiting, "O") == before == ["held", "approved"]
    (decision,) = approvals.decisions(waiting, ["O"]).values()
    assert decision.words == f"Approved by olga on {decision.at:%Y-%m-%d}: because"
    assert decide(False, "ulf") is False
    assert kinds(waiting, "O")[-1] == "approval_lapsed"


def test_an_answer_about_what_the_deal_said_before_lapses(waiting: Connection, decide: Decide) -> None:
    old = state(waiting, "O", "payload_hash")
    plan(waiting, [draft("C", entity="customer"), draft("O", depends_on="C", held_reason="approval", payload={**ORDER, "memo": "2"})])  # fmt: skip
    assert decide(True, payload_hash=old) is False
    assert state(waiting, "O", "held_reason") == "approval"
    assert kinds(waiting, "O")[-1] == "approval_lapsed"


@pytest.mark.parametrize("approved", [None, False])
def test_neither_the_gate_nor_a_replay_passes_by_an_approval(
    waiting: Connection, decide: Decide, approved: bool | None
) -> None:
    if approved is not None:
        assert decide(approved)
    assert let_through(waiting, ["O"], run_id="r") == 0
    assert not replan(waiting, "O", actor="kim", reason="hurry")
    assert state(waiting, "O", "status", "held_reason") == ("held", "approval" if approved is None else "refused")


def test_an_approved_order_whose_payload_a_person_edits_is_asked_about_anew_and_the_edit_stays(
    waiting: Connection, decide: Decide
) -> None:
    assert decide(True)
    assert let_through(waiting, ["C", "O"], run_id="r", now=NOON) == 2
    (parent,) = take(waiting, 1)
    assert mark_sending(waiting, "C", parent.epoch, now=after(1))
    assert finish(waiting, "C", parent.epoch, Receipt("C", Outcome.DONE, native_id="77"), now=after(1))
    (order,) = take(waiting, 2)
    rejected(waiting, order, 2)
    edited = {**ORDER, "memo": "cheaper", "edited_by": "kim"}
    assert replan(waiting, "O", edited, actor="kim", reason="typo")
    assert state(waiting, "O", "status", "held_reason") == ("held", "approval")
    plan(waiting, [draft("O", depends_on="C", payload=ORDER)], held_reason="gate")
    assert state(waiting, "O", "held_reason", "payload") == ("approval", edited)
    assert decide(True, "ulf")
    assert state(waiting, "O", "held_reason") == "gate"
