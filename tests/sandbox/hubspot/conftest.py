"""A running account with a small demo company."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hubspot_account import NOW, SIZE, Client, Opener

from crosswalk_sandbox.company.generate import generate
from crosswalk_sandbox.hubspot import create
from crosswalk_sandbox.kernel.clock import Clock
from crosswalk_sandbox.kernel.server import running

QUICK = {"search_delay": 0.0, "rate_limits": False}


@pytest.fixture(scope="session")
def loaded_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small company, loaded once; tests work on copies."""
    directory = tmp_path_factory.mktemp("hubspot")
    emulator = create(directory, Clock(), {})
    emulator.load(generate(7, now=NOW, size=SIZE))
    emulator.close()
    return directory


def _start(source: Path, directory: Path, clock: Clock, options: dict[str, Any]) -> tuple[Any, Any, Client]:
    directory.mkdir(exist_ok=True)
    for file in source.iterdir():
        (directory / file.name).write_bytes(file.read_bytes())
    emulator = create(directory, clock, options)
    server = running(emulator, clock=clock)
    return server, emulator, Client(server.__enter__(), emulator, clock)


@pytest.fixture
def account(loaded_directory: Path, tmp_path: Path) -> Iterator[Opener]:
    """Opens running accounts on fresh copies of the loaded company, with options of the test's choice."""
    opened: list[Any] = []

    def start(**options: Any) -> Client:
        server, emulator, client = _start(loaded_directory, tmp_path / str(len(opened)), Clock(), {**QUICK, **options})
        opened.append((server, emulator))
        return client

    yield start
    for server, emulator in opened:
        server.__exit__(None, None, None)
        emulator.close()


@pytest.fixture(scope="session")
def hub(loaded_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """One running account for tests that add to it and look at what they added."""
    server, emulator, client = _start(loaded_directory, tmp_path_factory.mktemp("account"), Clock(), QUICK)
    yield client
    server.__exit__(None, None, None)
    emulator.close()
