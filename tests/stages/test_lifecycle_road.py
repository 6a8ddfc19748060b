"""Stages and kinds over both emulators: leads become customers before their first order, companies go forward with what they bought, and
nobody is ever taken a step back."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from crosswalk.hub.modes import Mode, set_mode
from crosswalk.quality.checks import load_mappings
from crosswalk.quality.lifecycle import contradictions
from crosswalk.quality.scope import Scope
from crosswalk.quality.spec import Spec
from crosswalk.stages.deliver import deliver
from crosswalk.stages.gate import gate
from crosswalk.stages.link import link, link_all
from crosswalk.stages.plan import Flow, plan
from crosswalk.stages.pull import pull
from crosswalk.stages.settle import settle
from crosswalk_sandbox.business_one_desk import BusinessOneClient
from crosswalk_sandbox.company.model import Size
from crosswalk_sandbox.hubspot_desk import HubSpotClient
from tests.stages.world import INCLUDE, World, world

FILE = INCLUDE / "pairings" / "sap_business_one_hubspot.yaml"
FLOWS: tuple[Flow, Flow] = ("lifecycle_to_erp", "lifecycle_to_crm")
PLACE = {"address": "1 Harbor Street", "city": "Seattle", "state": "WA", "zip": "98101", "country": "United States"}


@dataclass
class Desk:
    """Salespeople in HubSpot and accounting in Business One, past our own code."""

    world: World

    def _access(self, system: str) -> dict[str, Any]:
        vendor = self.world.vendors[system]
        return {"http": vendor.base_url, "credentials": vendor.emulator.access(vendor.base_url)}

    @cached_property
    def crm(self) -> HubSpotClient:
        return HubSpotClient(self._access("hubspot"))

    @cached_property
    def erp(self) -> BusinessOneClient:
        return BusinessOneClient(self._access("sap_business_one"))

    def company(self, name: str, stage: str, **values: str) -> str:
        body = {"properties": {"name": name, "lifecyclestage": stage, "account_currency": "USD", **PLACE, **values}}
        return str(self.crm.call("POST", "/crm/v3/objects/companies", json=body).json()["id"])

    def stages(self) -> dict[str, str | None]:
        """Every company's stage, by its id."""
        found, after = {}, "0"
        while after:
            path = f"/crm/v3/objects/companies?limit=100&properties=lifecyclestage&after={after}"
            page = self.crm.call("GET", path).json()
            found |= {row["id"]: row["properties"].get("lifecyclestage") for row in page["results"]}
            after = page.get("paging", {}).get("next", {}).get("after", "")
        return found

    def stage(self, company: str) -> str | None:
        return self.stages()[company]

    def take_back(self, company: str, stage: str) -> None:
        for value in ("", stage):  # two requests (HubSpot §17)
            self.crm.update("companies", company, {"lifecyclestage": value})
        self.later()

    def partner(self, code: str, company: str, kind: str = "cLid") -> str:
        """A partner that bears the company's key, so that they are linked."""
        body = {
            "CardCode": code,
            "CardName": f"Partner {code}",
            "CardType": kind,
            "U_CrosswalkKey": f"HS-COM-{company}",
        }
        self.erp.ask("POST", "BusinessPartners", json={**body, "Currency": "##"})
        return code

    def kind(self, code: str) -> str:
        return str(self.erp.ask("GET", f"BusinessPartners('{code}')").json()["CardType"])

    def order(self, code: str) -> None:
        """An order that somebody enters in the ERP."""
        item = self.world.rows(
            "select key from hub.product where system = 'sap_business_one' and is_active order by key limit 1"
        )
        day = f"{self.erp.now:%Y-%m-%d}"
        lines = [{"ItemCode": item[0][0], "Quantity": 1, "UnitPrice": 5}]
        body = {"CardCode": code, "DocDate": day, "DocDueDate": day, "DocCurrency": "USD", "DocumentLines": lines}
        self.erp.ask("POST", "Orders", json=body)
        self.later()

    def win(self, company: str, name: str) -> str:
        """A won deal with a line of a product that the ERP has."""
        linked = self.world.rows(
            "select e.key from hub.link_end e join hub.product p on p.system = e.system and p.key = e.key "
            "join hub.link_end t on t.link_id = e.link_id and t.system = 'sap_business_one' "
            "join hub.product q on q.system = t.system and q.key = t.key "
            "where e.system = 'hubspot' and e.entity = 'product' and q.is_active and q.product_type = 'service' order by 1 limit 1"
        )
        values = {"dealname": name, "pipeline": "default", "dealstage": "contractsent", "deal_currency_code": "USD"}
        values["closedate"] = f"{self.crm.now:%Y-%m-%dT12:00:00Z}"
        deal = self.crm.create("deals", {**values, "amount": "40"}, company, 5)
        line = {"hs_product_id": linked[0][0], "quantity": "2", "price": "20"}
        self.crm.create("line_items", line, deal, 20)
        self.crm.update("deals", deal, {"dealstage": "closedwon"})
        self.later()
        return deal

    def later(self) -> None:
        for vendor in self.world.vendors.values():
            vendor.clock.advance(30)

    def open(self, key: str) -> list[tuple[str, str, str, str]]:
        """What of a customer is in quarantine: system, field, message, remedy."""
        query = "select system, field, message, hint from hub.quarantine where status = 'open' and entity = 'customer' and key = %s"
        return self.world.rows(query, key)

    def look(self) -> None:
        """Read what the two flows go by, and link customers."""
        for side, entity in (("crm", "customer"), ("crm", "deal"), ("erp", "customer"), ("erp", "order")):
            pull(self.world.context(), side, entity)
        link(self.world.context(), "customer")

    def run(self) -> dict[str, int]:
        """Run the two flows from pull to settle; return how many moves each made."""
        self.look()
        made = {}
        for flow in FLOWS:
            plan(self.world.context(), flow)
            gate(self.world.context(), flow)
            made[flow] = deliver(self.world.context(), flow).done
            settle(self.world.context(), flow)
        self.later()
        return made

    def policy(self, **changes: object) -> None:
        lifecycle = self.world.pairing.lifecycle
        assert lifecycle is not None
        self.world.pairing = self.world.pairing.model_copy(update={"lifecycle": lifecycle.model_copy(update=changes)})

    def mode(self, flow: str, mode: Mode) -> None:
        with self.world.hub.connection() as connection:
            set_mode(connection, self.world.pairing.name, flow, mode, actor="test", evidence={})

    def contradicted(self) -> set[str]:
        """The companies that the consistency check counts."""
        checks = self.world.pairing.checks.model_copy(update={"grace_minutes": 0})
        pairing = self.world.pairing.model_copy(update={"checks": checks})
        spec = Spec(entity="customer", check="x", kind="lifecycle", severity="info", title="", explanation="")
        found = contradictions(Scope(pairing, load_mappings(pairing, INCLUDE / "mappings")), spec)
        assert found is not None
        return {row[0] for row in self.world.rows(found.violations)}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, new_hub: Callable[[], str]) -> Iterator[World]:
    systems = {"hubspot": "hubspot", "sap_business_one": "sap_business_one"}
    size = Size(accounts=12, products=20, deals=12)
    with world(tmp_path_factory.mktemp("town"), new_hub(), size=size, systems=systems, pairing=FILE) as running:
        running.pull_all("visibility")
        link_all(running.context())
        yield running


@pytest.fixture
def desk(town: World) -> Desk:
    return Desk(replace(town))


def test_phase_1_counts_who_contradicts_the_table_and_phase_2_moves_them_forward_once(desk: Desk) -> None:
    late, lead, further = (
        desk.company(*each) for each in (("Late", "lead"), ("Lead", "subscriber"), ("Far", "evangelist"))
    )
    codes = [desk.partner(f"R10{number}", company) for number, company in enumerate((late, lead, further))]
    desk.erp.ask("PATCH", f"BusinessPartners('{codes[0]}')", json={"CardType": "cCustomer"})
    desk.order(codes[0])
    before = desk.stages()
    desk.world.read_only = True
    desk.look()
    assert desk.contradicted() == {late, lead, further}
    assert desk.stages() == before
    assert desk.world.rows("select count(*) from hub.intent") == [(0,)]
    desk.world.read_only = False
    assert desk.run() == {"lifecycle_to_erp": 1, "lifecycle_to_crm": 2}
    assert desk.stages() == {**before, late: "customer", lead: "salesqualifiedlead"}
    assert [desk.kind(code) for code in codes] == ["cCustomer", "cLid", "cCustomer"]
    assert desk.contradicted() == set()
    for _ in range(2):
        assert desk.run() == {"lifecycle_to_erp": 0, "lifecycle_to_crm": 0}
    assert [plan(desk.world.context(), flow, record_ids=[late, lead, further]).intents for flow in FLOWS] == [0, 0]
    query = "select key, detail ->> 'was', detail ->> 'to', detail ->> 'because' from hub.ledger where kind = 'decided' and key = any(%s)"
    assert sorted(desk.world.rows(query, [codes[0], codes[1], further])) == sorted(
        [
            (codes[0], "lead", "customer", "the ERP has it as customer with orders or invoices"),
            (codes[1], "subscriber", "sales_qualified", "the ERP has it as lead"),
            (further, "lead", "customer", "the CRM has it at stage evangelist"),
        ]
    )


def test_a_won_deal_makes_a_lead_a_customer_before_its_first_order_and_the_order_moves_the_company(desk: Desk) -> None:
    first, second = (
        desk.company("Quillfeather Instruments", "opportunity"),
        desk.company("Saltmarsh Tools", "opportunity"),
    )
    code, held = desk.partner("L900", first), desk.partner("L901", second)
    deal = desk.win(first, "First")
    desk.world.run_orders()
    assert (desk.kind(code), desk.stage(first)) == ("cCustomer", "customer")
    assert (desk.kind(held), desk.stage(second)) == ("cLid", "opportunity")
    assert desk.world.rows('select customer_key from hub."order" where intent_key = %s', f"HS-DEAL-{deal}-R1") == [
        (code,)
    ]
    sent = desk.world.rows(
        "select flow from hub.ledger l join hub.intent i on i.key = l.intent_key "
        "where l.kind = 'sending' and (i.target_key = %s or i.source_key = %s) order by l.id",
        code,
        deal,
    )
    assert [flow for (flow,) in sent][:2] == ["lifecycle_to_erp", "orders"]
    why = "select detail ->> 'because' from hub.ledger where kind = 'decided' and key = %s order by id"
    assert desk.world.rows(why, first) == [("a deal was won",)]
    # a conversion that the brake holds: the order waits for it, and the deal says why
    assert desk.world.pairing.lifecycle is not None
    desk.policy(
        brake=desk.world.pairing.lifecycle.brake.model_copy(update={"most_updates": 0}), create_from="opportunity"
    )
    new, early = desk.company("Vellum Bay Mills", "opportunity"), desk.company("Wychwood Dyes", "lead")
    waiting = desk.win(second, "Second")
    desk.world.run_orders()
    assert desk.kind(held) == "cLid"
    [(message, field)] = desk.world.rows(
        "select message, field from hub.quarantine where status = 'open' and key = %s", waiting
    )
    assert "is still a lead" in message
    assert field == "kind"
    # the companies without a partner, from the stage on that the pairing names
    made = dict(
        desk.world.rows(
            "select source_key, target_key from hub.intent where entity = 'customer' and operation = 'create' and status = 'done'"
        )
    )
    assert desk.kind(made[new]) == "cLid"
    assert early not in made


def test_what_a_system_takes_and_leaves_is_refused_with_record_field_and_remedy_and_sent_once(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An account that calls its first companies evangelists: for HubSpot a customer is a step back from there.
    mappings = tmp_path / "mappings"
    shutil.copytree(INCLUDE / "mappings", mappings)
    text = (mappings / "hubspot.yaml").read_text()
    (mappings / "hubspot.yaml").write_text(text.replace("evangelist: evangelist", "evangelist: subscriber", 1))
    plain = desk.world.context
    monkeypatch.setattr(desk.world, "context", lambda **changes: replace(plain(**changes), mappings_folder=mappings))
    company = desk.company("Tidewater Looms", "evangelist")
    code = desk.partner("C903", company, "cCustomer")
    desk.order(code)
    desk.run()
    assert desk.stage(company) == "evangelist"
    [(system, field, message, hint)] = desk.open(code)
    assert (system, field) == ("sap_business_one", "stage")
    assert company in message
    assert "left it at 'subscriber'" in message
    assert "by hand" in hint
    sendings = (
        "select count(*) from hub.ledger l join hub.intent i on i.key = l.intent_key "
        "where l.kind = 'sending' and i.target_key = %s and i.flow = 'lifecycle_to_crm'"
    )
    desk.run()
    assert desk.world.rows(sendings, company) == [(1,)]
    assert len(desk.open(code)) == 1
    desk.take_back(company, "customer")
    desk.run()
    assert desk.open(code) == []


def test_what_a_person_took_back_is_asked_about_and_moved_again_only_where_the_pairing_says_so(desk: Desk) -> None:
    company = desk.company("Umberfield Press", "lead")
    desk.order(desk.partner("C904", company, "cCustomer"))
    desk.run()
    assert desk.stage(company) == "customer"
    desk.take_back(company, "lead")
    assert desk.run()["lifecycle_to_crm"] == 0
    assert desk.stage(company) == "lead"
    [(system, field, message, hint)] = desk.open(company)
    assert (system, field) == ("hubspot", "stage")
    assert "was moved to stage 'customer'" in message
    assert "taken_back: restore" in hint
    desk.policy(taken_back="restore")
    assert desk.run()["lifecycle_to_crm"] == 1
    assert desk.stage(company) == "customer"
    assert desk.open(company) == []


def test_a_flow_that_is_off_plans_nothing_one_in_shadow_sends_nothing_and_one_that_is_live_sends_once(
    desk: Desk,
) -> None:
    company = desk.company("Thornbury Glass", "lead")
    desk.partner("L905", company)
    desk.later()
    desk.look()
    flow: Flow = "lifecycle_to_crm"
    desk.mode(flow, "off")
    assert plan(desk.world.context(), flow).plan_id == 0
    desk.mode(flow, "shadow")
    stands = "select status from hub.intent where flow = 'lifecycle_to_crm' and target_key = %s"
    assert plan(desk.world.context(), flow).intents == 1
    gate(desk.world.context(), flow)
    assert deliver(desk.world.context(), flow).done == 0
    assert (desk.world.rows(stands, company), desk.stage(company)) == ([("shadowed",)], "lead")
    desk.mode(flow, "live")
    assert [plan(desk.world.context(), flow).intents for _ in range(2)] == [1, 1]
    gate(desk.world.context(), flow)
    assert deliver(desk.world.context(), flow).done == 1
    assert deliver(desk.world.context(), flow).done == 0
    assert plan(desk.world.context(), flow).intents == 0  # what is not read back yet is not wanted again
    settle(desk.world.context(), flow)
    assert plan(desk.world.context(), flow).intents == 0
    assert desk.world.rows(stands, company) == [("done",)]
