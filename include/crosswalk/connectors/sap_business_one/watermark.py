"""How far a pull got.

A watermark is ``{"until": instant}`` after a complete pull, with ``"full": true`` when everything there is was read; within a pull it
also has ``since`` (null for everything) and ``after`` (the last key), from which it can go on. ``{"since": instant}`` alone begins there.

What no stamp tells is remembered beside it: ``counted`` when the last census was, ``open`` which documents were open, ``drafts``
which orders waited for an approval, ``last`` the last key of what is only ever added to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from crosswalk.connectors.remembered import instant, sequence
from crosswalk.model.errors import ConfigurationError

if TYPE_CHECKING:
    from crosswalk.connectors.sap_business_one.odata import Literal
    from crosswalk.connectors.sap_business_one.sources import Source


@dataclass(frozen=True, slots=True)
class Memory:
    """What a pull hands on to the next one beside the time."""

    counted: datetime | None = None
    open: frozenset[int] = frozenset()
    drafts: frozenset[int] = frozenset()
    last: int | None = None

    def words(self) -> dict[str, object]:
        """Return it JSON-ready; what is empty is left out."""
        told: dict[str, object] = {
            "counted": self.counted.isoformat() if self.counted else None,
            "open": ranges(self.open) or None,
            "drafts": sorted(self.drafts) or None,
            "last": self.last,
        }
        return {name: value for name, value in told.items() if value is not None}

    def census_due(self, now: datetime | None, every: timedelta) -> bool:
        """Tell whether it is time to find out what was deleted; ``now`` None is a time that nobody knows."""
        return not every or self.counted is None or (now is not None and now - self.counted >= every)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a pull stands. ``since`` None reads everything; ``after`` is the key of the last record read."""

    since: datetime | None
    until: datetime | None = None
    after: tuple[Literal, ...] = ()
    memory: Memory = field(default_factory=Memory)

    def at(self, now: datetime) -> Position:
        """Return the position once the time is known; a watermark from the future must not skip what changes until then."""
        until = self.until or now
        return replace(self, since=min(self.since, until) if self.since else None, until=until)

    def watermark(self) -> dict[str, object]:
        """Return what a resumed pull needs to go on from here."""
        assert self.until is not None
        since = self.since.isoformat() if self.since else None
        words = self.memory.words()
        return {"since": since, "until": self.until.isoformat(), "after": list(self.after), **words}

    def finished(self, memory: Memory) -> dict[str, object]:
        """Return what the next pull begins with."""
        assert self.until is not None
        done: dict[str, object] = {"until": self.until.isoformat(), **memory.words()}
        return done if self.since else {**done, "full": True}


def start(source: Source, watermark: Mapping[str, object] | None) -> Position:
    """Return where to begin: anew for no watermark, in the middle of a pull, or from where the last one ended.

    Raises ConfigurationError for a watermark of another shape.
    """
    if watermark is None:
        return Position(None)
    try:
        memory = _memory(watermark)
        if watermark.get("after"):
            since = watermark["since"]
            after = tuple(part if isinstance(part, int) else str(part) for part in sequence(watermark["after"]))
            return Position(instant(since) if since else None, instant(watermark["until"]), after, memory)
        return Position(instant(watermark["until" if "until" in watermark else "since"]), memory=memory)
    except (KeyError, TypeError, ValueError):
        raise ConfigurationError(
            f"The watermark of SAP Business One's {source.entity} is not readable.",
            hint=f"Reset it: the next pull then reads every {source.entity}.",
        ) from None


def ranges(numbers: Iterable[int]) -> str:
    """Return numbers in short: ``1-4,7``; there may be thousands of open documents."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


def numbers(text: str) -> frozenset[int]:
    """Read what `ranges` wrote."""
    pairs = (part.partition("-") for part in text.split(",") if part)
    return frozenset(number for first, _, last in pairs for number in range(int(first), int(last or first) + 1))


def _memory(watermark: Mapping[str, object]) -> Memory:
    counted, last = watermark.get("counted"), watermark.get("last")
    return Memory(
        instant(counted) if counted else None,
        numbers(str(watermark.get("open") or "")),
        frozenset(int(str(one)) for one in sequence(watermark.get("drafts") or [])),
        int(str(last)) if last is not None else None,
    )
