"""What tests of NetSuite's pulls share: small accounts, pages taken apart, watermarks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from crosswalk.connectors.netsuite import NetSuiteConnector
from crosswalk.connectors.protocol import Page
from crosswalk.model.records import NativeField, NativeRecord, Selection
from tests.connectors.netsuite.small_netsuite import SmallNetSuite

Open = Callable[..., NetSuiteConnector]

CUSTOMERS = Selection("customer", "customer", (NativeField("companyname", "text"),))
UNTIL = datetime(2026, 3, 20, 16, 58, tzinfo=UTC)
ORDERS = Selection("order", "transaction", (NativeField("tranid", "text"), NativeField("line.subsidiary", "reference")))


def customers(account: SmallNetSuite, count: int, stamp: str = "2026-03-01 09:00:00") -> None:
    for number in range(1, count + 1):
        account.insert("customer", id=number, companyname=f"Company {number}", lastmodifieddate=stamp)


def records(pages: list[Page]) -> list[NativeRecord]:
    return [record for page in pages for record in page.records]


def keys(pages: list[Page]) -> list[str]:
    return [record.key for record in records(pages)]


def pulled(
    connector: NetSuiteConnector, selection: Selection, watermark: dict[str, object] | None = None
) -> list[Page]:
    return list(connector.pull(selection, watermark))


def ended(account: SmallNetSuite, ago: timedelta = timedelta(hours=1)) -> dict[str, object]:
    return {"until": (account.now - ago).isoformat()}


def until(watermark: Mapping[str, object] | None) -> datetime:
    assert watermark is not None
    return datetime.fromisoformat(str(watermark["until"]))


def ends(pages: list[Page], at: datetime) -> bool:
    """The time of the first page less the lag of two minutes, and less what the request took: never later."""
    return at - timedelta(seconds=5) < until(pages[-1].watermark) <= at
