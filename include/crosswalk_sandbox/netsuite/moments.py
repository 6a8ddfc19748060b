"""Instants as the account keeps and shows them.

Kept: date-times as ``YYYY-MM-DD HH:MM:SS`` in UTC, dates as ``YYYY-MM-DD``. Shown: SuiteQL renders in a session's zone,
REST in UTC to the minute (NetSuite §8). A *moment* here is a local ``YYYY-MM-DD HH:MM:SS`` of that zone.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from typing import Final
from zoneinfo import ZoneInfo

STAMP: Final = "%Y-%m-%d %H:%M:%S"
_MONTHS: Final = [name.upper() for name in calendar.month_abbr]

# Oracle's and the user preferences' format words, longest first.
_WORDS: Final[dict[str, tuple[str, Callable[[datetime], str]]]] = {
    "YYYY": (r"(?P<year>\d{4})", lambda at: f"{at.year:04d}"),
    "MONTH": (r"(?P<month_name>[A-Za-z]+)", lambda at: calendar.month_name[at.month].upper().ljust(9)),
    "HH24": (r"(?P<hour>\d{1,2})", lambda at: f"{at.hour:02d}"),
    "HH12": (r"(?P<hour12>\d{1,2})", lambda at: f"{(at.hour - 1) % 12 + 1:02d}"),
    "SSSSS": (r"(?P<seconds_of_day>\d{1,5})", lambda at: str(at.hour * 3600 + at.minute * 60 + at.second)),
    "MON": (r"(?P<month_name>[A-Za-z]{3})", lambda at: _MONTHS[at.month]),
    "DDD": (r"(?P<day_of_year>\d{1,3})", lambda at: f"{at.timetuple().tm_yday:03d}"),
    "FF9": (r"(?P<fraction>\d{1,9})", lambda at: "000000000"),
    "FF6": (r"(?P<fraction>\d{1,9})", lambda at: "000000"),
    "FF3": (r"(?P<fraction>\d{1,9})", lambda at: "000"),
    "DAY": (r"[A-Za-z]+", lambda at: calendar.day_name[at.weekday()].upper().ljust(9)),
    "FF": (r"(?P<fraction>\d{1,9})", lambda at: "000000"),
    "YY": (r"(?P<year2>\d{2})", lambda at: f"{at.year % 100:02d}"),
    "RR": (r"(?P<year2>\d{2})", lambda at: f"{at.year % 100:02d}"),
    "MM": (r"(?P<month>\d{1,2})", lambda at: f"{at.month:02d}"),
    "DD": (r"(?P<day>\d{1,2})", lambda at: f"{at.day:02d}"),
    "DY": (r"[A-Za-z]{3}", lambda at: calendar.day_abbr[at.weekday()].upper()),
    "HH": (r"(?P<hour12>\d{1,2})", lambda at: f"{(at.hour - 1) % 12 + 1:02d}"),
    "MI": (r"(?P<minute>\d{1,2})", lambda at: f"{at.minute:02d}"),
    "SS": (r"(?P<second>\d{1,2})", lambda at: f"{at.second:02d}"),
    "AM": (r"(?P<half>[AaPp])\.?[Mm]\.?", lambda at: "AM" if at.hour < 12 else "PM"),
    "PM": (r"(?P<half>[AaPp])\.?[Mm]\.?", lambda at: "AM" if at.hour < 12 else "PM"),
    "IW": (r"\d{1,2}", lambda at: f"{at.isocalendar().week:02d}"),
    "WW": (r"\d{1,2}", lambda at: f"{(at.timetuple().tm_yday - 1) // 7 + 1:02d}"),
    "Q": (r"\d", lambda at: str((at.month + 2) // 3)),
    "M": (r"(?P<month>\d{1,2})", lambda at: str(at.month)),
    "D": (r"(?P<day>\d{1,2})", lambda at: str(at.day)),
    "T": ("T", lambda at: "T"),
}
_TOKEN: Final = re.compile("|".join(sorted(_WORDS, key=len, reverse=True)) + r'|"[^"]*"|[^A-Za-z"]', re.IGNORECASE)


class FormatError(ValueError):
    """A text is no date in the given format, or the format has an unknown word."""


@cache
def zone(name: str) -> ZoneInfo:
    """The time zone called so."""
    return ZoneInfo(name)


def stamp(instant: datetime) -> str:
    """An aware instant as it is kept, to the second."""
    return instant.astimezone(UTC).strftime(STAMP)


def parse_stamp(text: str) -> datetime:
    """The instant (aware UTC) of a kept date-time."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@lru_cache(maxsize=65_536)
def _offset(hour: str, name: str) -> timedelta:
    at = datetime.fromisoformat(hour + ":00:00").replace(tzinfo=UTC)
    return at.astimezone(zone(name)).utcoffset() or timedelta(0)


def to_local(text: str, name: str) -> str:
    """Moment in the zone of a kept date-time."""
    if name == "UTC":
        return text
    return (datetime.fromisoformat(text) + _offset(text[:13], name)).isoformat(" ")


@lru_cache(maxsize=65_536)
def to_utc(moment: str, name: str) -> str:
    """Kept form of a moment in the zone."""
    return stamp(datetime.fromisoformat(moment).replace(tzinfo=zone(name)))


def today(now: datetime, name: str) -> date:
    """The calendar day in the zone at this instant."""
    return now.astimezone(zone(name)).date()


@cache
def _compiled(words: str) -> tuple[tuple[Callable[[datetime], str], ...], re.Pattern[str]]:
    # "HH" beside a.m./p.m. and "FM" (no padding) are all that the users' formats add to Oracle's words.
    shown: list[Callable[[datetime], str]] = []
    pattern, place = "", 0
    padded = True
    upper = words.upper()
    while place < len(words):
        if upper.startswith("FM", place):
            padded, place = False, place + 2
            continue
        match = _TOKEN.match(words, place)
        if match is None:
            raise FormatError(f"date format not recognized: '{words}'")
        token, place = match.group(), match.end()
        word = _WORDS.get(token.upper())
        text = token.strip('"')
        show = word[1] if word else _constant(text)
        shown.append(show if padded or word is None else _unpadded(show))
        pattern += _once(word[0], pattern) if word else re.escape(text)
    return tuple(shown), re.compile(pattern + r"\s*$", re.IGNORECASE)


def _constant(text: str) -> Callable[[datetime], str]:
    return lambda _at: text


def _unpadded(show: Callable[[datetime], str]) -> Callable[[datetime], str]:
    return lambda at: show(at).strip().lstrip("0") or "0"


def _once(group: str, before: str) -> str:
    name = re.match(r"\(\?P<(\w+)>", group)
    return re.sub(r"\?P<\w+>", "?:", group) if name and name.group(0) in before else group


def show(moment: str, words: str) -> str:
    """A moment in an Oracle date format; raises FormatError for an unknown format."""
    if words == "YYYY-MM-DD HH24:MI:SS":
        return moment
    if words == "YYYY-MM-DD":
        return moment[:10]
    at = datetime.fromisoformat(moment)
    return "".join(part(at) for part in _compiled(words)[0])


@lru_cache(maxsize=4096)
def read(text: str, words: str) -> str:
    """The moment that a text in an Oracle date format names; raises FormatError when it is none."""
    match = _compiled(words)[1].match(text.strip())
    if match is None:
        raise FormatError(f"'{text}' is not a date in format '{words}'")
    found = {name: value for name, value in match.groupdict().items() if value is not None}
    try:
        return _built(found).isoformat(" ")
    except ValueError as error:
        raise FormatError(f"'{text}' is not a date in format '{words}'") from error


def _built(found: dict[str, str]) -> datetime:
    year = int(found["year"]) if "year" in found else 2000 + int(found.get("year2", "0"))
    month = int(found.get("month", "1"))
    if "month_name" in found:
        month = _MONTHS.index(found["month_name"][:3].upper())
    hour = int(found.get("hour", "0"))
    if "hour12" in found:
        hour = int(found["hour12"]) % 12 + (12 if found.get("half", "A").upper() == "P" else 0)
    day = int(found.get("day", "1"))
    return datetime(year, month, day, hour, int(found.get("minute", "0")), int(found.get("second", "0")))  # noqa: DTZ001


def rest_stamp(text: str) -> str:
    """A kept date-time as REST shows it: UTC, to the minute (NetSuite §8)."""
    return f"{text[:10]}T{text[11:16]}:00Z"


def add_months(moment: str, months: int) -> str:
    """Oracle's ADD_MONTHS: the last day of a month stays the last day."""
    at = datetime.fromisoformat(moment)
    count = at.year * 12 + at.month - 1 + months
    year, month = divmod(count, 12)
    month += 1
    last = calendar.monthrange(year, month)[1]
    was_last = at.day == calendar.monthrange(at.year, at.month)[1]
    return at.replace(year=year, month=month, day=last if was_last else min(at.day, last)).isoformat(" ")


def truncate(moment: str, unit: str) -> str:
    """Oracle's TRUNC of a date to a unit such as DD, MM, MONTH, Q, YYYY, IW, HH24, MI."""
    at = datetime.fromisoformat(moment)
    day = at.replace(hour=0, minute=0, second=0)
    match unit.upper():
        case "DD" | "DDD" | "J":
            cut = day
        case "MM" | "MON" | "MONTH" | "RM":
            cut = day.replace(day=1)
        case "Q":
            cut = day.replace(month=(at.month - 1) // 3 * 3 + 1, day=1)
        case "YYYY" | "YEAR" | "YY" | "Y" | "SYYYY":
            cut = day.replace(month=1, day=1)
        case "IW":
            cut = day - timedelta(days=at.weekday())
        case "D" | "DAY" | "DY":
            cut = day - timedelta(days=(at.weekday() + 1) % 7)
        case "HH" | "HH24" | "HH12":
            cut = at.replace(minute=0, second=0)
        case "MI":
            cut = at.replace(second=0)
        case _:
            raise FormatError(f"date format not recognized: '{unit}'")
    return cut.isoformat(" ")
