"""What a delivery did so far, and how fast: counted from several threads."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from crosswalk.model.errors import CrosswalkError
from crosswalk.model.records import Outcome, Receipt


@dataclass
class Tally:
    """What a delivery did, by outcome, and the keys it created or adopted."""

    done: list[str] = field(default_factory=list)
    adopted: int = 0
    rejected: int = 0
    in_doubt: int = 0
    postponed: int = 0
    fenced: int = 0
    connection_error: CrosswalkError | None = None
    _request_seconds: float | None = None
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
            else:
                self.rejected += 1

    def took(self, seconds: float) -> None:
        """Learn from the time one request took; a slower one counts at once, a faster one by and by."""
        with self._lock:
            known = self._request_seconds
            self._request_seconds = seconds if known is None or seconds > known else 0.7 * known + 0.3 * seconds

    def rounds(self, seconds: float, most: int, before: float = 0) -> int:
        """Return how many requests one slot makes in that time, ``before`` others done: at least 1, 2 until one was timed."""
        if self._request_seconds is None:
            return min(2, most)
        return max(1, min(most, int(seconds / max(self._request_seconds, 0.001) - before)))
