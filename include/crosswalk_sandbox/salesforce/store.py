"""SQLite below the org: one table per sObject, columns named as the fields, rows numbered so that scans are not in Id order.

Values are kept as they are answered (datetimes as ``2026-05-01T07:25:37.000+0000``, dates as ISO text), so that a row
becomes JSON without conversion; only booleans are 0/1.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crosswalk_sandbox.kernel.bulk import bulk_loading

from .ids import mint, scatter
from .schema import REAL_TYPES, Field, Schema, SObject

INDEXED = {
    "Account": ("Name", "AccountNumber"),
    "Contact": ("Email", "Name"),
    "Lead": ("Email", "Name"),
    "Opportunity": ("Name",),
    "Product2": ("ProductCode",),
    "Order": ("OrderNumber",),
    "User": ("Username",),
}
UNINDEXED_REFERENCES = frozenset({"CreatedById", "LastModifiedById", "OwnerId"})
SYSTEM_TABLES = """
CREATE TABLE IF NOT EXISTS _setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS _sequence (object TEXT PRIMARY KEY, last INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS _custom_field (id TEXT PRIMARY KEY, object TEXT, name TEXT, spec TEXT, created TEXT, UNIQUE(object, name));
CREATE TABLE IF NOT EXISTS _session (token TEXT PRIMARY KEY, user_id TEXT, used REAL, seconds INTEGER, flow TEXT);
CREATE TABLE IF NOT EXISTS _grant (refresh_token TEXT PRIMARY KEY, user_id TEXT, family TEXT, alive INTEGER);
CREATE TABLE IF NOT EXISTS _cursor (id TEXT PRIMARY KEY, user_id TEXT, opened REAL, total INTEGER, page INTEGER,
  query TEXT, child TEXT, all_rows INTEGER, exhausted INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS _cursor_rows (cursor TEXT, chunk INTEGER, rows BLOB, PRIMARY KEY (cursor, chunk)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS _job (id TEXT PRIMARY KEY, kind TEXT, info TEXT, body BLOB);
CREATE TABLE IF NOT EXISTS _job_result (job TEXT, name TEXT, body BLOB, PRIMARY KEY (job, name));
CREATE TABLE IF NOT EXISTS _tombstone (object TEXT, id TEXT, deleted TEXT, PRIMARY KEY (object, id));
CREATE TABLE IF NOT EXISTS _usage (name TEXT, bucket INTEGER, calls INTEGER, PRIMARY KEY (name, bucket));
"""


def column_type(field: Field) -> str:
    """SQL type and collation: text compares without case, as SOQL does, unless the field is case-sensitive (§5)."""
    if field.type in ("boolean", "int"):
        return "INTEGER"
    if field.type in REAL_TYPES:
        return "REAL"
    if field.type in ("id", "reference", "date", "datetime") or field.case_sensitive:
        return "TEXT"
    return "TEXT COLLATE NOCASE"


def _default(field: Field) -> str:
    return " DEFAULT 0" if field.type == "boolean" else ""


class Store:
    """Connections, tables and number sequences of one org. Reads run in parallel; writes one after another."""

    def __init__(self, path: Path, schema: Schema) -> None:
        self.path = path
        self.schema = schema
        self._local = threading.local()
        self._lock = threading.RLock()
        self._all: list[sqlite3.Connection] = []
        self._idle: list[sqlite3.Connection] = []
        self.waiting = 0
        self._writer = self._open()
        self._writer.execute("PRAGMA journal_mode=WAL")
        self._writer.executescript(SYSTEM_TABLES)
        self._depth = 0
        self._writing_thread = 0
        self._columns: dict[str, str] = {}

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None, cached_statements=512)
        connection.executescript(
            "PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=60000; PRAGMA mmap_size=268435456; PRAGMA cache_size=-16000;"
            "PRAGMA temp_store=MEMORY; PRAGMA case_sensitive_like=OFF;"
        )
        self._all.append(connection)
        return connection

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection of this thread: the writer inside :meth:`writing`, else a reader of its own."""
        if self._writing_thread == threading.get_ident():
            return self._writer
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = self._local.connection = self._take()
        return found

    def _take(self) -> sqlite3.Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return self._open()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Lends this thread a reader for one request; the next request, on whatever thread, gets it again."""
        if getattr(self._local, "connection", None) is not None:
            yield
            return
        self._local.connection = lent = self._take()
        try:
            yield
        finally:
            self._local.connection = None
            self._idle.append(lent)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: committed at the end, rolled back on any error. Nested use joins the outer one.

        ``waiting`` counts the threads that stand in line for it.
        """
        self.waiting += 1
        with self._lock:
            self.waiting -= 1
            if self._depth:
                self._depth += 1
                try:
                    yield self._writer
                finally:
                    self._depth -= 1
                return
            self._depth, self._writing_thread = 1, threading.get_ident()
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            else:
                self._writer.execute("COMMIT")
            finally:
                self._depth, self._writing_thread = 0, 0

    @contextmanager
    def filling(self) -> Iterator[sqlite3.Connection]:
        """One transaction that fills an empty org, with everything set for speed; this thread's reader is closed for it."""
        own = getattr(self._local, "connection", None)
        for reader in [*self._idle, *([own] if own is not None else [])]:
            reader.close()
            self._all.remove(reader)
        self._idle.clear()
        self._local.connection = None
        with bulk_loading(self._writer), self.writing() as connection:
            yield connection

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part of the transaction that can fail alone: undone on any error, which goes on."""
        self._writer.execute("SAVEPOINT row")
        try:
            yield
        except BaseException:
            self._writer.execute("ROLLBACK TO row")
            self._writer.execute("RELEASE row")
            raise
        self._writer.execute("RELEASE row")

    def close(self) -> None:
        """Closes every connection of every thread."""
        for connection in self._all:
            connection.close()

    def create_tables(self) -> None:
        """Tables and indexes of all sObjects, where they are missing."""
        with self.writing() as connection:
            for sobject in self.schema.objects.values():
                columns = ", ".join(f'"{item.name}" {column_type(item)}{_default(item)}' for item in sobject.stored)
                connection.execute(
                    f'CREATE TABLE IF NOT EXISTS "{sobject.name}" (_row INTEGER PRIMARY KEY, {columns}, _deleted TEXT, _deleted_with TEXT)'
                )
            self.create_indexes()

    def create_indexes(self, names: Iterable[str] | None = None, only: Container[str] | None = None) -> None:
        """Indexes of the given sObjects (all without ``names``), or those of them that are named in ``only``."""
        for sobject in self.schema.objects.values():
            if names is None or sobject.name in names:
                for index, statement in index_statements(sobject).items():
                    if only is None or index in only:
                        self._writer.execute(statement)

    def drop_indexes(self, sobject: SObject) -> None:
        """Takes the indexes away for a bulk load; :meth:`create_indexes` brings them back."""
        rows = self._writer.execute(
            "SELECT name FROM sqlite_master WHERE type='index' AND tbl_name=? AND sql IS NOT NULL", (sobject.name,)
        ).fetchall()
        for (name,) in rows:
            self._writer.execute(f'DROP INDEX "{name}"')

    def add_column(self, sobject: SObject, field: Field) -> None:
        """A column for a custom field, where it is missing; existing rows hold null (no stamp moves, §11)."""
        with self.writing() as connection:
            known = {row[1] for row in connection.execute(f'PRAGMA table_info("{sobject.name}")')}
            if field.stored and field.name not in known:
                connection.execute(
                    f'ALTER TABLE "{sobject.name}" ADD COLUMN "{field.name}" {column_type(field)}{_default(field)}'
                )
            for statement in index_statements(sobject).values():
                connection.execute(statement)

    def replace_column(self, sobject: SObject, field: Field, value: str) -> None:
        """Gives a column the type of ``field``; ``value`` is the SQL of its new values, in terms of the old ones."""
        with self.writing() as connection:
            self.drop_indexes(sobject)
            old = f"_{field.name}_{self.next_number('_column')}"
            connection.execute(f'ALTER TABLE "{sobject.name}" RENAME COLUMN "{field.name}" TO "{old}"')
            connection.execute(
                f'ALTER TABLE "{sobject.name}" ADD COLUMN "{field.name}" {column_type(field)}{_default(field)}'
            )
            new_value = value.replace(f'"{field.name}"', f'"{old}"')
            connection.execute(f'UPDATE "{sobject.name}" SET "{field.name}" = {new_value}')
            self.create_indexes((sobject.name,))

    def next_number(self, object_name: str, count: int = 1) -> int:
        """Takes ``count`` numbers of the sObject's sequence; answers the first."""
        row = self._writer.execute(
            "INSERT INTO _sequence VALUES (?, ?) ON CONFLICT (object) DO UPDATE SET last = last + ? RETURNING last",
            (object_name, count, count),
        ).fetchone()
        return int(row[0]) - count + 1

    def raise_number(self, object_name: str, last: int) -> None:
        """Makes the sequence go on after ``last``."""
        self._writer.execute(
            "INSERT INTO _sequence VALUES (?, ?) ON CONFLICT (object) DO UPDATE SET last = MAX(last, excluded.last)",
            (object_name, last),
        )

    def new_id(self, sobject: SObject) -> tuple[str, int]:
        """A fresh record id and its row number."""
        number = self.next_number(sobject.name)
        return mint(sobject.prefix, number), scatter(number)

    def fetch(self, sobject: SObject, record_id: str) -> dict[str, Any] | None:
        """The stored row of one record, deleted ones included, with ``_row`` and the deletion marks."""
        cursor = self.connection.execute(f'SELECT * FROM "{sobject.name}" WHERE "Id" = ?', (record_id,))
        row = cursor.fetchone()
        return dict(zip((item[0] for item in cursor.description), row, strict=True)) if row else None

    def fetch_where(self, sobject: SObject, condition: str, values: Sequence[Any]) -> list[dict[str, Any]]:
        """Stored rows that satisfy an SQL condition."""
        cursor = self.connection.execute(f'SELECT * FROM "{sobject.name}" WHERE {condition}', values)
        names = [item[0] for item in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def insert(self, sobject: SObject, row: dict[str, Any]) -> None:
        """Stores a new row (``_row`` included)."""
        names = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join("?" * len(row))
        self._writer.execute(f'INSERT INTO "{sobject.name}" ({names}) VALUES ({marks})', tuple(row.values()))

    def update(self, sobject: SObject, record_id: str, changes: dict[str, Any]) -> None:
        """Changes columns of one row."""
        if changes:
            pairs = ", ".join(f'"{name}" = ?' for name in changes)
            self._writer.execute(f'UPDATE "{sobject.name}" SET {pairs} WHERE "Id" = ?', (*changes.values(), record_id))

    def setting(self, name: str) -> str | None:
        """A stored fact about the org itself."""
        row = self.connection.execute("SELECT value FROM _setting WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def set_setting(self, name: str, value: str) -> None:
        """Stores a fact about the org itself."""
        with self.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO _setting VALUES (?, ?)", (name, value))


def index_statements(sobject: SObject) -> dict[str, str]:
    """Indexes by name: id, stamp (for polling by keyset, §11), live rows, references, unique external ids.

    Of fields that most records leave empty only what is filled is indexed.
    """
    name = sobject.name
    live = ', "IsDeleted"' if sobject.has("IsDeleted") else ""
    columns = {"id": f'"Id"{live}'}
    if live:
        columns["live"] = '"IsDeleted"'
    if sobject.has("SystemModstamp"):
        columns["stamp"] = f'"SystemModstamp", "Id"{live}'
    sparse = set()
    for item in sobject.stored:
        is_reference = item.type == "reference" and item.name not in UNINDEXED_REFERENCES
        if item.spec.get("externalId") or (is_reference and item.nillable | item.createable):
            sparse.add(item.name)
        if item.name in sparse or item.name in INDEXED.get(name, ()):
            columns[item.name] = f'"{item.name}"'
    return {
        f"{name}_{index}": f'CREATE INDEX IF NOT EXISTS "{name}_{index}" ON "{name}" ({listed})'
        + (f" WHERE {listed} IS NOT NULL" if index in sparse else "")
        for index, listed in columns.items()
    }
