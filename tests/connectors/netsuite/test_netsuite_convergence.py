"""Whatever is saved whenever around a change of the clocks, and however pulls are cut: in the end we know the last state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk.connectors.netsuite import connect
from crosswalk.connectors.protocol import Page
from crosswalk.connectors.settings import ConnectionSettings
from crosswalk.model.records import NativeField, NativeRecord, Selection
from tests.connectors.netsuite.small_netsuite import ACCOUNT, SECRETS, SmallNetSuite, running

CUSTOMERS = Selection("customer", "customer", (NativeField("companyname", "text"),))
CHANGES = {
    "America/Los_Angeles": datetime(2026, 11, 1, 9, tzinfo=UTC),
    "Europe/Berlin": datetime(2026, 10, 25, 1, tzinfo=UTC),
    "Australia/Lord_Howe": datetime(2026, 4, 4, 15, tzinfo=UTC),
    "America/New_York": datetime(2026, 3, 8, 7, tzinfo=UTC),  # forwards
}


@dataclass
class Landed:
    """What a hub does with pages: an older version never overwrites a newer one; rows and watermark go together."""

    watermark: Mapping[str, object] | None = None
    rows: dict[str, NativeRecord] = field(default_factory=dict)

    def land(self, page: Page) -> None:
        for record in page.records:
            known = self.rows.get(record.key)
            assert record.modified is not None
            if known is None or known.modified is None or record.modified >= known.modified:
                self.rows[record.key] = record
        self.watermark = page.watermark or self.watermark


@dataclass(frozen=True)
class Save:
    seconds: int  # after the save before
    customer: int


@dataclass(frozen=True)
class Pull:
    seconds: int
    pages: int  # after which the worker dies; 9 is to the end


steps = st.lists(
    st.builds(Save, st.integers(0, 2400), st.integers(1, 5))
    | st.builds(Pull, st.integers(0, 1800), st.sampled_from([1, 2, 9, 9])),
    min_size=2,
    max_size=12,
)


@pytest.fixture(scope="module")
def shared() -> Iterator[SmallNetSuite]:
    with running(SmallNetSuite()) as small:
        yield small


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(CHANGES)), st.integers(-9000, 3600), steps)
def test_the_last_state_is_known_in_the_end(
    shared: SmallNetSuite, name: str, begin: int, steps: list[Save | Pull]
) -> None:
    shared.db.execute("DELETE FROM customer")
    shared.now = CHANGES[name] + timedelta(seconds=begin)
    landed = Landed()
    pull(shared, name, landed, 9)
    for number, step in enumerate(steps):
        shared.now += timedelta(seconds=step.seconds)
        if isinstance(step, Save):
            save(shared, name, step.customer, f"Company {number}")
        else:
            pull(shared, name, landed, step.pages)
    shared.now += timedelta(minutes=1)
    pull(shared, name, landed, 9)
    pull(shared, name, landed, 9)  # the first may have gone on with one that was cut
    actual = {str(key): text for key, text in shared.db.execute("SELECT id, companyname FROM customer")}
    assert {key: record.values["companyname"] for key, record in landed.rows.items()} == actual


def save(account: SmallNetSuite, zone: str, key: int, text: str) -> None:
    stamp = account.now.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S")
    account.db.execute("DELETE FROM customer WHERE id = ?", (key,))
    account.insert("customer", id=key, companyname=text, lastmodifieddate=stamp)


def pull(account: SmallNetSuite, zone: str, landed: Landed, pages: int) -> None:
    extra = {"account_id": ACCOUNT, "base_url": account.base_url, "sql_time_zone": zone, **SECRETS}
    connector = connect(
        ConnectionSettings(extra=extra), options={"page_rows": 2, "overlap_minutes": 0, "lag_seconds": 0}
    )
    for number, page in enumerate(connector.pull(CUSTOMERS, landed.watermark), start=1):
        landed.land(page)
        if number == pages:
            return
