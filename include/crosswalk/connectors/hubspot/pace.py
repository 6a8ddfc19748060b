"""How fast we may ask: no faster than ends in a refusal, whose wait would cost more than ours (HubSpot §6).

Searches have a limit of their own, which no header tells. Of all other calls an answer tells how many were left of its ten seconds, when
it was admitted. What we have begun since then is gone, too, and what we began ten seconds before is free again; the calls of other
processes of ours are in what the next answer tells. Other apps have windows of their own.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import requests

SEARCHES = 5  # a second, of all apps of the account together
WINDOW = 10.0  # seconds; it rolls
MARGIN = 0.05  # seconds that a call may have taken longer to get there than another
NEARLY_NONE = 0.02  # of a window's calls: below, we leave the rest to other processes of ours
PAUSE = 1.0  # seconds to wait where nothing of ours gets free soon
LEAST_PAUSE = 0.01


@dataclass(frozen=True, slots=True)
class Call:
    """A call that began: the how many-th of this process, and when (monotonic seconds)."""

    number: int
    at: float


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer told: of how many calls how many were left when its own call was admitted."""

    most: int
    left: int
    call: Call


class Pace:
    """Spreads the calls of one process, shared by its threads; ``sleep`` waits, ``clock`` tells monotonic seconds.

    Other processes spend the same allowance, so that a refusal stays possible: the transport waits and tries again.
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
        self._begun: deque[Call] = deque()  # of the last two windows
        self._calls = 0
        self._told: Told | None = None

    def search(self) -> None:
        """Wait for the turn of a search: the one ``searches`` before it is a second ago then."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._last[0] + 1.0)
            self._last.append(turn)
        if turn > now:
            self._sleep(turn - now)

    def call(self) -> Call:
        """Wait while the window holds hardly any calls more, no longer than it is; then a call begins."""
        waited = 0.0
        while True:
            with self._lock:
                now = self._clock()
                pause = 0.0 if waited >= WINDOW else self._pause(now)
                if not pause:
                    return self._begin(now)
            self._sleep(pause)
            waited += pause

    def _begin(self, now: float) -> Call:
        while self._begun and self._begun[0].at <= now - 2 * WINDOW:
            self._begun.popleft()
        self._calls += 1
        self._begun.append(Call(self._calls, now))
        return self._begun[-1]

    def observe(self, response: requests.Response, call: Call) -> None:
        """Take note of what the answer to a call tells of its window; searches tell nothing of it."""
        most = response.headers.get("X-HubSpot-RateLimit-Max", "")
        left = response.headers.get("X-HubSpot-RateLimit-Remaining", "")
        if most.isdigit() and left.isdigit():
            with self._lock:
                if self._told is None or call.number > self._told.call.number:
                    self._told = Told(int(most), int(left), call)

    def _pause(self, now: float) -> float:
        """Return the seconds until a call may begin, or until it is worth looking again; 0 when one may."""
        told = self._told
        if told is None or now - told.call.at >= WINDOW:
            return 0.0
        since = self._calls - told.call.number
        free_again = sum(told.call.at < one.at + WINDOW <= now - MARGIN for one in self._begun)
        if told.left + free_again - since > NEARLY_NONE * told.most:
            return 0.0
        soonest = next((wait for one in self._begun if (wait := one.at + WINDOW + MARGIN - now) > 0), PAUSE)
        return min(max(soonest, LEAST_PAUSE), PAUSE)
