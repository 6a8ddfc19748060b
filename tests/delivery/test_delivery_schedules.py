"""Laws 1, 2 and 13 at every I/O boundary of customer and order creation: nothing twice, nothing lost, no order without its customer.

A schedule is one boundary, what goes wrong there, and what a second worker does meanwhile (``schedules``). The platform is as unhelpful
as can be: requests arrive as late as they may, and without unique keys it takes the same record again. One schedule is left out there:
a worker that falls asleep inside the request itself, for longer than a lease, a wait and a request together. Against that only the
target's help is proof, and with unique keys it is among the schedules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pytest

from crosswalk.delivery.dispatch import Delivery, Tally
from crosswalk.hub.database import Hub
from crosswalk.hub.intents import claim
from crosswalk.model.records import Outcome
from tests.delivery.rounds import STAGES, Rounds
from tests.delivery.schedules import SECOND_WORKERS, Boundary, Schedule

ASLEEP = [second for second in SECOND_WORKERS if "asleep" in second]
AWAKE = [second for second in SECOND_WORKERS if second not in ASLEEP]
PAST_EVERYTHING = ASLEEP[-1]


def schedules(boundaries: Iterable[Boundary], seconds: Iterable[str]) -> Iterator[Schedule]:
    """Yield every disturbance of every boundary, with each of these second workers."""
    for boundary in boundaries:
        for fault in boundary.faults:
            for second in seconds:
                yield Schedule(boundary, fault, second)


def failures(rounds: Rounds, chosen: Iterable[Schedule], capsys: pytest.CaptureFixture[str]) -> dict[str, list[str]]:
    """Play the schedules; return those that end wrong, and print how many there were."""
    played, wrong = 0, {}
    for schedule in chosen:
        played += 1
        if found := rounds.play(schedule):
            wrong[str(schedule)] = found
    with capsys.disabled():
        keys = "unique keys" if rounds.unique else "no unique keys"
        how = f"{' → '.join(rounds.stages)}, {keys}, {rounds.delivery.__name__}"
        print(f"\n{played} schedules ({how}): {len(wrong)} end wrong; {rounds.recoveries} recovery runs")
    assert played > 20
    return wrong


@pytest.mark.timeout(300)
def test_no_disturbance_of_a_whole_round_makes_a_record_twice_or_loses_one(
    shared_hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds = Rounds(shared_hub)
    boundaries = rounds.boundaries()
    assert {boundary.name.split()[1] for boundary in boundaries} >= {*STAGES, "fetch"}
    delivering = [one for one in boundaries if one.name.endswith("deliver")]
    around = [one for one in boundaries if one not in delivering]
    chosen = [*schedules(delivering, AWAKE[:1]), *schedules(around, AWAKE[:2])]
    assert failures(rounds, chosen, capsys) == {}


@pytest.mark.timeout(300)
def test_no_second_worker_makes_a_record_twice_where_keys_are_unique(
    shared_hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds = Rounds(shared_hub, stages=("deliver",))
    assert failures(rounds, schedules(rounds.boundaries(), [*AWAKE[1:], *ASLEEP]), capsys) == {}


@pytest.mark.timeout(300)
def test_no_disturbance_makes_a_record_twice_where_keys_are_not_unique(
    shared_hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds = Rounds(shared_hub, unique=False, stages=("deliver",))
    chosen = [
        one
        for one in schedules(rounds.boundaries(), SECOND_WORKERS)
        if (one.boundary.name, one.second) != ("call deliver", PAST_EVERYTHING)
    ]
    assert failures(rounds, chosen, capsys) == {}


@dataclass(frozen=True, slots=True)
class Reckless(Delivery):
    """A delivery that sends first and records afterwards, and sends again what went wrong: what law 1 is for."""

    def run(self) -> Tally:
        tally = Tally()
        while ready := self._ready():
            for intent in ready:
                (receipt,) = self.connector.deliver([self.write_of(intent)])
                if receipt.outcome is not Outcome.DONE:
                    return tally
                with self.hub.connection() as connection:
                    connection.execute(
                        "update hub.intent set status = 'done', target_key = %s where key = %s",
                        (receipt.native_id, intent.key),
                    )
        return tally

    def _ready(self):
        with self.hub.connection() as connection:
            return claim(connection, pairing=self.pairing, flow=self.flow, limit=9, lease_seconds=0, now=self.now())


def test_without_intents_the_same_schedules_find_duplicates(
    shared_hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds = Rounds(shared_hub, unique=False, delivery=Reckless, stages=("deliver",))
    chosen = [one for one in schedules(rounds.boundaries(), AWAKE[:1]) if one.boundary.name == "call deliver"]
    wrong = failures(rounds, chosen, capsys)
    assert any("exists 2 times" in sentence for found in wrong.values() for sentence in found)
