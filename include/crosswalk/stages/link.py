"""link: say which native records of the two systems are the same thing."""

from __future__ import annotations

from dataclasses import dataclass

from crosswalk.hub.links import LinkPair, create_links
from crosswalk.identity.rules import link_by_rules
from crosswalk.stages.context import StageContext
from crosswalk.stages.merges import follow_merges

DEAL_ORDER = "deal_order"

_ORDERS_BY_KEY = """
select deal.key, o.key
  from hub.deal deal
  join hub."order" o on o.system = %(erp)s and o.intent_key = %(prefix)s || deal.key || '-R1' and o.deleted_at is null
 where deal.system = %(crm)s and deal.deleted_at is null
   and not exists (select 1 from hub.link_end e where e.pairing = %(pairing)s and e.entity = 'deal_order' and e.system = %(crm)s and e.key = deal.key)
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
        crm, erp = ctx.pairing.crm, ctx.pairing.erp
        parameters = {
            "crm": crm.system,
            "erp": erp.system,
            "pairing": ctx.pairing.name,
            "prefix": crm.key_prefixes.get("deal", ""),
        }
        pairs = [
            LinkPair(crm.system, deal, erp.system, order, "intent_key")
            for deal, order in connection.execute(_ORDERS_BY_KEY, parameters)
        ]
        return LinkResult(
            entity, {"intent_key": create_links(connection, ctx.pairing.name, DEAL_ORDER, pairs, ctx.run_id)}
        )


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
