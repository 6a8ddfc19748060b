from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from crosswalk.connectors.netsuite import NetSuiteConnector
from crosswalk.connectors.netsuite.client import Client
from crosswalk.connectors.protocol import Page
from crosswalk.model.errors import ConfigurationError, SchemaError, TransientError
from crosswalk.model.records import NativeField, NativeRecord, Selection
from tests.connectors.netsuite.small_netsuite import Answer, Seen, SmallNetSuite, error

Open = Callable[..., NetSuiteConnector]

CUSTOMERS = Selection("customer", "customer", (NativeField("companyname", "text"),))
UNTIL = datetime(2026, 3, 20, 16, 58, tzinfo=UTC)
ORDERS = Selection("order", "transaction", (NativeField("tranid", "text"), NativeField("line.subsidiary", "reference")))


def customers(account: SmallNetSuite, count: int, stamp: str = "2026-03-01 09:00:00") -> None:
    for number in range(1, count + 1):
        account.insert("customer", id=number, companyname=f"Company {number}", lastmodifieddate=stamp)


def records(pages: list[Page]) -> list[NativeRecord]:
    return [record for page in pages for record in page.records]


def keys(pages: list[Page]) -> list[str]:
    return [record.key for record in records(pages)]


def pulled(
    connector: NetSuiteConnector, selection: Selection, watermark: dict[str, object] | None = None
) -> list[Page]:
    return list(connector.pull(selection, watermark))


def ended(account: SmallNetSuite, ago: timedelta = timedelta(hours=1)) -> dict[str, object]:
    return {"until": (account.now - ago).isoformat()}


def until(watermark: Mapping[str, object] | None) -> datetime:
    assert watermark is not None
    return datetime.fromisoformat(str(watermark["until"]))


def ends(pages: list[Page], at: datetime) -> bool:
    """The time of the first page less the lag of two minutes, and less what the request took: never later."""
    return at - timedelta(seconds=5) < until(pages[-1].watermark) <= at


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


# --- what can go wrong -------------------------------------------------------------------------------------


def test_an_unknown_column_names_field_table_and_remedy(open_account: Open) -> None:
    selection = Selection(
        "customer", "customer", (NativeField("companyname", "text"), NativeField("custentity_gone", "text"))
    )
    with pytest.raises(SchemaError) as caught:
        pulled(open_account(), selection)
    assert caught.value.field == "custentity_gone"
    assert "table customer" in caught.value.message
    assert "mapping file" in caught.value.hint


def test_a_500_that_names_nothing_is_traced_to_its_column(account: SmallNetSuite, open_account: Open) -> None:
    account.hidden = {"creditlimit"}
    names = ("companyname", "email", "creditlimit", "entityid", "isinactive")
    selection = Selection("customer", "customer", tuple(NativeField(name, "text") for name in names))
    with pytest.raises(SchemaError) as caught:
        pulled(open_account(), selection)
    assert caught.value.field == "creditlimit"


def test_a_500_that_no_column_explains_stays_a_passing_fault(account: SmallNetSuite, open_account: Open) -> None:
    account.accidents = [
        lambda seen: error(500, "UNEXPECTED_ERROR", "Error ID: x") if "companyname" in str(seen.body) else None
    ] * 5
    with pytest.raises(TransientError, match="Error ID"):
        pulled(open_account(), CUSTOMERS)


@pytest.mark.parametrize("path", ["companyname; DROP", "a.b.c", "x y", "nowhere.name"])
def test_a_path_that_is_no_column_is_refused_before_anything_is_sent(
    account: SmallNetSuite, open_account: Open, path: str
) -> None:
    with pytest.raises(ConfigurationError):
        pulled(open_account(), Selection("customer", "customer", (NativeField(path, "text"),)))
    assert not account.queries()


def test_a_mapping_to_another_table_is_refused(open_account: Open) -> None:
    with pytest.raises(ConfigurationError, match="native: customer"):
        pulled(open_account(), Selection("customer", "vendor", CUSTOMERS.fields))


def test_an_entity_netsuite_does_not_hold_is_refused(open_account: Open) -> None:
    with pytest.raises(SchemaError, match="deal"):
        pulled(open_account(), Selection("deal", "opportunity", ()))


@pytest.mark.parametrize(
    "accident",
    [
        error(429, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded. Request blocked."),
        error(400, "SSS_REQUEST_LIMIT_EXCEEDED", "Request Limit Exceeded"),
        Answer(503, "<html>We are down for maintenance</html>"),
        Answer(200, "<html>a gateway</html>"),
        Answer(200, None, cut=True),
        error(401, "INVALID_LOGIN", "Invalid login attempt."),
        error(500, "UNEXPECTED_ERROR", "An unexpected error occurred. Error ID: jrgbpyylphhishmmlxyt"),
    ],
    ids=["429", "RESTlet limit", "HTML 503", "HTML 200", "cut", "401", "500"],
)
def test_a_read_outlasts_a_passing_fault(account: SmallNetSuite, open_account: Open, accident: Answer) -> None:
    customers(account, 3)

    def once(seen: Seen) -> Answer | None:
        return accident if seen.path.endswith("suiteql") else None

    account.accidents = [once]
    assert keys(pulled(open_account(), CUSTOMERS)) == ["1", "2", "3"]
    assert len(account.queries()) == 2


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


def test_an_answer_that_says_it_is_the_last_but_counts_more_rows_is_not_believed(
    account: SmallNetSuite, open_account: Open
) -> None:
    customers(account, 5)
    account.ceiling = 2  # beyond it hasMore turns false (NetSuite §6: 100,000)
    assert keys(pulled(open_account(), CUSTOMERS)) == ["1", "2", "3", "4", "5"]


def test_the_account_zone_is_data(account: SmallNetSuite, open_account: Open) -> None:
    account.insert("customer", id=1, lastmodifieddate="2026-03-20 15:55:00")  # until was 16:00 UTC
    account.insert("customer", id=2, lastmodifieddate="2026-03-20 15:45:00")
    (record,) = records(pulled(open_account(sql_time_zone="UTC"), CUSTOMERS, ended(account)))
    assert record.modified == datetime(2026, 3, 20, 15, 55, tzinfo=UTC)


def test_an_answer_that_is_cut_without_our_asking_is_an_error(account: SmallNetSuite, open_account: Open) -> None:
    account.accidents = [lambda seen: Answer(200, {"items": [{"id": "1"}], "hasMore": True})]
    with pytest.raises(ConfigurationError, match="would be cut"):
        open_account().find("customer", ["a", "b"])


def test_a_page_that_comes_twice_ends_the_pull_with_an_error(account: SmallNetSuite, open_account: Open) -> None:
    stuck = Answer(200, {"items": [{"k0": "7"}], "hasMore": True})
    account.accidents = [lambda seen: stuck if seen.path.endswith("suiteql") else None] * 2
    with pytest.raises(TransientError, match="twice"):
        pulled(open_account(), CUSTOMERS)


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


# --- what cannot be -------------------------------------------------------------------------------


def test_a_malformed_key_is_absent_and_asked_for_nowhere(account: SmallNetSuite, open_account: Open) -> None:
    customers(account, 2)
    odd = ["nope", "1|2", "", "1' OR '1'='1", "1e3", "٣"]
    connector = open_account()
    assert [record.key for record in connector.fetch(CUSTOMERS, [*odd, "2"])] == ["2"]
    asked = len(account.queries())
    assert connector.fetch(CUSTOMERS, odd) == []
    assert len(account.queries()) == asked


def test_an_outage_is_no_missing_column(account: SmallNetSuite, open_account: Open) -> None:
    account.accidents = [lambda seen: error(503, "UNEXPECTED_ERROR", "down") if "suiteql" in seen.path else None] * 10
    with pytest.raises(TransientError, match="503"):
        open_account().fetch(CUSTOMERS, ["1"])
    assert account.accidents == []  # the query, then the bare table, each five times: the columns are not tried


def test_an_outage_while_fields_are_described_is_no_missing_table(account: SmallNetSuite, open_account: Open) -> None:
    account.accidents = [lambda seen: error(503, "UNEXPECTED_ERROR", "down")] * 1000
    with pytest.raises(TransientError, match="503"):
        open_account().describe("stock", "inventoryitemlocations")
