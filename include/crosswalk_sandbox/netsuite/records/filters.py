"""The ``q`` filter of record lists (NetSuite §5.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from lark import Lark, Transformer, Tree
from lark.exceptions import LarkError

from crosswalk_sandbox.netsuite import moments
from crosswalk_sandbox.netsuite.errors import Refusal, invalid_parameter
from crosswalk_sandbox.netsuite.schema.language import Field, RecordType

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.store import Store

_GRAMMAR: Final = r"""
start: any
?any: all ("OR"i all)*
?all: term ("AND"i term)*
?term: "(" any ")" -> group | NAME OPERATOR [value] -> condition
value: list | QUOTED | BARE
list: "[" (QUOTED | BARE) ("," (QUOTED | BARE))* "]"
OPERATOR.3: /(EMPTY_NOT|EMPTY|IS_NOT|IS|EQUAL_NOT|EQUAL|GREATER_OR_EQUAL_NOT|GREATER_OR_EQUAL|GREATER_NOT|GREATER|LESS_OR_EQUAL_NOT|LESS_OR_EQUAL|LESS_NOT|LESS|BETWEEN_NOT|BETWEEN|WITHIN_NOT|WITHIN|ANY_OF_NOT|ANY_OF|CONTAIN_NOT|CONTAIN|START_WITH_NOT|START_WITH|STARTWITH|END_WITH_NOT|END_WITH|ENDWITH_NOT|ENDWITH|ON_OR_BEFORE_NOT|ON_OR_BEFORE|ON_OR_AFTER_NOT|ON_OR_AFTER|ON_NOT|ON|BEFORE_NOT|BEFORE|AFTER_NOT|AFTER)(?![A-Za-z0-9_])/i
NAME: /[A-Za-z_][A-Za-z0-9_.]*/
QUOTED: /"([^"\\]|\\.)*"/
BARE: /(?!(AND|OR)\b)[^\s()\[\],"]+/i
%ignore /\s+/
"""
_PARSER: Final = Lark(_GRAMMAR, parser="earley", lexer="dynamic")
_OPERATORS: Final[dict[str, frozenset[str]]] = {
    "boolean": frozenset({"IS"}),
    "number": frozenset(
        {"EQUAL", "GREATER", "GREATER_OR_EQUAL", "LESS", "LESS_OR_EQUAL", "BETWEEN", "WITHIN", "ANY_OF"}
    ),
    "string": frozenset({"IS", "CONTAIN", "START_WITH", "END_WITH"}),
    "date": frozenset({"ON", "BEFORE", "AFTER", "ON_OR_BEFORE", "ON_OR_AFTER"}),
}
_FAMILIES: Final = {
    "integer": "number",
    "ref": "number",
    "multi": "number",
    "enum": "string",
    "datetime": "date",
}
_SPELLED: Final = {"ENDWITH": "END_WITH", "STARTWITH": "START_WITH"}
_COMPARED: Final = {"EQUAL": "=", "GREATER": ">", "GREATER_OR_EQUAL": ">=", "LESS": "<", "LESS_OR_EQUAL": "<="}


@dataclass(frozen=True, slots=True)
class Condition:
    """SQLite condition on row ``t`` with its parameters."""

    sql: str
    parameters: tuple[object, ...] = ()


def compile_filter(text: str, kind: RecordType, store: Store) -> Condition:
    """The condition that a ``q`` text names; raises 400 with ``o:errorQueryParam: q``."""
    try:
        tree = _PARSER.parse(text)
    except LarkError as error:
        raise invalid_parameter("q", f"Invalid search query: {text}. Provide a valid query.") from error
    return _Compiler(kind, store).transform(tree)


class _Compiler(Transformer[Any, Condition]):
    def __init__(self, kind: RecordType, store: Store) -> None:
        super().__init__(visit_tokens=False)
        self._kind = kind
        self._store = store

    def transform(self, tree: Tree[Any]) -> Condition:
        return self._node(tree)

    def _node(self, tree: Tree[Any]) -> Condition:
        match tree.data:
            case "start" | "group":
                return self._node(tree.children[0])
            case "any" | "all":
                parts = [self._node(child) for child in tree.children]
                joint = " OR " if tree.data == "any" else " AND "
                sql = "(" + joint.join(part.sql for part in parts) + ")"
                return Condition(sql, tuple(value for part in parts for value in part.parameters))
            case _:
                name, operator, value = tree.children
                return self._condition(str(name), str(operator).upper(), _values(value))

    def _condition(self, name: str, written: str, values: list[str] | None) -> Condition:
        field = self._field(name)
        sql = self._store.catalog.expression(self._kind.table, field.column, "t")
        base, negated = written.removesuffix("_NOT"), written.endswith("_NOT")
        base = _SPELLED.get(base, base)
        if base == "EMPTY":
            return Condition(f"{sql} IS {'NOT ' if negated else ''}NULL")
        family = _FAMILIES.get(field.kind, field.kind)
        if base not in _OPERATORS[family]:
            raise invalid_parameter("q", f"Invalid operator '{written}' for the field '{name}'.")
        if not values:
            raise invalid_parameter("q", f"Operator '{written}' for the field '{name}' needs a value.")
        found = self._compiled(family, field, sql, base, values)
        return Condition(f"NOT COALESCE({found.sql}, 0)", found.parameters) if negated else found

    def _field(self, name: str) -> Field:
        field = self._kind.fields.get(name.lower())
        if field is None or not field.filterable:
            detail = f"Unknown field name '{name}' in the search query. The field does not exist on this record type."
            raise Refusal(400, "NONEXISTENT_FIELD", detail, where=("o:errorQueryParam", "q"))
        return field

    def _compiled(self, family: str, field: Field, sql: str, operator: str, values: list[str]) -> Condition:
        if family == "boolean":
            if values[0].lower() not in ("true", "false"):
                raise invalid_parameter("q", f"Invalid boolean value '{values[0]}'.")
            return Condition(f"COALESCE({sql}, 'F') = ?", ("T" if values[0].lower() == "true" else "F",))
        if family == "number":
            return self._number(field, sql, operator, values)
        if family == "date":
            return self._date(field, sql, operator, values[0])
        return _text(field, sql, operator, values[0])

    def _number(self, field: Field, sql: str, operator: str, values: list[str]) -> Condition:
        try:
            numbers = [float(value) if "." in value else int(value) for value in values]
        except ValueError as error:
            raise invalid_parameter("q", f"Invalid number in '{', '.join(values)}'.") from error
        if field.kind == "multi":
            parts = [f"(', ' || {sql} || ', ') LIKE ?" for _ in numbers]
            return Condition(f"({' OR '.join(parts)})", tuple(f"%, {number}, %" for number in numbers))
        if operator == "ANY_OF":
            return Condition(f"{sql} IN ({', '.join('?' * len(numbers))})", tuple(numbers))
        if operator in ("BETWEEN", "WITHIN"):
            if len(numbers) != 2:
                raise invalid_parameter("q", f"Operator '{operator}' needs two values.")
            return Condition(f"{sql} BETWEEN ? AND ?", tuple(numbers))
        return Condition(f"{sql} {_COMPARED[operator]} ?", (numbers[0],))

    def _date(self, field: Field, sql: str, operator: str, value: str) -> Condition:
        start = self._user_date(value)
        if field.kind == "date":
            sign = {"ON": "=", "BEFORE": "<", "AFTER": ">", "ON_OR_BEFORE": "<=", "ON_OR_AFTER": ">="}[operator]
            return Condition(f"{sql} {sign} ?", (start[:10],))
        zone = self._store.options.user_time_zone
        day = (moments.to_utc(start, zone), moments.to_utc(_next_day(start), zone))
        match operator:
            case "ON":
                return Condition(f"({sql} >= ? AND {sql} < ?)", day)
            case "BEFORE":
                return Condition(f"{sql} < ?", day[:1])
            case "AFTER":
                return Condition(f"{sql} >= ?", day[1:])
            case "ON_OR_BEFORE":
                return Condition(f"{sql} < ?", day[1:])
            case _:
                return Condition(f"{sql} >= ?", day[:1])

    def _user_date(self, value: str) -> str:
        options = self._store.options
        try:
            return moments.read(value, options.date_format)
        except moments.FormatError as error:
            java = options.date_format.replace("D", "d").replace("YYYY", "yy")
            raise invalid_parameter(
                "q",
                f'Search error occurred: Parse of date/time "{value}" failed with date format "{java}"'
                f" in time zone {options.user_time_zone}",
            ) from error


def _values(tree: Tree[Any] | None) -> list[str] | None:
    if tree is None:
        return None
    child = tree.children[0]
    tokens = child.children if isinstance(child, Tree) else [child]
    return [_unquoted(str(token)) for token in tokens if token is not None]


def _unquoted(token: str) -> str:
    if not token.startswith('"'):
        return token
    return token[1:-1].replace('\\"', '"').replace("\\\\", "\\")


def _text(field: Field, sql: str, operator: str, value: str) -> Condition:
    if operator == "IS":
        exact = field.column == "externalid"
        return Condition(f"{sql} = ?" + ("" if exact else " COLLATE NOCASE"), (value,))
    escaped = value.lower().replace("!", "!!").replace("%", "!%").replace("_", "!_")
    pattern = {"CONTAIN": f"%{escaped}%", "START_WITH": f"{escaped}%", "END_WITH": f"%{escaped}"}[operator]
    return Condition(f"lower({sql}) LIKE ? ESCAPE '!'", (pattern,))


def _next_day(moment: str) -> str:
    return (datetime.fromisoformat(moment) + timedelta(days=1)).isoformat(" ")
