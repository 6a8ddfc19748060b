"""Salesforce as the engine sees it: REST, collections and Bulk API 2.0, on one transport."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import requests

from crosswalk.connectors.meter import Meter
from crosswalk.connectors.options import Options
from crosswalk.connectors.prepared import Prepared
from crosswalk.connectors.protocol import Capabilities, Creation, EntityDescription, Finding, Page, Usage
from crosswalk.connectors.quota import Quota
from crosswalk.connectors.salesforce import deliver as delivery
from crosswalk.connectors.salesforce import pull as pulling
from crosswalk.connectors.salesforce.auth import SalesforceAuthenticator, login_url
from crosswalk.connectors.salesforce.client import DEFAULT_VERSION, Allowance, Client, is_read
from crosswalk.connectors.salesforce.deliver import BATCH, MOST, DeliverySettings
from crosswalk.connectors.salesforce.describe import entity_description
from crosswalk.connectors.salesforce.errors import classify
from crosswalk.connectors.salesforce.preflight import preflight
from crosswalk.connectors.salesforce.pull import PullSettings
from crosswalk.connectors.salesforce.setup import PERMISSION_SET, creatable, create_missing
from crosswalk.connectors.salesforce.versions import PREPARED_RECORDS, PREPARED_SECONDS
from crosswalk.connectors.settings import ConnectionSettings
from crosswalk.connectors.transport import Transport
from crosswalk.model.errors import ConfigurationError, CrosswalkError
from crosswalk.model.records import NativeRecord, Receipt, Selection, Write

NATIVES: Mapping[str, str] = {
    "customer": "Account",
    "contact": "Contact",
    "product": "Product2",
    "price": "PricebookEntry",
    "deal": "Opportunity",
    "deal_line": "OpportunityLineItem",
    "order": "Order",
    "order_line": "OrderItem",
}
PARALLEL_REQUESTS = 4  # more would only fight over locks of shared parents, and a user has ten cursors (Salesforce §5)
LONGEST_REQUEST = 600  # seconds; REST calls die after ten minutes (Salesforce §10)


@dataclass(frozen=True, slots=True)
class SalesforceConnector:
    """One org; see :class:`crosswalk.connectors.protocol.Connector`. ``client`` is there for what the protocol does not offer."""

    system: str
    capabilities: Capabilities
    client: Client
    pull_settings: PullSettings
    delivery_settings: DeliverySettings

    def pull(self, selection: Selection, watermark: Mapping[str, object] | None) -> Iterator[Page]:
        """Yield pages of what changed, deletions and merge losers included; of all living records for None."""
        return pulling.pull(self.client, selection, watermark, self.pull_settings)

    def fetch(self, selection: Selection, keys: Sequence[str]) -> list[NativeRecord]:
        """Return records by id."""
        return pulling.fetch(self.client, selection, keys)

    def find(self, entity: str, intent_keys: Sequence[str]) -> dict[str, str]:
        """Return ids by the entity's external id field."""
        return delivery.find(self.client, entity, intent_keys, self.delivery_settings)

    def prepare(self, writes: Sequence[Write]) -> None:
        """Read ahead the versions of updates' records, some 3,000 a call."""
        delivery.prepare(self.client, writes, self.delivery_settings)

    def deliver(self, writes: Sequence[Write]) -> list[Receipt]:
        """Send writes as collections; one receipt each."""
        return delivery.deliver(self.client, writes, self.delivery_settings)

    def describe(self, entity: str, native: str) -> EntityDescription:
        """Return the object's fields as this user sees them."""
        return entity_description(entity, self.client.describe(native))

    def usage(self) -> Usage:
        """Return the org's API calls of the last 24 hours."""
        return self.client.usage()

    def preflight(self, selections: Sequence[Selection]) -> list[Finding]:
        """Name what is missing, with the remedy; what only writes need is checked on connections that may write."""
        writes = not self.client.transport.read_only
        return preflight(self.client, selections, self.delivery_settings, writes=writes)

    def creatable(self, findings: Sequence[Finding]) -> list[Creation]:
        """Name the custom fields and rights to them that :meth:`create_missing` would make."""
        return creatable(findings)

    def create_missing(self, findings: Sequence[Finding], *, permission_set: str = PERMISSION_SET) -> Iterator[str]:
        """Create what preflight found missing and we can define: custom fields with access to them; yields what was done."""
        return create_missing(self.client, findings, permission_set=permission_set)


def connect(
    settings: ConnectionSettings,
    *,
    system: str = "salesforce",
    read_only: bool = True,
    quota: Quota | None = None,
    meter: Meter | None = None,
    options: Mapping[str, object] | None = None,
) -> SalesforceConnector:
    """Return a connector; it logs in with its first request.

    Options: ``lane``, ``natives`` and ``key_fields`` (by entity), ``key_field``, ``duplicate_rule`` (``block``, ``allow``),
    ``overlap_seconds``, ``reread_hours`` (0: never; how often entities are read whole whose formulas or parents' fields are mapped),
    ``bulk_from``, ``bulk_page``, ``large`` (objects whose full load starts with a query job),
    ``write_batch`` (200; up to 1,000 as one call, for orgs that write so many well within a lease of 90 s), ``parallel_requests``,
    ``attempts``, ``sleep``, ``monotonic`` for what is read ahead.
    Raises ConfigurationError when the connection cannot work.
    """
    chosen = Options(options or {})
    verify: bool | str = settings.get("ca_file") or True
    allowance = Allowance()

    def watch(response: requests.Response) -> CrosswalkError | None:
        allowance.observe(response)
        return classify(response)

    transport = Transport(
        system=system,
        base_url=login_url(settings),
        authenticator=SalesforceAuthenticator(settings, system=system, verify=verify),
        classify=watch,
        is_read=is_read,
        read_only=read_only,
        quota=quota,
        meter=meter,
        verify=verify,
        attempts=chosen.attempts,
        sleep=chosen.sleep,
        lane=chosen.lane,
    )
    client = Client(transport, allowance, version=(settings.get("version") or DEFAULT_VERSION).lstrip("v"))
    natives = chosen.names("natives", NATIVES)
    return SalesforceConnector(
        system,
        Capabilities(
            write_batch=dict.fromkeys(natives, min(chosen.number("write_batch", BATCH, 1, 10_000), MOST)),
            parallel_requests=chosen.number("parallel_requests", PARALLEL_REQUESTS, 1, 100),
            longest_request_seconds=LONGEST_REQUEST,
            prepared_seconds=PREPARED_SECONDS,
            prepared_records=PREPARED_RECORDS,
        ),
        client,
        PullSettings(
            overlap=chosen.duration("overlap_seconds", 600, 86_400),
            bulk_from=chosen.number("bulk_from", 2_000, 0, 1_000_000_000),
            bulk_page=chosen.number("bulk_page", 50_000, 1, 1_000_000),
            reread=chosen.duration("reread_hours", 24, 10_000),
            large=frozenset(cast("Sequence[str]", chosen.given.get("large", ()))),
            sleep=chosen.sleep,
        ),
        DeliverySettings(
            natives,
            chosen.names("key_fields"),
            chosen.text("key_field", "ERP_Id__c"),
            allow_duplicates=_duplicates_allowed(chosen),
            ahead=Prepared(PREPARED_SECONDS, chosen.monotonic),
            sleep=chosen.sleep,
        ),
    )


def _duplicates_allowed(options: Options) -> bool:
    rule = options.text("duplicate_rule", "block")
    if rule not in ("block", "allow"):
        raise ConfigurationError(f"The option duplicate_rule is {rule!r}.", hint="Use `block` or `allow`.")
    return rule == "allow"
