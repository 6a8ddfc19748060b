"""Facts about customers and prospects and their people, as each side spells them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from crosswalk_sandbox.company.setup import Address

CreditHold = Literal["auto", "on", "off"]
# How the two sides of a party can be found to be one: by a stored key, an exact rule, or likeness; or one-sided.
Linkage = Literal["key", "rule", "fuzzy", "crm_only", "erp_only"]


@dataclass(frozen=True, slots=True)
class CrmContact:
    """A person at a customer, as the CRM has it."""

    first_name: str | None
    last_name: str
    title: str | None
    email: str | None
    phone: str | None
    mobile: str | None
    stored_erp_id: str | None
    created: datetime
    modified: datetime


@dataclass(frozen=True, slots=True)
class ErpContact:
    """The same person as the ERP has it; ``name`` is the display name, unique within the company."""

    name: str
    first_name: str | None
    last_name: str | None
    title: str | None
    email: str | None
    phone: str | None
    mobile: str | None
    is_active: bool
    external_id: str | None
    created: datetime
    modified: datetime


@dataclass(frozen=True, slots=True)
class Contact:
    """A person at a party; at most ``ids.CONTACTS_PER_PARTY`` of them, sequence = party sequence x that + position."""

    id: str
    sequence: int
    is_primary: bool
    crm: CrmContact | None
    erp: ErpContact | None


@dataclass(frozen=True, slots=True)
class CrmAccount:
    """A customer or prospect as the CRM has it.

    ``account_number`` is the ERP's entity number where someone typed it in; ``stored_erp_id`` the ERP's internal id
    kept by an integration; ``parent`` the sequence of the parent party; ``owner`` a salesperson's sequence.
    """

    name: str
    account_number: str | None
    phone: str | None
    website: str | None
    industry: str | None
    kind: Literal["Customer", "Prospect"]
    billing: Address | None
    shipping: Address | None
    currency: str
    parent: int | None
    owner: int
    employees: int | None
    stored_erp_id: str | None
    description: str | None
    created: datetime
    modified: datetime


@dataclass(frozen=True, slots=True)
class ErpCustomer:
    """A customer as the ERP has it.

    ``number`` is the entity number (unique), ``currencies`` what it may be billed in (primary first), ``tax_code`` a
    tax code's sequence, ``price_level`` a level's, ``terms`` a terms', ``sales_rep`` a salesperson's; ``parent`` a
    party's.
    ``stage`` "prospect" is an ERP record that never bought. ``credit_limit`` is in the primary currency, None = none.
    """

    number: str
    name: str
    email: str | None
    phone: str | None
    url: str | None
    subsidiary: int
    currency: str
    currencies: tuple[str, ...]
    terms: int
    price_level: int
    credit_limit: Decimal | None
    credit_hold: CreditHold
    sales_rep: int | None
    tax_code: int
    vat_number: str | None
    billing: Address | None
    shipping: Address | None
    parent: int | None
    stage: Literal["customer", "prospect"]
    is_active: bool
    external_id: str | None
    comments: str | None
    created: datetime
    modified: datetime


@dataclass(frozen=True, slots=True)
class Party:
    """A business customer of the demo company; the truth about which records of the two sides are the same company.

    A record that some user entered a second time is a party of its own, one-sided, with ``duplicate_of`` naming the
    sequence of the first one.
    """

    id: str
    sequence: int
    country_code: str
    linkage: Linkage
    duplicate_of: int | None
    crm: CrmAccount | None
    erp: ErpCustomer | None
    contacts: tuple[Contact, ...]
