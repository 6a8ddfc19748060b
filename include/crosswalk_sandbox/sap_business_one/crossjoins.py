"""``$crossjoin`` of sets, and of child rows by ``QueryService_PostQuery`` (SAP Business One §5)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import orjson

from .account import Account
from .calls import Call, Reply
from .errors import generic, unknown_property
from .queries import aggregate
from .queries.conditions import Conditions
from .queries.tree import Arithmetic, Condition, Expanded, Operand, Path, Value, read
from .schema.model import Property, Structure

if TYPE_CHECKING:
    from .entities import Entities

_ARITHMETIC: Final = {"add": "+", "sub": "-", "mul": "*", "div": "/"}


class _Sources:
    """What is joined: sets as tables, their collections as the rows inside them."""

    def __init__(self, account: Account, paths: tuple[Path, ...], *, rows: bool) -> None:
        self._account = account
        self._kinds: dict[tuple[str, ...], Structure] = {}
        self._tables: list[str] = []
        for path in paths:
            self._add(path, rows=rows)

    @property
    def sql(self) -> str:
        """The FROM clause."""
        return ", ".join(self._tables)

    def _add(self, path: Path, *, rows: bool) -> None:
        model, first = self._account.model, path.parts[0]
        if first not in model.sets:
            raise generic("Unrecognized resource path.")
        kind = model.type_of(first)
        if len(path.parts) == 1:
            self._tables.append(f'"{first}" "{first}"')
        else:
            one = kind.properties.get(path.parts[1])
            if not rows or len(path.parts) > 2 or one is None or not one.collection or (first,) not in self._kinds:
                raise generic("Only a set and its own rows can be joined")
            text = self._account.store.text(f'"{first}".')
            self._tables.append(f"json_each({text}, '$.{one.name}') \"{path}\"")
            kind = model.types[one.type]
        self._kinds[path.parts] = kind

    def kind(self, path: Path) -> Structure:
        """The type behind a source. Raises Refusal for one that is not joined."""
        if path.parts not in self._kinds:
            raise generic(f"'{path}' is not part of the join")
        return self._kinds[path.parts]

    def column(self, path: Path) -> tuple[str, Property]:
        """SQL and property of ``Orders/DocEntry`` or ``Orders/DocumentLines/ItemCode``."""
        source = Path(path.parts[:-1])
        kind, name = self.kind(source), path.parts[-1]
        one = kind.properties.get(name)
        if one is None:
            raise unknown_property(name, kind.name)
        if len(source.parts) == 1:
            return self._account.sql_of(source.parts[0], name, f'"{source}".'), one
        default = self._account.defaults(kind.name).get(name)
        sql = f"json_extract(\"{source}\".value, '$.{name}')"
        return (f"coalesce({sql}, {default!r})" if isinstance(default, str | float) else sql), one


class Crossjoins:
    """Answers joins in pages."""

    def __init__(self, account: Account, entities: Entities) -> None:
        self._account = account
        self._entities = entities

    def answer(self, call: Call, inside: str) -> Reply:
        """``GET $crossjoin(A,B)?$expand=…&$filter=…``."""
        return self._joined(call, inside, rows=False)

    def posted(self, call: Call) -> Reply:
        """``POST QueryService_PostQuery``: rows of collections too, JSON as text, no next link."""
        given = call.object()
        path, option = str(given.get("QueryPath", "")), str(given.get("QueryOption", ""))
        if not path.startswith("$crossjoin(") or not path.endswith(")"):
            raise generic("Invalid value of 'QueryPath'")
        inner = replace(call, parameters=tuple(parse_qsl(option, keep_blank_values=True)))
        reply = self._joined(inner, path.removeprefix("$crossjoin(")[:-1], rows=True)
        reply.body.pop(call.name("nextLink"), None)
        return Reply(200, orjson.dumps(reply.body), content_type="text/plain;charset=utf-8")

    def _joined(self, call: Call, inside: str, *, rows: bool) -> Reply:
        sources = _Sources(self._account, read("crossjoin", inside, "$crossjoin"), rows=rows)
        conditions = Conditions(
            sources.column,
            lambda name: self._account.model.enums[name],
            insensitive=self._account.options.database == "mssql" or call.flag("b1s-caseinsensitive"),
            bare_literals=self._account.options.unquoted_literals,
        )
        where: list[Condition] = [read("filter", given, "$filter") for given in [call.option("$filter")] if given]
        if call.option("$apply") is not None:
            steps = read("apply", str(call.option("$apply")), "$apply")
            sql, parameters, names = aggregate.statement(sources.sql, steps, where, sources.column, conditions)
            sql += self._entities.listing.arranged(call, names)
            found = [dict(zip(names, row, strict=True)) for row in self._account.store.rows(sql, parameters)]
            return Reply(200, {**call.context("$crossjoin"), "value": found})
        return self._expanded(call, sources, conditions, where, f"$crossjoin({inside})")

    def _expanded(
        self, call: Call, sources: _Sources, conditions: Conditions, where: list[Condition], resource: str
    ) -> Reply:
        given = call.option("$expand")
        if not given:
            raise generic("$crossjoin needs $expand or $apply")
        wanted: tuple[Expanded, ...] = read("expand", given, "$expand")
        columns = [found for one in wanted for found in self._columns(sources, one)]
        condition, parameters = conditions.sql(where[0]) if where else ("1", [])
        skip, top, size = self._entities.listing.window(call)
        limit = min(size or 2**31, top if top is not None else 2**31)
        chosen = ", ".join(sql for _, _, sql in columns)
        order = self._order(call, sources)
        sql = f"SELECT {chosen} FROM {sources.sql} WHERE {condition}{order} LIMIT {limit + 1} OFFSET {skip}"
        value = [_nested(columns, row) for row in self._account.store.rows(sql, parameters)]
        body: dict[str, Any] = {**call.context(resource.removeprefix("$")), "value": value[:limit]}
        if len(value) > limit and (top is None or top > limit):
            body[call.name("nextLink")] = self._entities.listing.next_link(call, resource, skip + limit)
        return Reply(200, body)

    def _order(self, call: Call, sources: _Sources) -> str:
        given = call.option("$orderby")
        if not given:
            return ""
        terms = [
            f"{sources.column(one.path)[0]}{' DESC' if one.descending else ''}"
            for one in read("orderby", given, "$orderby")
        ]
        return f" ORDER BY {', '.join(terms)}"

    def _columns(self, sources: _Sources, one: Expanded) -> list[tuple[str, str, str]]:
        kind = sources.kind(one.path)
        if not one.select:
            raise generic(f"Select the properties of '{one.path}'")
        found = []
        for each in one.select:
            if each.operand is None or (not isinstance(each.operand, Path) and each.alias is None):
                raise generic("Computed columns need a name")
            name = each.alias or str(each.operand)
            if isinstance(each.operand, Path) and each.operand.parts[0] not in kind.properties:
                raise unknown_property(str(each.operand), kind.name)
            found.append((str(one.path), name, self._operand(sources, one.path, each.operand)))
        return found

    def _operand(self, sources: _Sources, path: Path, operand: Operand) -> str:
        if isinstance(operand, Value):
            return str(operand.value)
        if isinstance(operand, Arithmetic):
            left, right = (self._operand(sources, path, one) for one in (operand.left, operand.right))
            return f"({left} {_ARITHMETIC[operand.operator]} {right})"
        return sources.column(Path((*path.parts, *operand.parts)))[0]


def _nested(columns: list[tuple[str, str, str]], row: tuple[Any, ...]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for (source, name, _), value in zip(columns, row, strict=True):
        made.setdefault(source, {})[name] = value
    return made
