from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from ledger_emulator import LedgerEmulator

from crosswalk_sandbox.kernel.clock import Clock
from crosswalk_sandbox.kernel.faults import FaultKind, FaultRule, Faults
from crosswalk_sandbox.kernel.request_log import RequestLog
from crosswalk_sandbox.kernel.server import running


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def log() -> RequestLog:
    return RequestLog()


@pytest.fixture
def base_url(tmp_path: Path, faults: Faults, log: RequestLog) -> Iterator[str]:
    with running(LedgerEmulator(tmp_path, Clock()), faults=faults, log=log) as url:
        yield url


def post(base_url: str, text: str = "first") -> requests.Response:
    return requests.post(f"{base_url}/entries", data=text, timeout=10)


def entries(base_url: str) -> list[str]:
    return requests.get(f"{base_url}/entries", timeout=10).json()


def test_a_refused_connection_is_cut_before_the_vendor_sees_the_request(base_url: str, faults: Faults) -> None:
    faults.add(FaultRule(FaultKind.REFUSE, method="POST", count=1))
    with pytest.raises(requests.ConnectionError):
        post(base_url)
    assert entries(base_url) == []


def test_a_lost_reply_leaves_the_work_done(base_url: str, faults: Faults) -> None:
    faults.add(FaultRule(FaultKind.LOST_REPLY, path="^/entries$", method="POST", count=1))
    with pytest.raises(requests.ConnectionError):
        post(base_url, "committed")
    assert entries(base_url) == ["committed"]


def test_a_status_after_the_commit_leaves_the_work_done(base_url: str, faults: Faults) -> None:
    faults.add(FaultRule(FaultKind.STATUS_AFTER_COMMIT, path="^/entries$", method="POST", count=1, status=502))
    assert post(base_url, "committed").status_code == 502
    assert entries(base_url) == ["committed"]


def test_a_timeout_after_commit_is_silent_for_its_seconds_and_leaves_the_work_done(
    base_url: str, faults: Faults
) -> None:
    faults.add(FaultRule(FaultKind.TIMEOUT_AFTER_COMMIT, method="POST", count=1, seconds=0.3))
    started = time.perf_counter()
    with pytest.raises(requests.ConnectionError):
        post(base_url, "committed")
    assert time.perf_counter() - started >= 0.3
    assert entries(base_url) == ["committed"]


def test_a_client_that_gives_up_waiting_still_finds_the_work_done(base_url: str, faults: Faults) -> None:
    faults.add(FaultRule(FaultKind.TIMEOUT_AFTER_COMMIT, method="POST", count=1, seconds=1.0))
    with pytest.raises(requests.ReadTimeout):
        requests.post(f"{base_url}/entries", data="committed", timeout=0.2)
    assert entries(base_url) == ["committed"]


def test_a_truncated_answer_promises_more_bytes_than_it_sends(base_url: str, faults: Faults) -> None:
    post(base_url, "a long enough entry to be cut in half")
    faults.add(FaultRule(FaultKind.TRUNCATE, method="GET", count=1))
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        requests.get(f"{base_url}/entries", timeout=10)
    assert entries(base_url) == ["a long enough entry to be cut in half"]


def test_a_truncated_chunked_answer_ends_without_its_last_chunk(base_url: str, faults: Faults) -> None:
    post(base_url, "a" * 100)
    faults.add(FaultRule(FaultKind.TRUNCATE, method="GET", count=1, chunked=True))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        entries(base_url)


def test_the_vendors_clock_jumps_before_the_request(tmp_path: Path) -> None:
    faults, clock = Faults(), Clock()
    clock.set(datetime(2026, 5, 6, tzinfo=UTC), frozen=True)
    with running(LedgerEmulator(tmp_path, clock), faults=faults, clock=clock) as url:
        faults.add(FaultRule(FaultKind.CLOCK_SKEW, count=1, seconds=-90.0))
        dates = [requests.get(f"{url}/entries", timeout=10).headers["Date"] for _ in range(2)]
    assert dates == ["Tue, 05 May 2026 23:58:30 GMT"] * 2


def test_an_action_is_run_before_the_request_and_its_complaint_is_told(base_url: str, faults: Faults) -> None:
    faults.add(FaultRule(FaultKind.ACTION, count=1, action="drop", values={"text": "first"}))
    post(base_url)
    assert entries(base_url) == ["first"]
    faults.add(FaultRule(FaultKind.ACTION, method="GET", count=1, action="drop", values={"text": "first"}))
    assert entries(base_url) == []
    faults.add(FaultRule(FaultKind.ACTION, count=1, action="rename"))
    answer = requests.get(f"{base_url}/entries", timeout=10)
    assert (answer.status_code, answer.text) == (500, "rename needs 'to'")


def test_a_throttled_request_is_answered_in_the_vendors_form_with_retry_after(base_url: str, faults: Faults) -> None:
    faults.add(FaultRule(FaultKind.STATUS, status=429, retry_after=7, count=1))
    answer = post(base_url)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "7"
    assert answer.headers["content-type"] == "application/vnd.ledger+json"
    assert answer.json() == {"vendor_error": 429}
    assert entries(base_url) == []


def test_a_rule_can_bring_its_own_error_body(base_url: str, faults: Faults) -> None:
    faults.add(FaultRule(FaultKind.STATUS, status=500, body='{"o:errorCode":"X"}', content_type="application/json"))
    answer = post(base_url)
    assert (answer.status_code, answer.json()) == (500, {"o:errorCode": "X"})


def test_maintenance_answers_with_an_html_page(base_url: str, faults: Faults) -> None:
    faults.add(FaultRule(FaultKind.HTML, count=1))
    answer = post(base_url)
    assert answer.status_code == 503
    assert answer.headers["content-type"].startswith("text/html")
    assert "<h1>Service Unavailable</h1>" in answer.text


def test_a_slow_answer_is_right_but_late(base_url: str, faults: Faults) -> None:
    post(base_url, "kept")
    faults.add(FaultRule(FaultKind.SLOW, seconds=0.25, count=1))
    started = time.perf_counter()
    assert entries(base_url) == ["kept"]
    assert time.perf_counter() - started >= 0.25


def test_latency_delays_every_request(base_url: str, faults: Faults) -> None:
    faults.latency = 0.15
    started = time.perf_counter()
    entries(base_url)
    entries(base_url)
    assert time.perf_counter() - started >= 0.3


def test_expiring_sessions_turns_good_tokens_bad(base_url: str, faults: Faults) -> None:
    def ask() -> int:
        return requests.get(
            f"{base_url}/secret", headers={"authorization": "Bearer valid-token"}, timeout=10
        ).status_code

    assert ask() == 200
    faults.add(FaultRule(FaultKind.EXPIRE_SESSIONS, path="secret", count=1))
    assert ask() == 401


def test_a_keep_alive_session_recovers_after_a_cut(base_url: str, faults: Faults) -> None:
    faults.add(FaultRule(FaultKind.REFUSE, method="POST", count=1, after=1))
    with requests.Session() as session:
        assert session.post(f"{base_url}/entries", data="one", timeout=10).status_code == 204
        with pytest.raises(requests.ConnectionError):
            session.post(f"{base_url}/entries", data="two", timeout=10)
        assert session.post(f"{base_url}/entries", data="three", timeout=10).status_code == 204
    assert entries(base_url) == ["one", "three"]


def test_requests_are_counted_by_template_and_status_without_their_queries(
    base_url: str, faults: Faults, log: RequestLog
) -> None:
    for key in (1, 22, 333):
        requests.get(f"{base_url}/entries/{key}?password=hunter2", timeout=10)
    faults.add(FaultRule(FaultKind.REFUSE, path="/entries/4", count=1))
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{base_url}/entries/4", timeout=10)
    snapshot = log.snapshot(recent=10)
    assert snapshot["total"] == 4
    assert snapshot["counts"] == [
        {"method": "GET", "path": "/entries/{id}", "count": 4, "statuses": {"0": 1, "200": 3}}
    ]
    assert "hunter2" not in str(snapshot)


@given(st.integers(0, 10_000), st.floats(0.05, 0.95), st.integers(1, 60))
def test_the_same_seed_hits_the_same_requests(seed: int, probability: float, requests_made: int) -> None:
    def hits() -> list[bool]:
        faults = Faults()
        faults.add(FaultRule(FaultKind.REFUSE, probability=probability, seed=seed))
        return [faults.decide("GET", "/x") is not None for _ in range(requests_made)]

    assert hits() == hits()


@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 60))
def test_a_rule_lets_the_first_pass_and_stops_after_its_count(after: int, count: int, requests_made: int) -> None:
    faults = Faults()
    faults.add(FaultRule(FaultKind.REFUSE, after=after, count=count))
    hit = [faults.decide("GET", "/x") is not None for _ in range(requests_made)]
    assert hit == [after <= place < after + count for place in range(requests_made)]


def test_the_first_matching_rule_wins_and_a_removed_one_is_gone() -> None:
    faults = Faults()
    first = faults.add(FaultRule(FaultKind.STATUS, path="/orders", method="POST"))
    faults.add(FaultRule(FaultKind.SLOW, path="/orders"))

    def kind(method: str, path: str) -> FaultKind | None:
        rule = faults.decide(method, path)
        return rule.kind if rule else None

    assert [kind("POST", "/orders/1"), kind("GET", "/orders/1"), kind("GET", "/x")] == ["status", "slow", None]
    assert faults.remove(first)
    assert not faults.remove(first)
    assert kind("POST", "/orders/1") is FaultKind.SLOW


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"kind": "nonsense"}, "not a valid FaultKind"),
        ({}, "needs a kind"),
        ({"kind": "slow", "speed": 3}, "Unknown fault setting\\(s\\) speed"),
        ({"kind": "slow", "path": "("}, "cannot be read"),
        ({"kind": "slow", "probability": 2}, "between 0 and 1"),
        ({"kind": "action"}, "names the action to run"),
        ({"kind": "slow", "action": "rename"}, "no other kind does"),
    ],
)
def test_a_bad_rule_is_refused_with_a_sentence(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        FaultRule.from_json(values)


class ByDesk(LedgerEmulator):
    """A vendor with desks: requests to one of them wait for each other."""

    def queue(self, headers: Mapping[str, str]) -> str | None:
        return headers.get("desk")


@pytest.mark.parametrize(("desks", "longest"), [(["a", "a", "a"], 10.0), (["a", "b", "c"], 0.55), ([None] * 3, 0.55)])
def test_requests_of_one_queue_take_their_time_one_after_the_other(
    tmp_path: Path, faults: Faults, desks: list[str | None], longest: float
) -> None:
    faults.latency = 0.2
    with running(ByDesk(tmp_path, Clock()), faults=faults) as url, ThreadPoolExecutor(3) as threads:
        began = time.perf_counter()
        told = list(threads.map(lambda desk: requests.get(f"{url}/entries", headers={"Desk": desk}, timeout=10), desks))
        taken = time.perf_counter() - began
    assert [one.status_code for one in told] == [200] * 3
    assert (0.6 if longest > 1 else 0.2) <= taken < longest
