"""What a delivery did so far, and how fast: counted from several threads."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from statistics import median

from crosswalk.model.errors import CrosswalkError
from crosswalk.model.records import Outcome, Receipt

REMEMBERED = 15  # requests whose median tells how long one usually takes


@dataclass
class Tally:
    """What a delivery did, by outcome, and the keys it created or adopted."""

    done: list[str] = field(default_factory=list)
    adopted: int = 0
    rejected: int = 0
    in_doubt: int = 0
    waiting: int = 0
    postponed: int = 0
    fenced: int = 0
    connection_error: CrosswalkError | None = None
    _slow_seconds: float | None = None
    _seconds: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED), repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def count(self, receipt: Receipt | None) -> None:
        """Add one answer; None is an intent that another worker owns by now."""
        with self._lock:
            if receipt is None:
                self.fenced += 1
            elif receipt.outcome is Outcome.DONE:
                self.done.append(receipt.intent_key)
                self.adopted += receipt.adopted
            elif receipt.outcome is Outcome.RETRY:
                self.postponed += 1
            elif receipt.outcome is Outcome.IN_DOUBT:
                self.in_doubt += 1
            elif receipt.outcome is Outcome.WAITING:
                self.waiting += 1
            else:
                self.rejected += 1

    def took(self, seconds: float) -> None:
        """Learn from the time one request took."""
        with self._lock:
            known = self._slow_seconds
            self._slow_seconds = seconds if known is None or seconds > known else 0.7 * known + 0.3 * seconds
            self._seconds.append(seconds)

    @property
    def timed(self) -> bool:
        """Whether a request was timed yet."""
        return self._slow_seconds is not None

    def rounds(self, seconds: float, most: int) -> int:
        """Return how many requests one slot makes in that time for sure: at least 1, 2 until one was timed.

        A slower request than before counts at once, a faster one by and by.
        """
        with self._lock:
            return self._rounds(seconds, most, self._slow_seconds)

    def usual_rounds(self, seconds: float, most: int, before: float) -> int:
        """Return how many requests one slot usually makes in that time, ``before`` others done: at least 1, 2 until one was timed."""
        with self._lock:
            return self._rounds(seconds, most, median(self._seconds) if self._seconds else None, before)

    @staticmethod
    def _rounds(seconds: float, most: int, each: float | None, before: float = 0) -> int:
        if each is None:
            return min(2, most)
        return max(1, min(most, int(seconds / max(each, 0.001) - before)))
