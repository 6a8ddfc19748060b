"""The ERP's orders and what followed from them: shipments, invoices, payments."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from crosswalk_sandbox.company import foundation, ids
from crosswalk_sandbox.company.deals import Deals, order_number
from crosswalk_sandbox.company.dice import Kind, Weighted, between, chance, dice, pick
from crosswalk_sandbox.company.goods import Goods
from crosswalk_sandbox.company.model import (
    Deal,
    DocumentLine,
    Invoice,
    Order,
    OrderLine,
    OrderStatus,
    Payment,
    PaymentStatus,
    Shipment,
)
from crosswalk_sandbox.company.profiles import HISTORY, RETIRED, Profile, Profiles

_CENT: Final = Decimal("0.01")
_DIRECT: Final = 0.25  # orders taken in the ERP itself, per deal
_SHIPMENT, _INVOICE, _PAYMENT = 1, 3, 5  # offsets within an order's transaction numbers, two of each
_SETTLED: Final[Weighted[OrderStatus]] = Weighted(
    ("billed", 92), ("shipped", 3), ("partially_shipped", 1), ("closed", 2), ("cancelled", 2)
)
_RECENT: Final[Weighted[OrderStatus]] = Weighted(
    ("open", 35), ("partially_shipped", 12), ("shipped", 18), ("billed", 32), ("cancelled", 3)
)
_YOUNG: Final[Weighted[OrderStatus]] = Weighted(("pending_approval", 25), ("open", 75))
ORDERED_BY_HAND: Final = "Entered by hand for "
"""How the memo of an order begins that was typed in for a deal, whose name follows."""
_BILLED: Final = {"billed"}
_SHIPPED: Final = {"billed", "shipped", "partially_shipped"}


def places_of(deals: int) -> int:
    """How many places for orders so many deals need: one each, then those of orders taken in the ERP itself."""
    return deals + round(deals * _DIRECT)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What was ordered: by whom, when, what, at which prices (``level`` None: a price of its own)."""

    place: int
    party: Profile
    deal: Deal | None
    external_id: str | None
    ordered_at: datetime
    currency: str
    purchase_order: str | None
    memo: str | None
    lines: tuple[tuple[int, Decimal, Decimal, int | None], ...]


class Orders:
    """Makes orders one after another: those of won deals, then those taken in the ERP itself."""

    def __init__(self, seed: int, now: datetime, profiles: Profiles, goods: Goods, deals: Deals) -> None:
        self._seed = seed
        self._now = now
        self._profiles = profiles
        self._goods = goods
        self._deals = deals

    def __iter__(self) -> Iterator[Order]:
        for deal in self._deals.ordered():
            yield self._book(self._from_deal(deal))
        for place in range(places_of(self._deals.count) - self._deals.count):
            wish = self._direct(place)
            if wish is not None:
                yield self._book(wish)

    def _from_deal(self, deal: Deal) -> _Wish:
        by_hand = self._deals.by_hand(deal.sequence)
        lines = []
        for line in deal.lines:
            assert deal.level is not None
            listed = self._goods.price(line.product, deal.level, deal.currency).erp_price
            lines.append(
                (line.product, line.quantity, line.unit_price, deal.level if listed == line.unit_price else None)
            )
        return _Wish(
            place=deal.sequence,
            party=self._profiles.of(deal.party),
            deal=deal,
            external_id=None if by_hand else ids.order_external_id(deal.sequence),
            ordered_at=deal.modified + timedelta(minutes=20),
            currency=deal.currency,
            purchase_order=deal.purchase_order,
            memo=f"{ORDERED_BY_HAND}{deal.name}" if by_hand else None,
            lines=tuple(lines),
        )

    def _direct(self, place: int) -> _Wish | None:
        rng = dice(self._seed, Kind.ORDER, (1 << 40) | place)
        ordered_at = between(rng, self._now - HISTORY, self._now - timedelta(hours=6))
        party = self._buyer(rng, lately=ordered_at > self._now - RETIRED)
        if party is None:
            return None
        lines = []
        for product in {pick(rng, self._goods.traded): None for _ in range(1 + int(rng.random() ** 2 * 6))}:
            price = self._goods.price(product, party.level, party.currency)
            if price.erp_price is not None:
                lines.append((product, Decimal(1 + int(rng.random() ** 2 * 40)), price.erp_price, party.level))
        if not lines:
            return None
        return _Wish(
            place=self._deals.count + place,
            party=party,
            deal=None,
            external_id=None,
            ordered_at=ordered_at,
            currency=party.currency,
            purchase_order=f"{int(rng.random() * 10**8):08}" if chance(rng, 0.7) else None,
            memo=pick(rng, ("Phone order", "EDI", "Web shop", None)),
            lines=tuple(lines),
        )

    def _buyer(self, rng: random.Random, *, lately: bool) -> Profile | None:
        start = int(rng.random() * self._profiles.settled)
        for step in range(min(self._profiles.settled, 1_000)):
            profile = self._profiles.of((start + step) % self._profiles.settled)
            if not profile.never_bought and (profile.trades if lately else profile.in_erp):
                return profile
        return None

    def _book(self, wish: _Wish) -> Order:
        rng = dice(self._seed, Kind.ORDER, (1 << 41) | wish.place)
        booking = _Booking(rng, wish, self._goods, self._now)
        return booking.order()


class _Booking:
    """One order on its way through the ERP."""

    def __init__(self, rng: random.Random, wish: _Wish, goods: Goods, now: datetime) -> None:
        self.rng = rng
        self.wish = wish
        self.now = now
        self.goods = goods
        self.sequence = wish.place * ids.TRANSACTIONS_PER_ORDER
        self.tax_rate = foundation.TAX_RATES[wish.party.tax_code]
        self.location = pick(rng, foundation.LOCATIONS_OF_SUBSIDIARY[wish.party.subsidiary])
        self.goes_out = [goods.product(product).kind != "service" for product, *_ in wish.lines]
        self.status = self._status()
        self.shipping_cost = (
            Decimal(15 + int(rng.random() * 60)) if any(self.goes_out) and chance(rng, 0.3) else Decimal(0)
        )
        self.shipped = [self._shipped(place) for place in range(len(wish.lines))]

    def order(self) -> Order:
        wish, party = self.wish, self.wish.party
        lines = tuple(self._line(place) for place in range(len(wish.lines)))
        subtotal = sum((line.amount for line in lines), Decimal(0))
        tax = self._tax(lines)
        shipments = self._shipments()
        invoices, payments = self._money(lines, shipments)
        stamps = [wish.ordered_at, *(one.created for one in shipments), *(one.modified for one in invoices)]
        base = foundation.SUBSIDIARIES[party.subsidiary - 1].currency
        return Order(
            id=f"order-{wish.place:06}",
            sequence=self.sequence,
            number=order_number(wish.place),
            party=party.sequence,
            deal=wish.deal.sequence if wish.deal else None,
            external_id=wish.external_id,
            status=self.status,
            ordered_on=wish.ordered_at.date(),
            ship_on=shipments[-1].shipped_on if shipments else wish.ordered_at.date() + timedelta(days=7),
            currency=wish.currency,
            exchange_rate=(foundation.RATES[wish.currency] / foundation.RATES[base]).quantize(Decimal("0.000001")),
            subsidiary=party.subsidiary,
            terms=party.terms,
            location=self.location,
            sales_rep=party.sales_rep,
            purchase_order=wish.purchase_order,
            memo=wish.memo,
            lines=lines,
            subtotal=subtotal,
            shipping_cost=self.shipping_cost,
            tax_total=tax,
            total=subtotal + self.shipping_cost + tax,
            shipments=shipments,
            invoices=invoices,
            payments=payments,
            created=wish.ordered_at,
            modified=max(stamps),
        )

    def _status(self) -> OrderStatus:
        age = (self.now - self.wish.ordered_at).days
        status = (_SETTLED if age > 60 else _RECENT if age > 14 else _YOUNG).draw(self.rng)
        divisible = any(goes and line[1] > 1 for goes, line in zip(self.goes_out, self.wish.lines, strict=True))
        if not any(self.goes_out) and status in ("open", "partially_shipped"):
            return "shipped"  # nothing to ship: it waits for billing
        return "open" if status == "partially_shipped" and not divisible else status

    def _shipped(self, place: int) -> Decimal:
        quantity = self.wish.lines[place][1]
        if self.status not in _SHIPPED or not self.goes_out[place]:
            return Decimal(0)
        return Decimal(int(quantity) // 2) if self.status == "partially_shipped" else quantity

    def _line(self, place: int) -> OrderLine:
        product, quantity, rate, level = self.wish.lines[place]
        return OrderLine(
            position=place + 1,
            product=product,
            description=None,
            quantity=quantity,
            rate=rate,
            level=level,
            amount=(quantity * rate).quantize(_CENT),
            tax_code=self.wish.party.tax_code,
            location=self.location,
            shipped=self.shipped[place],
            billed=quantity if self.status in _BILLED else Decimal(0),
        )

    def _tax(self, lines: tuple[OrderLine, ...]) -> Decimal:
        """Tax by line, so that the invoices of an order add up to it."""
        return sum(((line.amount * self.tax_rate / 100).quantize(_CENT) for line in lines), Decimal(0))

    def _shipments(self) -> tuple[Shipment, ...]:
        places = [place for place, quantity in enumerate(self.shipped) if quantity]
        if not places:
            return ()
        groups = [places]
        if len(places) > 1 and self.status == "billed" and chance(self.rng, 0.2):
            groups = [places[:1], places[1:]]
        made: list[Shipment] = []
        at = self.wish.ordered_at
        for group in groups:
            at = self._later(at, 1, 6)
            sequence = self.sequence + _SHIPMENT + len(made)
            lines = tuple(
                DocumentLine(place + 1, self.wish.lines[place][0], self.shipped[place], None, None, self.location)
                for place in group
            )
            tracking = (f"1Z{int(self.rng.random() * 10**14):014}",) if chance(self.rng, 0.8) else ()
            made.append(
                Shipment(
                    f"shipment-{sequence:07}", sequence, f"IF{sequence}", at.date(), "shipped", lines, tracking, at, at
                )
            )
        return tuple(made)

    def _money(
        self, lines: tuple[OrderLine, ...], shipments: tuple[Shipment, ...]
    ) -> tuple[tuple[Invoice, ...], tuple[Payment, ...]]:
        if self.status not in _BILLED:
            return (), ()
        groups = [tuple(lines)]
        if len(shipments) == 2:
            first = {line.position for line in shipments[0].lines}
            groups = [
                tuple(line for line in lines if line.position in first),
                tuple(line for line in lines if line.position not in first),
            ]
        invoices: list[Invoice] = []
        payments: list[Payment] = []
        for place, group in enumerate(groups):
            after = shipments[place].created if place < len(shipments) else self.wish.ordered_at
            invoice, payment = self._invoice(place, group, self._later(after, 0.1, 2))
            invoices.append(invoice)
            payments.extend([payment] if payment else [])
        return tuple(invoices), tuple(payments)

    def _invoice(self, place: int, lines: tuple[OrderLine, ...], at: datetime) -> tuple[Invoice, Payment | None]:
        sequence = self.sequence + _INVOICE + place
        due = at.date() + timedelta(days=foundation.TERMS[self.wish.party.terms - 1].days)
        subtotal = sum((line.amount for line in lines), Decimal(0))
        shipping = self.shipping_cost if place == 0 else Decimal(0)
        tax = self._tax(lines)
        total = subtotal + shipping + tax
        paid = self._paid(total, due)
        stamp = self._later(at, 1, max((due - at.date()).days, 2)) if paid else at
        invoice = Invoice(
            id=f"invoice-{sequence:07}",
            sequence=sequence,
            number=f"INV{sequence}",
            invoiced_on=at.date(),
            due_on=due,
            status="paid" if paid == total else "open",
            lines=tuple(
                DocumentLine(line.position, line.product, line.quantity, line.rate, line.amount, line.location)
                for line in lines
            ),
            subtotal=subtotal,
            tax_total=tax,
            total=total,
            remaining=total - paid,
            created=at,
            modified=stamp,
            shipping_cost=shipping,
        )
        return invoice, self._payment(place, sequence, paid, stamp) if paid else None

    def _payment(self, place: int, invoice: int, amount: Decimal, at: datetime) -> Payment:
        sequence = self.sequence + _PAYMENT + place
        status: PaymentStatus = "deposited" if (self.now - at).days > 3 else "not_deposited"
        applied = ((invoice, amount),)
        return Payment(
            f"payment-{sequence:07}", sequence, f"PYMT{sequence}", at.date(), status, amount, applied, at, at
        )

    def _paid(self, total: Decimal, due: date) -> Decimal:
        overdue = due < self.now.date()
        way = self.rng.random()
        if way < (0.9 if overdue else 0.4):
            return total
        return (total / 2).quantize(_CENT) if way > 0.97 else Decimal(0)

    def _later(self, at: datetime, least_days: float, most_days: float) -> datetime:
        days = least_days + self.rng.random() * (most_days - least_days)
        return max(at, min(at + timedelta(days=days), self.now - timedelta(hours=1))).replace(microsecond=0)
