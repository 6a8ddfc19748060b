"""Bodies as they come: checked property by property, and turned into rows (SAP Business One §4, §18.3)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from . import moments
from .account import Account
from .desk import Row
from .errors import generic, invalid_value, unknown_property
from .schema.model import Property, Structure

_LENGTHS: Final[Mapping[tuple[str, str], int]] = {
    ("BusinessPartner", "CardCode"): 15, ("BusinessPartner", "CardName"): 100, ("BPAddress", "AddressName"): 50,
    ("ContactEmployee", "Name"): 50, ("Item", "ItemCode"): 50, ("Item", "ItemName"): 200, ("Document", "NumAtCard"): 100,
    ("Document", "Comments"): 254, ("Activity", "Details"): 100, ("UserFieldMD", "Name"): 50, ("UserFieldMD", "Description"): 80,
    ("UserTablesMD", "TableName"): 19, ("Currency", "Code"): 3, ("Warehouse", "WarehouseCode"): 8,
}  # fmt: skip
_LARGEST: Final = 2**31 - 1


class Payloads:
    """Reads bodies into rows. ``version`` 1 knows the names of v1 too."""

    def __init__(self, account: Account, version: int = 2) -> None:
        self._account = account
        self._version = version

    def read(self, kind: str, given: Any, *, keys: bool = True) -> Row:
        """The row a body means: names known, read-only ones dropped; None where a value is cleared. Raises Refusal 400 -1000."""
        structure = self._account.model.types[kind]
        if not isinstance(given, Mapping):
            raise generic(f"Invalid value for '{kind}'")
        row: Row = {}
        for name, value in given.items():
            if name.startswith("@") or "@odata." in name or name.startswith("odata."):
                continue
            told, name = name, structure.of_old(name) if self._version == 1 else name
            one = structure.properties.get(name)
            if one is None:
                if name in structure.navigation:
                    continue
                raise unknown_property(told, kind)
            is_key = name in structure.key
            if (keys and is_key) or (not is_key and (one.writable or _identifies(kind, name))):
                row[name] = self._value(structure, one, value)
        return row

    def _value(self, structure: Structure, one: Property, value: Any) -> Any:
        if one.collection:
            if not isinstance(value, list):
                raise invalid_value(one.name, value)
            return [self.read(one.type, each) for each in value]
        if value is None:
            return None
        if one.kind == "complex":
            return self.read(one.type, value)
        found = self._scalar(one, value)
        if found is None:
            raise invalid_value(one.name, value)
        if one.choices is not None and found != "" and str(found) not in one.choices:
            raise invalid_value(one.name, value)
        limit = one.length or _LENGTHS.get((structure.name, one.name))
        if limit is not None and isinstance(found, str) and len(found) > limit:
            raise generic(f"Value too long in property '{one.name}' of '{structure.name}'")
        return found

    def _scalar(self, one: Property, value: Any) -> Any:
        if isinstance(value, bool | list | dict):
            return None
        if one.kind == "enum":
            return self._account.model.enums[one.type].member(value)
        if one.kind == "date":
            return moments.read_day(value) if isinstance(value, str) else None
        if one.kind == "time":
            return moments.read_time(value) if isinstance(value, str) else None
        if one.kind in ("integer", "number"):
            return _number(value, whole=one.kind == "integer")
        return value if isinstance(value, str) else None


def _identifies(kind: str, name: str) -> bool:
    """Read-only properties that say which row of a collection is meant (§6)."""
    return (kind, name) in {("BPAddress", "RowNum"), ("BPAddress", "BPCode"), ("ContactEmployee", "InternalCode")}


def _number(value: Any, *, whole: bool) -> Any:
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    if not found.is_finite():
        return None
    if not whole:
        return found
    return int(found) if found == found.to_integral_value() and abs(found) <= _LARGEST else None
