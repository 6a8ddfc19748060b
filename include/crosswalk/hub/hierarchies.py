"""Linked customers and their parents, as the hub knows them; what both sides agreed on last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from crosswalk.hub.database import Connection
from crosswalk.hub.intent import OF_TARGET

FLOWS: Mapping[str, str] = {"parents_to_crm": "erp", "parents_to_erp": "crm"}
"""The flows that carry parents, and whose word counts in each."""

STAGE = "parents"
"""The quarantine stage of parents that a person has to put right."""

UNLINKED = "unlinked"
"""Why an intent is held whose parent is linked with nothing in the target."""


@dataclass(frozen=True, slots=True)
class LinkedCustomer:
    """A linked customer of which both records live. ``parent`` and ``there`` are the parents that master and target name; ``counterpart``
    is the target's record of the master's parent; the ``agreed`` ones are those of the last agreement, if ``settled``.
    """

    link_id: int
    master: str
    master_version: str
    target: str
    target_version: str
    name: str | None
    parent: str | None
    parent_is_known: bool
    counterpart: str | None
    there: str | None
    settled: bool
    agreed_master: str | None
    agreed_target: str | None


_OF_RECORD = """(select e.link_id from hub.link_end e
                  where e.pairing = %(pairing)s and e.entity = 'customer' and e.system = {system} and e.key = {key} limit 1)"""

_ALL = "select id as link_id from hub.link where pairing = %(pairing)s and entity = 'customer'"

# Records that changed, links that are new with the children of their records, and what is wanted or waits.
_FEW = f"""
    select e.link_id from hub.customer c cross join lateral {_OF_RECORD.format(system="c.system", key="c.key")} e
     where c.system = %(master)s and c.changed_at > %(since)s
     union
    select e.link_id from hub.customer c cross join lateral {_OF_RECORD.format(system="c.system", key="c.key")} e
     where c.system = %(target)s and c.changed_at > %(since)s
     union
    select id from hub.link where pairing = %(pairing)s and entity = 'customer' and created_at > %(since)s
     union
    select mine.link_id from hub.link l
     cross join lateral (select e.key from hub.link_end e where e.link_id = l.id and e.system = %(master)s limit 1) above
     cross join lateral (select c.key from hub.customer c where c.system = %(master)s and c.parent_key = above.key offset 0) child
     cross join lateral {_OF_RECORD.format(system="%(master)s", key="child.key")} mine
     where l.pairing = %(pairing)s and l.entity = 'customer' and l.created_at > %(since)s
     union
    select e.link_id from hub.intent i cross join lateral {_OF_RECORD.format(system="%(target)s", key="i.target_key")} e
     where i.pairing = %(pairing)s and i.flow = %(flow)s and i.status in ('planned', 'held')
     union
    select e.link_id from hub.intent i cross join lateral {_OF_RECORD.format(system="%(target)s", key="i.target_key")} e
     where i.pairing = %(pairing)s and i.flow = %(flow)s and i.status in ('rejected', 'shadowed')
     union
    select e.link_id from hub.quarantine q cross join lateral {_OF_RECORD.format(system="%(master)s", key="q.key")} e
     where q.pairing = %(pairing)s and q.system = %(master)s and q.entity = 'customer' and q.stage = '{STAGE}' and q.status = 'open'
"""

_NAMED = f"select e.link_id from unnest(%(asked)s::text[]) k cross join lateral {_OF_RECORD.format(system='%(master)s', key='k')} e"

# Nothing is to be said of who has no parent in either system and had none.
_CUSTOMERS = """
select looked.link_id, m.key as master, m.version as master_version, t.key as target, t.version as target_version,
       coalesce(m.name, t.name) as name, m.parent_key as parent,
       exists (select 1 from hub.customer p where p.system = %(master)s and p.key = m.parent_key and p.deleted_at is null) as parent_is_known,
       above.key as counterpart, t.parent_key as there, b.link_id is not null as settled,
       b.{master_side}_parent as agreed_master, b.{target_side}_parent as agreed_target
  from ({candidates}) looked
 cross join lateral (select e.key from hub.link_end e where e.link_id = looked.link_id and e.system = %(master)s limit 1) mine
 cross join lateral (select e.key from hub.link_end e where e.link_id = looked.link_id and e.system = %(target)s limit 1) theirs
 cross join lateral (select c.key, c.version, c.name, c.parent_key from hub.customer c
                      where c.system = %(master)s and c.key = mine.key and c.deleted_at is null limit 1) m
 cross join lateral (select c.key, c.version, c.name, c.parent_key from hub.customer c
                      where c.system = %(target)s and c.key = theirs.key and c.deleted_at is null limit 1) t
  left join hub.agreed_parent b on b.link_id = looked.link_id
  left join lateral (select e.key from hub.link_end own join hub.link_end e on e.link_id = own.link_id and e.system = %(target)s
                      where own.pairing = %(pairing)s and own.entity = 'customer' and own.system = %(master)s and own.key = m.parent_key
                      limit 1) above on true
 where m.parent_key is not null or t.parent_key is not null or b.link_id is not null
 order by t.key
"""

_ABOVE = """
with recursive up (key) as (
    select unnest(%(keys)s::text[])
     union
    select c.parent_key from up cross join lateral (select c.parent_key from hub.customer c
                      where c.system = %(system)s and c.key = up.key and c.deleted_at is null and c.parent_key is not null limit 1) c
)
select up.key, c.parent_key from up
 cross join lateral (select c.parent_key from hub.customer c
                      where c.system = %(system)s and c.key = up.key and c.deleted_at is null and c.parent_key is not null limit 1) c
"""

_IN_THE_AIR = """
select target_key, payload ->> 'parent' from hub.intent
 where pairing = %(pairing)s and flow = %(flow)s and status in ('sending', 'in_doubt')
 union
select target_key, payload ->> 'parent' from hub.intent
 where pairing = %(pairing)s and flow = %(flow)s and status = 'done' and settled_at is null
"""

_WRITTEN = f"""
select target_key, count(*) from unnest(%(keys)s::text[]) k cross join lateral {OF_TARGET.format("%(target)s", "k")} i
 where pairing = %(pairing)s and flow = %(flow)s and status = 'done' group by 1
"""

_EXPLAIN = (
    "update hub.intent set message = %s, hint = %s where key = %s and status = 'held' and message is distinct from %s"
)

_AGREE = """
insert into hub.agreed_parent as a (link_id, crm_parent, erp_parent, settled_at, run_id)
select s.link_id, s.crm, s.erp, coalesce(%(now)s, clock_timestamp()), %(run_id)s
  from unnest(%(links)s::bigint[], %(crm)s::text[], %(erp)s::text[]) as s (link_id, crm, erp)
on conflict (link_id) do update
   set crm_parent = excluded.crm_parent, erp_parent = excluded.erp_parent, settled_at = excluded.settled_at, run_id = excluded.run_id
 where (a.crm_parent, a.erp_parent) is distinct from (excluded.crm_parent, excluded.erp_parent)
"""

_LINKS = (
    "select key, link_id from hub.link_end where pairing = %s and entity = 'customer' and system = %s and key = any(%s)"
)


@dataclass(frozen=True, slots=True)
class Agreement:
    """What both sides of a link name as the parent from now on, each by its own system's key."""

    link_id: int
    crm: str | None
    erp: str | None


def linked_customers(
    connection: Connection,
    *,
    pairing: str,
    flow: str,
    master: str,
    target: str,
    since: datetime | None,
    asked: Sequence[str] | None = None,
) -> list[LinkedCustomer]:
    """Return linked customers whose parents may differ: those to whom something happened after ``since`` and those that wait; all that
    have a parent anywhere for None, those with these keys in the master where ``asked``.
    """
    candidates = _NAMED if asked is not None else _ALL if since is None else _FEW
    master_side, target_side = ("crm", "erp") if FLOWS[flow] == "crm" else ("erp", "crm")
    query = _CUSTOMERS.format(candidates=candidates, master_side=master_side, target_side=target_side)
    parameters = {"pairing": pairing, "flow": flow, "master": master, "target": target, "since": since, "asked": asked}
    with connection.cursor(row_factory=class_row(LinkedCustomer)) as cursor:
        return cursor.execute(query.encode(), parameters).fetchall()


def parents_above(connection: Connection, system: str, keys: Sequence[str]) -> dict[str, str]:
    """Return the parents of these customers, of their parents, and so on; circles are no trouble."""
    return dict(connection.execute(_ABOVE, {"system": system, "keys": list(keys)}).fetchall())


def in_the_air(connection: Connection, pairing: str, flow: str) -> dict[str, str | None]:
    """Return the targets, and their new parents, of writes that were sent and not read back yet."""
    return dict(connection.execute(_IN_THE_AIR, {"pairing": pairing, "flow": flow}).fetchall())


def written_before(
    connection: Connection, pairing: str, flow: str, target: str, keys: Sequence[str]
) -> Mapping[str, int]:
    """Return how many times the parent of each of these records of ``target`` was written: the next one's number."""
    parameters = {"pairing": pairing, "flow": flow, "target": target, "keys": list(keys)}
    return dict(connection.execute(_WRITTEN.encode(), parameters).fetchall())


def explain_held(connection: Connection, key: str, message: str, hint: str) -> None:
    """Say on a held intent what it waits for."""
    connection.execute(_EXPLAIN, (message, hint, key, message))


def agree(connection: Connection, agreements: Sequence[Agreement], *, run_id: str, now: datetime | None = None) -> int:
    """Keep what both sides name now as agreed; return how many that changed."""
    parameters = {
        "links": [one.link_id for one in agreements],
        "crm": [one.crm for one in agreements],
        "erp": [one.erp for one in agreements],
        "run_id": run_id,
        "now": now,
    }
    return connection.execute(_AGREE, parameters).rowcount if agreements else 0


def links_of(connection: Connection, pairing: str, system: str, keys: Sequence[str]) -> dict[str, int]:
    """Return the links of these customers of ``system``."""
    return dict(connection.execute(_LINKS, (pairing, system, list(keys))).fetchall())


def agreement(link_id: int, master: str, of_master: str | None, of_target: str | None) -> Agreement:
    """Return an agreement, given from the master's side."""
    return Agreement(link_id, of_master, of_target) if master == "crm" else Agreement(link_id, of_target, of_master)
