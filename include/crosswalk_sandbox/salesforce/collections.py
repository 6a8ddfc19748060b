"""sObject Collections: up to 200 records a call, answered row by row in request order (Salesforce §7.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .calls import Call, Reply
from .crud import fetch_records, find_object, writer_for
from .errors import ApiError, RowError, json_error
from .externals import external_field
from .fields import record_id
from .ids import normalise
from .records import Writer
from .schema import Field, SObject
from .values import coerce

MOST_RECORDS = 200
MOST_TYPE_CHUNKS = 10
MOST_READ = {"GET": 800, "POST": 2_000}
ROLLED_BACK = "Record rolled back because not all records were valid and the request was using AllOrNone header"

Row = dict[str, Any]


class _Undo(Exception):
    """Ends an all-or-none transaction."""


def envelope(call: Call) -> tuple[list[Row], bool]:
    """The records and the allOrNone flag. Raises ApiError 400 for a malformed envelope."""
    body = call.object()
    records = body.get("records")
    if not isinstance(records, list) or not all(isinstance(item, dict) for item in records):
        raise json_error("The HTTP entity body requires a records array")
    if len(records) > MOST_RECORDS:
        raise ApiError(
            400,
            "EXCEEDED_MAX_SOBJECTS_LIMIT",
            f"record limit reached. cannot submit more than {MOST_RECORDS} records in this call",
        )
    return records, body.get("allOrNone") is True


def run_rows(call: Call, count: int, all_or_none: bool, work: Callable[[int], Row]) -> list[Row]:
    """Runs ``work`` for each row in one transaction; a refused row fails alone, or with all others."""
    results: list[Row] = []
    try:
        with call.org.store.writing(), call.org.store.savepoint():
            for index in range(count):
                try:
                    call.org.mishaps.strike()
                    results.append(work(index))
                except RowError as error:
                    results.append({"success": False, "errors": error.rows()})
            if all_or_none and not all(row["success"] for row in results):
                raise _Undo
    except _Undo:
        rolled = {"statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK", "message": ROLLED_BACK, "fields": []}
        results = [{"success": False, "errors": [rolled]} if row["success"] else row for row in results]
    return results


def typed(call: Call, record: Row) -> SObject:
    """The sObject a record names in its attributes."""
    kind = record.get("attributes", {}).get("type") if isinstance(record.get("attributes"), dict) else None
    if not kind:
        raise RowError("INVALID_FIELD", "Include an attributes type for every record")
    found = call.org.sobject(str(kind))
    if found is None:
        raise RowError("INVALID_TYPE", f"sObject type '{kind}' is not supported.")
    return found


def _check_chunks(records: list[Row]) -> None:
    kinds = [
        record.get("attributes", {}).get("type") if isinstance(record.get("attributes"), dict) else None
        for record in records
    ]
    chunks = sum(1 for index, kind in enumerate(kinds) if index == 0 or kind != kinds[index - 1])
    if chunks > MOST_TYPE_CHUNKS:
        text = f"Too many chunks: the records must be ordered in at most {MOST_TYPE_CHUNKS} groups of the same type"
        raise ApiError(400, "INVALID_BATCH_OPERATION", text)


def create_many(call: Call) -> Reply:
    """``POST /composite/sobjects``."""
    records, all_or_none = envelope(call)
    _check_chunks(records)
    writer = writer_for(call)

    def work(index: int) -> Row:
        return {"id": writer.create(typed(call, records[index]), records[index]), "success": True, "errors": []}

    return Reply(200, run_rows(call, len(records), all_or_none, work))


def update_many(call: Call) -> Reply:
    """``PATCH /composite/sobjects``: the id travels in the record."""
    records, all_or_none = envelope(call)
    _check_chunks(records)
    writer = writer_for(call)

    def work(index: int) -> Row:
        record = records[index]
        own, values = split_id(record)
        if own is None:
            raise RowError("MISSING_ARGUMENT", "Id not specified in an update call")
        return {"id": writer.update(typed(call, record), own, values), "success": True, "errors": []}

    return Reply(200, run_rows(call, len(records), all_or_none, work))


def split_id(record: Row) -> tuple[Any, Row]:
    """A record's id, whatever the case of its key, and the rest."""
    own = next((value for name, value in record.items() if name.lower() == "id"), None)
    return own, {name: value for name, value in record.items() if name.lower() != "id"}


def upsert_many(call: Call, name: str, key: str) -> Reply:
    """``PATCH /composite/sobjects/{Obj}/{ExtField}``: the external id travels in the record."""
    sobject = find_object(call, name)
    field = external_field(sobject, key, call)
    records, all_or_none = envelope(call)
    writer = writer_for(call)
    seen: set[Any] = set()

    def work(index: int) -> Row:
        try:
            return upsert_row(writer, sobject, field, records[index], seen)
        except RowError as error:
            return {"success": False, "created": False, "errors": error.rows()}

    results = run_rows(call, len(records), all_or_none, work)
    for row in results:
        if not row["success"]:
            row.setdefault("created", False)
    return Reply(200, results)


def upsert_row(
    writer: Writer, sobject: SObject, field: Field, record: Row, seen: set[Any], *, csv: bool = False
) -> Row:
    """One record of an upsert; ``seen`` holds the external ids of this call: a second use is refused (§7.1)."""
    if not csv and not isinstance(record.get("attributes"), dict):
        text = "Nested object for polymorphic foreign key must have an attributes field before any other fields."
        raise RowError("JSON_PARSER_ERROR", text)
    raw = next((value for name, value in record.items() if name.lower() == field.name.lower()), None)
    values = {name: value for name, value in record.items() if name.lower() != field.name.lower()}
    if field.type == "id":
        return _upsert_by_id(writer, sobject, raw, values, csv=csv)
    value = coerce(field, raw, csv=csv)
    if value is None:
        raise RowError("MISSING_ARGUMENT", f"{field.name} not specified")
    mark = value if field.case_sensitive else str(value).casefold()
    if mark in seen:
        raise RowError("DUPLICATE_VALUE", f"Duplicate external id specified: {value}", [field.name])
    seen.add(mark)
    found = writer.match(sobject, field.name, value)
    if len(found) > 1:
        raise RowError(
            "DUPLICATE_EXTERNAL_ID", f"{field.name}: more than one record found for external id field: {found}"
        )
    if found:
        return {
            "id": writer.update(sobject, found[0], values, csv=csv),
            "success": True,
            "errors": [],
            "created": False,
        }
    own = writer.create(sobject, {**values, field.name: value}, csv=csv)
    return {"id": own, "success": True, "errors": [], "created": True}


def _upsert_by_id(writer: Writer, sobject: SObject, raw: Any, values: Row, *, csv: bool) -> Row:
    if raw in (None, ""):
        return {"id": writer.create(sobject, values, csv=csv), "success": True, "errors": [], "created": True}
    own = record_id(sobject, raw)
    try:
        writer.update(sobject, own, values, csv=csv)
    except RowError as error:
        if error.entries[0][0] == "NOT_FOUND":
            raise RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id") from None
        raise
    return {"id": own, "success": True, "errors": [], "created": False}


def delete_many(call: Call) -> Reply:
    """``DELETE /composite/sobjects?ids=…``."""
    ids = [part for part in call.query.get("ids", "").split(",") if part]
    if not ids or len(ids) > MOST_RECORDS:
        raise ApiError(
            400,
            "EXCEEDED_MAX_SOBJECTS_LIMIT",
            f"record limit reached. cannot submit more than {MOST_RECORDS} records in this call",
        )
    writer = writer_for(call)

    def work(index: int) -> Row:
        own = normalise(ids[index])
        sobject = call.org.schema.by_prefix(own) if own else None
        if own is None or sobject is None:
            raise RowError("MALFORMED_ID", f"bad id {ids[index]}")
        try:
            return {"id": writer.delete(sobject, own), "success": True, "errors": []}
        except RowError as error:
            if error.entries[0][0] == "NOT_FOUND":
                raise RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id") from None
            raise

    return Reply(200, run_rows(call, len(ids), call.query.get("allOrNone", "").lower() == "true", work))


def read_many(call: Call, name: str) -> Reply:
    """``GET|POST /composite/sobjects/{Obj}``: records by id, null where there is none."""
    sobject = find_object(call, name)
    if call.method == "GET":
        ids = [part for part in call.query.get("ids", "").split(",") if part]
        fields = [part.strip() for part in call.query.get("fields", "").split(",") if part.strip()]
    else:
        body = call.object()
        ids, fields = list(body.get("ids") or []), list(body.get("fields") or [])
    if not ids or not fields:
        raise ApiError(400, "MISSING_ARGUMENT", "The ids and fields parameters are required")
    if len(ids) > MOST_READ["GET" if call.method == "GET" else "POST"]:
        raise ApiError(400, "EXCEEDED_ID_LIMIT", "Too many ids")
    known = []
    for value in ids:
        own = normalise(value)
        if own is None or own[:3] != sobject.prefix:
            raise ApiError(400, "MALFORMED_ID", f"malformed id {value}")
        known.append(own)
    wanted = dict.fromkeys(fields)
    if not any(field.lower() == "id" for field in wanted):
        wanted = {"Id": None, **wanted}
    return Reply(200, fetch_records(call, sobject, known, tuple(wanted)))
