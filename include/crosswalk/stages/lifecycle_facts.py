"""Gathers from the hub which linked customers the pairing's rule table contradicts, and what became of earlier moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg

from crosswalk.hub.intent import OF_TARGET
from crosswalk.lifecycle import Standing
from crosswalk.lifecycle.standing import ACTIVE, TRADED, WON, kind_contradicts, may_move, stage_contradicts
from crosswalk.pairing import Pairing
from crosswalk.pairing.lifecycle import LifecyclePolicy
from crosswalk.platforms import Side

STAGE = "lifecycle"
"""The quarantine's stage of moves that a person decides about."""

# What changed since the last look on either side, with its deals, orders and invoices; what was linked; what is wanted or waits.
_TOUCHED = """(
    select e.link_id from hub.customer c
     cross join lateral (select e.link_id from hub.every_end e
                          where e.pairing = %(pairing)s and e.entity = 'customer' and e.system = c.system and e.key = c.key limit 1) e
     where c.system in (%(crm)s, %(erp)s) and c.changed_at > %(since)s
     union
    select e.link_id from hub.deal d
     cross join lateral (select e.link_id from hub.link_end e
                          where e.pairing = %(pairing)s and e.entity = 'customer' and e.system = %(crm)s and e.key = d.customer_key limit 1) e
     where d.system = %(crm)s and d.changed_at > %(since)s
     union
    select e.link_id from (select customer_key from hub."order" where system = %(erp)s and changed_at > %(since)s
                            union
                           select customer_key from hub.invoice where system = %(erp)s and changed_at > %(since)s) t
     cross join lateral (select e.link_id from hub.every_end e
                          where e.pairing = %(pairing)s and e.entity = 'customer' and e.system = %(erp)s and e.key = t.customer_key limit 1) e
     union
    select l.id from hub.link l where l.pairing = %(pairing)s and l.entity = 'customer' and l.created_at > %(since)s
     union
    select f.link_id from hub.further_end f where f.pairing = %(pairing)s and f.entity = 'customer' and f.created_at > %(since)s
     union
    select e.link_id from (
        select target_system as system, target_key as key from hub.intent
         where pairing = %(pairing)s and flow = %(flow)s and status in ('planned', 'held', 'sending', 'in_doubt')
         union
        select target_system, target_key from hub.intent
         where pairing = %(pairing)s and flow = %(flow)s and status in ('rejected', 'shadowed')
         union
        select system, key from hub.quarantine
         where pairing = %(pairing)s and entity = 'customer' and stage = 'lifecycle'
           and (status = 'open' or last_seen > %(since)s - interval '1 day')) w
     cross join lateral (select e.link_id from hub.every_end e
                          where e.pairing = %(pairing)s and e.entity = 'customer' and e.system = w.system and e.key = w.key limit 1) e
)"""

_ALL = "(select id as link_id from hub.link where pairing = %(pairing)s and entity = 'customer')"

# Each link's records are looked up by key: a planner without statistics would join the few that are looked at with the whole company.
_CONTRADICTED = """
select a.key, a.version, a.name, a.stage, b.key, b.version, b.name, b.kind, b.parent_key, {active}, {won}, {traded}
  from {looked_at} looked
 cross join lateral (select e.key from hub.link_end e where e.link_id = looked.link_id and e.system = %(crm)s offset 0) mine
 cross join lateral (select e.key, e.further from hub.every_end e where e.link_id = looked.link_id and e.system = %(erp)s offset 0) theirs
 cross join lateral (select c.system, c.key, c.version, c.name, c.stage from hub.customer c
                      where c.system = %(crm)s and c.key = mine.key and c.deleted_at is null offset 0) a
 cross join lateral (select c.system, c.key, c.version, c.name, c.kind, c.parent_key, c.is_active from hub.customer c
                      where c.system = %(erp)s and c.key = theirs.key and c.deleted_at is null offset 0) b
 where {may_move} and {contradicts}
   and (%(asked)s::text[] is null or a.key = any(%(asked)s) or b.key = any(%(asked)s))
 order by a.key, theirs.further, b.key
"""

_MOVED = f"""
select target_key, count(*), (array_agg(payload -> 'move' ->> 'to' order by finished_at desc))[1], bool_or(settled_at is null)
  from unnest(%(keys)s::text[]) k cross join lateral {OF_TARGET.format("%(system)s", "k")} i
 where pairing = %(pairing)s and flow = %(flow)s and entity = 'customer' and operation = 'update' and status = 'done'
 group by 1
"""


@dataclass(frozen=True, slots=True)
class Known:
    """One side of a linked customer: what a write and a person must know of it."""

    key: str
    version: str
    name: str


@dataclass(frozen=True, slots=True)
class Contradicted:
    """A linked customer of which the table wants something in the flow's target."""

    crm: Known
    erp: Known
    parent: str | None
    standing: Standing


@dataclass(frozen=True, slots=True)
class Moved:
    """What was written to a record so far: how many moves, whereto the last, and whether one was not read back yet."""

    times: int
    to: str | None
    unread: bool


def contradicted(
    connection: psycopg.Connection,
    pairing: Pairing,
    policy: LifecyclePolicy,
    flow: str,
    target: Side,
    *,
    since: datetime | None,
    asked: Sequence[str] | None = None,
) -> list[Contradicted]:
    """Return the customers that ought to be further in ``target``: of those that something happened to after ``since``, of all for None.

    ``asked`` narrows it to records with these keys, on either side.
    """
    condition = kind_contradicts(policy) if target == "erp" else stage_contradicts(policy)
    query = _CONTRADICTED.format(
        active=ACTIVE,
        won=WON,
        traded=TRADED,
        looked_at=_ALL if since is None else _TOUCHED,
        may_move=may_move(policy),
        contradicts=condition,
    )
    parameters = {"pairing": pairing.name, "crm": pairing.crm.system, "erp": pairing.erp.system, "flow": flow}
    rows = connection.execute(query.encode(), {**parameters, "since": since, "asked": asked}).fetchall()
    return [
        Contradicted(Known(*row[0:3]), Known(*row[4:7]), row[8], Standing(row[3], row[7], *row[9:12])) for row in rows
    ]


def moved_before(
    connection: psycopg.Connection, pairing: str, flow: str, system: str, keys: Sequence[str]
) -> Mapping[str, Moved]:
    """Return what became of earlier moves of these records of ``system``; unknown ones were never moved."""
    parameters = {"pairing": pairing, "flow": flow, "system": system, "keys": list(keys)}
    rows = connection.execute(_MOVED.encode(), parameters).fetchall()
    return {key: Moved(times, to, unread) for key, times, to, unread in rows}
