"""Linking by rules that are sure: stored keys, and fields that are equal and unique on both sides.

Set-based in the hub. A rule never links a record that has a link already, nor one whose key it finds more than once on
either side: those are duplicates, and a person or the scored matching decides about them.
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg import sql

from crosswalk.hub.links import LinkPair, create_links
from crosswalk.identity.normalise import company_name, plain
from crosswalk.model.entities import ENTITIES, Entity, Kind
from crosswalk.pairing import LinkRule, Pairing


@dataclass(frozen=True, slots=True)
class Linked:
    """How many links a rule made."""

    rule: str
    links: int


def link_by_rules(connection: psycopg.Connection, pairing: Pairing, entity: str, run_id: str) -> list[Linked]:
    """Apply the pairing's rules for ``entity`` in their order; returns what each one linked.

    Records without a link are set apart first: usually they are few beside the linked ones, which are looked at only where they
    could make a find ambiguous.
    """
    rules, parameters = pairing.linking.get(entity, ()), _parameters(pairing, entity)
    if not rules:
        return []
    shape = ENTITIES[entity]
    connection.execute(_OPEN.format(open=_open(shape), table=sql.Identifier(shape.name)), parameters)
    connection.execute(sql.SQL("analyze {}").format(_open(shape)))
    results = []
    linked: set[tuple[str, str]] = set()
    for rule in rules:
        pairs = [
            LinkPair(pairing.crm.system, crm_key, pairing.erp.system, erp_key, rule.name)
            for crm_key, erp_key in _sure(connection, shape, rule, parameters)
            if linked.isdisjoint((("crm", crm_key), ("erp", erp_key)))
        ]
        linked.update(end for pair in pairs for end in (("crm", pair.left_key), ("erp", pair.right_key)))
        results.append(Linked(rule.name, create_links(connection, pairing.name, entity, pairs, run_id)))
    connection.execute(sql.SQL("drop table {}").format(_open(shape)))
    return results


def _sure(
    connection: psycopg.Connection, entity: Entity, rule: LinkRule, parameters: dict[str, str]
) -> list[tuple[str, str]]:
    """Return the keys of pairs whose common key no other record has, linked or not."""
    crm, erp = _sides(entity, rule)
    pairs = _PAIRS.format(open=_open(entity), crm=sql.SQL(crm), erp=sql.SQL(erp))
    found = connection.execute(pairs, parameters).fetchall()
    if not found:
        return []
    common = [row[0] for row in found]
    ambiguous: set[str] = set()
    for side, system in ((crm, "crm"), (erp, "erp")):
        doubled = _DOUBLED.format(table=sql.Identifier(entity.name), side=sql.SQL(side))
        rows = connection.execute(doubled, {"system": parameters[system], "common": common}).fetchall()
        ambiguous.update(row[0] for row in rows)
    return [(crm_key, erp_key) for key, crm_key, erp_key in found if key not in ambiguous]


def _parameters(pairing: Pairing, entity: str) -> dict[str, str]:
    return {"pairing": pairing.name, "entity": entity, "crm": pairing.crm.system, "erp": pairing.erp.system}


def _open(entity: Entity) -> sql.Identifier:
    return sql.Identifier(f"open_{entity.name}")


def _sides(entity: Entity, rule: LinkRule) -> tuple[str, str]:
    """Return the SQL of what a rule compares, in the CRM and in the ERP."""
    if rule.stored_key == "crm":
        return "counterpart_key", "key"
    if rule.stored_key == "erp":
        return "key", "counterpart_key"
    same = " || '|' || ".join(_comparable(entity, name) for name in rule.exact)
    return same, same


_OPEN = sql.SQL("""
create temporary table {open} on commit drop as
select * from hub.{table} r
 where r.system in (%(crm)s, %(erp)s) and r.deleted_at is null
   and not exists (select 1 from hub.link_end e
                    where e.pairing = %(pairing)s and e.entity = %(entity)s and e.system = r.system and e.key = r.key)
""")

_PAIRS = sql.SQL("""
with mine as materialized (select {crm} as k, key from {open} where system = %(crm)s),
     theirs as materialized (select {erp} as k, key from {open} where system = %(erp)s),
     crm as (select k, min(key) as key from mine where k is not null group by 1 having count(*) = 1),
     erp as (select k, min(key) as key from theirs where k is not null group by 1 having count(*) = 1)
select k, crm.key, erp.key from crm join erp using (k)
""")

_DOUBLED = sql.SQL("""
with wanted as materialized (select distinct k from unnest(%(common)s::text[]) w (k)),
     everybody as materialized (select {side} as k from hub.{table} where system = %(system)s and deleted_at is null)
select k from everybody join wanted using (k) group by 1 having count(*) > 1
""")


def _comparable(entity: Entity, name: str) -> str:
    """Return the SQL that makes a field comparable; a null makes the whole key null, so missing is never equal."""
    if name == "name":
        return company_name(name)
    if entity.field(name).kind is Kind.TEXT:
        return f"nullif({plain(name)}, '')"
    return f"{name}::text"
