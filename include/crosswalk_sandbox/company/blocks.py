"""Companies of any size from blocks: the first block is made, the others are copies of it under numbers and names of their own.

A copy does the same business with the same goods on the same days, a little earlier on the day (see
:class:`~crosswalk_sandbox.company.renaming.Renaming`); what refers to a record of the first block refers to the same record of the
copy. An emulator can therefore copy its stored rows instead of having each fact made, and ends with the same rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeVar

from crosswalk_sandbox.company import ids
from crosswalk_sandbox.company.customers import entity_number
from crosswalk_sandbox.company.deals import order_number
from crosswalk_sandbox.company.model import (
    Address,
    Contact,
    CrmAccount,
    CrmContact,
    Deal,
    ErpContact,
    ErpCustomer,
    Invoice,
    Order,
    Party,
    Payment,
    Shipment,
    Size,
)
from crosswalk_sandbox.company.orders import ORDERED_BY_HAND, places_of
from crosswalk_sandbox.company.profiles import GROUP
from crosswalk_sandbox.company.renaming import Renaming

BLOCK: Final = 5_120
"""Most accounts of a block. Companies up to this size are made record by record."""
ROUND: Final = 1_024
"""Numbers of a block's records begin at a multiple of this; see :func:`crosswalk_sandbox.salesforce.ids.scatter`."""

NAME_LENGTH: Final = 83
"""Most characters of a customer's name in the ERP."""

Document = TypeVar("Document", Shipment, Invoice, Payment)


@dataclass(frozen=True, slots=True)
class Blocks:
    """How a company is put together: ``count`` blocks of ``size``."""

    count: int
    size: Size

    @classmethod
    def of(cls, size: Size, most: int = BLOCK) -> Blocks:
        """The fewest blocks of at most ``most`` accounts; all are alike, so that the whole may differ by half a record a block."""
        count = max(1, min(-(-size.accounts // most), size.deals))
        return cls(count, Size(round(size.accounts / count), size.products, max(round(size.deals / count), 1)))

    @property
    def whole(self) -> Size:
        """The size of the whole company."""
        return Size(self.count * self.size.accounts, self.size.products, self.count * self.size.deals)

    @property
    def parties(self) -> int:
        """What the sequence of a party grows by from block to block."""
        return -(-self.size.accounts // ROUND) * ROUND

    @property
    def deals(self) -> int:
        """What the sequence of a deal grows by from block to block."""
        return -(-self.size.deals // ROUND) * ROUND

    @property
    def orders(self) -> int:
        """What the place of an order grows by from block to block."""
        return places_of(self.size.deals)

    def copies(self) -> list[Copy]:
        """The blocks after the first."""
        return [Copy(self, number) for number in range(1, self.count)]


class Copy:
    """One copy of the first block: what it adds to sequences, and its facts from the first block's."""

    def __init__(self, blocks: Blocks, number: int) -> None:
        self.number = number
        self.parties = number * blocks.parties
        self.contacts = self.parties * ids.CONTACTS_PER_PARTY
        self.deals = number * blocks.deals
        self.deal_lines = self.deals * ids.LINES_PER_DEAL
        self.orders = number * blocks.orders
        self.transactions = self.orders * ids.TRANSACTIONS_PER_ORDER
        self.renaming = Renaming(number, blocks.count - 1)

    # parties

    def party(self, party: Party) -> Party:
        """The copy of a party with its people."""
        sequence, group = party.sequence + self.parties, group_of(party.sequence)
        return replace(
            party,
            id=f"party-{sequence:06}",
            sequence=sequence,
            duplicate_of=self._party(party.duplicate_of),
            crm=None if party.crm is None else self._account(party.crm, sequence, group),
            erp=None if party.erp is None else self._customer(party.erp, sequence, group),
            contacts=tuple(self._contact(contact, group) for contact in party.contacts),
        )

    def _account(self, crm: CrmAccount, sequence: int, group: int) -> CrmAccount:
        return replace(
            crm,
            name=self.renaming.company(crm.name, group),
            account_number=None if crm.account_number is None else entity_number(sequence),
            phone=self.renaming.phone(crm.phone),
            website=self.renaming.site(crm.website, group),
            billing=self._address(crm.billing),
            shipping=self._address(crm.shipping),
            parent=self._party(crm.parent),
            stored_erp_id=None if crm.stored_erp_id is None else str(ids.netsuite_customer_id(sequence)),
            created=self._moment(crm.created),
            modified=self._moment(crm.modified),
        )

    def _customer(self, erp: ErpCustomer, sequence: int, group: int) -> ErpCustomer:
        return replace(
            erp,
            number=entity_number(sequence),
            name=self.renaming.company(erp.name, group)[:NAME_LENGTH],
            email=self.renaming.mail(erp.email, group),
            phone=self.renaming.phone(erp.phone),
            url=self.renaming.site(erp.url, group),
            vat_number=self.renaming.digits(erp.vat_number),
            billing=self._address(erp.billing),
            shipping=self._address(erp.shipping),
            parent=self._party(erp.parent),
            external_id=None if erp.external_id is None else customer_key(erp.external_id, sequence),
            created=self._moment(erp.created),
            modified=self._moment(erp.modified),
        )

    def _contact(self, contact: Contact, group: int) -> Contact:
        sequence = contact.sequence + self.contacts
        crm, erp = contact.crm, contact.erp
        return replace(
            contact,
            id=f"contact-{sequence:07}",
            sequence=sequence,
            crm=None if crm is None else self._crm_person(crm, sequence, group),
            erp=None if erp is None else self._erp_person(erp, sequence, group),
        )

    def _crm_person(self, person: CrmContact, sequence: int, group: int) -> CrmContact:
        return replace(
            person,
            first_name=self.renaming.first_name(person.first_name),
            email=self.renaming.mail(person.email, group),
            phone=self.renaming.phone(person.phone),
            mobile=self.renaming.phone(person.mobile),
            stored_erp_id=None if person.stored_erp_id is None else str(ids.netsuite_contact_id(sequence)),
            created=self._moment(person.created),
            modified=self._moment(person.modified),
        )

    def _erp_person(self, person: ErpContact, sequence: int, group: int) -> ErpContact:
        first = self.renaming.first_name(person.first_name)
        return replace(
            person,
            name=f"{first or ''}{person.name[len(person.first_name or '') :]}",
            first_name=first,
            email=self.renaming.mail(person.email, group),
            phone=self.renaming.phone(person.phone),
            mobile=self.renaming.phone(person.mobile),
            external_id=None if person.external_id is None else ids.contact_external_id(sequence),
            created=self._moment(person.created),
            modified=self._moment(person.modified),
        )

    def _address(self, address: Address | None) -> Address | None:
        if address is None:
            return None
        return replace(address, lines=(self.renaming.street(address.lines[0]) or "", *address.lines[1:]))

    # business

    def deal(self, deal: Deal) -> Deal:
        """The copy of a deal with its lines."""
        sequence = deal.sequence + self.deals
        name = f"{self.renaming.word(group_of(deal.party))} {deal.name}"[:120]
        stored = deal.stored_erp_id is not None
        place = deal.sequence + self.orders
        return replace(
            deal,
            id=f"deal-{sequence:06}",
            sequence=sequence,
            name=name,
            party=deal.party + self.parties,
            lines=tuple(replace(line, sequence=line.sequence + self.deal_lines) for line in deal.lines),
            purchase_order=self.renaming.digits(deal.purchase_order),
            stored_erp_id=str(ids.netsuite_transaction_id(place * ids.TRANSACTIONS_PER_ORDER)) if stored else None,
            stored_order_number=order_number(place) if stored else None,
            created=self._moment(deal.created),
            modified=self._moment(deal.modified),
        )

    def order(self, order: Order) -> Order:
        """The copy of an order with all that followed from it."""
        sequence = order.sequence + self.transactions
        place = sequence // ids.TRANSACTIONS_PER_ORDER
        deal = None if order.deal is None else order.deal + self.deals
        return replace(
            order,
            id=f"order-{place:06}",
            sequence=sequence,
            number=order_number(place),
            party=order.party + self.parties,
            deal=deal,
            external_id=None if order.external_id is None or deal is None else ids.order_external_id(deal),
            purchase_order=self.renaming.digits(order.purchase_order),
            memo=order_memo(self.renaming, order.memo, group_of(order.party)),
            shipments=tuple(
                replace(
                    self._document(shipment, "shipment", "IF"),
                    tracking_numbers=tuple(self.renaming.parcels(one) or "" for one in shipment.tracking_numbers),
                )
                for shipment in order.shipments
            ),
            invoices=tuple(self._document(invoice, "invoice", "INV") for invoice in order.invoices),
            payments=tuple(
                replace(
                    self._document(payment, "payment", "PYMT"),
                    applied=tuple((invoice + self.transactions, part) for invoice, part in payment.applied),
                )
                for payment in order.payments
            ),
            created=self._moment(order.created),
            modified=self._moment(order.modified),
        )

    def _document(self, document: Document, kind: str, prefix: str) -> Document:
        sequence = document.sequence + self.transactions
        return replace(
            document,
            id=f"{kind}-{sequence:07}",
            sequence=sequence,
            number=f"{prefix}{sequence}",
            created=self._moment(document.created),
            modified=self._moment(document.modified),
        )

    def _party(self, sequence: int | None) -> int | None:
        return None if sequence is None else sequence + self.parties

    def _moment(self, instant: datetime) -> datetime:
        return datetime.fromisoformat(self.renaming.moment(instant.isoformat()))


def group_of(party: int) -> int:
    """The group of a party that shares names: parents and originals lie in the group of those that name them."""
    return party // GROUP


def customer_key(key: str, sequence: int) -> str:
    """The external id of a party's customer, of the kind that ``key`` is."""
    return f"LEGACY-{sequence:07}" if key.startswith("LEGACY-") else ids.account_external_id(sequence)


def order_memo(renaming: Renaming, memo: str | None, group: int) -> str | None:
    """An order's memo; one of those entered by hand names the deal."""
    if memo is None or not memo.startswith(ORDERED_BY_HAND):
        return memo
    return f"{ORDERED_BY_HAND}{renaming.word(group)} {memo[len(ORDERED_BY_HAND) :]}"
