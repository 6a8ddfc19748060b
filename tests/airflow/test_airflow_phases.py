"""Both phases in a running Airflow, judged by what the two systems say afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.airflow.first_runs import FirstRuns
from tests.airflow_rest import name_of
from tests.stack import PHASE_1, PHASE_2, Stack

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(1200)]


def test_phase_1_writes_to_no_system(stack: Stack, first: FirstRuns) -> None:
    assert {"salesforce", "netsuite"} <= stack.settings.emulator_ports.keys()
    assert first.writes_of_visibility == dict.fromkeys(stack.settings.emulator_ports, 0)


def test_phase_1_lands_every_record_of_both_systems(stack: Stack, first: FirstRuns) -> None:
    counts = first.company.counts()
    landed = {what: _landed(stack, *what) for what in counts}
    counts["salesforce", "price"] -= 1  # of the product that was made up after phase 1; phase 2 reads no prices
    assert landed == counts
    assert all(counts.values())


def _landed(stack: Stack, system: str, entity: str) -> int:
    query = f'select count(*) from hub."{entity}" where system = %s and deleted_at is null'
    return int(stack.rows(query, [system])[0][0])


def test_mapped_tasks_are_called_by_their_entity(stack: Stack, first: FirstRuns) -> None:
    names = {name_of(task) for task in stack.airflow.tasks(PHASE_1, first.visibility)}
    assert {"pull_salesforce[customer]", "pull_netsuite[invoice]", "link", "check"} <= names


def test_every_ready_deal_has_exactly_one_order_and_its_account_exactly_one_customer(first: FirstRuns) -> None:
    orders = first.company.orders_of(first.ready)
    assert {deal: len(found) for deal, found in orders.items()} == dict.fromkeys(first.ready, 1)
    for deal, account in first.ready.items():
        [customer] = first.company.customers_of(account)
        assert orders[deal][0]["entity"] == customer["id"]


def test_an_order_costs_what_was_sold(first: FirstRuns) -> None:
    for deal, [order] in first.company.orders_of(first.ready).items():
        sold = first.company.crm.query(f"SELECT Amount FROM Opportunity WHERE Id = '{deal}'")[0]["Amount"]
        [lines] = first.company.erp.suiteql(
            f"SELECT SUM(-foreignamount) AS net FROM transactionline WHERE transaction = {order['id']} "
            "AND mainline = 'F' AND taxline = 'F'"
        )
        assert float(lines["net"]) == pytest.approx(sold)


def test_won_deals_of_the_demo_company_have_an_order_or_a_place_in_quarantine(stack: Stack, first: FirstRuns) -> None:
    since = (first.company.crm.now - timedelta(days=13)).date()
    won = first.company.crm.query(f"SELECT Id FROM Opportunity WHERE IsWon = true AND CloseDate >= {since}")
    deals = [row["Id"] for row in won]
    held = {key for (key,) in stack.rows("select key from hub.quarantine where status = 'open' and entity = 'deal'")}
    orders = first.company.orders_of(deals)
    assert len(deals) > len(first.ready) + len(first.blocked)
    assert {deal for deal, found in orders.items() if len(found) != 1} == held
    assert not {deal for deal in held if orders.get(deal)}


def test_a_deal_that_is_not_ready_waits_in_quarantine_with_what_to_do(stack: Stack, first: FirstRuns) -> None:
    assert set(map(len, first.company.orders_of(first.blocked).values())) == {0}
    for deal, cause in first.blocked.items():
        [(message, hint, stage)] = stack.rows(
            "select message, hint, stage from hub.quarantine where status = 'open' and key = %s", [deal]
        )
        assert cause in message
        assert stage == "plan"
        assert len(hint) > 20


def test_the_erps_ids_come_back_into_the_crm(first: FirstRuns) -> None:
    for deal, account in first.ready.items():
        [order] = first.company.orders_of([deal])[deal]
        assert first.company.erp_id("Opportunity", deal) == order["id"]
        assert first.company.erp_id("Account", account) == order["entity"]


def test_xcoms_carry_counts_and_ids_only(stack: Stack, first: FirstRuns) -> None:
    found = [
        entry
        for run, dag in ((first.visibility, PHASE_1), (first.orders, PHASE_2))
        for entry in stack.airflow.xcoms(dag, run)
    ]
    results = [entry["value"] for entry in found if entry["key"] == "return_value"]
    assert len(results) > 30
    assert all(isinstance(v, int | float | str) and len(str(v)) < 80 for result in results for v in result.values())


def test_a_second_run_writes_nothing_and_lets_a_deal_go_that_was_reopened(stack: Stack, first: FirstRuns) -> None:
    first.company.crm.update("Opportunity", first.reopened, {"StageName": "Negotiation/Review"})
    before, writes = first.company.snapshot(), first.company.writes()
    run = stack.airflow.run(PHASE_2)
    results = {e["task_id"]: e["value"] for e in stack.airflow.xcoms(PHASE_2, run) if e["key"] == "return_value"}
    assert results["plan_orders"]["intents"] == results["plan_write_back"]["intents"] == 0
    assert first.company.writes() == writes
    assert first.company.snapshot() == before
    kept = {key for (key,) in stack.rows("select key from hub.quarantine where status = 'open' and entity = 'deal'")}
    assert first.reopened not in kept
    assert set(first.blocked) <= kept


def test_parsing_the_files_over_and_over_makes_no_second_version_of_a_dag(stack: Stack, first: FirstRuns) -> None:
    versions = {dag: stack.airflow.get(f"/dags/{dag}/dagVersions")["total_entries"] for dag in (PHASE_1, PHASE_2)}
    assert versions == {PHASE_1: 1, PHASE_2: 1}
