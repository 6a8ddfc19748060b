"""Flat native values → the JSON documents of the Service Layer.

billing.City: "Bonn"               → a row of "BPAddresses"                       partners only (SAP Business One §6, §15)
AddressExtension.ShipToCity: "Bonn" → "AddressExtension": {"ShipToCity": …}       any other dotted path nests
CardType: True                     → "tYES"                                       there are no JSON switches (§11)
lines                              → "DocumentLines": [ … ]
None                               → null, which clears the property
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from crosswalk.connectors.sap_business_one.rows import ADDRESSES, default_address
from crosswalk.model.records import Value

MOST_CODE = 15  # characters of a CardCode (§15)
MOST_ITEM_CODE = 50
_NAMES = {"billing": "Bill to", "shipping": "Ship to"}
_CODE = re.compile(r"[A-Za-z0-9_.-]+")


def document(values: Mapping[str, Value]) -> dict[str, object]:
    """Return a body without addresses and lines."""
    body: dict[str, Any] = {}
    for path, value in values.items():
        *parents, name = path.split(".")
        place = body
        for parent in parents:
            place = place.setdefault(parent, {})
        place[name] = leaf(value)
    return body


def lines_of(lines: Sequence[Mapping[str, Value]]) -> list[dict[str, object]]:
    """Return a document's lines as they travel."""
    return [document(line) for line in lines]


def leaf(value: Value) -> object:
    """Return one value as JSON bears it."""
    if isinstance(value, bool):
        return "tYES" if value else "tNO"
    if isinstance(value, datetime):
        return value.astimezone(UTC).date().isoformat()
    return value.isoformat() if isinstance(value, date) else value


def split_addresses(values: Mapping[str, Value]) -> tuple[dict[str, Value], dict[str, dict[str, Value]]]:
    """Return the values without addresses, and the addresses by purpose (``billing``, ``shipping``)."""
    addresses: dict[str, dict[str, Value]] = {}
    rest: dict[str, Value] = {}
    for path, value in values.items():
        purpose, dot, name = path.partition(".")
        if dot and purpose in ADDRESSES:
            addresses.setdefault(purpose, {})[name] = value
        else:
            rest[path] = value
    return rest, addresses


def new_addresses(addresses: Mapping[str, Mapping[str, Value]]) -> list[dict[str, object]]:
    """Return the addresses of a new partner, one for each purpose that has any part."""
    return [
        {
            "AddressName": _NAMES[purpose],
            "AddressType": ADDRESSES[purpose][0],
            **{name: leaf(value) for name, value in parts.items() if value is not None},
        }
        for purpose, parts in addresses.items()
        if any(value is not None for value in parts.values())
    ]


def changed_addresses(
    addresses: Mapping[str, Mapping[str, Value]], partner: Mapping[str, Any]
) -> list[dict[str, object]]:
    """Return rows that change a partner's default addresses, or add one where there is none.

    A row is only changed in place when all four parts of its identity are named; else it is taken for a new one: refused under the
    same name, or silently doubled (§6). Rows that are not named stay.
    """
    rows: list[dict[str, object]] = []
    for purpose, parts in addresses.items():
        there = default_address(partner, purpose)
        if there is not None:
            identity = {name: there.get(name) for name in ("BPCode", "AddressName", "AddressType", "RowNum")}
            rows.append({**identity, **{name: leaf(value) for name, value in parts.items()}})
        else:
            taken = {row.get("AddressName") for row in partner.get("BPAddresses") or ()}
            for row in new_addresses({purpose: parts}):
                rows.append({**row, "AddressName": _free_name(str(row["AddressName"]), taken)})
    return rows


def _free_name(name: str, taken: set[object]) -> str:
    number = 1
    while name in taken:
        number += 1
        name = f"{name.rstrip('0123456789 ')} {number}"
    return name


def code_of(intent_key: str, most: int = MOST_CODE) -> str:
    """Return the code a new record is given where nobody chose one or a numbering series: the key itself where it fits.

    It is the same for the same key, so that the server refuses a second record of one intent.
    """
    if len(intent_key) <= most and _CODE.fullmatch(intent_key):
        return intent_key
    digest = hashlib.sha256(intent_key.encode()).digest()
    number, letters = int.from_bytes(digest[:10], "big"), ""
    while len(letters) < min(most, MOST_CODE) - 1:
        number, digit = divmod(number, 36)
        letters += "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[digit]
    return f"X{letters}"


def etag_of(version: str) -> str:
    """Return the ETag of a DataVersion (§7): a list's, and a projection's own, is the same for every version."""
    return f'W/"{hashlib.sha1(version.encode(), usedforsecurity=False).hexdigest().upper()}"'
