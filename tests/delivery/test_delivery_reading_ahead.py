"""Versions that a connector reads ahead: in a slot of its own, before anything is recorded as sending, and never instead of a check."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from crosswalk.connectors.protocol import Capabilities
from crosswalk.delivery.dispatch import Delivery
from crosswalk.delivery.slots import Slots
from crosswalk.hub.database import Hub
from crosswalk.hub.intents import Claimed, IntentDraft, store_plan
from crosswalk.model.errors import AuthenticationError, CrosswalkError, TransientError
from crosswalk.model.records import Operation, Write
from tests.delivery.platform_double import Platform, PlatformConnector, Record
from tests.delivery.rounds import MORNING
from tests.delivery.schedules import AtOnce, Crash

UPDATES, SLOTS = 60, 5


@dataclass
class ReadsAhead(PlatformConnector):
    """A connector that reads ahead; ``meanwhile`` happens right after."""

    capabilities: Capabilities = field(
        default_factory=lambda: Capabilities(parallel_requests=SLOTS, prepared_seconds=10.0)
    )
    meanwhile: Callable[[Sequence[Write]], None] = lambda writes: None
    prepared: list[str] = field(default_factory=list)
    reads: int = 0

    def prepare(self, writes: Sequence[Write]) -> None:
        self.reads += 1
        self.calling("prepare", lambda: self.prepared.extend(write.intent_key for write in writes), ())
        self.meanwhile(writes)


@pytest.fixture
def connector(hub: Hub) -> ReadsAhead:
    """A platform of customers, each with an update planned in the hub."""
    platform = Platform(lambda: MORNING)
    platform.records = [Record(f"C-{number}", "", "customer", {}, 3) for number in range(UPDATES)]
    drafts = [
        IntentDraft(f"U-{number}", "customer", "update", "salesforce", f"{number}", None, "netsuite", f"C-{number}", None, {"version": "3"})
        for number in range(UPDATES)
    ]  # fmt: skip
    with hub.connection() as connection:
        store_plan(connection, pairing="p", flow="f", run_id="r", mode="live", now=MORNING, drafts=drafts)
    return ReadsAhead(platform)


def write_of(intent: Claimed) -> Write:
    version = str(intent.payload["version"])
    return Write(intent.key, intent.entity, Operation.UPDATE, {"x": 1}, intent.target_key, expected_version=version)


def delivery(hub: Hub, connector: PlatformConnector, seconds: float = 0) -> Delivery:
    return Delivery(hub, connector, "p", "f", "r", write_of, lambda: MORNING + timedelta(seconds=seconds))


def statuses(hub: Hub) -> dict[str, int]:
    with hub.connection() as connection:
        rows = connection.execute("select status || ' ' || attempt, count(*) from hub.intent group by 1")
        return dict(rows.fetchall())


def test_all_versions_are_read_ahead_in_few_requests_that_count_among_those_at_once(
    hub: Hub, connector: ReadsAhead
) -> None:
    at_once, most, guard, crowd = 0, 0, threading.Lock(), threading.Event()

    def calling(name: str, call: Callable[[], object], writes: Sequence[Write]) -> object:
        nonlocal at_once, most
        with guard:
            at_once += 1
            most = max(most, at_once)
            if at_once > SLOTS:
                crowd.set()
        crowd.wait(0.02)  # long enough for one too many to come
        with guard:
            at_once -= 1
        return call()

    connector.calling = calling
    tally = delivery(hub, connector).run()
    assert (len(tally.done), sorted(connector.prepared)) == (UPDATES, sorted(tally.done))
    assert connector.reads <= UPDATES / SLOTS / 2
    assert most == SLOTS
    assert statuses(hub) == {"done 1": UPDATES}


def test_no_more_is_claimed_at_once_than_one_reading_tells(hub: Hub, connector: ReadsAhead) -> None:
    sizes: list[int] = []
    connector.meanwhile = lambda writes: sizes.append(len(writes))
    connector.capabilities = replace(connector.capabilities, prepared_records=2 * SLOTS + 1)
    assert len(delivery(hub, connector).run().done) == UPDATES
    assert set(sizes) == {2 * SLOTS}  # whole rounds: each slot has as much to do as the others


def test_where_nothing_is_read_ahead_requests_begin_before_much_is_claimed(hub: Hub, connector: ReadsAhead) -> None:
    taken: list[int] = []

    def calling(_name: str, call: Callable[[], object], _writes: Sequence[Write]) -> object:
        with hub.connection() as connection:
            row = connection.execute("select count(*) from hub.intent where attempt > 0 or lease_until is not null")
            taken.append(row.fetchall()[0][0])
        return call()

    connector.calling = calling
    connector.capabilities = replace(connector.capabilities, prepared_seconds=0, parallel_requests=10)
    assert len(replace(delivery(hub, connector), executor=AtOnce).run().done) == UPDATES
    assert taken[0] == 5, "half of the slots have something to do"
    assert max(taken) == UPDATES


def test_a_reading_ahead_gets_the_next_free_slot_before_writes_that_waited_longer() -> None:
    slots, order, queued = Slots(1), [], threading.Semaphore(0)

    def wait_for(name: str, first: bool) -> threading.Thread:
        def take() -> None:
            queued.release()
            with slots.turn(first=first):
                order.append(name)

        thread = threading.Thread(target=take)
        thread.start()
        return thread

    with slots.turn():
        threads = [wait_for("write", False) for _ in range(5)] + [wait_for("reading", True)]
        for _ in threads:
            queued.acquire()
        while slots.readings < 1:
            threads[-1].join(0.01)
    for thread in threads:
        thread.join(10)
    assert order == ["reading", *["write"] * 5]


def test_what_moved_after_it_was_read_ahead_is_still_refused_by_the_target(hub: Hub, connector: ReadsAhead) -> None:
    def somebody_saves(writes: Sequence[Write]) -> None:
        for record in connector.platform.records:
            record.version += record.id in ("C-7", "C-30") and record.id in {str(write.native_id) for write in writes}

    connector.meanwhile = somebody_saves
    tally = delivery(hub, connector).run()
    assert (len(tally.done), tally.rejected) == (UPDATES - 2, 2)
    with hub.connection() as connection:
        refused = connection.execute("select key, error_class from hub.intent where status = 'rejected' order by 1")
        assert refused.fetchall() == [("U-30", "conflict"), ("U-7", "conflict")]


@pytest.mark.parametrize("error", [TransientError("busy"), AuthenticationError("who?", hint="")])
def test_what_cannot_be_read_ahead_is_delivered_all_the_same(
    hub: Hub, connector: ReadsAhead, error: CrosswalkError
) -> None:
    def fails(writes: Sequence[Write]) -> None:
        raise error

    connector.meanwhile = fails
    assert len(delivery(hub, connector).run().done) == UPDATES


def test_a_worker_that_dies_while_it_reads_ahead_leaves_nothing_in_doubt(hub: Hub, connector: ReadsAhead) -> None:
    def dies(writes: Sequence[Write]) -> None:
        raise Crash

    connector.meanwhile = dies
    with pytest.raises(Crash):
        delivery(hub, connector).run()
    assert statuses(hub) == {"planned 0": UPDATES}
    connector.meanwhile = lambda writes: None
    assert len(delivery(hub, connector, seconds=91).run().done) == UPDATES
    assert (statuses(hub), connector.platform.overwritten) == ({"done 1": UPDATES}, [])


def test_a_connector_that_reads_nothing_ahead_is_not_asked_to(hub: Hub, connector: ReadsAhead) -> None:
    connector.capabilities = replace(connector.capabilities, prepared_seconds=0.0)
    assert len(delivery(hub, connector).run().done) == UPDATES
    assert connector.reads == 0
