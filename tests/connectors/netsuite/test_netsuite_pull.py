"""Reading a small NetSuite on a real socket: everything, what changed, deletions, by key."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from crosswalk.model.errors import ConfigurationError, SchemaError
from crosswalk.model.records import NativeField, Selection
from tests.connectors.netsuite.pulling import (
    CUSTOMERS,
    ORDERS,
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

# --- everything -----------------------------------------------------------------------------------


def test_a_full_pull_reads_every_row_once_in_a_call_per_thousand(account: SmallNetSuite, open_account: Open) -> None:
    customers(account, 2500)
    pages = pulled(open_account(), CUSTOMERS)
    assert keys(pages) == [str(number) for number in range(1, 2501)]
    assert len(account.queries()) == 3
    assert account.calls() == 3  # the first page tells the server's time


def test_a_last_page_that_is_full_is_not_followed_by_an_empty_one(account: SmallNetSuite, open_account: Open) -> None:
    customers(account, 6)
    assert len(keys(pulled(open_account(options={"page_rows": 3}), CUSTOMERS))) == 6
    assert len(account.queries()) == 2


def test_negative_ids_of_system_records_are_read_too(account: SmallNetSuite, open_account: Open) -> None:
    for number in (-5, -3, 8):
        account.insert("customer", id=number, companyname="x", lastmodifieddate="2026-03-01 09:00:00")
    assert keys(pulled(open_account(options={"page_rows": 1}), CUSTOMERS)) == ["-5", "-3", "8"]


def test_no_page_is_asked_for_by_offset(account: SmallNetSuite, open_account: Open) -> None:
    customers(account, 7)
    pulled(open_account(options={"page_rows": 3}), CUSTOMERS)
    offsets = {seen.query["offset"] for seen in account.seen if seen.path.endswith("suiteql")}
    assert offsets == {"0"}


def test_rows_that_move_while_the_pull_runs_are_neither_lost_nor_doubled(
    account: SmallNetSuite, open_account: Open
) -> None:
    customers(account, 6)
    pages = open_account(options={"page_rows": 2}).pull(CUSTOMERS, None)
    first = next(pages)
    with account.lock:
        account.db.execute("DELETE FROM customer WHERE id = 1")
        account.insert("customer", id=7, companyname="new", lastmodifieddate="2026-03-20 10:00:00")
    assert keys([first, *pages]) == ["1", "2", "3", "4", "5", "6", "7"]


def test_leads_and_prospects_are_left_out(account: SmallNetSuite, open_account: Open) -> None:
    customers(account, 1)
    account.insert("customer", id=2, searchstage="Lead", lastmodifieddate="2026-03-01 09:00:00")
    assert keys(pulled(open_account(), CUSTOMERS)) == ["1"]


def test_the_mappings_own_restriction_is_added(account: SmallNetSuite, open_account: Open) -> None:
    customers(account, 3)
    selection = Selection("customer", "customer", CUSTOMERS.fields, where="customer.id <> 2 OR customer.id < 0")
    assert keys(pulled(open_account(options={"page_rows": 1}), selection)) == ["1", "3"]


def test_an_empty_account_still_yields_a_watermark(account: SmallNetSuite, open_account: Open) -> None:
    pages = pulled(open_account(), CUSTOMERS)
    assert ends(pages, UNTIL)
    assert [page.watermark["full"] for page in pages if page.watermark] == [True]


def test_composed_keys_are_paged_without_gaps_even_where_a_part_is_empty(
    account: SmallNetSuite, open_account: Open
) -> None:
    rows = [(i, level, c, q) for i in (1, 2, 10) for level in (-1, 1, 5) for c in (None, 1, 2) for q in (None, 10, 9.5)]
    for item, level, currency, quantity in rows:
        account.insert("pricing", item=item, pricelevel=level, currency=currency, quantity=quantity, unitprice="1.50")
    selection = Selection("price", "pricing", (NativeField("unitprice", "amount"),))
    pages = pulled(open_account(options={"page_rows": 4}), selection)
    expected = sorted((i, level, c or 0, q or 0) for i, level, c, q in rows)
    assert keys(pages) == ["|".join(str(part) for part in row) for row in expected]
    assert pages[0].records[0].values == {"unitprice": Decimal("1.50")}


def test_prices_are_read_in_full_each_time_and_the_watermark_says_so(
    account: SmallNetSuite, open_account: Open
) -> None:
    account.insert("pricing", item=1, pricelevel=1, currency=1, quantity=0, unitprice="3")
    selection = Selection("price", "pricing", (NativeField("unitprice", "amount"),))
    first = pulled(open_account(), selection)
    assert first[-1].watermark is not None
    again = pulled(open_account(), selection, dict(first[-1].watermark))
    assert keys(again) == ["1|1|1|0"]
    assert again[-1].watermark is not None
    assert again[-1].watermark["full"] is True


# --- what comes back ----------------------------------------------------------------------------------


def test_values_are_typed_joined_and_empty_where_the_column_is_absent(
    account: SmallNetSuite, open_account: Open
) -> None:
    account.insert("currency", id=2, symbol="EUR")
    account.insert("employee", id=4, entityid="Ida Berg")
    account.insert(
        "customeraddressbook", internalid=9, entity=1, defaultbilling="T", defaultshipping="F", addressbookaddress=77
    )
    account.insert("customeraddressbookentityaddress", nkey=77, city="Bonn", country="DE")
    account.insert(
        "customer", id=1, companyname="Möller & Søn", currency=2, salesrep=4, isinactive="F", creditlimit="25000.10",
        lastmodifieddate="2026-03-01 09:00:07", datecreated="2026-01-31 00:30:00",
    )  # fmt: skip
    paths = {
        "companyname": "text", "currency.symbol": "currency", "salesrep.name": "text", "billing.city": "text",
        "billing.country": "country", "shipping.city": "text", "isinactive": "boolean", "creditlimit": "amount",
        "email": "email", "datecreated": "date", "lastmodifieddate": "instant", "terms.name": "text",
    }  # fmt: skip
    selection = Selection("customer", "customer", tuple(NativeField(path, kind) for path, kind in paths.items()))
    (record,) = records(pulled(open_account(), selection))
    assert record.values == {
        "companyname": "Möller & Søn",
        "currency.symbol": "EUR",
        "salesrep.name": "Ida Berg",
        "billing.city": "Bonn",
        "billing.country": "DE",
        "shipping.city": None,
        "isinactive": False,
        "creditlimit": Decimal("25000.10"),
        "email": None,
        "datecreated": date(2026, 1, 31),
        "lastmodifieddate": datetime(2026, 3, 1, 17, 0, 7, tzinfo=UTC),
        "terms.name": None,
    }
    assert record.modified == datetime(2026, 3, 1, 17, 0, 7, tzinfo=UTC)
    assert record.version == "2026-03-01 09:00:07"


def test_documents_take_their_subsidiary_from_the_main_line(account: SmallNetSuite, open_account: Open) -> None:
    account.insert("transaction", id=7, type="SalesOrd", tranid="SO7", lastmodifieddate="2026-03-01 09:00:00")
    account.insert("transaction", id=8, type="CustInvc", tranid="IN8", lastmodifieddate="2026-03-01 09:00:00")
    account.insert("transactionline", transaction=7, id=0, mainline="T", taxline="F", subsidiary=3)
    account.insert("transactionline", transaction=7, id=1, mainline="F", taxline="F", subsidiary=4)
    (record,) = records(pulled(open_account(), ORDERS))
    assert (record.key, dict(record.values)) == ("7", {"tranid": "SO7", "line.subsidiary": "3"})


def test_order_lines_are_item_lines_only_with_the_tables_signs(account: SmallNetSuite, open_account: Open) -> None:
    account.insert("transaction", id=7, type="SalesOrd", lastmodifieddate="2026-03-01 09:00:00")
    account.insert("transaction", id=8, type="CustInvc", lastmodifieddate="2026-03-01 09:00:00")
    common = {"mainline": "F", "taxline": "F", "itemtype": "InvtPart"}
    account.insert("transactionline", transaction=7, id=1, **{**common, "quantity": "-2"})
    account.insert("transactionline", transaction=7, id=2, **{**common, "kitcomponent": "T"})
    account.insert("transactionline", transaction=7, id=3, **{**common, "iscogs": "T"})
    account.insert("transactionline", transaction=7, id=4, **{**common, "taxline": "T"})
    account.insert("transactionline", transaction=7, id=5, **{**common, "itemtype": "ShipItem"})
    account.insert("transactionline", transaction=7, id=6, mainline="F", taxline="F", quantity="-1")
    account.insert("transactionline", transaction=8, id=1, **common)
    selection = Selection("order_line", "transactionline", (NativeField("quantity", "quantity"),))
    found = records(pulled(open_account(), selection))
    assert {record.key: record.values["quantity"] for record in found} == {"7|1": Decimal(-2), "7|6": Decimal(-1)}


# --- changes --------------------------------------------------------------------------------------------


def test_an_incremental_pull_reads_what_changed_and_the_overlap(account: SmallNetSuite, open_account: Open) -> None:
    for number, stamp in enumerate(["08:49:59", "08:50:00", "09:30:00"], start=1):  # Pacific; until was 09:00
        account.insert("customer", id=number, lastmodifieddate=f"2026-03-20 {stamp}")
    pages = pulled(open_account(), CUSTOMERS, ended(account))
    assert keys(pages) == ["2", "3"]
    assert set(pages[-1].watermark or ()) == {"until"}
    assert ends(pages, UNTIL)


def test_an_incremental_pull_with_nothing_new_costs_two_calls(account: SmallNetSuite, open_account: Open) -> None:
    customers(account, 5)
    pages = pulled(open_account(), CUSTOMERS, ended(account))
    assert keys(pages) == []
    assert account.calls() == 2  # changes, deletions


def test_a_pull_cut_short_goes_on_behind_the_last_page_that_was_landed(
    account: SmallNetSuite, open_account: Open
) -> None:
    customers(account, 5, stamp="2026-03-20 09:30:00")
    options = {"page_rows": 2}
    first = next(iter(open_account(options=options).pull(CUSTOMERS, ended(account))))
    assert first.watermark is not None
    account.now += timedelta(hours=5)
    rest = pulled(open_account(options=options), CUSTOMERS, dict(first.watermark))
    assert keys(rest) == ["3", "4", "5"]
    assert until(rest[-1].watermark) == until(first.watermark)  # of the pull that was cut, not of now


def test_a_watermark_from_the_future_does_not_skip_what_changes_until_then(
    account: SmallNetSuite, open_account: Open
) -> None:
    account.insert("customer", id=1, lastmodifieddate="2026-03-20 09:58:30")
    pages = pulled(open_account(), CUSTOMERS, {"until": "2027-01-01T00:00:00+00:00"})
    assert keys(pages) == ["1"]


@pytest.mark.parametrize(
    "watermark", [{}, {"until": 5}, {"until": "2026-01-01"}, {"until": "2026-01-01T00:00:00+00:00", "after": "7"}]
)
def test_a_watermark_of_another_shape_is_refused_with_the_remedy(
    open_account: Open, watermark: dict[str, object]
) -> None:
    with pytest.raises(ConfigurationError, match="Reset it"):
        pulled(open_account(), CUSTOMERS, watermark)


BALANCES = Selection("customer", "customer", (NativeField("balancesearch", "amount"),))


def test_customers_whose_balance_moved_by_a_transaction_are_read_in_the_same_call(
    account: SmallNetSuite, open_account: Open
) -> None:
    customers(account, 3)
    account.insert("transaction", id=50, type="CustPymt", entity=2, lastmodifieddate="2026-03-20 09:40:00")
    assert keys(pulled(open_account(), BALANCES, ended(account))) == ["2"]
    assert account.calls() == 2


def test_customers_are_not_read_for_balances_nobody_maps(account: SmallNetSuite, open_account: Open) -> None:
    customers(account, 3)
    account.insert("transaction", id=50, type="CustPymt", entity=2, lastmodifieddate="2026-03-20 09:40:00")
    assert keys(pulled(open_account(), CUSTOMERS, ended(account))) == []


def test_the_first_pull_of_a_day_reads_customers_whose_invoice_fell_due(
    account: SmallNetSuite, open_account: Open
) -> None:
    customers(account, 5)
    due = {"type": "CustInvc", "status": "A", "lastmodifieddate": "2026-02-01 00:00:00"}
    account.insert("transaction", id=60, entity=1, duedate="2026-03-19", **due)  # overdue since midnight
    account.insert("transaction", id=61, entity=2, duedate="2026-03-20", **due)  # due today
    account.insert(
        "transaction", id=64, entity=5, duedate="2026-03-18", **due
    )  # a day earlier, for companies further west
    account.insert("transaction", id=62, entity=3, duedate="2026-02-10", **due)  # was overdue before
    account.insert("transaction", id=63, entity=4, duedate="2026-03-19", **{**due, "status": "B"})  # paid
    selection = Selection("customer", "customer", (NativeField("overduebalancesearch", "amount"),))
    connector = open_account()
    assert keys(pulled(connector, selection, ended(account, timedelta(hours=20)))) == ["1", "5"]
    assert keys(pulled(connector, selection, ended(account))) == []


def test_an_invoice_is_read_again_when_a_payment_is_applied_to_it(account: SmallNetSuite, open_account: Open) -> None:
    account.insert("transaction", id=70, type="CustInvc", lastmodifieddate="2026-02-01 00:00:00")
    account.insert("transaction", id=71, type="CustInvc", lastmodifieddate="2026-02-01 00:00:00")
    account.insert("nexttransactionlinelink", previousdoc=70, nextdoc=90, lastmodifieddate="2026-03-20 09:40:00")
    selection = Selection("invoice", "transaction", (NativeField("status", "choice"),))
    assert keys(pulled(open_account(), selection, ended(account))) == ["70"]


def test_an_order_line_is_read_again_when_its_order_is_shipped(account: SmallNetSuite, open_account: Open) -> None:
    account.insert("transaction", id=7, type="SalesOrd", lastmodifieddate="2026-02-01 00:00:00")
    account.insert("transactionline", transaction=7, id=1, mainline="F", taxline="F")
    account.insert("nexttransactionlinelink", previousdoc=7, nextdoc=90, lastmodifieddate="2026-03-20 09:40:00")
    selection = Selection("order_line", "transactionline", (NativeField("quantity", "quantity"),))
    assert keys(pulled(open_account(), selection, ended(account))) == ["7|1"]


def test_stock_has_its_own_stamp(account: SmallNetSuite, open_account: Open) -> None:
    account.insert("inventoryitemlocations", item=1, location=1, lastquantityavailablechange="2026-03-20 09:40:00")
    account.insert("inventoryitemlocations", item=1, location=2, lastquantityavailablechange="2026-03-01 09:40:00")
    account.insert("inventoryitemlocations", item=1, location=3)
    selection = Selection("stock", "inventoryitemlocations", (NativeField("quantityonhand", "quantity"),))
    assert keys(pulled(open_account(), selection, ended(account))) == ["1|1"]
    assert keys(pulled(open_account(), selection)) == ["1|1", "1|2", "1|3"]


# --- deletions ------------------------------------------------------------------------------------------


def test_deletions_come_last_as_tombstones_of_this_entity_only(account: SmallNetSuite, open_account: Open) -> None:
    for key, kind, stamp in (
        (3, "Sales Order", "2026-03-20 09:40:00"),
        (4, "salesorder", "2026-03-20 09:41:00"),
        (5, "Invoice", "2026-03-20 09:41:00"),
        (6, "salesorder", "2026-03-20 01:00:00"),
        (7, "SalesOrd", "2026-03-20 09:42:00"),
    ):
        account.insert("deletedrecord", recordid=key, type=kind, deleteddate=stamp)
    pages = pulled(open_account(options={"page_rows": 2}), ORDERS, ended(account))
    assert [(record.key, record.deleted) for record in records(pages)] == [("3", True), ("4", True), ("7", True)]
    assert records(pages)[0].modified == datetime(2026, 3, 20, 16, 40, tzinfo=UTC)
    assert ends(pages, UNTIL)


def test_deleted_items_of_every_type_are_products(account: SmallNetSuite, open_account: Open) -> None:
    for key, kind in enumerate(("Inventory Item", "kititem", "Service Item", "Customer", "Non-Inventory Item")):
        account.insert("deletedrecord", recordid=key, type=kind, deleteddate="2026-03-20 09:41:00")
    selection = Selection("product", "item", (NativeField("itemid", "text"),))
    assert keys(pulled(open_account(), selection, ended(account))) == ["0", "1", "2", "4"]


def test_a_role_without_the_deletion_feed_is_told_what_to_do(account: SmallNetSuite, open_account: Open) -> None:
    account.db.execute("DROP TABLE deletedrecord")
    with pytest.raises(SchemaError, match="Deleted Records"):
        pulled(open_account(), CUSTOMERS, ended(account))
    connector = open_account(track_deletes="false")
    assert keys(pulled(connector, CUSTOMERS, ended(account))) == []
    assert connector.capabilities.tracks_deletes is False


# --- by key ---------------------------------------------------------------------------------------------


def test_fetch_returns_records_by_key_whatever_the_pull_leaves_out(account: SmallNetSuite, open_account: Open) -> None:
    customers(account, 3)
    account.insert("customer", id=9, companyname="still a lead", searchstage="Lead")
    found = open_account().fetch(CUSTOMERS, ["9", "2", "404", "9"])
    assert [record.key for record in found] == ["9", "2"]


def test_fetch_takes_a_thousand_keys_a_call(account: SmallNetSuite, open_account: Open) -> None:
    customers(account, 2100)
    found = open_account().fetch(CUSTOMERS, [str(number) for number in range(1, 2101)])
    assert len(found) == 2100
    assert account.calls() == 3


def test_fetch_by_composed_keys_returns_exactly_those(account: SmallNetSuite, open_account: Open) -> None:
    for item in (1, 2):
        for location in (1, 2, 3):
            account.insert("inventoryitemlocations", item=item, location=location, quantityonhand=str(item * location))
    selection = Selection("stock", "inventoryitemlocations", (NativeField("quantityonhand", "quantity"),))
    found = open_account(options={"page_rows": 2}).fetch(selection, ["2|3", "1|1", "3|3"])
    assert {record.key: record.values["quantityonhand"] for record in found} == {"2|3": Decimal(6), "1|1": Decimal(1)}


def test_fetch_of_nothing_asks_nothing(account: SmallNetSuite, open_account: Open) -> None:
    assert open_account().fetch(CUSTOMERS, []) == []
    assert account.calls() == 0
