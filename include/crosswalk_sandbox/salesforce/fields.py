"""From what a caller sends to column values: names, permissions, types, references by id or external id (Salesforce §4, §6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .errors import RowError
from .ids import normalise
from .schema import Field, SObject
from .values import coerce, malformed_id

if TYPE_CHECKING:
    from .org import Org

OWNERLESS = "operation performed with inactive user [{0}] as owner of {1}"


def read_values(
    org: Org, user_id: str, sobject: SObject, values: Mapping[str, Any], *, creating: bool, csv: bool = False
) -> dict[str, Any]:
    """Column values by canonical name. Raises RowError: unknown or read-only fields, bad values, dangling references."""
    rights = org.access.rights(user_id)
    found: dict[str, Any] = {}
    read_only: list[str] = []
    for name, value in values.items():
        if name == "attributes":
            continue
        field = sobject.get(name)
        if field is None or (sobject.name.lower(), field.name.lower()) in rights.hidden:
            field, value = _related(org, sobject, name, value, csv=csv)
            if value is None and field is None:
                continue
        assert field is not None
        allowed = field.createable if creating else field.updateable
        locked = (sobject.name.lower(), field.name.lower()) in rights.locked
        if not allowed or locked or not field.stored:
            read_only.append(field.name)
            continue
        found[field.name] = coerce(field, value, csv=csv)
    if read_only:
        raise unwritable(read_only)
    for name, value in found.items():
        field = sobject.fields[name.lower()]
        if field.type == "reference" and value is not None:
            _check_reference(org, sobject, field, value)
    return found


def unwritable(names: list[str]) -> RowError:
    """Read-only fields are refused, not ignored."""
    text = (
        f"Unable to create/update fields: {', '.join(names)}. Please check the security settings of this field "
        "and verify that it is read/write for your profile or permission set."
    )
    return RowError("INVALID_FIELD_FOR_INSERT_UPDATE", text, names)


def no_such_column(name: str, sobject: SObject) -> RowError:
    """Unknown field, or one without field-level security for the user."""
    return RowError("INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject.name}")


def _related(org: Org, sobject: SObject, name: str, value: Any, *, csv: bool) -> tuple[Field | None, Any]:
    """A parent named by its external id: ``{"Account": {"ERP_Id__c": "C-100"}}`` or the CSV column ``Account.ERP_Id__c``."""
    relationship, _, column = name.partition(".") if csv else (name, "", "")
    link = sobject.parent(relationship)
    if link is None:
        raise no_such_column(name, sobject)
    if csv:
        given: Mapping[str, Any] = {column: value}
    elif isinstance(value, Mapping):
        given = {key: item for key, item in value.items() if key != "attributes"}
    else:
        raise no_such_column(name, sobject)
    if csv and value is None:
        return link, None
    kind = value.get("attributes", {}).get("type") if isinstance(value, Mapping) else None
    if len(link.reference_to) > 1 and kind is None:
        text = "Nested object for polymorphic foreign key must have an attributes field before any other fields."
        raise RowError("JSON_PARSER_ERROR", text)
    target = org.sobject(kind or link.reference_to[0])
    if target is None or len(given) != 1:
        raise no_such_column(name, sobject)
    key, wanted = next(iter(given.items()))
    return link, _resolve(org, target, key, wanted)


def _resolve(org: Org, target: SObject, key: str, wanted: Any) -> str:
    field = target.get(key)
    if field is None or not field.external_id:
        raise RowError("INVALID_FIELD", f"{key} is not an External ID or indexed field for {target.name}")
    live = ' AND "IsDeleted" = 0' if target.has("IsDeleted") else ""
    rows = org.store.fetch_where(target, f'"{field.name}" = ?{live} LIMIT 2', [coerce(field, wanted, csv=True)])
    if not rows:
        text = f"Foreign key external ID: {wanted} not found for field {field.name} in entity {target.name}"
        raise RowError("INVALID_FIELD", text)
    if len(rows) > 1:
        raise RowError("INVALID_FIELD", f"More than one record found for external id field: {field.name}")
    return str(rows[0]["Id"])


def _check_reference(org: Org, sobject: SObject, field: Field, value: str) -> None:
    """A reference must point at a living record of a kind the field takes."""
    target = org.schema.by_prefix(value)
    if field.name == "RecordTypeId":
        _check_record_type(org, sobject, value)
        return
    if target is None:
        raise RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    if target.name not in field.reference_to:
        raise malformed_id(field, value)
    row = org.store.fetch(target, value)
    if row is None:
        raise RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    if row.get("IsDeleted"):
        raise RowError("ENTITY_IS_DELETED", "entity is deleted")
    if field.name == "OwnerId" and target.name == "User" and not row["IsActive"]:
        raise RowError("INACTIVE_OWNER_OR_USER", OWNERLESS.format(value[:15], sobject.label.lower()))


def _check_record_type(org: Org, sobject: SObject, value: str) -> None:
    kinds = org.schema.objects["recordtype"]
    row = org.store.fetch(kinds, value)
    if value != "012000000000000AAA" and (row is None or row["SobjectType"] != sobject.name or not row["IsActive"]):
        text = f"Record Type ID: this ID value isn't valid for the user: {value}"
        raise RowError("INVALID_CROSS_REFERENCE_KEY", text, ["RecordTypeId"])


def missing_required(sobject: SObject, row: Mapping[str, Any], given: Mapping[str, Any]) -> RowError | None:
    """Required fields that are empty: not nillable, createable, no boolean, not left to a default (§4.2)."""
    names = [
        item.name
        for item in sobject.stored
        if not item.nillable
        and item.createable
        and item.type not in ("boolean", "id")
        and row.get(item.name) is None
        and (not item.defaulted or item.name in given)
    ]
    if not names:
        return None
    text = f"Required fields are missing: [{', '.join(names)}]"
    return RowError("REQUIRED_FIELD_MISSING", text, names)


def record_id(sobject: SObject, value: object) -> str:
    """A record's id in 18 characters. Raises RowError MALFORMED_ID for another kind's id or no id at all."""
    found = normalise(value)
    if found is None or found[:3] != sobject.prefix:
        raise RowError("MALFORMED_ID", f"{sobject.label} ID: id value of incorrect type: {value}", ["Id"])
    return found
