"""What salespeople and order clerks do in the two systems of a small world, past our own code."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from crosswalk.hub.links import counterpart
from crosswalk.stages.pull import pull
from crosswalk_sandbox.clients import NetSuiteClient, SalesforceClient
from tests.stages.world import World

_SOAP = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:u="urn:partner.soap.sforce.com"'
    ' xmlns:o="urn:sobject.partner.soap.sforce.com"><soapenv:Header><u:SessionHeader><u:sessionId>{token}</u:sessionId>'
    "</u:SessionHeader></soapenv:Header><soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
)


class Crm(SalesforceClient):
    """A salesperson's session, with what the plain client lacks."""

    def delete(self, sobject: str, key: str) -> None:
        self._rest("DELETE", f"sobjects/{sobject}/{key}")

    def merge(self, kind: str, winner: str, loser: str) -> None:
        body = (
            f"<u:merge><u:request><u:masterRecord><o:type>{kind}</o:type><o:Id>{winner}</o:Id></u:masterRecord>"
            f"<u:recordToMergeIds>{loser}</u:recordToMergeIds></u:request></u:merge>"
        )
        token = str(self._session.headers["Authorization"]).removeprefix("Bearer ")
        headers = {"Content-Type": "text/xml", "SOAPAction": '""'}
        answer = self.call("POST", "/services/Soap/u/60.0", data=_SOAP.format(token=token, body=body), headers=headers)
        assert "<success>true" in answer.text, answer.text


@dataclass
class Office:
    """People at work on both systems."""

    world: World
    numbers: Any = field(default_factory=lambda: itertools.count(1))
    beginning: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(days=1))

    def _access(self, system: str) -> dict[str, Any]:
        vendor = self.world.vendors[system]
        return {"http": vendor.base_url, "credentials": vendor.emulator.access(vendor.base_url)}

    @cached_property
    def crm(self) -> Crm:
        return Crm(self._access("salesforce"))

    @cached_property
    def erp(self) -> NetSuiteClient:
        return NetSuiteClient(self._access("netsuite"))

    def later(self, seconds: int = 3) -> None:
        """Let some time pass in both systems: their stamps have whole seconds."""
        for vendor in self.world.vendors.values():
            vendor.clock.advance(seconds)

    # --- the CRM ------------------------------------------------------------------------------------------

    def open_account(self, **changes: Any) -> str:
        number = next(self.numbers)
        values = {
            "Name": f"Quillfeather Instruments {number * 7919} Inc.",
            "CurrencyIsoCode": "USD",
            "Phone": f"+1 206 555 {number:04}",
            "BillingStreet": f"{number} Harbor Street",
            "BillingCity": "Seattle",
            "BillingState": "WA",
            "BillingPostalCode": f"{90000 + number}",
            "BillingCountry": "United States",
            **changes,
        }
        return self.crm.create("Account", values)

    def win(self, account: str, lines: int = 1, price: float = 19.5, stage: str = "Closed Won", **changes: Any) -> str:
        """A deal with lines, two of each; returns its id."""
        deal = self.crm.create(
            "Opportunity",
            {
                "Name": f"Deal {next(self.numbers)}",
                "AccountId": account,
                "StageName": "Negotiation/Review",
                "CloseDate": self.crm.now.date().isoformat(),
                "CurrencyIsoCode": "USD",
                "Pricebook2Id": self._price_book,
                **changes,
            },
        )
        for entry in self._entries[:lines]:
            line = {"OpportunityId": deal, "PricebookEntryId": entry["Id"], "Quantity": 2, "UnitPrice": price}
            self.crm.create("OpportunityLineItem", line)
        self.crm.update("Opportunity", deal, {"StageName": stage})
        return deal

    def sell(self, lines: int) -> tuple[str, str]:
        """A won deal of a new account and its order."""
        deal = self.win(self.open_account(), lines)
        self.world.run_orders()
        (order,) = self.orders_of(deal)
        self.later()
        return deal, order

    @cached_property
    def _price_book(self) -> str:
        return str(self.crm.query("SELECT Id FROM Pricebook2 WHERE IsStandard = true")[0]["Id"])

    @cached_property
    def _entries(self) -> list[dict[str, Any]]:
        """Prices in dollars of services and goods that are not stocked and that the ERP sells."""
        sold = {row["itemid"] for row in self.erp.suiteql("SELECT itemid FROM item WHERE isinactive = 'F'", 1000)}
        found = self.crm.query(
            "SELECT Id, UnitPrice, Product2.ProductCode FROM PricebookEntry WHERE IsActive = true AND Product2.IsActive = true "
            f"AND Pricebook2Id = '{self._price_book}' AND CurrencyIsoCode = 'USD' AND Product2.ERP_Id__c != null LIMIT 200"
        )
        return [row for row in found if row["Product2"]["ProductCode"] in sold][:4]

    @property
    def list_price(self) -> float:
        """What the first product sold costs by the list."""
        return float(self._entries[0]["UnitPrice"])

    def deal_lines(self, deal: str) -> list[dict[str, Any]]:
        return self.crm.query(
            f"SELECT Id, Quantity, UnitPrice FROM OpportunityLineItem WHERE OpportunityId = '{deal}' ORDER BY SortOrder, Id"
        )

    def merge(self, kind: str, winner: str, loser: str) -> None:
        self.crm.merge(kind, winner, loser)

    # --- the ERP ------------------------------------------------------------------------------------------

    def order(self, order: str) -> dict[str, str]:
        return self.erp.suiteql(f"SELECT * FROM transaction WHERE id = {order}")[0]

    def orders_of(self, deal: str) -> list[str]:
        found = self.erp.suiteql(f"SELECT id FROM transaction WHERE externalid LIKE 'SF-OPP-{deal}%'")
        return [row["id"] for row in found]

    def order_lines(self, order: str) -> list[dict[str, Any]]:
        rows = self.erp.suiteql(
            "SELECT id, uniquekey, item, -quantity AS quantity, rate FROM transactionline "
            f"WHERE transaction = {order} AND mainline = 'F' AND taxline = 'F' AND itemtype <> 'ShipItem' ORDER BY linesequencenumber"
        )
        return [{**row, "quantity": float(row["quantity"]), "rate": float(row["rate"])} for row in rows]

    def change_line(self, order: str, quantity: int) -> None:
        self.later()
        line = {"line": int(self.order_lines(order)[0]["id"]), "quantity": quantity}
        self.erp.update("salesOrder", order, {"item": {"items": [line]}})

    def ship_some(self, order: str) -> None:
        self.later()
        line = {"orderLine": int(self.order_lines(order)[0]["id"]), "quantity": 1}
        self.erp.transform("salesOrder", order, "itemFulfillment", {"item": {"items": [line]}})

    def customer(self, account: str) -> dict[str, str]:
        return self.erp.suiteql(f"SELECT * FROM customer WHERE externalid = 'SF-ACC-{account}'")[0]

    # --- the hub ------------------------------------------------------------------------------------------

    def pull_orders(self) -> None:
        for entity in ("order", "order_line"):
            pull(self.world.context(), "erp", entity)

    def linked_account(self) -> str:
        query = "select key from hub.link_end where entity = 'customer' and system = 'salesforce' order by key limit 1"
        return str(self.world.rows(query)[0][0])

    def customer_of(self, account: str) -> str | None:
        with self.world.hub.connection() as connection:
            return counterpart(connection, self.world.pairing.name, "customer", "salesforce", account)
