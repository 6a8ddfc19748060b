"""How many requests were made of what: the measure for "API calls per record"."""

from __future__ import annotations

import re
import threading
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

_KEEP: Final = 1_000
# Record ids as vendors write them in paths: external ids, UUIDs, Salesforce ids (15 or 18 characters), numbers.
_ID: Final = re.compile(
    r"(?<=/)(?:"
    r"eid:[^/]+"
    r"|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
    r"|(?=[a-zA-Z]{0,17}\d)(?:[a-zA-Z0-9]{18}|[a-zA-Z0-9]{15})(?:-\d+)?"
    r"|-?\d+"
    r")(?=/|$)"
)


def path_template(path: str) -> str:
    """The path with record ids replaced by ``{id}``."""
    return _ID.sub("{id}", path)


@dataclass(slots=True)
class RequestLog:
    """Counts by (method, path template, status) and the last requests. Query strings and headers are never kept."""

    _counts: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    _recent: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_KEEP))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def record(self, method: str, path: str, status: int, *, at: datetime, seconds: float, fault: str | None) -> None:
        """Count one finished request; ``status`` 0 means that the connection was cut."""
        entry = {"at": at.isoformat(), "method": method, "path": path, "status": status, "seconds": round(seconds, 6)}
        with self._lock:
            self._counts[method, path_template(path), status] += 1
            self._recent.append(entry | ({"fault": fault} if fault else {}))

    def clear(self) -> None:
        """Start counting anew."""
        with self._lock:
            self._counts.clear()
            self._recent.clear()

    def snapshot(self, recent: int = 0) -> dict[str, Any]:
        """``total``, ``counts`` (one row per method and template, with statuses), and the ``recent`` last requests."""
        with self._lock:
            counts, entries = dict(self._counts), list(self._recent)
        rows: dict[tuple[str, str], dict[str, Any]] = {}
        for (method, path, status), count in sorted(counts.items()):
            row = rows.setdefault((method, path), {"method": method, "path": path, "count": 0, "statuses": {}})
            row["count"] += count
            row["statuses"][str(status)] = count
        return {
            "total": sum(counts.values()),
            "counts": list(rows.values()),
            "recent": entries[-recent:] if recent > 0 else [],
        }
