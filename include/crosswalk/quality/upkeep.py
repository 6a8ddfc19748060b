"""Checks of the sync itself: how fresh the hub is, and whether planned writes are done."""

from __future__ import annotations

from crosswalk.pairing.document import SIDES
from crosswalk.quality.scope import Comparison, Scope, literal
from crosswalk.quality.spec import Spec


def freshness(scope: Scope, spec: Spec) -> Comparison | None:
    """Each entity of either side was read lately, told by its watermark: that is written even when nothing had changed."""
    reads = [
        (scope.system(side), literal(entity))
        for side in SIDES
        for entity in scope.pairing.phases["visibility"].read.get(side, ())
    ]
    if not reads:
        return None
    listed = ", ".join(f"({system}, {entity})" for system, entity in reads)
    age = f"clock_timestamp() - make_interval(mins => {scope.pairing.checks.stale_minutes})"
    return Comparison(
        f"""select null::text as crm_key, null::text as erp_key, r.system || ' ' || r.entity as record, r.system, r.entity, w.updated_at as read_at,
                floor(extract(epoch from clock_timestamp() - w.updated_at) / 60)::bigint as minutes
            from (values {listed}) r(system, entity) left join hub.watermark w on w.system = r.system and w.entity = r.entity
            where w.updated_at is null or w.updated_at < {age}""",
        f"select {len(reads)}",
    )


def open_writes(scope: Scope, spec: Spec) -> Comparison:
    """No write that is wanted stays undone, but for what waits in the target for people; those of the last 30 days, and all that are open, are looked at."""
    intents = f"""hub.intent i where i.pairing = {literal(scope.pairing.name)}
        and (i.status in ('planned', 'held', 'sending', 'in_doubt') or i.created_at > clock_timestamp() - interval '30 days')"""
    return Comparison(
        f"""select case when i.source_system = {scope.system("crm")} then i.source_key else i.target_key end as crm_key,
                case when i.source_system = {scope.system("crm")} then i.target_key else i.source_key end as erp_key,
                i.key as record, i.flow, i.entity, i.operation, i.status, i.created_at, i.held_reason, i.message
            from {intents} and i.status in ('planned', 'held', 'sending', 'in_doubt')
             and i.created_at < clock_timestamp() - make_interval(mins => {scope.pairing.checks.intent_minutes})""",
        f"select count(*) from {intents}",
    )
