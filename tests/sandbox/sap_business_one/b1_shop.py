"""A small company for the tests of documents: a customer, a stocked item, a service, a kit; and short ways to trade with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from crosswalk_sandbox.sap_business_one import documents
from crosswalk_sandbox.sap_business_one.desk import exact
from crosswalk_sandbox.sap_business_one.errors import Refusal

if TYPE_CHECKING:
    from crosswalk_sandbox.sap_business_one.account import Account
    from crosswalk_sandbox.sap_business_one.desk import Row

DUE = "2026-11-30T00:00:00Z"
TODAY = "2026-11-23T00:00:00Z"
ADDRESS = {"Street": "Main St 1", "City": "Denver", "ZipCode": "80202", "State": "CO", "Country": "US"}


class Shop:
    """Trades through the functions that the service calls, on one desk."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.desk = account.desk()
        self._stock_up()

    def options(self, **changes: Any) -> None:
        """Let the company behave otherwise."""
        self.account.options = replace(self.account.options, **changes)

    def admin(self, **changes: Any) -> None:
        """Change company settings."""
        told = orjson.dumps({**self.account.admin(), **changes}).decode()
        self.account.store.set_setting("admin", told)

    def put(self, entity_set: str, **row: Any) -> Row:
        """Save a row."""
        return self.desk.save(entity_set, row)

    def edit(self, entity_set: str, *key: str | int, **changes: Any) -> Row:
        """Change a row."""
        return self.desk.save(entity_set, self.get(entity_set, *key) | changes)

    def get(self, entity_set: str, *key: str | int) -> Row:
        """A row that is there."""
        found = self.desk.read(entity_set, *key)
        assert found is not None
        return found

    def sell(self, *lines: dict[str, Any], kind: str = "Orders", **header: Any) -> Row:
        """Add a document of C1; lines default to one A1, orders to a due date."""
        given: dict[str, Any] = {"CardCode": "C1", "DocumentLines": list(lines) or [{"ItemCode": "A1"}]}
        if kind in ("Orders", "Quotations"):
            given["DocDueDate"] = DUE
        return documents.add(kind, given | header, self.desk)

    def copy(self, base: Row, kind: str, *lines: dict[str, Any], base_type: int, **header: Any) -> Row:
        """Copy lines of a document; each says ``BaseLine`` and what it changes."""
        sent = [{"BaseType": base_type, "BaseEntry": base["DocEntry"], **line} for line in lines or ({"BaseLine": 0},)]
        return documents.add(kind, {"CardCode": base["CardCode"], "DocumentLines": sent} | header, self.desk)

    def amend(self, kind: str, entry: int, *, replace: bool = False, **changes: Any) -> Row:
        """PATCH a document."""
        return documents.amend(kind, self.get(kind, entry), changes, self.desk, replace=replace)

    def act(self, kind: str, entry: int, action: str) -> Row | None:
        """Do a bound action."""
        return documents.act(kind, self.get(kind, entry), action, self.desk)

    def pay(self, *invoices: dict[str, Any], amount: Any = None, **more: Any) -> Row:
        """An incoming payment of C1 by transfer."""
        given = {"CardCode": "C1", "PaymentInvoices": list(invoices)} | more
        if amount is not None:
            given["TransferSum"] = amount
        return documents.add("IncomingPayments", given, self.desk)

    def stock(self, item: str = "A1") -> tuple[Decimal, Decimal]:
        """In stock and committed in the first warehouse."""
        place = self.get("Items", item)["ItemWarehouseInfoCollection"][0]
        return exact(place.get("InStock")), exact(place.get("Committed"))

    def balance(self, name: str) -> Decimal:
        """One of C1's balances."""
        return exact(self.get("BusinessPartners", "C1").get(name))

    def _stock_up(self) -> None:
        self.put(
            "BusinessPartners", CardCode="C1", CardName="One Inc", CardType="cCustomer", Currency="##", PriceListNum=1,
            PayTermsGrpCode=1, BilltoDefault="Bill", ShipToDefault="Ship", ContactPerson="Ann", SalesPersonCode=-1,
            FederalTaxID="12-3", BPAddresses=[
                {"AddressName": "Bill", "AddressType": "bo_BillTo", "RowNum": 0, **ADDRESS},
                {"AddressName": "Ship", "AddressType": "bo_ShipTo", "RowNum": 1, "TaxCode": "CA", **ADDRESS},
            ], ContactEmployees=[{"Name": "Ann", "InternalCode": 7}, {"Name": "Bob", "InternalCode": 8}],
        )  # fmt: skip
        self._item("A1", 100, 50)
        self._item("A2", 30, 20)
        self.put("Items", ItemCode="S1", ItemName="Service", InventoryItem="tNO", DefaultWarehouse="01", ArTaxCode="EX",
                 ItemPrices=[{"PriceList": 1, "Price": 10, "Currency": "USD"}])  # fmt: skip
        self.put("Items", ItemCode="K1", ItemName="Kit", InventoryItem="tNO", TreeType="iSalesTree", DefaultWarehouse="01",
                 ItemPrices=[{"PriceList": 1, "Price": 200, "Currency": "USD"}])  # fmt: skip
        members = [{"ItemCode": "A1", "Quantity": 1}, {"ItemCode": "A2", "Quantity": 2}]
        self.put("ProductTrees", TreeCode="K1", TreeType="iSalesTree", Quantity=1, ProductTreeLines=members)

    def _item(self, code: str, price: int, stock: int) -> None:
        self.put("Items", ItemCode=code, ItemName=f"Item {code}", DefaultWarehouse="01",
                 ItemPrices=[{"PriceList": 1, "Price": price, "Currency": "USD"}],
                 ItemWarehouseInfoCollection=[{"WarehouseCode": "01", "ItemCode": code, "InStock": stock}])  # fmt: skip


@contextmanager
def refused(code: int, words: str = "") -> Iterator[None]:
    """The vendor refuses with this code, and these words are in the text."""
    with pytest.raises(Refusal) as told:
        yield
    assert told.value.code == code, told.value
    assert words in told.value.message, told.value


def amounts(document: Row, *names: str) -> list[Decimal]:
    """Header amounts as Decimal."""
    return [exact(document.get(name)) for name in names]


def column(document: Row, name: str) -> list[Any]:
    """A property of all lines; numbers as Decimal."""
    found = [line.get(name) for line in document["DocumentLines"]]
    return [exact(value) if isinstance(value, int | float | Decimal) else value for value in found]
