"""Law 13: clearing any task, or all of them, changes nothing but the time it took."""

from __future__ import annotations

import pytest

from tests.airflow.first_runs import FirstRuns
from tests.airflow_rest import name_of
from tests.stack import PHASE_1, PHASE_2, Stack, eventually

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(1200)]


def test_every_task_of_both_phases_is_cleared_one_after_another_and_nothing_changes(
    stack: Stack, first: FirstRuns
) -> None:
    airflow, runs = stack.airflow, ((PHASE_1, first.visibility), (PHASE_2, first.orders))
    before, writes = first.company.snapshot(), first.company.writes()
    waiting = {dag: airflow.tasks(dag, run) for dag, run in runs}
    every = sum(len(tasks) for tasks in waiting.values())
    assert {dag: len(tasks) for dag, tasks in waiting.items()} == {PHASE_1: 18, PHASE_2: 18}
    busy: dict[str, dict[str, object]] = {}
    cleared: list[str] = []

    def step() -> bool:
        """Keep one task of each phase running until all have had their turn."""
        for dag, run in runs:
            if dag in busy:
                task = busy[dag]
                now = airflow.get(f"/dags/{dag}/dagRuns/{run}/taskInstances/{task['task_id']}/{task['map_index']}")
                again = now["state"] == "success" and now["start_date"] != task["start_date"]
                if (
                    again and airflow.state(dag, run) == "success"
                ):  # who clears while a run ends may lose to the scheduler
                    del busy[dag]
                assert now["state"] not in {"failed", "upstream_failed"}, name_of(task)
            if dag not in busy and waiting[dag]:
                task = busy[dag] = waiting[dag].pop(0)
                assert airflow.clear(dag, run, [(str(task["task_id"]), int(str(task["map_index"])))]) == 1, name_of(
                    task
                )
                cleared.append(f"{dag} {name_of(task)}")
        return not busy and not any(waiting.values())

    eventually(step, 540, "every task cleared once")
    for dag, run in runs:
        airflow.expect_green(dag, run)
    assert len(set(cleared)) == every
    assert first.company.writes() == writes
    assert first.company.snapshot() == before


def test_both_runs_are_cleared_all_at_once_and_nothing_changes(stack: Stack, first: FirstRuns) -> None:
    before, writes = first.company.snapshot(), first.company.writes()
    for dag, run in ((PHASE_1, first.visibility), (PHASE_2, first.orders)):
        assert stack.airflow.clear(dag, run) > 15
    for dag, run in ((PHASE_1, first.visibility), (PHASE_2, first.orders)):
        stack.airflow.expect_green(dag, run)
    assert first.company.writes() == writes
    assert first.company.snapshot() == before
