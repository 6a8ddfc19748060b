"""Tax of a line or of freight: ``TaxCode`` or ``VatGroup``, by localisation (SAP Business One §15, §16)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from crosswalk_sandbox.sap_business_one.documents.values import ZERO
from crosswalk_sandbox.sap_business_one.errors import LOGIC, Refusal

if TYPE_CHECKING:
    from crosswalk_sandbox.sap_business_one.desk import Row
    from crosswalk_sandbox.sap_business_one.documents.trade import Trade

INVALID_TAX: Final = 10000180
_SETS: Final = {"TaxCode": "SalesTaxCodes", "VatGroup": "VatGroups"}
_WORDS: Final = {"TaxCode": "Specify valid tax code", "VatGroup": "Invalid VAT Group"}


def settle_tax(trade: Trade, row: Row, defaults: list[object], place: str) -> Decimal:
    """Fill the row's code and say its percent; ``place`` is told in the refusal.

    ``defaults`` are tried in order where the row names none. A code of the other kind, an unknown one or one that is not
    for sales is refused.
    """
    field = trade.desk.options.tax_field
    other = "VatGroup" if field == "TaxCode" else "TaxCode"
    if row.get(other):
        raise _invalid(other, place)
    company = trade.desk.admin().get("DefaultTaxCode" if field == "TaxCode" else "TaxDefinitionforVatitem")
    code = next((str(found) for found in (row.get(field), *defaults, company) if found), None)
    if code is None:
        raise _invalid(field, place)
    rate = trade.desk.tax_rate(code, trade.posting_day)
    if rate is None or not _is_for_sales(trade, field, code):
        raise _invalid(field, place)
    row[field] = code
    is_liable = trade.partner.get("VatLiable", "vLiable") != "vExempted"
    return rate if is_liable else ZERO


def _is_for_sales(trade: Trade, field: str, code: str) -> bool:
    found = trade.desk.read(_SETS[field], code) or {}
    return found.get("Category") != "bovcInputTax" and found.get("ValidForAR") != "tNO"


def _invalid(field: str, place: str) -> Refusal:
    return Refusal(400, LOGIC, f"{INVALID_TAX} - {_WORDS[field]}  {place}")
