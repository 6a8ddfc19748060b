"""A running company with a small demo company in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from b1_shop import Shop
from business_one_account import Client, Opener

from crosswalk_sandbox.company.generate import generate
from crosswalk_sandbox.company.model import Size
from crosswalk_sandbox.kernel.clock import Clock
from crosswalk_sandbox.kernel.server import running
from crosswalk_sandbox.sap_business_one import create
from crosswalk_sandbox.sap_business_one.account import Account
from crosswalk_sandbox.sap_business_one.founding import found
from crosswalk_sandbox.sap_business_one.options import Options
from crosswalk_sandbox.sap_business_one.store import Store

NOW = datetime.now(UTC)
SIZE = Size(25, 60, 60)


@pytest.fixture(scope="session")
def loaded_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small company, loaded once; tests work on copies."""
    directory = tmp_path_factory.mktemp("business-one")
    emulator = create(directory, Clock(), {})
    emulator.load(generate(7, now=NOW, size=SIZE))
    emulator.close()
    return directory


def _start(source: Path, directory: Path, options: dict[str, Any]) -> tuple[Any, Any, Client]:
    directory.mkdir(exist_ok=True)
    for file in source.iterdir():
        (directory / file.name).write_bytes(file.read_bytes())
    clock = Clock()
    emulator = create(directory, clock, options)
    server = running(emulator, clock=clock)
    client = Client(server.__enter__(), emulator, clock)
    client.login()
    return server, emulator, client


@pytest.fixture
def company(loaded_directory: Path, tmp_path: Path) -> Iterator[Opener]:
    """Opens running companies on fresh copies of the loaded one, with options of the test's choice."""
    opened: list[Any] = []

    def start(**options: Any) -> Client:
        server, emulator, client = _start(loaded_directory, tmp_path / str(len(opened)), options)
        opened.append((server, emulator))
        return client

    yield start
    for server, emulator in opened:
        server.__exit__(None, None, None)
        emulator.close()


@pytest.fixture(scope="session")
def b1(loaded_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """One running company for tests that add to it and look at what they added."""
    server, emulator, client = _start(loaded_directory, tmp_path_factory.mktemp("company"), {})
    yield client
    server.__exit__(None, None, None)
    emulator.close()


class _UndoneError(Exception):
    pass


@pytest.fixture(scope="session")
def b1_books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """A founded company without a server; tests of documents leave nothing in it."""
    clock = Clock(None)
    clock.set(datetime(2026, 11, 23, 18, 30, tzinfo=UTC))
    store = Store(tmp_path_factory.mktemp("b1_books"), clock)
    account = Account(store, Options())
    found(account)
    yield account
    store.close()


@pytest.fixture
def shop(b1_books: Account) -> Iterator[Shop]:
    """A small company that trades, inside a transaction that is undone."""
    kept = b1_books.options
    try:
        with b1_books.store.write():
            yield Shop(b1_books)
            raise _UndoneError
    except _UndoneError:
        b1_books.options = kept
