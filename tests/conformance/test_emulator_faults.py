"""Every kind of fault does what it says, whatever the vendor; the same seed gives the same faults."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
import requests

from tests.conformance.account import Account
from tests.conformance.vendor import EmulatorProfile, Session


def read_path(profile: EmulatorProfile) -> str:
    """Return a path whose GET needs a session."""
    return next(refusal for refusal in profile.refusals if refusal.flow == "").path


def test_an_injected_status_has_the_vendors_body_and_passes(
    profile: EmulatorProfile, account: Account, session: Session
) -> None:
    before = len(profile.truth(session))
    for status, code in profile.injected.items():
        account.fault("status", status=status, retry_after=7, count=1)
        answer = profile.post(session, "Never")
        assert (answer.status_code, answer.headers["Retry-After"]) == (status, "7")
        assert (profile.code(answer) if code else answer.text) == code
    assert len(profile.truth(session)) == before, "an injected status means that the vendor did nothing"


def test_a_gateways_page_is_html(profile: EmulatorProfile, account: Account, session: Session) -> None:
    account.fault("html", count=1)
    answer = profile.post(session, "Never behind a gateway")
    assert answer.status_code == 503
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.text.lstrip().startswith("<!DOCTYPE html>")
    assert "Never behind a gateway" not in profile.truth(session).values()


@pytest.mark.parametrize(("kind", "done"), [("lost_reply", True), ("timeout_after_commit", True), ("refuse", False)])
def test_a_cut_connection_comes_after_or_before_the_work(
    profile: EmulatorProfile, account: Account, session: Session, kind: str, done: bool
) -> None:
    account.fault(kind, count=1, method="POST", seconds=0.3)
    with pytest.raises(requests.ConnectionError):
        profile.post(session, f"Cut by {kind}")
    account.control("DELETE", "faults")
    names = list(profile.truth(account.sign_in()).values())
    assert names.count(f"Cut by {kind}") == int(done)


def test_a_truncated_body_is_shorter_than_announced(
    profile: EmulatorProfile, account: Account, session: Session
) -> None:
    key = profile.create(session, "Truncated")
    account.fault("truncate", count=1)
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        session.call("GET", read_path(profile).format(customer=key))
    assert session.call("GET", read_path(profile).format(customer=key)).status_code == 200


def test_a_slow_answer_is_late_and_right(profile: EmulatorProfile, account: Account, session: Session) -> None:
    key = profile.create(session, "Slow")
    account.fault("slow", count=1, seconds=0.5)
    started = time.monotonic()
    assert session.call("GET", read_path(profile).format(customer=key)).status_code == 200
    assert time.monotonic() - started >= 0.5


def test_expired_sessions_are_refused_until_somebody_signs_in(profile: EmulatorProfile, account: Account) -> None:
    flow = profile.session_flow.name
    session, key = account.sign_in(flow), profile.create(account.sign_in(), "Expired")
    assert session.call("GET", read_path(profile).format(customer=key)).status_code == 200
    account.fault("expire_sessions", count=1)
    answer = session.call("GET", read_path(profile).format(customer=key))
    assert answer.status_code == 401
    assert profile.code(answer)
    assert session.call("GET", read_path(profile).format(customer=key)).status_code == 401
    assert account.sign_in(flow).call("GET", read_path(profile).format(customer=key)).status_code == 200


def test_the_same_seed_gives_the_same_faults(profile: EmulatorProfile, account: Account, session: Session) -> None:
    path = read_path(profile).format(customer=profile.create(session, "Seeded"))

    def course(seed: int) -> list[int]:
        account.control("DELETE", "faults")
        account.fault("status", status=500, probability=0.5, seed=seed)
        return [session.call("GET", path).status_code for _ in range(24)]

    first, again, other = course(11), course(11), course(12)
    assert first == again
    assert first != other
    assert {200, 500} == set(first)


def test_the_vendors_clock_can_jump_under_a_request(
    profile: EmulatorProfile, account: Account, session: Session
) -> None:
    key, before = profile.create(session, "Jumped"), account.now
    account.fault("clock_skew", count=1, seconds=900)
    assert session.call("GET", read_path(profile).format(customer=key)).status_code == 200
    assert before + timedelta(seconds=900) <= account.now <= before + timedelta(seconds=960)
