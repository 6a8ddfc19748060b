"""Rows to batches of 100, and a result for every row (HubSpot §9).

Each row has a trace id, so that a batch is done row by row: 207 tells what became of each. Why creates are not upserts: an upsert of
what is there already writes over it, whatever it has become since (law 3); a create under a unique property is refused instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crosswalk.connectors.hubspot.client import BATCH, Client
from crosswalk.connectors.hubspot.errors import error_of
from crosswalk.model.errors import ConfigurationError, CrosswalkError, InDoubtError, NotFoundError, RecordError

TRACE = "objectWriteTraceId"

Row = dict[str, Any]
Result = Mapping[str, Any] | CrosswalkError  # the record as it is now, or why not; an InDoubtError where nobody knows

_GONE = "It was archived or merged meanwhile; a read of its id tells into what."


def send(client: Client, native: str, verb: str, rows: Sequence[Row]) -> list[Result]:
    """Send up to 100 rows as one call and return a result for each, in order; refused as a whole, they are halved until the culprit
    stands alone.

    A request whose outcome is unknown leaves all its rows in doubt. Errors of the connection (limits, credentials, nothing executed)
    are raised.
    """
    assert len(rows) <= BATCH
    traced = [{**row, TRACE: str(number)} for number, row in enumerate(rows)]
    try:
        answer = client.write(native, verb, traced)
    except InDoubtError as error:
        return [error] * len(rows)
    except RecordError as error:
        if len(rows) == 1:
            return [error]
        middle = len(rows) // 2
        return send(client, native, verb, rows[:middle]) + _doubtless(client, native, verb, rows[middle:])
    return _results(answer.body, verb, rows)


def _doubtless(client: Client, native: str, verb: str, rows: Sequence[Row]) -> list[Result]:
    """Send rows after others of the same call: their error must not hide what became of those."""
    try:
        return send(client, native, verb, rows)
    except (CrosswalkError, ConfigurationError) as error:
        return [error] * len(rows)


def _results(body: Mapping[str, Any], verb: str, rows: Sequence[Row]) -> list[Result]:
    """Match answers to rows: by trace id, else by the record's id; a row nobody speaks of was merged away, or is in doubt."""
    done: dict[str, Mapping[str, Any]] = {}
    for record in body.get("results") or ():
        done[str(record.get(TRACE) or _number(rows, record))] = record
    refused: dict[str, CrosswalkError] = {}
    for entry in body.get("errors") or ():
        error = error_of(entry)
        context = entry.get("context") or {}
        for number in context.get(TRACE) or [_number(rows, {"id": one}) for one in context.get("ids") or ()]:
            refused[str(number)] = error
    return [done.get(str(number)) or refused.get(str(number)) or _unsaid(verb, row) for number, row in enumerate(rows)]


def _number(rows: Sequence[Row], record: Mapping[str, Any]) -> int:
    return next((number for number, row in enumerate(rows) if row.get("id") == str(record.get("id"))), -1)


def _unsaid(verb: str, row: Row) -> CrosswalkError:
    if verb == "update":  # a batch does not follow the id of a merged record, and says nothing of it (§9)
        return NotFoundError(f"{row.get('id')} was not updated: it is not there any more.", hint=_GONE)
    return InDoubtError("HubSpot's answer does not speak of this row.", hint="It is looked up by its key.")
