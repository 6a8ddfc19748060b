"""Limits shared by threads (LocalQuota) and by processes (PostgresQuota, on a real Postgres)."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from crosswalk.connectors.quota import LocalQuota, PostgresQuota, Quota, SystemLimits
from crosswalk.model.errors import RateLimitedError

ROOT = Path(__file__).parents[3]
HOLD_A_SLOT = """
import sys
from crosswalk.connectors.quota import PostgresQuota, SystemLimits
quota = PostgresQuota(sys.argv[1], {"erp": SystemLimits(concurrent=1, reserved=0)})
with quota.slot("erp"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(params=["local", "postgres"])
def make_quota(request: pytest.FixtureRequest) -> Iterator[Callable[..., Quota]]:
    """Both quotas keep the same laws."""
    opened: list[PostgresQuota] = []

    def make(limits: SystemLimits, patience: float = 0.2) -> Quota:
        if request.param == "local":
            return LocalQuota({"erp": limits}, patience=patience)
        dsn = request.getfixturevalue("quota_dsn")
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("truncate quota_usage")
        opened.append(PostgresQuota(dsn, {"erp": limits}, patience=patience))
        return opened[-1]

    yield make
    for quota in opened:
        quota.close()


def test_a_slot_is_refused_when_all_are_taken_and_free_again_afterwards(make_quota: Callable[..., Quota]) -> None:
    quota = make_quota(SystemLimits(concurrent=2, reserved=0))
    refused = pytest.raises(RateLimitedError, match="all 2 request slots were taken")
    with quota.slot("erp"), quota.slot("erp"), refused, quota.slot("erp"):
        raise AssertionError("a third slot was given")
    with quota.slot("erp"), quota.slot("erp"):
        pass


def test_a_slot_is_freed_when_the_request_fails(make_quota: Callable[..., Quota]) -> None:
    quota = make_quota(SystemLimits(concurrent=1, reserved=0))
    with pytest.raises(ZeroDivisionError), quota.slot("erp"):
        _ = 1 / 0
    with quota.slot("erp"):
        pass


def test_the_bulk_lane_leaves_a_slot_for_orders(make_quota: Callable[..., Quota]) -> None:
    quota = make_quota(SystemLimits(concurrent=2, reserved=1))
    with quota.slot("erp"):
        with pytest.raises(RateLimitedError), quota.slot("erp"):
            raise AssertionError("bulk took the reserved slot")
        with quota.slot("erp", "orders"):
            pass


def test_a_waiting_thread_gets_the_slot_that_becomes_free(make_quota: Callable[..., Quota]) -> None:
    quota = make_quota(SystemLimits(concurrent=1, reserved=0), patience=10)
    entered = threading.Event()

    def wait() -> None:
        with quota.slot("erp"):
            entered.set()

    waiting = threading.Thread(target=wait)
    with quota.slot("erp"):
        waiting.start()
        assert not entered.wait(0.2)
    assert entered.wait(5)
    waiting.join()


def test_the_daily_share_is_a_hard_stop_that_names_system_and_remedy(make_quota: Callable[..., Quota]) -> None:
    quota = make_quota(SystemLimits(per_day=10, share=0.7))
    quota.spend("erp", 5)
    quota.spend("erp", 2)
    with pytest.raises(RateLimitedError, match="erp: 7 of the 7 calls") as caught:
        quota.spend("erp")
    assert "per_day" in caught.value.hint
    assert quota.used("erp") == 7


def test_calls_to_an_unlimited_system_are_counted_too(make_quota: Callable[..., Quota]) -> None:
    quota = make_quota(SystemLimits())
    quota.spend("crm", 3)
    with quota.slot("crm"):
        quota.spend("crm")
    assert (quota.used("crm"), quota.used("erp")) == (4, 0)


def test_two_processes_share_the_slots_and_sigkill_frees_them(quota_dsn: str) -> None:
    command = [sys.executable, "-c", HOLD_A_SLOT, quota_dsn]
    environment = {"PYTHONPATH": str(ROOT / "include")}
    limits = {"erp": SystemLimits(concurrent=1, reserved=0)}
    impatient, patient = PostgresQuota(quota_dsn, limits, patience=0.2), PostgresQuota(quota_dsn, limits, patience=20)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(RateLimitedError), impatient.slot("erp"):
            raise AssertionError("the slot was held by another process")
        other.kill()
        other.wait()
        with patient.slot("erp"):
            pass
    impatient.close()
    patient.close()


def test_two_connections_count_into_one_budget(quota_dsn: str) -> None:
    limits = {"shared": SystemLimits(per_day=100, share=0.04)}
    first, second = PostgresQuota(quota_dsn, limits), PostgresQuota(quota_dsn, limits)
    first.spend("shared", 2)
    second.spend("shared", 2)
    for quota in (first, second):
        with pytest.raises(RateLimitedError):
            quota.spend("shared")
        quota.close()


_WAITS = "select count(*) from pg_stat_activity where application_name = 'crosswalk quota' and wait_event_type = 'Lock'"


def test_two_that_ask_for_the_last_call_at_once_do_not_both_get_it(quota_dsn: str) -> None:
    quota = PostgresQuota(quota_dsn, {"rush": SystemLimits(per_day=10, share=1.0)})
    quota.spend("rush", 9)
    with psycopg.connect(quota_dsn) as other, psycopg.connect(quota_dsn, autocommit=True) as looker:
        other.execute(
            "update quota_usage set calls = calls + 1 where system = 'rush'"
        )  # the last one, not committed yet
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(quota.spend, "rush")
            while looker.execute(_WAITS).fetchone() == (0,) and not asked.done():
                pass
            other.commit()
            with pytest.raises(RateLimitedError):
                asked.result(30)
    quota.close()


def test_calls_of_the_day_before_yesterday_are_forgotten(quota_dsn: str) -> None:
    with psycopg.connect(quota_dsn, autocommit=True) as connection:
        connection.execute("insert into quota_usage values ('old', now() - interval '26 hours', 99)")
        connection.execute("insert into quota_usage values ('old', date_trunc('hour', now()) - interval '3 hours', 5)")
    quota = PostgresQuota(quota_dsn, {"old": SystemLimits(per_day=10, share=1.0)})
    quota.spend("old", 5)
    assert (quota.used("old"), quota.used("old", 3600)) == (10, 5)
    quota.close()


def test_a_lost_database_connection_is_reopened_and_holds_no_ghost_slots(quota_dsn: str) -> None:
    quota = PostgresQuota(quota_dsn, {"erp": SystemLimits(concurrent=1, reserved=0)}, patience=5)
    with quota.slot("erp"), psycopg.connect(quota_dsn, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'crosswalk quota'"
        )
    with quota.slot("erp"):
        quota.spend("reopened")
    assert quota.used("reopened") == 1
    quota.close()
