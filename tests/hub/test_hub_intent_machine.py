"""Law 1 under every interleaving Hypothesis finds: two workers that stall and die, answers that are lost, requests that arrive late.

The target is as unhelpful as can be: it takes a second record under the same key without complaint. The one promise it keeps is
that a request ends within the longest time a request can take. The workers keep theirs: look up what is in doubt after claiming it,
and begin no request after the lease of its sending. Everything else is up to the hub.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from crosswalk.hub import ledger
from crosswalk.hub.database import Connection, Hub
from crosswalk.hub.intents import Claimed, claim, finish, mark_sending, release, replan
from crosswalk.model.records import Outcome, Receipt
from tests.hub.records import after, draft, plan, state

LEASE, LONGEST = 60, 600
NAMES = ("C", "O", "X")  # O waits for C
ROUNDS = range(6)
TURNS = ("arrives", "takes its time", "is refused", "answer is lost", "waits", "gives back", "last job")
_numbers = count(1)


@dataclass
class Request:
    """A request on its way: it may arrive until ``begun`` plus the longest time, or never."""

    key: str
    begun: float
    outcome: Outcome | None = None


@dataclass
class Job:
    """What a worker knows of an intent it claimed."""

    intent: Claimed
    looked_up: bool = False
    send_until: float | None = None
    request: Request | None = None


@dataclass
class Worker:
    """Everything a crash forgets."""

    jobs: dict[str, Job] = field(default_factory=dict)


class Deliveries(RuleBasedStateMachine):
    """Two workers deliver three intents into one target."""

    hub: ClassVar[Hub]

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.pairing = f"pairing {next(_numbers)}"
        self.records: Counter[str] = Counter()
        self.requests: list[Request] = []
        self.workers = [Worker(), Worker()]
        self.steps = 0
        self.sends: Counter[str] = Counter()

    def key(self, name: str, number: int) -> str:
        return f"{self.pairing} {number} {name}"

    def finish(self, connection: Connection, job: Job, outcome: Outcome, **receipt: Any) -> bool:
        answer = Receipt(job.intent.key, outcome, **receipt)
        return finish(connection, job.intent.key, job.intent.epoch, answer, now=after(self.now))

    # --- The planner and the person ---------------------------------------------------------

    @initialize()
    def begin(self) -> None:
        self.plan(0, NAMES, 0)

    @rule(dice=st.integers(0, 2**32 - 1))
    def something_happens(self, dice: int) -> None:
        """One throw decides what happens, by weights: a uniform choice would seldom bring a request far enough to go wrong."""
        self.steps += 1
        chance = random.Random(f"{dice} {self.steps}")
        happenings = [
            self.a_worker_works,
            self.time_passes,
            self.a_request_arrives,
            self.someone_plans,
            self.a_worker_dies,
            self.someone_replays,
        ]
        (happening,) = chance.choices(happenings, weights=[60, 12, 12, 6, 5, 5])
        happening(chance)

    def someone_plans(self, chance: random.Random) -> None:
        names = {*chance.sample(NAMES, chance.randint(1, 3))}
        self.plan(chance.choice(ROUNDS), sorted(names | ({"C"} if "O" in names else set())), chance.randrange(3))

    def plan(self, number: int, names: Iterable[str], wish: int) -> None:
        parent = self.key("C", number)
        drafts = [
            draft(self.key(n, number), payload={"wish": wish}, depends_on=parent if n == "O" else None) for n in names
        ]
        with self.hub.connection() as connection:
            plan(connection, drafts, pairing=self.pairing, now=after(self.now))

    def someone_replays(self, chance: random.Random) -> None:
        with self.hub.connection() as connection:
            key = self.key(chance.choice(NAMES), chance.choice(ROUNDS))
            replan(connection, key, actor="kim", reason="again", now=after(self.now))

    # --- Time and the target ----------------------------------------------------------------

    def time_passes(self, chance: random.Random) -> None:
        (seconds,) = chance.choices([1, 20, LEASE, LONGEST - 1, LONGEST], weights=[3, 3, 6, 1, 1])
        self.now += seconds

    def a_request_arrives(self, chance: random.Random) -> None:
        waiting = [
            request for request in self.requests if request.outcome is None and self.now <= request.begun + LONGEST
        ]
        if waiting:
            self.arrive(chance.choice(waiting), refused=chance.random() < 0.2)

    def arrive(self, request: Request, refused: bool) -> None:
        request.outcome = Outcome.REJECTED if refused else Outcome.DONE
        self.records[request.key] += not refused

    # --- The workers ------------------------------------------------------------------------

    def a_worker_works(self, chance: random.Random) -> None:
        worker = chance.choice(self.workers)
        for _ in range(chance.randint(1, 3)):
            (turn,) = chance.choices(TURNS, weights=[4, 4, 1, 1, 1, 1, 1])
            with self.hub.connection() as connection:
                self.step(connection, worker, turn)

    def a_worker_dies(self, chance: random.Random) -> None:
        self.workers[chance.randrange(2)] = Worker()

    def step(self, connection: Connection, worker: Worker, turn: str) -> None:
        if not worker.jobs:
            self.claim(connection, worker)
            return
        job = worker.jobs[min(worker.jobs) if turn != "last job" else max(worker.jobs)]
        if job.request is not None:
            self.hear(connection, worker, job, turn)
        elif turn == "gives back" or (job.send_until is not None and self.now > job.send_until):
            self.give_back(connection, worker, job)
        elif job.send_until is not None:
            self.send(job, turn)
        elif job.intent.in_doubt and not job.looked_up:
            self.look_up(connection, worker, job)
        elif job.looked_up and turn == "waits":
            self.wait(connection, worker, job)
        else:  # it asks however early it is: to refuse is the hub's part
            self.ask(connection, worker, job)

    def claim(self, connection: Connection, worker: Worker) -> None:
        taken = claim(
            connection, pairing=self.pairing, flow="orders", limit=2, lease_seconds=LEASE, now=after(self.now)
        )
        worker.jobs |= {intent.key: Job(intent) for intent in taken}

    def look_up(self, connection: Connection, worker: Worker, job: Job) -> None:
        job.looked_up = True
        if self.records[job.intent.key]:
            self.finish(connection, job, Outcome.DONE, native_id="found", adopted=True)
            del worker.jobs[job.intent.key]

    def wait(self, connection: Connection, worker: Worker, job: Job) -> None:
        self.finish(connection, job, Outcome.IN_DOUBT)
        del worker.jobs[job.intent.key]

    def ask(self, connection: Connection, worker: Worker, job: Job) -> None:
        key, epoch = job.intent.key, job.intent.epoch
        now = after(self.now)
        if mark_sending(connection, key, epoch, lease_seconds=LEASE, longest_request_seconds=LONGEST, now=now):
            job.send_until = self.now + LEASE
            self.sends[key] += 1

    def send(self, job: Job, turn: str) -> None:
        job.request = Request(job.intent.key, self.now)
        self.requests.append(job.request)
        if turn in ("arrives", "is refused"):
            self.arrive(job.request, refused=turn == "is refused")

    def hear(self, connection: Connection, worker: Worker, job: Job, turn: str) -> None:
        assert job.request is not None
        outcome = job.request.outcome if job.request.outcome and turn != "answer is lost" else Outcome.IN_DOUBT
        self.finish(connection, job, outcome, native_id="made" if outcome is Outcome.DONE else None)
        del worker.jobs[job.intent.key]

    def give_back(self, connection: Connection, worker: Worker, job: Job) -> None:
        """Nothing was sent under this claim."""
        release(connection, job.intent.key, job.intent.epoch, after(self.now + 5), now=after(self.now))
        del worker.jobs[job.intent.key]

    # --- The laws ---------------------------------------------------------------------------

    @invariant()
    def nothing_is_made_twice(self) -> None:
        assert all(made <= 1 for made in self.records.values()), self.records

    @invariant()
    def a_child_is_never_made_before_its_parent(self) -> None:
        assert all(self.records[self.key("C", n)] or not self.records[self.key("O", n)] for n in ROUNDS)

    def teardown(self) -> None:
        """When the trouble ends, everything that is wanted and not refused gets made, once, and the ledger knows every sending."""
        self.workers = [Worker(), Worker()]
        for _ in range(8):
            self.now += LEASE + LONGEST
            self.deliver_without_trouble()
        with self.hub.connection() as connection:
            rows = connection.execute(
                "select key, status, attempt from hub.intent where pairing = %s", (self.pairing,)
            ).fetchall()
            for key, status, attempt in rows:
                assert status in ("done", "rejected", "held"), (key, status)
                assert self.records[key] == (status == "done") or status == "rejected"
                told = [entry.kind for entry in ledger.intent_history(connection, key)]
                assert told.count("sending") == attempt == self.sends[key]
                assert status != "held" or state(connection, key, "held_reason") == "parent"
        self.nothing_is_made_twice()

    def deliver_without_trouble(self) -> None:
        with self.hub.connection() as connection:
            for intent in claim(
                connection, pairing=self.pairing, flow="orders", limit=99, lease_seconds=LEASE, now=after(self.now)
            ):
                job = Job(intent)
                if intent.in_doubt and self.records[intent.key]:
                    assert self.finish(connection, job, Outcome.DONE, native_id="found", adopted=True)
                elif mark_sending(connection, intent.key, intent.epoch, now=after(self.now)):
                    self.sends[intent.key] += 1
                    self.records[intent.key] += 1
                    assert self.finish(connection, job, Outcome.DONE, native_id="made")
                else:
                    assert self.finish(connection, job, Outcome.IN_DOUBT)


@pytest.mark.timeout(300)
def test_no_interleaving_of_two_workers_makes_a_record_twice_or_loses_one(hub: Hub) -> None:
    Deliveries.hub = hub
    run_state_machine_as_test(
        Deliveries,
        settings=settings(
            max_examples=30,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
