"""How fast we may ask: searches have a limit of their own, which no header tells (HubSpot §6)."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

import requests

SEARCHES = 5  # a second, of all apps of the account together
NEARLY_NONE = 0.05  # of a window's calls: below, we leave the rest to those who wait for an answer
PAUSE = 1.0  # seconds, of a window of ten: a tenth of its calls is free again


class Pace:
    """Spreads the calls of one process, shared by its threads; ``sleep`` waits, ``clock`` tells monotonic seconds.

    Other processes and apps spend the same allowance, so that a refusal stays possible: the transport waits and tries again.
    """

    def __init__(
        self,
        *,
        searches: int = SEARCHES,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sleep, self._clock = sleep, clock
        self._lock = threading.Lock()
        self._last: deque[float] = deque([-1.0] * searches, maxlen=searches)
        self._low = False

    def search(self) -> None:
        """Wait for the turn of a search: the one ``searches`` before it is a second ago then."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._last[0] + 1.0)
            self._last.append(turn)
        if turn > now:
            self._sleep(turn - now)

    def call(self) -> None:
        """Wait a moment when the last answer said that hardly any calls are left in the window."""
        with self._lock:
            low, self._low = self._low, False
        if low:
            self._sleep(PAUSE)

    def observe(self, response: requests.Response) -> None:
        """Take note of what an answer tells of its window of ten seconds; searches tell nothing of it."""
        most = response.headers.get("X-HubSpot-RateLimit-Max", "")
        left = response.headers.get("X-HubSpot-RateLimit-Remaining", "")
        if most.isdigit() and left.isdigit():
            with self._lock:
                self._low = int(left) < NEARLY_NONE * int(most)
