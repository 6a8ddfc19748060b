"""A line of a document: item, warehouse, tax, price and total (SAP Business One §15, §16, §17)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crosswalk_sandbox.sap_business_one.desk import exact
from crosswalk_sandbox.sap_business_one.documents.line_prices import settle_price
from crosswalk_sandbox.sap_business_one.documents.partners import is_active
from crosswalk_sandbox.sap_business_one.documents.taxes import settle_tax
from crosswalk_sandbox.sap_business_one.documents.values import NO, OPEN, ZERO, is_given, is_yes
from crosswalk_sandbox.sap_business_one.errors import LOGIC, Refusal, business

if TYPE_CHECKING:
    from crosswalk_sandbox.sap_business_one.desk import Row
    from crosswalk_sandbox.sap_business_one.documents.trade import Trade

INACTIVE_ITEM: Final = 10001069
COMPUTED: Final = frozenset({
    "LineNum", "VisualOrder", "LineTotal", "RowTotalFC", "RowTotalSC", "TaxTotal", "NetTaxAmount", "NetTaxAmountFC",
    "PriceAfterVAT", "GrossPrice", "GrossTotal", "GrossTotalFC", "Price", "UnitPrice", "TaxPercentagePerRow",
    "RemainingOpenQuantity", "RemainingOpenInventoryQuantity", "OpenAmount", "OpenAmountFC", "PriceSource", "Rate",
    "InventoryQuantity", "DocEntry", "LineStatus",
})  # fmt: skip
"""What is worked out anew, whatever was sent; prices among them, which :func:`settle_price` reads from what was sent."""


def compose_line(trade: Trade, sent: Row, place: int, known: Row | None = None) -> Row:
    """A whole line from what was sent, on top of the line that is there already. ``place`` counts from 0."""
    row = dict(known or {}) | {
        name: value for name, value in sent.items() if name not in COMPUTED and value is not None
    }
    if trade.header.get("DocType") == "dDocument_Service":
        return _service(trade, row, sent, place, known)
    item = _item(trade, row, place)
    is_new_item = known is None or known.get("ItemCode") != row["ItemCode"]
    if is_new_item:
        _take_item(trade, row, item, sent)
    _check_warehouse(trade, row, place)
    _settle_quantity(trade, row, known, place)
    rate = settle_tax(trade, row, _tax_defaults(trade, item), trade.at_line(place, trade.desk.options.tax_field))
    row["TaxPercentagePerRow"] = rate
    settle_price(trade, row, sent, item, None if is_new_item else known)
    return row


def _item(trade: Trade, row: Row, place: int) -> Row:
    if not is_given(row, "ItemCode"):
        raise business(f"Item number is missing; specify an item number  {trade.at_line(place, 'ItemCode')}")
    item = trade.desk.read("Items", str(row["ItemCode"]))
    if item is None:
        raise trade.unknown_at(place, "ItemCode")
    if not is_active(item, trade.posting_day):
        raise trade.refuse(INACTIVE_ITEM, f"Item {item['ItemCode']} is inactive", place, "ItemCode")
    if item.get("SalesItem") == NO:
        raise Refusal(400, LOGIC, f"Item not specified as sales item  {trade.at_line(place, 'ItemCode')}")
    return item


def _take_item(trade: Trade, row: Row, item: Row, sent: Row) -> None:
    for name, value in (
        ("ItemDescription", item.get("ItemName")),
        ("WarehouseCode", item.get("DefaultWarehouse") or _company_warehouse(trade)),
        ("MeasureUnit", item.get("SalesUnit")),
    ):
        if not is_given(sent, name) and value is not None:
            row[name] = value
    row["TreeType"] = item.get("TreeType", "iNotATree")
    row.setdefault("UnitsOfMeasurment", exact(item.get("SalesItemsPerUnit"), 1) or 1)
    row.setdefault("Quantity", 1)
    row.setdefault("LineStatus", OPEN)
    row.setdefault("ShipDate", trade.header.get("DocDueDate"))
    row.setdefault("SalesPersonCode", trade.header.get("SalesPersonCode", -1))


def _company_warehouse(trade: Trade) -> object:
    """The company's default warehouse; where its settings name none, its first in use."""
    named = trade.desk.admin().get("DefaultWarehouse")
    if named:
        return named
    return next(
        (row["WarehouseCode"] for row in trade.desk.find("Warehouses") if not is_yes(row.get("Inactive"))), None
    )


def _check_warehouse(trade: Trade, row: Row, place: int) -> None:
    code = row.get("WarehouseCode")
    found = trade.desk.read("Warehouses", str(code)) if code else None
    if found is None:
        raise trade.unknown_at(place, "WhsCode")
    if is_yes(found.get("Inactive")):
        raise Refusal(400, LOGIC, f"Warehouse {code} is inactive  {trade.at_line(place, 'WhsCode')}")


def _settle_quantity(trade: Trade, row: Row, known: Row | None, place: int) -> None:
    quantity = exact(row["Quantity"])
    if quantity <= 0:
        raise business(f"Enter a quantity greater than zero  {trade.at_line(place, 'Quantity')}")
    copied = exact(known["Quantity"]) - exact(known.get("RemainingOpenQuantity")) if known else ZERO
    row["RemainingOpenQuantity"] = max(quantity - copied, ZERO)
    units = exact(row.get("UnitsOfMeasurment"), 1)
    row["InventoryQuantity"] = quantity * units
    row["RemainingOpenInventoryQuantity"] = row["RemainingOpenQuantity"] * units


def _tax_defaults(trade: Trade, item: Row) -> list[object]:
    """Who names a tax code where the line does not, in order."""
    if trade.desk.options.tax_field == "VatGroup":
        return [trade.partner.get("VatGroup"), item.get("SalesVATGroup")]
    shipped_to = [
        row.get("TaxCode")
        for row in trade.partner.get("BPAddresses") or []
        if row.get("AddressType") == "bo_ShipTo" and row.get("AddressName") == trade.header.get("ShipToCode")
    ]
    return [*shipped_to, item.get("ArTaxCode")]


def _service(trade: Trade, row: Row, sent: Row, place: int, known: Row | None) -> Row:
    """A line of a service document: an account or a text, and an amount (§15)."""
    if not (is_given(row, "AccountCode") or is_given(row, "ItemDescription")):
        raise business(f"Enter an account or a description  {trade.at_line(place, 'AcctCode')}")
    row.setdefault("LineStatus", OPEN)
    row.setdefault("SalesPersonCode", trade.header.get("SalesPersonCode", -1))
    row |= {"Quantity": 1, "UnitsOfMeasurment": 1, "TreeType": "iNotATree"}
    _settle_quantity(trade, row, known, place)
    defaults: list[object] = [trade.partner.get("VatGroup")] if trade.desk.options.tax_field == "VatGroup" else []
    rate = settle_tax(trade, row, defaults, trade.at_line(place, trade.desk.options.tax_field))
    row["TaxPercentagePerRow"] = rate
    settle_price(trade, row, sent, None, known)
    return row
