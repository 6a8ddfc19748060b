"""Document currency, local currency and the day's rate (SAP Business One §15, §16)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from crosswalk_sandbox.sap_business_one.desk import exact
from crosswalk_sandbox.sap_business_one.documents.values import NO, is_given, rounded
from crosswalk_sandbox.sap_business_one.errors import Refusal, business

if TYPE_CHECKING:
    from crosswalk_sandbox.sap_business_one.desk import Desk, Row
    from crosswalk_sandbox.sap_business_one.documents.trade import Trade

ANY: Final = "##"
_PLACES: Final = {"cdWithoutDecimals": 0, "cd1Digit": 1, "cd2Digits": 2, "cd3Digits": 3, "cd4Digits": 4, "cd5Digits": 5,
                  "cd6Digits": 6}  # fmt: skip


def local_currency(desk: Desk) -> str:
    """The company's own currency."""
    return str(desk.admin().get("LocalCurrency") or desk.options.local_currency)


def rate_on(desk: Desk, currency: str, on: date) -> Decimal:
    """The rate of a day, 1 for the own currency. Refused where nobody entered it (§16)."""
    if currency == local_currency(desk):
        return Decimal(1)
    found = desk.exchange_rate(currency, on)
    if found is None:
        raise Refusal(400, desk.options.missing_rate, f"Update the exchange rate , '{currency}'")
    return found


def settle_currency(trade: Trade, sent: Row) -> None:
    """Fill DocCurrency and DocRate: the partner's currency, ``##`` is any, the own currency is always taken."""
    desk, header, own = trade.desk, trade.header, local_currency(trade.desk)
    theirs = str(trade.partner.get("Currency") or own)
    currency = str(header.get("DocCurrency") or (own if theirs == ANY else theirs))
    trade.known("DocCur", "Currencies", currency)
    if currency not in (own, theirs) and theirs != ANY:
        raise business(f"Document currency differs from business partner currency  [{trade.column('DocCurrency')}]")
    header["DocCurrency"] = currency
    if currency == own:
        header["DocRate"] = Decimal(1)
    elif is_given(sent, "DocRate") and exact(sent["DocRate"]) > 0:
        header["DocRate"] = exact(sent["DocRate"])
    else:
        header["DocRate"] = rate_on(desk, currency, trade.posting_day)


def is_foreign(trade: Trade) -> bool:
    """Whether the document is in another currency than the company's."""
    return bool(trade.header["DocCurrency"] != local_currency(trade.desk))


def currency_places(trade: Trade) -> int:
    """Decimals of the document's currency."""
    row = trade.desk.read("Currencies", trade.header["DocCurrency"]) or {}
    return _PLACES.get(str(row.get("Decimals")), trade.places("TotalsAccuracy", 2))


def to_local(trade: Trade, amount: Decimal) -> Decimal:
    """An amount of the document's currency in the company's, by the document's rate."""
    rate = exact(trade.header["DocRate"])
    indirect = trade.desk.admin().get("DirectIndirectRate") == NO
    return rounded(amount / rate if indirect else amount * rate, trade.places("TotalsAccuracy", 2))


def to_document(trade: Trade, amount: Decimal, currency: str | None) -> Decimal:
    """A price of any currency in the document's, over the own currency by the document's rate."""
    if not currency or currency == trade.header["DocCurrency"]:
        return amount
    return amount * rate_on(trade.desk, currency, trade.posting_day) / exact(trade.header["DocRate"])


def exchanged(desk: Desk, amount: Decimal, source: str, target: str, on: date) -> Decimal:
    """An amount of one currency in another, by a day's rates."""
    return amount if source == target else amount * rate_on(desk, source, on) / rate_on(desk, target, on)
