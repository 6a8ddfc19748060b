"""check: compare the systems in the hub; store score and failing rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from crosswalk.pairing.document import SIDES
from crosswalk.quality.checks import Check, checks_of, concerns_orders
from crosswalk.quality.suite import run_suite
from crosswalk.stages.context import StageContext

Part = Literal["all", "orders"]
_DUE: Mapping[Part, Callable[[Check], bool]] = {"all": lambda check: True, "orders": concerns_orders}


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How well the systems agree, in percent, and how many checks did not pass, could not be run, or had nothing to compare yet."""

    score: float | None
    checks: int
    failed: int
    errors: int
    violations: int
    nothing_to_compare: int

    def as_dict(self) -> dict[str, object]:
        """Return figures only, fit for XCom."""
        return {
            "score": None if self.score is None else round(self.score, 2),
            "checks": self.checks,
            "failed": self.failed,
            "errors": self.errors,
            "violations": self.violations,
            "nothing_to_compare": self.nothing_to_compare,
        }


def check(ctx: StageContext, of: Part = "all") -> CheckResult:
    """Run the pairing's suite, or what of it concerns orders. Disagreement between the systems is a finding, not a failure of this task.

    The figures are always the whole suite's: what a run in part does not measure it takes over from the run before.
    """
    checks = checks_of(ctx.pairing, {side: ctx.mapping(side) for side in SIDES})
    keep = ctx.pairing.checks.keep_runs
    result = run_suite(ctx.hub, ctx.pairing.name, ctx.run_id, checks, keep_runs=keep, due=_DUE[of])
    return CheckResult(
        score=result.score,
        checks=len(result.outcomes),
        failed=sum(not outcome.success for outcome in result.outcomes),
        errors=sum(outcome.error is not None for outcome in result.outcomes),
        violations=sum(outcome.violations for outcome in result.outcomes),
        nothing_to_compare=sum(
            outcome.error is None and not outcome.population and not outcome.violations for outcome in result.outcomes
        ),
    )
