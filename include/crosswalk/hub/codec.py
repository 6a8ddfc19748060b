"""Values as JSON and back without loss, for payloads, base images and extras.

JSON knows neither decimals nor dates: those travel as an object with one tagged member, ``{"$decimal": "12.50"}``,
``{"$date": "2026-03-01"}``, ``{"$instant": "2026-03-01T08:00:00+00:00"}``. Everything else is itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from crosswalk.model.records import Value

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]

_DECODERS: dict[str, Callable[[str], Value]] = {
    "$decimal": Decimal,
    "$date": date.fromisoformat,
    "$instant": datetime.fromisoformat,
}


def encode_value(value: Value) -> Json:
    """Return one value JSON-ready; raises TypeError for what is no :data:`crosswalk.model.records.Value`."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Decimal):
        return {"$decimal": str(value)}
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise TypeError(f"The instant {value} has no time zone.")
        return {"$instant": value.astimezone(UTC).isoformat()}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    raise TypeError(f"{type(value).__name__} is no value of a record.")


def decode_value(value: Json) -> Value:
    """Return what :func:`encode_value` was given."""
    if isinstance(value, dict):
        ((tag, text),) = value.items()
        return _DECODERS[tag](str(text))
    if isinstance(value, list | float):
        raise TypeError(f"{value!r} is no encoded value.")
    return value


def encode(values: Mapping[str, Value]) -> dict[str, Json]:
    """Return named values JSON-ready."""
    return {name: encode_value(value) for name, value in values.items()}


def decode(values: Mapping[str, Json]) -> dict[str, Value]:
    """Return what :func:`encode` was given."""
    return {name: decode_value(value) for name, value in values.items()}


def storable(value: Any) -> Any:
    """Return ``value`` with what no text in Postgres may hold replaced, however deep: systems say anything in their messages."""
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, Mapping):
        return {storable(name): storable(one) for name, one in value.items()}
    return [storable(one) for one in value] if isinstance(value, list | tuple) else value


def payload_hash(payload: Mapping[str, object]) -> str:
    """Return a hash that is the same for equal payloads, in any process and whatever the order of their members."""
    return hashlib.sha256(
        json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    ).hexdigest()
