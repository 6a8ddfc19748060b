"""An object's properties in canonical form, for drift detection and preflight (HubSpot §12)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crosswalk.connectors.hubspot.objects import Native, associated
from crosswalk.connectors.protocol import EntityDescription, FieldDescription

LONGEST_TEXT = 65_536
_TYPES: Mapping[str, str] = {
    "string": "text",
    "number": "quantity",
    "bool": "boolean",
    "enumeration": "choice",
    "date": "date",
    "datetime": "instant",
    "phone_number": "phone",
    "object_coordinates": "compound",
    "json": "compound",
}
_REQUIRED: Mapping[str, frozenset[str]] = {
    "deals": frozenset({"dealname", "dealstage"}),
    "products": frozenset({"name"}),
    "orders": frozenset({"hs_order_name"}),
    "invoices": frozenset({"hs_currency"}),
    "notes": frozenset({"hs_timestamp"}),
}  # what HubSpot itself asks of a create (§8); for companies and contacts one of several does


def entity_description(entity: str, native: Native, definitions: Iterable[Mapping[str, Any]]) -> EntityDescription:
    """Return what the definitions say, by property; and the associations that can be mapped, each by the other object's name."""
    fields = {str(one["name"]): _field(native.name, one) for one in definitions if not one.get("archived")}
    ends = {name: FieldDescription(name, "reference", refers_to=(name,)) for name in associated(native.name)}
    return EntityDescription(entity, native.name, {**ends, **fields})


def _field(native: str, definition: Mapping[str, Any]) -> FieldDescription:
    name, kind = str(definition["name"]), _kind(definition)
    writable = not is_read_only(definition)
    text = kind in ("text", "phone", "email")
    values = () if definition.get("externalOptions") else _options(definition)
    return FieldDescription(
        name=name,
        type=kind,
        length=LONGEST_TEXT if text else None,
        required=writable and name in _REQUIRED.get(native, frozenset()),
        unique=bool(definition.get("hasUniqueValue")) or (native, name) == ("contacts", "email"),
        createable=writable,
        updateable=writable,
        values=values if kind == "choice" else (),
    )


def _kind(definition: Mapping[str, Any]) -> str:
    if definition.get("fieldType") == "phonenumber":
        return "phone"
    if definition.get("showCurrencySymbol") and definition["type"] == "number":
        return "amount"
    return _TYPES.get(str(definition["type"]), "text")


def _options(definition: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(one["value"]) for one in definition.get("options") or () if not one.get("hidden"))


def is_read_only(definition: Mapping[str, Any]) -> bool:
    """Tell whether nobody may write the property."""
    return bool(definition.get("calculated") or (definition.get("modificationMetadata") or {}).get("readOnlyValue"))
