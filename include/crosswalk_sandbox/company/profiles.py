"""Who a party is, in short: cheap to make, so that deals and orders can look any party up without making it in full."""

from __future__ import annotations

import dataclasses
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from crosswalk_sandbox.company import foundation
from crosswalk_sandbox.company.dice import Kind, Weighted, between, chance, dice, pick
from crosswalk_sandbox.company.model import CreditHold, Linkage
from crosswalk_sandbox.company.parts import Place, parts_of
from crosswalk_sandbox.company.words import BUSINESSES, COUNTRY_WEIGHTS, LEGAL_FORMS

GROUP: Final = 40
"""Parties come in runs of this many; a run's first may be the parent of some of the others."""

_REMEMBERED: Final = 1 << 20  # deals come back to any party at any time: about half a gigabyte when all are kept
_LINKAGES: Final[Weighted[Linkage]] = Weighted(
    ("key", 48), ("rule", 20), ("fuzzy", 12), ("crm_only", 10), ("erp_only", 10)
)
_LEVELS: Final = Weighted(
    (foundation.BASE, 45), (foundation.WHOLESALE, 30), (foundation.PARTNER, 12), (foundation.ONLINE, 13)
)
_COUNTRIES: Final = Weighted(*COUNTRY_WEIGHTS.items())
_DUPLICATES: Final = 0.02
_HOLDS: Final[Weighted[CreditHold]] = Weighted(("auto", 94), ("on", 4), ("off", 2))
_YEAR: Final = timedelta(days=365)
HISTORY: Final = 3 * _YEAR
"""How far back deals and orders go."""
RETIRED: Final = timedelta(days=400)
"""So long ago the closed subsidiary and customers that are inactive now had their last orders."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The decisions about a party that others depend on. ``core`` and ``legal`` make its registered name."""

    sequence: int
    linkage: Linkage
    duplicate_of: int | None
    parent: int | None
    is_branch: bool
    country: str
    place: Place
    core: str
    legal: str
    subsidiary: int
    currency: str
    currencies: tuple[str, ...]
    level: int
    terms: int
    tax_code: int
    owner: int
    sales_rep: int | None
    credit_hold: CreditHold
    crm_address: bool
    erp_active: bool
    never_bought: bool
    created: datetime

    @property
    def in_crm(self) -> bool:
        """Whether the CRM has it."""
        return self.linkage != "erp_only"

    @property
    def trades(self) -> bool:
        """Whether the ERP still does business with it: active, and not a customer of the closed subsidiary."""
        return self.in_erp and self.erp_active and self.subsidiary != foundation.BENELUX

    @property
    def in_erp(self) -> bool:
        """Whether the ERP has it."""
        return self.linkage != "crm_only"


class Profiles:
    """The profiles of one company's parties, by sequence (0 … count - 1)."""

    def __init__(self, seed: int, now: datetime, count: int) -> None:
        self._seed = seed
        self._now = now
        self.count = count
        team = foundation.salespeople(seed)
        self._teams = {
            one.sequence: tuple(
                person.sequence
                for person in team
                if person.subsidiary == (one.parent if not one.is_active else one.sequence)
            )
            for one in foundation.SUBSIDIARIES
        }
        self.of = lru_cache(maxsize=_REMEMBERED)(self._make)

    @property
    def settled(self) -> int:
        """Parties below this sequence are older than all deals; the rest are newer, but older than 150 days."""
        return max(self.count - self.count // 10, 1)

    def _make(self, sequence: int) -> Profile:
        rng = dice(self._seed, Kind.PARTY, sequence)
        doubled = chance(rng, _DUPLICATES)
        head = sequence - sequence % GROUP
        original = sequence - 1 - int(rng.random() * 5)
        if doubled and original >= head and not self._is_doubled(original):
            return self._duplicate(rng, sequence, self.of(original))
        related = sequence != head and chance(rng, 0.07)
        branch = related and chance(rng, 0.6)
        parent = self.of(head) if related else None
        country, place, core, legal = self._home(rng, parent if branch else None)
        linkage: Linkage = "key" if sequence == head else _LINKAGES.draw(rng)
        subsidiary = foundation.SUBSIDIARY_OF_COUNTRY[country]
        if (
            country == "NL"
            and sequence != head
            and linkage != "crm_only"
            and sequence < self.settled
            and chance(rng, 0.4)
        ):
            subsidiary = foundation.BENELUX
        currency = foundation.currency_of(country)
        owner = pick(rng, self._teams[subsidiary])
        return Profile(
            sequence=sequence,
            linkage=linkage,
            duplicate_of=None,
            parent=parent.sequence if parent else None,
            is_branch=branch,
            country=country,
            place=place,
            core=core,
            legal=legal,
            subsidiary=subsidiary,
            currency=currency,
            currencies=(currency, *self._further_currencies(rng, subsidiary, currency)),
            level=_LEVELS.draw(rng),
            terms=_terms(rng, country),
            tax_code=foundation.tax_code_of(country, subsidiary, chance(rng, 0.25)),
            owner=owner,
            sales_rep=owner if chance(rng, 0.9) else None,
            credit_hold=_HOLDS.draw(rng),
            crm_address=chance(rng, 0.93),
            erp_active=chance(rng, 0.96) or sequence == head,
            never_bought=linkage == "erp_only" and chance(rng, 0.15),
            created=self._created(rng, sequence),
        )

    def _is_doubled(self, sequence: int) -> bool:
        return chance(dice(self._seed, Kind.PARTY, sequence), _DUPLICATES)

    def _duplicate(self, rng: random.Random, sequence: int, original: Profile) -> Profile:
        """A second record of ``original`` on one of the sides that have it."""
        to_crm = original.in_crm and (not original.in_erp or chance(rng, 0.5))
        return dataclasses.replace(
            original,
            sequence=sequence,
            linkage="crm_only" if to_crm else "erp_only",
            duplicate_of=original.sequence,
            parent=None,
            is_branch=False,
            created=min(original.created + timedelta(days=rng.random() * 60), self._now - timedelta(days=90)).replace(
                microsecond=0
            ),
        )

    def _home(self, rng: random.Random, same_name: Profile | None) -> tuple[str, Place, str, str]:
        """Country, place, name without and with legal form; a branch has its parent's country and name."""
        if same_name is not None:
            places = [one for one in parts_of(same_name.country).places if one != same_name.place]
            return same_name.country, pick(rng, places), same_name.core, same_name.legal
        country = _COUNTRIES.draw(rng)
        place = pick(rng, parts_of(country).places)
        names, business = parts_of(country).last_names, pick(rng, BUSINESSES[country])
        way = rng.random()
        if way < 0.55:
            core = f"{pick(rng, names)} {business}"
        elif way < 0.8:
            core = f"{pick(rng, names)} & {pick(rng, names)} {business}"
        elif way < 0.9:
            core = f"{place.city} {business}"
        else:
            core = f"{pick(rng, names)} {business} {place.city}"
        return country, place, core, pick(rng, LEGAL_FORMS[country])[0]

    def _further_currencies(self, rng: random.Random, subsidiary: int, primary: str) -> tuple[str, ...]:
        offered = foundation.SUBSIDIARIES[subsidiary - 1].currencies
        return tuple(code for code in offered if code != primary and chance(rng, 0.2))

    def _created(self, rng: random.Random, sequence: int) -> datetime:
        if sequence < self.settled:
            return between(rng, self._now - 8 * _YEAR, self._now - HISTORY - timedelta(days=60))
        return between(rng, self._now - HISTORY, self._now - timedelta(days=150))


def _terms(rng: random.Random, country: str) -> int:
    """Net 30 mostly; 14 days is the custom of German-speaking countries."""
    way = rng.random()
    if country in ("DE", "AT", "CH"):
        return 5 if way < 0.5 else 1
    return 1 if way < 0.6 else 2 if way < 0.7 else 3 if way < 0.85 else 6 if way < 0.95 else 4
