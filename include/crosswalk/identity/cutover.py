"""The report before orders go live: what is linked and by which rule, what is doubtful, what only one side has, what a system has twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from psycopg import sql

from crosswalk.hub.columns import SCHEMA
from crosswalk.hub.database import Connection
from crosswalk.identity.normalise import company_name, plain
from crosswalk.pairing import Pairing

Bucket = Literal["doubtful", "only_crm", "only_erp", "twice_crm", "twice_erp"]
MATCHED = ("customer", "contact", "product")
_SAME = {
    "customer": f"{company_name('r.name')} || '|' || coalesce({plain('r.billing_postal_code')}, '')",
    "contact": "lower(r.email)",
    "product": f"nullif({plain('r.sku')}, '')",
}
_LABEL = {"customer": "r.name", "contact": "concat_ws(' ', r.first_name, r.last_name)", "product": "r.name"}


@dataclass(frozen=True, slots=True)
class EntityCutover:
    """Counts of one entity. ``linked`` counts pairs by rule; the others count records, ``doubtful`` those of the CRM."""

    entity: str
    crm: int
    erp: int
    linked: dict[str, int]
    doubtful: int
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


def cutover(connection: Connection, pairing: Pairing) -> list[EntityCutover]:
    """Return the counts of every entity that is matched."""
    return [_counts(connection, pairing, entity) for entity in MATCHED]


def records(
    connection: Connection, pairing: Pairing, entity: str, bucket: Bucket, limit: int = 1000
) -> list[CutoverRecord]:
    """Return the records of one bucket, by name; raises KeyError for an entity that is not matched."""
    if bucket == "doubtful":
        query = _text(entity, _DOUBTFUL)
    else:
        query = _text(entity, _ONLY if bucket.startswith("only") else _TWICE)
    rows = connection.execute(query, {**_parameters(pairing, entity, bucket), "limit": limit})
    return [CutoverRecord(*row) for row in rows]


def _counts(connection: Connection, pairing: Pairing, entity: str) -> EntityCutover:
    linked = connection.execute(
        "select rule, count(*) from hub.link where pairing = %s and entity = %s group by rule order by 2 desc, 1",
        (pairing.name, entity),
    ).fetchall()
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
        count(_DOUBTFUL, "doubtful"),
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


_UNLINKED = """
not exists (select 1 from hub.link_end e where e.pairing = %(pairing)s and e.entity = %(entity)s and e.system = r.system and e.key = r.key)
"""
_ONLY = f"""
select r.system, r.key, coalesce({{label}}, ''), '' from {{table}} r
 where r.system = %(system)s and r.deleted_at is null and {_UNLINKED}
   and not exists (select 1 from hub.match_candidate m where m.pairing = %(pairing)s and m.entity = %(entity)s and m.status = 'open'
                      and ((m.left_system, m.left_key) = (r.system, r.key) or (m.right_system, m.right_key) = (r.system, r.key)))
 order by 3, 2 limit %(limit)s
"""
_DOUBTFUL = """
select r.system, r.key, coalesce({label}, ''), min(m.right_key) || ': ' || min(m.reason) from {table} r
  join hub.match_candidate m on m.pairing = %(pairing)s and m.entity = %(entity)s and m.status = 'open'
   and m.left_system = r.system and m.left_key = r.key
 where r.system = %(system)s and r.deleted_at is null
 group by 1, 2, 3 order by 3, 2 limit %(limit)s
"""
_TWICE = """
select r.system, r.key, coalesce({label}, ''), r.same from
       (select r.*, {same} as same, count(*) over (partition by {same}) as twins from {table} r
         where r.system = %(system)s and r.deleted_at is null and {same} is not null) r
 where r.twins > 1
 order by r.same, r.key limit %(limit)s
"""
