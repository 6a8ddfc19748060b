"""Orders of the demo company with their shipments, invoices and payments."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from crosswalk_sandbox.company import ids
from crosswalk_sandbox.netsuite.sales.status import order_status, unbilled_amount
from crosswalk_sandbox.netsuite.schema.enumerations import TRANSACTION_TYPES
from crosswalk_sandbox.netsuite.seed.batch import Batch, amount, flag, stamp
from crosswalk_sandbox.netsuite.seed.lines import COLUMNS, Head, Line, Lines

if TYPE_CHECKING:
    from crosswalk_sandbox.company.model import (
        Company,
        Invoice,
        Order,
        Payment,
        Product,
        Shipment,
    )
    from crosswalk_sandbox.netsuite.store import Store

_HEAD: Final = (
    "id type restype abbrevtype tranid transactionnumber number typebaseddocumentnumber trandisplayname trandate entity"
    " status approvalstatus currency exchangerate foreigntotal foreignamountpaid foreignamountunpaid taxtotal subtotal"
    " shippingcost otherrefnum memo externalid createddate lastmodifieddate posting postingperiod terms employee subsidiary"
    " location createdfrom unbilledamount duedate shipdate lastline payment applied unapplied linkedtrackingnumberlist"
    " billingaddress shippingaddress"
)
_SETTLED: Final = {"pending_approval": "A", "cancelled": "C", "closed": "H"}
_HOMELESS: Final = (None, None)
_NOTHING: Final = Decimal(0)
_SHIPMENT: Final = {"picked": "A", "packed": "B", "shipped": "C"}


class Orders:
    """Writes transactions, their lines and the links between them."""

    def __init__(
        self,
        store: Store,
        company: Company,
        currencies: dict[str, int],
        products: dict[int, Product],
        homes: Mapping[int, tuple[int, int]],
    ) -> None:
        self._company = company
        self._currencies = currencies
        self._homes = homes
        self.days: dict[int, tuple[str, str]] = {}
        """By customer: days of the first and the last order."""
        self._makes = Lines(company, products)
        self._periods: dict[str, int] = {
            start[:7]: number for number, start in store.reader().execute("SELECT id, startdate FROM accountingperiod")
        }
        self.last_package = 0
        self._heads = Batch(store, "transaction", _HEAD)
        self._lines = Batch(store, "transactionline", COLUMNS)
        self._links = Batch(store, "transactionlink", "previousdoc previousline previoustype previousdate nextdoc nextline"
                            " nexttype nextdate linktype foreignamount discount lastmodifieddate")  # fmt: skip
        self._applications = Batch(store, "applyline", "transaction kind doc line amount apply")
        self._packages = Batch(store, "package", "number transaction kind trackingnumber description carton")
        self._tracking = Batch(store, "trackingnumber", "id trackingnumber")
        self._tracked = Batch(store, "trackingnumbermap", "transaction trackingnumber")
        self._keys = Batch(store, "externalkey", "family externalid type id")

    def write(self) -> None:
        """Write every order with what followed from it."""
        for order in self._company.orders():
            self._order(order)
        for batch in (self._heads, self._lines, self._links, self._applications, self._packages, self._tracking,
                      self._tracked, self._keys):  # fmt: skip
            batch.flush()

    @property
    def last_line(self) -> int:
        """Number of the last line's row."""
        return self._makes.last

    # orders

    def _order(self, order: Order) -> None:
        head = Head(ids.netsuite_transaction_id(order.sequence), order, "SalesOrd",
                    ids.netsuite_customer_id(order.party), stamp(order.modified), None, self._makes.of_order(order))  # fmt: skip
        self._note_day(head.customer, order.ordered_on.isoformat())
        placed = {line.position: line for line in head.lines if line.position is not None}
        status, unbilled = _standing(order, placed.values())
        tracking = ", ".join(number for shipment in order.shipments for number in shipment.tracking_numbers)
        self._head(head, number=order.number, day=order.ordered_on.isoformat(), status=status, total=order.total,
                   subtotal=order.subtotal, tax=order.tax_total, created=stamp(order.created), shipping=order.shipping_cost,
                   external=order.external_id, memo=order.memo, unbilled=unbilled,
                   shipdate=order.ship_on.isoformat() if order.ship_on else None, tracking=tracking or None)  # fmt: skip
        self._lines.extend(
            self._makes.rows(head, order.total, order.shipping_cost, self._makes.taxes(order.lines, order.tax_total))
        )
        if order.external_id:
            self._keys.add("transaction", order.external_id, "salesOrder", head.id)
        for shipment in order.shipments:
            self._shipment(order, head, shipment, placed)
        days = {}
        for invoice in order.invoices:
            days[invoice.sequence] = self._invoice(order, head, invoice, placed)
        for payment in order.payments:
            self._payment(order, head, payment, days)

    def _note_day(self, customer: int, day: str) -> None:
        first, last = self.days.get(customer, (day, day))
        self.days[customer] = min(first, day), max(last, day)

    # what follows

    def _shipment(self, order: Order, parent: Head, shipment: Shipment, placed: dict[int, Line]) -> None:
        head = self._following(order, parent, shipment.sequence, "ItemShip", stamp(shipment.modified))
        day = shipment.shipped_on.isoformat()
        head.lines = self._makes.following(parent, shipment.lines, placed)
        numbers = shipment.tracking_numbers
        self._head(head, number=shipment.number, day=day, status=_SHIPMENT[shipment.status], created=stamp(shipment.created),
                   tracking=", ".join(numbers) or None, shipdate=day)  # fmt: skip
        self._lines.extend(self._makes.rows(head, None, _NOTHING, {}, shipment))
        self._link_lines(parent, head, day, "ShipRcpt")
        for place, number in enumerate(numbers, 1):
            self.last_package += 1
            self._packages.add(self.last_package, head.id, "package", number, None, str(place))
            self._tracking.add(self.last_package, number)
            self._tracked.add(head.id, self.last_package)

    def _invoice(self, order: Order, parent: Head, invoice: Invoice, placed: dict[int, Line]) -> str:
        head = self._following(order, parent, invoice.sequence, "CustInvc", stamp(invoice.modified))
        day = invoice.invoiced_on.isoformat()
        head.lines = self._makes.following(parent, invoice.lines, placed)
        extra = invoice.total - invoice.subtotal - invoice.tax_total
        self._head(head, number=invoice.number, day=day, status="A" if invoice.status == "open" else "B", total=invoice.total,
                   subtotal=invoice.subtotal, tax=invoice.tax_total, created=stamp(invoice.created), shipping=extra,
                   paid=invoice.total - invoice.remaining, unpaid=invoice.remaining, duedate=invoice.due_on.isoformat(),
                   approval=2)  # fmt: skip
        by_position = {line.position: line for line in order.lines}
        taxed = [by_position[line.position] for line in invoice.lines]
        self._lines.extend(self._makes.rows(head, invoice.total, extra, self._makes.taxes(taxed, invoice.tax_total)))
        self._link_lines(parent, head, day, "OrdBill")
        return day

    def _payment(self, order: Order, parent: Head, payment: Payment, days: dict[int, str]) -> None:
        head = self._following(order, parent, payment.sequence, "CustPymt", stamp(payment.modified))
        head.createdfrom = None
        day = payment.paid_on.isoformat()
        used = sum((part for _, part in payment.applied), _NOTHING)
        self._head(head, number=payment.number, day=day, status="C" if payment.status == "deposited" else "B",
                   total=payment.amount, created=stamp(payment.created), payment=payment.amount, applied=used)  # fmt: skip
        self._lines.extend(self._makes.rows(head, payment.amount, _NOTHING, {}))
        for sequence, part in payment.applied:
            invoice = ids.netsuite_transaction_id(sequence)
            self._applications.add(head.id, "apply", invoice, 0, amount(part), "T")
            self._links.add(invoice, 0, "CustInvc", days.get(sequence, day), head.id, 0, "CustPymt", day, "Payment",
                            amount(part), "F", head.modified)  # fmt: skip

    def _following(self, order: Order, parent: Head, sequence: int, kind: str, modified: str) -> Head:
        return Head(ids.netsuite_transaction_id(sequence), order, kind, parent.customer, modified, parent.id, [])

    # rows

    def _head(
        self,
        head: Head,
        *,
        number: str,
        day: str,
        status: str,
        created: str,
        total: Decimal | None = None,
        subtotal: Decimal | None = None,
        tax: Decimal | None = None,
        shipping: Decimal | None = None,
        paid: Decimal | None = None,
        unpaid: Decimal | None = None,
        payment: Decimal | None = None,
        applied: Decimal | None = None,
        external: str | None = None,
        memo: str | None = None,
        unbilled: Decimal | None = None,
        approval: int | None = None,
        duedate: str | None = None,
        shipdate: str | None = None,
        tracking: str | None = None,
    ) -> None:
        order, posting = head.order, head.kind != "SalesOrd"
        rest, title, short, _ = TRANSACTION_TYPES[head.kind]
        rep = ids.netsuite_employee_id(order.sales_rep) if order.sales_rep is not None else None
        unapplied = payment - applied if payment is not None and applied is not None else None
        self._heads.add(
            head.id, head.kind, rest, short, number, number, number, number, f"{title} #{number}", day, head.customer, status,
            approval, self._currencies[order.currency], amount(order.exchange_rate), amount(total), amount(paid),
            amount(unpaid), amount(tax), amount(subtotal), amount(shipping) or None, order.purchase_order, memo, external,
            created, head.modified, flag(posting), self._periods.get(day[:7]) if posting else None, order.terms, rep,
            order.subsidiary, order.location, head.createdfrom, amount(unbilled), duedate, shipdate, 2 * len(head.lines) + 8,
            amount(payment), amount(applied), amount(unapplied), tracking,
            *self._homes.get(head.customer, _HOMELESS),
        )  # fmt: skip

    def _link_lines(self, parent: Head, head: Head, day: str, kind: str) -> None:
        start = head.order.ordered_on.isoformat()
        self._links.extend(
            (parent.id, line.order_line, parent.kind, start, head.id, line.id, head.kind, day, kind, amount(line.amount), "F",
             head.modified)
            for line in head.lines
        )  # fmt: skip


def _standing(order: Order, lines: Collection[Line]) -> tuple[str, Decimal]:
    """An order's status letter and what is still to be billed; nine of ten are billed, which needs no look at the lines."""
    if order.status == "billed":
        return "G", _NOTHING
    facts = [line.facts() for line in lines]
    return _SETTLED.get(order.status) or order_status(facts, "B"), unbilled_amount(facts)
