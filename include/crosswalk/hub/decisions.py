"""What people decide about quarantined records: who looks after them, leave them alone, close them, replay them. All of it is told
in the ledger, with who and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from crosswalk.hub import approvals, ledger
from crosswalk.hub.causes import SPAN, WHERE, Wanted
from crosswalk.hub.database import Connection
from crosswalk.hub.gate import replan, replan_all
from crosswalk.hub.quarantine import QuarantineItem

MOST = 10_000
"""Records that one decision takes at most; whoever means more decides again."""

_TOLD = """
insert into hub.ledger (at, pairing, run_id, actor, kind, system, entity, key, intent_key, detail)
select clock_timestamp(), pairing, null, %(actor)s, %(kind)s, system, entity, key, payload ->> 'intent',
       jsonb_strip_nulls(jsonb_build_object('stage', stage, 'class', error_class, 'reason', nullif(%(reason)s::text, ''), {detail}))
  from decided
"""

_DECIDE = f"""
with {SPAN},
chosen as materialized (
    select q.* from hub.quarantine q where {WHERE} order by q.id limit {MOST} for update of q
),
decided as (
    update hub.quarantine q set {{change}} from chosen where q.id = chosen.id
    returning q.*, chosen.owner as old_owner
)
"""

_ASSIGN = _DECIDE.format(change="owner = %(owner)s") + _TOLD.format(detail="'owner', owner, 'was', old_owner")
_IGNORE = _DECIDE.format(change="ignored_at = clock_timestamp(), ignored_by = %(actor)s") + _TOLD.format(
    detail="'message', message"
)
_NOTICE = _DECIDE.format(change="ignored_at = null, ignored_by = null") + _TOLD.format(detail="'message', message")
_CLOSE = _DECIDE.format(
    change="status = 'resolved', resolved_at = clock_timestamp(), resolved_by = %(actor)s"
) + _TOLD.format(detail="'times', times")

_CHOSEN = f"""
with {SPAN}
select q.id, q.stage, q.entity, q.key, q.payload ->> 'intent', q.payload ->> 'flow'
  from hub.quarantine q where {WHERE} order by q.id limit {MOST} for update of q
"""

# What a replayed write did is told with the write; the others have no write yet.
_REPLAYED = """
with decided as (
    update hub.quarantine set replayed_at = clock_timestamp(), replayed_by = %(actor)s where id = any(%(ids)s) returning *
)
insert into hub.ledger (at, pairing, actor, kind, system, entity, key, detail)
select clock_timestamp(), pairing, %(actor)s, 'replayed', system, entity, key,
       jsonb_strip_nulls(jsonb_build_object('stage', stage, 'class', error_class, 'reason', nullif(%(reason)s::text, '')))
  from decided where payload ->> 'intent' is null
"""


def assign(connection: Connection, wanted: Wanted, owner: str | None, *, actor: str) -> int:
    """Say who looks after these items (None: nobody); return how many."""
    return _decide(connection, _ASSIGN, wanted, "assigned", actor, "", owner=owner)


def ignore(connection: Connection, wanted: Wanted, *, actor: str, reason: str) -> int:
    """Leave these items alone for as long as they fail in the same way; return how many."""
    return _decide(connection, _IGNORE, wanted, "ignored", actor, reason)


def notice(connection: Connection, wanted: Wanted, *, actor: str, reason: str) -> int:
    """Take back :func:`ignore`; return how many."""
    return _decide(connection, _NOTICE, wanted, "noticed", actor, reason)


def close(connection: Connection, wanted: Wanted, *, actor: str, reason: str) -> int:
    """Close these items, whatever became of the records: they come back when they fail again. Return how many."""
    return _decide(connection, _CLOSE, wanted, "resolved", actor, reason)


def _decide(
    connection: Connection, statement: str, wanted: Wanted, kind: str, actor: str, reason: str, **more: object
) -> int:
    parameters = {**wanted.parameters(), "kind": kind, "actor": actor, "reason": reason, **more}
    return connection.execute(statement, parameters).rowcount


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay set going.

    ``released``: writes that the next delivery of their flow sends, by flow. ``stuck``: writes that are not refused (any more): under
    way, in doubt, or held for a person, who is not passed by this way. ``planned`` and ``read``: records, as ``entity:key``, that have no write yet: they are planned, or read, anew.
    """

    released: dict[str, int] = field(default_factory=dict)
    stuck: int = 0
    planned: list[str] = field(default_factory=list)
    read: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many records are tried again."""
        return sum(self.released.values()) + len(self.planned) + len(self.read)


def replay(connection: Connection, wanted: Wanted, *, actor: str, reason: str) -> Replayed:
    """Let these records be tried again by the next run: writes as they are, others from the record as it is in its system."""
    chosen = connection.execute(_CHOSEN, wanted.parameters()).fetchall()
    intents = [intent for *_, intent, _ in chosen if intent]
    released = set(replan_all(connection, intents, actor=actor, reason=reason, refused_only=True)) if intents else set()
    result, tried, stuck = Replayed(), [], 0
    for item_id, stage, entity, key, intent, flow in chosen:
        if intent and intent not in released:
            stuck += 1
            continue
        tried.append(item_id)
        if intent:
            result.released[flow] = result.released.get(flow, 0) + 1
        else:
            (result.read if stage == "pull" else result.planned).append(f"{entity}:{key}")
    connection.execute(_REPLAYED, {"ids": tried, "actor": actor, "reason": reason})
    return Replayed(result.released, stuck, result.planned, result.read)


def replay_edited(
    connection: Connection,
    item: QuarantineItem,
    payload: Mapping[str, object],
    changes: Mapping[str, object],
    *,
    actor: str,
    reason: str,
    why_held: tuple[str, str] | None = None,
) -> bool:
    """Replay one item's write with the values a person gave it; False when it is not refused any more.

    ``changes`` says what was edited, as ``{field: [from, to]}``, for the ledger. A plan leaves the person's values alone until the
    source record's version differs. A payload with ``approval`` waits for one; ``why_held`` says why, and what can be done.
    """
    intent = str(item.payload["intent"])
    if not replan(connection, intent, {**payload, "edited_by": actor}, actor=actor, reason=reason, refused_only=True):
        return False
    if why_held:
        approvals.explain(connection, intent, *why_held)
    told = {"fields": dict(changes), "reason": reason}
    record = (item.system, item.entity, item.key)
    ledger.write(
        connection, [ledger.Entry("edited", item.pairing, None, actor, *record, intent_key=intent, detail=told)]
    )
    connection.execute(_REPLAYED, {"ids": [item.id], "actor": actor, "reason": reason})
    return True
