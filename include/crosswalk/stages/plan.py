"""plan: what is wanted in either system, as intents with deterministic keys; what cannot be done goes to quarantine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import psycopg

from crosswalk.hub import quarantine
from crosswalk.hub.codec import encode
from crosswalk.hub.intents import IntentDraft, store_plan
from crosswalk.mapping.engine import Mapper
from crosswalk.model.errors import RecordError, ValidationError
from crosswalk.orders.build import Draft, drafts_of
from crosswalk.orders.facts import DealFacts, Problem
from crosswalk.orders.readiness import problems_of
from crosswalk.pairing.document import PRODUCT_FLOWS
from crosswalk.stages.context import StageContext
from crosswalk.stages.facts import gather, given_up, won_deals
from crosswalk.stages.gate import effective_mode
from crosswalk.stages.products import plan_products
from crosswalk.stages.write_back import write_back_drafts

Flow = Literal["orders", "write_back", "products_to_erp", "products_to_crm"]


@dataclass(frozen=True, slots=True)
class PlanResult:
    """One plan: how many records were looked at, how many writes are wanted, how many records are blocked."""

    plan_id: int
    flow: str
    considered: int
    intents: int
    blocked: int

    def as_dict(self) -> dict[str, object]:
        """Return ids and counts, fit for XCom."""
        return {
            "plan_id": self.plan_id,
            "flow": self.flow,
            "considered": self.considered,
            "intents": self.intents,
            "blocked": self.blocked,
        }


def plan(
    ctx: StageContext,
    flow: Flow,
    *,
    dry_run: bool = False,
    record_ids: Iterable[str] = (),
    narrowed: bool = False,
) -> PlanResult:
    """Plan one flow and store it; intents wait as ``held`` until the gate lets them through.

    ``dry_run`` stores the plan in shadow: it can be read and compared but is never sent. ``record_ids`` narrows it to these source records;
    with ``narrowed``, products are planned for these only, also when there are none. A product flow that is off plans nothing.
    """
    with ctx.hub.connection() as connection:
        mode = "shadow" if dry_run else effective_mode(ctx, connection, flow)
        if flow in PRODUCT_FLOWS and mode == "off":
            return PlanResult(0, flow, 0, 0, 0)
        only = set(record_ids)
        if flow == "orders":
            considered, drafts, blocked = _orders(ctx, connection, only)
        elif flow == "write_back":
            considered, drafts, blocked = _write_back(ctx, connection, only)
        else:
            asked = sorted(only) if only or narrowed else None
            considered, drafts, blocked = plan_products(ctx, connection, flow, asked)
        plan_id = store_plan(
            connection,
            pairing=ctx.pairing.name,
            flow=flow,
            run_id=ctx.run_id,
            mode=mode,
            now=ctx.now,
            drafts=drafts,
            held_reason="gate",
        )
    return PlanResult(plan_id, flow, considered, len(drafts), blocked)


def _orders(ctx: StageContext, connection: psycopg.Connection, only: set[str]) -> tuple[int, list[IntentDraft], int]:
    keys = won_deals(connection, ctx.pairing, ctx.now.date(), sorted(only))
    mappers = {
        "order": ctx.mapper("erp", "order"),
        "order_line": ctx.mapper("erp", "order_line"),
        "customer": ctx.mapper("erp", "customer"),
    }
    drafts: dict[str, IntentDraft] = {}
    blocked, ready = 0, []
    for facts in gather(connection, ctx.pairing, keys):
        problems = problems_of(facts, ctx.pairing.orders)
        if not problems:
            try:
                for draft in drafts_of(facts, ctx.pairing.orders, ctx.pairing.crm.key_prefixes, ctx.now.date()):
                    drafts.setdefault(draft.key, _intent(ctx, draft, facts, mappers))
                ready.append(facts.deal.key)
                continue
            except RecordError as error:
                problems = [_unmappable(facts, error)]
        _block(ctx, connection, facts, problems)
        blocked += 1
    quarantine.resolve_keys(
        connection,
        pairing=ctx.pairing.name,
        system=ctx.pairing.crm.system,
        entity="deal",
        stage="plan",
        keys=[*ready, *given_up(connection, ctx.pairing)],
        run_id=ctx.run_id,
    )
    return len(keys), list(drafts.values()), blocked


def _unmappable(facts: DealFacts, error: RecordError) -> Problem:
    return Problem(
        error.code or "unmappable", facts.deal.entity, facts.deal.key, error.field or "", error.message, error.hint
    )


def _block(ctx: StageContext, connection: psycopg.Connection, facts: DealFacts, problems: list[Problem]) -> None:
    """Quarantine the deal: its first problem names the cause, all of them are kept with it."""
    first = problems[0]
    hint = " ".join(dict.fromkeys(problem.hint for problem in problems))
    error = ValidationError(first.message, hint=hint, field=first.field, code=first.code)
    payload = {
        "name": facts.deal.values.get("name"),
        "problems": [
            {"code": p.code, "entity": p.entity, "key": p.key, "field": p.field, "message": p.message, "hint": p.hint}
            for p in problems
        ],
    }
    quarantine.put(
        connection,
        pairing=ctx.pairing.name,
        system=ctx.pairing.crm.system,
        entity="deal",
        key=facts.deal.key,
        stage="plan",
        error=error,
        payload=payload,
        run_id=ctx.run_id,
    )


def _intent(ctx: StageContext, draft: Draft, facts: DealFacts, mappers: Mapping[str, Mapper]) -> IntentDraft:
    values = {**mappers[draft.entity].to_native(draft.canonical), **draft.native}
    lines = [{**mappers["order_line"].to_native(canonical), **native} for canonical, native in draft.lines]
    payload = {
        "label": draft.canonical.get("memo") or draft.canonical.get("name"),
        "values": encode(values),
        "lines": [encode(line) for line in lines],
    }
    return IntentDraft(
        key=draft.key,
        entity=draft.entity,
        operation="create",
        source_system=ctx.pairing.crm.system,
        source_entity=draft.source.entity,
        source_key=draft.source.key,
        source_version=draft.source.version,
        target_system=ctx.pairing.erp.system,
        target_key=None,
        depends_on=draft.depends_on,
        payload=payload,
    )


def _write_back(
    ctx: StageContext, connection: psycopg.Connection, only: set[str]
) -> tuple[int, list[IntentDraft], int]:
    drafts = [
        draft
        for draft in write_back_drafts(ctx, connection)
        if not only or draft.source_key in only or draft.target_key in only
    ]
    return len(drafts), drafts, 0
