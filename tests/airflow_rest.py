"""Airflow's public REST API, as on-call uses it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

import requests

FINISHED = {"success", "failed"}
Row = dict[str, Any]


class AirflowRest:
    """One user's session."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False
        token = self._session.post(f"{url}/auth/token", json={"username": user, "password": password}, timeout=60)
        token.raise_for_status()
        self.token: str = token.json()["access_token"]
        self._session.headers["Authorization"] = f"Bearer {self.token}"

    def send(self, method: str, path: str, body: object = None, **query: object) -> requests.Response:
        """Send a request and return the answer, whatever it is."""
        return self._session.request(method, self._url + path, json=body, params=query or None, timeout=60)

    def submit(self, path: str, form: dict[str, str], **headers: str) -> requests.Response:
        """Send a form as a page does; returns the answer itself, not what it leads to."""
        return self._session.post(self._url + path, data=form, headers=headers, timeout=60, allow_redirects=False)

    def ask(self, method: str, path: str, body: object = None, **query: object) -> Any:
        """Send a request that has to succeed; returns the JSON."""
        answer = self.send(method, path, body, **query)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:600]}"
        return answer.json() if answer.content else None

    def get(self, path: str, **query: object) -> Any:
        return self.ask("GET", f"/api/v2{path}", **query)

    # -- runs ----------------------------------------------------------------------------------------------------------

    def trigger(self, dag: str, **conf: object) -> str:
        """Start a run; returns its id."""
        body = {"logical_date": None, "conf": conf}
        return str(self.ask("POST", f"/api/v2/dags/{dag}/dagRuns", body)["dag_run_id"])

    def state(self, dag: str, run: str) -> str:
        """Return a run's state; ``unknown`` while Airflow or its database is being restarted."""
        try:
            answer = self.send("GET", f"/api/v2/dags/{dag}/dagRuns/{run}")
        except requests.ConnectionError:
            return "unknown"
        assert answer.ok or answer.status_code >= 500, answer.text
        return str(answer.json()["state"]) if answer.ok else "unknown"

    def finish(self, dag: str, run: str, seconds: float = 240) -> str:
        """Wait for a run's end; returns its state."""
        deadline = time.monotonic() + seconds
        while (state := self.state(dag, run)) not in FINISHED:
            assert time.monotonic() < deadline, f"{run} is {state} after {seconds} s: {self.unfinished(dag, run)}"
            time.sleep(0.5)
        return state

    def run(self, dag: str, seconds: float = 240, **conf: object) -> str:
        """Trigger a run and wait until it is green; returns its id."""
        run = self.trigger(dag, **conf)
        self.expect_green(dag, run, seconds)
        return run

    def expect_green(self, dag: str, run: str, seconds: float = 240) -> None:
        state = self.finish(dag, run, seconds)
        assert state == "success", {t["task_id"]: t["state"] for t in self.tasks(dag, run) if t["state"] != "success"}

    def tasks(self, dag: str, run: str) -> list[Row]:
        """Return a run's task instances, in the order they began."""
        found = self.get(f"/dags/{dag}/dagRuns/{run}/taskInstances", limit=200)["task_instances"]
        return sorted(found, key=lambda task: task["start_date"] or "9")

    def unfinished(self, dag: str, run: str) -> list[str]:
        return [f"{name_of(task)} {task['state']}" for task in self.tasks(dag, run) if task["state"] != "success"]

    def clear(self, dag: str, run: str, tasks: Iterable[tuple[str, int]] | None = None) -> int:
        """Clear these task instances (all of the run when none are named) and nothing else; returns how many."""
        body: Row = {"dry_run": False, "dag_run_id": run, "only_failed": False, "reset_dag_runs": True}
        if tasks is not None:
            body["task_ids"] = [task if index < 0 else [task, index] for task, index in tasks]
        return int(self.ask("POST", f"/api/v2/dags/{dag}/clearTaskInstances", body)["total_entries"])

    def log(self, dag: str, run: str, task: Mapping[str, Any]) -> str:
        """Return the whole text of a task instance's logs, all tries."""
        path = f"/dags/{dag}/dagRuns/{run}/taskInstances/{task['task_id']}/logs"
        tries = range(1, int(task["try_number"]) + 1)
        return "\n".join(str(self.get(f"{path}/{n}", map_index=task["map_index"], full_content=True)) for n in tries)

    def xcoms(self, dag: str, run: str) -> list[Row]:
        """Return every XCom of a run with its value."""
        path = f"/dags/{dag}/dagRuns/{run}/taskInstances/~/xcomEntries"
        entries = self.get(path, limit=200)["xcom_entries"]
        one = f"/dags/{dag}/dagRuns/{run}/taskInstances"
        return [self.get(f"{one}/{e['task_id']}/xcomEntries/{e['key']}", map_index=e["map_index"]) for e in entries]


def name_of(task: Mapping[str, Any]) -> str:
    """Return a task instance's name as the grid shows it."""
    label = task.get("rendered_map_index") or (task["map_index"] if task["map_index"] >= 0 else None)
    return f"{task['task_id']}[{label}]" if label is not None else str(task["task_id"])
