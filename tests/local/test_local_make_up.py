"""The whole system, as a user starts it: healthy, with connections and pools, resumable, and gone after `down`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import requests

from crosswalk_airflow.local.credentials import USERS
from crosswalk_airflow.local.layout import Layout
from crosswalk_airflow.local.ports import is_free
from crosswalk_airflow.local.postgres_home import home_of
from crosswalk_airflow.local.processes import end, working_in
from tests.local.installation import PROJECT, eventually, free_port

pytestmark = pytest.mark.airflow


@dataclass
class System:
    """A running system in a state folder of its own."""

    layout: Layout
    environment: dict[str, str]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "crosswalk_airflow.command_line", *arguments]
        return subprocess.run(
            command, cwd=PROJECT, env=self.environment, capture_output=True, text=True, check=False, timeout=400
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.environment['CROSSWALK_PORT_BASE']}"

    def session(self, user: str) -> requests.Session:
        passwords = json.loads(self.layout.passwords.read_text())
        session = requests.Session()
        session.trust_env = False
        answer = session.post(
            f"{self.url}/auth/token", json={"username": user, "password": passwords[user]}, timeout=60
        )
        session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return session

    def get(self, path: str, user: str = "admin") -> requests.Response:
        return self.session(user).get(f"{self.url}/api/v2/{path}", timeout=60)

    def alive(self) -> list[psutil.Process]:
        return [*working_in(self.layout.state), *working_in(home_of(self.layout).folder)]


def _free_base() -> int:
    """Return a port from which ten in a row are free."""
    bases = (free_port() for _ in range(200))
    return next(base for base in bases if base < 64_000 and all(is_free(base + offset) for offset in range(10)))


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("CROSSWALK_", "AIRFLOW"))}
    state = tmp_path_factory.mktemp("up") / "state"
    environment |= {
        "CROSSWALK_STATE": str(state),
        "CROSSWALK_PORT_BASE": str(_free_base()),
        "CROSSWALK_PARALLELISM": "2",
        "CROSSWALK_SANDBOX_SCALE": "0.02",
        "CROSSWALK_SANDBOX_DRIVER": "off",
    }
    made = System(Layout(PROJECT, state), environment)
    done = made.run("up")
    try:
        assert done.returncode == 0, done.stdout + done.stderr
        assert made.url in done.stdout
        yield made
    finally:
        made.run("reset")
        end(made.alive())


def test_after_up_airflow_is_healthy_and_status_agrees(system: System) -> None:
    health = system.get("monitor/health").json()
    parts = ("metadatabase", "scheduler", "triggerer", "dag_processor")
    assert {part: health[part]["status"] for part in parts} == dict.fromkeys(parts, "healthy")
    status = system.run("status")
    assert status.returncode == 0, status.stdout
    assert "is healthy" in status.stdout


def test_everybody_can_log_in_with_the_rights_of_the_role_and_nobody_without(system: System) -> None:
    assert requests.get(f"{system.url}/api/v2/connections", timeout=60).status_code == 401
    allowed = {name: system.get("connections", name).status_code for name in USERS}
    assert allowed == {"admin": 200, "op": 200, "user": 403, "viewer": 403}


def test_connections_and_pools_are_in_airflow_with_their_secrets_hidden(system: System) -> None:
    connections = {one["connection_id"]: one for one in system.get("connections").json()["connections"]}
    assert set(connections) == {"crosswalk_hub", "salesforce", "netsuite"}
    assert connections["crosswalk_hub"]["password"] == "***"
    assert json.loads(connections["netsuite"]["extra"])["token_secret"] == "***"
    pools = {one["name"]: one["slots"] for one in system.get("pools").json()["pools"]}
    assert set(pools) == {"default_pool", "salesforce_api", "netsuite_api", "crosswalk_hub"}


def test_the_dags_of_the_project_are_found_without_an_error(system: System) -> None:
    wanted = {"netsuite_salesforce__phase_1_visibility", "netsuite_salesforce__phase_2_orders"}

    def found() -> bool:
        return wanted <= {dag["dag_id"] for dag in system.get("dags").json()["dags"]}

    assert eventually(found, 60)
    assert system.get("importErrors").json()["total_entries"] == 0
    assert system.get("plugins/importErrors").json()["total_entries"] == 0


def test_nothing_listens_beyond_this_machine(system: System) -> None:
    own = {process.pid for process in system.alive()}
    addresses = {
        connection.laddr.ip
        for connection in psutil.net_connections("tcp")
        if connection.pid in own and connection.status == psutil.CONN_LISTEN
    }
    assert addresses == {"127.0.0.1"}


def test_a_second_up_changes_nothing(system: System) -> None:
    before = {process.pid for process in system.alive() if process.ppid() == system_pid(system)}
    done = system.run("up")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {process.pid for process in system.alive() if process.ppid() == system_pid(system)} == before


def system_pid(system: System) -> int:
    return int(system.layout.supervisor_pid.read_text())


def test_after_kill_9_of_supervisor_and_database_up_resumes_what_people_changed(system: System) -> None:
    admin = system.session("admin")
    changed = admin.patch(
        f"{system.url}/api/v2/pools/netsuite_api?update_mask=slots",
        json={"pool": "netsuite_api", "slots": 2, "include_deferred": False},
        timeout=60,
    )
    assert changed.status_code == 200, changed.text
    database = int((home_of(system.layout).data / "postmaster.pid").read_text().split("\n", 1)[0])
    for pid in (system_pid(system), database):
        os.kill(pid, signal.SIGKILL)
    done = system.run("up")
    assert done.returncode == 0, done.stdout + done.stderr
    assert system.get("pools/netsuite_api").json()["slots"] == 2


def test_down_leaves_no_process_and_reset_no_file(system: System) -> None:
    outside = home_of(system.layout).folder
    assert system.run("down").returncode == 0
    assert system.alive() == []
    assert Path(system.layout.passwords).exists()
    assert system.run("reset").returncode == 0
    assert not system.layout.state.exists()
    assert not outside.exists()
