"""The search index trails behind: what it still holds of records that were just written (HubSpot §10)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import orjson

from crosswalk_sandbox.hubspot.store import Record, Store

if TYPE_CHECKING:
    from crosswalk_sandbox.hubspot.account import Account


class Index:
    """What search sees: the records as they are, except for those written less than ``delay`` seconds ago."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._store: Store = account.store

    @property
    def delay(self) -> float:
        """Seconds that the index trails behind."""
        return self._account.options.search_delay

    def changed(self, before: Record | None, after: Record) -> None:
        """Remember what the index held before a write; nothing for a record that was not there."""
        if self.delay <= 0:
            return
        image = before.image() if before is not None and before.state == 0 else None
        due = self._store.now() + int(self.delay * 1000)
        self._store.execute(
            "INSERT INTO late (type, id, due, image) VALUES (?, ?, ?, ?)", (after.type, after.id, due, image)
        )

    def stale(self, kind: str) -> dict[int, Record | None]:
        """By id what the index still holds of records that changed since; None for those it does not know yet."""
        now = self._store.now()
        rows = self._store.rows(
            "SELECT id, image FROM late WHERE type = ? AND due > ? ORDER BY number DESC", (kind, now)
        )
        return {ident: _record(kind, ident, image) for ident, image in rows}

    def parted(self, kind: str) -> list[tuple[int, int]]:
        """Pairs whose association to a record of ``kind`` ended too lately for the index to know."""
        return [
            (row[0], row[1])
            for row in self._store.rows(
                "SELECT source, target FROM parted WHERE kind = ? AND due > ?", (kind, self._store.now())
            )
        ]

    def settle(self) -> None:
        """Forget what the index has caught up with."""
        with self._store.write() as connection:
            for table in ("late", "parted"):
                connection.execute(f"DELETE FROM {table} WHERE due <= ?", (self._store.now(),))

    def catch_up(self, idents: Iterable[int] | None = None) -> None:
        """Let the index know everything now, or some records only."""
        with self._store.write() as connection:
            if idents is None:
                connection.execute("DELETE FROM late")
                connection.execute("DELETE FROM parted")
            for ident in idents or ():
                connection.execute("DELETE FROM late WHERE id = ?", (ident,))


def _record(kind: str, ident: int, image: str | None) -> Record | None:
    if image is None:
        return None
    created, modified, properties = orjson.loads(image)
    return Record(ident, kind, 0, created, modified, None, properties)
