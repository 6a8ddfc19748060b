"""What the benchmarks ask of a running Airflow, by its public API."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import requests


class Airflow:
    """A client that signs in once."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self._api = f"{url}/api/v2"
        answer = requests.post(f"{url}/auth/token", json={"username": user, "password": password}, timeout=60)
        answer.raise_for_status()
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def wait_for_success(self, dag: str, seconds: float) -> None:
        """Wait until a run has succeeded; raises RuntimeError when none does."""
        until = time.monotonic() + seconds
        while not self._get(f"dags/{dag}/dagRuns", state="success", limit=1)["dag_runs"]:
            if time.monotonic() > until:
                states = [one["state"] for one in self._get(f"dags/{dag}/dagRuns", limit=10)["dag_runs"]]
                raise RuntimeError(f"No run of {dag} succeeded within {seconds:.0f} s: {states}.")
            time.sleep(1.0)

    def runs(self, dag: str) -> list[tuple[str, datetime]]:
        """Return id and begin of the runs that have begun."""
        found = self._get(f"dags/{dag}/dagRuns", limit=100)["dag_runs"]
        return [(one["dag_run_id"], datetime.fromisoformat(one["start_date"])) for one in found if one["start_date"]]

    def tasks(self, dag: str, run: str) -> list[tuple[str, datetime, datetime]]:
        """Return name, begin and end of the run's task instances that have ended."""
        found = self._get(f"dags/{dag}/dagRuns/{run}/taskInstances", limit=100)["task_instances"]
        return [
            (one["task_id"], datetime.fromisoformat(one["start_date"]), datetime.fromisoformat(one["end_date"]))
            for one in found
            if one["start_date"] and one["end_date"]
        ]

    def _get(self, path: str, **parameters: Any) -> Any:
        answer = self._session.get(f"{self._api}/{path}", params=parameters, timeout=60)
        answer.raise_for_status()
        return answer.json()
