"""Facts about what the company sells: products, prices, stock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

ItemKind = Literal["inventory", "non_inventory", "service", "kit"]


@dataclass(frozen=True, slots=True)
class KitMember:
    """One component of a kit: ``product`` is the component's sequence."""

    product: int
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class CrmProduct:
    """The product as the CRM has it. ``stored_erp_id`` is the ERP internal id kept in the CRM record, if any."""

    code: str
    name: str
    description: str | None
    family: str
    unit: str
    is_active: bool
    stored_erp_id: str | None
    created: datetime
    modified: datetime


@dataclass(frozen=True, slots=True)
class ErpItem:
    """The product as the ERP has it. ``cost`` must never reach a CRM. ``subsidiaries`` may sell it."""

    number: str
    display_name: str
    description: str | None
    unit: str
    is_active: bool
    cost: Decimal
    subsidiaries: tuple[int, ...]
    weight_kg: Decimal | None
    external_id: str | None
    created: datetime
    modified: datetime


@dataclass(frozen=True, slots=True)
class Product:
    """A product. Discontinued on one side means: that side's ``is_active`` is False while the other's is still True."""

    id: str
    sequence: int
    sku: str
    kind: ItemKind
    members: tuple[KitMember, ...]
    crm: CrmProduct | None
    erp: ErpItem | None


@dataclass(frozen=True, slots=True)
class Price:
    """The price of a product at a level in a currency, per side; None where that side has none.

    ``sequence`` numbers the CRM's price book entries. ``minimum_quantity`` is the lower bound of the bracket (ERP only:
    rows above 0 have no CRM price). The two sides disagree in about two of a hundred rows.
    """

    sequence: int
    product: int
    level: int
    currency: str
    minimum_quantity: Decimal
    crm_price: Decimal | None
    crm_active: bool
    erp_price: Decimal | None


@dataclass(frozen=True, slots=True)
class Stock:
    """Stock of an inventory product at a location (ERP); available = on hand less committed, at least 0."""

    product: int
    location: int
    on_hand: Decimal
    committed: Decimal
    backordered: Decimal
    on_order: Decimal
    reorder_point: Decimal

    @property
    def available(self) -> Decimal:
        """What can still be promised."""
        return max(self.on_hand - self.committed, Decimal(0))
