"""Prices sent, tax, currency, rounding and totals of documents."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from b1_shop import Shop, amounts, column, refused
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from crosswalk_sandbox.sap_business_one import documents
from crosswalk_sandbox.sap_business_one.desk import exact

FREIGHT = {"ExpenseCode": 1, "LineTotal": 20, "TaxCode": "CA"}


def test_an_order_adds_up_lines_discount_freight_and_tax(shop: Shop) -> None:
    """SAP Business One §15: header, lines and freight; tax falls on what the header's discount leaves."""
    exempt = {"ItemCode": "S1", "TaxCode": "EX", "Quantity": 3}
    order = shop.sell(
        {"ItemCode": "A1", "Quantity": 2}, exempt, DiscountPercent=10, DocumentAdditionalExpenses=[FREIGHT]
    )
    assert column(order, "LineTotal") == [200, 30]
    assert amounts(order, "TotalDiscount", "VatSum", "DocTotal") == [23, exact("16.50"), exact("243.50")]
    assert column(order, "TaxTotal") == [exact("14.85"), 0]
    assert column(order, "PriceAfterVAT") == [exact("108.25"), 10]


def test_freight_of_an_unknown_kind_is_refused_and_its_amount_defaults_to_the_kinds(shop: Shop) -> None:
    """SAP Business One §15: DocumentAdditionalExpenses."""
    shop.edit("AdditionalExpenses", 1, FixedAmountRevenues=15)
    order = shop.sell(DocumentAdditionalExpenses=[{"ExpenseCode": 1, "TaxCode": "EX"}])
    assert amounts(order, "DocTotal") == [exact("123.25")]
    with refused(-2028, "ExpnsCode"):
        shop.sell(DocumentAdditionalExpenses=[{"ExpenseCode": 99}])


@pytest.mark.parametrize(
    ("sent", "unit", "percent", "price", "total"),
    [
        ({}, 100, 0, 100, 200),
        ({"DiscountPercent": 10}, 100, 10, 90, 180),
        ({"UnitPrice": 80}, 80, 0, 80, 160),
        ({"UnitPrice": "80", "DiscountPercent": "25"}, 80, 25, 60, 120),
        ({"Price": 75}, 100, 25, 75, 150),
        ({"LineTotal": 150}, 100, 25, 75, 150),
        ({"UnitPrice": 50, "LineTotal": 120}, 50, -20, 60, 120),
        ({"UnitPrice": 100, "DiscountPercent": 10, "Price": 90, "LineTotal": 180}, 100, 10, 90, 180),
    ],
)
def test_what_is_sent_of_a_price_decides_what_is_worked_out(
    shop: Shop, sent: dict[str, object], unit: int, percent: int, price: int, total: int
) -> None:
    """SAP Business One §17: UnitPrice before discount, Price after; the rest is worked out, backwards where need be."""
    line = shop.sell({"ItemCode": "A1", "Quantity": 2, **sent})["DocumentLines"][0]
    found = [exact(line[name]) for name in ("UnitPrice", "DiscountPercent", "Price", "LineTotal")]
    assert found == [unit, percent, price, total]


def test_a_total_that_no_price_gives_loses_a_cent(shop: Shop) -> None:
    """SAP Business One §17 (KBA 3697554): values sent are replaced by what the server computes, with cents of difference."""
    line = shop.sell({"ItemCode": "A1", "Quantity": 3, "LineTotal": 100})["DocumentLines"][0]
    assert exact(line["Price"]) == exact("33.33")
    assert exact(line["LineTotal"]) == exact("99.99")


def test_a_discount_of_a_hundred_percent_is_refused(shop: Shop) -> None:
    """SAP Business One §10: -5002 with 10001058."""
    for sent in ({"DiscountPercent": 100}, {"UnitPrice": 100, "LineTotal": 0.001}):
        with refused(-5002, "10001058"):
            shop.sell({"ItemCode": "A1", **sent})
    with refused(-5002, "10001058"):
        shop.sell(DiscountPercent=100)


def test_a_sent_total_sets_the_headers_discount_unless_an_option_ignores_it(shop: Shop) -> None:
    """SAP Business One §17, unsure: option ``total_sets_discount``."""
    line = {"ItemCode": "A1", "TaxCode": "EX"}
    assert amounts(shop.sell(line, DocTotal=90), "DiscountPercent", "DocTotal") == [10, 90]
    shop.options(total_sets_discount=False)
    assert amounts(shop.sell(line, DocTotal=90), "DiscountPercent", "DocTotal") == [0, 100]


def test_a_row_discount_is_of_the_price_or_of_the_total(shop: Shop) -> None:
    """SAP Business One §17: ``CalculateRowDiscount`` moves the rounding from the price to the total."""
    sent = {"ItemCode": "A1", "UnitPrice": 1.11, "DiscountPercent": 50, "Quantity": 100, "TaxCode": "EX"}
    assert amounts(shop.sell(sent), "DocTotal") == [56]
    shop.admin(CalculateRowDiscount="tYES")
    assert amounts(shop.sell(sent), "DocTotal") == [exact("55.50")]


def test_a_document_is_rounded_to_its_currencys_step_when_asked(shop: Shop) -> None:
    """SAP Business One §15: Currencies.Rounding; §17."""
    shop.edit("Currencies", "USD", Rounding="rsRoundToFiveHundredth")
    line = {"ItemCode": "A1", "UnitPrice": 9.98, "TaxCode": "EX"}
    assert amounts(shop.sell(line, Rounding="tYES"), "DocTotal", "RoundingDiffAmount") == [10, exact("0.02")]
    assert amounts(shop.sell(line), "DocTotal") == [exact("9.98")]


def test_plain_amounts_are_the_companys_currency_and_fc_the_documents(shop: Shop) -> None:
    """SAP Business One §15: ``DocTotalFc`` foreign, the plain name local; a price of another currency is exchanged."""
    order = shop.sell({"ItemCode": "A1", "Quantity": 3}, DocCurrency="EUR", DocRate=1.25)
    line = order["DocumentLines"][0]
    assert [exact(line[name]) for name in ("UnitPrice", "RowTotalFC", "LineTotal", "TaxTotal")] == [
        100,
        240,
        300,
        exact("24.75"),
    ]
    assert amounts(order, "DocTotalFc", "DocTotal", "VatSumFc") == [exact("259.80"), exact("324.75"), exact("19.80")]
    sent = shop.sell({"ItemCode": "A1", "UnitPrice": 10, "TaxCode": "EX"}, DocCurrency="EUR", DocRate=1.25)
    assert amounts(sent, "DocTotalFc", "DocTotal") == [10, exact("12.5")]


def test_a_foreign_document_needs_the_rate_of_its_posting_date(shop: Shop) -> None:
    """SAP Business One §16: "Update the exchange rate"."""
    with refused(-4006, "Update the exchange rate , 'EUR'"):
        shop.sell(DocCurrency="EUR")
    shop.account.store.execute("INSERT INTO exchange_rate VALUES ('EUR', '2026-11-23', '1.2')")
    assert amounts(shop.sell(DocCurrency="EUR"), "DocRate") == [exact("1.2")]
    with refused(-4006):
        shop.sell(DocCurrency="EUR", DocDate="2026-11-24T00:00:00Z")
    shop.options(rates_carry_on=True)
    assert shop.sell(DocCurrency="EUR", DocDate="2026-11-24T00:00:00Z")["DocEntry"]


def test_a_partner_with_one_currency_trades_in_it_or_in_the_companys(shop: Shop) -> None:
    """SAP Business One §15: Currency, ``##`` is all."""
    shop.edit("BusinessPartners", "C1", Currency="EUR")
    assert shop.sell(DocRate=2)["DocCurrency"] == "EUR"
    assert shop.sell(DocCurrency="USD")["DocCurrency"] == "USD"
    with refused(-5002, "currency"):
        shop.sell(DocCurrency="GBP", DocRate=2)
    with refused(-2028, "DocCur"):
        shop.sell(DocCurrency="XXX")


def test_tax_comes_from_the_line_the_ship_to_the_item_or_the_company(shop: Shop) -> None:
    """SAP Business One §15: TaxCode in sales-tax localisations."""
    assert column(shop.sell({"ItemCode": "A1"}, {"ItemCode": "A1", "TaxCode": "EX"}), "TaxCode") == ["CA", "EX"]
    shop.edit("BusinessPartners", "C1", ShipToDefault=None)
    assert column(shop.sell({"ItemCode": "S1"}), "TaxCode") == ["EX"]
    with refused(-10, "10000180 - Specify valid tax code"):
        shop.sell({"ItemCode": "A1"})
    shop.admin(DefaultTaxCode="CA")
    assert column(shop.sell({"ItemCode": "A1"}), "TaxCode") == ["CA"]
    shop.edit("BusinessPartners", "C1", VatLiable="vExempted")
    assert amounts(shop.sell(), "VatSum") == [0]


def test_vat_groups_take_the_place_of_tax_codes_and_the_other_kind_is_refused(shop: Shop) -> None:
    """SAP Business One §15: VatGroup in EU style, rate by date; §10: 10000180."""
    shop.put("VatGroups", Code="I1", Category="bovcInputTax", VatGroups_Lines=[])
    shop.options(tax_field="VatGroup")
    shop.edit("BusinessPartners", "C1", VatGroup="O1")
    assert amounts(shop.sell(), "VatSum") == [19]
    for sent in ({"VatGroup": "XX"}, {"VatGroup": "I1"}):
        with refused(-10, "10000180 - Invalid VAT Group"):
            shop.sell({"ItemCode": "A1", **sent})
    with refused(-10, "10000180"):
        shop.sell({"ItemCode": "A1", "TaxCode": "CA"})


def test_a_service_document_has_accounts_and_amounts_instead_of_items(shop: Shop) -> None:
    """SAP Business One §15: dDocument_Service."""
    line = {"AccountCode": "4000", "LineTotal": 250, "TaxCode": "EX"}
    invoice = shop.sell(line, kind="Invoices", DocType="dDocument_Service")
    assert amounts(invoice, "DocTotal") == [250]
    with refused(-5002, "AcctCode"):
        shop.sell({"LineTotal": 5, "TaxCode": "EX"}, kind="Invoices", DocType="dDocument_Service")


def test_a_preview_computes_and_stores_nothing(shop: Shop) -> None:
    """SAP Business One §8: OrdersService_Preview, DocEntry null."""
    sent = {"CardCode": "C1", "DocDueDate": "2026-11-30T00:00:00Z", "DocumentLines": [{"ItemCode": "A1"}]}
    found = documents.preview("Orders", sent, shop.desk)
    assert found["DocEntry"] is None
    assert amounts(found, "DocTotal") == [exact("108.25")]
    assert shop.desk.find("Orders") == []
    assert shop.stock() == (50, 0)


_LINE = some.tuples(
    some.integers(1, 50),
    some.decimals("0.01", "999", places=2),
    some.decimals(0, 99, places=1),
    some.sampled_from(["CA", "EX"]),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=some.lists(_LINE, min_size=1, max_size=5), percent=some.decimals(0, 60, places=1))
def test_totals_are_what_an_own_sum_says(
    shop: Shop, lines: list[tuple[int, Decimal, Decimal, str]], percent: Decimal
) -> None:
    """SAP Business One §17: an independent sum in cents agrees with DocTotal, VatSum and TotalDiscount."""
    sent = [
        {"ItemCode": "A1", "Quantity": count, "UnitPrice": unit, "DiscountPercent": off, "TaxCode": code}
        for count, unit, off, code in lines
    ]
    order = documents.preview("Orders", {"CardCode": "C1", "DocDueDate": "2026-12-01T00:00:00Z", "DocumentLines": sent,
                                         "DiscountPercent": percent}, shop.desk)  # fmt: skip
    nets = [_cents(unit * (100 - off) / 100) * count for count, unit, off, _ in lines]
    discount = _cents(sum(nets) * percent / 100)
    rates = [Decimal("8.25") if code == "CA" else Decimal(0) for *_, code in lines]
    tax = sum(_cents(net * (100 - percent) / 100 * rate / 100) for net, rate in zip(nets, rates, strict=True))
    assert amounts(order, "TotalDiscount", "VatSum", "DocTotal") == [discount, tax, sum(nets) - discount + tax]


def _cents(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)
