"""The company's SQLite file: a table for each entity set, its indexes, and what was written to."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from crosswalk_sandbox.kernel.lag import LaggingIndex
from crosswalk_sandbox.kernel.store import AccountStore

if TYPE_CHECKING:
    from crosswalk_sandbox.kernel.clock import Clock

Key = str | int
SEPARATOR: Final = "\x1f"
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS exchange_rate (currency TEXT, day TEXT, rate TEXT, PRIMARY KEY (currency, day)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS session (id TEXT PRIMARY KEY, user TEXT, language INTEGER, node TEXT, seen REAL) WITHOUT ROWID;
"""


def joined(key: Sequence[Key]) -> Key:
    """A key as it is kept: the number, the text, or several in one."""
    return key[0] if len(key) == 1 else SEPARATOR.join(map(str, key))


class Store(AccountStore):
    """One company's state.

    A set's table has ``id`` (its key where that is a single number), ``key`` (else), ``version`` (DataVersion) and ``body``.
    """

    file = "sap_business_one.sqlite"
    tables = _TABLES
    mapped = 1_073_741_824

    def __init__(self, directory: Path, clock: Clock) -> None:
        self._indexes: dict[str, str] = {}
        self._touched: set[str] = set()
        self.changes: dict[str, int] = {}
        """Set → how often it was written to by this process; what was counted before is compared with it."""
        super().__init__(directory, clock)
        self.index = LaggingIndex(self._open, clock)

    # tables

    def ensure(self, entity_set: str, *, numbered: bool) -> None:
        """Let the set have its table."""
        key = "" if numbered else "key TEXT UNIQUE, "
        self.execute(
            f'CREATE TABLE IF NOT EXISTS "{entity_set}" (id INTEGER PRIMARY KEY, {key}'
            "version INTEGER NOT NULL DEFAULT 1, body TEXT NOT NULL)"
        )
        self.changes.setdefault(entity_set, 0)

    def index_on(self, entity_set: str, name: str, *expressions: str) -> None:
        """Let the set have an index on SQL expressions; ``name`` is unique in the set."""
        title = f'"{entity_set}_{name}"'
        statement = f'CREATE INDEX IF NOT EXISTS {title} ON "{entity_set}" ({", ".join(expressions)})'
        self._indexes[title] = statement
        self.execute(statement)

    # reading

    def rows(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> list[tuple[Any, ...]]:
        """All rows."""
        return self.reader().execute(sql, parameters).fetchall()

    def listed(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a list, which may be behind (see ``index_lag``)."""
        if self.index.is_behind and not getattr(self._local, "writing", 0):
            return self.index.rows(sql, parameters)
        return self.rows(sql, parameters)

    def row(self, sql: str, parameters: Sequence[object] = ()) -> tuple[Any, ...] | None:
        """The first row or None."""
        found: tuple[Any, ...] | None = self.reader().execute(sql, parameters).fetchone()
        return found

    def get(self, entity_set: str, key: Key, *, numbered: bool) -> tuple[int, int, dict[str, Any]] | None:
        """id, version and body of one entity; None without it."""
        column = "id" if numbered else "key"
        found = self.row(f'SELECT id, version, body FROM "{entity_set}" WHERE {column} = ?', (key,))
        return None if found is None else (found[0], found[1], orjson.loads(found[2]))

    # writing

    @contextmanager
    def fill(self) -> Iterator[sqlite3.Connection]:
        """One transaction that fills an empty company, indexes built at its end."""
        with super().fill() as connection:
            for title in self._indexes:
                connection.execute(f"DROP INDEX {title}")
            yield connection
            for statement in self._indexes.values():
                connection.execute(statement)
            self._touched.update(self.changes)

    def put(self, entity_set: str, key: Key, version: int, body: Mapping[str, Any], *, numbered: bool) -> int:
        """Insert or replace one entity; returns its id."""
        column = "id" if numbered else "key"
        with self.write() as connection:
            self._touched.add(entity_set)
            found = connection.execute(
                f'INSERT INTO "{entity_set}" ({column}, version, body) VALUES (?, ?, ?)'
                f" ON CONFLICT ({column}) DO UPDATE SET version = excluded.version, body = excluded.body RETURNING id",
                (key, version, dumped(body)),
            ).fetchone()
            return int(found[0])

    def put_many(self, entity_set: str, rows: Iterable[tuple[Key, Mapping[str, Any]]], *, numbered: bool) -> None:
        """Insert many new entities of version 1."""
        column = "id" if numbered else "key"
        with self.write() as connection:
            self._touched.add(entity_set)
            connection.executemany(
                f'INSERT INTO "{entity_set}" ({column}, body) VALUES (?, ?)',
                ((key, dumped(body)) for key, body in rows),
            )

    def remove(self, entity_set: str, key: Key, *, numbered: bool) -> None:
        """Delete one entity."""
        column = "id" if numbered else "key"
        with self.write() as connection:
            self._touched.add(entity_set)
            connection.execute(f'DELETE FROM "{entity_set}" WHERE {column} = ?', (key,))

    # numbers

    def raise_number(self, name: str, last: int) -> None:
        """Let a sequence go on behind ``last`` at least."""
        self.execute(
            "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET last = max(last, excluded.last)",
            (name, last),
        )

    def _ended(self, *, committed: bool) -> None:
        if committed:
            for entity_set in self._touched:
                self.changes[entity_set] = self.changes.get(entity_set, 0) + 1
        self._touched.clear()


def dumped(body: Mapping[str, Any]) -> str:
    """A body as it is kept; amounts become numbers."""
    return orjson.dumps(body, default=_plain).decode()


def _plain(value: object) -> object:
    return float(str(value))
