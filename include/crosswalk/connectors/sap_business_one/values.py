"""The Service Layer's JSON → typed values. Numbers come as numbers, switches as ``tYES``, days as instants with a false ``Z`` (§2, §13)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation

from crosswalk.model.entities import Kind
from crosswalk.model.records import Value

Decoder = Callable[[object], Value]
SWITCHES = {"tYES": True, "tNO": False, "boYES": True, "boNO": False}
ALL_CURRENCIES = "##"


def decoder_for(kind: str) -> Decoder:
    """Return the function that types a JSON value of a field of this kind; empty becomes None.

    What does not fit the kind is returned as text: the mapping refuses it for that record alone (law 8).
    """
    decoders: dict[str, Decoder] = {
        Kind.AMOUNT: _decimal,
        Kind.QUANTITY: _decimal,
        Kind.INTEGER: _integer,
        Kind.BOOLEAN: _switch,
        Kind.DATE: _day,
        Kind.INSTANT: _text,
        Kind.CURRENCY: lambda raw: None if raw == ALL_CURRENCIES else _text(raw),
    }
    return decoders.get(kind, _text)


def stamp_of(day: object, clock: object) -> datetime | None:
    """Return the local time (naive) of a date and a time property: ``HH:MM:SS``, ``HH:MM``, HHMMSS or HHMM (§13, rule 5)."""
    told = _day(day)
    if not isinstance(told, date):
        return None
    return datetime.combine(told, clock_of(clock) or time())


def clock_of(raw: object) -> time | None:
    """Return a time of day in any of the four spellings; None for anything else."""
    text = str(raw if raw is not None else "").strip()
    if ":" in text:
        parts = text.split(":")
    elif text.isdigit():
        text = text.zfill(6 if len(text) > 4 else 4)
        parts = [text[begin : begin + 2] for begin in range(0, len(text), 2)]
    else:
        return None
    try:
        hour, minute, second = (*(int(part.partition(".")[0]) for part in parts[:3]), 0, 0)[:3]
        return time(hour, minute, second)
    except ValueError:
        return None


def _text(raw: object) -> Value:
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, Decimal):
        return f"{raw.normalize():f}"
    text = str(raw if raw is not None else "")
    return text or None


def _decimal(raw: object) -> Value:
    if isinstance(raw, Decimal):
        return raw
    if raw is None or raw == "":
        return None
    try:
        number = Decimal(str(raw))
    except InvalidOperation:
        return str(raw)
    return number if number.is_finite() else str(raw)


def _integer(raw: object) -> Value:
    number = _decimal(raw)
    return int(number) if isinstance(number, Decimal) and number == number.to_integral_value() else number


def _switch(raw: object) -> Value:
    return SWITCHES.get(raw, raw) if isinstance(raw, str) and raw else None


def _day(raw: object) -> Value:
    """Return the calendar day as it is written: its ``Z`` is not true, so that nothing is converted."""
    text = str(raw if raw is not None else "")
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return text or None
