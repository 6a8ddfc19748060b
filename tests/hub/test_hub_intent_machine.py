"""Law 1 under every interleaving Hypothesis finds: two workers that stall and die, answers that are lost, requests that arrive late.

The target is as unhelpful as can be: it takes a second record under the same key without complaint. The one promise it keeps is
that a request ends within the longest time a request can take. The workers keep theirs: look up what is in doubt after claiming it,
and begin no request after the lease of its sending. Everything else is up to the hub.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from crosswalk.hub import ledger
from crosswalk.hub.database import Connection, Hub
from crosswalk.hub.intents import Claimed, claim, finish, mark_sending, release, replan
from crosswalk.model.records import Outcome, Receipt
from tests.hub.records import after, draft, plan, state

LEASE, LONGEST = 60, 600
NAMES = ("C", "O", "X")  # O waits for C
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
        self.sends: Counter[str] = Counter()

    def key(self, name: str) -> str:
        return f"{self.pairing} {name}"

    def job(self, worker: int, data: st.DataObject, ready: Callable[[Job], bool]) -> Job | None:
        jobs = [job for _, job in sorted(self.workers[worker].jobs.items()) if ready(job)]
        return data.draw(st.sampled_from(jobs)) if jobs else None

    def drop(self, worker: int, job: Job) -> None:
        del self.workers[worker].jobs[job.intent.key]

    def finish(self, connection: Connection, job: Job, outcome: Outcome, **receipt: Any) -> bool:
        answer = Receipt(job.intent.key, outcome, **receipt)
        return finish(connection, job.intent.key, job.intent.epoch, answer, now=after(self.now))

    # --- The planner and the person ---------------------------------------------------------

    @rule(names=st.sets(st.sampled_from(NAMES), min_size=1), wish=st.integers(0, 2))
    def plan(self, names: set[str], wish: int) -> None:
        wanted = names | ({"C"} if "O" in names else set())
        drafts = [
            draft(self.key(name), payload={"wish": wish}, depends_on=self.key("C") if name == "O" else None)
            for name in sorted(wanted)
        ]
        with self.hub.connection() as connection:
            plan(connection, drafts, pairing=self.pairing, now=after(self.now))

    @rule(name=st.sampled_from(NAMES))
    def replay(self, name: str) -> None:
        with self.hub.connection() as connection:
            replan(connection, self.key(name), actor="kim", reason="again", now=after(self.now))

    # --- Time and the target ----------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 20, LEASE, LONGEST - 1, LONGEST]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds

    @precondition(lambda self: any(request.outcome is None for request in self.requests))
    @rule(data=st.data(), refused=st.booleans())
    def a_request_arrives(self, data: st.DataObject, refused: bool) -> None:
        waiting = [
            request for request in self.requests if request.outcome is None and self.now <= request.begun + LONGEST
        ]
        if not waiting:
            return
        request = data.draw(st.sampled_from(waiting))
        request.outcome = Outcome.REJECTED if refused else Outcome.DONE
        self.records[request.key] += not refused

    # --- The workers ------------------------------------------------------------------------

    @rule(worker=st.integers(0, 1), limit=st.integers(1, 3))
    def claims(self, worker: int, limit: int) -> None:
        with self.hub.connection() as connection:
            taken = claim(
                connection, pairing=self.pairing, flow="orders", limit=limit, lease_seconds=LEASE, now=after(self.now)
            )
        self.workers[worker].jobs |= {intent.key: Job(intent) for intent in taken}

    @rule(worker=st.integers(0, 1), data=st.data())
    def looks_up(self, worker: int, data: st.DataObject) -> None:
        job = self.job(worker, data, lambda job: job.intent.in_doubt and not job.looked_up)
        if job is None:
            return
        job.looked_up = True
        if self.records[job.intent.key]:
            with self.hub.connection() as connection:
                self.finish(connection, job, Outcome.DONE, native_id="found", adopted=True)
            self.drop(worker, job)

    @rule(worker=st.integers(0, 1), data=st.data())
    def finds_nothing_and_waits(self, worker: int, data: st.DataObject) -> None:
        job = self.job(worker, data, lambda job: job.looked_up and job.send_until is None)
        if job is not None:
            with self.hub.connection() as connection:
                self.finish(connection, job, Outcome.IN_DOUBT)
            self.drop(worker, job)

    @rule(worker=st.integers(0, 1), data=st.data())
    def asks_to_send(self, worker: int, data: st.DataObject) -> None:
        """Ask whenever nothing was found, however early: to refuse is the hub's part."""
        job = self.job(worker, data, lambda job: job.send_until is None and (job.looked_up or not job.intent.in_doubt))
        if job is None:
            return
        with self.hub.connection() as connection:
            allowed = mark_sending(
                connection,
                job.intent.key,
                job.intent.epoch,
                lease_seconds=LEASE,
                longest_request_seconds=LONGEST,
                now=after(self.now),
            )
        if allowed:
            job.send_until = self.now + LEASE
            self.sends[job.intent.key] += 1

    @rule(worker=st.integers(0, 1), data=st.data())
    def begins_the_request(self, worker: int, data: st.DataObject) -> None:
        job = self.job(
            worker, data, lambda j: j.send_until is not None and j.request is None and self.now <= j.send_until
        )
        if job is not None:
            job.request = Request(job.intent.key, self.now)
            self.requests.append(job.request)

    @rule(worker=st.integers(0, 1), data=st.data(), heard=st.booleans())
    def hears_the_answer_or_gives_up(self, worker: int, data: st.DataObject, heard: bool) -> None:
        job = self.job(worker, data, lambda job: job.request is not None)
        if job is None or job.request is None:
            return
        outcome = job.request.outcome if heard and job.request.outcome else Outcome.IN_DOUBT
        with self.hub.connection() as connection:
            self.finish(connection, job, outcome, native_id="made" if outcome is Outcome.DONE else None)
        self.drop(worker, job)

    @rule(worker=st.integers(0, 1), data=st.data())
    def gives_back_what_it_did_not_send(self, worker: int, data: st.DataObject) -> None:
        job = self.job(worker, data, lambda job: job.request is None)
        if job is not None:
            with self.hub.connection() as connection:
                release(connection, job.intent.key, job.intent.epoch, after(self.now + 5), now=after(self.now))
            self.drop(worker, job)

    @rule(worker=st.integers(0, 1))
    def dies(self, worker: int) -> None:
        self.workers[worker] = Worker()

    # --- The laws ---------------------------------------------------------------------------

    @invariant()
    def nothing_is_made_twice(self) -> None:
        assert all(made <= 1 for made in self.records.values()), self.records

    @invariant()
    def a_child_is_never_made_before_its_parent(self) -> None:
        assert self.records[self.key("C")] or not self.records[self.key("O")]

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
                connection, pairing=self.pairing, flow="orders", limit=9, lease_seconds=LEASE, now=after(self.now)
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
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Deliveries,
        settings=settings(
            max_examples=60,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
