"""Fields that the account's administrator added (NetSuite §13)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from crosswalk_sandbox.netsuite.schema.language import SQL_TYPES, Kind

_CUSTOM_TABLES: Final = {"custentity": ("customer", "contact", "employee", "vendor"), "custbody": ("transaction",),
                         "custcol": ("transactionline",), "custitem": ("item",)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CustomField:
    """A field that the account's administrator added; the id's prefix says to what (NetSuite §13)."""

    id: str
    kind: Kind = "string"
    target: str | None = None
    label: str = ""

    def __post_init__(self) -> None:
        if self.id != self.id.lower() or self.id.split("_")[0] not in _CUSTOM_TABLES:
            raise ValueError(f"A custom field's id starts with {', '.join(_CUSTOM_TABLES)} and '_': {self.id!r}")

        if self.kind not in SQL_TYPES:
            raise ValueError(f"A custom field's kind is one of {', '.join(SQL_TYPES)}, not {self.kind!r}")

    @property
    def tables(self) -> tuple[str, ...]:
        """The SQLite tables that hold the field."""
        return _CUSTOM_TABLES[self.id.split("_")[0]]
