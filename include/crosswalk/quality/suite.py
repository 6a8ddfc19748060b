"""Runs a pairing's checks as one Great Expectations suite and stores the results in the hub."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from crosswalk.hub.checks import (
    CheckOutcome,
    CheckResult,
    carry_over,
    latest_run,
    let_go_of_violations,
    results_of,
    store_outcomes,
)
from crosswalk.hub.database import Hub
from crosswalk.quality.checks import Check


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """All outcomes of a run. ``score`` is the share of compared records that are in order, in percent."""

    outcomes: tuple[CheckOutcome, ...]

    @property
    def score(self) -> float | None:
        """Return the consistency score, 0 to 100, each check weighing by its population; None when there was nothing to compare."""
        population = sum(outcome.population for outcome in self.outcomes)
        violations = sum(min(outcome.violations, outcome.population) for outcome in self.outcomes)
        return None if population == 0 else 100.0 * (population - violations) / population


def run_suite(
    hub: Hub,
    pairing: str,
    run_id: str,
    checks: Sequence[Check],
    *,
    keep_runs: int = 20,
    due: Callable[[Check], bool] = lambda check: True,
) -> SuiteResult:
    """Run the checks on the hub and store outcome and violating rows; rerunning a run replaces its results.

    A check that is not ``due`` is not run where the latest run tells how it ended: that is carried over, so that every run's results are whole.

    Of all but the last ``keep_runs`` runs the violating rows are let go; their results stay. A check that cannot be run (bad SQL, lost connection) is an outcome with ``error`` set, never a silent pass.
    """
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    from great_expectations.core.expectation_suite import ExpectationSuite
    from great_expectations.expectations.metadata_types import FailureSeverity

    from crosswalk.quality.expectation import ExpectSystemsToAgree

    with hub.connection() as connection:
        earlier = latest_run(connection, pairing, other_than=run_id)
        told = results_of(connection, pairing, earlier) if earlier else []
    ended = {one.check_id for one in told if one.error is None}
    kept = [check.check_id for check in checks if not due(check) and check.check_id in ended]
    checks = [check for check in checks if check.check_id not in kept]
    expectations = [
        ExpectSystemsToAgree(
            run_id=run_id,
            pairing=pairing,
            check_id=check.check_id,
            violations_sql=check.violations,
            population_sql=check.population,
            mostly=check.mostly,
            severity=FailureSeverity(check.severity),
            meta={"check_id": check.check_id},
        )
        for check in checks
    ]
    validated = _batch(hub).validate(
        ExpectationSuite(name=pairing, expectations=expectations), result_format="COMPLETE"
    )
    by_id = {check.check_id: check for check in checks}
    outcomes = tuple(
        _outcome(by_id[result.expectation_config.meta["check_id"]], result) for result in validated.results
    )
    with hub.connection() as connection:
        store_outcomes(connection, pairing=pairing, run_id=run_id, outcomes=outcomes)
        if earlier is not None and kept:
            carried = carry_over(connection, pairing=pairing, run_id=run_id, earlier=earlier, checks=kept)
            outcomes += tuple(_carried(one) for one in carried)
        let_go_of_violations(connection, pairing, keep_runs=keep_runs)
    return SuiteResult(outcomes)


def _batch(hub: Hub) -> Any:
    """Return a batch over the hub; the expectation brings its own queries, so the batch is one row."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_postgres(
        "hub", connection_string=hub.dsn.replace("postgresql://", "postgresql+psycopg://", 1)
    )
    asset = source.add_query_asset("hub", query="select 1 as one")
    return asset.add_batch_definition_whole_table("hub").get_batch()


def _outcome(check: Check, result: Any) -> CheckOutcome:
    failure = _exception_of(result.exception_info)
    measured = result.result or {}
    return CheckOutcome(
        check_id=check.check_id,
        title=check.title,
        severity=check.severity,
        violations=int(measured.get("unexpected_count", 0)),
        population=int(measured.get("element_count", 0)),
        success=bool(result.success) and failure is None,
        error=failure,
        entity=check.entity,
    )


def _carried(result: CheckResult) -> CheckOutcome:
    names = ("check_id", "title", "severity", "violations", "population", "success", "error", "entity")
    return CheckOutcome(**{name: getattr(result, name) for name in names})


def _exception_of(info: Any) -> str | None:
    """Return the first exception's message out of Great Expectations' two shapes of exception info."""
    if not info:
        return None
    entries = [info] if "raised_exception" in info else list(info.values())
    for entry in entries:
        if entry.get("raised_exception"):
            return str(entry.get("exception_message"))
    return None
