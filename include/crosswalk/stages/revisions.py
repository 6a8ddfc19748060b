"""Deals whose order was made: what was ordered last against what they say now, as amendments and flags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import psycopg

from crosswalk.hub import quarantine
from crosswalk.hub.base_images import store_bases
from crosswalk.hub.codec import Json, decode
from crosswalk.hub.intent import OF_SOURCE
from crosswalk.hub.links import counterparts
from crosswalk.hub.merges import survivors
from crosswalk.hub.reading import children, images
from crosswalk.model.entities import DEAL, ORDER, ORDER_LINE
from crosswalk.model.records import Image, Value
from crosswalk.orders.amend import Judgement, Revised, Verdict, given_up_while_kept, judge, reopened
from crosswalk.orders.facts import Problem
from crosswalk.orders.ordered import lines_of, ordered
from crosswalk.orders.readiness import problems_of
from crosswalk.stages.context import StageContext
from crosswalk.stages.facts import gather

STAGE = "amend"
"""The quarantine stage of deals that were changed or reopened after they were ordered."""

_SUBSIDIARY = "subsidiary"
OVERLAP = timedelta(minutes=15)  # longer than any landing takes to commit

# Only orders that we made and whose content we know. A deal is looked at when it, its lines or its account changed since both sides
# agreed; what is amended, waits or is flagged did not agree, and is looked at until it does.
_CANDIDATES = f"""
with candidate as materialized (
    select key, changed_at, customer_key from hub.deal where system = %(crm)s and close_date >= %(since)s
     union all
    select key, changed_at, customer_key from hub.deal where system = %(crm)s and close_date is null and current_date >= %(since)s
     union all
    select key, changed_at, customer_key from hub.deal
     where system = %(crm)s and key = any(%(asked)s) and close_date < %(since)s
)
select mine.key, theirs.key, base.image, done.revision, done.ordered
  from candidate deal
 cross join lateral (
      select e.link_id, e.key, e.system from hub.link_end e
       where e.pairing = %(pairing)s and e.entity = 'deal_order' and e.system = %(crm)s and e.key = deal.key limit 1) mine
 cross join lateral (select e.key from hub.link_end e where e.link_id = mine.link_id and e.system = %(erp)s offset 0) theirs
  left join lateral (select b.link_id, b.image, b.settled_at from hub.base_image b
                      where b.link_id = mine.link_id and b.system = mine.system limit 1) base on true
 cross join lateral (
      select (i.payload ->> 'revision')::int as revision, i.payload -> 'ordered' as ordered
        from {OF_SOURCE.format("mine.system", "mine.key")} i
       where i.pairing = %(pairing)s and i.flow = 'orders' and i.entity = 'order' and i.status = 'done' and i.payload ? 'ordered'
       order by 1 desc limit 1) done
 where (%(asked)s::text[] = '{{}}' or mine.key = any(%(asked)s))
   and not exists (select 1 from {OF_SOURCE.format("mine.system", "mine.key")} i
                    where i.pairing = %(pairing)s and i.flow = 'orders' and i.entity = 'order' and i.status in ('sending', 'in_doubt'))
   and (base.link_id is null or (base.image ->> 'revision')::int is distinct from done.revision
        or deal.changed_at > base.settled_at - %(overlap)s
        or mine.key = any(%(asked)s)
        or exists (select 1 from hub.deal_line l where l.system = mine.system and l.deal_key = mine.key
                      and l.changed_at > base.settled_at - %(overlap)s)
        or exists (select 1 from hub.customer c where c.system = mine.system and c.key = deal.customer_key
                      and c.changed_at > base.settled_at - %(overlap)s))
 order by mine.key
"""


# Orders that the ERP keeps until people there approve them: there is nothing to amend yet.
_KEPT = """
select source_key, message from hub.intent
 where pairing = %(pairing)s and flow = 'orders' and status = 'waiting' and entity = 'order' and operation = 'create' and source_system = %(crm)s
   and (%(asked)s::text[] = '{}' or source_key = any(%(asked)s))
"""

# Flagged while their order waited, which will not be made any more.
_OVER = f"""
select q.key from hub.quarantine q
 where q.pairing = %(pairing)s and q.system = %(crm)s and q.entity = 'deal' and q.stage = '{STAGE}' and q.status = 'open'
   and (%(asked)s::text[] = '{{}}' or q.key = any(%(asked)s)) and q.key <> all(%(flagged)s)
   and not exists (select 1 from hub.link_end e
                    where e.pairing = %(pairing)s and e.entity = 'deal_order' and e.system = %(crm)s and e.key = q.key offset 0)
   and not exists (select 1 from {OF_SOURCE.format("q.system", "q.key")} i
                    where i.pairing = %(pairing)s and i.flow = 'orders' and i.entity = 'order' and i.status in ('sending', 'in_doubt', 'done'))
"""


@dataclass
class Revisions:
    """What a plan found out about ordered deals: those to amend, and those a person must look at. ``over`` are no concern any more."""

    considered: int = 0
    amend: list[tuple[Revised, Judgement]] = field(default_factory=list)
    flagged: dict[str, tuple[Image, Sequence[Problem]]] = field(default_factory=dict)
    in_order: list[Revised] = field(default_factory=list)
    waiting: int = 0
    over: list[str] = field(default_factory=list)


def look(ctx: StageContext, connection: psycopg.Connection, asked: Sequence[str]) -> Revisions:
    """Judge every ordered deal that may have changed. Nothing is stored yet."""
    found = Revisions()
    for revised in _revised(ctx, connection, asked):
        found.considered += 1
        _judge(ctx, revised, found)
    _look_at_kept(ctx, connection, asked, found)
    return found


def _look_at_kept(ctx: StageContext, connection: psycopg.Connection, asked: Sequence[str], found: Revisions) -> None:
    """Flag deals that are not won any more while their order waits for an approval in the ERP; let out what was, and is not."""
    pairing = ctx.pairing
    crm, flags = pairing.crm.system, pairing.orders.amend.on_reopen != "ignore"
    parameters: dict[str, object] = {"pairing": pairing.name, "crm": crm, "asked": list(asked)}
    kept: dict[str, str | None] = dict(connection.execute(_KEPT, parameters).fetchall()) if flags else {}
    for deal in images(connection, DEAL, crm, list(kept)).values():
        if deal.deleted or not deal.values.get("is_won"):
            found.considered += 1
            found.flagged[deal.key] = (deal, [given_up_while_kept(deal, kept[deal.key])])
    parameters["flagged"] = list(found.flagged)
    found.over = [key for (key,) in connection.execute(_OVER.encode(), parameters).fetchall()]


def _judge(ctx: StageContext, revised: Revised, found: Revisions) -> None:
    policy, deal = ctx.pairing.orders, revised.facts.deal
    lost = reopened(revised, policy)
    if lost is not None:
        found.flagged[deal.key] = (deal, [lost])
        return
    if deal.deleted or not deal.values.get("is_won"):
        found.in_order.append(revised)
        return
    if (moved := _elsewhere(revised)) is not None:
        found.flagged[deal.key] = (deal, [moved])
        return
    problems = problems_of(revised.facts, policy)
    if problems:
        if _changed(revised):
            found.flagged[deal.key] = (deal, problems)
        else:
            found.in_order.append(revised)  # its order was made; what has become wrong since is not the deal's
        return
    told = ordered(revised.facts, policy)
    if _SUBSIDIARY not in revised.base:  # of what was ordered before the pairing told subsidiaries apart
        told.pop(_SUBSIDIARY, None)
    revised = replace(revised, now=told)
    judgement = judge(revised, policy)
    match judgement.verdict:
        case Verdict.AMEND:
            found.amend.append((revised, judgement))
        case Verdict.FLAG:
            found.flagged[deal.key] = (deal, judgement.problems)
        case Verdict.WAIT:
            found.waiting += 1
        case Verdict.SAME | Verdict.AGREED:
            found.in_order.append(revised)


def _elsewhere(revised: Revised) -> Problem | None:
    """Return that a deal is for another subsidiary than its order, which belongs to a customer of that one for good."""
    was, now = revised.base.get(_SUBSIDIARY), revised.facts.subsidiary
    if was is None or now is None or was == now:
        return None
    deal = revised.facts.deal
    message = f"Deal {deal.values.get('name')!r} was ordered in {was}, and is for {now} now; an order stays with its subsidiary."
    hint = "Undo the change in the CRM, or cancel the order in the ERP and win the deal anew as a copy."
    return Problem("subsidiary_changed", "deal", deal.key, _SUBSIDIARY, message, hint)


def _changed(revised: Revised) -> bool:
    """Tell whether a deal that is not ready orders something else than it did: its lines cannot all be priced to say what."""
    was = {key: (line.get("product"), line.get("quantity")) for key, line in lines_of(revised.base).items()}
    now = {line.key: (line.values.get("product_key"), line.values.get("quantity")) for line in revised.facts.lines}
    header = ("purchase_order", "currency")
    return was != now or any(revised.base.get(name) != revised.facts.deal.values.get(name) for name in header)


def _revised(ctx: StageContext, connection: psycopg.Connection, asked: Sequence[str]) -> Iterable[Revised]:
    pairing = ctx.pairing
    crm, erp, policy = pairing.crm.system, pairing.erp.system, pairing.orders.amend
    if policy.changes == "ignore" and policy.on_reopen == "ignore":
        return []
    parameters = {"crm": crm, "erp": erp, "pairing": pairing.name, "asked": list(asked), "overlap": OVERLAP}
    parameters["since"] = ctx.now.date() - timedelta(days=policy.days)
    rows = connection.execute(_CANDIDATES.encode(), parameters).fetchall()
    if not rows:
        return []
    apart = pairing.orders.subsidiary is not None
    orders = images(connection, ORDER, erp, [row[1] for row in rows])
    lines = children(connection, ORDER_LINE, erp, "order_key", list(orders))
    facts = {one.deal.key: one for one in gather(connection, pairing, [row[0] for row in rows])}
    bases = _after_merges(connection, crm, {row[0]: _base(row[2], row[3], row[4], told_apart=apart) for row in rows})
    sold = {str(line.get("product")) for base in bases.values() for line in lines_of(base).values()}
    sold |= {str(line.values.get("product_key")) for one in facts.values() for line in one.lines}
    items = counterparts(connection, pairing.name, "product", crm, erp, sorted(sold))
    return [
        Revised(facts[deal], bases[deal], revision, orders.get(order), tuple(lines.get(order, ())), items)
        for deal, order, _, revision, _ in rows
        if deal in facts
    ]


def _base(
    agreed: dict[str, Json] | None, revision: int, sent: dict[str, Json], *, told_apart: bool
) -> dict[str, Value]:
    """Return what was ordered last: what both sides agreed on after that revision, else what it sent."""
    known = agreed if agreed and agreed.get("revision") == revision else sent
    left_out = ("revision",) if told_apart else ("revision", _SUBSIDIARY)
    return {name: value for name, value in decode(known).items() if name not in left_out}


def _after_merges(
    connection: psycopg.Connection, crm: str, bases: Mapping[str, dict[str, Value]]
) -> dict[str, dict[str, Value]]:
    """Return what was ordered with accounts that were merged since as their survivors: a merge is no other customer."""
    accounts = sorted({str(base["customer"]) for base in bases.values() if base.get("customer")})
    last = survivors(connection, crm, "customer", accounts)
    return {
        deal: {**base, "customer": last[str(base["customer"])]} if str(base.get("customer")) in last else base
        for deal, base in bases.items()
    }


def settle_agreed(ctx: StageContext, connection: psycopg.Connection, found: Revisions) -> None:
    """Make what the deals in order say the base of their side, so that they are not looked at again until they change."""
    crm = ctx.pairing.crm.system
    agreed = [
        Image(
            crm,
            "deal_order",
            revised.facts.deal.key,
            revised.facts.deal.version,
            None,
            False,
            {**(revised.now or revised.base), "revision": revised.revision},
        )
        for revised in found.in_order
    ]
    store_bases(connection, pairing=ctx.pairing.name, entity="deal_order", images=agreed)
    in_order = [revised.facts.deal.key for revised in found.in_order]
    for stage, keys in ((STAGE, in_order + found.over), ("deliver", in_order)):
        quarantine.resolve_keys(
            connection,
            pairing=ctx.pairing.name,
            system=crm,
            entity=DEAL.name,
            stage=stage,
            keys=keys,
            run_id=ctx.run_id,
        )
