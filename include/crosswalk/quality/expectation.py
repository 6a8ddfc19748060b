"""The one Great Expectations expectation that all checks use: the violations of a query are stored, all of them, in the hub.

Great Expectations' metric classes are a semi-private API: its version is pinned and a test runs this module against it.
Importing this module costs seconds; it is imported inside the task, never by a DAG file.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

import sqlalchemy as sa
from great_expectations.execution_engine.execution_engine import ExecutionEngine
from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.query_metric_provider import QueryMetricProvider

METRIC = "crosswalk.stored_violations"
_DELETE = "delete from hub.check_violation where run_id = :run_id and pairing = :pairing and check_id = :check_id"
# Found first, then stored: Postgres finds on several cores, but only where nothing is inserted by the same statement.
_FIND = "create temporary table found on commit drop as select to_jsonb(v) as detail from ({violations}) v"
_STORE = "insert into hub.check_violation (run_id, pairing, check_id, detail) select :run_id, :pairing, :check_id, detail from found"

_ROOM = "set local work_mem = '96MB'"  # joins and sorts of a million rows stay in memory
# Compiling these queries costs more than it saves; and they look at all there is, so that hashing beats looking up one by one.
_PLANS = "set local jit = off; set local enable_nestloop = off"


def verbatim(query: str) -> str:
    """Return ``query`` for SQLAlchemy as it stands: a colon in it is no parameter's."""
    return re.sub(r"(?<![:\w\\]):(?=\w)", r"\:", query)


class StoredViolations(QueryMetricProvider):
    """Stores what the violations query returns and measures the population; idempotent per run and check."""

    metric_name = METRIC
    value_keys = ("run_id", "pairing", "check_id", "violations_sql", "population_sql")

    @metric_value(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(
        cls,
        execution_engine: SqlAlchemyExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> dict[str, int]:
        names = {name: metric_value_kwargs[name] for name in ("run_id", "pairing", "check_id")}
        with execution_engine.engine.begin() as connection:
            connection.execute(sa.text(f"{_ROOM}; {_PLANS}"))
            connection.execute(sa.text(_DELETE), names)
            found = verbatim(metric_value_kwargs["violations_sql"])
            connection.execute(sa.text(_FIND.format(violations=found)))
            stored = connection.execute(sa.text(_STORE), names).rowcount
            population = connection.execute(sa.text(verbatim(metric_value_kwargs["population_sql"]))).scalar()
        return {"violations": stored, "population": int(population or 0)}


class ExpectSystemsToAgree(BatchExpectation):
    """Expect a query for violations to return nothing, or no more than ``1 - mostly`` of the population."""

    run_id: str
    pairing: str
    check_id: str
    violations_sql: str
    population_sql: str
    mostly: float = 1.0

    metric_dependencies: ClassVar[tuple[str, ...]] = (METRIC,)
    success_keys: ClassVar[tuple[str, ...]] = (
        "run_id",
        "pairing",
        "check_id",
        "violations_sql",
        "population_sql",
        "mostly",
    )
    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id",)

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: ExecutionEngine[Any] | None = None,
    ) -> dict[str, Any]:
        measured = metrics[METRIC]
        share = share_in_order(measured["violations"], measured["population"])
        return {
            "success": share >= self.mostly,
            "result": {
                "observed_value": measured["violations"],
                "unexpected_count": measured["violations"],
                "element_count": measured["population"],
                "unexpected_percent": 100 * (1 - share),
            },
        }


def share_in_order(violations: int, population: int) -> float:
    """Return the share of the population that is in order; violations without a population mean nothing is."""
    if population <= 0:
        return 0.0 if violations else 1.0
    return max(0.0, 1 - violations / population)
