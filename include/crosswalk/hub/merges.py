"""Merges inside a system: who a record went into, and what has to follow it there (law 11).

A merge is noted in the ledger of its loser: as ``merged`` when the system says so, as ``moved`` when documents that named the loser
name another record since. A note counts once the loser is deleted; a system's own word goes before what is inferred, and documents that
went to several records say nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from crosswalk.hub import ledger
from crosswalk.hub.columns import SCHEMA
from crosswalk.hub.database import Connection

MOST_STEPS = 20

_NOTES = """
select distinct key from hub.ledger where kind in ('merged', 'moved') and system = %(system)s and entity = %(entity)s
"""

# The merges there ever were are few beside links and intents: each is looked up.
_LINKED = f"""
with noted as materialized ({_NOTES})
select n.key from noted n
 cross join lateral (select 1 from hub.link_end e
                      where e.pairing = %(pairing)s and e.entity = %(entity)s and e.system = %(system)s and e.key = n.key limit 1) linked
"""

_INTENDED = f"""
with noted as materialized ({_NOTES})
select n.key from noted n
 cross join lateral (select 1 from hub.intent i
                      where (i.source_system, i.source_key) = (%(system)s, n.key) and i.operation = 'create' and i.pairing = %(pairing)s
                        and i.entity = %(entity)s and i.status in ('planned', 'held') limit 1) made_of_it
 union
select n.key from noted n
 cross join lateral (select 1 from hub.intent i
                      where (i.target_system, i.target_key) = (%(system)s, n.key) and i.operation = 'update' and i.pairing = %(pairing)s
                        and i.entity = %(entity)s and i.status in ('planned', 'held') limit 1) made_to_it
"""

_INTO = sql.SQL("""
select r.key,
       coalesce((select l.detail ->> 'into' from hub.ledger l
                  where l.kind = 'merged' and l.system = r.system and l.entity = %(entity)s and l.key = r.key order by l.id desc limit 1),
                (select min(l.detail ->> 'into') from hub.ledger l
                  where l.kind = 'moved' and l.system = r.system and l.entity = %(entity)s and l.key = r.key
                 having count(distinct l.detail ->> 'into') = 1))
  from {table} r
 where r.system = %(system)s and r.key = any(%(keys)s) and r.deleted_at is not null
""")

_WITHDRAW = """
with withdrawn as (
    update hub.intent i
       set status = 'shadowed', held_reason = null, mode = 'shadow', epoch = nextval('hub.epoch'), lease_until = null, message = null, hint = null
      from (select key from hub.intent o
             where o.pairing = %(pairing)s and o.entity = %(entity)s and o.status in ('planned', 'held') and o.resend_after is null
               and (o.operation = 'create' and (o.source_system, o.source_key) = (%(system)s, %(loser)s)
                    or o.operation = 'update' and (o.target_system, o.target_key) = (%(system)s, %(loser)s))
               for update skip locked) open
     where i.key = open.key
    returning i.*
)
insert into hub.ledger (at, pairing, run_id, actor, kind, system, entity, key, intent_key, detail)
select clock_timestamp(), pairing, %(run_id)s, %(actor)s, status, source_system, source_entity, source_key, key,
       jsonb_build_object('merged', %(loser)s::text, 'into', %(winner)s::text)
  from withdrawn
"""

_APART = f"""
with noted as materialized ({_NOTES})
select m.left_system, m.left_key, m.right_system, m.right_key, n.key
  from hub.match_candidate m
  join noted n on (m.left_system, m.left_key) = (%(system)s, n.key) or (m.right_system, m.right_key) = (%(system)s, n.key)
 where m.pairing = %(pairing)s and m.entity = %(entity)s and m.status = 'different'
"""

# What a person linked or called the same stays.
_KEEP_APART = """
insert into hub.match_candidate as m (pairing, entity, left_system, left_key, right_system, right_key, bits, reason, evidence,
                                      status, run_id, proposed_at, decided_at, decided_by)
select %(pairing)s, %(entity)s, %(ls)s, %(lk)s, %(rs)s, %(rk)s, 0, 'merged', '[]', 'different', %(run_id)s, t.at, t.at, %(actor)s
  from (select clock_timestamp() as at) t
 where not exists (select 1 from hub.link_end mine join hub.link_end theirs using (link_id)
                    where mine.pairing = %(pairing)s and mine.entity = %(entity)s
                      and (mine.system, mine.key) = (%(ls)s, %(lk)s) and (theirs.system, theirs.key) = (%(rs)s, %(rk)s))
on conflict (pairing, entity, left_system, left_key, right_system, right_key)
do update set status = 'different', decided_at = excluded.decided_at, decided_by = excluded.decided_by where m.status = 'open'
"""


def survivors(connection: Connection, system: str, entity: str, keys: Sequence[str]) -> dict[str, str]:
    """Return, for those of ``keys`` that were merged into others, where their chain of merges ends; one that was brought back ends it."""
    query = _INTO.format(table=sql.Identifier(SCHEMA, entity))
    at = {key: key for key in keys}
    for _ in range(MOST_STEPS):
        parameters = {"system": system, "entity": entity, "keys": sorted(set(at.values()))}
        into = {key: winner for key, winner in connection.execute(query, parameters) if winner is not None}
        if not into:
            break
        at = {key: into.get(end, end) for key, end in at.items()}
    return {key: end for key, end in at.items() if end != key}


def unfollowed(connection: Connection, pairing: str, entity: str, system: str) -> dict[str, str]:
    """Return merged records of ``system`` that are still linked or are still to be written, each with its survivor."""
    parameters = {"pairing": pairing, "entity": entity, "system": system}
    losers = {key for query in (_LINKED, _INTENDED) for (key,) in connection.execute(query.encode(), parameters)}
    return dict(sorted(survivors(connection, system, entity, sorted(losers)).items())) if losers else {}


def withdraw(
    connection: Connection, pairing: str, entity: str, system: str, loser: str, winner: str, *, run_id: str
) -> int:
    """Keep in shadow what is still to be written for or to a merged record; the next plan wants it of the survivor. Return how many.

    What was sent, or may have been, is settled as ever: its link follows then.
    """
    parameters = {"pairing": pairing, "entity": entity, "system": system, "loser": loser, "winner": winner}
    return connection.execute(_WITHDRAW, {**parameters, "run_id": run_id, "actor": ledger.ENGINE}).rowcount


def keep_apart(connection: Connection, pairing: str, entity: str, system: str, *, run_id: str) -> None:
    """Let people's word that a merged record is not some other hold for its survivor."""
    parameters = {"pairing": pairing, "entity": entity, "system": system}
    rows = connection.execute(_APART.encode(), parameters).fetchall()
    last = survivors(connection, system, entity, sorted({row[4] for row in rows})) if rows else {}
    for left_system, left_key, right_system, right_key, loser in rows:
        if loser in last:
            left = last[loser] if (left_system, left_key) == (system, loser) else left_key
            right = last[loser] if (right_system, right_key) == (system, loser) else right_key
            ends = {"ls": left_system, "lk": left, "rs": right_system, "rk": right}
            connection.execute(
                _KEEP_APART, {**ends, "pairing": pairing, "entity": entity, "run_id": run_id, "actor": ledger.ENGINE}
            )
