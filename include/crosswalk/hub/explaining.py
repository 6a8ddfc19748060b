"""Why a field has its value, and what a record was at a time: reckoned from the ledger, with what it cannot tell said as such."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from crosswalk.hub import ledger
from crosswalk.hub.database import Connection
from crosswalk.hub.ledger import LedgerEntry, Since
from crosswalk.hub.writes import StoredWrite, writes_into


@dataclass(frozen=True, slots=True)
class Why:
    """What set a field: the entry that saw it change, the write of ours that did it, and the people who had a hand in that write.

    Without ``entry`` the value is the one that was first read; without ``write`` it came from the system itself.
    """

    entry: LedgerEntry | None
    write: StoredWrite | None
    people: list[LedgerEntry]


@dataclass(frozen=True, slots=True)
class State:
    """A record at a time. ``unknown`` fields cannot be told; ``exists`` is None where that cannot be told either."""

    values: Mapping[str, object]
    unknown: frozenset[str]
    exists: bool | None
    gaps: list[str] = field(default_factory=list)


def why(connection: Connection, system: str, entity: str, key: str, name: str, native: frozenset[str]) -> Why:
    """Return what set a field; ``native`` are the names under which it is written in its system."""
    changes = ledger.changes_of(connection, system, entity, key, name)
    entry = changes[0] if changes else None
    for write in writes_into(connection, system, entity, key):
        if native & set(write.payload.get("values", {})) and _did(write, changes):
            return Why(entry, write, _people(connection, write))
    return Why(entry, None, [])


def _did(write: StoredWrite, changes: Sequence[LedgerEntry]) -> bool:
    """Tell whether a write set the value that the last of ``changes`` (newest first) saw: it went out before, and after the last but one."""
    if not changes:
        return write.operation == "create"
    sent = write.sent_entry or 0
    return sent < changes[0].id and (len(changes) == 1 or sent > changes[1].id)


def _people(connection: Connection, write: StoredWrite) -> list[LedgerEntry]:
    """Return what people decided about a write; the engine's own steps are told as its run."""
    told = ledger.intent_history(connection, write.key)
    engine = (ledger.ENGINE, "airflow:")
    return [entry for entry in told if not entry.actor.startswith(engine)]


def state_at(
    current: Mapping[str, object],
    deleted: bool,
    since: Since,
    first: datetime | None,
    at: datetime,
    *,
    exact: bool = True,
) -> State:
    """Return a record at ``at``: its ``current`` values, and for those that changed ``since`` then what they were before.

    ``first`` is when the hub first read it: of before, nothing is known. Where that was not kept it is when the first record of its
    kind was read, which is not ``exact``.
    """
    if first is None or at < first:
        unread = "it" if exact else "any record of its kind"
        return State({}, frozenset(current), None, [f"The hub had not read {unread} by then."])
    changed = {name: change for name, change in since.fields.items() if change is not True}
    values = {**current, **{name: change[0] for name, change in changed.items()}}
    unknown = {name for name, change in since.fields.items() if change is True}
    if since.gap or since.more:
        unknown |= set(current) - set(changed)
    exists = not deleted if since.kind is None else since.kind != "restored"
    return State(values, frozenset(unknown), exists, [*_gaps(since, exact)])


def _gaps(since: Since, exact: bool) -> Iterator[str]:
    if since.gap:
        yield f"The change of {since.gap:%Y-%m-%d %H:%M:%S} UTC was seen, but which fields it changed was not kept then."
    if since.more:
        yield f"More than {ledger.WALKED:,} changes since then: what changed only later than those cannot be told."
    if not exact:
        yield "When it was first read was not kept then: it may have been read, or made, only later than this."
