"""Starts emulators as processes of their own and waits until they answer."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Final

from crosswalk_sandbox.kernel.registry import Entry
from crosswalk_sandbox.kernel.server import bind
from crosswalk_sandbox.kernel.state import Running, State, StateError

_STOP_SECONDS: Final = 15.0


def start(
    state: State, entry: Entry, arguments: Sequence[str], *, port: int, tls_port: int | None
) -> subprocess.Popen[bytes]:
    """A process that serves one emulator, its words going to its log file; raises PortTakenError before starting."""
    for wanted in (port, tls_port):
        if wanted is not None:
            bind(wanted).close()
    state.folder.mkdir(parents=True, exist_ok=True)
    name = entry.name if entry.module.startswith("crosswalk_sandbox.") else f"{entry.name}={entry.module}"
    command = [sys.executable, "-m", "crosswalk_sandbox", "serve", name, "--port", str(port), *arguments]
    if tls_port is not None:
        command += ["--tls-port", str(tls_port)]
    with state.log_file(entry.name).open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)


def wait_ready(state: State, entry: Entry, process: subprocess.Popen[bytes], port: int, seconds: float) -> None:
    """Wait until the process answers; raises StateError with its last words when it ends first or takes too long."""
    deadline = time.monotonic() + seconds
    while process.poll() is None:
        if _answers(port):
            return
        if time.monotonic() > deadline:
            raise StateError(f"{entry.name} did not answer on port {port} within {seconds:.0f} s")
        time.sleep(0.05)
    raise StateError(f"{entry.name} ended before it could answer: {_last_words(state, entry)}")


def stop(state: State, running: Sequence[Running]) -> None:
    """End serving processes, politely first."""
    for one in running:
        _signal(one, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    names = {one.name for one in running}
    while left := [one for one in state.running() if one.name in names]:
        if time.monotonic() > deadline:
            for one in left:
                _signal(one, signal.SIGKILL)
        time.sleep(0.05)


def _signal(one: Running, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(one.pid, number)


def _answers(port: int) -> bool:
    """Whether something accepts connections there: then the port cannot be opened any more."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _last_words(state: State, entry: Entry) -> str:
    lines = state.log_file(entry.name).read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
