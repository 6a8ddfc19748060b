"""What Airflow pays for the project's files: parsing a DAG file, importing the plugin.

Each file is parsed in a process of its own, as Airflow's processor does it: first what Airflow itself imports (the floor, stated
apart), then the file for the first time, which imports what it needs, then again with everything imported. Its peer in the same run is
a file with one DAG of one empty task.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measure import ratio
from benchmarks.report import Outcome, Settings, Table

PROJECT = Path(__file__).parents[1]
AIM_SECONDS = 0.5  # CPU of a first parse beyond Airflow's own imports
PLUGIN = "crosswalk_airflow.plugin"
PEER = """
from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator

with DAG("peer") as dag:
    EmptyOperator(task_id="nothing")
"""


def run(settings: Settings) -> Outcome:
    """Parse every DAG file of the project and the peer, import the plugin, several times each."""
    rounds = 1 if settings.quick else 3
    with tempfile.TemporaryDirectory(prefix="crosswalk-bench-") as folder:
        peer = Path(folder) / "peer.py"
        peer.write_text(PEER)
        files = {"an empty DAG (the peer)": peer} | {
            f"dags/{path.name}": path for path in sorted((PROJECT / "dags").glob("*.py"))
        }
        parsed = {
            name: middle([measured("parse", str(path), folder) for _ in range(rounds)]) for name, path in files.items()
        }
        plugin = middle([measured("import", PLUGIN, folder) for _ in range(rounds)])
    return outcome(parsed, plugin)


def measured(what: str, subject: str, folder: str) -> dict[str, Any]:
    """Measure in a process of its own, with an Airflow that knows no examples and has a database of its own."""
    result = Path(folder) / "result.json"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")} | {
        "AIRFLOW_HOME": folder,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder}/airflow.db",
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-m", "benchmarks.parse_worker", what, subject, str(result)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=PROJECT)
    if done.returncode != 0:
        raise RuntimeError(f"{subject} cannot be measured: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(result.read_text())
    return found


def middle(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the median of each number."""
    return {name: round(median(one[name] for one in rounds), 4) for name in rounds[0]}


def outcome(parsed: Mapping[str, Mapping[str, Any]], plugin: Mapping[str, Any]) -> Outcome:
    """Put the project's files beside the peer."""
    peer = next(iter(parsed))
    ours = {name: found for name, found in parsed.items() if name != peer}
    worst = max(found["first_cpu"] for found in ours.values())
    head = [
        "",
        "DAGs",
        "first parse, CPU s",
        "wall s",
        "again, CPU s",
        "times the peer, again",
        "modules it imports",
        "floor, CPU s",
    ]
    rows = [
        [name, int(found["dags"]), found["first_cpu"], found["first_wall"], found["again_cpu"],
         ratio(found["again_cpu"], parsed[peer]["again_cpu"]), int(found["modules"]), found["floor_cpu"]]
        for name, found in parsed.items()
    ]  # fmt: skip
    tables = [
        Table("DAG files", head, rows),
        Table(
            "The plugin",
            ["", "import, CPU s", "wall s", "modules it imports", "floor, CPU s"],
            [[PLUGIN, plugin["first_cpu"], plugin["first_wall"], int(plugin["modules"]), plugin["floor_cpu"]]],
        ),
    ]
    headline = (
        f"{worst:.2f} s of CPU for the first parse of the slowest DAG file (aim below {AIM_SECONDS:g}), "
        f"{plugin['first_cpu']:.2f} s for importing the plugin; Airflow's own imports take {plugin['floor_cpu']:.1f} s"
    )
    return Outcome("parsing", headline, worst < AIM_SECONDS, {"parsed": parsed, "plugin": plugin}, tables)
