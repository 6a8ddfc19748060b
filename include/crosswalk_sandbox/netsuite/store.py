"""The account's SQLite file: its catalogue's tables, ids, days, rates, custom fields."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crosswalk_sandbox.kernel.lag import LaggingIndex
from crosswalk_sandbox.kernel.store import AccountStore
from crosswalk_sandbox.netsuite import moments
from crosswalk_sandbox.netsuite.schema.catalog import Catalog
from crosswalk_sandbox.netsuite.schema.changes import FieldChanges
from crosswalk_sandbox.netsuite.schema.custom import CustomField
from crosswalk_sandbox.netsuite.suiteql.functions import register

if TYPE_CHECKING:
    from crosswalk_sandbox.kernel.clock import Clock
    from crosswalk_sandbox.netsuite.options import Options

_OWN_TABLES: Final = """
CREATE TABLE IF NOT EXISTS externalkey (family TEXT, externalid TEXT, type TEXT, id INTEGER,
 PRIMARY KEY (family, externalid, type)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS customfield (id TEXT PRIMARY KEY, kind TEXT, target TEXT, label TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS job (id INTEGER PRIMARY KEY, created TEXT, idempotencykey TEXT UNIQUE, role TEXT, base TEXT,
 parallel INTEGER);
CREATE TABLE IF NOT EXISTS task (job INTEGER, id INTEGER, request TEXT, progress TEXT, started TEXT, ended TEXT,
 answer TEXT, PRIMARY KEY (job, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lock (type TEXT, id INTEGER, PRIMARY KEY (type, id)) WITHOUT ROWID;
"""
_FIRST_ID: Final = 500_000_000
"""Ids of records made here start above every id that the demo company's numbering can give."""

Row = dict[str, Any]


class Store(AccountStore):
    """One account's state, described by its catalogue; ``version`` counts commits."""

    file = "netsuite.sqlite"
    tables = _OWN_TABLES

    def __init__(self, directory: Path, clock: Clock, options: Options) -> None:
        self.options = options
        self._rates: dict[int, float] | None = None
        super().__init__(directory, clock)
        self.index = LaggingIndex(self._open, clock)
        self.catalog = self._describe()

    # reading

    def rows(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> list[Row]:
        """All rows as dictionaries."""
        cursor = self.reader().execute(sql, parameters)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def row(self, sql: str, parameters: Sequence[object] = ()) -> Row | None:
        """The first row or None."""
        found = self.rows(sql, parameters)
        return found[0] if found else None

    def searched(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a search: a query or a list, which may be behind what was saved (:class:`LaggingIndex`)."""
        if self.index.is_behind:
            return self.index.rows(sql, parameters)
        return self.reader().execute(sql, parameters).fetchall()

    @property
    def searched_version(self) -> tuple[int, int]:
        """Changes whenever a search may answer something else than before."""
        return (0, self.index.turns) if self.index.is_behind else (self.version, 0)

    # writing

    def insert(self, table: str, values: Mapping[str, object]) -> int:
        """Insert one row; returns its rowid."""
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" * len(values))
        sql = f'INSERT INTO "{table}" ({names}) VALUES ({marks})'
        with self.write() as connection:
            return connection.execute(sql, [_plain(value) for value in values.values()]).lastrowid or 0

    def insert_many(self, table: str, names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Insert many rows of the same columns; values must be what SQLite takes."""
        listed = ", ".join(f'"{name}"' for name in names)
        sql = f'INSERT INTO "{table}" ({listed}) VALUES ({", ".join("?" * len(names))})'
        with self.write() as connection:
            connection.executemany(sql, rows)

    def update(self, table: str, key: str, ident: object, values: Mapping[str, object]) -> None:
        """Set columns of the row whose ``key`` column is ``ident``."""
        if not values:
            return
        listed = ", ".join(f'"{name}" = ?' for name in values)
        with self.write() as connection:
            plain = [_plain(value) for value in values.values()]
            connection.execute(f'UPDATE "{table}" SET {listed} WHERE "{key}" = ?', [*plain, ident])

    def delete(self, table: str, key: str, ident: object) -> None:
        """Delete the rows whose ``key`` column is ``ident``."""
        with self.write() as connection:
            connection.execute(f'DELETE FROM "{table}" WHERE "{key}" = ?', [ident])

    # ids, days, rates

    def next_id(self, name: str, first: int = _FIRST_ID) -> int:
        """The next number of a sequence that is kept."""
        return super().next_id(name, first)

    def raise_counter(self, name: str, at_least: int) -> None:
        """Make the sequence go on above ``at_least``."""
        with self.write() as connection:
            sql = "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET last = max(last, excluded.last)"
            connection.execute(sql, (name, at_least))

    def stamp(self) -> str:
        """Now, as it is kept in date-time columns."""
        return moments.stamp(self.clock.now())

    def today(self) -> str:
        """The account's calendar day, ISO."""
        return moments.today(self.clock.now(), self.options.user_time_zone).isoformat()

    def rate_between(self, currency: int | None, other: int | None) -> float:
        """How much of ``other`` one unit of ``currency`` is worth by the currency list."""
        if currency is None or other is None or currency == other:
            return 1.0
        if self._rates is None:
            self._rates = {}
        rates = self._rates
        if currency not in rates or other not in rates:
            rates.update(self.reader().execute("SELECT id, exchangerate FROM currency").fetchall())
        worth, unit = rates.get(currency), rates.get(other)
        return float(worth) / float(unit) if worth and unit else 1.0

    def forget_rates(self) -> None:
        """Read the currency list again: a rate was changed."""
        self._rates = None

    # custom fields

    def add_custom_field(self, field: CustomField) -> None:
        """Add a field to the account; it is there for the next request."""
        with self.write() as connection:
            values = (field.id, field.kind, field.target, field.label)
            connection.execute("INSERT OR REPLACE INTO customfield VALUES (?, ?, ?, ?)", values)
        self.catalog = self._describe()

    def drop_custom_field(self, ident: str) -> None:
        """Take a custom field out of the account's catalogue; its values stay in the file, unseen."""
        with self.write() as connection:
            connection.execute("DELETE FROM customfield WHERE id = ?", (ident,))
        self.catalog = self._describe()

    def change_fields(self, change: Callable[[FieldChanges], FieldChanges]) -> None:
        """Change what is hidden and mandatory; it counts for the next request, and over restarts."""
        with self.write():
            self.set_setting("field_changes", change(self.catalog.changes).dump())
        self.catalog = self._describe()

    def _describe(self) -> Catalog:
        rows = self._writer.execute("SELECT id, kind, target, label FROM customfield ORDER BY id").fetchall()
        changes = FieldChanges.load(self.setting("field_changes"))
        catalog = Catalog(self.options, [CustomField(*row) for row in rows], changes)
        with self.write() as connection:
            for statement in catalog.statements():
                connection.execute(statement)
            for table, columns in catalog.physical().items():
                present = {row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')}
                for name in columns.keys() - present:
                    connection.execute(f'ALTER TABLE "{table}" ADD COLUMN "{name}"')
        return catalog

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA case_sensitive_like=ON")
        register(connection, self)


def _plain(value: object) -> object:
    """What SQLite can hold: Decimal as number, booleans as 'T'/'F', empty text as NULL."""
    if isinstance(value, bool):
        return "T" if value else "F"
    if value == "":
        return None
    if value is None or isinstance(value, str | int | float):
        return value
    text = str(value)
    return float(text) if "." in text or "E" in text.upper() else int(text)
