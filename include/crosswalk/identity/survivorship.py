"""Which of two linked records' values come first, field by field, before anybody has changed anything. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from crosswalk.model.records import Image, Value

Survivor = Literal["erp", "crm", "longest", "newest"]
SURVIVORS: tuple[Survivor, ...] = ("erp", "crm", "longest", "newest")


@dataclass(frozen=True, slots=True)
class FirstValue:
    """The value that is kept, the side it is from (None when both say the same or nothing), and why."""

    value: Value
    side: Literal["crm", "erp"] | None
    why: str


def first_values(
    crm: Image, erp: Image, rules: Mapping[str, Survivor], fields: tuple[str, ...], default: Survivor = "erp"
) -> dict[str, FirstValue]:
    """Return the first value of each of ``fields``.

    A value beats a missing one, whatever the rule says: null is not delete. ``newest`` compares the records' own stamps and is a
    policy somebody chose for that field; where a stamp is missing the default side wins.
    """
    return {name: _first(name, crm, erp, rules.get(name, default)) for name in fields}


def _first(name: str, crm: Image, erp: Image, rule: Survivor) -> FirstValue:
    mine, theirs = crm.values.get(name), erp.values.get(name)
    if mine == theirs:
        return FirstValue(theirs, None, "both say the same" if mine is not None else "neither says anything")
    if mine is None or theirs is None:
        side: Literal["crm", "erp"] = "erp" if mine is None else "crm"
        return FirstValue(theirs if mine is None else mine, side, "the other says nothing")
    if rule == "longest":
        side = "crm" if len(str(mine)) > len(str(theirs)) else "erp"
    elif rule == "newest":
        newer = crm.modified is not None and erp.modified is not None and crm.modified > erp.modified
        side = "crm" if newer else "erp"
    else:
        side = rule
    return FirstValue(mine if side == "crm" else theirs, side, _REASONS[rule])


_REASONS: Mapping[Survivor, str] = {
    "erp": "the ERP's word counts",
    "crm": "the CRM's word counts",
    "longest": "the fuller value",
    "newest": "the record changed last",
}
