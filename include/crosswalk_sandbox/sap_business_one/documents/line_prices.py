"""Price and total of a line: what was sent, what is left of the last price, what the price lists say (SAP Business One §17).

::

    UnitPrice                 before discount; else the price lists'
    × (1 - DiscountPercent)   sent, else the price lists'
    = Price                   sent alone or beside another UnitPrice: the discount is worked out backwards
    × Quantity
    = LineTotal               sent and different: the discount is worked out backwards, and may lose a cent
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from crosswalk_sandbox.sap_business_one.desk import exact
from crosswalk_sandbox.sap_business_one.documents.currencies import (
    currency_places,
    is_foreign,
    local_currency,
    rate_on,
    to_document,
    to_local,
)
from crosswalk_sandbox.sap_business_one.documents.pricing import Asked, price_of
from crosswalk_sandbox.sap_business_one.documents.values import HUNDRED, ZERO, is_given, is_yes, rounded
from crosswalk_sandbox.sap_business_one.errors import business

if TYPE_CHECKING:
    from crosswalk_sandbox.sap_business_one.desk import Row
    from crosswalk_sandbox.sap_business_one.documents.trade import Trade

_PRICES = ("UnitPrice", "GrossPrice", "DiscountPercent", "Price", "PriceAfterVAT", "LineTotal", "RowTotalFC")


def settle_price(trade: Trade, row: Row, sent: Row, item: Row | None, known: Row | None) -> None:
    """Fill the line's prices and its total; ``known`` is the line as it was, ``item`` None on service lines."""
    told = _told(sent, known)
    gross = 1 + exact(row["TaxPercentagePerRow"]) / HUNDRED
    _start(trade, row, told, item, known, gross)
    quantity = exact(row["Quantity"])
    if "Price" in told or "PriceAfterVAT" in told:
        price = told.get("Price", told.get("PriceAfterVAT", ZERO) / gross)
        _turn_back(row, price, item)
    amount = _amount(trade, row, quantity)
    wanted = _wanted_total(trade, told)
    if wanted is not None and wanted != amount:
        _turn_back(row, wanted / quantity, item)
        row["DiscountPercent"] = trade.percent(exact(row["DiscountPercent"]))
        amount = _amount(trade, row, quantity)
    if exact(row["DiscountPercent"]) >= HUNDRED:
        raise business("10001058 - Enter a discount percentage of less than 100")
    _write_total(trade, row, amount)


def _told(sent: Row, known: Row | None) -> dict[str, Decimal]:
    """Prices that were sent and say something new."""
    found = {name: exact(sent[name]) for name in _PRICES if is_given(sent, name)}
    return {name: value for name, value in found.items() if known is None or exact(known.get(name)) != value}


def _start(
    trade: Trade, row: Row, told: dict[str, Decimal], item: Row | None, known: Row | None, gross: Decimal
) -> None:
    """UnitPrice, Currency and DiscountPercent before anything is worked out backwards."""
    if "UnitPrice" in told or "GrossPrice" in told:
        row["UnitPrice"] = told.get("UnitPrice", trade.price(told.get("GrossPrice", ZERO) / gross))
        row["PriceSource"] = "dpsManual"
        if known is None:
            row["DiscountPercent"] = ZERO
    elif known is None:
        _look_up(trade, row, item, gross)
    else:
        row["UnitPrice"] = exact(known.get("UnitPrice"))
    if "DiscountPercent" in told:
        row["DiscountPercent"] = told["DiscountPercent"]
    row["DiscountPercent"] = exact(row.get("DiscountPercent"))
    row["Currency"] = row.get("Currency") or trade.header["DocCurrency"]


def _look_up(trade: Trade, row: Row, item: Row | None, gross: Decimal) -> None:
    row["DiscountPercent"] = ZERO
    row["UnitPrice"], row["PriceSource"] = ZERO, "dpsManual"
    if item is None:
        return
    asked = Asked(trade.partner, item, exact(row["Quantity"]), trade.posting_day, trade.header["DocCurrency"])
    found = price_of(trade.desk, asked)
    row["UnitPrice"] = trade.price(found.amount / gross if found.is_gross else found.amount)
    row["DiscountPercent"], row["PriceSource"] = found.discount, found.source
    row["Currency"] = found.currency or local_currency(trade.desk)


def _turn_back(row: Row, price: Decimal, item: Row | None) -> None:
    """Work the discount out of a price after it; without a price before it, that is the price."""
    unit = exact(row["UnitPrice"])
    if unit and item is not None:
        row["DiscountPercent"] = (1 - price / unit) * HUNDRED
    else:
        row["UnitPrice"], row["DiscountPercent"] = price, ZERO
    row["PriceSource"] = "dpsManual"


def _wanted_total(trade: Trade, told: dict[str, Decimal]) -> Decimal | None:
    """The total that was sent, in the document's currency."""
    if is_foreign(trade) and "RowTotalFC" in told:
        return told["RowTotalFC"]
    if "LineTotal" not in told:
        return None
    return rounded(told["LineTotal"] / exact(trade.header["DocRate"]), currency_places(trade))


def _amount(trade: Trade, row: Row, quantity: Decimal) -> Decimal:
    """Quantity times price, in the document's currency; fills Price."""
    unit, kept = exact(row["UnitPrice"]), 1 - exact(row["DiscountPercent"]) / HUNDRED
    row["Price"] = trade.price(unit * kept)
    of_total = is_yes(trade.desk.admin().get("CalculateRowDiscount"))
    amount = unit * kept * quantity if of_total else row["Price"] * quantity
    return rounded(to_document(trade, amount, row["Currency"]), currency_places(trade))


def _write_total(trade: Trade, row: Row, amount: Decimal) -> None:
    row["UnitPrice"] = trade.price(exact(row["UnitPrice"]))
    row["DiscountPercent"] = trade.percent(exact(row["DiscountPercent"]))
    row["LineTotal"] = to_local(trade, amount)
    row["RowTotalFC"] = amount if is_foreign(trade) else ZERO
    own = row["Currency"] == local_currency(trade.desk)
    is_document = row["Currency"] == trade.header["DocCurrency"]
    row["Rate"] = ZERO if own else exact(trade.header["DocRate"]) if is_document else rate_on(trade.desk, row["Currency"], trade.posting_day)  # fmt: skip
