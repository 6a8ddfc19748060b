"""REST record types of items (NetSuite §12.3)."""

from __future__ import annotations

from typing import Final

from crosswalk_sandbox.netsuite.schema.language import RecordType, Sublist, fields

_COMMON: Final = """
    class:r(classification) createdDate:dt! customForm:e(customForm)~ department:r(department) description displayName
    dontShowPrice:b externalId id:i! includeChildren:b incomeAccount:r(account) internalId:i!=id isInactive:b isOnline:b
    itemId itemType:e(itemType)! lastModifiedDate:dt! location:r(location) manufacturer matrixType minimumQuantity:i mpn
    overallQuantityPricingType:e(quantityPricingType) parent:r(item) pricesIncludeTax:b pricingGroup:r(pricingGroup)
    quantityPricingSchedule:i salesDescription=description salesTaxCode:r(salesTaxItem) saleUnit:r(unitsTypeUnit)
    storeDescription storeDisplayName subsidiary:m(subsidiary) taxSchedule:r(taxSchedule) unitsType:r(unitsType) upcCode
    useMarginalRates:b vendorName
"""
_BOUGHT: Final = " cost:f purchaseDescription purchaseUnit:r(unitsTypeUnit) expenseAccount:r(account)"
_WEIGHED: Final = " weight:f weightUnit:e(weightUnit) isFulfillable:b"
_STOCKED: Final = """
    averageCost:f! cogsAccount:r(account) assetAccount:r(account) costingMethod:e(costingMethod) stockUnit:r(unitsTypeUnit)
    preferredLocation:r(location) totalQuantityOnHand:f! totalValue:f! isDropShipItem:b isSpecialOrderItem:b
    isLotItem:b!=islotitem isSerialItem:b!=isserialitem countryOfManufacture:e(country)
"""

_PRICE: Final = Sublist(
    "price",
    "pricing",
    "item",
    fields("currencyPage:r(currency)=currency priceLevel:r(priceLevel)=pricelevel quantity:f price:f=unitprice"),
    key=("quantity", "currencypage", "pricelevel"),
    number="internalid",
    where="customer IS NULL",
    order="currency, pricelevel, quantity",
)
_LOCATIONS: Final = Sublist(
    "locations",
    "inventoryitemlocations",
    "item",
    fields(
        "location:r(location) quantityOnHand:f! quantityAvailable:f! quantityCommitted:f! quantityBackOrdered:f!"
        " quantityOnOrder:f! quantityInTransit:f! reorderPoint:f preferredStockLevel:f safetyStockLevel:f leadTime:i"
        " averageCostMli:f! lastPurchasePriceMli:f! onHandValueMli:f!"
    ),
    key=("location",),
    number="location",
    order="location",
)
_MEMBERS: Final = Sublist(
    "member",
    "itemmember",
    "parentitem",
    fields("item:r(item) quantity:f memberUnit memberDescr lineNumber:i!=linenumber"),
    key=("item",),
    number="linenumber",
    order="linenumber",
)

# REST type -> (itemtype, subtype, lot, serial, label)
_TYPES: Final = {
    "inventoryItem": ("InvtPart", None, "F", "F", "Inventory Item"),
    "lotNumberedInventoryItem": ("InvtPart", None, "T", "F", "Lot Numbered Inventory Item"),
    "serializedInventoryItem": ("InvtPart", None, "F", "T", "Serialized Inventory Item"),
    "nonInventorySaleItem": ("NonInvtPart", "Sale", None, None, "Non-inventory Item for Sale"),
    "nonInventoryResaleItem": ("NonInvtPart", "Resale", None, None, "Non-inventory Item for Resale"),
    "nonInventoryPurchaseItem": ("NonInvtPart", "Purchase", None, None, "Non-inventory Item for Purchase"),
    "serviceSaleItem": ("Service", "Sale", None, None, "Service for Sale"),
    "serviceResaleItem": ("Service", "Resale", None, None, "Service for Resale"),
    "servicePurchaseItem": ("Service", "Purchase", None, None, "Service for Purchase"),
    "otherChargeSaleItem": ("OthCharge", "Sale", None, None, "Other Charge for Sale"),
    "otherChargeResaleItem": ("OthCharge", "Resale", None, None, "Other Charge for Resale"),
    "otherChargePurchaseItem": ("OthCharge", "Purchase", None, None, "Other Charge for Purchase"),
    "kitItem": ("Kit", None, None, None, "Kit/Package"),
    "assemblyItem": ("Assembly", None, "F", "F", "Assembly/Bill of Materials"),
    "itemGroup": ("Group", None, None, None, "Item Group"),
    "discountItem": ("Discount", None, None, None, "Discount"),
    "descriptionItem": ("Description", None, None, None, "Description"),
    "markupItem": ("Markup", None, None, None, "Markup"),
    "subtotalItem": ("Subtotal", None, None, None, "Subtotal"),
    "paymentItem": ("Payment", None, None, None, "Payment Item"),
    "downloadItem": ("DwnLdItem", None, None, None, "Download Item"),
    "giftCertificateItem": ("GiftCert", None, None, None, "Gift Certificate"),
}
STOCKED: Final = frozenset({"InvtPart", "Assembly"})
FULFILLABLE: Final = frozenset({"InvtPart", "Assembly", "Kit", "NonInvtPart"})


def item_types() -> list[RecordType]:
    """One REST type per (itemtype, subtype, lot, serial)."""
    return [_item_type(name, *facts) for name, facts in _TYPES.items()]


def _item_type(
    name: str, itemtype: str, subtype: str | None, lot: str | None, serial: str | None, label: str
) -> RecordType:
    words = _COMMON + (_STOCKED + _BOUGHT + _WEIGHED if itemtype in STOCKED else "")
    if itemtype in ("NonInvtPart", "Service", "OthCharge"):
        words += (
            _BOUGHT
            + " isFulfillable:b subtype!"
            + (" weight:f weightUnit:e(weightUnit)" if itemtype == "NonInvtPart" else "")
        )
    if itemtype == "Kit":
        words += _WEIGHED
    sublists = [] if itemtype in ("Group", "Description", "Subtotal") else [_PRICE]
    if itemtype in STOCKED:
        sublists.append(_LOCATIONS)
    if itemtype in ("Kit", "Group", "Assembly"):
        sublists.append(_MEMBERS)
    match = {"itemtype": itemtype, "subtype": subtype, "islotitem": lot, "isserialitem": serial}
    return RecordType(
        name,
        "item",
        "item",
        label,
        "Items",
        fields(words),
        {sublist.name.lower(): sublist for sublist in sublists},
        match={column: value for column, value in match.items() if value is not None},
        display="itemid",
    )
