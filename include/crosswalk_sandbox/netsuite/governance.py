"""Concurrent requests of the whole account (NetSuite §10)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from crosswalk_sandbox.netsuite.errors import Refusal, too_many_requests

if TYPE_CHECKING:
    from crosswalk_sandbox.kernel.clock import Clock
    from crosswalk_sandbox.netsuite.options import Options


class Overloaded(Exception):
    """A request that waited in the queue until its timestamp went stale; answered as 401."""


class Busy(Refusal):
    """Every slot is taken: 429 for REST web services."""


class Governor:
    """Counts requests in flight over all credentials; used on the server's event loop only."""

    def __init__(self, options: Options, clock: Clock) -> None:
        self._options = options
        self._windows = [
            _Window(clock, timedelta(seconds=60), options.requests_per_minute),
            _Window(clock, timedelta(hours=24), options.requests_per_day),
        ]
        self.limit = options.concurrency
        """Of the whole account; what is reserved for the integration is :attr:`allowed`."""
        self.service_seconds = options.service_seconds
        self.running = 0
        self.waiting = 0
        self.refused = 0
        self.peak = 0

    @property
    def allowed(self) -> int:
        """Requests at one time for the sandbox's integration: its reserved part, or the account's limit."""
        return min(self._options.integration_concurrency or self.limit, self.limit)

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold one of the account's slots; raises 429 without a free one, or Overloaded after the queue's wait."""
        if any(window.is_full() for window in self._windows):
            raise self._busy()
        if self.running >= self.allowed:
            await self._turn_away()
        for window in self._windows:
            window.count()
        self.running += 1
        self.peak = max(self.peak, self.running)
        try:
            if self.service_seconds > 0:
                await asyncio.sleep(self.service_seconds)
            yield
        finally:
            self.running -= 1

    def _busy(self) -> Busy:
        self.refused += 1
        told = too_many_requests()
        return Busy(told.status, told.code, told.detail)

    async def _turn_away(self) -> None:
        if self._options.overload == "hang":
            self.refused += 1
            self.waiting += 1
            try:
                await asyncio.sleep(self._options.overload_seconds)
            finally:
                self.waiting -= 1
            raise Overloaded
        raise self._busy()


class _Window:
    """Requests of the last minute or day, by the sandbox's clock; ``most`` 0 counts nothing."""

    def __init__(self, clock: Clock, length: timedelta, most: int) -> None:
        self._clock = clock
        self._length = length
        self._most = most
        self._at: deque[datetime] = deque()

    def is_full(self) -> bool:
        """Whether the window has no room for one more request."""
        oldest = self._clock.now() - self._length
        while self._at and self._at[0] <= oldest:
            self._at.popleft()
        return 0 < self._most <= len(self._at)

    def count(self) -> None:
        """One request more."""
        if self._most:
            self._at.append(self._clock.now())
