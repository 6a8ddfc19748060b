"""Freight and other additional expenses of a document (SAP Business One §15)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosswalk_sandbox.sap_business_one.desk import exact
from crosswalk_sandbox.sap_business_one.documents.currencies import currency_places, is_foreign, to_local
from crosswalk_sandbox.sap_business_one.documents.taxes import settle_tax
from crosswalk_sandbox.sap_business_one.documents.values import OPEN, ZERO, is_given, rounded
from crosswalk_sandbox.sap_business_one.errors import no_match

if TYPE_CHECKING:
    from crosswalk_sandbox.sap_business_one.desk import Row
    from crosswalk_sandbox.sap_business_one.documents.trade import Trade


def compose_expense(trade: Trade, sent: Row, number: int) -> Row:
    """One expense: its kind must be known; amount and tax default to the kind's."""
    kind = trade.desk.read("AdditionalExpenses", int(exact(sent.get("ExpenseCode"), -1)))
    if kind is None:
        raise no_match(f"{trade.kind.lines[:-1]}3.ExpnsCode")
    row = {"Status": OPEN} | {name: value for name, value in sent.items() if value is not None} | {"LineNum": number}
    default = kind.get("OutputVATGroup") if trade.desk.options.tax_field == "VatGroup" else None
    row["TaxPercent"] = settle_tax(trade, row, [default], f"[{trade.kind.lines[:-1]}3][line: {number + 1}]")
    places = currency_places(trade)
    if is_foreign(trade) and is_given(row, "LineTotalFC"):
        amount = exact(row["LineTotalFC"])
    elif is_given(row, "LineTotal"):
        amount = exact(row["LineTotal"]) / exact(trade.header["DocRate"])
    else:
        amount = exact(kind.get("FixedAmountRevenues"))
    amount = rounded(amount, places)
    row["LineTotal"], row["LineTotalFC"] = to_local(trade, amount), amount if is_foreign(trade) else ZERO
    return row
