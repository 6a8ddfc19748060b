"""A test run that is killed leaves nothing running: the watcher outlives it and cleans up."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil

from tests.local.installation import PROJECT, eventually

RUN = """
import sys
from tests.guard import guarded
with guarded(["touch", sys.argv[1]]):
    print("started", flush=True)
    sys.stdin.readline()
"""


def _start(mark: Path) -> tuple[subprocess.Popen[str], psutil.Process]:
    """Start a test run with its watcher; returns both."""
    command = [sys.executable, "-c", RUN, str(mark)]
    run = subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    assert run.stdout.readline() == "started\n"
    [watcher] = psutil.Process(run.pid).children()
    return run, watcher


def test_a_killed_run_is_cleaned_up_after(tmp_path: Path) -> None:
    run, _ = _start(tmp_path / "cleaned up")
    with run:
        run.kill()
    assert eventually((tmp_path / "cleaned up").exists)


def test_a_run_that_ends_calls_the_watcher_off(tmp_path: Path) -> None:
    run, watcher = _start(tmp_path / "cleaned up")
    run.communicate("\n")
    assert run.returncode == 0
    assert not watcher.is_running()
    assert not (tmp_path / "cleaned up").exists()
