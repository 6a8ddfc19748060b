"""Undoing a link: what was written through it is told, the two are kept apart from then on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from crosswalk.hub.database import Connection
from crosswalk.hub.further import drop_further
from crosswalk.hub.links import unlink
from crosswalk.model.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class Written:
    """A write that was made through a link: what undoing the link leaves behind."""

    intent_key: str
    operation: str
    entity: str
    target_system: str
    target_key: str
    finished_at: datetime


# Further ends have writes of their own; the link's own ends answer for all, for further ones go with the link. An order was made through the
# link of its customer, and through those of the products on its lines. Records are found one by one, by indexes.
_WRITTEN = """
with mine as materialized (
    select link_id, further from hub.every_end
     where pairing = %(pairing)s and entity = %(entity)s and system = %(system)s and key = %(key)s
),
ends as materialized (
    select e.system, e.key, e.further, coalesce(f.created_at, l.created_at) as since
      from mine m
      join hub.link l on l.id = m.link_id
      join hub.every_end e on e.link_id = l.id and (not m.further or (e.system, e.key) = (%(system)s, %(key)s))
      left join hub.further_end f on e.further and (f.pairing, f.entity, f.system, f.key) = (e.pairing, e.entity, e.system, e.key)
),
others as materialized (
    select o.system, o.key from mine m join hub.link_end o on o.link_id = m.link_id
),
deals as materialized (
    select d.system, d.key from others o join hub.deal d on d.system = o.system and d.customer_key = o.key where %(entity)s = 'customer'
     union
    select n.system, n.deal_key from others o join hub.deal_line n on n.system = o.system and n.product_key = o.key where %(entity)s = 'product'
),
orders as materialized (
    select i.* from deals d
      join hub.intent i on i.source_system = d.system and i.source_key = d.key and i.source_entity = 'deal' and i.entity = 'order'
     where i.pairing = %(pairing)s and i.status = 'done' and i.target_key is not null
)
select i.key as intent_key, i.operation, i.entity, i.target_system, i.target_key, i.finished_at
  from ends e join hub.intent i on i.target_system = e.system and i.target_key = e.key and i.entity = %(entity)s
 where i.pairing = %(pairing)s and i.status = 'done' and i.finished_at >= e.since
 union
select i.key, i.operation, i.entity, i.target_system, i.target_key, i.finished_at
  from ends e join hub.intent i on i.source_system = e.system and i.source_key = e.key and i.source_entity = %(entity)s
 where i.pairing = %(pairing)s and i.status = 'done' and i.target_key is not null and i.finished_at >= e.since
 union
select i.key, i.operation, i.entity, i.target_system, i.target_key, i.finished_at
  from orders i join ends e on e.system = i.target_system and i.finished_at >= e.since
  left join hub."order" o on o.system = i.target_system and o.key = i.target_key
 where case when %(entity)s = 'customer' then o.customer_key = e.key or o.key is null and not e.further
            else exists (select 1 from hub.order_line n where n.system = i.target_system and n.order_key = i.target_key and n.product_key = e.key) end
 order by 6, 1
"""

# A further end has a pair with what is not of its own system; the link's own ends have theirs with one another.
_ENDS = """
select theirs.system, theirs.key
  from hub.every_end mine
  join hub.every_end theirs on theirs.link_id = mine.link_id
   and case when mine.further then theirs.system <> mine.system or theirs.key = mine.key else not theirs.further end
 where mine.pairing = %s and mine.entity = %s and mine.system = %s and mine.key = %s
 order by theirs.system
"""

# Which of the two is on the left is up to who proposed the pair: a decision must not stand beside its opposite.
_CALL_DIFFERENT = """
update hub.match_candidate set status = 'different', decided_at = coalesce(%(now)s, clock_timestamp()), decided_by = %(actor)s
 where pairing = %(pairing)s and entity = %(entity)s
   and (left_system, left_key, right_system, right_key) in ((%(ls)s, %(lk)s, %(rs)s, %(rk)s), (%(rs)s, %(rk)s, %(ls)s, %(lk)s))
"""
_NEVER_PROPOSED = """
insert into hub.match_candidate (pairing, entity, left_system, left_key, right_system, right_key, bits, reason, evidence, status, run_id,
                                 proposed_at, decided_at, decided_by)
select %(pairing)s, %(entity)s, %(ls)s, %(lk)s, %(rs)s, %(rk)s, 0, 'undone', '[]', 'different', 'review', t.at, t.at, %(actor)s
  from (select coalesce(%(now)s, clock_timestamp()) as at) t
"""


def undo(
    connection: Connection,
    pairing: str,
    entity: str,
    system: str,
    key: str,
    *,
    actor: str,
    reason: str,
    now: datetime | None = None,
) -> list[Written]:
    """End the link of a record and call its pair different, so that it is not made again; return what was written through it."""
    written = written_through(connection, pairing, entity, system, key)
    ends = connection.execute(_ENDS, (pairing, entity, system, key)).fetchall()
    ended = unlink(connection, pairing, entity, system, key, actor=actor, reason=reason, now=now)
    if not ended and not drop_further(connection, pairing, system, key, actor=actor, detail={"reason": reason}):
        raise NotFoundError(f"{entity} {key} of {system} has no link.", hint="It may have been undone already.")
    for place, (left_system, left_key) in enumerate(ends):
        for right_system, right_key in ends[place + 1 :]:
            values = {
                "pairing": pairing, "entity": entity, "ls": left_system, "lk": left_key,
                "rs": right_system, "rk": right_key, "actor": actor, "now": now,
            }  # fmt: skip
            if connection.execute(_CALL_DIFFERENT, values).rowcount == 0:
                connection.execute(_NEVER_PROPOSED, values)
    return written


def written_through(connection: Connection, pairing: str, entity: str, system: str, key: str) -> list[Written]:
    """Return the writes made to or because of a linked record since it was linked, the oldest first."""
    parameters = {"pairing": pairing, "entity": entity, "system": system, "key": key}
    with connection.cursor(row_factory=class_row(Written)) as cursor:
        return cursor.execute(_WRITTEN, parameters).fetchall()
