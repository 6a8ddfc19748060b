"""A running account with a small demo company."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from netsuite_account import Client, Opener, signer
from netsuite_shop import Shop

from crosswalk_sandbox.company.generate import generate
from crosswalk_sandbox.company.model import Size
from crosswalk_sandbox.kernel.clock import Clock
from crosswalk_sandbox.kernel.server import running
from crosswalk_sandbox.netsuite import create


@pytest.fixture(scope="session")
def loaded_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small company, loaded once; tests work on copies."""
    directory = tmp_path_factory.mktemp("netsuite")
    emulator = create(directory, Clock(), {"rsa_bits": 2048})
    emulator.load(generate(now=datetime.now(UTC), size=Size(25, 60, 60)))
    emulator.access("http://127.0.0.1")
    emulator.close()
    return directory


@pytest.fixture
def account(loaded_directory: Path, tmp_path: Path) -> Iterator[Opener]:
    """Opens running accounts on fresh copies of the loaded company, with options of the test's choice."""
    opened: list[Any] = []

    def start(clock: Clock | None = None, **options: Any) -> Client:
        directory = tmp_path / str(len(opened))
        directory.mkdir()
        for file in loaded_directory.iterdir():
            (directory / file.name).write_bytes(file.read_bytes())
        clock = clock or Clock()
        emulator = create(directory, clock, {"rsa_bits": 2048, **options})
        server = running(emulator, clock=clock)
        base_url = server.__enter__()
        opened.append((server, emulator))
        return Client(base_url, signer(emulator.access(base_url)), emulator)

    yield start
    for server, emulator in opened:
        server.__exit__(None, None, None)
        emulator.close()


@pytest.fixture(scope="module")
def shared(loaded_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """One running account for all tests of a module."""
    directory = tmp_path_factory.mktemp("account")
    for file in loaded_directory.iterdir():
        (directory / file.name).write_bytes(file.read_bytes())
    clock = Clock()
    emulator = create(directory, clock, {"rsa_bits": 2048, "default_order_status": "B"})
    with running(emulator, clock=clock) as base_url:
        yield Client(base_url, signer(emulator.access(base_url)), emulator)
    emulator.close()


@pytest.fixture
def shop(account: Opener) -> Shop:
    """An account of its own to trade in."""
    return Shop(account())
