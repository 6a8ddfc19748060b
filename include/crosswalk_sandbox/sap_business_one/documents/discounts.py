"""Discount groups: for one partner, a partner group or all; by item, item group, manufacturer or property (SAP Business One §15)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from math import prod
from typing import TYPE_CHECKING, Final

from crosswalk_sandbox.sap_business_one.desk import exact
from crosswalk_sandbox.sap_business_one.documents.values import HUNDRED, NO, ZERO, is_yes, within

if TYPE_CHECKING:
    from crosswalk_sandbox.sap_business_one.desk import Desk, Row

_SPECIFIC: Final = ("dgboItems", "dgboItemGroups", "dgboManufacturer")


def group_discount(desk: Desk, partner: Row, item: Row, on: date) -> Decimal | None:
    """Percent of the first group that says something of the item: the partner's, its partner group's, everybody's."""
    if is_yes(partner.get("NoDiscounts")):
        return None
    whose = (("dgt_SpecificBP", str(partner["CardCode"])), ("dgt_CustomerGroup", str(partner.get("GroupCode", 100))),
             ("dgt_AllBPs", None))  # fmt: skip
    for kind, code in whose:
        for group in desk.find("EnhancedDiscountGroups", Type=kind):
            if code is not None and str(group.get("ObjectCode")) != code:
                continue
            if group.get("Active") == NO or not within(on, group.get("ValidFrom"), group.get("ValidTo")):
                continue
            found = _of_item(group, item)
            if found is not None:
                return found
    return None


def _of_item(group: Row, item: Row) -> Decimal | None:
    lines = group.get("DiscountGroupLineCollection") or []
    codes = {"dgboItems": item["ItemCode"], "dgboItemGroups": item.get("ItemsGroupCode", 100),
             "dgboManufacturer": item.get("Manufacturer", -1)}  # fmt: skip
    for kind in _SPECIFIC:
        for line in lines:
            if line.get("ObjectType") == kind and str(line.get("ObjectCode")) == str(codes[kind]):
                return exact(line.get("Discount"))
    found = [
        exact(line.get("Discount"))
        for line in lines
        if line.get("ObjectType") == "dgboItemProperties" and is_yes(item.get(f"Properties{line.get('ObjectCode')}"))
    ]
    return _together(str(group.get("DiscountRelations")), found) if found else None


def _together(relation: str, found: list[Decimal]) -> Decimal:
    """Several properties fit: the lowest, the highest, the average, the sum or one after the other."""
    if relation == "dgrHighestDiscount":
        return max(found)
    if relation == "dgrAverageDiscount":
        return sum(found, ZERO) / len(found)
    if relation == "dgrDiscountTotals":
        return min(sum(found, ZERO), HUNDRED)
    if relation == "dgrMultipliedDiscount":
        return HUNDRED * (1 - prod((1 - each / HUNDRED for each in found), start=Decimal(1)))
    return min(found)
