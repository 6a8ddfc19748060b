"""NetSuite as the engine sees it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crosswalk.connectors.netsuite.client import Client, open_transport
from crosswalk.connectors.netsuite.deliver import deliver, find
from crosswalk.connectors.netsuite.describe import describe
from crosswalk.connectors.netsuite.preflight import preflight
from crosswalk.connectors.netsuite.pull import Habits, fetch, pull
from crosswalk.connectors.netsuite.statements import MOST_ROWS
from crosswalk.connectors.netsuite.targets import PREPARED_SECONDS, Place, Target, prepare
from crosswalk.connectors.options import Options
from crosswalk.connectors.prepared import Prepared
from crosswalk.connectors.protocol import Capabilities, EntityDescription, Finding, Page, Usage
from crosswalk.connectors.quota import LocalQuota, Quota, SystemLimits
from crosswalk.connectors.settings import time_zone, whole_number

if TYPE_CHECKING:
    from crosswalk.connectors.meter import Meter
    from crosswalk.connectors.settings import ConnectionSettings
    from crosswalk.model.records import NativeRecord, Receipt, Selection, Write

DEFAULT_ZONE = "America/Los_Angeles"  # NetSuite §8
DEFAULT_CONCURRENCY = 5  # NetSuite §10, tier Standard
LONGEST_REQUEST_SECONDS = 900  # NetSuite §4: cut off after 15 minutes
_DAY = 86_400


class NetSuiteConnector:
    """One NetSuite account. Reads by SuiteQL, writes by the record service, one record a request."""

    def __init__(
        self,
        client: Client,
        habits: Habits,
        *,
        system: str,
        concurrency: int,
        quota: Quota,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.system = system
        self.client = client
        self.habits = habits
        self.capabilities = Capabilities(
            parallel_requests=concurrency,
            key_is_unique=True,
            longest_request_seconds=LONGEST_REQUEST_SECONDS,
            tracks_deletes=habits.track_deletes,
            creates_nothing="NetSuite's web services make no fields, roles, permissions or features: "
            "an administrator does what the remedies say.",
            prepared_seconds=PREPARED_SECONDS,
        )
        self._quota = quota
        self._prepared: Prepared[Place, Target] = Prepared(PREPARED_SECONDS, monotonic)

    def pull(self, selection: Selection, watermark: Mapping[str, object] | None) -> Iterator[Page]:
        """Yield what changed since the watermark, a call per 1,000 rows, deletions last."""
        return pull(self.client, self.habits, selection, watermark)

    def fetch(self, selection: Selection, keys: Sequence[str]) -> list[NativeRecord]:
        """Return the records with these keys, 1,000 a call."""
        return fetch(self.client, self.habits, selection, keys)

    def find(self, entity: str, intent_keys: Sequence[str]) -> dict[str, str]:
        """Return the internal ids of records created under these external ids."""
        return find(self.client, entity, intent_keys)

    def prepare(self, writes: Sequence[Write]) -> None:
        """Read ahead the versions of updates' records, 500 a call, with what else their requests need."""
        prepare(self.client, self._prepared, writes)

    def deliver(self, writes: Sequence[Write]) -> list[Receipt]:
        """Send the writes, one request each, and return their receipts in order."""
        return deliver(self.client, writes, self._prepared)

    def describe(self, entity: str, native: str) -> EntityDescription:
        """Return the fields of the entity's record type."""
        return describe(self.client, entity, native)

    def usage(self) -> Usage:
        """Return the calls of the last 24 hours; NetSuite limits what runs at once, not the calls of a day."""
        return Usage("day", self._quota.used(self.system, _DAY), None, datetime.now(UTC))

    def preflight(self, selections: Sequence[Selection]) -> list[Finding]:
        """Return what is missing, with the remedies."""
        return preflight(
            self.client,
            self.habits,
            selections,
            concurrency=self.capabilities.parallel_requests,
            writes=not self.client.transport.read_only,
        )


def connect(
    settings: ConnectionSettings,
    *,
    system: str = "netsuite",
    read_only: bool = True,
    quota: Quota | None = None,
    meter: Meter | None = None,
    options: Mapping[str, object] | None = None,
) -> NetSuiteConnector:
    """Return a connector for the account a connection names. Sends nothing yet.

    Options: ``overlap_minutes`` (10), ``lag_seconds`` (120), ``page_rows`` (1,000, at most that), ``lane`` of the quota,
    ``attempts`` (5) and ``sleep`` of the transport, ``monotonic`` for what is read ahead.
    Raises ConfigurationError for a connection that lacks something.
    """
    chosen = Options(options or {})
    concurrency = whole_number("concurrency", settings.get("concurrency") or DEFAULT_CONCURRENCY, 1, 1000)
    limits = quota or LocalQuota({system: SystemLimits(concurrent=concurrency)})
    transport = open_transport(
        settings,
        system=system,
        read_only=read_only,
        quota=limits,
        meter=meter,
        lane=chosen.lane,
        attempts=chosen.attempts,
        sleep=chosen.sleep,
    )
    habits = Habits(
        zone=time_zone("sql_time_zone", settings.get("sql_time_zone") or DEFAULT_ZONE),
        overlap=chosen.duration("overlap_minutes", 10, 10_000),
        lag=chosen.duration("lag_seconds", 120, 86_400),
        page_rows=chosen.number("page_rows", MOST_ROWS, 1, MOST_ROWS),
        track_deletes=_switch(settings, "track_deletes"),
    )
    dated = _switch(settings, "date_header")
    return NetSuiteConnector(
        Client(transport, dated=dated),
        habits,
        system=system,
        concurrency=concurrency,
        quota=limits,
        monotonic=chosen.monotonic,
    )


def _switch(settings: ConnectionSettings, name: str) -> bool:
    return (settings.get(name) or "true").lower() not in ("false", "no", "0")
