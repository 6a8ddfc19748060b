"""Values going in: what each field type takes, how it is normalised, and what is said when it is wrong (Salesforce §3, §6)."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from .errors import RowError
from .ids import normalise
from .schema import NUMBERS, TEXT, Field

DATETIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d{1,9})?(Z|[+-]\d\d:?\d\d)$")
EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;.]+(\.[^@\s,;.]+)+$")


def stamp(instant: datetime) -> str:
    """An instant as REST answers it: second precision, UTC, offset without colon."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def parse_stamp(text: str) -> datetime:
    """A stored instant back."""
    return datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)


def read_datetime(text: str) -> str | None:
    """An ISO instant with zone in stored form, or None when it is none. Fractions of a second are cut (§3)."""
    match = DATETIME.match(text)
    if match is None:
        return None
    day, clock, zone = match.groups()
    try:
        instant = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=UTC)
    except ValueError:
        return None
    if zone != "Z":
        sign = -1 if zone[0] == "-" else 1
        instant -= sign * timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return stamp(instant)


def coerce(field: Field, value: Any, *, csv: bool = False) -> Any:
    """A given value in stored form. Raises RowError with the vendor's code, text and fields.

    ``csv`` says the value came as text from a bulk file, where every type is text.
    """
    if value is None or value == "":
        return _empty(field, value)
    kind = field.type
    if kind in TEXT:
        return _text(field, value)
    if kind == "boolean":
        return _boolean(field, value, csv)
    if kind in NUMBERS:
        return _number(field, value)
    if kind == "int":
        return _integer(field, value)
    if kind == "date":
        return _date(field, value)
    if kind == "datetime":
        return _datetime(field, value)
    return _reference(field, value)


def _empty(field: Field, value: Any) -> Any:
    if field.type == "boolean":
        raise _parser(field, "VALUE_NULL" if value is None else "VALUE_STRING", value)
    if value == "" and field.type in (*NUMBERS, "int", "date", "datetime"):
        raise _parser(field, "VALUE_STRING", value)
    return None


def _parser(field: Field, token: str, value: Any) -> RowError:
    kind = {"currency": "double", "percent": "double"}.get(field.type, "string" if field.type in TEXT else field.type)
    shown = "" if value is None else value
    text = (
        f"Cannot deserialize instance of {kind} from {token} value {shown} or request may be missing a required field"
    )
    return RowError("JSON_PARSER_ERROR", text)


def _text(field: Field, value: Any) -> str | None:
    if not isinstance(value, str):
        raise _parser(field, _token(value), value)
    text = value.strip()
    if not text:
        return None
    if len(text) > field.length > 0:
        message = f"{field.label}: data value too large: {text} (max length={field.length})"
        raise RowError("STRING_TOO_LONG", message, [field.name])
    if field.type == "email":
        if not EMAIL.match(text):
            raise RowError("INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {text}", [field.name])
        return text.lower()
    if field.type == "picklist":
        return _picklist(field, text)
    if field.type == "multipicklist":
        return ";".join(_picklist(field, part.strip()) for part in text.split(";"))
    return text


def _token(value: Any) -> str:
    if isinstance(value, bool):
        return f"VALUE_{str(value).upper()}"
    if isinstance(value, int):
        return "VALUE_NUMBER_INT"
    if isinstance(value, float):
        return "VALUE_NUMBER_FLOAT"
    return "START_OBJECT" if isinstance(value, dict) else "START_ARRAY" if isinstance(value, list) else "VALUE_STRING"


def _picklist(field: Field, text: str) -> str:
    if text in field.values or not field.restricted:
        return text
    folded = text.casefold()
    for known in field.values:
        if known.casefold() == folded:
            return known
    message = f"{field.label}: bad value for restricted picklist field: {text}"
    raise RowError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, [field.name])


def _boolean(field: Field, value: Any, csv: bool) -> int:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        word = value.strip().lower()
        if word in ("true", "false"):
            return int(word == "true")
        if csv and word in ("1", "yes", "0", "no"):
            return int(word in ("1", "yes"))
    raise _parser(field, _token(value), value)


def _decimal(field: Field, value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _parser(field, _token(value), value)
    try:
        number = Decimal(value.strip() if isinstance(value, str) else repr(value))
    except InvalidOperation:
        raise _parser(field, "VALUE_STRING", value) from None
    if not number.is_finite() or (isinstance(value, float) and not math.isfinite(value)):
        raise _parser(field, "VALUE_STRING", value)
    return number


def _number(field: Field, value: Any) -> float:
    number = _decimal(field, value)
    scale = int(field.spec.get("scale", 0))
    whole = int(field.spec.get("precision", 18)) - scale
    if abs(number) >= Decimal(10) ** whole:
        raise out_of_range(field, value)
    return float(number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP))


def out_of_range(field: Field, value: Any) -> RowError:
    """More digits than the field's precision."""
    message = f"{field.label}: value outside of valid range on numeric field: {value}"
    return RowError("NUMBER_OUTSIDE_VALID_RANGE", message, [field.name])


def _integer(field: Field, value: Any) -> int:
    number = _decimal(field, value)
    if number != number.to_integral_value():
        raise _parser(field, _token(value), value)
    if abs(number) >= 10 ** int(field.spec.get("digits") or 9):
        raise out_of_range(field, value)
    return int(number)


def _date(field: Field, value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value.strip()):
        try:
            return date.fromisoformat(value.strip()).isoformat()
        except ValueError:
            raise _parser(field, "VALUE_STRING", value) from None
    raise _parser(field, _token(value), value)


def _datetime(field: Field, value: Any) -> str:
    found = read_datetime(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise _parser(field, _token(value), value)
    return found


def _reference(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise _parser(field, _token(value), value)
    found = normalise(value.strip())
    if found is None:
        raise malformed_id(field, value)
    return found


def malformed_id(field: Field, value: Any) -> RowError:
    """A value that is no id, or the id of another kind of record."""
    return RowError("MALFORMED_ID", f"{field.label}: id value of incorrect type: {value}", [field.name])
