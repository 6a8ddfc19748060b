"""A local installation for tests: a state folder, ports of its own, and an embedded Postgres."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg

from crosswalk_airflow.local import postgres
from crosswalk_airflow.local.database_urls import on_loopback
from crosswalk_airflow.local.layout import Layout
from crosswalk_airflow.local.postgres_home import PostgresHome, home_of
from crosswalk_airflow.local.processes import working_in
from crosswalk_airflow.local.settings import Settings

PROJECT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(check: Callable[[], bool], seconds: float = 30.0) -> bool:
    """Poll until `check` is true; return whether it became so in time."""
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@dataclass
class Installation:
    """A state folder with settings for an embedded Postgres alone."""

    layout: Layout
    settings: Settings
    password: str
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def home(self) -> PostgresHome:
        return home_of(self.layout)

    def dsn(self, password: str | None = None) -> str:
        return on_loopback(postgres.SUPERUSER, password or self.password, self.settings.postgres_port, "postgres")

    def start_postgres(self) -> subprocess.Popen[bytes]:
        """Start the server as supervisor does, and wait until it takes connections."""
        workplace = self.layout.workplace("postgres")
        workplace.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "crosswalk_airflow.local.component", "postgres", str(self.layout.state)]
        with self.layout.log("postgres").open("ab") as log:
            server = subprocess.Popen(command, cwd=workplace, stdout=log, stderr=log, start_new_session=True)
        self.started.append(server)
        assert eventually(self.takes_connections), self.layout.log("postgres").read_text()
        return server

    def takes_connections(self) -> bool:
        try:
            psycopg.connect(self.dsn(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def processes(self) -> list[psutil.Process]:
        """Everything of this installation that is alive."""
        return [*working_in(self.layout.state), *working_in(self.home.folder)]
