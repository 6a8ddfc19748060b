"""Is the target what the plan saw? Versions of many targets in one call, before they are updated (law 3; Salesforce §11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crosswalk.connectors.salesforce.client import Client
from crosswalk.connectors.salesforce.locks import PARENT
from crosswalk.connectors.salesforce.soql import queries
from crosswalk.connectors.salesforce.values import version_of
from crosswalk.model.errors import ConflictError, NotFoundError, RecordError, SchemaError
from crosswalk.model.records import Write

_MERGEABLE = frozenset({"Account", "Contact", "Lead"})
_HINT = "The target moved since the plan was made: the next round reads it and plans anew."


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a target: the error that forbids the update, if any, and the parent it has."""

    error: RecordError | None = None
    parent: str | None = None


def verdicts(client: Client, native: str, updates: Sequence[Write]) -> list[Verdict]:
    """Compare each target with the version its update states, in order; an update that states none is not asked about."""
    ids = sorted({str(write.native_id) for write in updates if write.expected_version is not None})
    now = {str(record["Id"])[:15]: record for record in _stored(client, native, ids)} if ids else {}
    return [_verdict(write, native, now.get(str(write.native_id)[:15])) for write in updates]


def _stored(client: Client, native: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Ask for versions, and for parents on the way: they tell which rows would lock each other."""
    columns = "Id, SystemModstamp, IsDeleted" + (", MasterRecordId" if native in _MERGEABLE else "")
    if native in PARENT:
        try:
            return client.records(queries(f"{columns}, {PARENT[native]}", native, "Id", ids), all_rows=True)
        except SchemaError as error:
            if error.field != PARENT[native]:
                raise
    return client.records(queries(columns, native, "Id", ids), all_rows=True)


def _verdict(write: Write, native: str, now: Mapping[str, Any] | None) -> Verdict:
    if write.expected_version is None:
        return Verdict()
    if now is None:
        return Verdict(
            NotFoundError(f"{write.native_id} is not there any more.", hint="Unlink it, or restore it in Salesforce.")
        )
    if now["IsDeleted"]:
        return Verdict(_deleted(write, now.get("MasterRecordId")))
    version = version_of(str(now["SystemModstamp"]))
    if version != write.expected_version:
        message = f"{write.native_id} changed at {version}, planned against {write.expected_version}."
        return Verdict(ConflictError(message, hint=_HINT))
    return Verdict(parent=now.get(PARENT.get(native, "")))


def _deleted(write: Write, winner: object) -> NotFoundError:
    hint = f"It was merged into {winner}: redirect the link." if winner else "Restore it in Salesforce, or unlink it."
    return NotFoundError(f"{write.native_id} was deleted.", hint=hint, code="ENTITY_IS_DELETED")
