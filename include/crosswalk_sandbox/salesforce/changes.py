"""getUpdated and getDeleted: changes by time span (Salesforce §4.5)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from .calls import Call, Reply
from .crud import find_object
from .errors import ApiError
from .schema import SObject
from .values import parse_stamp, read_datetime, stamp

UPDATED_DAYS, DELETED_DAYS = 30, 15
MOST_IDS = 600_000


def _span(call: Call, sobject: SObject, days: int) -> tuple[str, str]:
    """The span in stored form, seconds cut. Raises ApiError INVALID_REPLICATION_DATE."""
    if "replicateable" not in sobject.flags:
        raise ApiError(400, "INVALID_TYPE", f"object type '{sobject.name}' is not replicateable")
    read = []
    for name in ("start", "end"):
        found = read_datetime(call.query.get(name, ""))
        if found is None:
            raise ApiError(400, "INVALID_REPLICATION_DATE", f"{name}Date is missing or no ISO 8601 date with zone")
        read.append(parse_stamp(found).replace(second=0))
    start, end = read
    if end - start < timedelta(minutes=1):
        raise ApiError(400, "INVALID_REPLICATION_DATE", "startDate before endDate by at least one minute is required")
    if start < call.org.now() - timedelta(days=days):
        raise ApiError(400, "INVALID_REPLICATION_DATE", f"startDate cannot be more than {days} days ago")
    return stamp(start), stamp(end)


def covered(call: Call, end: str) -> str:
    """How far the answer is complete: it stops short of transactions still in flight (§11)."""
    now = call.org.now() - timedelta(seconds=call.org.commit_lag)
    return stamp(min(parse_stamp(end), now.replace(second=0)))


def updated(call: Call, name: str) -> Reply:
    """``GET /sobjects/{Obj}/updated/?start&end``."""
    sobject = find_object(call, name)
    start, end = _span(call, sobject, UPDATED_DAYS)
    column = "SystemModstamp" if sobject.has("SystemModstamp") else "LastModifiedDate"
    live = ' AND "IsDeleted" = 0' if sobject.has("IsDeleted") else ""
    sql = f'SELECT "Id" FROM "{sobject.name}" WHERE "{column}" >= ? AND "{column}" < ?{live} LIMIT {MOST_IDS + 1}'
    ids = [row[0] for row in call.org.store.connection.execute(sql, (start, end))]
    if len(ids) > MOST_IDS:
        raise ApiError(400, "EXCEEDED_ID_LIMIT", "Too many ids: make the span smaller")
    return Reply(200, {"ids": ids, "latestDateCovered": covered(call, end)})


def deleted(call: Call, name: str) -> Reply:
    """``GET /sobjects/{Obj}/deleted/?start&end``."""
    sobject = find_object(call, name)
    start, end = _span(call, sobject, DELETED_DAYS)
    found: list[dict[str, Any]] = []
    connection = call.org.store.connection
    if sobject.has("IsDeleted"):
        sql = f'SELECT "Id", _deleted FROM "{sobject.name}" WHERE "IsDeleted" = 1 AND _deleted >= ? AND _deleted < ?'
        found += [{"id": own, "deletedDate": when} for own, when in connection.execute(sql, (start, end))]
    gone = connection.execute(
        "SELECT id, deleted FROM _tombstone WHERE object = ? AND deleted >= ? AND deleted < ?",
        (sobject.name, start, end),
    )
    found += [{"id": own, "deletedDate": when} for own, when in gone]
    earliest: datetime = call.org.now() - timedelta(days=DELETED_DAYS)
    body = {
        "deletedRecords": found,
        "earliestDateAvailable": stamp(earliest.replace(second=0)),
        "latestDateCovered": covered(call, end),
    }
    return Reply(200, body)
