"""How far below the list a deal was sold, line by line and as a whole, and whether somebody has to approve that. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

from crosswalk.model.records import Image, Value
from crosswalk.orders.amounts import line_amount
from crosswalk.orders.concerns import Concern
from crosswalk.orders.facts import DealFacts, Problem
from crosswalk.pairing.selling import DiscountPolicy

_STEP = Decimal("0.0001")


def list_price(line: Image, prices: Sequence[Image]) -> Decimal | None:
    """Return the list price that holds for the line's quantity, out of the ERP's ``prices`` of its item; else what the CRM noted."""
    quantity = line.values.get("quantity")
    best: tuple[Decimal, Decimal] | None = None
    for price in prices:
        start, amount = price.values.get("minimum_quantity"), price.values.get("unit_price")
        begins = start if isinstance(start, Decimal) else Decimal(0)
        if isinstance(amount, Decimal) and isinstance(quantity, Decimal) and begins <= max(quantity, Decimal(1)):
            best = max(best, (begins, amount)) if best else (begins, amount)
    if best is not None:
        return best[1]
    noted = line.values.get("list_price")
    return noted if isinstance(noted, Decimal) else None


def discount_of(sold: Decimal, listed: Decimal) -> Decimal:
    """Return the share that ``sold`` is below ``listed``, to four decimals; nothing when it is not below."""
    if listed <= 0:
        return Decimal(0)
    return max(Decimal(0), (1 - sold / listed).quantize(_STEP, ROUND_HALF_UP))


def discount_concerns(
    facts: DealFacts, listed: Mapping[str, Decimal | None], policy: DiscountPolicy
) -> Iterator[Concern]:
    """Yield each line, and the deal as a whole, that was sold below what nobody has to approve. ``listed`` is by line key."""
    owner = facts.deal.values.get("owner")
    usual = policy.by_owner.get(str(owner), policy.most)
    sold, list_total = Decimal(0), Decimal(0)
    for line in facts.lines:
        own = policy.by_product.get(str(line.values.get("sku")))
        most, price, quantity = usual if own is None else own, listed.get(line.key), line.values.get("quantity")
        if most is None or not isinstance(quantity, Decimal):
            continue
        if price is None:
            yield _unlisted(facts, line)
            continue
        amount, full = line_amount(line), price * quantity
        if own is None:
            sold, list_total = sold + amount, list_total + full
        if discount_of(amount, full) > most:
            yield _concern(line, "discount_line", _words(line), discount_of(amount, full), most, amount, full)
    whole = discount_of(sold, list_total)
    if usual is not None and whole > usual:
        yield _concern(facts.deal, "discount_deal", "The deal as a whole", whole, usual, sold, list_total)


def _words(line: Image) -> Value:
    return f"Line {line.values.get('sku') or line.values.get('description') or line.key}"


def _concern(
    image: Image, code: str, what: Value, discount: Decimal, most: Decimal, sold: Decimal, listed: Decimal
) -> Concern:
    message = (
        f"{what} is {discount:.1%} below the list ({sold:.2f} instead of {listed:.2f}); {most:.1%} need no approval."
    )
    return Concern("approve", Problem(code, image.entity, image.key, "unit_price", message, _HINT))


def _unlisted(facts: DealFacts, line: Image) -> Concern:
    message = f"{_words(line)} has no list price in {facts.deal.values.get('price_list') or 'any price list'}, so that its discount is unknown."
    return Concern("approve", Problem("discount_unknown", line.entity, line.key, "unit_price", message, _HINT))


_HINT = "Approve or reject it in Airflow (Browse → Required Actions), or change the price on the deal."
