"""sObject resources: describe, create, read, update, delete, by id and by external id (Salesforce §4)."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from .calls import Call, Reply
from .describe import describe, describe_global, global_entry
from .errors import ApiError, RowError, no_external_field, not_found
from .fields import record_id
from .records import Writer
from .schema import SObject
from .soql.compile import Compiler, whole_record
from .soql.shapes import Builder
from .values import parse_stamp

RECENT = 5


def find_object(call: Call, name: str) -> SObject:
    """The sObject of a path. Raises ApiError 404 (§4.2)."""
    found = call.org.sobject(name)
    if found is None or not call.org.access.rights(call.user_id).may(found.name, "read"):
        raise not_found()
    return found


def writer_for(call: Call) -> Writer:
    """A writer with the request's behaviour headers (§3)."""
    parts = {}
    for part in call.headers.get("sforce-duplicate-rule-header", "").split(";"):
        key, _, value = part.strip().lower().partition("=")
        parts[key] = value.strip() == "true"
    return Writer(call.org, call.user_id, parts.get("allowsave", False), parts.get("includerecorddetails", False))


def refusal(error: RowError) -> Reply:
    """One refused record as a single-record call answers it."""
    return Reply(error.status, error.rest())


# describe
def list_objects(call: Call) -> Reply:
    """``GET /sobjects``."""
    rights = call.org.access.rights(call.user_id)
    return conditional_metadata(call, lambda: describe_global(call.org.schema, rights, call.version))


def describe_object(call: Call, name: str) -> Reply:
    """``GET /sobjects/{Obj}/describe``."""
    sobject = find_object(call, name)
    rights = call.org.access.rights(call.user_id)
    sql = 'SELECT "Id", "Name", "DeveloperName", "IsActive" FROM "RecordType" WHERE "SobjectType" = ? ORDER BY _row'
    kinds = [
        (own, label, developer, bool(active))
        for own, label, developer, active in call.org.store.connection.execute(sql, (sobject.name,))
    ]
    return conditional_metadata(call, lambda: describe(sobject, rights, call.version, call.base_url, kinds))


def conditional_metadata(call: Call, make: Any) -> Reply:
    """Metadata with ``Last-Modified`` and ``ETag``; 304 when it did not change since (§4.1)."""
    modified = schema_modified(call)
    headers = {"Last-Modified": format_datetime(modified, usegmt=True), "ETag": f'"{call.org.schema.version:08x}"'}
    since = http_date(call.headers.get("if-modified-since"))
    if since is not None and modified <= since:
        return Reply(304, None, headers, None)
    return Reply(200, make(), headers)


def schema_modified(call: Call) -> datetime:
    """When the org's fields last changed."""
    made = call.org.store.connection.execute("SELECT MAX(created) FROM _custom_field").fetchone()[0]
    latest = max(made or "", call.org.store.setting("schema_changed") or "")
    return parse_stamp(latest) if latest else datetime(2026, 1, 1, tzinfo=UTC)


def http_date(text: str | None) -> datetime | None:
    """An RFC 1123 date header; None when absent or unreadable."""
    if not text:
        return None
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except ValueError:
        return None


def object_info(call: Call, name: str) -> Reply:
    """``GET /sobjects/{Obj}/``: its describeGlobal entry and recent records."""
    sobject = find_object(call, name)
    return Reply(
        200, {"objectDescribe": global_entry(sobject, call.version), "recentItems": recent_items(call, sobject)}
    )


def recent(call: Call) -> Reply:
    """``GET /recent``: the latest records of every sObject that keeps recent ones."""
    wanted = [item for item in call.org.schema.objects.values() if "mruEnabled" in item.flags]
    return Reply(200, [record for sobject in wanted for record in recent_items(call, sobject)])


def recent_items(call: Call, sobject: SObject) -> list[dict[str, Any]]:
    """The latest records of an sObject: attributes, id and name."""
    name_field = sobject.name_field or "Id"
    live = ' WHERE "IsDeleted" = 0' if sobject.has("IsDeleted") else ""
    column = name_field if (field := sobject.get(name_field)) and field.stored else "Id"
    rows = call.org.store.connection.execute(
        f'SELECT "Id", "{column}" FROM "{sobject.name}"{live} ORDER BY _row DESC LIMIT {RECENT}'
    )
    return [
        {
            "attributes": {
                "type": sobject.name,
                "url": f"/services/data/v{call.version}/sobjects/{sobject.name}/{own}",
            },
            "Id": own,
            column: title,
        }
        for own, title in rows
    ]


# records
def create(call: Call, name: str) -> Reply:
    """``POST /sobjects/{Obj}/``: 201 with the id and ``Location``."""
    sobject = find_object(call, name)
    values = call.object()
    with call.org.store.writing():
        try:
            own = writer_for(call).create(sobject, values)
        except RowError as error:
            return refusal(error)
    return created(call, sobject, own)


def created(call: Call, sobject: SObject, own: str, *, upsert: bool = False, new: bool = True) -> Reply:
    """The answer to a create or upsert."""
    body: dict[str, Any] = {"id": own, "success": True, "errors": []}
    if upsert and version_number(call) >= 46:
        body["created"] = new
    return Reply(
        201 if new else 200, body, {"Location": f"/services/data/v{call.version}/sobjects/{sobject.name}/{own}"}
    )


def version_number(call: Call) -> int:
    """The API version as a whole number."""
    return int(call.version.split(".")[0])


def read(call: Call, name: str, key: str) -> Reply:
    """``GET /sobjects/{Obj}/{id}[?fields=…]``."""
    sobject = find_object(call, name)
    try:
        own = record_id(sobject, key)
        Writer(call.org, call.user_id).living(sobject, own)
    except RowError as error:
        if error.entries[0][0] in ("NOT_FOUND", "MALFORMED_ID"):
            raise not_found_record(error, key) from None
        return refusal(error)
    return read_record(call, sobject, own)


def not_found_record(error: RowError, key: str) -> ApiError:
    """404 for an id that leads nowhere."""
    if error.entries[0][0] == "MALFORMED_ID":
        return no_external_field(key)
    return not_found()


def read_record(call: Call, sobject: SObject, own: str) -> Reply:
    """One record with ``Last-Modified`` and ``ETag``; honours the conditional headers (§3)."""
    given = call.query.get("fields")
    only = tuple(part.strip() for part in given.split(",") if part.strip()) if given else None
    record = fetch_records(call, sobject, [own], only)[0]
    row = call.org.store.fetch(sobject, own) or {}
    modified = row.get("LastModifiedDate") or row.get("SystemModstamp")
    headers = {}
    if modified:
        headers = {"Last-Modified": format_datetime(parse_stamp(modified), usegmt=True), "ETag": etag(row)}
        state = precondition(call, row)
        if state:
            return Reply(state, None, headers, None)
    return Reply(200, record, headers)


def etag(row: dict[str, Any]) -> str:
    """An entity tag that changes with the row."""
    return f'"{hashlib.sha256(json.dumps(row, default=str).encode()).hexdigest()[:8]}"'


def precondition(call: Call, row: dict[str, Any]) -> int:
    """304 or 412 when a conditional header forbids to go on, else 0."""
    modified = parse_stamp(str(row["LastModifiedDate"])) if row.get("LastModifiedDate") else None
    reading = call.method in ("GET", "HEAD")
    wanted, refused = _tags(call, "if-match"), _tags(call, "if-none-match")
    if wanted and "*" not in wanted and etag(row) not in wanted:
        return 412
    unmodified = http_date(call.headers.get("if-unmodified-since"))
    if unmodified is not None and modified is not None and modified > unmodified:
        return 412
    since = http_date(call.headers.get("if-modified-since"))
    if etag(row) in refused or (since is not None and modified is not None and modified <= since):
        return 304 if reading else 412
    return 0


def _tags(call: Call, header: str) -> set[str]:
    """The entity tags of a header, without the mark of a compressed answer."""
    return {tag.strip().replace("--gzip", "") for tag in call.headers.get(header, "").split(",") if tag.strip()}


def fetch_records(call: Call, sobject: SObject, ids: list[str], only: tuple[str, ...] | None) -> list[Any]:
    """Records by id in the given order, None where there is none (deleted ones count as missing)."""
    viewer = call.org.viewer(call.user_id)
    query = whole_record(sobject, viewer.hidden, only)
    plan = Compiler(call.org.schema, viewer, ",".join(only or ()), all_rows=True).compile(query)
    live = ' AND "IsDeleted" = 0' if sobject.has("IsDeleted") else ""
    sql = f'SELECT "Id", _row FROM "{sobject.name}" WHERE "Id" IN (SELECT value FROM json_each(?)){live}'
    rows = dict(call.org.store.connection.execute(sql, (json.dumps(ids),)).fetchall())
    present = [own for own in dict.fromkeys(ids) if own in rows]
    assert plan.shape is not None
    values = call.org.runner.values(plan, [rows[own] for own in present])
    records = dict(zip(present, Builder(plan.shape, call.version).records(values), strict=True))
    return [records.get(own) for own in ids]


def update(call: Call, name: str, key: str) -> Reply:
    """``PATCH /sobjects/{Obj}/{id}``: 204 without a body."""
    sobject = find_object(call, name)
    values = call.object()
    if any(item.lower() == "id" for item in values):
        raise ApiError(400, "INVALID_FIELD", "The Id field should not be specified in the sobject data.")
    with call.org.store.writing():
        try:
            own = record_id(sobject, key)
            writer = writer_for(call)
            state = precondition(call, writer.living(sobject, own))
            if state:
                return Reply(
                    state, [{"message": "The requested resource has changed", "errorCode": "PRECONDITION_FAILED"}]
                )
            writer.update(sobject, own, values)
        except RowError as error:
            return _missing(error, key)
    return Reply(204, None, {}, None)


def delete(call: Call, name: str, key: str) -> Reply:
    """``DELETE /sobjects/{Obj}/{id}``: 204, the record goes to the recycle bin; 404 for one that never was."""
    sobject = find_object(call, name)
    with call.org.store.writing():
        try:
            own = record_id(sobject, key)
            writer = writer_for(call)
            state = precondition(call, writer.living(sobject, own))
            if state:
                return Reply(
                    state, [{"message": "The requested resource has changed", "errorCode": "PRECONDITION_FAILED"}]
                )
            writer.delete(sobject, own)
        except RowError as error:
            if error.entries[0][0] == "NOT_FOUND":
                return refusal(RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", status=404))
            return _missing(error, key)
    return Reply(204, None, {}, None)


def _missing(error: RowError, key: str) -> Reply:
    if error.entries[0][0] == "NOT_FOUND" or (error.entries[0][0] == "MALFORMED_ID" and error.entries[0][2] == ["Id"]):
        raise not_found_record(error, key)
    return refusal(error)
