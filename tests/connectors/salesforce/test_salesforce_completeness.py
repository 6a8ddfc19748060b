"""Whatever is edited, deleted, restored or merged between the pages of a pull: in the end we hold what the org holds (Salesforce §11)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from crosswalk.connectors.protocol import Page
from crosswalk.connectors.salesforce import SalesforceConnector
from crosswalk.connectors.salesforce.pull import PullSettings
from crosswalk.model.records import NativeField, NativeRecord, Selection
from tests.connectors.loopback import Server
from tests.connectors.salesforce.org import Org, running

SELECTION = Selection("customer", "Account", (NativeField("Name", "text"), NativeField("MasterRecordId", "reference")))
HELD = 9
KINDS = ("edit", "save all", "create", "delete", "restore", "merge", "stop", "lose the cursor")
Event = tuple[
    str, int, int, int
]  # what happens, to which record, seconds since the event before, seconds from stamp to commit


class Copy:
    """What somebody knows who lands every page: the newest of each record by its stamp; on equal stamps a deletion wins."""

    def __init__(self) -> None:
        self.records: dict[str, NativeRecord] = {}
        self.watermark: Mapping[str, object] | None = None

    def land(self, page: Page) -> None:
        for record in page.records:
            known = self.records.get(record.key)
            if known is None or _age(record) >= _age(known):
                self.records[record.key] = record
        self.watermark = page.watermark or self.watermark

    @property
    def living(self) -> dict[str, object]:
        return {key: record.values["Name"] for key, record in self.records.items() if not record.deleted}

    @property
    def merged(self) -> dict[str, object]:
        return {key: record.values["MasterRecordId"] for key, record in self.records.items() if record.deleted}


def _age(record: NativeRecord) -> tuple[datetime, bool]:
    assert record.modified is not None
    return record.modified, record.deleted


class Life:
    """What happens in the org, one event after the other."""

    def __init__(self, org: Org, events: list[Event], overlap: int) -> None:
        self.org, self.left, self.overlap = org, list(events), overlap
        for number in range(1, HELD + 1):
            stamp = org.now - timedelta(seconds=5_400 + number // 4)  # ties
            org.put("Account", stamp, Id=_key(number), Name="as it was", MasterRecordId=None)

    def goes_on(self) -> bool:
        """One event happens; tells whether the pull is stopped by it."""
        kind, number, pause, lag = self.left.pop(0)
        self.org.now += timedelta(seconds=pause)
        if kind == "lose the cursor":
            self.org.drop_cursors()
        elif kind == "save all":
            for key in sorted(self.org.rows["Account"]):
                self.org.now += timedelta(seconds=pause)
                self._write("edit", int(key[3:15]), timedelta())
        elif kind != "stop":
            self._write(kind, number, timedelta(seconds=min(lag, self.overlap)))
        return kind == "stop"

    def _write(self, kind: str, number: int, lag: timedelta) -> None:
        """Commit a write; its stamp is older by the time its transaction took, and newer than the record's last."""
        key = _key(number if kind != "create" else HELD + len(self.org.rows["Account"]))
        row = self.org.rows["Account"].get(key)
        stamp = self.org.now - lag
        if row is not None:
            stamp = max(stamp, row["SystemModstamp"] + timedelta(seconds=1))
            self.org.now = max(self.org.now, stamp)
        values = {"Name": f"{kind} at {self.org.now}", "IsDeleted": kind in ("delete", "merge"), "MasterRecordId": None}
        if kind == "merge":
            values["MasterRecordId"] = _key(number % HELD + 1)
        if kind == "edit" and row is not None and row["IsDeleted"]:
            return
        self.org.put("Account", stamp, visible=self.org.now, Id=key, **values)


def _key(number: int) -> str:
    return f"001{number:012d}AAA"


@pytest.fixture(scope="module")
def open_org() -> Iterator[tuple[SalesforceConnector, Server, Org]]:
    """One server and one connection for all examples."""
    org = Org()
    with running(org, read_only=True) as (salesforce, server):
        salesforce.client.get("limits")
        yield salesforce, server, org


def moved_under_our_eyes(then: str, *, page: int, pause: int, lag: int) -> list[Event]:
    """The last record of the second page is saved before that page is read: its new stamp is no place in the order of the query."""
    full_load = [("edit", 1, 0, 0)] * (-(-HELD // page) - 1)
    return [*full_load, ("save all", 1, 300, 0), ("edit", 2 * page, pause, lag), (then, 1, 0, 0)]


LATE_COMMIT = [("edit", 1, 0, 0), ("edit", 1, 0, 590), ("edit", 2, 0, 590)]
RESTORED = [("delete", 1, 0, 0), ("edit", 9, 0, 0), ("edit", 9, 1, 0), ("restore", 1, 1, 0)]
TIES = [("save all", 1, 0, 0)] * 3 + [("stop", 1, 0, 0)]

events = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(1, HELD), st.integers(0, 900), st.integers(0, 600)),
    min_size=5,
    max_size=20,
)

FAST_TO_FAIL = [Phase.explicit, Phase.generate]  # making a failure smaller takes minutes; the events tell enough


@settings(max_examples=15, deadline=None, phases=FAST_TO_FAIL)
@given(events=events, page=st.integers(2, 5), bulk_from=st.sampled_from([0, 2_000]), overlap=st.sampled_from([0, 600]))
@example(events=moved_under_our_eyes("stop", page=3, pause=900, lag=0), page=3, bulk_from=2_000, overlap=600)
@example(events=moved_under_our_eyes("lose the cursor", page=2, pause=0, lag=60), page=2, bulk_from=2_000, overlap=600)
@example(events=LATE_COMMIT, page=3, bulk_from=2_000, overlap=600)
@example(events=RESTORED, page=3, bulk_from=2_000, overlap=600)
@example(events=TIES, page=3, bulk_from=2_000, overlap=0)
def test_what_is_landed_is_what_the_org_holds_whatever_happens_between_the_pages(
    open_org: tuple[SalesforceConnector, Server, Org], events: list[Event], page: int, bulk_from: int, overlap: int
) -> None:
    connector, server, first = open_org
    org = Org()
    org.page, org.sessions = page, first.sessions
    server.handle = org.handle
    reading = PullSettings(timedelta(seconds=overlap), bulk_from, bulk_page=3, sleep=lambda _seconds: None)
    salesforce, copy, life = replace(connector, pull_settings=reading), Copy(), Life(org, events, overlap)
    while life.left:
        for got in salesforce.pull(SELECTION, copy.watermark):
            copy.land(got)
            if life.left and life.goes_on() and copy.watermark is not None:
                break  # of a first load that breaks off, only a census tells what was deleted before the next
    for got in salesforce.pull(SELECTION, copy.watermark):
        copy.land(got)
    rows = org.rows["Account"]
    assert copy.living == {key: row["Name"] for key, row in rows.items() if not row["IsDeleted"]}
    gone = {key: row["MasterRecordId"] for key, row in rows.items() if row["IsDeleted"]}
    assert copy.merged == {key: gone[key] for key in copy.records if key in gone}
