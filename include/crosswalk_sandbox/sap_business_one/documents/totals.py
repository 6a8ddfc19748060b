"""What a document adds up to: lines, header discount, freight, tax, rounding (SAP Business One §15, §17).

Amounts are worked out in the document's currency and turned into the company's by the document's rate; the plain names
are the company's currency, ``…Fc`` and ``…FC`` the document's where that is another one.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from crosswalk_sandbox.sap_business_one.desk import exact
from crosswalk_sandbox.sap_business_one.documents.currencies import currency_places, is_foreign, to_local
from crosswalk_sandbox.sap_business_one.documents.values import CLOSED, HUNDRED, ZERO, is_yes, rounded
from crosswalk_sandbox.sap_business_one.errors import business

if TYPE_CHECKING:
    from crosswalk_sandbox.sap_business_one.desk import Row
    from crosswalk_sandbox.sap_business_one.documents.trade import Trade

_STEPS: Final = {
    "rsRoundToFiveHundredth": "0.05",
    "rsRoundToTenHundredth": "0.10",
    "rsRoundToOne": "1",
    "rsRoundToTen": "10",
}


def total(trade: Trade) -> None:
    """Fill the totals of the header, the tax of its lines and of its freight."""
    header = trade.header
    header["DiscountPercent"] = exact(header.get("DiscountPercent"))
    if header["DiscountPercent"] >= HUNDRED:
        raise business("10001058 - Enter a discount percentage of less than 100")
    places, foreign = currency_places(trade), is_foreign(trade)
    kept, lines, freight = trade.kept_share, header["DocumentLines"], header.get("DocumentAdditionalExpenses") or []
    taxes = [_tax_line(trade, line, kept, places, foreign=foreign) for line in lines]
    base = sum((amount_of(line, foreign=foreign) for line in lines), ZERO)
    discount = rounded(base * header["DiscountPercent"] / HUNDRED, places)
    extra = sum((_expense(row, foreign=foreign) for row in freight), ZERO)
    tax = sum(taxes, ZERO) + sum((_expense_tax(trade, row, places, foreign=foreign) for row in freight), ZERO)
    if tax < 0:
        raise business(f"Tax amount cannot be negative  [{trade.column('VatSum')}]")
    due = base - discount + extra + tax
    if trade.kind.entity_set == "DownPayments":
        due = rounded(due * exact(header.get("DownPaymentPercentage"), 100) / HUNDRED, places)
    due -= sum((exact(row.get("AmountToDraw")) for row in header.get("DownPaymentsToDraw") or []), ZERO)
    rounding = _rounding(trade, due, places)
    _write(trade, "DocTotal", "DocTotalFc", due + rounding)
    _write(trade, "VatSum", "VatSumFc", tax)
    _write(trade, "TotalDiscount", "TotalDiscountFC", discount)
    _write(trade, "RoundingDiffAmount", "RoundingDiffAmountFC", rounding)


def amount_of(line: Row, *, foreign: bool) -> Decimal:
    """A line's total in the document's currency."""
    return exact(line.get("RowTotalFC" if foreign else "LineTotal"))


def open_total(document: Row) -> Decimal:
    """What is not paid, in the company's currency."""
    return exact(document.get("DocTotal")) - exact(document.get("PaidToDate"))


def open_share(document: Row) -> Decimal:
    """How much of a document's gross value is not copied on and not closed, in the company's currency."""
    if document.get("DocumentStatus") == CLOSED:
        return ZERO
    lines = document.get("DocumentLines") or []
    whole = sum((exact(line.get("LineTotal")) for line in lines), ZERO)
    still = sum((_open_amount(line) for line in lines), ZERO)
    return rounded(exact(document.get("DocTotal")) * still / whole, 2) if whole else ZERO


def _open_amount(line: Row) -> Decimal:
    if line.get("LineStatus") == CLOSED or not exact(line.get("Quantity")):
        return ZERO
    return exact(line.get("LineTotal")) * exact(line.get("RemainingOpenQuantity")) / exact(line["Quantity"])


def _tax_line(trade: Trade, line: Row, kept: Decimal, places: int, *, foreign: bool) -> Decimal:
    """The tax of a line after the header's discount, and the gross figures that follow from it."""
    rate = exact(line.get("TaxPercentagePerRow"))
    amount = amount_of(line, foreign=foreign)
    tax = rounded(amount * kept * rate / HUNDRED, places)
    gross = 1 + rate / HUNDRED
    line["TaxTotal"] = line["NetTaxAmount"] = to_local(trade, tax)
    line["NetTaxAmountFC"] = tax if foreign else ZERO
    line["PriceAfterVAT"] = trade.price(exact(line.get("Price")) * gross)
    line["GrossPrice"] = trade.price(exact(line.get("UnitPrice")) * gross)
    line["GrossTotal"] = to_local(trade, rounded(amount * gross, places))
    line["OpenAmount"] = rounded(_open_amount(line), places)
    return tax


def _expense(row: Row, *, foreign: bool) -> Decimal:
    return exact(row.get("LineTotalFC" if foreign else "LineTotal"))


def _expense_tax(trade: Trade, row: Row, places: int, *, foreign: bool) -> Decimal:
    tax = rounded(_expense(row, foreign=foreign) * exact(row.get("TaxPercent")) / HUNDRED, places)
    row["TaxSum"] = row["TaxTotalSum"] = to_local(trade, tax)
    row["TaxSumFC"] = tax if foreign else ZERO
    row["LineGross"] = exact(row.get("LineTotal")) + row["TaxSum"]
    return tax


def _rounding(trade: Trade, due: Decimal, places: int) -> Decimal:
    """The difference to the currency's step where the document is to be rounded."""
    if not is_yes(trade.header.get("Rounding")):
        return ZERO
    currency = trade.desk.read("Currencies", trade.header["DocCurrency"]) or {}
    step = _STEPS.get(str(currency.get("Rounding")))
    if step is None:
        return rounded(exact(trade.header.get("RoundingDiffAmount")), places)
    return rounded(due / Decimal(step), 0) * Decimal(step) - due


def _write(trade: Trade, own: str, other: str, amount: Decimal) -> None:
    trade.header[own] = to_local(trade, amount)
    trade.header[other] = amount if is_foreign(trade) else ZERO
