from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crosswalk_sandbox.company.model import Size
from tests.stages.world import World, world


@pytest.fixture
def small_world(tmp_path: Path, hub_dsn: str) -> Iterator[World]:
    """Both emulators with a small company and a fresh hub."""
    with world(tmp_path, hub_dsn) as running:
        yield running


@pytest.fixture
def troubled_world(tmp_path: Path, hub_dsn: str) -> Iterator[World]:
    """The same with deals enough that every kind of trouble is among those just won."""
    with world(tmp_path, hub_dsn, size=Size(accounts=120, products=40, deals=2_000)) as running:
        yield running


@pytest.fixture
def catalogue_world(tmp_path: Path, hub_dsn: str) -> Iterator[World]:
    """The same with the catalogue and little else."""
    with world(tmp_path, hub_dsn, size=Size(accounts=1, products=20, deals=1)) as running:
        yield running
