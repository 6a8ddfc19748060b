"""The calls: SuiteQL, records, the server's clock. JSON in, JSON out; no knowledge of entities."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from crosswalk.connectors.netsuite.auth import GRANT_PATH, authenticator_for, classify_token_answer, host_of
from crosswalk.connectors.netsuite.errors import classify
from crosswalk.connectors.netsuite.statements import MOST_ROWS, Statement
from crosswalk.connectors.netsuite.windows import SQL_FORMAT, instant_of
from crosswalk.connectors.quota import BULK
from crosswalk.connectors.transport import Anonymous, Transport, decoded
from crosswalk.model.errors import (
    ConfigurationError,
    InDoubtError,
    NotFoundError,
    PermissionDeniedError,
    RecordError,
    SchemaError,
    TransientError,
)

if TYPE_CHECKING:
    import requests

    from crosswalk.connectors.meter import Meter
    from crosswalk.connectors.quota import Quota
    from crosswalk.connectors.settings import ConnectionSettings

RECORDS = "/services/rest/record/v1"
SUITEQL = "/services/rest/query/v1/suiteql"
SERVER_TIME = "/services/rest/system/v1/serverTime"
GOVERNANCE = "/services/rest/system/v1/governanceLimits"
SERVER_ZONE = ZoneInfo("America/Los_Angeles")  # of SYSDATE (NetSuite §8)

Row = Mapping[str, str]


def open_transport(
    settings: ConnectionSettings,
    *,
    system: str,
    read_only: bool = True,
    quota: Quota | None = None,
    meter: Meter | None = None,
    lane: str = BULK,
    attempts: int = 5,
    sleep: Callable[[float], None] = time.sleep,
) -> Transport:
    """Return the transport to the account a connection names. Sends nothing yet."""
    base_url = settings.get("base_url")
    if base_url is None:
        base_url = f"https://{host_of(settings.require('account_id', purpose='the address of the account'))}"
    verify: bool | str = settings.get("ca_file") or True

    def token_endpoint() -> Transport:
        return Transport(
            system=system,
            base_url=base_url,
            authenticator=Anonymous(),
            classify=classify_token_answer,
            is_read=lambda method, path: path.endswith(GRANT_PATH),
            meter=meter,
            verify=verify,
            attempts=attempts,
            sleep=sleep,
        )

    return Transport(
        system=system,
        base_url=base_url,
        authenticator=authenticator_for(settings, token_endpoint),
        classify=classify,
        is_read=reads(base_url),
        read_only=read_only,
        quota=quota,
        meter=meter,
        verify=verify,
        attempts=attempts,
        sleep=sleep,
        lane=lane,
    )


def reads(base_url: str) -> Callable[[str, str], bool]:
    """Return the test whether a request is harmless: GET and HEAD, SuiteQL queries, token requests."""
    prefix = urlsplit(base_url).path.rstrip("/")
    posts = (prefix + SUITEQL, prefix + GRANT_PATH)
    return lambda method, path: method in ("GET", "HEAD") or (method == "POST" and path in posts)


class Answer(NamedTuple):
    """Rows, whether there are more, and when they were asked for.

    ``asked`` is no later than the server's time when the query was sent, None when the answer bears no date; ``started`` is
    our own stopwatch then.
    """

    rows: list[Row]
    more: bool
    asked: datetime | None
    started: float


class Client:
    """One account's calls over one transport. Raises ``crosswalk.model.errors`` only.

    ``dated`` says that the Date header of answers is the server's time; without it the server is asked.
    """

    def __init__(
        self, transport: Transport, *, monotonic: Callable[[], float] = time.monotonic, dated: bool = True
    ) -> None:
        self.transport = transport
        self._monotonic = monotonic
        self.dated = dated
        self._binds = True
        self._clock: tuple[datetime, float] | None = None
        transport.hooks["response"].append(self._note)

    # --- reading ------------------------------------------------------------------------------

    def page(self, statement: Statement, rows: int = MOST_ROWS) -> Answer:
        """Return the first ``rows`` rows (at most 1,000) and whether the statement has more.

        Rows are text by lower-case name; empty columns are absent (NetSuite §6). ``hasMore`` is not believed alone: it turns
        false where an answer is cut (NetSuite §6), so that the total is looked at as well.
        """
        started = self._monotonic()
        try:
            response = self._query(statement, rows)
        except (ConfigurationError, RecordError) as error:
            if not (self._binds and statement.parameters and _cannot_bind(error)):
                raise
            self._binds = False
            response = self._query(statement, rows)
        answer = _object(response)
        found = [_row(item) for item in answer.get("items", ())]
        more = bool(answer.get("hasMore")) or int(answer.get("totalResults") or 0) > len(found)
        date = date_of(response) if self.dated else None
        return Answer(found, bool(found) and more, date - response.elapsed if date else None, started)

    def suiteql(self, statement: Statement) -> list[Row]:
        """Return all rows of a statement that has at most 1,000."""
        answer = self.page(statement)
        if answer.more:
            raise ConfigurationError(
                f"A SuiteQL answer holds more than {MOST_ROWS} rows and would be cut.",
                hint="Report this as an error of the connector: every query must bound its rows.",
            )
        return answer.rows

    def _query(self, statement: Statement, rows: int) -> requests.Response:
        body: dict[str, object] = {"q": statement.text if self._binds else statement.inlined()}
        if self._binds and statement.parameters:
            body["params"] = list(statement.parameters)
        return self.transport.call(
            "POST",
            SUITEQL,
            params={"limit": str(rows), "offset": "0"},
            json=body,
            headers={"Prefer": "transient", "Accept": "application/json"},
        )

    def get(self, path: str, *, accept: str = "application/json", **params: str) -> Mapping[str, Any]:
        """Return the JSON object at ``path``."""
        return _object(self.transport.call("GET", path, params=params or None, headers={"Accept": accept}))

    def record(self, kind: str, key: str, **params: str) -> Mapping[str, Any]:
        """Return a record by internal id or ``eid:…``."""
        return self.get(f"{RECORDS}/{kind}/{_segment(key)}", **params)

    # --- writing ------------------------------------------------------------------------------

    def create(self, path: str, body: Mapping[str, object]) -> str:
        """Post a record and return its internal id, which is only in the Location (NetSuite §5.5)."""
        response = self.transport.call("POST", path, json=body, headers=_WRITING)
        key = _key_in(response)
        if key is None:
            raise InDoubtError(
                f"{self.transport.system}: the record was created, but the answer does not say under which id.",
                hint="It is looked up by its external id.",
                system=self.transport.system,
            )
        return key

    def update(self, kind: str, key: str, body: Mapping[str, object], *, replace: str | None = None) -> None:
        """Patch a record; with ``replace`` the lines of that sublist become exactly those given (NetSuite §5.9)."""
        params = {"replace": replace} if replace else None
        self.transport.call("PATCH", f"{RECORDS}/{kind}/{_segment(key)}", params=params, json=body, headers=_WRITING)

    # --- the server's clock ---------------------------------------------------------------------

    def time_of(self, answer: Answer) -> datetime:
        """Return a time of the server no later than when ``answer`` was asked for: a bound for watermarks (law 7).

        The header was written after the query ran, so that what the query took is taken off it; whatever is saved while it
        runs lies behind the bound. An answer without a date costs a call.
        """
        if answer.asked is not None:
            return answer.asked
        now = self.server_time()
        return now - timedelta(seconds=self._monotonic() - answer.started)

    def server_time(self) -> datetime:
        """Return the server's time by asking for it."""
        began = self._monotonic()
        instant = self._ask_time()
        self._clock = (instant, began)
        return instant

    def date_ahead(self) -> timedelta | None:
        """Return how far an answer's date is ahead of the time it tells; None when it bears none."""
        response = self.transport.call("GET", SERVER_TIME, headers={"Accept": "application/json"})
        date, told = date_of(response), _object(response).get("serverTime")
        return date - datetime.fromisoformat(str(told)).astimezone(UTC) if date and told else None

    def told_time(self) -> datetime | None:
        """Return the server's time by the last answer, a refusal included; None when none bore a date."""
        return self.latest_time() if self._clock else None

    def latest_time(self) -> datetime:
        """Return the server's time with what has passed since it was told, not behind what the last answer shows."""
        instant, at = self._clock or (self.server_time(), self._monotonic())
        return instant + timedelta(seconds=self._monotonic() - at)

    def _note(self, response: requests.Response, *_: object, **__: object) -> None:
        """Keep the time that an answer bears, with our stopwatch when its request was sent."""
        date = date_of(response) if self.dated else None
        if date is not None:
            self._clock = (date, self._monotonic() - response.elapsed.total_seconds())

    def _ask_time(self) -> datetime:
        try:
            text = str(self.get(SERVER_TIME)["serverTime"])
        except (NotFoundError, SchemaError, PermissionDeniedError, KeyError):
            return self._ask_sysdate()  # the service exists since 2025.2 (NetSuite §1)
        return datetime.fromisoformat(text).astimezone(UTC)

    def _ask_sysdate(self) -> datetime:
        rows = self.suiteql(Statement(f"SELECT TO_CHAR(SYSDATE, '{SQL_FORMAT}') AS now FROM dual"))
        local = datetime.fromisoformat(rows[0]["now"])
        return instant_of(local, SERVER_ZONE, lambda: datetime.min.replace(tzinfo=UTC))  # the earlier one is safe


def date_of(response: requests.Response) -> datetime | None:
    """Return the server's time by an answer's Date header, to the second; None when it bears none that can be read.

    Every server with a clock dates its answers (RFC 9110 §6.6.1); no answer comes from a cache (NetSuite §4: No-Cache).
    """
    try:
        return parsedate_to_datetime(response.headers.get("Date", "")).astimezone(UTC)
    except (TypeError, ValueError):
        return None


_WRITING = {"Accept": "application/json", "X-NetSuite-PropertyNameValidation": "error"}  # NetSuite §4: default drops


def _object(response: requests.Response) -> Mapping[str, Any]:
    answer = decoded(response)
    if not isinstance(answer, Mapping):
        raise TransientError("NetSuite answered with something other than a JSON object.", hint="Try again later.")
    return answer


def _row(item: Mapping[str, object]) -> Row:
    return {name.lower(): _plain(value) for name, value in item.items() if name != "links" and value not in (None, "")}


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "T" if value else "F"
    return value if isinstance(value, str) else str(value)


def _key_in(response: requests.Response) -> str | None:
    location = urlsplit(response.headers.get("Location", "")).path.rstrip("/")
    if location:
        return location.rsplit("/", 1)[-1]
    answer = decoded(response)
    return str(answer["id"]) if isinstance(answer, Mapping) and answer.get("id") else None


def _segment(key: str) -> str:
    return quote(key, safe=":-_.~")


def _cannot_bind(error: Exception) -> bool:
    return re.search(r"\bparams\b|bind(ing)? (variable|parameter)|number of parameters", str(error), re.I) is not None
