"""The arithmetic of the benchmarks about size: what a page, a change and a write cost beside what they may."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from benchmarks.accounts import contenders
from benchmarks.ends import ENDS
from benchmarks.engine import PAIRINGS, pairing, side_of
from benchmarks.incremental import SIZES
from benchmarks.incremental import outcome as incremental_outcome
from benchmarks.measure import cpu_seconds, family_cpu, process_cpu
from benchmarks.reading import PATHS, Served
from benchmarks.reading import outcome as reading_outcome
from benchmarks.repeated import BASE, STRIDE, copies
from benchmarks.report import Settings
from benchmarks.serve import AccountsOnly
from benchmarks.writes import PLATFORMS, SYSTEMS
from benchmarks.writes import outcome as writes_outcome
from hypothesis import given, settings
from hypothesis import strategies as st

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LOADS = {"salesforce": {"accounts": 1_000, "seconds": 10.0, "cpu": 9.0, "megabytes": 50.0, "loading_mb": 200.0,
                        "serving_mb": 150.0, "peak_mb": 200.0}}  # fmt: skip


def served(cpu: list[float]) -> Served:
    return Served(PATHS[0], [1_000] * len(cpu), cpu, sum(cpu), sum(cpu))


def test_a_process_is_seen_from_outside_as_from_inside() -> None:
    own = process_cpu(os.getpid())
    assert own == pytest.approx(time.process_time(), abs=0.2)  # without the children, which may be many by now
    assert family_cpu(os.getpid()) == pytest.approx(cpu_seconds(), abs=1.0)
    assert family_cpu(os.getpid()) >= own


def test_deep_pages_are_compared_with_the_first_ones() -> None:
    assert served([0.1] * 10).depth == 1.0
    assert served([0.1] * 8 + [0.2] * 2).depth == 2.0
    assert served([0.1] * 10).rate == pytest.approx(10_000)


@pytest.mark.parametrize(("cpu", "met"), [([0.1] * 10, True), ([0.1] * 8 + [0.14] * 2, False), ([0.3] * 10, False)])
def test_slow_pages_and_slower_deep_pages_miss_the_aim(cpu: list[float], met: bool) -> None:
    assert reading_outcome(1_000, LOADS, [served(cpu)]).met is met


def test_growth_is_told_by_the_largest_company() -> None:
    def found(cpu: float) -> dict[str, object]:
        return {"cpu": cpu, "postgres": 1.0, "wall": 2.0, "peak_mb": 100.0, "requests": 1, "stages": {"read": cpu},
                "walls": {"link": 1.0}}  # fmt: skip

    sizes = dict(zip(SIZES, (1.0, 1.2, 1.6), strict=True))
    result = incremental_outcome(ENDS["hubspot"], {size: found(cpu) for size, cpu in sizes.items()})
    assert result.figures["growth"][SIZES[-1]] == 1.6
    assert result.figures["growth_with_postgres"][SIZES[-1]] == 1.3
    assert result.met is False
    assert incremental_outcome(ENDS["hubspot"], {size: found(1.0) for size in SIZES}).met


@settings(deadline=None)
@given(st.integers(0, BASE - 1), st.integers(2, 100))
def test_no_copy_of_an_account_has_the_id_of_another(number: int, times: int) -> None:
    own, next_one = dict(copies(number, times)), dict(copies(number + 1, times))
    assert len({*own.values(), *next_one.values()}) == 2 * (times - 1)
    assert number < BASE < STRIDE


def test_the_possible_rate_counts_versions_whole_rounds_and_windows() -> None:
    salesforce, netsuite, hubspot, business_one = PLATFORMS
    assert (salesforce.updates, salesforce.least_requests) == (10_000, 55)  # 50 collections, 5 readings of versions
    assert replace(salesforce, updates=1_000).least_seconds == pytest.approx(3 * salesforce.seconds)
    assert replace(netsuite, updates=10_000).least_requests == 10_010
    assert replace(netsuite, updates=10_000, slots=5).least_seconds == pytest.approx(2_003 * netsuite.seconds)
    assert (hubspot.least_requests, hubspot.least_seconds) == (
        200,
        10 + hubspot.seconds,
    )  # ten of them in a second window
    assert replace(hubspot, updates=9_500).least_seconds == pytest.approx(2 * hubspot.seconds)
    assert (business_one.least_requests, business_one.least_seconds) == (
        10_000,
        pytest.approx(2_500 * business_one.seconds),
    )


def test_the_connectors_and_the_benchmark_mean_the_same_systems() -> None:
    assert set(SYSTEMS) == set(PAIRINGS)
    for system in SYSTEMS:
        assert pairing(system).side(side_of(pairing(system), system)).system == system


def test_below_the_aim_is_missed() -> None:
    def found(share: float) -> dict[str, object]:
        return {"updates": 10, "wall": 1.0, "least": share, "share": share, "slots": 1, "batch": 1, "seconds": 1.0, "requests": 1,
                "least_requests": 1, "cpu": 0.1, "emulator_cpu": 0.1}  # fmt: skip

    assert writes_outcome("hubspot", found(0.91)).met
    assert not writes_outcome("hubspot", found(0.89)).met


def test_a_company_of_accounts_only_has_exactly_as_many_and_nobody_in_them() -> None:
    parties = list(AccountsOnly(7, NOON, 120).parties())
    assert len(parties) == 120
    assert all(party.crm is not None and not party.contacts for party in parties)


def test_the_engine_reads_a_large_org_once() -> None:
    assert "crosswalk by REST" in contenders(ENDS["salesforce"], Settings(100_000, False).accounts)
    assert "crosswalk by REST" not in contenders(ENDS["salesforce"], 1_000_000)
    assert contenders(ENDS["hubspot"], 1_000_000) == ["crosswalk", "hubspot-api-client"]
