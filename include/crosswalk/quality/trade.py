"""Checks of what was sold: customers, won deals and their orders, totals."""

from __future__ import annotations

from crosswalk.quality.linked import like_number
from crosswalk.quality.scope import Comparison, Scope, literal, literals, record
from crosswalk.quality.spec import Spec


def customer_counts(scope: Scope, spec: Spec) -> Comparison:
    """Customers on either side; prospects and customers of other channels are right to be on one side only and are not counted."""
    linked = f"""select e.key from hub.link_end e where e.pairing = {literal(scope.pairing.name)} and e.entity = 'customer' and e.system = {{}}"""
    # A company counts once, however many subsidiaries it is a customer of.
    known = f"(x.key in ({{}}) or x.counterpart_key is not null and not {_of_others(scope)})"
    counted = {}
    for side in ("crm", "erp"):
        expected = known.format(linked.format(scope.system(side)))
        if side == "crm" and scope.pairing.orders.create_customers == "won_deal":
            expected = f"({expected} or x.key in (select d.customer_key from ({_won(scope)}) d))"
        once = f"and not {scope.further('x')}" if side == "erp" else ""
        counted[side] = f"select count(*) from {scope.living(side, 'customer')} and {expected} {once}"
    return like_number(scope, counted["crm"], counted["erp"])


def _of_others(scope: Scope) -> str:
    """Return the SQL that tells a record which another pairing of the hub has linked: its stored key may be of that one's system."""
    return f"""exists (select from hub.link_end e where e.system = x.system and e.key = x.key and e.entity = 'customer'
        and e.pairing <> {literal(scope.pairing.name)})"""


def _won(scope: Scope) -> str:
    """Return the SQL of won deals that are young enough to be ours, with their orders counted.

    A deal that has just been won is left the time it takes to be ordered; one that is ordered counts at once.
    """
    policy = scope.pairing.orders
    since = literal(policy.won_since) if policy.won_since else f"current_date - {policy.lookback_days}"
    return f"""select d.key, d.name, d.amount, d.currency, d.customer_key, coalesce(o.orders, 0) as orders, o.numbers, o.key as order_key
        from hub.deal d left join ({_orders(scope)}) o on o.deal = d.key
        where d.system = {scope.system("crm")} and d.deleted_at is null and d.is_won and d.close_date >= {since}
          and (o.orders > 0 or d.changed_at < clock_timestamp() - make_interval(mins => {scope.pairing.checks.grace_minutes}))"""


def _orders(scope: Scope) -> str:
    """Return the SQL of orders by deal: those made for it (their intent's key names the deal), and the one it stores."""
    prefix = scope.pairing.crm.key_prefixes.get("deal", "")
    living = f'from hub."order" o {{}} where o.system = {scope.system("erp")} and o.deleted_at is null'
    made = f"select o.key, o.number, regexp_replace(substr(o.intent_key, {len(prefix) + 1}), '-R[^-]*$', '') as deal {living.format('')}"
    made += f" and left(o.intent_key, {len(prefix)}) = {literal(prefix)} and o.intent_key like '%-R%'"
    of_crm = f"join hub.deal d on d.system = {scope.system('crm')} and d.counterpart_key = o.key"
    stored = f"select o.key, o.number, d.key as deal {living.format(of_crm)}"
    return f"""select deal, count(*) as orders, string_agg(number, ', ' order by number) as numbers, min(key) as key
        from ({made} union {stored}) u group by deal"""


def one_order(scope: Scope, spec: Spec) -> Comparison:
    """Exactly one order a won deal; what keeps a deal from its order is told from the quarantine."""
    return Comparison(
        f"""select d.key as crm_key, d.order_key as erp_key, d.name as record, d.amount, d.currency, d.orders, d.numbers as order_numbers,
                (select min(q.message) from hub.quarantine q where q.pairing = {literal(scope.pairing.name)} and q.entity = 'deal'
                    and q.key = d.key and q.status = 'open') as reason
            from ({_won(scope)}) d where d.orders <> 1""",
        f"select count(*) from ({_won(scope)}) d",
    )


def order_totals(scope: Scope, spec: Spec) -> Comparison:
    """What was ordered is what was sold, net, in its currency."""
    net = f"""(select l.order_key, sum(l.total) as total from hub.order_line l
        where l.system = {scope.system("erp")} and l.deleted_at is null group by 1)"""
    sold = f"""select mine.key as crm_key, theirs.key as erp_key, a.name as record, b.number as order_number, a.currency as deal_currency,
            a.amount as deal_amount, b.currency as order_currency, n.total as order_net, n.total - a.amount as difference
        from {scope.linked("order", f"left join {net} n on n.order_key = b.key")}"""
    return Comparison(
        f"""select * from ({sold}) p where deal_currency is distinct from order_currency
            or (abs(difference) <= {scope.pairing.checks.order_total}) is not true""",
        f"select count(*) from {scope.linked('order')}",
    )


def order_customer(scope: Scope, spec: Spec) -> Comparison:
    """The order's customer is the one that the deal's account is linked with, or one of them where it has one in several subsidiaries."""
    ends = f"""left join hub.link_end account on account.pairing = {literal(scope.pairing.name)} and account.entity = 'customer'
            and account.system = {scope.system("crm")} and account.key = a.customer_key
        left join hub.link_end own on own.link_id = account.link_id and own.system = {scope.system("erp")}
        left join hub.further_end other on other.link_id = account.link_id and other.system = {scope.system("erp")} and other.key = b.customer_key
        cross join lateral (select coalesce(other.key, own.key) as key) customer"""
    return Comparison(
        f"""select mine.key as crm_key, theirs.key as erp_key, a.name as record, b.number as order_number, a.customer_key as account,
                customer.key as expected_customer, b.customer_key as order_customer
            from {scope.linked("order", ends)} and customer.key is distinct from b.customer_key""",
        f"select count(*) from {scope.linked('order')}",
    )


def pending_orders(scope: Scope, spec: Spec) -> Comparison:
    """No order waits too long for its approval."""
    waiting = f"x.status = 'pending_approval' and coalesce(x.order_date, x.changed_at::date) < current_date - {scope.pairing.checks.approval_days}"
    living = scope.living("erp", "order")
    return Comparison(
        f"""select null::text as crm_key, x.key as erp_key, x.number as record, x.order_date, current_date - x.order_date as days, x.total, x.currency
            from {living} and {waiting}""",
        f"select count(*) from {living} and x.status in ('pending_approval', 'open', 'partially_shipped')",
    )


_UNPOSTED = {"invoice": ("invoice_date", "pending_approval"), "payment": ("payment_date", "pending"), "shipment": ("ship_date", "picked", "packed")}  # fmt: skip
"""By entity the date that counts, and the states in which the ERP's books do not have it yet."""


def unposted(scope: Scope, spec: Spec) -> Comparison | None:
    """Nothing waits too long for being entered in the ERP's books; no check where the mapping tells of no such state."""
    date, *possible = _UNPOSTED[spec.entity]
    states = [one for one in possible if one in scope.told("erp", spec.entity, "status")]
    if not scope.reads("erp", spec.entity) or not states:
        return None
    living = scope.living("erp", spec.entity)
    late = f"coalesce(x.{date}, x.changed_at::date) < current_date - {scope.pairing.checks.posting_days}"
    return Comparison(
        f"""select {record("erp", spec.entity)}, x.status, x.{date}, current_date - coalesce(x.{date}, x.changed_at::date) as days
            from {living} and x.status in ({literals(tuple(states))}) and {late}""",
        f"select count(*) from {living}",
    )
