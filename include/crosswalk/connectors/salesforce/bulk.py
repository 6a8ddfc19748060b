"""Bulk API 2.0 queries: one job, its results in large CSV pages (Salesforce §8.2)."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import requests

from crosswalk.connectors.salesforce.client import Client
from crosswalk.connectors.transport import decoded
from crosswalk.model.errors import CrosswalkError, RetryableError, TransientError

FIRST_WAIT, LONGEST_WAIT = 0.5, 60.0  # seconds between polls, doubling: each poll is an API call
DEADLINE = 3 * 3600.0
LONGEST_FIELD = 200_000  # characters; a rich text area holds 131,072

Row = list[str]


@dataclass(frozen=True, slots=True)
class ResultPage:
    """One page of results: the header (Salesforce repeats it on every page) and the rows, parsed as they are taken."""

    header: Row
    rows: Iterator[Row]


@dataclass(frozen=True, slots=True)
class Job:
    """A query job. ``created`` is the server's clock; the job sees at least what was committed by then."""

    id: str
    created: datetime


def start(client: Client, soql: str, *, all_rows: bool) -> Job:
    """Create the job; raises what Salesforce says when the object does not support Bulk."""
    body = {"operation": "queryAll" if all_rows else "query", "query": soql}
    job = client.send("POST", "jobs/query", body)
    return Job(str(job["id"]), datetime.fromisoformat(job["createdDate"]).astimezone(UTC))


def results(
    client: Client, job: str, *, page_size: int, sleep: Callable[[float], None] = time.sleep
) -> Iterator[ResultPage]:
    """Wait for the job, then yield its pages; a job given up half-way is aborted, so that it costs the org nothing more."""
    done = False
    try:
        _wait(client, job, sleep)
        locator: str | None = None
        while True:
            parameters = {"maxRecords": str(page_size)} | ({"locator": locator} if locator else {})
            response = client.transport.call("GET", f"{client.root}/jobs/query/{job}/results", params=parameters)
            done = True
            yield _page(response)
            following = response.headers.get("Sforce-Locator", "null")
            if following in ("null", ""):
                return
            if following == locator:
                raise TransientError("Salesforce repeats a page of the query job.", hint="Run the pull again.")
            locator = following
    finally:
        if not done:
            _abort(client, job)


def _wait(client: Client, job: str, sleep: Callable[[float], None]) -> None:
    wait, waited = FIRST_WAIT, 0.0
    while True:
        sleep(wait)
        waited += wait
        wait = min(wait * 2, LONGEST_WAIT)
        state = decoded(client.transport.call("GET", f"{client.root}/jobs/query/{job}"))
        if state["state"] == "JobComplete":
            return
        if state["state"] in ("Failed", "Aborted"):
            reason = state.get("errorMessage") or "no reason given"
            raise RetryableError(
                f"The query job ended as {state['state']}: {reason}", hint="Run the pull again.", code="BULK_JOB_FAILED"
            )
        if waited > DEADLINE:
            raise RetryableError("The query job does not finish.", hint="Look at Setup > Bulk Data Load Jobs.")


def _page(response: requests.Response) -> ResultPage:
    csv.field_size_limit(LONGEST_FIELD)
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(response.content), encoding="utf-8", newline=""))
    header = next(reader, [])
    return ResultPage(header, _counted(reader, len(header), int(response.headers["Sforce-NumberOfRecords"])))


def _counted(reader: Iterator[Row], width: int, promised: int) -> Iterator[Row]:
    """Pass rows on; raises TransientError when rows or cells are missing: a cut page must not pass for the end."""
    number = 0
    for row in reader:
        if len(row) != width:
            break
        number += 1
        yield row
    if number != promised:
        raise TransientError(
            f"A page of the query job holds {number} of {promised} records.",
            hint="It was cut on the way; run the pull again.",
        )


def _abort(client: Client, job: str) -> None:
    try:
        client.send("PATCH", f"jobs/query/{job}", {"state": "Aborted"})
    except CrosswalkError:
        return  # it has ended by itself, or Salesforce is out of reach: the first error is the one to tell
