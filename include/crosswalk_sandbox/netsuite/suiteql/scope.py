"""Names of a SuiteQL query: which table or sub-query a column comes from, and what kind of value it holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlglot import exp

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.schema.language import Column, Table

KIND: Final = "kind"
TEMPORAL: Final = frozenset({"date", "datetime", "moment"})
NUMERIC: Final = frozenset({"integer", "number", "ref"})


class SqlError(Exception):
    """A query that SuiteQL refuses; the sentence follows "Search error occurred:" (NetSuite §6)."""


@dataclass(frozen=True, slots=True)
class Output:
    """A column of a query's result: its key in the answer and the kind of its values."""

    name: str
    kind: str


@dataclass(slots=True)
class Source:
    """Something in FROM: a table, or a sub-query with its outputs."""

    alias: str
    table: Table | None = None
    outputs: tuple[Output, ...] = ()

    def column(self, name: str) -> Column | Output | None:
        """The column called so, None without one."""
        if self.table is not None:
            return self.table.columns.get(name)
        return next((output for output in self.outputs if output.name == name), None)

    @property
    def names(self) -> list[str]:
        """All column names."""
        return list(self.table.columns) if self.table is not None else [output.name for output in self.outputs]

    @property
    def title(self) -> str:
        """What errors call it."""
        return self.table.name if self.table is not None else self.alias


@dataclass(slots=True)
class Scope:
    """The sources of one SELECT, with those of the queries around it."""

    sources: dict[str, Source] = field(default_factory=dict)
    outer: Scope | None = None
    aliases: dict[str, exp.Expr] = field(default_factory=dict)
    """Output names that ORDER BY may use, with their translated expressions."""

    def find(self, name: str, qualifier: str | None) -> tuple[Source, Column | Output]:
        """Source and column of a name; raises SqlError in the vendor's words."""
        if qualifier:
            return self._qualified(name, qualifier)
        found = [(source, column) for source in self.sources.values() if (column := source.column(name)) is not None]
        if len(found) > 1:
            raise SqlError(f"Column '{name}' is ambiguous")
        if found:
            return found[0]
        if self.outer is not None:
            return self.outer.find(name, None)
        if len(self.sources) == 1:
            title = next(iter(self.sources.values())).title
            raise SqlError(f"Field '{name}' for record '{title}' was not found")
        raise SqlError(f"Unknown identifier '{name}'. Available identifiers are: {{{', '.join(self.sources)}}}")

    def _qualified(self, name: str, qualifier: str) -> tuple[Source, Column | Output]:
        source = self.sources.get(qualifier)
        if source is None:
            if self.outer is not None:
                return self.outer.find(name, qualifier)
            names = ", ".join(self.sources)
            raise SqlError(f"Unknown identifier '{qualifier}'. Available identifiers are: {{{names}}}")
        column = source.column(name)
        if column is None:
            raise SqlError(f"Field '{name}' for record '{source.title}' was not found")
        return source, column


def kind_of(node: exp.Expr) -> str:
    """Kind of a translated expression's values."""
    return str(node.meta.get(KIND, "string"))


def typed(node: exp.Expr, kind: str) -> exp.Expr:
    """The node, known to hold values of the kind."""
    node.meta[KIND] = kind
    return node


def call(name: str, *arguments: exp.Expr, kind: str = "string") -> exp.Expr:
    """A call of a SQLite function."""
    return typed(exp.Anonymous(this=name, expressions=list(arguments)), kind)


def raw(sql: str, kind: str) -> exp.Expr:
    """SQLite text as an expression."""
    return typed(exp.Var(this=sql), kind)


def text(value: str) -> exp.Expr:
    """A string literal."""
    return typed(exp.Literal.string(value), "string")


def as_moment(node: exp.Expr) -> exp.Expr:
    """A temporal expression as a local ``YYYY-MM-DD HH:MM:SS``; text is read in the user's date format."""
    match kind_of(node):
        case "moment":
            return node
        case "datetime":
            return call("local_moment", node, kind="moment")
        case "date":
            return call("day_moment", node, kind="moment")
        case "null":
            return node
        case _:
            return call("read_user_date", node, kind="moment")


def comparable(node: exp.Expr, other: str) -> exp.Expr:
    """``node`` as it compares with a value of kind ``other``, leaving stored columns bare so that indexes serve."""
    mine = kind_of(node)
    if mine == "null" or mine == other:
        return node
    if other in TEMPORAL and (mine in TEMPORAL or mine in ("string", "param")):
        moment = as_moment(node)
        if other == "datetime" and mine != "date":
            return call("utc_stamp", moment, kind="datetime")
        if other == "datetime":
            return call("utc_stamp", moment, kind="datetime")
        return call("day_key", moment, kind="date") if other == "date" else moment
    if other in NUMERIC and (mine == "param" or (mine == "string" and isinstance(node, exp.Literal))):
        return call("to_number", node, kind="number")
    return node


def common_kind(kinds: list[str]) -> str:
    """Kind of a value that is one of several: temporal kinds that differ meet as moments."""
    known = [kind for kind in kinds if kind not in ("null", "param")]
    if not known:
        return "string"
    if all(kind == known[0] for kind in known):
        return known[0]
    if any(kind in TEMPORAL for kind in known):
        return "moment"
    if all(kind in NUMERIC for kind in known):
        return "number"
    return "string"


def unified(nodes: list[exp.Expr]) -> tuple[list[exp.Expr], str]:
    """Alternatives of one value, brought to a common kind."""
    kind = common_kind([kind_of(node) for node in nodes])
    if kind == "moment":
        nodes = [as_moment(node) for node in nodes]
    return nodes, kind
