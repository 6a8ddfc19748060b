"""What people and the gate decide about intents: let through, keep in shadow, replay.

None of it passes by an approval: what is held for one, or was refused, goes on only by :mod:`crosswalk.hub.approvals`. Nor by a link
that is missing: what waits for one is planned anew when it is there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from crosswalk.hub import ledger
from crosswalk.hub.codec import payload_hash
from crosswalk.hub.database import Connection
from crosswalk.hub.dependants import PARENT, free_dependants
from crosswalk.hub.intent import Wanted

APPROVAL, REFUSED = "approval", "refused"
"""Why an intent is held that a person has to approve, or did not."""


@dataclass(frozen=True, slots=True)
class HeldIntent(Wanted):
    """An intent that is held, and why."""

    plan_id: int
    target_system: str
    target_key: str | None
    depends_on: str | None
    held_reason: str
    message: str | None
    payload: dict[str, Any]
    created_at: datetime


_HELD = f"""
select {", ".join(HeldIntent.__dataclass_fields__)} from hub.intent
 where pairing = %(pairing)s and flow = %(flow)s and status = 'held' and (%(reason)s::text is null or held_reason = %(reason)s)
 order by plan_id, position
"""

# Parents come first (they were planned first), but what counts is whether one of them is rejected, not its turn.
_LET_THROUGH = f"""
with passed as (
    update hub.intent i
       set status = case when {PARENT.format("i.depends_on")} then 'held' else 'planned' end,
           held_reason = case when {PARENT.format("i.depends_on")} then 'parent' end,
           message = case when {PARENT.format("i.depends_on")} then 'Waits for ' || depends_on || ', which was rejected.' end,
           hint = null, mode = 'live', epoch = nextval('hub.epoch')
     where i.key = any(%(keys)s) and i.status = 'held' and i.held_reason <> all('{{parent,approval,refused,unlinked}}')
    returning i.*
)
insert into hub.ledger (at, pairing, run_id, actor, kind, system, entity, key, intent_key, detail)
select coalesce(%(now)s, clock_timestamp()), pairing, %(run_id)s, %(actor)s, status, source_system, source_entity, source_key, key,
       jsonb_strip_nulls(jsonb_build_object('let_through', true, 'held_reason', held_reason))
  from passed
"""

_SHADOW = """
with kept as (
    update hub.intent i set status = 'shadowed', held_reason = null, message = null, hint = null, mode = 'shadow', epoch = nextval('hub.epoch')
     where i.key = any(%(keys)s) and i.status = 'held'
    returning i.*
)
insert into hub.ledger (at, pairing, run_id, actor, kind, system, entity, key, intent_key, detail)
select coalesce(%(now)s, clock_timestamp()), pairing, %(run_id)s, %(actor)s, status, source_system, source_entity, source_key, key, '{}'
  from kept
"""

# What was approved was approved as it stood: edited, it is asked about anew.
_REPLAN = f"""
with known as (
    select key, status as was, %(payload)s::jsonb ? 'approval' and payload_hash <> %(payload_hash)s as unapproved from hub.intent
     where key = any(%(keys)s)
       and (status = 'rejected' or (status = 'held' and held_reason <> all('{{parent,approval,refused,unlinked}}') and not %(refused_only)s))
     order by key for update
),
replayed as (
    update hub.intent i
       set status = case when known.unapproved or {PARENT.format("i.depends_on")} then 'held' else 'planned' end,
           held_reason = case when known.unapproved then 'approval' when {PARENT.format("i.depends_on")} then 'parent' end,
           payload = coalesce(%(payload)s::jsonb, payload), payload_hash = coalesce(%(payload_hash)s, payload_hash), mode = 'live',
           epoch = nextval('hub.epoch'), lease_until = null, not_before = null, finished_at = null,
           error_class = null, error_code = null, message = null, hint = null
      from known where i.key = known.key
    returning i.*, known.was
)
insert into hub.ledger (at, pairing, run_id, actor, kind, system, entity, key, intent_key, detail)
select coalesce(%(now)s, clock_timestamp()), pairing, coalesce(%(run_id)s, run_id), %(actor)s, 'replayed', source_system, source_entity,
       source_key, key, jsonb_build_object('was', was, 'reason', %(reason)s::text, 'payload_hash', payload_hash,
                                           'edited', %(payload)s::text is not null)
  from replayed
returning intent_key
"""

_WAITED_FOR = "select distinct depends_on from hub.intent where depends_on = any(%s) and status = 'held' and held_reason = 'parent'"


def held_intents(connection: Connection, *, pairing: str, flow: str, reason: str | None = None) -> list[HeldIntent]:
    """Return what is held in a flow (for one reason, when given), in the order it was planned."""
    with connection.cursor(row_factory=class_row(HeldIntent)) as cursor:
        return cursor.execute(_HELD, {"pairing": pairing, "flow": flow, "reason": reason}).fetchall()


def let_through(
    connection: Connection, keys: Sequence[str], *, run_id: str, actor: str = ledger.ENGINE, now: datetime | None = None
) -> int:
    """Release held intents for sending and return how many; one whose parent was rejected goes on waiting for it."""
    return connection.execute(_LET_THROUGH, {"keys": list(keys), "run_id": run_id, "actor": actor, "now": now}).rowcount


def shadow(
    connection: Connection, keys: Sequence[str], *, run_id: str, actor: str = ledger.ENGINE, now: datetime | None = None
) -> int:
    """Keep held intents in shadow, where they can be read and compared but are never sent; return how many."""
    return connection.execute(_SHADOW, {"keys": list(keys), "run_id": run_id, "actor": actor, "now": now}).rowcount


def replan(
    connection: Connection,
    key: str,
    payload: Mapping[str, object] | None = None,
    *,
    actor: str,
    reason: str,
    run_id: str | None = None,
    refused_only: bool = False,
    now: datetime | None = None,
) -> bool:
    """Replay one rejected or held intent, as it is or with the payload a person edited; False when it is neither.

    What waited for it follows by itself. Doubt about an earlier attempt stays: such an intent is looked up before it is sent.
    """
    done = replan_all(
        connection, [key], payload, actor=actor, reason=reason, run_id=run_id, refused_only=refused_only, now=now
    )
    return done == [key]


def replan_all(
    connection: Connection,
    keys: Sequence[str],
    payload: Mapping[str, object] | None = None,
    *,
    actor: str,
    reason: str,
    run_id: str | None = None,
    refused_only: bool = False,
    now: datetime | None = None,
) -> list[str]:
    """Replay what is rejected or held among ``keys``, as :func:`replan` does one; return the keys that it was.

    With ``refused_only`` what is held stays: it waits for an approval or the brake, and those are not passed by replaying.
    """
    parameters = {
        "keys": list(keys),
        "actor": actor,
        "reason": reason,
        "run_id": run_id,
        "refused_only": refused_only,
        "now": now,
        "payload": None,
        "payload_hash": None,
    }
    if payload is not None:
        parameters |= {"payload": json.dumps(payload, ensure_ascii=False), "payload_hash": payload_hash(payload)}
    replayed = [key for (key,) in connection.execute(_REPLAN, parameters).fetchall()]
    for (parent,) in connection.execute(_WAITED_FOR, (replayed,)).fetchall():
        free_dependants(connection, parent, run_id=run_id, actor=actor, now=now)
    return replayed
