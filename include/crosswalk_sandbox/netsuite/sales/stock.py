"""Stock at locations: what orders commit and shipments take away (NetSuite §7 inventoryitemlocations, §12.3)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crosswalk_sandbox.netsuite.sales.document import Document, number
from crosswalk_sandbox.netsuite.schema.items import STOCKED

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.store import Store


class Stock:
    """Moves quantities; stock changes do not touch the item's ``lastmodifieddate`` (NetSuite §8)."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def release(self, order: Document) -> None:
        """Give back what the order's lines hold."""
        for line in _stocked(order):
            self._move(
                line,
                committed=-number(line.get("quantitycommitted")),
                backordered=-number(line.get("quantitybackordered")),
            )
            line["quantitycommitted"] = line["quantitybackordered"] = Decimal(0)

    def commit(self, order: Document) -> None:
        """Commit what is available for what is still to be shipped; the rest is back-ordered."""
        for line in _stocked(order):
            open_quantity = number(line["quantity"]) - number(line.get("quantityshiprecv"))
            if line.get("isclosed") == "T" or line.get("commitinventory") == "3" or open_quantity <= 0:
                continue
            free = self._available(line)
            if line.get("commitinventory") == "2" and free < open_quantity:
                free = Decimal(0)
            committed = max(min(free, open_quantity), Decimal(0))
            line["quantitycommitted"] = committed
            line["quantitybackordered"] = open_quantity - committed
            self._move(line, committed=committed, backordered=open_quantity - committed)

    def ship(self, line: dict[str, Any], quantity: Decimal) -> None:
        """Take shipped goods off the shelf; a negative quantity puts them back."""
        if line.get("itemtype") in STOCKED:
            self._move(line, on_hand=-quantity)

    def on_hand(self, item: object, location: object) -> Decimal:
        """What lies at a location."""
        sql = "SELECT quantityonhand FROM inventoryitemlocations WHERE item = ? AND location = ?"
        return number(self._store.value(sql, (item, location)))

    def _available(self, line: dict[str, Any]) -> Decimal:
        sql = "SELECT quantityonhand, quantitycommitted FROM inventoryitemlocations WHERE item = ? AND location = ?"
        found = self._store.row(sql, (line["item"], line.get("location")))
        return number(found["quantityonhand"]) - number(found["quantitycommitted"]) if found else Decimal(0)

    def _move(
        self,
        line: dict[str, Any],
        *,
        on_hand: Decimal = Decimal(0),
        committed: Decimal = Decimal(0),
        backordered: Decimal = Decimal(0),
    ) -> None:
        if not (on_hand or committed or backordered) or line.get("location") is None:
            return
        sql = (
            "UPDATE inventoryitemlocations SET quantityonhand = COALESCE(quantityonhand, 0) + ?,"
            " quantitycommitted = COALESCE(quantitycommitted, 0) + ?,"
            " quantitybackordered = COALESCE(quantitybackordered, 0) + ?,"
            " quantityavailable = MAX(COALESCE(quantityonhand, 0) + ? - COALESCE(quantitycommitted, 0) - ?, 0),"
            " lastquantityavailablechange = ? WHERE item = ? AND location = ?"
        )
        change = [float(part) for part in (on_hand, committed, backordered, on_hand, committed)]
        with self._store.write() as connection:
            changed = connection.execute(sql, (*change, self._store.stamp(), line["item"], line["location"])).rowcount
        if not changed:
            facts = {"item": line["item"], "location": line["location"], "quantityonhand": on_hand,
                     "quantitycommitted": committed, "quantitybackordered": backordered,
                     "quantityavailable": max(on_hand - committed, Decimal(0)),
                     "lastquantityavailablechange": self._store.stamp()}  # fmt: skip
            self._store.insert("inventoryitemlocations", facts)


def _stocked(order: Document) -> Iterator[dict[str, Any]]:
    for line in order.lines:
        if line.get("itemtype") in STOCKED:
            yield line
        yield from (part for part in line.get("components", ()) if part.get("itemtype") in STOCKED)
