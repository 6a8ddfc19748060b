"""The account's SQLite file: connections, one writer, ids, external ids, functions."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crosswalk_sandbox.kernel.bulk import bulk_loading
from crosswalk_sandbox.kernel.lag import LaggingIndex
from crosswalk_sandbox.netsuite import moments
from crosswalk_sandbox.netsuite.schema.catalog import Catalog
from crosswalk_sandbox.netsuite.schema.changes import FieldChanges
from crosswalk_sandbox.netsuite.schema.custom import CustomField
from crosswalk_sandbox.netsuite.suiteql.functions import register

if TYPE_CHECKING:
    from crosswalk_sandbox.kernel.clock import Clock
    from crosswalk_sandbox.netsuite.options import Options

_OWN_TABLES: Final = """
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
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


class Store:
    """One account's state under ``directory``; readers are one connection a thread, writers wait for each other."""

    def __init__(self, directory: Path, clock: Clock, options: Options) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.clock = clock
        self.options = options
        self.version = 0
        """Counts commits; caches of query results compare it."""
        self._path = directory / "netsuite.sqlite"
        self._local = threading.local()
        self._lock = threading.RLock()
        self._opened: list[sqlite3.Connection] = []
        self._rates: dict[int, float] | None = None
        self._writer = self._open()
        self.index = LaggingIndex(self._open, clock)
        self._writer.executescript(_OWN_TABLES)
        self.catalog = self._describe()

    # reading

    def reader(self) -> sqlite3.Connection:
        """This thread's connection; the writer's own inside :meth:`write`, so that it sees what it wrote."""
        if getattr(self._local, "writing", 0):
            return self._writer
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = self._local.connection = self._open()
        return found

    def rows(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> list[Row]:
        """All rows as dictionaries."""
        cursor = self.reader().execute(sql, parameters)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def row(self, sql: str, parameters: Sequence[object] = ()) -> Row | None:
        """The first row or None."""
        found = self.rows(sql, parameters)
        return found[0] if found else None

    def value(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        """The first column of the first row, None without one."""
        found = self.reader().execute(sql, parameters).fetchone()
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

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: committed on success, undone on error; nests into the outer one."""
        with self._lock:
            depth = getattr(self._local, "writing", 0)
            self._local.writing = depth + 1
            try:
                if depth:
                    yield self._writer
                    return
                self._writer.execute("BEGIN IMMEDIATE")
                try:
                    yield self._writer
                except BaseException:
                    self._writer.execute("ROLLBACK")
                    raise
                self._writer.execute("COMMIT")
                self.version += 1
            finally:
                self._local.writing = depth

    @contextmanager
    def fill(self) -> Iterator[sqlite3.Connection]:
        """One transaction that fills an empty account, with everything set for speed; this thread's reader is closed for it."""
        own: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if own is not None:
            own.close()
            self._opened.remove(own)
            self._local.connection = None
        with bulk_loading(self._writer), self.write() as connection:
            yield connection

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Part of a transaction that is undone alone when it fails."""
        with self.write() as connection:
            connection.execute("SAVEPOINT part")
            try:
                yield
            except BaseException:
                connection.execute("ROLLBACK TO part")
                raise
            finally:
                connection.execute("RELEASE part")

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

    # ids and settings

    def next_id(self, name: str, first: int = _FIRST_ID) -> int:
        """The next number of a sequence that is kept."""
        with self.write() as connection:
            connection.execute("INSERT INTO counter VALUES (?, ?) ON CONFLICT DO NOTHING", (name, first - 1))
            connection.execute("UPDATE counter SET last = last + 1 WHERE name = ?", (name,))
            return int(connection.execute("SELECT last FROM counter WHERE name = ?", (name,)).fetchone()[0])

    def raise_counter(self, name: str, at_least: int) -> None:
        """Make the sequence go on above ``at_least``."""
        with self.write() as connection:
            sql = "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET last = max(last, excluded.last)"
            connection.execute(sql, (name, at_least))

    def setting(self, name: str) -> str | None:
        """A kept setting."""
        found = self.value("SELECT value FROM setting WHERE name = ?", (name,))
        return None if found is None else str(found)

    def set_setting(self, name: str, value: str) -> None:
        """Keep a setting."""
        with self.write() as connection:
            connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))

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

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            for connection in self._opened:
                connection.close()
            self._opened.clear()

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

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None, timeout=30)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA cache_size=-16384")
        connection.execute("PRAGMA mmap_size=268435456")
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute("PRAGMA case_sensitive_like=ON")
        register(connection, self)
        with self._lock:
            self._opened.append(connection)
        return connection


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
