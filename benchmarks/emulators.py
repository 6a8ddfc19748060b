"""Emulators in processes of their own, and what a benchmark asks of them."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from benchmarks.measure import peak_mb, process_cpu, resident_mb
from benchmarks.ports import free_port
from crosswalk.connectors.settings import ConnectionSettings
from crosswalk_airflow.local import sandbox

PATIENCE = 3_600.0  # seconds for loading the company
TOKENS = ("/token", "/Soap/", "/Login", "/Logout")  # paths of sign-in requests; they are no calls of the API


@dataclass(frozen=True, slots=True)
class Emulator:
    """One emulator that is serving."""

    name: str
    base_url: str
    loading: float  # seconds until it answered
    process: int = 0  # its process id; 0 when somebody else started it

    def access(self) -> dict[str, Any]:
        """Return its credentials, for every way to sign in."""
        found: dict[str, Any] = self._control("GET", "state")["access"]
        return found

    def settings(self) -> ConnectionSettings:
        """Return the connection that an Airflow connection would hold."""
        connection = sandbox.connection_to(self.name, self.access())
        extra = {name: str(value) for name, value in json.loads(str(connection["extra"])).items()}
        login, password = connection.get("login"), connection.get("password")
        return ConnectionSettings(
            login=None if login is None else str(login),
            password=None if password is None else str(password),
            extra=extra,
        )

    def cpu(self) -> float:
        """Return the CPU that its process has used, in seconds."""
        return process_cpu(self.process)

    def peak_mb(self) -> float:
        """Return the highest resident size of its process in MiB."""
        return peak_mb(self.process)

    def resident_mb(self) -> float:
        """Return the resident size of its process now in MiB."""
        return resident_mb(self.process)

    def latency(self, seconds: float) -> None:
        """Let every request of the vendor's API take so much longer."""
        self._control("POST", "latency", {"seconds": seconds})

    def later(self, seconds: float) -> None:
        """Let so much time pass by the emulator's clock: what it counts within a window is forgotten."""
        self._control("POST", "clock", {"advance_seconds": seconds})

    def count_anew(self) -> None:
        """Forget the requests made so far."""
        self._control("DELETE", "requests")

    def requests(self) -> Requests:
        """Return the requests since the counting began."""
        return Requests.of(self._control("GET", "requests")["counts"])

    def _control(self, method: str, path: str, values: dict[str, Any] | None = None) -> Any:
        answer = requests.request(method, f"{self.base_url}/__sandbox__/{path}", json=values, timeout=60)
        answer.raise_for_status()
        return answer.json()


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests by (method, path template); those for tokens apart."""

    calls: dict[tuple[str, str], int]
    tokens: int

    @classmethod
    def of(cls, counts: list[dict[str, Any]]) -> Requests:
        """Read the emulator's request log."""
        calls: dict[tuple[str, str], int] = {}
        tokens = 0
        for row in counts:
            if any(part in row["path"] for part in TOKENS):
                tokens += row["count"]
            else:
                calls[row["method"], row["path"]] = row["count"]
        return cls(calls, tokens)

    @property
    def total(self) -> int:
        """Requests of the API proper."""
        return sum(self.calls.values())

    def listed(self) -> list[str]:
        """Return lines such as ``GET /path × 3``, the most frequent first."""
        ordered = sorted(self.calls.items(), key=lambda item: (-item[1], item[0]))
        return [f"{method} {path} × {count}" for (method, path), count in ordered]


@contextlib.contextmanager
def serving(name: str, folder: Path, **wish: Any) -> Iterator[Emulator]:
    """Serve the emulator ``name`` with a company of the wished size; see :mod:`benchmarks.serve`."""
    port = free_port()
    log_file = folder / f"{name}.log"
    folder.mkdir(parents=True, exist_ok=True)
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.serve", name, str(folder), str(port), json.dumps(wish)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
        )
    try:
        began = time.perf_counter()
        base_url = f"http://127.0.0.1:{port}"
        _wait(process, base_url, log_file)
        yield Emulator(name, base_url, round(time.perf_counter() - began, 1), process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(process: subprocess.Popen[bytes], base_url: str, log_file: Path) -> None:
    until = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < until:
        with contextlib.suppress(requests.ConnectionError):
            requests.get(f"{base_url}/__sandbox__/requests", timeout=10).raise_for_status()
            return
        time.sleep(0.1)
    words = log_file.read_text(errors="replace").strip().splitlines()
    raise RuntimeError(f"The emulator did not come up: {words[-1] if words else 'it said nothing'}")
