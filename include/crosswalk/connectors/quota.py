"""Limits of the vendor accounts: how many requests at once, how many a day; shared by threads or by all workers.

A *lane* is what the request is for. The lane ``bulk`` leaves ``reserved`` slots free, so that an order never waits
for a full load.
"""

from __future__ import annotations

import os
import random
import threading
import time
import zlib
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

import psycopg
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_random_exponential

from crosswalk.model.errors import RateLimitedError

BULK = "bulk"
_DAY = 86_400
_LOCK_CLASS = 0x43574C4B  # advisory locks have one name space per database: this is ours


@dataclass(frozen=True, slots=True)
class SystemLimits:
    """What one account bears. ``per_day`` is the vendor's allowance, of which we take ``share``; None is no limit."""

    concurrent: int | None = None
    per_day: int | None = None
    share: float = 0.7
    reserved: int = 1

    def slots(self, lane: str) -> int | None:
        """Return how many requests of this lane may run at once."""
        if self.concurrent is None or lane != BULK:
            return self.concurrent
        return max(1, self.concurrent - self.reserved)

    @property
    def budget(self) -> int | None:
        """Our part of the daily allowance, in calls."""
        return None if self.per_day is None else int(self.per_day * self.share)


class Quota(Protocol):
    """Where the transport asks before each request."""

    def slot(self, system: str, lane: str = BULK) -> AbstractContextManager[None]:
        """Hold one of the account's concurrency slots; raises RateLimitedError when none gets free in time."""
        ...

    def spend(self, system: str, calls: int = 1) -> None:
        """Count calls against the daily budget; raises RateLimitedError, counting nothing, when it is used up."""
        ...

    def used(self, system: str, window_seconds: int = _DAY) -> int:
        """Return the calls counted in the window."""
        ...


def _spent(system: str, used: int, budget: int) -> RateLimitedError:
    return RateLimitedError(
        f"{system}: {used} of the {budget} calls a day that this project may take are used.",
        hint=f"Pulls go on when the rolling day frees calls; or raise `per_day` or `share` of {system} in the pairing.",
        system=system,
        retry_after=3600 - time.time() % 3600,
    )


def _crowded(system: str, slots: int, waited: float) -> RateLimitedError:
    return RateLimitedError(
        f"{system}: all {slots} request slots were taken for {waited:.0f} s.",
        hint=f"Lower the parallelism of the pool of {system}, or raise `concurrent` when the account bears more.",
        system=system,
        retry_after=300.0,  # longer than the transport sleeps: the task gives its worker back
    )


class LocalQuota:
    """Limits shared by the threads of one process; for use without a hub."""

    def __init__(self, limits: Mapping[str, SystemLimits] | None = None, *, patience: float = 120.0) -> None:
        self._limits = dict(limits or {})
        self._patience = patience
        self._freed = threading.Condition()
        self._taken: dict[str, int] = {}
        self._calls: dict[str, deque[float]] = {}

    @contextmanager
    def slot(self, system: str, lane: str = BULK) -> Iterator[None]:
        """Hold one slot of this process."""
        slots = self._limits.get(system, SystemLimits()).slots(lane)
        with self._freed:
            free = self._freed.wait_for(lambda: slots is None or self._taken.get(system, 0) < slots, self._patience)
            if not free:
                raise _crowded(system, slots or 0, self._patience)
            self._taken[system] = self._taken.get(system, 0) + 1
        try:
            yield
        finally:
            with self._freed:
                self._taken[system] -= 1
                self._freed.notify_all()

    def spend(self, system: str, calls: int = 1) -> None:
        """Count calls of this process."""
        budget = self._limits.get(system, SystemLimits()).budget
        with self._freed:
            used = self._count(system, _DAY)
            if budget is not None and used + calls > budget:
                raise _spent(system, used, budget)
            self._calls.setdefault(system, deque()).extend([time.monotonic()] * calls)

    def used(self, system: str, window_seconds: int = _DAY) -> int:
        """Return the calls of this process in the window."""
        with self._freed:
            return self._count(system, window_seconds)

    def _count(self, system: str, window: float) -> int:
        calls, now = self._calls.setdefault(system, deque()), time.monotonic()
        while calls and calls[0] <= now - _DAY:
            calls.popleft()
        return sum(1 for at in calls if at > now - window)


class PostgresQuota:
    """Limits shared by every process that uses the hub.

    A slot is a session-level advisory lock, so that Postgres frees the slots of a killed process by itself.
    Calls are counted in ``quota_usage`` in hourly buckets; a day is the last 24 to 25 hours.
    """

    def __init__(self, dsn: str, limits: Mapping[str, SystemLimits], *, patience: float = 120.0) -> None:
        self._dsn = dsn
        self._limits = dict(limits)
        self._patience = patience
        self._lock = threading.Lock()  # one connection per process, used by one thread at a time
        self._connection: psycopg.Connection | None = None
        self._owner = 0
        self._held: set[tuple[str, int]] = set()  # advisory locks are re-entrant within a session: count our own here

    @contextmanager
    def slot(self, system: str, lane: str = BULK) -> Iterator[None]:
        """Hold one slot among all processes."""
        slots = self._limits.get(system, SystemLimits()).slots(lane)
        number = None if slots is None else self._wait_for_slot(system, slots)
        try:
            yield
        finally:
            if number is not None:
                self._release(system, number)

    def spend(self, system: str, calls: int = 1) -> None:
        """Count calls of all processes; the check and the count are one statement."""
        budget = self._limits.get(system, SystemLimits()).budget
        counted = self._execute(_SPEND, {"system": system, "calls": calls, "budget": budget, "window": _DAY})
        if counted is None:
            raise _spent(system, self.used(system), budget or 0)

    def used(self, system: str, window_seconds: int = _DAY) -> int:
        """Return the calls of all processes in the window."""
        row = self._execute(_USED, {"system": system, "window": window_seconds})
        return int(str(row[0])) if row else 0

    def close(self) -> None:
        """Give up the connection and with it every slot."""
        with self._lock:
            self._forget()

    def _wait_for_slot(self, system: str, slots: int) -> int:
        until = time.monotonic() + self._patience
        while True:
            for number in random.sample(range(slots), slots):
                if self._try(system, number):
                    return number
            if time.monotonic() >= until:
                raise _crowded(system, slots, self._patience)
            time.sleep(random.uniform(0.02, 0.1))  # noqa: S311 - spreads the workers, protects nothing

    def _try(self, system: str, number: int) -> bool:
        with self._lock:
            if (system, number) in self._held:
                return False
            row = self._execute_locked("select pg_try_advisory_lock(%(name)s)", {"name": _lock_name(system, number)})
            if row is None or not row[0]:
                return False
            self._held.add((system, number))
            return True

    def _release(self, system: str, number: int) -> None:
        with self._lock:
            self._held.discard((system, number))
            with suppress(psycopg.OperationalError):  # the session is gone and its locks with it
                if self._connection is not None and self._owner == os.getpid():
                    self._connection.execute("select pg_advisory_unlock(%s)", (_lock_name(system, number),))

    def _execute(self, statement: str, values: Mapping[str, object]) -> tuple[object, ...] | None:
        with self._lock:
            return self._execute_locked(statement, values)

    @retry(
        retry=retry_if_exception_type(psycopg.OperationalError),
        wait=wait_random_exponential(multiplier=0.1, max=5),
        stop=stop_after_delay(60),
        reraise=True,
    )
    def _execute_locked(self, statement: str, values: Mapping[str, object]) -> tuple[object, ...] | None:
        try:
            return self._session().execute(statement, values).fetchone()
        except psycopg.OperationalError:
            self._forget()
            raise

    def _session(self) -> psycopg.Connection:
        if self._connection is None or self._owner != os.getpid() or self._connection.closed:
            if self._owner != os.getpid():
                self._connection, self._held = None, set()  # the parent's session stays the parent's
            self._connection = psycopg.connect(self._dsn, autocommit=True, application_name="crosswalk quota")
            self._connection.execute("set search_path to hub, public")
            self._connection.execute("set synchronous_commit to off")  # a count lost in a crash does no harm
            self._owner = os.getpid()
        return self._connection

    def _forget(self) -> None:
        if self._connection is not None and self._owner == os.getpid():
            with suppress(psycopg.OperationalError):
                self._connection.close()
        self._connection = None


def _lock_name(system: str, number: int) -> int:
    """64 bits: 31 of ours, then 24 of the system's name and 8 of the slot's number."""
    return ((_LOCK_CLASS & 0x7FFFFFFF) << 32) | ((zlib.crc32(system.encode()) & 0xFFFFFF) << 8) | (number & 0xFF)


_USED = """
select coalesce(sum(calls), 0) from quota_usage
where system = %(system)s and bucket >= date_trunc('hour', now() - make_interval(secs => %(window)s))
"""

# The bucket's row is read as its last writer left it, the other buckets do not change any more: two workers cannot both take the last call.
_SPEND = f"""
insert into quota_usage as total (system, bucket, calls)
select %(system)s, date_trunc('hour', now()), %(calls)s
where %(budget)s::bigint is null or ({_USED}) + %(calls)s <= %(budget)s
on conflict (system, bucket) do update set calls = total.calls + excluded.calls
where %(budget)s::bigint is null
   or ({_USED} and bucket < date_trunc('hour', now())) + total.calls + excluded.calls <= %(budget)s
returning calls
"""
