"""Date literals (``TODAY``, ``LAST_N_DAYS:30``, …) as half-open ranges of days (Salesforce §5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Range = tuple[date, date]


def _months(day: date, count: int) -> date:
    index = day.year * 12 + day.month - 1 + count
    return date(index // 12, index % 12 + 1, 1)


def _week(today: date, count: int) -> Range:
    start = today - timedelta(days=(today.weekday() + 1) % 7) + timedelta(weeks=count)
    return start, start + timedelta(weeks=1)


def _month(today: date, count: int) -> Range:
    return _months(today, count), _months(today, count + 1)


def _quarter(today: date, count: int) -> Range:
    first = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    return _months(first, 3 * count), _months(first, 3 * count + 3)


def _year(today: date, count: int) -> Range:
    return date(today.year + count, 1, 1), date(today.year + count + 1, 1, 1)


_UNITS: dict[str, Callable[[date, int], Range]] = {
    "WEEK": _week,
    "MONTH": _month,
    "QUARTER": _quarter,
    "YEAR": _year,
    "FISCAL_QUARTER": _quarter,
    "FISCAL_YEAR": _year,
}


def day_range(name: str, count: int | None, today: date) -> Range | None:
    """First day and day after the last of a literal; None when there is no such literal or its count is missing."""
    day = timedelta(days=1)
    fixed = {
        "TODAY": (today, today + day),
        "YESTERDAY": (today - day, today),
        "TOMORROW": (today + day, today + 2 * day),
        "LAST_90_DAYS": (today - 90 * day, today + day),
        "NEXT_90_DAYS": (today + day, today + 91 * day),
    }
    if name in fixed:
        return fixed[name]
    if name.startswith(("LAST_N_", "NEXT_N_", "N_")) and (count is None or count < 0):
        return None
    return _counted(name, count or 0, today) or _relative(name, today)


def _counted(name: str, count: int, today: date) -> Range | None:
    day = timedelta(days=1)
    if name == "LAST_N_DAYS":
        return today - count * day, today + day
    if name == "NEXT_N_DAYS":
        return today + day, today + (count + 1) * day
    if name == "N_DAYS_AGO":
        return today - count * day, today - (count - 1) * day
    for unit, span in _UNITS.items():
        if name == f"LAST_N_{unit}S":
            return span(today, -count)[0], span(today, 0)[0]
        if name == f"NEXT_N_{unit}S":
            return span(today, 1)[0], span(today, count + 1)[0]
        if name == f"N_{unit}S_AGO":
            return span(today, -count)
    return None


def _relative(name: str, today: date) -> Range | None:
    for word, count in (("LAST", -1), ("THIS", 0), ("NEXT", 1)):
        for unit, span in _UNITS.items():
            if name == f"{word}_{unit}":
                return span(today, count)
    return None


def instant_range(days: Range, zone: str) -> tuple[datetime, datetime]:
    """The instants between which the days lie in the user's time zone."""
    place = ZoneInfo(zone)
    first, last = (datetime.combine(day, time(), place).astimezone(UTC) for day in days)
    return first, last
