"""The model from the vendor's metadata: properties with kind and column, enumerations, entity sets (SAP Business One §2, §18.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from importlib import resources
from typing import Any, Final, Literal

import orjson
from lxml import etree

Kind = Literal["text", "integer", "number", "date", "time", "enum", "complex", "boolean", "binary"]
EDM: Final = "{http://docs.oasis-open.org/odata/ns/edm}"
_KINDS: Final[Mapping[str, Kind]] = {
    "Edm.String": "text", "Edm.Int16": "integer", "Edm.Int32": "integer", "Edm.Int64": "integer", "Edm.Double": "number",
    "Edm.Decimal": "number", "Edm.DateTimeOffset": "date", "Edm.TimeOfDay": "time", "Edm.Boolean": "boolean",
    "Edm.Binary": "binary", "Edm.Stream": "binary", "Edm.Byte": "integer",
}  # fmt: skip
_STAMPS: Final = frozenset({"CreateDate", "CreateTime", "CreationDate", "UpdateDate", "UpdateTime", "DataVersion"})


@dataclass(frozen=True, slots=True)
class Property:
    """One property: ``type`` names the enumeration or structure, ``column`` the database's column where it is known."""

    name: str
    kind: Kind
    type: str = ""
    collection: bool = False
    column: str | None = None
    writable: bool = True
    required: bool = False
    """Made required while running (schema change); nothing of the vendor's metadata says so."""
    length: int | None = None
    choices: frozenset[str] | None = None
    """Valid values of a user field."""


@dataclass(frozen=True, slots=True)
class Navigation:
    """A way to other entities: our property that holds their key, or theirs that holds ours."""

    name: str
    target: str
    many: bool
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Structure:
    """An entity type or complex type."""

    name: str
    properties: Mapping[str, Property]
    key: tuple[str, ...] = ()
    navigation: Mapping[str, Navigation] = field(default_factory=dict)

    @cached_property
    def old_names(self) -> Mapping[str, str]:
        """Names of OData v3 where they differ → ours (§2)."""
        return {
            name.removesuffix("Property"): name
            for name in self.properties
            if name in ("ActivityProperty", "BatchNumberProperty")
        }

    def of_old(self, name: str) -> str:
        """Our name for one of OData v3; what v3 does not know by this name comes back as no property's."""
        return self.old_names.get(name, "" if name in self.old_names.values() else name)

    @cached_property
    def dates(self) -> tuple[str, ...]:
        """Properties that hold a day."""
        return tuple(one.name for one in self.properties.values() if one.kind == "date")

    def with_properties(self, more: Mapping[str, Property]) -> Structure:
        """The same with further properties, or others in their place."""
        return replace(self, properties={**self.properties, **more})

    def without(self, names: frozenset[str]) -> Structure:
        """The same without some properties."""
        return replace(self, properties={name: one for name, one in self.properties.items() if name not in names})


@dataclass(frozen=True, slots=True)
class Enumeration:
    """An enumeration: member → number, and stored value → member."""

    name: str
    members: Mapping[str, int]
    stored: Mapping[str, str]
    letters: Mapping[str, str]

    def member(self, given: object) -> str | None:
        """The member that a name, a stored value or a number means; None without one (§18.3)."""
        text = str(given)
        if text in self.members:
            return text
        if text in self.stored:
            return self.stored[text]
        return next((name for name, value in self.members.items() if str(value) == text), None)


@dataclass(frozen=True, slots=True)
class EntitySet:
    """An entity set."""

    name: str
    type: str
    key: tuple[str, ...]
    etag: bool
    targets: Mapping[str, str] = field(default_factory=dict)
    """Navigation property → set."""


@dataclass(frozen=True)
class Model:
    """Everything the service can name."""

    types: Mapping[str, Structure]
    enums: Mapping[str, Enumeration]
    sets: Mapping[str, EntitySet]
    bound: Mapping[str, frozenset[str]]
    """Type → actions of one entity."""
    actions: frozenset[str]
    functions: frozenset[str]

    def type_of(self, entity_set: str) -> Structure:
        """The type of a set's entities."""
        return self.types[self.sets[entity_set].type]


@lru_cache(maxsize=1)
def vendor_model() -> Model:
    """The model of the vendor's own metadata, without anything of a company."""
    root = etree.fromstring(read_data("metadata_v2.xml"))
    schema = root.find(f".//{EDM}Schema")
    assert schema is not None
    columns: dict[str, dict[str, list[Any]]] = orjson.loads(read_data("columns.json"))
    stored: dict[str, dict[str, str | None]] = orjson.loads(read_data("stored.json"))
    enums = {}
    for one in schema.iterfind(f"{EDM}EnumType"):
        name = one.get("Name", "")
        kept = {member: value for member, value in stored.get(name, {}).items() if value is not None}
        members = {member.get("Name", ""): int(member.get("Value", "0")) for member in one.iterfind(f"{EDM}Member")}
        enums[name] = Enumeration(name, members, {value: member for member, value in kept.items()}, kept)
    types = {}
    for tag in ("EntityType", "ComplexType"):
        for one in schema.iterfind(f"{EDM}{tag}"):
            made = _structure(one, frozenset(enums), columns.get(one.get("Name", ""), {}))
            types[made.name] = made
    return Model(types, enums, _sets(schema, types), _bound(schema), *_operations(schema))


def read_data(name: str) -> bytes:
    """A data file of this package."""
    return resources.files(__package__).joinpath(name).read_bytes()


def _structure(one: Any, enums: frozenset[str], columns: Mapping[str, list[Any]]) -> Structure:
    properties = {}
    for each in one.iterfind(f"{EDM}Property"):
        made = _property(each.get("Name"), each.get("Type"), enums, columns.get(each.get("Name"), [None, None]))
        properties[made.name] = made
    key = tuple(ref.get("Name") for ref in one.iterfind(f"{EDM}Key/{EDM}PropertyRef"))
    navigation = {}
    for each in one.iterfind(f"{EDM}NavigationProperty"):
        target, many = _bare(each.get("Type"))
        pairs = tuple(
            (ref.get("Property"), ref.get("ReferencedProperty")) for ref in each.iterfind(f"{EDM}ReferentialConstraint")
        )
        navigation[each.get("Name")] = Navigation(each.get("Name"), target, many, pairs)
    return Structure(one.get("Name"), properties, key, navigation)


def _property(name: str, declared: str, enums: frozenset[str], facts: list[Any]) -> Property:
    bare, many = _bare(declared)
    kind: Kind = _KINDS.get(declared) or ("enum" if bare in enums else "complex" if declared not in _KINDS else "text")
    if many and f"Edm.{bare}" in _KINDS:
        kind = _KINDS[f"Edm.{bare}"]
    writable = facts[1] != 0 and name not in _STAMPS
    return Property(name, kind, bare if kind in ("enum", "complex") else "", many, facts[0], writable)


def _bare(declared: str) -> tuple[str, bool]:
    many = declared.startswith("Collection(")
    inner = declared.removeprefix("Collection(").removesuffix(")")
    return inner.removeprefix("SAPB1.").removeprefix("Edm."), many


def _sets(schema: Any, types: Mapping[str, Structure]) -> dict[str, EntitySet]:
    found = {}
    for one in schema.iterfind(f"{EDM}EntityContainer/{EDM}EntitySet"):
        kind = one.get("EntityType").removeprefix("SAPB1.")
        targets = {each.get("Path"): each.get("Target") for each in one.iterfind(f"{EDM}NavigationPropertyBinding")}
        etag = any("OptimisticConcurrency" in each.get("Term") for each in one.iterfind(f"{EDM}Annotation"))
        found[one.get("Name")] = EntitySet(one.get("Name"), kind, types[kind].key, etag, targets)
    return found


def _bound(schema: Any) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for one in schema.iterfind(f"{EDM}Action"):
        if one.get("IsBound") == "true":
            first = one.find(f"{EDM}Parameter")
            found.setdefault(first.get("Type").removeprefix("SAPB1."), set()).add(one.get("Name"))
    return {name: frozenset(actions) for name, actions in found.items()}


def _operations(schema: Any) -> tuple[frozenset[str], frozenset[str]]:
    container = schema.find(f"{EDM}EntityContainer")
    imports = {
        tag: frozenset(one.get("Name") for one in container.iterfind(f"{EDM}{tag}"))
        for tag in ("ActionImport", "FunctionImport")
    }
    return imports["ActionImport"], imports["FunctionImport"]
