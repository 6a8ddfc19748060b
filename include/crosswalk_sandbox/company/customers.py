"""Parties in full: both sides' records of each customer and prospect, and their people."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from crosswalk_sandbox.company import ids
from crosswalk_sandbox.company.dice import Kind, between, chance, dice, pick
from crosswalk_sandbox.company.model import (
    Address,
    Contact,
    CrmAccount,
    CrmContact,
    ErpContact,
    ErpCustomer,
    Party,
)
from crosswalk_sandbox.company.parts import parts_of
from crosswalk_sandbox.company.profiles import Profile, Profiles
from crosswalk_sandbox.company.spelling import (
    Care,
    Phone,
    slug,
    spell_city,
    spell_company,
    spell_country,
    spell_phone,
    spell_street,
    typo,
)
from crosswalk_sandbox.company.words import BRANCH_WORDS, INDUSTRIES, TITLES, TOP_LEVEL_DOMAINS

_LETTERS: Final = "ABCDEFGHJKLMNPRSTUWXYZ"
_CREDIT_STEPS: Final = tuple(Decimal(step) for step in (5_000, 10_000, 25_000, 50_000, 75_000, 100_000, 250_000))
NUMBER_BASE: Final = 10_001
"""The ERP's first entity number."""


def entity_number(sequence: int) -> str:
    """The ERP's entity number of a party."""
    return f"C{NUMBER_BASE + sequence}"


class Customers:
    """Makes parties one after another; each depends on its sequence only."""

    def __init__(self, seed: int, now: datetime, profiles: Profiles) -> None:
        self._seed = seed
        self._days = _Days(now - timedelta(days=40), now - timedelta(days=30), now - timedelta(hours=1))
        self._profiles = profiles

    def __iter__(self) -> Iterator[Party]:
        return (self.party(sequence) for sequence in range(self._profiles.count))

    def party(self, sequence: int, *, people: bool = True) -> Party:
        """The party with this sequence, without its contacts if ``people`` is False."""
        profile = self._profiles.of(sequence)
        rng = dice(self._seed, Kind.PARTY_DETAIL, sequence)
        draft = _Draft(rng, profile, self._days)
        return Party(
            id=f"party-{sequence:06}",
            sequence=sequence,
            country_code=profile.country,
            linkage=profile.linkage,
            duplicate_of=profile.duplicate_of,
            crm=draft.crm() if profile.in_crm else None,
            erp=draft.erp() if profile.in_erp else None,
            contacts=draft.contacts() if people else (),
        )


class _Days(NamedTuple):
    """Instants that bound when records were made and changed."""

    latest_contact: datetime
    month_ago: datetime
    hour_ago: datetime


class _Draft:
    """One party's truths, drawn once, from which both sides are spelled."""

    def __init__(self, rng: random.Random, profile: Profile, days: _Days) -> None:
        self.rng = rng
        self.profile = profile
        self.days = days
        self.postal = _postal(rng, profile.place.postal)
        self.street = _street(rng, profile.country)
        self.extra = f"{pick(rng, ('Suite', 'Floor', 'Unit'))} {1 + int(rng.random() * 40)}"
        self.has_extra = profile.country in ("US", "CA", "GB") and chance(rng, 0.3)
        self.phone = _phone(rng, profile)
        self.domain = f"{slug(profile.core)}.{TOP_LEVEL_DOMAINS[profile.country]}"
        self.by_number = profile.linkage == "rule" and chance(rng, 0.6)
        # What stores the other side's key: the CRM account, the ERP customer, or both.
        self.key_in = pick(rng, ("crm", "erp", "both")) if profile.linkage == "key" else ""

    @property
    def care(self) -> Care:
        """How far names stray: rules by name and postal code must hold, likeness may be strained."""
        if self.profile.linkage == "rule":
            return "light"
        if self.profile.linkage == "fuzzy":
            return "heavy"
        return "light" if chance(self.rng, 0.7) else "heavy"

    def crm(self) -> CrmAccount:
        """The CRM's record, typed by salespeople."""
        rng, profile = self.rng, self.profile
        name = spell_company(rng, profile.core, profile.legal, profile.country, self.care)
        if profile.is_branch and profile.linkage != "rule" and chance(rng, 0.4):
            name = f"{name} - {BRANCH_WORDS[profile.country]} {profile.place.city}"
        billing = self._crm_address() if profile.crm_address or profile.linkage == "rule" else None
        created = profile.created
        return CrmAccount(
            name=name,
            account_number=entity_number(profile.sequence) if self._number_known() else None,
            phone=spell_phone(rng, self.phone) if chance(rng, 0.85) else None,
            website=self._website() if chance(rng, 0.75) else None,
            industry=pick(rng, INDUSTRIES) if chance(rng, 0.8) else None,
            kind="Customer" if profile.in_erp else "Prospect",
            billing=billing,
            shipping=billing if billing and chance(rng, 0.7) else self._second_address() if billing else None,
            currency=profile.currency,
            parent=profile.parent if chance(rng, 0.85) else None,
            owner=profile.owner,
            employees=int(10 * 10 ** (rng.random() * 2.7)) if chance(rng, 0.6) else None,
            stored_erp_id=str(ids.netsuite_customer_id(profile.sequence)) if self.key_in in ("crm", "both") else None,
            description=None,
            created=created,
            modified=self._modified(created),
        )

    def erp(self) -> ErpCustomer:
        """The ERP's record, typed by accounting: registered name, address codes."""
        rng, profile = self.rng, self.profile
        name = spell_company(rng, profile.core, profile.legal, profile.country, "exact")
        if profile.duplicate_of is not None:
            name = spell_company(rng, profile.core, profile.legal, profile.country, "heavy")
        has_address = profile.linkage == "rule" or chance(rng, 0.97)
        billing = self._erp_address() if has_address else None
        created = (profile.created + timedelta(days=rng.random() * 30)).replace(microsecond=0)
        return ErpCustomer(
            number=entity_number(profile.sequence),
            name=name[:83],
            email=f"{pick(rng, ('info', 'office', 'accounts', 'purchasing'))}@{self.domain}"
            if chance(rng, 0.8)
            else None,
            phone=self.phone.e164 if chance(rng, 0.5) else spell_phone(rng, self.phone) if chance(rng, 0.85) else None,
            url=f"https://www.{self.domain}" if chance(rng, 0.5) else None,
            subsidiary=profile.subsidiary,
            currency=profile.currency,
            currencies=profile.currencies,
            terms=profile.terms,
            price_level=profile.level,
            credit_limit=pick(rng, _CREDIT_STEPS) if chance(rng, 0.88) else None,
            credit_hold=profile.credit_hold,
            sales_rep=profile.sales_rep,
            tax_code=profile.tax_code,
            vat_number=_vat_number(rng, profile.country),
            billing=billing,
            shipping=billing if billing and chance(rng, 0.75) else self._erp_second() if billing else None,
            parent=profile.parent if chance(rng, 0.85) else None,
            stage="prospect" if profile.never_bought else "customer",
            is_active=profile.erp_active,
            external_id=self._external_id(),
            comments=None,
            created=created,
            modified=self._modified(created),
        )

    def contacts(self) -> tuple[Contact, ...]:
        """Nobody to four people, the first one primary."""
        people = parts_of(self.profile.country)
        count = int(self.rng.random() * 4.6)
        # Two people of one company never share a name: the ERP would refuse the second.
        names = dict.fromkeys(
            (pick(self.rng, people.first_names), pick(self.rng, people.last_names)) for _ in range(count)
        )
        return tuple(self._contact(place, first, last) for place, (first, last) in enumerate(names))

    def _number_known(self) -> bool:
        """Whether somebody typed the ERP's number into the CRM: half of the rule-linked, and some that have a key."""
        return self.by_number or (self.profile.linkage == "key" and chance(self.rng, 0.4))

    def _external_id(self) -> str | None:
        if self.key_in in ("erp", "both"):
            return ids.account_external_id(self.profile.sequence)
        return f"LEGACY-{self.profile.sequence:07}" if self.profile.linkage != "key" and chance(self.rng, 0.3) else None

    def _modified(self, created: datetime) -> datetime:
        if chance(self.rng, 0.1):
            return between(self.rng, max(created, self.days.month_ago), self.days.hour_ago)
        return between(self.rng, created, self.days.month_ago)

    def _website(self) -> str:
        return pick(self.rng, ("www.{}", "https://{}", "http://www.{}", "{}", "https://www.{}/")).format(self.domain)

    def _crm_address(self) -> Address:
        rng, profile = self.rng, self.profile
        state = profile.place.state_name if chance(rng, 0.4) else profile.place.state
        postal = self.postal.replace(" ", "") if profile.linkage != "rule" and chance(rng, 0.1) else self.postal
        if profile.linkage == "fuzzy" and chance(rng, 0.2):
            postal = ""
        street = spell_street(rng, self.street)
        lines = (street, self.extra) if self.has_extra else (street,)
        return Address(
            lines, spell_city(rng, profile.place), state, postal, spell_country(rng, profile.country), profile.country
        )

    def _second_address(self) -> Address:
        rng, profile = self.rng, self.profile
        street, postal = _street(rng, profile.country), _postal(rng, profile.place.postal)
        country = spell_country(rng, profile.country)
        return Address((street,), profile.place.city, profile.place.state, postal, country, profile.country)

    def _erp_address(self) -> Address:
        place, country = self.profile.place, self.profile.country
        lines = (self.street, self.extra) if self.has_extra else (self.street,)
        return Address(lines, place.city, place.state, self.postal, country, country)

    def _erp_second(self) -> Address:
        place, country = self.profile.place, self.profile.country
        street, postal = _street(self.rng, country), _postal(self.rng, place.postal)
        return Address((street,), place.city, place.state, postal, country, country)

    def _contact(self, place: int, first: str, last: str) -> Contact:
        rng, profile = self.rng, self.profile
        sequence = profile.sequence * ids.CONTACTS_PER_PARTY + place
        email = f"{slug(first)}.{slug(last)}@{self.domain}"
        phone = Phone(profile.country, profile.place.area, _digits(rng, profile.place.digits))
        both = profile.in_crm and profile.in_erp
        in_crm = profile.in_crm and (not both or chance(rng, 0.9))
        in_erp = profile.in_erp and (not in_crm or chance(rng, 0.6))
        created = between(rng, profile.created, self.days.latest_contact)
        modified = self._modified(created)
        title = pick(rng, TITLES)
        stored_in = pick(rng, ("crm", "crm", "erp")) if in_crm and in_erp and chance(rng, 0.55) else None
        crm = erp = None
        if in_crm:
            crm = CrmContact(
                first_name=first if chance(rng, 0.95) else None,
                last_name=last,
                title=title if chance(rng, 0.7) else None,
                email=email if chance(rng, 0.9) else None,
                phone=spell_phone(rng, phone) if chance(rng, 0.6) else None,
                mobile=None,
                stored_erp_id=str(ids.netsuite_contact_id(sequence)) if stored_in == "crm" else None,
                created=created,
                modified=modified,
            )
        if in_erp:
            erp = ErpContact(
                name=f"{first} {last}",
                first_name=first,
                last_name=last if chance(rng, 0.95) else typo(rng, last),
                title=title if chance(rng, 0.4) else None,
                email=email if chance(rng, 0.85) else None,
                phone=phone.e164 if chance(rng, 0.5) else None,
                mobile=None,
                is_active=chance(rng, 0.97),
                external_id=ids.contact_external_id(sequence) if stored_in == "erp" else None,
                created=created,
                modified=modified,
            )
        return Contact(f"contact-{sequence:07}", sequence, place == 0, crm, erp)


def _digits(rng: random.Random, count: int) -> str:
    """A subscriber number; those that start with 2 to 4 exist in all ten countries."""
    return f"{2 + int(rng.random() * 3)}{int(rng.random() * 10 ** (count - 1)):0{count - 1}}"


def _phone(rng: random.Random, profile: Profile) -> Phone:
    return Phone(profile.country, profile.place.area, _digits(rng, profile.place.digits))


def _postal(rng: random.Random, pattern: str) -> str:
    return "".join(
        str(int(rng.random() * 10)) if char == "#" else pick(rng, _LETTERS) if char == "@" else char for char in pattern
    )


def _street(rng: random.Random, country: str) -> str:
    """Street and house number in the country's order."""
    street, number = pick(rng, parts_of(country).streets), 1 + int(rng.random() ** 2 * 240)
    if country in ("US", "CA", "GB"):
        return f"{number} {street}"
    if country == "FR":
        return f"{number}, {street}"
    return f"{street}, {number}" if country in ("IT", "ES") else f"{street} {number}"


def _vat_number(rng: random.Random, country: str) -> str | None:
    if country in ("US", "CA") or not chance(rng, 0.7):
        return None
    digits = f"{int(rng.random() * 10**9):09}"
    return f"ATU{digits[:8]}" if country == "AT" else f"{country}{digits}"
