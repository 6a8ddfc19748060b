"""Other users of the account: they create, rename and delete while something is being read."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import requests

from tests.conformance.account import Account
from tests.conformance.vendor import Session

_NAMES = itertools.count(1)


class Traffic:
    """Random work by one user. What was acknowledged is known: ``alive`` (name by id) and ``deleted`` (ids)."""

    def __init__(self, account: Account, seed: int) -> None:
        self.account = account
        self.session: Session = account.sign_in()
        self.alive: dict[str, str] = {}
        self.deleted: set[str] = set()
        self._dice = random.Random(seed)
        self._done = 0
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._ended = False

    def step(self) -> None:
        """Do one thing: mostly create, often rename, sometimes delete."""
        profile, dice = self.account.profile, self._dice.random()
        name = f"Traffic {next(_NAMES)}"
        if len(self.alive) < 4 or dice < 0.4:
            self.alive[profile.create(self.session, name)] = name
        elif dice < 0.8:
            key = self._dice.choice(sorted(self.alive))
            profile.rename(self.session, key, name)
            self.alive[key] = name
        else:
            key = self._dice.choice(sorted(self.alive))
            profile.delete(self.session, key)
            del self.alive[key]
            self.deleted.add(key)

    def steps(self, count: int) -> None:
        """Do so many things, here and now."""
        for _ in range(count):
            self.step()

    def wait_for(self, more: int) -> None:
        """Wait until the working thread did so many more things."""
        with self._changed:
            goal = self._done + more
            self._changed.wait_for(lambda: self._done >= goal or self._ended, 30)
            assert self._done >= goal, "the traffic stands still"

    @contextmanager
    def flowing(self, *, until_cut: bool = False) -> Iterator[None]:
        """Work in a thread while the block runs; ``until_cut`` ends quietly when the connection is cut."""
        self._stop.clear()
        self._ended = False
        with ThreadPoolExecutor(1) as thread:
            work = thread.submit(self._work, until_cut)
            try:
                yield
            finally:
                self._stop.set()
                work.result()  # what went wrong there is what the test fails with

    def _work(self, until_cut: bool) -> None:
        try:
            while not self._stop.is_set():
                self.step()
                with self._changed:
                    self._done += 1
                    self._changed.notify_all()
        except requests.ConnectionError:
            if not until_cut:
                raise
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()


def most_at_once(requests_made: Sequence[dict[str, Any]]) -> int:
    """Return how many of these requests the emulator served at the same time, at most."""
    edges = []
    for one in requests_made:
        end = datetime.fromisoformat(one["at"])
        edges += [(end - timedelta(seconds=one["seconds"]), 1), (end, -1)]
    return max(itertools.accumulate(change for _, change in sorted(edges)), default=0)
