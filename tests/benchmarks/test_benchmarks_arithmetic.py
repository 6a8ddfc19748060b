"""The benchmarks' arithmetic: what is divided by what, and that nothing measured nothing."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from benchmarks.__main__ import NAMES, main, settings_of
from benchmarks.accounts import name_of, outcome
from benchmarks.calls import outcome as calls_outcome
from benchmarks.calls_counting import Counted, pages
from benchmarks.calls_salesforce import least_of_full
from benchmarks.emulators import Requests
from benchmarks.ends import ENDS
from benchmarks.engine import PAIRINGS
from benchmarks.latency import Deal, Task, split, stages_of
from benchmarks.measure import cost, cpu_seconds, per_record, ratio
from benchmarks.orders import least_seconds, share
from benchmarks.report import Outcome, Table, keep, write_page
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MACHINE = {
    "date": "2026-03-02",
    "cores": 2,
    "processor": "any",
    "system": "Linux",
    "python": "3.11",
    "postgres": "18.6",
}


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_cost_counts_cpu_and_not_waiting() -> None:
    with cost() as worked:
        until = cpu_seconds() + 0.05
        while cpu_seconds() < until:
            sum(range(1_000))
    assert 0.05 <= worked.cpu < 0.5
    assert worked.wall >= worked.cpu * 0.5
    assert worked.peak_mb > 1


def test_a_cost_of_no_records_is_an_error_and_not_zero() -> None:
    assert per_record(2.0, 4_000) == 0.5
    with pytest.raises(ValueError, match="Nothing was read"):
        per_record(2.0, 0)
    with pytest.raises(ValueError, match="nothing to compare"):
        ratio(1.0, 0.0)


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 10**4))
def test_pages_hold_all_records_and_none_is_in_vain(records: int, size: int) -> None:
    needed = pages(records, size)
    assert needed * size >= records
    assert needed == 1 or (needed - 1) * size < records


def test_a_full_load_is_measured_against_the_cheaper_of_rest_and_bulk() -> None:
    assert [least_of_full(rows) for rows in (0, 2_000, 4_001, 6_000, 6_001, 50_001)] == [1, 1, 3, 3, 3, 4]


def test_the_possible_rate_is_bounded_by_slots_and_seconds() -> None:
    assert least_seconds(500, slots=5, seconds=1.0) == 100.0
    assert least_seconds(501, slots=5, seconds=1.0) == 101.0
    assert share(500, 125.0) == 0.8


def test_sign_ins_are_told_apart_from_calls() -> None:
    found = Requests.of(
        [
            {"method": "POST", "path": "/services/oauth2/token", "count": 2},
            {"method": "POST", "path": "/services/Soap/u/59.0", "count": 1},
            {"method": "POST", "path": "/b1s/v2/Login", "count": 1},
            {"method": "POST", "path": "/b1s/v2/Logout", "count": 1},
            {"method": "GET", "path": "/services/data/v62.0/query/", "count": 3},
        ]
    )
    assert (found.total, found.tokens) == (3, 5)
    assert found.listed() == ["GET /services/data/v62.0/query/ × 3"]


def test_one_path_over_the_aim_misses_it_however_cheap_the_others_are() -> None:
    cheap = Counted("A", "read", 1_000, 100, 100, 0, "", ())
    dear = Counted("A", "find", 200, 2, 1, 0, "", ())
    assert calls_outcome([cheap]).met
    assert not calls_outcome([cheap, dear]).met
    assert "102 calls where 101" in calls_outcome([cheap, dear]).headline


def test_a_deals_time_is_split_without_rest() -> None:
    stages = stages_of(
        [
            ("pull_salesforce", at(32), at(36)),
            ("pull_netsuite", at(31), at(40)),
            ("link", at(41), at(43)),
            ("plan_orders", at(44), at(46)),
            ("gate_orders", at(46.5), at(47)),
            ("deliver_orders", at(48), at(55)),
        ]
    )
    assert stages["pull"] == Task(at(31), at(40))
    parts = split(Deal("006", at(0), at(50)), at(30), stages)
    assert parts == {
        "schedule": 30.0, "pull": 9.0, "link": 2.0, "plan": 2.0, "gate": 0.5, "deliver": 2.0, "between tasks": 4.5, "total": 50.0,
    }  # fmt: skip


@settings(deadline=None)
@given(st.floats(0, 45), st.floats(47.5, 60))
def test_the_parts_add_up_whenever_the_deal_was_won_and_seen(won: float, seen: float) -> None:
    edges = [("pull_a", 31, 40), ("link", 41, 43), ("plan_orders", 44, 46), ("gate_orders", 46.5, 47)]
    tasks = [(name, at(began), at(ended)) for name, began, ended in (*edges, ("deliver_orders", 47.2, 55.0))]
    parts = split(Deal("006", at(won), at(seen)), at(30), stages_of(tasks))
    assert all(seconds >= 0 for seconds in parts.values())
    assert sum(parts.values()) - parts["total"] == pytest.approx(parts["total"], abs=0.01)


def test_contenders_are_compared_by_the_cpu_of_a_record() -> None:
    def found(cpu: float, records: int) -> dict[str, object]:
        return {"cpu": cpu, "wall": cpu * 2, "records": records, "peak_mb": 100.0, "import_mb": 50.0, "import_cpu": 1.0,
                "requests": 1, "rows": records, "stages": {"read": cpu}}  # fmt: skip

    names = {"crosswalk": 2.0, "crosswalk by REST": 3.0, "dlt": 8.0, "simple-salesforce": 1.0}
    full = {name: found(cpu, 10_000) for name, cpu in names.items()}
    some = {name: found(cpu / 10, 100) for name, cpu in names.items()}
    result = outcome(ENDS["salesforce"], 10_000, 100, full, some, 1.0)
    assert result.figures["cpu_ms_per_record"]["crosswalk"] == 0.2
    assert (result.figures["engine_to_dlt"], result.figures["engine_to_bare_loop"]) == (0.25, 2.0)
    assert result.figures["incremental_cpu_to_full"] == 0.1
    assert result.met


def test_all_contenders_ask_for_what_the_mapping_reads() -> None:
    assert {"Id", "SystemModstamp", "Name", "BillingCountry", "ERP_Id__c", "Owner.Name"} <= set(
        ENDS["salesforce"].fields()
    )
    hubspot, business_one = (ENDS[name].fields() for name in ("hubspot", "sap_business_one"))
    assert {"name", "erp_key", "hubspot_owner_id", "shipping_address"} <= set(hubspot)
    assert {"CardCode", "CardName", "BPAddresses", "SalesPersonCode"} <= set(business_one)
    assert not any("." in name for name in (*hubspot, *business_one))


def test_each_system_and_large_size_has_a_result_of_its_own() -> None:
    names = [name_of(end, size) for end in ENDS.values() for size in (100_000, 1_000_000)]
    assert names[:3] == ["accounts", "accounts-1000000", "accounts-hubspot"]
    assert len(set(names)) == 2 * len(ENDS)


def test_the_page_keeps_results_of_earlier_runs_and_names_no_place(tmp_path: Path) -> None:
    for name in ("orders", "accounts"):
        table = Table("Sizes", ["", "records", "s"], [["one", 12_345, 0.12345]])
        keep(Outcome(name, f"{name} went well", True, {"n": 1}, [table]), MACHINE, settings_of(None, False), tmp_path)
        page = write_page(tmp_path).read_text()
    assert page.index("## accounts") < page.index("## orders")
    assert "| one | 12,345 | 0.123 |" in page
    assert "orders went well. Aim met." in page
    assert str(tmp_path) not in page


def test_an_unknown_benchmark_is_refused_before_anything_starts() -> None:
    answer = CliRunner().invoke(main, ["acounts"])
    assert answer.exit_code == 2
    assert "accounts" in answer.output


def test_a_system_nobody_measures_is_refused_and_those_wished_are_the_only_ones() -> None:
    answer = CliRunner().invoke(main, ["writes", "--system", "sap"])
    assert (answer.exit_code, "hubspot" in answer.output) == (2, True)
    assert [name for name in PAIRINGS if settings_of(None, False, ("netsuite",)).wants(name)] == ["netsuite"]
    assert all(settings_of(None, False).wants(name) for name in PAIRINGS)


def test_every_benchmark_that_help_names_can_be_run_by_its_name() -> None:
    told = CliRunner().invoke(main, ["--help"]).output
    for name in NAMES:
        assert name in told
        assert callable(importlib.import_module(f"benchmarks.{name}").run)


def test_the_sizes_are_the_kept_ones_unless_others_are_wished() -> None:
    assert [settings_of(None, False).accounts, settings_of(None, True).accounts] == [100_000, 5_000]
    assert settings_of(700, True).accounts == 700
