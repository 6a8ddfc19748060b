"""What accounting and the warehouse do in SAP Business One, and the small client they do it with: from the platform page alone."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, Final

import requests

from crosswalk_sandbox.clients import Client, RefusedError
from crosswalk_sandbox.company.dice import pick
from crosswalk_sandbox.operations import Event, NothingToDoError, Operation

_ORDER, _DELIVERY = 17, 15  # object types that documents are copied from (SAP Business One §15)
_OPEN: Final = "DocumentStatus eq 'bost_Open' and Cancelled eq 'tNO'"


class BusinessOneClient(Client):
    """The Service Layer by a session cookie (SAP Business One §3); signs in again when the session is gone."""

    def __init__(self, access: Mapping[str, Any]) -> None:
        super().__init__(access["http"])
        self._credentials = access["credentials"]
        self._sign_in()

    def newest(self, entity_set: str, condition: str, select: str) -> list[dict[str, Any]]:
        """The newest 20 documents that fit."""
        options = {"$filter": condition, "$select": select, "$orderby": "DocEntry desc"}
        found: list[dict[str, Any]] = self.ask("GET", entity_set, params=options).json()["value"]
        return found

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """One request in the session."""
        try:
            return self.call(method, f"/b1s/v2/{path}", **options)
        except RefusedError as error:
            if " answered 401" not in str(error):
                raise
        self._sign_in()
        return self.call(method, f"/b1s/v2/{path}", **options)

    def _sign_in(self) -> None:
        who = self._credentials
        body = {"CompanyDB": who["company_db"], "UserName": who["user_name"], "Password": who["password"]}
        self.call("POST", "/b1s/v2/Login", json=body)


class BusinessOneOffice:
    """What accounting and the warehouse do."""

    def __init__(self, erp: BusinessOneClient, rng: random.Random) -> None:
        self._erp = erp
        self._rng = rng

    def operations(self) -> list[tuple[Operation, float]]:
        """Operations with their weights."""
        return [(self.deliver_order, 4), (self.bill_delivery, 4), (self.pay_invoice, 3), (self.edit_partner, 2)]

    def deliver_order(self) -> Event:
        """An open order is delivered in full."""
        order = self._copy("Orders", _ORDER, "DeliveryNotes")
        return f"sap_business_one: delivered order {order['DocNum']}"

    def bill_delivery(self) -> Event:
        """What was delivered is billed."""
        delivery = self._copy("DeliveryNotes", _DELIVERY, "Invoices")
        return f"sap_business_one: billed delivery {delivery['DocNum']}"

    def pay_invoice(self) -> Event:
        """A customer pays an invoice."""
        invoice = self._one("Invoices", "DocEntry,DocNum,CardCode,DocTotal,PaidToDate")
        rest = round(invoice["DocTotal"] - invoice["PaidToDate"], 2)
        paid = [{"DocEntry": invoice["DocEntry"], "SumApplied": rest, "InvoiceType": "it_Invoice"}]
        body = {"CardCode": invoice["CardCode"], "CashSum": rest, "PaymentInvoices": paid}
        self._erp.ask("POST", "IncomingPayments", json=body)
        return f"sap_business_one: payment for {invoice['DocNum']}"

    def edit_partner(self) -> Event:
        """Accounting corrects a partner."""
        order = self._one("Orders", "DocEntry,DocNum,CardCode")
        phone = f"+1 206 {self._rng.randint(200, 999)} {self._rng.randint(0, 9999):04}"
        self._erp.ask("PATCH", f"BusinessPartners('{order['CardCode']}')", json={"Phone1": phone})
        return f"sap_business_one: phone of {order['CardCode']} changed"

    def _copy(self, source: str, kind: int, target: str) -> dict[str, Any]:
        found = self._one(source, "DocEntry,DocNum,CardCode,DocumentLines")
        lines = [
            {"BaseType": kind, "BaseEntry": found["DocEntry"], "BaseLine": line["LineNum"]}
            for line in found["DocumentLines"]
            if line["LineStatus"] == "bost_Open" and line.get("TreeType") != "iIngredient"
        ]
        self._erp.ask("POST", target, json={"CardCode": found["CardCode"], "DocumentLines": lines})
        return found

    def _one(self, entity_set: str, select: str) -> dict[str, Any]:
        found = self._erp.newest(entity_set, _OPEN, select)
        if not found:
            raise NothingToDoError(f"no open document among {entity_set}")
        return pick(self._rng, found)
