"""Families of companies, and records that are merged inside a system, over both emulators: links, open writes and orders follow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crosswalk.hub import ledger
from crosswalk.hub.database import Connection, Hub
from crosswalk.hub.landing import land
from crosswalk.hub.matches import Proposal, decide, never, open_matches, propose
from crosswalk.hub.merges import survivors
from crosswalk.identity.rules import link_by_rules
from crosswalk.model.entities import CUSTOMER
from crosswalk.model.records import Image
from crosswalk.pairing import load_pairing
from crosswalk.stages.deliver import deliver
from crosswalk.stages.gate import gate
from crosswalk.stages.link import link_all
from crosswalk.stages.merges import follow_merges
from crosswalk.stages.plan import plan
from crosswalk_sandbox.company.model import Size
from crosswalk_sandbox.kernel.faults import FaultKind, FaultRule
from tests.stages.office import Office
from tests.stages.world import INCLUDE, world

SHIPPED = load_pairing(INCLUDE / "pairings" / "netsuite_salesforce.yaml")


@pytest.fixture
def office(tmp_path: Path, hub_dsn: str) -> Any:
    with world(tmp_path, hub_dsn, size=Size(accounts=3, products=20, deals=3)) as running:
        running.run_orders()
        yield Office(running)


def parent_of(office: Office, account: str) -> str | None:
    return office.customer(account).get("parent")


def merge_in_erp(office: Office, loser: str, survivor: str) -> None:
    office.later()
    office.world.vendors["netsuite"].emulator.actions["merge_customers"]({"duplicate": loser, "master": survivor})


def customers_made(office: Office, *accounts: str) -> list[str]:
    named = ", ".join(f"'SF-ACC-{account}'" for account in accounts)
    return [
        row["externalid"]
        for row in office.erp.suiteql(f"SELECT externalid FROM customer WHERE externalid IN ({named})")
    ]


def waiting(office: Office, deal: str) -> str:
    rows = office.world.rows(
        "select payload #>> '{problems,0,code}' from hub.quarantine where key = %s and status = 'open'", deal
    )
    return ", ".join(code for (code,) in rows)


# --- parents --------------------------------------------------------------------------------------------


def test_a_family_is_created_from_the_top_and_a_parent_that_comes_late_gets_its_children(office: Office) -> None:
    top, late = office.open_account(), office.open_account()
    middle = office.open_account(ParentId=top)
    child, orphan = office.open_account(ParentId=middle), office.open_account(ParentId=late)
    for account in (child, middle, top, orphan):
        office.win(account)
    assert office.world.run_orders()["deliver_orders"]["rejected"] == 0
    assert parent_of(office, child) == office.customer_of(middle)
    assert parent_of(office, middle) == office.customer_of(top)
    assert parent_of(office, orphan) is None
    office.later()
    office.win(late)
    office.world.run_orders()
    assert parent_of(office, orphan) is None  # the parent was not there yet when this was planned
    office.later()
    assert office.world.run_orders()["deliver_orders"]["done"] == 1
    assert parent_of(office, orphan) == office.customer_of(late)
    office.later()
    assert office.world.run_orders()["plan_orders"]["intents"] == 0


# --- merges in the CRM ----------------------------------------------------------------------------------


def test_what_is_still_to_be_written_for_a_merged_account_is_written_for_its_survivor(office: Office) -> None:
    loser, survivor = office.open_account(), office.open_account()
    deal = office.win(loser)
    office.world.pull_all()
    context = office.world.context()
    link_all(context)
    plan(context, "orders")
    gate(context, "orders")
    office.later()
    office.merge("Account", survivor, loser)
    office.world.run_orders()
    made = office.erp.suiteql(
        f"SELECT externalid FROM customer WHERE externalid IN ('SF-ACC-{loser}', 'SF-ACC-{survivor}')"
    )
    assert [row["externalid"] for row in made] == [f"SF-ACC-{survivor}"]
    (order,) = office.orders_of(deal)
    assert office.order(order)["entity"] == office.customer_of(survivor)
    ((status,),) = office.world.rows("select status from hub.intent where key = %s", f"SF-ACC-{loser}")
    assert status == "shadowed"


def test_a_customer_that_was_being_made_when_its_account_was_merged_is_the_survivors(office: Office) -> None:
    loser, survivor = office.open_account(), office.open_account()
    deals = [office.win(loser)]
    office.world.pull_all()
    context = office.world.context()
    link_all(context)
    plan(context, "orders")
    gate(context, "orders")
    refused = FaultRule(FaultKind.REFUSE, path=r"/record/v1/customer", method="POST", count=1)
    office.world.vendors["netsuite"].faults.add(refused)
    deliver(office.world.context(), "orders")
    ((status,),) = office.world.rows("select status from hub.intent where key = %s", f"SF-ACC-{loser}")
    assert status == "in_doubt"
    office.later()
    office.merge("Account", survivor, loser)
    deals.append(office.win(survivor))
    office.world.pull_all()
    context = office.world.context()
    link_all(context)
    plan(context, "orders")
    assert [waiting(office, deal) for deal in deals] == ["customer_under_way"] * 2
    office.world.clock = lambda: datetime.now(UTC) + timedelta(seconds=3000)
    for _ in range(2):
        office.world.run_orders()
    assert len(customers_made(office, loser, survivor)) == 1
    assert [office.order(order)["entity"] for deal in deals for order in office.orders_of(deal)] == [
        office.customer_of(survivor)
    ] * 2


def test_a_deal_whose_account_was_merged_is_amended_and_one_that_was_given_to_another_is_flagged(
    office: Office,
) -> None:
    deal, order = office.sell(lines=1)
    given, untouched = office.sell(lines=1)
    account = office.crm.query(f"SELECT AccountId FROM Opportunity WHERE Id = '{deal}'")[0]["AccountId"]
    other = office.open_account()
    office.merge("Account", office.open_account(), account)
    office.crm.update("OpportunityLineItem", office.deal_lines(deal)[0]["Id"], {"Quantity": 7})
    office.crm.update("Opportunity", given, {"AccountId": other})
    office.world.run_orders()
    assert office.order_lines(order)[0]["quantity"] == 7
    assert waiting(office, deal) == ""
    assert waiting(office, given) == "order_not_amendable"
    assert len(office.orders_of(given)) == 1
    assert office.order(untouched)["entity"] != office.customer_of(other)


# --- merges in the ERP ----------------------------------------------------------------------------------


def test_a_customer_that_was_merged_in_the_erp_is_followed_to_where_its_documents_went(office: Office) -> None:
    deal, order = office.sell(lines=1)
    account = office.crm.query(f"SELECT AccountId FROM Opportunity WHERE Id = '{deal}'")[0]["AccountId"]
    loser = office.customer_of(account)
    assert loser is not None
    survivor = (
        office.erp.call("POST", "/services/rest/record/v1/customer", json=_company("Solstice Freight", office))
        .headers["location"]
        .rpartition("/")[2]
    )
    merge_in_erp(office, loser, survivor)
    again = office.win(account)
    office.crm.update("OpportunityLineItem", office.deal_lines(deal)[0]["Id"], {"Quantity": 9})
    office.world.run_orders()
    assert office.customer_of(account) == survivor
    assert [office.order(one)["entity"] for one in office.orders_of(again)] == [survivor]
    assert office.order_lines(order)[0]["quantity"] == 9


def test_an_account_whose_customer_went_into_that_of_another_account_gets_no_second_one(office: Office) -> None:
    first, second = office.sell(lines=1), office.sell(lines=1)
    accounts = [
        office.crm.query(f"SELECT AccountId FROM Opportunity WHERE Id = '{deal}'")[0]["AccountId"]
        for deal, _ in (first, second)
    ]
    loser, survivor = (office.customer_of(account) for account in accounts)
    assert loser is not None
    assert survivor is not None
    merge_in_erp(office, loser, survivor)
    deal = office.win(accounts[0])
    office.world.run_orders()
    assert office.orders_of(deal) == []
    assert waiting(office, deal) == "customer_gone"
    office.later()
    office.merge("Account", accounts[1], accounts[0])
    office.world.run_orders()
    (order,) = office.orders_of(deal)
    assert office.order(order)["entity"] == survivor


def _company(name: str, office: Office) -> dict[str, Any]:
    return {
        "companyName": name,
        "entityId": name,
        "subsidiary": {"id": "1"},
        "currency": {"id": "1"},
        "entityStatus": {"id": "13"},
    }


# --- what people said, and chains ------------------------------------------------------------------------


def landed(connection: Connection, system: str, key: str, number: str | None, *, deleted: bool = False) -> None:
    image = Image(
        system, "customer", key, "1", None, deleted, {"name": key, "number": number}, fingerprint=hash((key, number))
    )
    land(connection, system=system, entity=CUSTOMER, images=[image], run_id="r", watermark=None)


def merged(connection: Connection, loser: str, winner: str) -> None:
    landed(connection, "salesforce", loser, None, deleted=True)
    note = ledger.Entry("merged", None, "r", system="salesforce", entity="customer", key=loser, detail={"into": winner})
    ledger.write(connection, [note])


def test_what_was_called_different_from_a_merged_account_is_different_from_its_survivor(hub: Hub) -> None:
    with hub.connection() as connection:
        for system, key, number in (("salesforce", "A", "7"), ("salesforce", "B", None), ("netsuite", "1", "7")):
            landed(connection, system, key, number)
        proposal = Proposal("A", "1", 1.0, "the same number", ())
        propose(connection, SHIPPED.name, "customer", ("salesforce", "netsuite"), [proposal], "r")
        (match,) = open_matches(connection, SHIPPED.name)
        decide(connection, match.id, "different", actor="ann")
        merged(connection, "A", "B")
        landed(connection, "salesforce", "B", "7")
        for _ in range(2):
            follow_merges(connection, SHIPPED, "customer", "r")
        assert [one.links for one in link_by_rules(connection, SHIPPED, "customer", "r")] == [0, 0, 0, 0]
        assert frozenset({("salesforce", "B"), ("netsuite", "1")}) in never(connection, SHIPPED.name, "customer")


def test_a_chain_of_merges_ends_with_its_last_or_with_one_that_was_brought_back(hub: Hub) -> None:
    with hub.connection() as connection:
        for key in "ABC":
            landed(connection, "salesforce", key, None)
        merged(connection, "A", "B")
        merged(connection, "B", "C")
        assert survivors(connection, "salesforce", "customer", ["A", "B", "C"]) == {"A": "C", "B": "C"}
        landed(connection, "salesforce", "B", "1")
        assert survivors(connection, "salesforce", "customer", ["A", "B", "C"]) == {"A": "B"}


def test_documents_that_went_to_two_customers_do_not_say_where_a_deleted_one_went(hub: Hub) -> None:
    with hub.connection() as connection:
        for key in "ABC":
            landed(connection, "netsuite", key, None, deleted=key == "A")
        for winner in "BC":
            assert survivors(connection, "netsuite", "customer", ["A"]) == ({} if winner == "B" else {"A": "B"})
            note = ledger.Entry(
                "moved", None, "r", system="netsuite", entity="customer", key="A", detail={"into": winner}
            )
            ledger.write(connection, [note])
        assert survivors(connection, "netsuite", "customer", ["A"]) == {}
