"""Where each canonical entity lives in SuiteQL: table, joins, key, stamp, and what changes it without touching its stamp.

Tables and columns are those of NetSuite §7; what their stamps miss is in NetSuite §8. SQL-92 joins throughout: the two
dialects may not be mixed in a query (NetSuite §6).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from crosswalk.model.errors import ConfigurationError, SchemaError

_PATH = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Join:
    """A table joined to the main one under an alias. ``needs`` names aliases to join before; ``columns`` renames."""

    clause: str
    needs: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Touch:
    """A change elsewhere that alters the row: ``condition`` with one ``?`` for the lower bound of the stamp.

    It applies when one of ``fields`` is selected, or always when there are none.
    """

    condition: str
    fields: frozenset[str] = frozenset()

    def concerns(self, paths: frozenset[str]) -> bool:
        """Tell whether a selection of these paths sees the change."""
        return not self.fields or bool(self.fields & paths)


@dataclass(frozen=True, slots=True)
class Source:
    """One entity. ``identity`` makes a row this entity; ``scope`` is what a pull leaves out besides."""

    entity: str
    table: str
    keys: tuple[str, ...]
    modified: str | None
    record: str | None = None  # the REST type; None when it cannot be written as a record of its own
    joins: Mapping[str, Join] = field(default_factory=dict)
    always: tuple[str, ...] = ()
    identity: str = ""
    scope: str = ""
    touches: tuple[Touch, ...] = ()
    ages: frozenset[str] = frozenset()  # fields that change because a day begins
    deleted_as: frozenset[str] = frozenset()
    lines: str | None = None  # the sublist that holds a document's lines
    stamped_by_parent: bool = False  # the stamp is the parent's: a save of the parent brings all its rows again
    columns: tuple[str, ...] = ()  # documented columns, where no metadata describes the table

    def expression(self, path: str) -> tuple[str, str | None]:
        """Return SQL for a native path and the alias it needs; raises ConfigurationError for one not offered."""
        if not _PATH.fullmatch(path):
            raise ConfigurationError(
                f"{path!r} is not a column of NetSuite's {self.table}.",
                hint="Give `column`, or `joined.column`, in the mapping file.",
                field=path,
            )
        alias, dot, column = path.lower().rpartition(".")
        if not dot or alias == self.table:
            return f"{self.table}.{column}", None
        if alias not in self.joins:
            raise ConfigurationError(
                f"{path!r}: nothing called {alias!r} is joined to NetSuite's {self.table}.",
                hint=f"Use one of: {', '.join(sorted(self.joins)) or 'none'}.",
                field=path,
            )
        return f"{alias}.{self.joins[alias].columns.get(column, column)}", alias

    def clauses(self, aliases: set[str]) -> list[str]:
        """Return the join clauses for these aliases and what they need, each once, in order."""
        ordered: dict[str, str] = {}

        def add(alias: str) -> None:
            for needed in self.joins[alias].needs:
                add(needed)
            ordered.setdefault(alias, self.joins[alias].clause)

        for alias in (*self.always, *sorted(aliases)):
            add(alias)
        return list(ordered.values())


def source_of(entity: str) -> Source:
    """Return an entity's source; raises SchemaError for one NetSuite is not asked for."""
    if entity not in SOURCES:
        raise SchemaError(
            f"NetSuite holds no entity called {entity!r} here.", hint=f"Use one of: {', '.join(sorted(SOURCES))}."
        )
    return SOURCES[entity]


def _lookup(table: str, alias: str, on: str, *, needs: tuple[str, ...] = (), **columns: str) -> Join:
    name = table if table == alias else f"{table} {alias}"
    return Join(f"LEFT JOIN {name} ON {alias}.id = {on}", needs, columns)


def _address(purpose: str) -> dict[str, Join]:
    book = f"{purpose}_book"
    return {
        book: Join(
            f"LEFT JOIN customeraddressbook {book} ON {book}.entity = customer.id AND {book}.default{purpose} = 'T'"
        ),
        purpose: Join(
            f"LEFT JOIN customeraddressbookentityaddress {purpose} ON {purpose}.nkey = {book}.addressbookaddress",
            (book,),
        ),
    }


_BALANCES = frozenset(
    {"balancesearch", "overduebalancesearch", "unbilledorderssearch", "depositbalancesearch", "oncredithold"}
)
_LINKED = (
    "IN (SELECT nexttransactionlinelink.previousdoc FROM nexttransactionlinelink"
    " WHERE nexttransactionlinelink.lastmodifieddate >= TO_TIMESTAMP(?, '{format}'))"
)
_CUSTOMER_OF_TRANSACTION = Touch(
    "customer.id IN (SELECT transaction.entity FROM transaction"
    " WHERE transaction.lastmodifieddate >= TO_TIMESTAMP(?, '{format}'))",
    _BALANCES,
)

_CUSTOMER = Source(
    entity="customer",
    table="customer",
    keys=("customer.id",),
    modified="customer.lastmodifieddate",
    record="customer",
    joins={
        **_address("billing"),
        **_address("shipping"),
        "currency": _lookup("currency", "currency", "customer.currency"),
        "terms": _lookup("term", "terms", "customer.terms"),
        "pricelevel": _lookup("pricelevel", "pricelevel", "customer.pricelevel"),
        "subsidiary": _lookup("subsidiary", "subsidiary", "customer.subsidiary"),
        "salesrep": _lookup("employee", "salesrep", "customer.salesrep", name="entityid"),
    },
    scope="customer.searchstage = 'Customer'",
    touches=(_CUSTOMER_OF_TRANSACTION,),
    ages=frozenset({"overduebalancesearch", "daysoverduesearch", "oncredithold"}),
    deleted_as=frozenset({"customer", "prospect", "lead"}),
)

_CONTACT = Source(
    entity="contact",
    table="contact",
    keys=("contact.id",),
    modified="contact.lastmodifieddate",
    record="contact",
    joins={
        "customer": _lookup("customer", "customer", "contact.company"),
        "subsidiary": _lookup("subsidiary", "subsidiary", "contact.subsidiary"),
    },
    deleted_as=frozenset({"contact"}),
)

# (itemtype, subtype) → REST type (NetSuite §12.3); subtype matters for what is bought and sold
ITEM_RECORDS: Mapping[tuple[str, str], str] = {
    ("InvtPart", ""): "inventoryItem",
    ("NonInvtPart", "Sale"): "nonInventorySaleItem",
    ("NonInvtPart", "Resale"): "nonInventoryResaleItem",
    ("NonInvtPart", "Purchase"): "nonInventoryPurchaseItem",
    ("Service", "Sale"): "serviceSaleItem",
    ("Service", "Resale"): "serviceResaleItem",
    ("Service", "Purchase"): "servicePurchaseItem",
    ("OthCharge", "Sale"): "otherChargeSaleItem",
    ("OthCharge", "Resale"): "otherChargeResaleItem",
    ("OthCharge", "Purchase"): "otherChargePurchaseItem",
    ("Kit", ""): "kitItem",
    ("Assembly", ""): "assemblyItem",
    ("Group", ""): "itemGroup",
    ("Discount", ""): "discountItem",
}
_ITEM_DELETIONS = frozenset(
    {
        "item", "itemgroup", "inventoryitem", "lotnumberedinventoryitem", "serializedinventoryitem", "noninventoryitem",
        "serviceitem", "otherchargeitem", "kititem", "assemblyitem", "lotnumberedassemblyitem", "discountitem",
        "serializedassemblyitem", "invtpart", "noninvtpart", "service", "othcharge", "kit", "assembly", "group",
        "discount", *(record.lower() for record in ITEM_RECORDS.values()),
    }
)  # fmt: skip

_PRODUCT = Source(
    entity="product",
    table="item",
    keys=("item.id",),
    modified="item.lastmodifieddate",
    record="inventoryItem",
    joins={"unitstype": _lookup("unitstype", "unitstype", "item.unitstype")},
    deleted_as=_ITEM_DELETIONS,
)

_PRICE = Source(
    entity="price",
    table="pricing",
    keys=("pricing.item", "pricing.pricelevel", "NVL(pricing.currency, 0)", "NVL(pricing.quantity, 0)"),
    modified=None,
    joins={
        "item": _lookup("item", "item", "pricing.item"),
        "pricelevel": _lookup("pricelevel", "pricelevel", "pricing.pricelevel"),
        "currency": _lookup("currency", "currency", "pricing.currency"),
    },
    columns=("item", "pricelevel", "currency", "quantity", "unitprice"),
)

_STOCK = Source(
    entity="stock",
    table="inventoryitemlocations",
    keys=("inventoryitemlocations.item", "inventoryitemlocations.location"),
    modified="inventoryitemlocations.lastquantityavailablechange",
    joins={
        "item": _lookup("item", "item", "inventoryitemlocations.item"),
        "location": _lookup("location", "location", "inventoryitemlocations.location"),
    },
    columns=(
        "item", "location", "quantityavailable", "quantityonhand", "quantitycommitted", "quantitybackordered",
        "quantityonorder", "quantityintransit", "lastquantityavailablechange",
    ),
)  # fmt: skip


def _document(entity: str, kind: str, record: str, lines: str, *deleted_as: str) -> Source:
    return Source(
        entity=entity,
        table="transaction",
        keys=("transaction.id",),
        modified="transaction.lastmodifieddate",
        record=record,
        joins={
            "line": Join("LEFT JOIN transactionline line ON line.transaction = transaction.id AND line.mainline = 'T'"),
            "currency": _lookup("currency", "currency", "transaction.currency"),
            "terms": _lookup("term", "terms", "transaction.terms"),
            "customer": _lookup("customer", "customer", "transaction.entity"),
            "subsidiary": _lookup("subsidiary", "subsidiary", "line.subsidiary", needs=("line",)),
            "location": _lookup("location", "location", "line.location", needs=("line",)),
        },
        identity=f"transaction.type = '{kind}'",
        touches=(Touch(f"transaction.id {_LINKED}"),),
        deleted_as=frozenset({kind.lower(), record.lower(), *deleted_as}),
        lines=lines,
    )


_ORDER_LINE = Source(
    entity="order_line",
    table="transactionline",
    keys=("transactionline.transaction", "transactionline.id"),
    modified="transaction.lastmodifieddate",
    joins={
        "transaction": Join("JOIN transaction ON transaction.id = transactionline.transaction"),
        "item": _lookup("item", "item", "transactionline.item"),
        "location": _lookup("location", "location", "transactionline.location"),
        "subsidiary": _lookup("subsidiary", "subsidiary", "transactionline.subsidiary"),
    },
    always=("transaction",),
    identity=(
        "transaction.type = 'SalesOrd' AND transactionline.mainline = 'F' AND transactionline.taxline = 'F'"
        " AND NVL(transactionline.iscogs, 'F') = 'F' AND NVL(transactionline.kitcomponent, 'F') = 'F'"
        " AND NVL(transactionline.itemtype, '-') NOT IN ('ShipItem', 'TaxItem', 'TaxGroup', 'Subtotal', 'EndGroup')"
    ),
    touches=(
        Touch("transactionline.linelastmodifieddate >= TO_TIMESTAMP(?, '{format}')"),
        Touch(f"transaction.id {_LINKED}"),
    ),
    stamped_by_parent=True,
    columns=(
        "transaction", "id", "item", "itemtype", "quantity", "rate", "foreignamount", "netamount", "units", "memo",
        "location", "subsidiary", "price", "quantityshiprecv", "quantitybilled", "quantitybackordered", "isclosed",
        "linesequencenumber", "uniquekey",
    ),
)  # fmt: skip

SOURCES: Mapping[str, Source] = {
    source.entity: source
    for source in (
        _CUSTOMER,
        _CONTACT,
        _PRODUCT,
        _PRICE,
        _STOCK,
        _document("order", "SalesOrd", "salesOrder", "item"),
        _ORDER_LINE,
        _document("invoice", "CustInvc", "invoice", "item"),
        _document("payment", "CustPymt", "customerPayment", "apply", "payment"),
        _document("shipment", "ItemShip", "itemFulfillment", "item"),
    )
}
