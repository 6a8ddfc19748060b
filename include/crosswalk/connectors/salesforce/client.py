"""The org behind our transport: simple-salesforce for whoever knows it, and the few calls that need whole answers."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from urllib.parse import quote

import requests
from simple_salesforce.api import Salesforce

from crosswalk.connectors.protocol import Usage
from crosswalk.connectors.transport import Transport, decoded
from crosswalk.connectors.wire import server_time
from crosswalk.model.errors import InDoubtError, NotFoundError, SchemaError

DEFAULT_VERSION = "62.0"
LONGEST_QUERY = 14_000  # bytes of an encoded query; the whole URI with its headers may have 16,384 (Salesforce §1)
QUERIES = 5  # of one composite request (Salesforce §7.2)
_PLAIN = "'(),:*/!@$;"  # mean themselves in a URL's query: an id takes 21 bytes in place of 27
_USAGE = re.compile(r"api-usage=(\d+)/(\d+)")
_READING_POSTS = re.compile(r"/services/data/v[\d.]+/(jobs/query|composite/sobjects/\w+)/?")
_OWN_QUERY_JOB = re.compile(r"/services/data/v[\d.]+/jobs/query/\w+/?")


def is_read(method: str, path: str) -> bool:
    """Tell whether a request leaves the org's data alone: GETs, query jobs of our own, retrieval by POST."""
    if method in ("GET", "HEAD"):
        return True
    if method == "POST":
        return _READING_POSTS.fullmatch(path) is not None
    return method == "PATCH" and _OWN_QUERY_JOB.fullmatch(path) is not None


class Allowance:
    """The org's used API calls as the last answer told (Salesforce §10: approximate, lagging)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._usage: Usage | None = None

    def observe(self, response: requests.Response) -> None:
        """Take note of an answer's ``Sforce-Limit-Info``."""
        if told := _USAGE.search(response.headers.get("Sforce-Limit-Info", "")):
            usage = Usage("day", int(told[1]), int(told[2]), server_time(response) or datetime.now(UTC))
            with self._lock:
                self._usage = usage

    @property
    def latest(self) -> Usage | None:
        """What was told last; None before the first answer."""
        with self._lock:
            return self._usage


@dataclass(frozen=True, slots=True)
class Answer:
    """One page of a REST query (Salesforce §5). ``server_time`` is the server's clock when the query began."""

    total: int
    records: Sequence[dict[str, Any]]
    next_url: str | None
    server_time: datetime | None


class Client:
    """Calls to one org; paths are below ``/services/data/vNN.0/``. Raises ``crosswalk.model.errors`` only."""

    def __init__(self, transport: Transport, allowance: Allowance, *, version: str = DEFAULT_VERSION) -> None:
        self.transport = transport
        self.allowance = allowance
        self.root = f"/services/data/v{version}"
        self._version = version

    @cached_property
    def salesforce(self) -> Salesforce:
        """simple-salesforce on our transport, which signs, limits and repeats; its own login is never used."""
        client = Salesforce(
            session_id="signed-by-the-transport",
            instance_url="https://instance.invalid",  # the transport leads every host to the instance
            version=self._version,
            session=self.transport,
        )
        client.headers.pop("X-PrettyPrint")  # a third more bytes for nobody's eyes
        return client

    def get(self, path: str, **params: str) -> Any:
        """Return a resource's JSON."""
        return decoded(self.transport.call("GET", f"{self.root}/{path}", params=params))

    def send(self, method: str, path: str, body: object, headers: Mapping[str, str] | None = None) -> Any:
        """Send JSON, return JSON."""
        return decoded(self.transport.call(method, f"{self.root}/{path}", json=body, headers=headers))

    def query(self, soql: str, *, all_rows: bool = False) -> Answer:
        """Run SOQL; ``all_rows`` includes what lies in the recycle bin."""
        resource = "queryAll" if all_rows else "query"
        return self._answer(self.transport.call("GET", f"{self.root}/{resource}/?q={encoded(soql)}"))

    def records(self, queries: Sequence[str], *, all_rows: bool = False) -> list[dict[str, Any]]:
        """Return the records of several queries, five a call where the connection may write, else one a call.

        A composite request may write whatever it likes, so that a read-only connection sends none (law 9).
        """
        found: list[dict[str, Any]] = []
        size = 1 if self.transport.read_only else QUERIES
        for start in range(0, len(queries), size):
            for answer in self._answers(queries[start : start + size], all_rows):
                found += self._to_the_end(answer)
        return found

    def _answers(self, queries: Sequence[str], all_rows: bool) -> Iterator[Answer]:
        """Answer queries by one composite request; what fails in it is asked again alone, to be classified and repeated."""
        if len(queries) == 1:
            yield self.query(queries[0], all_rows=all_rows)
            return
        resource = "queryAll" if all_rows else "query"
        parts = [{"method": "GET", "url": f"{self.root}/{resource}/?q={encoded(soql)}"} for soql in queries]
        for soql, (status, body) in zip(queries, self.composite(parts, idempotent=True), strict=True):
            yield self._page(body, None) if status == 200 else self.query(soql, all_rows=all_rows)

    def composite(
        self, parts: Sequence[Mapping[str, Any]], *, headers: Mapping[str, str] | None = None, idempotent: bool = False
    ) -> list[tuple[int, Any]]:
        """Send up to 25 requests as one call (Salesforce §7.2); return status and body of each, in order.

        Raises InDoubtError when the answer is not one for each.
        """
        named = [{**part, "referenceId": f"r{number}"} for number, part in enumerate(parts)]
        body = {"allOrNone": False, "collateSubrequests": False, "compositeRequest": named}
        path = f"{self.root}/composite"
        answer = decoded(self.transport.call("POST", path, json=body, headers=headers, idempotent=idempotent or None))
        told = {
            part["referenceId"]: (int(part["httpStatusCode"]), part["body"]) for part in answer["compositeResponse"]
        }
        if set(told) != {part["referenceId"] for part in named}:
            raise InDoubtError("Salesforce answered other requests than were sent.", hint="They are looked up by key.")
        return [told[part["referenceId"]] for part in named]

    def _to_the_end(self, answer: Answer) -> list[dict[str, Any]]:
        found = list(answer.records)
        while answer.next_url is not None:
            answer = self.more(answer.next_url)
            found += answer.records
        return found

    def more(self, next_url: str) -> Answer:
        """Return the next page of a query, by the URL the previous one named."""
        return self._answer(self.transport.call("GET", next_url))

    def describe(self, native: str) -> dict[str, Any]:
        """Return the describe of an object; raises SchemaError when the user cannot see it."""
        try:
            found: dict[str, Any] = self.get(f"sobjects/{native}/describe")
        except NotFoundError:
            raise SchemaError(
                f"{self.transport.system}: there is no object {native} that this user can see.",
                hint="Give the integration user read access to it, or switch its feature on (Setup).",
                system=self.transport.system,
                record=native,
                code="NOT_FOUND",
            ) from None
        return found

    def usage(self) -> Usage:
        """Return the org's used calls of the day, from the last answer, else from ``/limits``."""
        if self.allowance.latest is None:
            response = self.transport.call("GET", f"{self.root}/limits")
            if self.allowance.latest is None:
                daily = decoded(response)["DailyApiRequests"]
                now = server_time(response) or datetime.now(UTC)
                return Usage("day", daily["Max"] - daily["Remaining"], daily["Max"], now)
        return self.allowance.latest

    def _answer(self, response: requests.Response) -> Answer:
        return self._page(decoded(response), server_time(response))

    @staticmethod
    def _page(body: Mapping[str, Any], began: datetime | None) -> Answer:
        following = None if body["done"] else str(body["nextRecordsUrl"])
        return Answer(int(body["totalSize"]), body["records"], following, began)


def encoded(soql: str) -> str:
    """Return SOQL for a URL's query."""
    return quote(soql, safe=_PLAIN)


def fits_in_url(soql: str) -> bool:
    """Tell whether SOQL may travel in a GET."""
    return len(encoded(soql)) <= LONGEST_QUERY
