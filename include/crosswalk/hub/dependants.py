"""Intents that wait for others: an order waits for its customer. A rejected parent holds them all, with a reason to read."""

from __future__ import annotations

from datetime import datetime

from crosswalk.hub import ledger
from crosswalk.hub.database import Connection

PARENT = """exists (select 1 from hub.intent p
        where p.key = {} and (p.status = 'rejected' or (p.status = 'held' and p.held_reason = 'parent')))"""
"""SQL: whether the intent named by the column is rejected, or held because one above it is."""

# What was let through already is held; what waits at the gate keeps its own reason and meets its parent's when it is let through.
_HOLD = """
with recursive waiting as (
    select key from hub.intent where depends_on = %(key)s and status = 'planned'
     union
    select c.key from hub.intent c join waiting w on c.depends_on = w.key where c.status = 'planned'
),
held as (
    update hub.intent i
       set status = 'held', held_reason = 'parent', epoch = nextval('hub.epoch'), lease_until = null,
           message = 'Waits for ' || %(key)s || ', which was rejected: ' || coalesce(%(message)s, 'no reason given'),
           hint = 'Put right what it waits for and replay that; this one follows by itself.'
      from waiting w where i.key = w.key
    returning i.*
)
insert into hub.ledger (at, pairing, run_id, actor, kind, system, entity, key, intent_key, detail)
select coalesce(%(now)s, clock_timestamp()), pairing, coalesce(%(run_id)s, run_id), %(actor)s, 'held', source_system, source_entity,
       source_key, key, jsonb_build_object('held_reason', held_reason, 'parent', %(key)s::text)
  from held
"""

_FREE = """
with recursive waiting as (
    select key from hub.intent where depends_on = %(key)s and status = 'held' and held_reason = 'parent'
     union
    select c.key from hub.intent c join waiting w on c.depends_on = w.key where c.status = 'held' and c.held_reason = 'parent'
),
freed as (
    update hub.intent i set status = 'planned', held_reason = null, message = null, hint = null
      from waiting w where i.key = w.key
    returning i.*
)
insert into hub.ledger (at, pairing, run_id, actor, kind, system, entity, key, intent_key, detail)
select coalesce(%(now)s, clock_timestamp()), pairing, coalesce(%(run_id)s, run_id), %(actor)s, 'planned', source_system, source_entity,
       source_key, key, jsonb_build_object('parent', %(key)s::text)
  from freed
"""


def hold_dependants(
    connection: Connection,
    key: str,
    message: str | None,
    *,
    run_id: str | None,
    actor: str = ledger.ENGINE,
    now: datetime | None,
) -> int:
    """Hold everything planned that waits for ``key``, directly or through others; return how many."""
    parameters = {"key": key, "message": message, "run_id": run_id, "actor": actor, "now": now}
    return connection.execute(_HOLD, parameters).rowcount


def free_dependants(
    connection: Connection, key: str, *, run_id: str | None, actor: str = ledger.ENGINE, now: datetime | None
) -> int:
    """Let go what was held because ``key`` was rejected; it still waits until ``key`` is done. Return how many."""
    return connection.execute(_FREE, {"key": key, "run_id": run_id, "actor": actor, "now": now}).rowcount
