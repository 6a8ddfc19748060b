"""Which values a reference may take in this company, for whoever configures one by its code (SAP Business One §15)."""

from __future__ import annotations

from collections.abc import Mapping

from crosswalk.connectors.sap_business_one.connector import BusinessOneConnector
from crosswalk.connectors.sap_business_one.values import ALL_CURRENCIES
from crosswalk.model.errors import ConfigurationError, RecordError

# property -> set, its key and what people know it by
_LISTS: Mapping[str, tuple[str, str, str]] = {
    "DocCurrency": ("Currencies", "Code", "Name"),
    "Currency": ("Currencies", "Code", "Name"),
    "PayTermsGrpCode": ("PaymentTermsTypes", "GroupNumber", "PaymentTermsGroupName"),
    "PaymentGroupCode": ("PaymentTermsTypes", "GroupNumber", "PaymentTermsGroupName"),
    "PriceListNum": ("PriceLists", "PriceListNo", "PriceListName"),
    "WarehouseCode": ("Warehouses", "WarehouseCode", "WarehouseName"),
    "TaxCode": ("SalesTaxCodes", "Code", "Name"),
    "VatGroup": ("VatGroups", "Code", "Name"),
    "SalesPersonCode": ("SalesPersons", "SalesEmployeeCode", "SalesEmployeeName"),
    "TransportationCode": ("ShippingTypes", "Code", "Name"),
    "GroupCode": ("BusinessPartnerGroups", "Code", "Name"),
    "ItemsGroupCode": ("ItemGroups", "Number", "GroupName"),
    "BPL_IDAssignedToInvoice": ("BusinessPlaces", "BPLID", "BPLName"),
}
_BESIDE: Mapping[str, Mapping[str, str]] = {
    "Currency": {ALL_CURRENCIES: "all currencies"}
}  # of a partner, no row of the set
_MOST_ROWS = 1000


def choices(connector: BusinessOneConnector, field: str) -> dict[str, str] | None:
    """Return ``{code: name}`` of what ``field`` may refer to; None when it is no known list or the user may not read it."""
    if field not in _LISTS:
        return None
    native, key, name = _LISTS[field]
    try:
        found = connector.client.rows(native, _MOST_ROWS, select=f"{key},{name}", orderby=key)
    except (ConfigurationError, RecordError):
        return None
    return {**{str(row[key]): str(row.get(name) or "") for row in found.rows}, **_BESIDE.get(field, {})}
