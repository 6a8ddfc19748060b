"""Whatever dies while orders are written, whenever it dies: nothing is lost and nothing is written twice."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable

import psutil
import pytest

from crosswalk.connectors.netsuite.connector import LONGEST_REQUEST_SECONDS
from crosswalk.delivery.dispatch import LEASE_SECONDS, MOST_WAITING_SECONDS
from tests.airflow.first_runs import FirstRuns
from tests.airflow_rest import FINISHED, name_of
from tests.stack import PHASE_2, Stack, eventually, latency

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(1200)]
STEPS = 18
FROM_DELIVERY_ON = [
    (f"{stage}_{flow}", -1)
    for flow, stages in (("orders", ("deliver", "settle")), ("write_back", ("plan", "gate", "deliver", "settle")))
    for stage in stages
]
RESEND_SECONDS = LONGEST_REQUEST_SECONDS + MOST_WAITING_SECONDS


def _one_order_each(first: FirstRuns, deals: Iterable[str]) -> bool:
    return {len(found) for found in first.company.orders_of(deals).values()} == {1}


def _at_most_one_order_each(first: FirstRuns, deals: Iterable[str]) -> bool:
    return {len(found) for found in first.company.orders_of(deals).values()} <= {0, 1}


def _everything_came_back(first: FirstRuns, deals: Iterable[str]) -> bool:
    orders = first.company.orders_of(deals)
    return all(first.company.erp_id("Opportunity", deal) == orders[deal][0]["id"] for deal in deals)


def test_every_task_process_is_killed_on_sight_and_the_run_ends_green(stack: Stack, first: FirstRuns) -> None:
    account = first.company.open_account()
    deals = [first.company.win(account), first.company.win(first.account)]
    run = stack.airflow.trigger(PHASE_2)
    killed: set[str] = set()

    def kill_each_once() -> bool:
        running = _running(stack, run)
        for name, process in running:
            if name not in killed:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
                    killed.add(name)
        return not running and stack.airflow.state(PHASE_2, run) in FINISHED

    eventually(kill_each_once, 540, "the end of the run", every=0.05)
    stack.airflow.expect_green(PHASE_2, run)
    tries = {name_of(task): task["try_number"] for task in stack.airflow.tasks(PHASE_2, run)}
    assert len(killed) == STEPS
    assert min(tries.values()) >= 2, tries
    _settle_down(stack, first, run, deals)
    assert _one_order_each(first, deals)
    assert len(first.company.customers_of(account)) == 1
    assert _everything_came_back(first, deals)


def _running(stack: Stack, run: str) -> list[tuple[str, psutil.Process]]:
    """The run's tasks that are running code now, with their processes."""
    processes = dict(stack.task_processes())
    if not processes:
        return []
    tasks = stack.airflow.tasks(PHASE_2, run)
    return [(f"{t['task_id']}[{t['map_index']}]", processes[t["id"]]) for t in tasks if t["id"] in processes]


def _deliver_again(stack: Stack, run: str) -> None:
    """Clear what a run does from the delivery on: what the next run would do, without waiting for it."""
    assert stack.airflow.clear(PHASE_2, run, FROM_DELIVERY_ON) == len(FROM_DELIVERY_ON)
    stack.airflow.expect_green(PHASE_2, run)


def _settle_down(stack: Stack, first: FirstRuns, run: str, deals: Iterable[str]) -> None:
    """Let the leases and then the longest request run out, with a delivery after either, until every order is done."""
    for seconds in (LEASE_SECONDS, RESEND_SECONDS):
        if set(first.company.intents(deals).values()) != {"done"}:
            first.company.let_pass(seconds)
            _deliver_again(stack, run)


def _in_the_middle(first: FirstRuns, deals: list[str]) -> bool:
    """Whether some orders are written, others on their way and others not begun."""
    found = Counter(first.company.intents(deals).values())
    return found["done"] >= 2 and found["sending"] >= 3 and found["planned"] >= 1


def _deliver_process(stack: Stack, run: str) -> psutil.Process | None:
    return next((process for name, process in _running(stack, run) if name == "deliver_orders[-1]"), None)


def test_deliver_killed_between_request_and_reply_adopts_what_arrived_and_sends_what_did_not(
    stack: Stack, first: FirstRuns
) -> None:
    deals = [first.company.win(first.account, lines=1) for _ in range(20)]
    orders = {"path": "/record/v1/salesOrder$", "method": "POST"}
    never_arrives = {"kind": "refuse", "count": 1, "after": 1}
    arrives_without_reply = {"kind": "timeout_after_commit", "seconds": 120, "count": 2, "after": 2}
    for fault in (never_arrives, arrives_without_reply):
        stack.sandbox("netsuite", "faults", "POST", orders | fault)
    with latency(stack, "netsuite", 1.5):
        run = stack.airflow.trigger(PHASE_2)
        eventually(lambda: _in_the_middle(first, deals), 200, "deliver in the middle of its requests", every=0.05)
        process = _deliver_process(stack, run)
        assert process is not None
        process.kill()
        cut = first.company.intents(deals)
    assert "sending" in set(cut.values())
    stack.airflow.expect_green(PHASE_2, run)
    after = first.company.intents(deals)
    assert set(after.values()) <= {"done", "sending", "in_doubt", "planned"}, "the killed worker's lease still holds"
    left = [deal for deal, status in after.items() if status != "done"]
    assert left, "nothing was left in doubt"
    assert _at_most_one_order_each(first, deals)

    first.company.let_pass(LEASE_SECONDS)
    _deliver_again(stack, run)
    absent = [deal for deal, found in first.company.orders_of(deals).items() if not found]
    waiting = {deal for deal, status in first.company.intents(deals).items() if status != "done"}
    assert waiting == set(absent), "what arrived is adopted, what did not is not sent again yet"
    assert absent
    assert _adopted(stack, deals) >= 2

    first.company.let_pass(RESEND_SECONDS)
    stack.airflow.run(PHASE_2)  # an ordinary next run does it, too
    assert _one_order_each(first, deals)
    assert _everything_came_back(first, deals)


def _adopted(stack: Stack, deals: list[str]) -> int:
    """How many orders were found in the ERP under their key and taken as done."""
    query = "select count(*) from hub.ledger where detail->>'adopted' = 'true' and key = any(%s)"
    return int(stack.rows(query, [deals])[0][0])


def test_a_killed_netsuite_comes_back_and_no_order_is_lost_or_doubled(stack: Stack, first: FirstRuns) -> None:
    deals = [first.company.win(first.account, lines=1) for _ in range(20)]
    with latency(stack, "netsuite", 1.0):
        run = stack.airflow.trigger(PHASE_2)
        eventually(lambda: _in_the_middle(first, deals), 200, "deliver in the middle of its requests", every=0.05)
        before = stack.process("sandbox-netsuite").pid
        stack.kill("sandbox-netsuite")
    eventually(lambda: stack.is_well("sandbox-netsuite", before), 60, "NetSuite is back")
    stack.airflow.expect_green(PHASE_2, run)
    assert _at_most_one_order_each(first, deals)
    _settle_down(stack, first, run, deals)
    assert _one_order_each(first, deals)
    assert _everything_came_back(first, deals)


def test_a_killed_postgres_comes_back_and_the_run_ends_green(stack: Stack, first: FirstRuns) -> None:
    deals = [first.company.win(first.account, lines=1) for _ in range(20)]
    with latency(stack, "netsuite", 0.5):
        run = stack.airflow.trigger(PHASE_2)
        eventually(lambda: _in_the_middle(first, deals), 200, "deliver in the middle of its requests", every=0.05)
        before = stack.process("postgres").pid
        stack.kill("postgres")
    eventually(lambda: stack.is_well("postgres", before), 60, "Postgres is back")
    stack.airflow.expect_green(PHASE_2, run, 400)
    _settle_down(stack, first, run, deals)
    assert _one_order_each(first, deals)
    assert _everything_came_back(first, deals)
