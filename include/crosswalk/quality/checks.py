"""What is compared between the systems, as data: a check is the SQL of its violations and the SQL of its population.

Both run in the hub on what was pulled. A violation row carries the keys of both records, so that a page can lead to them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from crosswalk.pairing import Pairing

Severity = Literal["info", "warning", "critical"]


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison. ``mostly`` is the share of the population that must be in order for the check to pass."""

    check_id: str
    title: str
    explanation: str
    severity: Severity
    violations: str
    population: str
    mostly: float = 1.0


def checks_of(pairing: Pairing) -> list[Check]:
    """Return the pairing's suite."""
    return [
        _customer_counts(pairing),
        _counts(pairing, "product", "Products and items in like number"),
        _one_order(pairing),
        _order_totals(pairing),
        _stored_keys(pairing),
    ]


def literal(value: str) -> str:
    """Return ``value`` as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def _counts(pairing: Pairing, entity: str, title: str) -> Check:
    counted = {
        side: f"select count(*) from hub.{entity} where system = {literal(system)} and deleted_at is null"
        for side, system in (("crm", pairing.crm.system), ("erp", pairing.erp.system))
    }
    return _like_number(pairing, f"{entity}_counts", title, counted["crm"], counted["erp"])


def _customer_counts(pairing: Pairing) -> Check:
    """Prospects and customers of other channels are right to be on one side only: they are not counted."""
    known = f"""(x.counterpart_key is not null or exists (select 1 from hub.link_end e
        where e.pairing = {literal(pairing.name)} and e.entity = 'customer' and e.system = x.system and e.key = x.key))"""
    expected = known
    if pairing.orders.create_customers == "won_deal":
        expected = f"({known} or exists (select 1 from ({_won(pairing)}) d where d.customer_key = x.key))"
    count = "select count(*) from hub.customer x where x.system = {} and x.deleted_at is null and {}"
    check = _like_number(
        pairing,
        "customer_counts",
        "Accounts that are customers, in either system",
        count.format(literal(pairing.crm.system), expected),
        count.format(literal(pairing.erp.system), known),
    )
    return replace(
        check,
        explanation=f"Accounts that are linked, store an ERP id or won a deal, and customers that are linked or carry an account's id. {check.explanation}",
    )


def _like_number(pairing: Pairing, check_id: str, title: str, in_crm: str, in_erp: str) -> Check:
    crm, erp = literal(pairing.crm.system), literal(pairing.erp.system)
    counted = f"select {crm} as crm_system, {erp} as erp_system, ({in_crm}) as crm_records, ({in_erp}) as erp_records"
    return Check(
        check_id=check_id,
        title=title,
        explanation=f"The two counts may differ by {pairing.checks.count_share:.1%} of the larger one.",
        severity="warning",
        violations=f"select * from ({counted}) c where abs(crm_records - erp_records) > {pairing.checks.count_share} * greatest(crm_records, erp_records)",
        population="select 1",
    )


def _won(pairing: Pairing) -> str:
    """Return the SQL of won deals that are old enough to have been ordered and young enough to be ours."""
    policy = pairing.orders
    since = literal(policy.won_since) if policy.won_since else f"current_date - {policy.lookback_days}"
    return f"""select d.key, d.name, d.amount, d.currency, d.customer_key, d.counterpart_key from hub.deal d
        where d.system = {literal(pairing.crm.system)} and d.deleted_at is null and d.is_won and d.close_date >= {since}
          and d.changed_at < clock_timestamp() - make_interval(mins => {pairing.checks.grace_minutes})"""


def _orders_of_deal(pairing: Pairing) -> str:
    prefix = literal(pairing.crm.key_prefixes.get("deal", ""))
    return f"""select o.key, o.number from hub."order" o where o.system = {literal(pairing.erp.system)} and o.deleted_at is null
        and (o.intent_key like {prefix} || d.key || '-R%' or o.key = d.counterpart_key)"""


def _one_order(pairing: Pairing) -> Check:
    return Check(
        check_id="won_deal_has_one_order",
        title="Every won deal has exactly one order",
        explanation=f"Deals won in the last {pairing.orders.lookback_days} days and unchanged for {pairing.checks.grace_minutes} minutes; older ones are left alone.",
        severity="critical",
        violations=f"""select d.key as deal, d.name, d.amount, d.currency, count(o.key) as orders, string_agg(o.number, ', ' order by o.number) as order_numbers,
                min(q.message) as reason
            from ({_won(pairing)}) d left join lateral ({_orders_of_deal(pairing)}) o on true
            left join hub.quarantine q on q.pairing = {literal(pairing.name)} and q.entity = 'deal' and q.key = d.key and q.status = 'open'
            group by 1, 2, 3, 4 having count(distinct o.key) <> 1""",
        population=f"select count(*) from ({_won(pairing)}) d",
    )


def _order_totals(pairing: Pairing) -> Check:
    pairs = f"""select mine.key as deal, d.name, d.currency as deal_currency, d.amount as deal_amount, o.key as order_key, o.number as order_number,
            o.currency as order_currency, (select sum(l.total) from hub.order_line l where l.system = o.system and l.order_key = o.key and l.deleted_at is null) as order_net
        from hub.link l
        join hub.link_end mine on mine.link_id = l.id and mine.system = {literal(pairing.crm.system)}
        join hub.link_end theirs on theirs.link_id = l.id and theirs.system = {literal(pairing.erp.system)}
        join hub.deal d on d.system = mine.system and d.key = mine.key and d.deleted_at is null
        join hub."order" o on o.system = theirs.system and o.key = theirs.key and o.deleted_at is null
        where l.pairing = {literal(pairing.name)} and l.entity = 'deal_order'"""
    return Check(
        check_id="order_totals",
        title="Orders have the deal's total and currency",
        explanation=f"What was sold, without tax and shipping, within {pairing.checks.order_total} in the deal's currency.",
        severity="critical",
        violations=f"""select *, order_net - deal_amount as difference from ({pairs}) p
            where deal_currency is distinct from order_currency or deal_amount is null or order_net is null
               or abs(order_net - deal_amount) > {pairing.checks.order_total}""",
        population=f"select count(*) from ({pairs}) p",
    )


def _stored_keys(pairing: Pairing) -> Check:
    crm, erp = literal(pairing.crm.system), literal(pairing.erp.system)
    stored = f"select a.key as account, a.name, a.counterpart_key from hub.customer a where a.system = {crm} and a.deleted_at is null and a.counterpart_key is not null"
    return Check(
        check_id="stored_customer_keys",
        title="Stored ERP ids lead to one living customer",
        explanation="An account's stored ERP id must exist in the ERP, and no two accounts may store the same one.",
        severity="warning",
        violations=f"""select s.*, case when c.key is null then 'no such customer' else 'stored in ' || n.accounts || ' accounts' end as reason
            from ({stored}) s join (select counterpart_key, count(*) as accounts from ({stored}) x group by 1) n using (counterpart_key)
            left join hub.customer c on c.system = {erp} and c.key = s.counterpart_key and c.deleted_at is null
            where c.key is null or n.accounts > 1""",
        population=f"select count(*) from ({stored}) s",
    )
