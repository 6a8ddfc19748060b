"""Up, down, reset: the whole system in order. Each is safe to repeat and repairs what an earlier one left half done."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from crosswalk_airflow.local import credentials, databases, postgres, sandbox
from crosswalk_airflow.local.components import AIRFLOW, DRIVER, POSTGRES, SANDBOX, SCHEDULER, components_of
from crosswalk_airflow.local.health import api_and_emulators, unhealthy, wait_for
from crosswalk_airflow.local.ports import require_free
from crosswalk_airflow.local.postgres_home import home_of
from crosswalk_airflow.local.processes import working_in
from crosswalk_airflow.local.provisioning import hub_connection, pools, provision
from crosswalk_airflow.local.supervision import Supervisor, render
from crosswalk_airflow.local.watch import Watch

if TYPE_CHECKING:
    from crosswalk_airflow.local.layout import Layout
    from crosswalk_airflow.local.settings import Settings

Tell = Callable[[str], None]


@dataclass
class Progress:
    """Tells each finished step with the seconds it took."""

    tell: Tell
    _since: float = field(default_factory=time.monotonic)

    def done(self, text: str) -> None:
        """Tell that a step is finished."""
        now = time.monotonic()
        self.tell(f"  {now - self._since:5.1f} s  {text}")
        self._since = now


@contextmanager
def alone(layout: Layout, tell: Tell) -> Iterator[None]:
    """Let one `up`, `down` or `reset` work at a time; a second one waits for its turn."""
    layout.state.mkdir(parents=True, exist_ok=True)
    with (layout.state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell("Another up, down or reset is at work here; waiting for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def up(layout: Layout, settings: Settings, tell: Tell) -> None:
    """Bring everything up and wait until it is healthy."""
    from crosswalk.pairing import load_pairings
    from crosswalk_airflow.local.migrations import migrate  # SQLAlchemy and Alembic: too slow for `status`

    wanted_pools = pools(load_pairings(layout.project / "include" / "pairings"))
    with alone(layout, tell):
        progress = Progress(tell)
        layout.prepare()
        known = credentials.load_or_create(layout.secrets)
        passwords = credentials.load_or_create_passwords(layout.passwords)
        supervisor = _supervised(layout, settings, known.postgres_password, progress)
        found = databases.prepare(settings, known)
        found.save(layout.databases)
        progress.done(f"Postgres takes connections ({'embedded' if settings.embedded_postgres else 'yours'})")
        touched = migrate(layout, settings, found)
        progress.done("databases migrated" if touched else "databases are at their revisions")
        supervisor.start_group(SANDBOX)
        supervisor.start_group(AIRFLOW)
        watch = Watch(layout, supervisor)
        wait_for(settings, api_and_emulators, watch.look, tell)
        connections = [hub_connection(found.hub), *sandbox.connections(settings.emulator_urls())]
        written = provision(layout, settings, passwords["admin"], connections, wanted_pools)
        told = [f"{kind} {', '.join(names)} written" for kind, names in written.items()]
        progress.done("; ".join(told) or "connections and pools are in place")
        supervisor.start_group(SCHEDULER)
        wait_for(settings, unhealthy, watch.look, tell)
        supervisor.start_group(DRIVER)
        progress.done("Airflow and the sandbox are healthy" if settings.emulator_ports else "Airflow is healthy")


def _supervised(layout: Layout, settings: Settings, postgres_password: str, progress: Progress) -> Supervisor:
    """Return a running supervisor that obeys these settings, started or restarted if need be."""
    supervisor = Supervisor(layout)
    components = components_of(settings)
    configuration = render(layout, components, _stamp(layout, settings))
    current = layout.supervisor_configuration
    if supervisor.is_running():
        if current.exists() and current.read_text() == configuration:
            supervisor.start_group(POSTGRES)
            return supervisor
        progress.done("settings or versions have changed since the start: restarting")
    if stopped := _clear(layout, supervisor):
        progress.done(f"ended {len(stopped)} processes of an earlier start")
    require_free(settings.ports(), [component.name for component in components])
    settings.save(layout.settings)
    for component in components:
        layout.workplace(component.name).mkdir(mode=0o700, parents=True, exist_ok=True)
    if settings.embedded_postgres and postgres.initialise(home_of(layout), postgres_password):
        progress.done("a database cluster created")
    supervisor.start(configuration)
    return supervisor


def _stamp(layout: Layout, settings: Settings) -> str:
    """Name what running processes cannot take up without a restart: settings, and the installed lock."""
    digest = hashlib.sha256(repr((settings, settings.database_url, settings.airflow_overrides)).encode())
    lock = layout.project / "constraints.txt"
    digest.update(lock.read_bytes() if lock.exists() else b"")
    return digest.hexdigest()[:16]


def _clear(layout: Layout, supervisor: Supervisor) -> list[int]:
    """End everything of an earlier start, whatever state it is in."""
    survivors = supervisor.stop()
    home = home_of(layout)
    if home.data.exists():
        living = [process.pid for process in working_in(home.data)]
        postgres.repair(home)
        survivors += living
    return survivors


def down(layout: Layout, tell: Tell) -> bool:
    """Stop what `up` started and nothing else; return whether anything ran."""
    if not layout.state.exists():
        return False
    with alone(layout, tell):
        supervisor = Supervisor(layout)
        ran = supervisor.is_running()
        return bool(_clear(layout, supervisor)) or ran


def reset(layout: Layout, tell: Tell) -> list[Path]:
    """Stop, then delete all state; return the folders deleted. A database of the user's own is left alone."""
    down(layout, tell)
    outside = [home_of(layout).folder, layout.supervisor_socket.parent]
    elsewhere = [folder for folder in outside if not folder.is_relative_to(layout.state)]
    present = [folder for folder in [*elsewhere, layout.state] if folder.exists()]
    for folder in present:
        shutil.rmtree(folder)
    return present
