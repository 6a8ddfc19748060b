"""Gathers from the hub, set-based, what the planner must know about won deals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

import psycopg

from crosswalk.hub.further import customers_of
from crosswalk.hub.links import counterparts
from crosswalk.hub.reading import children, images
from crosswalk.identity.survivorship import first_values
from crosswalk.identity.twins import Twin, twins_of
from crosswalk.model.entities import CUSTOMER, DEAL, DEAL_LINE, PRODUCT
from crosswalk.model.records import Image, Value
from crosswalk.orders.choice import choose, facts_of
from crosswalk.orders.facts import DealFacts, ProductFacts
from crosswalk.pairing import Pairing

# Young deals and those whose order waits are found by indexes; the rest of the company's deals are not read.
_CANDIDATES = """
with candidate as materialized (
    select key from hub.deal
     where system = %(crm)s and is_won and deleted_at is null and counterpart_key is null and close_date >= %(since)s
     union
    select key from hub.deal
     where system = %(crm)s and is_won and deleted_at is null and counterpart_key is null and close_date is null
     union
    select source_key from hub.intent
     where pairing = %(pairing)s and flow = 'orders' and status in ('planned', 'held') and entity = 'order' and source_system = %(crm)s
)
select deal.key, case when i.status in ('planned', 'held') then i.order_date end
  from candidate c
 cross join lateral (select d.key, d.version, d.close_date from hub.deal d
                      where d.system = %(crm)s and d.key = c.key and d.deleted_at is null and d.is_won and d.counterpart_key is null limit 1) deal
  left join lateral (select i.key, i.status, i.source_version, i.payload ->> 'order_date' as order_date
                       from hub.intent i where i.key = %(prefix)s || c.key || '-R1' limit 1) i on true
 where (coalesce(deal.close_date, current_date) >= %(since)s or i.status in ('planned', 'held'))
   and (i.key is null or i.status in ('planned', 'held', 'shadowed')
        or i.status = 'rejected' and (i.source_version is distinct from deal.version or deal.key = any(%(asked)s)))
   and (%(asked)s::text[] = '{}' or deal.key = any(%(asked)s))
   and not exists (select 1 from hub.link_end e
                    where e.pairing = %(pairing)s and e.entity = 'deal_order' and e.system = %(crm)s and e.key = c.key offset 0)
 order by deal.close_date, deal.key
"""


def won_deals(
    connection: psycopg.Connection, pairing: Pairing, today: date, asked: Sequence[str] = ()
) -> dict[str, date]:
    """Return the keys of won deals that have no order yet and none on its way, each with the date its order gets.

    A deal whose order was rejected comes back when it has changed, or when a person asks for it by its key. An order that waits keeps
    the date of the day it was planned: what waits for an approval must not become another one overnight.
    """
    since = (
        date.fromisoformat(pairing.orders.won_since)
        if pairing.orders.won_since
        else today - timedelta(days=pairing.orders.lookback_days)
    )
    parameters = {
        "crm": pairing.crm.system,
        "pairing": pairing.name,
        "prefix": pairing.crm.key_prefixes.get("deal", ""),
        "since": since,
        "asked": list(asked),
    }
    rows = connection.execute(_CANDIDATES, parameters).fetchall()
    return {key: date.fromisoformat(planned) if planned else today for key, planned in rows}


_GIVEN_UP = """
select q.key
  from hub.quarantine q
  left join hub.deal deal on deal.system = q.system and deal.key = q.key
 where q.pairing = %(pairing)s and q.system = %(crm)s and q.entity = 'deal' and q.stage = 'plan' and q.status = 'open'
   and (deal.key is null or deal.deleted_at is not null or deal.is_won is not true or deal.counterpart_key is not null
        or exists (select 1 from hub.link_end e where e.pairing = q.pairing and e.entity = 'deal_order' and e.system = q.system and e.key = q.key))
 order by q.key
"""


def given_up(connection: psycopg.Connection, pairing: Pairing) -> list[str]:
    """Return the keys of quarantined deals that want no order any more: reopened, lost, deleted, or ordered in another way.

    A deal that only grew older than the lookback stays where it is: nobody has mended it, and somebody may miss it.
    """
    parameters = {"crm": pairing.crm.system, "pairing": pairing.name}
    return [key for (key,) in connection.execute(_GIVEN_UP, parameters)]


def gather(connection: psycopg.Connection, pairing: Pairing, deal_keys: Sequence[str]) -> list[DealFacts]:
    """Return the facts of these deals, in their order; a handful of queries however many deals there are."""
    crm, erp = pairing.crm.system, pairing.erp.system
    deals = images(connection, DEAL, crm, deal_keys)
    lines = children(connection, DEAL_LINE, crm, "deal_key", list(deals))
    accounts = images(connection, CUSTOMER, crm, _references(deals.values(), "customer_key"))
    linked = customers_of(connection, pairing.name, crm, erp, list(accounts))
    customers = images(connection, CUSTOMER, erp, [key for keys in linked.values() for key in keys])
    product_keys = _references((line for group in lines.values() for line in group), "product_key")
    items = counterparts(connection, pairing.name, "product", crm, erp, product_keys)
    products = images(connection, PRODUCT, erp, list(items.values()))
    product_facts = {key: ProductFacts(item, products.get(item)) for key, item in items.items()}
    found = [
        _in_subsidiary(_facts(deals[key], lines, accounts, product_facts), pairing, linked, customers)
        for key in deal_keys
        if key in deals
    ]
    alone = {facts.account.key for facts in found if facts.account is not None and facts.customer_key is None}
    twins = twins_of(connection, pairing, sorted(alone))
    return [_with_twins(facts, twins, linked) for facts in found]


def _references(records: Iterable[Image], field: str) -> list[str]:
    return sorted({str(record.values[field]) for record in records if record.values.get(field)})


def _facts(
    deal: Image,
    lines: Mapping[str, list[Image]],
    accounts: Mapping[str, Image],
    products: Mapping[str, ProductFacts],
) -> DealFacts:
    account = accounts.get(str(deal.values.get("customer_key")))
    return DealFacts(
        deal=deal,
        lines=tuple(line for line in lines.get(deal.key, ()) if not line.deleted),
        account=None if account is None or account.deleted else account,
        customer_key=None,
        customer=None,
        products=products,
    )


def subsidiary_of(facts: DealFacts, pairing: Pairing) -> str | None:
    """Return the ERP's subsidiary that a deal is for; None where the pairing does not tell them apart, or has none for it."""
    rule = pairing.orders.subsidiary
    return None if rule is None or facts.account is None else choose(rule, facts_of(facts))


def _in_subsidiary(
    facts: DealFacts, pairing: Pairing, linked: Mapping[str, list[str]], customers: Mapping[str, Image]
) -> DealFacts:
    """Return the facts with the account's customer that the deal is for; without one where none is in its subsidiary.

    A customer there that is gone counts until somebody says what took its place, as does one whose subsidiary nobody knows.
    """
    wanted = subsidiary_of(facts, pairing)
    keys = linked.get(facts.account.key, []) if facts.account else []
    chosen: str | None = keys[0] if keys else None
    if wanted is not None:
        there = [
            key for key in keys if key not in customers or customers[key].values.get("subsidiary") in (None, wanted)
        ]
        there.sort(key=lambda key: key not in customers or customers[key].deleted)
        chosen = there[0] if there else None
    customer = customers.get(chosen) if chosen else None
    return replace(
        facts, customer_key=chosen, customer=customer, subsidiary=wanted, first=_first(facts, pairing, keys, customers)
    )


def _first(facts: DealFacts, pairing: Pairing, keys: Sequence[str], customers: Mapping[str, Image]) -> dict[str, Value]:
    """Return what the account's first customer says of fields whose first value is the ERP's, by the pairing's survivors."""
    rules = pairing.matching.survivors.get("customer", {})
    known = customers.get(keys[0]) if keys else None
    if not rules or known is None or known.deleted or facts.account is None:
        return {}
    kept = first_values(facts.account, known, rules, tuple(rules))
    return {name: one.value for name, one in kept.items() if one.side == "erp"}


def _with_twins(facts: DealFacts, twins: Mapping[str, tuple[Twin, ...]], linked: Mapping[str, list[str]]) -> DealFacts:
    """An account that has customers elsewhere may only be one of the subsidiary that the deal is for."""
    if facts.account is None or facts.customer_key is not None:
        return facts
    elsewhere = facts.account.key in linked
    alike = [
        twin.label
        for twin in twins.get(facts.account.key, ())
        if not elsewhere or twin.subsidiary in (None, facts.subsidiary)
    ]
    return replace(facts, twins=tuple(alike))
