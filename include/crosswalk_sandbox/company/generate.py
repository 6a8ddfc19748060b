"""The demo company, made from a seed: ``generate(seed, now, size)``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from crosswalk_sandbox.company import foundation
from crosswalk_sandbox.company.blocks import BLOCK, Blocks
from crosswalk_sandbox.company.customers import Customers
from crosswalk_sandbox.company.deals import Deals
from crosswalk_sandbox.company.goods import Goods
from crosswalk_sandbox.company.model import (
    Currency,
    Deal,
    Location,
    Order,
    Party,
    Price,
    PriceLevel,
    Product,
    Size,
    Stock,
    Subsidiary,
    TaxCode,
    Terms,
)
from crosswalk_sandbox.company.orders import Orders
from crosswalk_sandbox.company.profiles import Profiles

SEED = 20_260
"""The seed of the company that a new user meets."""


class DemoCompany:
    """Aldermoor Industrial Supply at one moment; see :class:`crosswalk_sandbox.company.model.Company`.

    One of more than ``block`` accounts is made of blocks: the streams tell the first one's facts, then those of its copies.
    """

    def __init__(self, seed: int, now: datetime, size: Size, block: int = BLOCK) -> None:
        self.blocks = Blocks.of(size, block)
        if self.blocks.count > 1:
            size = self.blocks.size
        self.seed = seed
        self.now = now
        self.size = self.blocks.whole
        self.name = foundation.NAME
        self.currencies: tuple[Currency, ...] = foundation.CURRENCIES
        self.subsidiaries: tuple[Subsidiary, ...] = foundation.SUBSIDIARIES
        self.price_levels: tuple[PriceLevel, ...] = foundation.PRICE_LEVELS
        self.locations: tuple[Location, ...] = foundation.LOCATIONS
        self.terms: tuple[Terms, ...] = foundation.TERMS
        self.tax_codes: tuple[TaxCode, ...] = foundation.TAX_CODES
        self.salespeople = foundation.salespeople(seed)
        profiles = Profiles(seed, now, size.accounts)
        self._goods = Goods(seed, now, size.products)
        self._customers = Customers(seed, now, profiles)
        self._deals = Deals(seed, now, size.deals, profiles, self._goods)
        self._orders = Orders(seed, now, profiles, self._goods, self._deals)

    def products(self) -> Iterator[Product]:
        """Products, components before the kits that hold them."""
        return iter(self._goods)

    def prices(self) -> Iterator[Price]:
        """Prices, product by product, the standard level first."""
        return self._goods.prices()

    def stock(self) -> Iterator[Stock]:
        """Stock of inventory products."""
        return self._goods.stock()

    def parties(self) -> Iterator[Party]:
        """Customers and prospects with their contacts."""
        yield from self._customers
        for copy in self.blocks.copies():
            yield from map(copy.party, self._customers)

    def parties_alone(self) -> Iterator[Party]:
        """Customers and prospects without their contacts, which saves half the time."""
        return (self._customers.party(sequence, people=False) for sequence in range(self.size.accounts))

    def deals(self) -> Iterator[Deal]:
        """CRM deals with their lines."""
        yield from self._deals
        for copy in self.blocks.copies():
            yield from map(copy.deal, self._deals)

    def orders(self) -> Iterator[Order]:
        """ERP orders with shipments, invoices and payments."""
        yield from self._orders
        for copy in self.blocks.copies():
            yield from map(copy.order, self._orders)

    def first_block(self) -> DemoCompany:
        """The company that the first block is on its own; itself where there is only one."""
        return (
            self if self.blocks.count == 1 else DemoCompany(self.seed, self.now, self.blocks.size, self.size.accounts)
        )


def generate(
    seed: int = SEED, now: datetime | None = None, size: Size | None = None, block: int = BLOCK
) -> DemoCompany:
    """The demo company as of ``now`` (aware; default: the present), of ``size`` (default: 500 accounts).

    Same arguments, same facts. Above ``block`` accounts all blocks are alike, so that the size is rounded to whole records of each. Raises ValueError for a ``now`` without a time zone or a size too small to trade.
    """
    moment = now or datetime.now(UTC)
    if moment.tzinfo is None:
        raise ValueError(f"The demo company needs a moment with a time zone, not {moment.isoformat()}")
    size = size or Size()
    if size.accounts < 1 or size.products < 20 or size.deals < 1:
        raise ValueError(f"The demo company needs at least 1 account, 20 products and 1 deal, not {size}")
    if seed < 0:
        raise ValueError(f"A seed is 0 or more, not {seed}")
    return DemoCompany(seed, moment.astimezone(UTC).replace(microsecond=0), size, block)
