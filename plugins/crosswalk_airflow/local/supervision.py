"""supervisord: its configuration, its start and end, and what it says about the components."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil
from supervisor.xmlrpc import SupervisorTransport

from crosswalk.model.errors import ConfigurationError, TransientError
from crosswalk_airflow.local.airflow_environment import clean
from crosswalk_airflow.local.components import GROUPS, Component
from crosswalk_airflow.local.processes import end, is_alive, working_in
from crosswalk_airflow.local.settings import write_private

if TYPE_CHECKING:
    from crosswalk_airflow.local.layout import Layout

_ANSWER_WITHIN = 15.0
_FOR_EVER = 1_000_000  # supervisor waits one second longer after each failed start, so an outage of hours is survived


def render(layout: Layout, components: Iterable[Component], stamp: str) -> str:
    """Return supervisord.conf. `stamp` changes when a running system has to be restarted to obey."""
    components = list(components)
    groups = [(name, [c for c in components if c.group == name]) for name in GROUPS]
    return "\n\n".join(
        [
            f"; Written by `crosswalk up`; edits are lost. {stamp}",
            _supervisord(layout),
            *(_program(layout, component) for component in components),
            *(_group(name, rank, members) for rank, (name, members) in enumerate(groups, 1) if members),
            "",
        ]
    )


def _supervisord(layout: Layout) -> str:
    user = "\nuser=root" if os.geteuid() == 0 else ""
    return f"""[supervisord]
identifier=crosswalk
logfile={_escaped(layout.log("supervisor"))}
logfile_maxbytes=5MB
logfile_backups=1
pidfile={_escaped(layout.supervisor_pid)}
umask=077
nocleanup=true{user}

[unix_http_server]
file={_escaped(layout.supervisor_socket)}
chmod=0600

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface"""


def _program(layout: Layout, component: Component) -> str:
    command = [sys.executable, "-m", "crosswalk_airflow.local.component", component.name, str(layout.state)]
    return f"""[program:{component.name}]
command={" ".join(_quoted(part) for part in command)}
directory={_escaped(layout.workplace(component.name))}
autostart={str(component.early).lower()}
autorestart=true
startsecs=3
startretries={_FOR_EVER}
stopsignal={component.stop_signal}
stopwaitsecs={component.stop_seconds}
stopasgroup=true
killasgroup=true
redirect_stderr=true
stdout_logfile={_escaped(layout.log(component.name))}
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=2"""


def _group(name: str, rank: int, members: list[Component]) -> str:
    return f"[group:{name}]\nprograms={','.join(member.name for member in members)}\npriority={rank * 10}"


def _escaped(value: object) -> str:
    return str(value).replace("%", "%%")


def _quoted(value: str) -> str:
    return '"' + _escaped(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


@dataclass(frozen=True)
class ProcessState:
    """What the supervisor knows of a component. `state` is supervisor's word: RUNNING, STARTING, BACKOFF, …"""

    name: str
    group: str
    state: str
    pid: int
    uptime_seconds: int
    reason: str


class Supervisor:
    """The supervisor of one installation, running or not."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def _call(self, method: str, *arguments: object) -> object:
        transport = SupervisorTransport("", "", f"unix://{self._layout.supervisor_socket}")
        proxy = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
        try:
            return getattr(proxy.supervisor, method)(*arguments)
        finally:
            transport.close()

    def is_running(self) -> bool:
        """Say whether it answers."""
        try:
            return isinstance(self._call("getState"), dict)
        except (OSError, xmlrpc.client.Error):
            return False

    def pid(self) -> int | None:
        """Return the living supervisor's pid."""
        try:
            pid = int(self._layout.supervisor_pid.read_text())
            named = "supervisord" in " ".join(psutil.Process(pid).cmdline())
        except (OSError, ValueError, psutil.Error):
            return None
        return pid if named and is_alive(pid) else None

    def states(self) -> list[ProcessState]:
        """Return the components' states; empty when nothing runs."""
        try:
            found = self._call("getAllProcessInfo")
        except (OSError, xmlrpc.client.Error):
            return []
        return [_state(item) for item in found] if isinstance(found, list) else []

    def start(self, configuration: str) -> None:
        """Start the supervisor and with it the early components."""
        layout = self._layout
        write_private(layout.supervisor_configuration, configuration)
        workplace = layout.workplace("supervisor")
        workplace.mkdir(mode=0o700, parents=True, exist_ok=True)
        layout.supervisor_socket.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, "-m", "supervisor.supervisord", "-c", layout.supervisor_configuration],
            cwd=workplace,
            env=clean(os.environ) | {"CROSSWALK_PROJECT": str(layout.project)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        deadline = time.monotonic() + _ANSWER_WITHIN
        while done.returncode == 0 and time.monotonic() < deadline:
            if self.is_running():
                return
            time.sleep(0.05)
        raise ConfigurationError(
            f"supervisord did not start: {(done.stderr or done.stdout).strip() or 'no answer'}",
            hint=f"See {layout.log('supervisor')}.",
        )

    def start_group(self, name: str) -> None:
        """Start a group's stopped members, without waiting for them."""
        for process in self.states():
            if process.group == name and process.state in {"STOPPED", "EXITED", "FATAL"}:
                self._call("startProcess", f"{name}:{process.name}", False)

    def stop(self) -> list[int]:
        """Stop the components, Airflow first and Postgres last, then the supervisor, then whatever outlived them."""
        pid = self.pid()
        if self.is_running():
            self._call("shutdown")
        if pid is not None and not _gone_within(pid, 90.0):
            end([psutil.Process(pid)])
        survivors = end(working_in(self._layout.state / "run"))
        self._layout.supervisor_socket.unlink(missing_ok=True)
        return survivors


def _state(item: dict[str, object]) -> ProcessState:
    started, now = int(str(item["start"])), int(str(item["now"]))
    state = str(item["statename"])
    return ProcessState(
        name=str(item["name"]),
        group=str(item["group"]),
        state=state,
        pid=int(str(item["pid"])),
        uptime_seconds=max(0, now - started) if state == "RUNNING" else 0,
        reason=str(item["spawnerr"] or item["description"]),
    )


def _gone_within(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while is_alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def require_running(supervisor: Supervisor) -> None:
    """Raise TransientError when nothing runs."""
    if not supervisor.is_running():
        raise TransientError("Crosswalk is not running.", hint="Start it with `make up`.")
