"""What people do in the two systems, and what the systems say when they are asked past Crosswalk's own code."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from crosswalk_sandbox.clients import NetSuiteClient, SalesforceClient
from tests.stack import Stack

_READS = ("/suiteql", "/oauth2/token", "/oauth2/v1/token", "/services/Soap/", "/jobs/query")
PAGE = 1000
Row = dict[str, Any]


@dataclass(frozen=True)
class Snapshot:
    """Everything that a sync could have changed, for comparing before and after."""

    systems: Mapping[str, list[Row]]
    hub: Mapping[str, list[tuple[Any, ...]]]


@dataclass
class Company:
    """The demo company's two systems."""

    stack: Stack

    @cached_property
    def crm(self) -> SalesforceClient:
        return SalesforceClient(
            {"http": self.stack.settings.emulator_url("salesforce"), **self._credentials("salesforce")}
        )

    @cached_property
    def erp(self) -> NetSuiteClient:
        """Signs with requests-oauthlib."""
        return NetSuiteClient({"http": self.stack.settings.emulator_url("netsuite"), **self._credentials("netsuite")})

    def _credentials(self, system: str) -> dict[str, Any]:
        return {"credentials": self.stack.access[system]}

    # -- what salespeople do -------------------------------------------------------------------------------------------

    @cached_property
    def _numbers(self) -> Iterator[int]:
        """Numbers that no record was named after yet."""
        return itertools.count(int(self.crm.query("SELECT COUNT(Id) n FROM Opportunity")[0]["n"]))

    def open_account(self, **changes: str | None) -> str:
        """A new account that the ERP does not know."""
        number = next(self._numbers)
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
        return self.crm.create("Account", {name: value for name, value in values.items() if value is not None})

    def win(self, account: str, lines: int = 2, entry: str | None = None, price: float | None = None) -> str:
        """A deal with lines, won today; returns its id."""
        deal = self.crm.create(
            "Opportunity",
            {
                "Name": f"Deal {next(self._numbers)}",
                "AccountId": account,
                "StageName": "Negotiation/Review",
                "CloseDate": self.crm.now.date().isoformat(),
                "CurrencyIsoCode": "USD",
                "Pricebook2Id": self._price_book,
            },
        )
        for place in range(lines):
            chosen = {"PricebookEntryId": entry or self._entries[place % len(self._entries)]["Id"]}
            chosen |= {"OpportunityId": deal, "Quantity": place + 2, "UnitPrice": price or 19.5 + place}
            self.crm.create("OpportunityLineItem", chosen)
        self.crm.update("Opportunity", deal, {"StageName": "Closed Won"})
        return deal

    def dear_entry(self) -> tuple[str, float]:
        """The price book entry of a product that costs something, and its price."""
        keys = ", ".join(f"'{entry['Id']}'" for entry in self._entries)
        found = self.crm.query(f"SELECT Id, UnitPrice FROM PricebookEntry WHERE Id IN ({keys}) ORDER BY UnitPrice DESC")
        return str(found[0]["Id"]), float(found[0]["UnitPrice"])

    def approval(self, deal: str) -> tuple[str | None, str | None]:
        """What a salesperson sees of a deal's approval."""
        asked = f"SELECT ERP_Approval__c, ERP_Approval_Note__c FROM Opportunity WHERE Id = '{deal}'"
        row = self.crm.query(asked)[0]
        return row["ERP_Approval__c"], row["ERP_Approval_Note__c"]

    def unknown_product(self) -> str:
        """A product that the ERP lacks; returns its price book entry."""
        product = self.crm.create(
            "Product2", {"Name": "Prototype", "ProductCode": f"PROTO-{next(self._numbers)}", "IsActive": True}
        )
        entry = {"Product2Id": product, "Pricebook2Id": self._price_book, "UnitPrice": 10, "CurrencyIsoCode": "USD"}
        return self.crm.create("PricebookEntry", {**entry, "IsActive": True})

    @cached_property
    def _price_book(self) -> str:
        return str(self.crm.query("SELECT Id FROM Pricebook2 WHERE IsStandard = true")[0]["Id"])

    @cached_property
    def _entries(self) -> list[Row]:
        """Prices in dollars of products that the ERP sells."""
        sold = {row["itemid"] for row in self.erp.suiteql("SELECT itemid FROM item WHERE isinactive = 'F'", PAGE)}
        found = self.crm.query(
            "SELECT Id, Product2.ProductCode FROM PricebookEntry WHERE IsActive = true AND Product2.IsActive = true "
            f"AND Pricebook2Id = '{self._price_book}' AND CurrencyIsoCode = 'USD' AND Product2.ERP_Id__c != null LIMIT 200"
        )
        return [row for row in found if row["Product2"]["ProductCode"] in sold][:5]

    # -- what the systems say ------------------------------------------------------------------------------------------

    def orders_of(self, deals: Iterable[str]) -> dict[str, list[Row]]:
        """The ERP's sales orders that carry a deal's id in their external id, by deal."""
        found = self.erp.suiteql(
            "SELECT t.id, t.externalid, t.tranid, t.entity, t.foreigntotal FROM transaction t "
            "WHERE t.type = 'SalesOrd' AND t.externalid LIKE 'SF-OPP-%'",
            PAGE,
        )
        return {deal: [row for row in found if f"-{deal}-" in row["externalid"]] for deal in deals}

    def customers_of(self, account: str) -> list[Row]:
        """The ERP's customers that were created for an account, or bear its name."""
        name = self.crm.query(f"SELECT Name FROM Account WHERE Id = '{account}'")[0]["Name"]
        return self.erp.suiteql(
            f"SELECT id, externalid FROM customer WHERE externalid = 'SF-ACC-{account}' OR companyname = '{name}'", PAGE
        )

    def erp_id(self, kind: str, key: str) -> str | None:
        """What a CRM record knows of its twin in the ERP."""
        found = self.crm.query(f"SELECT ERP_Id__c FROM {kind} WHERE Id = '{key}'")[0]["ERP_Id__c"]
        return None if found is None else str(found)

    def counts(self) -> dict[tuple[str, str], int]:
        """How many records each system has, by (system, hub table)."""
        crm = {"customer": "Account", "contact": "Contact", "product": "Product2", "deal": "Opportunity"}
        crm |= {"deal_line": "OpportunityLineItem", "price": "PricebookEntry"}
        erp = {"customer": "customer WHERE 1 = 1", "contact": "contact WHERE 1 = 1"}
        types = {"order": "SalesOrd", "invoice": "CustInvc", "payment": "CustPymt", "shipment": "ItemShip"}
        erp |= {entity: f"transaction WHERE type = '{kind}'" for entity, kind in types.items()}
        found = {
            ("salesforce", e): self.crm.query(f"SELECT COUNT(Id) n FROM {kind}")[0]["n"] for e, kind in crm.items()
        }
        for entity, kind in erp.items():
            found["netsuite", entity] = int(self.erp.suiteql(f"SELECT COUNT(*) AS n FROM {kind}")[0]["n"])
        return found

    def writes(self) -> dict[str, int]:
        """How many requests that could change something each emulator has served."""
        return {
            system: sum(
                row["count"]
                for row in self.stack.sandbox(system, "requests")["counts"]
                if row["method"] not in {"GET", "HEAD"} and not any(part in row["path"] for part in _READS)
            )
            for system in self.stack.settings.emulator_ports
        }

    def snapshot(self) -> Snapshot:
        """The state of both systems, with the instants of last change, and of the hub."""
        ask, read = self.erp.suiteql, self.crm.query
        return Snapshot(
            systems={
                "customers": ask("SELECT id, externalid, lastmodifieddate FROM customer ORDER BY id", PAGE),
                "transactions": ask(
                    "SELECT id, type, externalid, foreigntotal, status, lastmodifieddate FROM transaction ORDER BY id",
                    PAGE,
                ),
                "lines": ask("SELECT COUNT(*) AS n, SUM(quantity) AS pieces FROM transactionline"),
                "accounts": read("SELECT Id, ERP_Id__c, SystemModstamp FROM Account ORDER BY Id"),
                "deals": read("SELECT Id, ERP_Id__c, SystemModstamp FROM Opportunity ORDER BY Id"),
                "products": read("SELECT Id, ERP_Id__c, SystemModstamp FROM Product2 ORDER BY Id"),
            },
            hub={
                "orders": self._rows('select system, key, fingerprint, deleted_at from hub."order" order by 1, 2'),
                "customers": self._rows("select system, key, fingerprint, deleted_at from hub.customer order by 1, 2"),
                "links": self._rows(
                    "select pairing, entity, system, key, link_id from hub.link_end order by 1, 2, 3, 4"
                ),
                "intents": self._rows(
                    "select key, status, target_key, attempt, payload_hash from hub.intent order by 1"
                ),
            },
        )

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.stack.rows(query)

    def intents(self, deals: Iterable[str]) -> dict[str, str]:
        """The status of the orders wanted for these deals, by deal."""
        found = self.stack.rows(
            "select source_key, status from hub.intent where entity = 'order' and source_key = any(%s)", [list(deals)]
        )
        return dict(found)

    def let_pass(self, seconds: int) -> None:
        """Let time pass for the intents: move everything they remember into the past."""
        instants = ("lease_until", "claimed_at", "sent_at", "not_before", "resend_after")
        changes = ", ".join(f"{name} = {name} - make_interval(secs => %(s)s)" for name in instants)
        with self.stack.hub() as connection:
            connection.execute(f"update hub.intent set {changes} where status <> 'done'".encode(), {"s": seconds})
