"""The DAG files as Airflow reads them: they import, survive storage, and say what an operator needs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from crosswalk.pairing import load_pairings
from tests.dags.conftest import REPOSITORY, Facts, inspect

PAIRINGS = load_pairings(REPOSITORY / "include" / "pairings")
PHASES = {"phase_1_visibility": "visibility", "phase_2_orders": "orders", "phase_2_products": "products"}
DAGS = (*PHASES, "approvals", "matching", "preflight")


def test_every_file_imports_and_every_pairing_has_its_dags(facts: Facts) -> None:
    assert facts["errors"] == {}
    assert set(facts["dags"]) == {f"{pairing.name}__{phase}" for pairing in PAIRINGS for phase in DAGS}


def test_every_dag_survives_being_stored(facts: Facts) -> None:
    assert all(dag["survives"] for dag in facts["dags"].values())


def test_parsing_again_elsewhere_makes_no_new_version(facts: Facts, tmp_path: Path) -> None:
    again = inspect(tmp_path, REPOSITORY / "dags")
    assert facts["unstable"] == again["unstable"] == {}
    for name, dag in facts["dags"].items():
        assert again["dags"][name]["serialized"] == dag["serialized"]


def test_a_file_whose_arguments_change_at_every_parse_would_be_refused(tmp_path: Path) -> None:
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "restless.py").write_text(
        "from datetime import datetime\nfrom airflow.sdk import DAG\nDAG('restless', description=str(datetime.now()))\n"
    )
    assert inspect(tmp_path, tmp_path / "dags")["unstable"]


@pytest.mark.parametrize("pairing", PAIRINGS, ids=lambda pairing: pairing.name)
@pytest.mark.parametrize("phase", PHASES)
def test_schedule_and_tags_are_the_pairings(facts: Facts, pairing: object, phase: str) -> None:
    dag = facts["dags"][f"{pairing.name}__{phase}"]
    assert dag["schedule"] == pairing.phases[PHASES[phase]].schedule
    assert dag["tags"] == sorted(["crosswalk", pairing.name, phase.replace("_", " ")[:7]])
    assert dag["catchup"] is False
    assert dag["max_active_runs"] == 1


def test_every_page_tells_what_each_task_does_and_what_to_do_at_night(facts: Facts) -> None:
    for dag in facts["dags"].values():
        assert "When a task is red" in dag["doc"]
        for task in dag["tasks"]:
            assert f"`{task}" in dag["doc"] or "pull_*" in dag["doc"] or "…" in dag["doc"], task


def test_every_task_is_tried_again_by_the_class_of_its_error(facts: Facts) -> None:
    for dag in facts["dags"].values():
        for task in dag["tasks"].values():
            assert task["retries"] >= 2
            assert task["retry_policy"] == "CrosswalkRetryPolicy"
            assert task["retry_seconds"] == 10


def test_tasks_that_talk_to_a_system_wait_in_its_pool(facts: Facts) -> None:
    for name, dag in facts["dags"].items():
        pairing = next(one for one in PAIRINGS if name.startswith(one.name))
        for task_id, task in dag["tasks"].items():
            side = _side(task_id, pairing.crm.system, pairing.erp.system)
            assert task["pool"] == (pairing.side(side).pool_name if side else "crosswalk_hub"), task_id


def _side(task_id: str, crm: str, erp: str) -> str | None:
    ends = {f"pull_{crm}": "crm", f"pull_{erp}": "erp"}
    ends |= {
        f"{stage}_{flow}": side
        for stage in ("deliver", "settle")
        for flow, side in (
            ("orders", "erp"),
            ("write_back", "crm"),
            ("products_to_erp", "erp"),
            ("products_to_crm", "crm"),
            ("parents_to_crm", "crm"),
            ("lifecycle_to_erp", "erp"),
            ("lifecycle_to_crm", "crm"),
            ("timeline", "crm"),
        )
    }
    return ends.get(task_id)


def test_only_deliver_may_write(facts: Facts) -> None:
    writers = {task for dag in facts["dags"].values() for task, about in dag["tasks"].items() if not about["read_only"]}
    flows = (
        "orders",
        "write_back",
        "products_to_erp",
        "products_to_crm",
        "parents_to_crm",
        "lifecycle_to_erp",
        "lifecycle_to_crm",
        "timeline",
    )
    assert writers == {f"deliver_{flow}" for flow in flows}


def test_stages_and_kinds_move_only_in_phase_2_of_a_pairing_with_a_rule_table_leads_before_orders(facts: Facts) -> None:
    for pairing in PAIRINGS:
        having = [
            name
            for name, dag in facts["dags"].items()
            if "deliver_lifecycle_to_erp" in dag["tasks"] and name.startswith(pairing.name)
        ]
        assert having == ([f"{pairing.name}__phase_2_orders"] if pairing.lifecycle else [])
    assert [pairing.name for pairing in PAIRINGS if pairing.lifecycle] == ["sap_business_one_hubspot"]


def test_preflight_runs_by_hand_and_may_leave_the_right_to_write_aside(facts: Facts) -> None:
    for pairing in PAIRINGS:
        dag = facts["dags"][f"{pairing.name}__preflight"]
        assert dag["schedule"] is None
        assert set(dag["tasks"]) == {"preflight"}
        assert dag["params"]["writes"]["type"] == "boolean"
        assert (dag["params"]["create"]["type"], "log lists it" in dag["params"]["create"]["description_md"]) == (
            "boolean",
            True,
        )


def test_matching_runs_by_the_schedule_of_the_pairing_and_asks_nothing(facts: Facts) -> None:
    for pairing in PAIRINGS:
        dag = facts["dags"][f"{pairing.name}__matching"]
        assert dag["schedule"] == pairing.matching.schedule
        assert set(dag["tasks"]) == {"link", "match"}
        assert dag["params"] == {}


def test_approvals_ask_a_question_for_each_item_and_keep_nobody_from_the_next(facts: Facts) -> None:
    for pairing in PAIRINGS:
        dag = facts["dags"][f"{pairing.name}__approvals"]
        assert dag["schedule"] == pairing.orders.approvals.schedule
        assert {name: task["downstream"] for name, task in dag["tasks"].items()} == {
            "list": ["approval.ask"],
            "approval.ask": ["approval.decide"],
            "approval.decide": [],
        }
        assert dag["max_active_runs"] > 1
        assert set(dag["params"]) == {"ask_again"}


def test_every_task_leads_to_quarantine_ledger_runbook_and_report(facts: Facts) -> None:
    for dag in facts["dags"].values():
        for task in dag["tasks"].values():
            assert task["links"] == ["Consistency report", "Ledger", "Quarantine", "Runbook"]


def test_the_form_asks_for_mode_since_records_dry_run_and_reason(facts: Facts) -> None:
    for name, dag in facts["dags"].items():
        if name.endswith(("__preflight", "__matching", "__approvals")):
            continue
        released = {"release_brake"} if "__phase_2" in name else set()
        assert set(dag["params"]) == {"mode", "since", "record_ids", "dry_run", "reason"} | released
        assert dag["params"]["mode"]["enum"] == ["incremental", "full"]
        assert all(schema.get("title") and schema.get("description_md") for schema in dag["params"].values())


def test_reading_the_dags_costs_a_fraction_of_importing_airflow_and_no_heavy_library(facts: Facts) -> None:
    assert facts["heavy_modules"] == []
    assert facts["parse_seconds"] < 0.5 * facts["import_seconds"]


def test_the_plugin_brings_neither_web_server_nor_pages_into_every_task(facts: Facts) -> None:
    rooms = {module for module in facts["plugin_modules"] if not module.startswith("airflow.")}
    assert (
        {"crosswalk_airflow.plugin"}
        <= rooms
        <= {f"crosswalk_airflow{part}" for part in ("", ".links", ".plugin", ".ui")}
    )


def test_one_pairing_more_is_its_dags_more(tmp_path: Path) -> None:
    project = tmp_path / "project"
    for name in ("dags", "include/pairings", "include/mappings"):
        shutil.copytree(REPOSITORY / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    file = project / "include" / "pairings" / "netsuite_salesforce.yaml"
    text = file.read_text().replace("pairing: netsuite_salesforce", "pairing: second_account")
    text = text.replace('"SF-', '"SECOND-')  # one account for both, and keys that are told apart
    file.with_name("second_account.yaml").write_text(text)
    found = set(inspect(tmp_path, project / "dags")["dags"])
    assert {name for name in found if name.startswith("second_account")} == {
        f"second_account__{phase}" for phase in DAGS
    }
    assert {name for name in found if name.startswith("netsuite_salesforce")} == {
        f"netsuite_salesforce__{p}" for p in DAGS
    }
