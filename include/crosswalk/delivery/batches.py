"""Claimed intents cut into requests: as many as the target bears at once, and seldom two of them under one parent. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from math import ceil

from crosswalk.hub.intents import Claimed

LEAST_ROWS = 10
"""No request is made smaller than this to keep another slot busy: every call costs allowance, a row hardly anything."""
MOST_PARTS = 4
"""Nor are few intents spread over more requests than these, however many slots there are."""


def key_in_target(intent: Claimed) -> str:
    """Return the key that the target keeps of a record created by ``intent``: its own, or the source's id where the plan says so."""
    return str(intent.payload.get("stored_key") or intent.key)


def first_of_each(intents: Sequence[Claimed]) -> tuple[list[Claimed], list[Claimed]]:
    """Return the intents, one for each record of the target, and those that come after another one for the same record."""
    first: dict[tuple[str, str, str], Claimed] = {}
    later = []
    for intent in intents:
        record = intent.target_key if intent.operation == "update" else key_in_target(intent)
        if first.setdefault((intent.operation, intent.entity, str(record)), intent) is not intent:
            later.append(intent)
    return list(first.values()), later


def batches(
    intents: Sequence[Claimed], most_rows: Mapping[str, int], slots: int, *, updates_alone: bool = False
) -> list[list[Claimed]]:
    """Cut intents into requests of one entity and operation each.

    ``most_rows`` is what the platform takes in one request, by entity (1 where absent), with ``updates_alone`` of creates. Few intents
    are spread over ``slots``: those that have nothing else to send.
    Children of one parent stay together, and with the parent itself: two requests that lock the same record would make each other
    wait, or fail.
    """
    kinds: dict[tuple[str, str], list[Claimed]] = {}
    for intent in intents:
        kinds.setdefault((intent.entity, intent.operation), []).append(intent)
    requests: list[list[Claimed]] = []
    for (entity, operation), members in kinds.items():
        most = 1 if updates_alone and operation == "update" else most_rows.get(entity, 1)
        size = min(most, max(LEAST_ROWS, ceil(len(members) / min(slots, MOST_PARTS))))
        families = _families(members)
        requests += _cut(sorted(members, key=lambda intent: families[intent.key]), size, families)
    return requests


def parent_of(intent: Claimed) -> str:
    """Return the record that the target locks with this one; empty where nobody said so."""
    return intent.parent_target_key or str(intent.payload.get("parent") or "")


def _families(members: Sequence[Claimed]) -> dict[str, str]:
    """Return the family of each intent by its key: what stands above all its parents that are here; empty for a record alone."""
    above = {
        intent.target_key: parent_of(intent) for intent in members if intent.operation == "update" and intent.target_key
    }
    parents = {parent_of(intent) for intent in members}
    families = {}
    for intent in members:
        top = parent_of(intent) or (intent.target_key if intent.target_key in parents else None) or ""
        passed = {top}
        while (higher := above.get(top)) and higher not in passed:
            passed.add(top := higher)
        families[intent.key] = top
    return families


def _cut(members: Sequence[Claimed], size: int, families: Mapping[str, str]) -> list[list[Claimed]]:
    """Cut full batches; what has no family fills up those that would break one apart, which else go half full.

    Families go in the middle: whoever of a family was claimed before or is claimed next stands alone there, and is written at another time.
    """
    single: list[Claimed] = []
    batch: list[Claimed] = []
    kept: list[list[Claimed]] = []
    for name, its in groupby(members, key=lambda intent: families[intent.key]):
        family = list(its)
        if not name:
            single = family  # they come first
            continue
        if len(batch) + len(family) > size >= len(family) and 2 * len(batch) >= size:
            least = max(0, len(single) - (size - len(batch)))
            kept.append(single[least:] + batch)
            batch, single = [], single[:least]
        batch += family
        while len(batch) >= size:
            kept.append(batch[:size])
            batch = batch[size:]
    before = len(single) // size // 2 * size
    return [*_sliced(single[:before], size), *kept, *_sliced(batch + single[before:], size)]


def _sliced(members: Sequence[Claimed], size: int) -> list[list[Claimed]]:
    return [list(members[start : start + size]) for start in range(0, len(members), size)]
