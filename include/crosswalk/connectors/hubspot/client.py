"""The account behind our transport: hubspot-api-client for every call it has, with our limits, retries and time-outs below it.

The client's own retry stays off (it repeats neither POST nor PATCH, and does not know which limit was met, HubSpot §24), and so does
its reading of answers: an exact status decides there whether a body is read at all, and 207 hides failures. One API object is kept
for each kind of call, all of them on the transport's connections; the token is the transport's.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import requests
from hubspot import HubSpot

from crosswalk.connectors.hubspot.pace import Pace
from crosswalk.connectors.hubspot.paths import ACCOUNT, DAILY_USE, EVENTS, NUMBERED, PROPERTIES, versioned
from crosswalk.connectors.protocol import Usage
from crosswalk.connectors.transport import Transport, decoded, json_bytes
from crosswalk.connectors.wire import server_time
from crosswalk.model.errors import ConflictError, NotFoundError, TransientError

BATCH = 100  # inputs of a batch (HubSpot §9)
LIST_PAGE = 100
SEARCH_PAGE = 200
ASSOCIATED = 1_000  # records whose associations one call reads (HubSpot §16)
OWNERS = 500
LONGEST_URL = 7_000  # bytes; the edge refuses 8 KB (HubSpot §4)
TIMEOUTS = (10.0, 60.0)

_READING_POSTS = re.compile(r"/crm/.+/(search|batch/read)/?")
_UNTRUE_HOST = "https://account.invalid"  # the transport leads every host to the account


def is_read(method: str, path: str) -> bool:
    """Tell whether a request leaves the account alone: GETs, searches, batches that only read."""
    return method in ("GET", "HEAD") or (method == "POST" and _READING_POSTS.fullmatch(path) is not None)


class Allowance:
    """The day's calls as the last answer told; OAuth apps have no daily line (HubSpot §6)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._usage: Usage | None = None

    def observe(self, response: requests.Response) -> None:
        """Take note of an answer's daily pair."""
        most = response.headers.get("X-HubSpot-RateLimit-Daily", "")
        left = response.headers.get("X-HubSpot-RateLimit-Daily-Remaining", "")
        if most.isdigit() and left.isdigit():
            at = server_time(response) or datetime.now(UTC)
            with self._lock:
                self._usage = Usage("day", int(most) - int(left), int(most), at)

    @property
    def latest(self) -> Usage | None:
        """What was told last; None before the first answer."""
        with self._lock:
            return self._usage


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer's body, and the server's clock when it began to work on it."""

    body: Mapping[str, Any]
    asked: datetime | None

    @property
    def rows(self) -> Sequence[Mapping[str, Any]]:
        """The records."""
        found: Sequence[Mapping[str, Any]] = self.body.get("results") or ()
        return found

    @property
    def following(self) -> str | None:
        """Where the next page begins; None on the last one."""
        after = ((self.body.get("paging") or {}).get("next") or {}).get("after")
        return None if after is None else str(after)


class Client:
    """Calls to one account. Raises ``crosswalk.model.errors`` only."""

    def __init__(self, transport: Transport, allowance: Allowance, pace: Pace, *, version: str = NUMBERED) -> None:
        self.transport = transport
        self.allowance = allowance
        self.version = version
        self._pace = pace
        self._apis: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    @cached_property
    def hubspot(self) -> HubSpot:
        """hubspot-api-client on our transport, which signs, limits and repeats; for whoever knows it."""
        return HubSpot(host=_UNTRUE_HOST, api_factory=self._api)

    def _api(self, package: Any, name: str, config: Mapping[str, Any]) -> Any:
        """Make one of the client's API objects once, and put our transport in place of its connection pool."""
        with self._lock:
            kept = self._apis.get((package.__name__, name))
            if kept is None:
                configuration = package.Configuration(host=config["host"])
                calls = package.ApiClient(configuration=configuration)
                calls.rest_client.pool_manager = _Pool(self)
                kept = self._apis[(package.__name__, name)] = getattr(package, name)(api_client=calls)
        return kept

    def send(self, method: str, url: str, **parts: Any) -> requests.Response:
        """Send one request under the path of the connection's version."""
        address = urlsplit(url)
        path = versioned(address.path, self.version)
        call = self._pace.call()
        response = self.transport.request(method, urlunsplit(address._replace(path=path)), **parts)
        self._pace.observe(response, call)
        return response

    def ask(self, call: Callable[..., Any], *given: Any, **named: Any) -> Answer:
        """Make one call of the client's and read its answer ourselves."""
        response: requests.Response = call(*given, _preload_content=False, **named).response
        return Answer(decoded(response) or {}, server_time(response))

    # --- records -----------------------------------------------------------------------------------

    def page(self, native: str, properties: Sequence[str], **query: Any) -> Answer:
        """Return a page of a list, in the order of ids: strongly consistent, living records or archived ones (HubSpot §8)."""
        return self.ask(self.hubspot.crm.objects.basic_api.get_page, native, properties=list(properties), **query)

    def search(self, native: str, body: Mapping[str, Any]) -> Answer:
        """Return a page of a search: late by seconds, never archived records, five a second (HubSpot §10)."""
        self._pace.search()
        return self.ask(self.hubspot.crm.objects.search_api.do_search, native, dict(body))

    def read(
        self, native: str, ids: Sequence[str], properties: Sequence[str], *, by: str | None = None
    ) -> list[Mapping[str, Any]]:
        """Return living records by id, or by a unique property, 100 a call; what is not there is left out (HubSpot §9)."""
        found: list[Mapping[str, Any]] = []
        for start in range(0, len(ids), BATCH):
            body: dict[str, Any] = {
                "inputs": [{"id": one} for one in ids[start : start + BATCH]],
                "properties": list(properties),
                "propertiesWithHistory": [],
            }
            body |= {"idProperty": by} if by else {}
            found += self.ask(self.hubspot.crm.objects.batch_api.read, native, body).rows
        return found

    def write(self, native: str, verb: str, inputs: Sequence[Mapping[str, Any]]) -> Answer:
        """Send one batch: ``create`` or ``update`` (HubSpot §9); its body may hold rows that failed."""
        return self.ask(getattr(self.hubspot.crm.objects.batch_api, verb), native, {"inputs": list(inputs)})

    # --- associations ------------------------------------------------------------------------------

    def associations(self, left: str, right: str, ids: Sequence[str]) -> dict[str, list[Mapping[str, Any]]]:
        """Return what these records are associated with, 1,000 of them a call; long lists are read to their end (HubSpot §16).

        A record without any is left out: HubSpot tells it as an error, which it is not.
        """
        found: dict[str, list[Mapping[str, Any]]] = {}
        waiting = [{"id": one} for one in ids]
        while waiting:
            batch, waiting = waiting[:ASSOCIATED], waiting[ASSOCIATED:]
            answer = self.ask(self.hubspot.crm.associations.v4.batch_api.get_page, left, right, {"inputs": batch})
            for row in answer.rows:
                key, told = str(row["from"]["id"]), found.setdefault(str(row["from"]["id"]), [])
                told += row["to"]
                after = ((row.get("paging") or {}).get("next") or {}).get("after")
                if after is not None and not row["to"]:
                    raise TransientError("HubSpot repeats a page of associations.", hint="Run the pull again.")
                waiting += [{"id": key, "after": str(after)}] if after is not None else []
        return found

    def associate(self, left: str, right: str, inputs: Sequence[Mapping[str, Any]]) -> Answer:
        """Associate pairs of records with their types, up to 2,000 a call."""
        return self.ask(self.hubspot.crm.associations.v4.batch_api.create, left, right, {"inputs": list(inputs)})

    def unlabel(self, left: str, right: str, inputs: Sequence[Mapping[str, Any]]) -> Answer:
        """Take labels off pairs of records; what else associates them stays (HubSpot §16)."""
        calls = self.hubspot.crm.associations.v4.batch_api
        return self.ask(calls.archive_labels, left, right, {"inputs": list(inputs)})

    def separate(self, left: str, right: str, inputs: Sequence[Mapping[str, Any]]) -> Answer:
        """Take away everything that associates pairs of records (HubSpot §16)."""
        return self.ask(self.hubspot.crm.associations.v4.batch_api.archive, left, right, {"inputs": list(inputs)})

    def labels(self, left: str, right: str) -> list[Mapping[str, Any]]:
        """Return the types of associations from one object to another, the account's own included."""
        return list(self.ask(self.hubspot.crm.associations.v4.schema.definitions_api.get_all, left, right).rows)

    # --- timelines ---------------------------------------------------------------------------------

    def tell(self, event: Mapping[str, Any]) -> bool:
        """Create a timeline event; True when one with its id was there already (HubSpot §22)."""
        try:
            self.send("POST", EVENTS, data=json_bytes(event), headers={"Content-Type": "application/json"})
        except ConflictError:
            return True
        return False

    def told(self, template: str, event: str) -> bool:
        """Tell whether there is an event with this id."""
        try:
            self.send("GET", f"{EVENTS}/{quote(template, safe='')}/{quote(event, safe='')}")
        except NotFoundError:
            return False
        return True

    # --- definitions -------------------------------------------------------------------------------

    def properties(self, native: str) -> list[Mapping[str, Any]]:
        """Return the definitions of an object's properties (HubSpot §12)."""
        return list(self.ask(self.hubspot.crm.properties.core_api.get_all, native).rows)

    def define(self, path: str, body: Mapping[str, Any]) -> None:
        """Create a property of an object, or a group of properties (``companies``, ``companies/groups``)."""
        self.send("POST", f"{PROPERTIES}/{path}", data=json_bytes(body), headers={"Content-Type": "application/json"})

    def pipelines(self, native: str) -> list[Mapping[str, Any]]:
        """Return an object's pipelines with their stages (HubSpot §13)."""
        return list(self.ask(self.hubspot.crm.pipelines.pipelines_api.get_all, native).rows)

    def owners(self, *, archived: bool = False) -> Iterator[Mapping[str, Any]]:
        """Yield the users of the account, or its former ones (HubSpot §14)."""
        after: str | None = None
        while True:
            more = {"after": after} if after else {}
            answer = self.ask(self.hubspot.crm.owners.owners_api.get_page, limit=OWNERS, archived=archived, **more)
            yield from answer.rows
            after = answer.following
            if after is None:
                return

    def account(self) -> Mapping[str, Any]:
        """Return the account's time zone and currencies (HubSpot §18)."""
        found: Mapping[str, Any] = decoded(self.send("GET", ACCOUNT))
        return found

    def usage(self) -> Usage:
        """Return the day's calls, as the last answer told, else by asking; an OAuth app is told none (HubSpot §6)."""
        if self.allowance.latest is None:
            response = self.send("GET", DAILY_USE)
            told = (decoded(response).get("results") or [{}])[0]
            now = server_time(response) or datetime.now(UTC)
            if self.allowance.latest is None:
                return Usage("day", int(told.get("currentUsage") or 0), _whole(told.get("usageLimit")), now)
        return self.allowance.latest


class _Pool:
    """What the client takes for its connection pool: our transport."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        fields: Any = None,
        body: str | None = None,
        **_ignored: Any,  # its time-outs and the way of reading: ours are set below
    ) -> _Response:
        data = None if body is None else body.encode()
        params = None if fields is None else [(name, _plain(value)) for name, value in fields]
        return _Response(self._client.send(method, url, params=params, data=data, headers=dict(headers)))


class _Response:
    """An answer as the client expects one from its pool; ``response`` is what it is in truth."""

    def __init__(self, response: requests.Response) -> None:
        self.response = response
        self.status, self.reason, self.data = response.status_code, response.reason, response.content

    def getheaders(self) -> Mapping[str, str]:
        return self.response.headers

    def getheader(self, name: str, default: str | None = None) -> str | None:
        return self.response.headers.get(name, default)


def _plain(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


def _whole(value: Any) -> int | None:
    return int(value) if value is not None else None
