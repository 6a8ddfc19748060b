"""What opens the doors: the trigger form, connections with their form and test, pools, wrong credentials."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from crosswalk.platforms import platforms
from tests.airflow.first_runs import FirstRuns
from tests.airflow.secret_values import secrets_of
from tests.airflow_rest import name_of
from tests.stack import PHASE_1, PHASE_2, Stack

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(1200)]


def test_both_dags_are_there_active_documented_and_tagged(stack: Stack) -> None:
    assert stack.airflow.get("/importErrors")["total_entries"] == 0
    assert stack.airflow.get("/plugins/importErrors")["total_entries"] == 0
    for dag, phase in ((PHASE_1, "phase 1"), (PHASE_2, "phase 2")):
        told = stack.airflow.get(f"/dags/{dag}/details")
        assert told["is_paused"] is False
        assert "When a task is red" in told["doc_md"]
        assert {tag["name"] for tag in told["tags"]} == {"crosswalk", "netsuite_salesforce", phase}
        assert told["params"]["mode"]["schema"]["enum"] == ["incremental", "full"]


@pytest.mark.parametrize(
    "conf", [{"mode": "everything"}, {"since": "yesterday"}, {"record_ids": "006"}, {"dry_run": "maybe"}]
)
def test_a_form_filled_in_wrong_is_refused_before_a_run_exists(stack: Stack, conf: dict[str, object]) -> None:
    before = stack.airflow.get(f"/dags/{PHASE_2}/dagRuns")["total_entries"]
    answer = stack.airflow.send("POST", f"/api/v2/dags/{PHASE_2}/dagRuns", {"logical_date": None, "conf": conf})
    assert answer.status_code == 400
    assert next(iter(conf)) in answer.text
    assert stack.airflow.get(f"/dags/{PHASE_2}/dagRuns")["total_entries"] == before


def test_connections_pools_and_the_form_of_the_netsuite_type_are_there(stack: Stack) -> None:
    found = {c["connection_id"]: c["conn_type"] for c in stack.airflow.get("/connections")["connections"]}
    assert found == {"crosswalk_hub": "postgres", **{name: name for name in platforms()}}
    pools = {pool["name"]: pool["slots"] for pool in stack.airflow.get("/pools")["pools"]}
    assert {"salesforce_api", "netsuite_api", "crosswalk_hub"} <= set(pools)
    hooks = {one["connection_type"]: one for one in stack.airflow.ask("GET", "/ui/connections/hook_meta")}
    assert {"account_id", "token_secret", "private_key", "base_url"} <= set(hooks["netsuite"]["extra_fields"])
    assert "salesforce" in hooks


def test_the_api_shows_no_secret_of_a_connection(stack: Stack) -> None:
    for system in ("netsuite", "salesforce"):
        shown = str(stack.airflow.get(f"/connections/{system}"))
        found = [name for name, value in secrets_of(stack, system) if value in shown]
        assert set(found) <= {"consumer_key"}, "a consumer key names the integration, like a login"


def test_the_test_button_says_that_netsuite_answers(stack: Stack) -> None:
    told = stack.airflow.ask("POST", "/api/v2/connections/test", _netsuite(stack))
    assert told["status"] is True
    assert "Connected to netsuite" in told["message"]


def test_the_test_button_says_in_a_sentence_what_is_wrong_with_the_credentials(stack: Stack) -> None:
    told = stack.airflow.ask("POST", "/api/v2/connections/test", _netsuite(stack, token_secret="0" * 64))
    assert told["status"] is False
    assert "Invalid login attempt" in told["message"]
    assert "Login Audit Trail" in told["message"]
    assert told["message"].endswith(".")
    assert not [name for name, value in secrets_of(stack, "netsuite") if value in told["message"]]


def _netsuite(stack: Stack, **changes: str) -> dict[str, Any]:
    """The netsuite connection as the form sends it, with what the emulator tells, except for ``changes``."""
    known = ("account_id", "base_url", "consumer_key", "consumer_secret", "token_id", "token_secret", "sql_time_zone")
    extra = {name: stack.access["netsuite"][name] for name in known} | changes
    return {"connection_id": "netsuite", "conn_type": "netsuite", "extra": json.dumps(extra)}


@contextmanager
def wrong_token(stack: Stack) -> Iterator[None]:
    """Let the netsuite connection hold a token secret that NetSuite does not know."""
    stack.airflow.ask("PATCH", "/api/v2/connections/netsuite", _netsuite(stack, token_secret="0" * 64))
    try:
        yield
    finally:
        stack.airflow.ask("PATCH", "/api/v2/connections/netsuite", _netsuite(stack))


def test_wrong_credentials_fail_at_once_with_a_remedy_and_the_mended_connection_makes_the_run_green(
    stack: Stack, first: FirstRuns
) -> None:
    with wrong_token(stack):
        run = stack.airflow.trigger(PHASE_2)
        assert stack.airflow.finish(PHASE_2, run) == "failed"
        tasks = stack.airflow.tasks(PHASE_2, run)
        red = [task for task in tasks if task["state"] == "failed"]
        assert {task["task_id"] for task in red} == {"pull_netsuite"}
        assert {name_of(task) for task in tasks if task["state"] == "success"} >= {"pull_salesforce[deal]"}
        for task in red:
            assert task["try_number"] == 1
            log = stack.airflow.log(PHASE_2, run, task)
            assert "authentication: netsuite" in log
            assert "Correct connection 'netsuite' under Admin, Connections" in log
    left = [(task["task_id"], task["map_index"]) for task in tasks if task["state"] != "success"]
    assert stack.airflow.clear(PHASE_2, run, left) == len(left)
    stack.airflow.expect_green(PHASE_2, run)
