"""The neutral facts of the demo company: what exists in its world and how each side spells it.

Vendor-free. A fact has a stable ``id`` ("party-000123") for people and tests and an integer ``sequence`` (unique per
kind) from which :mod:`crosswalk_sandbox.company.ids` makes the vendor's id. Where a thing exists on one side only, the
other side's part is None. References between facts are sequences. Money is Decimal, instants are aware UTC, to the
second.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from crosswalk_sandbox.company.catalogue import CrmProduct, ErpItem, ItemKind, KitMember, Price, Product, Stock
from crosswalk_sandbox.company.documents import (
    Deal,
    DealLine,
    DocumentLine,
    Invoice,
    InvoiceStatus,
    Order,
    OrderLine,
    OrderStatus,
    Payment,
    PaymentStatus,
    Shipment,
    ShipmentStatus,
    Trouble,
)
from crosswalk_sandbox.company.partners import (
    Contact,
    CreditHold,
    CrmAccount,
    CrmContact,
    ErpContact,
    ErpCustomer,
    Linkage,
    Party,
)
from crosswalk_sandbox.company.setup import (
    Address,
    Currency,
    Location,
    PriceLevel,
    Salesperson,
    Subsidiary,
    TaxCode,
    Terms,
)

if TYPE_CHECKING:
    from crosswalk_sandbox.company.blocks import Blocks

__all__ = [
    "Address",
    "Company",
    "Contact",
    "CreditHold",
    "CrmAccount",
    "CrmContact",
    "CrmProduct",
    "Currency",
    "Deal",
    "DealLine",
    "DocumentLine",
    "ErpContact",
    "ErpCustomer",
    "ErpItem",
    "Invoice",
    "InvoiceStatus",
    "ItemKind",
    "KitMember",
    "Linkage",
    "Location",
    "Order",
    "OrderLine",
    "OrderStatus",
    "Party",
    "Payment",
    "PaymentStatus",
    "Price",
    "PriceLevel",
    "Product",
    "Salesperson",
    "Shipment",
    "ShipmentStatus",
    "Size",
    "Stock",
    "Subsidiary",
    "TaxCode",
    "Terms",
    "Trouble",
]


@dataclass(frozen=True, slots=True)
class Size:
    """How many records to make. Contacts, lines, invoices, payments and shipments follow in proportion."""

    accounts: int = 500
    products: int = 200
    deals: int = 2_000

    def scaled(self, factor: float) -> Size:
        """The size at ``factor``; products grow with its square root only, as catalogues do."""
        products = round(self.products * max(factor, 0.01) ** 0.5)
        return Size(max(round(self.accounts * factor), 10), max(products, 20), max(round(self.deals * factor), 40))


class Company(Protocol):
    """The demo company: small sets as tuples, everything that grows as iterators that can be asked for again.

    Iterators yield in ascending ``sequence``. A party's parent and original come before it. The same seed, ``now`` and
    size yield the same facts, in any process.
    """

    seed: int
    now: datetime
    size: Size
    name: str
    currencies: tuple[Currency, ...]
    subsidiaries: tuple[Subsidiary, ...]
    price_levels: tuple[PriceLevel, ...]
    locations: tuple[Location, ...]
    terms: tuple[Terms, ...]
    tax_codes: tuple[TaxCode, ...]
    salespeople: tuple[Salesperson, ...]

    @property
    def blocks(self) -> Blocks:
        """What it is made of."""
        ...

    def first_block(self) -> Company:
        """The company that its first block is on its own; itself where there is only one."""
        ...

    def products(self) -> Iterator[Product]:
        """Products, components before the kits that hold them."""

    def prices(self) -> Iterator[Price]:
        """Prices, of all products, levels and currencies; a product's standard level comes first."""

    def stock(self) -> Iterator[Stock]:
        """Stock of inventory products."""

    def parties(self) -> Iterator[Party]:
        """Customers and prospects with their contacts."""

    def deals(self) -> Iterator[Deal]:
        """CRM deals with their lines."""

    def orders(self) -> Iterator[Order]:
        """ERP orders with shipments, invoices and payments."""
