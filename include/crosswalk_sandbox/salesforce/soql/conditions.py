"""WHERE and HAVING to SQL, with SOQL's typing rules (Salesforce §5, §6)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ..ids import normalise
from ..schema import NUMBERS, TEXT, Field
from ..values import read_datetime, stamp
from .functions import function_sql
from .joins import Joins
from .literals import day_range, instant_range
from .parse import like_pattern, unescape
from .refusals import refused
from .tree import Call, Comparison, Condition, Literal, Logic, Negation, Path, SemiJoin

MANY = 100
ORDERED = frozenset({"<", "<=", ">", ">="})


@dataclass(frozen=True, slots=True)
class Context:
    """What conditions need to know besides the tables: the instant, the user's time zone, how to compile a semi-join."""

    now: datetime
    zone: str
    semijoin: Callable[[Any], tuple[str, list[Any]]]

    @property
    def today(self) -> date:
        """Today, in the user's time zone."""
        return self.now.astimezone(ZoneInfo(self.zone)).date()


class Conditions:
    """Compiles conditions against one set of joins; parameters are gathered in the order of the SQL."""

    def __init__(self, joins: Joins, context: Context) -> None:
        self.joins = joins
        self.context = context
        self.parameters: list[Any] = []

    def sql(self, condition: Condition) -> str:
        """The SQL of a condition. Raises ApiError for wrong fields and wrongly typed values."""
        if isinstance(condition, Logic):
            parts = [f"({self.sql(part)})" for part in condition.parts]
            if condition.kind == "or":
                bound = self._common_bound(condition)
                joined = " OR ".join(parts)
                return f"({joined}) AND {bound}" if bound else joined
            return " AND ".join(parts)
        if isinstance(condition, Negation):
            return f"NOT ({self.sql(condition.part)})"
        if isinstance(condition, SemiJoin):
            return self._semijoin(condition)
        return self._comparison(condition)

    def _common_bound(self, condition: Logic) -> str | None:
        """``x >= t`` where every branch implies it: lets a keyset ``(x = t AND Id > i) OR x > t`` seek in the index."""
        bounds = [_lower_bounds(part) for part in condition.parts]
        for path, literal in bounds[0].items():
            if all(other.get(path) == literal for other in bounds[1:]):
                column = self.joins.column(Path(path, 0))
                if column.field.type == "datetime" and literal[0] == "datetime":
                    self.parameters.append(read_datetime(str(literal[1])))
                    return f"{column.sql} >= ?"
        return None

    def _semijoin(self, condition: SemiJoin) -> str:
        if isinstance(condition.operand, Call):
            raise refused(
                self.joins.text, condition.at, "semi join sub-selects need a field on the left", "MALFORMED_QUERY"
            )
        column = self.joins.column(condition.operand)
        if column.field.type not in ("id", "reference"):
            raise refused(
                self.joins.text,
                condition.at,
                f"Cannot use a foreign key for outer field for semi join '{column.field.name}'",
                "INVALID_TYPE",
            )
        inner, parameters = self.context.semijoin(condition.query)
        self.parameters.extend(parameters)
        return f"{column.sql} {'NOT IN' if condition.negated else 'IN'} ({inner})"

    def _comparison(self, condition: Comparison) -> str:
        operand = condition.operand
        if isinstance(operand, Call):
            field, sql = function_sql(self.joins, operand)
        else:
            column = self.joins.column(operand)
            field, sql = column.field, column.sql
            if not field.filterable:
                raise refused(self.joins.text, operand.at, f"field '{field.name}' can not be filtered in a query call")
        if condition.operator in ("in", "not_in"):
            return self._membership(field, sql, condition)
        if condition.operator in ("includes", "excludes"):
            return self._multi(field, sql, condition)
        literal = condition.values[0]
        empty = literal.kind == "string" and literal.value == ""
        if empty and condition.operator in ORDERED and field.type in (*TEXT, "id", "reference"):
            return f"{sql} {condition.operator} ''"
        if literal.kind == "null" or (empty and field.type not in ("id", "reference")):
            return self._null(sql, condition)
        if condition.operator == "like":
            return self._like(field, sql, literal)
        if literal.kind == "literal":
            return self._range(field, sql, condition.operator, literal)
        self.parameters.append(self._value(field, literal))
        return f"{sql} {condition.operator} ?"

    def _null(self, sql: str, condition: Comparison) -> str:
        if condition.operator not in ("=", "!="):
            raise refused(self.joins.text, condition.at, "invalid operator on null value", "MALFORMED_QUERY")
        return f"{sql} IS {'NOT ' if condition.operator == '!=' else ''}NULL"

    def _membership(self, field: Field, sql: str, condition: Comparison) -> str:
        word = "IN" if condition.operator == "in" else "NOT IN"
        values = [self._value(field, item) for item in condition.values if item.kind != "null"]
        nulls = len(values) < len(condition.values)
        if len(values) > MANY:
            self.parameters.append(json.dumps(values))
            text = f"{sql} {word} (SELECT value FROM json_each(?))"
        else:
            self.parameters.extend(values)
            text = f"{sql} {word} ({', '.join('?' * len(values))})"
        if not nulls:
            return text
        return f"({text} OR {sql} IS NULL)" if word == "IN" else f"({text} AND {sql} IS NOT NULL)"

    def _multi(self, field: Field, sql: str, condition: Comparison) -> str:
        if field.type != "multipicklist":
            raise refused(self.joins.text, condition.at, f"invalid operator on field '{field.name}'")
        options = []
        for literal in condition.values:
            wanted = unescape(str(literal.value)).split(";")
            self.parameters.extend(f"%;{value};%" for value in wanted)
            options.append(" AND ".join([f"(';' || {sql} || ';') LIKE ?"] * len(wanted)))
        joined = " OR ".join(f"({option})" for option in options)
        return f"({joined})" if condition.operator == "includes" else f"(NOT ({joined}) OR {sql} IS NULL)"

    def _like(self, field: Field, sql: str, literal: Literal) -> str:
        if literal.kind != "string" or field.type in (
            "id",
            "reference",
            "date",
            "datetime",
            "boolean",
            "int",
            *NUMBERS,
        ):
            raise refused(self.joins.text, literal.at, f"invalid operator on {field.type} field")
        self.parameters.append(like_pattern(str(literal.value)))
        return f"{sql} LIKE ? ESCAPE '\\'"

    def _range(self, field: Field, sql: str, operator: str, literal: Literal) -> str:
        days = day_range(str(literal.value), literal.count, self.context.today)
        if days is None:
            raise refused(self.joins.text, literal.at, f"unexpected token: '{literal.value}'", "MALFORMED_QUERY")
        if field.type == "date":
            first, last = (day.isoformat() for day in days)
        elif field.type == "datetime":
            first, last = (stamp(instant) for instant in instant_range(days, self.context.zone))
        else:
            raise self._typed(field, literal)
        bounds = {"<": (None, first), ">=": (first, None), ">": (last, None), "<=": (None, last)}
        if operator in bounds:
            low, high = bounds[operator]
            self.parameters.append(low or high)
            return f"{sql} {'>=' if low else '<'} ?"
        self.parameters.extend((first, last))
        inside = f"({sql} >= ? AND {sql} < ?)"
        return inside if operator == "=" else f"NOT {inside}"

    def _value(self, field: Field, literal: Literal) -> Any:
        kind, value = literal.kind, literal.value
        if field.type in ("id", "reference"):
            return self._id(field, literal)
        if field.type == "boolean" and kind == "boolean":
            return int(bool(value))
        if field.type in (*NUMBERS, "int") and kind == "number":
            return float(str(value))
        if field.type == "datetime" and kind == "datetime":
            found = read_datetime(str(value))
            if found is not None:
                return found
        if field.type == "date" and kind == "date":
            return str(value)
        if field.type not in ("boolean", "int", "date", "datetime", *NUMBERS) and kind == "string":
            return unescape(str(value)).rstrip()
        raise self._typed(field, literal)

    def _id(self, field: Field, literal: Literal) -> str:
        found = normalise(unescape(str(literal.value))) if literal.kind == "string" else None
        if found is None:
            raise refused(
                self.joins.text, literal.at, f"invalid ID field: {literal.value}", "INVALID_QUERY_FILTER_OPERATOR"
            )
        return found

    def _typed(self, field: Field, literal: Literal) -> Exception:
        names = {"datetime": "dateTime", "date": "date", "boolean": "boolean", "int": "int", "currency": "currency",
                 "double": "double", "percent": "percent"}  # fmt: skip
        kind = names.get(field.type)
        text = f"value of filter criterion for field '{field.name}' must be of type {kind or 'string'}"
        if kind is None:
            text += " and should be enclosed in quotes"
        elif literal.kind == "string":
            text += " and should not be enclosed in quotes"
        return refused(self.joins.text, literal.at, text)


def _lower_bounds(condition: Condition) -> dict[tuple[str, ...], tuple[str, Any]]:
    """Fields that a condition holds at or above a value."""
    if isinstance(condition, Logic) and condition.kind == "and":
        found: dict[tuple[str, ...], tuple[str, Any]] = {}
        for part in condition.parts:
            found.update(_lower_bounds(part))
        return found
    if (
        isinstance(condition, Comparison)
        and isinstance(condition.operand, Path)
        and condition.operator in ("=", ">", ">=")
    ):
        literal = condition.values[0]
        return {condition.operand.parts: (literal.kind, literal.value)}
    return {}
