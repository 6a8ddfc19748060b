"""Parses one DAG file, or imports one module, in a fresh process: ``python -m benchmarks.parse_worker parse|import SUBJECT RESULT``."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from statistics import median

AGAIN = 5


def main(what: str, subject: str, result: Path) -> None:
    """Measure and write the numbers as JSON."""
    began = time.process_time()
    floor()
    numbers = {"floor_cpu": time.process_time() - began}
    numbers |= parse(subject) if what == "parse" else import_(subject)
    result.write_text(json.dumps(numbers))


def floor() -> None:
    """Import what Airflow's own processes have imported before they come to the project's files."""
    import airflow.dag_processing.dagbag
    import airflow.plugins_manager
    import airflow.providers.standard.operators.empty
    import airflow.sdk

    assert airflow.sdk.DAG


def parse(file: str) -> dict[str, float]:
    """Parse the file for the first time, then again; raises RuntimeError when it cannot be parsed. A file may hold no DAG (no pairing asks for it)."""
    from airflow.dag_processing.dagbag import DagBag

    known, began, started = len(sys.modules), time.process_time(), time.perf_counter()
    bag = DagBag(dag_folder=file)
    numbers = {"first_cpu": time.process_time() - began, "first_wall": time.perf_counter() - started}
    if bag.import_errors:
        raise RuntimeError(f"{file}: {bag.import_errors}")
    again = []
    for _ in range(AGAIN):
        began = time.process_time()
        DagBag(dag_folder=file)
        again.append(time.process_time() - began)
    return numbers | {"again_cpu": median(again), "dags": len(bag.dags), "modules": len(sys.modules) - known}


def import_(module: str) -> dict[str, float]:
    """Import a module."""
    known, began, started = len(sys.modules), time.process_time(), time.perf_counter()
    __import__(module)
    return {
        "first_cpu": time.process_time() - began,
        "first_wall": time.perf_counter() - started,
        "modules": len(sys.modules) - known,
    }


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
