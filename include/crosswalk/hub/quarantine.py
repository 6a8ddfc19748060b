"""Quarantine: records that failed, each with what is wrong, what to do, since when and how often (law 8).

A record has at most one open item per pairing and stage; failing again counts on the same item. A new item belongs to who looks after
the others of its cause. An item that a person ignores stays ignored for as long as the record fails in the same way.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from crosswalk.hub import ledger
from crosswalk.hub.codec import storable
from crosswalk.hub.database import Connection
from crosswalk.model.errors import CrosswalkError


@dataclass(frozen=True, slots=True)
class QuarantineItem:
    """One record in quarantine. ``fingerprint`` is the same for all records with the same trouble."""

    id: int
    pairing: str
    system: str
    entity: str
    key: str
    stage: str
    error_class: str
    fingerprint: str
    field: str | None
    message: str
    hint: str
    payload: dict[str, Any]
    first_seen: datetime
    last_seen: datetime
    times: int
    status: str
    resolved_at: datetime | None
    resolved_by: str | None
    run_id: str | None
    owner: str | None
    ignored_at: datetime | None
    ignored_by: str | None
    replayed_at: datetime | None
    replayed_by: str | None


COLUMNS = ", ".join(QuarantineItem.__dataclass_fields__)

# Only trouble that is new to the record goes to the ledger: a record failing every run must not flood it.
_PUT = """
with known as (
    select fingerprint from hub.quarantine
     where (pairing, system, entity, key, stage) = (%(pairing)s, %(system)s, %(entity)s, %(key)s, %(stage)s) and status = 'open'
),
item as (
    insert into hub.quarantine as q (pairing, system, entity, key, stage, error_class, fingerprint, field, message, hint, payload,
                                     first_seen, last_seen, times, status, run_id, owner)
    select %(pairing)s, %(system)s, %(entity)s, %(key)s, %(stage)s, %(error_class)s, %(fingerprint)s, %(field)s, %(message)s, %(hint)s,
           %(payload)s, t.at, t.at, 1, 'open', %(run_id)s,
           (select o.owner from hub.quarantine o
             where (o.pairing, o.stage, o.error_class, o.fingerprint) = (%(pairing)s, %(stage)s, %(error_class)s, %(fingerprint)s)
               and o.status = 'open' and o.owner is not null limit 1)
      from (select coalesce(%(now)s, clock_timestamp()) as at) t
    on conflict (pairing, system, entity, key, stage) where status = 'open' do update
       set error_class = excluded.error_class, fingerprint = excluded.fingerprint, field = excluded.field, message = excluded.message,
           hint = excluded.hint, payload = excluded.payload, last_seen = greatest(q.last_seen, excluded.last_seen),
           times = q.times + 1, run_id = excluded.run_id, replayed_at = null, replayed_by = null,
           ignored_at = case when q.fingerprint = excluded.fingerprint then q.ignored_at end,
           ignored_by = case when q.fingerprint = excluded.fingerprint then q.ignored_by end
    returning id, fingerprint, last_seen
),
told as (
    insert into hub.ledger (at, pairing, run_id, actor, kind, system, entity, key, detail)
    select last_seen, %(pairing)s, %(run_id)s, %(actor)s, 'quarantined', %(system)s, %(entity)s, %(key)s,
           jsonb_build_object('stage', %(stage)s::text, 'class', %(error_class)s::text, 'message', %(message)s::text)
      from item where not exists (select 1 from known where known.fingerprint = item.fingerprint)
)
select id from item
"""

_RESOLVE = """
with item as (
    update hub.quarantine
       set status = 'resolved', resolved_at = coalesce(%(now)s, clock_timestamp()), resolved_by = %(actor)s
     where (%(pairing)s::text is null or pairing = %(pairing)s)
       and system = %(system)s and entity = %(entity)s and key = any(%(keys)s) and status = 'open'
       and (%(stage)s::text is null or stage = %(stage)s) and (%(intent)s::text is null or payload ->> 'intent' = %(intent)s)
    returning pairing, key, stage, resolved_at, times
)
insert into hub.ledger (at, pairing, run_id, actor, kind, system, entity, key, detail)
select resolved_at, pairing, %(run_id)s, %(actor)s, 'resolved', %(system)s, %(entity)s, key,
       jsonb_build_object('stage', stage, 'times', times, 'reason', %(reason)s::text)
  from item
"""


def put(
    connection: Connection,
    *,
    pairing: str,
    system: str,
    entity: str,
    key: str,
    stage: str,
    error: CrosswalkError,
    payload: Mapping[str, object] | None = None,
    run_id: str | None = None,
    actor: str = ledger.ENGINE,
    now: datetime | None = None,
) -> int:
    """Put a record into quarantine, or count once more on its open item; return the item's id."""
    error_class = str(error.error_class)
    parameters = {
        "pairing": pairing,
        "system": system,
        "entity": entity,
        "key": key,
        "stage": stage,
        "error_class": error_class,
        "fingerprint": trouble_fingerprint(error_class, error.code, error.field, error.message),
        "field": storable(error.field),
        "message": storable(error.message),
        "hint": storable(error.hint),
        "payload": Jsonb(storable(dict(payload or {}))),
        "run_id": run_id,
        "actor": actor,
        "now": now,
    }
    row = connection.execute(_PUT, parameters).fetchone()
    assert row is not None
    return int(row[0])


def resolve(
    connection: Connection,
    *,
    pairing: str,
    system: str,
    entity: str,
    key: str,
    stage: str | None = None,
    intent: str | None = None,
    actor: str = ledger.ENGINE,
    reason: str = "",
    run_id: str | None = None,
    now: datetime | None = None,
) -> int:
    """Close a record's open items (of one stage, or about one intent, when given); return how many."""
    parameters = {
        "pairing": pairing,
        "system": system,
        "entity": entity,
        "keys": [key],
        "stage": stage,
        "intent": intent,
    }
    return connection.execute(
        _RESOLVE, {**parameters, "actor": actor, "reason": reason, "run_id": run_id, "now": now}
    ).rowcount


def resolve_keys(
    connection: Connection,
    *,
    pairing: str | None,
    system: str,
    entity: str,
    stage: str,
    keys: Sequence[str],
    actor: str = ledger.ENGINE,
    run_id: str | None = None,
    now: datetime | None = None,
) -> int:
    """Close the open items of records that passed ``stage``, in every pairing without one; return how many."""
    if not keys:
        return 0
    parameters = {
        "pairing": pairing,
        "system": system,
        "entity": entity,
        "keys": list(keys),
        "stage": stage,
        "intent": None,
    }
    reason = f"passed {stage}"
    return connection.execute(
        _RESOLVE, {**parameters, "actor": actor, "reason": reason, "run_id": run_id, "now": now}
    ).rowcount


def open_items(
    connection: Connection, pairing: str, *, stage: str | None = None, entity: str | None = None, limit: int = 1000
) -> list[QuarantineItem]:
    """Return open items, the most recent trouble first."""
    query = f"""select {COLUMNS} from hub.quarantine
        where pairing = %(pairing)s and status = 'open' and (%(stage)s::text is null or stage = %(stage)s)
          and (%(entity)s::text is null or entity = %(entity)s) order by last_seen desc, id desc limit %(limit)s"""
    with connection.cursor(row_factory=class_row(QuarantineItem)) as cursor:
        return cursor.execute(query, {"pairing": pairing, "stage": stage, "entity": entity, "limit": limit}).fetchall()


def trouble_fingerprint(error_class: str, code: str | None, field: str | None, message: str) -> str:
    """Return a short hash of what is wrong, without the names, ids and numbers of the one record it happened to."""
    kind = re.sub(r"'[^']*'|\"[^\"]*\"|\b\S*\d\S*\b", "*", message)
    return hashlib.sha256("|".join((error_class, code or "", field or "", kind)).encode()).hexdigest()[:16]
