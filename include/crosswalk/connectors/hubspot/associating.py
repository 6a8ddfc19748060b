"""Which records go together: association columns (`companies.id`) read and written, with direction and label (HubSpot §16)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crosswalk.connectors.hubspot.client import Client
from crosswalk.connectors.hubspot.errors import error_of
from crosswalk.connectors.hubspot.objects import CHILD_TO_PARENT, DEFINED, PARENT, PRIMARY, TYPES
from crosswalk.model.errors import CrosswalkError, RecordError, ValidationError

_DIGITS = re.compile(r"\d+")
_COLUMN = re.compile(r"(\w+)(?:\[([^\]]+)\])?\.id")

Ends = Mapping[str, Sequence[Mapping[str, Any]]]
"""By a record's id, what it is associated with, as HubSpot tells it."""
Pair = Mapping[str, Any]
"""Two records and the types between them: ``from``, ``to``, ``types``."""


@dataclass(frozen=True, slots=True)
class Column:
    """An association as a column: the other object, and the label its record must have; without one it is the primary record, else the
    one with the lowest id."""

    path: str
    right: str
    label: str | None = None

    @property
    def exclusive(self) -> bool:
        """Whether HubSpot refuses a second one, so that the old one has to go first; it can be emptied."""
        return (self.right, self.label) == ("companies", PARENT)

    def of(self, ends: Sequence[Mapping[str, Any]]) -> str | None:
        """Return the id of the record that counts."""
        chosen = [end for end in ends if self.label is None or self.label in _labels(end)]
        primary = [end for end in chosen if self.label is None and _is_primary(end)]
        ids = [int(end["toObjectId"]) for end in primary or chosen]
        return str(min(ids)) if ids else None


def column(path: str) -> Column | None:
    """Return the association a path names (``companies.id``, ``companies[Billing contact].id``); None for a property's path."""
    found = _COLUMN.fullmatch(path)
    return Column(path, found[1], found[2]) if found else None


def _labels(end: Mapping[str, Any]) -> set[str]:
    return {str(one["label"]) for one in end["associationTypes"] if one.get("label")}


def _is_primary(end: Mapping[str, Any]) -> bool:
    return any(one["category"] == DEFINED and one["typeId"] in PRIMARY for one in end["associationTypes"])


# --- reading ------------------------------------------------------------------------------------------


def read_ends(
    client: Client, left: str, columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]
) -> dict[str, Ends]:
    """Return by object what these rows are associated with: from the rows where they tell it beyond doubt, else 1,000 a call."""
    found: dict[str, Ends] = {}
    for right in dict.fromkeys(one.right for one in columns):
        labelled = any(one.label for one in columns if one.right == right)
        told = {} if labelled else {str(row["id"]): ends for row in rows if (ends := _inline(row, right)) is not None}
        asked = [str(row["id"]) for row in rows if str(row["id"]) not in told]
        found[right] = {**told, **(client.associations(left, right, asked) if asked else {})}
    return found


def _inline(row: Mapping[str, Any], right: str) -> Sequence[Mapping[str, Any]] | None:
    """Return what a list's row tells of its associations; None where that is cut or leaves open which one counts (HubSpot §8)."""
    if "listed" not in row:
        return None
    told = {key.replace(" ", "_"): part for key, part in (row.get("associations") or {}).items()}.get(right)
    if told is None:
        return ()
    ids = {str(one["id"]) for one in told["results"]}
    if len(ids) > 1 or "paging" in told:
        return None
    return [{"toObjectId": one, "associationTypes": ()} for one in ids]


# --- writing ------------------------------------------------------------------------------------------


def associate(client: Client, left: str, right: str, pairs: Sequence[Pair]) -> list[CrosswalkError | None]:
    """Associate pairs in one call and return for each None, or why not; refused as a whole, they are halved until the culprit stands
    alone. Of a batch that is done in part HubSpot tells the pairs that it associated, and of the others a reason (207, HubSpot §16).
    """
    try:
        body = client.associate(left, right, pairs).body
    except RecordError as error:
        if len(pairs) == 1:
            return [error]
        middle = len(pairs) // 2
        return associate(client, left, right, pairs[:middle]) + associate(client, left, right, pairs[middle:])
    except CrosswalkError as error:
        return [error] * len(pairs)
    errors = body.get("errors") or ()
    done = {(str(one.get("fromObjectId")), str(one.get("toObjectId"))) for one in body.get("results") or ()}
    return [None if not errors or _ids(pair) in done else _reason(errors, pair) for pair in pairs]


def _ids(pair: Pair) -> tuple[str, str]:
    return str(pair["from"]["id"]), str(pair["to"]["id"])


def _reason(errors: Sequence[Mapping[str, Any]], pair: Pair) -> CrosswalkError:
    """Return the error that names one of the pair's ids, else the first one."""
    named = [one for one in errors if set(_DIGITS.findall(str(one.get("context")))) & set(_ids(pair))]
    return error_of((named or errors)[0])


class Labels:
    """Type ids of associations from one object to another: HubSpot's own, and the account's by their labels, asked for once."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._told: dict[tuple[str, str], list[Mapping[str, Any]]] = {}

    def types(self, left: str, one: Column) -> list[dict[str, Any]]:
        """Return the types that make a record the one that counts in a column; raises ValidationError for an unknown label."""
        if left == "companies" and one.exclusive:
            return [_type(DEFINED, CHILD_TO_PARENT)]
        defined = TYPES.get((left, one.right))
        if defined is None or one.label is not None:
            return self._of_account(left, one)
        return [_type(DEFINED, number) for number in defined]

    def _of_account(self, left: str, one: Column) -> list[dict[str, Any]]:
        pair = (left, one.right)
        if pair not in self._told:
            self._told[pair] = self._client.labels(*pair)
        chosen = [told for told in self._told[pair] if told.get("label") == one.label]
        if not chosen:
            raise ValidationError(
                f"Records of {left} have no association {one.label or ''} with {one.right}.".replace("  ", " "),
                hint=f"Correct the label in the mapping's `{one.path}`, or create it in Settings > Objects > Associations.",
                field=one.path,
            )
        return [_type(str(told["category"]), int(told["typeId"])) for told in chosen[:1]]


def exclusive_ends(ends: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the parents a company has: the records at the other end of the type that goes from the child to its parent."""
    return [
        str(end["toObjectId"])
        for end in ends
        if any(one["category"] == DEFINED and one["typeId"] == CHILD_TO_PARENT for one in end["associationTypes"])
    ]


def _type(category: str, number: int) -> dict[str, Any]:
    return {"associationCategory": category, "associationTypeId": number}
