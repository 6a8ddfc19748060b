"""Codes and texts of fixed lists (NetSuite §7 status letters, §12)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

import pycountry

# Transaction type -> (REST type, text, short name, number prefix)
TRANSACTION_TYPES: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "SalesOrd": ("salesOrder", "Sales Order", "SALESORD", "SO"),
    "CustInvc": ("invoice", "Invoice", "INV", "INV"),
    "CustPymt": ("customerPayment", "Payment", "PYMT", "PYMT"),
    "CustCred": ("creditMemo", "Credit Memo", "CREDMEM", "CM"),
    "CashSale": ("cashSale", "Cash Sale", "CASHSALE", "CS"),
    "Estimate": ("estimate", "Quote", "ESTIMATE", "QUO"),
    "Opprtnty": ("opportunity", "Opportunity", "OPPRTNTY", "OPP"),
    "RtnAuth": ("returnAuthorization", "Return Authorization", "RTNAUTH", "RMA"),
    "ItemShip": ("itemFulfillment", "Item Fulfillment", "ITEMSHIP", "IF"),
}

# Transaction type -> status letter -> text (NetSuite §7).
STATUS: Final[Mapping[str, Mapping[str, str]]] = {
    "SalesOrd": {
        "A": "Pending Approval",
        "B": "Pending Fulfillment",
        "C": "Cancelled",
        "D": "Partially Fulfilled",
        "E": "Pending Billing/Partially Fulfilled",
        "F": "Pending Billing",
        "G": "Billed",
        "H": "Closed",
    },
    "CustInvc": {"A": "Open", "B": "Paid In Full", "D": "Pending Approval", "E": "Rejected", "V": "Voided"},
    "CustPymt": {"A": "Unapproved Payment", "B": "Not Deposited", "C": "Deposited", "V": "Voided"},
    "CustCred": {"A": "Open", "B": "Fully Applied", "V": "Voided"},
    "CashSale": {"A": "Unapproved Payment", "B": "Not Deposited", "C": "Deposited", "V": "Voided"},
    "ItemShip": {"A": "Picked", "B": "Packed", "C": "Shipped"},
    "Estimate": {"A": "Open", "B": "Processed", "C": "Closed", "V": "Voided", "X": "Expired"},
    "Opprtnty": {"A": "In Progress", "B": "Issued Estimate", "C": "Closed - Won", "D": "Closed - Lost"},
    "RtnAuth": {
        "A": "Pending Approval",
        "B": "Pending Receipt",
        "C": "Cancelled",
        "D": "Partially Received",
        "E": "Pending Refund/Partially Received",
        "F": "Pending Refund",
        "G": "Refunded",
        "H": "Closed",
    },
}

ENUMERATIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "creditHold": {"AUTO": "Auto", "ON": "On", "OFF": "Off"},
    "emailPreference": {"DEFAULT": "Default", "HTML": "HTML", "PDF": "PDF"},
    "monthlyClosing": {code: code for code in ("1", "5", "10", "15", "20", "25", "31")},
    "numberFormat": dict(zip("012345", ("1,000,000.00", "1.000.000,00", "1 000 000,00", "1'000'000.00", "1'000'000,00",
                                        "10,00,000.00"), strict=True)),
    "negativeNumberFormat": {"0": "-100", "1": "(100)"},
    "subscriptionStatus": {"1": "Soft Opt-In", "2": "Soft Opt-Out", "3": "Confirmed Opt-In", "4": "Confirmed Opt-Out"},
    "customForm": {"-2": "Standard Form", "-40": "Standard Sales Form"},
    "language": {"en_US": "English (U.S.)", "en_GB": "English (U.K.)", "de_DE": "German", "fr_FR": "French",
                 "es_ES": "Spanish", "it_IT": "Italian", "nl_NL": "Dutch"},
    "orderStatus": {"A": "Pending Approval", "B": "Pending Fulfillment", "C": "Cancelled", "D": "Partially Fulfilled",
                    "E": "Pending Billing/Partially Fulfilled", "F": "Pending Billing", "G": "Billed", "H": "Closed"},
    "shipStatus": {"A": "Picked", "B": "Packed", "C": "Shipped"},
    "approvalStatus": {"1": "Pending Approval", "2": "Approved", "3": "Rejected", "11": "Open"},
    "intercoStatus": {"1": "Pending", "2": "Paired", "3": "Rejected"},
    "commitInventory": {"1": "Available Qty", "2": "Complete Qty", "3": "Do Not Commit"},
    "itemType": {
        "InvtPart": "Inventory Item", "NonInvtPart": "Non-inventory Item", "Service": "Service", "Kit": "Kit/Package",
        "Assembly": "Assembly/Bill of Materials", "Group": "Item Group", "EndGroup": "End of Item Group",
        "Discount": "Discount", "Markup": "Markup", "Subtotal": "Subtotal", "Description": "Description",
        "Payment": "Payment", "OthCharge": "Other Charge", "GiftCert": "Gift Certificate",
        "DwnLdItem": "Download Item", "ShipItem": "Shipping Cost Item", "TaxItem": "Sales Tax Item",
    },
    "costingMethod": {code: code.title() for code in ("AVG", "FIFO", "LIFO", "STANDARD", "LOT", "SERIAL", "GROUPAVG")},
    "weightUnit": {"1": "lb", "2": "oz", "3": "kg", "4": "g"},
    "quantityPricingType": {"BYLINEQUANTITY": "By Line Quantity", "BYOVERALLITEMQUANTITY": "By Overall Item Quantity",
                            "BYOVERALLPARENTQUANTITY": "By Overall Parent Quantity",
                            "BYOVERALLSCHEDULEQUANTITY": "By Overall Schedule Quantity"},
    "locationType": {"1": "Store", "2": "Warehouse"},
    "currencyPrecision": {"0": "0", "2": "2", "4": "4"},
    "transactionType": {code: facts[1] for code, facts in TRANSACTION_TYPES.items()},
    "contactCategory": {"1": "Business", "2": "Personal"},
}  # fmt: skip

# Countries whose states the address form takes by code only (NetSuite §12.1).
COUNTRIES_WITH_STATES: Final = frozenset({"US", "CA", "AU"})


@cache
def countries() -> Mapping[str, str]:
    """Country names by ISO 3166-1 alpha-2 code."""
    return {country.alpha_2: getattr(country, "common_name", country.name) for country in pycountry.countries}


@cache
def states(country: str) -> frozenset[str]:
    """State codes of a country, without the country's prefix."""
    return frozenset(part.code.split("-", 1)[1] for part in pycountry.subdivisions.get(country_code=country) or ())


def enumeration(target: str) -> Mapping[str, str]:
    """Texts by code of a fixed list; empty for an unknown one."""
    return countries() if target == "country" else ENUMERATIONS.get(target, {})


def status_text(kind: str, letter: str | None) -> str | None:
    """Text of a transaction's status letter, None without one."""
    return STATUS.get(kind, {}).get(letter or "")
