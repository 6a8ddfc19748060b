"""Gathers from the hub, set-based, what customers owe and what their items list for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import psycopg

from crosswalk.hub.reading import children, images
from crosswalk.model.entities import CUSTOMER, PRICE
from crosswalk.model.records import Image
from crosswalk.orders.credit import CreditFacts
from crosswalk.orders.discount import list_price
from crosswalk.orders.facts import DealFacts
from crosswalk.pairing import Pairing

# Whose limit counts for each customer: its own, or its topmost parent's for the whole family.
_FAMILIES = """
with recursive up as (
    select c.key as customer, c.key, c.parent_key, 0 as height from hub.customer c where c.system = %(erp)s and c.key = any(%(keys)s)
     union all
    select u.customer, p.key, p.parent_key, u.height + 1
      from up u join hub.customer p on p.system = %(erp)s and p.key = u.parent_key and p.deleted_at is null
     where %(consolidated)s and u.height < 10
),
top as (select distinct on (customer) customer, key as holder from up order by customer, height desc),
down as (
    select distinct holder, holder as member, 0 as depth from top
     union
    select d.holder, c.key, d.depth + 1
      from down d join hub.customer c on c.system = %(erp)s and c.parent_key = d.member and c.deleted_at is null
     where %(consolidated)s and d.depth < 10
)
select t.customer, t.holder, array(select distinct d.member from down d where d.holder = t.holder) from top t
"""

_OWED = """
select c.key, coalesce(%(home)s, c.currency, ''), coalesce(c.balance, 0), c.landed_at,
       coalesce((select current_date - min(v.due_date) from hub.invoice v
                  where v.system = c.system and v.customer_key = c.key and v.deleted_at is null and v.status = 'open' and v.amount_remaining > 0), 0)
  from hub.customer c where c.system = %(erp)s and c.key = any(%(members)s)
"""

# What is billed of an order is in the balance by then: as its lines say, else as its invoices do.
_OPEN = """
select o.customer_key, coalesce(o.currency, ''), sum(greatest(coalesce(o.total, 0) * coalesce(l.unbilled, 1) - coalesce(b.billed, 0), 0)), min(o.landed_at)
  from hub."order" o
  left join lateral (
      select 1 - least(1, sum(coalesce(n.quantity_billed, 0) * n.unit_price) / nullif(sum(n.quantity * n.unit_price), 0)) as unbilled
        from hub.order_line n where n.system = o.system and n.order_key = o.key and n.deleted_at is null
      having bool_or(n.quantity_billed is not null)) l on true
  left join lateral (
      select sum(v.total) as billed from hub.invoice v
       where v.system = o.system and v.order_key = o.key and v.deleted_at is null
         and v.status is distinct from 'voided' and l.unbilled is null) b on true
 where o.system = %(erp)s and o.customer_key = any(%(members)s) and o.deleted_at is null
   and o.status in ('pending_approval', 'open', 'partially_shipped', 'shipped')
 group by 1, 2
"""

_UNDER_WAY = """
select i.payload ->> 'customer', coalesce(i.payload ->> 'currency', ''), sum((i.payload ->> 'adds')::numeric)
  from hub.intent i
 where i.pairing = %(pairing)s and i.flow = 'orders' and i.entity = 'order' and i.payload ->> 'customer' = any(%(members)s)
   and (i.status in ('sending', 'in_doubt') or (i.status = 'done' and i.settled_at is null))
 group by 1, 2
"""


def credit_facts(
    connection: psycopg.Connection, pairing: Pairing, customer_keys: Sequence[str]
) -> dict[str, CreditFacts]:
    """Return what these ERP customers owe, by their key; no query when the pairing does not look at credit."""
    policy = pairing.orders.credit
    if not customer_keys or (policy.over_limit == "ignore" and policy.overdue_days is None):
        return {}
    return owing(connection, pairing, customer_keys)


def owing(connection: psycopg.Connection, pairing: Pairing, customer_keys: Sequence[str]) -> dict[str, CreditFacts]:
    """Return what these ERP customers owe, by their key, whatever the pairing makes of it; a few queries however many there are."""
    erp, policy = pairing.erp.system, pairing.orders.credit
    families = connection.execute(
        _FAMILIES, {"erp": erp, "keys": list(customer_keys), "consolidated": policy.consolidated}
    ).fetchall()
    members = sorted({member for _, _, own in families for member in own})
    parameters = {"erp": erp, "members": members, "pairing": pairing.name, "home": pairing.erp.home_currency}
    holders = images(connection, CUSTOMER, erp, [holder for _, holder, _ in families])
    owed = _grouped(connection.execute(_OWED, parameters).fetchall())
    orders = _grouped(connection.execute(_OPEN, parameters).fetchall())
    under_way = _grouped(connection.execute(_UNDER_WAY, parameters).fetchall())
    return {
        customer: _facts(pairing, holders[holder], own, owed, orders, under_way)
        for customer, holder, own in families
        if holder in holders
    }


Rows = Mapping[str, list[tuple[Any, ...]]]


def _grouped(rows: Sequence[tuple[Any, ...]]) -> Rows:
    grouped: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for key, *rest in rows:
        grouped[key].append(tuple(rest))
    return grouped


def _facts(
    pairing: Pairing, holder: Image, members: Sequence[str], owed: Rows, orders: Rows, under_way: Rows
) -> CreditFacts:
    currency = str(pairing.erp.home_currency or holder.values.get("currency") or "")
    balances = [row for member in members for row in owed.get(member, ())]
    booked = [row for member in members for row in orders.get(member, ())]
    seen: list[datetime] = [row[2] for row in (*balances, *booked) if row[2] is not None]
    return CreditFacts(
        holder,
        _sums(balances, currency),
        _sums(booked, currency),
        _sums([row for member in members for row in under_way.get(member, ())], currency),
        max([0, *(int(row[3]) for row in balances)]),
        min(seen, default=None),
        pairing.erp.home_currency,
    )


def _sums(rows: Sequence[tuple[Any, ...]], home: str) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for row in rows:
        currency = row[0] or home
        sums[currency] = sums.get(currency, Decimal(0)) + Decimal(row[1])
    return sums


def list_prices(
    connection: psycopg.Connection, pairing: Pairing, deals: Sequence[DealFacts]
) -> dict[str, Decimal | None]:
    """Return the list price of every line of these deals, by line key; empty when the pairing limits no discount."""
    policy = pairing.orders.discount
    if policy.most is None and not policy.by_product and not policy.by_owner:
        return {}
    return list_prices_of(connection, pairing, deals)


def list_prices_of(
    connection: psycopg.Connection, pairing: Pairing, deals: Sequence[DealFacts]
) -> dict[str, Decimal | None]:
    """Return the list price of every line of these deals, by line key; None for a line that no list names.

    The list is the deal's; where deals name none, that of the customer it is for.
    """
    items = sorted({product.key for facts in deals for product in facts.products.values()})
    by_item = children(connection, PRICE, pairing.erp.system, "product_key", items)
    listed: dict[str, Decimal | None] = {}
    for facts in deals:
        wanted = (_price_list(pairing, facts), facts.deal.values.get("currency"))
        for line in facts.lines:
            item = facts.products.get(str(line.values.get("product_key")))
            prices = [
                price
                for price in by_item.get(item.key if item else "", ())
                if not price.deleted and (price.values.get("price_list"), price.values.get("currency")) == wanted
            ]
            listed[line.key] = list_price(line, prices)
    return listed


def _price_list(pairing: Pairing, facts: DealFacts) -> str | None:
    book = facts.deal.values.get("price_list")
    if book is None:
        return str(facts.customer.values.get("price_level")) if facts.customer else None
    return pairing.price_lists.get(str(book), str(book))
