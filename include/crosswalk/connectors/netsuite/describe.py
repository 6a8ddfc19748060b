"""What fields a record has, for drift detection: the metadata catalogue, in lower case as SuiteQL spells columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crosswalk.connectors.netsuite.client import RECORDS
from crosswalk.connectors.netsuite.schema import missing_fields
from crosswalk.connectors.netsuite.sources import Source, source_of
from crosswalk.connectors.protocol import EntityDescription, FieldDescription
from crosswalk.model.entities import Kind
from crosswalk.model.errors import TransientError
from crosswalk.model.records import NativeField

if TYPE_CHECKING:
    from crosswalk.connectors.netsuite.client import Client

# The catalogue does not tell an amount from a quantity: the wider kind. What no field of ours holds is `compound`.
_TYPES: Mapping[tuple[str, str], str] = {
    ("string", "date"): Kind.DATE,
    ("string", "date-time"): Kind.INSTANT,
    ("integer", ""): Kind.INTEGER,
    ("number", ""): Kind.QUANTITY,
    ("boolean", ""): Kind.BOOLEAN,
    ("array", ""): "compound",
    ("object", ""): "compound",
}
_TRIES = 3  # NetSuite §5.12: an answer occasionally lacks its properties


def describe(client: Client, entity: str, native: str) -> EntityDescription:
    """Return the entity's fields as this role sees them. Rows that are no record of their own have columns only."""
    source = source_of(entity)
    if source.record is None:
        return EntityDescription(entity, native, _columns(client, source))
    properties = _properties(client, source.record)
    return EntityDescription(
        entity, native, {name.lower(): _field(name.lower(), schema) for name, schema in sorted(properties.items())}
    )


def _properties(client: Client, record: str) -> Mapping[str, Mapping[str, Any]]:
    for _ in range(_TRIES):
        schema = client.get(f"{RECORDS}/metadata-catalog/{record}", accept="application/schema+json")
        properties = schema.get("properties")
        if isinstance(properties, Mapping) and properties:
            return properties
    raise TransientError(f"NetSuite's description of {record} came without fields.", hint="Try again later.")


def _field(name: str, schema: Mapping[str, Any]) -> FieldDescription:
    target = str(schema.get("$ref") or "").rsplit("/", 1)[-1]
    length = schema.get("maxLength")
    read_only = bool(schema.get("readOnly"))
    return FieldDescription(
        name=name,
        type=Kind.REFERENCE if target else _type(schema),
        length=int(length) if length is not None else None,
        createable=not read_only,
        updateable=not read_only,
        values=tuple(str(value) for value in schema.get("enum") or ()),
        refers_to=(target,) if target and target not in ("nsResource", "nsLink") else (),
    )


def _type(schema: Mapping[str, Any]) -> str:
    kind, shape = str(schema.get("type") or "string"), str(schema.get("format") or "")
    return _TYPES.get((kind, shape)) or _TYPES.get((kind, "")) or Kind.TEXT


def _columns(client: Client, source: Source) -> dict[str, FieldDescription]:
    fields = [NativeField(column, Kind.TEXT) for column in source.columns]
    missing = {field.path for field in missing_fields(client, source, fields)}
    return {
        column: FieldDescription(column, Kind.TEXT, createable=False, updateable=False)
        for column in source.columns
        if column not in missing
    }
