"""An object's fields in canonical form, for drift detection and preflight (Salesforce §4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosswalk.connectors.protocol import EntityDescription, FieldDescription

_TYPES: Mapping[str, str] = {
    "id": "reference", "reference": "reference",
    "string": "text", "textarea": "text", "url": "text", "encryptedstring": "text", "combobox": "text", "base64": "text",
    "time": "text", "multipicklist": "text", "anyType": "text", "json": "text", "complexvalue": "text",
    "phone": "phone", "email": "email", "picklist": "choice",
    "currency": "amount", "double": "quantity", "percent": "quantity", "int": "integer", "long": "integer",
    "boolean": "boolean", "date": "date", "datetime": "instant",
    "address": "compound", "location": "compound",
}  # fmt: skip


def entity_description(entity: str, described: Mapping[str, Any]) -> EntityDescription:
    """Return what a describe says, by field name."""
    fields = {str(field["name"]): field_description(field) for field in described["fields"]}
    return EntityDescription(entity, str(described["name"]), fields)


def field_description(field: Mapping[str, Any]) -> FieldDescription:
    """Return one field. ``type`` is a canonical kind, or ``compound``; picklist values are the active ones."""
    kind = str(field["type"])
    return FieldDescription(
        name=str(field["name"]),
        type=_TYPES.get(kind, "text"),
        length=int(field["length"]) or None,
        required=is_required(field),
        unique=bool(field["unique"]),
        createable=bool(field["createable"]),
        updateable=bool(field["updateable"]),
        values=tuple(str(value["value"]) for value in field.get("picklistValues") or () if value["active"]),
        refers_to=tuple(field.get("referenceTo") or ()),
    )


def is_required(field: Mapping[str, Any]) -> bool:
    """Tell whether a create must give the field."""
    return bool(
        field["createable"] and not field["nillable"] and not field["defaultedOnCreate"] and field["type"] != "boolean"
    )
