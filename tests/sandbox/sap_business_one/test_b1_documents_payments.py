"""Incoming payments, credit notes and down payments."""

from __future__ import annotations

from typing import Any

import pytest
from b1_shop import Shop, amounts, column, refused

from crosswalk_sandbox.sap_business_one import documents
from crosswalk_sandbox.sap_business_one.desk import Row, exact

INVOICE, ORDER = 13, 17


def invoice(shop: Shop, quantity: int = 1, **header: Any) -> Row:
    """An invoice without tax, a hundred a piece."""
    return shop.sell({"ItemCode": "A1", "Quantity": quantity, "TaxCode": "EX"}, kind="Invoices", **header)


def state(shop: Shop, entry: int) -> tuple[Any, str]:
    """What was paid of an invoice, and whether it is closed."""
    found = shop.get("Invoices", entry)
    return exact(found.get("PaidToDate")), found["DocumentStatus"]


def test_an_invoice_is_paid_in_parts_and_closed_with_the_last(shop: Shop) -> None:
    """SAP Business One §15: open = DocTotal − PaidToDate; paid when bost_Close."""
    entry = invoice(shop, 2)["DocEntry"]
    payment = shop.pay({"DocEntry": entry, "SumApplied": 50}, amount=50)
    assert payment["PaymentInvoices"][0]["InvoiceType"] == "it_Invoice"
    assert (state(shop, entry), shop.balance("CurrentAccountBalance")) == ((50, "bost_Open"), 150)
    shop.pay({"DocEntry": entry}, amount=150)
    assert (state(shop, entry), shop.balance("CurrentAccountBalance")) == ((200, "bost_Close"), 0)
    with refused(-10, "Invoice is already closed or blocked"):
        shop.pay({"DocEntry": entry, "SumApplied": 1}, amount=1)


def test_one_payment_may_pay_several_invoices_and_leave_a_rest_on_account(shop: Shop) -> None:
    """SAP Business One §15: PaymentInvoices; without any it is on account."""
    first, second = invoice(shop)["DocEntry"], invoice(shop)["DocEntry"]
    shop.pay({"DocEntry": first, "SumApplied": 100}, {"DocEntry": second, "SumApplied": 30}, CashSum=90, TransferSum=60)
    assert (state(shop, first), state(shop, second)) == ((100, "bost_Close"), (30, "bost_Open"))
    assert shop.balance("CurrentAccountBalance") == 50
    shop.pay(amount=70)
    assert shop.balance("CurrentAccountBalance") == -20


@pytest.mark.parametrize(
    ("row", "amount", "code"),
    [
        ({"SumApplied": 101}, 200, -10),
        ({"SumApplied": 80}, 70, -10),
        ({"SumApplied": -5}, 70, -10),
        ({"DocEntry": 99}, 1, -2028),
    ],
)
def test_more_than_is_open_or_there_is_not_paid(shop: Shop, row: dict[str, Any], amount: int, code: int) -> None:
    """SAP Business One §15, unsure in its words: what is applied is neither above the invoice nor the payment."""
    entry = invoice(shop)["DocEntry"]
    with refused(code):
        shop.pay({"DocEntry": entry, **row}, amount=amount)


def test_a_payment_needs_a_customer_and_an_amount(shop: Shop) -> None:
    """SAP Business One §15: IncomingPayments."""
    with refused(-5002):
        shop.pay()
    with refused(-2028, "ORCT.CardCode"):
        shop.pay(amount=5, CardCode="XX")
    entry = invoice(shop)["DocEntry"]
    shop.put("BusinessPartners", CardCode="C2", CardName="Two")
    with refused(-5002, "card do not match"):
        shop.pay({"DocEntry": entry}, amount=5, CardCode="C2")


def test_a_cancelled_payment_gives_everything_back_once(shop: Shop) -> None:
    """SAP Business One §8: payments' Cancel."""
    entry = invoice(shop)["DocEntry"]
    payment = shop.pay({"DocEntry": entry}, amount=100)["DocEntry"]
    shop.act("IncomingPayments", payment, "Cancel")
    assert (state(shop, entry), shop.balance("CurrentAccountBalance")) == ((0, "bost_Open"), 100)
    assert shop.get("IncomingPayments", payment)["Cancelled"] == "tYES"
    with refused(-10):
        shop.act("IncomingPayments", payment, "Cancel")
    with refused(-5006):
        shop.act("IncomingPayments", payment, "Close")


def test_amounts_of_a_payment_are_locked(shop: Shop) -> None:
    """SAP Business One §6: remarks and user fields may change."""
    payment = shop.pay(amount=5)["DocEntry"]
    assert shop.amend("IncomingPayments", payment, Remarks="thanks", U_CrosswalkKey="p")["Remarks"] == "thanks"
    with refused(-1029, "TransferSum"):
        shop.amend("IncomingPayments", payment, TransferSum=6)


def test_a_payment_draft_becomes_a_payment(shop: Shop) -> None:
    """SAP Business One §8: SaveDraftToDocument of payments."""
    entry = invoice(shop)["DocEntry"]
    given = {"CardCode": "C1", "TransferSum": 100, "PaymentInvoices": [{"DocEntry": entry, "SumApplied": 100}]}
    draft = documents.add("PaymentDrafts", given, shop.desk)
    assert state(shop, entry) == (0, "bost_Open")
    shop.act("PaymentDrafts", draft["DocEntry"], "SaveDraftToDocument")
    assert state(shop, entry) == (100, "bost_Close")
    assert shop.desk.find("PaymentDrafts") == []


def test_whether_a_payment_moves_the_invoices_stamp_is_an_option(shop: Shop) -> None:
    """SAP Business One §13.8, §19: unsure, option ``payment_moves_stamp``; the change is there without it."""
    entry = invoice(shop)["DocEntry"]
    version = shop.account.get("Invoices", (entry,))
    shop.pay({"DocEntry": entry}, amount=10)
    assert version is not None
    assert shop.account.get("Invoices", (entry,))[0] == version[0]
    shop.options(payment_moves_stamp=True)
    shop.pay({"DocEntry": entry}, amount=10)
    assert shop.account.get("Invoices", (entry,))[0] == version[0] + 1


def test_a_foreign_invoice_is_paid_in_either_currency(shop: Shop) -> None:
    """SAP Business One §15: AppliedFC, SumApplied."""
    entry = invoice(shop, DocCurrency="EUR", DocRate=2)["DocEntry"]
    shop.pay({"DocEntry": entry, "AppliedFC": 20}, TransferSum=20, DocCurrency="EUR", DocRate=2)
    assert state(shop, entry) == (40, "bost_Open")
    assert amounts(shop.get("Invoices", entry), "PaidToDateFC") == [20]


def test_a_credit_note_lessens_its_invoice_and_needs_it_open(shop: Shop) -> None:
    """SAP Business One §15: credit notes reduce via reconciliation; a paid invoice is no base any more."""
    sold = invoice(shop, 3)
    credit = shop.copy(sold, "CreditNotes", {"BaseLine": 0, "Quantity": 2}, base_type=INVOICE)
    assert (state(shop, sold["DocEntry"]), shop.stock()) == ((200, "bost_Open"), (49, 0))
    assert column(shop.get("Invoices", sold["DocEntry"]), "RemainingOpenQuantity") == [1]
    assert credit["DocumentStatus"] == "bost_Close"
    shop.pay({"DocEntry": sold["DocEntry"]}, amount=100)
    with refused(-10, "already been closed"):
        shop.copy(sold, "CreditNotes", base_type=INVOICE)


def test_a_credit_note_on_account_can_be_set_against_an_invoice_in_a_payment(shop: Shop) -> None:
    """SAP Business One §15: InvoiceType it_CredItnote."""
    entry = invoice(shop)["DocEntry"]
    credit = shop.sell({"ItemCode": "A1", "TaxCode": "EX", "UnitPrice": 30}, kind="CreditNotes")["DocEntry"]
    rows = [
        {"DocEntry": entry, "SumApplied": 100},
        {"DocEntry": credit, "InvoiceType": "it_CredItnote", "SumApplied": 30},
    ]
    shop.pay(*rows, amount=70)
    assert state(shop, entry) == (100, "bost_Close")
    assert shop.get("CreditNotes", credit)["DocumentStatus"] == "bost_Close"
    assert shop.balance("CurrentAccountBalance") == 0


def test_a_down_payment_is_a_share_of_its_order_and_is_drawn_by_the_invoice(shop: Shop) -> None:
    """SAP Business One §15: DownPayments (203), nothing of the stock moves."""
    line = {"ItemCode": "A1", "Quantity": 4, "TaxCode": "EX"}
    share = shop.sell(line, kind="DownPayments", DownPaymentPercentage=25, DownPaymentType="dptInvoice")
    assert (amounts(share, "DocTotal"), shop.stock()) == ([100], (50, 0))
    shop.pay({"DocEntry": share["DocEntry"], "InvoiceType": "it_DownPayment"}, amount=100)
    assert shop.get("DownPayments", share["DocEntry"])["DocumentStatus"] == "bost_Close"
    drawn = [{"DocEntry": share["DocEntry"], "AmountToDraw": 100}]
    assert amounts(invoice(shop, 4, DownPaymentsToDraw=drawn), "DocTotal") == [300]
