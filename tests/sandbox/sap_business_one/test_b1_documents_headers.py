"""Who may trade what, what the partner gives to the header, numbers, dates and codes."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from b1_shop import DUE, TODAY, Shop, refused

from crosswalk_sandbox.sap_business_one import documents
from crosswalk_sandbox.sap_business_one.documents.dates import due_day


def test_the_header_takes_the_partners_defaults(shop: Shop) -> None:
    """SAP Business One §15: BP defaults, addresses by name and as text, contact by InternalCode."""
    order = shop.sell(NumAtCard="PO-1", U_CrosswalkKey="d-1")
    told = {"CardName": "One Inc", "ShipToCode": "Ship", "PayToCode": "Bill", "ContactPersonCode": 7, "PaymentGroupCode": 1,
            "SalesPersonCode": -1, "DocCurrency": "USD", "DocDate": TODAY, "TaxDate": TODAY, "DocObjectCode": "oOrders",
            "DocumentStatus": "bost_Open", "FederalTaxID": "12-3", "NumAtCard": "PO-1", "U_CrosswalkKey": "d-1"}  # fmt: skip
    assert told.items() <= order.items()
    assert order["Address2"] == "Main St 1\r80202 Denver CO\rUS"
    assert order["AddressExtension"]["ShipToCity"] == order["AddressExtension"]["BillToCity"] == "Denver"
    assert order["DocumentLines"][0]["ShipDate"] == DUE


@pytest.mark.parametrize(
    ("sent", "column"),
    [({"CardCode": "XX"}, "ORDR.CardCode"), ({"PaymentGroupCode": 99}, "ORDR.GroupNum"), ({"SalesPersonCode": 99}, "ORDR.SlpCode"),
     ({"ContactPersonCode": 99}, "ORDR.CntctCode"), ({"ShipToCode": "Bill"}, "ORDR.ShipToCode"),
     ({"TransportationCode": 99}, "ORDR.TrnspCode")],
)  # fmt: skip
def test_a_code_that_names_nothing_is_told_by_its_column(shop: Shop, sent: dict[str, Any], column: str) -> None:
    """SAP Business One §10: 400 -2028 on a reference in the body."""
    with refused(-2028, column):
        shop.sell(**sent)


@pytest.mark.parametrize(
    ("changes", "active"),
    [
        ({}, True),
        ({"Frozen": "tYES"}, False),
        ({"Frozen": "tYES", "FrozenTo": "2026-11-22T00:00:00Z"}, True),
        ({"Frozen": "tYES", "FrozenFrom": TODAY}, False),
        ({"Valid": "tNO"}, False),
        ({"Valid": "tYES", "ValidFrom": "2026-11-24T00:00:00Z"}, False),
        ({"Valid": "tYES", "ValidFrom": TODAY, "ValidTo": TODAY}, True),
    ],
)
def test_frozen_and_invalid_partners_and_items_are_refused_on_the_posting_date(
    shop: Shop, changes: dict[str, Any], *, active: bool
) -> None:
    """SAP Business One §10: 10001071 customer, 10001069 item; §15: active means valid and not frozen, with ranges."""
    for entity_set, key, number in (
        ("BusinessPartners", "C1", "10001071 - Customer C1"),
        ("Items", "A1", "10001069 - Item A1"),
    ):
        before = shop.get(entity_set, key)
        shop.edit(entity_set, key, **changes)
        if active:
            assert shop.sell()["DocEntry"]
        else:
            with refused(-10, number):
                shop.sell()
        shop.desk.save(entity_set, before)


def test_leads_may_be_quoted_and_may_order_but_nothing_is_posted_for_them(shop: Shop) -> None:
    """SAP Business One §15: leads; suppliers buy nothing."""
    shop.edit("BusinessPartners", "C1", CardType="cLid")
    assert shop.sell(kind="Quotations")["DocEntry"]
    assert shop.sell()["DocEntry"]
    with refused(-10, "Invalid BP code"):
        shop.sell(kind="Invoices")
    shop.edit("BusinessPartners", "C1", CardType="cSupplier")
    with refused(-10, "Invalid BP code"):
        shop.sell()


def test_items_that_are_unknown_not_sold_or_without_quantity_are_refused(shop: Shop) -> None:
    """SAP Business One §16: checks of POST; the line is told, counted from 1."""
    with refused(-2028, "[RDR1.ItemCode][line: 2]"):
        shop.sell({"ItemCode": "A1"}, {"ItemCode": "XX"})
    with refused(-5002, "[RDR1.ItemCode][line: 1]"):
        shop.sell({"Quantity": 1})
    with refused(-5002, "Quantity"):
        shop.sell({"ItemCode": "A1", "Quantity": 0})
    with refused(-5002, "at least one row"):
        documents.add("Orders", {"CardCode": "C1", "DocDueDate": DUE}, shop.desk)
    shop.edit("Items", "A1", SalesItem="tNO")
    with refused(-10, "sales item"):
        shop.sell()


def test_warehouses_must_be_there_and_in_use(shop: Shop) -> None:
    """SAP Business One §16: warehouse exists and is not inactive."""
    with refused(-2028, "WhsCode"):
        shop.sell({"ItemCode": "A1", "WarehouseCode": "99"})
    shop.put("Warehouses", WarehouseCode="02", Inactive="tYES")
    with refused(-10, "inactive"):
        shop.sell({"ItemCode": "A1", "WarehouseCode": "02"})


def test_orders_and_quotations_must_say_their_due_date(shop: Shop) -> None:
    """SAP Business One §15: DocDueDate; §19: the code is not settled, option ``missing_due_date``."""
    for kind in ("Orders", "Quotations"):
        with refused(-5002, "DocDueDate"):
            shop.sell(kind=kind, DocDueDate=None)
    with refused(-10, "DocDueDate"):
        shop.sell(DocDueDate="2026-11-22T00:00:00Z")
    shop.options(missing_due_date=-10)
    with refused(-10, "DocDueDate"):
        shop.sell(DocDueDate=None)


def test_invoices_fall_due_by_their_terms_and_deliveries_on_the_day(shop: Shop) -> None:
    """SAP Business One §15: invoices compute DocDueDate from the payment terms."""
    assert shop.sell(kind="Invoices")["DocDueDate"] == "2026-12-23T00:00:00Z"
    assert shop.sell(kind="Invoices", PaymentGroupCode=-1)["DocDueDate"] == TODAY
    assert shop.sell(kind="DeliveryNotes")["DocDueDate"] == TODAY
    assert documents.due_date(shop.get("BusinessPartners", "C1"), date(2026, 10, 1), shop.desk) == date(2026, 10, 31)


@pytest.mark.parametrize(
    ("terms", "due"),
    [
        ({"NumberOfAdditionalDays": 14}, date(2026, 2, 14)),
        ({"StartFrom": "pdt_MonthEnd", "NumberOfAdditionalDays": 10}, date(2026, 2, 10)),
        ({"StartFrom": "pdt_MonthEnd", "NumberOfAdditionalMonths": 1}, date(2026, 2, 28)),
        ({"StartFrom": "pdt_HalfMonth"}, date(2026, 2, 15)),
        ({"StartFrom": "pdt_MonthStart", "NumberOfAdditionalDays": 1}, date(2026, 2, 2)),
        ({"NumberOfAdditionalMonths": 1}, date(2026, 2, 28)),
        ({"BaselineDate": "bld_TaxDate", "NumberOfAdditionalDays": 1}, date(2026, 1, 11)),
    ],
)
def test_due_days_count_months_then_days_from_where_the_terms_start(terms: dict[str, Any], due: date) -> None:
    """SAP Business One §15: PaymentTermsTypes, StartFrom, BaselineDate, months and days."""
    assert due_day(terms, date(2026, 1, 31), date(2026, 1, 10)) == due


def test_a_month_after_the_end_of_a_short_month_is_the_end_of_the_next() -> None:
    """SAP Business One §15: pdt_MonthEnd with months."""
    terms = {"StartFrom": "pdt_MonthEnd", "NumberOfAdditionalMonths": 1}
    assert due_day(terms, date(2026, 2, 10)) == date(2026, 3, 31)


def test_postings_lie_in_an_open_period(shop: Shop) -> None:
    """SAP Business One §16, §19: the code is not settled, option ``closed_period``."""
    shop.options(first_open_day="2026-11-01", last_open_day="2026-11-30")
    for day in ("2026-10-31", "2026-12-01"):
        with refused(-5002, "Date deviates from permissible range"):
            shop.sell(DocDate=f"{day}T00:00:00Z", DocDueDate="2026-12-24T00:00:00Z")


def test_numbers_are_the_series_unless_written_by_hand(shop: Shop) -> None:
    """SAP Business One §4, §15: each set counts its own DocEntry; DocNum from Series, by hand only with HandWritten."""
    order, invoice = shop.sell(DocNum=77), shop.sell(kind="Invoices")
    assert order["DocNum"] != 77
    assert shop.sell()["DocEntry"] == order["DocEntry"] + 1
    assert invoice["DocEntry"] == 1
    assert shop.sell(DocNum=77, HandWritten="tYES")["DocNum"] == 77
    with refused(-2035):
        shop.sell(DocNum=77, HandWritten="tYES")
    assert shop.sell(Series=5)["DocNum"] == 1


def test_with_branches_a_document_must_name_its_own(shop: Shop) -> None:
    """SAP Business One §15: BPL_IDAssignedToInvoice when multi-branch is active."""
    shop.options(multi_branch=True)
    with refused(-10, "BPLId"):
        shop.sell()
    assert shop.sell(BPL_IDAssignedToInvoice=1)["DocEntry"]
