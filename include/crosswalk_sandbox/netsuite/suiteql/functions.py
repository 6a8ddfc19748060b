"""Functions of SuiteQL that SQLite lacks, registered on every connection."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from crosswalk_sandbox.netsuite import moments
from crosswalk_sandbox.netsuite.schema.enumerations import enumeration, status_text

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.store import Store


class SqlFailure(ValueError):
    """A SuiteQL function got a value it cannot work with; the sentence goes into the error's detail."""


def register(connection: sqlite3.Connection, store: Store) -> None:
    """Give the connection the account's functions."""
    sql_zone, date_format = store.options.sql_time_zone, store.options.date_format
    constant: dict[str, tuple[int, Callable[..., Any]]] = {
        "local_moment": (1, lambda text: None if text is None else moments.to_local(text, sql_zone)),
        "utc_stamp": (1, lambda moment: None if moment is None else moments.to_utc(moment, sql_zone)),
        "day_key": (1, _day_key),
        "day_moment": (1, lambda day: None if day is None else (day if len(day) > 10 else day + " 00:00:00")),
        "show_moment": (2, _strict(moments.show)),
        "show_number": (2, _show_number),
        "read_moment": (2, _strict(moments.read)),
        "read_user_date": (1, _strict(lambda text: moments.read(text, date_format))),
        "user_date": (1, _strict(lambda moment: moments.show(moment, _unpadded(date_format)))),
        "add_days": (2, _add_days),
        "days_between": (2, _days_between),
        "add_months": (2, _strict(lambda moment, months: moments.add_months(moment, int(months)))),
        "months_between": (2, _strict(_months_between)),
        "trunc_moment": (2, _strict(moments.truncate)),
        "last_day": (1, _strict(_last_day)),
        "moment_part": (2, _strict(_moment_part)),
        "trunc_number": (2, _trunc_number),
        "to_number": (1, _to_number),
        "initcap": (1, lambda text: None if text is None else str(text).title()),
        "regexp_like": (2, _regexp_like),
        "status_text": (2, status_text),
        "enum_text": (2, lambda target, code: None if code is None else enumeration(target).get(str(code), str(code))),
        "pad_left": (3, lambda text, size, fill: _padded(text, size, fill, left=True)),
        "pad_right": (3, lambda text, size, fill: _padded(text, size, fill, left=False)),
        "plain_text": (1, _plain_text),
    }
    for name, (arguments, function) in constant.items():
        connection.create_function(name, arguments, function, deterministic=True)
    connection.create_function("rate_between", 2, store.rate_between)
    connection.create_function("account_today", 0, store.today)
    connection.create_function("relative_range", 2, lambda name, edge: _relative_range(name, edge, store.today()))
    connection.create_function("sysdate_moment", 0, lambda: moments.to_local(store.stamp(), sql_zone))
    connection.create_aggregate("list_join", 3, _ListJoin)  # type: ignore[arg-type]


def _unpadded(words: str) -> str:
    """The user's date format as Oracle words: ``M`` and ``D`` stand for numbers without zeroes."""
    return words.replace("Month", "FMMONTH")


def _strict(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*values: Any) -> Any:
        return None if any(value is None for value in values) else function(*values)

    return call


def _day_key(moment: str | None) -> str | None:
    """A moment as it compares with dates: just the day at midnight."""
    if moment is None:
        return None
    return moment[:10] if moment.endswith(" 00:00:00") else moment


def _add_days(moment: str | None, days: float | None) -> str | None:
    if moment is None or days is None:
        return None
    seconds = round(float(days) * 86_400)
    return _shift(datetime.fromisoformat(moment), seconds)


def _shift(base: datetime, seconds: int) -> str:
    return (base + timedelta(seconds=seconds)).isoformat(" ")


def _days_between(later: str | None, earlier: str | None) -> float | None:
    if later is None or earlier is None:
        return None
    days = (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds() / 86_400
    return int(days) if days == int(days) else days


def _months_between(later: str, earlier: str) -> float:
    a, b = datetime.fromisoformat(later), datetime.fromisoformat(earlier)
    whole = (a.year - b.year) * 12 + a.month - b.month
    return whole if a.day == b.day else whole + (a.day - b.day) / 31


def _last_day(moment: str) -> str:
    following = moments.add_months(moments.truncate(moment, "MM"), 1)
    return _shift(datetime.fromisoformat(following), -86_400)[:10] + moment[10:]


def _moment_part(unit: str, moment: str) -> int:
    return int(getattr(datetime.fromisoformat(moment), unit.lower()))


def _trunc_number(value: float | None, digits: int | None) -> float | None:
    if value is None:
        return None
    scale = 10 ** int(digits or 0)
    cut = int(float(value) * scale) / scale
    return int(cut) if cut == int(cut) else cut


def _to_number(value: object) -> float | int | None:
    if value is None:
        return None
    try:
        number = float(str(value))
    except ValueError as error:
        raise SqlFailure(f"invalid number: '{value}'") from error
    return int(number) if number == int(number) else number


def _regexp_like(text: str | None, pattern: str | None) -> bool | None:
    return None if text is None or pattern is None else re.search(pattern, str(text)) is not None


def _padded(text: object, size: int | None, fill: str | None, *, left: bool) -> str | None:
    if text is None or size is None:
        return None
    shown, fill = _plain_text(text) or "", fill or " "
    missing = max(int(size) - len(shown), 0)
    padding = (fill * missing)[:missing]
    return (padding + shown if left else shown + padding)[: int(size)]


def _plain_text(value: object) -> str | None:
    """A value as Oracle would print it: numbers without a trailing ``.0`` and without binary noise."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float):
        return number_text(value)
    return str(value)


def number_text(value: float) -> str:
    """A number as SuiteQL prints it: as many decimals as it has, at most ten, no exponent."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.10f}".rstrip("0").rstrip(".")


def _show_number(value: object, words: str | None) -> str | None:
    """TO_CHAR of a number for the masks in use: digits, group commas, decimals, FM."""
    if value is None:
        return None
    if not words:
        return _plain_text(value)
    mask = words.upper().removeprefix("FM")
    decimals = len(mask.partition(".")[2].replace("D", "."))
    shown = f"{float(str(value)):{',' if ',' in mask or 'G' in mask else ''}.{decimals}f}"
    return shown if words.upper().startswith("FM") else shown.rjust(len(mask) + 1)


def _relative_range(name: str, edge: str, today: str) -> str:
    """BUILTIN.RELATIVE_RANGES for days, weeks, months, quarters and years: THIS_, LAST_, NEXT_ …, TODAY, YESTERDAY."""
    day = today + " 00:00:00"
    if name.upper() in ("TODAY", "YESTERDAY", "TOMORROW"):
        return _add_days(day, {"TODAY": 0, "YESTERDAY": -1, "TOMORROW": 1}[name.upper()]) or day
    which, _, unit = name.upper().partition("_")
    if unit not in _RANGE_MONTHS or which not in ("THIS", "LAST", "NEXT"):
        raise SqlFailure(f"unknown range '{name}'")
    steps = {"THIS": 0, "LAST": -1, "NEXT": 1}[which]
    months, cut = _RANGE_MONTHS[unit]
    start = moments.truncate(day, cut)
    begin, after = (
        (_add_days(start, 7 * step) or start) if months == 0 else moments.add_months(start, months * step)
        for step in (steps, steps + 1)
    )
    return begin if edge.upper() == "START" else _shift(datetime.fromisoformat(after), -1)


_RANGE_MONTHS: Final = {"WEEK": (0, "D"), "MONTH": (1, "MM"), "QUARTER": (3, "Q"), "YEAR": (12, "YYYY")}


class _ListJoin:
    """LISTAGG: values joined in the order of their sort keys."""

    def __init__(self) -> None:
        self._found: list[tuple[Any, str]] = []
        self._separator = ""

    def step(self, value: object, separator: str | None, order: Any) -> None:
        if value is not None:
            self._separator = separator or ""
            self._found.append((order, _plain_text(value) or ""))

    def finalize(self) -> str | None:
        ordered = sorted(self._found, key=lambda pair: (pair[0] is None, pair[0]))
        return self._separator.join(text for _, text in ordered) or None
