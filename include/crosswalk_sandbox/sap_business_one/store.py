"""The company's SQLite file: connections, one writer, a table for each entity set, counters and settings."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from crosswalk_sandbox.kernel.bulk import bulk_loading
from crosswalk_sandbox.kernel.lag import LaggingIndex

if TYPE_CHECKING:
    from crosswalk_sandbox.kernel.clock import Clock

Key = str | int
SEPARATOR: Final = "\x1f"
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS exchange_rate (currency TEXT, day TEXT, rate TEXT, PRIMARY KEY (currency, day)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS session (id TEXT PRIMARY KEY, user TEXT, language INTEGER, node TEXT, seen REAL) WITHOUT ROWID;
"""


def joined(key: Sequence[Key]) -> Key:
    """A key as it is kept: the number, the text, or several in one."""
    return key[0] if len(key) == 1 else SEPARATOR.join(map(str, key))


class Store:
    """One company's state under ``directory``; readers are one connection a thread, writers wait for each other.

    A set's table has ``id`` (its key where that is a single number), ``key`` (else), ``version`` (DataVersion) and ``body``.
    """

    def __init__(self, directory: Path, clock: Clock) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.clock = clock
        self._path = directory / "sap_business_one.sqlite"
        self._local = threading.local()
        self._lock = threading.RLock()
        self._opened: list[sqlite3.Connection] = []
        self._indexes: dict[str, str] = {}
        self._touched: set[str] = set()
        self.changes: dict[str, int] = {}
        """Set → how often it was written to by this process; what was counted before is compared with it."""
        self._writer = self._open()
        self._writer.executescript(_TABLES)
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

    def reader(self) -> sqlite3.Connection:
        """This thread's connection; the writer's own inside :meth:`write`, so that it sees what it wrote."""
        if getattr(self._local, "writing", 0):
            return self._writer
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = self._local.connection = self._open()
        return found

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

    def value(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        """The first column of the first row, None without one."""
        found = self.row(sql, parameters)
        return found[0] if found else None

    def get(self, entity_set: str, key: Key, *, numbered: bool) -> tuple[int, int, dict[str, Any]] | None:
        """id, version and body of one entity; None without it."""
        column = "id" if numbered else "key"
        found = self.row(f'SELECT id, version, body FROM "{entity_set}" WHERE {column} = ?', (key,))
        return None if found is None else (found[0], found[1], orjson.loads(found[2]))

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
                    self._touched.clear()
                    raise
                self._writer.execute("COMMIT")
                for entity_set in self._touched:
                    self.changes[entity_set] = self.changes.get(entity_set, 0) + 1
                self._touched.clear()
            finally:
                self._local.writing = depth

    @contextmanager
    def fill(self) -> Iterator[sqlite3.Connection]:
        """One transaction that fills an empty company, indexes built at its end; this thread's reader is closed for it."""
        own: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if own is not None:
            own.close()
            self._opened.remove(own)
            self._local.connection = None
        with bulk_loading(self._writer), self.write() as connection:
            for title in self._indexes:
                connection.execute(f"DROP INDEX {title}")
            yield connection
            for statement in self._indexes.values():
                connection.execute(statement)
            self._touched.update(self.changes)

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """One statement that writes."""
        with self.write() as connection:
            connection.execute(sql, parameters)

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

    # numbers, settings

    def next_number(self, name: str, first: int = 1) -> int:
        """The next number of a sequence that is kept."""
        with self.write() as connection:
            connection.execute("INSERT INTO counter VALUES (?, ?) ON CONFLICT DO NOTHING", (name, first - 1))
            connection.execute("UPDATE counter SET last = last + 1 WHERE name = ?", (name,))
            return int(connection.execute("SELECT last FROM counter WHERE name = ?", (name,)).fetchone()[0])

    def raise_number(self, name: str, last: int) -> None:
        """Let a sequence go on behind ``last`` at least."""
        self.execute(
            "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET last = max(last, excluded.last)",
            (name, last),
        )

    def setting(self, name: str) -> str | None:
        """A kept setting."""
        found = self.value("SELECT value FROM setting WHERE name = ?", (name,))
        return None if found is None else str(found)

    def set_setting(self, name: str, value: str) -> None:
        """Keep a setting."""
        self.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            for connection in self._opened:
                connection.close()
            self._opened.clear()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None, timeout=30)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA cache_size=-16384")
        connection.execute("PRAGMA mmap_size=1073741824")
        connection.execute("PRAGMA temp_store=MEMORY")
        with self._lock:
            self._opened.append(connection)
        return connection


def dumped(body: Mapping[str, Any]) -> str:
    """A body as it is kept; amounts become numbers."""
    return orjson.dumps(body, default=_plain).decode()


def _plain(value: object) -> object:
    return float(str(value))
