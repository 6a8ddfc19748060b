"""A person is asked in Airflow, answers there, and both systems and the ledger know; the brake is released by a run with a reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.airflow.first_runs import FirstRuns
from tests.airflow_rest import FINISHED
from tests.stack import PHASE_2, Stack, eventually

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(1200)]

APPROVALS = "netsuite_salesforce__approvals"
DISCOUNT = ("  discount: {}", '  discount: {most: "0.30"}')
BRAKE = ("    most_creates: 200", "    most_creates: 1")


@contextmanager
def changed(stack: Stack, was: str, now: str) -> Iterator[None]:
    """Let the pairing say something else for a while."""
    file = stack.project / "include" / "pairings" / "netsuite_salesforce.yaml"
    shipped = file.read_text()
    assert was in shipped
    file.write_text(shipped.replace(was, now))
    try:
        yield
    finally:
        file.write_text(shipped)


def required_action(stack: Stack, run: str) -> dict[str, Any]:
    """What a person sees under Required Actions, once the run asks and its task has gone to wait."""
    return eventually(lambda: _question(stack, run), 120, "the run asks a person")


def answer_it(stack: Stack, run: str, path: str, answer: dict[str, Any]) -> None:
    """Answer until the run has ended: an answer in the second of the question may be lost in Airflow, which then asks again."""

    def ended() -> bool:
        if _question(stack, run):
            stack.airflow.ask("PATCH", path, answer)
        return stack.airflow.state(APPROVALS, run) in FINISHED

    eventually(ended, 240, "the run acts on the answer")


def _question(stack: Stack, run: str) -> dict[str, Any] | None:
    of_run = f"/dags/{APPROVALS}/dagRuns/{run}"
    found = stack.airflow.get(f"{of_run}/hitlDetails", response_received=False)["hitl_details"]
    waits = found and stack.airflow.get(f"{of_run}/taskInstances/approval.ask/0")["state"] == "awaiting_input"
    return found[0] if waits else None


def test_a_person_approves_in_airflow_and_both_systems_show_it(stack: Stack, first: FirstRuns) -> None:
    company = first.company
    account = company.open_account()
    entry, listed = company.dear_entry()
    deal = company.win(account, lines=1, entry=entry, price=round(listed / 4, 2))
    with changed(stack, *DISCOUNT):
        stack.airflow.run(PHASE_2)
        assert (company.orders_of([deal])[deal], company.customers_of(account)) == ([], [])
        assert company.approval(deal) == ("Requested", None)
        run = stack.airflow.trigger(APPROVALS)
        asked = required_action(stack, run)
        name = company.crm.query(f"SELECT Name FROM Opportunity WHERE Id = '{deal}'")[0]["Name"]
        assert name in asked["subject"]
        assert re.search(r"Discount on the list\*\* \| [3-9]\d\.\d% of", asked["body"])
        for fact in ("30.0% need no approval", "new to the ERP", f"/{deal})", f"/{account})"):
            assert fact in asked["body"], fact
        assert asked["options"] == ["Approve", "Refuse", "Decide later"]
        answer = {"chosen_options": ["Approve"], "params_input": {"comment": "old friend"}}
        path = f"/api/v2/dags/{APPROVALS}/dagRuns/{run}/taskInstances/approval.ask/0/hitlDetails"
        assert stack.airflow_as("viewer").send("PATCH", path, answer).status_code == 403
        answer_it(stack, run, path, answer)
        stack.airflow.expect_green(APPROVALS, run)
        [(actor, at, comment)] = stack.rows(
            "select actor, at, detail ->> 'comment' from hub.ledger where kind = 'approved' and intent_key = %s",
            [f"SF-OPP-{deal}-R1"],
        )
        assert (actor, comment) == ("admin", "old friend")
        stack.airflow.clear(APPROVALS, run, [("approval.decide", 0)])
        stack.airflow.expect_green(APPROVALS, run)
        with changed(stack, *BRAKE):
            stack.airflow.run(PHASE_2, release_brake=True, reason="one order and its customer")
    [order] = company.orders_of([deal])[deal]
    [memo] = company.erp.suiteql(f"SELECT memo FROM transaction WHERE id = {order['id']}")
    assert re.fullmatch(rf"{name}\. Approved by admin on {at:%Y-%m-%d}: old friend", memo["memo"])
    assert company.approval(deal) == ("Approved", f"Approved by admin on {at:%Y-%m-%d}: old friend")
    said = stack.rows("select kind, actor, detail ->> 'reason' from hub.ledger where kind like 'brake%%' order by id")
    assert said == [("brake_released", "admin", "one order and its customer")]
    decided = "select count(*) from hub.ledger where intent_key = %s and kind in ('approved', 'approval_lapsed')"
    assert stack.rows(decided, [f"SF-OPP-{deal}-R1"]) == [(1,)]
