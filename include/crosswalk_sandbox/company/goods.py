"""Products, prices and stock: a catalogue of industrial supplies that two systems keep, not quite alike."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Final

from crosswalk_sandbox.company import foundation, ids
from crosswalk_sandbox.company.dice import Kind, Weighted, between, chance, dice, pick
from crosswalk_sandbox.company.model import (
    CrmProduct,
    ErpItem,
    ItemKind,
    KitMember,
    Price,
    PriceLevel,
    Product,
    Stock,
)

_GOODS: Final = (
    ("Hex bolt", "HB", "Fasteners", 4), ("Socket screw", "SS", "Fasteners", 5), ("Lock nut", "LN", "Fasteners", 3),
    ("Ball valve", "BV", "Valves", 48), ("Gate valve", "GV", "Valves", 95), ("Check valve", "CV", "Valves", 62),
    ("Pressure gauge", "PG", "Instruments", 36), ("Flow meter", "FM", "Instruments", 410),
    ("Temperature sensor", "TS", "Instruments", 88), ("Hydraulic hose", "HH", "Hydraulics", 27),
    ("Hydraulic pump", "HP", "Hydraulics", 940), ("Cylinder", "CY", "Hydraulics", 265),
    ("Deep groove bearing", "DB", "Bearings", 14), ("Taper roller bearing", "TR", "Bearings", 39),
    ("V-belt", "VB", "Drives", 12), ("Gear motor", "GM", "Drives", 620), ("Frequency drive", "FD", "Drives", 780),
    ("Contactor", "CO", "Electrical", 55), ("Cable gland", "CG", "Electrical", 6), ("Safety relay", "SR", "Electrical", 140),
    ("Work glove", "WG", "Safety", 9), ("Safety helmet", "SH", "Safety", 22), ("Welding wire", "WW", "Welding", 45),
    ("Cutting disc", "CD", "Abrasives", 3), ("Air filter", "AF", "Filters", 31), ("Gasket set", "GS", "Seals", 17),
)  # fmt: skip
_SIZES: Final = (
    "M6",
    "M8",
    "M10",
    "M12",
    "DN15",
    "DN25",
    "DN40",
    "DN50",
    "3/4in",
    "1in",
    "S",
    "L",
    "A2",
    "A4",
    "24V",
    "400V",
)
_FINISHES: Final = ("zinc plated", "stainless", "brass", "heavy duty", "standard", "long life", "compact", "high temp")
_SERVICES: Final = (
    ("On-site installation", "day", 890), ("Maintenance contract", "year", 1450), ("Calibration", "each", 120),
    ("Operator training", "day", 980), ("Express assembly", "hour", 95),
)  # fmt: skip
_KINDS: Final[Weighted[ItemKind]] = Weighted(("inventory", 72), ("non_inventory", 8), ("service", 10), ("kit", 10))
_SIDES: Final = Weighted(("both", 96), ("crm", 2), ("erp", 2))
_CENT: Final = Decimal("0.01")
_BRACKET: Final = Decimal(100)
_SLOTS_PER_LEVEL: Final = 2 * len(foundation.CURRENCIES)
_LEVEL_PLACES: Final = {level.sequence: place for place, level in enumerate(foundation.PRICE_LEVELS)}
_CURRENCY_SLOTS: Final = {currency.code: slot for slot, currency in enumerate(foundation.CURRENCIES)}
SLOTS_PER_PRODUCT: Final = _SLOTS_PER_LEVEL * len(foundation.PRICE_LEVELS)


@dataclass(frozen=True, slots=True)
class _Good:
    """A product with the base price (USD) its prices come from."""

    product: Product
    base: Decimal


class Goods:
    """The catalogue of one company; held in memory, for catalogues are small beside everything else."""

    def __init__(self, seed: int, now: datetime, count: int) -> None:
        self._seed = seed
        self._now = now
        self._count = count
        self._asked: dict[tuple[int, int, str], Price] = {}

    @cached_property
    def _goods(self) -> tuple[_Good, ...]:
        made: list[_Good] = []
        components: list[_Good] = []
        for sequence in range(self._count):
            good = self._make(dice(self._seed, Kind.PRODUCT, sequence), sequence, components)
            made.append(good)
            if good.product.kind == "inventory" and good.product.erp and good.product.crm:
                components.append(good)
        return tuple(made)

    def __iter__(self) -> Iterator[Product]:
        return (good.product for good in self._goods)

    def __len__(self) -> int:
        return self._count

    def product(self, sequence: int) -> Product:
        """The product with this sequence."""
        return self._goods[sequence].product

    @cached_property
    def sellable(self) -> tuple[int, ...]:
        """Products on both sides that neither has discontinued."""
        return tuple(one.sequence for one in self if one.crm and one.erp and one.crm.is_active and one.erp.is_active)

    @cached_property
    def discontinued(self) -> tuple[int, ...]:
        """Products the CRM still sells while the ERP has discontinued them."""
        return tuple(
            one.sequence for one in self if one.crm and one.erp and one.crm.is_active and not one.erp.is_active
        )

    @cached_property
    def traded(self) -> tuple[int, ...]:
        """Products that both sides have, whatever became of them."""
        return tuple(one.sequence for one in self if one.crm and one.erp)

    @cached_property
    def sold_by(self) -> dict[int, tuple[int, ...]]:
        """By subsidiary: the sellable products it may sell."""
        return {
            one.sequence: tuple(
                product
                for product in self.sellable
                if (erp := self.product(product).erp) is not None and one.sequence in erp.subsidiaries
            )
            for one in foundation.SUBSIDIARIES
        }

    def prices(self) -> Iterator[Price]:
        """All prices, product by product, the standard level first."""
        for good in self._goods:
            for place, level in enumerate(foundation.PRICE_LEVELS):
                for slot in range(len(foundation.CURRENCIES)):
                    yield self._price(good, place, level, slot)
                if good.product.erp and good.product.kind == "inventory" and good.product.sequence % 5 == 0:
                    for slot in range(len(foundation.CURRENCIES)):
                        yield self._bracket(good, place, level, slot)

    def price(self, product: int, level: int, currency: str) -> Price:
        """The price of one product at a level (its sequence) in a currency, for any quantity."""
        asked = (product, level, currency)
        found = self._asked.get(asked)
        if found is None:
            place, slot = _LEVEL_PLACES[level], _CURRENCY_SLOTS[currency]
            found = self._price(self._goods[product], place, foundation.PRICE_LEVELS[place], slot)
            self._asked[asked] = found
        return found

    def stock(self) -> Iterator[Stock]:
        """Stock of inventory products in the warehouses of the subsidiaries that sell them."""
        for good in self._goods:
            erp = good.product.erp
            if erp is None or good.product.kind != "inventory":
                continue
            for location in foundation.LOCATIONS:
                if location.subsidiary in erp.subsidiaries:
                    rng = dice(self._seed, Kind.STOCK, good.product.sequence << 8 | location.sequence)
                    yield _stock(rng, good.product.sequence, location.sequence)

    def _make(self, rng: random.Random, sequence: int, components: list[_Good]) -> _Good:
        kind = _KINDS.draw(rng)
        if kind == "kit" and len(components) < 4:
            kind = "inventory"
        members: tuple[KitMember, ...] = ()
        if kind == "service":
            (what, unit, base), finish = pick(rng, _SERVICES), pick(rng, ("basic", "plus", "premium"))
            code, family, name = "SV", "Services", f"{what}, {finish}"
            price = Decimal(base) * Decimal(round(0.8 + rng.random() * 0.8, 2))
        elif kind == "kit":
            chosen = rng.sample(components, 2 + int(rng.random() * 3))
            members = tuple(KitMember(one.product.sequence, Decimal(1 + int(rng.random() * 4))) for one in chosen)
            code, family, unit = "KT", "Kits", "each"
            name = f"Service kit {sequence}"
            price = sum((one.base * member.quantity for one, member in zip(chosen, members, strict=True)), Decimal(0))
            price *= Decimal("0.9")
        else:
            (what, code, family, base), unit = pick(rng, _GOODS), "each"
            name = f"{what} {pick(rng, _SIZES)} {pick(rng, _FINISHES)}"
            price = Decimal(base) * Decimal(round(0.5 + rng.random() * 1.5, 2))
        sku = f"{code}-{1000 + sequence}"
        return _Good(self._sides(rng, sequence, sku, kind, members, name, family, unit, price), price.quantize(_CENT))

    def _sides(
        self,
        rng: random.Random,
        sequence: int,
        sku: str,
        kind: ItemKind,
        members: tuple[KitMember, ...],
        name: str,
        family: str,
        unit: str,
        price: Decimal,
    ) -> Product:
        where = _SIDES.draw(rng)
        keyed = where == "both" and chance(rng, 0.6)
        fate = rng.random()
        created = between(rng, self._now - timedelta(days=8 * 365), self._now - timedelta(days=4 * 365))
        modified = between(rng, created, self._now - timedelta(days=2))
        code = sku.lower() if chance(rng, 0.04) else sku.replace("-", "") if keyed and chance(rng, 0.03) else sku
        crm = CrmProduct(
            code=code,
            name=name if chance(rng, 0.85) else name.upper(),
            description=f"{name} ({family})" if chance(rng, 0.7) else None,
            family=family,
            unit=unit,
            is_active=not (0.04 <= fate < 0.08),
            stored_erp_id=str(ids.netsuite_item_id(sequence)) if keyed and chance(rng, 0.7) else None,
            created=created,
            modified=modified,
        )
        erp = ErpItem(
            number=sku,
            display_name=name if chance(rng, 0.8) else f"{family}: {name}",
            description=f"{name} ({family})" if chance(rng, 0.7) else None,
            unit=unit,
            is_active=fate >= 0.06,
            cost=(price * Decimal("0.55")).quantize(_CENT),
            subsidiaries=_sellers(rng),
            weight_kg=Decimal(1 + int(rng.random() * 200)) / 10 if kind == "inventory" else None,
            external_id=ids.product_external_id(sequence) if keyed and crm.stored_erp_id is None else None,
            created=created,
            modified=modified,
        )
        return Product(
            id=f"product-{sequence:05}",
            sequence=sequence,
            sku=sku,
            kind=kind,
            members=members,
            crm=crm if where != "erp" else None,
            erp=erp if where != "crm" else None,
        )

    def _price(self, good: _Good, place: int, level: PriceLevel, slot: int) -> Price:
        product = good.product
        sequence = product.sequence * SLOTS_PER_PRODUCT + place * _SLOTS_PER_LEVEL + slot
        rng = dice(self._seed, Kind.PRICE, sequence)
        currency = foundation.CURRENCIES[slot]
        listed = (good.base / currency.rate * (100 - level.discount) / 100).quantize(_CENT)
        disagrees = chance(rng, 0.02)
        crm_price = listed
        if disagrees:
            factor = Decimal(round(rng.choice((0.9, 0.95, 0.97, 1.03, 1.05, 1.1)), 2))
            crm_price = max((listed * factor).quantize(_CENT), listed + _CENT if factor > 1 else _CENT)
        missing = rng.random()
        return Price(
            sequence=sequence,
            product=product.sequence,
            level=level.sequence,
            currency=currency.code,
            minimum_quantity=Decimal(0),
            crm_price=crm_price if product.crm and (level.is_standard or missing >= 0.005) else None,
            crm_active=product.crm is not None and product.crm.is_active,
            erp_price=listed if product.erp and (level.is_standard or missing < 0.99) else None,
        )

    def _bracket(self, good: _Good, place: int, level: PriceLevel, slot: int) -> Price:
        """The ERP's price from 100 pieces on, six percent lower."""
        whole = self._price(good, place, level, slot)
        return Price(
            sequence=whole.sequence + len(foundation.CURRENCIES),
            product=whole.product,
            level=whole.level,
            currency=whole.currency,
            minimum_quantity=_BRACKET,
            crm_price=None,
            crm_active=False,
            erp_price=(whole.erp_price * Decimal("0.94")).quantize(_CENT) if whole.erp_price is not None else None,
        )


def _sellers(rng: random.Random) -> tuple[int, ...]:
    """All subsidiaries mostly; a few products are sold by the American one alone."""
    everyone = tuple(one.sequence for one in foundation.SUBSIDIARIES)
    return (foundation.INC,) if chance(rng, 0.03) else everyone


def _stock(rng: random.Random, product: int, location: int) -> Stock:
    on_hand = int(rng.random() ** 2 * 900) if chance(rng, 0.93) else 0
    committed = min(int(rng.random() ** 3 * 120), on_hand)
    backordered = int(rng.random() * 30) if committed == on_hand else 0
    on_order = int(rng.random() * 200) if chance(rng, 0.3) else 0
    return Stock(
        product,
        location,
        Decimal(on_hand),
        Decimal(committed),
        Decimal(backordered),
        Decimal(on_order),
        Decimal(10 * (1 + int(rng.random() * 10))),
    )
