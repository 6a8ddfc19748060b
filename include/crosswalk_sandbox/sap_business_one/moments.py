"""Days and clocks as the service writes them: the server's local time behind a false ``Z`` (SAP Business One §13.2)."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

_DAY: Final = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ].*)?")
_TIME: Final = re.compile(r"(\d{1,2}):?(\d\d)(?::?(\d\d))?(?:\.\d+)?")


def local(instant: datetime, zone: str) -> datetime:
    """An instant as the server's own clock shows it, without a zone."""
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None, microsecond=0)


def shown_day(day: date) -> str:
    """A day as it is kept and as v2 shows it: ``2026-10-01T00:00:00Z``."""
    return f"{day.year:04}-{day.month:02}-{day.day:02}T00:00:00Z"


def shown_time(moment: datetime) -> str:
    """A clock time as it is kept: ``18:38:00``."""
    return moment.strftime("%H:%M:%S")


def day(text: object) -> date | None:
    """The day that a kept or given text names (``2026-10-01``, ``20261001``, with or without a time); None for anything else."""
    match = _DAY.fullmatch(str(text).strip())
    if match is None:
        return None
    try:
        return date(*map(int, match.groups()))
    except ValueError:
        return None


def read_day(text: object) -> str | None:
    """A day in the kept form; None where it is none."""
    found = day(text)
    return None if found is None else shown_day(found)


def read_time(text: object) -> str | None:
    """A clock time in the kept form, from ``18:38:00``, ``18:38``, ``183800``, ``1838``; None where it is none (§5)."""
    match = _TIME.fullmatch(str(text).strip().removesuffix("Z"))
    if match is None:
        return None
    hour, minute, second = (int(part or 0) for part in match.groups())
    if hour > 23 or minute > 59 or second > 59:
        return None
    return f"{hour:02}:{minute:02}:{second:02}"
