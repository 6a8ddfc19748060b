"""The supervisor: what it is told, that it restarts what dies, and that nothing outlives a stop."""

from __future__ import annotations

import configparser
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from crosswalk.model.errors import ConfigurationError
from crosswalk_airflow.local import postgres, watch
from crosswalk_airflow.local.components import POSTGRES, Component, command_of, components_of
from crosswalk_airflow.local.layout import Layout
from crosswalk_airflow.local.settings import Settings
from crosswalk_airflow.local.supervision import Supervisor, render
from crosswalk_airflow.local.watch import Watch
from tests.local.installation import PROJECT, Installation, eventually


def _parsed(layout: Layout, settings: Settings) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";",))
    parser.read_string(render(layout, components_of(settings), "stamp"))
    return parser


def test_every_component_is_restarted_and_ended_with_its_whole_group(state: Path) -> None:
    parser = _parsed(Layout(PROJECT, state), Settings())
    programs = [name for name in parser.sections() if name.startswith("program:")]
    assert len(programs) == 10
    for program in programs:
        assert parser[program]["autorestart"] == "true"
        assert parser[program]["stopasgroup"] == parser[program]["killasgroup"] == "true"


def test_airflow_waits_for_the_migration_and_postgres_stops_last_and_politely(state: Path) -> None:
    parser = _parsed(Layout(PROJECT, state), Settings())
    assert parser["program:scheduler"]["autostart"] == "false"
    assert parser["program:postgres"]["autostart"] == "true"
    assert parser["program:postgres"]["stopsignal"] == "INT"
    ranks = [int(parser[f"group:{name}"]["priority"]) for name in ("postgres", "sandbox", "airflow", "scheduler")]
    assert ranks == sorted(set(ranks))  # stopped from the end: tasks can report while the API server is there


def test_a_database_of_ones_own_and_no_sandbox_leave_airflow_alone(state: Path) -> None:
    settings = Settings(database_url="postgresql://me@db/crosswalk", emulator_ports={})
    parser = _parsed(Layout(PROJECT, state), settings)
    assert [name for name in parser.sections() if name.startswith("group:")] == [
        *("group:airflow", "group:scheduler"),
    ]


def test_no_secret_is_in_the_configuration(state: Path) -> None:
    settings = Settings(database_url="postgresql://me:hunter2@db/crosswalk", airflow_overrides={"A": "hunter2"})
    assert "hunter2" not in render(Layout(PROJECT, state), components_of(settings), "stamp")


def test_the_emulators_get_their_ports_and_the_wanted_size(state: Path) -> None:
    settings = Settings(emulator_ports={"netsuite": 9002}, sandbox_scale=0.1)
    command = list(command_of("sandbox-netsuite", Layout(PROJECT, state), settings))
    assert command[0] == sys.executable
    assert command[command.index("serve") + 1 :] == [
        *("netsuite", "--port", "9002", "--state", str(state / "sandbox"), "--scale", "0.1"),
    ]


@pytest.fixture
def supervisor(installation: Installation) -> Iterator[Supervisor]:
    """A running supervisor that keeps Postgres alone."""
    postgres.initialise(installation.home, installation.password)
    installation.layout.workplace(POSTGRES).mkdir(parents=True, exist_ok=True)
    made = Supervisor(installation.layout)
    made.start(render(installation.layout, [Component(POSTGRES, POSTGRES, "INT", 20)], "stamp"))
    yield made
    made.stop()


def _postgres_pid(supervisor: Supervisor) -> int:
    return next((one.pid for one in supervisor.states() if one.name == POSTGRES), 0)


def test_a_killed_component_comes_back_and_a_start_of_what_runs_changes_nothing(
    installation: Installation, supervisor: Supervisor
) -> None:
    assert eventually(installation.takes_connections)
    before = _postgres_pid(supervisor)
    supervisor.start_group(POSTGRES)
    assert _postgres_pid(supervisor) == before
    os.kill(before, signal.SIGKILL)
    assert eventually(lambda: _postgres_pid(supervisor) not in {0, before} and installation.takes_connections())


def test_after_stop_nothing_is_alive_and_nothing_answers(installation: Installation, supervisor: Supervisor) -> None:
    assert eventually(installation.takes_connections)
    pid = supervisor.pid()
    assert pid is not None
    assert supervisor.stop() == []
    assert not supervisor.is_running()
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert installation.processes() == []


def test_what_a_killed_supervisor_left_is_ended_by_the_next_stop(
    installation: Installation, supervisor: Supervisor
) -> None:
    assert eventually(installation.takes_connections)
    pid = supervisor.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: not supervisor.is_running())
    assert installation.takes_connections()  # it outlived its supervisor
    supervisor.stop()
    postgres.repair(installation.home)
    assert installation.processes() == []
    assert not installation.takes_connections()


def test_a_component_that_cannot_start_is_told_with_its_last_words(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_HOPELESS_AFTER", 0.5)
    postgres.initialise(installation.home, installation.password)
    (installation.home.data / "postgresql.conf").write_text("no_such_setting = 1\n")
    installation.layout.workplace(POSTGRES).mkdir(parents=True, exist_ok=True)
    supervisor = Supervisor(installation.layout)
    supervisor.start(render(installation.layout, [Component(POSTGRES, POSTGRES, "INT", 20)], "stamp"))
    looking = Watch(installation.layout, supervisor)
    said: list[ConfigurationError] = []

    def has_given_up() -> bool:
        try:
            looking.look()
        except ConfigurationError as error:
            said.append(error)
        return bool(said)

    try:
        assert eventually(has_given_up)
    finally:
        supervisor.stop()
    assert "no_such_setting" in said[0].message
    assert "crosswalk logs postgres" in said[0].hint
