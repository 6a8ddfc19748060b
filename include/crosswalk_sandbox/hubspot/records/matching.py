"""Search filters: read, checked, as tests on records and, where an index helps, as SQL (HubSpot §10)."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from crosswalk_sandbox.hubspot import moments
from crosswalk_sandbox.hubspot.account import Account
from crosswalk_sandbox.hubspot.errors import validation, wrong_shape
from crosswalk_sandbox.hubspot.schema.definitions import Definition
from crosswalk_sandbox.hubspot.schema.types import COMPANY, CONTACT, DEAL, ObjectType
from crosswalk_sandbox.hubspot.schema.values import plain
from crosswalk_sandbox.hubspot.store import Record

from .render import value_of

OPERATORS: Final = frozenset(
    [
        "EQ",
        "NEQ",
        "LT",
        "LTE",
        "GT",
        "GTE",
        "BETWEEN",
        "IN",
        "NOT_IN",
        "HAS_PROPERTY",
        "NOT_HAS_PROPERTY",
        "CONTAINS_TOKEN",
        "NOT_CONTAINS_TOKEN",
    ]
)
MOST_GROUPS, MOST_FILTERS, MOST_IN_ALL = 5, 6, 18
_NEGATIONS: Final = {
    "NEQ": "EQ",
    "NOT_IN": "IN",
    "NOT_CONTAINS_TOKEN": "CONTAINS_TOKEN",
    "NOT_HAS_PROPERTY": "HAS_PROPERTY",
}
_COMPARED: Final = {"EQ": "=", "LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}
_ASSOCIATIONS: Final = "associations."

Test = Callable[[Record], bool]
Linked = Callable[[Record, str], list[int]]


@dataclass(slots=True)
class Group:
    """One filter group: ``sql`` holds what an index answers exactly, ``tests`` all the rest."""

    tests: list[Test] = field(default_factory=list)
    exact: list[Test] = field(default_factory=list)
    """The same as ``sql``, for records that the index has otherwise."""
    sql: list[str] = field(default_factory=list)
    parameters: list[object] = field(default_factory=list)

    def holds(self, record: Record) -> bool:
        """Whether a record passes every filter."""
        return all(test(record) for test in (*self.exact, *self.tests))


class Matcher:
    """Reads filters against one account."""

    def __init__(self, account: Account, linked: Linked) -> None:
        self._account = account
        self._linked = linked

    def groups(self, kind: ObjectType, body: Mapping[str, Any]) -> list[Group]:
        """The filter groups of a search; none lets everything pass. Raises Refusal 400."""
        given = body.get("filterGroups")
        if given is None and isinstance(body.get("filters"), list):
            given = [{"filters": body["filters"]}]
        given = [] if given is None else given
        if not isinstance(given, list):
            raise wrong_shape("java.util.List<com.hubspot.FilterGroup>", given)
        filters = [one.get("filters") or [] if isinstance(one, dict) else [] for one in given]
        counts = [len(one) for one in filters]
        if len(counts) > MOST_GROUPS or max(counts, default=0) > MOST_FILTERS or sum(counts) > MOST_IN_ALL:
            raise validation(
                f"A search takes at most {MOST_GROUPS} filter groups, {MOST_FILTERS} filters in each and {MOST_IN_ALL} in all"
            )
        return [self._group(kind, one) for one in filters if one]

    def _group(self, kind: ObjectType, filters: Sequence[Any]) -> Group:
        group = Group()
        for one in filters:
            if not isinstance(one, dict):
                raise wrong_shape("com.hubspot.Filter", one)
            self._filter(kind, one, group)
        return group

    def _filter(self, kind: ObjectType, one: Mapping[str, Any], group: Group) -> None:
        name, operator = str(one.get("propertyName", "")), str(one.get("operator", ""))
        if operator not in OPERATORS:
            raise validation(
                f"Invalid operator {operator}; it is one of {', '.join(sorted(OPERATORS))}", operator=[operator]
            )
        if name.startswith(_ASSOCIATIONS):
            group.tests.append(self._association(kind, name, operator, one))
            return
        definition = self._account.definitions(kind).get(name)
        if definition is None:
            raise validation(
                f"There was a problem with the request: property {name} does not exist", propertyName=[name]
            )
        wanted = _operands(operator, one)
        test = self._test(kind, definition, operator, wanted)
        sql = _indexed(kind, name, operator, wanted)
        if sql is None:
            group.tests.append(test)
        else:
            group.exact.append(test)
            group.sql.append(sql[0])
            group.parameters += sql[1]

    def _test(self, kind: ObjectType, definition: Definition, operator: str, wanted: list[str]) -> Test:
        base = _NEGATIONS.get(operator, operator)
        compare = _comparison(definition, base, wanted)
        empty = self._account.options.search_matches_empty
        name = definition.name

        def test(record: Record) -> bool:
            value = value_of(kind, record, name)
            if value in (None, ""):
                return operator == "NOT_HAS_PROPERTY" or (operator in _NEGATIONS and empty)
            return compare(value) != (operator in _NEGATIONS)

        return test

    def _association(self, kind: ObjectType, name: str, operator: str, one: Mapping[str, Any]) -> Test:
        """The pseudo property ``associations.{type}``, of standard types only (§10)."""
        target = self._account.types.find(name.removeprefix(_ASSOCIATIONS))
        if target is None or target.schema is not None or kind.schema is not None:
            raise validation(f"There was a problem with the request: {name} cannot be searched", propertyName=[name])
        if operator not in ("EQ", "NEQ", "IN", "NOT_IN", "HAS_PROPERTY", "NOT_HAS_PROPERTY"):
            raise validation(f"Operator {operator} does not go with {name}", operator=[operator])
        wanted = {int(value) for value in _operands(operator, one) if value.isdigit()}
        negated = operator in _NEGATIONS

        def test(record: Record) -> bool:
            found = self._linked(record, target.id)
            return (bool(found) if not wanted else bool(wanted.intersection(found))) != negated

        return test


def _operands(operator: str, one: Mapping[str, Any]) -> list[str]:
    if operator in ("HAS_PROPERTY", "NOT_HAS_PROPERTY"):
        return []
    if operator in ("IN", "NOT_IN"):
        values = one.get("values")
        if not isinstance(values, list) or not values:
            raise validation(f"Operator {operator} needs values", operator=[operator])
        return [plain(value) for value in values]
    if one.get("value") is None or (operator == "BETWEEN" and one.get("highValue") is None):
        raise validation(
            f"Operator {operator} needs {'value and highValue' if operator == 'BETWEEN' else 'value'}",
            operator=[operator],
        )
    return [plain(one["value"]), *([plain(one["highValue"])] if operator == "BETWEEN" else [])]


def _indexed(kind: ObjectType, name: str, operator: str, wanted: list[str]) -> tuple[str, list[object]] | None:
    """A filter that an index of the file answers as the platform would."""
    column = {"hs_object_id": "id", kind.modified: "modified"}.get(name)
    if column is not None:
        numbers = [moments.read(one) if column == "modified" else int(one) if one.isdigit() else None for one in wanted]
        if None in numbers or not numbers:
            return None
        if operator == "BETWEEN":
            return f"{column} BETWEEN ? AND ?", list(numbers)
        if operator in _COMPARED:
            return f"{column} {_COMPARED[operator]} ?", list(numbers)
        if operator == "IN":
            return f"{column} IN ({', '.join('?' * len(numbers))})", list(numbers)
        return None
    if operator != "EQ":
        return None
    if (kind.id, name) == (COMPANY, "domain"):
        return "type = '0-2' AND lower(json_extract(properties, '$.domain')) = ?", [wanted[0].lower()]
    if (kind.id, name) == (DEAL, "dealstage"):
        return "type = '0-3' AND json_extract(properties, '$.dealstage') = ?", [wanted[0]]
    if (kind.id, name) == (CONTACT, "email"):
        return "id IN (SELECT id FROM taken WHERE type = '0-1' AND property = 'email' AND value = ?)", [
            wanted[0].lower()
        ]
    if name == "erp_key":
        return "id IN (SELECT id FROM taken WHERE type = ? AND property = 'erp_key' AND value = ?)", [
            kind.id,
            wanted[0],
        ]
    return None


def _comparison(definition: Definition, operator: str, wanted: list[str]) -> Callable[[str], bool]:
    """A test on a value that is there."""
    if operator == "HAS_PROPERTY":
        return lambda _value: True
    if operator == "CONTAINS_TOKEN":
        return _tokens(wanted[0])
    read = reader_of(definition)
    operands = [read(one) for one in wanted]
    if any(one is None for one in operands):
        raise validation(f"{wanted[0]} is not a valid value for {definition.name}", propertyName=[definition.name])
    if operator in ("EQ", "IN"):
        if definition.many:
            return lambda value: bool(set(value.split(";")) & {str(one) for one in operands})
        allowed = set(operands)
        if operator == "IN" and definition.type == "string":
            allowed = set(wanted)  # as they came: text in upper case finds nothing (§10)
        return lambda value: read(value) in allowed
    low, high = operands[0], operands[-1]
    if operator == "BETWEEN":
        return lambda value: (found := read(value)) is not None and low <= found <= high
    tests: dict[str, Callable[[Any], bool]] = {
        "LT": lambda found: found < low, "LTE": lambda found: found <= low,
        "GT": lambda found: found > low, "GTE": lambda found: found >= low,
    }  # fmt: skip
    chosen = tests[operator]
    return lambda value: (found := read(value)) is not None and chosen(found)


def reader_of(definition: Definition) -> Callable[[str], Any]:
    """How values of a type compare: numbers and instants by size, text without case, choices to the letter."""
    if definition.type == "number":
        return _number
    if definition.type in ("date", "datetime"):
        return moments.read
    if definition.type == "enumeration":
        return lambda text: text
    return str.lower


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text.strip())
    except InvalidOperation:
        return None


def _tokens(wanted: str) -> Callable[[str], bool]:
    """Every word of ``wanted`` is a word of the value; ``*`` stands for anything."""
    patterns = [re.compile(fnmatch.translate(word)) for word in wanted.lower().split()]

    def test(value: str) -> bool:
        words = [value.lower(), *re.split(r"[^\w*]+", value.lower()), *value.lower().split()]
        return all(any(pattern.match(word) for word in words) for pattern in patterns)

    return test
