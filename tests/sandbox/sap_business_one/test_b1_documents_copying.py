"""Copying from base documents, stock, kits and balances."""

from __future__ import annotations

from typing import Any

import pytest
from b1_shop import Shop, amounts, column, refused
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from crosswalk_sandbox.sap_business_one.desk import Row, exact

QUOTATION, ORDER, DELIVERY, INVOICE, RETURN = 23, 17, 15, 13, 16


def order_of(shop: Shop, *quantities: int, **line: Any) -> Row:
    """An order of A1, a line for each quantity."""
    return shop.sell(*({"ItemCode": "A1", "Quantity": count, **line} for count in quantities))


def test_a_quotation_becomes_an_order_a_delivery_and_an_invoice_line_by_line(shop: Shop) -> None:
    """SAP Business One §15: BaseType 23 → order, 17 → delivery, 15 → invoice; prices, tax and user fields go along."""
    sent = {
        "ItemCode": "A1",
        "Quantity": 4,
        "UnitPrice": 80,
        "DiscountPercent": 5,
        "TaxCode": "EX",
        "FreeText": "red",
        "U_Note": "x",
    }
    document = shop.sell(sent, kind="Quotations")
    for kind, base in (("Orders", QUOTATION), ("DeliveryNotes", ORDER), ("Invoices", DELIVERY)):
        document = shop.copy(document, kind, base_type=base, DocDueDate="2026-12-24T00:00:00Z")
        line = document["DocumentLines"][0]
        assert (line["BaseType"], line["FreeText"], line["U_Note"], line["TaxCode"]) == (base, "red", "x", "EX")
        assert amounts(document, "DocTotal") == [304]
    for kind in ("Quotations", "Orders", "DeliveryNotes"):
        assert shop.get(kind, 1)["DocumentStatus"] == "bost_Close"
        assert "Cancelled" not in shop.get(kind, 1)
    assert document["DocumentStatus"] == "bost_Open"


def test_lines_close_one_by_one_and_the_document_with_the_last(shop: Shop) -> None:
    """SAP Business One §15: partial delivery, RemainingOpenQuantity, LineStatus; closed is not cancelled."""
    order = order_of(shop, 10, 5)
    shop.copy(order, "DeliveryNotes", {"BaseLine": 0, "Quantity": 4}, base_type=ORDER)
    order = shop.get("Orders", order["DocEntry"])
    assert column(order, "RemainingOpenQuantity") == [6, 5]
    assert (column(order, "LineStatus"), order["DocumentStatus"]) == (["bost_Open"] * 2, "bost_Open")
    shop.copy(order, "DeliveryNotes", {"BaseLine": 0}, base_type=ORDER)
    order = shop.get("Orders", order["DocEntry"])
    assert (column(order, "LineStatus"), order["DocumentStatus"]) == (["bost_Close", "bost_Open"], "bost_Open")
    shop.copy(order, "Invoices", {"BaseLine": 1}, base_type=ORDER)
    order = shop.get("Orders", order["DocEntry"])
    assert (column(order, "RemainingOpenQuantity"), order["DocumentStatus"]) == ([0, 0], "bost_Close")


def test_what_does_not_fit_its_base_is_refused(shop: Shop) -> None:
    """SAP Business One §15, §16: base closed, of another partner, another item, another kind, not there."""
    order = order_of(shop, 2, 1)
    shop.put("BusinessPartners", CardCode="C2", CardName="Two", Currency="##")
    with refused(-5002, "card do not match"):
        shop.copy(order, "DeliveryNotes", base_type=ORDER, CardCode="C2")
    with refused(-5002, "item number"):
        shop.copy(order, "DeliveryNotes", {"BaseLine": 0, "ItemCode": "A2"}, base_type=ORDER)
    with refused(-5002, "BaseType"):
        shop.copy(order, "CreditNotes", base_type=ORDER)
    with refused(-2028, "BaseLine"):
        shop.copy(order, "DeliveryNotes", {"BaseLine": 9}, base_type=ORDER)
    with refused(-2028, "BaseEntry"):
        shop.copy(order | {"DocEntry": 999}, "DeliveryNotes", base_type=ORDER)
    shop.copy(order, "DeliveryNotes", base_type=ORDER)
    with refused(-10, "One of the base documents has already been closed  [DLN1.BaseEntry][line: 1]"):
        shop.copy(order, "DeliveryNotes", base_type=ORDER)


def test_more_than_is_open_is_refused_unless_the_company_delivers_more(shop: Shop) -> None:
    """SAP Business One §15, unsure: option ``deliver_more``; nothing comes back that did not go."""
    order = order_of(shop, 2)
    with refused(-10, "open quantity"):
        shop.copy(order, "DeliveryNotes", {"BaseLine": 0, "Quantity": 3}, base_type=ORDER)
    shop.options(deliver_more=True)
    delivery = shop.copy(order, "DeliveryNotes", {"BaseLine": 0, "Quantity": 3}, base_type=ORDER)
    assert shop.get("Orders", order["DocEntry"])["DocumentStatus"] == "bost_Close"
    with refused(-10, "open quantity"):
        shop.copy(delivery, "Returns", {"BaseLine": 0, "Quantity": 4}, base_type=DELIVERY)


def test_orders_commit_and_deliveries_take(shop: Shop) -> None:
    """SAP Business One §15, §16: Committed, InStock; an invoice from a delivery moves nothing again, from an order it does."""
    order = order_of(shop, 10)
    assert shop.stock() == (50, 10)
    delivery = shop.copy(order, "DeliveryNotes", {"BaseLine": 0, "Quantity": 4}, base_type=ORDER)
    assert shop.stock() == (46, 6)
    shop.copy(delivery, "Invoices", {"BaseLine": 0, "Quantity": 3}, base_type=DELIVERY)
    assert shop.stock() == (46, 6)
    shop.copy(order, "Invoices", {"BaseLine": 0, "Quantity": 6}, base_type=ORDER)
    assert shop.stock() == (40, 0)
    returned = shop.copy(delivery, "Returns", base_type=DELIVERY)
    assert shop.stock() == (41, 0)
    shop.copy(returned, "CreditNotes", base_type=RETURN)
    assert shop.stock() == (41, 0)
    item = shop.get("Items", "A1")
    assert exact(item["QuantityOnStock"]) == -9


def test_nothing_leaves_a_warehouse_that_is_not_there(shop: Shop) -> None:
    """SAP Business One §10, §16: orders do not check the stock, deliveries and invoices do, all lines together."""
    order = order_of(shop, 30, 30)
    with refused(-10, "10001069 - Quantity falls into negative inventory  [DLN1.ItemCode][line: 1]"):
        shop.copy(order, "DeliveryNotes", {"BaseLine": 0}, {"BaseLine": 1}, base_type=ORDER)
    assert shop.stock() == (50, 60)
    shop.options(negative_stock=True)
    shop.copy(order, "Invoices", {"BaseLine": 0}, {"BaseLine": 1}, base_type=ORDER)
    assert shop.stock() == (-10, 0)


def test_a_company_setting_allows_negative_stock(shop: Shop) -> None:
    """SAP Business One §16: BlockStockNegativeQuantity; items without stock are never short."""
    with refused(-10, "negative inventory"):
        shop.sell({"ItemCode": "A1", "Quantity": 51}, kind="DeliveryNotes")
    assert shop.sell({"ItemCode": "S1", "Quantity": 1000}, kind="DeliveryNotes")["DocEntry"]
    shop.admin(BlockStockNegativeQuantity="tNO")
    assert shop.sell({"ItemCode": "A1", "Quantity": 51}, kind="DeliveryNotes")["DocEntry"]


@pytest.mark.parametrize("managed", ["ManageBatchNumbers", "ManageSerialNumbers"])
def test_batches_and_serial_numbers_must_be_complete_at_delivery_only(shop: Shop, managed: str) -> None:
    """SAP Business One §10: -4014; §16: only at delivery."""
    shop.edit("Items", "A1", **{managed: "tYES"})
    order = order_of(shop, 2)
    with refused(-4014):
        shop.copy(order, "DeliveryNotes", base_type=ORDER)
    told = {"BatchNumbers": [{"BatchNumberProperty": "B", "Quantity": 2}],
            "SerialNumbers": [{"InternalSerialNumber": "1"}, {"InternalSerialNumber": "2"}]}  # fmt: skip
    assert shop.copy(order, "DeliveryNotes", {"BaseLine": 0, **told}, base_type=ORDER)["DocEntry"]


def test_a_kit_brings_its_components_behind_it(shop: Shop) -> None:
    """SAP Business One §15: iSalesTree, parent and iIngredient rows with ParentLineNum; the price is the kit's."""
    order = shop.sell({"ItemCode": "K1", "Quantity": 3, "TaxCode": "EX"}, {"ItemCode": "S1"})
    assert column(order, "ItemCode") == ["K1", "A1", "A2", "S1"]
    assert column(order, "TreeType") == ["iSalesTree", "iIngredient", "iIngredient", "iNotATree"]
    assert column(order, "ParentLineNum") == [None, 0, 0, None]
    assert column(order, "Quantity") == [3, 3, 6, 1]
    assert column(order, "LineTotal") == [600, 0, 0, 10]
    assert (shop.stock("A1"), shop.stock("A2")) == ((50, 3), (20, 6))


def test_components_carry_the_prices_where_the_company_says_so(shop: Shop) -> None:
    """SAP Business One §15, unsure: ``DisplayPriceforPriceOnly``."""
    shop.admin(DisplayPriceforPriceOnly="tNO")
    order = shop.sell({"ItemCode": "K1", "TaxCode": "EX"})
    assert column(order, "LineTotal") == [0, 100, 60]


def test_a_delivered_kit_takes_its_components_in_proportion(shop: Shop) -> None:
    """SAP Business One §15: a kit is copied by its own line; its components follow."""
    order = shop.sell({"ItemCode": "K1", "Quantity": 4})
    delivery = shop.copy(order, "DeliveryNotes", {"BaseLine": 0, "Quantity": 1}, base_type=ORDER)
    assert column(delivery, "Quantity") == [1, 1, 2]
    assert column(delivery, "BaseLine") == [0, 1, 2]
    assert column(shop.get("Orders", 1), "RemainingOpenQuantity") == [3, 3, 6]
    assert (shop.stock("A1"), shop.stock("A2")) == ((49, 3), (18, 6))
    named = [{"BaseLine": 0, "Quantity": 3}, {"BaseLine": 1, "Quantity": 3}, {"BaseLine": 2, "Quantity": 6}]
    assert column(shop.copy(order, "DeliveryNotes", *named, base_type=ORDER), "Quantity") == [3, 3, 6]
    assert shop.get("Orders", 1)["DocumentStatus"] == "bost_Close"


def test_an_assembly_stands_alone(shop: Shop) -> None:
    """SAP Business One §15: components of other trees are not on orders."""
    shop.edit("Items", "K1", TreeType="iAssemblyTree")
    assert column(shop.sell({"ItemCode": "K1"}), "ItemCode") == ["K1"]


def test_a_body_that_was_read_does_not_double_the_components(shop: Shop) -> None:
    """SAP Business One §15: component rows are the server's; sent back, they are not added to its own."""
    order = shop.sell({"ItemCode": "K1"})
    again = shop.sell(*[{**line, "BaseEntry": None} for line in order["DocumentLines"]])
    assert column(again, "ItemCode") == ["K1", "A1", "A2"]


def test_balances_follow_orders_deliveries_invoices_and_credit_notes(shop: Shop) -> None:
    """SAP Business One §15: OpenOrdersBalance, OpenDeliveryNotesBalance, CurrentAccountBalance."""
    order = order_of(shop, 4, TaxCode="EX")
    assert shop.balance("OpenOrdersBalance") == 400
    delivery = shop.copy(order, "DeliveryNotes", {"BaseLine": 0, "Quantity": 3}, base_type=ORDER)
    assert (shop.balance("OpenOrdersBalance"), shop.balance("OpenDeliveryNotesBalance")) == (100, 300)
    invoice = shop.copy(delivery, "Invoices", base_type=DELIVERY)
    assert (shop.balance("OpenDeliveryNotesBalance"), shop.balance("CurrentAccountBalance")) == (0, 300)
    credit = shop.copy(invoice, "CreditNotes", {"BaseLine": 0, "Quantity": 1}, base_type=INVOICE)
    assert shop.balance("CurrentAccountBalance") == 200
    assert amounts(shop.get("Invoices", invoice["DocEntry"]), "PaidToDate") == [100]
    assert credit["DocumentStatus"] == "bost_Close"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=some.lists(some.integers(1, 6), min_size=1, max_size=6), ordered=some.integers(1, 20))
def test_what_is_delivered_and_what_is_open_is_always_what_was_ordered(
    shop: Shop, parts: list[int], ordered: int
) -> None:
    """SAP Business One §15: open quantities, status and commitment agree after any run of partial deliveries."""
    stocked, committed = shop.stock()
    order = order_of(shop, ordered)
    gone = 0
    for part in parts:
        if gone + part > ordered or part > shop.stock()[0]:
            break
        shop.copy(order, "DeliveryNotes", {"BaseLine": 0, "Quantity": part}, base_type=ORDER)
        gone += part
    order = shop.get("Orders", order["DocEntry"])
    assert column(order, "RemainingOpenQuantity") == [ordered - gone]
    assert (order["DocumentStatus"] == "bost_Close") == (gone == ordered)
    assert shop.stock() == (stocked - gone, committed + ordered - gone)
