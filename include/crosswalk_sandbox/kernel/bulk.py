"""Filling an empty SQLite file quickly, still all or nothing."""

from __future__ import annotations

import gc
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_LOADING_CACHE: Final = "-262144"  # KiB, so that indexes are sorted in large runs


@contextmanager
def bulk_loading(connection: sqlite3.Connection) -> Iterator[None]:
    """Prepare ``connection``, outside of any transaction, for one that fills the file; put everything back afterwards.

    New pages need no journal to be undone, so a rollback journal stays small where the write-ahead log would hold the whole
    company a second time. Where other connections are open the log stays. Sorting for indexes goes to disk, not to memory.
    A killed process leaves an empty file as before; only a failing machine could lose what it has not yet written out.
    """
    before = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("cache_size", "temp_store")}
    patience = connection.execute("PRAGMA busy_timeout").fetchone()[0]
    connection.execute("PRAGMA busy_timeout=0")
    try:
        connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError:  # somebody reads
        connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA busy_timeout={patience}")
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute(f"PRAGMA cache_size={_LOADING_CACHE}")
    connection.execute("PRAGMA temp_store=FILE")
    try:
        yield
    finally:
        for name, value in before.items():
            connection.execute(f"PRAGMA {name}={value}")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA shrink_memory")


@contextmanager
def without_collection() -> Iterator[None]:
    """Spare the search for cycles while facts, which have none, are made by the million."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def take_statistics(connection: sqlite3.Connection) -> None:
    """Tell SQLite what the tables hold: a sample of every index, and how many rows there are.

    A sample of a large table puts its rows wrong by a factor, another one for each table. By such numbers SQLite takes it for cheap
    to read a whole table through for a Bloom filter before every page of a join.
    """
    connection.execute("PRAGMA analysis_limit=1000")
    connection.execute("ANALYZE")
    for (table,) in connection.execute("SELECT DISTINCT tbl FROM sqlite_stat1").fetchall():
        (rows,) = connection.execute(f'SELECT COUNT(*) FROM "{table}"').fetchone()
        indexes = connection.execute(f'PRAGMA index_list("{table}")').fetchall()
        whole = [name for _, name, _, _, partial in indexes if not partial]
        for name in (*whole, None):
            connection.execute(_TRUE_ROWS, {"rows": rows, "table": table, "index": name})
    connection.execute("ANALYZE sqlite_schema")


_TRUE_ROWS: Final = """UPDATE sqlite_stat1 SET stat = rtrim(:rows || ' ' || CASE WHEN instr(stat, ' ') THEN substr(stat, instr(stat, ' ') + 1) ELSE '' END)
 WHERE tbl = :table AND idx IS :index"""
