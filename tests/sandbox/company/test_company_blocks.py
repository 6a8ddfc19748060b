"""A company of several blocks: facts that hold together, and emulators that copy rows to the same state as from facts."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crosswalk_sandbox.company import ids
from crosswalk_sandbox.company.blocks import Blocks
from crosswalk_sandbox.company.generate import DemoCompany, generate
from crosswalk_sandbox.company.model import Deal, Order, Party, Size
from crosswalk_sandbox.company.renaming import Renaming
from crosswalk_sandbox.kernel.clock import Clock
from crosswalk_sandbox.kernel.registry import entry

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MOST = 45  # accounts of a block
COUNT = 3


class FactByFact:
    """The same company for a loader that knows nothing of blocks: each fact of each block is made."""

    def __init__(self, company: DemoCompany) -> None:
        self._company = company
        self.blocks = Blocks(1, company.size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._company, name)

    def first_block(self) -> FactByFact:
        return self


@pytest.fixture(scope="module")
def company() -> DemoCompany:
    return generate(seed=7, now=NOW, size=Size(MOST * COUNT, 40, 4 * MOST * COUNT), block=MOST)


@pytest.fixture(scope="module")
def parties(company: DemoCompany) -> list[Party]:
    return list(company.parties())


@pytest.fixture(scope="module")
def deals(company: DemoCompany) -> list[Deal]:
    return list(company.deals())


@pytest.fixture(scope="module")
def orders(company: DemoCompany) -> list[Order]:
    return list(company.orders())


@pytest.fixture(scope="module", params=["salesforce", "netsuite"])
def states(request: pytest.FixtureRequest, company: DemoCompany, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Where one emulator keeps the company: loaded in blocks, and fact by fact."""
    return [
        loaded(request.param, one, tmp_path_factory.mktemp(request.param)) for one in (company, FactByFact(company))
    ]


def loaded(system: str, company: Any, folder: Path) -> Path:
    clock = Clock()
    clock.set(NOW, frozen=True)
    emulator = entry(system).factory()(folder, clock, {})
    emulator.load(company)
    emulator.close()
    [file] = folder.glob("*.sqlite")
    return file


def tables(file: Path) -> Iterator[tuple[str, Counter[tuple[Any, ...]]]]:
    connection = sqlite3.connect(file)
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    for name in names:
        yield name, Counter(connection.execute(f'SELECT * FROM "{name}"').fetchall())
    connection.close()


SECRETS = {"_setting", "_grant", "setting", "sqlite_stat1", "token", "machine"}


def test_copied_rows_are_those_that_facts_would_have_become(states: list[Path]) -> None:
    copied, made = (dict(tables(file)) for file in states)
    assert copied.keys() == made.keys()
    seen = 0
    for name in copied.keys() - SECRETS:
        assert copied[name] == made[name], f"{name}: {list((copied[name] - made[name]).items())[:1]} {list((made[name] - copied[name]).items())[:1]}"
        seen += copied[name].total()
    assert seen > 2_500
