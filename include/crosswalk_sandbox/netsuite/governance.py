"""Concurrent requests of the whole account (NetSuite §10)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from crosswalk_sandbox.netsuite.errors import Refusal, too_many_requests

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.options import Options


class Overloaded(Exception):
    """A request that waited in the queue until its timestamp went stale; answered as 401."""


class Busy(Refusal):
    """Every slot is taken: 429 for REST web services."""


class Governor:
    """Counts requests in flight over all credentials; used on the server's event loop only."""

    def __init__(self, options: Options) -> None:
        self._options = options
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
        if self.running >= self.allowed:
            await self._turn_away()
        self.running += 1
        self.peak = max(self.peak, self.running)
        try:
            if self.service_seconds > 0:
                await asyncio.sleep(self.service_seconds)
            yield
        finally:
            self.running -= 1

    async def _turn_away(self) -> None:
        self.refused += 1
        if self._options.overload == "hang":
            self.waiting += 1
            try:
                await asyncio.sleep(self._options.overload_seconds)
            finally:
                self.waiting -= 1
            raise Overloaded
        told = too_many_requests()
        raise Busy(told.status, told.code, told.detail)
