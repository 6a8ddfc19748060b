"""A local installation in a throw-away folder, with ports of its own."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from crosswalk_airflow.local import credentials
from crosswalk_airflow.local.layout import Layout
from crosswalk_airflow.local.processes import end
from crosswalk_airflow.local.settings import Settings
from tests.local.installation import PROJECT, Installation, free_port


@pytest.fixture
def state() -> Iterator[Path]:
    """A folder with a short path that the database's account can reach."""
    folder = Path(tempfile.mkdtemp(prefix="cw"))
    folder.chmod(0o755)
    yield folder / "state"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def installation(state: Path) -> Iterator[Installation]:
    layout = Layout(PROJECT, state)
    settings = Settings(postgres_port=free_port(), emulator_ports={})
    layout.prepare()
    settings.save(layout.settings)
    made = Installation(layout, settings, credentials.load_or_create(layout.secrets).postgres_password)
    yield made
    end(made.processes(), patience=5.0)
    for server in made.started:
        server.wait(10)
    if not made.home.folder.is_relative_to(state):
        shutil.rmtree(made.home.folder, ignore_errors=True)


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The caller's own CROSSWALK_ and AIRFLOW variables are out of the way."""
    for name in list(os.environ):
        if name.startswith(("CROSSWALK_", "AIRFLOW")):
            monkeypatch.delenv(name)
    return monkeypatch
