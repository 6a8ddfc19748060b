"""SuiteQL's text → typed values. Every value arrives as a string, an empty column not at all (NetSuite §6)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, tzinfo
from decimal import Decimal, InvalidOperation

from crosswalk.connectors.netsuite.windows import instant_of
from crosswalk.model.entities import Kind
from crosswalk.model.records import Value

Decoder = Callable[[str], Value]


def decoder_for(kind: str, zone: tzinfo, now: Callable[[], datetime]) -> Decoder:
    """Return the function that types the text of a field of this kind.

    Text that does not fit the kind is returned as it is: the mapping refuses it for that record alone (law 8).
    """
    decoders: dict[str, Decoder] = {
        Kind.AMOUNT: _decimal,
        Kind.QUANTITY: _decimal,
        Kind.INTEGER: _integer,
        Kind.BOOLEAN: lambda text: _BOOLEANS.get(text.lower(), text),
        Kind.DATE: _date,
        Kind.INSTANT: lambda text: _instant(text, zone, now),
    }
    return decoders.get(kind, _text)


_BOOLEANS = {"t": True, "f": False, "true": True, "false": False}


def _text(text: str) -> Value:
    return text


def _decimal(text: str) -> Value:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return number if number.is_finite() else text


def _integer(text: str) -> Value:
    number = _decimal(text)
    return int(number) if isinstance(number, Decimal) and number == number.to_integral_value() else text


def _date(text: str) -> Value:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return text


def _instant(text: str, zone: tzinfo, now: Callable[[], datetime]) -> Value:
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        return text
    return instant_of(local, zone, now)
