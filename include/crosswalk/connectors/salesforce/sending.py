"""Rows to collections to calls, and a result for every row (Salesforce §7.1, §7.2).

Up to 200 rows travel as one collection; up to five collections travel as one composite request, which counts as one call. Why no Bulk
ingest, which would carry 10,000 rows in some seven calls: a job runs as long as it likes (§8.1), so that nobody could say when a lost
one cannot commit any more (law 1); it would write hours after the versions of its targets were read (law 3); its rows run in
parallel and lock each other's parents; and duplicate rules' headers are reported without effect. Ten composite requests do the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crosswalk.connectors.salesforce.client import Client
from crosswalk.connectors.salesforce.errors import row_error
from crosswalk.model.errors import CrosswalkError, InDoubtError, RecordError

COLLECTION = 200  # records of one collection
COLLECTIONS = 5  # of one composite request

Row = dict[str, Any]
Result = str | CrosswalkError  # the id, or why not; an InDoubtError where nobody knows

_OTHER_NUMBER = "Salesforce answered another number of rows than were sent."


def send(client: Client, method: str, rows: Sequence[Row], headers: Mapping[str, str]) -> list[Result]:
    """Send up to 1,000 rows as one call and return a result for each, in order.

    A request whose outcome is unknown leaves all its rows in doubt. Errors of the connection (limits, credentials, nothing
    executed) are raised.
    """
    collections = [rows[start : start + COLLECTION] for start in range(0, len(rows), COLLECTION)]
    if len(collections) > 1:
        return _together(client, method, collections, headers)
    return _alone(client, method, rows, headers) if rows else []


def _alone(client: Client, method: str, rows: Sequence[Row], headers: Mapping[str, str]) -> list[Result]:
    """Send one collection; one that is refused as a whole because of a row is halved until that row stands alone."""
    try:
        answer = client.send(method, "composite/sobjects", _body(rows), headers)
    except InDoubtError as error:
        return [error] * len(rows)
    except RecordError as error:
        if len(rows) == 1:
            return [error]
        middle = len(rows) // 2
        first = _alone(client, method, rows[:middle], headers)
        return first + _alone_or_doubtless(client, method, rows[middle:], headers)
    return _results(answer, len(rows))


def _alone_or_doubtless(client: Client, method: str, rows: Sequence[Row], headers: Mapping[str, str]) -> list[Result]:
    """Send a collection after others of the same call: its error must not hide what became of them."""
    try:
        return _alone(client, method, rows, headers)
    except CrosswalkError as error:
        return [error] * len(rows)


def _together(
    client: Client, method: str, collections: Sequence[Sequence[Row]], headers: Mapping[str, str]
) -> list[Result]:
    url = f"{client.root}/composite/sobjects"
    parts = [{"method": method, "url": url, "httpHeaders": dict(headers), "body": _body(rows)} for rows in collections]
    try:
        answers = client.composite(parts, headers=headers)
    except InDoubtError as error:
        return [error for rows in collections for _ in rows]
    except RecordError:  # the envelope was refused, nothing of it executed
        answers = [(400, None)] * len(collections)
    results: list[Result] = []
    for rows, (status, body) in zip(collections, answers, strict=True):
        results += _of_part(client, method, rows, headers, status, body)
    return results


def _of_part(
    client: Client, method: str, rows: Sequence[Row], headers: Mapping[str, str], status: int, body: Any
) -> list[Result]:
    if status == 200:
        return _results(body, len(rows))
    if status < 500:  # refused as a whole, nothing executed: by itself it tells why, and is halved
        return _alone_or_doubtless(client, method, rows, headers)
    doubt = InDoubtError(f"A part of the request ended with {status}.", hint="Its rows are looked up by key.")
    return [doubt] * len(rows)


def _body(rows: Sequence[Row]) -> dict[str, Any]:
    return {"allOrNone": False, "records": list(rows)}


def _results(answer: Any, sent: int) -> list[Result]:
    if not isinstance(answer, list) or len(answer) != sent:
        return [InDoubtError(_OTHER_NUMBER, hint="They are looked up by key.")] * sent
    return [str(row["id"]) if row.get("success") else row_error(row.get("errors") or []) for row in answer]
