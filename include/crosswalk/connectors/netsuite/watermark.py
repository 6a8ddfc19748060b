"""How far a pull got.

A watermark is ``{"until": instant}`` after a complete pull, with ``"full": true`` when everything there is was read;
within a pull it also has ``since`` (null for everything) and ``after`` (the last key), from which it can go on.
``{"since": instant}`` alone begins there. The time a pull ends with comes with its first page (`Client.time_of`), less a lag.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from crosswalk.connectors.remembered import instant, sequence
from crosswalk.model.errors import ConfigurationError

if TYPE_CHECKING:
    from crosswalk.connectors.netsuite.sources import Source


@dataclass(frozen=True, slots=True)
class Position:
    """Where a pull stands. ``since`` None reads everything; ``after`` is the key of the last row read."""

    since: datetime | None
    until: datetime
    after: tuple[str, ...] = ()

    def watermark(self) -> dict[str, object]:
        """Return what a resumed pull needs to go on from here."""
        since = self.since.isoformat() if self.since else None
        return {"since": since, "until": self.until.isoformat(), "after": list(self.after)}

    def finished(self) -> dict[str, object]:
        """Return what the next pull begins with."""
        done: dict[str, object] = {"until": self.until.isoformat()}
        return done if self.since else {**done, "full": True}


@dataclass(frozen=True, slots=True)
class Start:
    """Where a pull begins; ``until`` is None while the server has not told the time."""

    since: datetime | None
    until: datetime | None = None
    after: tuple[str, ...] = ()

    def at(self, now: datetime) -> Position:
        """Return the position once the time is known; a watermark from the future must not skip what changes until then."""
        until = self.until or now
        return Position(min(self.since, until) if self.since else None, until, self.after)


def start(source: Source, watermark: Mapping[str, object] | None) -> Start:
    """Return where to begin: anew for no watermark, in the middle of a pull, or from where the last one ended.

    Raises ConfigurationError for a watermark of another shape.
    """
    if watermark is None:
        return Start(None)
    try:
        if watermark.get("after"):
            since = watermark["since"]
            after = tuple(str(part) for part in sequence(watermark["after"]))
            return Start(instant(since) if since else None, instant(watermark["until"]), after)
        since = instant(watermark["until" if "until" in watermark else "since"])
    except (KeyError, TypeError, ValueError):
        raise ConfigurationError(
            f"The watermark of NetSuite's {source.entity} is not readable.",
            hint=f"Reset it: the next pull then reads every {source.entity}.",
        ) from None
    return Start(since if source.modified else None)
