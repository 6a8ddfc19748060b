"""Whatever is saved, made or deleted, between pulls and while one runs, and however pulls are cut: in the end we know all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk.connectors.netsuite import NetSuiteConnector, connect
from crosswalk.connectors.protocol import Page
from crosswalk.connectors.settings import ConnectionSettings
from crosswalk.model.records import NativeField, NativeRecord, Selection
from tests.connectors.netsuite.small_netsuite import ACCOUNT, SECRETS, Seen, SmallNetSuite, running

CUSTOMERS = Selection("customer", "customer", (NativeField("companyname", "text"),))
MOMENTS = {
    ("America/Los_Angeles", datetime(2026, 11, 1, 9, tzinfo=UTC)),  # clocks go back
    ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),  # by half an hour
    ("America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC)),  # forwards
    ("America/Los_Angeles", datetime(2026, 7, 2, 7, tzinfo=UTC)),  # midnight of the account
    ("Asia/Kolkata", datetime(2026, 7, 2, 0, tzinfo=UTC)),  # midnight of UTC
}


@dataclass
class Landed:
    """What a hub does with pages: an older version never overwrites a newer one; rows and watermark go together."""

    watermark: Mapping[str, object] | None = None
    rows: dict[str, NativeRecord] = field(default_factory=dict)

    def land(self, page: Page) -> None:
        assert len({record.key for record in page.records}) == len(page.records)  # nothing twice in a page
        for record in page.records:
            known = self.rows.get(record.key)
            assert record.modified is not None
            if known is None or known.modified is None or record.modified >= known.modified:
                self.rows[record.key] = record
        self.watermark = page.watermark or self.watermark

    def there(self) -> dict[str, object]:
        return {key: record.values["companyname"] for key, record in self.rows.items() if not record.deleted}


@dataclass(frozen=True)
class Edit:
    seconds: int  # after the edit before; many share a stamp
    customer: int
    deletes: bool = False


@dataclass(frozen=True)
class Pull:
    seconds: int
    pages: int  # after which the worker dies; 9 is to the end
    meanwhile: tuple[Edit, ...] = ()  # one before each of its requests


def edits(most_seconds: int) -> st.SearchStrategy[Edit]:
    seconds = st.sampled_from([0, 0, 1, 59, 60]) | st.integers(0, most_seconds)
    return st.builds(Edit, seconds, st.integers(1, 7), st.sampled_from([False, False, True]))


pulls = st.builds(Pull, st.integers(0, 1800), st.sampled_from([1, 2, 9, 9]), st.lists(edits(90), max_size=6).map(tuple))
steps = st.lists(edits(2400) | pulls, min_size=2, max_size=12)


@pytest.fixture(scope="module")
def shared() -> Iterator[SmallNetSuite]:
    with running(SmallNetSuite()) as small:
        yield small


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(MOMENTS)), st.integers(-9000, 3600), st.sampled_from([1, 60]), steps)
def test_what_is_there_is_known_in_the_end(
    shared: SmallNetSuite, moment: tuple[str, datetime], begin: int, precision: int, steps: Sequence[Edit | Pull]
) -> None:
    """``precision`` is that of the account's stamps, in seconds."""
    world = World(shared, *moment, begin, precision)
    world.pull(Pull(0, 9))
    for step in steps:
        shared.now += timedelta(seconds=step.seconds)
        if isinstance(step, Edit):
            world.edit(step)
        else:
            world.pull(step)
    shared.now += timedelta(minutes=1)
    world.pull(Pull(0, 9))
    world.pull(Pull(0, 9))  # the first may have gone on with one that was cut
    assert world.landed.there() == world.actual()


class World:
    """An account whose people never rest, and what we have landed of it. Ids are not used again (NetSuite §7)."""

    def __init__(self, account: SmallNetSuite, zone: str, moment: datetime, begin: int, precision: int) -> None:
        self.account, self.zone, self.precision = account, ZoneInfo(zone), precision
        self.landed, self.names, self.generation = Landed(), 0, dict.fromkeys(range(1, 8), 0)
        account.now, account.accidents = moment + timedelta(seconds=begin), []
        account.db.execute("DELETE FROM customer")
        account.db.execute("DELETE FROM deletedrecord")

    def edit(self, edit: Edit) -> None:
        """Save a customer, make it when it is not there, or delete it."""
        now = self.account.now.astimezone(self.zone)
        stamp = now.replace(second=now.second // self.precision * self.precision).strftime("%Y-%m-%d %H:%M:%S")
        key = edit.customer + 7 * self.generation[edit.customer]
        there = self.account.db.execute("DELETE FROM customer WHERE id = ?", (key,)).rowcount
        if edit.deletes and there:
            self.account.insert("deletedrecord", recordid=key, type="Customer", deleteddate=stamp)
            self.generation[edit.customer] += 1
        elif not edit.deletes:
            self.names += 1
            self.account.insert("customer", id=key, companyname=f"Company {self.names}", lastmodifieddate=stamp)

    def pull(self, pull: Pull) -> None:
        """Pull as a task does, until the end or the worker's death; people go on meanwhile."""
        waiting = list(pull.meanwhile)

        def somebody(_: Seen) -> None:
            if waiting:
                edit = waiting.pop(0)
                self.account.now += timedelta(seconds=edit.seconds)
                self.edit(edit)

        self.account.accidents = [somebody]
        for number, page in enumerate(self._connector().pull(CUSTOMERS, self.landed.watermark), start=1):
            self.landed.land(page)
            if number == pull.pages:
                break
        self.account.accidents = []

    def _connector(self) -> NetSuiteConnector:
        extra = {
            "account_id": ACCOUNT,
            "base_url": self.account.base_url,
            "sql_time_zone": str(self.zone),
            **SECRETS,
        }
        options: dict[str, object] = {"page_rows": 2, "overlap_minutes": 0, "lag_seconds": 0}
        return connect(ConnectionSettings(extra=extra), options=options)

    def actual(self) -> dict[str, object]:
        """Return what the account holds."""
        return {str(key): text for key, text in self.account.db.execute("SELECT id, companyname FROM customer")}
