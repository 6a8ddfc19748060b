"""What was read ahead of updates: what a record was like, for one write, for a few seconds.

A save of somebody else that falls between the reading and our request is not seen.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

MOST_KEPT = 10_000  # records; the oldest give way

Place = TypeVar("Place")
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Kept(Generic[Found]):
    """A record as it was read; None when it is not there."""

    found: Found | None
    read_at: float


class Prepared(Generic[Place, Found]):
    """Records by place, shared by threads. ``clock`` tells monotonic seconds.

    Each is taken once: after our own write the record is another one.
    """

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._seconds = seconds
        self._lock = threading.Lock()
        self._kept: dict[Place, Kept[Found]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def put(self, found: Mapping[Place, Found | None], read_at: float) -> None:
        """Keep what a query told that was sent at ``read_at``; what is too old goes, and what is too much."""
        with self._lock:
            for place, one in found.items():
                self._kept.pop(place, None)
                self._kept[place] = Kept(one, read_at)
            oldest = self.clock() - self._seconds
            stale = [place for place, kept in self._kept.items() if kept.read_at < oldest]
            for place in stale or ():
                del self._kept[place]
            for place in list(self._kept)[: max(0, len(self._kept) - MOST_KEPT)]:
                del self._kept[place]

    def take(self, place: Place) -> Kept[Found] | None:
        """Return what is known of a record and forget it; None when nothing is, or nothing fresh."""
        with self._lock:
            kept = self._kept.pop(place, None)
        return kept if kept and self.clock() - kept.read_at <= self._seconds else None
