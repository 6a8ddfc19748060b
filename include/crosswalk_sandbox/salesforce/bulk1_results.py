"""Bodies of Bulk API 1.0: uploads in, outcomes and query rows out (Salesforce §9)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import orjson

from .calls import Call
from .ids import mint
from .ingest import Outcome
from .jobs import Job
from .soql.bulk_rules import check_bulk_query
from .soql.plan import Plan
from .soql.shapes import Builder
from .tables import TableError, cell, read_table, values_of, write_table
from .values import parse_stamp


def request_rows(text: str, is_csv: bool) -> tuple[list[str], list[dict[str, Any]]]:
    """The rows of an upload (with the CSV's header). Raises TableError."""
    if is_csv:
        header, rows = read_table(text)
        return header, [values_of(header, row) for row in rows]
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise TableError(f"InvalidBatch : Failed to parse JSON: {error}") from None
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise TableError("InvalidBatch : The batch must be a JSON array of records")
    return [], found


def dml_result(outcomes: Sequence[Outcome], is_csv: bool) -> bytes:
    """Outcomes in batch order."""
    if is_csv:
        rows = [
            (
                item.id,
                str(item.error is None).lower(),
                str(item.created).lower(),
                item.error.text() if item.error else "",
            )
            for item in outcomes
        ]
        return write_table(["Id", "Success", "Created", "Error"], rows)
    answers = []
    for item in outcomes:
        errors = [{**entry, "extendedErrorDetails": None} for entry in item.error.rows()] if item.error else []
        answers.append(
            {"success": item.error is None, "created": item.created, "id": item.id or None, "errors": errors}
        )
    return orjson.dumps(answers)


def query_result(call: Call, job: Job, batch: Job, text: str) -> tuple[bytes, int, str]:
    """A query batch's rows, how many, and the result id. Raises ApiError for a wrong statement."""
    org = call.org
    viewer = org.viewer(batch.info["_user"])
    plan = check_bulk_query(org.runner, text, viewer, all_rows=job.info["operation"] == "queryAll")
    rows = org.runner.rows(plan)
    part = batch.info.get("_rows")
    if part:
        rows = rows[part[0] : part[0] + part[1]]
    values = org.runner.values(plan, rows)
    with org.store.writing():
        result = mint("752", org.store.next_number("_job752"))
    if job.info["contentType"] == "CSV":
        cells = ([cell(kind, row[at]) for _, kind, at in plan.flat] for row in values)
        return write_table([name for name, _, _ in plan.flat], cells), len(values), result
    return orjson.dumps(_json_rows(plan, values, call.version)), len(values), result


def _json_rows(plan: Plan, values: Sequence[tuple[Any, ...]], version: str) -> list[dict[str, Any]]:
    """Records with dates and datetimes as epoch milliseconds."""
    assert plan.shape is not None
    moments = {at: kind for _, kind, at in plan.flat if kind in ("date", "datetime")}
    turned = [
        tuple(_epoch(moments[at], value) if at in moments else value for at, value in enumerate(row)) for row in values
    ]
    return Builder(plan.shape, version).records(turned)


def _epoch(kind: str, value: str | None) -> int | None:
    if value is None:
        return None
    if kind == "date":
        day = date.fromisoformat(value)
        return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
    return int(parse_stamp(value).timestamp() * 1000)
