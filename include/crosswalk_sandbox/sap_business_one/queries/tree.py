"""What the grammar's texts mean, as plain values; reading them (SAP Business One §5).

The grammar is our own because odata-query (0.10), the parser that would serve, refuses what the service takes: literals behind a type
(``datetime'2026-10-01'``, ``SAPB1.BoCardTypes'cCustomer'``, ``12.5M``), ``substringof``, times without seconds, and names that begin with
``null``. It also reads ``$filter`` alone, so that orders, computed columns, aggregation, keys and joins would still need a grammar.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Final, Literal

from lark import Lark, Token, Transformer
from lark.exceptions import LarkError, VisitError

from crosswalk_sandbox.sap_business_one.errors import generic


@dataclass(frozen=True, slots=True)
class Path:
    """A property, with the ways to it."""

    parts: tuple[str, ...]

    def __str__(self) -> str:
        """As it is written."""
        return "/".join(self.parts)


@dataclass(frozen=True, slots=True)
class Value:
    """A literal; ``quoted`` as text, ``word`` the type in front of the quotes."""

    value: str | Decimal | bool | None
    quoted: bool = False
    word: str = ""


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """``a mul b``; only projections of several sets may have it."""

    left: Operand
    operator: str
    right: Operand


Operand = Path | Value | Arithmetic


@dataclass(frozen=True, slots=True)
class Comparison:
    """``a eq b``."""

    left: Operand
    operator: str
    right: Operand


@dataclass(frozen=True, slots=True)
class Call:
    """``contains(a, b)``."""

    name: str
    arguments: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Logic:
    """Several conditions joined by ``and`` or ``or``, or one behind ``not``."""

    operator: Literal["and", "or", "not"]
    parts: tuple[Condition, ...]


Condition = Comparison | Call | Logic


@dataclass(frozen=True, slots=True)
class Order:
    """One part of ``$orderby``."""

    path: Path
    descending: bool


@dataclass(frozen=True, slots=True)
class Selected:
    """One part of ``$select``: an operand, with a name where it is computed; None is ``*``."""

    operand: Operand | None
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Expanded:
    """One part of ``$expand`` with its own ``$select``."""

    path: Path
    select: tuple[Selected, ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """One aggregate; ``$count`` has no operand."""

    method: str
    operand: Operand | None
    alias: str


@dataclass(frozen=True, slots=True)
class Step:
    """One transformation of ``$apply``."""

    filter: Condition | None = None
    groups: tuple[Path, ...] = ()
    measures: tuple[Measure, ...] = ()


class _Reader(Transformer[Token, Any]):
    """Turns the grammar's tree into values."""

    def filter(self, parts: list[Any]) -> Condition:
        """The whole condition."""
        return _condition(parts[0])

    def disjunction(self, parts: list[Any]) -> Logic:
        """Any of them."""
        return Logic("or", tuple(map(_condition, parts)))

    def conjunction(self, parts: list[Any]) -> Logic:
        """All of them."""
        return Logic("and", tuple(map(_condition, parts)))

    def negated(self, parts: list[Any]) -> Logic:
        """Not this."""
        return Logic("not", (_condition(parts[0]),))

    def comparison(self, parts: list[Any]) -> Comparison:
        """Two operands."""
        return Comparison(parts[0], str(parts[1]), parts[2])

    def call(self, parts: list[Any]) -> Call:
        """A function."""
        return Call(str(parts[0]), tuple(parts[1:]))

    def arithmetic(self, parts: list[Any]) -> Any:
        """Left to right."""
        made = parts[0]
        for place in range(1, len(parts), 2):
            made = Arithmetic(made, str(parts[place]), parts[place + 1])
        return made

    def string(self, parts: list[Token]) -> Value:
        """Text in quotes."""
        return Value(_unquoted(parts[0]), quoted=True)

    def typed(self, parts: list[Token]) -> Value:
        """Text in quotes behind a type."""
        word, _, rest = parts[0].partition("'")
        return Value(_unquoted("'" + rest), quoted=True, word=word)

    def number(self, parts: list[Token]) -> Value:
        """A number."""
        return Value(Decimal(parts[0].rstrip("LMFDlmfd")))

    def bare_date(self, parts: list[Token]) -> Value:
        """A day without quotes."""
        return Value(str(parts[0]), word="date")

    def bare_time(self, parts: list[Token]) -> Value:
        """A clock time without quotes."""
        return Value(str(parts[0]), word="time")

    def null(self, _parts: list[Any]) -> Value:
        """Nothing."""
        return Value(None)

    def truth_value(self, parts: list[Token]) -> Value:
        """True or false."""
        return Value(str(parts[0]) == "true")

    def path(self, parts: list[Token]) -> Path:
        """A property."""
        return Path(tuple(map(str, parts)))

    def order(self, parts: list[Any]) -> Order:
        """One order."""
        return Order(parts[0], str(parts[1] or "asc") == "desc")

    def orderby(self, parts: list[Order]) -> tuple[Order, ...]:
        """All orders."""
        return tuple(parts)

    def selected(self, parts: list[Any]) -> Selected:
        """One column."""
        return Selected(parts[0], str(parts[1]) if parts[1] else None)

    def everything(self, _parts: list[Any]) -> Selected:
        """All columns."""
        return Selected(None)

    def select(self, parts: list[Selected]) -> tuple[Selected, ...]:
        """All columns asked for."""
        return tuple(parts)

    def nested(self, parts: list[Any]) -> tuple[Selected, ...]:
        """The projection of what is expanded."""
        return tuple(parts[0])

    def expanded(self, parts: list[Any]) -> Expanded:
        """One way."""
        return Expanded(parts[0], tuple(one for part in parts[1:] if part for one in part))

    def expand(self, parts: list[Expanded]) -> tuple[Expanded, ...]:
        """All ways."""
        return tuple(parts)

    def measured(self, parts: list[Any]) -> Measure:
        """One aggregate."""
        return Measure(str(parts[1]), parts[0], str(parts[2]))

    def counted(self, parts: list[Any]) -> Measure:
        """How many."""
        return Measure("count", None, str(parts[0]))

    def aggregates(self, parts: list[Measure]) -> tuple[Measure, ...]:
        """All aggregates."""
        return tuple(parts)

    def filtering(self, parts: list[Any]) -> Step:
        """A filter among the transformations."""
        return Step(filter=_condition(parts[0]))

    def aggregation(self, parts: list[Any]) -> Step:
        """One row of aggregates."""
        return Step(measures=parts[0])

    def grouping(self, parts: list[Any]) -> Step:
        """A row a group."""
        groups = tuple(part for part in parts if isinstance(part, Path))
        measures = next((part for part in parts if isinstance(part, tuple)), ())
        return Step(groups=groups, measures=measures)

    def apply(self, parts: list[Step]) -> tuple[Step, ...]:
        """All transformations in order."""
        return tuple(parts)

    def single_key(self, parts: list[Value]) -> dict[str, Value]:
        """A key without a name."""
        return {"": parts[0]}

    def named_key(self, parts: list[Any]) -> dict[str, Value]:
        """Keys by name."""
        return {str(name): value for name, value in zip(parts[::2], parts[1::2], strict=True)}

    def crossjoin(self, parts: list[Path]) -> tuple[Path, ...]:
        """The sets that are joined."""
        return tuple(parts)


def _condition(part: Any) -> Condition:
    if isinstance(part, Comparison | Call | Logic):
        return part
    raise generic("Invalid filter condition")


def _unquoted(text: str) -> str:
    return str(text)[1:-1].replace("''", "'")


_ALIKE: Final = re.compile(r"\(?\s*([A-Za-z_]\w*) eq (?:\d+|'(?:[^']|'')*')(?: or \1 eq (?:\d+|'(?:[^']|'')*'))+\s*\)?")
_LITERAL: Final = re.compile(r" eq (?:(\d+)|('(?:[^']|'')*'))(?: or |\s*\)?$)")


def _alike(text: str) -> Logic | None:
    """``A eq 1 or A eq 2 …``: a few hundred keys are read a hundred times as fast as by the grammar; None for anything else."""
    found = _ALIKE.fullmatch(text)
    if found is None or text.startswith("(") != text.endswith(")"):
        return None
    path = Path((found[1],))
    values = [
        Value(Decimal(number)) if number else Value(_unquoted(words), quoted=True)
        for number, words in _LITERAL.findall(text)
    ]
    return Logic("or", tuple(Comparison(path, "eq", value) for value in values))


@cache
def _parser(start: str) -> Lark:
    grammar = resources.files(__package__).joinpath("odata.lark").read_text()
    return Lark(grammar, start=start, parser="lalr", lexer="contextual", maybe_placeholders=True)


@lru_cache(maxsize=512)
def _read(start: str, text: str) -> Any:
    if start == "filter" and (alike := _alike(text)) is not None:
        return alike
    return _Reader().transform(_parser(start).parse(text))


def read(start: str, text: str, option: str) -> Any:
    """What a text means; ``option`` names it in the refusal. Raises Refusal 400 -1000."""
    try:
        return _read(start, text)
    except VisitError as error:
        raise error.orig_exc from None
    except (LarkError, RecursionError):
        raise generic(f"Query string error, invalid format of {option}") from None


Reader = Callable[[str], Any]
