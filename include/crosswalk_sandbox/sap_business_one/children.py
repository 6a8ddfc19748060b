"""Child rows of a PATCH: merged into the present ones, or in their place (SAP Business One §6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from .desk import Row
from .errors import exists

IDENTITY: Final[Mapping[str, tuple[str, ...]]] = {
    "DocumentLines": ("LineNum",), "BPAddresses": ("BPCode", "AddressName", "AddressType", "RowNum"),
    "ContactEmployees": ("InternalCode",), "ItemPrices": ("PriceList",), "ItemWarehouseInfoCollection": ("WarehouseCode",),
    "BPBankAccounts": ("InternalKey",), "SpecialPriceDataAreas": ("RowNumber",), "SpecialPriceQuantityAreas": ("RowNumber",),
    "ProductTreeLines": ("ChildNum",), "SalesOpportunitiesLines": ("LineNum",), "DocumentAdditionalExpenses": ("LineNum",),
    "PaymentInvoices": ("LineNum",), "BPPaymentMethods": ("PaymentMethodCode",), "ValidValuesMD": ("Value",),
    "DiscountGroupLineCollection": ("LineNum",), "ItemBarCodeCollection": ("AbsEntry",), "UoMPrices": ("UoMEntry",),
}  # fmt: skip
"""Collection → what says which row is meant."""
Insert = Callable[[Row, list[Row]], Row]


def merged(
    name: str, present: Sequence[Row], given: Sequence[Row], *, replace: bool, insert: Insert | None = None
) -> list[Row]:
    """The rows of a collection after a PATCH. A given row that names a present one changes it, any other is added.

    Rows that are not given stay, unless ``replace``. ``insert`` finishes an added row, seeing the rows before it.
    """
    identity = IDENTITY.get(name, ())
    rows = [] if replace else [dict(row) for row in present]
    source = {_identity(row, identity): row for row in present if identity}
    places = {_identity(row, identity): place for place, row in enumerate(rows) if identity}
    for row in given:
        named = bool(identity) and all(row.get(part) is not None for part in identity)
        key = _identity(row, identity)
        known = source.get(key) if named else None
        if known is None:
            rows.append(insert(dict(row), rows) if insert else dict(row))
        elif replace:
            rows.append(changed(known, row))
        else:
            rows[places[key]] = changed(rows[places[key]], row)
    return rows


def changed(row: Mapping[str, Any], given: Mapping[str, Any]) -> Row:
    """A row with changed values; what is given as None goes."""
    both = {**row, **given}
    return {name: value for name, value in both.items() if value is not None}


def _identity(row: Mapping[str, Any], identity: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(str(row.get(part)) for part in identity)


def next_number(rows: Sequence[Row], name: str) -> int:
    """The number behind the highest of a collection; numbers are not used again while their row is the last."""
    return max((int(row.get(name, -1)) for row in rows), default=-1) + 1


def insert_address(card: str) -> Insert:
    """Adds an address: without a type it is appended silently, with one its name must be new (§6, measured)."""

    def insert(row: Row, rows: list[Row]) -> Row:
        kind = row.get("AddressType")
        if kind is not None and any(
            one.get("AddressName") == row.get("AddressName") and one.get("AddressType", "bo_BillTo") == kind
            for one in rows
        ):
            raise exists()
        return {**row, "AddressType": kind or "bo_BillTo", "BPCode": card, "RowNum": next_number(rows, "RowNum")}

    return insert
