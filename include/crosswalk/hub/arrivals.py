"""Many writes that arrived, recorded as one: what :func:`crosswalk.hub.outcomes.finish` does for each, in as many statements as for one.

A platform that takes 200 records a request answers for all of them at once; recorded one after the other they would take
longer than the request did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from crosswalk.hub import ledger
from crosswalk.hub.database import Connection
from crosswalk.hub.dependants import free_dependants
from crosswalk.hub.outcomes import STAGE, Finishing, leave_quarantine
from crosswalk.model.records import Outcome, Receipt


@dataclass(frozen=True, slots=True)
class Arrival:
    """An intent of an epoch, and the receipt that says that it is done."""

    key: str
    epoch: int
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class _Finished(Finishing):
    was: str
    adopted: bool
    waited_for: bool
    in_quarantine: bool


# Locked in the order of their keys, so that two that record the same intents do not wait for each other.
_FINISH = """
with owned as materialized (
    select i.key, i.status as was, i.attempt, i.pairing, i.run_id, i.source_system, i.source_entity, i.source_key,
           mine.native_id, mine.adopted, coalesce(%(now)s, clock_timestamp()) as at
      from unnest(%(keys)s::text[], %(epochs)s::bigint[], %(ids)s::text[], %(adopted)s::boolean[]) as mine (key, epoch, native_id, adopted)
      join hub.intent i on i.key = mine.key and i.epoch = mine.epoch
     where i.lease_until is not null and i.status in ('planned', 'sending', 'in_doubt')
     order by i.key
       for update of i
),
done as (
    update hub.intent i
       set status = 'done', target_key = coalesce(o.native_id, i.target_key), finished_at = o.at, lease_until = null, not_before = null,
           resend_after = null, error_class = null, error_code = null, message = null, hint = null
      from owned o where i.key = o.key
),
told as (
    insert into hub.ledger (at, pairing, run_id, actor, kind, system, entity, key, intent_key, detail)
    select at, pairing, coalesce(%(run_id)s, run_id), %(actor)s, 'done', source_system, source_entity, source_key, key,
           jsonb_strip_nulls(jsonb_build_object('attempt', attempt, 'from', was, 'target_key', native_id, 'adopted', nullif(adopted, false)))
      from owned order by key
)
select o.key, o.was, o.adopted, o.at, o.pairing, o.source_system, o.source_entity, o.source_key,
       exists (select 1 from hub.intent c where c.depends_on = o.key and c.status = 'held') as waited_for,
       exists (select 1 from hub.quarantine q
                where q.status = 'open' and (q.pairing, q.system, q.entity, q.key) = (o.pairing, o.source_system, o.source_entity, o.source_key)
                  and q.stage = %(stage)s) as in_quarantine
  from owned o
"""


def arrived(receipt: Receipt) -> bool:
    """Tell whether a receipt says that its write is done and nothing else: :func:`finish_all` records such ones."""
    return receipt.outcome is Outcome.DONE and (receipt.error_class, receipt.error_code, receipt.message) == (None,) * 3


def finish_all(
    connection: Connection,
    arrivals: Sequence[Arrival],
    *,
    run_id: str | None = None,
    actor: str = ledger.ENGINE,
    now: datetime | None = None,
) -> set[str]:
    """Record that these are done and return the keys of those that were still their epoch's.

    Raises ValueError for one that was never recorded as sending and is not adopted (law 1); then nothing is recorded.
    """
    parameters: dict[str, object] = {
        "keys": [one.key for one in arrivals],
        "epochs": [one.epoch for one in arrivals],
        "ids": [one.receipt.native_id for one in arrivals],
        "adopted": [one.receipt.adopted for one in arrivals],
        "stage": STAGE,
    }
    with connection.cursor(row_factory=class_row(_Finished)) as cursor:
        finished = cursor.execute(_FINISH, {**parameters, "run_id": run_id, "actor": actor, "now": now}).fetchall()
    for one in finished:
        if one.was == "planned" and not one.adopted:
            raise ValueError(f"Intent {one.key} is done without ever being marked as sending (law 1).")
        _follow(connection, one, run_id, actor)
    return {one.key for one in finished}


def _follow(connection: Connection, one: _Finished, run_id: str | None, actor: str) -> None:
    """Close what was in quarantine because of it, and let go what was held because it was rejected once."""
    if one.in_quarantine:
        leave_quarantine(connection, one, run_id, actor)
    if one.waited_for:
        free_dependants(connection, one.key, run_id=run_id, now=one.at)
