"""A 64-bit fingerprint of an image's values: equal for equal values, in any process and any order of the fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crosswalk.model.records import Value


def _decimal(value: Decimal) -> str:
    plain = f"{value:f}"
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return f"d{'0' if plain == '-0' else plain}"


# A letter for the type keeps 1, True, "1" and Decimal(1) apart; the length in front keeps neighbours apart.
_SPELL: dict[type, Callable[..., str]] = {
    str: lambda value: f"s{value}",
    bool: lambda value: "b1" if value else "b0",
    int: lambda value: f"i{value}",
    Decimal: _decimal,
    date: lambda value: f"e{value.isoformat()}",
    datetime: lambda value: f"t{value.astimezone(UTC).isoformat()}",
}


def fingerprint(values: Mapping[str, Value], extras: Mapping[str, Value] | None = None) -> int:
    """Return a signed 64-bit fingerprint of ``values`` and ``extras``.

    Empty fields do not count, so a newly mapped field changes only the records that have it.
    Decimals count by value (``1.50`` is ``1.5``), instants by the moment.
    """
    parts = _spelled(values)
    if extras:
        parts.append("+")
        parts += _spelled(extras)
    digest = blake2b("".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _spelled(values: Mapping[str, Value]) -> list[str]:
    parts = []
    for name in sorted(values):
        value = values[name]
        if value is not None:
            words = f"s{value}" if type(value) is str else _SPELL[type(value)](value)
            parts.append(f"{name}={len(words)}:{words}")
    return parts
