"""SAP Business One as the engine sees it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crosswalk.connectors.options import Options
from crosswalk.connectors.prepared import Prepared
from crosswalk.connectors.protocol import Capabilities, Creation, EntityDescription, Finding, Page, Usage
from crosswalk.connectors.quota import LocalQuota, Quota, SystemLimits
from crosswalk.connectors.sap_business_one import fields
from crosswalk.connectors.sap_business_one.client import Client, open_transport
from crosswalk.connectors.sap_business_one.deliver import CREATES_IN_A_BATCH, deliver
from crosswalk.connectors.sap_business_one.describe import Model, describe
from crosswalk.connectors.sap_business_one.drafts import standing
from crosswalk.connectors.sap_business_one.fetch import fetch
from crosswalk.connectors.sap_business_one.find import find
from crosswalk.connectors.sap_business_one.preflight import preflight
from crosswalk.connectors.sap_business_one.pull import KEY_FIELD, Habits, pull
from crosswalk.connectors.sap_business_one.targets import PREPARED_RECORDS, PREPARED_SECONDS, Partner, prepare
from crosswalk.connectors.settings import time_zone, whole_number

if TYPE_CHECKING:
    from crosswalk.connectors.meter import Meter
    from crosswalk.connectors.settings import ConnectionSettings
    from crosswalk.model.records import NativeRecord, Receipt, Selection, Write

DEFAULT_CONCURRENCY = 4  # SAP Business One §3: the usual number of nodes
LONGEST_REQUEST_SECONDS = 600
_DAY = 86_400


class BusinessOneConnector:
    """One company database, by its Service Layer."""

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
            write_batch=CREATES_IN_A_BATCH,
            updates_alone=True,  # ETags are not looked at in a batch (SAP Business One §7)
            parallel_requests=concurrency,
            key_is_unique=True,  # every create looks for its key first
            longest_request_seconds=LONGEST_REQUEST_SECONDS,
            tracks_deletes=True,
            prepared_seconds=PREPARED_SECONDS,
            prepared_records=PREPARED_RECORDS,
        )
        self._quota = quota
        self._model = Model(client)
        self._prepared: Prepared[str, Partner] = Prepared(PREPARED_SECONDS, monotonic)

    def pull(self, selection: Selection, watermark: Mapping[str, object] | None) -> Iterator[Page]:
        """Yield what changed since the watermark, what waits for an approval, and once a day which records there are."""
        return pull(self.client, self.habits, selection, watermark)

    def fetch(self, selection: Selection, keys: Sequence[str]) -> list[NativeRecord]:
        """Return the records with these keys, as many a call as a request line bears."""
        return fetch(self.client, self.habits, selection, keys)

    def find(self, entity: str, intent_keys: Sequence[str]) -> dict[str, str]:
        """Return the keys of records that bear these intent keys in their user field."""
        return find(self.client, self.habits.key_field, entity, intent_keys)

    def prepare(self, writes: Sequence[Write]) -> None:
        """Read ahead the partners whose addresses updates change."""
        prepare(self.client, self._prepared, writes)

    def waiting(self, entity: str, intent_keys: Sequence[str]) -> dict[str, Receipt]:
        """Return how orders stand that became drafts, by their keys; nothing else waits for approvals."""
        return standing(self.client, self.habits.key_field, intent_keys) if entity == "order" and intent_keys else {}

    def deliver(self, writes: Sequence[Write]) -> list[Receipt]:
        """Send the writes and return their receipts in order: creates in batches, updates one by one."""
        return deliver(self.client, self.habits.key_field, writes, self._prepared)

    def describe(self, entity: str, native: str) -> EntityDescription:
        """Return the fields of the entity's type, user fields included."""
        return describe(self.client, self._model, entity, native)

    def usage(self) -> Usage:
        """Return the calls of the last 24 hours; the Service Layer limits what runs at once, not the calls of a day."""
        return Usage("day", self._quota.used(self.system, _DAY), None, datetime.now(UTC))

    def preflight(self, selections: Sequence[Selection]) -> list[Finding]:
        """Return what is missing, with the remedies."""
        writes = not self.client.transport.read_only
        return preflight(self.client, self.habits, self._model, selections, writes=writes)

    def creatable(self, findings: Sequence[Finding]) -> list[Creation]:
        """Return the user fields that would be made for these findings."""
        return fields.creatable(findings)

    def create_missing(self, findings: Sequence[Finding]) -> Iterator[str]:
        """Make the user fields that are missing."""
        return fields.create_missing(self.client, findings)


def connect(
    settings: ConnectionSettings,
    *,
    system: str = "sap_business_one",
    read_only: bool = True,
    quota: Quota | None = None,
    meter: Meter | None = None,
    options: Mapping[str, object] | None = None,
) -> BusinessOneConnector:
    """Return a connector for the company a connection names. Sends nothing yet.

    Settings: ``host`` (or ``base_url``), ``login``, ``password``, extra ``company_db``, ``port`` (50000), ``time_zone``, ``language``,
    ``ca_file``, ``concurrency`` (4), ``key_field`` (``U_CrosswalkKey``), or ``bearer_token`` in place of the login.
    Options: ``overlap_minutes`` (10), ``lag_seconds`` (60), ``page_rows``, ``census_hours`` (24), ``lane`` of the quota, ``attempts``
    (5) and ``sleep`` of the transport, ``monotonic`` for what is read ahead.
    Raises ConfigurationError for a connection that lacks something.
    """
    chosen = Options(options or {})
    concurrency = whole_number("concurrency", settings.get("concurrency") or DEFAULT_CONCURRENCY, 1, 40)
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
        concurrency=concurrency,
    )
    rows, zone = chosen.given.get("page_rows"), settings.get("time_zone")
    habits = Habits(
        overlap=chosen.duration("overlap_minutes", 10, 10_000),
        lag=chosen.duration("lag_seconds", 60, 86_400),
        page_rows=whole_number("page_rows", rows, 1, 2_000) if rows is not None else None,
        census=chosen.duration("census_hours", 24, 10_000),
        key_field=settings.get("key_field") or KEY_FIELD,
    )
    return BusinessOneConnector(
        Client(transport, zone=time_zone("time_zone", zone) if zone else None),
        habits,
        system=system,
        concurrency=concurrency,
        quota=limits,
        monotonic=chosen.monotonic,
    )
