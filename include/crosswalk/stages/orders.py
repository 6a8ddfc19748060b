"""Plans the flow ``orders``: won deals become orders, changed ones amendments; what cannot be done goes to quarantine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

import psycopg

from crosswalk.hub import approvals, ledger, quarantine
from crosswalk.hub.approvals import APPROVAL, REFUSED, Decision
from crosswalk.hub.codec import encode, payload_hash
from crosswalk.hub.intents import IntentDraft, held_intents, shadow
from crosswalk.mapping.engine import Mapper
from crosswalk.model.errors import RecordError, ValidationError
from crosswalk.model.records import Image
from crosswalk.orders.amend import Revised
from crosswalk.orders.amounts import total_of
from crosswalk.orders.build import Draft, amendment, drafts_of, order_key
from crosswalk.orders.concerns import Concern
from crosswalk.orders.credit import CreditFacts, added, credit_concerns
from crosswalk.orders.discount import discount_concerns
from crosswalk.orders.facts import DealFacts, Problem
from crosswalk.orders.ordered import Ordered, lines_of
from crosswalk.orders.readiness import problems_of
from crosswalk.stages.context import StageContext
from crosswalk.stages.credit_facts import credit_facts, list_prices
from crosswalk.stages.customers import Customers, parent_links
from crosswalk.stages.facts import gather, given_up, won_deals
from crosswalk.stages.revisions import STAGE as AMEND
from crosswalk.stages.revisions import look, settle_agreed


@dataclass
class OrderPlan:
    """What the plan wants, parents first. ``reasons`` says by intent key why a person has to approve it, ``warnings`` what only the ledger
    is told; ``own`` names the customers that are wanted whatever becomes of orders.
    """

    considered: int = 0
    blocked: int = 0
    wanted: dict[str, IntentDraft] = field(default_factory=dict)
    reasons: dict[str, Sequence[Problem]] = field(default_factory=dict)
    warnings: dict[str, Sequence[Problem]] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)

    @property
    def drafts(self) -> list[IntentDraft]:
        """The writes, parents first; a customer that only held orders need, directly or through others, waits with them."""
        held = {key: draft.held_reason for key, draft in self.wanted.items() if draft.held_reason}
        below: dict[str, list[str]] = {}
        for key, draft in self.wanted.items():
            below.setdefault(draft.depends_on or "", []).append(key)
        for key, draft in reversed(self.wanted.items()):
            reasons = {held.get(child) for child in below.get(key, ())}
            if draft.entity == "customer" and key not in self.own and reasons and None not in reasons:
                held[key] = APPROVAL if APPROVAL in reasons else REFUSED
        return [replace(draft, held_reason=held.get(key)) for key, draft in self.wanted.items()]

    def tell(self, ctx: StageContext, connection: psycopg.Connection, *, whole: bool) -> None:
        """Say on the stored intents why they wait, tell the ledger of warnings, and withdraw what is not wanted any more."""
        for key, reasons in self.reasons.items():
            approvals.explain(
                connection, key, " ".join(one.message for one in reasons), " ".join({one.hint for one in reasons})
            )
        if whole:
            waiting = held_intents(connection, pairing=ctx.pairing.name, flow="orders")
            judged = ("gate", APPROVAL, REFUSED)
            stale = [one.key for one in waiting if one.held_reason in judged and one.key not in self.wanted]
            shadow(connection, stale, run_id=ctx.run_id, actor=ctx.actor, now=ctx.now)
        _warn(ctx, connection, self.warnings)


@dataclass(frozen=True, slots=True)
class _Road:
    """One planning of the flow, with what all of its steps need."""

    ctx: StageContext
    connection: psycopg.Connection
    mappers: Mapping[str, Mapper]
    plan: OrderPlan
    credit: Mapping[str, CreditFacts]
    listed: Mapping[str, Decimal | None]
    decided: Mapping[tuple[str, str], Decision]
    customers: Customers
    lent: dict[str, dict[str, Decimal]] = field(default_factory=dict)  # by whose limit it is, in this plan


def plan_orders(ctx: StageContext, connection: psycopg.Connection, asked: Sequence[str]) -> OrderPlan:
    """Return what the orders of the pairing want now; quarantine what is not ready, let out what is."""
    dates = won_deals(connection, ctx.pairing, ctx.now.date(), asked)
    deals = gather(connection, ctx.pairing, list(dates))
    revisions = look(ctx, connection, asked)
    customers = Customers(ctx, connection, deals)
    everyone = [*deals, *(revised.facts for revised, _ in revisions.amend)]
    road = _road(ctx, connection, everyone, revisions.amend, customers)
    road.plan.considered = len(dates) + revisions.considered
    ready = [facts.deal.key for facts in deals if _order(road, facts, dates[facts.deal.key])]
    _resolve(road, "plan", [*ready, *given_up(connection, ctx.pairing)])
    for revised, judgement in revisions.amend:
        draft = amendment(revised, judgement, ctx.pairing.orders, ctx.pairing.crm.key_prefixes)
        adds = total_of(revised.facts.lines) - _total(revised.base)
        if _want(road, revised.facts, [draft], AMEND, adds, {"changes": [str(one) for one in judgement.differences]}):
            _resolve(road, AMEND, [revised.facts.deal.key])
    for deal, problems in revisions.flagged.values():
        _block(road, deal, problems, AMEND)
    settle_agreed(ctx, connection, revisions)
    if not asked:
        for draft in customers.others():
            _add(road, draft, customers.place_of(draft))
        for wanted in parent_links(ctx, connection):
            road.plan.wanted.setdefault(wanted.key, wanted)
    return road.plan


def _road(
    ctx: StageContext,
    connection: psycopg.Connection,
    deals: Sequence[DealFacts],
    amend: Sequence[tuple[Revised, object]],
    customers: Customers,
) -> _Road:
    pairing, prefix = ctx.pairing, ctx.pairing.crm.key_prefixes.get("deal", "")
    customer_keys = sorted({facts.customer_key for facts in deals if facts.customer_key})
    keys = [order_key(prefix, facts.deal.key) for facts in deals]
    for revised, _ in amend:
        keys.append(order_key(prefix, revised.facts.deal.key, revised.revision + 1))
    return _Road(
        ctx,
        connection,
        {name: ctx.mapper("erp", name) for name in ("order", "order_line", "customer")},
        OrderPlan(),
        credit_facts(connection, pairing, customer_keys),
        list_prices(connection, pairing, deals),
        approvals.decisions(connection, keys),
        customers,
    )


def _order(road: _Road, facts: DealFacts, day: date) -> bool:
    """Want the order of a won deal and the customer it needs; False when the deal is not ready."""
    policy, prefixes, customers = road.ctx.pairing.orders, road.ctx.pairing.crm.key_prefixes, road.customers
    problems = [*problems_of(facts, policy), *customers.problems_of(facts)]
    if problems:
        _block(road, facts.deal, problems, "plan")
        return False
    drafts = drafts_of(facts, policy, prefixes, day, customers.parent_of(facts))
    above = customers.above(facts)
    return _want(road, facts, [*above, *drafts], "plan", total_of(facts.lines), {"order_date": day.isoformat()})


def _want(
    road: _Road, facts: DealFacts, drafts: Sequence[Draft], stage: str, adds: Decimal, about: Mapping[str, object]
) -> bool:
    """Add the drafts to the plan unless something forbids the order; held where a person has to approve it first."""
    concerns = [*_credit(road, facts, adds), *_discount(road, facts)]
    blocking = [one.problem for one in concerns if one.answer == "block"]
    if blocking:
        _block(road, facts.deal, blocking, stage)
        return False
    order = drafts[-1]
    wishes = [one.problem for one in concerns if one.answer == "approve"]
    try:
        intents = [_intent(road, draft, facts, about, adds, wishes) for draft in drafts]
    except RecordError as error:
        problem = Problem(
            error.code or "unmappable", "deal", facts.deal.key, error.field or "", error.message, error.hint
        )
        _block(road, facts.deal, [problem], stage)
        return False
    decision = road.decided.get((order.key, payload_hash(intents[-1].payload)))
    refused = decision if wishes and decision is not None and not decision.approved else None
    if wishes and (decision is None or refused):
        intents[-1] = replace(intents[-1], held_reason=REFUSED if refused else APPROVAL)
    for intent in intents:
        road.plan.wanted.setdefault(intent.key, intent)
    if refused:
        road.plan.reasons[order.key] = [_refused(facts.deal, refused)]
        _block(road, facts.deal, road.plan.reasons[order.key], stage)
        return False
    if wishes and decision is None:
        road.plan.reasons[order.key] = wishes
    road.plan.warnings[order.key] = [one.problem for one in concerns if one.answer == "warn"]
    _lend(road, facts, adds)
    return True


def _refused(deal: Image, decision: Decision) -> Problem:
    said_by = f"{decision.actor} refused it on {decision.at:%Y-%m-%d}"
    message = f"Deal {deal.values.get('name')!r}: {said_by}{': ' + decision.comment if decision.comment else '.'}"
    return Problem(
        "refused", "deal", deal.key, "amount", message, "Change the deal: what is different is asked about anew."
    )


def _add(road: _Road, draft: Draft, facts: DealFacts) -> None:
    """Want a customer whether or not a deal of this plan needs it."""
    road.plan.own.add(draft.key)
    try:
        road.plan.wanted.setdefault(draft.key, _intent(road, draft, facts, {}, Decimal(0), []))
    except RecordError as error:
        problem = Problem(
            error.code or "unmappable", "customer", draft.source.key, error.field or "", error.message, error.hint
        )
        _block(road, draft.source, [problem], "plan")


# --- credit and discounts -------------------------------------------------------------------------------


def _credit(road: _Road, facts: DealFacts, adds: Decimal) -> list[Concern]:
    known = road.credit.get(facts.customer_key or "")
    if known is None or facts.account is None:
        return []
    lent = road.lent.get(known.holder.key, {})
    known = replace(known, under_way=added(known.under_way, lent))
    return list(credit_concerns(facts.deal, facts.account, known, adds, road.ctx.pairing.orders.credit))


def _lend(road: _Road, facts: DealFacts, adds: Decimal) -> None:
    """Count an order of this plan against its customer's limit for those that come after it."""
    known = road.credit.get(facts.customer_key or "")
    if known is not None:
        currency = str(facts.deal.values.get("currency") or known.holder.values.get("currency"))
        road.lent[known.holder.key] = added(road.lent.get(known.holder.key, {}), {currency: adds})


def _discount(road: _Road, facts: DealFacts) -> list[Concern]:
    return list(discount_concerns(facts, road.listed, road.ctx.pairing.orders.discount)) if road.listed else []


def _total(known: Ordered) -> Decimal:
    amounts = [(line.get("quantity"), line.get("unit_price")) for line in lines_of(known).values()]
    return sum((q * p for q, p in amounts if isinstance(q, Decimal) and isinstance(p, Decimal)), Decimal(0))


# --- intents --------------------------------------------------------------------------------------------


def _intent(
    road: _Road,
    draft: Draft,
    facts: DealFacts,
    about: Mapping[str, object],
    adds: Decimal,
    wishes: Sequence[Problem],
) -> IntentDraft:
    ctx, mappers = road.ctx, road.mappers
    kind = road.customers.kind_of(draft.source) if draft.entity == "customer" else None
    canonical = {**draft.canonical, "kind": kind} if kind else draft.canonical
    values = {**mappers[draft.entity].to_native(canonical), **draft.native}
    lines = [{**mappers["order_line"].to_native(canonical), **native} for canonical, native in draft.lines]
    payload: dict[str, object] = {
        "label": draft.source.values.get("name"),
        "values": encode(values),
        "lines": [encode(line) for line in lines],
    }
    if draft.entity == "order":
        payload |= {"ordered": encode(draft.ordered), "revision": draft.revision, "customer": facts.customer_key}
        payload |= {"currency": facts.deal.values.get("currency"), "adds": str(adds), **about}
        payload |= {"approval": sorted({one.code for one in wishes})} if wishes else {}
        payload |= {"version": draft.version} if draft.target else {}
    return IntentDraft(
        key=draft.key,
        entity=draft.entity,
        operation="update" if draft.target else "create",
        source_system=ctx.pairing.crm.system,
        source_entity=draft.source.entity,
        source_key=draft.source.key,
        source_version=draft.source.version,
        target_system=ctx.pairing.erp.system,
        target_key=draft.target,
        depends_on=draft.depends_on,
        payload=payload,
    )


# --- quarantine and ledger ------------------------------------------------------------------------------


def _resolve(road: _Road, stage: str, keys: Sequence[str]) -> None:
    quarantine.resolve_keys(
        road.connection,
        pairing=road.ctx.pairing.name,
        system=road.ctx.pairing.crm.system,
        entity="deal",
        stage=stage,
        keys=keys,
        run_id=road.ctx.run_id,
    )


def _block(road: _Road, record: Image, problems: Sequence[Problem], stage: str) -> None:
    """Quarantine the record: its first problem names the cause, all of them are kept with it."""
    road.plan.blocked += 1
    first = problems[0]
    hint = " ".join(dict.fromkeys(problem.hint for problem in problems))
    payload = {
        "name": record.values.get("name"),
        "problems": [
            {"code": p.code, "entity": p.entity, "key": p.key, "field": p.field, "message": p.message, "hint": p.hint}
            for p in problems
        ],
    }
    quarantine.put(
        road.connection,
        pairing=road.ctx.pairing.name,
        system=road.ctx.pairing.crm.system,
        entity=record.entity,
        key=record.key,
        stage=stage,
        error=ValidationError(first.message, hint=hint, field=first.field, code=first.code),
        payload=payload,
        run_id=road.ctx.run_id,
    )


def _warn(ctx: StageContext, connection: psycopg.Connection, warnings: Mapping[str, Sequence[Problem]]) -> None:
    """Tell the ledger once of each order that goes although something speaks against it."""
    keys = [key for key, found in warnings.items() if found]
    told = connection.execute(
        "select intent_key, detail ->> 'code' from hub.ledger where intent_key = any(%s) and kind = 'warned'", (keys,)
    ).fetchall()
    entries = [
        ledger.Entry(
            "warned",
            ctx.pairing.name,
            ctx.run_id,
            system=ctx.pairing.crm.system,
            entity=one.entity,
            key=one.key,
            intent_key=key,
            detail={"code": one.code, "message": one.message},
        )
        for key in keys
        for one in warnings[key]
        if (key, one.code) not in told
    ]
    ledger.write(connection, entries)
