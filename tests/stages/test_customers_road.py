"""Accounts become customers by the pairing's rule and no other way, parents before their children, over both emulators."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crosswalk_sandbox.company.model import Size
from tests.stages.office import Office
from tests.stages.world import world


@pytest.fixture
def office(tmp_path: Path, hub_dsn: str) -> Iterator[Office]:
    with world(tmp_path, hub_dsn, size=Size(accounts=3, products=20, deals=2)) as running:
        running.run_orders()
        yield Office(running)


def customers(office: Office, **accounts: str) -> dict[str, tuple[str, str | None]]:
    """The ERP's customers made for these accounts, with the parent each has, by the account's name here."""
    rows = office.erp.suiteql("SELECT id, externalid, parent FROM customer WHERE externalid LIKE 'SF-ACC-%'", 1000)
    by_account = {row["externalid"].removeprefix("SF-ACC-"): (row["id"], row.get("parent")) for row in rows}
    return {name: by_account[key] for name, key in accounts.items() if key in by_account}


def rule(office: Office, create_customers: str) -> None:
    orders = office.world.pairing.orders.model_copy(update={"create_customers": create_customers})
    office.world.pairing = office.world.pairing.model_copy(update={"orders": orders})


def test_parents_become_customers_before_their_children_and_whoever_sells_nothing_stays_a_prospect(
    office: Office,
) -> None:
    top = office.open_account()
    middle = office.open_account(ParentId=top)
    child, prospect = office.open_account(ParentId=middle), office.open_account(ParentId=top)
    office.win(prospect, stage="Negotiation/Review")
    deals = [office.win(one) for one in (child, middle, top)]  # the child's was won first
    counts = office.world.run_orders()
    assert counts["deliver_orders"]["rejected"] == 0
    made = customers(office, top=top, middle=middle, child=child, prospect=prospect)
    assert set(made) == {"top", "middle", "child"}
    assert (made["top"][1], made["middle"][1], made["child"][1]) == (None, made["top"][0], made["middle"][0])
    query = "select key from hub.ledger where kind = 'sending' and entity = 'customer' and key = any(%s) order by id"
    sent = office.world.rows(query, [top, middle, child])
    assert [key for (key,) in sent] == [top, middle, child]
    assert [len(office.orders_of(deal)) for deal in deals] == [1, 1, 1]


def test_a_stage_makes_customers_before_the_deal_is_won_and_a_late_parent_is_entered_later(office: Office) -> None:
    rule(office, "stage:Negotiation/Review")
    parent = office.open_account()
    child, early = office.open_account(ParentId=parent), office.open_account()
    office.win(child, stage="Negotiation/Review")
    office.win(early, stage="Qualification")
    office.world.run_orders()
    made = customers(office, parent=parent, child=child, early=early)
    assert set(made) == {"child"}
    assert made["child"][1] is None
    office.later()
    office.win(parent, stage="Negotiation/Review")
    office.world.run_orders()
    office.later()
    office.world.run_orders()
    made = customers(office, parent=parent, child=child, early=early)
    assert set(made) == {"parent", "child"}
    assert made["child"][1] == made["parent"][0]
    assert office.world.run_orders()["plan_orders"]["intents"] == 0


def test_without_a_rule_a_won_deal_of_an_unknown_account_waits_with_what_to_do(office: Office) -> None:
    rule(office, "never")
    account = office.open_account()
    deal = office.win(account)
    office.world.run_orders()
    assert customers(office, account=account) == {}
    [(message, hint)] = office.world.rows("select message, hint from hub.quarantine where key = %s", deal)
    assert "this pairing creates none" in message
    assert "link it" in hint
    rule(office, "won_deal")
    office.world.run_orders()
    assert set(customers(office, account=account)) == {"account"}
    assert len(office.orders_of(deal)) == 1
