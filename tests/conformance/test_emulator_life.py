"""Every emulator keeps what it acknowledged, keeps accounts apart, and takes its clock's time for the present."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests.conformance.account import Process, neighbour
from tests.conformance.traffic import Traffic
from tests.conformance.vendor import EmulatorProfile, Session


def test_what_was_acknowledged_outlives_kill_9(profile: EmulatorProfile, account: Process) -> None:
    before, session = account.access, account.sign_in()
    traffic = Traffic(account, seed=4)
    doomed = profile.create(session, "Deleted before the end")
    cursor = profile.cursor(session)
    profile.delete(session, doomed)
    standing = profile.truth(session)
    with traffic.flowing(until_cut=True):
        traffic.wait_for(25)
        account.kill()
    account.start()
    assert account.access == before, "credentials stay good"
    session = account.sign_in()
    found = profile.truth(session)
    assert traffic.alive.items() <= found.items()
    assert not traffic.deleted & set(found)
    assert set(standing) - traffic.deleted <= set(found)
    assert len(set(found) - set(standing) - set(traffic.alive)) <= 1, "more than the one request in flight was unsure"
    told = profile.changes(session, cursor)
    assert traffic.alive.items() <= {row.key: row.name for row in told.rows}.items()
    assert doomed in told.deleted
    assert not profile.has_tombstones or traffic.deleted <= told.deleted


def test_the_clock_outlives_kill_9(profile: EmulatorProfile, account: Process) -> None:
    account.control("POST", "clock", advance_seconds=3_600)
    before = account.now
    account.kill()
    account.start()
    assert timedelta(0) <= account.now - before < timedelta(minutes=2)


def test_accounts_of_one_process_do_not_see_each_other(profile: EmulatorProfile, tmp_path: Path) -> None:
    with neighbour(profile, tmp_path / "one") as one, neighbour(profile, tmp_path / "two") as two:
        mine, theirs = one.sign_in(), two.sign_in()
        key = profile.create(mine, "Only mine", key="CONFORM-MINE")
        assert "Only mine" in profile.truth(mine).values()
        assert "Only mine" not in profile.truth(theirs).values()
        assert profile.read(theirs, key) is None
        profile.create(theirs, "Only theirs", key="CONFORM-MINE")

        refusal = next(refusal for refusal in profile.refusals if refusal.flow == "")
        with_my_key = Session(two.base_url, mine.auth)
        answer = with_my_key.call(refusal.method, refusal.path.format(customer=key))
        assert (answer.status_code, profile.code(answer)) == (refusal.status, refusal.code), "keys fit one account only"

        one.control("POST", "clock", advance_seconds=86_400)
        one.fault("html")
        assert two.now < one.now - timedelta(hours=20)
        assert profile.truth(theirs)


def test_stamps_and_dates_follow_the_clock(profile: EmulatorProfile, account: Process) -> None:
    key = profile.create(account.sign_in(), "Stamped")
    for step in (1, 59, 86_400):
        account.control("POST", "clock", advance_seconds=step)
        session, before = account.sign_in(), account.now
        profile.rename(session, key, f"Stamped again after {step}")
        row, after = profile.read(session, key), account.now
        assert row is not None
        assert row.stamp is not None
        assert before.replace(microsecond=0) <= row.stamp <= after, "stamps are of the emulator's clock"


def test_a_frozen_clock_stands_still(profile: EmulatorProfile, account: Process) -> None:
    account.control("POST", "clock", now=account.now.isoformat(), frozen=True)
    session = account.sign_in()
    keys = [profile.create(session, f"Frozen {number}") for number in range(3)]
    rows = [profile.read(session, key) for key in keys]
    account.thaw()
    assert len({row.stamp for row in rows if row is not None}) == 1
    first = account.now
    assert first < account.now, "a thawed clock goes on"
