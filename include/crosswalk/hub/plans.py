"""Plans: what is wanted, stored as intents under deterministic keys, so that no write is ever wanted twice.

What a plan does to an intent that is there already:

=============================  =============================================================================
done, sending, in doubt,       nothing, ever
waiting
planned, held, rejected        replaced when what is wanted, or the source's version, differs; else nothing
held for another reason        held for the new one
shadowed                       replaced by a plan that is not in shadow, or when what is wanted differs
anything, by a shadow plan     nothing, unless it is itself in shadow
edited by a person             nothing, until the source's version differs and what it orders
refused by people there        nothing, until what it orders differs
=============================  =============================================================================

An intent that a worker is changing this very moment counts as sending. Replacing takes the intent from whoever had claimed it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from crosswalk.hub import ledger
from crosswalk.hub.codec import payload_hash
from crosswalk.hub.database import Connection
from crosswalk.hub.dependants import PARENT, free_dependants
from crosswalk.hub.modes import Mode
from crosswalk.model.records import NOT_APPROVED


@dataclass(frozen=True, slots=True)
class IntentDraft:
    """One wanted write. ``payload`` is JSON-ready (:mod:`crosswalk.hub.codec`); ``held_reason`` keeps it from being sent.

    ``source_entity`` is the kind of record it comes from, where that is not ``entity`` (an order comes from a deal).
    """

    key: str
    entity: str
    operation: str
    source_system: str
    source_key: str
    source_version: str | None
    target_system: str
    target_key: str | None
    depends_on: str | None
    payload: Mapping[str, object]
    source_entity: str | None = None
    held_reason: str | None = None


_COLUMNS = """position, key, entity, operation, source_system, source_entity, source_key, source_version, target_system, target_key,
    depends_on, payload, payload_hash, held_reason"""
_TYPES = ["int8", *["text"] * 13]

_STAGE = """
create temporary table plan_stage (
    position bigint, key text, entity text, operation text, source_system text, source_entity text, source_key text, source_version text,
    target_system text, target_key text, depends_on text, payload text, payload_hash text, held_reason text) on commit drop
"""

_PLAN = """
insert into hub.plan (pairing, flow, run_id, created_at, now, mode) values (%s, %s, %s, clock_timestamp(), %s, %s) returning id
"""

# A child is held for its own reason before it is held for its parent's.
_STATUS = f"""
    case when %(mode)s = 'shadow' then 'shadowed'
         when coalesce(s.held_reason, %(held_reason)s) is not null or {PARENT.format("s.depends_on")} then 'held'
         else 'planned' end
"""
_REASON = f"""
    case when %(mode)s = 'shadow' then null
         else coalesce(s.held_reason, %(held_reason)s, case when {PARENT.format("s.depends_on")} then 'parent' end) end
"""

# Known keys are left out first: on conflict alone would wait for a worker that is changing the intent right now.
_INSERT = f"""
with born as (
    insert into hub.intent (key, plan_id, position, pairing, flow, entity, operation, source_system, source_entity, source_key,
        source_version, target_system, target_key, depends_on, status, held_reason, mode, payload, payload_hash, attempt, epoch,
        created_at, run_id)
    select s.key, %(plan)s, s.position, %(pairing)s, %(flow)s, s.entity, s.operation, s.source_system, s.source_entity, s.source_key,
        s.source_version, s.target_system, s.target_key, s.depends_on, {_STATUS}, {_REASON}, %(mode)s, s.payload::jsonb,
        s.payload_hash, 0, 0, %(now)s, %(run_id)s
      from plan_stage s
     where not exists (select 1 from hub.intent i where i.key = s.key)
     order by s.key
    on conflict (key) do nothing
    returning *
)
insert into hub.ledger (at, pairing, run_id, actor, kind, system, entity, key, intent_key, detail)
select %(now)s, pairing, run_id, %(actor)s, status, source_system, source_entity, source_key, key,
       jsonb_strip_nulls(jsonb_build_object('plan', plan_id, 'payload_hash', payload_hash, 'source_version', source_version,
                                            'held_reason', held_reason))
  from born order by position
"""

_SUBSTANCE = "({0}.payload_hash, {0}.source_version, {0}.entity, {0}.operation, {0}.target_system, {0}.target_key, {0}.depends_on)"

# What we write to the source ourselves, such as that an approval is asked for, changes its version and nothing of what it orders.
_EDITED = """(i.payload ? 'edited_by' and (i.source_version is not distinct from s.source_version
                                          or coalesce(i.payload -> 'ordered' = s.payload::jsonb -> 'ordered', false)))"""

# People in the target said no to this very order: it is not put before them again because of what we told the source.
_DECIDED = f"""(i.status = 'rejected' and i.error_code = '{NOT_APPROVED}'
                 and coalesce(i.payload -> 'ordered' = s.payload::jsonb -> 'ordered', false))"""

_REPLACE = f"""
with known as materialized (
    select i.key, i.status as was, i.payload_hash as old_hash, i.held_reason,
           {_EDITED} as edited,
           {_SUBSTANCE.format("i")} is distinct from {_SUBSTANCE.format("s")} and not {_EDITED} and not {_DECIDED} as differs
      from hub.intent i join plan_stage s using (key)
     where i.plan_id <> %(plan)s and i.status in ('planned', 'held', 'rejected', 'shadowed')
       for update of i skip locked
),
replaced as (
    update hub.intent i
       set plan_id = %(plan)s, position = s.position, entity = s.entity, operation = s.operation, source_version = s.source_version,
           target_system = s.target_system, target_key = s.target_key, depends_on = s.depends_on, payload = s.payload::jsonb,
           payload_hash = s.payload_hash, status = {_STATUS}, held_reason = {_REASON}, mode = %(mode)s, run_id = %(run_id)s,
           epoch = nextval('hub.epoch'), lease_until = null, not_before = null, finished_at = null,
           error_class = null, error_code = null, message = null, hint = null
      from plan_stage s join known k using (key)
     where i.key = s.key
       and case when %(mode)s = 'shadow' then k.was = 'shadowed' and k.differs
                when k.was = 'shadowed' then true
                when k.was = 'planned' then k.differs or s.held_reason is not null
                when k.was = 'held' and k.held_reason <> 'parent'
                     then k.differs or (not k.edited and k.held_reason is distinct from coalesce(s.held_reason, %(held_reason)s))
                else k.differs end
    returning i.*, k.was, k.old_hash
),
told as (
    insert into hub.ledger (at, pairing, run_id, actor, kind, system, entity, key, intent_key, detail)
    select %(now)s, pairing, run_id, %(actor)s, status, source_system, source_entity, source_key, key,
           jsonb_strip_nulls(jsonb_build_object('plan', plan_id, 'replaces', was, 'payload_hash', payload_hash, 'old_payload_hash', old_hash,
                                                'source_version', source_version, 'held_reason', held_reason))
      from replaced
)
select key from replaced where was = 'rejected' and status <> 'rejected'
"""

_ORPHANS = "select key, depends_on from plan_stage s where depends_on is not null and not exists (select 1 from hub.intent i where i.key = s.depends_on)"


def store_plan(
    connection: Connection,
    *,
    pairing: str,
    flow: str,
    run_id: str,
    mode: Mode,
    now: datetime,
    drafts: Iterable[IntentDraft],
    held_reason: str | None = None,
    actor: str = ledger.ENGINE,
) -> int:
    """Store a plan and return its id. ``now`` is the plan's fixed now; ``held_reason`` holds what the plan adds or replaces.

    A plan in shadow is stored to be looked at and never sent; one that is off is held. Raises ValueError for two different
    drafts under one key, and for a draft that depends on an intent that nobody planned.
    """
    row = connection.execute(_PLAN, (pairing, flow, run_id, now, mode)).fetchone()
    assert row is not None
    connection.execute(_STAGE)
    with connection.cursor().copy(f"copy plan_stage ({_COLUMNS}) from stdin (format binary)") as copy:
        copy.set_types(_TYPES)
        for position, draft in enumerate(_distinct(drafts)):
            copy.write_row(_row(position, draft))
    if mode == "off":
        held_reason = held_reason or "off"
    parameters = {"plan": row[0], "pairing": pairing, "flow": flow, "run_id": run_id, "mode": mode, "now": now}
    parameters |= {"held_reason": held_reason, "actor": actor}
    connection.execute(_INSERT, parameters)
    _refuse_orphans(connection)
    for (key,) in connection.execute(_REPLACE, parameters).fetchall():
        free_dependants(connection, key, run_id=run_id, actor=actor, now=now)
    connection.execute("drop table plan_stage")
    return int(row[0])


def _distinct(drafts: Iterable[IntentDraft]) -> Iterable[IntentDraft]:
    """Return the drafts in their order, equal ones once."""
    by_key: dict[str, IntentDraft] = {}
    for draft in drafts:
        if by_key.setdefault(draft.key, draft) != draft:
            raise ValueError(f"The plan wants two different writes under the key {draft.key}.")
    return by_key.values()


def _row(position: int, draft: IntentDraft) -> tuple[object, ...]:
    source = (draft.source_system, draft.source_entity or draft.entity, draft.source_key, draft.source_version)
    payload = json.dumps(draft.payload, ensure_ascii=False)
    wanted = (
        draft.target_system,
        draft.target_key,
        draft.depends_on,
        payload,
        payload_hash(draft.payload),
        draft.held_reason,
    )
    return (position, draft.key, draft.entity, draft.operation, *source, *wanted)


def _refuse_orphans(connection: Connection) -> None:
    orphan = connection.execute(_ORPHANS).fetchone()
    if orphan is not None:
        raise ValueError(
            f"Intent {orphan[0]} depends on {orphan[1]}, which nobody planned: put the parent into the same plan."
        )
