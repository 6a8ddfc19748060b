"""Facts about the company itself: subsidiaries, currencies, price levels, warehouses, terms, taxes, salespeople."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency both sides know. ``sequence`` is the ERP's internal id; ``rate`` is its worth in USD."""

    sequence: int
    code: str
    name: str
    rate: Decimal
    decimals: int = 2
    is_corporate: bool = False


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address as one side spells it.

    ``country`` is what that side shows ("Germany", "Deutschland", "DE"), ``country_code`` the ISO 3166-1 alpha-2 truth.
    ``state`` is a code on the ERP side ("CA"), code or full name on the CRM side; empty where the country has none.
    """

    lines: tuple[str, ...]
    city: str
    state: str
    postal_code: str
    country: str
    country_code: str


@dataclass(frozen=True, slots=True)
class Subsidiary:
    """A legal company of the group (ERP). ``currency`` is its base; customers may be billed in any of ``currencies``.

    ``countries`` are those whose customers it serves. The closed one is inactive and still owns old customers.
    """

    sequence: int
    name: str
    country_code: str
    currency: str
    currencies: tuple[str, ...]
    countries: tuple[str, ...]
    address: Address
    parent: int | None
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class PriceLevel:
    """A price list: price level in the ERP, price book in the CRM, one to one.

    ``sequence`` is the ERP's internal id (1 = Base Price, 5 = Online Price). ``discount`` is percent on the base price.
    """

    sequence: int
    erp_name: str
    crm_name: str
    discount: Decimal
    is_standard: bool = False
    is_online: bool = False


@dataclass(frozen=True, slots=True)
class Location:
    """A warehouse (ERP)."""

    sequence: int
    name: str
    subsidiary: int
    address: Address


@dataclass(frozen=True, slots=True)
class Terms:
    """Payment terms (ERP), ``days`` net."""

    sequence: int
    name: str
    days: int


@dataclass(frozen=True, slots=True)
class TaxCode:
    """A sales tax code (ERP); ``rate`` in percent. ``is_default`` marks the subsidiary's domestic standard rate."""

    sequence: int
    name: str
    rate: Decimal
    country_code: str
    subsidiary: int
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class Salesperson:
    """A salesperson: user of the CRM and employee (sales representative) in the ERP, the same e-mail on both sides."""

    id: str
    sequence: int
    first_name: str
    last_name: str
    email: str
    crm_username: str
    title: str
    subsidiary: int
    time_zone: str
    is_active: bool = True
