"""The account's SQLite file: its tables, records and ids."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from crosswalk_sandbox.hubspot import moments
from crosswalk_sandbox.kernel.store import AccountStore

if TYPE_CHECKING:
    from crosswalk_sandbox.kernel.clock import Clock

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS record (id INTEGER PRIMARY KEY, type TEXT NOT NULL, state INTEGER NOT NULL, created INTEGER NOT NULL,
 modified INTEGER NOT NULL, archived INTEGER, properties TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS history (id INTEGER, property TEXT, at INTEGER, value TEXT, source TEXT, source_id TEXT, user INTEGER);
CREATE INDEX IF NOT EXISTS history_of ON history (id, property, at);
CREATE TABLE IF NOT EXISTS alias (id INTEGER PRIMARY KEY, type TEXT, now INTEGER);
CREATE TABLE IF NOT EXISTS taken (type TEXT, property TEXT, value TEXT, id INTEGER, PRIMARY KEY (type, property, value)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS association (source INTEGER, kind TEXT, target INTEGER, type INTEGER, since INTEGER,
 PRIMARY KEY (source, kind, target, type)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS association_type (id INTEGER PRIMARY KEY, source TEXT, target TEXT, category TEXT, name TEXT, label TEXT,
 inverse INTEGER);
CREATE TABLE IF NOT EXISTS association_limit (type INTEGER, category TEXT, most INTEGER, PRIMARY KEY (type, category)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS late (number INTEGER PRIMARY KEY, type TEXT, id INTEGER, due INTEGER, image TEXT);
CREATE INDEX IF NOT EXISTS late_of ON late (type, due);
CREATE TABLE IF NOT EXISTS parted (source INTEGER, kind TEXT, target INTEGER, due INTEGER);
CREATE TABLE IF NOT EXISTS definition (type TEXT, name TEXT, shown TEXT, PRIMARY KEY (type, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS property_group (type TEXT, name TEXT, shown TEXT, PRIMARY KEY (type, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pipeline (type TEXT, id TEXT, shown TEXT, PRIMARY KEY (type, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS audit (number INTEGER PRIMARY KEY, type TEXT, pipeline TEXT, stage TEXT, shown TEXT);
CREATE TABLE IF NOT EXISTS owner (id INTEGER PRIMARY KEY, user INTEGER, email TEXT, archived INTEGER, shown TEXT);
CREATE TABLE IF NOT EXISTS schema (id TEXT PRIMARY KEY, shown TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rate (id INTEGER PRIMARY KEY, shown TEXT);
CREATE TABLE IF NOT EXISTS token (token TEXT PRIMARY KEY, kind TEXT, app INTEGER, scopes TEXT, expires INTEGER, client TEXT, detail TEXT)
 WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS app_document (app INTEGER, family TEXT, id TEXT, shown TEXT, PRIMARY KEY (app, family, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS timeline_event (template TEXT, id TEXT, shown TEXT, PRIMARY KEY (template, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS journal (number INTEGER PRIMARY KEY, at INTEGER, shown TEXT);
CREATE TABLE IF NOT EXISTS outbox (number INTEGER PRIMARY KEY, due INTEGER, attempt INTEGER, subscription TEXT, event TEXT);
CREATE TABLE IF NOT EXISTS automation (number INTEGER PRIMARY KEY, due INTEGER, contact INTEGER);
CREATE TABLE IF NOT EXISTS misuse (number INTEGER PRIMARY KEY, at INTEGER, kind TEXT, detail TEXT);
"""
_INDEXES: Final = {
    "record_walk": "record (type, state, id, modified)",
    "record_changed": "record (type, state, modified, id)",
    "record_domain": "record (lower(json_extract(properties, '$.domain'))) WHERE type = '0-2'",
    "record_stage": "record (json_extract(properties, '$.dealstage')) WHERE type = '0-3'",
    "taken_of": "taken (id)",
}
GROWING: Final = ("record_walk", "record_domain", "record_stage")
"""Indexes that are cheaper kept while blocks are copied than made in the end, which means reading everything through."""
ALIVE, ARCHIVED, MERGED = 0, 1, 2
_FIRST_ID: Final = 90_000_000_001
"""Ids of records made here start above every id of the demo company."""

Properties = dict[str, str]


@dataclass(slots=True)
class Record:
    """One record as it is kept: instants in epoch milliseconds, properties without the empty ones."""

    id: int
    type: str
    state: int
    created: int
    modified: int
    archived: int | None
    properties: Properties

    def image(self) -> str:
        """What the search index holds of it."""
        return orjson.dumps([self.created, self.modified, self.properties]).decode()


_COLUMNS: Final = "id, type, state, created, modified, archived, properties"


def record_of(row: Sequence[Any]) -> Record:
    """A record from the columns of a row."""
    return Record(row[0], row[1], row[2], row[3], row[4], row[5], orjson.loads(row[6]))


class Store(AccountStore):
    """One account's state; ``version`` counts changes of records."""

    file = "hubspot.sqlite"
    tables = _TABLES

    def __init__(self, directory: Path, clock: Clock) -> None:
        self._touched = False
        super().__init__(directory, clock)
        self.create_indexes()

    # reading

    def rows(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> list[tuple[Any, ...]]:
        """All rows."""
        return self.reader().execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[object] = ()) -> tuple[Any, ...] | None:
        """The first row or None."""
        found: tuple[Any, ...] | None = self.reader().execute(sql, parameters).fetchone()
        return found

    def shown(self, sql: str, parameters: Sequence[object] = ()) -> list[Any]:
        """The JSON documents in the first column."""
        return [orjson.loads(row[0]) for row in self.rows(sql, parameters)]

    # writing

    @contextmanager
    def fill(self) -> Iterator[sqlite3.Connection]:
        """One transaction that fills an empty account, indexes built at its end."""
        with super().fill() as connection:
            for name in _INDEXES:
                connection.execute(f"DROP INDEX {name}")
            yield connection
            self.create_indexes()

    def create_indexes(self, names: Iterable[str] = tuple(_INDEXES)) -> None:
        """Make these indexes where they are missing."""
        for name in names:
            self.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {_INDEXES[name]}")

    def keep(self, table: str, *values: object) -> None:
        """Insert or replace a row of all columns; dictionaries become JSON."""
        plain = [orjson.dumps(value).decode() if isinstance(value, dict | list) else value for value in values]
        self.execute(f"INSERT OR REPLACE INTO {table} VALUES ({', '.join('?' * len(plain))})", plain)

    # records

    def record(self, ident: int) -> Record | None:
        """A record by its id, whatever its state."""
        row = self.row(f"SELECT {_COLUMNS} FROM record WHERE id = ?", (ident,))
        return None if row is None else record_of(row)

    def records(self, kind: str, idents: Iterable[int]) -> dict[int, Record]:
        """Records of one type by their ids."""
        wanted = list(idents)
        marks = ", ".join("?" * len(wanted))
        rows = self.rows(f"SELECT {_COLUMNS} FROM record WHERE id IN ({marks}) AND +type = ?", [*wanted, kind])
        return {row[0]: record_of(row) for row in rows}

    def page(self, kind: str, state: int, after: int, limit: int) -> list[Record]:
        """Records in order of id, from ``after`` on."""
        rows = self.rows(
            f"SELECT {_COLUMNS} FROM record WHERE type = ? AND state = ? AND id >= ? ORDER BY id LIMIT ?",
            (kind, state, after, limit),
        )
        return [record_of(row) for row in rows]

    def touch(self) -> None:
        """Say that the transaction changes records."""
        self._touched = True

    def save(self, record: Record) -> None:
        """Insert or replace a record."""
        self.touch()
        self.execute(
            "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET state = excluded.state,"
            " created = excluded.created, modified = excluded.modified, archived = excluded.archived,"
            " properties = excluded.properties",
            (
                record.id,
                record.type,
                record.state,
                record.created,
                record.modified,
                record.archived,
                orjson.dumps(record.properties).decode(),
            ),
        )

    # ids and time

    def next_id(self, name: str = "record", first: int = _FIRST_ID) -> int:
        """The next number of a sequence that is kept."""
        return super().next_id(name, first)

    def now(self) -> int:
        """The emulator's present in epoch milliseconds."""
        return moments.milliseconds(self.clock.now())

    def _ended(self, *, committed: bool) -> None:
        self.version += committed and self._touched
        self._touched = False
