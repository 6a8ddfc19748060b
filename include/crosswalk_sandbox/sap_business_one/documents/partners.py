"""The partner of a document: may it trade, and what it gives to the header (SAP Business One §15, §16)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from crosswalk_sandbox.sap_business_one.desk import exact
from crosswalk_sandbox.sap_business_one.documents.values import NO, YES, is_given, is_yes, within
from crosswalk_sandbox.sap_business_one.errors import LOGIC, Refusal, logic

if TYPE_CHECKING:
    from crosswalk_sandbox.sap_business_one.desk import Desk, Row
    from crosswalk_sandbox.sap_business_one.documents.trade import Trade

INACTIVE_PARTNER: Final = 10001071
_EXTENSION: Final = ("Street", "StreetNo", "Block", "City", "ZipCode", "County", "State", "Country")


def is_active(row: Row, on: date) -> bool:
    """Whether a partner or item may be used that day: frozen or valid, each with an optional range (§15)."""
    if is_yes(row.get("Frozen")):
        return bool(row.get("FrozenFrom") or row.get("FrozenTo")) and not within(
            on, row.get("FrozenFrom"), row.get("FrozenTo")
        )
    return row.get("Valid", YES) != NO and within(on, row.get("ValidFrom"), row.get("ValidTo"))


def check_partner(trade: Trade) -> None:
    """A customer, or a lead where nothing is posted, active on the posting date (§15, §16)."""
    code, role = trade.partner["CardCode"], trade.partner.get("CardType", "cCustomer")
    if role == "cSupplier" or (role == "cLid" and not trade.kind.is_planned):
        raise Refusal(400, LOGIC, f"Invalid BP code  [{trade.column('CardCode')}] , '{code}'")
    if not is_active(trade.partner, trade.posting_day):
        raise logic(INACTIVE_PARTNER, f"Customer {code} is inactive")


def take_defaults(trade: Trade) -> None:
    """Copy into the header what the partner says and the document leaves open; codes that are sent must be the partner's."""
    header, partner = trade.header, trade.partner
    for name, own in (("CardName", "CardName"), ("FederalTaxID", "FederalTaxID"), ("LanguageCode", "LanguageCode"),
                      ("ShipToCode", "ShipToDefault"), ("PayToCode", "BilltoDefault"),
                      ("TransportationCode", "ShippingType"), ("DiscountPercent", "DiscountPercent")):  # fmt: skip
        if header.get(name) is None and is_given(partner, own):
            header[name] = partner[own]
    _take_codes(trade)
    _take_contact(trade)
    _take_address(trade, "ShipToCode", "bo_ShipTo", "Address2", "ShipTo")
    _take_address(trade, "PayToCode", "bo_BillTo", "Address", "BillTo")


def terms_of(trade: Trade) -> Row:
    """The payment terms of the header, which must be there (§10)."""
    return trade.known("GroupNum", "PaymentTermsTypes", int(trade.header["PaymentGroupCode"]))


def terms_of_partner(desk: Desk, partner: Row) -> int:
    """Number of the partner's payment terms; the company's where it has none (§15)."""
    found = partner.get("PayTermsGrpCode", desk.admin().get("DefaultCustomerPaymentTerms"))
    return int(found) if found is not None else -1


def _take_codes(trade: Trade) -> None:
    header = trade.header
    if header.get("PaymentGroupCode") is None:
        header["PaymentGroupCode"] = terms_of_partner(trade.desk, trade.partner)
    terms_of(trade)
    if header.get("SalesPersonCode") is None:
        header["SalesPersonCode"] = int(exact(trade.partner.get("SalesPersonCode"), -1))
    if int(header["SalesPersonCode"]) != -1:
        trade.known("SlpCode", "SalesPersons", int(header["SalesPersonCode"]))
    if is_given(header, "TransportationCode") and int(header["TransportationCode"]) != -1:
        trade.known("TrnspCode", "ShippingTypes", int(header["TransportationCode"]))


def _take_contact(trade: Trade) -> None:
    contacts = trade.partner.get("ContactEmployees") or []
    if trade.header.get("ContactPersonCode") is None:
        default = next((row for row in contacts if row.get("Name") == trade.partner.get("ContactPerson")), None)
        if default is not None:
            trade.header["ContactPersonCode"] = default["InternalCode"]
    elif not any(row.get("InternalCode") == int(trade.header["ContactPersonCode"]) for row in contacts):
        raise trade.unknown("CntctCode")


def _take_address(trade: Trade, code: str, role: str, text: str, prefix: str) -> None:
    header = trade.header
    if not is_given(header, code):
        return
    named = [row for row in trade.partner.get("BPAddresses") or [] if row.get("AddressName") == header[code]]
    found = next((row for row in named if row.get("AddressType", "bo_BillTo") == role), None)
    if found is None:
        raise trade.unknown(code)
    if not is_given(header, text):
        header[text] = _written(found)
    extension = header.setdefault("AddressExtension", {})
    for part in _EXTENSION:
        if is_given(found, part):
            extension.setdefault(f"{prefix}{part}", found[part])


def _written(address: Row) -> str:
    street = " ".join(str(address[part]) for part in ("Street", "StreetNo") if address.get(part))
    town = " ".join(str(address[part]) for part in ("ZipCode", "City", "State") if address.get(part))
    return "\r".join(part for part in (street, town, str(address.get("Country") or "")) if part)
