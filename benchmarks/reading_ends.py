"""Reading a very large company at both ends: its first pages and its last ones, for whoever reads all of it reads those in between too.

The connectors' own queries, read as the connectors do; only the leap to the end is ours: by the offset in a Salesforce locator, by a
watermark that stands behind the last block but one in NetSuite, by one before the last pages in HubSpot and
SAP Business One.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from benchmarks.reading_pages import Ends, HubSpotEnds
from benchmarks.reading_service_layer import ServiceLayerEnds
from crosswalk.connectors.hubspot.connector import HubSpotConnector
from crosswalk.connectors.netsuite.client import SUITEQL
from crosswalk.connectors.salesforce import SalesforceConnector
from crosswalk.connectors.salesforce.soql import Plan
from crosswalk.connectors.sap_business_one.connector import BusinessOneConnector
from crosswalk.connectors.transport import decoded
from crosswalk_sandbox.company import ids
from crosswalk_sandbox.company.blocks import Blocks
from crosswalk_sandbox.company.model import Size

if TYPE_CHECKING:
    from crosswalk.connectors.netsuite.connector import NetSuiteConnector
    from crosswalk.connectors.protocol import Connector
    from crosswalk.model.records import Selection

WHOLE = 100_000  # accounts; larger companies are read at both ends only
PAGES = 25  # of each end
BULK_PAGES = 3
BULK_PAGE = 50_000
MOST_ROWS = 100_000  # rows that SuiteQL shows by offset (NetSuite §6)
_OFFSET = re.compile(r"(?<=-)\d+$")


def ends(
    connector: Connector, selection: Selection, options: Mapping[str, object], accounts: int, by: str = ""
) -> Ends:
    """Return the ends of one path."""
    if isinstance(connector, HubSpotConnector):
        return HubSpotEnds(connector, selection).ends(by)
    if isinstance(connector, BusinessOneConnector):
        return ServiceLayerEnds(connector, selection).ends(by)
    if isinstance(connector, SalesforceConnector):
        by_job = options.get("bulk_from") == 1
        return _Bulk(connector, selection).ends() if by_job else _Rest(connector, selection).ends()
    return _keyset(connector, selection, accounts)


class _Rest:
    """Pages of a query behind its locator."""

    def __init__(self, connector: SalesforceConnector, selection: Selection) -> None:
        self._client = connector.client
        self._soql = Plan(selection, None).soql()
        self._next: str | None = None
        self._total = self._size = 0

    def ends(self) -> Ends:
        return Ends(self._open, lambda: islice(self._on(), PAGES), self._last)

    def _open(self) -> int:
        answer = self._client.query(self._soql)
        self._next, self._total, self._size = answer.next_url, answer.total, len(answer.records)
        return len(answer.records)

    def _on(self) -> Iterator[int]:
        while self._next is not None:
            answer = self._client.more(self._next)
            self._next = answer.next_url
            yield len(answer.records)

    def _last(self) -> Iterator[int]:
        assert self._next is not None
        self._next = _OFFSET.sub(str(self._total - PAGES * self._size), self._next)
        return self._on()


class _Bulk:
    """Result pages of a query job."""

    def __init__(self, connector: SalesforceConnector, selection: Selection) -> None:
        self._client = connector.client
        self._soql = Plan(selection, None).soql(ordered=False)
        self._job = ""
        self._total = 0

    def ends(self) -> Ends:
        return Ends(
            self._open, lambda: self._pages(0), lambda: self._pages(max(self._total - BULK_PAGES * BULK_PAGE, 0))
        )

    def _open(self) -> int:
        self._job = self._client.send("POST", "jobs/query", {"operation": "query", "query": self._soql})["id"]
        path = f"{self._client.root}/jobs/query/{self._job}"
        state: dict[str, Any] = {}
        while state.get("state") != "JobComplete":
            time.sleep(0.2)
            state = decoded(self._client.transport.call("GET", path))
        self._total = int(state["numberRecordsProcessed"])
        return 0

    def _pages(self, offset: int) -> Iterator[int]:
        path = f"{self._client.root}/jobs/query/{self._job}/results"
        for start in range(offset, min(offset + BULK_PAGES * BULK_PAGE, self._total), BULK_PAGE):
            parameters = {"maxRecords": str(BULK_PAGE), "locator": f"M{start:x}"}
            answer = self._client.transport.call("GET", path, params=parameters)
            yield int(answer.headers["Sforce-NumberOfRecords"])


def _keyset(connector: Connector, selection: Selection, accounts: int) -> Ends:
    """SuiteQL pages: from the start, and behind the keys of the last block but one."""
    blocks = Blocks.of(Size().scaled(accounts / Size().accounts))
    behind = blocks.copies()[-1]
    customer = ids.netsuite_customer_id(behind.parties)
    document = ids.netsuite_transaction_id(behind.transactions)
    after = {"customer": [customer], "order": [document], "order_line": [document, 0]}[selection.entity]
    mark = {"since": None, "until": "2100-01-01T00:00:00+00:00", "after": [str(part) for part in after]}

    def pages(watermark: Mapping[str, object] | None) -> Iterator[int]:
        return (len(page.records) for page in islice(connector.pull(selection, watermark), PAGES) if page.records)

    return Ends(lambda: 0, lambda: pages(None), lambda: pages(mark))


def offset_seconds(connector: NetSuiteConnector) -> dict[str, float]:
    """Seconds of a page by offset: the first one, and the last one before the cut."""
    call = connector.client.transport.call
    found = {}
    for offset in (0, MOST_ROWS - 1_000):
        began = time.perf_counter()
        call("POST", SUITEQL, params={"limit": "1000", "offset": str(offset)}, headers={"Prefer": "transient"},
             json={"q": "SELECT id, tranid, trandate FROM transaction ORDER BY id"})  # fmt: skip
        found[str(offset)] = round(time.perf_counter() - began, 3)
    return found
