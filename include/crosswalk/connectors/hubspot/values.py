"""HubSpot's text as typed values, and values as the text it takes (HubSpot §7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal, InvalidOperation

from crosswalk.model.records import Value

Zone = Callable[[], tzinfo]
Convert = Callable[[str], Value]
_NOON = time(12)


def to_decimal(raw: str) -> Decimal:
    """Return an exact number in plain notation without idle zeros."""
    number = Decimal(raw).normalize()
    if not number.is_finite():
        raise InvalidOperation
    exponent = number.as_tuple().exponent
    return number.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else number + 0


def to_integer(raw: str) -> int:
    """Return a whole number."""
    number = Decimal(raw)
    if number != number.to_integral_value():
        raise InvalidOperation
    return int(number)


def to_instant(raw: str) -> datetime:
    """Return an instant; answers tell it in ISO with none to three digits of a second, imports may hold milliseconds."""
    if raw.lstrip("-").isdigit():
        return datetime.fromtimestamp(int(raw) / 1000, UTC)
    instant = datetime.fromisoformat(raw)
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def to_date(raw: str, zone: Zone) -> date:
    """Return a day: of a date property as it is, of an instant the day it is in the account's zone (HubSpot §17)."""
    if "T" not in raw and not raw.lstrip("-").isdigit():
        return date.fromisoformat(raw)
    return to_instant(raw).astimezone(zone()).date()


_BOOLEANS = {"true": True, "false": False}


def converter(kind: str, zone: Zone) -> Callable[[str | None], Value]:
    """Return what turns an answer's text into a value of ``kind``; null, empty and absent are one (HubSpot §7).

    Text of another form passes as it is: the mapping then refuses that record and names it (law 8).
    """
    by_kind: Mapping[str, Convert] = {
        "amount": to_decimal,
        "quantity": to_decimal,
        "integer": to_integer,
        "boolean": lambda raw: _BOOLEANS[raw.lower()],
        "date": lambda raw: to_date(raw, zone),
        "instant": to_instant,
    }
    convert = by_kind.get(kind)
    if convert is None:
        return lambda raw: raw or None

    def lenient(raw: str | None) -> Value:
        try:
            return convert(raw) if raw else None
        except (ArithmeticError, KeyError, ValueError, OverflowError, OSError):
            return raw

    return lenient


def version_of(stamp: str) -> str:
    """Return a stamp in one form, whether its fraction was shortened or not."""
    instant = to_instant(stamp)
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 1000:03d}Z"


def milliseconds(instant: datetime) -> str:
    """Return an instant as search filters take it."""
    return str(int(instant.timestamp() * 1000))


def wire_text(value: Value, type_of: str, zone: Zone) -> str:
    """Return a value as HubSpot takes it: always text, empty to clear (null changes nothing, HubSpot §7).

    A day for a datetime property is noon in the account's zone, so that it is that day for whoever looks (HubSpot §17).
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}Z"
    if isinstance(value, date):
        return (
            wire_text(datetime.combine(value, _NOON, zone()), "", zone) if type_of == "datetime" else value.isoformat()
        )
    return str(value)


def same(sent: str, stored: str | None) -> bool:
    """Tell whether writing ``sent`` would change nothing: numbers and instants are compared by what they mean."""
    held = stored or ""
    if sent == held:
        return True
    for meaning in (to_decimal, to_instant):
        try:
            return meaning(sent) == meaning(held)
        except (ArithmeticError, ValueError, OverflowError, OSError):
            continue
    return False
