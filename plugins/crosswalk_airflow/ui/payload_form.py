"""A write's values as a form, and back: names are given by the plan, types by the values, and nothing else gets in (law 10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from crosswalk.hub.codec import Json, encode_value

LONGEST = 4000

_KINDS = {"$decimal": "number", "$date": "date", "$instant": "instant"}


@dataclass(frozen=True, slots=True)
class FormField:
    """One value that may be edited. ``name`` is its place: ``values.memo`` or ``lines.0.quantity``."""

    name: str
    label: str
    kind: str
    text: str


class FormError(ValueError):
    """A value that cannot be taken, with a sentence for whoever typed it."""


def fields_of(payload: Mapping[str, Any]) -> list[FormField]:
    """Return the editable values of a payload, its lines' after its own."""
    found = [_field(f"values.{name}", name, value) for name, value in payload.get("values", {}).items()]
    for number, line in enumerate(payload.get("lines", ())):
        found += [_field(f"lines.{number}.{name}", f"line {number + 1}: {name}", value) for name, value in line.items()]
    return found


def edited(payload: Mapping[str, Any], given: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, object]]:
    """Return the payload with the given texts in their places, and ``{place: [from, to]}`` of what differs.

    Raises FormError for a text that is no value of the field's kind, and for a place the payload does not have.
    """
    known = {field.name: field for field in fields_of(payload)}
    if strange := sorted(set(given) - set(known)):
        raise FormError(f"{strange[0]} is no field of this write. Only what was planned can be edited.")
    changed: dict[str, Any] = {
        **payload,
        "values": dict(payload.get("values", {})),
        "lines": [dict(line) for line in payload.get("lines", ())],
    }
    changes: dict[str, object] = {}
    for place, text in given.items():
        field = known[place]
        if text.replace("\r\n", "\n") == field.text:
            continue
        kind, _, name = place.partition(".")
        number, _, inner = name.partition(".")
        row, key = (changed["values"], name) if kind == "values" else (changed["lines"][int(number)], inner)
        changes[place] = [row[key], parsed := _parse(field, text)]
        row[key] = parsed
    return changed, changes


def _field(name: str, label: str, value: Json) -> FormField:
    if isinstance(value, dict) and len(value) == 1 and (tag := next(iter(value))) in _KINDS:
        return FormField(name, label, _KINDS[tag], str(value[tag]))
    if isinstance(value, bool):
        return FormField(name, label, "boolean", "true" if value else "false")
    if isinstance(value, int):
        return FormField(name, label, "integer", str(value))
    return FormField(name, label, "text", "" if value is None else str(value))


def _parse(field: FormField, text: str) -> Json:
    stripped = text.strip()
    if len(text) > LONGEST:
        raise FormError(f"{field.label}: at most {LONGEST} characters.")
    if not stripped:
        return None
    try:
        match field.kind:
            case "number":
                number = Decimal(stripped)
                if not number.is_finite():
                    raise InvalidOperation
                return encode_value(number)
            case "integer":
                return int(stripped)
            case "date":
                return encode_value(date.fromisoformat(stripped))
            case "instant":
                return encode_value(datetime.fromisoformat(stripped))
            case "boolean":
                return {"true": True, "false": False}[stripped.lower()]
    except (InvalidOperation, ValueError, TypeError, KeyError):
        raise FormError(f"{field.label}: “{stripped}” is no {_NAMES[field.kind]}.") from None
    return text


_NAMES = {
    "number": "number (write 1234.50)",
    "integer": "whole number",
    "date": "date (write 2026-03-01)",
    "instant": "instant with an offset (write 2026-03-01T08:00:00+00:00)",
    "boolean": "yes or no (write true or false)",
}
