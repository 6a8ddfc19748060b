"""Whatever is edited, archived, restored, merged or forgotten between the pages of a pull, however late the index is: in the end we hold
what HubSpot holds (HubSpot §10, §11)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from crosswalk.connectors.hubspot import HubSpotConnector
from crosswalk.connectors.hubspot.pull import PullSettings
from crosswalk.connectors.protocol import Page
from crosswalk.model.records import NativeField, NativeRecord, Selection
from tests.connectors.hubspot.portal import Portal, running
from tests.connectors.loopback import Server

INTO = "hs_merged_object_ids.into"
SELECTION = Selection(
    "deal",
    "deals",
    (NativeField("dealname", "text"), NativeField("companies.id", "reference"), NativeField(INTO, "reference")),
)
HELD = 9
KINDS = ("edit", "edit all", "create", "archive", "restore", "merge", "forget", "associate", "stop")
Event = tuple[
    str, int, int, int
]  # what happens, to which record, seconds since the event before, minutes until the index knows


class Copy:
    """What somebody knows who lands every page: the newest of each record by its stamp; on equal stamps a deletion wins.

    A pull whose last page says that everything came, and one from nothing, tell what is gone by leaving it out.
    """

    def __init__(self) -> None:
        self.records: dict[str, NativeRecord] = {}
        self.watermark: Mapping[str, object] | None = None
        self.seen: set[str] = set()

    def land(self, page: Page) -> None:
        for record in page.records:
            self.seen.add(record.key)
            known = self.records.get(record.key)
            if known is None or _age(record) >= _age(known):
                self.records[record.key] = record
        if page.watermark is not None:
            self.watermark = json.loads(json.dumps(dict(page.watermark)))
        if page.everything:
            self.leave_out()

    def leave_out(self) -> None:
        for key in self.records.keys() - self.seen:
            self.records[key] = replace(self.records[key], deleted=True)

    @property
    def living(self) -> dict[str, tuple[object, object]]:
        return {
            key: (record.values["dealname"], record.values["companies.id"])
            for key, record in self.records.items()
            if not record.deleted
        }


def _age(record: NativeRecord) -> tuple[datetime, bool]:
    assert record.modified is not None
    return record.modified, record.deleted


class Life:
    """What happens in the account, one event after the other."""

    def __init__(self, portal: Portal, events: list[Event]) -> None:
        self.portal, self.left, self.merged = portal, list(events), set[str]()
        portal.now -= timedelta(hours=2)
        for number in range(1, HELD + 1):
            portal.now += timedelta(minutes=10) * (number % 3 == 0)  # ties
            portal.save("deals", str(number), dealname="as it was", hs_merged_object_ids=None)
            portal.associate("deals", str(number), "companies", str(500 + number), 5, 341)
        portal.now += timedelta(hours=2)

    def goes_on(self) -> bool:
        """One event happens; tells whether the pull is stopped by it."""
        kind, number, pause, late = self.left.pop(0)
        self.portal.now += timedelta(seconds=pause)
        alive = [one.key for one in self.portal._of("deals") if not one.archived]
        gone = [one.key for one in self.portal._of("deals") if one.archived]
        some = gone if kind == "restore" else alive
        lag = timedelta(minutes=late)
        if kind == "stop" or not some:
            return kind == "stop"
        key = some[number % len(some)]
        name = f"{kind} at {self.portal.now}"
        if kind == "edit":
            self.portal.save("deals", key, lag, dealname=name)
        elif kind == "edit all":
            for one in alive:
                self.portal.save("deals", one, lag, dealname=name)
        elif kind == "create":
            self.portal.save("deals", None, lag, dealname=name)
        elif kind == "archive":
            self.portal.archive("deals", key, lag)
        elif kind == "restore":
            self.portal.restore("deals", key)
        elif kind == "merge" and len(alive) > 1:
            self.merged |= {key, some[(number + 1) % len(some)]}
            self.portal.merge("deals", key, some[(number + 1) % len(some)])
        elif kind == "forget":
            self.portal.forget("deals", key)
        elif kind == "associate":
            self.portal.associations["deals", "companies"][key] = []
            self.portal.associate("deals", key, "companies", str(700 + number), 5, 341)
        return False


@pytest.fixture(scope="module")
def open_portal() -> Iterator[tuple[HubSpotConnector, Server]]:
    """One server and one connection for all examples."""
    with running(Portal(), read_only=True) as opened:
        yield opened


events = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, HELD), st.integers(0, 900), st.sampled_from([0, 0, 1, 50])),
    min_size=5,
    max_size=14,
)
QUIET: list[Event] = [("stop", 1, 60, 0)] * 3
LATE: list[Event] = [*QUIET, ("edit", 3, 60, 50), ("stop", 1, 800, 0), ("stop", 1, 800, 0), ("edit", 1, 800, 0)]
TIES: list[Event] = [*QUIET, ("edit all", 1, 5, 0), ("stop", 1, 1, 0), ("stop", 1, 1, 0)]
RESTORED: list[Event] = [*QUIET, ("archive", 2, 60, 0), ("stop", 1, 60, 0), ("restore", 0, 60, 0), ("edit", 5, 60, 0)]
GONE: list[Event] = [*QUIET, ("merge", 1, 60, 0), ("stop", 1, 60, 0), ("forget", 2, 60, 0), ("merge", 7, 60, 0)]
UNSEEN: list[Event] = [
    *QUIET,
    ("merge", 1, 60, 0),
    ("merge", 7, 60, 0),
    ("archive", 7, 5, 0),
    ("forget", 6, 5, 0),
    ("stop", 1, 9, 0),
]
WINNER_GONE: list[Event] = [
    ("archive", 8, 60, 0),
    ("merge", 3, 135, 0),
    ("forget", 6, 70, 0),
    ("edit", 4, 243, 0),
    ("merge", 9, 58, 1),
    ("create", 8, 818, 1),
]
LEAVES: list[Event] = [("archive", 0, 5, 0), ("edit", 8, 5, 0), ("archive", 0, 5, 1), ("edit all", 1, 5, 1)] * 3


@settings(max_examples=5, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(events=events, page=st.integers(2, 5))
@example(events=LATE, page=3)
@example(events=TIES, page=2)
@example(events=RESTORED, page=3)
@example(events=GONE, page=4)
@example(events=LEAVES, page=2)
@example(events=UNSEEN, page=3)
@example(events=WINNER_GONE, page=4)
def test_what_is_landed_is_what_hubspot_holds_whatever_happens_between_the_pages(
    open_portal: tuple[HubSpotConnector, Server], events: list[Event], page: int
) -> None:
    connector, server = open_portal
    portal = Portal()
    server.handle = portal.handle
    reading = replace(connector, pull_settings=PullSettings(list_page=page, search_page=page))
    copy, life = Copy(), Life(portal, events)
    while life.left:
        _pull(reading, copy, life)
    for _ in range(3):  # no entry of the index is later than an hour
        portal.now += timedelta(hours=1)
        _pull(reading, copy, None)
    told = {key for one in portal._of("deals") for key in (one.properties.get("hs_merged_object_ids") or "").split(";")}
    forgotten = {key for key, one in portal.records["deals"].items() if one.forgotten} - told
    changed = {key: value for key, value in copy.living.items() if key not in forgotten}
    truth = {
        one.key: (one.properties["dealname"], _company(portal, one.key))
        for one in portal._of("deals")
        if not one.archived
    }
    assert {key: name for key, (name, _) in changed.items()} == {key: name for key, (name, _) in truth.items()}
    portal.now += timedelta(days=1)
    _pull(reading, copy, None)  # everything: only now what moved no stamp and was deleted for good
    assert copy.living == truth
    for key in life.merged & copy.records.keys():
        assert copy.records[key].deleted
    into = {
        key: copy.records[key].values[INTO] for key in life.merged & copy.records.keys() if copy.records[key].values
    }
    assert {into[key] for key in into.keys() & _told_by_living(portal)} <= portal.records["deals"].keys()
    assert set(into.values()) - {None} <= portal.records["deals"].keys()  # nobody tells the winner that was forgotten


def _told_by_living(portal: Portal) -> set[str]:
    living = [one for one in portal._of("deals") if not one.archived]
    return {key for one in living for key in (one.properties.get("hs_merged_object_ids") or "").split(";")}


def _pull(connector: HubSpotConnector, copy: Copy, life: Life | None) -> None:
    fresh, copy.seen = copy.watermark is None, set()
    for page in connector.pull(SELECTION, copy.watermark):
        copy.land(page)
        if life and life.left and life.goes_on():
            return
    if fresh:
        copy.leave_out()


def _company(portal: Portal, key: str) -> str | None:
    ends = portal.associations["deals", "companies"].get(key, [])
    return str(ends[0]["toObjectId"]) if ends else None
