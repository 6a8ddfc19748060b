"""SOQL text to tree; a wrong statement is refused as the platform words it (Salesforce §6.2 MALFORMED_QUERY)."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from typing import Any

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedToken, VisitError

from ..errors import ApiError
from .tree import (
    Call,
    Comparison,
    Condition,
    Item,
    Literal,
    Logic,
    Negation,
    Ordering,
    Path,
    Query,
    SemiJoin,
    TypeOf,
)

LONGEST_STATEMENT = 100_000
LONGEST_STRING = 4_000
RESERVED = frozenset({
    "AND", "ASC", "DESC", "EXCLUDES", "FIRST", "FROM", "GROUP", "HAVING", "IN", "INCLUDES",
    "LAST", "LIKE", "LIMIT", "NOT", "NULL", "NULLS", "OR", "SELECT", "USING", "WHERE", "WITH",
})  # fmt: skip
"""Words that name nothing: no alias, no field."""
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_GROUPED = re.compile(r"\bgroup\s+by\b", re.IGNORECASE)


def located(text: str, at: int, message: str) -> str:
    """A message with the place it is about, as the platform prints it."""
    line_start = text.rfind("\n", 0, at) + 1
    row, column = text.count("\n", 0, at) + 1, at - line_start + 1
    line_end = text.find("\n", at)
    line = text[line_start : line_end if line_end >= 0 else len(text)]
    cut = max(column - 1 - 60, 0) if len(line) > 120 else 0
    excerpt = line[cut : cut + 120]
    return f"\n{excerpt}\n{' ' * (column - 1 - cut)}^\nERROR at Row:{row}:Column:{column}\n{message}"


def malformed(text: str, at: int, message: str) -> ApiError:
    """400 MALFORMED_QUERY at a place of the statement."""
    return ApiError(400, "MALFORMED_QUERY", located(text, at, message))


@lru_cache(maxsize=1)
def _parser() -> Lark:
    grammar = (files(__package__) / "grammar.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", lexer="contextual", start=["plain", "grouped"], propagate_positions=False)


@lru_cache(maxsize=256)
def parse(text: str) -> Query:
    """The tree of a statement. Raises ApiError 400 MALFORMED_QUERY."""
    if len(text) > LONGEST_STATEMENT:
        raise ApiError(400, "QUERY_TOO_COMPLICATED", "SOQL statements cannot be longer than 100000 characters.")
    if not text.strip():
        raise ApiError(400, "MALFORMED_QUERY", "A query string has to be specified")
    start = "grouped" if _GROUPED.search(text) else "plain"
    try:
        tree = _parser().parse(text, start=start)
    except UnexpectedToken as error:
        raise _unexpected(text, error.token) from None
    except UnexpectedCharacters as error:
        raise malformed(
            text,
            error.pos_in_stream or 0,
            f"line {error.line}:{error.column} no viable alternative at character '{text[error.pos_in_stream or 0]}'",
        ) from None
    except UnexpectedEOF:
        raise malformed(text, len(text), "unexpected token: '<EOF>'") from None
    try:
        return _Build(text).transform(tree)
    except VisitError as error:
        raise error.orig_exc from None


def _unexpected(text: str, token: Token) -> ApiError:
    if token.type == "$END":
        return malformed(text, max(len(text) - 1, 0), "unexpected token: '<EOF>'")
    return malformed(text, token.start_pos or 0, f"unexpected token: '{token}'")


@v_args(inline=True)
class _Build(Transformer[Token, Query]):
    """Builds the tree, bottom up. Method names are the grammar's rules."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    # SELECT list
    def path(self, *names: Token) -> Path:
        if len(names) == 1:
            self._free(names[0])
        return Path(tuple(str(name) for name in names), names[0].start_pos or 0)

    def call(self, name: Token, arguments: tuple[Path | Call, ...] = ()) -> Call:
        return Call(str(name).upper(), arguments, name.start_pos or 0)

    def argument(self, value: Path | Call) -> Path | Call:
        return value

    def arguments(self, *values: Path | Call) -> tuple[Path | Call, ...]:
        return values

    def _free(self, name: Token) -> None:
        """Refuses a word of the language where a name is wanted."""
        if str(name).upper() in RESERVED:
            raise malformed(self.text, name.start_pos or 0, f"unexpected token: '{name}'")

    def item(self, value: Any, alias: Token | None = None) -> Item:
        if alias is not None:
            self._free(alias)
        return Item(value, str(alias) if alias else None)

    grouped_item = item

    def items(self, *values: Item) -> tuple[Item, ...]:
        return values

    grouped_items = items

    def paths(self, *values: Path) -> tuple[Path, ...]:
        return values

    def when(self, _when: Token, name: Token, _then: Token, paths: tuple[Path, ...]) -> tuple[str, tuple[Path, ...]]:
        return str(name), paths

    def typeof(self, _typeof: Token, path: Path, *rest: Any) -> TypeOf:
        whens = tuple(part for part in rest if isinstance(part, tuple) and part and isinstance(part[0], str))
        others = [part for part in rest if isinstance(part, tuple) and part and isinstance(part[0], Path)]
        return TypeOf(path, whens, others[0] if others else ())

    # statement
    def from_(self, _from: Token, *names: Any) -> tuple[tuple[str, ...], int, str | None]:
        alias = names[-1] if names and isinstance(names[-1], tuple) else None
        tokens = [name for name in names if isinstance(name, Token)]
        if tokens[0].upper() in ("SELECT", "FROM", "WHERE"):
            self._free(tokens[0])
        return tuple(str(name) for name in tokens), tokens[0].start_pos or 0, alias[0] if alias else None

    def alias(self, name: Token) -> tuple[str]:
        self._free(name)
        return (str(name),)

    def tail(self, *parts: dict[str, Any]) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for part in parts:
            merged.update(part)
        return merged

    grouped_tail = tail

    def plain(self, _select: Token, items: tuple[Item, ...], source: Any, tail: dict[str, Any]) -> Query:
        names, at, alias = source
        return Query(items, names, at, alias, **tail)

    grouped = plain
    subquery = plain

    def scope(self, *tokens: Token) -> dict[str, Any]:
        return {"extras": {"scope": str(tokens[-1])}}

    def with_(self, _with: Token, name: Token) -> dict[str, Any]:
        if str(name).upper() not in ("SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE"):
            raise malformed(self.text, name.start_pos or 0, f"unexpected token: '{name}'")
        return {}

    def where(self, _where: Token, condition: Condition) -> dict[str, Any]:
        return {"where": condition}

    def group(self, _group: Token, _by: Token, items: tuple[Path | Call, ...]) -> dict[str, Any]:
        return {"group": items}

    def group_item(self, value: Path | Call) -> Path | Call:
        return value

    def group_items(self, *values: Path | Call) -> tuple[Path | Call, ...]:
        return values

    def having(self, _having: Token, condition: Condition) -> dict[str, Any]:
        return {"having": condition}

    def order(self, _order: Token, _by: Token, orderings: tuple[Ordering, ...]) -> dict[str, Any]:
        return {"order": orderings}

    def orderings(self, *values: Ordering) -> tuple[Ordering, ...]:
        return values

    def ordering(self, value: Path | Call, *rest: str) -> Ordering:
        nulls = next((part for part in rest if part in ("first", "last")), None)
        return Ordering(value, "desc" in rest, nulls)

    def direction(self, token: Token) -> str:
        return str(token).lower()

    def nulls(self, _nulls: Token, token: Token) -> str:
        return str(token).lower()

    def limit(self, _limit: Token, number: Token) -> dict[str, Any]:
        return {"limit": self._whole(number)}

    def offset(self, _offset: Token, number: Token) -> dict[str, Any]:
        return {"offset": self._whole(number)}

    def _whole(self, number: Token) -> int:
        if not str(number).isdigit():
            raise malformed(self.text, number.start_pos or 0, f"unexpected token: '{number}'")
        return int(number)

    def for_(self, _for: Token, *names: Token) -> dict[str, Any]:
        for name in names:
            if str(name).lower() not in ("view", "reference", "update"):
                raise malformed(self.text, name.start_pos or 0, f"unexpected token: '{name}'")
        return {}

    def all_rows(self, token: Token, _rows: Token) -> dict[str, Any]:
        raise malformed(self.text, token.start_pos or 0, "ALL ROWS not allowed in this context")

    # conditions
    def condition(self, part: Condition) -> Condition:
        return part

    def group_of(self, part: Condition) -> Condition:
        return part

    def unit(self, part: Condition) -> Condition:
        return part

    def comparison(self, part: Condition) -> Condition:
        return part

    def conjunction(self, *parts: Any) -> Logic:
        return Logic("and", tuple(part for part in parts if not isinstance(part, Token)))

    def disjunction(self, *parts: Any) -> Logic:
        return Logic("or", tuple(part for part in parts if not isinstance(part, Token)))

    def negation(self, _not: Token, part: Condition) -> Negation:
        return Negation(part)

    def operand(self, value: Path | Call) -> Path | Call:
        return value

    def compare(self, operand: Path | Call, operator: Token, value: Literal) -> Comparison:
        sign = "!=" if str(operator) == "<>" else str(operator)
        return Comparison(operand, sign, (value,), operand.at)

    def like(self, operand: Path | Call, _like: Token, value: Literal) -> Comparison:
        return Comparison(operand, "like", (value,), operand.at)

    def in_list(self, operand: Path | Call, _in: Token, values: tuple[Literal, ...]) -> Comparison:
        return Comparison(operand, "in", values, operand.at)

    def not_in_list(self, operand: Path | Call, _not: Token, _in: Token, values: tuple[Literal, ...]) -> Comparison:
        return Comparison(operand, "not_in", values, operand.at)

    def includes(self, operand: Path | Call, _word: Token, values: tuple[Literal, ...]) -> Comparison:
        return Comparison(operand, "includes", values, operand.at)

    def excludes(self, operand: Path | Call, _word: Token, values: tuple[Literal, ...]) -> Comparison:
        return Comparison(operand, "excludes", values, operand.at)

    def list(self, *values: Literal) -> tuple[Literal, ...]:
        return values

    def semijoin(self, _select: Token, path: Path, source: Any, where: dict[str, Any] | None = None) -> Query:
        names, at, alias = source
        return Query((Item(path),), names, at, alias, **(where or {}))

    def in_query(self, operand: Path | Call, _in: Token, query: Query) -> SemiJoin:
        return SemiJoin(operand, False, query, operand.at)

    def not_in_query(self, operand: Path | Call, _not: Token, _in: Token, query: Query) -> SemiJoin:
        return SemiJoin(operand, True, query, operand.at)

    # values
    def string(self, token: Token) -> Literal:
        at = token.start_pos or 0
        if len(token) - 2 > LONGEST_STRING:
            raise malformed(self.text, at, "String literal is too long: the maximum is 4000 characters")
        return Literal("string", str(token)[1:-1], at)

    def datetime(self, token: Token) -> Literal:
        return Literal("datetime", str(token), token.start_pos or 0)

    def date(self, token: Token) -> Literal:
        return Literal("date", str(token), token.start_pos or 0)

    def number(self, token: Token) -> Literal:
        return Literal("number", str(token), token.start_pos or 0)

    def currency(self, token: Token) -> Literal:
        return Literal("number", str(token)[3:], token.start_pos or 0)

    def true(self, token: Token) -> Literal:
        return Literal("boolean", True, token.start_pos or 0)

    def false(self, token: Token) -> Literal:
        return Literal("boolean", False, token.start_pos or 0)

    def null(self, token: Token) -> Literal:
        return Literal("null", None, token.start_pos or 0)

    def date_literal(self, token: Token, count: Token | None = None) -> Literal:
        return Literal("literal", str(token).upper(), token.start_pos or 0, int(count) if count else None)


def unescape(raw: str) -> str:
    """A string literal's text without its escapes (``\\'  \\\\  \\n  \\u00e9``)."""
    if "\\" not in raw:
        return raw
    return re.sub(r"\\(u[0-9a-fA-F]{4}|.)", _one_escape, raw, flags=re.DOTALL)


def _one_escape(match: re.Match[str]) -> str:
    body = match[1]
    if body[0] == "u" and len(body) == 5:
        return chr(int(body[1:], 16))
    return _ESCAPES.get(body.lower(), body)


def like_pattern(raw: str) -> str:
    """A LIKE literal for SQL with ``ESCAPE '\\'``: escaped wild cards stay escaped, other escapes are undone."""
    out = []
    for part in re.findall(r"\\.|[^\\]", raw, flags=re.DOTALL):
        if part in ("\\%", "\\_"):
            out.append(part)
        elif part[0] == "\\":
            plain = unescape(part)
            out.append("\\\\" if plain == "\\" else plain)
        else:
            out.append(part)
    return "".join(out)
