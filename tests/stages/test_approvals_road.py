"""Orders that need a person, over both emulators: held, asked about with all the facts, decided, and seen in both systems."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crosswalk.hub import writes
from crosswalk.hub.decisions import replay_edited
from crosswalk.hub.quarantine import open_items
from crosswalk.hub.waits import waits
from crosswalk.model.errors import ConfigurationError
from crosswalk.stages.approvals import answer, ask, question
from crosswalk.stages.deliver import deliver
from crosswalk.stages.edited import measured
from crosswalk.stages.gate import gate
from crosswalk.stages.link import link_all
from crosswalk.stages.plan import plan
from crosswalk.stages.pull import pull
from crosswalk_airflow.ui.payload_form import edited
from crosswalk_sandbox.company.model import Size
from tests.stages.office import Office
from tests.stages.test_waiting_orders_road import PAIRING, SYSTEMS, Company
from tests.stages.world import World, world


@pytest.fixture
def office(tmp_path: Path, hub_dsn: str) -> Iterator[Office]:
    with world(tmp_path, hub_dsn, size=Size(accounts=3, products=20, deals=2)) as running:
        running.run_orders()
        pull(running.context(), "erp", "price")
        yield Office(running)


def policy(world: World, **orders: Any) -> None:
    """Change what the pairing says about orders; a mapping changes a policy below."""
    known = world.pairing.orders
    for name, value in orders.items():
        below = known.__dict__[name].model_copy(update=value) if isinstance(value, dict) else value
        known = known.model_copy(update={name: below})
    world.pairing = world.pairing.model_copy(update={"orders": known})


def shown(office: Office, deal: str) -> tuple[str | None, str | None]:
    """What a salesperson sees on the deal."""
    row = office.crm.query(f"SELECT ERP_Approval__c, ERP_Approval_Note__c FROM Opportunity WHERE Id = '{deal}'")[0]
    return row["ERP_Approval__c"], row["ERP_Approval_Note__c"]


def asked(office: Office) -> list[str]:
    return [item for item in ask(office.world.context()).items if item.startswith("order:")]


def say(office: Office, item: str, approved: bool, comment: str = "old friend", actor: str = "olga") -> str:
    return answer(office.world.context(), item, approved=approved, actor=actor, comment=comment).outcome


def sold(office: Office, share: float, account: str | None = None) -> str:
    """A deal of one line, two pieces, at this share of the list price; returns its id."""
    return office.win(account or office.open_account(), lines=1, price=round(office.list_price * share, 2))


def told(office: Office, deal: str, *kinds: str) -> list[tuple[str, str]]:
    """Who did what to the deal's order, by the ledger."""
    query = "select actor, kind from hub.ledger where intent_key like %s and kind = any(%s) order by id"
    return office.world.rows(query, f"SF-OPP-{deal}-%", list(kinds))


def test_a_discount_above_the_limit_waits_for_a_person_and_both_systems_show_who_approved_it(office: Office) -> None:
    policy(office.world, discount={"most": Decimal("0.30")})
    account = office.open_account()
    deal, harmless = sold(office, 0.5, account), sold(office, 0.8)
    counts = office.world.run_orders()
    assert (counts["gate_orders"]["released"], counts["deliver_orders"]["done"]) == (
        2,
        2,
    )  # the other deal and its customer
    assert (office.orders_of(deal), len(office.orders_of(harmless))) == ([], 1)
    assert office.erp.suiteql(f"SELECT id FROM customer WHERE externalid = 'SF-ACC-{account}'") == []
    assert shown(office, deal) == ("Requested", None)
    (item,) = asked(office)
    put = question(office.world.context(), item, lambda side, entity, key: f"https://{side}/{entity}/{key}")
    assert put is not None
    price = f"{round(office.list_price * 0.5, 2) * 2:,.2f} USD"
    assert price in put.subject
    for fact in (price, "50.0% of", "30.0% need no approval", "new to the ERP", f"(https://crm/deal/{deal})", f"(https://crm/customer/{account})"):  # fmt: skip
        assert fact in put.body, fact
    with office.world.hub.connection() as connection:
        assert {wait.reason for wait in waits(connection, office.world.pairing.name)} == {"approval"}
    assert asked(office) == []
    assert say(office, item, True) == "approved"
    office.world.run_orders()
    (order,) = office.orders_of(deal)
    assert re.search(r"Deal \d+\. Approved by olga on \d{4}-\d\d-\d\d: old friend$", office.order(order)["memo"])
    status, note = shown(office, deal)
    assert (status, str(note).startswith("Approved by olga on ")) == ("Approved", True)
    assert told(office, deal, "asked", "approved", "done") == [
        ("crosswalk", "asked"),
        ("olga", "approved"),
        ("crosswalk", "done"),
    ]
    again = office.world.run_orders()
    assert (again["plan_orders"]["intents"], again["plan_write_back"]["intents"]) == (0, 0)


def test_a_deal_that_is_changed_after_its_approval_needs_a_new_one(office: Office) -> None:
    policy(office.world, discount={"most": Decimal("0.30")})
    deal = sold(office, 0.5)
    office.world.run_orders()
    (item,) = asked(office)
    assert say(office, item, True) == "approved"
    office.later()
    office.crm.update("OpportunityLineItem", office.deal_lines(deal)[0]["Id"], {"Quantity": 7})
    office.world.run_orders()
    assert office.orders_of(deal) == []
    assert shown(office, deal)[0] == "Requested"
    assert say(office, item, True) == "lapsed"
    (anew,) = asked(office)
    assert anew != item
    assert say(office, anew, True) == "approved"
    office.world.run_orders()
    (order,) = office.orders_of(deal)
    assert office.order_lines(order)[0]["quantity"] == 7
    office.later(200)
    office.crm.update("OpportunityLineItem", office.deal_lines(deal)[0]["Id"], {"Quantity": 8})
    office.world.run_orders()
    assert office.order_lines(order)[0]["quantity"] == 7  # the order exists, and its change waits, too
    (change,) = asked(office)
    put = question(office.world.context(), change)
    assert put is not None
    assert put.subject.startswith("Change 1 of the order")
    assert "quantity 7 → 8" in put.body
    assert say(office, change, True, comment="", actor="ulf") == "approved"
    office.world.run_orders()
    assert office.order_lines(order)[0]["quantity"] == 8
    assert "Approved by ulf" in office.order(order)["memo"]


def test_what_a_person_refused_stays_in_quarantine_until_the_deal_is_changed(office: Office) -> None:
    policy(office.world, discount={"most": Decimal("0.30")})
    deal = sold(office, 0.5)
    office.world.run_orders()
    (item,) = asked(office)
    assert say(office, item, False, comment="too cheap") == "refused"
    for _ in range(2):
        office.world.run_orders()
    assert (office.orders_of(deal), asked(office)) == ([], [])
    status, note = shown(office, deal)
    assert (status, str(note).endswith(": too cheap")) == ("Refused", True)
    [(message, hint)] = office.world.rows(
        "select message, hint from hub.quarantine where key = %s and status = 'open'", deal
    )
    assert "olga refused it on" in message
    assert "Change the deal" in hint
    office.later()
    dearer = round(office.list_price * 0.9, 2)
    office.crm.update("OpportunityLineItem", office.deal_lines(deal)[0]["Id"], {"UnitPrice": dearer})
    office.world.run_orders()
    (order,) = office.orders_of(deal)
    assert office.order_lines(order)[0]["rate"] == dearer
    assert shown(office, deal) == ("Not required", None)
    assert office.world.rows("select 1 from hub.quarantine where key = %s and status = 'open'", deal) == []


def test_credit_is_looked_at_before_the_order_and_the_pairing_says_what_follows(office: Office) -> None:
    """The same customer and deal under each policy: a limit that blocks, asks, warns; then a hold, which blocks whatever the limit says."""
    account = office.open_account()
    office.win(account, lines=1, price=100)
    office.world.run_orders()
    office.later()
    customer = office.customer(account)["id"]
    office.erp.update("customer", customer, {"creditLimit": 250})
    deal = office.win(account, lines=1, price=90)
    policy(office.world, credit={"over_limit": "block", "tolerance": Decimal(0)})
    office.world.run_orders()
    [(message, field)] = office.world.rows("select message, field from hub.quarantine where key = %s", deal)
    assert (office.orders_of(deal), field) == ([], "credit_limit")
    assert "the credit limit is 250.00" in message
    assert re.search(r"open orders 2\d\d\.\d\d, orders under way 0\.00, this order 180\.00", message)
    policy(office.world, credit={"over_limit": "approve"})
    office.world.run_orders()
    (item,) = asked(office)
    put = question(office.world.context(), item)
    assert put is not None
    for fact in (
        "180.00 USD",
        "| **Credit limit** | 250.00 USD |",
        "open orders 2",
        "beyond the limit",
        "| **Overdue** | nothing |",
    ):
        assert fact in put.body, fact
    assert office.orders_of(deal) == []
    policy(office.world, credit={"over_limit": "warn"})
    office.erp.update("customer", customer, {"creditHoldOverride": "ON"})
    office.world.run_orders()
    [(held,)] = office.world.rows("select message from hub.quarantine where key = %s and status = 'open'", deal)
    assert (office.orders_of(deal), "credit hold" in held) == ([], True)
    office.later()
    office.erp.update("customer", customer, {"creditHoldOverride": "OFF"})
    office.world.run_orders()
    assert len(office.orders_of(deal)) == 1
    assert told(office, deal, "warned") == [("crosswalk", "warned")]
    assert shown(office, deal)[0] == "Not required"


def test_a_plan_behind_the_brake_is_asked_about_and_sent_with_the_reason_in_the_ledger(office: Office) -> None:
    policy(office.world, brake={"most_creates": 1})
    deals = [sold(office, 0.9) for _ in range(2)]
    assert office.world.run_orders()["gate_orders"]["held"] == 4
    (item,) = ask(office.world.context()).items
    assert item.startswith("brake:orders@")
    put = question(office.world.context(), item)
    assert put is not None
    assert put.subject == "4 writes of orders wait behind the brake"
    assert "4 creates are more than the 1" in put.body
    assert "2 creates of customer in NetSuite; 2 creates of order in NetSuite" in put.body
    with pytest.raises(ConfigurationError, match="needs a reason"):
        say(office, item, True, comment=" ")
    assert ask(office.world.context()).items == ()
    context = office.world.context()
    for _ in range(2):
        assert answer(context, item, approved=True, actor="olga", comment="fair in May").outcome == "approved"
    assert say(office, item, True) == "lapsed"
    office.world.run_orders()
    assert [len(office.orders_of(deal)) for deal in deals] == [1, 1]
    released = office.world.rows("select actor, detail ->> 'reason' from hub.ledger where kind = 'brake_released'")
    assert released == [("olga", "fair in May")]


def test_an_order_that_a_person_edited_below_the_limit_waits_for_an_approval(office: Office) -> None:
    policy(office.world, discount={"most": Decimal("0.30")})
    deal, other = sold(office, 0.8), sold(office, 0.8)
    context = office.world.context()
    office.world.pull_all()
    link_all(context)
    plan(context, "orders")
    gate(context, "orders")
    office.world.rows(
        "update hub.intent set payload = jsonb_set(payload, '{values,location}', '\"999\"') where entity = 'order' returning key"
    )
    assert deliver(context, "orders").rejected == 2
    half, dear = round(office.list_price * 0.5, 2), round(office.list_price * 0.75, 2)
    assert (edit(office, deal, half), edit(office, other, dear)) == ("held", "planned")
    office.world.run_orders()
    assert (office.orders_of(deal), len(office.orders_of(other))) == ([], 1)
    (item,) = asked(office)
    put = question(office.world.context(), item)
    assert put is not None
    for fact in (f"{half * 2:,.2f} USD", "50.0% of", "30.0% need no approval"):
        assert fact in f"{put.subject} {put.body}", fact
    assert say(office, item, True) == "approved"
    office.world.run_orders()
    (order,) = office.orders_of(deal)
    assert office.order_lines(order)[0]["rate"] == half
    assert "Approved by olga" in office.order(order)["memo"]


def edit(office: Office, deal: str, price: float) -> str:
    """Replay the deal's refused order at another price, as a person does on the quarantine's page; returns its status."""
    world, key = office.world, f"SF-OPP-{deal}-R1"
    with world.hub.connection() as connection:
        write = writes.write(connection, key)
        [found] = [one for one in open_items(connection, world.pairing.name) if one.payload.get("intent") == key]
        assert write is not None
        payload, changes = edited(write.payload, {"lines.0.rate": str(price), "values.location": "1"})
        mapping = world.context().mapping("erp").entities["order_line"]
        judged = measured(connection, world.pairing, mapping, write, payload)
        assert replay_edited(
            connection, found, judged.payload, changes, actor="person:op", reason="", why_held=judged.why
        )
    return str(world.rows("select status from hub.intent where key = %s", key)[0][0])


def test_what_a_person_answered_shows_in_business_one_and_hubspot_too(tmp_path: Path, hub_dsn: str) -> None:
    size = Size(accounts=10, products=20, deals=80)
    with world(tmp_path, hub_dsn, size=size, systems=SYSTEMS, pairing=PAIRING) as running:
        policy(running, lookback_days=150, discount={"most": Decimal(0)})
        company = Company(running)
        company.run()
        wanted = (
            "select key, source_key from hub.intent where entity = 'order' and held_reason = 'approval' order by key"
        )
        (liked, deal), (disliked, other) = running.rows(wanted)[:2]
        items = {item.split(":", 1)[1].rpartition("@")[0]: item for item in ask(running.context()).items}
        for key, approved in ((liked, True), (disliked, False)):
            assert company.orders(key) == []
            answer(running.context(), items[key], approved=approved, actor="olga", comment="old friend")
        company.run()
        (order,) = company.erp.newest("Orders", f"U_CrosswalkKey eq '{liked}'", "DocEntry,Comments")
        assert re.search(r"Approved by olga on \d{4}-\d\d-\d\d: old friend$", order["Comments"])
        assert company.orders(disliked) == []
        for key, status in ((deal, "Approved"), (other, "Refused")):
            path, names = f"/crm/v3/objects/deals/{key}", "erp_approval,erp_approval_note"
            said = company.crm.call("GET", path, params={"properties": names}).json()["properties"]
            assert said["erp_approval"] == status
            assert f"{status} by olga on" in said["erp_approval_note"]
        again = company.run()
        assert (again["deliver_orders"]["done"], again["plan_write_back"]["intents"]) == (0, 0)
