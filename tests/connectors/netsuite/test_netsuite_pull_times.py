"""Where a pull of NetSuite goes on: times of the account, watermarks, lines of orders that changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crosswalk.connectors.netsuite.client import Client
from crosswalk.model.records import NativeField, Selection
from tests.connectors.netsuite.pulling import (
    CUSTOMERS,
    UNTIL,
    Open,
    customers,
    ended,
    ends,
    keys,
    pulled,
    records,
    until,
)
from tests.connectors.netsuite.small_netsuite import SmallNetSuite


def test_an_account_that_does_not_bind_parameters_gets_literals(account: SmallNetSuite, open_account: Open) -> None:
    account.binds = False
    customers(account, 3, stamp="2026-03-20 09:30:00")
    connector = open_account()
    assert keys(pulled(connector, CUSTOMERS, ended(account))) == ["1", "2", "3"]
    refused = account.calls()
    assert keys(pulled(connector, CUSTOMERS, ended(account))) == ["1", "2", "3"]
    assert account.calls() - refused == 2  # it has learnt


@pytest.mark.parametrize("has_service", [True, False], ids=["serverTime", "SYSDATE, before 2025.2"])
def test_answers_without_a_date_cost_a_call_for_the_time(
    account: SmallNetSuite, open_account: Open, has_service: bool
) -> None:
    account.dates_answers, account.has_server_time = False, has_service
    account.insert("dual", dummy="X")
    assert ends(pulled(open_account(), CUSTOMERS), UNTIL)
    assert account.calls() == (2 if has_service else 3)


def test_a_connection_can_say_that_the_date_of_answers_is_not_to_be_trusted(
    account: SmallNetSuite, open_account: Open
) -> None:
    pulled(open_account(date_header="false"), CUSTOMERS)
    assert [seen.path.rpartition("/")[2] for seen in account.seen] == ["suiteql", "serverTime"]


@pytest.mark.parametrize("dated", [True, False])
def test_what_is_saved_while_the_first_page_is_made_lies_behind_the_watermark(
    account: SmallNetSuite, open_account: Open, dated: bool
) -> None:
    """The date of an answer is written when the query is over; what the query took must come off it."""
    account.dates_answers, account.query_seconds = dated, 0.4
    began = account.now = account.now + timedelta(seconds=0.7)  # the query ends in the next second
    pages = pulled(open_account(options={"lag_seconds": 0}), CUSTOMERS)
    assert until(pages[-1].watermark) <= began


def test_a_pull_may_begin_at_an_instant(account: SmallNetSuite, open_account: Open) -> None:
    account.insert("customer", id=1, lastmodifieddate="2026-03-20 08:49:00")
    account.insert("customer", id=2, lastmodifieddate="2026-03-20 08:50:00")
    assert keys(pulled(open_account(), CUSTOMERS, {"since": "2026-03-20T16:00:00+00:00"})) == ["2"]


def test_stamps_without_seconds_are_read_from_the_whole_minute_on(account: SmallNetSuite, open_account: Open) -> None:
    account.insert("customer", id=1, lastmodifieddate="2026-03-20 08:50:00")  # saved at 08:50:40
    assert keys(pulled(open_account(), CUSTOMERS, {"until": "2026-03-20T16:00:30+00:00"})) == ["1"]


def test_a_full_pull_that_was_cut_goes_on_for_rows_without_a_stamp_too(
    account: SmallNetSuite, open_account: Open
) -> None:
    for item in range(1, 6):
        account.insert("pricing", item=item, pricelevel=1, currency=1, quantity=0, unitprice="3")
    selection = Selection("price", "pricing", (NativeField("unitprice", "amount"),))
    first = next(iter(open_account(options={"page_rows": 2}).pull(selection, None)))
    assert first.watermark is not None
    assert keys(pulled(open_account(), selection, dict(first.watermark))) == ["3|1|1|0", "4|1|1|0", "5|1|1|0"]


def test_the_account_zone_is_data(account: SmallNetSuite, open_account: Open) -> None:
    account.insert("customer", id=1, lastmodifieddate="2026-03-20 15:55:00")  # until was 16:00 UTC
    account.insert("customer", id=2, lastmodifieddate="2026-03-20 15:45:00")
    (record,) = records(pulled(open_account(sql_time_zone="UTC"), CUSTOMERS, ended(account)))
    assert record.modified == datetime(2026, 3, 20, 15, 55, tzinfo=UTC)


def test_the_latest_time_goes_on_with_our_own_stopwatch(account: SmallNetSuite, open_account: Open) -> None:
    stopwatch = [50.0]
    client = Client(open_account().client.transport, monotonic=lambda: stopwatch[0], dated=False)
    assert client.latest_time() == account.now
    stopwatch[0] += 100
    assert client.latest_time() == account.now + timedelta(seconds=100)
    assert account.calls() == 1


# --- lines of orders ------------------------------------------------------------------------------


LINES = Selection("order_line", "transactionline", (NativeField("quantity", "quantity"),))


def order_with_lines(account: SmallNetSuite, count: int, stamp: str) -> None:
    account.insert("transaction", id=7, type="SalesOrd", lastmodifieddate=stamp)
    for number in range(1, count + 1):
        account.insert("transactionline", transaction=7, id=number, mainline="F", taxline="F")


@pytest.mark.parametrize("before", [None, "an hour ago"])
def test_a_pull_of_lines_says_up_to_which_save_all_lines_of_an_order_came(
    account: SmallNetSuite, open_account: Open, before: str | None
) -> None:
    order_with_lines(account, 5, "2026-03-20 09:40:00")
    watermark = ended(account) if before else None
    pages = pulled(open_account(options={"page_rows": 2}), LINES, watermark)
    assert keys(pages) == [f"7|{number}" for number in range(1, 6)]
    assert [page.whole_until for page in pages[:-1]] == [None] * (len(pages) - 1)
    assert pages[-1].whole_until == until(pages[-1].watermark)


def test_a_pull_of_changed_lines_that_died_begins_anew_so_that_all_lines_of_an_order_are_seen(
    account: SmallNetSuite, open_account: Open
) -> None:
    order_with_lines(account, 5, "2026-03-20 09:40:00")
    pages = pulled(open_account(options={"page_rows": 2}), LINES, ended(account))
    assert [page.watermark for page in pages[:-1]] == [None] * (len(pages) - 1)


def test_a_first_pull_of_lines_is_resumed_and_then_claims_nothing_of_orders_it_saw_in_part(
    account: SmallNetSuite, open_account: Open
) -> None:
    order_with_lines(account, 5, "2026-03-20 09:40:00")
    connector = open_account(options={"page_rows": 2})
    first = next(connector.pull(LINES, None))
    assert first.watermark is not None
    rest = pulled(connector, LINES, dict(first.watermark))
    assert keys([first, *rest]) == [f"7|{number}" for number in range(1, 6)]
    assert rest[-1].whole_until is None


def test_records_with_a_stamp_of_their_own_claim_nothing(account: SmallNetSuite, open_account: Open) -> None:
    customers(account, 1)
    assert [page.whole_until for page in pulled(open_account(), CUSTOMERS)] == [None, None]
