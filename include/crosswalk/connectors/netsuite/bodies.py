"""Flat native values → the JSON documents of the record service.

entity: "107"                → "entity": {"id": "107"}             a reference, by the table below (NetSuite §4)
billing.city: "Bonn"         → an item of "addressBook"            customers only (NetSuite §12.1)
shippingAddress.city: "Bonn" → "shippingAddress": {"city": …}      any other dotted path nests
lines                        → "item": {"items": [ … ]}            (NetSuite §5.9)
None                         → null, which clears the field        (NetSuite §5.6)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from crosswalk.model.records import Value

_EVERYWHERE = frozenset({"class", "currency", "customForm", "department", "location", "subsidiary"})
_SALE = _EVERYWHERE | {
    "billAddressList", "billingSchedule", "createdFrom", "discountItem", "entity", "job", "leadSource", "nexus",
    "opportunity", "orderStatus", "orderType", "partner", "postingPeriod", "salesChannel", "salesGroup", "salesRep",
    "shipAddressList", "shipMethod", "terms", "account", "approvalStatus", "billingAccount", "taxItem",
}  # fmt: skip

# Fields that hold a reference or an enumeration, by REST type (REST API Browser 2026.1)
REFERENCES: Mapping[str, frozenset[str]] = {
    "customer": _EVERYWHERE
    | {
        "assignedWebSite", "billingSchedule", "category", "creditHoldOverride", "drAccount", "emailPreference",
        "entityStatus", "fxAccount", "globalSubscriptionStatus", "language", "leadSource", "monthlyClosing", "parent",
        "partner", "priceLevel", "receivablesAccount", "representingSubsidiary", "salesGroup", "salesRep",
        "shippingCarrier", "shippingItem", "taxItem", "terms", "territory",
    },
    "contact": _EVERYWHERE | {"assistant", "company", "contactSource", "globalSubscriptionStatus", "supervisor"},
    "salesOrder": _SALE,
    "invoice": _SALE,
    "customerPayment": _EVERYWHERE | {"account", "arAcct", "customer", "paymentOption", "postingPeriod", "undepFunds"},
    "itemFulfillment": _EVERYWHERE
    | {"createdFrom", "entity", "partner", "postingPeriod", "shipAddressList", "shipCarrier", "shipMethod", "shipStatus"},
    "item": (_EVERYWHERE - {"subsidiary"})
    | {
        "assetAccount", "billingSchedule", "cogsAccount", "costingMethod", "incomeAccount", "overallQuantityPricingType",
        "parent", "preferredLocation", "pricingGroup", "purchaseUnit", "quantityPricingSchedule", "saleUnit",
        "salesTaxCode", "stockUnit", "taxSchedule", "unitsType", "weightUnit",
    },
}  # fmt: skip
LINE_REFERENCES: Mapping[str, frozenset[str]] = {
    "item": frozenset(
        {
            "billingSchedule", "class", "commitInventory", "costEstimateType", "createPo", "department",
            "inventorylocation", "inventorysubsidiary", "item", "itemFulfillmentChoice", "job", "location", "price",
            "shipAddress", "shipCarrier", "shipMethod", "subsidiary", "taxCode",
        }
    ),
    "apply": frozenset({"doc"}),
}  # fmt: skip
_COLLECTIONS: Mapping[str, frozenset[str]] = {"item": frozenset({"subsidiary"}), "contact": frozenset({"category"})}
PURPOSES = ("billing", "shipping")


def document(family: str, values: Mapping[str, Value]) -> dict[str, object]:
    """Return the body for a record of a family (a key of `REFERENCES`), without addresses and lines."""
    body: dict[str, Any] = {}
    for path, value in values.items():
        *parents, name = path.split(".")
        place = body
        for parent in parents:
            place = place.setdefault(parent, {})
        place[name] = _value(name, value, family, nested=bool(parents))
    return body


def lines_of(sublist: str, lines: Sequence[Mapping[str, Value]]) -> dict[str, object]:
    """Return a sublist as it travels: ``{"items": [ … ]}``."""
    references = LINE_REFERENCES.get(sublist, frozenset())
    return {"items": [{name: _leaf(value, name in references) for name, value in line.items()} for line in lines]}


def split_addresses(values: Mapping[str, Value]) -> tuple[dict[str, Value], dict[str, dict[str, Value]]]:
    """Return the values without addresses, and the addresses by purpose (``billing``, ``shipping``)."""
    addresses: dict[str, dict[str, Value]] = {}
    rest: dict[str, Value] = {}
    for path, value in values.items():
        purpose, dot, name = path.partition(".")
        if dot and purpose in PURPOSES:
            addresses.setdefault(purpose, {})[name] = value
        else:
            rest[path] = value
    return rest, {purpose: parts for purpose, parts in addresses.items() if any(parts.values())}


def new_addresses(addresses: Mapping[str, Mapping[str, Value]]) -> dict[str, object]:
    """Return the address book of a new customer: one entry when both addresses are the same, else one each."""
    if len({_fingerprint(parts) for parts in addresses.values()}) == 1:
        return {"items": [_entry(_given(next(iter(addresses.values()))), tuple(addresses))]}
    return {"items": [_entry(_given(parts), (purpose,)) for purpose, parts in addresses.items()]}


def changed_addresses(
    addresses: Mapping[str, Mapping[str, Value]], book: Sequence[Mapping[str, str]]
) -> dict[str, object]:
    """Return address-book items that change a customer's default addresses.

    ``book`` holds the entries there are: ``internalid``, ``defaultbilling``, ``defaultshipping`` and address columns.
    An entry without its key would be added a second time (NetSuite §12.1), so that each default entry is named; one that
    serves both purposes is only changed when both change alike, else the changed address gets an entry of its own.
    """
    alike = len(addresses) > 1 and len({_fingerprint(parts) for parts in addresses.values()}) == 1
    items: dict[str, dict[str, object]] = {}
    for purpose, parts in addresses.items():
        entry = next((row for row in book if row.get(f"default{purpose}") == "T"), None)
        shared = entry is not None and all(entry.get(f"default{other}") == "T" for other in PURPOSES)
        if entry is None or (shared and not alike):
            known = {name: entry[name] for name in _PARTS if name in entry} if entry else {}
            items[f"new {purpose}"] = _entry(_given({**known, **parts}), (purpose,))
        else:
            items[entry["internalid"]] = {"internalId": int(entry["internalid"]), **_entry(parts, (purpose,))}
    if alike and all(key.startswith("new ") for key in items):
        return new_addresses(addresses)
    return {"items": list(items.values())}


_PARTS = ("addressee", "attention", "addr1", "addr2", "addr3", "city", "state", "zip", "country")


def _entry(parts: Mapping[str, Value], purposes: tuple[str, ...]) -> dict[str, object]:
    flags = {f"default{purpose.capitalize()}": True for purpose in purposes}
    return {**flags, "addressBookAddress": {name: _leaf(value, name == "country") for name, value in parts.items()}}


def _given(parts: Mapping[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in parts.items() if value is not None}


def _fingerprint(parts: Mapping[str, Value]) -> tuple[tuple[str, Value], ...]:
    return tuple(sorted((name, value) for name, value in parts.items() if value is not None))


def _value(name: str, value: Value, family: str, *, nested: bool) -> object:
    if nested:
        return _leaf(value, name == "country")
    if name in _COLLECTIONS.get(family, frozenset()):
        return {"items": [{"id": _key(value)}] if value is not None else []}
    return _leaf(value, name in REFERENCES.get(family, frozenset()))


def _leaf(value: Value, reference: bool) -> object:
    if value is None:
        return None
    if reference:
        return {"id": _key(value)}
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value


def _key(value: Value) -> object:
    return value if isinstance(value, bool) else str(value)
