"""Instants as HubSpot keeps and writes them: epoch milliseconds inside, ISO text outside (HubSpot §4, §7)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY: Final = 86_400_000
_FIRST: Final = -62_135_596_800_000
_LAST: Final = 253_402_300_799_999
_ISO: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,9}))?)?\s*(Z|[+-]\d{2}:?\d{2})?", re.IGNORECASE
)


def milliseconds(instant: datetime) -> int:
    """Epoch milliseconds of an aware instant, rounded down."""
    return (instant - _EPOCH) // timedelta(milliseconds=1)


@lru_cache(maxsize=1 << 14)
def iso(ms: int) -> str:
    """``2026-03-30T10:11:12.345Z``; a zero fraction is left out, as the platform does."""
    text = (_EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds")
    return f"{text[:19]}Z" if text[20:23] == "000" else f"{text[:23]}Z"


def day(ms: int) -> str:
    """The UTC day, ISO."""
    return (_EPOCH + timedelta(milliseconds=ms)).date().isoformat()


def is_midnight(ms: int) -> bool:
    """Whether it is midnight UTC."""
    return ms % _DAY == 0


def read(text: str) -> int | None:
    """Epoch milliseconds of digits or ISO text; a bare day is midnight UTC; None when it is neither.

    Text without a zone counts as UTC.
    """
    stripped = text.strip()
    if re.fullmatch(r"-?\d{1,17}", stripped):
        return _within(int(stripped))
    found = _ISO.fullmatch(stripped)
    if found is None:
        return None
    days, clock, fraction, zone = found.groups()
    try:
        if clock is None:
            return milliseconds(datetime.combine(date.fromisoformat(days), datetime.min.time(), UTC))
        offset = "+00:00" if zone is None or zone.upper() == "Z" else zone
        moment = datetime.fromisoformat(f"{days}T{clock}{offset}")
    except ValueError:
        return None
    return milliseconds(moment) + int((fraction or "0").ljust(3, "0")[:3])


def _within(ms: int) -> int | None:
    """The instant if a calendar knows it."""
    return ms if _FIRST <= ms <= _LAST else None


def has_zone(text: str) -> bool:
    """Whether a date-time in text names its zone; digits and bare days do by themselves."""
    found = _ISO.fullmatch(text.strip())
    return found is None or found[2] is None or found[4] is not None
