"""Imports the DAG files the way Airflow does and prints what it finds as JSON. Run in a process of its own: Airflow settles its
configuration when it is imported."""

from __future__ import annotations

import json
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

started = time.process_time()
from airflow.dag_processing.dagbag import DagBag  # noqa: E402
from airflow.serialization.serialized_objects import DagSerialization  # noqa: E402
from airflow.utils.dag_version_inflation_checker import check_dag_file_stability  # noqa: E402


def _task(task: Any) -> dict[str, Any]:
    policy = task.partial_kwargs.get("retry_policy") if task.is_mapped else task.retry_policy
    delay = task.retry_delay
    return {
        "retries": task.retries,
        "retry_seconds": delay.total_seconds() if isinstance(delay, timedelta) else delay,
        "retry_policy": type(policy).__name__,
        "pool": task.pool,
        "mapped": task.is_mapped,
        "links": sorted(link.name for link in getattr(task, "operator_extra_links", ()) or ()),
        "downstream": sorted(task.downstream_task_ids),
        "read_only": bool((task.partial_kwargs if task.is_mapped else vars(task)).get("read_only", True)),
    }


def _dag(dag: Any, serialized: dict[str, Any]) -> dict[str, Any]:
    timetable = serialized["dag"]["timetable"]
    return {
        "tags": sorted(dag.tags),
        "doc": dag.doc_md or "",
        "schedule": timetable.get("__var", timetable).get("expression"),
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "params": {name: dag.params.get_param(name).schema for name in dag.params},
        "survives": DagSerialization.from_dict(serialized).dag_id == dag.dag_id,
        "serialized": json.dumps(serialized, sort_keys=True, default=str),
        "tasks": {task.task_id: _task(task) for task in dag.tasks},
    }


def _plugins_own() -> list[str]:
    """The modules that the plugin brings into every Airflow process."""
    import airflow.plugins_manager

    known = set(sys.modules)
    import crosswalk_airflow.plugin

    assert airflow.plugins_manager.AirflowPlugin in crosswalk_airflow.plugin.CrosswalkPlugin.__mro__
    return sorted(set(sys.modules) - known)


def main(folder: str, *makers: str) -> dict[str, Any]:
    imported = time.process_time() - started
    plugin, known = _plugins_own(), set(sys.modules)
    bag = DagBag(dag_folder=folder)
    begun = time.process_time()
    bag = DagBag(dag_folder=folder)
    parsed = time.process_time() - begun
    files = [*map(str, Path(folder).glob("*.py")), *makers]
    unstable = {file: check_dag_file_stability(file).get_error_format_dict(file, None) for file in files}
    return {
        "errors": {str(file): str(error) for file, error in bag.import_errors.items()},
        "unstable": {file: error for file, error in unstable.items() if error},
        "dags": {dag.dag_id: _dag(dag, DagSerialization.to_dict(dag)) for dag in bag.dags.values()},
        "import_seconds": imported,
        "parse_seconds": parsed,
        "plugin_modules": plugin,
        "heavy_modules": sorted({"great_expectations", "pandas", "simple_salesforce"} & (set(sys.modules) - known)),
    }


if __name__ == "__main__":
    print("DAGS:" + json.dumps(main(*sys.argv[1:])))
