"""Deals that change after they were ordered, over both emulators: amended where the ERP allows it, flagged where not, once each."""

from __future__ import annotations

from typing import Any

import pytest

from crosswalk.stages.deliver import deliver
from crosswalk.stages.gate import gate
from crosswalk.stages.link import link_all
from crosswalk.stages.plan import plan
from crosswalk.stages.pull import pull
from crosswalk_sandbox.company.model import Size
from tests.stages.office import Office
from tests.stages.world import World, world


@pytest.fixture
def office(tmp_path: Any, hub_dsn: str) -> Any:
    with world(tmp_path, hub_dsn, size=Size(accounts=6, products=20, deals=6)) as running:
        running.run_orders()
        yield Office(running)


def amended(world: World) -> dict[str, Any]:
    counts = world.run_orders()
    return {**counts["plan_orders"], **counts["deliver_orders"]}


def flags(world: World) -> list[tuple[str, str, str]]:
    return world.rows(
        "select key, message, hint from hub.quarantine where stage in ('amend', 'deliver') and status = 'open'"
    )


def test_an_amended_deal_amends_its_order_once_and_leaves_other_lines_alone(office: Office) -> None:
    deal, order = office.sell(lines=3)
    before = office.order_lines(order)
    lines = office.deal_lines(deal)
    office.crm.update("OpportunityLineItem", lines[0]["Id"], {"Quantity": 9, "UnitPrice": 12.25})
    office.crm.delete("OpportunityLineItem", lines[1]["Id"])
    office.crm.update("Opportunity", deal, {"PO_Number__c": "PO-77"})
    first = amended(office.world)
    assert (first["intents"], first["done"], first["blocked"]) == (1, 1, 0)
    after = office.order_lines(order)
    assert [(line["item"], line["quantity"], line["rate"]) for line in after] == [
        (before[0]["item"], 9.0, 12.25),
        (before[2]["item"], before[2]["quantity"], before[2]["rate"]),
    ]
    assert after[1]["uniquekey"] == before[2]["uniquekey"]
    assert office.order(order)["otherrefnum"] == "PO-77"
    assert office.orders_of(deal) == [order]
    again = amended(office.world)
    assert (again["intents"], again["done"], again["blocked"]) == (0, 0, 0)
    office.crm.update("Opportunity", deal, {"Description": "called", "NextStep": "invoice", "Name": "Other name"})
    assert amended(office.world)["intents"] == 0
    office.later(200)  # until then the hub cannot know that the line was removed, and waits
    office.crm.update("OpportunityLineItem", lines[0]["Id"], {"Quantity": 4})
    assert amended(office.world)["done"] == 1
    keys = office.world.rows("select key, status from hub.intent where source_key = %s order by key", deal)
    assert [(key[-2:], status) for key, status in keys if "OPP" in key and not key.startswith("WB")] == [
        ("R1", "done"),
        ("R2", "done"),
        ("R3", "done"),
    ]


def test_what_was_partly_shipped_or_changed_in_the_erp_or_reopened_is_flagged_and_not_touched(office: Office) -> None:
    shipped, edited, lost = (office.sell(lines=2) for _ in range(3))
    office.ship_some(shipped[1])
    office.pull_orders()
    office.change_line(edited[1], quantity=5)
    for deal, _ in (shipped, edited):
        office.crm.update("OpportunityLineItem", office.deal_lines(deal)[0]["Id"], {"Quantity": 11})
    office.crm.update("Opportunity", lost[0], {"StageName": "Closed Lost"})
    lines = {order: office.order_lines(order) for _, order in (shipped, edited, lost)}
    result = amended(office.world)
    assert (result["intents"], result["blocked"]) == (0, 3)
    assert {order: office.order_lines(order) for order in lines} == lines
    said = {key: message for key, message, _ in flags(office.world)}
    assert "quantity 2 → 11" in said[shipped[0]]
    assert "partially shipped" in said[shipped[0]]
    assert "quantity 2.00 → 5" in said[edited[0]] or "quantity 2 → 5" in said[edited[0]]
    assert "lost" in said[lost[0]]
    assert all(hint for *_, hint in flags(office.world))
    office.crm.update("Opportunity", lost[0], {"StageName": "Closed Won"})
    office.change_line(edited[1], quantity=11)
    amended(office.world)
    assert [key for key, *_ in flags(office.world)] == [shipped[0]]


def test_an_order_that_is_changed_between_plan_and_delivery_is_not_overwritten(office: Office) -> None:
    deal, order = office.sell(lines=2)
    office.crm.update("OpportunityLineItem", office.deal_lines(deal)[0]["Id"], {"Quantity": 7})
    office.world.pull_all()
    context = office.world.context()
    link_all(context)
    assert plan(context, "orders").intents == 1
    gate(context, "orders")
    office.change_line(order, quantity=3)
    lines = office.order_lines(order)
    assert deliver(office.world.context(), "orders").rejected == 1
    assert office.order_lines(order) == lines
    assert amended(office.world)["intents"] == 0
    assert any(key == deal and "changed in the ERP, too" in message for key, message, _ in flags(office.world))


def test_an_amendment_taken_back_before_it_is_sent_is_withdrawn(office: Office) -> None:
    deal, order = office.sell(lines=1)
    line, lines = office.deal_lines(deal)[0], office.order_lines(order)
    for quantity in (8, line["Quantity"]):
        office.crm.update("OpportunityLineItem", line["Id"], {"Quantity": quantity})
        office.world.pull_all()
        plan(office.world.context(), "orders")
    gate(office.world.context(), "orders")
    assert deliver(office.world.context(), "orders").done == 0
    assert office.order_lines(order) == lines


def test_a_merged_accounts_link_goes_to_the_winner_and_is_followed_again_after_a_replay(office: Office) -> None:
    loser, winner, customer = office.linked_account(), office.open_account(), ""
    pull(office.world.context(), "crm", "customer")
    customer = office.customer_of(loser)
    office.merge("Account", winner, loser)
    pull(office.world.context(), "crm", "customer")
    link_all(office.world.context())
    assert office.customer_of(winner) == customer
    assert office.customer_of(loser) is None
    told = office.world.rows("select kind from hub.ledger where key = %s and entity = 'customer' order by id", loser)
    assert [kind for (kind,) in told][-3:] == ["deleted", "merged", "redirected"]
    last = office.open_account()
    pull(office.world.context(), "crm", "customer")
    office.merge("Account", last, winner)
    for _ in range(2):
        pull(office.world.context(), "crm", "customer", since=office.beginning)
        link_all(office.world.context())
    assert office.customer_of(last) == customer


# --- bill-to and ship-to --------------------------------------------------------------------------------


def ships(office: Office, order: str) -> tuple[str, str]:
    rows = office.erp.suiteql(
        "SELECT a.addr1 AS street, a.city AS city FROM transaction t JOIN transactionshippingaddress a ON a.nkey = t.shippingaddress "
        f"WHERE t.id = {order}"
    )
    return rows[0]["street"], rows[0]["city"]


def test_an_order_is_billed_to_its_customer_and_ships_where_the_account_says_also_when_that_changes(
    office: Office,
) -> None:
    parts = {"street": "addr1", "city": "city", "postal_code": "zip", "country": "country"}
    ship_to = {part: f"shippingAddress.{native}" for part, native in parts.items()}
    pairing = office.world.pairing
    office.world.pairing = pairing.model_copy(update={"orders": pairing.orders.model_copy(update={"ship_to": ship_to})})
    dock = {"ShippingStreet": "4 Dock Road", "ShippingCity": "Tacoma", "ShippingState": "WA", "ShippingPostalCode": "98421",
            "ShippingCountry": "United States"}  # fmt: skip
    account, plain = office.open_account(**dock), office.open_account()
    deals = [office.win(account), office.win(plain)]
    office.world.run_orders()
    orders = [office.orders_of(deal)[0] for deal in deals]
    assert ships(office, orders[0]) == ("4 Dock Road", "Tacoma")
    assert ships(office, orders[1])[1] == "Seattle"
    assert office.order(orders[0])["entity"] == office.customer_of(account)
    office.later()
    office.crm.update("Account", account, {"ShippingStreet": "9 Quay Street"})
    assert amended(office.world)["done"] == 1
    assert ships(office, orders[0]) == ("9 Quay Street", "Tacoma")
    office.later()
    assert amended(office.world)["intents"] == 0
