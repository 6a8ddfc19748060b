"""Lines of a PATCH: found by LineNum, else new; with the replace header what is not named goes (SAP Business One §6)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from crosswalk_sandbox.sap_business_one.desk import exact
from crosswalk_sandbox.sap_business_one.documents.copying import line_of
from crosswalk_sandbox.sap_business_one.documents.kits import KIT, is_part, parts_of, rescaled
from crosswalk_sandbox.sap_business_one.documents.lines import compose_line
from crosswalk_sandbox.sap_business_one.documents.values import CLOSED, OPEN
from crosswalk_sandbox.sap_business_one.errors import LOGIC, Refusal, business, locked_field, no_match

if TYPE_CHECKING:
    from crosswalk_sandbox.sap_business_one.desk import Row
    from crosswalk_sandbox.sap_business_one.documents.trade import Trade

LAST_LINE: Final = "LastLineNum"
"""Header's memory of the highest LineNum ever given: numbers are not used again."""
_LOCKED: Final = {
    "ItemCode": "ItemCode", "Quantity": "Quantity", "UnitPrice": "PriceBefDi", "Price": "Price", "DiscountPercent": "DiscPrcnt",
    "LineTotal": "LineTotal", "WarehouseCode": "WhsCode", "TaxCode": "TaxCode", "VatGroup": "VatGroup", "Currency": "Currency",
    "BaseEntry": "BaseEntry", "BaseLine": "BaseLine", "BaseType": "BaseType",
}  # fmt: skip
_IDENTITY: Final = ("BaseEntry", "BaseLine", "BaseType")


def merge_lines(trade: Trade, changes: Mapping[str, Any], *, replace: bool) -> None:
    """Change, add and remove lines of the header in place."""
    if "DocumentLines" not in changes:
        return
    lines: list[Row] = trade.header["DocumentLines"]
    last = max(int(trade.header.get(LAST_LINE, -1)), *(int(line["LineNum"]) for line in lines))
    mentioned: set[int] = set()
    for place, sent in enumerate(changes["DocumentLines"] or []):
        known = _known(trade, sent)
        if known is not None:
            mentioned.add(int(known["LineNum"]))
            _change(trade, known, sent, place)
            continue
        added = _added(trade, sent, place, last)
        last += len(added)
        mentioned |= {int(line["LineNum"]) for line in added}
        lines += added
    if replace:
        _drop(trade, mentioned)
    trade.header[LAST_LINE] = last
    for order, line in enumerate(trade.header["DocumentLines"]):
        line["VisualOrder"] = order


def _known(trade: Trade, sent: Row) -> Row | None:
    if sent.get("LineNum") is None:
        return None
    found = line_of(trade.header, int(exact(sent["LineNum"])))
    if found is None and not trade.desk.options.unknown_line_is_new:
        raise no_match(f"{trade.kind.lines}.LineNum")
    return found


def _change(trade: Trade, known: Row, sent: Row, place: int) -> None:
    if known.get("LineStatus", OPEN) == CLOSED or not trade.kind.is_planned:
        _check_locked(trade, known, sent, tuple(_LOCKED))
        known |= {name: value for name, value in sent.items() if name == "FreeText" or name.startswith("U_")}
        _reopen_line(trade, known, sent)
        return
    copied = exact(known["Quantity"]) - exact(known.get("RemainingOpenQuantity"))
    _check_locked(trade, known, sent, ("ItemCode", "WarehouseCode", *_IDENTITY) if copied else _IDENTITY)
    if exact(known.get("BaseType"), -1) != -1:
        _check_locked(trade, known, sent, ("ItemCode",))
    if copied and sent.get("Quantity") is not None and exact(sent["Quantity"]) < copied:
        told = f"Quantity cannot be less than what was copied to target documents  {trade.at_line(place, 'Quantity')}"
        raise Refusal(400, LOGIC, told)
    before = exact(known["Quantity"])
    item = known.get("ItemCode")
    part = is_part(known)
    known |= compose_line(trade, sent, place, known)
    if part:
        known["TreeType"] = "iIngredient"
    _follow_kit(trade, known, item, before, place)
    if sent.get("LineStatus") == CLOSED or not exact(known["RemainingOpenQuantity"]):
        known["LineStatus"] = CLOSED


def _reopen_line(trade: Trade, known: Row, sent: Row) -> None:
    """A line that was closed by hand may be opened again while its document is open."""
    if sent.get("LineStatus") == OPEN and known.get("LineStatus") == CLOSED and trade.kind.is_planned:
        if not exact(known.get("RemainingOpenQuantity")) or trade.header.get("DocumentStatus") == CLOSED:
            raise locked_field(f"{trade.kind.lines}.LineStatus")
        known["LineStatus"] = OPEN


def _follow_kit(trade: Trade, kit: Row, item: object, before: object, place: int) -> None:
    """Components follow their kit's quantity; another item takes the old ones away."""
    lines: list[Row] = trade.header["DocumentLines"]
    parts = [line for line in lines if is_part(line) and line.get("ParentLineNum") == kit["LineNum"]]
    if item != kit.get("ItemCode"):
        trade.header["DocumentLines"] = [line for line in lines if not any(line is part for part in parts)]
        return
    factor = exact(kit["Quantity"]) / exact(before)
    if factor != 1:
        for part in parts:
            part |= rescaled(trade, part, factor, place)


def _added(trade: Trade, sent: Row, place: int, last: int) -> list[Row]:
    if trade.header.get("DocumentStatus", OPEN) == CLOSED or not trade.kind.is_planned:
        raise locked_field(f"{trade.kind.lines}.LineNum")
    if exact(sent.get("BaseType"), -1) != -1:
        raise business(
            f"Lines of base documents cannot be added to an existing document  {trade.at_line(place, 'BaseEntry')}"
        )
    row = compose_line(trade, sent, place)
    rows = [row, *(parts_of(trade, row, place) if row.get("TreeType") == KIT else [])]
    for number, line in enumerate(rows, last + 1):
        line |= {"LineNum": number, "DocEntry": trade.header.get("DocEntry")}
    for part in rows[1:]:
        part["ParentLineNum"] = row["LineNum"]
    return rows


def _drop(trade: Trade, mentioned: set[int]) -> None:
    """Lines that were not named go, with their components; copied and closed ones cannot."""
    lines: list[Row] = trade.header["DocumentLines"]
    stays = [
        line
        for line in lines
        if int(line["LineNum"]) in mentioned or int(exact(line.get("ParentLineNum"), -1)) in mentioned
    ]
    for line in lines:
        is_used = exact(line.get("RemainingOpenQuantity")) < exact(line["Quantity"]) or line.get("LineStatus") == CLOSED
        if not any(line is other for other in stays) and (is_used or not trade.kind.is_planned):
            raise business(
                f"Row cannot be deleted; it is closed or was copied to a target document  [{trade.kind.lines}]"
            )
    if not stays:
        raise business(f"Document must have at least one row  [{trade.kind.table}]")
    trade.header["DocumentLines"] = stays


def _check_locked(trade: Trade, known: Row, sent: Row, names: tuple[str, ...]) -> None:
    kept = {**trade.desk.defaults("DocumentLine"), **known}
    for name in names:
        if sent.get(name) is not None and not same(sent[name], kept.get(name)):
            raise locked_field(f"{trade.kind.lines}.{_LOCKED[name]}")


def same(sent: object, kept: object) -> bool:
    """Whether a value says nothing new; numbers are compared as such, nothing is as good as an empty text."""
    if isinstance(sent, int | float | Decimal) and isinstance(kept, int | float | Decimal):
        return exact(sent) == exact(kept)
    return (sent or None) == (kept or None) or str(sent) == str(kept)
