"""The canonical entities: which fields each has, of which kind.

An entity is data, so that the hub's tables, the mapping's checks and the planner's comparisons all come from one place.
References between records of one system (``customer_key`` of a deal) hold that system's native ids;
links (hub) say which native ids of two systems are the same thing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Canonical value kinds and their Python types."""

    TEXT = "text"  # str, stripped, never empty
    EMAIL = "email"  # str, lower case
    PHONE = "phone"  # str, E.164 where it can be parsed, else as typed
    COUNTRY = "country"  # str, ISO 3166-1 alpha-2
    CURRENCY = "currency"  # str, ISO 4217
    AMOUNT = "amount"  # Decimal, in the record's currency
    QUANTITY = "quantity"  # Decimal
    INTEGER = "integer"  # int
    BOOLEAN = "boolean"  # bool
    DATE = "date"  # date
    INSTANT = "instant"  # aware datetime, UTC
    REFERENCE = "reference"  # str, native id in the same system
    CHOICE = "choice"  # str out of the field's values


@dataclass(frozen=True, slots=True)
class Field:
    """One canonical field. ``sensitive`` fields have no way into a CRM unless a pairing allow-lists them (law 10)."""

    name: str
    kind: Kind
    required: bool = False
    choices: tuple[str, ...] = ()
    refers_to: str | None = None
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class Entity:
    """One canonical kind of record."""

    name: str
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field:
        """Return the field called ``name``; raises KeyError when there is none."""
        for candidate in self.fields:
            if candidate.name == name:
                return candidate
        raise KeyError(name)

    @property
    def field_names(self) -> tuple[str, ...]:
        """Names in table order."""
        return tuple(field.name for field in self.fields)


STAGES = ("subscriber", "lead", "marketing_qualified", "sales_qualified", "opportunity", "customer", "evangelist")
"""How far a company has come in a CRM, in the order in which it goes; ``other`` stands beside it."""

CUSTOMER_KINDS = ("lead", "prospect", "customer")
"""What a company is in an ERP, in the order in which it becomes it; ``other`` stands beside it."""


def _address(prefix: str) -> tuple[Field, ...]:
    return (
        Field(f"{prefix}_street", Kind.TEXT),
        Field(f"{prefix}_city", Kind.TEXT),
        Field(f"{prefix}_state", Kind.TEXT),
        Field(f"{prefix}_postal_code", Kind.TEXT),
        Field(f"{prefix}_country", Kind.COUNTRY),
    )


CUSTOMER = Entity(
    "customer",
    (
        Field("name", Kind.TEXT, required=True),
        Field("number", Kind.TEXT),  # the ERP's customer number, where either side knows it
        Field("counterpart_key", Kind.TEXT),  # the other system's native id, as stored in this record
        Field("email", Kind.EMAIL),
        Field("phone", Kind.PHONE),
        Field("website", Kind.TEXT),
        Field("currency", Kind.CURRENCY),
        Field("parent_key", Kind.REFERENCE, refers_to="customer"),
        Field("subsidiary", Kind.TEXT),
        Field("is_active", Kind.BOOLEAN),
        Field("stage", Kind.CHOICE, choices=(*STAGES, "other")),  # a CRM's word
        Field("kind", Kind.CHOICE, choices=(*CUSTOMER_KINDS, "other")),  # an ERP's word
        *_address("billing"),
        *_address("shipping"),
        Field("terms", Kind.TEXT),
        Field("price_level", Kind.TEXT),
        Field("credit_limit", Kind.AMOUNT, sensitive=True),
        Field("credit_hold", Kind.CHOICE, choices=("ok", "watch", "hold")),
        Field("balance", Kind.AMOUNT, sensitive=True),
        Field("overdue", Kind.AMOUNT, sensitive=True),
        Field("owner", Kind.TEXT),
    ),
)

CONTACT = Entity(
    "contact",
    (
        Field("customer_key", Kind.REFERENCE, refers_to="customer"),
        Field("counterpart_key", Kind.TEXT),
        Field("first_name", Kind.TEXT),
        Field("last_name", Kind.TEXT),
        Field("email", Kind.EMAIL),
        Field("phone", Kind.PHONE),
        Field("mobile", Kind.PHONE),
        Field("title", Kind.TEXT),
        Field("is_active", Kind.BOOLEAN),
    ),
)

PRODUCT = Entity(
    "product",
    (
        Field("sku", Kind.TEXT),
        Field("counterpart_key", Kind.TEXT),
        Field("name", Kind.TEXT, required=True),
        Field("description", Kind.TEXT),
        Field("product_type", Kind.CHOICE, choices=("inventory", "non_inventory", "service", "kit", "other")),
        Field("unit", Kind.TEXT),
        Field("is_active", Kind.BOOLEAN),
    ),
)

PRICE = Entity(
    "price",
    (
        Field("product_key", Kind.REFERENCE, refers_to="product", required=True),
        Field("price_list", Kind.TEXT, required=True),  # price level (ERP) or price book (CRM), by name
        Field("currency", Kind.CURRENCY),
        Field("minimum_quantity", Kind.QUANTITY),
        Field("unit_price", Kind.AMOUNT),
        Field("is_active", Kind.BOOLEAN),
    ),
)

STOCK = Entity(
    "stock",
    (
        Field("product_key", Kind.REFERENCE, refers_to="product", required=True),
        Field("location", Kind.TEXT, required=True),
        Field("on_hand", Kind.QUANTITY),
        Field("available", Kind.QUANTITY),
        Field("committed", Kind.QUANTITY),
        Field("on_order", Kind.QUANTITY),
    ),
)

DEAL = Entity(
    "deal",
    (
        Field("name", Kind.TEXT, required=True),
        Field("customer_key", Kind.REFERENCE, refers_to="customer"),
        Field("counterpart_key", Kind.TEXT),  # the order's native id, as stored in the deal
        Field("stage", Kind.TEXT),
        Field("is_closed", Kind.BOOLEAN),
        Field("is_won", Kind.BOOLEAN),
        Field("close_date", Kind.DATE),
        Field("currency", Kind.CURRENCY),
        Field("amount", Kind.AMOUNT),
        Field("probability", Kind.QUANTITY),
        Field("purchase_order", Kind.TEXT),
        Field("price_list", Kind.TEXT),
        Field("owner", Kind.TEXT),
        Field("description", Kind.TEXT),
    ),
)

DEAL_LINE = Entity(
    "deal_line",
    (
        Field("deal_key", Kind.REFERENCE, refers_to="deal", required=True),
        Field("product_key", Kind.REFERENCE, refers_to="product"),
        Field("sku", Kind.TEXT),
        Field("description", Kind.TEXT),
        Field("quantity", Kind.QUANTITY),
        Field("unit_price", Kind.AMOUNT),
        Field("list_price", Kind.AMOUNT),
        Field("total", Kind.AMOUNT),
        Field("position", Kind.INTEGER),
    ),
)

ORDER = Entity(
    "order",
    (
        Field("number", Kind.TEXT),
        Field("customer_key", Kind.REFERENCE, refers_to="customer"),
        Field("intent_key", Kind.TEXT),  # the key the order was created under (law 1)
        Field(
            "status",
            Kind.CHOICE,
            choices=("pending_approval", "open", "partially_shipped", "shipped", "billed", "closed", "cancelled"),
        ),
        Field("order_date", Kind.DATE),
        Field("ship_date", Kind.DATE),
        Field("currency", Kind.CURRENCY),
        Field("subsidiary", Kind.TEXT),
        Field("total", Kind.AMOUNT),
        Field("tax_total", Kind.AMOUNT),
        Field("purchase_order", Kind.TEXT),
        Field("memo", Kind.TEXT),
    ),
)

ORDER_LINE = Entity(
    "order_line",
    (
        Field("order_key", Kind.REFERENCE, refers_to="order", required=True),
        Field("product_key", Kind.REFERENCE, refers_to="product"),
        Field("description", Kind.TEXT),
        Field("quantity", Kind.QUANTITY),
        Field("unit_price", Kind.AMOUNT),
        Field("total", Kind.AMOUNT),
        Field("quantity_shipped", Kind.QUANTITY),
        Field("quantity_billed", Kind.QUANTITY),
        Field("location", Kind.TEXT),
        Field("position", Kind.INTEGER),
    ),
)

INVOICE = Entity(
    "invoice",
    (
        Field("number", Kind.TEXT),
        Field("customer_key", Kind.REFERENCE, refers_to="customer"),
        Field("order_key", Kind.REFERENCE, refers_to="order"),
        Field("status", Kind.CHOICE, choices=("open", "paid", "voided", "pending_approval")),
        Field("invoice_date", Kind.DATE),
        Field("due_date", Kind.DATE),
        Field("currency", Kind.CURRENCY),
        Field("total", Kind.AMOUNT),
        Field("amount_remaining", Kind.AMOUNT),
    ),
)

PAYMENT = Entity(
    "payment",
    (
        Field("number", Kind.TEXT),
        Field("customer_key", Kind.REFERENCE, refers_to="customer"),
        Field("status", Kind.CHOICE, choices=("pending", "not_deposited", "deposited", "voided")),
        Field("payment_date", Kind.DATE),
        Field("currency", Kind.CURRENCY),
        Field("amount", Kind.AMOUNT),
    ),
)

SHIPMENT = Entity(
    "shipment",
    (
        Field("number", Kind.TEXT),
        Field("customer_key", Kind.REFERENCE, refers_to="customer"),
        Field("order_key", Kind.REFERENCE, refers_to="order"),
        Field("status", Kind.CHOICE, choices=("picked", "packed", "shipped")),
        Field("ship_date", Kind.DATE),
        Field("tracking_numbers", Kind.TEXT),
    ),
)

ENTITIES: dict[str, Entity] = {
    entity.name: entity
    for entity in (
        CUSTOMER,
        CONTACT,
        PRODUCT,
        PRICE,
        STOCK,
        DEAL,
        DEAL_LINE,
        ORDER,
        ORDER_LINE,
        INVOICE,
        PAYMENT,
        SHIPMENT,
    )
}
