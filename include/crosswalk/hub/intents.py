"""The intent protocol (laws 1 and 2): a write is recorded before it is sent, and what became of it after.

::

    held ──► planned ──mark_sending──► sending ──finish──► done ◄── waiting
     ▲          ▲ ▲                     │ │ │
     │          │ └──────release────────┘ │ └────finish──► rejected ──replan──► planned
     └─parent   └─mark_sending── in_doubt◄┘ the answer or the worker was lost

A write that is ``done`` and, when it is read back, turns out not to have been done is rejected after all (:func:`refuse_untaken`).

A worker *claims* intents: a lease keeps others away, an epoch from a sequence fences the worker off once its lease is over and
someone else has claimed: every later step names the epoch and returns False when it is not the intent's any more.

An intent found ``sending`` after its lease is ``in_doubt``; so is one whose answer was lost. A create in doubt is claimed at once to
be looked up by its key (``Claimed.in_doubt``). What is not found is claimed again after ``resend_after``, looked up again, and only
then sent again (``Claimed.may_send``). An update cannot be looked up by a key: it waits, too, then goes out again. ``resend_after``
is the end of the lease of the sending plus the platform's longest request: a worker begins no request after its lease, so that by
then nothing can commit any more. Because the look-up must not be older than that, what counts is the time of the claim before it:
:func:`mark_sending` refuses an intent that was claimed too early, whatever the caller thinks it knows.

What the target keeps until people there approve it is ``waiting``, and stays so while it is claimed to be asked about
(``Claimed.waiting``): it is sent again only to go on with what is approved. No plan replaces it.

Updates of one record keep their order, whatever flow they are of: none is claimed while an earlier one is still to be sent, or while
another is under way or in doubt; :func:`mark_all_sending` looks again, one worker at a time for each record.

Times come from the hub's clock unless ``now`` is given; workers with clocks of their own should not give it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from crosswalk.hub import ledger
from crosswalk.hub.database import Connection
from crosswalk.hub.gate import HeldIntent, held_intents, let_through, replan, shadow
from crosswalk.hub.intent import Wanted
from crosswalk.hub.outcomes import finish, refuse_untaken, release
from crosswalk.hub.plans import IntentDraft, store_plan

__all__ = [
    "Claimed",
    "HeldIntent",
    "IntentDraft",
    "Unsettled",
    "claim",
    "finish",
    "held_intents",
    "let_through",
    "mark_all_sending",
    "mark_sending",
    "mark_settled",
    "refuse_untaken",
    "release",
    "replan",
    "shadow",
    "store_plan",
    "unsettled",
]


@dataclass(frozen=True, slots=True)
class Claimed(Wanted):
    """An intent that is this worker's until ``lease_until``.

    ``in_doubt`` ones must be looked up before anything else; found, they are adopted, and what is not found may be sent again only
    with ``may_send``: without, :func:`finish` it in doubt. ``waiting`` ones are kept by the target, which is asked how they stand.
    ``parent_target_key`` is the id that the intent it depended on was given in the target.
    """

    epoch: int
    plan_id: int
    flow: str
    source_version: str | None
    target_system: str
    target_key: str | None
    depends_on: str | None
    parent_target_key: str | None
    payload: dict[str, Any]
    payload_hash: str
    attempt: int
    in_doubt: bool
    may_send: bool
    sent_at: datetime | None
    resend_after: datetime | None
    lease_until: datetime
    waiting: bool = False


_SWITCHED_OFF = (
    "exists (select 1 from hub.mode m where m.pairing = {0}.pairing and m.flow = {0}.flow and m.mode <> 'live')"
)

_SAME_RECORD = """o.target_system = {0}.target_system and o.target_key = {0}.target_key and o.entity = {0}.entity
         and o.operation = 'update' and o.mode = 'live' and o.key <> {0}.key"""

UNDER_WAY = f"""{_SAME_RECORD} and o.status in ('sending', 'in_doubt')"""
"""SQL, to be formatted with an intent's alias: ``o`` is another update of the same record that may be arriving now."""

GOES_FIRST = f"""{_SAME_RECORD}
         and (o.status in ('sending', 'in_doubt')
              or (o.status = 'planned' and not {_SWITCHED_OFF.format("o")}
                  and (o.lease_until > {{1}} or (o.plan_id, o.position, o.key) < ({{0}}.plan_id, {{0}}.position, {{0}}.key))))"""
"""SQL, to be formatted with an intent's alias and the time: ``o`` is another update of the same record whose turn comes first."""

# What is in doubt goes first; then first come, first served.
_CLAIM = f"""
with clock as materialized (select coalesce(%(now)s, clock_timestamp()) as at),
picked as materialized (
    select i.key, i.status as was
      from hub.intent i, clock
     where i.pairing = %(pairing)s and i.flow = %(flow)s and i.mode = 'live'
       and i.status in ('planned', 'sending', 'in_doubt', 'waiting')
       and (i.lease_until is null or i.lease_until <= clock.at)
       and (i.not_before is null or i.not_before <= clock.at)
       and (i.operation = 'create' or i.resend_after is null or i.resend_after <= clock.at)
       and (i.depends_on is null or exists (select 1 from hub.intent p where p.key = i.depends_on and p.status = 'done'))
       and not {_SWITCHED_OFF.format("i")}
       and (i.target_key is null or not exists (select 1 from hub.intent o where {GOES_FIRST.format("i", "clock.at")}))
     order by (i.resend_after is null), i.plan_id, i.position
     limit %(limit)s
       for update of i skip locked
),
claimed as (
    update hub.intent i
       set status = case when i.status = 'waiting' then 'waiting' when i.resend_after is null then 'planned' else 'in_doubt' end, epoch = nextval('hub.epoch'),
           claimed_at = clock.at, lease_until = clock.at + make_interval(secs => %(lease)s)
      from picked, clock where i.key = picked.key
    returning i.*, picked.was, clock.at
),
told as (
    insert into hub.ledger (at, pairing, run_id, actor, kind, system, entity, key, intent_key, detail)
    select at, pairing, run_id, 'crosswalk', 'in_doubt', source_system, source_entity, source_key, key,
           jsonb_build_object('attempt', attempt, 'from', was, 'message', 'Nobody knows what became of the last attempt.')
      from claimed where status <> was
)
select c.key, c.epoch, c.plan_id, c.flow, c.entity, c.operation, c.source_system, c.source_entity, c.source_key, c.source_version,
       c.target_system, c.target_key, c.depends_on, p.target_key as parent_target_key, c.payload, c.payload_hash, c.attempt,
       c.resend_after is not null as in_doubt, c.status = 'waiting' as waiting, c.resend_after is null or c.resend_after <= c.claimed_at as may_send, c.sent_at, c.resend_after, c.lease_until
  from claimed c left join hub.intent p on p.key = c.depends_on
 order by (c.resend_after is null), c.plan_id, c.position
"""

# Held until the worker has committed: another one that asks for the same record in this moment is told no. Materialized, lest locks are
# taken for other intents, too, where a plan reads the table through and asks for the lock before it looks at the key.
_TAKE_TURNS = """
with mine as materialized (select key, target_system, entity, target_key from hub.intent where key = any(%(keys)s))
select key from mine
 where target_key is null or pg_try_advisory_xact_lock(hashtextextended(concat_ws('|', target_system, entity, target_key), 0))
"""

_SEND = f"""
with clock as materialized (select coalesce(%(now)s, clock_timestamp()) as at),
sent as (
    update hub.intent i
       set status = 'sending', attempt = i.attempt + 1, sent_at = clock.at, not_before = null,
           lease_until = clock.at + make_interval(secs => %(lease)s),
           resend_after = clock.at + make_interval(secs => %(lease)s + %(longest)s)
      from clock, unnest(%(keys)s::text[], %(epochs)s::bigint[]) as mine (key, epoch)
     where i.key = mine.key and i.epoch = mine.epoch and i.lease_until is not null and i.status in ('planned', 'in_doubt', 'waiting')
       and (i.resend_after is null or i.resend_after <= i.claimed_at) and not {_SWITCHED_OFF.format("i")}
       and (i.target_key is null or not exists (select 1 from hub.intent o where {UNDER_WAY.format("i")}))
    returning i.*
),
told as (
    insert into hub.ledger (at, pairing, run_id, actor, kind, system, entity, key, intent_key, detail)
    select sent_at, pairing, coalesce(%(run_id)s, run_id), 'crosswalk', 'sending', source_system, source_entity, source_key, key,
           jsonb_build_object('attempt', attempt, 'epoch', epoch, 'payload_hash', payload_hash)
      from sent order by plan_id, position
)
select key from sent
"""


def claim(
    connection: Connection, *, pairing: str, flow: str, limit: int, lease_seconds: float, now: datetime | None = None
) -> list[Claimed]:
    """Take up to ``limit`` intents for this worker; commit before working on them. What others are taking is passed over.

    Taken are planned ones whose parent is done and whose time has come, and doubtful ones (module text). Nothing of a flow that
    was switched to off or shadow is taken, not even to look it up.
    """
    parameters = {"pairing": pairing, "flow": flow, "limit": limit, "lease": lease_seconds, "now": now}
    with connection.cursor(row_factory=class_row(Claimed)) as cursor:
        return cursor.execute(_CLAIM, parameters).fetchall()


def mark_sending(connection: Connection, key: str, epoch: int, **options: Any) -> bool:
    """Record that one request is about to go out; see :func:`mark_all_sending`. False when it must not."""
    return key in mark_all_sending(connection, {key: epoch}, **options)


def mark_all_sending(
    connection: Connection,
    epochs: Mapping[str, int],
    *,
    lease_seconds: float = 90,
    longest_request_seconds: float = 900,
    run_id: str | None = None,
    now: datetime | None = None,
) -> set[str]:
    """Record that these intents (key: epoch) are about to go out, and return the keys of those that may.

    Commit before they do, and begin no request after ``lease_seconds`` from now. Left out is what is not its epoch's any more, what
    is in doubt and was claimed too early to be sent again, what was switched off with its flow, and an update of a record that
    another one may be arriving at: the caller must not send those. What became of the others nobody else knows until it is recorded.
    """
    turns = connection.execute(_TAKE_TURNS, {"keys": list(epochs)}).fetchall()
    keys = [key for (key,) in turns]
    parameters: dict[str, object] = {"keys": keys, "epochs": [epochs[key] for key in keys], "run_id": run_id}
    parameters |= {"lease": lease_seconds, "longest": longest_request_seconds, "now": now}
    return {key for (key,) in connection.execute(_SEND, parameters).fetchall()}


@dataclass(frozen=True, slots=True)
class Unsettled(Wanted):
    """A delivered write that was not read back yet."""

    target_system: str
    target_key: str


_UNSETTLED = f"""
select {", ".join(Unsettled.__dataclass_fields__)} from hub.intent
 where pairing = %s and flow = %s and status = 'done' and settled_at is null and target_key is not null
 order by finished_at, key limit %s
"""

_SETTLE = """
with settled as (
    update hub.intent set settled_at = coalesce(%(now)s, clock_timestamp())
     where key = any(%(keys)s) and status = 'done' and settled_at is null
    returning *
)
insert into hub.ledger (at, pairing, run_id, actor, kind, system, entity, key, intent_key, detail)
select settled_at, pairing, coalesce(%(run_id)s, run_id), %(actor)s, 'settled', source_system, source_entity, source_key, key, '{}'
  from settled
"""


def unsettled(connection: Connection, *, pairing: str, flow: str, limit: int = 10_000) -> list[Unsettled]:
    """Return delivered writes that were not read back yet, the oldest first."""
    with connection.cursor(row_factory=class_row(Unsettled)) as cursor:
        return cursor.execute(_UNSETTLED, (pairing, flow, limit)).fetchall()


def mark_settled(
    connection: Connection,
    keys: Sequence[str],
    *,
    run_id: str | None = None,
    actor: str = ledger.ENGINE,
    now: datetime | None = None,
) -> int:
    """Record that these writes were read back and are the base now; return how many that newly are."""
    return connection.execute(_SETTLE, {"keys": list(keys), "run_id": run_id, "actor": actor, "now": now}).rowcount
