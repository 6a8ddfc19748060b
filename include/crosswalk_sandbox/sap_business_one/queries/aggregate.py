"""``$apply`` as SQL: filter, group, aggregate (SAP Business One §5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from crosswalk_sandbox.sap_business_one.errors import generic

from .conditions import Conditions
from .tree import Condition, Logic, Measure, Path, Step

_METHODS: Final = {
    "sum": "sum({})",
    "average": "avg({})",
    "min": "min({})",
    "max": "max({})",
    "countdistinct": "count(DISTINCT {})",
}


def statement(
    source: str,
    steps: Sequence[Step],
    where: Sequence[Condition],
    column: Callable[[Path], str],
    conditions: Conditions,
) -> tuple[str, list[Any], list[str]]:
    """SQL, its parameters and the names of its columns. Raises Refusal 400 -1000 for what the service has not."""
    terms: list[Condition] = list(where)
    final: Step | None = None
    for step in steps:
        if final is not None:
            raise generic("Query string error, nothing may follow the aggregation in $apply")
        if step.filter is not None:
            terms.append(step.filter)
        else:
            final = step
    if final is None:
        raise generic("Query string error, $apply needs aggregate or groupby")
    groups = [column(path) for path in final.groups]
    names = [*map(str, final.groups), *(one.alias for one in final.measures)]
    columns = [*groups, *(_measure(one, column) for one in final.measures)]
    condition, parameters = conditions.sql(Logic("and", tuple(terms))) if terms else ("1", [])
    grouped = f" GROUP BY {', '.join(groups)} ORDER BY {', '.join(groups)}" if groups else ""
    return f"SELECT {', '.join(columns)} FROM {source} WHERE {condition}{grouped}", parameters, names


def _measure(one: Measure, column: Callable[[Path], str]) -> str:
    if one.operand is None:
        return "count(*)"
    if not isinstance(one.operand, Path):
        raise generic("Query string error, only properties can be aggregated")
    return _METHODS[one.method].format(column(one.operand))
