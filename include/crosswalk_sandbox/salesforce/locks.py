"""Row locks on parents: two transactions that touch children of the same record collide (Salesforce §6 UNABLE_TO_LOCK_ROW)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

from .errors import RowError

PARENTS = {
    "Contact": ("AccountId",),
    "Opportunity": ("AccountId",),
    "OpportunityLineItem": ("OpportunityId",),
    "OpportunityContactRole": ("OpportunityId",),
    "Order": ("AccountId",),
    "OrderItem": ("OrderId",),
    "Task": ("WhatId",),
    "PricebookEntry": ("Product2Id",),
}


class RowLocks:
    """Who holds which record, in real time: a transaction keeps its locks for ``hold`` seconds after it is done."""

    def __init__(self, hold: float) -> None:
        self.hold = hold
        self._held: dict[str, tuple[str, float]] = {}
        self._guard = threading.Lock()

    def take(self, record_ids: Iterable[str], owner: str, seconds: float | None = None) -> None:
        """Locks records for ``owner``. Raises RowError UNABLE_TO_LOCK_ROW when another owner holds one."""
        span = self.hold if seconds is None else seconds
        if not span and not self._held:
            return
        now = time.monotonic()
        with self._guard:
            self._held = {key: value for key, value in self._held.items() if value[1] > now}
            wanted = list(record_ids)
            taken = [key for key in wanted if self._held.get(key, (owner, 0))[0] != owner]
            if taken:
                names = ",".join(key[:15] for key in taken)
                text = f"unable to obtain exclusive access to this record or {len(taken)} records: {names}"
                raise RowError("UNABLE_TO_LOCK_ROW", text)
            if span:
                self._held.update((key, (owner, now + span)) for key in wanted)

    def release(self, owner: str) -> None:
        """Gives up everything an owner holds."""
        with self._guard:
            self._held = {key: value for key, value in self._held.items() if value[0] != owner}


def locked_by_write(sobject_name: str, record_id: str | None, row: dict[str, object]) -> list[str]:
    """The records a write to this row locks: itself and its parents."""
    found = [record_id] if record_id else []
    for name in PARENTS.get(sobject_name, ()):
        value = row.get(name)
        if isinstance(value, str):
            found.append(value)
    return found
