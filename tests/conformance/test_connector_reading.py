"""What a connector pulls, fetches and finds is what the system holds, whoever writes meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from crosswalk.connectors.protocol import Connector
from crosswalk.model.errors import ConfigurationError
from tests.conformance.account import Account
from tests.conformance.conftest import Connect
from tests.conformance.landed import Landed, keys_of
from tests.conformance.test_emulator_reading import fill
from tests.conformance.traffic import Traffic
from tests.conformance.vendor import Profile, Session

READING_MAY_TAKE = timedelta(minutes=15)  # overlap and lag of a watermark behind the vendor's present

DELETIONS_MAY_TAKE = timedelta(minutes=15)  # where they are told by a long list that is not read each time


def test_full_and_incremental_pulls_equal_the_truth_while_others_write(
    profile: Profile, variant: Mapping[str, object], account: Account, connect: Connect, session: Session
) -> None:
    fill(profile, account)
    connector, landed, traffic, quiet = connect(options=variant), Landed(), Traffic(account, seed=5), Landed()
    quiet.pull(connector, profile.selection)
    assert quiet.living(profile.name_field) == profile.truth(session), "nobody wrote, and something is missing"
    traffic.steps(10)
    pages = 0
    with traffic.flowing():
        for _ in range(3):
            for page in connector.pull(profile.selection, landed.watermark):
                landed.land(page)
                pages += 1
                traffic.wait_for(2)
    assert pages > 4, "everything in one page proves little"
    account.control("POST", "clock", advance_seconds=DELETIONS_MAY_TAKE.total_seconds())
    landed.pull(connector, profile.selection)
    assert landed.living(profile.name_field) == profile.truth(session)
    assert traffic.deleted, "nothing was deleted, so nothing was proved"


def test_a_pull_that_dies_after_any_page_is_resumed_without_loss(
    profile: Profile, account: Account, connector: Connector, session: Session
) -> None:
    fill(profile, account)
    landed, traffic = Landed(), Traffic(account, seed=6)
    for pages in (1, 2, 1, 3, 1):
        traffic.steps(4)
        for number, page in enumerate(connector.pull(profile.selection, landed.watermark), start=1):
            landed.land(page)
            if number == pages:
                break
    landed.pull(connector, profile.selection)
    landed.pull(connector, profile.selection)
    assert landed.living(profile.name_field) == profile.truth(session)


def test_a_deletion_is_told_under_the_key_the_record_had(
    profile: Profile, account: Account, connector: Connector, session: Session
) -> None:
    assert connector.capabilities.tracks_deletes
    landed, key = Landed(), profile.create(session, "To be deleted")
    landed.pull(connector, profile.selection)
    assert key in landed.living(profile.name_field)
    account.control("POST", "clock", advance_seconds=2)
    profile.delete(session, key)
    landed.pull(connector, profile.selection)
    assert landed.records[key].deleted


def test_the_overlap_of_two_pulls_changes_nothing_that_has_landed(
    profile: Profile, account: Account, connector: Connector, session: Session
) -> None:
    landed = Landed()
    traffic = Traffic(account, seed=7)
    traffic.steps(12)
    account.control("POST", "clock", advance_seconds=120)  # more than rounding: only an overlap reaches back so far
    first = landed.pull(connector, profile.selection)
    assert len(keys_of(first)) == len(set(keys_of(first))), "a record came twice though nobody wrote"
    before = dict(landed.records)
    again = landed.pull(connector, profile.selection)
    assert len(keys_of(again)) == len(set(keys_of(again)))
    assert set(traffic.alive) <= set(keys_of(again)), "no overlap: what was committed late would be lost"
    known = {key: record for key, record in landed.records.items() if not record.deleted}
    assert known == before


def test_a_watermark_is_of_the_systems_clock_and_an_empty_pull_keeps_it(
    profile: Profile, account: Account, connector: Connector, session: Session
) -> None:
    landed, key = Landed(), profile.create(session, "Before the watermark")
    landed.pull(connector, profile.selection)
    assert landed.watermark is not None
    first = profile.instant(landed.watermark)
    assert account.now - READING_MAY_TAKE <= first <= account.now
    assert first > datetime.now(UTC) + timedelta(days=30), "the emulator lives years ahead of us"

    last = first
    for overlapping in (True, False):
        account.control("POST", "clock", advance_seconds=7_200)
        pages = landed.pull(connector, profile.selection)
        assert (key in keys_of(pages)) == overlapping
        assert last <= profile.instant(landed.watermark) <= account.now, "a pull that brings nothing loses no ground"
        last = profile.instant(landed.watermark)

    account.control("POST", "clock", advance_seconds=7_200)
    profile.rename(account.sign_in(), key, "After an empty pull")
    landed.pull(connector, profile.selection)
    assert landed.living(profile.name_field)[key] == "After an empty pull"


@pytest.mark.parametrize("watermark", [{"nonsense": 1}, {"since": "yesterday", "until": "yesterday"}], ids=str)
def test_a_watermark_of_somebody_else_is_refused_with_the_remedy(
    profile: Profile, connector: Connector, watermark: Mapping[str, object]
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        list(connector.pull(profile.selection, watermark))
    assert refused.value.hint


def test_fetch_returns_what_there_is_and_leaves_out_what_is_not(
    profile: Profile, connector: Connector, session: Session
) -> None:
    here, gone = profile.create(session, "Here"), profile.create(session, "Gone")
    profile.delete(session, gone)
    found = connector.fetch(profile.selection, [gone, here, here])
    assert [(record.key, record.deleted, record.values[profile.name_field]) for record in found] == [
        (here, False, "Here")
    ]
    assert connector.fetch(profile.selection, []) == []
    assert connector.fetch(profile.selection, [gone]) == []


def test_a_key_that_cannot_exist_spoils_no_fetch(profile: Profile, connector: Connector, session: Session) -> None:
    key = profile.create(session, "Among nonsense")
    found = connector.fetch(profile.selection, [*profile.malformed_keys, key])
    assert [record.key for record in found] == [key]


def test_a_pulled_and_a_fetched_record_are_the_same(profile: Profile, connector: Connector, session: Session) -> None:
    landed, key = Landed(), profile.create(session, "Seen twice")
    landed.pull(connector, profile.selection)
    [fetched] = connector.fetch(profile.selection, [key])
    assert landed.records[key] == fetched
    assert fetched.version
    assert fetched.modified is not None
    assert set(fetched.values) == {field.path for field in profile.selection.fields}


def test_find_answers_by_intent_key_at_once(profile: Profile, connector: Connector, session: Session) -> None:
    keys = {f"CONFORM-FIND-{number}": profile.create(session, f"Find {number}", f"CONFORM-FIND-{number}") for number in range(3)}  # fmt: skip
    assert connector.find("customer", [*keys, "CONFORM-FIND-NOT"]) == keys
    assert connector.find("customer", ["CONFORM-FIND-1"]) == {"CONFORM-FIND-1": keys["CONFORM-FIND-1"]}
    assert connector.find("customer", ["CONFORM-FIND-NOT"]) == {}
    assert connector.find("customer", []) == {}
    profile.delete(session, keys["CONFORM-FIND-2"])
    assert "CONFORM-FIND-2" not in connector.find("customer", list(keys))
