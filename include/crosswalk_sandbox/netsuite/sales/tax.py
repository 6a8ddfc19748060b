"""Taxes of a sales document: legacy codes on lines, or SuiteTax details (NetSuite §13 Tax)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crosswalk_sandbox.netsuite.sales.document import Document, money, number

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.records.draft import Line
    from crosswalk_sandbox.netsuite.store import Row, Store


class Taxes:
    """Computes taxes the way the account's tax engine does."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def apply(self, document: Document, customer: Row, places: int) -> None:
        """Fill the lines' tax, the document's tax by code and ``taxtotal``."""
        suite_tax = self._store.options.tax == "suitetax"
        if suite_tax and document.header.get("taxdetailsoverride") == "T":
            return
        document.taxes = {}
        for line in document.lines:
            code = line.get("taxcode") or self._default(document, customer)
            rate = (
                number(self._store.value("SELECT rate FROM salestaxitem WHERE id = ?", (code,))) if code else Decimal(0)
            )
            tax = money(number(line.get("foreignamount")) * rate / 100, places)
            line |= {"taxcode": code, "taxrate1": rate, "taxamount": tax}
            line["grossamt"] = number(line.get("foreignamount")) + tax
            if code is not None:
                document.taxes[code] = document.taxes.get(code, Decimal(0)) + tax
        document.header["taxtotal"] = sum(document.taxes.values(), Decimal(0))

    def _default(self, document: Document, customer: Row) -> int | None:
        if customer["taxable"] == "F" or customer["taxexempt"] == "T":
            return None
        code = document.header.get("taxitem") or customer["taxitem"]
        return int(code) if code is not None else None

    def dictated(self, document: Document, details: list[Line]) -> list[dict[str, Any]]:
        """SuiteTax details of the request as rows; they set the document's tax (``taxDetailsOverride``)."""
        document.taxes = {}
        rows = []
        for detail in details:
            amount, code = number(detail.get("taxamount")), detail.get("taxcode")
            document.taxes[code] = document.taxes.get(code, Decimal(0)) + amount
            rows.append(detail.values)
        document.header["taxtotal"] = sum(document.taxes.values(), Decimal(0))
        return rows

    def engine_details(self, document: Document) -> list[dict[str, Any]]:
        """The details that SuiteTax shows for what it computed itself."""
        rows = []
        for place, line in enumerate(document.lines):
            if line.get("taxcode") is None:
                continue
            line["taxdetailsreference"] = line.get("taxdetailsreference") or f"LINE_{place}"
            kind = self._store.value("SELECT taxtype FROM salestaxitem WHERE id = ?", (line["taxcode"],))
            rows.append({"taxdetailsreference": line["taxdetailsreference"], "taxtype": kind, "taxcode": line["taxcode"],
                         "taxbasis": line["foreignamount"], "taxrate": line["taxrate1"], "taxamount": line["taxamount"]})  # fmt: skip
        return rows
