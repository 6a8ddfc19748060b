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


class Turns:
    """Who is writing what at the moment, within one process."""

    def __init__(self) -> None:
        self._free = threading.Condition()
        self._busy: set[str] = set()

    @contextmanager
    def taken(self, keys: Iterable[str]) -> Iterator[bool]:
        """Wait until nobody holds any of ``keys``, then hold them; yields whether there was somebody to wait for."""
        wanted = set(keys)
        with self._free:
            waited = not self._busy.isdisjoint(wanted)
            self._free.wait_for(lambda: self._busy.isdisjoint(wanted), LONGEST_TURN)
            mine = wanted - self._busy
            self._busy |= mine
        try:
            yield waited
        finally:
            with self._free:
                self._busy -= mine
                self._free.notify_all()


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


def held_by(write: Write, parent: str) -> set[str]:
    """Return what a write locks: its parent, and the record itself when it is there already."""
    own = _id(write.native_id) if write.operation is Operation.UPDATE else ""
    return {key for key in (own, parent) if key}


def _id(value: Value) -> str:
    return str(value)[:15] if value else ""
