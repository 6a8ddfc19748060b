"""plan: what is wanted in either system, as intents with deterministic keys; what cannot be done goes to quarantine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import psycopg

from crosswalk.hub.intents import IntentDraft, store_plan
from crosswalk.pairing.document import LIFECYCLE_FLOWS, PRODUCT_FLOWS
from crosswalk.pairing.hierarchies import PARENT_FLOWS
from crosswalk.pairing.timeline import TIMELINE
from crosswalk.stages.context import StageContext
from crosswalk.stages.gate import effective_mode
from crosswalk.stages.hierarchies import plan_parents, tell_waits
from crosswalk.stages.lifecycle import plan_lifecycle, tell_why
from crosswalk.stages.orders import plan_orders
from crosswalk.stages.products import plan_products
from crosswalk.stages.timeline import plan_timeline
from crosswalk.stages.write_back import write_back_drafts

Flow = Literal[
    "orders",
    "write_back",
    "products_to_erp",
    "products_to_crm",
    "parents_to_erp",
    "parents_to_crm",
    "lifecycle_to_erp",
    "lifecycle_to_crm",
    "timeline",
]


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
    with ``narrowed``, products, parents and stages are planned for these only, also when there are none. A flow of theirs that is off plans nothing.
    Nor does the timeline, which tells no events when records are named.
    """
    with ctx.hub.connection() as connection:
        mode = "shadow" if dry_run else effective_mode(ctx, connection, flow)
        if flow in (*PRODUCT_FLOWS, *PARENT_FLOWS, *LIFECYCLE_FLOWS, TIMELINE) and mode == "off":
            return PlanResult(0, flow, 0, 0, 0)
        only = set(record_ids)
        if flow == "orders":
            orders = plan_orders(ctx, connection, sorted(only))
            considered, drafts, blocked = orders.considered, orders.drafts, orders.blocked
        elif flow == "write_back":
            considered, drafts, blocked = _write_back(ctx, connection, only)
        elif flow == TIMELINE:
            named = narrowed or bool(only)  # records are named for other flows' sake
            considered, drafts = (0, []) if named else plan_timeline(ctx, connection, mode)
            blocked = 0
        elif flow in PARENT_FLOWS:
            parents = plan_parents(ctx, connection, flow, _asked(only, narrowed), shadowed=mode == "shadow")
            considered, drafts, blocked = parents.considered, parents.drafts, parents.blocked
        elif flow in LIFECYCLE_FLOWS:
            considered, drafts, blocked = plan_lifecycle(ctx, connection, flow, _asked(only, narrowed))
        else:
            asked = _asked(only, narrowed)
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
        if flow in LIFECYCLE_FLOWS:
            tell_why(ctx, connection, plan_id, drafts)
        if flow == "orders" and mode == "live":
            orders.tell(ctx, connection, whole=not only)
        if flow in PARENT_FLOWS and mode == "live":
            tell_waits(ctx, connection, flow, parents, whole=_asked(only, narrowed) is None)
    return PlanResult(plan_id, flow, considered, len(drafts), blocked)


def _asked(only: set[str], narrowed: bool) -> list[str] | None:
    return sorted(only) if only or narrowed else None


def _write_back(
    ctx: StageContext, connection: psycopg.Connection, only: set[str]
) -> tuple[int, list[IntentDraft], int]:
    drafts = [
        draft
        for draft in write_back_drafts(ctx, connection, whole=bool(only))
        if not only or draft.source_key in only or draft.target_key in only
    ]
    return len(drafts), drafts, 0
