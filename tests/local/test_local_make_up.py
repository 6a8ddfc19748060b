"""The whole system, as a user starts it: healthy, with connections and pools, resumable, and gone after `down`.

These are the last tests of a session (tests/conftest.py sees to it): they take down the system that the tests before them have used.
"""

from __future__ import annotations

import json
import os
import signal

import psutil
import pytest
import requests

from crosswalk.platforms import platforms
from crosswalk_airflow.local.credentials import USERS
from crosswalk_airflow.local.postgres_home import home_of
from crosswalk_airflow.local.processes import working_in
from tests.stack import PHASE_1, PHASE_2, Stack, eventually, shared_stack

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def stack(pytestconfig: pytest.Config) -> Stack:
    """The session's running system."""
    return shared_stack(pytestconfig)


def _alive(stack: Stack) -> list[psutil.Process]:
    """Every process of the system."""
    return [*working_in(stack.layout.state), *working_in(home_of(stack.layout).folder)]


def test_after_up_airflow_is_healthy_and_status_agrees(stack: Stack) -> None:
    health = stack.airflow.get("/monitor/health")
    parts = ("metadatabase", "scheduler", "triggerer", "dag_processor")
    assert {part: health[part]["status"] for part in parts} == dict.fromkeys(parts, "healthy")
    assert "is healthy" in stack.crosswalk("status")


def test_everybody_can_log_in_with_the_rights_of_the_role_and_nobody_without(stack: Stack) -> None:
    assert requests.get(f"{stack.url}/api/v2/connections", timeout=60).status_code == 401
    allowed = {name: stack.airflow_as(name).send("GET", "/api/v2/connections").status_code for name in USERS}
    assert allowed == {"admin": 200, "op": 200, "user": 403, "viewer": 403}


def test_connections_and_pools_are_in_airflow_with_their_secrets_hidden(stack: Stack) -> None:
    connections = {one["connection_id"]: one for one in stack.airflow.get("/connections")["connections"]}
    assert set(connections) == {"crosswalk_hub", *platforms()}
    assert connections["crosswalk_hub"]["password"] == "***"
    assert json.loads(connections["netsuite"]["extra"])["token_secret"] == "***"
    pools = {one["name"] for one in stack.airflow.get("/pools")["pools"]}
    assert pools == {"default_pool", "crosswalk_hub", *(f"{system}_api" for system in platforms())}


def test_the_dags_of_the_project_are_found_without_an_error(stack: Stack) -> None:
    def found() -> bool:
        return {PHASE_1, PHASE_2} <= {dag["dag_id"] for dag in stack.airflow.get("/dags")["dags"]}

    assert eventually(found, 60, "both DAGs are there")
    assert stack.airflow.get("/importErrors")["total_entries"] == 0
    assert stack.airflow.get("/plugins/importErrors")["total_entries"] == 0


def test_nothing_listens_beyond_this_machine(stack: Stack) -> None:
    own = {process.pid for process in _alive(stack)}
    addresses = {
        connection.laddr.ip
        for connection in psutil.net_connections("tcp")
        if connection.pid in own and connection.laddr and connection.status == psutil.CONN_LISTEN
    }
    assert addresses == {"127.0.0.1"}


def test_a_second_up_changes_nothing_and_says_where_airflow_is(stack: Stack) -> None:
    before = _components(stack)
    assert stack.url in stack.crosswalk("up", seconds=400)
    assert _components(stack) == before


def _supervisor(stack: Stack) -> int:
    return int(stack.layout.supervisor_pid.read_text())


def _components(stack: Stack) -> set[int]:
    return {process.pid for process in psutil.Process(_supervisor(stack)).children()}


def test_after_kill_9_of_supervisor_and_database_up_resumes_what_people_changed(stack: Stack) -> None:
    path, changed = "/pools/netsuite_api", {"pool": "netsuite_api", "slots": 2, "include_deferred": False}
    assert stack.airflow.get(path)["slots"] != changed["slots"]
    stack.airflow.ask("PATCH", f"/api/v2{path}", changed, update_mask="slots")
    database = int((home_of(stack.layout).data / "postmaster.pid").read_text().split("\n", 1)[0])
    for pid in (_supervisor(stack), database):
        os.kill(pid, signal.SIGKILL)
    stack.crosswalk("up", seconds=400)
    assert stack.airflow.get(path)["slots"] == changed["slots"]


def test_down_leaves_no_process_and_reset_no_file(stack: Stack) -> None:
    outside = home_of(stack.layout).folder
    stack.crosswalk("down", seconds=120)
    assert _alive(stack) == []
    assert stack.layout.passwords.exists()
    stack.crosswalk("reset")
    assert not stack.layout.state.exists()
    assert not outside.exists()
