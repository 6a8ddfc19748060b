"""Operators that work in the hub alone: link, plan, gate, check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crosswalk_airflow.operators.stage import StageOperator
from crosswalk_airflow.params import ids_of

if TYPE_CHECKING:
    from airflow.sdk import Context

    from crosswalk.stages.check import CheckResult, Part
    from crosswalk.stages.context import StageContext
    from crosswalk.stages.gate import GateResult, Release
    from crosswalk.stages.link import LinkSummary
    from crosswalk.stages.match import MatchSummary
    from crosswalk.stages.plan import Flow, PlanResult


class LinkOperator(StageOperator):
    """Links records of the two systems by the pairing's rules."""

    stage = "link"

    def run_stage(self, ctx: StageContext, context: Context) -> LinkSummary:
        """Link every entity that has rules."""
        from crosswalk.stages.link import link_all

        return link_all(ctx)


class MatchOperator(StageOperator):
    """Links by score what the rules left over, and lays doubtful pairs before a person."""

    stage = "match"

    def run_stage(self, ctx: StageContext, context: Context) -> MatchSummary:
        """Match every entity that the pairing names."""
        from crosswalk.stages.match import match_all

        return match_all(ctx)


_NAMED = {"products": "product", "parents": "customer", "lifecycle": "customer"}
"""What the Param ``record_ids`` narrows a flow to, by how its name begins; deals for any other."""


class PlanOperator(StageOperator):
    """Plans one flow: intents for what can be written, quarantine for what cannot.

    :param flow: ``orders``, ``write_back``, ``timeline``, or ``products``, ``parents`` or ``lifecycle`` with ``_to_erp`` or ``_to_crm``.
    """

    stage = "plan"

    def __init__(self, *, flow: Flow, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.flow = flow

    def run_stage(self, ctx: StageContext, context: Context) -> PlanResult:
        """Plan by the run's Params."""
        from crosswalk.stages.plan import plan

        named = context["params"].get("record_ids")
        return plan(
            ctx,
            self.flow,
            dry_run=bool(context["params"].get("dry_run")),
            record_ids=ids_of(_NAMED.get(self.flow.partition("_")[0], "deal"), named),
            narrowed=bool(named),
        )


class GateOperator(StageOperator):
    """Lets planned intents through by mode and mass-change brake, which the run's Param ``release_brake`` releases, with its reason.

    :param flow: as in :class:`PlanOperator`.
    """

    stage = "gate"

    def __init__(self, *, flow: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.flow = flow

    def run_stage(self, ctx: StageContext, context: Context) -> GateResult:
        """Judge what waits."""
        from crosswalk.stages.gate import gate

        dry_run = bool(context["params"].get("dry_run"))
        return gate(ctx, self.flow, dry_run=dry_run, release=_release(ctx, context))


def _release(ctx: StageContext, context: Context) -> Release | None:
    """Return the word of whoever triggered the run that the brake is to be released; a word without a reason is refused."""
    from crosswalk.model.errors import ConfigurationError
    from crosswalk.stages.gate import Release

    if not context["params"].get("release_brake"):
        return None
    reason = str(context["params"].get("reason") or "").strip()
    if not reason:
        raise ConfigurationError(
            "release_brake needs a reason.", hint="Trigger the run again with why the change is meant.", field="reason"
        )
    return Release(context["dag_run"].triggering_user_name or ctx.actor, reason)


class CheckOperator(StageOperator):
    """Compares the two systems in the hub with Great Expectations and stores score and failing rows.

    :param of: ``all`` checks, or those that concern ``orders``; the others' results are then taken over from the run before.
    """

    stage = "check"

    def __init__(self, *, of: Part = "all", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.of = of

    def run_stage(self, ctx: StageContext, context: Context) -> CheckResult:
        """Run the pairing's suite, or that part of it."""
        from crosswalk.stages.check import check

        return check(ctx, self.of)
