"""Facts about business done: deals in the CRM; orders, shipments, invoices and payments in the ERP."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

OrderStatus = Literal["pending_approval", "open", "partially_shipped", "shipped", "billed", "closed", "cancelled"]
InvoiceStatus = Literal["open", "paid"]
PaymentStatus = Literal["not_deposited", "deposited"]
ShipmentStatus = Literal["picked", "packed", "shipped"]
Trouble = Literal[
    "no_lines",
    "discontinued_product",
    "foreign_currency",
    "no_address",
    "closed_subsidiary",
    "twin_prospect",
    "steep_discount",
]


@dataclass(frozen=True, slots=True)
class DealLine:
    """A line of a deal. ``price`` is the sequence of the :class:`Price` (price book entry) it was taken from."""

    sequence: int
    position: int
    product: int
    price: int
    quantity: Decimal
    list_price: Decimal
    unit_price: Decimal
    description: str | None

    @property
    def total(self) -> Decimal:
        """Quantity times unit price, to the cent."""
        return (self.quantity * self.unit_price).quantize(Decimal("0.01"))


@dataclass(frozen=True, slots=True)
class Deal:
    """A deal (opportunity) of the CRM.

    ``party`` and ``owner`` are sequences; ``level`` is the price level whose price book it uses, None where no line
    ever chose one. ``stored_erp_id``/``stored_order_number`` are the ERP order's id and number as kept in the deal by
    an integration. ``trouble`` says why turning it into an order needs care (truth for tests; shown to no system).
    """

    id: str
    sequence: int
    name: str
    party: int
    owner: int
    stage: str
    probability: int
    is_closed: bool
    is_won: bool
    close_date: date
    currency: str
    level: int | None
    amount: Decimal
    lines: tuple[DealLine, ...]
    kind: str
    lead_source: str | None
    next_step: str | None
    description: str | None
    purchase_order: str | None
    stored_erp_id: str | None
    stored_order_number: str | None
    trouble: Trouble | None
    created: datetime
    modified: datetime


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A line of an ERP order. ``level`` None is a custom price. ``tax_code`` a tax code's sequence."""

    position: int
    product: int
    description: str | None
    quantity: Decimal
    rate: Decimal
    level: int | None
    amount: Decimal
    tax_code: int
    location: int
    shipped: Decimal
    billed: Decimal


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """A line of a shipment or invoice: so much of the order line at ``position``. ``amount`` is None on shipments."""

    position: int
    product: int
    quantity: Decimal
    rate: Decimal | None
    amount: Decimal | None
    location: int


@dataclass(frozen=True, slots=True)
class Shipment:
    """Goods sent for an order."""

    id: str
    sequence: int
    number: str
    shipped_on: date
    status: ShipmentStatus
    lines: tuple[DocumentLine, ...]
    tracking_numbers: tuple[str, ...]
    created: datetime
    modified: datetime


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice for an order (or part of it).

    ``total`` = ``subtotal`` + ``shipping_cost`` + ``tax_total``; ``remaining`` is still to be paid.
    """

    id: str
    sequence: int
    number: str
    invoiced_on: date
    due_on: date
    status: InvoiceStatus
    lines: tuple[DocumentLine, ...]
    subtotal: Decimal
    tax_total: Decimal
    total: Decimal
    remaining: Decimal
    created: datetime
    modified: datetime
    shipping_cost: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Payment:
    """Money received. ``applied`` pairs an invoice's sequence with the amount applied to it."""

    id: str
    sequence: int
    number: str
    paid_on: date
    status: PaymentStatus
    amount: Decimal
    applied: tuple[tuple[int, Decimal], ...]
    created: datetime
    modified: datetime


@dataclass(frozen=True, slots=True)
class Order:
    """An ERP sales order with everything that followed from it.

    ``deal`` is the sequence of the won CRM deal it was made from, None for orders taken directly in the ERP.
    ``sequence`` numbers all transactions: order = n x ids.TRANSACTIONS_PER_ORDER, its shipments, invoices and payments
    follow.
    ``total`` = ``subtotal`` + ``shipping_cost`` + ``tax_total``, in ``currency``; ``exchange_rate`` converts it to the
    subsidiary's base currency.
    """

    id: str
    sequence: int
    number: str
    party: int
    deal: int | None
    external_id: str | None
    status: OrderStatus
    ordered_on: date
    ship_on: date | None
    currency: str
    exchange_rate: Decimal
    subsidiary: int
    terms: int
    location: int
    sales_rep: int | None
    purchase_order: str | None
    memo: str | None
    lines: tuple[OrderLine, ...]
    subtotal: Decimal
    shipping_cost: Decimal
    tax_total: Decimal
    total: Decimal
    shipments: tuple[Shipment, ...]
    invoices: tuple[Invoice, ...]
    payments: tuple[Payment, ...]
    created: datetime
    modified: datetime
