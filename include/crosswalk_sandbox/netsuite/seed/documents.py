"""Orders of the demo company with their shipments, invoices and payments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from crosswalk_sandbox.company import ids
from crosswalk_sandbox.netsuite.sales.document import money
from crosswalk_sandbox.netsuite.sales.status import order_status, unbilled_amount
from crosswalk_sandbox.netsuite.schema.enumerations import TRANSACTION_TYPES
from crosswalk_sandbox.netsuite.seed.batch import Batch, amount, flag, stamp
from crosswalk_sandbox.netsuite.seed.goods import KINDS

if TYPE_CHECKING:
    from crosswalk_sandbox.company.model import (
        Company,
        DocumentLine,
        Invoice,
        Order,
        OrderLine,
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
)
_LINE: Final = (
    "uniquekey transaction id linesequencenumber mainline taxline iscogs item itemtype itemsubtype entity quantity rate price"
    " foreignamount netamount location subsidiary createdfrom quantityshiprecv quantitybilled quantitypicked quantitypacked"
    " quantitycommitted isclosed isfullyshipped kitcomponent kitmemberof memo linelastmodifieddate taxcode taxrate1 taxamount"
    " grossamt orderline orderdoc fulfillable itemreceive"
)
_LINE_COLUMNS: Final = _LINE.split()
_SETTLED: Final = {"pending_approval": "A", "cancelled": "C", "closed": "H"}
_SHIPMENT: Final = {"picked": "A", "packed": "B", "shipped": "C"}


@dataclass(slots=True)
class _Head:
    """What all rows of one document share."""

    id: int
    order: Order
    kind: str
    customer: int
    modified: str
    createdfrom: int | None = None
    lines: list[dict[str, Any]] = field(default_factory=list)


class Orders:
    """Writes transactions, their lines and the links between them."""

    def __init__(
        self, store: Store, company: Company, currencies: dict[str, int], products: dict[int, Product]
    ) -> None:
        self._company = company
        self._currencies = currencies
        self._products = products
        self._rates = {code.sequence: code.rate for code in company.tax_codes}
        self._periods: dict[str, int] = {
            start[:7]: number for number, start in store.reader().execute("SELECT id, startdate FROM accountingperiod")
        }
        self._orders: set[int] = set()
        self.last_line = 0
        self.last_package = 0
        self._heads = Batch(store, "transaction", _HEAD)
        self._lines = Batch(store, "transactionline", _LINE)
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

    # orders

    def _order(self, order: Order) -> None:
        head = _Head(ids.netsuite_transaction_id(order.sequence), order, "SalesOrd",
                     ids.netsuite_customer_id(order.party), stamp(order.modified))  # fmt: skip
        head.lines = self._order_lines(order)
        placed = {line["position"]: line["id"] for line in head.lines if "position" in line}
        ordered = [line for line in head.lines if line.get("kitcomponent") != "T"]
        status = _SETTLED.get(order.status) or order_status(ordered, "B")
        tracking = ", ".join(number for shipment in order.shipments for number in shipment.tracking_numbers)
        self._head(head, number=order.number, day=order.ordered_on.isoformat(), status=status, total=order.total,
                   subtotal=order.subtotal, tax=order.tax_total, created=stamp(order.created), shipping=order.shipping_cost,
                   external=order.external_id, memo=order.memo, unbilled=unbilled_amount(ordered),
                   shipdate=order.ship_on.isoformat() if order.ship_on else None, tracking=tracking or None)  # fmt: skip
        self._write_lines(head, order.total, order.shipping_cost, self._taxes(order.lines, order.tax_total))
        if order.external_id:
            self._keys.add("transaction", order.external_id, "salesOrder", head.id)
        for shipment in order.shipments:
            self._shipment(order, head, shipment, placed)
        days = {}
        for invoice in order.invoices:
            days[invoice.sequence] = self._invoice(order, head, invoice, placed)
        for payment in order.payments:
            self._payment(order, head, payment, days)

    def _order_lines(self, order: Order) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for line in order.lines:
            product = self._products[line.product]
            row = self._line(product, line.quantity, line.rate, line.amount, line.location)
            row |= {"id": len(found) + 1, "position": line.position, "price": line.level if line.level is not None else -1,
                    "memo": line.description, "quantityshiprecv": amount(line.shipped), "quantitybilled": amount(line.billed),
                    "quantitypicked": amount(line.shipped), "quantitypacked": amount(line.shipped), "taxcode": line.tax_code,
                    "taxrate1": amount(self._rates[line.tax_code]), "isclosed": flag(order.status == "closed"),
                    "isfullyshipped": flag(line.shipped >= line.quantity)}  # fmt: skip
            tax = money(line.amount * self._rates[line.tax_code] / 100)
            row |= {"taxamount": amount(tax), "grossamt": amount(line.amount + tax)}
            if order.status in ("open", "partially_shipped") and row["itemtype"] == "InvtPart":
                row["quantitycommitted"] = amount(line.quantity - line.shipped)
            found.append(row)
            self._components(found, product, row, line)
        return found

    def _components(self, found: list[dict[str, Any]], product: Product, kit: dict[str, Any], line: OrderLine) -> None:
        for member in product.members:
            part = self._products.get(member.product)
            if part is not None:
                row = self._line(part, member.quantity * line.quantity, None, None, line.location)
                row |= {"id": len(found) + 1, "kitcomponent": "T", "kitmemberof": kit["id"],
                        "quantityshiprecv": amount(member.quantity * line.shipped)}  # fmt: skip
                found.append(row)

    def _line(
        self, product: Product, quantity: Decimal, rate: Decimal | None, total: Decimal | None, location: int
    ) -> dict[str, Any]:
        kind, subtype = KINDS[product.kind]
        return {"item": ids.netsuite_item_id(product.sequence), "itemtype": kind, "itemsubtype": subtype, "location": location,
                "quantity": quantity, "rate": amount(rate), "foreignamount": total, "fulfillable": flag(kind != "Service"),
                "memo": product.erp.description if product.erp else None}  # fmt: skip

    # what follows

    def _shipment(self, order: Order, parent: _Head, shipment: Shipment, placed: dict[int, int]) -> None:
        head = self._following(order, parent, shipment.sequence, "ItemShip", stamp(shipment.modified))
        day = shipment.shipped_on.isoformat()
        head.lines = self._following_lines(parent, shipment.lines, placed)
        numbers = shipment.tracking_numbers
        self._head(head, number=shipment.number, day=day, status=_SHIPMENT[shipment.status], created=stamp(shipment.created),
                   tracking=", ".join(numbers) or None, shipdate=day)  # fmt: skip
        self._write_lines(head, None, Decimal(0), {}, self._costs(shipment))
        self._link_lines(parent, head, day, "ShipRcpt")
        for place, number in enumerate(numbers, 1):
            self.last_package += 1
            self._packages.add(self.last_package, head.id, "package", number, None, str(place))
            self._tracking.add(self.last_package, number)
            self._tracked.add(head.id, self.last_package)

    def _invoice(self, order: Order, parent: _Head, invoice: Invoice, placed: dict[int, int]) -> str:
        head = self._following(order, parent, invoice.sequence, "CustInvc", stamp(invoice.modified))
        day = invoice.invoiced_on.isoformat()
        head.lines = self._following_lines(parent, invoice.lines, placed)
        extra = invoice.total - invoice.subtotal - invoice.tax_total
        self._head(head, number=invoice.number, day=day, status="A" if invoice.status == "open" else "B", total=invoice.total,
                   subtotal=invoice.subtotal, tax=invoice.tax_total, created=stamp(invoice.created), shipping=extra,
                   paid=invoice.total - invoice.remaining, unpaid=invoice.remaining, duedate=invoice.due_on.isoformat(),
                   approval=2)  # fmt: skip
        by_position = {line.position: line for line in order.lines}
        taxed = [by_position[line.position] for line in invoice.lines]
        self._write_lines(head, invoice.total, extra, self._taxes(taxed, invoice.tax_total))
        self._link_lines(parent, head, day, "OrdBill")
        return day

    def _payment(self, order: Order, parent: _Head, payment: Payment, days: dict[int, str]) -> None:
        head = self._following(order, parent, payment.sequence, "CustPymt", stamp(payment.modified))
        head.createdfrom = None
        day = payment.paid_on.isoformat()
        used = sum((part for _, part in payment.applied), Decimal(0))
        self._head(head, number=payment.number, day=day, status="C" if payment.status == "deposited" else "B",
                   total=payment.amount, created=stamp(payment.created), payment=payment.amount, applied=used)  # fmt: skip
        self._write_lines(head, payment.amount, Decimal(0), {})
        for sequence, part in payment.applied:
            invoice = ids.netsuite_transaction_id(sequence)
            self._applications.add(head.id, "apply", invoice, 0, amount(part), "T")
            self._links.add(invoice, 0, "CustInvc", days.get(sequence, day), head.id, 0, "CustPymt", day, "Payment",
                            amount(part), "F", head.modified)  # fmt: skip

    def _following(self, order: Order, parent: _Head, sequence: int, kind: str, modified: str) -> _Head:
        return _Head(ids.netsuite_transaction_id(sequence), order, kind, parent.customer, modified, parent.id)

    def _following_lines(
        self, parent: _Head, lines: Iterable[DocumentLine], placed: dict[int, int]
    ) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        sources = {line["id"]: line for line in parent.lines}
        for line in lines:
            source = sources[placed[line.position]]
            row = self._line(self._products[line.product], line.quantity, line.rate, line.amount, line.location)
            kept = ("price", "taxcode", "taxrate1", "memo") if line.amount is not None else ("memo",)
            row |= {name: source.get(name) for name in kept}
            row |= {"id": len(found) + 1, "orderline": source["id"], "orderdoc": parent.id, "itemreceive": "T"}
            if line.amount is not None:
                tax = money(line.amount * self._rates[source["taxcode"]] / 100)
                row |= {"taxamount": amount(tax), "grossamt": amount(line.amount + tax)}
            found.append(row)
        return found

    # rows

    def _taxes(self, lines: Iterable[OrderLine], total: Decimal) -> dict[int, Decimal]:
        """Tax lines by code; they add up to the document's tax to the cent."""
        bases: dict[int, Decimal] = {}
        for line in lines:
            bases[line.tax_code] = bases.get(line.tax_code, Decimal(0)) + line.amount * self._rates[line.tax_code]
        whole = sum(bases.values(), Decimal(0))
        taxes = {code: money(total * base / whole) if whole else Decimal(0) for code, base in bases.items()}
        if taxes:
            first = next(iter(taxes))
            taxes[first] += total - sum(taxes.values(), Decimal(0))
        return taxes

    def _head(
        self,
        head: _Head,
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
        )  # fmt: skip

    def _costs(self, shipment: Shipment) -> list[dict[str, Any]]:
        """Cost of goods sold: a line for each stocked product that was shipped."""
        found = []
        for place, line in enumerate(shipment.lines, 1):
            product = self._products[line.product]
            if product.kind == "inventory" and product.erp is not None:
                cost = money(product.erp.cost * line.quantity)
                found.append({"item": ids.netsuite_item_id(line.product), "itemtype": "InvtPart", "iscogs": "T",
                              "foreignamount": -cost, "orderline": place})  # fmt: skip
        return found

    def _write_lines(
        self,
        head: _Head,
        total: Decimal | None,
        shipping: Decimal,
        taxes: dict[int, Decimal],
        costs: Iterable[dict[str, Any]] = (),
    ) -> None:
        order = head.order
        rows: list[dict[str, Any]] = [{"id": 0, "mainline": "T", "foreignamount": -total if total is not None else None,
                                       "memo": order.memo if head.kind == "SalesOrd" else None}, *head.lines]  # fmt: skip
        last = len(head.lines)
        if shipping:
            last += 1
            rows.append({"id": last, "itemtype": "ShipItem", "foreignamount": shipping})
        for code, tax in taxes.items():
            last += 1
            rows.append({"id": last, "itemtype": "TaxItem", "taxline": "T", "taxcode": code, "foreignamount": tax})
        rows += [{"id": number, **cost} for number, cost in enumerate(costs, last + 1)]
        for place, row in enumerate(rows):
            self._add_line(head, row, place)

    def _add_line(self, head: _Head, row: dict[str, Any], place: int) -> None:
        self.last_line += 1
        value = row.get("foreignamount")
        full = {"mainline": "F", "taxline": "F", "iscogs": "F", "kitcomponent": "F", "isclosed": "F",
                "location": head.order.location, **row}  # fmt: skip
        full |= {"uniquekey": self.last_line, "transaction": head.id, "linesequencenumber": place, "entity": head.customer,
                 "subsidiary": head.order.subsidiary, "createdfrom": head.createdfrom, "linelastmodifieddate": head.modified}  # fmt: skip
        if value is not None:
            full["foreignamount"] = amount(-value)
            full["netamount"] = amount(-money(value * head.order.exchange_rate))
        if row.get("quantity") is not None:
            full["quantity"] = amount(-row["quantity"])
        self._lines.add(*[full.get(name) for name in _LINE_COLUMNS])

    def _link_lines(self, parent: _Head, head: _Head, day: str, kind: str) -> None:
        start = head.order.ordered_on.isoformat()
        for line in head.lines:
            self._links.add(parent.id, line["orderline"], parent.kind, start, head.id, line["id"], head.kind, day, kind,
                            amount(line["foreignamount"]), "F", head.modified)  # fmt: skip
