"""Oracle's ``(+)`` marks as LEFT JOINs; a mark that would need a right join is refused (NetSuite §6)."""

from __future__ import annotations

from sqlglot import exp

from crosswalk_sandbox.netsuite.suiteql.scope import SqlError


def without_join_marks(tree: exp.Select) -> None:
    """Move every condition that marks a table into that table's LEFT JOIN."""
    where = tree.args.get("where")
    if where is None or not any(column.args.get("join_mark") for column in where.find_all(exp.Column)):
        return
    if any(join.side or join.kind or join.args.get("on") is not None for join in tree.args.get("joins") or ()):
        raise SqlError("Invalid or unsupported search. Oracle SQL and SQL-92 joins cannot be mixed in one query")
    kept: list[exp.Expr] = []
    conditions: dict[str, list[exp.Expr]] = {}
    for condition in where.this.flatten() if isinstance(where.this, exp.And) else [where.this]:
        marked = {column.table.lower() for column in condition.find_all(exp.Column) if column.args.get("join_mark")}
        if not marked:
            kept.append(condition)
            continue
        if len(marked) > 1 or "" in marked:
            raise SqlError("Invalid or unsupported search. Unsupported outer join condition")
        for column in condition.find_all(exp.Column):
            column.set("join_mark", False)
        conditions.setdefault(marked.pop(), []).append(condition)
    _attach(tree, conditions)
    tree.set("where", exp.Where(this=exp.and_(*kept, copy=False)) if kept else None)


def _attach(tree: exp.Select, conditions: dict[str, list[exp.Expr]]) -> None:
    joins = {join.this.alias_or_name.lower(): join for join in tree.args.get("joins") or ()}
    for table, found in conditions.items():
        if table not in joins:
            raise SqlError("Invalid or unsupported search. Right outer join is not supported")
        joins[table].set("side", "LEFT")
        joins[table].set("on", exp.and_(*found, copy=False))
