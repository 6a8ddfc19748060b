"""Orders that the ERP keeps until people there approve them, over both emulators: told, never made twice, and followed to their end."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from crosswalk.facts.customer import customer_facts
from crosswalk.hub.decisions import Wanted, replay
from crosswalk.hub.waits import waits
from crosswalk.observe.overview import overview
from crosswalk.stages.deliver import deliver
from crosswalk.stages.gate import gate
from crosswalk.stages.link import link_all
from crosswalk.stages.plan import plan
from crosswalk_sandbox.business_one_desk import BusinessOneClient
from crosswalk_sandbox.company.model import Size
from crosswalk_sandbox.hubspot_desk import HubSpotClient
from crosswalk_sandbox.kernel.faults import FaultKind, FaultRule
from tests.stages.office import Office
from tests.stages.world import INCLUDE, World, world

PAIRING = INCLUDE / "pairings" / "sap_business_one_hubspot.yaml"
SYSTEMS = {"hubspot": "hubspot", "sap_business_one": "sap_business_one"}
PREFIX = "HS-DEAL-"


@dataclass
class Company:
    """People at work in a company whose every new order needs an approval."""

    world: World
    ahead: timedelta = field(default_factory=timedelta)

    def __post_init__(self) -> None:
        self.world.clock = lambda: datetime.now(UTC) + self.ahead

    def _access(self, system: str) -> dict[str, Any]:
        vendor = self.world.vendors[system]
        return {"http": vendor.base_url, "credentials": vendor.emulator.access(vendor.base_url)}

    @cached_property
    def erp(self) -> BusinessOneClient:
        return BusinessOneClient(self._access("sap_business_one"))

    @cached_property
    def crm(self) -> HubSpotClient:
        return HubSpotClient(self._access("hubspot"))

    def run(self) -> dict[str, dict[str, object]]:
        """A run some minutes after the last one, when stamps of whole seconds have moved on."""
        self.ahead += timedelta(minutes=2)
        for vendor in self.world.vendors.values():
            vendor.clock.advance(120)
        return self.world.run_orders()

    def drafts(self, key: str) -> list[dict[str, Any]]:
        where = f"U_CrosswalkKey eq '{key}'"
        return self.erp.newest("Drafts", where, "DocEntry,AuthorizationStatus,U_CrosswalkKey")

    def orders(self, key: str) -> list[str]:
        return [str(row["DocEntry"]) for row in self.erp.newest("Orders", f"U_CrosswalkKey eq '{key}'", "DocEntry")]

    def decide(self, key: str, status: str) -> None:
        """Decide on the newest draft, as its approver does."""
        where = f"DraftEntry eq {self.drafts(key)[0]['DocEntry']}"
        found = self.erp.ask("GET", "ApprovalRequests", params={"$filter": where, "$select": "Code"}).json()["value"]
        decision = {"ApprovalRequestDecisions": [{"Status": status, "Remarks": "seen"}]}
        self.erp.ask("PATCH", f"ApprovalRequests({found[0]['Code']})", json=decision)

    def deal(self, deal: str) -> tuple[str | None, str | None, str | None]:
        """What a salesperson reads on the deal: the order's key, how it stands, and why."""
        names = ("erp_key", "erp_order_status", "erp_order_note")
        answer = self.crm.call("GET", f"/crm/v3/objects/deals/{deal}", params={"properties": ",".join(names)})
        said = answer.json()["properties"]
        key, status, note = (said.get(name) or None for name in names)
        return key, status, note

    def intents(self) -> dict[str, str]:
        """Deals and the status of their order's intent."""
        return dict(
            self.world.rows("select source_key, status from hub.intent where flow = 'orders' and entity = 'order'")
        )

    def kinds(self, key: str) -> list[str]:
        """What the ledger tells of an intent."""
        return [
            kind for (kind,) in self.world.rows("select kind from hub.ledger where intent_key = %s order by id", key)
        ]


@pytest.fixture
def company(tmp_path: Path, hub_dsn: str) -> Iterator[Company]:
    size, strict = Size(accounts=30, products=20, deals=200), {"sap_business_one": {"approval": True}}
    with world(tmp_path, hub_dsn, size=size, systems=SYSTEMS, pairing=PAIRING, options=strict) as running:
        orders = running.pairing.orders.model_copy(update={"lookback_days": 150})
        running.pairing = running.pairing.model_copy(update={"orders": orders})
        yield Company(running)


def key_of(deal: str) -> str:
    return f"{PREFIX}{deal}-R1"


def test_an_order_that_waits_is_told_everywhere_and_made_once_it_is_approved(company: Company) -> None:
    first = company.run()
    assert (first["deliver_orders"]["rejected"], first["deliver_orders"]["postponed"]) == (0, 0)
    waiting = sorted(deal for deal, status in company.intents().items() if status == "waiting")
    assert len(waiting) == first["deliver_orders"]["waiting"] >= 3
    for deal in waiting:
        assert (len(company.drafts(key_of(deal))), company.orders(key_of(deal))) == (1, [])
    approved, refused, taken, *_ = waiting
    erp_key, status, note = company.deal(approved)
    assert (erp_key, status) == (None, "Waiting for approval")
    assert note is not None
    draft = company.drafts(key_of(approved))[0]["DocEntry"]
    assert note.startswith("The order is a draft in SAP Business One that waits for an approval there")
    assert f"draft {draft}" in note
    assert f"Since {datetime.now(UTC).date().isoformat()[:7]}" in note

    # whoever looks, sees why and since when
    pairing, now = company.world.pairing, company.world.clock()
    with company.world.hub.connection() as connection:
        found = {wait.source_key: wait for wait in waits(connection, pairing.name, now=now) if wait.entity == "order"}
        assert {(one.reason, f"draft {draft}" in str(one.message)) for one in [found[approved]]} == {
            ("approval_there", True)
        }
        assert 0 <= found[approved].age_seconds < 600
        told = overview(connection, pairing, now=now).attention
        assert any("for an approval in the target system" in one.text for one in told)
        account = company.world.rows("select customer_key from hub.deal where key = %s", approved)[0][0]
        facts = customer_facts(connection, pairing, "hubspot", account, today=now.date())
        assert facts is not None
        [shown] = [one for one in facts.waiting.rows if one.key == approved]
        assert (shown.needs_a_person, "is a draft in SAP Business One" in shown.why) == (True, True)

    # nobody decides: nothing is sent, nothing is written, nothing told anew
    entries = company.kinds(key_of(approved))
    again = company.run()
    assert (again["plan_orders"]["intents"], again["plan_write_back"]["intents"]) == (0, 0)
    assert again["deliver_orders"]["waiting"] == len(waiting)
    assert company.kinds(key_of(approved)) == entries
    assert entries.count("waiting") == 1

    # given up while it waits: a person is asked at once, and no more when it is won again
    troubles = "select stage, message from hub.quarantine where key = %s and status = 'open'"
    company.crm.update("deals", approved, {"dealstage": "closedlost"})
    company.run()
    [(stage, message)] = company.world.rows(troubles, approved)
    assert (stage, "is lost" in message, f"draft {draft}" in message) == ("amend", True, True)
    company.crm.update("deals", approved, {"dealstage": "closedwon"})
    company.run()
    assert company.world.rows(troubles, approved) == []

    # people decide; one is turned into an order by its originator, one is taken away
    company.decide(key_of(approved), "ardApproved")
    company.decide(key_of(refused), "ardNotApproved")
    company.erp.ask("DELETE", f"Drafts({company.drafts(key_of(taken))[0]['DocEntry']})")
    by_hand = waiting[3] if len(waiting) > 3 else None
    if by_hand:
        company.decide(key_of(by_hand), "ardApproved")
        entry = company.drafts(key_of(by_hand))[0]["DocEntry"]
        company.erp.ask("POST", "DraftsService_SaveDraftToDocument", json={"Document": {"DocEntry": str(entry)}})
    company.run()
    company.run()
    for deal in filter(None, (approved, by_hand)):
        [order] = company.orders(key_of(deal))
        assert company.deal(deal) == (order, "Made", None)
        assert company.intents()[deal] == "done"
        linked = """select theirs.key from hub.link_end mine join hub.link_end theirs on theirs.link_id = mine.link_id
                     where mine.entity = 'deal_order' and mine.key = %s and theirs.system = 'sap_business_one'"""
        assert company.world.rows(linked, deal) == [(order,)]
        assert company.kinds(key_of(deal))[-2:] == ["done", "settled"]
    shown = company.world.rows('select key from hub."order" where key like %s and deleted_at is null', "draft-%")
    assert f"draft-{draft}" not in {key for (key,) in shown}

    # refused, or gone: the deal is told, a person is asked, and nothing is put up again by itself
    for deal, said in ((refused, "was refused in SAP Business One"), (taken, "is not there any more")):
        _, status, note = company.deal(deal)
        assert (status, said in str(note)) == ("Refused", True)
        rows = company.world.rows("select message, hint from hub.quarantine where key = %s and status = 'open'", deal)
        assert [said in message and bool(hint) for message, hint in rows] == [True]
    assert (len(company.drafts(key_of(refused))), company.drafts(key_of(taken))) == (1, [])

    # a person wants it after all
    with company.world.hub.connection() as connection:
        item = connection.execute(
            "select id from hub.quarantine where key = %s and status = 'open'", (refused,)
        ).fetchone()
        assert item is not None
        replay(connection, Wanted(pairing.name, item[0]), actor="olga", reason="asked again")
    company.run()
    assert len(company.drafts(key_of(refused))) == 2
    assert company.deal(refused)[1] == "Waiting for approval"
    assert company.world.rows("select 1 from hub.quarantine where key = %s and status = 'open'", refused) == []
    company.decide(key_of(refused), "ardApproved")
    company.run()
    assert company.deal(refused) == (company.orders(key_of(refused))[0], "Made", None)


def test_two_workers_and_lost_replies_make_one_draft_and_one_order(company: Company) -> None:
    world = company.world
    world.pull_all()
    link_all(world.context())
    plan(world.context(), "orders")
    gate(world.context(), "orders")
    world.vendors["sap_business_one"].faults.add(
        FaultRule(FaultKind.LOST_REPLY, path=r"/b1s/v2/Orders$", method="POST", count=2)
    )
    at_once(world)
    at_once(world)
    keys = [key_of(deal) for deal in company.intents()]
    assert {(len(company.drafts(key)), len(company.orders(key))) for key in keys} == {(1, 0)}
    for _ in range(2):
        company.run()
    assert set(company.intents().values()) == {"waiting"}
    for key in keys:
        company.decide(key, "ardApproved")
    world.vendors["sap_business_one"].faults.add(
        FaultRule(FaultKind.LOST_REPLY, path=r"SaveDraftToDocument", method="POST", count=2)
    )
    company.ahead += timedelta(minutes=2)
    at_once(world)
    company.run()
    assert set(company.intents().values()) == {"done"}
    assert {(len(company.drafts(key)), len(company.orders(key))) for key in keys} == {(1, 1)}


def at_once(world: World) -> None:
    """Two workers deliver orders at the same time, as when a task is cleared while it runs."""
    with ThreadPoolExecutor(2) as pool:
        for worker in [pool.submit(deliver, world.context(), "orders") for _ in range(2)]:
            worker.result()


def test_an_order_that_waits_in_the_erp_is_told_in_the_same_words(tmp_path: Path, hub_dsn: str) -> None:
    """NetSuite keeps no drafts: the order is there, with a status of its own; whoever let it wait, the deal says so."""
    with world(tmp_path, hub_dsn, size=Size(accounts=3, products=20, deals=2)) as running:
        header = {**running.pairing.orders.header}
        header["orderStatus"] = header["orderStatus"].model_copy(update={"default": "A"})
        orders = running.pairing.orders.model_copy(update={"header": header})
        running.pairing = running.pairing.model_copy(update={"orders": orders})
        office = Office(running)
        deal, order = office.sell(1)
        asked = f"SELECT ERP_Status__c, ERP_Id__c FROM Opportunity WHERE Id = '{deal}'"
        running.run_orders()
        said = office.crm.query(asked)[0]
        assert (said["ERP_Status__c"], said["ERP_Id__c"]) == ("Pending Approval", order)
        assert running.run_orders()["plan_write_back"]["intents"] == 0
        office.later()
        office.erp.update("salesOrder", order, {"orderStatus": "B"})
        running.run_orders()
        assert office.crm.query(asked)[0]["ERP_Status__c"] == "Open"
        assert running.run_orders()["plan_write_back"]["intents"] == 0
