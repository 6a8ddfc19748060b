"""One account's SQLite file: a reader a thread, one writer, transactions, numbers and settings that are kept.

A vendor's store is a subclass that names its ``file`` and its ``tables`` and adds what its records are.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from crosswalk_sandbox.kernel.bulk import bulk_loading

if TYPE_CHECKING:
    from crosswalk_sandbox.kernel.clock import Clock

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
"""


class AccountStore:
    """State under ``directory``; readers are one connection a thread, writers wait for each other."""

    file: ClassVar[str]
    """Name of the SQLite file."""
    tables: ClassVar[str] = ""
    """SQL that makes the vendor's own tables where they are missing."""
    mapped: ClassVar[int] = 268_435_456
    """Bytes of the file that a connection may map into memory."""
    page_bytes: ClassVar[int] = 4_096
    """Bytes of a page of a new file; rows of thousands of bytes fill larger ones better."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.clock = clock
        self.version = 0
        """Counts commits (:meth:`_ended`); what was worked out before compares it."""
        self._path = directory / self.file
        self._local = threading.local()
        self._lock = threading.RLock()
        self._opening = threading.Lock()
        """Of its own, so that a thread's first read waits for no writer."""
        self._opened: list[sqlite3.Connection] = []
        self._writer = self._open()
        self._writer.executescript(_TABLES + self.tables)

    # reading

    def reader(self) -> sqlite3.Connection:
        """This thread's connection; the writer's own inside :meth:`write`, so that it sees what it wrote."""
        if getattr(self._local, "writing", 0):
            return self._writer
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = self._local.connection = self._open()
        return found

    def value(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        """The first column of the first row, None without one."""
        found = self.reader().execute(sql, parameters).fetchone()
        return found[0] if found else None

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
                    self._ended(committed=False)
                    raise
                self._writer.execute("COMMIT")
                self._ended(committed=True)
            finally:
                self._local.writing = depth

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

    @contextmanager
    def fill(self) -> Iterator[sqlite3.Connection]:
        """One transaction that fills an empty account, with everything set for speed; this thread's reader is closed for it."""
        own: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if own is not None:
            own.close()
            with self._opening:
                self._opened.remove(own)
            self._local.connection = None
        with bulk_loading(self._writer), self.write() as connection:
            yield connection

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """One statement that writes."""
        with self.write() as connection:
            connection.execute(sql, parameters)

    # numbers and settings

    def next_id(self, name: str, first: int = 1) -> int:
        """The next number of a sequence that is kept and begins with ``first``."""
        with self.write() as connection:
            connection.execute("INSERT INTO counter VALUES (?, ?) ON CONFLICT DO NOTHING", (name, first - 1))
            connection.execute("UPDATE counter SET last = last + 1 WHERE name = ?", (name,))
            return int(connection.execute("SELECT last FROM counter WHERE name = ?", (name,)).fetchone()[0])

    def setting(self, name: str) -> str | None:
        """A kept setting."""
        found = self.value("SELECT value FROM setting WHERE name = ?", (name,))
        return None if found is None else str(found)

    def set_setting(self, name: str, value: str) -> None:
        """Keep a setting."""
        self.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))

    def close(self) -> None:
        """Close every connection."""
        with self._lock, self._opening:
            for connection in self._opened:
                connection.close()
            self._opened.clear()

    # what a vendor may have otherwise

    def _ended(self, *, committed: bool) -> None:
        """Called within the lock after each transaction; every commit counts unless a vendor's store says otherwise."""
        self.version += committed

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Give a new connection the settings and functions that the vendor's queries want."""

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None, timeout=30)
        connection.execute(f"PRAGMA page_size={self.page_bytes}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA cache_size=-16384")
        connection.execute(f"PRAGMA mmap_size={self.mapped}")
        connection.execute("PRAGMA temp_store=MEMORY")
        self._prepare(connection)
        with self._opening:
            self._opened.append(connection)
        return connection
