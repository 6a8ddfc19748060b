"""``ROWNUM <= n``: rows are cut before they are ordered (NetSuite §6)."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from crosswalk_sandbox.netsuite.suiteql.scope import SqlError

Finish = Callable[[exp.Select, list[str]], exp.Expr]


def cut_by_rownum(tree: exp.Select) -> Finish:
    """Take ``ROWNUM < n`` out of WHERE; the result finishes the translated SELECT with the cut in its place."""
    where = tree.args.get("where")
    limit: int | None = None
    kept: list[exp.Expr] = []
    for condition in _conditions(where):
        found = _limit(condition)
        if found is None:
            kept.append(condition)
        else:
            limit = found if limit is None else min(limit, found)
    if limit is None:
        return lambda select, _names: select
    if tree.args.get("group") is not None:
        raise SqlError("Invalid or unsupported search. ROWNUM with GROUP BY is not supported")
    tree.set("where", exp.Where(this=exp.and_(*kept, copy=False)) if kept else None)
    count = max(limit, 0)
    return lambda select, names: _finished(select, names, count)


def _conditions(where: exp.Expr | None) -> list[exp.Expr]:
    if where is None:
        return []
    return list(where.this.flatten()) if isinstance(where.this, exp.And) else [where.this]


def _limit(condition: exp.Expr) -> int | None:
    left = condition.this
    if not isinstance(left, exp.Column) or left.name.upper() != "ROWNUM" or left.table:
        return None
    right = condition.expression if isinstance(condition, exp.Binary) else None
    if not isinstance(right, exp.Literal) or right.is_string:
        raise SqlError("Invalid or unsupported search. ROWNUM is compared with a number")
    number = int(right.this)
    if isinstance(condition, exp.LTE):
        return number
    if isinstance(condition, exp.LT):
        return number - 1
    if isinstance(condition, exp.EQ):
        return 1 if number == 1 else 0
    return 0 if number >= 1 else None  # a row never gets a number without the ones before it


def _finished(select: exp.Select, names: list[str], count: int) -> exp.Expr:
    order = select.args.get("order")
    limited = exp.Limit(expression=exp.Literal.number(count))
    if order is None:
        select.set("limit", limited)
        return select
    select.set("order", None)
    keys: list[exp.Expr] = []
    for place, ordered in enumerate(order.expressions):
        key = exp.to_identifier(f"order by {place}", quoted=True)
        if isinstance(ordered.this, exp.Literal):
            key = exp.to_identifier(names[int(ordered.this.this) - 1], quoted=True)
        else:
            select.append("expressions", exp.Alias(this=ordered.this.copy(), alias=key))
        ordered.set("this", exp.Column(this=key.copy()))
        keys.append(ordered)
    fetch = select.args.get("limit")
    select.set("limit", limited)
    outer = exp.Select(
        expressions=[exp.Column(this=exp.to_identifier(name, quoted=True)) for name in names],
        from_=exp.From(
            this=exp.Subquery(this=select, alias=exp.TableAlias(this=exp.to_identifier("cut", quoted=True)))
        ),
        order=exp.Order(expressions=keys),
    )
    if fetch is not None:
        outer.set("limit", fetch)
    return outer
