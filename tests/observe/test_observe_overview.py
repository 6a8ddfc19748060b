"""One pairing at a glance: what it counts, what it puts first, and that it reads by indexes alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk.hub import ledger, quarantine, runs
from crosswalk.hub.checks import CheckOutcome, store_outcomes
from crosswalk.hub.database import Connection, Hub
from crosswalk.hub.matches import Proposal, propose
from crosswalk.hub.modes import set_mode
from crosswalk.model.errors import ConflictError, ValidationError
from crosswalk.observe import latency as latencies
from crosswalk.observe.latency import spread
from crosswalk.observe.overview import STATEMENTS, overview
from tests.facts.shop import CRM, ERP, NOON, PAIRING, pairing
from tests.hub.records import draft, plan


@pytest.fixture
def connection(hub: Hub) -> Iterator[Connection]:
    with hub.connection() as connection:
        yield connection


def _trouble(connection: Connection, key: str, stage: str, error: Exception) -> None:
    quarantine.put(
        connection, pairing=PAIRING, system=CRM, entity="deal", key=key, stage=stage, error=error, now=NOON
    )  # fmt: skip


def test_a_pairing_that_never_ran_shows_nothing_and_asks_for_nothing(connection: Connection) -> None:
    state = overview(connection, pairing(), now=NOON)
    assert (state.score, state.quarantined, state.conflicts, state.matches, state.attention) == (None, 0, 0, 0, ())
    assert state.latency.since_won is None
    assert [phase.runs for phase in state.phases] == [(), (), ()]
    assert {flow.mode.flow: flow.mode.mode for flow in state.flows}["orders"] == "live"


def test_what_waits_is_counted_and_the_gravest_comes_first(connection: Connection) -> None:
    for number in range(3):
        _trouble(connection, f"plan {number}", "plan", ValidationError("It has no lines."))
    _trouble(connection, "deliver", "deliver", ValidationError("The ERP refused it."))
    _trouble(connection, "both", "plan", ConflictError("Both sides changed it."))
    _trouble(connection, "mended", "plan", ValidationError("It had no lines."))
    quarantine.resolve(connection, pairing=PAIRING, system=CRM, entity="deal", key="mended", now=NOON)
    propose(connection, PAIRING, "customer", (CRM, ERP), [Proposal("1", "2", 3.0, "near", ())], "r")
    set_mode(connection, PAIRING, "orders", "shadow", actor="ulf", evidence={}, now=NOON)
    state = overview(connection, pairing(), now=NOON)
    assert (state.quarantined, state.conflicts, state.matches) == (4, 1, 1)
    assert [one.gravity for one in state.attention] == ["critical", "critical", "warning", "info"]
    assert "1 conflict" in state.attention[0].text
    assert "3 records in quarantine at plan" in state.attention[2].text
    assert {flow.mode.flow: (flow.mode.mode, flow.mode.changed_by) for flow in state.flows}["orders"] == (
        "shadow",
        "ulf",
    )


def test_calls_of_the_last_day_count_against_our_share(connection: Connection) -> None:
    for hours, calls in ((1, 60_000), (23, 4_000), (25, 999_999)):
        connection.execute(
            "insert into hub.quota_usage values (%s, %s, %s)", (CRM, NOON - timedelta(hours=hours), calls)
        )
    crm, erp = overview(connection, pairing(), now=NOON).quotas
    assert (crm.used, crm.allowed, crm.budget) == (64_000, 100_000, 70_000)
    assert (erp.used, erp.budget, erp.share) == (0, None, None)
    assert ["91%" in one.text for one in overview(connection, pairing(), now=NOON).attention] == [True]


def test_runs_and_checks_are_the_latest(connection: Connection) -> None:
    for number in range(8):
        begun = NOON - timedelta(minutes=number)
        runs.begin(connection, run_id=f"d/{number}", pairing=PAIRING, phase="phase_2_orders", dag_id="d", now=begun)
    outcomes = [
        CheckOutcome("grave", "Totals differ", "critical", violations=3, population=10, success=False),
        CheckOutcome("fine", "All well", "warning", violations=0, population=30, success=True),
    ]
    store_outcomes(connection, pairing=PAIRING, run_id="d/1", outcomes=outcomes[1:], now=NOON - timedelta(hours=1))
    store_outcomes(connection, pairing=PAIRING, run_id="d/0", outcomes=outcomes, now=NOON)
    state = overview(connection, pairing(), now=NOON)
    assert [run.id for run in state.phases[1].runs] == ["d/0", "d/1", "d/2", "d/3", "d/4"]
    assert state.score == pytest.approx(92.5)
    [told] = state.attention
    assert (told.gravity, told.query) == ("critical", "check=grave")


def test_latency_is_measured_from_when_the_deal_was_won_and_from_when_it_was_seen(connection: Connection) -> None:
    wins = [(10, 40, 100), (20, 50, 130), (0, 0, 300)]  # seconds: won, seen, ordered
    for number, (won, seen, ordered) in enumerate(wins):
        stamp = (NOON + timedelta(seconds=won)).isoformat()
        one = replace(draft(f"O{number}"), source_version=stamp)
        entry = ledger.Entry("observed", None, "r", system=CRM, entity="deal", key=one.source_key)
        ledger.write(connection, [entry], now=NOON + timedelta(seconds=seen))
        plan(connection, [one], pairing=PAIRING, now=NOON + timedelta(seconds=seen + 5))
        ledger.write(connection, [entry], now=NOON + timedelta(hours=1))  # seen again afterwards: the write-back's echo
        connection.execute(
            "update hub.intent set status = 'done', finished_at = %s where key = %s",
            (NOON + timedelta(seconds=ordered), one.key),
        )
    found = overview(connection, pairing(), now=NOON + timedelta(hours=2)).latency
    assert found.since_won is not None
    assert found.in_crosswalk is not None
    assert (found.since_won.orders, found.since_won.median, found.since_won.worst) == (3, 110, 300)
    assert (found.in_crosswalk.orders, found.in_crosswalk.median, found.in_crosswalk.p95) == (3, 80, 300)
    assert overview(connection, pairing(), now=NOON + timedelta(days=9)).latency.since_won is None


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=300))
def test_a_percentile_is_a_time_that_was_measured_and_so_many_are_within_it(seconds: list[float]) -> None:
    found = spread(seconds)
    assert found is not None
    assert {found.median, found.p95, found.worst} <= set(seconds)
    assert sum(one <= found.p95 for one in seconds) >= 0.95 * len(seconds)
    assert found.median <= found.p95 <= found.worst == max(seconds)


def _whole_reads(node: dict[str, Any]) -> Iterator[str]:
    """Yield the parts of a plan that read a table, or an index, from one end to the other."""
    if node["Node Type"] == "Seq Scan" or ("Index" in node["Node Type"] and "Index Cond" not in node):
        yield f"{node['Node Type']} of {node.get('Relation Name') or node.get('Index Name')}"
    for part in node.get("Plans", ()):
        yield from _whole_reads(part)


def test_nothing_that_grows_is_ever_read_as_a_whole(connection: Connection) -> None:
    connection.execute("set local enable_seqscan = off")
    wanted = {"pairing": PAIRING, "phase": "phase_2_orders", "system": CRM, "since": NOON, "most": 500}
    for name, statement in {**STATEMENTS, "latency": latencies._DONE}.items():
        [([plan],)] = connection.execute(f"explain (format json) {statement}".encode(), wanted).fetchall()
        assert list(_whole_reads(plan["Plan"])) == [], name
