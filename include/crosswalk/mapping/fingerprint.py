"""A 64-bit fingerprint of an image's values: equal for equal values, in any process and any order of the fields."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import blake2b
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from crosswalk.model.records import Value

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME


def fingerprint(values: Mapping[str, Value], extras: Mapping[str, Value] | None = None) -> int:
    """Return a signed 64-bit fingerprint of ``values`` and ``extras``.

    Empty fields do not count, so a newly mapped field changes only the records that have it.
    Decimals count by value (``1.50`` is ``1.5``), instants by the moment.
    """
    there = {name: value for name, value in values.items() if value is not None}
    added = {name: value for name, value in extras.items() if value is not None} if extras else None
    digest = blake2b(_spelled([there, added or None]), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _spelled(content: object) -> bytes:
    """Return ``content`` as JSON with sorted keys; what orjson refuses (huge integers, lone surrogates) json spells."""
    try:
        return orjson.dumps(content, _tagged, _OPTIONS)
    except orjson.JSONEncodeError:
        return json.dumps(content, default=_tagged, sort_keys=True).encode()


def _tagged(value: object) -> list[str]:
    """Return what JSON has no form for as a list, which no value is: so ``Decimal(1)``, ``1`` and ``"1"`` stay apart."""
    if isinstance(value, Decimal):
        return ["decimal", _digits(value)]
    if isinstance(value, datetime):
        return ["instant", value.astimezone(UTC).isoformat()]
    if isinstance(value, date):
        return ["date", value.isoformat()]
    raise TypeError(f"{type(value).__name__} is no canonical value")


def _digits(value: Decimal) -> str:
    plain = f"{value:f}"
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return "0" if plain == "-0" else plain
