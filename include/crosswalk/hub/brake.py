"""The mass-change brake: what a run wants beyond its limits waits at the gate until a person releases it, who and why in the ledger.

What is braked is the plan: everything of the flow that waits at the gate. A release names the last plan that the person saw, so that
what was planned after that is judged anew, and a run releases a flow once: cleared later, it lets nothing through that came since.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.rows import class_row

from crosswalk.hub import ledger
from crosswalk.hub.database import Connection
from crosswalk.hub.gate import HeldIntent, held_intents, let_through

HINT = (
    "Look at what is planned. If it is meant, answer the question in the pairing's approvals DAG, or run the flow with "
    "`release_brake` and a reason; else mend the source, and the next plan replaces it."
)


@dataclass(frozen=True, slots=True)
class Braked:
    """A flow whose plan waits for a person: which limit it goes over, how many writes, up to which plan, since when."""

    flow: str
    excess: str
    intents: int
    plan_id: int
    since: datetime


_EXPLAIN = """
update hub.intent set message = %(excess)s, hint = %(hint)s
 where key = any(%(keys)s) and status = 'held' and held_reason = 'gate' and message is distinct from %(excess)s
"""

# Only the gate writes words on what it keeps waiting; what was planned since bears none until the gate has judged it.
_BRAKED = """
select flow, max(message) as excess, count(*) as intents, max(plan_id) as plan_id, min(created_at) as since
  from hub.intent
 where pairing = %(pairing)s and status = 'held' and held_reason = 'gate' and message is not null
   and (%(flow)s::text is null or flow = %(flow)s)
 group by flow order by flow
"""

# A refusal stands for the plans it was about; a question stands for its plan until it is time to ask again.
_UNASKED = """
select not exists (
    select 1 from hub.ledger l
     where l.pairing = %(pairing)s and l.kind in ('brake_asked', 'brake_refused') and l.detail ->> 'flow' = %(flow)s
       and (l.detail ->> 'plan')::bigint >= %(plan)s
       and (l.kind = 'brake_refused' or (l.at > clock_timestamp() - %(again_after)s and l.run_id is distinct from %(run_id)s)))
"""

_SAID = """
select 1 from hub.ledger
 where run_id = %(run_id)s and kind = %(kind)s and detail ->> 'flow' = %(flow)s
   and (%(plan)s::bigint is null or (detail ->> 'plan')::bigint = %(plan)s) limit 1
"""


def brake(
    connection: Connection, keys: Sequence[str], *, pairing: str, flow: str, run_id: str, excess: str, now: datetime
) -> None:
    """Say on intents at the gate why they are not sent, and tell the ledger when that is news."""
    news = connection.execute(_EXPLAIN, {"keys": list(keys), "excess": excess, "hint": HINT}).rowcount
    if news:
        detail = {"flow": flow, "intents": len(keys), "excess": excess}
        ledger.write(connection, [ledger.Entry("braked", pairing, run_id, detail=detail)], now=now)


def braked(connection: Connection, pairing: str, *, flow: str | None = None) -> list[Braked]:
    """Return the flows (or the one) whose plan the brake holds."""
    with connection.cursor(row_factory=class_row(Braked)) as cursor:
        return cursor.execute(_BRAKED, {"pairing": pairing, "flow": flow}).fetchall()


def held_plan(connection: Connection, pairing: str, flow: str, plan_id: int) -> list[HeldIntent]:
    """Return what of a flow waits at the gate and was planned no later than ``plan_id``."""
    waiting = held_intents(connection, pairing=pairing, flow=flow, reason="gate")
    return [intent for intent in waiting if intent.plan_id <= plan_id]


def ask_about(connection: Connection, pairing: str, *, run_id: str, again_after: timedelta) -> list[Braked]:
    """Return the braked plans that nobody is being asked about, and note that this run asks; repeated in one run it gives the same."""
    found = []
    for one in braked(connection, pairing):
        about = {"pairing": pairing, "flow": one.flow, "plan": one.plan_id, "run_id": run_id}
        row = connection.execute(_UNASKED, {**about, "again_after": again_after}).fetchone()
        if row is None or not row[0]:
            continue
        found.append(one)
        if not _said(connection, "brake_asked", one.flow, run_id, one.plan_id):
            detail = {"flow": one.flow, "plan": one.plan_id, "intents": one.intents, "excess": one.excess}
            ledger.write(connection, [ledger.Entry("brake_asked", pairing, run_id, detail=detail)])
    return found


def was_released_by(connection: Connection, flow: str, run_id: str) -> bool:
    """Tell whether this run has released the flow's brake already."""
    return _said(connection, "brake_released", flow, run_id)


def _said(connection: Connection, kind: str, flow: str, run_id: str, plan_id: int | None = None) -> bool:
    about = {"kind": kind, "flow": flow, "run_id": run_id, "plan": plan_id}
    return connection.execute(_SAID, about).fetchone() is not None


def release_brake(
    connection: Connection,
    *,
    pairing: str,
    flow: str,
    plan_id: int,
    actor: str,
    reason: str,
    run_id: str,
    now: datetime | None = None,
) -> int:
    """Let through, by a person's word, what waits at the gate up to ``plan_id``; return how many writes that are.

    The ledger keeps who said so and why, once for the whole and on every intent.
    """
    keys = [intent.key for intent in held_plan(connection, pairing, flow, plan_id)]
    passed = let_through(connection, keys, run_id=run_id, actor=actor, now=now)
    detail = {"flow": flow, "plan": plan_id, "intents": passed, "reason": reason}
    ledger.write(connection, [ledger.Entry("brake_released", pairing, run_id, actor, detail=detail)], now=now)
    return passed


def refuse_brake(
    connection: Connection, *, pairing: str, flow: str, plan_id: int, actor: str, reason: str, run_id: str
) -> None:
    """Keep a braked plan waiting, by a person's word: nobody is asked about it again until something is planned anew.

    Said again in the same run it changes nothing.
    """
    if _said(connection, "brake_refused", flow, run_id, plan_id):
        return
    detail = {"flow": flow, "plan": plan_id, "reason": reason}
    ledger.write(connection, [ledger.Entry("brake_refused", pairing, run_id, actor, detail=detail)])
