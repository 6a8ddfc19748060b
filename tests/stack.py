"""One real Crosswalk for a test session: Postgres, both emulators and Airflow, as `crosswalk up` brings them up.

The system runs on a project folder of its own: the repository's DAG files, mappings and pairings, only that the pairings' schedules are
taken out and tasks that died are tried again after a second. So a DAG runs when a test triggers it and at no other time, while it stays
unpaused like the real one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import psutil
import psycopg
import pytest
import requests

from crosswalk_airflow.local.layout import Layout
from crosswalk_airflow.local.processes import working_in
from crosswalk_airflow.local.settings import Settings, load_saved
from tests.airflow_rest import AirflowRest
from tests.guard import guarded

REPOSITORY = Path(__file__).parents[1]
PHASE_1 = "netsuite_salesforce__phase_1_visibility"
PHASE_2 = "netsuite_salesforce__phase_2_orders"
SCALE = "0.1"
Found = TypeVar("Found")

_shared: list[Stack] = []


def shared_stack(config: pytest.Config) -> Stack:
    """Return the session's system; started for the first who asks, taken down when pytest ends, also when it is killed."""
    if not _shared:
        stack, ending = Stack(Path(tempfile.mkdtemp(prefix="cw"))), ExitStack()
        config.add_cleanup(ending.close)
        ending.enter_context(guarded(stack.removal, stack.environment))
        ending.callback(stack.remove)
        stack.up()
        _shared.append(stack)
    return _shared[0]


def eventually(look: Callable[[], Found | None], seconds: float, what: str, every: float = 0.25) -> Found:
    """Look until there is something to be seen and return it; fail with ``what`` when it does not come in time."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(every)


@dataclass(frozen=True)
class Stack:
    """A running system and the handles that people and other systems have on it."""

    folder: Path

    @property
    def project(self) -> Path:
        return self.folder / "project"

    @property
    def layout(self) -> Layout:
        return Layout(self.project, self.folder / "state")

    @cached_property
    def environment(self) -> dict[str, str]:
        wishes = {
            "CROSSWALK_PROJECT": str(self.project),
            "CROSSWALK_STATE": str(self.layout.state),
            "CROSSWALK_PORT_BASE": str(_free_port_base()),
            "CROSSWALK_SANDBOX_SCALE": SCALE,
            "CROSSWALK_SANDBOX_DRIVER": "off",  # the tests decide what happens
            "CROSSWALK_START_TIMEOUT": "400",
        }
        return {name: value for name, value in os.environ.items() if not name.startswith("CROSSWALK")} | wishes

    # -- life ----------------------------------------------------------------------------------------------------------

    def up(self) -> None:
        if not self.project.exists():
            _write_project(self.project)
            self.folder.chmod(0o711)  # the database's user has to get through
        self.crosswalk("up", seconds=500)

    def remove(self) -> None:
        try:
            self.crosswalk("reset", seconds=120)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def removal(self) -> list[str]:
        """The command line that does what `remove` does, for a watcher that outlives this process."""
        script = '"$0" -m crosswalk_airflow.command_line reset; rm -rf "$1"'
        return ["sh", "-c", script, sys.executable, str(self.folder)]

    def crosswalk(self, *arguments: str, seconds: float = 60) -> str:
        """Run the command line as a person does; fails with its last words."""
        command = [sys.executable, "-m", "crosswalk_airflow.command_line", *arguments]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=seconds, check=False
        )
        assert done.returncode == 0, f"crosswalk {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    # -- doors ---------------------------------------------------------------------------------------------------------

    @cached_property
    def settings(self) -> Settings:
        return load_saved(self.layout.settings)

    @property
    def url(self) -> str:
        return self.settings.airflow_url

    @cached_property
    def passwords(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.layout.passwords.read_text())
        return found

    @cached_property
    def airflow(self) -> AirflowRest:
        """Airflow's REST API, as the local admin."""
        return AirflowRest(self.url, "admin", self.passwords["admin"])

    def airflow_as(self, user: str) -> AirflowRest:
        return AirflowRest(self.url, user, self.passwords[user])

    def hub(self) -> psycopg.Connection[Any]:
        """A connection of the test's own to the hub; every statement commits."""
        urls = json.loads(self.layout.databases.read_text())
        return psycopg.connect(urls["hub"], autocommit=True)

    def rows(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self.hub() as connection:
            return connection.execute(query.encode(), parameters).fetchall()

    def sandbox(self, system: str, path: str, method: str = "GET", values: object = None) -> Any:
        """Call a control route of an emulator; one that is being restarted is waited for."""
        url = f"{self.settings.emulator_url(system)}/__sandbox__/{path}"

        def call() -> requests.Response | None:
            try:
                return requests.request(method, url, json=values, timeout=30)
            except requests.ConnectionError:
                return None

        answer = eventually(call, 60, f"{system} answers")
        answer.raise_for_status()
        return answer.json()

    @cached_property
    def access(self) -> dict[str, dict[str, Any]]:
        """What each emulator tells about signing in."""
        return {name: self.sandbox(name, "state")["access"] for name in self.settings.emulator_ports}

    # -- processes -----------------------------------------------------------------------------------------------------

    def process(self, component: str) -> psutil.Process:
        """The supervised process of a component."""
        pid = next(p["pid"] for p in self.components() if p["name"] == component)
        return psutil.Process(pid)

    def components(self) -> list[dict[str, Any]]:
        from crosswalk_airflow.local.supervision import Supervisor

        return [{"name": one.name, "pid": one.pid, "state": one.state} for one in Supervisor(self.layout).states()]

    def kill(self, component: str) -> None:
        """SIGKILL a component's process, as the kernel does when memory runs out."""
        self.process(component).send_signal(signal.SIGKILL)

    def is_well(self, component: str, before: int) -> bool:
        """Whether another process than ``before`` does a component's work."""
        one = next((one for one in self.components() if one["name"] == component), None)
        return one is not None and one["state"] == "RUNNING" and one["pid"] not in {0, before}

    def task_processes(self) -> Iterator[tuple[str, psutil.Process]]:
        """Yield (task instance id, process) of every task that is running code now."""
        for process in working_in(self.layout.workplace("scheduler")):
            try:
                line = " ".join(process.cmdline())
            except psutil.Error:
                continue
            if match := _TASK_TITLE.search(line):
                yield match.group(1), process


_TASK_TITLE = re.compile(r"airflow worker -- ([0-9a-f]{8}-[0-9a-f-]{27})")


@contextmanager
def latency(stack: Stack, system: str, seconds: float) -> Iterator[None]:
    """Let every request to an emulator take that much longer."""
    stack.sandbox(system, "latency", "POST", {"seconds": seconds})
    try:
        yield
    finally:
        stack.sandbox(system, "latency", "POST", {"seconds": 0})


def _write_project(folder: Path) -> None:
    (folder / "plugins").mkdir(parents=True)
    shutil.copy(REPOSITORY / "plugins" / ".airflowignore", folder / "plugins")
    shutil.copy(REPOSITORY / "pyproject.toml", folder)
    shutil.copytree(REPOSITORY / "dags", folder / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("mappings", "pairings"):
        shutil.copytree(REPOSITORY / "include" / name, folder / "include" / name)
    settings = (
        "AIRFLOW__DAG_PROCESSOR__DAG_VERSION_INFLATION_CHECK_LEVEL=error",
        "AIRFLOW__CROSSWALK__RETRY_SECONDS=1",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME=0.25",  # a task is noticed to have ended, and the next one begins, sooner
    )
    (folder / ".env").write_text("\n".join(settings))
    for file in (folder / "include" / "pairings").glob("*.yaml"):
        file.write_text(re.sub(r'(?m)^(\s+schedule:) ".*"', r"\1 null", file.read_text()))


def _free_port_base() -> int:
    """A port base all of whose ports are free now."""
    for base in range(23_000, 60_000, 37):
        if all(_is_free(base + offset) for offset in (*range(5), 8, 9)):
            return base
    raise AssertionError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
