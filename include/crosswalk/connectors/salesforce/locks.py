"""Row locks: which records a write holds while it runs, so that two requests of ours never fight for one (Salesforce §8.1, §17).

Writing a child locks its parent. Two requests at once with children of one account end in ``UNABLE_TO_LOCK_ROW`` for some rows, so
the second waits for the first. Locks of other people and of their automation cannot be foreseen; those rows are sent again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from crosswalk.model.records import Operation, Value, Write

LONGEST_TURN = 60.0  # seconds of waiting for another request; then Salesforce's own lock may decide
_REMEMBERED = 20_000  # records whose last turn is kept in mind

PARENT: Mapping[str, str] = {
    "Account": "ParentId",
    "Contact": "AccountId",
    "Opportunity": "AccountId",
    "OpportunityContactRole": "OpportunityId",
    "OpportunityLineItem": "OpportunityId",
    "Order": "AccountId",
    "OrderItem": "OrderId",
    "PricebookEntry": "Product2Id",
    "Quote": "OpportunityId",
    "QuoteLineItem": "QuoteId",
}
QUIET = frozenset({"Account", "Contact"})
"""Children that no roll-up field can sum up: to write one locks its parent, and leaves the parent's version as it is."""


class Turns:
    """Who is writing what at the moment, within one process, and who has just written what."""

    def __init__(self) -> None:
        self._free = threading.Condition()
        self._busy: set[str] = set()
        self._changing: set[str] = set()  # those of the busy ones that somebody's write changes
        self._number = 0  # of turns that ended
        self._ended: dict[str, int] = {}  # by record, the number of its last turn
        self._forgotten = 0

    def ticket(self) -> int:
        """Return the present; take it before reading what is to be written."""
        with self._free:
            return self._number

    @contextmanager
    def taken(
        self, records: Iterable[str], parents: Iterable[str], ticket: int, *, quiet: bool = False
    ) -> Iterator[bool]:
        """Wait until nobody holds any of these, then hold them. ``quiet``: the writes leave the parents as they are.

        Yields whether what was read since ``ticket`` may be stale: somebody wrote one of the ``records`` since, or still writes one, or a
        child that may change one. Whoever only shares a parent with us has not touched them.
        """
        own = set(records)
        wanted = own | set(parents)
        with self._free:
            stale = not self._changing.isdisjoint(own)
            self._free.wait_for(lambda: self._busy.isdisjoint(wanted), LONGEST_TURN)
            stale = stale or ticket < max((self._ended.get(key, self._forgotten) for key in own), default=0)
            mine = wanted - self._busy
            self._busy |= mine
            changed = mine & own if quiet else mine
            self._changing |= changed
        try:
            yield stale
        finally:
            with self._free:
                self._busy -= mine
                self._changing -= changed
                self._remember(own)
                self._free.notify_all()

    def _remember(self, records: set[str]) -> None:
        self._number += 1
        if len(self._ended) > _REMEMBERED:
            self._ended.clear()
            self._forgotten = self._number
        self._ended.update(dict.fromkeys(records, self._number))


def parent_of(write: Write, native: str, stored: str | None = None) -> str:
    """Return what names the record's parent: as the write sets it (id or external id), else as it is ``stored``; empty for none."""
    field = PARENT.get(native)
    if field is None:
        return ""
    relation = f"{field.removesuffix('Id')}."
    for path, value in write.values.items():
        if path == field:
            return _id(value)
        if path.startswith(relation) and value is not None:
            return f"{path}={value}"
    return _id(stored)


def record_of(write: Write) -> str:
    """Return what names the record itself when it is there already; empty for a create."""
    return _id(write.native_id) if write.operation is Operation.UPDATE else ""


def _id(value: Value) -> str:
    return str(value)[:15] if value else ""
