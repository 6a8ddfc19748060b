"""From what clients send to what is kept: every value is text, checked against its definition (HubSpot §5, §7)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from crosswalk_sandbox.hubspot import moments

from .definitions import Definition

LONGEST_TEXT: Final = 65_536
_EMAIL: Final = re.compile(r"[^@\s,;<>()\[\]\\\"]+@[A-Za-z0-9](?:[A-Za-z0-9-]*\.)+[A-Za-z]{2,}")
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


class ValueProblem(Exception):
    """A value the property does not take: the platform's code and sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def plain(value: Any) -> str:
    """What a JSON value is as text: booleans lower case, whole numbers without ``.0``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number_text(value)
    return value if isinstance(value, str) else str(value)


def number_text(value: float | Decimal) -> str:
    """A number without trailing zeros and exponents: ``1500.5``, ``12`` (§7)."""
    if isinstance(value, float):
        if not math.isfinite(value):
            return str(value)
        value = Decimal(repr(value))
    if value == value.to_integral_value():
        return str(int(value))
    return format(value.normalize(), "f")


def keep(definition: Definition, value: Any) -> str:
    """The text kept for ``value``; empty text clears. Raises ValueProblem."""
    text = plain(value)
    if text == "":
        return ""
    check = _CHECKS.get(definition.type)
    if definition.name == "email" and definition.hubspot:
        check = _email
    return check(definition, text) if check else _text(definition, text)


def _text(_definition: Definition, text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise ValueProblem("TOO_LONG", f"Property value is longer than the {LONGEST_TEXT} characters allowed")
    return text


def _email(_definition: Definition, text: str) -> str:
    address = text.strip().lower()
    if not _EMAIL.fullmatch(address):
        raise ValueProblem("INVALID_EMAIL", f"Email address {text} is invalid")
    return address


def _number(definition: Definition, text: str) -> str:
    stripped = text.strip()
    if _NUMBER.fullmatch(stripped):
        try:
            return number_text(Decimal(stripped))
        except InvalidOperation:
            pass
    if definition.name.endswith("_id"):
        raise ValueProblem("INVALID_LONG", f"{text} was not a valid long.")
    raise ValueProblem("INVALID_DOUBLE", f"{text} was not a valid number.")


def _bool(_definition: Definition, text: str) -> str:
    lowered = text.strip().lower()
    if lowered not in ("true", "false"):
        raise ValueProblem(
            "INVALID_OPTION",
            f'{text} was not one of the allowed options: [label: "True" value: "true", label: "False" value: "false"]',
        )
    return lowered


def _enumeration(definition: Definition, text: str) -> str:
    allowed = definition.values
    parts = [part for part in text.split(";") if part] if definition.many else [text]
    for part in parts:
        if allowed is not None and part not in allowed:
            told = ", ".join(f'label: "{label}" value: "{value}"' for value, label in allowed.items())
            raise ValueProblem("INVALID_OPTION", f"{part} was not one of the allowed options: [{told}]")
    return (";" if definition.many and text.startswith(";") else "") + ";".join(dict.fromkeys(parts))


def _date(_definition: Definition, text: str) -> str:
    found = moments.read(text)
    if found is None:
        raise ValueProblem("INVALID_DATE", f"{text} is not a valid date.")
    if not moments.is_midnight(found):
        clock = moments.iso(found)[11:].rstrip("Z")
        raise ValueProblem("INVALID_DATE", f"{text} is at {clock} UTC, not midnight!")
    return moments.day(found)


def _datetime(_definition: Definition, text: str) -> str:
    found = moments.read(text)
    if found is None:
        raise ValueProblem("INVALID_DATE", f"{text} is not a valid date.")
    return moments.iso(found)


_CHECKS: Final[Mapping[str, Callable[[Definition, str], str]]] = {
    "number": _number,
    "bool": _bool,
    "enumeration": _enumeration,
    "date": _date,
    "datetime": _datetime,
}


def normalised_date(text: str) -> str | None:
    """What version 2026-09 makes of an instant within a day; None where it cannot be read (§1)."""
    found = moments.read(text)
    return None if found is None else moments.day(found)


def joined(old: str | None, new: str) -> str:
    """A list value after a write: a leading semicolon appends (§7)."""
    if not new.startswith(";"):
        return new
    return ";".join(dict.fromkeys(part for part in [*(old or "").split(";"), *new.split(";")] if part))
