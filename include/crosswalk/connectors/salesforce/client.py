"""The org behind our transport: simple-salesforce for whoever knows it, and the few calls that need whole answers."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any
from urllib.parse import quote

import requests
from simple_salesforce.api import Salesforce

from crosswalk.connectors.protocol import Usage
from crosswalk.connectors.transport import Transport, decoded
from crosswalk.model.errors import NotFoundError, SchemaError

DEFAULT_VERSION = "62.0"
LONGEST_QUERY = 14_000  # bytes of an encoded query; the whole URI with its headers may have 16,384 (Salesforce §1)
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
        return self._answer(self.transport.call("GET", f"{self.root}/{resource}/?q={quote(soql, safe='')}"))

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

    @staticmethod
    def _answer(response: requests.Response) -> Answer:
        body = decoded(response)
        following = None if body["done"] else str(body["nextRecordsUrl"])
        return Answer(int(body["totalSize"]), body["records"], following, server_time(response))


def server_time(response: requests.Response) -> datetime | None:
    """Return the server's clock when it began to work on a request: its Date header less the time it took (law 7)."""
    try:
        answered = parsedate_to_datetime(response.headers.get("Date", "")).astimezone(UTC)
    except (TypeError, ValueError):
        return None
    return answered - timedelta(seconds=int(response.elapsed.total_seconds()) + 1)


def fits_in_url(soql: str) -> bool:
    """Tell whether SOQL may travel in a GET."""
    return len(quote(soql, safe="")) <= LONGEST_QUERY
