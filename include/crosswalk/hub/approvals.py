"""Approvals: what waits for a person, and what people decided. The ledger is where a decision is kept: who, when, about which payload.

A decision is about one payload, by its hash. When the deal changes, the intent's payload does, and the decision says nothing any more.
An intent that waits is ``held`` for ``approval``; approved it is held at the gate like any other, refused it stays held as ``refused``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.rows import class_row

from crosswalk.hub import ledger
from crosswalk.hub.database import Connection
from crosswalk.hub.gate import APPROVAL, REFUSED

__all__ = [
    "APPROVAL",
    "MOST_QUESTIONS",
    "REFUSED",
    "Decision",
    "Waiting",
    "ask",
    "decide",
    "decisions",
    "explain",
    "waiting",
]

MOST_QUESTIONS = 100
"""So many orders one run asks about; the next one asks about the rest."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An intent that waits for a person: for what it is, why, since when, and the hash of the payload that is asked about."""

    key: str
    payload_hash: str
    flow: str
    source_system: str
    source_entity: str
    source_key: str
    message: str | None
    payload: dict[str, Any]
    since: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about one payload of an intent."""

    intent_key: str
    payload_hash: str
    approved: bool
    actor: str
    at: datetime
    comment: str

    @property
    def words(self) -> str:
        """The decision as either system shows it: ``Approved by olga on 2026-11-23: long-standing customer``."""
        said = f"{'Approved' if self.approved else 'Refused'} by {self.actor} on {self.at:%Y-%m-%d}"
        return f"{said}: {self.comment}" if self.comment else said


_WAITING = """
select i.key, i.payload_hash, i.flow, i.source_system, i.source_entity, i.source_key, i.message, i.payload,
       coalesce((select min(l.at) from hub.ledger l where l.intent_key = i.key and l.kind = 'held'
                                                       and l.detail ->> 'payload_hash' = i.payload_hash), i.created_at) as since
  from hub.intent i
 where i.pairing = %(pairing)s and i.status = 'held' and i.held_reason = 'approval' and i.entity = 'order'
   and (%(keys)s::text[] is null or i.key = any(%(keys)s))
   and not exists (select 1 from hub.ledger a where a.intent_key = i.key and a.kind = 'asked' and a.at > %(asked_since)s::timestamptz
                      and a.detail ->> 'payload_hash' = i.payload_hash and a.run_id is distinct from %(run_id)s)
 order by i.plan_id, i.position
"""

_DECISIONS = """
select distinct on (intent_key, detail ->> 'payload_hash')
       intent_key, detail ->> 'payload_hash' as payload_hash, kind = 'approved' as approved, actor, at, coalesce(detail ->> 'comment', '') as comment
  from hub.ledger where intent_key = any(%s) and kind in ('approved', 'refused')
 order by intent_key, detail ->> 'payload_hash', id desc
"""

_EXPLAIN = """
update hub.intent set message = %(message)s, hint = %(hint)s
 where key = %(key)s and status = 'held' and held_reason in ('approval', 'refused') and message is distinct from %(message)s
"""

_ONE_AT_A_TIME = "select pg_advisory_xact_lock(hashtextextended('approvals|' || %s, 0))"

_MINE = """
select source_system, source_entity, source_key from hub.intent
 where pairing = %(pairing)s and key = %(key)s and payload_hash = %(payload_hash)s and status = 'held' and held_reason = 'approval' for update
"""

_RECORDED = """
select 1 from hub.ledger
 where intent_key = %(key)s and kind = %(kind)s and actor = %(actor)s and run_id = %(run_id)s and detail ->> 'payload_hash' = %(payload_hash)s
"""

# What it depends on was held with it: a customer is not created for an order that nobody approved.
_APPROVE = """
with recursive mine as (
    select key, depends_on from hub.intent where key = %(key)s
     union
    select p.key, p.depends_on from hub.intent p join mine m on p.key = m.depends_on where p.status = 'held' and p.held_reason = 'approval'
)
update hub.intent i set held_reason = 'gate', message = null, hint = null, epoch = nextval('hub.epoch') from mine m where i.key = m.key
"""

_REFUSE = """
update hub.intent set held_reason = 'refused', message = %(message)s, hint = %(hint)s, epoch = nextval('hub.epoch') where key = %(key)s
"""


def waiting(
    connection: Connection,
    pairing: str,
    *,
    keys: Sequence[str] | None = None,
    run_id: str | None = None,
    asked_since: datetime | None = None,
) -> list[Waiting]:
    """Return what waits for a person, oldest plan first; without what another run than ``run_id`` asked about after ``asked_since``."""
    parameters = {"pairing": pairing, "keys": None if keys is None else list(keys), "run_id": run_id}
    with connection.cursor(row_factory=class_row(Waiting)) as cursor:
        return cursor.execute(_WAITING, {**parameters, "asked_since": asked_since}).fetchall()


def ask(connection: Connection, pairing: str, *, run_id: str, again_after: timedelta) -> list[Waiting]:
    """Return what nobody is being asked about, and note that this run asks now; repeating it in the same run gives the same.

    Runs that ask at the same time take turns, so that nobody is asked twice about the same.
    """
    connection.execute(_ONE_AT_A_TIME, (pairing,))
    row = connection.execute("select clock_timestamp()").fetchone()
    assert row is not None
    found = waiting(connection, pairing, run_id=run_id, asked_since=row[0] - again_after)[:MOST_QUESTIONS]
    known = {
        key
        for (key,) in connection.execute(
            "select intent_key from hub.ledger where run_id = %s and kind = 'asked'", (run_id,)
        )
    }
    entries = [
        ledger.Entry(
            "asked",
            pairing,
            run_id,
            system=one.source_system,
            entity=one.source_entity,
            key=one.source_key,
            intent_key=one.key,
            detail={"payload_hash": one.payload_hash, "message": one.message},
        )
        for one in found
        if one.key not in known
    ]
    ledger.write(connection, entries)
    return found


def explain(connection: Connection, key: str, message: str, hint: str) -> None:
    """Say on an intent that waits why it does."""
    connection.execute(_EXPLAIN, {"key": key, "message": message, "hint": hint})


def decisions(connection: Connection, keys: Sequence[str]) -> dict[tuple[str, str], Decision]:
    """Return the last decision about each payload of these intents, by intent key and payload hash."""
    if not keys:
        return {}
    with connection.cursor(row_factory=class_row(Decision)) as cursor:
        found = cursor.execute(_DECISIONS, (list(keys),)).fetchall()
    return {(one.intent_key, one.payload_hash): one for one in found}


def decide(
    connection: Connection,
    pairing: str,
    *,
    key: str,
    payload_hash: str,
    approved: bool,
    actor: str,
    comment: str = "",
    run_id: str | None = None,
) -> bool:
    """Record a person's decision about one payload and act on it; False when that payload does not wait any more.

    The deal may have been changed meanwhile, or somebody else decided: the ledger then says that the answer lapsed. Recording an
    answer again in the same run changes nothing.
    """
    parameters = {"pairing": pairing, "key": key, "payload_hash": payload_hash}
    row = connection.execute(_MINE, parameters).fetchone()
    kind = "approved" if approved else "refused"
    recorded = {"key": key, "payload_hash": payload_hash, "kind": kind, "actor": actor, "run_id": run_id}
    if row is None and connection.execute(_RECORDED, recorded).fetchone() is not None:
        return True
    detail = {"payload_hash": payload_hash, "comment": comment, "answer": "approve" if approved else "refuse"}
    if row is None:
        lapsed = ledger.Entry("approval_lapsed", pairing, run_id, actor, intent_key=key, detail=detail)
        ledger.write(connection, [lapsed])
        return False
    if approved:
        connection.execute(_APPROVE, {"key": key})
    else:
        said = f": {comment}" if comment else "."
        words = {
            "message": f"Refused by {actor}{said}",
            "hint": "Change the deal: what is different is asked about anew.",
        }
        connection.execute(_REFUSE, {"key": key, **words})
    system, entity, source = row
    ledger.write(connection, [ledger.Entry(kind, pairing, run_id, actor, system, entity, source, None, key, detail)])
    return True
