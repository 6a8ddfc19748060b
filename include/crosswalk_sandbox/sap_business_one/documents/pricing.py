"""What an item costs a partner (SAP Business One §15, §17).

::

    blanket agreement → special price of the partner → period and volume discount → price list with discount groups
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from crosswalk_sandbox.sap_business_one.desk import exact
from crosswalk_sandbox.sap_business_one.documents.discounts import group_discount
from crosswalk_sandbox.sap_business_one.documents.values import NO, ZERO, is_given, is_yes, within

if TYPE_CHECKING:
    from crosswalk_sandbox.sap_business_one.desk import Desk, Row

_DEPTH: Final = 20
"""Price lists that stand on each other, at most."""
_SECOND: Final = (("Price", "Currency"), ("AdditionalPrice1", "AdditionalCurrency1"),
                  ("AdditionalPrice2", "AdditionalCurrency2"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Price:
    """A price before discount, in its own currency (None: the company's), and where it comes from."""

    amount: Decimal
    currency: str | None
    discount: Decimal
    source: str
    is_gross: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """Who buys what, how much, when, and from which list (None: the partner's)."""

    partner: Row
    item: Row
    quantity: Decimal
    on: date
    currency: str | None = None
    price_list: int | None = None

    @property
    def list_number(self) -> int:
        """The list that counts."""
        return self.price_list if self.price_list is not None else int(exact(self.partner.get("PriceListNum"), 1))


def price_of(desk: Desk, asked: Asked) -> Price:
    """The price by the vendor's precedence."""
    code, card = asked.item["ItemCode"], asked.partner["CardCode"]
    agreed = _agreed(desk, asked)
    if agreed is not None:
        return agreed
    own = _special(desk, asked, desk.read("SpecialPrices", code, card), "dpsSpecialPricesForBusinessPartner")
    if own is not None:
        return own
    general = desk.read("SpecialPrices", code, f"*{asked.list_number}")
    period = _special(desk, asked, general, "dpsPeriodAndVolumeDiscounts")
    if period is not None:
        return period
    listed = list_price(desk, asked, asked.list_number)
    discount = group_discount(desk, asked.partner, asked.item, asked.on)
    if discount is None:
        return listed
    return Price(listed.amount, listed.currency, discount, f"{listed.source}DiscountGroups", listed.is_gross)


def list_price(desk: Desk, asked: Asked, number: int) -> Price:
    """The item's price in a list; where it has none of its own, the base list's by the factor."""
    row = desk.read("PriceLists", number) or {}
    is_open = row.get("Active") != NO and within(asked.on, row.get("ValidFrom"), row.get("ValidTo"))
    source = "dpsActivePriceList" if is_open else "dpsInactivePriceList"
    amount, currency = _listed(desk, asked, number, _DEPTH) if is_open else (ZERO, None)
    return Price(amount, currency, ZERO, source, is_yes(row.get("IsGrossPrice")))


def _listed(desk: Desk, asked: Asked, number: int, depth: int) -> tuple[Decimal, str | None]:
    prices = asked.item.get("ItemPrices") or []
    own: Row = next((row for row in prices if int(row["PriceList"]) == number), {})
    named = [(exact(own[price]), own.get(name)) for price, name in _SECOND if exact(own.get(price))]
    if named:
        return next((found for found in named if found[1] == asked.currency), named[0])
    row = desk.read("PriceLists", number) or {}
    base = row.get("BasePriceList")
    if base is None or int(base) == number or not depth:
        return ZERO, None
    amount, currency = _listed(desk, asked, int(base), depth - 1)
    return amount * exact(row.get("Factor"), 1), currency


def _special(desk: Desk, asked: Asked, row: Row | None, source: str) -> Price | None:
    """A special price: of the period that counts, of the quantity that is reached, else its own."""
    if row is None or row.get("Valid") == NO or not within(asked.on, row.get("ValidFrom"), row.get("ValidTo")):
        return None
    areas = row.get("SpecialPriceDataAreas") or []
    area = next((each for each in areas if within(asked.on, each.get("DateFrom"), each.get("Dateto"))), None)
    base = row.get("PriceListNum")
    if area is None:
        return _valued(desk, asked, row, ("Price", "Currency", "DiscountPercent"), base, source)
    base = area.get("PriceListNo", base)
    breaks = [each for each in area.get("SpecialPriceQuantityAreas") or [] if exact(each["Quantity"]) <= asked.quantity]
    if breaks:
        best = max(breaks, key=lambda each: exact(each["Quantity"]))
        return _valued(desk, asked, best, ("SpecialPrice", "PriceCurrency", "Discountin"), base, source)
    return _valued(desk, asked, area, ("SpecialPrice", "PriceCurrency", "Discount"), base, source)


def _valued(desk: Desk, asked: Asked, row: Row, names: tuple[str, str, str], base: object, source: str) -> Price | None:
    """A price as such, or a discount on a list's price."""
    price, currency, discount = names
    if exact(row.get(price)):
        return Price(exact(row[price]), row.get(currency), ZERO, source)
    if not is_given(row, discount):
        return None
    number = int(exact(base)) if exact(base) else asked.list_number
    listed = list_price(desk, asked, number)
    return Price(listed.amount, listed.currency, exact(row[discount]), source, listed.is_gross)


def _agreed(desk: Desk, asked: Asked) -> Price | None:
    for agreement in desk.find("BlanketAgreements", BPCode=asked.partner["CardCode"]):
        is_open = agreement.get("Status") == "asApproved" and not is_yes(agreement.get("IgnorePricesInAgreement"))
        if not is_open or not within(asked.on, agreement.get("StartDate"), agreement.get("EndDate")):
            continue
        for line in agreement.get("BlanketAgreements_ItemsLines") or []:
            if line.get("ItemNo") == asked.item["ItemCode"] and exact(line.get("UnitPrice")):
                discount = exact(line.get("LineDiscount"))
                return Price(exact(line["UnitPrice"]), line.get("PriceCurrency"), discount, "dpsBlanketAgreement")
    return None
