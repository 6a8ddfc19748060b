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
    """Apply the pairing's rules for ``entity`` in their order; returns what each one linked."""
    results = []
    for rule in pairing.linking.get(entity, ()):
        pairs = [
            LinkPair(pairing.crm.system, crm_key, pairing.erp.system, erp_key, rule.name)
            for crm_key, erp_key in connection.execute(
                _pairs(ENTITIES[entity], rule), _parameters(pairing, entity)
            ).fetchall()
        ]
        results.append(Linked(rule.name, create_links(connection, pairing.name, entity, pairs, run_id)))
    return results


def _parameters(pairing: Pairing, entity: str) -> dict[str, str]:
    return {"pairing": pairing.name, "entity": entity, "crm": pairing.crm.system, "erp": pairing.erp.system}


def _pairs(entity: Entity, rule: LinkRule) -> sql.Composed:
    if rule.stored_key == "crm":
        crm, erp = "counterpart_key", "key"
    elif rule.stored_key == "erp":
        crm, erp = "key", "counterpart_key"
    else:
        crm = erp = " || '|' || ".join(_comparable(entity, name) for name in rule.exact)
    return sql.SQL(
        """
        with crm as (select {crm} as k, min(key) as key from hub.{table} where system = %(crm)s and deleted_at is null and {crm} is not null
                     group by 1 having count(*) = 1),
             erp as (select {erp} as k, min(key) as key from hub.{table} where system = %(erp)s and deleted_at is null and {erp} is not null
                     group by 1 having count(*) = 1)
        select crm.key, erp.key from crm join erp using (k)
         where not exists (select 1 from hub.link_end e where e.pairing = %(pairing)s and e.entity = %(entity)s and e.system = %(crm)s and e.key = crm.key)
           and not exists (select 1 from hub.link_end e where e.pairing = %(pairing)s and e.entity = %(entity)s and e.system = %(erp)s and e.key = erp.key)
        """
    ).format(table=sql.Identifier(entity.name), crm=sql.SQL(crm), erp=sql.SQL(erp))


def _comparable(entity: Entity, name: str) -> str:
    """Return the SQL that makes a field comparable; a null makes the whole key null, so missing is never equal."""
    if name == "name":
        return company_name(name)
    if entity.field(name).kind is Kind.TEXT:
        return f"nullif({plain(name)}, '')"
    return f"{name}::text"
