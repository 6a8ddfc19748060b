"""What an admin does to fields while integrations run: hide, retype, make required (Salesforce §4.2, §15)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .customfields import field_spec, find_field
from .errors import RowError
from .org import Org
from .schema import NUMBERS, Field, SObject


def find(org: Org, full_name: str) -> tuple[SObject, Field]:
    """The field ``Object.Field`` names. Raises RowError."""
    object_name, _, name = full_name.partition(".")
    sobject = org.sobject(object_name)
    field = sobject.get(name) if sobject else None
    if sobject is None or field is None:
        raise RowError("INVALID_CROSS_REFERENCE_KEY", f"no field named {full_name} found")
    return sobject, field


def hide(org: Org, full_name: str, *, hidden: bool) -> None:
    """Takes a field, standard or custom, from everybody's eyes, or gives it back to those who have rights."""
    sobject, field = find(org, full_name)
    name = f"{sobject.name}.{field.name}"
    others = [item for item in org.access.taken_away() if item != name]
    org.access.take_away([*others, name] if hidden else others)
    org.note_schema_change()


def require(org: Org, full_name: str, *, required: bool) -> None:
    """Makes a field required, standard or custom, or lets it be empty again. Records without a value stay as they are."""
    sobject, field = find(org, full_name)
    if not field.createable or field.type == "boolean":
        raise RowError("FIELD_INTEGRITY_EXCEPTION", f"{full_name} cannot be required")
    org.override_field(sobject, field, {"nillable": not required})


def retype(org: Org, full_name: str, metadata: Mapping[str, Any]) -> None:
    """Gives a custom field another definition, type included; values that do not fit the new type are lost."""
    sobject, old = find(org, full_name)
    if find_field(org, sobject.name, old.name) is None:
        raise RowError("FIELD_INTEGRITY_EXCEPTION", f"{full_name} is a standard field, its type cannot be changed")
    spec = field_spec(old.name, metadata, sobject)
    with org.store.writing():
        if spec["type"] != old.type and old.stored and not spec.get("formula"):
            org.store.replace_column(sobject, Field(old.name, spec["type"], spec), converted(old.name, spec["type"]))
        org.replace_custom_field(sobject.name, spec)


def converted(name: str, kind: str) -> str:
    """SQL of a column's value as another type, null where it has none."""
    column = f'"{name}"'
    if kind in (*NUMBERS, "int"):
        return f"CASE WHEN {column} GLOB '*[0-9]*' AND {column} NOT GLOB '*[^-0-9.]*' THEN CAST({column} AS REAL) END"
    if kind == "boolean":
        return f"COALESCE(lower({column}) IN ('1', '1.0', 'true'), 0)"
    if kind == "date":
        return f"CASE WHEN substr({column}, 1, 10) GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]' THEN substr({column}, 1, 10) END"
    if kind in ("datetime", "reference"):
        return "NULL"
    return f"CAST({column} AS TEXT)"
