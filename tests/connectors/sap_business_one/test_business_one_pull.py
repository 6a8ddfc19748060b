from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from crosswalk.connectors.sap_business_one import BusinessOneConnector
from crosswalk.connectors.sap_business_one.auth import SESSIONS
from crosswalk.mapping.document import load_mapping
from crosswalk.mapping.engine import Mapper
from crosswalk.model.errors import ConfigurationError, ReadOnlyError, SchemaError, TransientError
from crosswalk.model.records import NativeField, NativeRecord, Selection
from tests.connectors.sap_business_one.small_business_one import SmallBusinessOne

Open = Callable[..., BusinessOneConnector]
MAPPING = load_mapping(Path(__file__).parents[3] / "include" / "mappings" / "sap_business_one.yaml")
NAMES = Selection("customer", "BusinessPartners", (NativeField("CardName", "text"),), where="CardType eq 'cCustomer'")


def mapper(entity: str) -> Mapper:
    return Mapper("sap_business_one", MAPPING.entities[entity])


def partner(company: SmallBusinessOne, code: str, name: str = "A customer", **values: Any) -> None:
    company.put(
        "BusinessPartners", **{"CardCode": code, "CardName": name, "CardType": "cCustomer", "Frozen": "tNO", **values}
    )


def order(company: SmallBusinessOne, entry: int, *lines: dict[str, Any], **values: Any) -> None:
    numbered = [{"LineNum": n, "ItemCode": "I1", "Quantity": 2.0, "UnitPrice": 10.5, "LineTotal": 21.0, "RemainingOpenQuantity": 2.0, "LineStatus": "bost_Open", **line} for n, line in enumerate(lines)]  # fmt: skip
    company.put(
        "Orders",
        **{"DocEntry": entry, "DocNum": 1000 + entry, "CardCode": "C1", "DocumentStatus": "bost_Open", "Cancelled": "tNO", "DocCurrency": "EUR",
           "DocTotal": 21.0, "DocTotalFc": 0.0, "DocumentLines": numbered, **values},
    )  # fmt: skip


class Hub:
    """What was pulled: living records by key; a census takes out what it did not see."""

    def __init__(self) -> None:
        self.records: dict[str, NativeRecord] = {}
        self.watermark: Any = None

    def pull(self, connector: BusinessOneConnector, selection: Selection) -> list[str]:
        seen: set[str] = set()
        told: list[str] = []
        for page in connector.pull(selection, self.watermark):
            seen |= {*page.sighted, *(record.key for record in page.records)}
            for record in page.records:
                told.append(record.key)
                self.records.pop(record.key, None)
                if not record.deleted:
                    self.records[record.key] = record
            if page.everything:
                self.records = {key: record for key, record in self.records.items() if key in seen}
            if page.watermark is not None:
                self.watermark = json.loads(json.dumps(dict(page.watermark)))
        return told


def test_only_mapped_fields_are_asked_for_in_pages_of_the_size_that_was_asked_for(
    company: SmallBusinessOne, open_company: Open
) -> None:
    for number in range(5):
        partner(company, f"C{number}")
    connector = open_company(options={"page_rows": 2})
    assert [len(page.records) for page in connector.pull(NAMES, None)] == [2, 2, 1, 0]
    lists = [one for one in company.seen if one.path.endswith("/BusinessPartners")]
    assert len(lists) == 3, "a call for each page, none in vain"
    assert {one.query["$select"] for one in lists} == {"CardCode,UpdateDate,UpdateTime,DataVersion,CardName"}
    assert all("$top" not in one.query and "$skip" not in one.query for one in lists), "neither is stable (§5)"
    assert {one.headers["prefer"] for one in lists} == {"odata.maxpagesize=2"}


@pytest.mark.parametrize(("most_rows", "tells_next"), [(2, True), (1_000, False)])
def test_pages_are_gone_through_whatever_the_server_makes_of_their_size_and_of_links(
    company: SmallBusinessOne, open_company: Open, most_rows: int, tells_next: bool
) -> None:
    for number in range(5):
        partner(company, f"C{number}")
    company.most_rows, company.tells_next = most_rows, tells_next
    connector = open_company(options={"page_rows": 5 if tells_next else 2})
    keys = [record.key for page in connector.pull(NAMES, None) for record in page.records]
    assert keys == [f"C{number}" for number in range(5)]


def test_a_server_that_answers_the_same_page_for_ever_is_found_out(
    company: SmallBusinessOne, open_company: Open
) -> None:
    for code in ("C1", "C2", "C3"):
        partner(company, code)
    connector = open_company(options={"page_rows": 1, "census_hours": 0})
    mark = {"until": (company.now + timedelta(hours=1)).isoformat()}
    company.advance(hours=3)
    for deaf, watermark in (("CardCode,UpdateDate", None), ("CardCode", mark)):
        company.deaf_behind = deaf
        with pytest.raises(TransientError, match="twice"):
            list(islice(connector.pull(NAMES, watermark), 20))


def test_a_change_that_was_not_visible_yet_when_its_time_was_read_comes_with_the_next_pull(
    company: SmallBusinessOne, open_company: Open
) -> None:
    partner(company, "C1")
    minutes = {"overlap_minutes": 10, "lag_seconds": 60}
    hub, connector = Hub(), open_company(options=minutes)
    company.advance(minutes=55)
    partner(company, "C2")
    held = company.sets["BusinessPartners"].pop("C2")
    company.advance(minutes=5)
    assert hub.pull(connector, NAMES) == ["C1"]
    company.sets["BusinessPartners"]["C2"] = held  # committed now, with the stamp of then
    company.advance(minutes=30)
    assert hub.pull(connector, NAMES) == ["C2"], "within overlap and lag"
    assert hub.pull(connector, NAMES) == [], "and what is older does not come again"


def test_a_watermark_from_the_future_misses_nothing(company: SmallBusinessOne, open_company: Open) -> None:
    connector, hub = open_company(), Hub()
    hub.watermark = {"until": (company.now + timedelta(days=2)).isoformat()}
    company.advance(minutes=1)
    partner(company, "C1")
    assert hub.pull(connector, NAMES) == ["C1"]
    company.advance(hours=1)
    partner(company, "C2")
    assert "C2" in hub.pull(connector, NAMES)


def test_what_is_saved_while_a_pull_turns_pages_comes_with_the_next(
    company: SmallBusinessOne, open_company: Open
) -> None:
    for code in ("C1", "C2", "C3"):
        partner(company, code)
    options = {"page_rows": 1, "overlap_minutes": 0, "lag_seconds": 0}
    connector, hub = open_company(options=options), Hub()
    pages = connector.pull(NAMES, None)
    next(pages)
    company.advance(hours=1)
    partner(company, "C1", "Saved behind the cursor")
    company.advance(hours=1)
    *_, last = pages
    hub.watermark = last.watermark
    assert "C1" in hub.pull(connector, NAMES)


def test_a_change_of_a_later_day_with_an_earlier_clock_is_not_lost(
    company: SmallBusinessOne, open_company: Open
) -> None:
    connector, hub = open_company(), Hub()
    partner(company, "C1", "Before")
    company.advance(hours=5)  # 23:00 in Berlin
    hub.pull(connector, NAMES)
    company.advance(hours=3)  # 02:00 of the next day
    partner(company, "C1", "After midnight")
    assert hub.pull(connector, NAMES) == ["C1"]
    assert hub.records["C1"].values["CardName"] == "After midnight"


def test_a_stamp_is_the_servers_local_time_whatever_its_z_says(company: SmallBusinessOne, open_company: Open) -> None:
    partner(company, "C1")
    [record] = open_company().fetch(NAMES, ["C1"])
    assert record.modified == company.now
    assert record.version == "1"


def test_without_a_zone_the_servers_own_clock_tells_it(company: SmallBusinessOne, open_company: Open) -> None:
    partner(company, "C1")
    [record] = open_company(time_zone="").fetch(NAMES, ["C1"])
    assert record.modified == company.now


def test_what_is_saved_in_the_hour_that_comes_twice_is_read_again(
    company: SmallBusinessOne, open_company: Open
) -> None:
    connector, hub = open_company(), Hub()
    company.now = company.now.replace(month=10, day=25, hour=0, minute=50)  # 02:50 summer time
    partner(company, "C1", "Before")
    company.advance(minutes=5)
    hub.pull(connector, NAMES)
    company.advance(minutes=15)  # 02:10 winter time
    partner(company, "C1", "In the second hour")
    company.advance(minutes=20)
    hub.pull(connector, NAMES)
    assert hub.records["C1"].values["CardName"] == "In the second hour"


def test_deletions_are_found_by_a_census_once_a_day_and_cost_no_more_than_keys(
    company: SmallBusinessOne, open_company: Open
) -> None:
    connector, hub = open_company(), Hub()
    for number in range(3):
        partner(company, f"C{number}")
    hub.pull(connector, NAMES)
    company.delete("BusinessPartners", "C1")
    company.advance(hours=2)
    hub.pull(connector, NAMES)
    assert set(hub.records) == {"C0", "C1", "C2"}
    company.advance(hours=23)
    company.seen.clear()
    hub.pull(connector, NAMES)
    assert set(hub.records) == {"C0", "C2"}
    asked = [one.query["$select"] for one in company.seen if one.path.endswith("/BusinessPartners")]
    assert asked == ["CardCode,UpdateDate,UpdateTime,DataVersion,CardName", "CardCode"]
    company.advance(hours=2)
    company.seen.clear()
    hub.pull(connector, NAMES)
    assert len(company.paths()) == 1, "one call when nothing changed"


def test_a_first_load_that_breaks_off_goes_on_where_it_stopped(company: SmallBusinessOne, open_company: Open) -> None:
    for number in range(6):
        partner(company, f"C{number}")
    connector, hub = open_company(options={"page_rows": 2}), Hub()
    pages = connector.pull(NAMES, None)
    first = next(pages)
    hub.records = {record.key: record for record in first.records}
    hub.watermark = first.watermark
    company.delete("BusinessPartners", "C1")
    assert hub.pull(connector, NAMES) == ["C2", "C3", "C4", "C5"]
    assert set(hub.records) == {"C0", "C2", "C3", "C4", "C5"}, "nobody else tells that C1 went meanwhile"


def test_a_customer_is_read_with_addresses_names_and_balances_in_one_call(
    company: SmallBusinessOne, open_company: Open
) -> None:
    partner(
        company, "C1", "Müller O'Hara GmbH", Currency="##", CreditLimit=1000.0, CurrentAccountBalance=900.5, OpenOrdersBalance=200.0,
        BilltoDefault="Main", U_CrosswalkKey="HS-COM-77", EmailAddress="", _PaymentTermsType={"PaymentTermsGroupName": "Net 30"},
        _PriceList={"PriceListName": "Base"},
        BPAddresses=[
            {"AddressName": "Old", "AddressType": "bo_BillTo", "City": "Bonn"},
            {"AddressName": "Main", "AddressType": "bo_BillTo", "City": "Köln", "Country": "DE", "ZipCode": "50667"},
            {"AddressName": "Dock", "AddressType": "bo_ShipTo", "City": "Ulm"},
        ],
    )  # fmt: skip
    [record] = open_company().fetch(mapper("customer").selection, ["C1"])
    image = mapper("customer").to_image(record)
    told = {name: value for name, value in image.values.items() if value is not None}
    assert told == {
        "name": "Müller O'Hara GmbH", "number": "C1", "counterpart_key": "77", "is_active": True, "kind": "customer", "billing_city": "Köln",
        "billing_country": "DE", "billing_postal_code": "50667", "shipping_city": "Ulm", "terms": "Net 30",
        "price_level": "Base", "credit_limit": Decimal("1000.0"), "credit_hold": "watch", "balance": Decimal("900.5"),
    }  # fmt: skip
    assert len(company.paths()) == 1


def test_an_order_shipped_in_part_says_so_though_its_stamp_stands_still(
    company: SmallBusinessOne, open_company: Open
) -> None:
    connector, hub = open_company(), Hub()
    order(company, 7, {}, {})
    selection = mapper("order").selection
    company.advance(hours=1)
    hub.pull(connector, selection)
    company.advance(hours=1)
    company.sets["Orders"][7]["DocumentLines"][0]["RemainingOpenQuantity"] = 0.0
    company.put("DeliveryNotes", DocEntry=1, DocumentLines=[{"BaseType": 17, "BaseEntry": 7}])
    company.seen.clear()
    hub.pull(connector, selection)
    assert mapper("order").to_image(hub.records["7"]).values["status"] == "partially_shipped"
    assert company.paths() == ["POST $batch", "GET Orders"], "what touches them is asked for along with the changes"


def test_a_touching_of_many_documents_travels_as_reads_on_a_connection_that_may_only_read(
    company: SmallBusinessOne, open_company: Open
) -> None:
    connector, hub = open_company(read_only=True), Hub()
    order(company, 7, {})
    hub.pull(connector, mapper("order").selection)
    hub.pull(connector, mapper("order").selection)
    batches = [one for one in company.seen if one.path.endswith("$batch")]
    assert len(batches) == len(company.paths()) == 2
    data, kind = batches[1].body, batches[1].headers["content-type"]
    assert data.count(b"GET ") == 4, "orders, deliveries, invoices, drafts"
    for word in (b"PATCH", b"POST", b"DELETE"):
        with pytest.raises(ReadOnlyError):
            connector.client.transport.call(
                "POST", "/b1s/v2/$batch", data=data.replace(b"GET", word, 1), headers={"Content-Type": kind}
            )


def test_an_order_that_waits_for_an_approval_is_shown_and_taken_back_when_it_waits_no_more(
    company: SmallBusinessOne, open_company: Open
) -> None:
    connector, hub, selection = open_company(), Hub(), mapper("order").selection
    waiting = {"DocObjectCode": "oOrders", "AuthorizationStatus": "dasPending", "DocumentLines": [], "CardCode": "C1", "U_CrosswalkKey": "HS-1-R1"}  # fmt: skip
    company.put("Drafts", DocEntry=12, DocNum=12, **waiting)
    company.put("Drafts", DocEntry=13, DocNum=13, **{**waiting, "AuthorizationStatus": "dasWithout"})
    hub.pull(connector, selection)
    image = mapper("order").to_image(hub.records["draft-12"])
    assert (image.values["status"], image.values["intent_key"]) == ("pending_approval", None)
    assert "draft-13" not in hub.records, "a draft nobody submitted is none of ours"
    company.delete("Drafts", 12)
    order(company, 8, {}, U_CrosswalkKey="HS-1-R1")
    hub.pull(connector, selection)
    assert set(hub.records) == {"8"}
    assert mapper("order").to_image(hub.records["8"]).values["intent_key"] == "HS-1-R1"


def test_lines_come_with_their_orders_and_the_last_page_says_up_to_when_all_have_come(
    company: SmallBusinessOne, open_company: Open
) -> None:
    order(company, 7, {}, {"TreeType": "iSalesTree"}, {"TreeType": "iIngredient"}, WarehouseCode="01")
    connector, selection = open_company(), mapper("order_line").selection
    *pages, last = connector.pull(selection, None)
    assert [record.key for page in pages for record in page.records] == ["7|0", "7|1"], "no parts of kits"
    assert last.whole_until is not None
    assert timedelta(seconds=60) <= company.now - last.whole_until < timedelta(seconds=65)
    line = mapper("order_line").to_image(pages[0].records[0])
    assert (line.values["order_key"], line.values["product_key"], line.values["quantity"]) == (
        "7",
        "I1",
        Decimal("2.0"),
    )


def test_an_invoice_that_was_paid_is_noticed_though_its_stamp_stands_still(
    company: SmallBusinessOne, open_company: Open
) -> None:
    connector, hub, selection = open_company(), Hub(), mapper("invoice").selection
    company.put("DeliveryNotes", DocEntry=3, DocumentLines=[{"BaseType": 17, "BaseEntry": 7}])
    for entry in (1, 2):
        company.put(
            "Invoices", DocEntry=entry, DocNum=entry, CardCode="C1", DocumentStatus="bost_Open", Cancelled="tNO", CancelStatus="csNo",
            DocCurrency="$", DocTotal=90.0, DocTotalFc=100.0, PaidToDate=0.0, PaidToDateFC=0.0, DocumentLines=[{"BaseType": 15, "BaseEntry": 3}],
        )  # fmt: skip
    company.advance(hours=2)
    hub.pull(connector, selection)
    image = mapper("invoice").to_image(hub.records["1"])
    assert (image.values["currency"], image.values["total"], image.values["amount_remaining"]) == ("USD", Decimal("100.0"), Decimal("100.0"))  # fmt: skip
    assert image.values["order_key"] == "7", "by way of the delivery"
    company.advance(hours=30)
    company.sets["Invoices"][1]["DocumentStatus"] = "bost_Close"
    hub.pull(connector, selection)
    assert {key: mapper("invoice").to_image(record).values["status"] for key, record in hub.records.items()} == {"1": "paid", "2": "open"}  # fmt: skip
    assert hub.watermark["open"] == "2"


def test_prices_are_read_whole_with_partners_own_and_what_is_not_set_is_left_out(
    company: SmallBusinessOne, open_company: Open
) -> None:
    company.put("PriceLists", PriceListNo=1, PriceListName="Base")
    company.put("PriceLists", PriceListNo=2, PriceListName="Web")
    prices = [{"PriceList": 1, "Price": 12.5, "Currency": "EUR"}, {"PriceList": 2, "Price": 0.0, "Currency": None}]
    company.put("Items", ItemCode="I 1", SalesItem="tYES", ItemPrices=prices)
    steps = [{"Quantity": 10.0, "SpecialPrice": 9.0, "PriceCurrency": "EUR"}]
    areas = [{"DateFrom": "2026-01-01T00:00:00Z", "SpecialPriceQuantityAreas": steps}, {"DateFrom": "2027-01-01T00:00:00Z", "SpecialPriceQuantityAreas": steps}]  # fmt: skip
    company.put("SpecialPrices", ItemCode="I 1", CardCode="C1", Price=11.0, Currency="EUR", SpecialPriceDataAreas=areas)
    company.put(
        "SpecialPrices", ItemCode="I 1", CardCode="*2", Price=0.0, Currency="EUR", SpecialPriceDataAreas=areas[:1]
    )
    connector, hub, selection = open_company(), Hub(), mapper("price").selection
    hub.pull(connector, selection)
    told = {key: mapper("price").to_image(record).values for key, record in hub.records.items()}
    assert {key: (one["price_list"], one["unit_price"], one["minimum_quantity"]) for key, one in told.items()} == {
        "I 1|1": ("Base", Decimal("12.5"), None),
        "I 1|@C1": ("C1", Decimal("11.0"), None),
        "I 1|@C1|10": ("C1", Decimal("9.0"), Decimal("10")),
        "I 1|@*2|10": ("Web", Decimal("9.0"), Decimal("10")),  # everybody's of the second price list
    }
    assert {record.key for record in connector.fetch(selection, list(hub.records))} == set(hub.records)
    for card in ("C1", "*2"):
        company.delete("SpecialPrices", ("I 1", card))
    hub.pull(connector, selection)
    assert set(hub.records) == {"I 1|1"}


def test_payments_are_read_on_behind_the_last_and_late_ones_again_once_a_day(
    company: SmallBusinessOne, open_company: Open
) -> None:
    def pay(entry: int, **values: Any) -> None:
        company.put("IncomingPayments", **{"DocEntry": entry, "DocNum": entry, "DocType": "rCustomer", "CardCode": "C1", "Cancelled": "tNO", "DocDate": "2026-03-20T00:00:00Z", "CashSum": 5.0, "TransferSum": 7.5, "PaymentChecks": [{"CheckSum": 1.0}], "DocCurrency": "EUR", **values})  # fmt: skip

    connector, hub, selection = open_company(), Hub(), mapper("payment").selection
    pay(1)
    hub.pull(connector, selection)
    assert mapper("payment").to_image(hub.records["1"]).values["amount"] == Decimal("13.5")
    pay(400)
    assert hub.pull(connector, selection) == ["1", "400"], "numbers just before are read again"
    pay(1, Cancelled="tYES")
    assert hub.pull(connector, selection) == ["400"]
    company.advance(hours=25)
    hub.pull(connector, selection)
    assert mapper("payment").to_image(hub.records["1"]).values["status"] == "voided"


def test_contacts_are_rows_of_their_partner(company: SmallBusinessOne, open_company: Open) -> None:
    people = [
        {
            "InternalCode": 5,
            "Name": "Ada",
            "FirstName": "Ada",
            "LastName": "L",
            "E_Mail": "Ada@x.example",
            "Active": "tYES",
        }
    ]
    partner(company, "C|1", ContactEmployees=people)
    connector, selection = open_company(), mapper("contact").selection
    [page, _last] = connector.pull(selection, None)
    image = mapper("contact").to_image(page.records[0])
    assert (image.key, image.values["customer_key"], image.values["email"]) == ("C|1|5", "C|1", "ada@x.example")
    assert [one.key for one in connector.fetch(selection, ["C|1|5", "C|1|6", "nobody"])] == ["C|1|5"]


def test_a_field_that_is_missing_is_named_with_the_remedy(company: SmallBusinessOne, open_company: Open) -> None:
    partner(company, "C1")
    lacking = Selection("customer", "BusinessPartners", (NativeField("CardNme", "text"),))
    with pytest.raises(SchemaError) as refused:
        list(open_company().pull(lacking, None))
    assert refused.value.field == "CardNme"
    assert "mapping" in refused.value.hint
    odd = Selection("customer", "BusinessPartners", (NativeField("computed.nope", "text"),))
    with pytest.raises(ConfigurationError, match=r"computed\.nope"):
        list(open_company().pull(odd, None))


@pytest.mark.parametrize(
    ("page_rows", "requests"), [(None, ["POST $batch"]), (60, ["POST $batch", *["GET BusinessPartners"] * 2])]
)
def test_hundreds_of_keys_travel_in_one_batch_and_none_is_lost_where_pages_are_small(
    company: SmallBusinessOne, open_company: Open, page_rows: int | None, requests: list[str]
) -> None:
    keys = [f"C{number:03}" for number in range(250)]
    for key in keys:
        partner(company, key, f"Customer {key}", U_CrosswalkKey=f"HS-{key}")
    connector = open_company(read_only=True, options={"page_rows": page_rows} if page_rows else {})
    found = connector.fetch(NAMES, ["C999", *reversed(keys)])
    assert [record.key for record in found] == [*reversed(keys)]
    assert company.paths() == requests
    company.seen.clear()
    assert connector.find("customer", [f"HS-{key}" for key in [*keys, "C999"]]) == {f"HS-{key}": key for key in keys}
    assert company.paths() == ["POST $batch"]


BALANCES = Selection("customer", "BusinessPartners", (NativeField("CurrentAccountBalance", "amount"),))


def test_customers_are_read_again_whom_any_document_touched_late_back_dated_or_behind_the_first_page(
    company: SmallBusinessOne, open_company: Open
) -> None:
    for code in ("C1", "C2", "C3", "C4"):
        partner(company, code, CurrentAccountBalance=0.0)
    company.advance(hours=2)
    late = company.put("Invoices", DocEntry=1, CardCode="C1", DocumentLines=[])
    del company.sets["Invoices"][1]
    company.advance(minutes=5)
    connector, hub = open_company(), Hub()
    hub.pull(connector, BALANCES)
    company.advance(hours=1)
    company.sets["Invoices"][1] = late  # committed now, with the stamp of then
    company.put("IncomingPayments", DocEntry=1, CardCode="C2", DocDate="2026-03-19T00:00:00Z")
    company.put("IncomingPayments", DocEntry=2, CardCode="C3", DocDate="2026-03-20T00:00:00Z")
    company.most_rows = 1
    assert sorted(hub.pull(connector, BALANCES)) == ["C1", "C2", "C3"]


def test_a_census_that_is_due_travels_with_the_first_page_of_a_new_worker(
    company: SmallBusinessOne, open_company: Open
) -> None:
    for code in ("C1", "C2"):
        partner(company, code)
    company.advance(hours=1)
    hub = Hub()
    hub.pull(open_company(), NAMES)
    company.advance(hours=25)
    company.delete("BusinessPartners", "C1")
    SESSIONS.close()
    company.seen.clear()
    hub.pull(open_company(), NAMES)
    assert set(hub.records) == {"C2"}
    assert company.paths() == ["POST $batch"], "the login told the server's time"


def test_a_server_behind_a_proxy_that_takes_the_date_away_is_told(
    company: SmallBusinessOne, open_company: Open
) -> None:
    company.after += [lambda _request, reply: replace(reply, headers={**reply.headers, "Date": "never"})] * 9
    with pytest.raises(ConfigurationError, match="Date"):
        list(open_company().pull(NAMES, None))
