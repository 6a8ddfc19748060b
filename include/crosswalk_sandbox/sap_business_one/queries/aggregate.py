"""``$apply`` as SQL: filter, group, aggregate (SAP Business One §5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from crosswalk_sandbox.sap_business_one.errors import generic
from crosswalk_sandbox.sap_business_one.schema.model import Property

from .conditions import Conditions
from .tree import Condition, Logic, Measure, Path, Step

_METHODS: Final = {
    "sum": "round(sum({}), 6)",
    "average": "round(avg({}), 6)",
    "min": "min({})",
    "max": "max({})",
    "countdistinct": "count(DISTINCT {})",
}


def statement(
    source: str,
    steps: Sequence[Step],
    where: Sequence[Condition],
    column: Callable[[Path], tuple[str, Property]],
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
    groups = [column(path)[0] for path in final.groups]
    names = [*map(str, final.groups), *(one.alias for one in final.measures)]
    columns = [*groups, *(_measure(one, column) for one in final.measures)]
    condition, parameters = conditions.sql(Logic("and", tuple(terms))) if terms else ("1", [])
    grouped = f" GROUP BY {', '.join(groups)}" if groups else ""
    return f"SELECT {', '.join(columns)} FROM {source} WHERE {condition}{grouped}", parameters, names


def _measure(one: Measure, column: Callable[[Path], tuple[str, Property]]) -> str:
    if one.operand is None:
        return "count(*)"
    if not isinstance(one.operand, Path):
        raise generic("Query string error, only properties can be aggregated")
    sql, known = column(one.operand)
    if one.method in ("sum", "average") and known.kind not in ("number", "integer"):
        raise generic(f"Query string error, '{known.name}' is no number: it has no {one.method}")
    return _METHODS[one.method].format(sql)
