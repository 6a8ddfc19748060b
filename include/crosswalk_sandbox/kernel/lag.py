"""A search index that is behind its table: what was saved is found a while later."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from crosswalk_sandbox.kernel.clock import Clock


class LaggingIndex:
    """Answers searches from the file as it was up to ``seconds`` ago by the sandbox's clock; without lag, not at all.

    The view is one reading transaction that is kept open: SQLite's write-ahead log shows it the file as it was when it
    began. It is begun anew once the clock has moved on by the lag, so nothing stays hidden for longer. Thread-safe.
    """

    def __init__(self, open_connection: Callable[[], sqlite3.Connection], clock: Clock) -> None:
        self._open = open_connection
        self._clock = clock
        self._lock = threading.Lock()
        self._lag = timedelta(0)
        self._since: datetime | None = None
        self._connection: sqlite3.Connection | None = None
        self.turns = 0
        """How often the view was begun; caches of search results compare it."""

    @property
    def is_behind(self) -> bool:
        """Whether searches are to be answered from here."""
        return bool(self._lag)

    def arm(self, seconds: float) -> None:
        """Stand still from now on, for ``seconds`` at a time; 0 is without lag again. Raises ValueError."""
        if seconds < 0:
            raise ValueError(f"An index is 0 seconds or more behind, not {seconds}")
        with self._lock:
            self._lag = timedelta(seconds=seconds)
            self._since = None
            if self._connection is not None and not seconds:
                self._connection.rollback()
            if seconds:
                self._begin()

    def rows(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> list[tuple[Any, ...]]:
        """Rows of a search, as old as the view is."""
        with self._lock:
            if self._since is None or not self._since <= self._clock.now() < self._since + self._lag:
                self._begin()
            assert self._connection is not None
            return self._connection.execute(sql, parameters).fetchall()

    def _begin(self) -> None:
        if self._connection is None:
            self._connection = self._open()
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        self._connection.execute("BEGIN")
        self._connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()  # the view begins with the first read
        self._since = self._clock.now()
        self.turns += 1
