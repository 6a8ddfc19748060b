"""link: say which native records of the two systems are the same thing."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from crosswalk.hub.links import LinkPair, create_links
from crosswalk.hub.rule_sets import advance, take_freed
from crosswalk.identity.rules import COMPARE_ALL, COMPARE_FEW, OPEN, link_by_rules
from crosswalk.pairing import Pairing
from crosswalk.stages.context import StageContext
from crosswalk.stages.merges import follow_merges

DEAL_ORDER = "deal_order"
INTENT_KEY = "intent_key"

# The CRM's deal and the ERP's order that carries its key: the prefix, the deal's key and -R1.
_WHOLE = f"""
select crm.key, erp.key
  from hub.deal crm
  join hub."order" erp on erp.system = %(erp)s and erp.intent_key = %(prefix)s || crm.key || '-R1' and erp.deleted_at is null
 where crm.system = %(crm)s and crm.deleted_at is null and {OPEN}
 order by 1, 2
"""

_CHANGED = f"""
with deals as materialized (
    select key from hub.deal where system = %(crm)s and changed_at > %(since)s
     union
    select key from unnest(%(freed_deals)s::text[]) f (key)
     union
    select left(substr(intent_key, length(%(prefix)s) + 1), -3) from hub."order"
     where system = %(erp)s and changed_at > %(since)s and starts_with(intent_key, %(prefix)s)
)
select crm.key, erp.key
  from deals t
 cross join lateral (select d.key from hub.deal d where d.system = %(crm)s and d.key = t.key and d.deleted_at is null limit 1) crm
 cross join lateral (select o.key from hub."order" o
                      where o.system = %(erp)s and o.intent_key = %(prefix)s || t.key || '-R1' and o.deleted_at is null offset 0) erp
 where {OPEN}
 order by 1, 2
"""


@dataclass(frozen=True, slots=True)
class LinkResult:
    """How many links each rule made."""

    entity: str
    by_rule: dict[str, int]

    def as_dict(self) -> dict[str, object]:
        """Return counts only, fit for XCom."""
        return {"entity": self.entity, **self.by_rule}


def link(ctx: StageContext, entity: str) -> LinkResult:
    """Follow merges, then link what the pairing's rules are sure of; ``deal_order`` links won deals with the orders that carry their key."""
    with ctx.hub.connection() as connection:
        if entity != DEAL_ORDER:
            follow_merges(connection, ctx.pairing, entity, ctx.run_id)
            return LinkResult(
                entity,
                {linked.rule: linked.links for linked in link_by_rules(connection, ctx.pairing, entity, ctx.run_id)},
            )
        links = _link_orders(connection, ctx.pairing, ctx.run_id)
        return LinkResult(entity, {INTENT_KEY: links})


def _link_orders(connection: psycopg.Connection, pairing: Pairing, run_id: str) -> int:
    """Link deals and orders of which one changed, or lost its link, since the last run."""
    crm, erp, prefix = pairing.crm.system, pairing.erp.system, pairing.crm.key_prefixes.get("deal", "")
    progress = advance(connection, pairing.name, DEAL_ORDER, [[INTENT_KEY, crm, erp, prefix]], run_id)
    freed = take_freed(connection, pairing.name, DEAL_ORDER)
    parameters = {
        "crm": crm,
        "erp": erp,
        "pairing": pairing.name,
        "entity": DEAL_ORDER,
        "prefix": prefix,
        "since": progress.since,
        "freed_deals": [key for system, key in freed if system == crm],  # both ends are freed
    }
    query = _WHOLE if progress.since is None else _CHANGED
    connection.execute(COMPARE_ALL if progress.since is None else COMPARE_FEW)
    found = connection.execute(query.encode(), parameters).fetchall()
    connection.execute(COMPARE_FEW)
    pairs = [LinkPair(crm, deal, erp, order, INTENT_KEY) for deal, order in found]
    return create_links(connection, pairing.name, DEAL_ORDER, pairs, run_id)


@dataclass(frozen=True, slots=True)
class LinkSummary:
    """What linking did, entity by entity."""

    results: tuple[LinkResult, ...]

    def as_dict(self) -> dict[str, object]:
        """Return links made, by entity; counts only, fit for XCom."""
        return {result.entity: sum(result.by_rule.values()) for result in self.results}


def link_all(ctx: StageContext) -> LinkSummary:
    """Link every entity that the pairing has rules for, then deals with their orders."""
    return LinkSummary(tuple(link(ctx, entity) for entity in (*ctx.pairing.linking, DEAL_ORDER)))
