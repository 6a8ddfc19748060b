"""A SOQL tree to SQL: which rows, in which order, and how a row becomes a record."""

from __future__ import annotations

from typing import Any

from ..errors import ApiError
from ..schema import Field, Schema, SObject
from .conditions import Conditions, Context
from .functions import function_sql, is_aggregate
from .joins import Joins
from .plan import Plan, Viewer
from .refusals import no_child, no_object, refused
from .selection import Selection, fields_kind
from .tree import Call, Item, Ordering, Path, Query

ARCHIVING = frozenset({"Task"})
"""Activities whose archived rows only queryAll shows (§11)."""
MOST_OFFSET = 2_000
MOST_ALL_FIELDS = 200
MOST_SUBQUERIES = 20


class Compiler:
    """Compiles one statement (and, through :meth:`child`, its subqueries) for one viewer."""

    def __init__(self, schema: Schema, viewer: Viewer, text: str, *, all_rows: bool = False, prefix: str = "t") -> None:
        self.schema = schema
        self.viewer = viewer
        self.text = text
        self.all_rows = all_rows
        self.prefix = prefix
        self._depth = 0

    def compile(self, query: Query) -> Plan:
        """The plan of a top-level statement. Raises ApiError as §6.2 words it."""
        sobject = self.schema.get(query.source[0])
        if sobject is None or "queryable" not in sobject.flags or len(query.source) > 1 or self._unseen(sobject):
            raise no_object(self.text, query.source_at, ".".join(query.source))
        self._check(query)
        joins = self._joins(sobject, query)
        if query.group or any(is_aggregate(item.value) for item in query.items):
            return self._aggregate(query, sobject, joins)
        return self._records(query, sobject, joins, None)

    def child(self, query: Query, parent: SObject, number: int) -> tuple[str, Plan]:
        """The plan of a subquery: rows of many parents at once, each with its parent's id."""
        link = parent.child(query.source[0]) if len(query.source) == 1 else None
        if link is None or (link.child.lower(), link.field.name.lower()) in self.viewer.hidden:
            raise no_child(self.text, query.source_at, ".".join(query.source))
        sobject = self.schema.objects[link.child.lower()]
        if self._unseen(sobject):
            raise no_child(self.text, query.source_at, ".".join(query.source))
        inner = Compiler(self.schema, self.viewer, self.text, all_rows=self.all_rows, prefix=f"{self.prefix}c{number}_")
        inner._check(query)
        plan = inner._records(query, sobject, inner._joins(sobject, query), link.field)
        return str(link.relationship), plan

    def _unseen(self, sobject: SObject) -> bool:
        """Whether the viewer may not read the sObject at all: to them it does not exist."""
        return (sobject.name.lower(), "") in self.viewer.hidden

    def _joins(self, sobject: SObject, query: Query) -> Joins:
        names = (sobject.name, query.alias) if query.alias else (sobject.name,)
        return Joins(self.schema, self.viewer.hidden, self.text, sobject, names, self.prefix)

    def _check(self, query: Query) -> None:
        if query.offset > MOST_OFFSET:
            raise ApiError(400, "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000")
        for item in query.items:
            call = item.value
            open_ended = query.limit is None or query.limit > MOST_ALL_FIELDS
            if open_ended and isinstance(call, Call) and call.name == "FIELDS" and fields_kind(call) != "STANDARD":
                message = "The SOQL FIELDS function must have a LIMIT of at most 200"
                raise refused(self.text, call.at, message, "MALFORMED_QUERY")
        if sum(isinstance(item.value, Query) for item in query.items) > MOST_SUBQUERIES:
            raise ApiError(400, "MALFORMED_QUERY", "Too many sub-queries: the limit is 20")

    # rows
    def _where(
        self, query: Query, sobject: SObject, joins: Joins, first: list[str]
    ) -> tuple[str, list[Any], Conditions]:
        context = Context(self.viewer.now, self.viewer.zone, self._semijoin)
        conditions = Conditions(joins, context)
        clauses = list(first)
        if not self.all_rows and sobject.has("IsDeleted"):
            # The plus keeps SQLite from walking all living rows when a condition or an order offers a better way in.
            plain = query.where is None and not query.order and not first
            clauses.append(f'{"" if plain else "+"}{joins.alias}."IsDeleted" = 0')
        if not self.all_rows and sobject.name in ARCHIVING:
            clauses.append(f'{joins.alias}."IsArchived" = 0')
        if query.extras.get("scope"):
            clauses.append(self._scope(query, sobject, joins))
        if query.where is not None:
            clauses.append(f"({conditions.sql(query.where)})")
        text = f" WHERE {' AND '.join(clauses)}" if clauses else ""
        return text, conditions.parameters, conditions

    def _scope(self, query: Query, sobject: SObject, joins: Joins) -> str:
        scope = query.extras["scope"].lower()
        if scope == "mine" and sobject.has("OwnerId"):
            return f"{joins.alias}.\"OwnerId\" = '{self.viewer.user_id}'"
        if scope == "everything":
            return "1"
        raise refused(self.text, query.source_at, f"Unsupported scope '{scope}'", "MALFORMED_QUERY")

    def _semijoin(self, query: Query) -> tuple[str, list[Any]]:
        self._depth += 1
        inner = Compiler(
            self.schema, self.viewer, self.text, all_rows=self.all_rows, prefix=f"{self.prefix}s{self._depth}_"
        )
        return inner.semijoin(query)

    def semijoin(self, query: Query) -> tuple[str, list[Any]]:
        """The SQL of ``(SELECT field FROM …)`` inside a condition."""
        sobject = self.schema.get(query.source[0])
        if sobject is None or self._unseen(sobject):
            raise no_object(self.text, query.source_at, query.source[0])
        joins = self._joins(sobject, query)
        path = query.items[0].value
        assert isinstance(path, Path)
        column = joins.column(path)
        if column.field.type not in ("id", "reference"):
            message = f"The inner select field '{column.field.name}' cannot have more than one level of relationships or be no id"
            raise refused(self.text, path.at, message, "MALFORMED_QUERY")
        where, parameters, _ = self._where(query, sobject, joins, [f"{column.sql} IS NOT NULL"])
        return f'SELECT {column.sql} FROM "{sobject.name}" {joins.alias} {joins.sql}{where}', parameters

    def _records(self, query: Query, sobject: SObject, joins: Joins, link: Field | None) -> Plan:
        selection = Selection(sobject, self._joins(sobject, query), self.child)
        selection.add_all(query.items)
        first = []
        if link is not None:
            first.append(f'{joins.alias}."{link.name}" IN (SELECT value FROM json_each(?))')
        where, parameters, _ = self._where(query, sobject, joins, first)
        order = self._order(query, joins, sobject)
        limits = "" if link is not None else _limits(query)
        head = f"{joins.alias}._row" + (f', {joins.alias}."{link.name}"' if link is not None else "")
        rows = f'SELECT {head} FROM "{sobject.name}" {joins.alias} {joins.sql}{where} ORDER BY {order}{limits}'
        plan = Plan(sobject, rows, parameters, limit=query.limit)
        selection.finish(plan)
        return plan

    def _order(self, query: Query, joins: Joins, sobject: SObject) -> str:
        parts = [self._ordering(item, joins) for item in query.order]
        own_id = f'{joins.alias}."Id"'
        settled = any(part.split(" ")[0] == own_id for part in parts)
        return ", ".join(parts if settled else [*parts, f"{joins.alias}._row"])

    def _ordering(self, item: Ordering, joins: Joins) -> str:
        if isinstance(item.value, Call):
            _, sql = function_sql(joins, item.value)
        else:
            column = joins.column(item.value)
            if not column.field.spec.get("sortable", not column.field.long_text and column.field.type != "address"):
                raise refused(
                    self.text, item.value.at, f"field '{column.field.name}' can not be sorted in a query call"
                )
            sql = column.sql
        direction = " DESC" if item.descending else ""
        nulls = f" NULLS {item.nulls.upper()}" if item.nulls else ""
        return f"{sql}{direction}{nulls}"

    # aggregates
    def _aggregate(self, query: Query, sobject: SObject, joins: Joins) -> Plan:
        if len(query.items) == 1 and query.items[0].value == Call("COUNT", (), getattr(query.items[0].value, "at", 0)):
            where, parameters, _ = self._where(query, sobject, joins, [])
            limit = f" LIMIT {query.limit}" if query.limit is not None else ""
            sql = f'SELECT COUNT(*) FROM (SELECT 1 FROM "{sobject.name}" {joins.alias} {joins.sql}{where}{limit})'
            return Plan(sobject, sql, parameters, count_only=True)
        groups = [self._group(value, joins) for value in query.group]
        columns, keys, aliases = self._aggregate_items(query, joins, groups)
        where, parameters, conditions = self._where(query, sobject, joins, [])
        tail = f" GROUP BY {', '.join(groups)}" if groups else ""
        if query.having is not None:
            tail += f" HAVING {conditions.sql(query.having)}"
        order = [self._aggregate_order(item, joins, aliases) for item in query.order]
        tail += f" ORDER BY {', '.join(order)}" if order else ""
        sql = (
            f'SELECT {", ".join(columns)} FROM "{sobject.name}" {joins.alias} {joins.sql}{where}{tail}{_limits(query)}'
        )
        return Plan(sobject, sql, parameters, keys=tuple(keys), aggregate=True)

    def _group(self, value: Path | Call, joins: Joins) -> str:
        if isinstance(value, Call):
            return function_sql(joins, value)[1]
        column = joins.column(value)
        groupable = (
            column.field.type not in ("datetime", "double", "currency", "percent", "address")
            and not column.field.long_text
        )
        if not column.field.spec.get("groupable", groupable):
            raise refused(self.text, value.at, f"field '{column.field.name}' can not be grouped in a query call")
        return column.sql

    def _aggregate_items(
        self, query: Query, joins: Joins, groups: list[str]
    ) -> tuple[list[str], list[tuple[str, str]], dict[str, str]]:
        columns: list[str] = []
        keys: list[tuple[str, str]] = []
        aliases: dict[str, str] = {}
        numbered = 0
        for item in query.items:
            if isinstance(item.value, Path):
                column = joins.column(item.value)
                kind, sql, name = column.field.type, column.sql, item.alias or joins.strip(item.value)[-1]
                if column.sql not in groups:
                    raise refused(
                        self.text,
                        item.value.at,
                        f"Field must be grouped or aggregated: {item.value.text}",
                        "MALFORMED_QUERY",
                    )
                name = item.alias or column.field.name
            elif isinstance(item.value, Call):
                found, sql = function_sql(joins, item.value)
                kind, name = found.type, item.alias or f"expr{numbered}"
                numbered += item.alias is None
            else:
                raise ApiError(400, "MALFORMED_QUERY", "Sub-queries are not allowed in aggregate queries")
            columns.append(sql)
            keys.append((name, kind))
            aliases[name.lower()] = sql
        return columns, keys, aliases

    def _aggregate_order(self, item: Ordering, joins: Joins, aliases: dict[str, str]) -> str:
        value = item.value
        if isinstance(value, Path) and len(value.parts) == 1 and value.parts[0].lower() in aliases:
            direction = " DESC" if item.descending else ""
            return f"{aliases[value.parts[0].lower()]}{direction}" + (
                f" NULLS {item.nulls.upper()}" if item.nulls else ""
            )
        return self._ordering(item, joins)


def _limits(query: Query) -> str:
    if query.limit is None and not query.offset:
        return ""
    return f" LIMIT {-1 if query.limit is None else query.limit}" + (f" OFFSET {query.offset}" if query.offset else "")


def whole_record(sobject: SObject, hidden: frozenset[tuple[str, str]], only: tuple[str, ...] | None) -> Query:
    """The statement behind ``GET /sobjects/{Obj}/{id}``: all readable fields, or the given ones."""
    names = only or tuple(
        item.name for item in sobject.fields.values() if (sobject.name.lower(), item.name.lower()) not in hidden
    )
    return Query(tuple(Item(Path((name,), 0)) for name in names), (sobject.name,), 0)
