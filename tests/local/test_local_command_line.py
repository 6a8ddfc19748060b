"""The command line and the Makefile: quick, lazy, and kind to a machine that lacks something."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from crosswalk_airflow import command_line
from crosswalk_airflow.local import install
from tests.local.installation import PROJECT


def _run(arguments: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("CROSSWALK_", "MAKE"))}
    return subprocess.run(
        arguments, cwd=PROJECT, env=bare | environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; from crosswalk_airflow.command_line import cli; cli(['--help'], standalone_mode=False); "
    code += "print(sorted({'airflow', 'sqlalchemy', 'psycopg', 'requests', 'starlette'} & set(sys.modules)))"
    done = _run([sys.executable, "-c", code])
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
    assert "up" in done.stdout


def test_every_command_in_the_overview_can_be_asked_for_help() -> None:
    listed = command_line.cli.list_commands(command_line.click.Context(command_line.cli))
    assert set(listed) >= {"up", "down", "reset", "status", "logs", "airflow", "hub", "sandbox"}
    for name in set(listed) - {"airflow"}:
        found = CliRunner().invoke(command_line.cli, [name, "--help"])
        assert found.exit_code == 0, found.output


def test_an_unknown_command_is_refused() -> None:
    assert CliRunner().invoke(command_line.cli, ["fly"]).exit_code == 2


def test_nothing_running_is_said_so_with_the_remedy(tmp_path: Path) -> None:
    state = {"CROSSWALK_STATE": str(tmp_path / "state")}
    status = _run([sys.executable, "-m", "crosswalk_airflow.command_line", "status"], **state)
    assert status.returncode == 1
    assert "Crosswalk is not running." in status.stderr
    assert "make up" in status.stderr
    down = _run([sys.executable, "-m", "crosswalk_airflow.command_line", "down"], **state)
    assert (down.returncode, down.stdout.strip()) == (0, "Nothing was running.")
    assert not (tmp_path / "state").exists()


def test_logs_of_an_unknown_component_name_those_there_are(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "scheduler.log").write_text("one\ntwo\nthree\n")
    state = {"CROSSWALK_STATE": str(tmp_path)}
    command = [sys.executable, "-m", "crosswalk_airflow.command_line", "logs"]
    wrong = _run([*command, "sheduler"], **state)
    assert wrong.returncode == 1
    assert "There are: scheduler." in wrong.stderr
    assert _run([*command, "scheduler", "-n", "2"], **state).stdout == "two\nthree\n"


def test_a_taken_port_stops_up_before_anything_is_started(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = _run(
            [sys.executable, "-m", "crosswalk_airflow.command_line", "up"],
            CROSSWALK_STATE=str(tmp_path / "state"),
            CROSSWALK_AIRFLOW_PORT=port,
        )
    assert done.returncode == 1
    assert f"Port {port} for Airflow is taken by pid {os.getpid()}" in done.stderr
    assert not (tmp_path / "state" / "supervisord.pid").exists()


def test_make_without_a_python_says_which_one_it_needs() -> None:
    done = _run(["make", "--no-print-directory", "install", "PYTHON="])
    assert done.returncode != 0
    assert "Crosswalk needs Python 3.11, 3.12 or 3.13" in done.stdout


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "constraints.txt").write_text("a==1\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / ".venv" / ".lock").write_text(install.wanted(tmp_path))
    return tmp_path


def test_an_environment_made_from_this_lock_is_left_alone(project: Path) -> None:
    assert install.is_current(project)
    install.install(project)
    assert not (project / ".venv" / "lib").exists()


@pytest.mark.parametrize("changed", ["constraints.txt", "pyproject.toml"])
def test_a_changed_lock_asks_for_an_installation(project: Path, changed: str) -> None:
    with (project / changed).open("a") as file:
        file.write("# another\n")
    assert not install.is_current(project)


def test_an_environment_whose_python_is_gone_asks_for_an_installation(project: Path) -> None:
    (project / ".venv" / "bin" / "python").unlink()
    (project / ".venv" / "bin" / "python").symlink_to(project / "gone")
    assert not install.is_current(project)


def test_a_moved_project_asks_for_an_installation(project: Path) -> None:
    moved = project.rename(project.with_name("moved"))
    assert not install.is_current(moved)
