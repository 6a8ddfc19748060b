"""What the functions of :mod:`.documents` are handed: the company's data, read and written by key."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol

from .options import Options

Row = dict[str, Any]
"""One entity in the property names of v2, without what is empty or default. Days as ``2026-10-01T00:00:00Z``, times as
``18:38:00``, enumerations as member names (``bost_Open``, ``tYES``), amounts int, float or Decimal (:func:`exact`)."""


def exact(value: object, default: Decimal | int = 0) -> Decimal:
    """An amount of a row as Decimal, to the digit it was written; ``default`` for one that is not there."""
    return Decimal(default) if value is None else value if isinstance(value, Decimal) else Decimal(str(value))


class Desk(Protocol):
    """One request's view of the company, inside its transaction: what is raised undoes all that was written."""

    @property
    def options(self) -> Options:
        """How the company behaves."""
        ...

    @property
    def user(self) -> str:
        """Who asks, a ``UserCode``."""
        ...

    def now(self) -> datetime:
        """The server's local clock, without a zone (§13.2)."""
        ...

    def today(self) -> date:
        """The server's local day."""
        ...

    def admin(self) -> Mapping[str, Any]:
        """``AdminInfo``: ``LocalCurrency``, ``SystemCurrency``, ``TotalsAccuracy``, ``PriceAccuracy``, ``CreditRestriction`` …"""
        ...

    # reading; rows are copies, change them and save them

    def read(self, entity_set: str, *key: str | int) -> Row | None:
        """An entity by its key, several keys in the order of the metadata: ``read("SpecialPrices", item, card)``."""
        ...

    def find(self, entity_set: str, **values: object) -> list[Row]:
        """Entities whose properties have these values, in order of key: ``find("Drafts", CardCode="C1")``."""
        ...

    def defaults(self, kind: str) -> Mapping[str, Any]:
        """What an absent property of a type (``Document``, ``Item`` …) is shown as."""
        ...

    def tax_rate(self, code: str, on: date) -> Decimal | None:
        """Percent of a ``TaxCode`` (``SalesTaxCodes``) or ``VatGroup`` (``VatGroups``, by day); None for an unknown or inactive one."""
        ...

    def exchange_rate(self, currency: str, on: date) -> Decimal | None:
        """What one unit is worth in local currency that day; 1 for the local currency, None where no rate is set."""
        ...

    # writing

    def next_entry(self, entity_set: str) -> int:
        """The next ``DocEntry``/``Code``/``AbsEntry`` of a set; each set counts its own (§4)."""
        ...

    def next_number(self, entity_set: str, series: int | None = None) -> int:
        """The next ``DocNum`` of a series (None: the set's primary one)."""
        ...

    def save(self, entity_set: str, row: Row, *, stamped: bool = True) -> Row:
        """Insert or replace by key; ``DataVersion``, ``CreationDate``/``CreateDate`` and stamps are set here. Returns the row as kept.

        ``stamped`` False leaves ``UpdateDate`` and ``UpdateTime`` of an existing row alone.
        """
        ...

    def delete(self, entity_set: str, *key: str | int) -> None:
        """Take an entity away (drafts only; documents are never deleted)."""
        ...

    def move_stock(
        self,
        item: str,
        warehouse: str,
        *,
        in_stock: Decimal | int = 0,
        committed: Decimal | int = 0,
        ordered: Decimal | int = 0,
    ) -> None:
        """Add to the three quantities of an item in a warehouse and in the item's header; nothing for items without stock."""
        ...

    def move_balance(
        self, card: str, *, account: Decimal | int = 0, orders: Decimal | int = 0, deliveries: Decimal | int = 0
    ) -> None:
        """Add to ``CurrentAccountBalance``, ``OpenOrdersBalance``, ``OpenDeliveryNotesBalance`` of a partner, in local currency."""
        ...
