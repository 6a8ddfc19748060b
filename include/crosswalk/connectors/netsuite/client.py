"""The calls: SuiteQL, records, the server's clock. JSON in, JSON out; no knowledge of entities."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
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
        sleep=sleep,
        lane=lane,
    )


def reads(base_url: str) -> Callable[[str, str], bool]:
    """Return the test whether a request is harmless: GET and HEAD, SuiteQL queries, token requests."""
    prefix = urlsplit(base_url).path.rstrip("/")
    posts = (prefix + SUITEQL, prefix + GRANT_PATH)
    return lambda method, path: method in ("GET", "HEAD") or (method == "POST" and path in posts)


class Client:
    """One account's calls over one transport. Raises ``crosswalk.model.errors`` only."""

    def __init__(self, transport: Transport, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.transport = transport
        self._monotonic = monotonic
        self._binds = True
        self._clock: tuple[datetime, float] | None = None

    # --- reading ------------------------------------------------------------------------------

    def page(self, statement: Statement, rows: int = MOST_ROWS) -> tuple[list[Row], bool]:
        """Return the first ``rows`` rows (at most 1,000) and whether the statement has more.

        Rows are text by lower-case name; empty columns are absent (NetSuite §6).
        """
        try:
            answer = self._query(statement, rows)
        except (ConfigurationError, RecordError) as error:
            if not (self._binds and statement.parameters and _cannot_bind(error)):
                raise
            self._binds = False
            answer = self._query(statement, rows)
        found = [_row(item) for item in answer.get("items", ())]
        return found, bool(found) and bool(answer.get("hasMore"))

    def suiteql(self, statement: Statement) -> list[Row]:
        """Return all rows of a statement that has at most 1,000."""
        rows, more = self.page(statement)
        if more:
            raise ConfigurationError(
                f"A SuiteQL answer holds more than {MOST_ROWS} rows and would be cut.",
                hint="Report this as an error of the connector: every query must bound its rows.",
            )
        return rows

    def _query(self, statement: Statement, rows: int) -> Mapping[str, Any]:
        body: dict[str, object] = {"q": statement.text if self._binds else statement.inlined()}
        if self._binds and statement.parameters:
            body["params"] = list(statement.parameters)
        response = self.transport.call(
            "POST",
            SUITEQL,
            params={"limit": str(rows), "offset": "0"},
            json=body,
            headers={"Prefer": "transient", "Accept": "application/json"},
        )
        return _object(response)

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

    def server_time(self, *, oldest: float = 30.0) -> datetime:
        """Return the server's time, at most ``oldest`` seconds old: a bound for watermarks must never be ahead."""
        if self._clock is None or self._monotonic() - self._clock[1] > oldest:
            asked = self._monotonic()
            self._clock = (self._ask_time(), asked)
        return self._clock[0]

    def latest_time(self) -> datetime:
        """Return the server's time with what has passed since it was asked: never behind."""
        instant = self.server_time(oldest=3600.0)
        asked = self._clock[1] if self._clock else self._monotonic()
        return instant + timedelta(seconds=self._monotonic() - asked)

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
