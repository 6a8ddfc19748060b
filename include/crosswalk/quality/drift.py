"""Schema drift: what changed in a system's fields since they were last looked at, as far as it touches what we read and write.

A description (:class:`~crosswalk.connectors.protocol.EntityDescription`) is canonical: kinds, lengths, rights and values are told in one
way for every platform. The last one is kept in the hub's ledger, of the fields that a mapping names and of those that a create must give.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from crosswalk.connectors.protocol import EntityDescription, FieldDescription, Finding
from crosswalk.hub import ledger
from crosswalk.hub.database import Connection

KIND = "schema"
_LAST = """
select at, detail from hub.ledger where (system, entity, key, kind) = (%s, %s, %s, 'schema') order by id desc limit 1
"""
_SHOWN = 8  # values named in a sentence
_MAPPED = "Correct the field's line in the mapping, or have the change taken back; then read the entity in full once."


@dataclass(frozen=True, slots=True)
class Kept:
    """What a system's object looked like at an instant; ``fields`` by their lower-case names."""

    at: datetime
    fields: Mapping[str, FieldDescription]


def used(described: EntityDescription, mapped: Collection[str]) -> dict[str, FieldDescription]:
    """Return the fields that concern us: those that ``mapped`` paths begin with, and those a create must give."""
    wanted = {path.split(".")[0].lower() for path in mapped}
    return {
        name.lower(): replace(field, values=tuple(sorted(field.values)))
        for name, field in described.fields.items()
        if name.lower() in wanted or field.required
    }


def last(connection: Connection, system: str, entity: str, native: str) -> Kept | None:
    """Return what was kept of an object; None before the first look."""
    row = connection.execute(_LAST, (system, entity, native)).fetchone()
    return None if row is None else Kept(row[0], {name: _field(facts) for name, facts in row[1]["fields"].items()})


def keep(
    connection: Connection,
    system: str,
    described: EntityDescription,
    fields: Mapping[str, FieldDescription],
    *,
    pairing: str,
    run_id: str,
    actor: str,
    changes: Collection[str] = (),
) -> None:
    """Keep what the object looks like now, with what is told of the change, in the caller's transaction."""
    facts = {name: asdict(field) for name, field in sorted(fields.items())}
    detail = {"fields": facts, "changes": list(changes)}
    entry = ledger.Entry(KIND, pairing, run_id, actor, system, described.entity, described.native, detail=detail)
    ledger.write(connection, [entry])


def changes(native: str, before: Kept, now: Mapping[str, FieldDescription]) -> Iterator[Finding]:
    """Yield what changed since, one finding a field and fact; empty when nothing did. Fields that came are no news. Pure."""
    since = f"since {before.at:%Y-%m-%d %H:%M} UTC"
    for name, field in now.items():
        old = before.fields.get(name)
        subject = f"{native}.{field.name}"
        if field.required and (old is None or not old.required):
            yield _finding(subject, f"must be given when a record is created, {since}", "Map it, or give it a default.")
        if old is not None:
            yield from (_finding(subject, f"{told}, {since}", remedy) for told, remedy in _facts(old, field))
    for name, old in before.fields.items():
        if name not in now and not old.required:
            yield _finding(f"{native}.{old.name}", f"is gone, or hidden from this user, {since}", _MAPPED)


def _facts(old: FieldDescription, new: FieldDescription) -> Iterator[tuple[str, str]]:
    if old.type != new.type:
        yield f"is {new.type}, and was {old.type}", _MAPPED
    if new.length is not None and (old.length is None or new.length < old.length):
        shorter = "Set `max_length` of the field in the mapping."
        yield f"holds {new.length} characters, and held {old.length or 'any number'}", shorter
    for right, word in (("createable", "given at creation"), ("updateable", "written")):
        if getattr(old, right) and not getattr(new, right):
            yield f"may no longer be {word}", "Give the integration user the right to the field back."
    if gone := sorted(set(old.values) - set(new.values)):
        yield f"no longer takes {_some(gone)}", "Take them out of the field's `values` in the mapping."
    if came := sorted(set(new.values) - set(old.values)) if old.values else []:
        yield f"takes {_some(came)}, too", "Add them to the field's `values` where the mapping has such."
    if old.refers_to and new.refers_to and set(old.refers_to) != set(new.refers_to):
        yield f"refers to {', '.join(new.refers_to)}, and referred to {', '.join(old.refers_to)}", _MAPPED


def _finding(subject: str, told: str, remedy: str) -> Finding:
    return Finding(subject, f"{subject} {told}.", remedy, blocking=False)


def _some(values: Collection[str]) -> str:
    shown = list(values)[:_SHOWN]
    return ", ".join(shown) + (f" and {len(values) - _SHOWN} more" if len(values) > _SHOWN else "")


def _field(facts: Mapping[str, Any]) -> FieldDescription:
    lists = {name: tuple(facts[name]) for name in ("values", "refers_to")}
    return FieldDescription(**{**facts, **lists})
