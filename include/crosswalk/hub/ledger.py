"""The ledger: every observed change, decision, write and outcome, with its cause. Append-only; a trigger refuses anything else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from crosswalk.hub.database import Connection

ENGINE = "crosswalk"
"""The actor of what no person decided."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be written: ``kind`` says what happened, to which record, link or intent."""

    kind: str
    pairing: str | None = None
    run_id: str | None = None
    actor: str = ENGINE
    system: str | None = None
    entity: str | None = None
    key: str | None = None
    link_id: int | None = None
    intent_key: str | None = None
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What is in the ledger."""

    id: int
    at: datetime
    pairing: str | None
    run_id: str | None
    actor: str
    kind: str
    system: str | None
    entity: str | None
    key: str | None
    link_id: int | None
    intent_key: str | None
    detail: dict[str, Any]


_INSERT = """
insert into hub.ledger (at, pairing, run_id, actor, kind, system, entity, key, link_id, intent_key, detail)
values (coalesce(%s, clock_timestamp()), %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""

_COLUMNS = "id, at, pairing, run_id, actor, kind, system, entity, key, link_id, intent_key, detail"

_HISTORY = f"""
select {_COLUMNS} from hub.ledger where (system, entity, key) = (%(system)s, %(entity)s, %(key)s)
union
select {_COLUMNS} from hub.ledger where intent_key in
    (select i.key from hub.intent i where i.target_system = %(system)s and i.entity = %(entity)s and i.target_key = %(key)s)
order by id
"""

_OF_INTENT = f"select {_COLUMNS} from hub.ledger where intent_key = %(key)s order by id"


def write(connection: Connection, entries: Iterable[Entry], *, now: datetime | None = None) -> None:
    """Append ``entries`` in the caller's transaction, so that what is told and what happened cannot differ."""
    rows = [
        (
            now,
            e.pairing,
            e.run_id,
            e.actor,
            e.kind,
            e.system,
            e.entity,
            e.key,
            e.link_id,
            e.intent_key,
            Jsonb(dict(e.detail)),
        )
        for e in entries
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(_INSERT, rows)


def history(connection: Connection, system: str, entity: str, key: str) -> list[LedgerEntry]:
    """Return everything that happened to one record, oldest first: changes seen, and writes from it and into it."""
    with connection.cursor(row_factory=class_row(LedgerEntry)) as cursor:
        return cursor.execute(_HISTORY, {"system": system, "entity": entity, "key": key}).fetchall()


def intent_history(connection: Connection, intent_key: str) -> list[LedgerEntry]:
    """Return everything that happened to one intent, oldest first."""
    with connection.cursor(row_factory=class_row(LedgerEntry)) as cursor:
        return cursor.execute(_OF_INTENT, {"key": intent_key}).fetchall()


# What was written into a record is told under the record it came from: those entries are found by its intents.
_OF_RECORD = f"""
select {_COLUMNS} from (
    (select {_COLUMNS} from hub.ledger
      where (system, entity, key) = (%(system)s, %(entity)s, %(key)s) and (%(before)s::bigint is null or id < %(before)s)
      order by id desc limit %(limit)s)
    union all
    (select l.* from hub.intent i cross join lateral (
         select {_COLUMNS} from hub.ledger
          where intent_key = i.key and (%(before)s::bigint is null or id < %(before)s)
            and (system, entity, key) is distinct from (%(system)s, %(entity)s, %(key)s)
          order by id desc limit %(limit)s) l
      where i.target_system = %(system)s and i.target_key = %(key)s and i.entity = %(entity)s)
) found order by id desc limit %(limit)s
"""

# The kinds a run has are found by leaps through the index, so that a run of a million entries costs as little as one of ten.
_KINDS = """
with recursive kinds as (
    (select kind from hub.ledger where run_id = %(run)s order by kind limit 1)
    union all
    select (select l.kind from hub.ledger l where l.run_id = %(run)s and l.kind > k.kind order by l.kind limit 1)
      from kinds k where k.kind is not null
)
"""

_OF_RUN = f"""{_KINDS}
select l.* from kinds k cross join lateral (
    select {_COLUMNS} from hub.ledger
     where run_id = %(run)s and kind = k.kind and (%(before)s::bigint is null or id < %(before)s)
     order by id desc limit %(limit)s) l
 where k.kind is not null and (%(kind)s::text is null or k.kind = %(kind)s)
 order by id desc limit %(limit)s
"""

COUNTED = 10_000
"""As far as a run's entries of one kind are counted."""

WALKED = 5_000
"""As many entries of one record are looked at for what changed in it."""

_COUNTS = f"""{_KINDS}
select k.kind, (select count(*) from (
           select 1 from hub.ledger l where l.run_id = %(run)s and l.kind = k.kind limit {COUNTED + 1}) few)
  from kinds k where k.kind is not null order by k.kind
"""

_CHANGE_OF = f"""
select {_COLUMNS} from (
    select {_COLUMNS} from hub.ledger where (system, entity, key) = (%(system)s, %(entity)s, %(key)s) order by id desc limit {WALKED}
) latest where detail -> 'fields' ? %(field)s order by id desc limit 2
"""

# What a field was is what the oldest change since then found there. Entries of before fields were kept say only that something changed.
_SINCE = f"""
with since as materialized (
    select id, at, kind, detail -> 'fields' as fields from hub.ledger
     where (system, entity, key) = (%(system)s, %(entity)s, %(key)s) and at > %(at)s and kind in ('observed', 'restored', 'deleted')
     order by id limit {WALKED}
),
gap as (select id, at from since where fields is null and kind <> 'deleted' order by id limit 1)
select (select kind from since order by id limit 1), (select at from gap), (select count(*) from since) = {WALKED},
       coalesce((select jsonb_object_agg(name, change)
                   from (select distinct on (f.name) f.name, f.change from since, jsonb_each(fields) f (name, change)
                          where id < coalesce((select id from gap), 9223372036854775807) order by f.name, id) oldest), '{{}}')
"""

_FIRST_LANDING = """
select at from hub.ledger where system = %s and entity = %s and key is null and kind = 'observed' order by id limit 1
"""


def record_entries(
    connection: Connection, system: str, entity: str, key: str, *, limit: int = 50, before: int | None = None
) -> list[LedgerEntry]:
    """Return a page of what happened to one record, the newest first; ``before`` is the last id of the page before."""
    return _entries(connection, _OF_RECORD, system=system, entity=entity, key=key, limit=limit, before=before)


def run_entries(
    connection: Connection, run_id: str, *, kind: str | None = None, limit: int = 50, before: int | None = None
) -> list[LedgerEntry]:
    """Return a page of what one run did, the newest first."""
    return _entries(connection, _OF_RUN, run=run_id, kind=kind, limit=limit, before=before)


def run_counts(connection: Connection, run_id: str) -> dict[str, int]:
    """Return how many entries of which kind a run has; more than :data:`COUNTED` are not counted on."""
    return {kind: int(count) for kind, count in connection.execute(_COUNTS, {"run": run_id}).fetchall()}


def changes_of(connection: Connection, system: str, entity: str, key: str, name: str) -> list[LedgerEntry]:
    """Return the last and the last but one entry that changed a field of a record, as far as :data:`WALKED` entries tell."""
    return _entries(connection, _CHANGE_OF, system=system, entity=entity, key=key, field=name)


@dataclass(frozen=True, slots=True)
class Since:
    """What was observed of a record after an instant: the oldest entry's kind, and each field's oldest change.

    ``gap`` is when a change was first seen of which nothing but itself is known; ``more`` tells that not everything was looked at.
    """

    kind: str | None
    gap: datetime | None
    more: bool
    fields: dict[str, Any]


def observed_since(connection: Connection, system: str, entity: str, key: str, at: datetime) -> Since:
    """Return what was observed of a record after an instant, from the oldest on, at most :data:`WALKED` entries."""
    row = connection.execute(_SINCE, {"system": system, "entity": entity, "key": key, "at": at}).fetchone()
    assert row is not None
    return Since(*row)


def first_landing(connection: Connection, system: str, entity: str) -> datetime | None:
    """Return when records of an entity were first landed from a system; None when none were."""
    row = connection.execute(_FIRST_LANDING, (system, entity)).fetchone()
    return row[0] if row else None


def _entries(connection: Connection, query: str, **parameters: object) -> list[LedgerEntry]:
    with connection.cursor(row_factory=class_row(LedgerEntry)) as cursor:
        return cursor.execute(query, parameters).fetchall()
