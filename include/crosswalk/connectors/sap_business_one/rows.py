"""A native path → a value out of a body, and what must be selected for it.

``CardName``                     a property of the record (of the row, where the entity is a collection's rows)
``parent.ItemCode``              a property of the document or master a row is part of
``billing.City``                 a part of a partner's default address
``PriceList.PriceListName``      a property of what the record names: expanded, or looked up
``AddressExtension.ShipToCity``  inside a complex value
``computed.status``              what no property says by itself
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from crosswalk.connectors.sap_business_one.sources import DELIVERY, ORDER, STAMP, VERSION, Source
from crosswalk.model.errors import ConfigurationError
from crosswalk.model.records import NativeField

Body = Mapping[str, Any]
Look = Callable[[str, object, str], object]
"""(alias, key, property) → what a small table says."""

ADDRESSES = {"billing": ("bo_BillTo", "BilltoDefault"), "shipping": ("bo_ShipTo", "ShipToDefault")}


@dataclass(frozen=True, slots=True)
class Row:
    """One record as it comes: its parent's body, its own (the same, where it is no row), its key, and whether it is a draft."""

    parent: Body
    own: Body
    key: str
    parent_key: str
    draft: bool = False


@dataclass(frozen=True, slots=True)
class Computed:
    """Something made of several properties. ``needs`` must be selected of the parent, ``tables`` are looked up: (alias, property)."""

    needs: tuple[str, ...]
    make: Callable[[Row, Look], object]
    tables: tuple[tuple[str, str], ...] = ()


def needs_of(source: Source, fields: Sequence[NativeField]) -> tuple[list[str], dict[str, list[str]]]:
    """Return the properties to select of the set, and what to expand: navigation property → its properties."""
    wanted: dict[str, None] = dict.fromkeys(source.keys)
    if source.stamped:
        wanted |= dict.fromkeys((*STAMP, VERSION))
    if source.rows:
        wanted[source.rows] = None
    if source.reread:
        wanted["DocumentStatus"] = None
    expanded: dict[str, list[str]] = {}
    for native in fields:
        alias, dot, name = native.path.partition(".")
        if not dot:
            if not source.rows:
                wanted[alias] = None
        elif alias in ADDRESSES:
            wanted |= dict.fromkeys(("BPAddresses", ADDRESSES[alias][1]))
        elif alias == "parent":
            wanted[name] = None
        elif alias == "computed":
            wanted |= dict.fromkeys(computed(source, native.path).needs)
        elif alias in source.expands:
            expanded.setdefault(source.expands[alias], []).append(name)
        elif alias not in source.lookups:
            wanted[alias] = None
    return list(wanted), expanded


def tables_of(source: Source, fields: Sequence[NativeField]) -> list[tuple[str, str]]:
    """Return what is looked up in small tables: (alias, property)."""
    found: list[tuple[str, str]] = []
    for native in fields:
        alias, dot, name = native.path.partition(".")
        if dot and alias in source.lookups:
            found.append((alias, name))
        elif dot and alias == "computed":
            found += computed(source, native.path).tables
    return found


def finder(source: Source, path: str) -> Callable[[Row, Look], object]:
    """Return what takes a path's raw value out of a row."""
    alias, dot, name = path.partition(".")
    if not dot:
        return lambda row, look: row.own.get(alias)
    if alias in ADDRESSES:
        return lambda row, look: (default_address(row.parent, alias) or {}).get(name)
    if alias == "parent":
        return lambda row, look: row.parent.get(name)
    if alias == "computed":
        return computed(source, path).make
    if alias in source.lookups:
        by = source.lookups[alias][2]
        return lambda row, look: look(alias, row.own.get(by), name)
    nested = source.expands.get(alias, alias)
    return lambda row, look: (row.parent.get(nested) or {}).get(name)


def default_address(partner: Body, purpose: str) -> Body | None:
    """Return a partner's default address of a purpose, the first of its kind where none is named; None when there is none."""
    kind, default = ADDRESSES[purpose]
    alike = [row for row in partner.get("BPAddresses") or () if row.get("AddressType") == kind]
    named = (row for row in alike if row.get("AddressName") == partner.get(default))
    return next(named, alike[0] if alike else None)


def computed(source: Source, path: str) -> Computed:
    """Return how a computed value is made; raises ConfigurationError for one that is not offered."""
    name = path.partition(".")[2]
    known = COMPUTED.get(source.entity, {})
    if name not in known:
        raise ConfigurationError(
            f"{path!r}: nothing called {name!r} is computed for SAP Business One's {source.name}.",
            hint=f"Use one of: {', '.join(f'computed.{one}' for one in sorted(known)) or 'none'}.",
            field=path,
        )
    return known[name]


# --- what is computed -----------------------------------------------------------------------------


def _number(raw: object) -> Decimal:
    return Decimal(str(raw)) if raw not in (None, "") else Decimal(0)


def _either(body: Body, foreign: str, local: str) -> Decimal:
    """An amount in the document's currency: plain names are in local currency (§15)."""
    return _number(body.get(foreign)) or _number(body.get(local))


def _credit(row: Row, _look: Look) -> str:
    """How a partner stands: frozen, or with more owed, delivered and ordered than its limit (0 is none, §16)."""
    body = row.parent
    if body.get("Frozen") == "tYES":
        return "frozen"
    owed = sum((_number(body.get(name)) for name in _OWED), Decimal(0))
    limit = _number(body.get("CreditLimit"))
    return "over" if limit and owed > limit else "within"


def _product_type(row: Row, _look: Look) -> object:
    body = row.parent
    if body.get("TreeType") == "iSalesTree":
        return "kit"
    return "inventory" if body.get("InventoryItem") == "tYES" else body.get("ItemType")


def _order_status(row: Row, _look: Look) -> str:
    body = row.parent
    if row.draft:
        return "rejected" if body.get("AuthorizationStatus") == "dasRejected" else "waiting"
    if body.get("Cancelled") == "tYES":
        return "cancelled"
    lines = [line for line in body.get("DocumentLines") or () if line.get("TreeType") != "iIngredient"]
    left = [_number(line.get("RemainingOpenQuantity")) for line in lines]
    if body.get("DocumentStatus") != "bost_Open":
        return "delivered" if left and not any(left) else "closed"
    whole = all(
        line.get("LineStatus") in (None, "bost_Open") and open_ == _number(line.get("Quantity"))
        for line, open_ in zip(lines, left, strict=True)
        if "RemainingOpenQuantity" in line
    )
    return "open" if whole else "partly_delivered"


def _invoice_status(row: Row, _look: Look) -> str:
    if row.parent.get("Cancelled") == "tYES" or row.parent.get("CancelStatus") in ("csYes", "csCancellation"):
        return "cancelled"
    return "open" if row.parent.get("DocumentStatus") == "bost_Open" else "paid"


def _shipment_status(row: Row, _look: Look) -> str | None:
    return None if row.parent.get("CancelStatus") in ("csYes", "csCancellation") else "shipped"


def _payment_status(row: Row, _look: Look) -> str:
    return "cancelled" if row.parent.get("Cancelled") == "tYES" else "booked"


def _open(row: Row, _look: Look) -> Decimal:
    body = row.parent
    if body.get("DocumentStatus") != "bost_Open":
        return Decimal(0)
    return _either(body, "DocTotalFc", "DocTotal") - _either(body, "PaidToDateFC", "PaidToDate")


def _paid(row: Row, _look: Look) -> Decimal:
    """What a payment brought: cash, transfer, checks, cards, bills of exchange (§15)."""
    body = row.parent
    parts = [_either(body, "CashSumFC", "CashSum"), _number(body.get("TransferSum"))]
    parts.append(_either(body, "BillOfExchangeAmountFC", "BillOfExchangeAmount"))
    parts += [_number(check.get("CheckSum")) for check in body.get("PaymentChecks") or ()]
    parts += [_number(card.get("CreditSum")) for card in body.get("PaymentCreditCards") or ()]
    return sum(parts, Decimal(0))


def bases(body: Body, kind: int) -> Iterator[int]:
    """Yield the documents of a type that a document's lines were copied from."""
    for line in body.get("DocumentLines") or ():
        if line.get("BaseType") == kind and isinstance(line.get("BaseEntry"), int):
            yield line["BaseEntry"]


def _order_of(row: Row, look: Look) -> object:
    """The order a document was copied from, by way of the delivery where it was copied from that."""
    order: object = next(bases(row.parent, ORDER), None)
    if order is None and (delivery := next(bases(row.parent, DELIVERY), None)) is not None:
        order = look("order of delivery", delivery, "DocEntry")
    return order


def _line_total(row: Row, _look: Look) -> Decimal:
    return _either(row.own, "RowTotalFC", "LineTotal")


def _line_shipped(row: Row, _look: Look) -> Decimal | None:
    if row.draft or "RemainingOpenQuantity" not in row.own:
        return None
    return _number(row.own.get("Quantity")) - _number(row.own.get("RemainingOpenQuantity"))


def _price_list(row: Row, look: Look) -> object:
    return row.own.get("price_list") or look("PriceList", row.own.get("PriceList"), "PriceListName")


_TOTALS = {
    "total": Computed(("DocTotal", "DocTotalFc"), lambda row, _: _either(row.parent, "DocTotalFc", "DocTotal")),
    "tax_total": Computed(("VatSum", "VatSumFc"), lambda row, _: _either(row.parent, "VatSumFc", "VatSum")),
}
_PARENT = {"parent": Computed((), lambda row, _: row.parent_key)}
_OF_ORDER = {"order": Computed(("DocumentLines",), _order_of)}
_STATUS_OF_ORDER = Computed(("DocumentStatus", "Cancelled", "AuthorizationStatus", "DocumentLines"), _order_status)

_OWED = ("CurrentAccountBalance", "OpenDeliveryNotesBalance", "OpenOrdersBalance")

COMPUTED: Mapping[str, Mapping[str, Computed]] = {
    "customer": {"credit": Computed(("Frozen", "CreditLimit", *_OWED), _credit)},
    "contact": _PARENT,
    "product": {"product_type": Computed(("TreeType", "InventoryItem", "ItemType"), _product_type)},
    "price": {
        **_PARENT,
        "price_list": Computed((), _price_list, (("PriceList", "PriceListName"),)),
        "minimum_quantity": Computed((), lambda row, _: row.own.get("Quantity")),
    },
    "stock": {
        **_PARENT,
        "available": Computed((), lambda row, _: _number(row.own.get("InStock")) - _number(row.own.get("Committed"))),
    },
    "order": {**_TOTALS, "status": _STATUS_OF_ORDER},
    "order_line": {
        **_PARENT,
        "total": Computed((), _line_total),
        "shipped": Computed((), _line_shipped),
    },
    "invoice": {
        **_TOTALS,
        **_OF_ORDER,
        "status": Computed(("DocumentStatus", "Cancelled", "CancelStatus"), _invoice_status),
        "open": Computed(("DocumentStatus", "DocTotal", "DocTotalFc", "PaidToDate", "PaidToDateFC"), _open),
    },
    "payment": {
        "status": Computed(("Cancelled",), _payment_status),
        "amount": Computed(
            (
                "CashSum", "CashSumFC", "TransferSum", "BillOfExchangeAmount", "BillOfExchangeAmountFC", "PaymentChecks",
                "PaymentCreditCards",
            ),
            _paid,
        ),
    },
    "shipment": {**_OF_ORDER, "status": Computed(("CancelStatus",), _shipment_status)},
}  # fmt: skip


def special_rows(body: Body, today: date) -> Iterator[dict[str, object]]:
    """Yield a partner's prices of an item as rows of prices: the price itself, then those from a quantity on (§15, SpecialPrices).

    They stand in a list of the partner's own, called by its code; of ``*1``, ``*2`` and so on in the price list of that number. Only what
    holds ``today``.
    """
    card = str(body.get("CardCode") or "")
    everybody = int(card[1:]) if card[:1] == "*" and card[1:].isdecimal() else None
    named: dict[str, object] = {"price_list": card if everybody is None else None, "PriceList": everybody}
    if _number(body.get("Price")) and everybody is None:
        yield {**named, "Price": body.get("Price"), "Currency": body.get("Currency"), "row": f"@{card}"}
    for area in body.get("SpecialPriceDataAreas") or ():
        if not _holds(area, today):
            continue
        for step in area.get("SpecialPriceQuantityAreas") or ():
            quantity = _number(step.get("Quantity"))
            if _number(step.get("SpecialPrice")) and quantity:
                yield {
                    **named,
                    "Price": step.get("SpecialPrice"),
                    "Currency": step.get("PriceCurrency") or area.get("PriceCurrency") or body.get("Currency"),
                    "Quantity": quantity,
                    "row": f"@{card}|{quantity.normalize():f}",
                }


def _holds(area: Body, today: date) -> bool:
    first, last = str(area.get("DateFrom") or "")[:10], str(area.get("Dateto") or "")[:10]
    return first <= today.isoformat() and (not last or today.isoformat() <= last)
