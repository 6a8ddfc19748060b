"""Lines live and die with their document: what no feed of deletions tells of them.

A document that is deleted takes its lines with it, and says so for itself alone. A line that is taken off its document leaves no
trace where lines bear the document's stamp (`Page.whole_until`). Marks made here bear no stamp of the source, so that a line that
turns up again is taken back whatever its stamp.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from psycopg import sql

from crosswalk.hub.columns import SCHEMA
from crosswalk.hub.database import Connection
from crosswalk.model.records import Image


@dataclass(frozen=True, slots=True)
class Part:
    """An entity whose records are nothing without their parent, and its field that names the parent."""

    entity: str
    parent: str
    reference: str


PARTS = (Part("order_line", "order", "order_key"), Part("deal_line", "deal", "deal_key"))


def part_of(entity: str) -> Part | None:
    """Return what an entity is part of; None for one that stands by itself."""
    return next((part for part in PARTS if part.entity == entity), None)


def parents_of(part: Part, images: Iterable[Image]) -> set[str]:
    """Return the keys of the parents that living images name."""
    return {
        str(image.values[part.reference]) for image in images if not image.deleted and image.values.get(part.reference)
    }


# What a parent's deletion, by the source's clock, leaves behind: a part with a later stamp was brought back together with it.
_ORPHANS = """
with gone as (
    update {part} t set deleted_at = p.deleted_at, changed_at = %(now)s, landed_at = %(now)s, run_id = %(run_id)s, modified = null
      from {parent} p
     where p.system = %(system)s and p.deleted_at is not null and {concerned}
       and t.system = p.system and t.{reference} = p.key and t.deleted_at is null
       and (t.modified is null or t.modified <= p.deleted_at)
    returning t.key
),
told as (
    insert into hub.ledger (at, run_id, actor, kind, system, entity, key, detail)
    select %(now)s, %(run_id)s, 'crosswalk', 'deleted', %(system)s, %(entity)s, key, '{{"by": "parent"}}' from gone
)
select count(*) from gone
"""

# A line that came and could not be mapped has an older stamp, and is there: it waits in quarantine.
_REMOVED = """
with concerned as (
    {concerned}
),
saved as materialized (
    select c.key, max(s.stamp) as stamp
      from concerned c
      cross join lateral (
          select t.modified as stamp from {part} t where t.system = %(system)s and t.{reference} = c.key
           union all
          select p.modified from {parent} p where p.system = %(system)s and p.key = c.key) s
     where s.stamp <= %(until)s
     group by c.key
),
gone as (
    update {part} t
       set deleted_at = s.stamp, changed_at = %(now)s, landed_at = %(now)s, run_id = %(run_id)s, modified = null
      from saved s
     where t.system = %(system)s and t.{reference} = s.key and t.deleted_at is null and t.modified < s.stamp
       and not exists (select from hub.quarantine q where q.system = %(system)s and q.entity = %(entity)s and q.key = t.key
                          and q.stage = 'pull' and q.status = 'open')
    returning t.key
),
told as (
    insert into hub.ledger (at, run_id, actor, kind, system, entity, key, detail)
    select %(now)s, %(run_id)s, 'crosswalk', 'deleted', %(system)s, %(entity)s, key, '{{"by": "save of its parent"}}' from gone
)
select count(*) from gone
"""
_BY_KEY, _BY_TIME = "p.key = any(%(keys)s)", "p.changed_at = %(now)s"
_SEEN = (
    "select unnest(%(keys)s::text[]) as key union"
    " select key from {parent} where system = %(system)s and changed_at >= %(since)s"
)
_ALL = "select distinct {reference} as key from {part} where system = %(system)s and deleted_at is null"


def bury_orphans(
    connection: Connection, part: Part, *, system: str, run_id: str, now: datetime, parents: Sequence[str] | None
) -> int:
    """Mark the parts of deleted parents as deleted, and return how many; without ``parents`` of those that changed just ``now``."""
    statement = _statement(_ORPHANS, part, _BY_TIME if parents is None else _BY_KEY)
    return _count(connection, statement, part, system=system, run_id=run_id, now=now, keys=parents)


def bury_removed(
    connection: Connection,
    part: Part,
    *,
    system: str,
    run_id: str,
    until: datetime,
    seen: Sequence[str] | None,
    since: datetime | None,
) -> int:
    """Mark parts as deleted that did not come with their parent's last save up to ``until`` (the source's clock); return how many.

    Looked at are the parents ``seen`` by the pull and those that changed ``since`` the last one (the hub's clock); all without ``seen``.
    """
    statement = _statement(_REMOVED, part, _ALL if seen is None else _SEEN)
    row = connection.execute("select clock_timestamp()").fetchone()
    assert row is not None
    return _count(
        connection, statement, part, system=system, run_id=run_id, now=row[0], keys=seen, since=since, until=until
    )


def _count(connection: Connection, statement: sql.Composed, part: Part, **parameters: object) -> int:
    row = connection.execute(statement, {"entity": part.entity, **parameters}).fetchone()
    assert row is not None
    return int(row[0])


@cache
def _statement(text: str, part: Part, concerned: str) -> sql.Composed:
    names = {
        "part": sql.Identifier(SCHEMA, part.entity),
        "parent": sql.Identifier(SCHEMA, part.parent),
        "reference": sql.Identifier(part.reference),
    }
    return sql.SQL(text).format(concerned=sql.SQL(concerned).format(**names), **names)
