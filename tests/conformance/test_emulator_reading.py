"""Whoever reads an emulator by the vendor's recommended way misses nothing and gets nothing twice."""

from __future__ import annotations

from collections import Counter
from fnmatch import fnmatchcase

from tests.conformance.account import Account
from tests.conformance.traffic import Traffic
from tests.conformance.vendor import Cap, EmulatorProfile, Row, Session


def test_pages_have_no_gap_and_no_double_while_others_write(profile: EmulatorProfile, account: Account) -> None:
    session = account.sign_in()
    known = {profile.create(session, f"Known {number}") for number in range(3 * profile.page_rows + 5)}
    for seed in (1, 2):
        traffic = Traffic(account, seed)
        traffic.steps(20)
        standing = profile.truth(session)
        with traffic.flowing():
            traffic.wait_for(3)
            pages: list[list[Row]] = []
            for page in profile.pages(session):
                pages.append(page)
                traffic.wait_for(4)
        seen = Counter(row.key for page in pages for row in page)
        assert len(pages) > 3, "one page is no paging"
        assert max(seen.values()) == 1, "doubles"
        assert set(standing) - traffic.deleted - set(seen) == set(), "gaps"
        assert known - set(seen) == set(), "gaps that are the same for everybody"


def fill(profile: EmulatorProfile, account: Account) -> None:
    """Make records enough for more than three pages."""
    session = account.sign_in()
    for number in range(3 * profile.page_rows + 5 - len(profile.truth(session))):
        profile.create(session, f"Filler {number}")


def test_a_mirror_kept_by_the_change_path_equals_the_account(
    profile: EmulatorProfile, account: Account, session: Session
) -> None:
    cursor = profile.cursor(session)
    mirror = profile.truth(session)
    traffic = Traffic(account, seed=3)
    for turn in range(8):
        if turn % 3 == 0:  # every stamp of this and the next two pulls is the same
            account.control("POST", "clock", now=account.now.isoformat(), frozen=True)
        traffic.steps(6)
        found = profile.changes(session, cursor)
        mirror.update({row.key: row.name for row in found.rows})
        for key in found.deleted:
            mirror.pop(key, None)
        cursor = found.cursor
        assert mirror == profile.truth(session), f"after pull {turn}"
        if turn % 3 == 2:
            account.thaw()
            account.control("POST", "clock", advance_seconds=1)
    account.thaw()
    assert traffic.deleted, "nothing was deleted, so nothing was proved"


def test_what_did_not_change_is_not_told_again(profile: EmulatorProfile, account: Account, session: Session) -> None:
    cursor = profile.cursor(session)
    account.control("POST", "clock", advance_seconds=5)
    key = profile.create(session, "The only change")
    told = profile.changes(session, profile.changes(session, cursor).cursor)
    assert {row.key for row in told.rows} == {key}
    assert not told.deleted


def test_a_page_is_never_larger_than_the_vendor_gives(
    profile: EmulatorProfile, cap: Cap, account: Account, session: Session
) -> None:
    answer = cap.ask(session)
    if cap.refused is not None:
        assert answer.status_code == cap.refused[0]
        assert fnmatchcase(profile.code(answer), cap.refused[1])
        return
    assert answer.status_code == 200, answer.text[:300]
    body = answer.json()
    lists = [value for value in body.values() if isinstance(value, list) and value]
    rows = next((value for value in lists if "id" in _lower(value[0])), lists[0])
    total = next(value for name, value in body.items() if name.lower() in ("totalsize", "totalresults", "@odata.count"))
    assert len(rows) == min(cap.rows or 0, total)


def _lower(row: object) -> set[str]:
    return {str(name).lower() for name in row} if isinstance(row, dict) else set()
