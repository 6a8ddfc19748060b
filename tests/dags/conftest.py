"""What Airflow finds in the DAG files, twice, from processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[2]
Facts = dict[str, Any]


def inspect(home: Path, dags: Path) -> Facts:
    """Import the DAG files in ``dags`` in a process of its own."""
    settings = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__DAG_PROCESSOR__DAG_VERSION_INFLATION_CHECK_LEVEL": "error",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    factory = REPOSITORY / "plugins" / "crosswalk_airflow" / "dag_factory.py"
    command = [sys.executable, str(Path(__file__).with_name("inspect_dags.py")), str(dags), str(factory)]
    done = subprocess.run(command, env=kept | settings, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    line = next(line for line in done.stdout.splitlines() if line.startswith("DAGS:"))
    found: Facts = json.loads(line.removeprefix("DAGS:"))
    return found


@pytest.fixture(scope="session")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """What is in the project's DAG files."""
    return inspect(tmp_path_factory.mktemp("airflow"), REPOSITORY / "dags")
