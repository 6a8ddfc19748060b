"""With aggregates every other column has to be grouped, as Oracle has it (NetSuite §6 dialect)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlglot import exp

from crosswalk_sandbox.netsuite.suiteql.scope import SqlError

_NESTED: Final = (exp.Subquery, exp.Exists, exp.Select)


def check_grouping(tree: exp.Select) -> None:
    """Raise SqlError for a column that is neither grouped nor inside an aggregate; the tree is as the user wrote it."""
    group = tree.args.get("group")
    shown = [node.this if isinstance(node, exp.Alias) else node for node in tree.expressions]
    having = tree.args.get("having")
    if group is None and having is None and not any(_aggregates(node) for node in shown):
        return
    grouped = group.expressions if group is not None else []
    aliases = {node.alias.lower() for node in tree.expressions if isinstance(node, exp.Alias)}
    for node in [*shown, *([having.this] if having is not None else [])]:
        _check(node, grouped)
    order = tree.args.get("order")
    for ordered in order.expressions if order is not None else ():
        node = ordered.this
        if not (isinstance(node, exp.Column) and node.name.lower() in aliases):
            _check(node, grouped)


def _aggregates(node: exp.Expr) -> bool:
    return _is_aggregate(node) or any(_aggregates(child) for child in _children(node))


def _is_aggregate(node: exp.Expr) -> bool:
    return isinstance(node, exp.AggFunc | exp.WithinGroup)


def _check(node: exp.Expr, grouped: list[exp.Expr]) -> None:
    if _is_aggregate(node) or any(_same(node, one) for one in grouped):
        return
    if isinstance(node, exp.Star) or (isinstance(node, exp.Column) and node.name.lower() != "rownum"):
        raise SqlError(f"Invalid or unsupported search. '{node.sql()}' is not a GROUP BY expression")
    for child in _children(node):
        _check(child, grouped)


def _children(node: exp.Expr) -> Iterator[exp.Expr]:
    """Parts of an expression that are worked out on the same rows; a window works on the rows after grouping."""
    if isinstance(node, _NESTED):
        return
    if isinstance(node, exp.Dot):
        yield node.expression
    elif isinstance(node, exp.Window):
        yield from (child for part in node.iter_expressions() for child in part.iter_expressions())
    else:
        yield from node.iter_expressions()


def _same(node: exp.Expr, other: exp.Expr) -> bool:
    if isinstance(node, exp.Column) and isinstance(other, exp.Column) and not (node.table and other.table):
        return node.name.lower() == other.name.lower()
    return node.sql().lower() == other.sql().lower()
