"""One SuiteQL query into one SQLite query, or a refusal in the vendor's words (NetSuite §6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlglot import exp
from sqlglot.generator import logger as _generator_logger

from crosswalk_sandbox.netsuite.references import target
from crosswalk_sandbox.netsuite.suiteql.calls import joined, translate_call
from crosswalk_sandbox.netsuite.suiteql.grouping import check_grouping
from crosswalk_sandbox.netsuite.suiteql.joins import without_join_marks
from crosswalk_sandbox.netsuite.suiteql.rownum import cut_by_rownum
from crosswalk_sandbox.netsuite.suiteql.scope import (
    TEMPORAL,
    Output,
    Scope,
    Source,
    SqlError,
    as_moment,
    call,
    comparable,
    kind_of,
    raw,
    text,
    typed,
    unified,
)
from crosswalk_sandbox.netsuite.suiteql.statement import statement
from crosswalk_sandbox.netsuite.suiteql.visibility import visible_rows
from crosswalk_sandbox.netsuite.suiteql.walking import walk_in_order

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.account import Role
    from crosswalk_sandbox.netsuite.schema.catalog import Catalog
    from crosswalk_sandbox.netsuite.schema.language import Column

_generator_logger.disabled = True
_COMPARISONS: Final = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
_ARITHMETIC: Final = (exp.Add, exp.Sub, exp.Mul, exp.Div)
_NEVER_NULL: Final = frozenset(
    {"id", "lastmodifieddate", "linelastmodifieddate", "uniquekey", "nkey", "internalid", "transaction", "item",
     "location", "entity", "customer", "recordid", "deleteddate", "trandate", "type", "pricelevel", "currency",
     "quantity", "createddate", "datecreated", "lastquantityavailablechange"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Translated:
    """A query ready to run: SQLite text, outputs, number of ``?``, and the row count it limits itself to."""

    sql: str
    outputs: tuple[Output, ...]
    parameters: int
    fetch: int | None


def translate(query: str, catalog: Catalog, role: Role) -> Translated:
    """Translate a query as the role sees the account; raises SqlError."""
    tree, parameters = statement(query)
    translator = _Translator(catalog, role)
    tree, outputs = translator.query(tree, None)
    walk_in_order(tree)
    return Translated(tree.sql(dialect="sqlite"), outputs, parameters, _own_limit(tree))


def _own_limit(tree: exp.Expr) -> int | None:
    """How many rows the query itself asks for (FETCH FIRST, ROWNUM)."""
    limit = tree.args.get("limit")
    if limit is None:
        return None
    count = limit.args.get("count") if isinstance(limit, exp.Fetch) else limit.expression
    if count is None:
        return 1
    if not isinstance(count, exp.Literal) or not count.this.isdigit():
        raise SqlError("Invalid or unsupported search. FETCH FIRST needs a number")
    return int(count.this)


class _Translator:
    """Rewrites a tree in place, innermost first, and remembers the kind of every expression."""

    def __init__(self, catalog: Catalog, role: Role) -> None:
        self._catalog = catalog
        self._options = catalog.options
        self._role = role

    # queries

    def query(self, tree: exp.Expr, outer: Scope | None) -> tuple[exp.Expr, tuple[Output, ...]]:
        """A translated SELECT or UNION with its outputs."""
        if isinstance(tree, exp.Subquery):
            inner, outputs = self.query(tree.this, outer)
            tree.set("this", inner)
            return tree, outputs
        if isinstance(tree, exp.SetOperation):
            return self._union(tree, outer)
        if isinstance(tree, exp.Select):
            return self._select(tree, outer)
        raise SqlError("Invalid or unsupported search")

    def _union(self, tree: exp.SetOperation, outer: Scope | None) -> tuple[exp.Expr, tuple[Output, ...]]:
        left, outputs = self.query(tree.left, outer)
        right, others = self.query(tree.right, outer)
        if len(outputs) != len(others):
            raise SqlError("Query block has incorrect number of result columns")
        tree.set("this", left)
        tree.set("expression", right)
        order = tree.args.get("order")
        if order is not None:
            names = {output.name for output in outputs}
            for ordered in order.expressions:
                self._order_in_union(ordered, names)
        return tree, outputs

    def _order_in_union(self, ordered: exp.Ordered, names: set[str]) -> None:
        node = ordered.this
        if isinstance(node, exp.Column):
            if node.name.lower() not in names:
                raise SqlError(f"Unknown identifier '{node.name}'")
            ordered.set("this", exp.to_identifier(node.name.lower(), quoted=True))

    def _select(self, tree: exp.Select, outer: Scope | None) -> tuple[exp.Expr, tuple[Output, ...]]:
        check_grouping(tree)
        without_join_marks(tree)
        scope = Scope(outer=outer)
        self._sources(tree, scope)
        rows = cut_by_rownum(tree)
        outputs = self._projections(tree, scope)
        for join in tree.args.get("joins") or ():
            self._join(join, scope)
        for clause in ("where", "having"):
            if tree.args.get(clause) is not None:
                tree.args[clause].set("this", self.visit(tree.args[clause].this, scope))
        if tree.args.get("group") is not None:
            group = tree.args["group"]
            group.set("expressions", [self.visit(node, scope) for node in group.expressions])
        self._order(tree, scope)
        return rows(tree, [output.name for output in outputs]), outputs

    def _order(self, tree: exp.Select, scope: Scope) -> None:
        order = tree.args.get("order")
        for ordered in order.expressions if order is not None else ():
            node = ordered.this
            if isinstance(node, exp.Column) and not node.table and node.name.lower() in scope.aliases:
                ordered.set("this", scope.aliases[node.name.lower()].copy())
            elif not isinstance(node, exp.Literal):
                ordered.set("this", self.visit(node, scope))
            self._nulls(ordered)

    def _nulls(self, ordered: exp.Ordered) -> None:
        column = ordered.this
        if isinstance(column, exp.Column) and column.name in _NEVER_NULL:
            ordered.set("nulls_first", not ordered.args.get("desc"))

    # sources

    def _sources(self, tree: exp.Select, scope: Scope) -> None:
        start = tree.args.get("from_")
        if start is None:
            raise SqlError("Invalid or unsupported search. FROM is missing")
        if isinstance(start.this, exp.Table) and start.this.name.lower() == "dual":
            tree.set("from_", None)
            return
        start.set("this", self._source(start.this, scope))
        for join in tree.args.get("joins") or ():
            join.set("this", self._source(join.this, scope))

    def _source(self, node: exp.Expr, scope: Scope) -> exp.Expr:
        alias = (node.alias or (node.name if isinstance(node, exp.Table) else f"q{len(scope.sources)}")).lower()
        if alias in scope.sources:
            raise SqlError(f"Duplicate alias '{alias}'")
        if isinstance(node, exp.Subquery):
            inner, outputs = self.query(node.this, scope.outer)
            scope.sources[alias] = Source(alias, outputs=outputs)
            return exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))
        if not isinstance(node, exp.Table):
            raise SqlError("Invalid or unsupported search")
        table = self._catalog.tables.get(node.name.lower())
        if table is None or (table.permission and not self._role.may(table.permission, "View")):
            raise SqlError(f"Record '{node.name}' was not found")
        scope.sources[alias] = Source(alias, table)
        return visible_rows(table, self._role, alias)

    def _join(self, join: exp.Join, scope: Scope) -> None:
        if join.args.get("using"):
            join.set("using", [exp.to_identifier(node.name.lower(), quoted=True) for node in join.args["using"]])
        if join.args.get("on") is not None:
            join.set("on", self.visit(join.args["on"], scope))

    def _projections(self, tree: exp.Select, scope: Scope) -> tuple[Output, ...]:
        projections: list[exp.Expr] = []
        outputs: list[Output] = []
        for node in self._expanded(tree, scope):
            shown = node.this if isinstance(node, exp.Alias) else node
            name = node.alias.lower() if isinstance(node, exp.Alias) else ""
            if not name:
                name = node.name.lower() if isinstance(node, exp.Column) else f"expr{len(outputs) + 1}"
            translated = self.visit(shown, scope)
            outputs.append(Output(name, kind_of(translated)))
            scope.aliases[name] = translated
            projections.append(exp.Alias(this=translated, alias=exp.to_identifier(name, quoted=True)))
        tree.set("expressions", projections)
        return tuple(outputs)

    def _expanded(self, tree: exp.Select, scope: Scope) -> list[exp.Expr]:
        found: list[exp.Expr] = []
        for node in tree.expressions:
            if isinstance(node, exp.Star):
                found += [
                    exp.column(name, table=alias) for alias, source in scope.sources.items() for name in source.names
                ]
            elif isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
                source = scope.sources.get(node.table.lower())
                if source is None:
                    raise SqlError(f"Unknown identifier '{node.table}'")
                found += [exp.column(name, table=source.alias) for name in source.names]
            else:
                found.append(node)
        return found

    # expressions

    def visit(self, node: exp.Expr, scope: Scope) -> exp.Expr:
        """The translated expression."""
        match node:
            case exp.Column():
                return self._column(node, scope)
            case exp.Dot():
                return self._builtin(node, scope)
            case exp.Anonymous():
                return translate_call(node.name, self._each(node.expressions, scope), self._options)
            case exp.WithinGroup():
                return self._list_join(node, scope)
            case exp.Subquery() | exp.Exists():
                return self._nested(node, scope)
            case exp.In():
                return self._in(node, scope)
            case exp.Between():
                return self._between(node, scope)
            case exp.Case():
                return self._case(node, scope)
            case exp.Coalesce():
                return translate_call("NVL", self._each([node.this, *node.expressions], scope), self._options)
            case exp.DPipe():
                return joined(self.visit(node.this, scope), self.visit(node.expression, scope))
            case exp.Cast():
                return self._cast(node, scope)
            case exp.Extract():
                moment = as_moment(self.visit(node.expression, scope))
                return call("moment_part", text(node.name), moment, kind="integer")
            case exp.CurrentTimestamp() | exp.Systimestamp():
                return call("sysdate_moment", kind="moment")
            case exp.Literal():
                return typed(node, "string" if node.is_string else "number")
            case exp.Null():
                return typed(node, "null")
            case exp.Var():
                return node
            case _:
                return self._generic(node, scope)

    def _each(self, nodes: list[exp.Expr], scope: Scope) -> list[exp.Expr]:
        return [self.visit(node, scope) for node in nodes]

    def _generic(self, node: exp.Expr, scope: Scope) -> exp.Expr:
        if isinstance(node, _COMPARISONS):
            return self._comparison(node, scope)
        if isinstance(node, _ARITHMETIC):
            return self._arithmetic(node, scope)
        for key, value in list(node.args.items()):
            if isinstance(value, exp.Ordered):
                self._inner_order([value], scope)
            elif isinstance(value, exp.Order):
                self._inner_order(value.expressions, scope)
            elif isinstance(value, exp.Expr) and not isinstance(value, exp.Star | exp.Identifier | exp.WindowSpec):
                node.set(key, self.visit(value, scope))
            elif isinstance(value, list):
                node.set(key, [self.visit(item, scope) if isinstance(item, exp.Expr) else item for item in value])
        return typed(node, _kind_of_operator(node))

    def _inner_order(self, ordered: list[exp.Expr], scope: Scope) -> None:
        for item in ordered:
            item.set("this", self.visit(item.this, scope))

    def _column(self, node: exp.Column, scope: Scope) -> exp.Expr:
        name = node.name.lower()
        if name == "rownum" and not node.table:
            return typed(exp.Window(this=exp.Anonymous(this="row_number"), over="OVER"), "integer")
        source, column = scope.find(name, node.table.lower() or None)
        return self._stored(source, column)

    def _stored(self, source: Source, column: Column | Output) -> exp.Expr:
        if isinstance(column, Output) or column.sql is None:
            quoted = exp.column(
                exp.to_identifier(column.name, quoted=True), table=exp.to_identifier(source.alias, quoted=True)
            )
            return typed(quoted, column.kind)
        return raw(column.expression(f'"{source.alias}"'), column.kind)

    def _builtin(self, node: exp.Dot, scope: Scope) -> exp.Expr:
        function = node.expression
        if node.this.name.upper() != "BUILTIN" or not isinstance(function, exp.Anonymous):
            raise SqlError(f"Unknown identifier '{node.sql()}'")
        name = function.name.upper()
        if name == "RELATIVE_RANGES":
            edge = function.expressions[1].name if len(function.expressions) > 1 else "START"
            return call("relative_range", text(function.expressions[0].name), text(edge), kind="moment")
        if name in ("DF", "CF") and isinstance(function.expressions[0], exp.Column):
            column = function.expressions[0]
            source, found = scope.find(column.name.lower(), column.table.lower() or None)
            return self._display(source, found, shown=name == "DF")
        if name in ("DF", "CF", "CONSOLIDATE", "CURRENCY", "CURRENCY_CONVERT"):
            return self.visit(function.expressions[0], scope)
        raise SqlError(f"Unknown function 'BUILTIN.{name}'")

    def _display(self, source: Source, column: Column | Output, *, shown: bool) -> exp.Expr:
        stored = self._stored(source, column)
        if isinstance(column, Output):
            return stored
        sql = column.expression(f'"{source.alias}"')
        if column.target == "transactionStatus":
            kind = f'"{source.alias}"."type"'
            return raw(f"status_text({kind}, {sql})" if shown else f"({kind} || ':' || {sql})", "string")
        if not shown or column.target is None:
            return stored
        found = target(self._catalog, column.target)
        if found is None:
            return raw(f"enum_text('{column.target}', {sql})", "string")
        return raw(found.display(sql), "string")

    def _nested(self, node: exp.Expr, scope: Scope) -> exp.Expr:
        inner, outputs = self.query(node.this, scope)
        node.set("this", inner)
        return typed(node, outputs[0].kind if isinstance(node, exp.Subquery) else "boolean")

    def _in(self, node: exp.In, scope: Scope) -> exp.Expr:
        value = self.visit(node.this, scope)
        node.set("this", value)
        if node.args.get("query") is not None:
            inner, _ = self.query(node.args["query"], scope)
            node.set("query", inner)
        else:
            items = self._each(node.expressions, scope)
            node.set("expressions", [comparable(item, kind_of(value)) for item in items])
        return typed(node, "boolean")

    def _between(self, node: exp.Between, scope: Scope) -> exp.Expr:
        value, low, high = (self.visit(node.args[key], scope) for key in ("this", "low", "high"))
        value = _bare_or_moment(value, (low, high))
        node.set("this", value)
        node.set("low", comparable(low, kind_of(value)))
        node.set("high", comparable(high, kind_of(value)))
        return typed(node, "boolean")

    def _comparison(self, node: exp.Expr, scope: Scope) -> exp.Expr:
        left, right = self.visit(node.this, scope), self.visit(node.expression, scope)
        if _is_stored(right) and not _is_stored(left):
            left = comparable(left, kind_of(right))
        else:
            left = _bare_or_moment(left, (right,))
            right = comparable(right, kind_of(left))
            left = comparable(left, kind_of(right)) if kind_of(right) in TEMPORAL else left
        node.set("this", left)
        node.set("expression", right)
        return typed(node, "boolean")

    def _arithmetic(self, node: exp.Expr, scope: Scope) -> exp.Expr:
        left, right = self.visit(node.this, scope), self.visit(node.expression, scope)
        if kind_of(left) in TEMPORAL and kind_of(right) in TEMPORAL and isinstance(node, exp.Sub):
            return call("days_between", as_moment(left), as_moment(right), kind="number")
        if kind_of(right) in TEMPORAL and isinstance(node, exp.Add):
            left, right = right, left
        if kind_of(left) in TEMPORAL and isinstance(node, exp.Add | exp.Sub):
            days = exp.Neg(this=exp.Paren(this=right)) if isinstance(node, exp.Sub) else right
            return call("add_days", as_moment(left), days, kind="moment")
        if isinstance(node, exp.Div):
            left = exp.Cast(this=left, to=exp.DataType.build("real"))
        node.set("this", left)
        node.set("expression", right)
        return typed(node, "number")

    def _case(self, node: exp.Case, scope: Scope) -> exp.Expr:
        if node.this is not None:
            node.set("this", self.visit(node.this, scope))
        branches = node.args["ifs"]
        results = [self.visit(branch.args["true"], scope) for branch in branches]
        default = node.args.get("default")
        values, kind = unified([*results, self.visit(default, scope)] if default is not None else results)
        for branch, value in zip(branches, values, strict=False):
            branch.set("this", self.visit(branch.this, scope))
            branch.set("true", value)
        if default is not None:
            node.set("default", values[-1])
        return typed(node, kind)

    def _cast(self, node: exp.Cast, scope: Scope) -> exp.Expr:
        value = self.visit(node.this, scope)
        if node.to.is_type(*exp.DataType.TEXT_TYPES):
            return call("plain_text", value)
        if node.to.is_type(*exp.DataType.TEMPORAL_TYPES):
            return as_moment(value)
        return call("to_number", value, kind="number")

    def _list_join(self, node: exp.WithinGroup, scope: Scope) -> exp.Expr:
        function, order = node.this, node.expression
        if not isinstance(function, exp.Anonymous) or function.name.upper() != "LISTAGG":
            raise SqlError("Invalid or unsupported search. WITHIN GROUP is only for LISTAGG")
        arguments = self._each(function.expressions, scope)
        separator = arguments[1] if len(arguments) > 1 else text("")
        return call("list_join", arguments[0], separator, self.visit(order.expressions[0].this, scope))


def _is_stored(node: exp.Expr) -> bool:
    return isinstance(node, exp.Column)


def _bare_or_moment(value: exp.Expr, others: tuple[exp.Expr, ...]) -> exp.Expr:
    """Two stored columns of different temporal kinds meet as moments; otherwise the value stays as it is."""
    differs = any(
        _is_stored(other) and kind_of(other) in TEMPORAL and kind_of(other) != kind_of(value) for other in others
    )
    return as_moment(value) if differs and kind_of(value) in TEMPORAL else value


def _kind_of_operator(node: exp.Expr) -> str:
    if isinstance(node, exp.Min | exp.Max | exp.Paren | exp.Distinct):
        inner = node.this if node.this is not None else node.expressions[0]
        return kind_of(inner)
    if isinstance(node, exp.Count):
        return "integer"
    if isinstance(node, exp.Sum | exp.Avg | exp.Neg):
        return "number"
    if isinstance(node, exp.Window):
        return kind_of(node.this)
    return "boolean"
