"""Conditions as SQL: typed by the property they compare, strict about what the service has not (SAP Business One §5)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from crosswalk_sandbox.sap_business_one import moments
from crosswalk_sandbox.sap_business_one.errors import Refusal, generic, invalid_value, unknown_property
from crosswalk_sandbox.sap_business_one.schema.model import Enumeration, Property

from .chains import Chain, chain_of
from .tree import Arithmetic, Call, Comparison, Condition, Logic, Operand, Path, Value

Column = tuple[str, Property]
Resolve = Callable[[Path], Column]
Sql = tuple[str, list[Any]]
_OPERATORS: Final = {"eq": "=", "ne": "<>", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_FUNCTIONS: Final = ("startswith", "endswith", "contains", "substringof")


class Conditions:
    """Turns conditions into SQL. ``resolve`` says which column a path is and refuses those that are none."""

    def __init__(
        self,
        resolve: Resolve,
        enums: Callable[[str], Enumeration],
        *,
        insensitive: bool = False,
        bare_literals: bool = True,
    ) -> None:
        self._resolve = resolve
        self._enums = enums
        self._collate = " COLLATE NOCASE" if insensitive else ""
        self._bare = bare_literals

    def sql(self, condition: Condition) -> Sql:
        """SQL of a condition and its parameters."""
        if isinstance(condition, Logic):
            if (
                condition.operator == "or"
                and not self._collate
                and (alike := self._one_of(condition.parts)) is not None
            ):
                return alike
            chain = None if self._collate else chain_of(condition)
            if chain is not None:
                return self._behind(chain)
            parts = [self.sql(part) for part in condition.parts]
            parameters = [value for _, values in parts for value in values]
            if condition.operator == "not":
                return f"NOT ({parts[0][0]})", parameters
            word = f" {condition.operator.upper()} "
            return "(" + word.join(sql for sql, _ in parts) + ")", parameters
        return self._call(condition) if isinstance(condition, Call) else self._comparison(condition)

    def _one_of(self, parts: tuple[Condition, ...]) -> Sql | None:
        """SQL of ``A eq 1 or A eq 2 …``, which is how many are asked for by their keys; None for anything else."""
        first = parts[0]
        if not isinstance(first, Comparison) or not isinstance(first.left, Path):
            return None
        values = []
        for one in parts:
            if not isinstance(one, Comparison) or one.operator != "eq" or one.left != first.left:
                return None
            if not isinstance(one.right, Value) or one.right.value is None:
                return None
            values.append(one.right)
        column, kind = self._resolve(first.left)
        return f"{column} IN ({', '.join('?' * len(values))})", [self.literal(kind, value) for value in values]

    def _behind(self, chain: Chain) -> Sql:
        found = [(*self._resolve(path), value) for path, value in zip(chain.paths, chain.values, strict=True)]
        columns = ", ".join(column for column, _, _ in found)
        marks = ", ".join("?" * len(found))
        values = [self.literal(one, value) for _, one, value in found]
        return f"({columns}) {_OPERATORS[chain.operator]} ({marks})", values

    def _comparison(self, condition: Comparison) -> Sql:
        left, right, operator = condition.left, condition.right, condition.operator
        if isinstance(left, Arithmetic) or isinstance(right, Arithmetic):
            raise generic("Arithmetic operators are not supported in $filter")
        if isinstance(left, Value) and isinstance(right, Path):
            left, right, operator = right, left, _turned(operator)
        if not isinstance(left, Path):
            raise generic("Invalid filter condition")
        column, one = self._resolve(left)
        if isinstance(right, Path):
            other, _ = self._resolve(right)
            return f"{column} {_OPERATORS[operator]} {other}", []
        assert isinstance(right, Value)
        if right.value is None:
            if operator not in ("eq", "ne"):
                raise generic("null can be compared by eq and ne only")
            return f"{column} IS {'NOT ' if operator == 'ne' else ''}NULL", []
        value = self.literal(one, right)
        return f"{column} {_OPERATORS[operator]} ?{self._collate if one.kind == 'text' else ''}", [value]

    def _call(self, condition: Call) -> Sql:
        if condition.name not in _FUNCTIONS:
            raise generic(f"The function '{condition.name}' is not supported")
        if len(condition.arguments) != 2:
            raise generic(f"The function '{condition.name}' takes two arguments")
        first, second = condition.arguments
        if condition.name == "substringof":
            first, second = second, first
        if not isinstance(first, Path) or not isinstance(second, Value) or not second.quoted:
            raise generic(f"The function '{condition.name}' compares a property with a text")
        column, one = self._resolve(first)
        if one.kind != "text":
            raise generic(f"The function '{condition.name}' needs a text, '{one.name}' is none")
        text = str(second.value)
        if self._collate:
            column, text = f"lower({column})", text.lower()
        if condition.name == "startswith":
            return f"substr({column}, 1, {len(text)}) = ?", [text]
        if condition.name == "endswith":
            return f"substr({column}, -{max(len(text), 1)}) = ?", [text]
        return f"instr({column}, ?) > 0", [text]

    def literal(self, one: Property, given: Value) -> Any:
        """A literal as the property's column holds it. Raises Refusal 400 -1000."""
        if not self._bare and (given.word in ("date", "time") or "." in given.word):
            raise generic(f"Invalid literal for '{one.name}'")
        if isinstance(given.value, bool):
            raise invalid_value(one.name, str(given.value).lower())
        read = {
            "date": moments.read_day,
            "time": moments.read_time,
            "enum": self._member,
            "number": number,
            "integer": number,
        }
        reader: Any = read.get(one.kind)
        value = (
            given.value if reader is None else reader(one, given.value) if one.kind == "enum" else reader(given.value)
        )
        if value is None or (one.kind == "text" and not given.quoted):
            raise invalid_value(one.name, given.value)
        return value

    def _member(self, one: Property, value: object) -> str | None:
        return self._enums(one.type).member(value)


def number(value: object) -> float | int | None:
    """A literal as a number; None where it is none."""
    try:
        found = Decimal(str(value))
    except ArithmeticError:
        return None
    return int(found) if found == found.to_integral_value() else float(found)


def _turned(operator: str) -> str:
    return {"gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}.get(operator, operator)


def simple(path: Operand, kind: str) -> str:
    """The name of a property of the entity itself. Raises Refusal for a way to elsewhere."""
    if not isinstance(path, Path) or len(path.parts) > 1:
        raise _foreign(path, kind)
    return path.parts[0]


def _foreign(path: Operand, kind: str) -> Refusal:
    return unknown_property(str(path), kind) if isinstance(path, Path) else generic("Invalid property")
