"""What an item costs a customer (NetSuite §13 Pricing, §12.4)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from crosswalk_sandbox.netsuite.sales.document import number

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.store import Row, Store

CUSTOM: Final = -1
BASE: Final = 1


@dataclass(frozen=True, slots=True)
class Price:
    """A price level and its rate; the rate is None where the item has no price in the currency."""

    level: int
    rate: Decimal | None


class Prices:
    """Looks prices up in the account."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of(self, customer: Row, item: Row, currency: int, quantity: Decimal) -> Price:
        """The price by precedence: customer's item price, group price, customer's level, base price."""
        sql = "SELECT level, price FROM customeritempricing WHERE customer = ? AND item = ? AND (currency = ? OR currency IS NULL)"
        own = self._store.row(sql, (customer["id"], item["id"], currency))
        if own is not None and own["price"] is not None and (own["level"] or CUSTOM) == CUSTOM:
            return Price(CUSTOM, number(own["price"]))
        level = own["level"] if own is not None else self._group_level(customer, item)
        level = int(level or customer["pricelevel"] or BASE)
        found = self.at_level(item, level, currency, quantity)
        if found.rate is None and level != BASE:
            return self.at_level(item, BASE, currency, quantity)
        return found

    def at_level(self, item: Row, level: int, currency: int, quantity: Decimal) -> Price:
        """The price of a level for a quantity in a currency; a level without rows is computed from its percentage."""
        brackets = self._brackets(item["id"], level, currency)
        if not brackets and level != BASE:
            percent = self._store.value("SELECT discountpct FROM pricelevel WHERE id = ?", (level,))
            if percent is not None:
                factor = 1 + number(percent) / 100
                brackets = [(bound, rate * factor) for bound, rate in self._brackets(item["id"], BASE, currency)]
        if not brackets:
            return Price(level, None)
        return Price(
            level, _marginal(brackets, quantity) if item["usemarginalrates"] == "T" else _rate(brackets, quantity)
        )

    def _group_level(self, customer: Row, item: Row) -> int | None:
        if item["pricinggroup"] is None:
            return None
        sql = 'SELECT level FROM customergrouppricing WHERE customer = ? AND "group" = ?'
        found = self._store.value(sql, (customer["id"], item["pricinggroup"]))
        return int(found) if found is not None else None

    def _brackets(self, item: int, level: int, currency: int) -> list[tuple[Decimal, Decimal]]:
        sql = (
            "SELECT quantity, unitprice FROM pricing WHERE item = ? AND pricelevel = ? AND currency = ?"
            " AND customer IS NULL AND unitprice IS NOT NULL ORDER BY quantity"
        )
        return [
            (number(row["quantity"]), number(row["unitprice"]))
            for row in self._store.rows(sql, (item, level, currency))
        ]


def _rate(brackets: list[tuple[Decimal, Decimal]], quantity: Decimal) -> Decimal:
    rate = brackets[0][1]
    for bound, price in brackets:
        if quantity >= bound:
            rate = price
    return rate


def _marginal(brackets: list[tuple[Decimal, Decimal]], quantity: Decimal) -> Decimal:
    """Each bracket priced by itself; the result is the average rate."""
    if quantity <= 0:
        return brackets[0][1]
    total = Decimal(0)
    for place, (bound, price) in enumerate(brackets):
        top = brackets[place + 1][0] if place + 1 < len(brackets) else quantity
        total += max(min(quantity, top) - max(bound, Decimal(0)), Decimal(0)) * price
    return round(total / quantity, 8)
