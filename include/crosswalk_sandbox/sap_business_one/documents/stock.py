"""What documents do to the stock: orders commit, deliveries and invoices take, returns and credit notes give (SAP Business One §16)."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from crosswalk_sandbox.sap_business_one.desk import exact
from crosswalk_sandbox.sap_business_one.documents.kinds import BY_CODE
from crosswalk_sandbox.sap_business_one.documents.values import CLOSED, NO, OPEN, ZERO, is_yes
from crosswalk_sandbox.sap_business_one.errors import BATCH_OR_SERIAL, LOGIC, Refusal

if TYPE_CHECKING:
    from crosswalk_sandbox.sap_business_one.desk import Desk, Row
    from crosswalk_sandbox.sap_business_one.documents.kinds import Kind

Place = tuple[str, str]
"""An item in a warehouse."""
NEGATIVE: Final = 10001069


def committed(kind: Kind, document: Row | None) -> dict[Place, Decimal]:
    """What a document keeps from others: what is open of an order's lines."""
    found: dict[Place, Decimal] = defaultdict(lambda: ZERO)
    if document is None or not kind.commits or document.get("DocumentStatus", OPEN) == CLOSED:
        return found
    for line in document["DocumentLines"]:
        if line.get("ItemCode") and line.get("LineStatus", OPEN) == OPEN:
            found[line["ItemCode"], line["WarehouseCode"]] += in_stock_units(line, "RemainingOpenQuantity")
    return found


def moved(kind: Kind, document: Row) -> dict[Place, Decimal]:
    """What a document takes from or brings to the stock; not what its base has moved already."""
    found: dict[Place, Decimal] = defaultdict(lambda: ZERO)
    for line in document["DocumentLines"]:
        if kind.moves and line.get("ItemCode") and not _is_moved(kind, line):
            found[line["ItemCode"], line["WarehouseCode"]] += kind.moves * in_stock_units(line, "Quantity")
    return found


def in_stock_units(line: Row, name: str) -> Decimal:
    """A quantity of a line in the item's stock unit."""
    return exact(line.get(name)) * exact(line.get("UnitsOfMeasurment"), 1)


def recommit(desk: Desk, kind: Kind, before: Row | None, after: Row | None) -> None:
    """Let the committed quantities follow a document's change."""
    old, new = committed(kind, before), committed(kind, after)
    for place in {**old, **new}:
        change = new.get(place, ZERO) - old.get(place, ZERO)
        if change:
            desk.move_stock(*place, committed=change)


def move(desk: Desk, kind: Kind, document: Row, *, back: bool = False) -> None:
    """Move what the document moves; ``back`` undoes it. Refused below nothing, unless the company allows that."""
    for (item, warehouse), quantity in moved(kind, document).items():
        change = -quantity if back else quantity
        if change < 0:
            _check_stock(desk, kind, document, (item, warehouse), -change)
        desk.move_stock(item, warehouse, in_stock=change)


def check_numbers(desk: Desk, kind: Kind, document: Row) -> None:
    """Batch and serial numbers of what leaves the stock are complete (§10: -4014)."""
    if kind.moves >= 0:
        return
    for line in document["DocumentLines"]:
        item = desk.read("Items", line["ItemCode"]) if line.get("ItemCode") and not _is_moved(kind, line) else None
        if item is None:
            continue
        quantity = in_stock_units(line, "Quantity")
        batches = sum((exact(row.get("Quantity")) for row in line.get("BatchNumbers") or []), ZERO)
        serials = Counter(str(row.get("InternalSerialNumber")) for row in line.get("SerialNumbers") or [])
        is_short = is_yes(item.get("ManageBatchNumbers")) and batches != quantity
        is_short |= is_yes(item.get("ManageSerialNumbers")) and len(serials) != quantity
        if is_short:
            told = f"Cannot add row without complete selection of batch/serial numbers  [{kind.lines}][line: {int(line['LineNum']) + 1}]"
            raise Refusal(400, BATCH_OR_SERIAL, told)


def _is_moved(kind: Kind, line: Row) -> bool:
    """Whether the base has moved the line's quantity the same way: a delivery before its invoice."""
    base = BY_CODE.get(int(exact(line.get("BaseType"), -1)))
    return base is not None and base.moves == kind.moves


def _check_stock(desk: Desk, kind: Kind, document: Row, place: Place, quantity: Decimal) -> None:
    if desk.options.negative_stock or desk.admin().get("BlockStockNegativeQuantity") == NO:
        return
    item = desk.read("Items", place[0]) or {}
    if item.get("InventoryItem") == NO:
        return
    rows = item.get("ItemWarehouseInfoCollection") or []
    there = next((exact(row.get("InStock")) for row in rows if row["WarehouseCode"] == place[1]), ZERO)
    if there < quantity:
        number = next(int(line["LineNum"]) for line in document["DocumentLines"] if line.get("ItemCode") == place[0])
        told = f"Quantity falls into negative inventory  [{kind.lines}.ItemCode][line: {number + 1}]"
        raise Refusal(400, LOGIC, f"{NEGATIVE} - {told}")
