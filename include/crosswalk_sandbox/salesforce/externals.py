"""Records by external id: read, upsert, delete (Salesforce §4.4)."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from .calls import Call, Reply
from .crud import created, delete, find_object, read_record, refusal, version_number, writer_for
from .errors import ApiError, RowError, no_external_field, not_found
from .ids import normalise
from .records import Writer
from .schema import Field, SObject
from .values import coerce


def external_field(sobject: SObject, name: str, call: Call) -> Field:
    """The external id field of a path. Raises ApiError 404 (§4.4)."""
    field = sobject.get(name)
    hidden = call.org.access.rights(call.user_id).hidden
    if field is None or not field.external_id or (sobject.name.lower(), field.name.lower()) in hidden:
        raise no_external_field(name)
    return field


def matches(call: Call, sobject: SObject, field: Field, raw: str) -> list[str]:
    """Ids of the living records with this external id."""
    value = normalise(raw) if field.type == "id" else coerce(field, raw, csv=True)
    return Writer(call.org, call.user_id).match(sobject, field.name, value)


def ambiguous(call: Call, sobject: SObject, ids: list[str]) -> Reply:
    """300: the addresses of all records the value matches."""
    return Reply(300, [f"/services/data/v{call.version}/sobjects/{sobject.name}/{own}" for own in ids])


def read_external(call: Call, name: str, key: str, value: str) -> Reply:
    """``GET /sobjects/{Obj}/{ExtField}/{value}``."""
    sobject = find_object(call, name)
    field = external_field(sobject, key, call)
    found = _matched(call, sobject, field, unquote(value))
    if isinstance(found, Reply):
        return found
    if not found:
        raise not_found()
    return ambiguous(call, sobject, found) if len(found) > 1 else read_record(call, sobject, found[0])


def delete_external(call: Call, name: str, key: str, value: str) -> Reply:
    """``DELETE /sobjects/{Obj}/{ExtField}/{value}``."""
    sobject = find_object(call, name)
    field = external_field(sobject, key, call)
    found = _matched(call, sobject, field, unquote(value))
    if isinstance(found, Reply):
        return found
    if not found:
        raise not_found()
    return ambiguous(call, sobject, found) if len(found) > 1 else delete(call, name, found[0])


def _matched(call: Call, sobject: SObject, field: Field, raw: str) -> list[str] | Reply:
    try:
        return matches(call, sobject, field, raw)
    except RowError as error:
        return refusal(error)


def upsert(call: Call, name: str, key: str, value: str = "") -> Reply:
    """``PATCH /sobjects/{Obj}/{ExtField}/{value}``: 201 created, 200 (204 before 46.0) updated, 300 ambiguous."""
    sobject = find_object(call, name)
    field = external_field(sobject, key, call)
    values, raw = call.object(), unquote(value)
    if any(item.lower() == field.name.lower() for item in values):
        raise ApiError(400, "INVALID_FIELD", f"The {field.name} field should not be specified in the sobject data.")
    try:
        # Without a unique index nothing makes the second of two upserts at once see the first: both create (§4.4).
        seen = None if field.unique or field.type == "id" else matches(call, sobject, field, raw)
        with call.org.store.writing():
            return _upsert(call, sobject, field, raw, values, seen)
    except RowError as error:
        return refusal(error)


def _upsert(
    call: Call, sobject: SObject, field: Field, raw: str, values: dict[str, Any], seen: list[str] | None
) -> Reply:
    writer = writer_for(call)
    found = matches(call, sobject, field, raw) if seen is None else seen
    if len(found) > 1:
        return ambiguous(call, sobject, found)
    if found:
        writer.update(sobject, found[0], values)
        if version_number(call) < 46:
            return Reply(204, None, {}, None)
        return created(call, sobject, found[0], upsert=True, new=False)
    if call.query.get("updateOnly", "").lower() == "true" or (field.type == "id" and raw):
        raise not_found()
    given = values if field.type == "id" else {**values, field.name: raw}
    return created(call, sobject, writer.create(sobject, given), upsert=True)
