"""Refusals in the vendor's envelope, fields it does not take, limits that move."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.conformance.account import Account
from tests.conformance.vendor import EmulatorProfile, OddWrite, Refusal, Session


def test_a_refusal_has_the_vendors_status_code_and_shape(
    profile: EmulatorProfile, refusal: Refusal, account: Account, session: Session
) -> None:
    customer = profile.create(session, f"Refused: {refusal.title}")
    asker = session if refusal.flow is None else Session(account.base_url, None)
    if refusal.flow:
        asker = account.sign_in(refusal.flow)
    if refusal.action is not None:
        account.control("POST", f"actions/{refusal.action[0]}", **refusal.action[1])
    try:
        answer = asker.call(refusal.method, refusal.path.format(customer=customer), **refusal.options)
    finally:
        if refusal.action is not None:
            account.control("POST", f"actions/{refusal.action[0]}", **refusal.action[2])
    assert (answer.status_code, profile.code(answer)) == (refusal.status, refusal.code), answer.text[:500]
    unchanged = profile.read(session, customer)
    assert unchanged is not None
    assert unchanged.name == f"Refused: {refusal.title}"


def test_the_profile_covers_the_usual_refusals(profile: EmulatorProfile) -> None:
    assert {400, 401, 403, 404, 405, 415} <= {refusal.status for refusal in profile.refusals}
    assert any(odd.refused for odd in profile.odd_writes)


def test_a_field_that_cannot_be_written_is_treated_as_the_vendor_does(
    profile: EmulatorProfile, odd_write: OddWrite, account: Account, session: Session
) -> None:
    before = len(profile.truth(session))
    name = f"Odd: {odd_write.title}"
    answer = profile.post(session, name, values=odd_write.values, headers=odd_write.headers)
    if odd_write.refused is not None:
        assert (answer.status_code, profile.code(answer)) == odd_write.refused, answer.text[:500]
        assert len(profile.truth(session)) == before
        return
    row = profile.read(session, profile.created(answer))
    assert row is not None
    assert row.name == name


def test_an_external_key_is_taken_once(profile: EmulatorProfile, account: Account, session: Session) -> None:
    profile.create(session, "First under the key", key="CONFORM-TWICE")
    answer = profile.post(session, "Second under the key", key="CONFORM-TWICE")
    assert answer.status_code in (400, 409, 412)
    assert profile.code(answer)
    names = profile.truth(session).values()
    assert "First under the key" in names
    assert "Second under the key" not in names


def test_calls_are_counted_in_header_and_resource(
    profile: EmulatorProfile, allowance: bool, account: Account, session: Session
) -> None:
    key = profile.create(session, "Counted")
    refusal = next(one for one in profile.refusals if one.flow == "")
    shown = [profile.allowance(session.call("GET", refusal.path.format(customer=key))) for _ in range(40)]
    used = [number for number, _ in shown]
    assert used == sorted(used)
    assert 20 <= used[-1] - used[0] <= 40, "the header may lag, but it moves"
    assert len({most for _, most in shown}) == 1
    first, second = profile.remaining(session), profile.remaining(session)
    assert first - second == 1
    assert abs(shown[0][1] - second - used[-1]) <= 25


def test_more_at_once_than_the_account_bears_is_refused(
    profile: EmulatorProfile, slots: tuple[int, str, tuple[int, str]], account: Account, session: Session
) -> None:
    most, action, refused = slots
    key = profile.create(session, "Crowded")
    signer = session.auth
    path = next(one for one in profile.refusals if one.flow == "").path.format(customer=key)
    account.control("POST", f"actions/{action}", seconds=0.4)
    try:
        with ThreadPoolExecutor(most + 3) as threads:
            answers = list(threads.map(lambda _: Session(account.base_url, signer).call("GET", path), range(most + 3)))
    finally:
        account.control("POST", f"actions/{action}", seconds=0)
    turned_away = [answer for answer in answers if answer.status_code != 200]
    assert len(turned_away) == 3
    assert {(answer.status_code, profile.code(answer)) for answer in turned_away} == {refused}
    assert session.call("GET", path).status_code == 200, "the slots are free again"
