"""What the emulators' tests share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def environments(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where environments of other people's clients are kept: pytest's cache, and a folder of this run where there is none."""
    cache = getattr(pytestconfig, "cache", None)
    return tmp_path_factory.mktemp("clients") if cache is None else Path(cache.mkdir("clients"))
