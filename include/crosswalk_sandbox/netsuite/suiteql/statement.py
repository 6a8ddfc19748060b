"""A query's text as a syntax tree without what SuiteQL does not know (NetSuite §6)."""

from __future__ import annotations

import re
from typing import Final

from sqlglot import exp
from sqlglot.errors import SqlglotError

from crosswalk_sandbox.netsuite.suiteql.dialect import parse
from crosswalk_sandbox.netsuite.suiteql.scope import SqlError, raw

_LONGEST_IN: Final = 1000
_TEXTS: Final = re.compile(r"'[^']*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)


def statement(query: str) -> tuple[exp.Expr, int]:
    """The tree with numbered parameters, and how many there are; raises SqlError."""
    try:
        tree = parse(query)
    except SqlglotError as error:
        raise SqlError(_position(error)) from error
    words = _TEXTS.sub(" ", query).lstrip("( \t\r\n").upper()
    if not isinstance(tree, exp.Query) or isinstance(tree, exp.Table) or not words.startswith(("SELECT", "WITH")):
        raise SqlError("Only SELECT statements are supported")
    _refuse_syntax(tree, query)
    return tree, _number_parameters(tree)


def _position(error: SqlglotError) -> str:
    found = getattr(error, "errors", None)
    if not found:
        return "Invalid or unsupported search"
    first = found[0]
    return (
        f"Invalid or unsupported search. Syntax error at line {first['line']}, column {first['col']}"
        f" near '{first['highlight']}'"
    )


def _refuse_syntax(tree: exp.Expr, query: str) -> None:
    for node in tree.walk():
        if isinstance(node, exp.With):
            raise SqlError("Invalid or unsupported search. WITH is not supported")
        if isinstance(node, exp.Limit):
            raise SqlError("Invalid or unsupported search. LIMIT is not supported, use FETCH FIRST n ROWS ONLY")
        if isinstance(node, exp.Fetch) and _is_partial(node):
            raise SqlError("Invalid or unsupported search. FETCH FIRST takes a number of rows only")
        if isinstance(node, exp.Lock):
            raise SqlError("Only SELECT statements are supported")
        if isinstance(node, exp.ILike):
            raise SqlError("Unknown identifier 'ILIKE'")
        if isinstance(node, exp.Array | exp.Bracket):
            raise SqlError("Invalid or unsupported search. Unexpected character '['")
        if isinstance(node, exp.DateStrToDate | exp.StrToTime | exp.StrToDate | exp.Interval):
            raise SqlError("Invalid or unsupported search. Date literals are not supported, use TO_DATE")
        if isinstance(node, exp.CurrentDate) or (
            isinstance(node, exp.CurrentTimestamp) and not node.args.get("sysdate")
        ):
            raise SqlError(
                f"Unknown identifier '{'CURRENT_DATE' if isinstance(node, exp.CurrentDate) else 'CURRENT_TIMESTAMP'}'"
            )
        if isinstance(node, exp.In) and len(node.expressions) > _LONGEST_IN:
            raise SqlError("The maximum number of arguments in an IN list is 1000")
    plain = _TEXTS.sub("", query).rstrip()
    for foreign in ("::", ";"):
        if foreign in plain:
            raise SqlError(f"Invalid or unsupported search. Unexpected character '{foreign}'")


def _is_partial(fetch: exp.Fetch) -> bool:
    """PERCENT and WITH TIES, which SuiteQL's FETCH FIRST n ROWS ONLY does not name."""
    options = fetch.args.get("limit_options")
    return options is not None and bool(options.args.get("percent") or options.args.get("with_ties"))


def _number_parameters(tree: exp.Expr) -> int:
    # sqlglot walks in textual order within an operator but not over clauses, so the place in the text decides.
    found = list(tree.find_all(exp.Placeholder))
    ordered = sorted(found, key=_text_order)
    for number, node in enumerate(ordered, 1):
        node.replace(raw(f"?{number}", "param"))
    return len(found)


_CLAUSES: Final = (
    "expressions",
    "from_",
    "joins",
    "this",
    "where",
    "group",
    "having",
    "expression",
    "order",
    "offset",
    "limit",
)


def _text_order(node: exp.Expr) -> tuple[tuple[int, int], ...]:
    """Sort key of a node's place in the text: the path from the root by clause and index."""
    path: list[tuple[int, int]] = []
    while node.parent is not None:
        parent, key = node.parent, node.arg_key or ""
        if isinstance(parent, exp.Select | exp.Union):
            place = _CLAUSES.index(key) if key in _CLAUSES else len(_CLAUSES)
        else:
            place = list(parent.args).index(key)
        path.append((place, node.index or 0))
        node = parent
    return tuple(reversed(path))
