"""Several worker processes on one company: each has a session for each request at once, whatever ends, and whoever is killed."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.connectors.sap_business_one.small_business_one import SmallBusinessOne

Start = Callable[[], "Worker"]


class Worker:
    """One worker process, told line by line what to do."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def is_done(self) -> bool:
        assert self.process.stdout is not None
        return self.process.stdout.readline() == "done\n"

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(30) == 0


@contextmanager
def worker(base_url: str) -> Iterator[Worker]:
    module = "tests.connectors.sap_business_one.worker_process"
    command = [sys.executable, "-m", module, base_url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Worker(process)
        finally:
            process.kill()


@pytest.fixture
def start(company: SmallBusinessOne) -> Iterator[Start]:
    with ExitStack() as stack:
        yield lambda: stack.enter_context(worker(company.base_url))


def work(*workers: Worker, reads: str = "18") -> bool:
    """Let them all read at the same time."""
    for one in workers:
        one.say(reads)
    answers = [one.is_done() for one in workers]
    return all(answers)


def sessions_used(company: SmallBusinessOne) -> set[str]:
    return {
        found[1] for one in company.seen if (found := re.search(r"B1SESSION=([^;]+)", one.headers.get("cookie", "")))
    }


def test_a_worker_has_one_session_when_it_ends_midway_when_another_is_killed_and_when_one_takes_its_place(
    company: SmallBusinessOne, start: Start
) -> None:
    first, second = start(), start()
    assert work(first, second)
    assert (company.logins, len(company.sessions)) == (2, 2), "a worker that asks one thing at once has one session"

    company.seen.clear()
    middle = 15
    company.accidents.append(lambda _request: company.expire() if len(company.seen) == middle else None)
    assert work(first, second)
    company.accidents.clear()
    assert len(company.seen) > middle
    assert (company.logins, len(company.sessions)) == (4, 2), "each was renewed once, whichever threads met the 401"

    first.process.kill()
    first.process.wait(30)
    assert work(second)
    assert company.logins == 4, "nobody else's session is any the worse for it"
    third = start()
    company.seen.clear()
    assert work(second, third)
    assert (company.logins, len(sessions_used(company))) == (5, 2), "a new process begins with a session of its own"

    second.end()
    third.end()
    assert len(company.sessions) == 1, "those that end give theirs back; that of the killed one ends of itself (§3)"


def test_a_child_process_leaves_its_parents_session_alone(company: SmallBusinessOne, start: Start) -> None:
    parent = start()
    assert work(parent)
    parents = set(company.sessions)
    assert work(parent, reads="fork")
    assert company.logins == 2, "the child signed in for itself"
    assert company.sessions == parents, "and gave back its own session only"
    assert work(parent)
    assert company.logins == 2
