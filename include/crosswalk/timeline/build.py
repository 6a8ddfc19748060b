"""Invoices and payments as events to be told. Pure.

An event says what a pairing may show of its document, and nothing else: number, currency, amounts and days. What is told stays as it is,
so that each thing that happens to a document is an event of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal

from crosswalk.model.records import Image, Value
from crosswalk.pairing.timeline import TimelineEvent, TimelinePolicy

NOON = time(12, tzinfo=UTC)  # of a day without an hour: the same day in nearly every zone


@dataclass(frozen=True, slots=True)
class Told:
    """One event: of which kind, when it happened, and its words."""

    event: TimelineEvent
    at: datetime
    title: str
    body: str


def told_of(document: Image, policy: TimelinePolicy, today: date) -> Iterator[Told]:
    """Yield what is to be told of an invoice or a payment by ``today``; nothing of one before the day the pairing begins with."""
    day = document.values.get(f"{document.entity}_date")
    if document.deleted or not isinstance(day, date) or day < policy.since:
        return
    events = _of_invoice(document, day, today) if document.entity == "invoice" else _of_payment(document, day)
    yield from (one for one in events if one.event in policy.events)


def _of_invoice(invoice: Image, day: date, today: date) -> Iterator[Told]:
    status, due = invoice.values.get("status"), invoice.values.get("due_date")
    if status not in ("open", "paid"):
        return
    name, total = f"Invoice {invoice.values.get('number') or invoice.key}", _money(invoice, "total")
    falls_due = f"due on {due}" if isinstance(due, date) else ""
    yield Told("invoice_created", _noon(day), name, _said(total, falls_due))
    if status == "paid":
        yield Told("invoice_paid", invoice.modified or _noon(day), f"{name} is paid", _said(total))
    elif isinstance(due, date) and due < today:
        yield Told("invoice_overdue", _noon(due), f"{name} is overdue", _said(_open(invoice), falls_due))


def _of_payment(payment: Image, day: date) -> Iterator[Told]:
    if payment.values.get("status") != "voided":
        name = f"Payment {payment.values.get('number') or payment.key}"
        yield Told("payment_received", _noon(day), name, _said(_money(payment, "amount")))


def _noon(day: date) -> datetime:
    return datetime.combine(day, NOON)


def _open(invoice: Image) -> str:
    remaining = _money(invoice, "amount_remaining")
    return f"open: {remaining}" if remaining else ""


def _money(document: Image, field: str) -> str:
    amount: Value = document.values.get(field)
    if not isinstance(amount, Decimal):
        return ""
    return f"{amount:,.2f} {document.values.get('currency') or ''}".strip()


def _said(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
