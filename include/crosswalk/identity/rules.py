"""Linking by rules that are sure: stored keys, and fields that are equal and unique on both sides.

A rule never links a record that has a link already, nor one whose key it finds more than once on either side: those are duplicates,
and a person or the scored matching decides about them. Nor does it link two records that a person called different.

Only values that something happened to since the last run are looked at: a record came to have one, lost one, or lost its link.
All others were looked at before, with the same result.
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg import sql

from crosswalk.hub.further import CUSTOMER, add_further
from crosswalk.hub.links import LinkPair, create_links
from crosswalk.identity.rule_keys import KEY, comparables, found_once, refresh
from crosswalk.pairing import Pairing


@dataclass(frozen=True, slots=True)
class Linked:
    """How many links a rule made."""

    rule: str
    links: int


def link_by_rules(connection: psycopg.Connection, pairing: Pairing, entity: str, run_id: str) -> list[Linked]:
    """Apply the pairing's rules for ``entity`` in their order; returns what each one linked.

    How far it looked is committed with the links: what a run that failed has looked at, the next one looks at again.
    """
    rules = pairing.linking.get(entity, ())
    if not rules:
        return []
    progress = refresh(connection, pairing, entity, run_id)
    if progress.since is None:
        connection.execute(COMPARE_ALL)
    pairs = _WHOLE if progress.since is None else _TOUCHED
    results: list[Linked] = []
    several = entity == CUSTOMER and pairing.orders.subsidiary is not None
    further: list[tuple[str, sql.Composed, dict[str, object]]] = []
    for place, one in enumerate(comparables(pairing, entity)[: len(rules)]):
        sides = {
            side: found_once(
                entity, value or "", side, whole=progress.since is None, per_subsidiary=several and side == "erp"
            )
            for side, value in (("crm", one.crm), ("erp", one.erp))
        }
        parameters: dict[str, object] = {"pairing": pairing.name, "entity": entity, "crm": pairing.crm.system, "erp": pairing.erp.system,
                      "set": progress.id, "rule": place}  # fmt: skip
        found = connection.execute(pairs.format(**sides), parameters).fetchall()
        links = [LinkPair(pairing.crm.system, crm, pairing.erp.system, erp, one.name) for crm, erp in found]
        results.append(Linked(one.name, create_links(connection, pairing.name, entity, links, run_id)))
        if several and one.erp != KEY:
            of = {"of_values": sql.SQL("" if progress.since is None else _OF_TOUCHED)}
            account = found_once(entity, one.crm or "", "crm", whole=False)
            further.append((one.name, _FURTHER.format(crm=account, **of), parameters))
    results += [_link_further(connection, pairing, run_id, *one) for one in further]
    connection.execute(COMPARE_FEW)
    connection.execute("drop table rule_touched")
    return results


def _link_further(
    connection: psycopg.Connection,
    pairing: Pairing,
    run_id: str,
    rule: str,
    query: sql.Composed,
    parameters: dict[str, object],
) -> Linked:
    """Make customers that a rule finds in other subsidiaries further ones of their accounts, once every rule has linked what it is sure of."""
    found = connection.execute(query, parameters).fetchall()
    pairs = [LinkPair(pairing.crm.system, crm, pairing.erp.system, erp, rule) for crm, erp in found]
    return Linked(f"{rule}:further", add_further(connection, pairing.name, pairs, run_id))


# Looked up pair by pair: a join would compare all pairs with all links as long as Postgres has no statistics of a hub just filled.
_LINKED = """
(select 1 from hub.every_end l
  where l.pairing = %(pairing)s and l.entity = %(entity)s and l.system = {system} and l.key = {key} limit 1)
"""

_DIFFERENT = """
(select 1 from hub.match_candidate m
  where m.pairing = %(pairing)s and m.entity = %(entity)s and m.status = 'different'
    and m.left_system = {left} and m.left_key = {left_key} and m.right_system = {right} and m.right_key = {right_key} limit 1)
"""

_CRM = {"system": "%(crm)s", "key": "crm.key"}
_ERP = {"system": "%(erp)s", "key": "erp.key"}

OPEN = f"""
   {_LINKED.format(**_CRM)} is null and {_LINKED.format(**_ERP)} is null
   and {_DIFFERENT.format(left="%(crm)s", left_key="crm.key", right="%(erp)s", right_key="erp.key")} is null
   and {_DIFFERENT.format(left="%(erp)s", left_key="erp.key", right="%(crm)s", right_key="crm.key")} is null
"""
"""SQL: ``crm`` and ``erp`` are two records that may be linked."""

COMPARE_ALL = "set local enable_nestloop = off"
COMPARE_FEW = "set local enable_nestloop = default"
"""SQL: how two whole sides are joined, whatever Postgres believes of their sizes; and back."""

_WHOLE = sql.SQL(f"""
with crm as materialized ({{crm}}), erp as materialized ({{erp}})
select crm.key, erp.key from crm join erp using (value) where {OPEN}
""")

_OF_TOUCHED = "and k.value in (select value from rule_touched where rule = %(rule)s)"

# Of a value that one account has, and customers of as many subsidiaries as there are: those that are not linked, to the account that is.
_FURTHER = sql.SQL(f"""
with shared as materialized (
    select k.value, array_agg(k.key) as keys
      from hub.rule_key k
      left join hub.customer c on c.system = k.system and c.key = k.key
     where k.rule_set_id = %(set)s and k.rule = %(rule)s and k.system = %(erp)s {{of_values}}
     group by k.value having count(*) = 1 or count(*) = count(distinct c.subsidiary)
),
lonely as materialized (
    select t.value, erp.key from shared t cross join lateral unnest(t.keys) erp (key) where {_LINKED.format(**_ERP)} is null
)
select crm.key, erp.key
  from (select distinct value from lonely) t
 cross join lateral ({{crm}}) crm
  join lonely erp on erp.value = t.value
 where {_LINKED.format(**_CRM)} is not null
   and {_DIFFERENT.format(left="%(crm)s", left_key="crm.key", right="%(erp)s", right_key="erp.key")} is null
   and {_DIFFERENT.format(left="%(erp)s", left_key="erp.key", right="%(crm)s", right_key="crm.key")} is null
 order by 1, 2
""")

_TOUCHED = sql.SQL(f"""
select crm.key, erp.key
  from (select distinct value from rule_touched where rule = %(rule)s) t
 cross join lateral ({{crm}}) crm cross join lateral ({{erp}}) erp
 where {OPEN}
""")
