"""Where each canonical entity lives in the Service Layer: set, key, rows, stamp, and what changes it without a new stamp.

Sets and properties are those of SAP Business One §15; what their stamps miss is in §13. Collections come in their parent's body (§5):
rows cost no call of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crosswalk.model.errors import SchemaError

STAMP = ("UpdateDate", "UpdateTime")
VERSION = "DataVersion"
ORDERS_WAITING = (
    "DocObjectCode eq 'oOrders' and (AuthorizationStatus eq 'dasPending' or AuthorizationStatus eq 'dasApproved'"
    " or AuthorizationStatus eq 'dasRejected')"
)
ORDER, DELIVERY, INVOICE = 17, 15, 13  # object types, as BaseType has them (§15)


@dataclass(frozen=True, slots=True)
class Touch:
    """Documents that alter a record of ours and leave its stamp alone: ``by`` names the record in them.

    ``by`` is a header property, or an object type: the lines' BaseEntry where BaseType is that. Without a stamp of their own they are
    asked for by their date.
    """

    native: str
    by: str | int
    stamped: bool = True


@dataclass(frozen=True, slots=True)
class Source:
    """One entity. ``rows`` is the collection its records are rows of, ``row_key`` what names a row there.

    ``lookups`` are small tables that a row names by a property: alias → (set, its key, that property). ``silent`` are fields that
    change without a stamp and that no document tells of for sure: a census reads the records anew.
    """

    entity: str
    native: str
    keys: tuple[str, ...]
    numeric: bool = False
    stamped: bool = True
    appended: bool = False  # never changed and never deleted, or nearly so: read on behind the last key
    rows: str | None = None
    row_key: str | None = None
    expands: Mapping[str, str] = field(default_factory=dict)  # alias → navigation property
    lookups: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    touches: tuple[Touch, ...] = ()
    silent: frozenset[str] = frozenset()
    reread: str = ""  # records that are read in every pull, whatever their stamp says
    drafts: bool = False  # documents that wait for an approval are shown beside those that are made
    can_vanish: bool = True  # records may be deleted
    table: str | None = None  # the database's table, for user fields
    page_rows: int = 500

    @property
    def name(self) -> str:
        """The native object as a mapping names it: ``Orders/DocumentLines``."""
        return f"{self.native}/{self.rows}" if self.rows else self.native


def source_of(entity: str) -> Source:
    """Return an entity's source; raises SchemaError for one the Service Layer is not asked for."""
    if entity not in SOURCES:
        raise SchemaError(
            f"SAP Business One holds no entity called {entity!r} here.",
            hint=f"Use one of: {', '.join(sorted(SOURCES))}.",
        )
    return SOURCES[entity]


_PARTNER_EXPANDS = {
    "PaymentTermsType": "PaymentTermsType",
    "PriceList": "PriceList",
    "SalesPerson": "SalesPerson",
    "BusinessPartnerGroup": "BusinessPartnerGroup",
}
_DOCUMENT_EXPANDS = {
    "PaymentTermsType": "PaymentTermsType",
    "SalesPerson": "SalesPerson",
    "ShippingType": "ShippingType",
    "BusinessPartner": "BusinessPartner",
}
_BALANCES = frozenset(
    {"CurrentAccountBalance", "OpenOrdersBalance", "OpenDeliveryNotesBalance", "OpenChecksBalance", "computed.credit"}
)
_STOCKS = frozenset({"QuantityOnStock", "QuantityOrderedByCustomers", "QuantityOrderedFromVendors"})
_SHIPPED = (Touch("DeliveryNotes", ORDER), Touch("Invoices", ORDER))


def _document(entity: str, native: str, table: str, **more: Any) -> Source:
    return Source(
        entity,
        native,
        ("DocEntry",),
        numeric=True,
        expands=_DOCUMENT_EXPANDS,
        can_vanish=False,
        table=table,
        **more,
    )


SOURCES: Mapping[str, Source] = {
    source.entity: source
    for source in (
        Source(
            "customer",
            "BusinessPartners",
            ("CardCode",),
            expands=_PARTNER_EXPANDS,
            touches=(
                *(Touch(name, "CardCode") for name in ("Orders", "DeliveryNotes", "Invoices", "CreditNotes")),
                Touch("IncomingPayments", "CardCode", stamped=False),
            ),
            silent=_BALANCES,
            table="OCRD",
        ),
        Source(
            "contact",
            "BusinessPartners",
            ("CardCode",),
            rows="ContactEmployees",
            row_key="InternalCode",
            table="OCPR",
            page_rows=200,
        ),
        Source("product", "Items", ("ItemCode",), silent=_STOCKS, table="OITM"),
        Source(
            "price",
            "Items",
            ("ItemCode",),
            stamped=False,
            rows="ItemPrices",
            row_key="PriceList",
            lookups={"PriceList": ("PriceLists", "PriceListNo", "PriceList")},
            page_rows=200,
        ),
        Source(
            "stock",
            "Items",
            ("ItemCode",),
            stamped=False,
            rows="ItemWarehouseInfoCollection",
            row_key="WarehouseCode",
            lookups={"Warehouse": ("Warehouses", "WarehouseCode", "WarehouseCode")},
            page_rows=200,
        ),
        _document("order", "Orders", "ORDR", touches=_SHIPPED, drafts=True, page_rows=200),
        _document(
            "order_line",
            "Orders",
            "RDR1",
            rows="DocumentLines",
            row_key="LineNum",
            touches=_SHIPPED,
            drafts=True,
            page_rows=200,
            lookups={"Warehouse": ("Warehouses", "WarehouseCode", "WarehouseCode")},
        ),
        _document("invoice", "Invoices", "OINV", reread="DocumentStatus eq 'bost_Open'", page_rows=200),
        _document("payment", "IncomingPayments", "ORCT", stamped=False, appended=True),
        _document("shipment", "DeliveryNotes", "ODLN", page_rows=200),
    )
}
WRITABLE = frozenset({"customer", "contact", "product", "order"})
