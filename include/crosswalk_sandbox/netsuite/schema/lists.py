"""REST record types of set-up lists: subsidiaries, locations, currencies, terms, price levels, taxes …"""

from __future__ import annotations

from typing import Final

from crosswalk_sandbox.netsuite.schema.language import RecordType, fields

_STAMPED: Final = " id:i! externalId isInactive:b lastModifiedDate:dt!"

# REST type -> (table, label, permission, fields, column shown as refName)
_LISTS: Final = {
    "subsidiary": (
        "subsidiary",
        "Subsidiary",
        "Subsidiaries",
        "name fullName! legalName parent:r(subsidiary) currency:r(currency) country:e(country) state email url"
        " isElimination:b edition!",
        "name",
    ),
    "location": (
        "location",
        "Location",
        "Locations",
        "name fullName! parent:r(location) subsidiary:r(subsidiary) makeInventoryAvailable:b"
        " locationType:e(locationType) tranPrefix includeChildren:b",
        "name",
    ),
    "currency": (
        "currency",
        "Currency",
        "Currency",
        "name symbol displaySymbol exchangeRate:f isBaseCurrency:b! currencyPrecision:e(currencyPrecision)",
        "name",
    ),
    "term": (
        "term",
        "Term",
        "Accounting Lists",
        "name daysUntilNetDue:i discountPercent:f daysUntilExpiry:i dateDriven:b preferred:b",
        "name",
    ),
    "priceLevel": (
        "pricelevel",
        "Price Level",
        "Accounting Lists",
        "name discountPct:f isOnline:b updateExistingPrices:b",
        "name",
    ),
    "pricingGroup": ("pricinggroup", "Pricing Group", "Accounting Lists", "name", "name"),
    "shipItem": ("shipitem", "Shipping Item", "Shipping Items", "itemId displayName description", "itemid"),
    "department": ("department", "Department", "Departments", "name fullName! parent:r(department)", "name"),
    "classification": ("classification", "Class", "Classes", "name fullName! parent:r(classification)", "name"),
    "customerCategory": ("customercategory", "Customer Category", "Accounting Lists", "name", "name"),
    "customerStatus": ("customerstatus", "Customer Status", "Customer Status", "name stage probability:f", "name"),
    "contactRole": ("contactrole", "Contact Role", "Contact Roles", "name", "name"),
    "salesTaxItem": (
        "salestaxitem",
        "Tax Code",
        "Tax Codes",
        "itemId description rate:f taxType:r(taxType) country:e(country) available",
        "itemid",
    ),
    "taxType": ("taxtype", "Tax Type", "Tax Types", "name description country:e(country)", "name"),
    "taxSchedule": ("taxschedule", "Tax Schedule", "Tax Schedules", "name description", "name"),
    "unitsType": ("unitstype", "Units Type", "Units", "name", "name"),
    "account": (
        "account",
        "Account",
        "Accounts",
        "acctNumber acctType=accttype acctName=accountsearchdisplaynamecopy description parent:r(account)"
        " currency:r(currency)",
        "accountsearchdisplaynamecopy",
    ),
    "accountingPeriod": (
        "accountingperiod",
        "Accounting Period",
        "Manage Accounting Periods",
        "periodName startDate:d endDate:d closed:b allLocked:b arLocked:b apLocked:b isQuarter:b isYear:b isAdjust:b",
        "periodname",
    ),
    "paymentMethod": ("paymentmethod", "Payment Method", "Accounting Lists", "name", "name"),
}


def list_types() -> list[RecordType]:
    """Every set-up list as a record type; its internal ids are its own."""
    return [
        RecordType(
            name,
            table,
            table,
            label,
            permission,
            fields(words + (_STAMPED if name != "accountingPeriod" else " id:i! lastModifiedDate:dt!")),
            read_only=name in ("accountingPeriod", "customerStatus"),
            display=display,
        )
        for name, (table, label, permission, words, display) in _LISTS.items()
    ]
