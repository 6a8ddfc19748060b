"""A small house of companies in one CRM and one ERP, as people there see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Literal

from crosswalk.mapping.document import load_mapping
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
from crosswalk_sandbox.hubspot_desk import HubSpotClient
from tests.stages.world import INCLUDE, World

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
        self.invoices: dict[str, Any] = {}
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

    @property
    def today(self) -> date:
        """The day it is for accounting."""
        return self.erp.now.date()

    def invoice(self, name: str, days: int = 0, **changes: str) -> str:
        """An invoice of a partner dated so many days from today, due on its day; returns its number."""
        day = (self.today + timedelta(days=days)).isoformat()
        dates = {"DocDate": day, "DocDueDate": day, "TaxDate": day, "DocCurrency": "USD"}
        lines = [{"ItemDescription": "Advice", "ItemCode": self.item, "Quantity": 2, "UnitPrice": 50}]
        body = {"CardCode": name, **dates, **changes, "DocumentLines": lines}
        made = self.erp.ask("POST", "Invoices", json=body).json()
        self.invoices[str(made["DocNum"])] = made
        return str(made["DocNum"])

    def pay(self, number: str) -> str:
        """The customer pays an invoice; returns the payment's number."""
        invoice = self.invoices[number]
        paid = [{"DocEntry": invoice["DocEntry"], "SumApplied": invoice["DocTotal"], "InvoiceType": "it_Invoice"}]
        day = self.today.isoformat()  # the company's own day may be another one
        body = {
            "CardCode": invoice["CardCode"],
            "DocDate": day,
            "CashSum": invoice["DocTotal"],
            "PaymentInvoices": paid,
        }
        return str(self.erp.ask("POST", "IncomingPayments", json=body).json()["DocNum"])

    @cached_property
    def item(self) -> str:
        """Something that is sold and not stocked."""
        query = {
            "$filter": "InventoryItem eq 'tNO' and SalesItem eq 'tYES' and Frozen eq 'tNO' and TreeType eq 'iNotATree'",
            "$select": "ItemCode",
        }
        return str(self.erp.ask("GET", "Items", params=query).json()["value"][0]["ItemCode"])

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
