"""Duplicate rules: standard matching on names and e-mail; blocked unless the request allows the save (Salesforce §6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import RowError
from .rules import Change

if TYPE_CHECKING:
    from .org import Org

MATCHING = {
    "Account": ('"Name" = ?', ("Name",)),
    "Contact": ('"LastName" = ? AND "Email" = ?', ("LastName", "Email")),
    "Lead": ('"LastName" = ? AND "Email" = ?', ("LastName", "Email")),
}
MESSAGE = "You're creating a duplicate record. We recommend you use an existing record instead."


def find_duplicates(org: Org, change: Change, *, detailed: bool) -> None:
    """Raises RowError DUPLICATES_DETECTED when another living record matches."""
    if change.sobject.name not in MATCHING or not change.creating:
        return
    condition, names = MATCHING[change.sobject.name]
    values = [change.new.get(name) for name in names]
    if any(value is None for value in values):
        return
    rows = change.rows(change.sobject.name, condition + " LIMIT 5", *values)
    if not rows:
        return
    error = RowError("DUPLICATES_DETECTED", "Use one of these records?")
    if detailed:
        error.extra = {"duplicateResult": _result(change, rows)}
    raise error


def _result(change: Change, rows: list[dict[str, Any]]) -> dict[str, Any]:
    name = change.sobject.name
    matches = [
        {"additionalInformation": [], "fieldDiffs": [], "matchConfidence": 100.0,
         "record": {"attributes": {"type": name, "url": f"/services/data/v59.0/sobjects/{name}/{row['Id']}"}, "Id": row["Id"]}}
        for row in rows
    ]  # fmt: skip
    result = {"entityType": name, "errors": [], "matchEngine": "FuzzyMatchEngine", "matchRecords": matches,
              "rule": f"Standard_{name}_Match_Rule_v1_0", "size": len(matches), "success": True}  # fmt: skip
    return {
        "allowSave": True,
        "duplicateRule": f"Standard_{name}_Duplicate_Rule",
        "duplicateRuleEntityType": name,
        "errorMessage": MESSAGE,
        "matchResults": [result],
    }
