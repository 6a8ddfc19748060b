"""The sandbox's clock: real time plus an offset, or frozen; kept over restarts."""

from __future__ import annotations

import json
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path


class Clock:
    """What an emulator takes for now. ``path`` is the file that keeps the setting; None keeps it in memory only."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._offset = timedelta(0)
        self._frozen: datetime | None = None
        if path is not None and path.exists():
            kept = json.loads(path.read_text())
            self._offset = timedelta(seconds=kept["offset_seconds"])
            self._frozen = datetime.fromisoformat(kept["frozen"]) if kept["frozen"] else None

    def now(self) -> datetime:
        """The sandbox's present instant, aware UTC."""
        with self._lock:
            return self._frozen if self._frozen is not None else datetime.now(UTC) + self._offset

    def set(self, instant: datetime, *, frozen: bool = False) -> None:
        """Make ``instant`` (aware) the present; time goes on from there unless ``frozen``."""
        if instant.tzinfo is None:
            raise ValueError(f"The clock takes instants with a time zone, not {instant.isoformat()}")
        with self._lock:
            self._frozen = instant.astimezone(UTC) if frozen else None
            self._offset = timedelta(0) if frozen else instant.astimezone(UTC) - datetime.now(UTC)
            self._keep()

    def advance(self, seconds: float) -> None:
        """Move the present by ``seconds``; negative moves it back."""
        with self._lock:
            step = timedelta(seconds=seconds)
            if self._frozen is not None:
                self._frozen += step
            else:
                self._offset += step
            self._keep()

    def reset(self) -> None:
        """Back to real time."""
        with self._lock:
            self._frozen, self._offset = None, timedelta(0)
            self._keep()

    def snapshot(self) -> dict[str, object]:
        """Setting and present as JSON values."""
        with self._lock:
            offset, frozen = self._offset.total_seconds(), self._frozen
        return {"now": self.now().isoformat(), "offset_seconds": offset, "frozen": frozen is not None}

    def _keep(self) -> None:
        if self._path is None:
            return
        frozen = self._frozen.isoformat() if self._frozen else None
        self._path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._path.with_suffix(".new")
        unfinished.write_text(json.dumps({"offset_seconds": self._offset.total_seconds(), "frozen": frozen}))
        os.replace(unfinished, self._path)
