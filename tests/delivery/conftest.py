"""One hub for all schedules: each clears what the one before left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from crosswalk.hub.database import Connection, Hub, connect
from tests.delivery.rounds import seed


class LeanHub(Hub):
    """A hub that lends its connections without asking first whether they are alive: half of all that is said to Postgres here.

    Several are lent at once when a second worker runs inside the first one's transaction.
    """

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self._idle: list[Connection] = []

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        connection = self._idle.pop() if self._idle else connect(self.dsn)
        try:
            with connection.transaction():
                yield connection
        finally:
            self._idle.append(connection)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()
        super().close()


@pytest.fixture(scope="session")
def shared_hub(new_hub: Callable[[], str]) -> Iterator[Hub]:
    """A hub with the two deals, landed once."""
    hub = LeanHub(new_hub())
    seed(hub)
    yield hub
    hub.close()
