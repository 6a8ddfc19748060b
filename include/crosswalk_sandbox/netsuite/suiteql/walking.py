"""Pages of a joined table in its own order: walk that table instead of gathering and sorting all that is left."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

_RANGES: Final = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between)


def walk_in_order(tree: exp.Expr) -> None:
    """Fix the join order of a translated query that takes its first rows by columns of the table after FROM.

    SQLite does not see that ``ORDER BY line.transaction`` is the order of the transactions joined to the lines, would therefore
    read every line that is left for each page, and gets slower the more there are. Ranges of another table are left to it: they
    say which few rows are wanted.
    """
    if not isinstance(tree, exp.Select) or tree.args.get("limit") is None or tree.args.get("group") is not None:
        return
    source, order = tree.args.get("from_"), tree.args.get("order")
    if source is None or order is None or not tree.args.get("joins"):
        return
    first = source.this.alias_or_name
    if not _all_of(first, [ordered.this for ordered in order.expressions]):
        return
    where = tree.args.get("where")
    ranges = where.find_all(*_RANGES) if where is not None else ()
    if all(column.table == first for one in ranges for column in one.find_all(exp.Column)):
        for join in tree.args["joins"]:
            if not join.side and join.kind in ("", "INNER"):
                join.set("kind", "CROSS")


def _all_of(table: str, expressions: list[exp.Expr]) -> bool:
    return all(isinstance(one, exp.Column) and one.table == table for one in expressions)
