"""Companies with their people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crosswalk_sandbox.hubspot.records.rules import bare_host
from crosswalk_sandbox.hubspot.schema.types import COMPANY, CONTACT, DEAL

from .rows import BASES, OWNER_BASE, Group, Link, Row, links, milliseconds, row

if TYPE_CHECKING:
    from crosswalk_sandbox.company.model import Address, Contact, Party
    from crosswalk_sandbox.hubspot.account import Account

_INDUSTRIES: Final = {
    "Manufacturing": "INDUSTRIAL_AUTOMATION", "Machinery": "MACHINERY", "Construction": "CONSTRUCTION",
    "Electronics": "ELECTRICAL_ELECTRONIC_MANUFACTURING", "Food & Beverage": "FOOD_BEVERAGES", "Healthcare": "HOSPITAL_HEALTH_CARE",
    "Transportation": "LOGISTICS_AND_SUPPLY_CHAIN", "Chemicals": "CHEMICALS", "Energy": "OIL_ENERGY",
    "Engineering": "MECHANICAL_OR_INDUSTRIAL_ENGINEERING", "Retail": "RETAIL", "Utilities": "UTILITIES",
}  # fmt: skip


class Parties:
    """Turns parties into rows; ``deals`` are the ids of each party's deals, which are made before.

    ``addresses`` are the e-mail addresses that contacts have; one that two would share stays with the first.
    """

    def __init__(self, account: Account, deals: dict[int, list[int]]) -> None:
        self._erp = account.options.erp_properties
        self._deals = deals
        self.addresses: set[str] = set()

    def group(self, party: Party) -> Group:
        """A company with its people, its parent and its first contact on its deals."""
        crm, ident = party.crm, BASES[COMPANY] + party.sequence
        rows: list[Row] = []
        found: list[Link] = []
        people = [one for one in party.contacts if one.crm is not None]
        deals = self._deals.pop(party.sequence, []) if crm is not None else []
        if crm is not None:
            since = milliseconds(crm.created)
            host = bare_host(crm.website) if crm.website else None
            own = {
                "erp_key": crm.stored_erp_id,
                "erp_number": crm.account_number,
                "account_currency": crm.currency,
                "shipping_address": _lines(crm.shipping),
            }
            properties = {
                "name": crm.name, "domain": host, "website": crm.website, "phone": crm.phone,
                "industry": _INDUSTRIES.get(crm.industry or ""), "type": crm.kind.upper(), **_address(crm.billing),
                "numberofemployees": str(crm.employees) if crm.employees else None, "description": crm.description,
                "lifecyclestage": "customer" if crm.kind == "Customer" else "opportunity" if deals else "lead",
                "hubspot_owner_id": str(OWNER_BASE + crm.owner), "num_associated_contacts": str(len(people)),
                "num_associated_deals": str(len(deals)), "hs_num_child_companies": "0",
                "hs_parent_company_id": None if crm.parent is None else str(BASES[COMPANY] + crm.parent),
                "hs_searchable_calculated_phone_number": searchable(crm.phone),
                **(own if self._erp else {}),
            }  # fmt: skip
            rows.append(row(COMPANY, party.sequence, crm.created, crm.modified, properties))
            if crm.parent is not None:
                found += links(BASES[COMPANY] + crm.parent, COMPANY, ident, COMPANY, ((450, 450), (13, 14)), since)
        for place, one in enumerate(people):
            rows.append(self._person(one, party, deals if place == 0 else []))
            if crm is not None:
                found += links(
                    BASES[CONTACT] + one.sequence,
                    CONTACT,
                    ident,
                    COMPANY,
                    ((279, 280), (1, 2)),
                    milliseconds(crm.created),
                )
                for deal in deals if place == 0 else ():
                    found += links(
                        deal, DEAL, BASES[CONTACT] + one.sequence, CONTACT, ((3, 4),), milliseconds(crm.created)
                    )
        return rows, found

    def _person(self, contact: Contact, party: Party, deals: list[int]) -> Row:
        person = contact.crm
        assert person is not None
        address = person.email.strip().lower() if person.email else None
        if address in self.addresses:
            address = None
        if address:
            self.addresses.add(address)
        company = party.crm
        properties = {
            "email": address, "firstname": person.first_name, "lastname": person.last_name, "jobtitle": person.title,
            "phone": person.phone, "mobilephone": person.mobile, "company": company.name if company else None,
            "lifecyclestage": "customer" if company and company.kind == "Customer" else "lead",
            "hubspot_owner_id": str(OWNER_BASE + company.owner) if company else None,
            "associatedcompanyid": str(BASES[COMPANY] + party.sequence) if company else None, "num_associated_deals": str(len(deals)),
            "hs_email_domain": address.rpartition("@")[2] if address else None,
            "hs_searchable_calculated_phone_number": searchable(person.phone),
            **({"erp_key": person.stored_erp_id} if self._erp else {}),
        }  # fmt: skip
        return row(CONTACT, contact.sequence, person.created, person.modified, properties)


def searchable(phone: str | None) -> str | None:
    """The digits of a phone number that searches look at."""
    return "".join(filter(str.isdigit, phone or ""))[-10:] or None


def _address(address: Address | None) -> dict[str, str | None]:
    if address is None:
        return {}
    first, *more = address.lines
    return {
        "address": first, "address2": ", ".join(more) or None, "city": address.city, "state": address.state or None,
        "zip": address.postal_code or None, "country": address.country,
    }  # fmt: skip


def _lines(address: Address | None) -> str | None:
    if address is None:
        return None
    return "\n".join(filter(None, (*address.lines, f"{address.postal_code} {address.city}".strip(), address.country)))
