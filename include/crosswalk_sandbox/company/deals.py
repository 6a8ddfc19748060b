"""The CRM's deals: three years of them, ending with wins that no order exists for yet, some of those with trouble."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from crosswalk_sandbox.company import foundation, ids
from crosswalk_sandbox.company.dice import Kind, between, chance, dice, pick
from crosswalk_sandbox.company.goods import Goods
from crosswalk_sandbox.company.model import Deal, DealLine, Trouble
from crosswalk_sandbox.company.profiles import HISTORY, RETIRED, Profile, Profiles

STAGES: Final = (
    ("Prospecting", 10), ("Qualification", 10), ("Needs Analysis", 20), ("Value Proposition", 50),
    ("Id. Decision Makers", 60), ("Perception Analysis", 70), ("Proposal/Price Quote", 75), ("Negotiation/Review", 90),
)  # fmt: skip
"""Open stages with their probability in percent (Salesforce §14)."""
WON: Final = "Closed Won"
LOST: Final = "Closed Lost"

FRESH_DAYS: Final = 4
"""Wins of the last so many days have no order yet; older ones do."""
_WON_SHARE: Final = 0.52  # of the deals that are closed
_QUIET_DAYS: Final = 6  # other deals close before this or stay open
_CYCLE: Final = 25  # the fresh wins repeat after so many
_TROUBLES: Final[dict[int, Trouble]] = {
    3: "no_lines", 6: "discontinued_product", 9: "foreign_currency", 12: "no_address", 15: "closed_subsidiary",
    18: "twin_prospect", 19: "twin_prospect", 22: "steep_discount",
}  # fmt: skip
_PROSPECTS: Final = (1, 20)  # fresh wins of customers that the ERP does not have yet, without trouble
FIRST_ORDER: Final = 100_001
"""The ERP's first order number."""
_CENT: Final = Decimal("0.01")


class Deals:
    """Makes deals one after another; each depends on its sequence only."""

    def __init__(self, seed: int, now: datetime, count: int, profiles: Profiles, goods: Goods) -> None:
        self._seed = seed
        self._now = now
        self.count = count
        self._profiles = profiles
        self._goods = goods

    def __iter__(self) -> Iterator[Deal]:
        return (self.deal(sequence) for sequence in range(self.count))

    def deal(self, sequence: int) -> Deal:
        """The deal with this sequence."""
        rng = dice(self._seed, Kind.DEAL, sequence)
        created = self._created(rng, sequence)
        rank = self.fresh_rank(sequence)
        return self._fresh(rng, sequence, created, rank) if rank is not None else self._usual(rng, sequence, created)

    def ordered(self) -> Iterator[Deal]:
        """Won deals with lines that have an order; the others are told by their first throws, without making them."""
        for sequence in range(self.count):
            if self.fresh_rank(sequence) is None and self._wins(sequence):
                deal = self.deal(sequence)
                if deal.is_won and deal.lines:
                    yield deal

    def _created(self, rng: random.Random, sequence: int) -> datetime:
        created = self._now - HISTORY * (1 - (sequence + rng.random()) / self.count)
        return min(created, self._now - timedelta(hours=3)).replace(microsecond=0)

    def _wins(self, sequence: int) -> bool:
        """Whether a usual deal is won, provided that there is a customer for it."""
        rng = dice(self._seed, Kind.DEAL, sequence)
        expected = _expected(rng, self._created(rng, sequence))
        return self._closes(expected) and chance(rng, _WON_SHARE)

    def _closes(self, expected: datetime) -> bool:
        return expected <= self._now - timedelta(days=_QUIET_DAYS)

    def fresh_rank(self, sequence: int) -> int | None:
        """Place among the wins without an order, None for all other deals."""
        first = self.count - self.count // 10
        return (sequence - first) // 8 if sequence >= first and (sequence - first) % 8 == 7 else None

    def by_hand(self, sequence: int) -> bool:
        """Whether the order of this won deal was typed into the ERP by hand, without the deal's key."""
        return chance(dice(self._seed, Kind.ORDER, sequence), 0.02)

    # --- wins of the last days -------------------------------------------------------------------------------------

    def _fresh(self, rng: random.Random, sequence: int, created: datetime, rank: int) -> Deal:
        place = rank % _CYCLE
        trouble = _TROUBLES.get(place)
        if trouble == "discontinued_product" and not self._goods.discontinued:
            trouble = None
        # Both wins of one prospect look for it from the same spot.
        spot = random.Random(self._seed * 1_000 + rank // _CYCLE) if trouble == "twin_prospect" else rng
        party = self._find(spot, self._profiles.count, _wanted(place, trouble))
        if party is None:
            trouble, party = None, self._orderly(rng)
        closed = between(rng, max(created, self._now - timedelta(days=FRESH_DAYS)), self._now - timedelta(hours=1))
        currency = self._foreign(rng, party) if trouble == "foreign_currency" else party.currency
        lines: tuple[DealLine, ...] = ()
        if trouble != "no_lines":
            sellable = self._goods.sold_by[party.subsidiary]
            products = [pick(rng, sellable) for _ in range(1 + int(rng.random() ** 2 * 5))]
            if trouble == "discontinued_product":
                products[-1] = pick(rng, self._goods.discontinued)
            discount = Decimal("0.45") if trouble == "steep_discount" else None
            lines = self._lines(rng, sequence, products, party.level, currency, discount)
        return self._write(rng, sequence, party, WON, 100, created, closed, closed, currency, lines, trouble=trouble)

    def _orderly(self, rng: random.Random) -> Profile:
        found = self._find(rng, self._profiles.count, _is_orderly)
        return found if found is not None else self._profiles.of(0)

    def _foreign(self, rng: random.Random, party: Profile) -> str:
        offered = foundation.SUBSIDIARIES[party.subsidiary - 1].currencies
        return pick(rng, [one.code for one in foundation.CURRENCIES if one.code not in offered])

    # --- everything else -------------------------------------------------------------------------------------------

    def _usual(self, rng: random.Random, sequence: int, created: datetime) -> Deal:
        expected = _expected(rng, created)
        closes = self._closes(expected)
        known = self._profiles.count if created > self._now - timedelta(days=140) else self._profiles.settled
        won = closes and chance(rng, _WON_SHARE)
        lately = created > self._now - RETIRED
        party = self._find(rng, known, (_still_trades if lately else _is_customer) if won else _in_crm)
        if party is None:
            won, party = False, self._profiles.of(0)
        if closes:
            stage, probability = (WON, 100) if won else (LOST, 0)
            modified = min(expected + timedelta(hours=rng.random() * 20), self._now - timedelta(hours=2))
        else:
            progress = (self._now - created) / (expected - created) if expected > created else 1.0
            stage, probability = STAGES[min(int(progress * len(STAGES)), len(STAGES) - 1)]
            modified = between(rng, created, self._now - timedelta(hours=2))
        currency = pick(rng, party.currencies)
        early = probability in (10, 20)
        lines: tuple[DealLine, ...] = ()
        if not early or chance(rng, 0.4):
            choice = self._goods.traded if closes else self._goods.sellable
            products = [pick(rng, choice) for _ in range(1 + int(rng.random() ** 2 * 7))]
            lines = self._lines(rng, sequence, products, party.level, currency, None)
        return self._write(rng, sequence, party, stage, probability, created, expected, modified, currency, lines)

    # --- parts -----------------------------------------------------------------------------------------------------

    def _find(self, rng: random.Random, known: int, wanted: Callable[[Profile], bool]) -> Profile | None:
        """A wanted party among the first ``known``; older ones are met more often."""
        start = int(rng.random() ** 1.7 * known)
        for step in range(min(known, 4_000)):
            profile = self._profiles.of((start + step) % known)
            if wanted(profile):
                return profile
        return None

    def _lines(
        self,
        rng: random.Random,
        sequence: int,
        products: list[int],
        level: int,
        currency: str,
        discount: Decimal | None,
    ) -> tuple[DealLine, ...]:
        lines: list[DealLine] = []
        for product in dict.fromkeys(products):
            price = self._goods.price(product, level, currency)
            if price.crm_price is None:
                price = self._goods.price(product, foundation.BASE, currency)
            assert price.crm_price is not None
            quantity = _quantity(rng, price.crm_price)
            less = discount if discount is not None else _discount(rng)
            lines.append(
                DealLine(
                    sequence=sequence * ids.LINES_PER_DEAL + len(lines),
                    position=len(lines) + 1,
                    product=product,
                    price=price.sequence,
                    quantity=quantity,
                    list_price=price.crm_price,
                    unit_price=max((price.crm_price * (1 - less)).quantize(_CENT), _CENT),
                    description=None,
                )
            )
        return tuple(lines)

    def _write(
        self,
        rng: random.Random,
        sequence: int,
        party: Profile,
        stage: str,
        probability: int,
        created: datetime,
        closes: datetime,
        modified: datetime,
        currency: str,
        lines: tuple[DealLine, ...],
        trouble: Trouble | None = None,
    ) -> Deal:
        won = stage == WON
        ordered = won and self.fresh_rank(sequence) is None
        stored = ordered and (self.by_hand(sequence) or chance(rng, 0.7))
        estimate = Decimal(round(500 + rng.random() ** 3 * 60_000, -2))
        crm_product = self._goods.product(lines[0].product).crm if lines else None
        topic = crm_product.family if crm_product else "Enquiry"
        return Deal(
            id=f"deal-{sequence:06}",
            sequence=sequence,
            name=f"{party.core} - {topic} {created:%m/%Y}"[:120],
            party=party.sequence,
            owner=party.owner,
            stage=stage,
            probability=probability,
            is_closed=probability in (0, 100),
            is_won=won,
            close_date=closes.date(),
            currency=currency,
            level=party.level if lines else None,
            amount=sum((line.total for line in lines), Decimal(0)) if lines else estimate,
            lines=lines,
            kind="New Customer" if not party.in_erp else "Existing Customer - Upgrade",
            lead_source=pick(rng, ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other", None)),
            next_step=None if probability in (0, 100) else pick(rng, ("Call", "Send quote", "Site visit", None)),
            description=None,
            purchase_order=f"PO-{int(rng.random() * 90_000) + 10_000}" if won and chance(rng, 0.6) else None,
            stored_erp_id=str(ids.netsuite_transaction_id(sequence * ids.TRANSACTIONS_PER_ORDER)) if stored else None,
            stored_order_number=order_number(sequence) if stored else None,
            trouble=trouble,
            created=created,
            modified=max(modified, created).replace(microsecond=0),
        )


def _expected(rng: random.Random, created: datetime) -> datetime:
    return created + timedelta(days=10 + rng.random() ** 2 * 110)


def order_number(place: int) -> str:
    """The ERP's number of its ``place``-th order."""
    return f"SO{FIRST_ORDER + place}"


def _in_crm(profile: Profile) -> bool:
    return profile.in_crm


def _is_customer(profile: Profile) -> bool:
    return profile.in_crm and profile.in_erp


def _still_trades(profile: Profile) -> bool:
    return profile.in_crm and profile.trades


def _is_orderly(profile: Profile) -> bool:
    return _still_trades(profile) and profile.credit_hold != "on"


def _is_prospect(profile: Profile) -> bool:
    return profile.in_crm and not profile.in_erp and profile.duplicate_of is None


def _wanted(place: int, trouble: Trouble | None) -> Callable[[Profile], bool]:
    """What kind of party a fresh win needs; twins and single prospects never meet."""
    if trouble == "closed_subsidiary":
        return lambda one: _is_customer(one) and one.subsidiary == foundation.BENELUX and one.erp_active
    if trouble == "no_address":
        return lambda one: _is_prospect(one) and not one.crm_address
    if trouble == "twin_prospect":
        return lambda one: _is_prospect(one) and one.crm_address and one.sequence % 2 == 0
    if place in _PROSPECTS:
        return lambda one: _is_prospect(one) and one.crm_address and one.sequence % 2 == 1
    return _is_orderly


def _quantity(rng: random.Random, price: Decimal) -> Decimal:
    """Many of what is cheap, few of what is dear."""
    most = 400 if price < 20 else 60 if price < 150 else 8
    return Decimal(1 + int(rng.random() ** 2 * most))


def _discount(rng: random.Random) -> Decimal:
    way = rng.random()
    if way < 0.6:
        return Decimal(0)
    return Decimal(2 + int(rng.random() * (8 if way < 0.9 else 13))) / 100
