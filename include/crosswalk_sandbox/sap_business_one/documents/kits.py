"""Kits: a sales tree's line brings its components behind it; an assembly stands alone (SAP Business One §15)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from crosswalk_sandbox.sap_business_one.desk import exact
from crosswalk_sandbox.sap_business_one.documents.lines import compose_line
from crosswalk_sandbox.sap_business_one.documents.values import NO, ZERO

if TYPE_CHECKING:
    from crosswalk_sandbox.sap_business_one.desk import Row
    from crosswalk_sandbox.sap_business_one.documents.trade import Trade

KIT: Final = "iSalesTree"
PART: Final = "iIngredient"
_NO_PRICE: Final = {"UnitPrice": ZERO, "DiscountPercent": ZERO}


def is_part(line: Row) -> bool:
    """Whether a line is a component of a kit's line."""
    return line.get("TreeType") == PART


def parts_of(trade: Trade, kit: Row, place: int) -> list[Row]:
    """Component lines of a kit's line, without numbers; a kit whose tree is not there stands alone.

    The price is the kit's and the components have none, unless the company does not show a price for the parent only
    (``DisplayPriceforPriceOnly`` tNO); then it is the other way round.
    """
    tree = trade.desk.read("ProductTrees", kit["ItemCode"])
    if tree is None:
        return []
    members = [row for row in tree.get("ProductTreeLines") or [] if row.get("ItemType", "pit_Item") == "pit_Item"]
    priced = {} if _by_parts(trade) else _NO_PRICE
    found = []
    for row in members:
        each = exact(row.get("Quantity"), 1) / (exact(tree.get("Quantity"), 1) or Decimal(1))
        sent = {"ItemCode": row["ItemCode"], "Quantity": each * exact(kit["Quantity"]), "ShipDate": kit.get("ShipDate"),
                "WarehouseCode": row.get("Warehouse") or kit.get("WarehouseCode")} | priced  # fmt: skip
        found.append(compose_line(trade, sent, place) | {"TreeType": PART})
    if found and _by_parts(trade):
        kit |= {"UnitPrice": ZERO, "Price": ZERO, "LineTotal": ZERO, "RowTotalFC": ZERO}
    return found


def rescaled(trade: Trade, part: Row, factor: Decimal, place: int) -> Row:
    """A component's line after its kit's quantity was changed."""
    sent = {"Quantity": exact(part["Quantity"]) * factor}
    return compose_line(trade, sent, place, part) | {"TreeType": PART}


def _by_parts(trade: Trade) -> bool:
    return bool(trade.desk.admin().get("DisplayPriceforPriceOnly") == NO)
