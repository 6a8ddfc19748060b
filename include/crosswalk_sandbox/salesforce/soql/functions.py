"""Functions of SOQL: aggregates and date parts."""

from __future__ import annotations

from ..schema import NUMBERS, Field
from .joins import Joins
from .refusals import refused
from .tree import Call, Path

AGGREGATES = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"})
DATE_PARTS = {
    "CALENDAR_YEAR": "CAST(substr({0}, 1, 4) AS INTEGER)",
    "CALENDAR_MONTH": "CAST(substr({0}, 6, 2) AS INTEGER)",
    "DAY_IN_MONTH": "CAST(substr({0}, 9, 2) AS INTEGER)",
    "CALENDAR_QUARTER": "(CAST(substr({0}, 6, 2) AS INTEGER) + 2) / 3",
    "FISCAL_YEAR": "CAST(substr({0}, 1, 4) AS INTEGER)",
    "FISCAL_MONTH": "CAST(substr({0}, 6, 2) AS INTEGER)",
    "FISCAL_QUARTER": "(CAST(substr({0}, 6, 2) AS INTEGER) + 2) / 3",
    "HOUR_IN_DAY": "CAST(substr({0}, 12, 2) AS INTEGER)",
    "DAY_ONLY": "substr({0}, 1, 10)",
}
SHOWN = frozenset({"TOLABEL", "FORMAT", "CONVERTCURRENCY"})
_WHOLE = Field("expr", "int", {"digits": 9})


def is_aggregate(value: object) -> bool:
    """Whether a SELECT element folds many rows into one."""
    return isinstance(value, Call) and value.name in AGGREGATES


def function_sql(joins: Joins, call: Call) -> tuple[Field, str]:
    """A call as SQL, with a field that says of which type its result is. Raises ApiError for unknown functions."""
    if call.name == "COUNT" and not call.arguments:
        return _WHOLE, "COUNT(*)"
    if len(call.arguments) != 1 or call.name not in AGGREGATES | DATE_PARTS.keys() | SHOWN:
        raise refused(joins.text, call.at, f"Invalid Aggregate Function: {call.name}", "MALFORMED_QUERY")
    argument = call.arguments[0]
    if isinstance(argument, Path):
        column = joins.column(argument)
        field, inner = column.field, column.sql
    else:
        field, inner = function_sql(joins, argument)
    if call.name in SHOWN:
        return field, inner
    if call.name in DATE_PARTS:
        kind = Field(call.name, "date", {}) if call.name == "DAY_ONLY" else _WHOLE
        return kind, DATE_PARTS[call.name].format(inner)
    return _aggregate(joins, call, field, inner)


def _aggregate(joins: Joins, call: Call, field: Field, inner: str) -> tuple[Field, str]:
    if call.name == "COUNT":
        return _WHOLE, f"COUNT({inner})"
    if call.name == "COUNT_DISTINCT":
        return _WHOLE, f"COUNT(DISTINCT {inner})"
    if call.name in ("SUM", "AVG"):
        if field.type not in (*NUMBERS, "int"):
            raise refused(joins.text, call.at, f"field {field.name} does not support aggregate operator {call.name}")
        scale = int(field.spec.get("scale", 0)) if call.name == "SUM" else 6
        return Field(field.name, "double", {}), f"ROUND({call.name}({inner}), {scale})"
    if not field.spec.get("aggregatable", field.type != "boolean" and not field.long_text):
        raise refused(joins.text, call.at, f"field {field.name} does not support aggregate operator {call.name}")
    return field, f"{call.name}({inner})"
