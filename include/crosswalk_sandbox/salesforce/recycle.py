"""The recycle bin and merges: undelete, empty, and folding duplicates into one record (Salesforce §11)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from .errors import RowError
from .fields import read_values, record_id
from .ids import normalise
from .org import Org
from .records import Writer
from .schema import SObject
from .values import parse_stamp

MERGEABLE = frozenset({"Account", "Contact", "Lead"})


def _binned(org: Org, given: str) -> tuple[SObject, dict[str, Any]]:
    own = normalise(given)
    sobject = org.schema.by_prefix(own) if own else None
    row = org.store.fetch(sobject, own) if sobject and own else None
    if sobject is None or row is None:
        raise RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    return sobject, row


def undelete(org: Org, user_id: str, given: str) -> str:
    """Brings a record and what went with it back; the stamps move. Raises RowError UNDELETE_FAILED."""
    sobject, row = _binned(org, given)
    if "undeletable" not in sobject.flags:
        raise RowError("UNDELETE_FAILED", f"entity type {sobject.name} cannot be undeleted")
    age = org.now() - parse_stamp(row["_deleted"]) if row.get("_deleted") else timedelta(0)
    if not row.get("IsDeleted") or age > timedelta(days=org.options.recycle_days) or row.get("MasterRecordId"):
        raise RowError("UNDELETE_FAILED", "Entity is not in the recycle bin")
    writer = Writer(org, user_id)
    with org.store.writing():
        for other in [item for item in org.schema.objects.values() if item.has("IsDeleted")]:
            for member in org.store.fetch_where(other, '"IsDeleted" = 1 AND _deleted_with = ?', [row["Id"]]):
                writer.system_update(
                    other.name, member["Id"], {"IsDeleted": 0, "_deleted": None, "_deleted_with": None}
                )
    return str(row["Id"])


def empty_recycle_bin(org: Org, user_id: str, given: str) -> str:
    """Removes a deleted record for good. Raises RowError when it is not in the bin."""
    sobject, row = _binned(org, given)
    if not row.get("IsDeleted"):
        raise RowError("INVALID_OPERATION", "The record is not in the recycle bin")
    with org.store.writing():
        Writer(org, user_id).erase(sobject.name, row["Id"])
    return str(row["Id"])


def merge(
    org: Org, user_id: str, object_name: str, master: str, losers: list[str], values: Mapping[str, Any]
) -> tuple[str, list[str]]:
    """Folds up to two records into the master: children move, losers are deleted with ``MasterRecordId``.

    Answers the master's id and the moved children's ids. Raises RowError.
    """
    sobject = org.sobject(object_name)
    if sobject is None or sobject.name not in MERGEABLE:
        raise RowError("INVALID_OPERATION", f"entity type {object_name} cannot be merged")
    if not 1 <= len(losers) <= 2:
        raise RowError("INVALID_OPERATION", "one or two records can be merged into a master")
    writer = Writer(org, user_id)
    with org.store.writing():
        own = record_id(sobject, master)
        writer.living(sobject, own)
        moved: list[str] = []
        for loser in (record_id(sobject, item) for item in losers):
            row = writer.living(sobject, loser)
            moved += _move_children(writer, sobject, loser, own)
            marks = {"IsDeleted": 1, "MasterRecordId": own, "_deleted": org.write_stamp(), "_deleted_with": loser}
            writer.system_update(sobject.name, row["Id"], marks)
        given = read_values(org, user_id, sobject, values, creating=False, csv=True) if values else {}
        writer.system_update(sobject.name, own, given)
    return own, moved


def _move_children(writer: Writer, sobject: SObject, loser: str, own: str) -> list[str]:
    moved: list[str] = []
    for child in sobject.children:
        below = writer.org.schema.objects[child.child.lower()]
        if not child.field.stored or child.field.name == "MasterRecordId":
            continue
        live = ' AND "IsDeleted" = 0' if below.has("IsDeleted") else ""
        for row in writer.org.store.fetch_where(below, f'"{child.field.name}" = ?{live}', [loser]):
            writer.system_update(below.name, row["Id"], {child.field.name: own})
            moved.append(row["Id"])
    return moved
