"""Incoming payments: on invoices, in part, or on account; cancelled, they are as if they had not been (SAP Business One §15)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from crosswalk_sandbox.sap_business_one.desk import exact
from crosswalk_sandbox.sap_business_one.documents.currencies import local_currency, rate_on
from crosswalk_sandbox.sap_business_one.documents.posting import pay
from crosswalk_sandbox.sap_business_one.documents.totals import open_total
from crosswalk_sandbox.sap_business_one.documents.values import CLOSED, NO, OPEN, YES, ZERO, is_given, rounded
from crosswalk_sandbox.sap_business_one.errors import LOGIC, Refusal, business, locked_field, no_match, unsupported
from crosswalk_sandbox.sap_business_one.moments import day, shown_day

if TYPE_CHECKING:
    from crosswalk_sandbox.sap_business_one.desk import Desk, Row

_PAID: Final = {
    "it_Invoice": ("Invoices", 1),
    "it_CredItnote": ("CreditNotes", -1),
    "it_DownPayment": ("DownPayments", 1),
}
_FREE: Final = frozenset(
    {"Remarks", "JournalRemarks", "CounterReference", "Reference1", "Reference2", "TransferReference"}
)
_TABLE: Final = "ORCT"


def draft_payment(payload: Mapping[str, Any], desk: Desk) -> Row:
    """The payment with its defaults, nothing stored."""
    row = {name: value for name, value in payload.items() if value is not None}
    row.setdefault("DocType", "rCustomer")
    row.setdefault("DocDate", shown_day(desk.today()))
    row.setdefault("TaxDate", row["DocDate"])
    row |= {"Cancelled": NO}
    if row["DocType"] != "rAccount":
        partner = desk.read("BusinessPartners", str(row.get("CardCode")))
        if partner is None:
            raise no_match(f"{_TABLE}.CardCode")
        row.setdefault("CardName", partner.get("CardName"))
    own = local_currency(desk)
    row.setdefault("DocCurrency", own)
    posted = day(row["DocDate"])
    assert posted is not None
    row["DocRate"] = (
        Decimal(1)
        if row["DocCurrency"] == own
        else exact(row.get("DocRate")) or rate_on(desk, row["DocCurrency"], posted)
    )
    if row.get("TransferSum"):
        row.setdefault("TransferDate", row["DocDate"])
    return row


def add_payment(payload: Mapping[str, Any], desk: Desk) -> Row:
    """Store a payment; invoices are paid, the rest stays on account."""
    row = draft_payment(payload, desk)
    paid = _sum(row)
    rows = row.get("PaymentInvoices") or []
    applied = sum((_apply(desk, row, each, place, paid) for place, each in enumerate(rows)), ZERO)
    if paid <= 0 and not rows:
        raise business(f"Enter payment means  [{_TABLE}]")
    if applied > paid:
        raise Refusal(400, LOGIC, f"Total of invoices to be paid exceeds the payment amount  [{_TABLE}]")
    row["DocEntry"] = desk.next_entry("IncomingPayments")
    row["DocNum"] = desk.next_number("IncomingPayments", row.get("Series"))
    kept = desk.save("IncomingPayments", row)
    _book(desk, kept, -paid)
    return kept


def cancel_payment(payment: Row, desk: Desk) -> None:
    """Give back what the payment paid. Cancelled once only."""
    if payment.get("Cancelled", NO) == YES:
        raise Refusal(400, LOGIC, "Payment is already cancelled")
    for row in payment.get("PaymentInvoices") or []:
        entity_set, sign = _PAID[str(row.get("InvoiceType", "it_Invoice"))]
        invoice = desk.read(entity_set, int(row["DocEntry"]))
        if invoice is not None:
            pay(invoice, -sign * exact(row.get("SumApplied")))
            desk.save(entity_set, invoice, stamped=desk.options.payment_moves_stamp)
    desk.save("IncomingPayments", payment | {"Cancelled": YES})
    _book(desk, payment, _sum(payment))


def amend_payment(payment: Row, changes: Mapping[str, Any], desk: Desk) -> Row:
    """Remarks, references and user fields may change; amounts and invoices may not (§6)."""
    for name, value in changes.items():
        if name not in _FREE and not name.startswith("U_") and value not in (None, payment.get(name)):
            raise locked_field(f"{_TABLE}.{name}")
    return desk.save("IncomingPayments", payment | dict(changes))


def act(kind: str, payment: Row, action: str, desk: Desk) -> Row | None:
    """``Cancel`` and ``CancelbyCurrentSystemDate`` of payments, ``SaveDraftToDocument`` of drafts."""
    if kind == "IncomingPayments" and action in ("Cancel", "CancelbyCurrentSystemDate"):
        cancel_payment(payment, desk)
        return None
    if kind == "PaymentDrafts" and action == "SaveDraftToDocument":
        desk.delete("PaymentDrafts", int(payment["DocEntry"]))
        return add_payment({name: value for name, value in payment.items() if name not in ("DocEntry", "DocNum")}, desk)
    raise unsupported()


def _sum(row: Row) -> Decimal:
    """What was paid, by all means, in the company's currency."""
    checks = sum((exact(each.get("CheckSum")) for each in row.get("PaymentChecks") or []), ZERO)
    cards = sum((exact(each.get("CreditSum")) for each in row.get("PaymentCreditCards") or []), ZERO)
    whole = exact(row.get("CashSum")) + exact(row.get("TransferSum")) + checks + cards
    return rounded(whole * exact(row["DocRate"], 1), 2)


def _apply(desk: Desk, payment: Row, row: Row, place: int, paid: Decimal) -> Decimal:
    """Pay one invoice; without an amount as much as is open and there. Returns what it took of the payment."""
    kind = str(row.setdefault("InvoiceType", "it_Invoice"))
    if kind not in _PAID:
        raise unsupported()
    entity_set, sign = _PAID[kind]
    invoice = desk.read(entity_set, int(exact(row.get("DocEntry"))))
    if invoice is None:
        raise no_match("RCT2.DocEntry")
    if invoice.get("DocumentStatus", OPEN) == CLOSED:
        raise Refusal(400, LOGIC, "Invoice is already closed or blocked   [Message 3524-20]")
    if invoice["CardCode"] != payment.get("CardCode"):
        raise business("Base document card and target document card do not match.")
    still = open_total(invoice)
    amount = _told(row, invoice)
    amount = min(still, paid) if amount is None else amount
    if amount <= 0 or amount > still:
        raise Refusal(
            400, LOGIC, f"Applied amount exceeds the balance due of the document  [RCT2.SumApplied][line: {place + 1}]"
        )
    row |= {"LineNum": place, "SumApplied": amount, "DocNum": invoice.get("DocNum")}
    row.setdefault("InstallmentId", 1)
    pay(invoice, amount)
    desk.save(entity_set, invoice, stamped=desk.options.payment_moves_stamp)
    return sign * amount


def _told(row: Row, invoice: Row) -> Decimal | None:
    if is_given(row, "SumApplied") and exact(row["SumApplied"]):
        return exact(row["SumApplied"])
    if is_given(row, "AppliedFC") and exact(row["AppliedFC"]):
        foreign = exact(invoice.get("DocTotalFc"))
        whole = exact(invoice.get("DocTotal"))
        return rounded(exact(row["AppliedFC"]) * whole / foreign, 2) if foreign else exact(row["AppliedFC"])
    return None


def _book(desk: Desk, row: Row, amount: Decimal) -> None:
    if row.get("DocType") != "rAccount" and amount:
        desk.move_balance(str(row["CardCode"]), account=amount)
