"""A running emulator as a black box: a process with a port, a control endpoint and nothing else."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from crosswalk_sandbox.kernel.clock import Clock
from crosswalk_sandbox.kernel.processes import wait_ready
from crosswalk_sandbox.kernel.registry import entry
from crosswalk_sandbox.kernel.server import bind, running
from crosswalk_sandbox.kernel.state import State
from tests.conformance.vendor import TIMEOUT, EmulatorProfile, Session

INCLUDE = Path(__file__).parents[2] / "include"
# Emulators live years ahead of the machine: whoever takes our clock for the vendor's is found out everywhere.
PRESENT = datetime(2031, 6, 10, 9, 30, tzinfo=UTC)


@dataclass
class Account:
    """One account of one vendor, reached over HTTP."""

    profile: EmulatorProfile
    base_url: str

    def control(self, method: str, path: str, /, **values: Any) -> Any:
        """Call the sandbox's own routes; a refusal fails the test."""
        url = f"{self.base_url}/__sandbox__/{path}"
        answer = requests.request(method, url, json=values or None, timeout=TIMEOUT)
        assert answer.ok, f"{method} {path}: {answer.text[:300]}"
        return answer.json()

    @property
    def access(self) -> dict[str, Any]:
        """The access document."""
        found: dict[str, Any] = self.control("GET", "state")["access"]
        return found

    @property
    def now(self) -> datetime:
        """The emulator's present."""
        return datetime.fromisoformat(self.control("GET", "clock")["now"])

    def sign_in(self, flow: str | None = None) -> Session:
        """Return a session of the named flow, of the usual one without."""
        chosen = self.profile.flow(flow)
        credentials = chosen.pick(self.access)
        answer = chosen.attempt(self.base_url, credentials)
        assert answer.status_code == 200, f"{chosen.name} was refused: {answer.text[:300]}"
        return Session(self.base_url, chosen.sign(credentials, answer))

    def fault(self, kind: str, path: str = "", **rule: Any) -> int:
        """Arm a fault; returns its number."""
        number: int = self.control("POST", "faults", kind=kind, path=path, **rule)["number"]
        return number

    def calm(self) -> None:
        """Take every fault and the latency away, let time run, and count requests anew."""
        self.control("DELETE", "faults")
        self.control("POST", "latency", seconds=0)
        self.control("DELETE", "requests")

    def thaw(self) -> None:
        """Let a frozen clock go on from where it stands."""
        self.control("POST", "clock", now=self.now.isoformat())

    def requests(self) -> list[dict[str, Any]]:
        """The last requests: ``method``, ``path``, ``status``, ``at`` (end) and ``seconds``."""
        found: list[dict[str, Any]] = self.control("GET", "requests?recent=1000")["recent"]
        return found


@dataclass
class Process(Account):
    """An account whose emulator runs in a process of its own, as `crosswalk sandbox serve` starts it."""

    folder: Path = field(default_factory=Path)
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start on the same folder and port as ever."""
        name = self.profile.platform
        options = [part for pair in self.profile.options.items() for part in ("--set", "=".join(pair))]
        state = State(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        with state.log_file(name).open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "crosswalk_sandbox", "serve", name, "--state", str(self.folder)),
                    *("--seed", "7", "--scale", "0.05", "--port", str(self.port), *options),
                ],
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": str(INCLUDE)},
            )
        wait_ready(state, entry(name), self.process, self.port, 60)

    def kill(self) -> None:
        """End it at once, as `kill -9` does."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def free_port() -> int:
    """Return a port that stays free while the emulator is down: outside the range from which connections get theirs."""
    for port in random.SystemRandom().sample(range(20_000, 32_000), 50):
        try:
            bind(port).close()
        except OSError:
            continue
        return port
    raise AssertionError("no port from 20000 to 31999 is free")


@contextmanager
def process(profile: EmulatorProfile, folder: Path) -> Iterator[Process]:
    """Run the emulator in a process of its own, its clock years ahead."""
    port = free_port()
    account = Process(profile, f"http://127.0.0.1:{port}", folder=folder, port=port)
    account.start()
    try:
        account.control("POST", "clock", now=PRESENT.isoformat())
        yield account
    finally:
        account.kill()


@contextmanager
def neighbour(profile: EmulatorProfile, folder: Path) -> Iterator[Account]:
    """Run one more account of the vendor in this process."""
    from crosswalk_sandbox.company.generate import generate
    from crosswalk_sandbox.company.model import Size

    clock = Clock(None)
    emulator = entry(profile.platform).factory()(folder, clock, {})
    try:
        emulator.load(generate(7, size=Size(accounts=5, products=20, deals=5)))
        with running(emulator, clock=clock) as base_url:
            yield Account(profile, base_url)
    finally:
        emulator.close()


def secrets_in(access: Mapping[str, Any]) -> dict[str, str]:
    """Return the secrets of an access document by name; of a key in PEM form a line from its middle."""
    found: dict[str, str] = {}
    for name, value in access.items():
        if isinstance(value, Mapping):
            found |= {f"{name}.{inner}": secret for inner, secret in secrets_in(value).items()}
        elif isinstance(value, str) and _SECRET.search(name) and not value.startswith("http"):
            found[name] = value.splitlines()[2] if "PRIVATE KEY" in value and value.count("\n") > 3 else value
    return found


_SECRET = re.compile(r"secret|password|token|private_key")
