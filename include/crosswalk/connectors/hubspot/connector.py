"""HubSpot as the engine sees it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import requests

from crosswalk.connectors.hubspot import pull as pulling
from crosswalk.connectors.hubspot import timeline
from crosswalk.connectors.hubspot.account import Account
from crosswalk.connectors.hubspot.associating import Labels
from crosswalk.connectors.hubspot.auth import authenticator, base_url
from crosswalk.connectors.hubspot.client import BATCH, LIST_PAGE, SEARCH_PAGE, TIMEOUTS, Allowance, Client, is_read
from crosswalk.connectors.hubspot.deliver import KEY, Delivery, DeliverySettings
from crosswalk.connectors.hubspot.describe import entity_description
from crosswalk.connectors.hubspot.errors import classify
from crosswalk.connectors.hubspot.objects import native as known
from crosswalk.connectors.hubspot.pace import SEARCHES, Pace
from crosswalk.connectors.hubspot.paths import version_of
from crosswalk.connectors.hubspot.preflight import preflight
from crosswalk.connectors.hubspot.pull import PullSettings
from crosswalk.connectors.hubspot.rows import Rows
from crosswalk.connectors.hubspot.setup import creatable, create_missing
from crosswalk.connectors.meter import Meter
from crosswalk.connectors.options import Options
from crosswalk.connectors.protocol import Capabilities, Creation, EntityDescription, Finding, Page, Usage
from crosswalk.connectors.quota import Quota
from crosswalk.connectors.settings import ConnectionSettings
from crosswalk.connectors.transport import Transport
from crosswalk.model.errors import CrosswalkError
from crosswalk.model.records import NativeRecord, Receipt, Selection, Write

NATIVES: Mapping[str, str] = {
    "customer": "companies",
    "contact": "contacts",
    "product": "products",
    "price": "products",
    "deal": "deals",
    "deal_line": "line_items",
    timeline.ENTITY: timeline.NOTES,
}
PARALLEL_REQUESTS = 30  # 19 a second may begin (HubSpot §6), and one of 100 records takes a second
LONGEST_REQUEST = (
    300  # seconds; the edge gives up after some hundred (524, HubSpot §5), what runs behind it has thrice that
)


@dataclass(frozen=True, slots=True)
class HubSpotConnector:
    """One account; see :class:`crosswalk.connectors.protocol.Connector`. ``client`` is there for what the protocol does not offer."""

    system: str
    capabilities: Capabilities
    client: Client
    account: Account
    pull_settings: PullSettings
    delivery: Delivery

    def pull(self, selection: Selection, watermark: Mapping[str, object] | None) -> Iterator[Page]:
        """Yield pages of what changed, archived and merged records included; of all living records for None."""
        return pulling.pull(self.client, self._rows(selection), watermark, self.pull_settings)

    def fetch(self, selection: Selection, keys: Sequence[str]) -> list[NativeRecord]:
        """Return records by id."""
        return pulling.fetch(self.client, self._rows(selection), keys)

    def find(self, entity: str, intent_keys: Sequence[str]) -> dict[str, str]:
        """Return ids by the entity's unique key property."""
        return self.delivery.find(entity, intent_keys)

    def prepare(self, writes: Sequence[Write]) -> None:
        """Read nothing ahead: a request's 100 versions take one call, right before it."""

    def deliver(self, writes: Sequence[Write]) -> list[Receipt]:
        """Send writes as batches; one receipt each."""
        return self.delivery.deliver(writes)

    def describe(self, entity: str, native: str) -> EntityDescription:
        """Return the object's properties as this app sees them."""
        one = known(native)
        return entity_description(entity, one, self.client.properties(one.name))

    def usage(self) -> Usage:
        """Return the account's API calls of the day."""
        return self.client.usage()

    def preflight(self, selections: Sequence[Selection]) -> list[Finding]:
        """Name what is missing, with the remedy; what only writes need is checked on connections that may write."""
        writes = not self.client.transport.read_only
        return preflight(self.client, self.account, selections, self.delivery.settings, writes=writes)

    def creatable(self, findings: Sequence[Finding]) -> list[Creation]:
        """Name the properties that :meth:`create_missing` would make."""
        return creatable(findings)

    def create_missing(self, findings: Sequence[Finding]) -> Iterator[str]:
        """Create what preflight found missing and we can define: properties in a group of ours; yields what was done."""
        return create_missing(self.client, findings)

    def _rows(self, selection: Selection) -> Rows:
        return Rows(self.client, self.account, selection)


def connect(
    settings: ConnectionSettings,
    *,
    system: str = "hubspot",
    read_only: bool = True,
    quota: Quota | None = None,
    meter: Meter | None = None,
    options: Mapping[str, object] | None = None,
) -> HubSpotConnector:
    """Return a connector; it signs in with its first request.

    Options: ``lane``, ``natives`` and ``key_properties`` (by entity), ``key_property``, ``event_template``, ``overlap_seconds`` (600), ``reread_hours`` (24;
    0: never), ``list_page`` (100), ``search_page`` (200), ``searches_per_second`` (5), ``write_batch`` (100), ``parallel_requests``,
    ``attempts``, ``sleep``.
    Raises ConfigurationError when the connection cannot work.
    """
    chosen = Options(options or {})
    version = version_of(settings.get("api_version"))
    client = _client(settings, chosen, version, system=system, read_only=read_only, quota=quota, meter=meter)
    account = Account(client, settings.get("time_zone"))
    natives = chosen.names("natives", NATIVES)
    return HubSpotConnector(
        system,
        Capabilities(
            write_batch=dict.fromkeys(natives, chosen.number("write_batch", BATCH, 1, BATCH)),
            parallel_requests=chosen.number("parallel_requests", PARALLEL_REQUESTS, 1, 100),
            longest_request_seconds=LONGEST_REQUEST,
        ),
        client,
        account,
        PullSettings(
            overlap=chosen.duration("overlap_seconds", 600, 86_400),
            reread=chosen.duration("reread_hours", 24, 10_000),
            list_page=chosen.number("list_page", LIST_PAGE, 1, LIST_PAGE),
            search_page=chosen.number("search_page", SEARCH_PAGE, 1, SEARCH_PAGE),
        ),
        Delivery(
            client,
            account,
            DeliverySettings(
                natives,
                chosen.names("key_properties"),
                chosen.text("key_property", KEY),
                chosen.text("event_template") or settings.get("event_template"),
                public_app=bool(settings.get("refresh_token")),
            ),
            Labels(client),
        ),
    )


def _client(
    settings: ConnectionSettings,
    chosen: Options,
    version: str,
    *,
    system: str,
    read_only: bool,
    quota: Quota | None,
    meter: Meter | None,
) -> Client:
    verify: bool | str = settings.get("ca_file") or True
    allowance = Allowance()

    def watch(response: requests.Response) -> CrosswalkError | None:
        allowance.observe(response)
        return classify(response)

    transport = Transport(
        system=system,
        base_url=base_url(settings),
        authenticator=authenticator(settings, system=system, version=version, verify=verify),
        classify=watch,
        is_read=is_read,
        read_only=read_only,
        quota=quota,
        meter=meter,
        verify=verify,
        timeout=TIMEOUTS,
        attempts=chosen.attempts,
        sleep=chosen.sleep,
        lane=chosen.lane,
    )
    pace = Pace(searches=chosen.number("searches_per_second", SEARCHES, 1, 100), sleep=chosen.sleep)
    return Client(transport, allowance, pace, version=version)
