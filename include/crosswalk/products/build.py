"""Linked and unlinked products as the writes they ask for, and what a person has to decide. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from crosswalk.identity.survivorship import Survivor, first_values
from crosswalk.model.records import Image, Value
from crosswalk.pairing import ProductPolicy
from crosswalk.products.merge import Base, Verdict, verdicts

Side = Literal["crm", "erp"]
CREATED_WITH = ("sku", "name", "description", "is_active")
_OTHER: Mapping[Side, Side] = {"crm": "erp", "erp": "crm"}
_TO_THE_OTHER: Mapping[Side, Verdict] = {"crm": Verdict.TO_ERP, "erp": Verdict.TO_CRM}


@dataclass(frozen=True, slots=True)
class ProductPair:
    """One linked product as both systems say it is, and as both were when they last agreed."""

    crm: Image
    erp: Image
    crm_base: Base = field(default_factory=dict)
    erp_base: Base = field(default_factory=dict)

    def side(self, side: Side) -> Image:
        """Return one side's image."""
        return self.crm if side == "crm" else self.erp


@dataclass(frozen=True, slots=True)
class ProductChange:
    """Fields that one side is to take over from the other. ``values`` are the source's, in canonical form."""

    target: Side
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a person has to decide or mend about one record."""

    side: Side
    key: str
    code: str
    field: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class PairPlan:
    """What one pair asks for. ``agreed`` are fields on which there is nothing to do; they are the new base of either side."""

    pair: ProductPair
    changes: tuple[ProductChange, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    agreed: tuple[str, ...] = ()

    @property
    def done(self) -> bool:
        """Whether the pair asks for nothing."""
        return not self.changes and not self.troubles


def plan_pair(
    pair: ProductPair, policy: ProductPolicy, survivors: Mapping[str, Survivor] = MappingProxyType({})
) -> PairPlan:
    """Return what a linked pair asks for; ``survivors`` say whose value of a field comes first while the sides never agreed on it."""
    if pair.crm.deleted or pair.erp.deleted:
        return _deleted(pair, policy)
    first = {
        name: _TO_THE_OTHER[kept.side]
        for name, kept in first_values(pair.crm, pair.erp, survivors, tuple(survivors)).items()
        if kept.side
    }
    judged = verdicts(pair.crm.values, pair.erp.values, (pair.crm_base, pair.erp_base), policy, first)
    return PairPlan(
        pair,
        tuple(_changes(pair, judged)),
        tuple(_conflict(pair, name, policy) for name, verdict in judged.items() if verdict is Verdict.CONFLICT),
        tuple(name for name, verdict in judged.items() if verdict is Verdict.SAME),
    )


def _changes(pair: ProductPair, judged: Mapping[str, Verdict]) -> Iterator[ProductChange]:
    ways: tuple[tuple[Verdict, Side], ...] = ((Verdict.TO_CRM, "crm"), (Verdict.TO_ERP, "erp"))
    for way, target in ways:
        source = pair.side(_OTHER[target])
        values = {name: source.values.get(name) for name, verdict in judged.items() if verdict is way}
        if values:
            yield ProductChange(target, values)


def _deleted(pair: ProductPair, policy: ProductPolicy) -> PairPlan:
    """A deletion is never passed on as one (law 11): at most it deactivates the product that sells what is gone."""
    if pair.crm.deleted or policy.deleted_items == "leave" or pair.crm.values.get("is_active") is False:
        return PairPlan(pair)
    if policy.deleted_items == "deactivate" and "is_active" in policy.fields:
        return PairPlan(pair, (ProductChange("crm", {"is_active": False}),))
    trouble = Trouble(
        "crm",
        pair.crm.key,
        "item_deleted",
        "is_active",
        f"Item {pair.erp.key} of product {pair.crm.values.get('name')!r} was deleted in the ERP.",
        "Deactivate the product, or link it to the item that takes its place.",
    )
    return PairPlan(pair, troubles=(trouble,))


def _conflict(pair: ProductPair, name: str, policy: ProductPolicy) -> Trouble:
    crm, erp, label = pair.crm.values.get(name), pair.erp.values.get(name), pair.crm.values.get("name")
    master = policy.fields[name]
    if master == "either":
        says = f"Product {label!r}: {name} was changed on both sides, to {crm!r} in the CRM and to {erp!r} in the ERP."
        hint = "Enter the right value on either side, so that both are equal."
    else:
        system = {"erp": "ERP", "crm": "CRM"}
        other = "crm" if master == "erp" else "erp"
        says = (
            f"Product {label!r}: {name} is {crm!r} in the CRM and {erp!r} in the ERP; the {system[master]} decides it."
        )
        hint = f"Undo the edit in the {system[other]}, or make it in the {system[master]}."
    return Trouble("crm", pair.crm.key, "product_conflict", name, says, hint)


# --- products that one side lacks ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Unlinked:
    """A product that has no counterpart. ``twins`` are records of the other side that look like it or are named by it."""

    image: Image
    side: Side
    twins: tuple[str, ...] = ()


def plan_missing(product: Unlinked) -> ProductChange | Trouble:
    """Return the record to be created on the other side, or why it cannot be."""
    image, target = product.image, _OTHER[product.side]
    where = {"crm": "CRM", "erp": "ERP"}
    name = image.values.get("name")
    if product.twins:
        return Trouble(
            product.side,
            image.key,
            "product_may_exist",
            "sku",
            f"Product {name!r} is not linked, but the {where[target]} has {', '.join(product.twins[:3])} that looks like it.",
            "Give both the same code and make it unique on either side; then they are linked.",
        )
    if not image.values.get("sku"):
        return Trouble(
            product.side,
            image.key,
            "sku_missing",
            "sku",
            f"Product {name!r} has no code, without which the {where[target]} cannot have it.",
            "Enter its code.",
        )
    values = {name: image.values[name] for name in CREATED_WITH if image.values.get(name) is not None}
    return ProductChange(target, values)


def may_create(product: Unlinked, policy: ProductPolicy, *, asked: bool) -> bool:
    """Tell whether the policy creates this product's counterpart. What nobody sells any more is created nowhere."""
    rule = policy.create_items if product.side == "crm" else policy.create_products
    if rule == "never" or (rule == "on_request" and not asked):
        return False
    kind = product.image.values.get("product_type")
    return product.image.values.get("is_active") is not False and (
        product.side == "crm" or kind in policy.product_types
    )
