"""Is the target what the plan saw? Versions of many targets in one call, before they are updated (law 3; Salesforce §11).

They are asked for by each request itself, or read ahead for many: five queries of some 660 ids travel in one call (§1, §7.2). There is no
condition that travels with a collection: ``If-Unmodified-Since`` is for one record a request (§4), so that a save of somebody else
between the reading and our request is not seen. That is the time of one request, or of ``PREPARED_SECONDS``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crosswalk.connectors.prepared import Prepared
from crosswalk.connectors.salesforce.client import Client
from crosswalk.connectors.salesforce.locks import PARENT
from crosswalk.connectors.salesforce.soql import is_id, queries
from crosswalk.connectors.salesforce.values import same, version_of
from crosswalk.model.errors import ConflictError, NotFoundError, RecordError, SchemaError
from crosswalk.model.records import Operation, Write

PREPARED_RECORDS = 3_200  # five queries of at least 640 ids each
PREPARED_SECONDS = 15.0  # versions read ahead are good for so long: some seven requests of 200 rows
_MERGEABLE = frozenset({"Account", "Contact", "Lead"})
_HINT = "The target moved since the plan was made: the next round reads it and plans anew."


@dataclass(frozen=True, slots=True)
class Stored:
    """A target as Salesforce had it, and the turn (:class:`~crosswalk.connectors.salesforce.locks.Turns`) it was read in."""

    values: Mapping[str, Any]
    ticket: int


Place = tuple[str, str]
"""An object, and the letters of an id that tell records apart."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a target: the error that forbids the update, if any, and the parent it has."""

    error: RecordError | None = None
    parent: str | None = None


def prepare(client: Client, ahead: Prepared[Place, Stored], native: str, updates: Sequence[Write], ticket: int) -> None:
    """Read ahead the targets of updates that state a version; ``ticket`` is the turn from before the reading."""
    sent = ahead.clock()
    ids = sorted({str(write.native_id) for write in updates if _is_asked(write) and is_id(str(write.native_id))})
    now = _by_id(client, native, ids)
    found = {own[:15]: now.get(own[:15]) for own in ids}
    ahead.put({(native, own): Stored(values, ticket) if values else None for own, values in found.items()}, sent)


def taken(ahead: Prepared[Place, Stored], native: str, updates: Sequence[Write]) -> dict[str, Stored | None]:
    """Return what was read ahead of these updates' targets, by id; it serves this request only."""
    places = {(native, str(write.native_id)[:15]) for write in updates if _is_asked(write)}
    return {place[1]: kept.found for place in places if (kept := ahead.take(place)) is not None}


def verdicts(
    client: Client, native: str, updates: Sequence[Write], known: Mapping[str, Stored | None]
) -> list[Verdict]:
    """Compare each target with the version its update states, in order; an update that states none is not asked about.

    Targets that are ``known`` are not asked for again.
    """
    ids = sorted({str(write.native_id) for write in updates if _is_asked(write)})
    now: dict[str, Mapping[str, Any] | None] = {own: stored.values if stored else None for own, stored in known.items()}
    now |= _by_id(client, native, [own for own in ids if own[:15] not in known])
    return [_verdict(write, native, now.get(str(write.native_id)[:15])) for write in updates]


def said_already(client: Client, native: str, updates: Sequence[Write]) -> set[str]:
    """Return the ids of targets that say all their update would write, whoever saved them: a write of ours, say, whose reply was lost."""
    asked = [write for write in updates if write.values and all(name.isidentifier() for name in write.values)]
    fields = sorted({name for write in asked for name in write.values})
    try:
        rows = client.records(
            queries(", ".join(["Id", *fields]), native, "Id", sorted({str(write.native_id) for write in asked}))
        )
    except RecordError:  # a field that can be written and not read: what is stored there nobody knows
        return set()
    stored = {str(row["Id"])[:15]: row for row in rows}
    return {
        str(write.native_id)
        for write in asked
        if (row := stored.get(str(write.native_id)[:15])) is not None
        and all(name in row and same(value, row[name]) for name, value in write.values.items())
    }


def _is_asked(write: Write) -> bool:
    return write.operation is Operation.UPDATE and write.expected_version is not None


def _by_id(client: Client, native: str, ids: Sequence[str]) -> dict[str, Mapping[str, Any] | None]:
    return {str(record["Id"])[:15]: record for record in _stored(client, native, ids)} if ids else {}


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
