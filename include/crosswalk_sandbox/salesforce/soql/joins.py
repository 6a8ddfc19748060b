"""Field paths to SQL expressions: every relationship on the way becomes one LEFT JOIN, shared by all who use it."""

from __future__ import annotations

from dataclasses import dataclass

from ..schema import Field, Schema, SObject
from .refusals import no_column, no_relationship
from .tree import Path

DEEPEST = 5
NAME_FIELDS = ("Id", "Name", "FirstName", "LastName", "Email", "Phone", "Title", "Username", "Alias", "IsActive")


@dataclass(frozen=True, slots=True)
class Column:
    """A resolved field: its definition, the SQL that reads it and the sObject it lies on."""

    field: Field
    sql: str
    owner: SObject


@dataclass(frozen=True, slots=True)
class Stop:
    """A point on a path: tables joined here (several for a polymorphic relationship) and the id that leads here."""

    tables: tuple[tuple[SObject, str], ...]
    link: str

    @property
    def polymorphic(self) -> bool:
        """Whether the parent may be of several kinds."""
        return len(self.tables) > 1


class Joins:
    """The FROM clause of one SELECT. ``hidden`` are (sObject, field) pairs, in lower case, the user may not see;
    an empty field stands for the whole sObject."""

    def __init__(
        self,
        schema: Schema,
        hidden: frozenset[tuple[str, str]],
        text: str,
        root: SObject,
        names: tuple[str, ...],
        prefix: str,
    ) -> None:
        self.schema = schema
        self.hidden = hidden
        self.text = text
        self.root = root
        self.names = tuple(name.lower() for name in names)
        self.prefix = prefix
        self.alias = f"{prefix}0"
        self.clauses: list[str] = []
        self._stops: dict[tuple[str, ...], Stop] = {(): Stop(((root, self.alias),), f'{self.alias}."Id"')}

    @property
    def sql(self) -> str:
        """The joins, to follow the root table."""
        return " ".join(self.clauses)

    def strip(self, path: Path) -> tuple[str, ...]:
        """The path without a leading sObject name or alias."""
        parts = path.parts
        if len(parts) > 1 and parts[0].lower() in self.names and self.root.parent(parts[0]) is None:
            return parts[1:]
        return parts

    def column(self, path: Path) -> Column:
        """The field at the end of a path. Raises ApiError INVALID_FIELD."""
        parts = self.strip(path)
        stop = self.stop(parts[:-1], path.at)
        return self.field_at(stop, parts[-1], path.at)

    def stop(self, relationships: tuple[str, ...], at: int) -> Stop:
        """The tables behind a chain of relationships, joined on first use."""
        key = tuple(name.lower() for name in relationships)
        found = self._stops.get(key)
        if found is None:
            if len(key) > DEEPEST:
                raise no_relationship(self.text, at, relationships[-1])
            before = self.stop(relationships[:-1], at)
            found = self._stops[key] = self._join(before, relationships[-1], at)
        return found

    def _join(self, before: Stop, relationship: str, at: int) -> Stop:
        sobject, alias = before.tables[0]
        link = sobject.parent(relationship)
        if link is None or (sobject.name.lower(), link.name.lower()) in self.hidden:
            raise no_relationship(self.text, at, relationship)
        known = [found for name in link.reference_to if (found := self.schema.get(name))]
        targets = [found for found in known if (found.name.lower(), "") not in self.hidden]
        if not targets:
            raise no_relationship(self.text, at, relationship)
        source = f'{alias}."{link.name}"'
        tables = []
        for target in targets:
            name = f"{self.prefix}{len(self.clauses) + 1}"
            self.clauses.append(f'LEFT JOIN "{target.name}" {name} ON {name}."Id" = {source}')
            tables.append((target, name))
        return Stop(tuple(tables), source)

    def field_at(self, stop: Stop, name: str, at: int) -> Column:
        """A field of the tables at a stop."""
        if stop.polymorphic:
            return self._shared_field(stop, name, at)
        sobject, alias = stop.tables[0]
        field = sobject.get(name)
        if field is None or (sobject.name.lower(), field.name.lower()) in self.hidden:
            raise no_column(self.text, at, name, sobject.name)
        if field.formula is not None:
            return self._formula(stop, field, at)
        return Column(field, f'{alias}."{field.name}"', sobject)

    def _formula(self, stop: Stop, field: Field, at: int) -> Column:
        chain = next(key for key, value in self._stops.items() if value is stop)
        parts = (field.formula or "").split(".")
        target = self.stop((*chain, *parts[:-1]), at)
        sobject, alias = target.tables[0]
        behind = sobject.get(parts[-1])
        if behind is not None and behind.formula is not None:
            return Column(field, self._formula(target, behind, at).sql, stop.tables[0][0])
        return Column(field, f'{alias}."{parts[-1]}"', stop.tables[0][0])

    def _shared_field(self, stop: Stop, name: str, at: int) -> Column:
        """A field of a polymorphic parent: only what the common ``Name`` object offers, and ``Type``."""
        if name.lower() == "type":
            cases = " ".join(f"WHEN '{table.prefix}' THEN '{table.name}'" for table, _ in stop.tables)
            kind = Field("Type", "picklist", {"length": 40})
            return Column(kind, f"CASE substr({stop.link}, 1, 3) {cases} END", stop.tables[0][0])
        canonical = next((known for known in NAME_FIELDS if known.lower() == name.lower()), None)
        holders = [
            (table, alias, field) for table, alias in stop.tables if canonical and (field := _named(table, canonical))
        ]
        if canonical is None or not holders:
            raise no_column(self.text, at, name, "Name")
        parts = [f'{alias}."{field.name}"' for _, alias, field in holders]
        sql = parts[0] if len(parts) == 1 else f"COALESCE({', '.join(parts)})"
        return Column(Field(canonical, holders[0][2].type, holders[0][2].spec), sql, holders[0][0])


def _named(table: SObject, name: str) -> Field | None:
    found = table.get(name)
    if found is None and name == "Name" and table.name_field:
        found = table.get(table.name_field)
    return found if found is not None and found.stored else None
