"""Customers and contacts of the demo company."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crosswalk_sandbox.company import ids
from crosswalk_sandbox.netsuite.records.addresses import address_text
from crosswalk_sandbox.netsuite.seed.batch import Batch, amount, flag, stamp
from crosswalk_sandbox.netsuite.seed.lists import CUSTOMER_STATUS, PROSPECT_STATUS, RECEIVABLE

if TYPE_CHECKING:
    from crosswalk_sandbox.company.model import Address, Company, Contact, ErpCustomer, Party
    from crosswalk_sandbox.netsuite.store import Store

_CUSTOMER: Final = (
    "id entityid altname companyname isperson autoname email phone url comments subsidiary currency pricelevel terms"
    " creditlimit creditholdoverride salesrep parent toplevelparent taxitem taxable vatregnumber externalid isinactive"
    " datecreated lastmodifieddate defaultbillingaddress defaultshippingaddress defaultaddress entitystatus searchstage"
    " stage receivablesaccount emailpreference customform"
)
_CONTACT: Final = (
    "id entityid firstname lastname title email phone mobilephone company subsidiary isinactive externalid datecreated"
    " lastmodifieddate"
)

FIRST_ADDRESS: Final = 1_000
"""Addresses of customers are numbered from the next on."""


class Parties:
    """Writes customers with their addresses, currencies, subsidiaries and contacts."""

    def __init__(self, store: Store, company: Company, currencies: dict[str, int], exempt: frozenset[int]) -> None:
        self._company = company
        self._currencies = currencies
        self._exempt = exempt
        self.last_address = FIRST_ADDRESS
        self.last_relation = 0
        self.homes: dict[int, tuple[int, int]] = {}
        """By customer: default billing and shipping address."""
        self._customers = Batch(store, "customer", _CUSTOMER)
        self._contacts = Batch(store, "contact", _CONTACT)
        self._addresses = Batch(store, "address", "nkey addr1 addr2 addr3 addressee addrtext city state zip country override"
                                " lastmodifieddate recordowner")  # fmt: skip
        self._books = Batch(store, "customeraddressbook", "internalid entity label defaultbilling defaultshipping"
                            " isresidential addressbookaddress")  # fmt: skip
        self._balances = Batch(store, "customercurrencybalance", "customer currency")
        self._relations = Batch(store, "customersubsidiaryrelationship", "id entity subsidiary isprimarysub primarycurrency"
                                " isinactive lastmodifieddate")  # fmt: skip
        self._company_contacts = Batch(store, "companycontactrelationship", "company contact role")
        self._keys = Batch(store, "externalkey", "family externalid type id")

    def write(self) -> None:
        """Write every party that has an ERP side."""
        tops: dict[int, int] = {}
        for party in self._company.parties():
            if party.erp is not None:
                self._customer(party, party.erp, tops)
                for contact in party.contacts:
                    self._contact(contact, party.erp, ids.netsuite_customer_id(party.sequence))
        for batch in (self._customers, self._contacts, self._addresses, self._books, self._balances, self._relations,
                      self._company_contacts, self._keys):  # fmt: skip
            batch.flush()

    def _customer(self, party: Party, erp: ErpCustomer, tops: dict[int, int]) -> None:
        ident = ids.netsuite_customer_id(party.sequence)
        parent = ids.netsuite_customer_id(erp.parent) if erp.parent is not None else None
        top = tops.get(parent, parent) if parent is not None else ident
        if parent is not None:
            tops[ident] = top
        modified = stamp(erp.modified)
        billing = self._address(ident, erp, erp.billing, modified)
        shipping = billing
        same = erp.shipping is None or erp.shipping == erp.billing
        if not same:
            shipping = self._address(ident, erp, erp.shipping, modified)
        self._book(ident, billing, is_billing=True, is_shipping=same)
        if not same:
            self._book(ident, shipping, is_billing=False, is_shipping=True)
        if billing is not None and shipping is not None:
            self.homes[ident] = billing[0], shipping[0]
        stage = "Customer" if erp.stage == "customer" else "Prospect"
        self._customers.add(
            ident, erp.number, erp.name, erp.name, "F", "T", erp.email, erp.phone, erp.url, erp.comments, erp.subsidiary,
            self._currencies[erp.currency], erp.price_level, erp.terms, amount(erp.credit_limit), erp.credit_hold.upper(),
            ids.netsuite_employee_id(erp.sales_rep) if erp.sales_rep is not None else None, parent, top, erp.tax_code,
            flag(erp.tax_code not in self._exempt), erp.vat_number, erp.external_id, flag(not erp.is_active),
            stamp(erp.created), modified, billing and billing[0], shipping and shipping[0], billing and billing[1],
            CUSTOMER_STATUS if stage == "Customer" else PROSPECT_STATUS, stage, stage, RECEIVABLE, "DEFAULT", "-2",
        )  # fmt: skip
        for code in erp.currencies:
            self._balances.add(ident, self._currencies[code])
        self.last_relation += 1
        self._relations.add(
            self.last_relation, ident, erp.subsidiary, "T", self._currencies[erp.currency], "F", modified
        )
        if erp.external_id:
            self._keys.add("entity", erp.external_id, "customer", ident)

    def _address(
        self, owner: int, erp: ErpCustomer, address: Address | None, modified: str
    ) -> tuple[int, str | None] | None:
        if address is None:
            return None
        self.last_address += 1
        lines = (*address.lines, None, None, None)[:3]
        facts = {"addressee": erp.name, "addr1": lines[0], "addr2": lines[1], "addr3": lines[2], "city": address.city,
                 "state": address.state, "zip": address.postal_code, "country": address.country_code}  # fmt: skip
        text = address_text(facts)
        self._addresses.add(self.last_address, *lines, erp.name, text, address.city, address.state or None,
                            address.postal_code, address.country_code, "F", modified, owner)  # fmt: skip
        return self.last_address, text

    def _book(self, owner: int, kept: tuple[int, str | None] | None, *, is_billing: bool, is_shipping: bool) -> None:
        if kept is not None:
            label = "Billing" if is_billing else "Shipping"
            self._books.add(kept[0], owner, label, flag(is_billing), flag(is_shipping), "F", kept[0])

    def _contact(self, contact: Contact, erp: ErpCustomer, company: int) -> None:
        person = contact.erp
        if person is None:
            return
        ident = ids.netsuite_contact_id(contact.sequence)
        self._contacts.add(
            ident, person.name, person.first_name, person.last_name, person.title, person.email, person.phone, person.mobile,
            company, erp.subsidiary, flag(not person.is_active), person.external_id, stamp(person.created),
            stamp(person.modified),
        )  # fmt: skip
        self._company_contacts.add(company, ident, 1 if contact.is_primary else None)
        if person.external_id:
            self._keys.add("entity", person.external_id, "contact", ident)
