"""The command line against real processes, with the tiny ledger emulator."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner, Result

from crosswalk_sandbox.cli import sandbox
from crosswalk_sandbox.kernel.state import State, StateError

HERE = Path(__file__).parent
INCLUDE = HERE.parents[2] / "include"
LEDGER = "ledger=ledger_emulator"
Run = Callable[..., Result]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def run(state: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    monkeypatch.setenv("PYTHONPATH", f"{INCLUDE}{os.pathsep}{HERE}")
    monkeypatch.setenv("CROSSWALK_SANDBOX_STATE", str(state))

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(sandbox, arguments)

    yield invoke
    invoke("down")


@pytest.fixture
def base() -> int:
    """A port base whose two ports for the ledger (base + 7, base + 107) are free."""
    for candidate in range(20_000, 60_000, 211):
        ports = (candidate + 7, candidate + 107)
        with socket.socket() as one, socket.socket() as other:
            if one.connect_ex(("127.0.0.1", ports[0])) and other.connect_ex(("127.0.0.1", ports[1])):
                return candidate
    raise AssertionError("no free ports")


def up(run: Run, base: int, *more: str) -> Result:
    return run("up", LEDGER, "--port-base", str(base), "--scale", "0.02", *more)


def test_what_was_committed_outlives_kill_9_and_the_company_is_loaded_once(run: Run, base: int, state: Path) -> None:
    assert up(run, base).exit_code == 0
    url = f"http://127.0.0.1:{base + 7}"
    assert requests.post(f"{url}/entries", data="kept", timeout=10).status_code == 204
    [serving] = State(state).running()
    os.kill(serving.pid, signal.SIGKILL)
    run("down")
    assert State(state).running() == []
    again = up(run, base)
    assert again.exit_code == 0, again.output
    assert requests.get(f"{url}/entries", timeout=10).json() == ["kept"]
    assert State(state).running()[0].pid != serving.pid
    company = json.loads((state / "company.json").read_text())
    assert company["scale"] == 0.02


def test_access_tells_urls_authority_and_credentials(run: Run, base: int) -> None:
    up(run, base)
    told = json.loads(run("access").output)["ledger"]
    assert told["http"] == f"http://127.0.0.1:{base + 7}"
    assert told["credentials"] == {"token": "valid-token", "entries": f"{told['http']}/entries"}
    assert requests.get(f"{told['https']}/entries", verify=told["ca_file"], timeout=10).json() == []
    secure = json.loads(run("access", "--https").output)["ledger"]
    assert secure["credentials"]["entries"] == f"{told['https']}/entries"


def test_up_again_leaves_the_running_one_alone(run: Run, base: int, state: Path) -> None:
    up(run, base)
    before = State(state).running()
    assert up(run, base).exit_code == 0
    assert State(state).running() == before
    assert str(before[0].pid) in run("status").output


def test_a_taken_port_is_told_in_a_sentence_and_nothing_is_started(run: Run, base: int, state: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", base + 7))
        holder.listen()
        told = up(run, base)
    assert told.exit_code == 1
    assert f"Port {base + 7}" in told.output
    assert "--port-base" in told.output
    assert State(state).running() == []


def test_an_emulator_that_cannot_start_is_reported_with_its_last_words(run: Run, base: int) -> None:
    told = run("up", "ghost=no_such_module", "--port-base", str(base))
    assert told.exit_code == 1
    assert "module no_such_module is missing" in told.output


def test_faults_clocks_and_counts_are_reached_from_the_command_line(run: Run, base: int) -> None:
    up(run, base)
    url = f"http://127.0.0.1:{base + 7}"
    number = json.loads(run("fault", "add", "ledger", "status", "--status", "429", "--count", "1").output)["number"]
    assert requests.get(f"{url}/entries", timeout=10).status_code == 429
    [rule] = json.loads(run("fault", "list").output)["ledger"]["rules"]
    assert (rule["number"], rule["fired"]) == (number, 1)
    assert json.loads(run("fault", "clear").output)["ledger"]["rules"] == []
    told = json.loads(run("clock", "--set", "2031-05-05T10:00:00+00:00", "--frozen", "--advance", "2h").output)
    assert told["ledger"]["now"] == "2031-05-05T12:00:00+00:00"
    assert json.loads(run("requests").output)["ledger"]["total"] == 1


def test_the_clock_is_kept_over_a_restart(run: Run, base: int) -> None:
    up(run, base)
    run("clock", "--set", "2031-05-05T10:00:00+00:00", "--frozen")
    run("down")
    up(run, base)
    assert json.loads(run("clock").output)["ledger"]["now"] == "2031-05-05T10:00:00+00:00"


def test_in_the_foreground_an_interrupt_takes_the_emulators_along(run: Run, base: int, state: Path) -> None:
    command = [sys.executable, "-m", "crosswalk_sandbox", "up", LEDGER, "--port-base", str(base), "--foreground"]
    with subprocess.Popen([*command, "--scale", "0.02"], stdout=subprocess.PIPE, text=True) as foreground:
        assert foreground.stdout is not None
        assert foreground.stdout.readline().startswith("ledger")
        assert len(State(state).running()) == 1
        foreground.send_signal(signal.SIGTERM)
        assert foreground.wait(20) == 0
    assert State(state).running() == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("up", "oracle"), "no emulator called 'oracle'"),
        (("fault", "add", "ledger", "slow"), "ledger is not running"),
        (("clock", "--set", "yesterday"), "no ISO 8601 instant"),
        (("clock", "--set", "2031-05-05T10:00:00"), "has no time zone"),
        (("clock", "--advance", "soon"), "is no time"),
        (("serve", "ledger=ledger_emulator", "--set", "novalue"), "KEY=VALUE"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(run: Run, arguments: tuple[str, ...], sentence: str) -> None:
    sys.path.insert(0, str(HERE))
    told = run(*arguments)
    assert told.exit_code == 1
    assert sentence in told.output


def test_the_first_caller_settles_the_company_for_all(tmp_path: Path) -> None:
    one = State(tmp_path).company(seed=5, scale=0.02)
    other = State(tmp_path).company()
    assert (other.seed, other.now, other.size) == (one.seed, one.now, one.size)
    assert list(other.parties()) == list(one.parties())
    with pytest.raises(StateError, match="made with seed 5, not 6"):
        State(tmp_path).company(seed=6)


def test_a_second_server_on_the_same_state_is_refused(tmp_path: Path) -> None:
    with State(tmp_path).claim("ledger", 1, None), pytest.raises(StateError, match="already running"):
        State(tmp_path).claim("ledger", 2, None).__enter__()
    assert State(tmp_path).running() == []
