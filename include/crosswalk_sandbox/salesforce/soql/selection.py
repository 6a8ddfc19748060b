"""The SELECT list of record queries: SQL columns and the shape that turns them into records."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..schema import Field, SObject
from .functions import SHOWN, function_sql
from .joins import Column, Joins, Stop
from .plan import Plan
from .refusals import no_column, refused
from .shapes import Entry, Node
from .tree import Call, Item, Path, Query, TypeOf

ChildCompiler = Callable[[Query, SObject, int], tuple[str, Plan]]


class Selection:
    """The SELECT list of record queries: SQL columns and the shape that turns them into records."""

    def __init__(self, sobject: SObject, joins: Joins, child: ChildCompiler) -> None:
        self.sobject = sobject
        self.joins = joins
        self.text = joins.text
        self._child = child
        self.columns: list[str] = [f'{joins.alias}."Id"']
        self.root = Node({sobject.prefix: sobject.name}, 0)
        self.children: dict[str, Plan] = {}
        self.flat: list[tuple[str, str, int]] = []
        self.wide = False
        self._seen: set[str] = set()
        self._nodes: dict[tuple[str, ...], Node] = {(): self.root}

    def add_all(self, items: tuple[Item, ...]) -> None:
        """Adds the elements in their order."""
        for item in items:
            self._add(item)

    def finish(self, plan: Plan) -> None:
        """Completes a plan with what was selected."""
        self.root.finish()
        columns = ", ".join(self.columns)
        alias = self.joins.alias
        plan.page_sql = (
            f'SELECT {columns} FROM json_each(?) picked CROSS JOIN "{self.sobject.name}" {alias} '
            f"ON {alias}._row = picked.value {self.joins.sql}"
        )
        plan.shape, plan.children, plan.wide, plan.flat = self.root, self.children, self.wide, tuple(self.flat)

    def _add(self, item: Item) -> None:
        value = item.value
        if isinstance(value, Path):
            self._add_path(value)
        elif isinstance(value, Query):
            name, plan = self._child(value, self.sobject, len(self.children))
            self.children[name] = plan
            self.root.entries.append(Entry(name, "child"))
        elif isinstance(value, TypeOf):
            self._add_typeof(value)
        elif value.name == "FIELDS":
            for path in self._all_fields(value):
                self._add_path(path)
        else:
            self._add_call(value, item.alias)

    def _all_fields(self, call: Call) -> Iterator[Path]:
        kind = fields_kind(call)
        for field_ in self.sobject.fields.values():
            hidden = (self.sobject.name.lower(), field_.name.lower()) in self.joins.hidden
            if not hidden and (kind == "ALL" or (kind == "CUSTOM") == field_.custom):
                yield Path((field_.name,), call.at)

    def _add_call(self, call: Call, alias: str | None) -> None:
        field_, sql = function_sql(self.joins, call)
        if alias is None and call.name not in SHOWN:
            raise refused(self.text, call.at, f"unexpected token: '{call.name}'", "MALFORMED_QUERY")
        self.root.entries.append(self._value(alias or field_.name, field_, sql))

    def _add_path(self, path: Path) -> None:
        parts = self.joins.strip(path)
        key = ".".join(parts).lower()
        if key in self._seen:
            raise refused(self.text, path.at, f"duplicate field selected: {path.text}")
        self._seen.add(key)
        node, stop, names = self._node(parts[:-1], path.at)
        column = self.joins.field_at(stop, parts[-1], path.at)
        header = ".".join([*names, column.field.name])
        if column.field.type == "address":
            node.entries.append(self._address(column))
            self.flat.append((header, "address", -1))
            return
        self.wide = self.wide or column.field.long_text
        node.entries.append(entry := self._value(column.field.name, column.field, column.sql))
        self.flat.append((header, column.field.type, entry.at))

    def _value(self, name: str, field_: Field, sql: str) -> Entry:
        self.columns.append(sql)
        kind = "boolean" if field_.type == "boolean" else "value"
        return Entry(name, kind, len(self.columns) - 1)

    def _address(self, column: Column) -> Entry:
        owner = column.owner
        prefix = column.field.name.removesuffix("Address")
        alias = column.sql.split(".")[0]
        at = []
        parts = ["City", "Country", "GeocodeAccuracy", "Latitude", "Longitude", "PostalCode", "State", "Street"]
        if owner.has(f"{prefix}CountryCode"):
            parts += ["CountryCode", "StateCode"]
        for part in parts:
            known = owner.get(prefix + part)
            self.columns.append(f'{alias}."{prefix}{part}"' if known else "NULL")
            at.append(len(self.columns) - 1)
        return Entry(column.field.name, "address", parts=tuple(at))

    def _node(self, relationships: tuple[str, ...], at: int) -> tuple[Node, Stop, list[str]]:
        """The nested record for a chain of relationships, made on first use."""
        stop = self.joins.stop((), at)
        node, names = self.root, list[str]()
        for depth in range(1, len(relationships) + 1):
            holder = stop.tables[0][0]
            link = holder.parent(relationships[depth - 1])
            stop = self.joins.stop(relationships[:depth], at)
            assert link is not None
            names.append(str(link.relationship))
            key = tuple(name.lower() for name in relationships[:depth])
            node = self._nodes.get(key) or self._nest(node, key, names[-1], stop)
        return node, stop, names

    def _nest(self, parent: Node, key: tuple[str, ...], name: str, stop: Stop) -> Node:
        kinds = {table.prefix: table.name for table, _ in stop.tables}
        self.columns.append(_first_id(stop))
        node = self._nodes[key] = Node(kinds, len(self.columns) - 1, "Name" if stop.polymorphic else None)
        parent.entries.append(Entry(name, "node", node=node))
        return node

    def _add_typeof(self, value: TypeOf) -> None:
        relationship = value.path.parts[-1]
        stop = self.joins.stop(value.path.parts, value.path.at)
        link = self.sobject.parent(relationship)
        assert link is not None
        self.columns.append(stop.link)
        entry = Entry(str(link.relationship), "typeof", len(self.columns) - 1)
        for kind, paths in value.whens:
            table = next(((item, alias) for item, alias in stop.tables if item.name.lower() == kind.lower()), None)
            if table is None:
                raise refused(self.text, value.path.at, f"invalid type for TYPEOF: {kind}", "INVALID_TYPE")
            entry.choices[table[0].prefix] = self._typed_node(Stop((table,), stop.link), paths)
        if value.otherwise:
            node = self._typed_node(stop, value.otherwise)
            node.shown_type = "Name"
            entry.node = node
        self.root.entries.append(entry)

    def _typed_node(self, stop: Stop, paths: tuple[Path, ...]) -> Node:
        self.columns.append(_first_id(stop))
        node = Node({table.prefix: table.name for table, _ in stop.tables}, len(self.columns) - 1)
        for path in paths:
            if len(path.parts) > 1:
                raise no_column(self.text, path.at, path.text, stop.tables[0][0].name)
            column = self.joins.field_at(stop, path.parts[-1], path.at)
            node.entries.append(self._value(column.field.name, column.field, column.sql))
        return node


def _first_id(stop: Stop) -> str:
    ids = [f'{alias}."Id"' for _, alias in stop.tables]
    return ids[0] if len(ids) == 1 else f"COALESCE({', '.join(ids)})"


def fields_kind(call: Call) -> str:
    """ALL, STANDARD or CUSTOM of a ``FIELDS()`` call."""
    argument = call.arguments[0] if call.arguments else None
    return argument.parts[0].upper() if isinstance(argument, Path) else "ALL"
