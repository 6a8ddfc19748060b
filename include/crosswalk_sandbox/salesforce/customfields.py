"""Custom fields made while the org runs, from metadata as Tooling and the Metadata API send it (Salesforce §15)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .errors import RowError
from .ids import mint
from .org import Org
from .schema import SObject

MOST_EXTERNAL_IDS = 25
LONGEST_UNIQUE = 255
NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*__c")
TYPES = {
    "Text": "string", "Number": "double", "Currency": "currency", "Percent": "percent", "Checkbox": "boolean", "Date": "date",
    "DateTime": "datetime", "Email": "email", "Phone": "phone", "Url": "url", "TextArea": "textarea", "LongTextArea": "textarea",
    "Html": "textarea", "Picklist": "picklist", "MultiselectPicklist": "multipicklist", "Lookup": "reference",
}  # fmt: skip
FIXED_LENGTHS = {"email": 80, "phone": 40, "url": 255, "picklist": 255, "multipicklist": 4099}
METADATA_TYPES = {kind: name for name, kind in reversed(TYPES.items())}


def create_field(org: Org, full_name: str, metadata: Mapping[str, Any]) -> str:
    """Adds a custom field; answers its id. Nobody sees it until permissions grant it. Raises RowError."""
    sobject, name = _target(org, full_name)
    if sobject.has(name):
        text = f"There is already a field named {name.removesuffix('__c')} on {sobject.label}."
        raise RowError("DUPLICATE_DEVELOPER_NAME", text)
    spec = field_spec(name, metadata, sobject)
    external = sum(1 for item in sobject.fields.values() if item.spec.get("externalId"))
    if spec.get("externalId") and external >= MOST_EXTERNAL_IDS:
        raise RowError(
            "LIMIT_EXCEEDED", f"There can be at most {MOST_EXTERNAL_IDS} external id fields on {sobject.label}."
        )
    with org.store.writing():
        own = mint("00N", org.store.next_number("CustomField"))
        org.add_custom_field(sobject.name, spec, own)
    return own


def update_field(org: Org, full_name: str, metadata: Mapping[str, Any]) -> str:
    """Changes a custom field's definition, not its type; answers its id. Raises RowError."""
    sobject, name = _target(org, full_name)
    row = find_field(org, sobject.name, name)
    if row is None:
        raise RowError("INVALID_CROSS_REFERENCE_KEY", f"no CustomField named {full_name} found")
    spec = field_spec(name, metadata, sobject)
    if spec["type"] != row["spec"]["type"]:
        raise RowError("FIELD_INTEGRITY_EXCEPTION", "Cannot change type of a field that holds data")
    if spec.get("unique") and not row["spec"].get("unique"):
        _refuse_duplicates(org, sobject, name)
    org.replace_custom_field(sobject.name, spec)
    return str(row["id"])


def delete_field(org: Org, full_name: str) -> str:
    """Removes a custom field; answers its id. Raises RowError."""
    sobject, name = _target(org, full_name)
    row = find_field(org, sobject.name, name)
    if row is None:
        raise RowError("INVALID_CROSS_REFERENCE_KEY", f"no CustomField named {full_name} found")
    org.remove_custom_field(sobject.name, name)
    return str(row["id"])


def find_field(org: Org, object_name: str, name: str) -> dict[str, Any] | None:
    """A custom field's id and compact describe."""
    return next(
        (row for row in org.custom_fields() if (row["object"], row["name"].lower()) == (object_name, name.lower())),
        None,
    )


def _refuse_duplicates(org: Org, sobject: SObject, name: str) -> None:
    sql = f'SELECT 1 FROM "{sobject.name}" WHERE "{name}" IS NOT NULL AND "IsDeleted" = 0 GROUP BY "{name}" HAVING COUNT(*) > 1 LIMIT 1'
    if org.store.connection.execute(sql).fetchone():
        raise RowError("FIELD_INTEGRITY_EXCEPTION", "Cannot make the field unique: records with duplicate values exist")


def _target(org: Org, full_name: str) -> tuple[SObject, str]:
    object_name, _, name = full_name.partition(".")
    sobject = org.sobject(object_name)
    if sobject is None or not name:
        raise RowError(
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            f"Entity Enumeration Or ID: bad value for restricted picklist field: {object_name}",
        )
    if not NAME.fullmatch(name):
        text = "The Custom Field API Name can only contain underscores and alphanumeric characters and must end in __c"
        raise RowError("INVALID_FIELD", text)
    return sobject, name


def field_spec(name: str, metadata: Mapping[str, Any], sobject: SObject) -> dict[str, Any]:
    """The compact describe of a field from its metadata. Raises RowError FIELD_INTEGRITY_EXCEPTION."""
    given = str(metadata.get("type") or "")
    kind = TYPES.get(given)
    if kind is None:
        raise RowError("FIELD_INTEGRITY_EXCEPTION", f"Field type '{given}' is not available")
    if not metadata.get("label"):
        raise RowError("REQUIRED_FIELD_MISSING", "Required fields are missing: [MasterLabel]")
    spec: dict[str, Any] = {"name": name, "type": kind, "label": metadata["label"], **_size(given, kind, metadata)}
    if metadata.get("description") or metadata.get("inlineHelpText"):
        spec["inlineHelpText"] = metadata.get("inlineHelpText")
    if _true(metadata.get("required")):
        spec.update(nillable=False, permissionable=False)
    if _true(metadata.get("externalId")):
        spec.update(externalId=True, idLookup=True)
    if _true(metadata.get("unique")):
        if spec.get("length", 0) > LONGEST_UNIQUE:
            raise RowError("FIELD_INTEGRITY_EXCEPTION", "Unique text fields can have at most 255 characters")
        spec["unique"] = True
    if _true(metadata.get("caseSensitive")):
        spec["caseSensitive"] = True
    if metadata.get("formula"):
        spec["formula"] = _formula(str(metadata["formula"]), sobject)
    return spec


def _true(value: Any) -> bool:
    return value is True or str(value).lower() == "true"


def _size(given: str, kind: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    if given in ("Text", "LongTextArea", "Html") and not metadata.get("formula"):
        return {"length": int(_needed(metadata, "length", given))}
    if kind in ("double", "currency", "percent") and not metadata.get("formula"):
        return {
            "precision": int(_needed(metadata, "precision", given)),
            "scale": int(_needed(metadata, "scale", given)),
        }
    if kind in ("picklist", "multipicklist"):
        return {"length": FIXED_LENGTHS[kind], **_values(metadata)}
    if kind == "reference":
        target = str(_needed(metadata, "referenceTo", given))
        child = metadata.get("relationshipName")
        relations = {target: {"name": f"{child}__r"}} if child else {}
        name = metadata.get("fullName") or metadata.get("label")
        return {
            "referenceTo": [target],
            "relationshipName": f"{str(name).replace(' ', '_')}__r",
            "childRelationships": relations,
        }
    if kind == "boolean":
        return {"nillable": False, "defaultedOnCreate": True}
    return {"length": FIXED_LENGTHS.get(kind, 255)} if kind not in ("date", "datetime") else {}


def _needed(metadata: Mapping[str, Any], name: str, given: str) -> Any:
    value = metadata.get(name)
    if value is None:
        raise RowError("FIELD_INTEGRITY_EXCEPTION", f"Must specify '{name}' for a CustomField of type {given}")
    return value


def _values(metadata: Mapping[str, Any]) -> dict[str, Any]:
    value_set = metadata.get("valueSet") or {}
    values = (value_set.get("valueSetDefinition") or {}).get("value") or []
    if not values:
        raise RowError("FIELD_INTEGRITY_EXCEPTION", "Must specify 'valueSet' for a CustomField of type Picklist")
    items = []
    for value in values:
        name = value.get("fullName") or value.get("valueName")
        items.append({"value": name, "label": value.get("label") or name, "defaultValue": _true(value.get("default"))})
    return {"picklistValues": items, "restrictedPicklist": _true(value_set.get("restricted"))}


def _formula(text: str, sobject: SObject) -> str:
    """A formula that reads one field of the record or of a parent; arithmetic is not emulated."""
    path = text.strip()
    if not re.fullmatch(r"\w+(\.\w+)*", path):
        raise RowError("FIELD_INTEGRITY_EXCEPTION", f"Formula too complicated for this org: {text}")
    first = path.split(".")[0]
    if (sobject.parent(first) if "." in path else sobject.get(first)) is None:
        raise RowError("FIELD_INTEGRITY_EXCEPTION", f"Field {first} does not exist. Check spelling.")
    return path
