"""Documents with item lines: orders, invoices, estimates, credit memos (NetSuite §12.4, §12.5)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from crosswalk_sandbox.netsuite.errors import invalid_value, required, user_error
from crosswalk_sandbox.netsuite.records.addresses import save_address
from crosswalk_sandbox.netsuite.sales.document import Document, Documents, number
from crosswalk_sandbox.netsuite.sales.lines import Lines
from crosswalk_sandbox.netsuite.sales.periods import post
from crosswalk_sandbox.netsuite.sales.receivables import Receivables
from crosswalk_sandbox.netsuite.sales.sourcing import Sourcing, negative
from crosswalk_sandbox.netsuite.sales.status import order_status, unbilled_amount
from crosswalk_sandbox.netsuite.sales.stock import Stock
from crosswalk_sandbox.netsuite.sales.tax import Taxes

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.records.draft import Draft
    from crosswalk_sandbox.netsuite.store import Row, Store

POSTING: Final = frozenset({"CustInvc", "CustCred", "CashSale"})
HELD: Final = frozenset({"SalesOrd", "CustInvc", "CashSale"})
"""What is not sold to customers on credit hold."""
_COMMITTED: Final = frozenset({"B", "D", "E"})
_FIXED: Final = frozenset({"id", "entity", "status", "tranid", "subsidiary", "currency"})
_FIRST_STATUS: Final = {
    "CustInvc": "A",
    "CustCred": "A",
    "CashSale": "B",
    "Estimate": "A",
    "Opprtnty": "A",
    "RtnAuth": "B",
}


class Sold:
    """Creates and changes documents with item lines."""

    def __init__(self, store: Store, documents: Documents) -> None:
        self._store = store
        self._documents = documents
        self.sourcing = Sourcing(store)
        self._lines = Lines(store, self.sourcing)
        self._taxes = Taxes(store)
        self._stock = Stock(store)
        self._receivables = Receivables(store, documents, self.sourcing)

    def create(
        self, draft: Draft, origin: Document | None = None, lines: list[dict[str, Any]] | None = None
    ) -> Document:
        """A new document; ``origin`` and ``lines`` come from a transform."""
        customer = self.sourcing.customer(draft)
        header = self.sourcing.header(draft, customer)
        header["type"] = draft.kind.match["type"]
        if header["type"] in HELD:
            self.sourcing.check_hold(customer)
        header["createdfrom"] = origin.id if origin else None
        document = Document(header, lines or [])
        self._check_required(document, draft)
        if document.type in POSTING:
            header["postingperiod"] = post(self._store, draft, header["trandate"])
            header["posting"] = "T"
        self._status_on_create(document, draft)
        self._addresses(document, draft, customer)
        details = self._calculate(document, draft, customer)
        ident = self._documents.create(document)
        self._save_details(ident, details)
        self._after(document, draft, is_new=True)
        return document

    def change(self, draft: Draft, ident: int) -> Document:
        """Change a stored document."""
        document = self._documents.load(ident)
        self._check_changeable(document, draft)
        customer = self._store.row("SELECT * FROM customer WHERE id = ?", (document.header["entity"],))
        assert customer is not None
        self._stock.release(document)
        self._change_header(document, draft, customer)
        self._addresses(document, draft, customer)
        details = self._calculate(document, draft, customer)
        self._save_details(ident, details)
        self._after(document, draft, is_new=False)
        return document

    def settle_order(self, order: Document) -> None:
        """Recompute an order's status, commitments and unbilled amount after a shipment or invoice, and save it."""
        self._stock.release(order)
        self._finish_order(order)

    # header

    def _check_required(self, document: Document, draft: Draft) -> None:
        if document.type in ("Estimate", "Opprtnty") and draft.get("expectedclosedate") is None:
            document.header["expectedclosedate"] = document.header["trandate"]
        if document.type == "CustInvc":
            document.header["duedate"] = draft.get("duedate") or self.sourcing.due_date(document.header)
        if document.header.get("terms") is None and draft.has("terms"):
            document.header["terms"] = None

    def _status_on_create(self, document: Document, draft: Draft) -> None:
        first = _FIRST_STATUS.get(document.type, "A")
        if document.type == "SalesOrd":
            first = draft.get("status") or self._store.options.default_order_status
            if first not in ("A", "B"):
                raise invalid_value(first, "orderStatus", "orderStatus")
        document.header["status"] = first
        if document.type in POSTING:
            waits = document.type == "CustInvc" and self._store.options.invoice_approval
            document.header["approvalstatus"] = draft.get("approvalstatus") or (1 if waits else 2)

    def _check_changeable(self, document: Document, draft: Draft) -> None:
        if document.type == "SalesOrd" and document.header["status"] in ("C", "H") and draft.lists.get("item"):
            raise user_error("This order is closed or cancelled; its lines cannot be changed.")
        if document.type == "CustInvc" and number(document.header["foreignamountpaid"]) and "item" in draft.lists:
            raise user_error("You cannot change the lines of an invoice that has payments applied.")
        if document.type in POSTING:
            current = document.header["postingperiod"]
            document.header["postingperiod"] = post(self._store, draft, document.header["trandate"], current)

    def _change_header(self, document: Document, draft: Draft, customer: Row) -> None:
        header = document.header
        if draft.get("entity") not in (None, header["entity"]):
            raise user_error("The customer of a saved transaction cannot be changed.")
        if draft.get("currency") not in (None, header["currency"]):
            raise invalid_value(draft.get("currency"), "currency", "currency")
        if draft.get("subsidiary") not in (None, header["subsidiary"]):
            raise user_error("The subsidiary of a saved transaction cannot be changed.")
        status = draft.get("status")
        if status is not None and document.type in ("SalesOrd", "RtnAuth"):
            self._change_status(document, str(status))
        self.sourcing.check_location(draft.get("location"), header["subsidiary"])
        header |= {key: value for key, value in draft.values.items() if key not in _FIXED}
        if draft.has("terms") and document.type == "CustInvc" and not draft.has("duedate"):
            header["duedate"] = self.sourcing.due_date(header)

    def _change_status(self, document: Document, status: str) -> None:
        current = document.header["status"]
        if status == current:
            return
        allowed = {"A": ("B", "C"), "B": ("A", "C")}.get(current, ())
        moved = any(
            number(line.get("quantityshiprecv")) or number(line.get("quantitybilled")) for line in document.lines
        )
        if status not in allowed or moved:
            raise invalid_value(status, "orderStatus", "orderStatus")
        document.header["status"] = status

    def _addresses(self, document: Document, draft: Draft, customer: Row) -> None:
        for name in ("billing", "shipping"):
            column, chosen = f"{name}address", f"{name[:4]}addresslist"
            sent = draft.addresses.get(column)
            if sent is not None:
                document.header[column] = save_address(self._store, sent, f"{name}Address")
            elif draft.get(chosen) is not None:
                document.header[column] = self._from_book(draft.get(chosen), customer, f"{name[:4]}AddressList")
            elif document.header.get(column) is None:
                document.header[column] = customer[f"default{column}"]

    def _from_book(self, line: int, customer: Row, field: str) -> int:
        sql = "SELECT addressbookaddress FROM customeraddressbook WHERE internalid = ? AND entity = ?"
        found = self._store.value(sql, (line, customer["id"]))
        if found is None:
            raise invalid_value(line, field, field)
        return int(found)

    # amounts

    def _calculate(self, document: Document, draft: Draft, customer: Row) -> list[dict[str, Any]] | None:
        self._lines.merge(document, draft, customer)
        places = self.sourcing.places(document.header["currency"])
        self._taxes.apply(document, customer, places)
        details = self._details(document, draft)
        header = document.header
        header["subtotal"] = sum((number(line.get("foreignamount")) for line in document.lines), Decimal(0))
        header["discounttotal"] = self._discount(header)
        extras = number(header.get("shippingcost")) + number(header.get("handlingcost"))
        header["foreigntotal"] = header["subtotal"] + header["discounttotal"] + extras + number(header.get("taxtotal"))
        return details

    def _discount(self, header: dict[str, Any]) -> Decimal:
        if header.get("discountitem") is None or header.get("discountrate") is None:
            return Decimal(0)
        return negative(header["discountrate"])

    def _details(self, document: Document, draft: Draft) -> list[dict[str, Any]] | None:
        if self._store.options.tax != "suitetax":
            return None
        if document.header.get("taxdetailsoverride") != "T":
            return self._taxes.engine_details(document)
        if "taxdetails" not in draft.lists:
            return None
        references = {line.get("taxdetailsreference") for line in document.lines}
        for detail in draft.lines("taxdetails"):
            if detail.get("taxdetailsreference") not in references:
                value = detail.get("taxdetailsreference")
                raise invalid_value(value, "taxDetailsReference", f"{detail.path}.taxDetailsReference")
            if detail.get("taxcode") is None or detail.get("taxtype") is None:
                raise required("Tax Code", "Tax Type")
        return self._taxes.dictated(document, draft.lines("taxdetails"))

    def _save_details(self, ident: int, details: list[dict[str, Any]] | None) -> None:
        if details is not None:
            self._store.delete("taxdetail", "transaction", ident)
            for row in details:
                self._store.insert("taxdetail", {**row, "transaction": ident})

    # consequences

    def _after(self, document: Document, draft: Draft, *, is_new: bool) -> None:
        if document.type == "SalesOrd":
            self._finish_order(document)
            self._first_and_last_order(document)
        elif document.type == "CustInvc":
            self._receivables.recompute_invoice(document)
        elif document.type == "CustCred":
            self._receivables.apply_credit(document, draft)
        else:
            self._documents.save(document)
        if is_new and document.type in ("CustInvc", "CashSale") and document.header.get("createdfrom") is None:
            for line in document.lines:
                self._stock.ship(line, number(line.get("quantity")))

    def _finish_order(self, order: Document) -> None:
        order.header["status"] = order_status(order.lines, order.header["status"])
        for line in order.lines:
            line["isfullyshipped"] = "T" if number(line["quantity"]) <= number(line.get("quantityshiprecv")) else "F"
        if order.header["status"] in _COMMITTED:
            self._stock.commit(order)
        order.header["unbilledamount"] = unbilled_amount(order.lines)
        self._documents.save(order)

    def _first_and_last_order(self, order: Document) -> None:
        day = order.header["trandate"]
        sql = (
            "UPDATE customer SET firstorderdate = MIN(COALESCE(firstorderdate, ?), ?),"
            " lastorderdate = MAX(COALESCE(lastorderdate, ?), ?) WHERE id = ?"
        )
        with self._store.write() as connection:
            connection.execute(sql, (day, day, day, day, order.header["entity"]))
