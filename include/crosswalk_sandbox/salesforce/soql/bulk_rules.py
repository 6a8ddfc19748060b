"""What bulk query jobs refuse (Salesforce §8.2)."""

from __future__ import annotations

from ..errors import ApiError
from .execute import Runner
from .functions import is_aggregate
from .parse import parse
from .plan import Plan, Viewer
from .tree import Query, TypeOf


def check_bulk_query(runner: Runner, text: str, viewer: Viewer, *, all_rows: bool) -> Plan:
    """The plan of a statement that a bulk job may run. Raises ApiError 400 API_ERROR or INVALIDENTITY."""
    query = parse(text)
    sobject = runner.schema.get(query.source[0])
    if sobject is not None and not {"replicateable", "createable"} & sobject.flags:
        raise ApiError(400, "INVALIDENTITY", f"Entity '{sobject.name}' is not supported by the Bulk API.")
    problem = _problem(query)
    if problem:
        raise ApiError(400, "API_ERROR", problem)
    plan = runner.plan(text, viewer, all_rows=all_rows)
    if any(kind == "address" for _, kind, _ in plan.flat):
        raise ApiError(400, "API_ERROR", "Selecting compound data not supported in Bulk Query")
    return plan


def _problem(query: Query) -> str | None:
    values = [item.value for item in query.items]
    if any(isinstance(value, Query) for value in values):
        return "Implementation restriction: Bulk API query doesn't support sub-select queries"
    if any(isinstance(value, TypeOf) for value in values):
        return "Implementation restriction: Bulk API query doesn't support TYPEOF"
    if query.group or any(is_aggregate(value) for value in values):
        return "Implementation restriction: Bulk API query doesn't support aggregate functions and GROUP BY"
    if query.offset:
        return "Implementation restriction: Bulk API query doesn't support OFFSET"
    return None
