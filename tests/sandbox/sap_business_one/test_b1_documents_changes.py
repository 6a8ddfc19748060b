"""PATCH of documents and their lines; Close, Cancel, Reopen and cancellation documents."""

from __future__ import annotations

from typing import Any

import pytest
from b1_shop import Shop, amounts, column, refused

from crosswalk_sandbox.sap_business_one import documents
from crosswalk_sandbox.sap_business_one.desk import exact

ORDER, DELIVERY, INVOICE = 17, 15, 13
TWO = ({"ItemCode": "A1", "Quantity": 5}, {"ItemCode": "A2", "Quantity": 2})


def test_lines_merge_by_number_and_numbers_are_not_used_again(shop: Shop) -> None:
    """SAP Business One §6: a member with LineNum changes its row, one without is inserted, others stay."""
    entry = shop.sell(*TWO)["DocEntry"]
    changes = [{"LineNum": 1, "Quantity": 4}, {"ItemCode": "S1"}]
    order = shop.amend("Orders", entry, DocumentLines=changes, Comments="more", U_CrosswalkKey="d-1")
    assert column(order, "LineNum") == [0, 1, 2]
    assert column(order, "Quantity") == [5, 4, 1]
    assert (order["Comments"], order["U_CrosswalkKey"]) == ("more", "d-1")
    assert amounts(order, "DocTotal") == [exact("681.98")]
    assert (shop.stock("A1"), shop.stock("A2")) == ((50, 5), (20, 4))
    shop.amend("Orders", entry, DocumentLines=[{"LineNum": 0}, {"LineNum": 1}], replace=True)
    order = shop.amend("Orders", entry, DocumentLines=[{"ItemCode": "A1"}])
    assert column(order, "LineNum") == [0, 1, 3]
    assert column(order, "VisualOrder") == [0, 1, 2]


def test_with_the_replace_header_lines_that_are_not_named_go(shop: Shop) -> None:
    """SAP Business One §6: B1S-ReplaceCollectionsOnPatch; the last line stays."""
    entry = shop.sell(*TWO)["DocEntry"]
    order = shop.amend("Orders", entry, DocumentLines=[{"LineNum": 1, "Quantity": 3}], replace=True)
    assert column(order, "LineNum") == [1]
    assert (shop.stock("A1"), shop.stock("A2")) == ((50, 0), (20, 3))
    with refused(-5002, "at least one row"):
        shop.amend("Orders", entry, DocumentLines=[], replace=True)


def test_a_line_number_that_is_not_there_is_refused_unless_an_option_adds_it(shop: Shop) -> None:
    """SAP Business One §6, unsure: option ``unknown_line_is_new``."""
    entry = shop.sell()["DocEntry"]
    with refused(-2028, "LineNum"):
        shop.amend("Orders", entry, DocumentLines=[{"LineNum": 5, "ItemCode": "A2"}])
    shop.options(unknown_line_is_new=True)
    assert column(shop.amend("Orders", entry, DocumentLines=[{"LineNum": 5, "ItemCode": "A2"}]), "LineNum") == [0, 1]


def test_prices_of_a_changed_line_stay_unless_they_are_sent(shop: Shop) -> None:
    """SAP Business One §17: what was read and is sent back changes nothing."""
    order = shop.sell({"ItemCode": "A1", "Quantity": 2, "UnitPrice": 80, "DiscountPercent": 25})
    entry, line = order["DocEntry"], order["DocumentLines"][0]
    assert amounts(shop.amend("Orders", entry, DocumentLines=[dict(line)]), "DocTotal") == amounts(order, "DocTotal")
    line = shop.amend("Orders", entry, DocumentLines=[{"LineNum": 0, "Quantity": 3}])["DocumentLines"][0]
    assert [exact(line[name]) for name in ("UnitPrice", "DiscountPercent", "LineTotal")] == [80, 25, 180]
    line = shop.amend("Orders", entry, DocumentLines=[{"LineNum": 0, "UnitPrice": 40}])["DocumentLines"][0]
    assert [exact(line[name]) for name in ("DiscountPercent", "LineTotal")] == [25, 90]
    line = shop.amend("Orders", entry, DocumentLines=[{"LineNum": 0, "ItemCode": "A2"}])["DocumentLines"][0]
    assert (exact(line["UnitPrice"]), line["ItemDescription"]) == (30, "Item A2")


def test_a_kits_components_follow_its_quantity_and_its_end(shop: Shop) -> None:
    """SAP Business One §6, §15: components belong to their parent's line."""
    entry = shop.sell({"ItemCode": "K1"}, {"ItemCode": "S1"})["DocEntry"]
    order = shop.amend("Orders", entry, DocumentLines=[{"LineNum": 0, "Quantity": 2}])
    assert column(order, "Quantity") == [2, 2, 4, 1]
    assert shop.stock("A2") == (20, 4)
    order = shop.amend("Orders", entry, DocumentLines=[{"LineNum": 3}], replace=True)
    assert column(order, "ItemCode") == ["S1"]
    assert shop.stock("A2") == (20, 0)
    order = shop.amend("Orders", entry, DocumentLines=[{"ItemCode": "K1"}])
    assert column(order, "ParentLineNum") == [None, None, 4, 4]


@pytest.mark.parametrize(
    ("changes", "column_name"),
    [
        ({"CardCode": "C2"}, "CardCode"),
        ({"DocDate": "2026-11-01T00:00:00Z"}, "DocDate"),
        ({"DocCurrency": "EUR"}, "DocCur"),
    ],
)
def test_partner_posting_date_and_currency_are_locked_but_may_be_sent_as_they_are(
    shop: Shop, changes: dict[str, Any], column_name: str
) -> None:
    """SAP Business One §6: locked fields, 400 -1029 with the column."""
    order = shop.sell()
    assert shop.amend("Orders", order["DocEntry"], **{name: order[name] for name in changes})
    with refused(-1029, f"[ORDR.{column_name}]"):
        shop.amend("Orders", order["DocEntry"], **changes)


def test_a_copied_line_keeps_its_item_and_what_was_copied(shop: Shop) -> None:
    """SAP Business One §6: copied lines are frozen; no less than was delivered."""
    order = shop.sell(*TWO)
    shop.copy(order, "DeliveryNotes", {"BaseLine": 0, "Quantity": 2}, base_type=ORDER)
    entry = order["DocEntry"]
    with refused(-1029, "RDR1.ItemCode"):
        shop.amend("Orders", entry, DocumentLines=[{"LineNum": 0, "ItemCode": "A2"}])
    with refused(-10, "Quantity"):
        shop.amend("Orders", entry, DocumentLines=[{"LineNum": 0, "Quantity": 1}])
    with refused(-5002, "Row cannot be deleted"):
        shop.amend("Orders", entry, DocumentLines=[{"LineNum": 1}], replace=True)
    assert column(
        shop.amend("Orders", entry, DocumentLines=[{"LineNum": 0, "Quantity": 3}]), "RemainingOpenQuantity"
    ) == [1, 2]
    assert shop.stock() == (48, 1)
    order = shop.amend("Orders", entry, DocumentLines=[{"LineNum": 0, "Quantity": 2}])
    assert column(order, "LineStatus") == ["bost_Close", "bost_Open"]
    with refused(-1029, "RDR1.Quantity"):
        shop.amend("Orders", entry, DocumentLines=[{"LineNum": 0, "Quantity": 9}])


def test_a_closed_document_takes_remarks_and_user_fields_only(shop: Shop) -> None:
    """SAP Business One §6."""
    entry = shop.sell()["DocEntry"]
    shop.act("Orders", entry, "Close")
    kept = shop.amend(
        "Orders",
        entry,
        Comments="late",
        U_CrosswalkKey="d",
        DocumentLines=[{"LineNum": 0, "U_Note": "n", "FreeText": "f"}],
    )
    assert (kept["Comments"], kept["U_CrosswalkKey"], kept["DocumentLines"][0]["FreeText"]) == ("late", "d", "f")
    for changes in ({"NumAtCard": "x"}, {"DiscountPercent": 5}, {"DocumentLines": [{"ItemCode": "A1"}]}):
        with refused(-1029):
            shop.amend("Orders", entry, **changes)


def test_posted_documents_keep_their_amounts(shop: Shop) -> None:
    """SAP Business One §6: quantities and prices of what was posted are locked; references are not."""
    entry = shop.sell(kind="Invoices")["DocEntry"]
    for changes in (
        {"DiscountPercent": 5},
        {"DocumentLines": [{"LineNum": 0, "Quantity": 2}]},
        {"DocumentLines": [{"ItemCode": "A1"}]},
    ):
        with refused(-1029):
            shop.amend("Invoices", entry, **changes)
    assert shop.amend("Invoices", entry, NumAtCard="PO-2", TrackingNumber="1Z")["TrackingNumber"] == "1Z"


def test_a_line_is_closed_and_opened_by_its_status(shop: Shop) -> None:
    """SAP Business One §8: a line-level close is LineStatus bost_Close."""
    entry = shop.sell(*TWO)["DocEntry"]
    order = shop.amend("Orders", entry, DocumentLines=[{"LineNum": 0, "LineStatus": "bost_Close"}])
    assert (column(order, "LineStatus"), order["DocumentStatus"]) == (["bost_Close", "bost_Open"], "bost_Open")
    assert shop.stock() == (50, 0)
    shop.amend("Orders", entry, DocumentLines=[{"LineNum": 0, "LineStatus": "bost_Open"}])
    assert shop.stock() == (50, 5)
    changes = [{"LineNum": number, "LineStatus": "bost_Close"} for number in (0, 1)]
    assert shop.amend("Orders", entry, DocumentLines=changes)["DocumentStatus"] == "bost_Close"


def test_another_address_brings_its_text(shop: Shop) -> None:
    """SAP Business One §15: ShipToCode and Address2."""
    addresses = [{"AddressName": "Dock", "AddressType": "bo_ShipTo", "Street": "Pier 9", "City": "Oakland"}]
    partner = shop.get("BusinessPartners", "C1")
    shop.edit("BusinessPartners", "C1", BPAddresses=partner["BPAddresses"] + addresses)
    order = shop.amend("Orders", shop.sell()["DocEntry"], ShipToCode="Dock")
    assert order["Address2"] == "Pier 9\rOakland"
    assert order["AddressExtension"]["ShipToCity"] == "Oakland"
    assert order["AddressExtension"]["BillToCity"] == "Denver"


def test_freight_can_be_changed_with_its_order(shop: Shop) -> None:
    """SAP Business One §6, §15: DocumentAdditionalExpenses by LineNum."""
    freight = {"ExpenseCode": 1, "LineTotal": 20, "TaxCode": "EX"}
    entry = shop.sell({"ItemCode": "A1", "TaxCode": "EX"}, DocumentAdditionalExpenses=[freight])["DocEntry"]
    order = shop.amend("Orders", entry, DocumentAdditionalExpenses=[{"LineNum": 0, "LineTotal": 30}, freight])
    assert amounts(order, "DocTotal") == [150]
    assert amounts(shop.amend("Orders", entry, DocumentAdditionalExpenses=[], replace=True), "DocTotal") == [100]


def test_close_is_not_cancel_and_both_free_the_stock(shop: Shop) -> None:
    """SAP Business One §8: Cancel → Cancelled tYES, csYes; Close → Cancelled tNO; both bost_Close."""
    for action, told in (("Close", ("tNO", None)), ("Cancel", ("tYES", "csYes"))):
        entry = shop.sell({"ItemCode": "A1", "Quantity": 5})["DocEntry"]
        assert shop.act("Orders", entry, action) is None
        order = shop.get("Orders", entry)
        assert (order["Cancelled"], order.get("CancelStatus")) == told
        assert (order["DocumentStatus"], column(order, "LineStatus")) == ("bost_Close", ["bost_Close"])
        assert (shop.stock(), shop.balance("OpenOrdersBalance")) == ((50, 0), 0)
        for again in ("Close", "Cancel"):
            with refused(-10, "already closed"):
                shop.act("Orders", entry, again)


def test_a_partly_delivered_order_is_closed_not_cancelled_and_can_be_reopened(shop: Shop) -> None:
    """SAP Business One §8: Cancel, Close and Reopen; what is cancelled or done stays so."""
    order = shop.sell({"ItemCode": "A1", "Quantity": 5})
    shop.copy(order, "DeliveryNotes", {"BaseLine": 0, "Quantity": 2}, base_type=ORDER)
    with refused(-10, "copied to a target"):
        shop.act("Orders", order["DocEntry"], "Cancel")
    with refused(-10, "cannot be reopened"):
        shop.act("Orders", order["DocEntry"], "Reopen")
    shop.act("Orders", order["DocEntry"], "Close")
    assert shop.stock() == (48, 0)
    shop.act("Orders", order["DocEntry"], "Reopen")
    assert shop.stock() == (48, 3)
    cancelled = shop.sell()["DocEntry"]
    shop.act("Orders", cancelled, "Cancel")
    with refused(-10, "cannot be reopened"):
        shop.act("Orders", cancelled, "Reopen")


def test_posted_documents_are_reversed_by_a_cancellation_document(shop: Shop) -> None:
    """SAP Business One §8: csCancellation and csYes; stock, base and balance are as before."""
    order = shop.sell({"ItemCode": "A1", "Quantity": 5})
    before = (shop.stock(), shop.balance("OpenOrdersBalance"))
    delivery = shop.copy(order, "DeliveryNotes", base_type=ORDER)
    reversal = shop.act("DeliveryNotes", delivery["DocEntry"], "CreateCancellationDocument")
    assert reversal is not None
    original = shop.get("DeliveryNotes", delivery["DocEntry"])
    assert (reversal["CancelStatus"], original["CancelStatus"], original["Cancelled"]) == (
        "csCancellation",
        "csYes",
        "tYES",
    )
    assert reversal["DocEntry"] != original["DocEntry"]
    assert shop.get("Orders", order["DocEntry"])["DocumentStatus"] == "bost_Open"
    assert (shop.stock(), shop.balance("OpenOrdersBalance"), shop.balance("OpenDeliveryNotesBalance")) == (*before, 0)
    with refused(-10):
        shop.act("DeliveryNotes", delivery["DocEntry"], "CreateCancellationDocument")
    invoice = shop.copy(order, "Invoices", base_type=ORDER)
    shop.act("Invoices", invoice["DocEntry"], "CreateCancellationDocument")
    assert (shop.stock(), shop.balance("CurrentAccountBalance")) == (before[0], 0)


def test_what_cannot_be_done_to_a_kind_is_refused(shop: Shop) -> None:
    """SAP Business One §8, §10: -5006; Cancel of what is posted is unsure, option ``cancel_reverses``."""
    order, invoice = shop.sell()["DocEntry"], shop.sell(kind="Invoices")["DocEntry"]
    for kind, entry, action in (("Orders", order, "CreateCancellationDocument"), ("Invoices", invoice, "Close"),
                                ("Invoices", invoice, "Reopen"), ("Invoices", invoice, "Cancel")):  # fmt: skip
        with refused(-5006):
            shop.act(kind, entry, action)
    for kind, entry in (("Orders", order), ("Invoices", invoice)):
        with refused(-5006):
            documents.remove(kind, shop.get(kind, entry), shop.desk)
    shop.options(cancel_reverses=True)
    shop.act("Invoices", invoice, "Cancel")
    assert shop.get("Invoices", invoice)["CancelStatus"] == "csYes"


def test_an_invoice_that_was_paid_or_credited_is_not_reversed(shop: Shop) -> None:
    """SAP Business One §8, unsure in detail: what stands on a document goes first."""
    invoice = shop.sell(kind="Invoices")
    shop.pay({"DocEntry": invoice["DocEntry"], "SumApplied": 1}, amount=1)
    with refused(-10):
        shop.act("Invoices", invoice["DocEntry"], "CreateCancellationDocument")
