"""Every way one round of customer and order creation can be disturbed, one after the other, each run to its end.

A round is plan → gate → deliver → settle, as the DAG runs it. Its I/O boundaries are the hub's transactions and the connector's
calls, numbered in the order they happen. A schedule picks one boundary of worker A, what goes wrong there, and what a second worker
does meanwhile. Afterwards recovery runs come, each with the clock further on, until nothing is left to do.

Everything is in one thread, so that a schedule is the same every time: the second worker runs inside the first one's boundary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

import psycopg

from crosswalk.hub.database import Connection, Hub
from crosswalk.model.errors import InDoubtError, TransientError
from crosswalk.model.records import Outcome, Receipt, Write

T = TypeVar("T")

HUB_FAULTS = ("crash before", "crash inside", "crash after", "reply lost", "refused", "commits late")
READ_FAULTS = ("crash before", "crash after", "reply lost")
WRITE_FAULTS = (
    "crash before",
    "crash after",
    "reply lost",
    "5xx after commit",
    "never arrives",
    "commits late",
    "crash, commits late",
    "refused",
)
SECOND_WORKERS = {
    "one worker": None,
    "two at once": 0.0,
    "two, the first asleep past its lease": 91.0,
    "two, the first asleep past everything": 3000.0,
    "run twice": 0.0,
}
"""What the second worker does at the boundary, and how many seconds the first one sleeps there before."""

LATEST = 90 + 1200 + 900 - 1
"""Seconds after its sending was recorded that the target still may execute a request."""

RECOVERIES = (91, 600, LATEST - 691, 2, 3000, 3000, 3000)
"""Seconds between the runs that put things right."""


class Crash(BaseException):
    """The worker is gone: nothing of it runs any more."""


@dataclass(frozen=True, slots=True)
class Boundary:
    """One I/O of a calm round."""

    number: int
    name: str

    @property
    def faults(self) -> Sequence[str]:
        """What can go wrong there. Only delivery's transactions may be left open: others wait for the landing's and the planner's."""
        if self.name == "call deliver":
            return WRITE_FAULTS
        if self.name.startswith("call"):
            return READ_FAULTS
        return HUB_FAULTS if self.name == "hub deliver" else HUB_FAULTS[:-1]


@dataclass(frozen=True, slots=True)
class Schedule:
    """One way a round is disturbed."""

    boundary: Boundary
    fault: str
    second: str

    def __str__(self) -> str:
        return f"{self.boundary.number} {self.boundary.name}: {self.fault}; {self.second}"


class AtOnce(Executor):
    """Runs each job in the caller's thread, so that a round always does the same things in the same order."""

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def submit(self, job: Callable[..., T], /, *given: Any, **named: Any) -> Future[T]:
        future: Future[T] = Future()
        future.set_result(job(*given, **named))
        return future


@dataclass
class Clock:
    """The hub's clock, which the schedule sets."""

    at: datetime

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class Watch:
    """Counts one worker's boundaries and disturbs one of them. ``meanwhile`` is what the second worker does there."""

    clock: Clock
    schedule: Schedule | None = None
    meanwhile: Callable[[], None] = lambda: None
    passed: list[Boundary] = field(default_factory=list)
    stage: str = ""
    struck: bool = False

    def reached(self, name: str) -> str | None:
        """Note a boundary; return what goes wrong at it, if anything."""
        here = Boundary(len(self.passed), name)
        self.passed.append(here)
        if self.schedule is None or self.struck or here != self.schedule.boundary:
            return None
        self.struck = True
        pause = SECOND_WORKERS[self.schedule.second]
        if pause is not None and self.schedule.second != "run twice":
            self.clock.sleep(pause)
            self.meanwhile()
        return self.schedule.fault

    def twice(self, fault: str | None) -> None:
        """Let the second copy of the task run now that the boundary's effect is there."""
        if fault is not None and self.schedule is not None and self.schedule.second == "run twice":
            self.meanwhile()

    def call(self, name: str, call: Callable[[], object], writes: Sequence[Write], hold_back: Any) -> object:
        """Make a connector's call, or what is left of it."""
        fault = self.reached(f"call {name}")
        if fault == "crash before":
            self.twice(fault)
            raise Crash
        if fault in ("refused", "never arrives", "commits late", "crash, commits late"):
            if "commits late" in fault:
                hold_back(writes, LATEST)
            self.twice(fault)
            if fault == "crash, commits late":
                raise Crash
            raise (TransientError if fault == "refused" else InDoubtError)(f"{name}: {fault}")
        answer = call()
        self.twice(fault)
        if fault == "crash after":
            raise Crash
        if fault == "reply lost":
            raise (InDoubtError if writes else TransientError)(f"{name}: {fault}")
        if fault == "5xx after commit":
            return [Receipt(write.intent_key, Outcome.IN_DOUBT, message=fault) for write in writes]
        return answer


class _UndoneError(Exception):
    """Rolls a transaction back."""


class WatchedHub(Hub):
    """A hub whose transactions are boundaries of one worker."""

    def __init__(self, hub: Hub, watch: Watch) -> None:
        self._hub, self._watch = hub, watch
        self.dsn = hub.dsn

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        fault = self._watch.reached(f"hub {self._watch.stage}")
        if fault in ("crash before", "refused"):
            self._watch.twice(fault)
            raise Crash if fault == "crash before" else psycopg.OperationalError("the server closed the connection")
        undone = False
        try:
            with self._hub.connection() as connection:
                yield connection
                if fault == "crash inside":
                    undone = True
                    raise _UndoneError
                if fault == "commits late":
                    self._watch.clock.sleep(91)
                    self._watch.meanwhile()
        except _UndoneError:
            if not undone:
                raise
        self._watch.twice(fault)
        if fault in ("crash inside", "crash after", "commits late"):
            raise Crash
        if fault == "reply lost":
            raise psycopg.OperationalError("the connection was lost while committing")
