"""What is read ahead of many updates spares each the asking, and lets nothing through that asking would have refused in time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk.connectors.prepared import Prepared
from crosswalk.model.records import Outcome, Write
from tests.connectors.netsuite.small_netsuite import SmallNetSuite, error
from tests.connectors.netsuite.test_netsuite_deliver import CHANGED, ORDER, RENAME, STAMP, Open, on_write, writes


def many(account: SmallNetSuite, keys: range) -> list[Write]:
    for key in keys:
        account.insert("customer", id=key, lastmodifieddate=STAMP)
    return [replace(RENAME, native_id=str(key), intent_key=f"K-{key}") for key in keys]


def saved_by_somebody(account: SmallNetSuite) -> None:
    account.db.execute("UPDATE customer SET lastmodifieddate = '2026-03-20 09:31:00'")


def test_what_was_read_ahead_for_all_is_asked_by_none(account: SmallNetSuite, open_account: Open) -> None:
    connector, updates = open_account(), many(account, range(1, 9))
    connector.prepare([*updates, ORDER])
    assert account.calls() == 1
    assert all(connector.deliver([update])[0].outcome is Outcome.DONE for update in updates)
    assert account.calls() == 1 + len(updates)


def test_a_record_that_moved_before_it_was_read_ahead_is_refused_without_a_request(
    account: SmallNetSuite, open_account: Open
) -> None:
    connector, (update,) = open_account(), many(account, range(7, 8))
    saved_by_somebody(account)
    connector.prepare([update])
    (receipt,) = connector.deliver([update])
    assert (receipt.outcome, receipt.error_code) == (Outcome.REJECTED, "VERSION_MOVED")
    assert account.calls() == 1


def test_what_was_read_ahead_too_long_ago_is_asked_anew_and_refused_when_it_moved(
    account: SmallNetSuite, open_account: Open
) -> None:
    now = [100.0]
    connector, updates = open_account(options={"monotonic": lambda: now[0]}), many(account, range(1, 3))
    connector.prepare(updates)
    saved_by_somebody(account)
    now[0] += connector.capabilities.prepared_seconds + 0.1
    receipts = [connector.deliver([update])[0] for update in updates]
    assert [receipt.error_code for receipt in receipts] == ["VERSION_MOVED"] * 2
    assert not writes(account)


def test_netsuite_s_own_word_that_a_record_was_saved_outweighs_what_was_read_ahead(
    account: SmallNetSuite, open_account: Open
) -> None:
    connector, (update,) = open_account(), many(account, range(7, 8))
    connector.prepare([update])
    saved_by_somebody(account)
    account.accidents = [on_write(CHANGED)]
    (receipt,) = connector.deliver([update])
    assert (receipt.outcome, receipt.error_code) == (Outcome.REJECTED, "VERSION_MOVED")
    assert len(writes(account)) == 1


def test_what_was_read_ahead_serves_one_write_only(account: SmallNetSuite, open_account: Open) -> None:
    connector, (update,) = open_account(), many(account, range(7, 8))
    connector.prepare([update])
    connector.deliver([update])
    saved_by_somebody(account)  # by our own write, that is
    (receipt,) = connector.deliver([update])
    assert receipt.error_code == "VERSION_MOVED"


def test_an_address_is_never_written_by_what_was_read_without_the_address_book(
    account: SmallNetSuite, open_account: Open
) -> None:
    connector, (update,) = open_account(), many(account, range(7, 8))
    book = {"defaultbilling": "T", "defaultshipping": "F", "addressbookaddress": 77}
    account.insert("customeraddressbook", internalid=39, entity=7, **book)
    connector.prepare([update])
    connector.deliver([replace(update, values={"billing.city": "Kiel"})])
    assert account.records[("customer", "7")]["addressBook"]["items"][0]["internalId"] == 39


def test_a_query_that_is_refused_for_one_record_leaves_the_others_to_ask_for_themselves(
    account: SmallNetSuite, open_account: Open
) -> None:
    refused = error(400, "INVALID_PARAMETER", "Invalid search query. Search error occurred: parse")
    connector, updates = open_account(), many(account, range(1, 3))
    account.accidents = [lambda seen: refused if "'x'" in str(seen.body) else None] * 2
    connector.prepare([replace(RENAME, native_id="x"), *updates])
    assert [connector.deliver([update])[0].outcome for update in updates] == [Outcome.DONE] * 2


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 400), st.floats(0, 8)), max_size=30), st.integers(1, 300))
def test_what_is_kept_is_bounded_and_no_older_than_said(rounds: list[tuple[int, float]], most: int) -> None:
    now, read_at = [0.0], {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crosswalk.connectors.prepared.MOST_KEPT", most)
        kept: Prepared[tuple[str, str, bool], object] = Prepared(10.0, lambda: now[0])
        for number, (size, pause) in enumerate(rounds):
            now[0] += pause
            places = [("customer", str(key), False) for key in range(number * 100, number * 100 + size)]
            kept.put(dict.fromkeys(places), now[0])
            read_at |= dict.fromkeys(places, now[0])
            assert len(kept) <= most
        for place, at in read_at.items():
            if (found := kept.take(place)) is not None:
                assert (found.read_at, now[0] - at <= 10.0) == (at, True)
            assert kept.take(place) is None
