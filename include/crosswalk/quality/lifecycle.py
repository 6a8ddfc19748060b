"""Customers whose stage and kind contradict the pairing's rule table."""

from __future__ import annotations

from crosswalk.lifecycle.standing import kind_contradicts, may_move, stage_contradicts
from crosswalk.quality.scope import Comparison, Scope
from crosswalk.quality.spec import Spec


def contradictions(scope: Scope, spec: Spec) -> Comparison | None:
    """No linked customer is, for longer than the pairing's grace, less on one side than the other side makes it by the rule table."""
    policy = scope.pairing.lifecycle
    if policy is None or not (scope.maps("crm", spec.entity, "stage") and scope.maps("erp", spec.entity, "kind")):
        return None
    grace = f"make_interval(mins => {scope.pairing.checks.grace_minutes})"
    judged = f"{scope.linked(spec.entity)} and {may_move(policy)}"
    erp, crm = kind_contradicts(policy), stage_contradicts(policy)
    return Comparison(
        f"""select mine.key as crm_key, theirs.key as erp_key, coalesce(a.name, b.name) as record, a.stage, b.kind,
                concat_ws(' and ', case when {erp} then 'is too little in ' || theirs.system end,
                                   case when {crm} then 'is not far enough in ' || mine.system end) as reason
            from {judged} and greatest(a.changed_at, b.changed_at) < now() - {grace} and ({erp} or {crm})""",
        f"select count(*) from {judged}",
    )
