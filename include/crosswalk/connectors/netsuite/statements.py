"""SuiteQL text for one selection: columns with known aliases, and keyset pages in a unique order.

Never offsets: they run the query again for each page, so that rows are skipped or doubled while the table moves, and
they end silently at 100,000 rows (NetSuite §6).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from crosswalk.connectors.netsuite.sources import Source
from crosswalk.connectors.netsuite.windows import SQL_FORMAT
from crosswalk.model.entities import Kind
from crosswalk.model.records import NativeField, Selection

MOST_ROWS = 1000  # NetSuite §6, a page; also the arguments of an IN list
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_LITERAL_OR_MARK = re.compile(r"'(?:[^']|'')*'|\?")
_DATE_FORMAT = "YYYY-MM-DD"


@dataclass(frozen=True, slots=True)
class Statement:
    """A query and its bound parameters, all strings."""

    text: str
    parameters: tuple[str, ...] = ()

    def inlined(self) -> str:
        """Return the query with its parameters as quoted literals, for accounts that do not bind (NetSuite §6)."""
        values = iter(self.parameters)
        return _LITERAL_OR_MARK.sub(lambda found: quoted(next(values)) if found[0] == "?" else found[0], self.text)


@dataclass(frozen=True, slots=True)
class Condition:
    """A restriction with its bound parameters."""

    text: str
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """A selected native field and the alias it comes back under."""

    field: NativeField
    alias: str
    sql: str


class Query:
    """Builds the pages of one selection. Rows come back with k0…kn (the key), changed (the stamp), f0…fm (the fields)."""

    def __init__(self, source: Source, fields: Sequence[NativeField]) -> None:
        aliases: set[str] = set()
        columns = []
        for position, native in enumerate(fields):
            expression, alias = source.expression(native.path)
            aliases |= {alias} if alias else set()
            columns.append(Column(native, f"f{position}", selected(expression, native.kind)))
        self.source = source
        self.columns = tuple(columns)
        self._from = " ".join([f"FROM {source.table}", *source.clauses(aliases)])

    @property
    def key_aliases(self) -> tuple[str, ...]:
        """Aliases of the key's parts."""
        return tuple(f"k{position}" for position in range(len(self.source.keys)))

    def page(self, conditions: Sequence[Condition], after: Sequence[str], rows: int = MOST_ROWS) -> Statement:
        """Return the statement for ``rows`` rows behind the key ``after`` (from the start when empty), and one more.

        The one more is never sent; it lets the answer say whether there is a next page, so that none is asked in vain.
        """
        return self._select(conditions, after, rows + 1)

    def probe(self) -> Statement:
        """Return a statement that touches every column and costs one row."""
        return self._select([], (), 1)

    def _select(self, conditions: Sequence[Condition], after: Sequence[str], rows: int) -> Statement:
        parts = [f"{key} AS {alias}" for key, alias in zip(self.source.keys, self.key_aliases, strict=True)]
        if self.source.modified:
            parts.append(f"{selected(self.source.modified, Kind.INSTANT)} AS changed")
        parts += [f"{column.sql} AS {column.alias}" for column in self.columns]
        return Statement(
            f"SELECT {', '.join(parts)} {self._from}{where([*conditions, behind(self.source.keys, after)])}"
            f" ORDER BY {', '.join(self.source.keys)} FETCH FIRST {rows} ROWS ONLY",
            tuple(value for condition in conditions for value in condition.parameters),
        )


def selected(expression: str, kind: str) -> str:
    """Return SQL that keeps all of a column: a bare date comes in the user's format, without its time (NetSuite §6)."""
    if kind == Kind.DATE:
        return f"TO_CHAR({expression}, '{_DATE_FORMAT}')"
    if kind == Kind.INSTANT:
        return f"TO_CHAR({expression}, '{SQL_FORMAT}')"
    return expression


def scope_of(source: Source, selection: Selection) -> list[Condition]:
    """Return what restricts a pull: the entity's identity and scope, and the mapping's own ``where``."""
    texts = (source.identity, source.scope, f"({selection.where})" if selection.where else "")
    return [Condition(text) for text in texts if text]


def changed_since(source: Source, paths: frozenset[str], bound: str, *extra: Condition) -> Condition:
    """Return one condition for every row that changed, or was changed from elsewhere, since the local time ``bound``."""
    alternatives = [
        Condition(f"{source.modified} >= TO_TIMESTAMP(?, '{SQL_FORMAT}')", (bound,)),
        *(
            Condition(touch.condition.format(format=SQL_FORMAT), (bound,))
            for touch in source.touches
            if touch.concerns(paths)
        ),
        *extra,
    ]
    text = " OR ".join(alternative.text for alternative in alternatives)
    return Condition(f"({text})", tuple(value for alternative in alternatives for value in alternative.parameters))


def fell_due(since: str | None, until: str) -> Condition:
    """Return the condition for customers with an open invoice due from ``since`` to the day before ``until``.

    An invoice becomes overdue because a day begins; no stamp says so.
    """
    start = f" AND transaction.duedate >= TO_DATE(?, '{_DATE_FORMAT}')" if since else ""
    return Condition(
        "customer.id IN (SELECT transaction.entity FROM transaction WHERE transaction.type = 'CustInvc'"
        f" AND transaction.status = 'A'{start} AND transaction.duedate < TO_DATE(?, '{_DATE_FORMAT}'))",
        (since, until) if since else (until,),
    )


def is_key(source: Source, parts: Sequence[str]) -> bool:
    """Tell whether these can be an entity's key; anything but numbers would fail the whole query."""
    return len(parts) == len(source.keys) and all(_NUMBER.fullmatch(part) for part in parts)


def one_of(expression: str, values: Sequence[str]) -> Condition:
    """Return an IN list of at most 1,000 values (NetSuite §6)."""
    return Condition(f"{expression} IN ({', '.join(literal(value) for value in values)})")


def behind(keys: Sequence[str], after: Sequence[str]) -> Condition:
    """Return ``keys > after`` as rows compare; the first part also bounds the range alone, for an index to use.

    Numbers stand in the text: bound as strings they would compare as text with an expression.
    """
    if not after:
        return Condition("")
    values = [literal(value) for value in after]
    steps = []
    for position, key in enumerate(keys):
        equal = [f"{other} = {value}" for other, value in zip(keys[:position], values[:position], strict=True)]
        steps.append(" AND ".join([*equal, f"{key} > {values[position]}"]))
    if len(steps) == 1:
        return Condition(steps[0])
    return Condition(f"{keys[0]} >= {values[0]} AND ({' OR '.join(f'({step})' for step in steps)})")


def literal(value: str) -> str:
    """Return a number as it is, anything else as a quoted literal."""
    return value if _NUMBER.fullmatch(value) else quoted(value)


def quoted(value: str) -> str:
    """Return a text literal, its quotes doubled."""
    return "'" + value.replace("'", "''") + "'"


def where(conditions: Sequence[Condition]) -> str:
    """Return the WHERE clause; empty when nothing restricts."""
    texts = [condition.text for condition in conditions if condition.text]
    return f" WHERE {' AND '.join(texts)}" if texts else ""
