"""Rows collected per table and written many at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.store import Store

_SIZE: Final = 5_000


class Batch:
    """One table's rows on their way into the account; flushes itself."""

    def __init__(self, store: Store, table: str, columns: str) -> None:
        self._store = store
        self._table = table
        self._columns = columns.split()
        self._rows: list[Sequence[object]] = []

    def add(self, *values: object) -> None:
        """Add one row, values in the order of the columns."""
        self.extend((values,))

    def extend(self, rows: Iterable[Sequence[object]]) -> None:
        """Add rows, values in the order of the columns."""
        self._rows.extend(rows)
        if len(self._rows) >= _SIZE:
            self.flush()

    def flush(self) -> None:
        """Write what was collected."""
        if self._rows:
            self._store.insert_many(self._table, self._columns, self._rows)
            self._rows = []


def amount(value: Decimal | None) -> float | int | None:
    """A Decimal as a column takes it."""
    if value is None:
        return None
    number = float(value)
    whole = int(number)
    return whole if whole == number else number


def stamp(instant: datetime) -> str:
    """An aware UTC instant as a column takes it."""
    return instant.isoformat(" ")[:19]


def flag(value: bool) -> str:
    """A boolean as columns hold it."""
    return "T" if value else "F"
