"""Invoices' open amounts, payments and credits (NetSuite §12.5)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from crosswalk_sandbox.netsuite.errors import invalid_value, required, user_error
from crosswalk_sandbox.netsuite.sales.document import Document, Documents, number
from crosswalk_sandbox.netsuite.sales.periods import post
from crosswalk_sandbox.netsuite.sales.sourcing import Sourcing

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.records.draft import Draft, Line
    from crosswalk_sandbox.netsuite.store import Row, Store


_UNAPPROVED: Final = {"1": "D", "3": "E"}
"""Status by ``approvalstatus`` of an invoice that is pending or rejected."""


class Receivables:
    """Applies money to invoices."""

    def __init__(self, store: Store, documents: Documents, sourcing: Sourcing) -> None:
        self._store = store
        self._documents = documents
        self._sourcing = sourcing

    def create_payment(self, draft: Draft) -> Document:
        """A new customer payment with its applications."""
        customer = self._sourcing.customer(draft, "customer")
        header = self._sourcing.header(draft, customer)
        header["type"] = "CustPymt"
        header["postingperiod"] = post(self._store, draft, header["trandate"])
        header |= {"posting": "T", "status": "C" if draft.get("account") is not None else "B"}
        header["undepfunds"] = "F" if draft.get("account") is not None else "T"
        applications = self._applications(draft, header)
        credits = self._credits(draft, header)
        wanted = sum(applications.values(), Decimal(0)) - sum(credits.values(), Decimal(0))
        if header.get("payment") is None:
            if not applications:
                raise required("Payment Amount")
            header["payment"] = max(wanted, Decimal(0))
        if draft.get("autoapply") == "T":
            self._apply_oldest(header, applications)
        payment = number(header["payment"])
        applied = sum(applications.values(), Decimal(0)) - sum(credits.values(), Decimal(0))
        if applied > payment:
            raise user_error("The total of the applied amounts cannot be greater than the payment amount.")
        header |= {"foreigntotal": payment, "applied": applied, "unapplied": payment - applied}
        document = Document(header)
        self._documents.create(document)
        self._keep(document, "apply", applications)
        self._keep(document, "credit", credits)
        return document

    def change_payment(self, draft: Draft, ident: int) -> Document:
        """Change a payment; lines of ``apply`` that are sent replace the amounts for their invoices."""
        document = self._documents.load(ident)
        document.header["postingperiod"] = post(
            self._store, draft, document.header["trandate"], document.header["postingperiod"]
        )
        kept = {"memo", "checknumber", "trandate", "payment", "externalid"}
        document.header |= {key: value for key, value in draft.values.items() if key in kept or key.startswith("cust")}
        before = self._kept(ident)
        self._withdraw(document)
        applications = {**before, **self._applications(draft, document.header)}
        applications = {doc: amount for doc, amount in applications.items() if amount > 0}
        for line in draft.lines("apply"):
            if line.get("apply") == "F":
                applications.pop(line.get("doc"), None)
        payment, applied = number(document.header["payment"]), sum(applications.values(), Decimal(0))
        if applied > payment:
            raise user_error("The total of the applied amounts cannot be greater than the payment amount.")
        document.header |= {"foreigntotal": payment, "applied": applied, "unapplied": payment - applied}
        self._documents.save(document)
        self._keep(document, "apply", applications)
        return document

    def apply_credit(self, document: Document, draft: Draft) -> None:
        """Apply a credit memo to the invoices it names and save it."""
        self._withdraw(document)
        applications = self._applications(draft, document.header) if "apply" in draft.lists else self._kept(document.id)
        self._documents.save(document)
        self._keep(document, "apply", applications)
        self._settle_credit(document.id)

    def remove(self, ident: int) -> None:
        """Take a payment's or credit's money off its invoices before it is deleted."""
        self._withdraw(self._documents.load(ident))

    def recompute_invoice(self, document: Document) -> None:
        """Open amount and status of an invoice from what is applied to it; saves it."""
        document.header |= self._open_amounts(document)
        self._documents.save(document)

    def _settle_invoice(self, document: Document) -> None:
        """The same after money was applied or withdrawn, which need not count as a save of the invoice."""
        if self._store.options.payments_touch_invoices:
            self._documents.touch(document.id, self._open_amounts(document))
        else:
            self._store.update("transaction", "id", document.id, self._open_amounts(document))

    def _open_amounts(self, document: Document) -> dict[str, Any]:
        paid = self._applied_to(document.id)
        unpaid = number(document.header["foreigntotal"]) - paid
        closed = self._store.today() if unpaid <= 0 else None
        return {
            "foreignamountpaid": paid,
            "foreignamountunpaid": unpaid,
            "status": self._invoice_status(document, unpaid),
            "closedate": closed,
        }

    def _invoice_status(self, document: Document, unpaid: Decimal) -> str:
        """Open or paid; with approvals on, pending and rejected ones are neither (NetSuite §7)."""
        if self._store.options.invoice_approval:
            waiting = _UNAPPROVED.get(str(document.header.get("approvalstatus")))
            if waiting is not None:
                return waiting
        return "B" if unpaid <= 0 else "A"

    # applications

    def _applications(self, draft: Draft, header: dict[str, Any]) -> dict[int, Decimal]:
        found: dict[int, Decimal] = {}
        for line in draft.lines("apply"):
            if line.get("apply") == "F":
                continue
            ident = line.get("doc")
            if ident is None:
                raise required("Doc")
            found[int(ident)] = self._amount(line, self._invoice(int(ident), header, line))
        return found

    def _invoice(self, ident: int, header: dict[str, Any], line: Line) -> Row:
        row = self._store.row("SELECT * FROM \"transaction\" WHERE id = ? AND type = 'CustInvc'", (ident,))
        foreign = row is None or row["entity"] != header["entity"] or row["currency"] != header["currency"]
        if row is None or foreign or row["status"] in _UNAPPROVED.values():
            raise invalid_value(ident, "doc", f"{line.path}.doc")
        return row

    def _amount(self, line: Line, row: Row) -> Decimal:
        due = abs(number(row["foreignamountunpaid"]))
        amount = number(line.get("amount")) if line.get("amount") is not None else due
        if amount > due or amount <= 0:
            raise invalid_value(amount, "amount", f"{line.path}.amount")
        return amount

    def _credits(self, draft: Draft, header: dict[str, Any]) -> dict[int, Decimal]:
        found: dict[int, Decimal] = {}
        for line in draft.lines("credit"):
            if line.get("apply") == "F":
                continue
            row = self._store.row(
                "SELECT * FROM \"transaction\" WHERE id = ? AND type = 'CustCred'", (line.get("doc"),)
            )
            if row is None or row["entity"] != header["entity"]:
                raise invalid_value(line.get("doc"), "doc", f"{line.path}.doc")
            found[int(row["id"])] = self._amount(line, row)
        return found

    def _apply_oldest(self, header: dict[str, Any], applications: dict[int, Decimal]) -> None:
        left = number(header["payment"]) - sum(applications.values(), Decimal(0))
        sql = (
            "SELECT id, foreignamountunpaid FROM \"transaction\" WHERE entity = ? AND type = 'CustInvc'"
            " AND status = 'A' AND currency = ? ORDER BY duedate, id"
        )
        for row in self._store.rows(sql, (header["entity"], header["currency"])):
            if left <= 0:
                break
            if row["id"] not in applications:
                applications[row["id"]] = min(left, number(row["foreignamountunpaid"]))
                left -= applications[row["id"]]

    def _keep(self, document: Document, kind: str, amounts: dict[int, Decimal]) -> None:
        for ident, amount in amounts.items():
            facts = {"transaction": document.id, "kind": kind, "doc": ident, "line": 0, "amount": amount, "apply": "T"}
            self._store.insert("applyline", facts)
            other = self._documents.load(ident)
            if kind == "apply":
                word = "Payment" if document.type == "CustPymt" else "SaleRet"
                self._documents.link(other.header, 0, document.header, 0, word, amount)
                self._settle_invoice(other)
            else:
                self._settle_credit(ident)

    def _withdraw(self, document: Document) -> None:
        docs = [
            row["doc"] for row in self._store.rows('SELECT doc FROM applyline WHERE "transaction" = ?', (document.id,))
        ]
        self._store.delete("applyline", "transaction", document.id)
        with self._store.write() as connection:
            connection.execute(
                "DELETE FROM transactionlink WHERE nextdoc = ? AND linktype IN ('Payment', 'SaleRet')", (document.id,)
            )
        for ident in docs:
            other = self._documents.load(ident)
            if other.type == "CustInvc":
                self._settle_invoice(other)
            else:
                self._settle_credit(ident)

    def _kept(self, ident: int) -> dict[int, Decimal]:
        rows = self._store.rows(
            "SELECT doc, amount FROM applyline WHERE \"transaction\" = ? AND kind = 'apply'", (ident,)
        )
        return {row["doc"]: number(row["amount"]) for row in rows}

    def _applied_to(self, invoice: int) -> Decimal:
        sql = "SELECT amount FROM applyline WHERE doc = ? AND kind = 'apply'"
        return sum((number(row["amount"]) for row in self._store.rows(sql, (invoice,))), Decimal(0))

    def _settle_credit(self, ident: int) -> None:
        memo = self._documents.load(ident)
        sql = "SELECT amount FROM applyline WHERE (\"transaction\" = ? AND kind = 'apply') OR (doc = ? AND kind = 'credit')"
        used = sum((number(row["amount"]) for row in self._store.rows(sql, (ident, ident))), Decimal(0))
        total = number(memo.header["foreigntotal"])
        if used > total:
            raise user_error("The total of the applied amounts cannot be greater than the credit.")
        left = total - used
        self._documents.touch(ident, {"applied": used, "unapplied": left, "foreignamountunpaid": left, "foreignamountpaid": used,
                                      "status": "B" if left <= 0 else "A"})  # fmt: skip
