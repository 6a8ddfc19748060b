"""What was sold, in money: line totals after discounts, and the unit price that gives them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from crosswalk.model.records import Image

_PRICE_STEP = Decimal("0.00000001")  # ERPs keep unit prices to eight decimals at most


def line_amount(line: Image) -> Decimal:
    """Return the line's total as the CRM says it, discounts included; else quantity times unit price."""
    total, quantity, price = line.values.get("total"), line.values.get("quantity"), line.values.get("unit_price")
    if isinstance(total, Decimal):
        return total
    return quantity * price if isinstance(quantity, Decimal) and isinstance(price, Decimal) else Decimal(0)


def total_of(lines: Iterable[Image]) -> Decimal:
    """Return the sum over the lines, in the deal's currency."""
    return sum(map(line_amount, lines), Decimal(0))


def price_sold(line: Image) -> Decimal:
    """Return the unit price that makes the line's total: the list of the deal, or what is left of it after a discount.

    The line must have a quantity above zero.
    """
    price, quantity = line.values["unit_price"], line.values["quantity"]
    if not isinstance(price, Decimal) or not isinstance(quantity, Decimal):
        raise TypeError(f"Line {line.key} has no price or quantity; readiness must refuse it.")
    amount = line_amount(line)
    return price if price * quantity == amount else (amount / quantity).quantize(_PRICE_STEP, ROUND_HALF_UP).normalize()
