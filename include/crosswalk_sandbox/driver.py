"""Keeps the demo company alive: what its salespeople and accountants do all day, through the vendors' own HTTP APIs."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

import requests

from crosswalk_sandbox.business_one_desk import BusinessOneClient, BusinessOneOffice
from crosswalk_sandbox.clients import NetSuiteClient, RefusedError, SalesforceClient
from crosswalk_sandbox.company import ids
from crosswalk_sandbox.company.deals import STAGES, WON
from crosswalk_sandbox.company.dice import Weighted, pick
from crosswalk_sandbox.hubspot_desk import HubSpotClient, HubSpotSales
from crosswalk_sandbox.operations import Event, NothingToDoError, Operation

_PER_TICK: Final = (3, 6)
_STREETS: Final = ("Mill Lane", "Station Road", "Harbor Street", "Bahnhofstraße", "Park Avenue", "Rue du Port")
_NEW_NAMES: Final = ("Brightwater", "Kestrel", "Nordhaven", "Silverpine", "Oakfield", "Meridian", "Talbach", "Larkhill")
_TRADES: Final = ("Tooling", "Packaging", "Systems", "Maschinenbau", "Foods", "Logistics", "Metalworks")
_LAST_DOCUMENTS: Final = 40  # documents looked at when one is to be shipped, billed or paid


class Driver:
    """Some operations a tick, drawn with seeded dice, on whichever emulators ``access`` lists."""

    def __init__(self, access: Mapping[str, Any], seed: int = 0) -> None:
        self._rng = random.Random(seed)
        operations: list[tuple[Operation, float]] = []
        if "salesforce" in access:
            operations += Sales(SalesforceClient(access["salesforce"]), self._rng).operations()
        if "netsuite" in access:
            operations += Back(NetSuiteClient(access["netsuite"]), self._rng).operations()
        if "hubspot" in access:
            operations += HubSpotSales(HubSpotClient(access["hubspot"]), self._rng).operations()
        if "sap_business_one" in access:
            operations += BusinessOneOffice(BusinessOneClient(access["sap_business_one"]), self._rng).operations()
        if not operations:
            raise ValueError("There is nothing to drive: no emulator is running")
        self._operations = Weighted(*operations)

    def tick(self) -> Iterator[Event]:
        """Do a handful of operations; yields a sentence about each, refusals and lost connections included."""
        for _ in range(self._rng.randint(*_PER_TICK)):
            operation = self._operations.draw(self._rng)
            try:
                yield operation() or ""
            except NothingToDoError as nothing:
                yield f"nothing to do: {nothing}"
            except RefusedError as refusal:
                yield f"refused: {refusal}"
            except requests.RequestException as error:
                yield f"lost: {type(error).__name__}"


class Sales:
    """What salespeople do in the CRM."""

    def __init__(self, crm: SalesforceClient, rng: random.Random) -> None:
        self._crm = crm
        self._rng = rng

    def operations(self) -> list[tuple[Operation, float]]:
        """Operations with their weights."""
        return [
            (self.open_deal, 5),
            (self.advance_deal, 4),
            (self.win_deal, 4),
            (self.win_empty_deal, 0.4),
            (self.win_at_a_loss, 0.4),
            (self.edit_account, 3),
            (self.open_account, 1),
        ]

    def open_deal(self) -> Event:
        """A new deal with lines, early in its life."""
        account = self._account()
        key, name = self._deal(account, STAGES[int(self._rng.random() * 3)][0])
        lines = self._lines(key, account["CurrencyIsoCode"], pick(self._rng, (0.0, 0.0, 0.03, 0.05)))
        return f"salesforce: new deal {name} with {lines} line(s)"

    def advance_deal(self) -> Event:
        """An open deal goes one stage further."""
        deal = self._open_deal()
        names = [name for name, _ in STAGES]
        place = names.index(deal["StageName"]) if deal["StageName"] in names else 0
        stage = names[min(place + 1, len(names) - 1)]
        self._crm.update("Opportunity", deal["Id"], {"StageName": stage})
        return f"salesforce: {deal['Name']} is in stage {stage}"

    def win_deal(self) -> Event:
        """An open deal with lines is won."""
        deal = self._open_deal("AND HasOpportunityLineItem = true")
        return self._win(deal)

    def win_empty_deal(self) -> Event:
        """A deal without a single line is won: somebody was in a hurry."""
        key, name = self._deal(self._account(), STAGES[-1][0])
        return self._win({"Id": key, "Name": name}) + " (without lines)"

    def win_at_a_loss(self) -> Event:
        """A deal is won at far less than the list price."""
        account = self._account()
        key, name = self._deal(account, STAGES[-1][0])
        self._lines(key, account["CurrencyIsoCode"], 0.45)
        return self._win({"Id": key, "Name": name}) + " (45 % off)"

    def edit_account(self) -> Event:
        """Somebody corrects an account."""
        account = self._account()
        changes: dict[str, Any] = pick(
            self._rng,
            (
                {"Phone": f"+1 206 {self._rng.randint(200, 999)} {self._rng.randint(0, 9999):04}"},
                {"BillingStreet": f"{self._rng.randint(1, 240)} {pick(self._rng, _STREETS)}"},
                {"Website": f"https://www.{pick(self._rng, _NEW_NAMES).lower()}-{self._rng.randint(1, 999)}.com"},
            ),
        )
        self._crm.update("Account", account["Id"], changes)
        return f"salesforce: {', '.join(changes)} of {account['Name']} changed"

    def open_account(self) -> Event:
        """A new prospect."""
        name = f"{pick(self._rng, _NEW_NAMES)} {pick(self._rng, _TRADES)} {self._rng.randint(2, 999)} Inc."
        self._crm.create(
            "Account",
            {
                "Name": name,
                "Type": "Prospect",
                "Phone": f"+1 206 {self._rng.randint(200, 999)} {self._rng.randint(0, 9999):04}",
                "BillingStreet": f"{self._rng.randint(1, 240)} {pick(self._rng, _STREETS)}",
                "BillingCity": "Seattle",
                "BillingState": "WA",
                "BillingPostalCode": f"981{self._rng.randint(0, 99):02}",
                "BillingCountry": "United States",
            },
        )
        return f"salesforce: new prospect {name}"

    def _account(self) -> dict[str, Any]:
        """A random account: the first one from a random id on."""
        count = int(self._crm.query("SELECT COUNT(Id) n FROM Account")[0]["n"])
        if count == 0:
            raise NothingToDoError("the CRM has no accounts")
        start = ids.salesforce_id(ids.ACCOUNT, int(self._rng.random() * count))
        fields = "Id, Name, CurrencyIsoCode"
        found = self._crm.query(f"SELECT {fields} FROM Account WHERE Id >= '{start}' ORDER BY Id LIMIT 1")
        return (found or self._crm.query(f"SELECT {fields} FROM Account ORDER BY Id LIMIT 1"))[0]

    def _open_deal(self, more: str = "") -> dict[str, Any]:
        found = self._crm.query(
            f"SELECT Id, Name, StageName FROM Opportunity WHERE IsClosed = false {more} "
            f"ORDER BY CreatedDate DESC LIMIT {_LAST_DOCUMENTS}"
        )
        if not found:
            raise NothingToDoError("no deal is open")
        return pick(self._rng, found)

    def _deal(self, account: Mapping[str, Any], stage: str) -> tuple[str, str]:
        books = self._crm.query("SELECT Id FROM Pricebook2 WHERE IsActive = true AND IsStandard = true")
        if not books:
            raise NothingToDoError("no active standard price book")
        name = f"{account['Name'][:80]} - {self._crm.now:%d %b %H:%M:%S}"
        closes = self._crm.now.date() + timedelta(days=self._rng.randint(5, 60))
        key = self._crm.create(
            "Opportunity",
            {
                "Name": name,
                "AccountId": account["Id"],
                "StageName": stage,
                "CloseDate": closes.isoformat(),
                "CurrencyIsoCode": account["CurrencyIsoCode"],
                "Pricebook2Id": books[0]["Id"],
            },
        )
        return key, name

    def _lines(self, deal: str, currency: str, off: float) -> int:
        """One to four lines of active products at their price, less the share ``off``."""
        entries = self._crm.query(
            "SELECT Id, UnitPrice FROM PricebookEntry WHERE IsActive = true AND Product2.IsActive = true "
            f"AND Pricebook2.IsStandard = true AND CurrencyIsoCode = '{currency}' LIMIT 200"
        )
        if not entries:
            raise NothingToDoError(f"nothing is priced in {currency}")
        chosen = self._rng.sample(entries, min(self._rng.randint(1, 4), len(entries)))
        for entry in chosen:
            self._crm.create(
                "OpportunityLineItem",
                {
                    "OpportunityId": deal,
                    "PricebookEntryId": entry["Id"],
                    "Quantity": self._rng.randint(1, 20),
                    "UnitPrice": max(round(float(entry["UnitPrice"]) * (1 - off), 2), 0.01),
                },
            )
        return len(chosen)

    def _win(self, deal: Mapping[str, Any]) -> Event:
        today = self._crm.now.date().isoformat()
        self._crm.update("Opportunity", deal["Id"], {"StageName": WON, "CloseDate": today})
        return f"salesforce: won {deal['Name']}"


class Back:
    """What accounting and the warehouse do in the ERP."""

    def __init__(self, erp: NetSuiteClient, rng: random.Random) -> None:
        self._erp = erp
        self._rng = rng

    def operations(self) -> list[tuple[Operation, float]]:
        """Operations with their weights."""
        return [
            (self.approve_order, 1),
            (self.ship_order, 4),
            (self.bill_order, 4),
            (self.pay_invoice, 3),
            (self.edit_customer, 2),
            (self.change_hold, 0.5),
        ]

    def approve_order(self) -> Event:
        """An order that waits for approval gets it."""
        order = self._document("SalesOrd", "'A'")
        self._erp.update("salesOrder", order["id"], {"orderStatus": {"id": "B"}})
        return f"netsuite: approved {order['tranid']}"

    def ship_order(self) -> Event:
        """An approved order is shipped in full."""
        order = self._document("SalesOrd", "'B', 'D'")
        self._erp.transform("salesOrder", order["id"], "itemFulfillment", {"shipStatus": {"id": "C"}})
        return f"netsuite: shipped {order['tranid']}"

    def bill_order(self) -> Event:
        """What was shipped is billed."""
        order = self._document("SalesOrd", "'E', 'F'")
        self._erp.transform("salesOrder", order["id"], "invoice")
        return f"netsuite: billed {order['tranid']}"

    def pay_invoice(self) -> Event:
        """A customer pays an invoice."""
        invoice = self._document("CustInvc", "'A'")
        self._erp.transform("invoice", invoice["id"], "customerPayment")
        return f"netsuite: payment for {invoice['tranid']}"

    def edit_customer(self) -> Event:
        """Accounting corrects a customer."""
        customer = self._customer()
        changes: dict[str, Any] = pick(
            self._rng,
            (
                {"phone": f"+1 206 {self._rng.randint(200, 999)} {self._rng.randint(0, 9999):04}"},
                {"creditLimit": float(self._rng.randint(1, 40) * 2_500)},
                {"terms": {"id": str(self._rng.randint(1, 4))}},
            ),
        )
        self._erp.update("customer", customer["id"], changes)
        return f"netsuite: {', '.join(changes)} of {customer['entityid']} changed"

    def change_hold(self) -> Event:
        """A customer is put on credit hold, or let go."""
        customer = self._customer()
        hold = pick(self._rng, ("ON", "AUTO", "AUTO"))
        self._erp.update("customer", customer["id"], {"creditHoldOverride": {"id": hold}})
        return f"netsuite: credit hold of {customer['entityid']} is {hold}"

    def _document(self, kind: str, statuses: str) -> dict[str, str]:
        """One of the last documents in one of these statuses (single letters, NetSuite §7)."""
        found = self._erp.suiteql(
            "SELECT t.id, t.tranid FROM transaction t JOIN customer c ON c.id = t.entity "
            "JOIN subsidiary s ON s.id = c.subsidiary "
            f"WHERE t.type = '{kind}' AND t.status IN ({statuses}) AND c.isinactive = 'F' AND s.isinactive = 'F' "
            f"ORDER BY t.id DESC FETCH FIRST {_LAST_DOCUMENTS} ROWS ONLY"
        )
        if not found:
            raise NothingToDoError(f"no {kind} in status {statuses}")
        return pick(self._rng, found)

    def _customer(self) -> dict[str, str]:
        [bounds] = self._erp.suiteql("SELECT MIN(id) AS least, MAX(id) AS most FROM customer WHERE isinactive = 'F'")
        if "most" not in bounds:
            raise NothingToDoError("the ERP has no customers")
        start = self._rng.randint(int(bounds["least"]), int(bounds["most"]))
        return self._erp.suiteql(
            f"SELECT id, entityid FROM customer WHERE id >= {start} AND isinactive = 'F' "
            "ORDER BY id FETCH FIRST 1 ROWS ONLY"
        )[0]
