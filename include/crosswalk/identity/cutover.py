"""The report before orders go live: what is linked and by which rule, what is doubtful, what only one side has, what a system has twice.

It adds up: every living record of a side is in a linked pair, doubtful, or only there. A record whose counterpart was deleted is only there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from psycopg import sql

from crosswalk.hub.columns import SCHEMA
from crosswalk.hub.database import Connection
from crosswalk.identity.normalise import company_name, plain
from crosswalk.pairing import Pairing

Bucket = Literal["doubtful", "doubtful_erp", "only_crm", "only_erp", "twice_crm", "twice_erp"]
BUCKETS: tuple[Bucket, ...] = get_args(Bucket)
MATCHED = ("customer", "contact", "product")
_SAME = {
    "customer": f"{company_name('r.name')} || '|' || coalesce({plain('r.billing_postal_code')}, '')",
    "contact": "lower(r.email)",
    "product": f"nullif({plain('r.sku')}, '')",
}
_LABEL = {"customer": "r.name", "contact": "concat_ws(' ', r.first_name, r.last_name)", "product": "r.name"}


@dataclass(frozen=True, slots=True)
class EntityCutover:
    """Counts of one entity. ``linked`` counts living pairs by rule, ``further`` living customers of other subsidiaries whose account is in one
    of these pairs; the others count living records, ``doubtful`` those of the CRM.
    """

    entity: str
    crm: int
    erp: int
    linked: dict[str, int]
    further: int
    doubtful: int
    doubtful_erp: int
    only_crm: int
    only_erp: int
    twice_crm: int
    twice_erp: int

    @property
    def pairs(self) -> int:
        """All linked pairs."""
        return sum(self.linked.values())


@dataclass(frozen=True, slots=True)
class CutoverRecord:
    """A record of one bucket, and what to know of it (the pair's other record, or what it shares with its twins)."""

    system: str
    key: str
    name: str
    note: str


COLUMNS = ("system", "key", "name", "note")
"""What is told of a record, in the order of :class:`CutoverRecord`."""


def cutover(connection: Connection, pairing: Pairing) -> list[EntityCutover]:
    """Return the counts of every entity that is matched."""
    return [_counts(connection, pairing, entity) for entity in MATCHED]


def records(
    connection: Connection, pairing: Pairing, entity: str, bucket: Bucket, limit: int | None = 1000
) -> list[CutoverRecord]:
    """Return the records of one bucket, by name; raises KeyError for an entity that is not matched."""
    if bucket.startswith("doubtful"):
        query = _text(entity, _DOUBTFUL)
    else:
        query = _text(entity, _ONLY if bucket.startswith("only") else _TWICE)
    rows = connection.execute(query, {**_parameters(pairing, entity, bucket), "limit": limit})
    return [CutoverRecord(*row) for row in rows]


def _counts(connection: Connection, pairing: Pairing, entity: str) -> EntityCutover:
    linked = connection.execute(_text(entity, _LINKED), _parameters(pairing, entity, "only_crm")).fetchall()
    living: dict[str, int] = dict(
        connection.execute(
            _text(entity, "select r.system, count(*) from {table} r where r.deleted_at is null group by r.system")
        ).fetchall()
    )

    def count(template: str, bucket: Bucket) -> int:
        query = sql.SQL("select count(*) from ({}) found").format(_text(entity, template))
        row = connection.execute(query, {**_parameters(pairing, entity, bucket), "limit": None}).fetchone()
        return int(row[0]) if row else 0

    return EntityCutover(
        entity,
        living.get(pairing.crm.system, 0),
        living.get(pairing.erp.system, 0),
        dict(linked),
        count(_FURTHER, "only_erp"),
        count(_DOUBTFUL, "doubtful"),
        count(_DOUBTFUL, "doubtful_erp"),
        count(_ONLY, "only_crm"),
        count(_ONLY, "only_erp"),
        count(_TWICE, "twice_crm"),
        count(_TWICE, "twice_erp"),
    )


def _parameters(pairing: Pairing, entity: str, bucket: Bucket) -> dict[str, object]:
    system = pairing.erp.system if bucket.endswith("erp") else pairing.crm.system
    return {"pairing": pairing.name, "entity": entity, "system": system}


def _text(entity: str, template: str) -> sql.Composed:
    return sql.SQL(template).format(
        table=sql.Identifier(SCHEMA, entity), same=sql.SQL(_SAME[entity]), label=sql.SQL(_LABEL[entity])
    )


_LINKED = """
select l.rule, count(*) from hub.link l
 where l.pairing = %(pairing)s and l.entity = %(entity)s
   and 2 = (select count(*) from hub.link_end e join {table} r on r.system = e.system and r.key = e.key and r.deleted_at is null
             where e.link_id = l.id)
 group by l.rule order by 2 desc, 1
"""
_FURTHER = """
select r.key from hub.further_end f join {table} r on r.system = f.system and r.key = f.key and r.deleted_at is null
 where f.pairing = %(pairing)s and f.entity = %(entity)s and f.system = %(system)s
   and exists (select 1 from hub.link_end e join {table} o on o.system = e.system and o.key = e.key and o.deleted_at is null
                where e.link_id = f.link_id and e.system <> f.system)
"""
_OTHER_END = """
select t.key, t.deleted_at from hub.every_end mine join hub.link_end theirs on theirs.link_id = mine.link_id and theirs.system <> mine.system
  join {table} t on t.system = theirs.system and t.key = theirs.key
 where mine.pairing = %(pairing)s and mine.entity = %(entity)s and mine.system = r.system and mine.key = r.key
"""
_ASKED = """
select min(m.other) || ': ' || min(m.reason)
  from (select left_system as system, left_key as key, right_key as other, reason from hub.match_candidate
         where pairing = %(pairing)s and entity = %(entity)s and status = 'open'
         union all
        select right_system, right_key, left_key, reason from hub.match_candidate
         where pairing = %(pairing)s and entity = %(entity)s and status = 'open') m
 where m.system = r.system and m.key = r.key
"""
_OPEN = f"""
select r.system, r.key, coalesce({{label}}, '') as name, ({_ASKED}) as asked,
       coalesce((select 'linked to ' || o.key || ', which is deleted' from ({_OTHER_END}) o), '') as ended
  from {{table}} r
 where r.system = %(system)s and r.deleted_at is null
   and not exists (select 1 from ({_OTHER_END}) o where o.deleted_at is null)
"""
_ONLY = f"select system, key, name, ended from ({_OPEN}) o where asked is null order by 3, 2 limit %(limit)s"
_DOUBTFUL = f"select system, key, name, asked from ({_OPEN}) o where asked is not null order by 3, 2 limit %(limit)s"
_TWICE = """
select r.system, r.key, coalesce({label}, ''), r.same from
       (select r.*, {same} as same, count(*) over (partition by {same}) as twins from {table} r
         where r.system = %(system)s and r.deleted_at is null and {same} is not null
           and not exists (select 1 from hub.further_end f
                            where f.pairing = %(pairing)s and f.entity = %(entity)s and f.system = r.system and f.key = r.key)) r
 where r.twins > 1
 order by r.same, r.key limit %(limit)s
"""


def table(pairing: Pairing, found: Sequence[EntityCutover]) -> str:
    """Return the counts as text, a line per entity and rule."""
    crm, erp = pairing.crm.system, pairing.erp.system
    head = (
        "",
        crm,
        erp,
        "linked",
        f"doubtful {crm}",
        f"doubtful {erp}",
        f"only {crm}",
        f"only {erp}",
        f"twice {crm}",
        f"twice {erp}",
    )
    rows: list[tuple[str, ...]] = [head]
    for one in found:
        counts = (
            one.crm,
            one.erp,
            one.pairs,
            one.doubtful,
            one.doubtful_erp,
            one.only_crm,
            one.only_erp,
            one.twice_crm,
            one.twice_erp,
        )
        rows.append((one.entity, *(f"{count:,}" for count in counts)))
        rows += [("", "", "", f"{pairs:,}", f"by {rule}", "", "", "", "", "") for rule, pairs in one.linked.items()]
        rows += [("", "", "", f"{one.further:,}", "by further customers", "", "", "", "", "")] if one.further else []
    widths = [max(len(row[at]) for row in rows if not row[4].startswith("by ")) for at in range(len(head))]
    return "\n".join(_line(row, widths) for row in rows)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
    return "  ".join(cells).rstrip()
