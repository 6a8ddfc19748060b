"""Counts every request: how many, how large, how long, by path template."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import NamedTuple

_IDENTIFIER = re.compile(r"^(?:\d+|(?=.*\d)[A-Za-z0-9_-]{12,}|[0-9a-fA-F-]{32,})$")
_KEYED = re.compile(r"\(.*\)$")  # OData: accounts(…)
_EXTERNAL = re.compile(r"^eid(?::|%3A).*$", re.IGNORECASE)  # NetSuite §5.3: customer/eid:…


class Route(NamedTuple):
    """What requests are grouped by."""

    system: str
    method: str
    path: str


@dataclass(frozen=True, slots=True)
class Reading:
    """Totals of one route. ``bytes`` are bodies in both directions; ``seconds`` is time spent waiting for answers."""

    requests: int = 0
    bytes: int = 0
    seconds: float = 0.0
    retries: int = 0


def path_template(path: str) -> str:
    """Return ``path`` with record ids, locators and keys replaced by ``{id}``, so that routes can be counted."""
    parts = [_EXTERNAL.sub("eid:{id}", _KEYED.sub("({id})", part)) for part in path.split("?", 1)[0].split("/")]
    return "/".join("{id}" if _IDENTIFIER.match(part) else part for part in parts)


class Meter:
    """Thread-safe totals by route."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readings: dict[Route, Reading] = {}

    def record(self, system: str, method: str, path: str, *, size: int, seconds: float, retry: bool) -> None:
        """Add one request."""
        route = Route(system, method.upper(), path_template(path))
        with self._lock:
            old = self._readings.get(route, Reading())
            self._readings[route] = Reading(
                old.requests + 1, old.bytes + size, old.seconds + seconds, old.retries + int(retry)
            )

    def snapshot(self) -> dict[Route, Reading]:
        """Return the totals so far."""
        with self._lock:
            return dict(self._readings)

    def requests(self, system: str | None = None) -> int:
        """Return how many requests were sent, to one system or to all."""
        return sum(reading.requests for route, reading in self.snapshot().items() if system in (None, route.system))
