"""Where an order stands, from its lines (NetSuite §7 status letters)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from crosswalk_sandbox.netsuite.sales.document import number
from crosswalk_sandbox.netsuite.schema.items import FULFILLABLE


def order_status(lines: Iterable[dict[str, Any]], current: str) -> str:
    """Status letter of a sales order; A and C are set by people and stay."""
    if current in ("A", "C"):
        return current
    every = list(lines)
    opened = [line for line in every if line.get("isclosed") != "T"]
    if not opened:
        return "H" if every else current
    to_ship = any(left_to_ship(line) > 0 for line in opened)
    to_bill = any(left_to_bill(line) > 0 for line in opened)
    if not to_ship:
        return "F" if to_bill else "G"
    shipped = any(number(line.get("quantityshiprecv")) > 0 for line in every)
    unbilled = any(number(line.get("quantityshiprecv")) > number(line.get("quantitybilled")) for line in opened)
    if not shipped:
        return "B"
    return "E" if unbilled else "D"


def left_to_ship(line: dict[str, Any]) -> Decimal:
    """Quantity that still is to be fulfilled; services and the like never are."""
    if line.get("itemtype") not in FULFILLABLE or line.get("fulfillable") == "F":
        return Decimal(0)
    return number(line.get("quantity")) - number(line.get("quantityshiprecv"))


def left_to_bill(line: dict[str, Any]) -> Decimal:
    """Quantity that still is to be billed."""
    return number(line.get("quantity")) - number(line.get("quantitybilled"))


def unbilled_amount(lines: Iterable[dict[str, Any]]) -> Decimal:
    """Amount of what is ordered, not closed and not billed, taxes aside."""
    total = Decimal(0)
    for line in lines:
        quantity = number(line.get("quantity"))
        if line.get("isclosed") != "T" and quantity:
            total += number(line.get("foreignamount")) * max(left_to_bill(line), Decimal(0)) / quantity
    return round(total, 2)
