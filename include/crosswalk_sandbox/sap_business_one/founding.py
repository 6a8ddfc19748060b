"""What a new company has before anybody enters anything: users, codes, settings."""

from __future__ import annotations

import secrets
import string
from typing import Any, Final

import orjson
import pycountry

from .account import OWN_FIELDS, Account
from .account_desk import AccountDesk
from .sessions import MANAGER, VIEWER
from .store import joined

_PASSWORD: Final = string.ascii_letters + string.digits
_ROWS: Final[dict[str, tuple[dict[str, Any], ...]]] = {
    "Users": (
        {"InternalKey": 1, "UserCode": MANAGER, "UserName": "Administrator", "Superuser": "tYES"},
        {"InternalKey": 2, "UserCode": VIEWER, "UserName": "Read only"},
    ),
    "PaymentTermsTypes": (
        {"GroupNumber": -1, "PaymentTermsGroupName": "- Cash Basic -", "NumberOfAdditionalDays": 0, "NumberOfAdditionalMonths": 0},
        {"GroupNumber": 1, "PaymentTermsGroupName": "Net 30", "NumberOfAdditionalDays": 30, "NumberOfAdditionalMonths": 0},
    ),
    "PriceLists": ({"PriceListNo": 1, "PriceListName": "Base Price", "BasePriceList": 1, "Factor": 1, "Active": "tYES"},),
    "Warehouses": ({"WarehouseCode": "01", "WarehouseName": "General Warehouse"},),
    "BusinessPartnerGroups": (
        {"Code": 100, "Name": "Customers", "Type": "bbpgt_CustomerGroup"}, {"Code": 101, "Name": "Vendors", "Type": "bbpgt_VendorGroup"},
    ),
    "ItemGroups": ({"Number": 100, "GroupName": "Items"},),
    "SalesPersons": ({"SalesEmployeeCode": -1, "SalesEmployeeName": "-No Sales Employee-", "Active": "tYES"},),
    "Manufacturers": ({"Code": -1, "ManufacturerName": "- No Manufacturer -"},),
    "ShippingTypes": ({"Code": 1, "Name": "Standard"}, {"Code": 2, "Name": "Express"}),
    "UnitOfMeasurementGroups": ({"AbsEntry": -1, "Code": "Manual", "Name": "Manual"},),
    "SalesTaxCodes": (
        {"Code": "EX", "Name": "Exempt", "Rate": 0, "ValidForAR": "tYES", "ValidForAP": "tYES"},
        {"Code": "CA", "Name": "California", "Rate": 8.25, "ValidForAR": "tYES", "ValidForAP": "tYES"},
    ),
    "VatGroups": (
        {"Code": "O0", "Name": "Exempt", "Category": "bovcOutputTax", "VatGroups_Lines": [{"Effectivefrom": "2015-01-01T00:00:00Z", "Rate": 0}]},
        {"Code": "O1", "Name": "Standard", "Category": "bovcOutputTax", "VatGroups_Lines": [{"Effectivefrom": "2015-01-01T00:00:00Z", "Rate": 19}]},
    ),
    "AdditionalExpenses": ({"ExpensCode": 1, "Name": "Freight"},),
    "SalesStages": ({"SequenceNo": 1, "Name": "Lead", "Stageno": 1, "ClosingPercentage": 10},),
    "ActivityTypes": ({"Code": -1, "Name": "General"},),
    "BusinessPlaces": ({"BPLID": 1, "BPLName": "Main", "MainBPL": "tYES"},),
}  # fmt: skip
CURRENCIES: Final = ("USD", "EUR", "GBP", "CAD", "CHF")
_ADMIN: Final = {
    "CompanyName": "OEC Computers", "TotalsAccuracy": 2, "AccuracyofQuantities": 3, "PriceAccuracy": 2, "RateAccuracy": 4,
    "QueryAccuracy": 2, "PercentageAccuracy": 4, "MeasuringAccuracy": 3, "CreditRestriction": "tNO", "CommitmentRestriction": "tNO",
    "RestrictOrders": "tNO", "RestrictSales": "tNO", "DefaultWarehouse": "01", "DefaultCustomerPaymentTerms": -1,
}  # fmt: skip


def found(account: Account) -> None:
    """Make the company, once; all or nothing."""
    store = account.store
    if store.setting("founded") is not None:
        return
    with store.write():
        made = {user: "".join(secrets.choice(_PASSWORD) for _ in range(16)) for user in (MANAGER, VIEWER)}
        store.set_setting("credentials", orjson.dumps({"users": made}).decode())
        known = account.model.types["AdminInfo"].properties
        currency = account.options.local_currency
        admin = {**_ADMIN, "LocalCurrency": currency, "SystemCurrency": currency}
        store.set_setting(
            "admin", orjson.dumps({name: value for name, value in admin.items() if name in known}).decode()
        )
        desk = account.desk()
        for entity_set, rows in _ROWS.items():
            enter(account, desk, entity_set, rows)
        enter(account, desk, "Currencies", tuple(
            {"Code": code, "Name": getattr(pycountry.currencies.get(alpha_3=code), "name", code), "Decimals": "cdDefault"}
            for code in dict.fromkeys((currency, *CURRENCIES))
        ))  # fmt: skip
        enter(account, desk, "Countries", tuple({"Code": one.alpha_2, "Name": one.name} for one in pycountry.countries))
        enter(account, desk, "States", tuple(
            {"Code": one.code.split("-")[1], "Country": one.country_code, "Name": one.name}
            for country in ("US", "CA", "AU") for one in pycountry.subdivisions.get(country_code=country)
        ))  # fmt: skip
        if account.options.user_fields:
            for table, name, description in OWN_FIELDS:
                enter(account, desk, "UserFieldsMD", ({
                    "TableName": table, "FieldID": 0, "Name": name, "Description": description, "Type": "db_Alpha", "SubType": "st_None",
                    "Size": 64, "EditSize": 64, "Mandatory": "tNO",
                },))  # fmt: skip
        store.set_setting("founded", "yes")


def enter(account: Account, desk: AccountDesk, entity_set: str, rows: tuple[dict[str, Any], ...]) -> None:
    """Save rows of a small set, and let its numbers go on behind them."""
    known = account.model.type_of(entity_set).properties
    for row in rows:
        desk.save(entity_set, {name: value for name, value in row.items() if name in known})
    if account.numbered(entity_set) and rows:
        account.store.raise_number(entity_set, max(int(joined(account.key_of(entity_set, row))) for row in rows))
