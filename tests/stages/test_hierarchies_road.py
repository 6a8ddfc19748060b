"""Parents of customers, from the system that decides them to the other: once each, never in a circle, held until both are linked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from crosswalk.hub.waits import waits
from crosswalk.mapping.document import load_mapping
from crosswalk.model.errors import ReadOnlyError
from crosswalk.pairing.document import SIDES
from crosswalk.pairing.hierarchies import HierarchyPolicy
from crosswalk.quality.checks import checks_of
from crosswalk.stages.deliver import deliver
from crosswalk.stages.gate import gate
from crosswalk.stages.link import link_all
from crosswalk.stages.plan import Flow, plan
from crosswalk.stages.pull import pull
from crosswalk.stages.settle import settle
from crosswalk_sandbox.business_one_desk import BusinessOneClient
from crosswalk_sandbox.company.model import Size
from crosswalk_sandbox.hubspot_desk import HubSpotClient
from tests.stages.world import INCLUDE, World, world

PAIRING = INCLUDE / "pairings" / "sap_business_one_hubspot.yaml"
SYSTEMS = {"sap_business_one": "sap_business_one", "hubspot": "hubspot"}
CHILD_TO_PARENT = 14
_SOLD = """
select e.key from hub.link_end e join hub.link_end o using (link_id) join hub.product i on i.system = o.system and i.key = o.key
 where e.entity = 'product' and e.system = 'hubspot' and o.system = 'sap_business_one' and i.is_active order by e.key
"""


@dataclass
class House:
    """The two systems of one company, as people there see them; a customer is called by one letter."""

    world: World
    master: Literal["crm", "erp"]

    def __post_init__(self) -> None:
        access = {
            name: {"http": one.base_url, "credentials": one.emulator.access(one.base_url)}
            for name, one in self.world.vendors.items()
        }
        self.erp, self.crm = BusinessOneClient(access["sap_business_one"]), HubSpotClient(access["hubspot"])
        self.ids: dict[str, str] = {}
        self.products: list[str] = []
        self.mode("live")

    def mode(self, mode: str) -> None:
        policy = HierarchyPolicy.model_validate({"master": self.master, "mode": mode})
        self.world.pairing = self.world.pairing.model_copy(update={"hierarchies": policy})

    @property
    def flow(self) -> Flow:
        return "parents_to_crm" if self.master == "erp" else "parents_to_erp"

    def partner(self, name: str, father: str | None = None) -> None:
        where = {"Street": "1 Quay", "City": "Ghent", "ZipCode": "9000", "Country": "BE"}
        address = {"AddressName": "Bill to", "AddressType": "bo_BillTo", **where}
        body = {"CardCode": name, "CardName": f"House {name}", "CardType": "cCustomer", "FatherCard": father}
        self.erp.ask("POST", "BusinessPartners", json={**body, "Currency": "##", "BPAddresses": [address]})

    def company(self, name: str) -> None:
        where = {"address": "1 Quay", "city": "Ghent", "zip": "9000", "country": "Belgium"}
        body = {"properties": {"name": f"House {name}", **where}}
        self.ids[name] = self.crm.call("POST", "/crm/v3/objects/companies", json=body).json()["id"]

    def win(self, name: str) -> None:
        """A won deal with a line of a product that the ERP has, too."""
        if not self.products:
            self.world.pull_all("orders")
            link_all(self.world.context())
            self.products = [key for (key,) in self.world.rows(_SOLD)]
        values = {
            "dealname": f"Deal of {name}",
            "pipeline": "default",
            "dealstage": "closedwon",
            "deal_currency_code": "USD",
        }
        values["closedate"] = f"{self.crm.now:%Y-%m-%dT12:00:00Z}"
        deal = self.crm.create("deals", values, self.ids[name], 5)
        self.crm.create("line_items", {"hs_product_id": self.products[0], "quantity": "1", "price": "10"}, deal, 20)
        self.crm.update("deals", deal, {"amount": "10"})

    def father(self, name: str, father: str | None) -> None:
        self.erp.ask("PATCH", f"BusinessPartners('{name}')", json={"FatherCard": father})

    def fathers(self) -> dict[str, str]:
        found = self.erp.ask("GET", "BusinessPartners", params={"$select": "CardCode,FatherCard"}).json()["value"]
        return {one["CardCode"]: one["FatherCard"] for one in found if one["FatherCard"]}

    def put_below(self, name: str, above: str) -> None:
        path = f"/crm/v4/objects/companies/{self.ids[name]}/associations/companies/{self.ids[above]}"
        types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": CHILD_TO_PARENT}]
        self.crm.call("PUT", path, json=types)

    def take_from(self, name: str, above: str) -> None:
        path = f"/crm/v4/objects/companies/{self.ids[name]}/associations/companies/{self.ids[above]}"
        self.crm.call("DELETE", path)

    def ends(self, name: str) -> dict[str, set[int]]:
        """What a company is associated with in the CRM: by letter, with the types."""
        path = f"/crm/v4/objects/companies/{self.ids[name]}/associations/companies"
        letters = {ident: letter for letter, ident in self.ids.items()}
        rows = self.crm.call("GET", path).json()["results"]
        return {letters[str(row["toObjectId"])]: {one["typeId"] for one in row["associationTypes"]} for row in rows}

    def parents(self) -> dict[str, list[str]]:
        found = {name: [one for one, types in self.ends(name).items() if CHILD_TO_PARENT in types] for name in self.ids}
        return {name: above for name, above in found.items() if above}

    def later(self) -> None:
        """Let some time pass: what is searched for shows after seconds."""
        for vendor in self.world.vendors.values():
            vendor.clock.advance(5)

    def read(self, mode: Literal["incremental", "full"] = "incremental") -> None:
        self.later()
        for side in SIDES:
            pull(self.world.context(), side, "customer", mode=mode)
        link_all(self.world.context())

    def run(self, mode: Literal["incremental", "full"] = "incremental") -> dict[str, Any]:
        """Read both sides and run the flow; returns the counts of plan and delivery."""
        self.read(mode)
        context = self.world.context()
        counts = plan(context, self.flow).as_dict() | gate(context, self.flow).as_dict()
        counts |= deliver(context, self.flow).as_dict()
        settle(context, self.flow)
        return counts

    def quarantined(self) -> dict[str, tuple[str, str]]:
        rows = self.world.rows(
            "select key, field, message, hint from hub.quarantine where stage = 'parents' and status = 'open' order by key"
        )
        assert all(hint for *_, hint in rows)
        return {key: (field, message) for key, field, message, _ in rows}

    def contradictions(self) -> list[tuple[str, str]]:
        mappings = {side: load_mapping(INCLUDE / "mappings" / self.world.pairing.side(side).mapping) for side in SIDES}
        (check,) = [one for one in checks_of(self.world.pairing, mappings) if one.check_id == "customer_parents"]
        return sorted((row[1], row[-1]) for row in self.world.rows(check.violations))


@pytest.fixture
def pair(tmp_path: Path, hub_dsn: str) -> Iterator[World]:
    size = Size(accounts=1, products=20, deals=1)
    with world(tmp_path, hub_dsn, size=size, systems=SYSTEMS, pairing=PAIRING) as running:
        yield running


def test_the_erps_parents_reach_the_crm_once_and_follow_every_change(pair: World) -> None:
    house = House(pair, "erp")
    for name, father in (("A", None), ("D", None), ("B", "A"), ("C", "D")):
        house.partner(name, father)
    for name in ("A", "B", "C"):
        house.company(name)

    # phase 1 reads parents of both sides; its connection writes none
    house.read()
    assert dict(pair.rows("select key, parent_key from hub.customer where system = 'sap_business_one' and parent_key is not null")) == {"B": "A", "C": "D"}  # fmt: skip
    assert house.contradictions() == [("B", "only in sap_business_one")]
    house.mode("off")
    assert house.run()["intents"] == 0
    house.mode("shadow")
    assert house.run()["intents"] == 1
    assert house.parents() == {}
    house.mode("live")
    plan(pair.context(), house.flow)
    gate(pair.context(), house.flow)
    pair.read_only = True
    with pytest.raises(ReadOnlyError):
        deliver(pair.context(), house.flow)
    pair.read_only = False
    assert house.parents() == {}
    with pair.hub.connection() as connection:
        connection.execute("update hub.intent set not_before = null, lease_until = null")  # half a minute later

    # live: one goes over, one waits for its parent's link, with reason and age
    house.run()
    assert house.parents() == {"B": ["A"]}
    assert house.ends("A") == {"B": {13, 450}}
    with pair.hub.connection() as connection:
        (wait,) = waits(connection, pair.pairing.name)
    assert (wait.source_key, wait.reason) == ("C", "unlinked")
    assert "D" in (wait.message or "")
    assert wait.age_seconds > 0
    cause = pair.rows(
        "select source_system, source_key, payload -> 'source' ->> 'parent_key' from hub.intent where status = 'done'"
    )
    assert cause == [("sap_business_one", "B", "A")]
    assert house.contradictions() == []

    # nothing twice
    again = house.run()
    assert (again["intents"], again["done"]) == (1, 0), "only what waits is wanted still"
    house.company("D")
    house.run()
    assert house.parents() == {"B": ["A"], "C": ["D"]}
    assert house.run()["intents"] == 0

    # a new parent takes the old one's place, an edit in the CRM is overruled, a removed parent goes
    house.father("B", "C")
    house.run()
    assert house.parents() == {"B": ["C"], "C": ["D"]}
    assert house.ends("A") == {}
    house.take_from("C", "D")
    house.put_below("C", "A")
    house.put_below("D", "A")  # of which the ERP says nothing
    house.run("full")
    assert house.parents() == {"B": ["C"], "C": ["D"], "D": ["A"]}
    house.father("B", None)
    house.run()
    assert house.parents() == {"C": ["D"], "D": ["A"]}
    assert house.run()["intents"] == 0


def test_circles_wait_for_a_person_and_a_family_turned_over_arrives_in_order(pair: World) -> None:
    house = House(pair, "erp")
    for name, father in (("A", None), ("B", "A"), ("C", "B"), ("E", None)):
        house.partner(name, father)
        house.company(name)
    house.run()
    assert house.parents() == {"B": ["A"], "C": ["B"]}

    house.father("A", "C")
    assert house.run()["blocked"] == 3
    assert house.parents() == {"B": ["A"], "C": ["B"]}
    assert set(house.quarantined()) == {"A", "B", "C"}
    assert house.quarantined()["A"] == ("parent_key", "The parents go in a circle: A → C → B → A.")

    # the circle is opened at its top: now the family stands on its head, and no company is ever above itself on the way
    house.father("C", None)
    house.father("B", "C")
    house.father("A", "B")
    house.run()
    assert house.parents() == {"A": ["B"], "B": ["C"]}
    assert house.quarantined() == {}
    first = "select i.source_key from hub.intent i join hub.intent p on p.key = i.depends_on where p.finished_at <= i.sent_at order by 1"
    assert pair.rows(first) == [("A",), ("B",)]

    # what only the CRM says must not make a circle either
    house.put_below("C", "E")
    house.father("E", "A")
    house.run("full")
    assert house.parents() == {"A": ["B"], "B": ["C"], "C": ["E"]}
    assert list(house.quarantined()) == ["E"]
    house.take_from("C", "E")
    house.run("full")
    assert house.parents() == {"A": ["B"], "B": ["C"], "E": ["A"]}
    assert house.quarantined() == {}


def test_the_crms_parents_reach_the_erp_and_new_customers_carry_them(pair: World) -> None:
    house = House(pair, "crm")
    for name in ("A", "B"):
        house.partner(name)
        house.company(name)
    house.put_below("B", "A")
    house.run()
    assert house.fathers() == {"B": "A"}
    assert house.run("full")["intents"] == 0

    # customers that are made for won deals carry their parent: at once, or when it is one, too
    house.company("N")
    house.put_below("N", "A")
    house.company("M")
    house.company("U")
    house.put_below("M", "U")
    house.win("N")
    house.win("M")
    house.later()
    pair.run_orders()
    made = dict(pair.rows("select source_key, target_key from hub.intent where entity = 'customer' and operation = 'create' and status = 'done'"))  # fmt: skip
    n, m = made[house.ids["N"]], made[house.ids["M"]]
    assert house.fathers() == {"B": "A", n: "A"}
    house.partner("U")
    house.run()
    assert house.fathers() == {"B": "A", n: "A", m: "U"}
    assert pair.rows("select flow from hub.intent where entity = 'customer' and operation = 'update' and target_key = %s", m) == [("parents_to_erp",)]  # fmt: skip

    # removed and turned round
    house.take_from("B", "A")
    house.put_below("A", "B")
    house.run("full")
    assert house.fathers() == {"A": "B", n: "A", m: "U"}
    assert house.run("full")["intents"] == 0
