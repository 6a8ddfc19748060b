"""What one delivery does with many intents: requests of a fitting size, one write a record, bad rows found by halving, trouble shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk.delivery.batches import LEAST_ROWS, batches, first_of_each, key_in_target, parent_of
from crosswalk.delivery.dispatch import Delivery, Tally
from crosswalk.hub.database import Hub
from crosswalk.hub.intents import Claimed
from crosswalk.hub.outcomes import MOST_TRIES
from crosswalk.hub.waits import waits
from crosswalk.model.errors import AuthenticationError, InDoubtError, ValidationError
from crosswalk.model.records import Operation, Outcome, Receipt, Write
from tests.delivery.platform_double import Platform, PlatformConnector
from tests.delivery.schedules import AtOnce, Clock
from tests.hub.records import NOON, draft, plan


def claimed(key: str, entity: str = "order", operation: str = "create", **changes: Any) -> Claimed:
    values: dict[str, Any] = dict.fromkeys(Claimed.__dataclass_fields__)
    values |= {"key": key, "entity": entity, "operation": operation, "payload": {}, **changes}
    return Claimed(**values)


intents = st.lists(
    st.builds(
        lambda number, entity, parent: (f"{entity}{number}", entity, parent),
        st.integers(0, 400),
        st.sampled_from(["customer", "order", "product"]),
        st.sampled_from([None, "1", "2", "3"]),
    ),
    max_size=120,
    unique_by=lambda one: one[0],
)


@settings(max_examples=60)
@given(wanted=intents, most=st.integers(1, 60), slots=st.integers(1, 8))
def test_every_intent_is_in_one_request_of_its_kind_and_none_is_larger_than_the_platform_takes(
    wanted: list[tuple[str, str, str | None]], most: int, slots: int
) -> None:
    every = [claimed(key, entity, parent_target_key=parent) for key, entity, parent in wanted]
    requests = batches(every, {"customer": most, "order": most}, slots)
    assert sorted(intent.key for request in requests for intent in request) == sorted(one.key for one in every)
    for request in requests:
        (entity,) = {intent.entity for intent in request}
        assert 1 <= len(request) <= (most if entity != "product" else 1)


def test_few_writes_are_spread_over_the_slots_but_never_into_tiny_requests() -> None:
    every = [claimed(f"O{n:02}") for n in range(40)]
    assert [len(request) for request in batches(every, {"order": 200}, 4)] == [10, 10, 10, 10]
    assert [len(request) for request in batches(every[:12], {"order": 200}, 8)] == [LEAST_ROWS, 2]


def test_children_of_one_parent_stay_in_one_request() -> None:
    every = [claimed(f"O{n:02}", parent_target_key=str(n % 3)) for n in range(18)]
    requests = batches(every, {"order": 10}, 1)
    homes = {parent: {i for i, request in enumerate(requests) for one in request if parent_of(one) == parent} for parent in "012"}  # fmt: skip
    assert all(len(found) == 1 for found in homes.values())


def test_of_several_writes_of_one_record_the_first_goes_and_the_others_come_after_it() -> None:
    every = [
        claimed("U1", operation="update", target_key="7"),
        claimed("U2", operation="update", target_key="7"),
        claimed("U3", operation="update", target_key="8"),
        claimed("C1", payload={"stored_key": "same"}),
        claimed("C2", payload={"stored_key": "same"}),
        claimed("C3", "customer", payload={"stored_key": "same"}),
    ]
    first, later = first_of_each(every)
    assert [intent.key for intent in first] == ["U1", "U3", "C1", "C3"]
    assert [intent.key for intent in later] == ["U2", "C2"]


# --- on a hub, with a platform --------------------------------------------------------------------------


@dataclass
class Road:
    """One flow of intents into a platform, whose requests a test may disturb."""

    hub: Hub
    platform: Platform
    clock: Clock
    disturb: Callable[[Sequence[Write]], None] = lambda writes: None
    requests: list[list[str]] = field(default_factory=list)

    def want(self, *drafts: Any) -> None:
        with self.hub.connection() as connection:
            plan(connection, drafts)

    def run(self) -> Tally:
        connector = PlatformConnector(self.platform, calling=self._call)
        return Delivery(self.hub, connector, "demo", "orders", "run", write_of, self.clock.now, executor=AtOnce).run()

    def _call(self, name: str, call: Callable[[], object], writes: Sequence[Write]) -> object:
        if name == "deliver":
            self.requests.append([write.intent_key for write in writes])
            self.disturb(writes)
        return call()

    def statuses(self) -> dict[str, str]:
        with self.hub.connection() as connection:
            return dict(connection.execute("select key, status from hub.intent").fetchall())

    def quarantined(self) -> list[tuple[str, str, str]]:
        with self.hub.connection() as connection:
            return connection.execute(
                "select payload ->> 'intent', error_class, message from hub.quarantine"
            ).fetchall()


def write_of(intent: Claimed) -> Write:
    if intent.payload.get("unmappable"):
        raise ValidationError("It has no room for that.", field="memo")
    return Write(
        intent_key=key_in_target(intent),
        entity=intent.entity,
        operation=Operation(intent.operation),
        values={"memo": str(intent.payload["memo"])},
        native_id=intent.target_key,
        expected_version=intent.payload.get("version"),
    )


@pytest.fixture
def road(hub: Hub) -> Road:
    clock = Clock(NOON)
    return Road(hub, Platform(clock.now), clock)


def test_two_creates_under_one_key_never_travel_in_one_request(road: Road) -> None:
    road.want(*(draft(key, payload={"memo": key, "stored_key": "same"}) for key in ("O1", "O2")))
    road.run()
    assert road.requests == [["same"]]
    road.clock.sleep(31)
    road.run()
    assert road.requests == [["same"], ["same"]]
    assert (len(road.platform.records), set(road.statuses().values())) == (1, {"done"})


@pytest.mark.parametrize("bad", [set(), {"O3"}, {"O0", "O9"}, {f"O{n}" for n in range(10)}], ids=len)
def test_a_request_refused_as_a_whole_is_halved_until_only_bad_rows_are_refused(road: Road, bad: set[str]) -> None:
    def refuse(writes: Sequence[Write]) -> None:
        if any(write.intent_key in bad for write in writes):
            raise ValidationError("Something in this request is wrong.")

    road.disturb = refuse
    road.want(*(draft(f"O{n}") for n in range(10)))
    tally = road.run()
    assert (len(tally.done), tally.rejected) == (10 - len(bad), len(bad))
    assert {record.key for record in road.platform.records} == {f"O{n}" for n in range(10)} - bad
    assert {key for key, status in road.statuses().items() if status == "rejected"} == bad
    assert {intent for intent, *_ in road.quarantined()} == bad
    assert len(road.requests) <= 1 + 2 * 4 * max(
        1, len(bad)
    )  # not one request a row: log2(10) halvings for each bad one


def test_one_row_that_cannot_be_mapped_stops_no_other(road: Road) -> None:
    road.want(draft("O1"), draft("O2", payload={"memo": "x", "unmappable": True}), draft("O3"))
    assert len(road.run().done) == 2
    assert road.statuses() == {"O1": "done", "O2": "rejected", "O3": "done"}
    assert road.requests == [["O1", "O3"]]


def test_refused_credentials_stop_the_run_and_leave_the_rest_planned(road: Road) -> None:
    def refuse(writes: Sequence[Write]) -> None:
        raise AuthenticationError("The password was changed.")

    road.disturb = refuse
    road.want(*(draft(f"O{n:02}") for n in range(30)))
    with pytest.raises(AuthenticationError):
        road.run()
    assert len(road.requests) < 3
    assert set(road.statuses().values()) == {"planned"}
    road.disturb = lambda writes: None
    road.clock.sleep(60)
    assert len(road.run().done) == 30


def test_a_write_that_is_put_off_again_and_again_shows_up_in_quarantine_and_is_still_tried(road: Road) -> None:
    road.want(draft("O1"))
    busy = Receipt("O1", Outcome.RETRY, error_class="rate_limit", message="Busy.", retry_after=30.0)
    connector = PlatformConnector(road.platform, calling=lambda name, call, writes: [busy] if name == "deliver" else call())  # fmt: skip
    for tries in range(1, MOST_TRIES + 1):
        Delivery(road.hub, connector, "demo", "orders", "run", write_of, road.clock.now, executor=AtOnce).run()
        assert bool(road.quarantined()) == (tries >= MOST_TRIES)
        road.clock.sleep(31)
    with road.hub.connection() as connection:
        [wait] = waits(connection, "demo", now=NOON)
    assert wait.reason == "pause"
    assert len(road.run().done) == 1


def test_a_request_in_doubt_is_looked_up_and_never_simply_repeated(road: Road) -> None:
    def lose(writes: Sequence[Write]) -> None:
        road.platform.take(writes)
        raise InDoubtError("The answer was lost.")

    road.disturb = lose
    road.want(*(draft(f"O{n}") for n in range(4)))
    tally = road.run()
    assert (tally.in_doubt, tally.adopted) == (4, 4)
    assert len(road.platform.records) == 4
    assert road.requests == [[f"O{n}" for n in range(4)]]


# --- versions and turns ---------------------------------------------------------------------------------


def test_an_update_planned_against_another_version_is_refused_and_overwrites_nothing(road: Road) -> None:
    road.want(draft("C", payload={"memo": "first"}))
    road.run()
    (record,) = road.platform.records
    record.values["memo"], record.version = "a person's", 2
    road.want(draft("U", operation="update", target_key=record.id, payload={"memo": "ours", "version": "1"}))
    assert road.run().rejected == 1
    assert record.values["memo"] == "a person's"
    assert road.platform.overwritten == []
    assert [(intent, kind) for intent, kind, _ in road.quarantined()] == [("U", "conflict")]
    road.want(draft("U", operation="update", target_key=record.id, payload={"memo": "ours", "version": "2"}))
    assert len(road.run().done) == 1
    assert record.values["memo"] == "ours"


def test_updates_of_one_record_arrive_in_their_order_in_requests_of_their_own(road: Road) -> None:
    road.want(draft("C"), draft("D"))
    road.run()
    road.requests.clear()
    ids = {record.key: record.id for record in road.platform.records}
    for number in range(3):
        road.want(draft(f"U{number}", operation="update", target_key=ids["C"], payload={"memo": f"{number}", "version": str(number + 1)}))  # fmt: skip
    road.want(draft("other", operation="update", target_key=ids["D"], payload={"memo": "x", "version": "1"}))
    assert len(road.run().done) == 4
    sent = [request for request in road.requests if any(key.startswith("U") for key in request)]
    assert [key for request in sent for key in request if key.startswith("U")] == ["U0", "U1", "U2"]
    assert all(len([key for key in request if key.startswith("U")]) == 1 for request in sent)
    assert next(record for record in road.platform.records if record.key == "C").values["memo"] == "2"
