from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stages.world import World, world


@pytest.fixture
def small_world(tmp_path: Path, hub_dsn: str) -> Iterator[World]:
    """Both emulators with a small company and a fresh hub."""
    with world(tmp_path, hub_dsn) as running:
        yield running
