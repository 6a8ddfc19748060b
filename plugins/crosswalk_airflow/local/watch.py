"""Tells early that waiting is of no use: a component that cannot start will not start by being waited for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from crosswalk.model.errors import ConfigurationError, TransientError

if TYPE_CHECKING:
    from crosswalk_airflow.local.layout import Layout
    from crosswalk_airflow.local.supervision import Supervisor

_HOPELESS_AFTER = 30.0  # seconds in which a component failed at every start


class Watch:
    """Looks at the components while somebody waits for them."""

    def __init__(self, layout: Layout, supervisor: Supervisor) -> None:
        self._layout = layout
        self._supervisor = supervisor
        self._failing_since: dict[str, float] = {}

    def look(self) -> None:
        """Raise ConfigurationError with a component's last words when it keeps failing to start."""
        if not self._supervisor.is_running():
            raise TransientError("The supervisor has died.", hint="Run `make up` again, or see its log.")
        now = time.monotonic()
        for process in self._supervisor.states():
            if process.state == "RUNNING":
                self._failing_since.pop(process.name, None)
            elif process.state in {"BACKOFF", "FATAL"}:
                since = self._failing_since.setdefault(process.name, now)
                if now - since > _HOPELESS_AFTER:
                    raise ConfigurationError(
                        f"{process.name} does not start. Its last words:\n{self.last_words(process.name)}",
                        hint=f"All of them: `crosswalk logs {process.name}`.",
                    )

    def last_words(self, component: str, lines: int = 8) -> str:
        """Return the end of a component's log."""
        log = self._layout.log(component)
        text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        return "\n".join(f"  {line}" for line in text.strip().splitlines()[-lines:]) or "  (it said nothing)"
