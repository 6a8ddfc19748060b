"""How people spell the same thing differently: company names, phones, countries, streets."""

from __future__ import annotations

import random
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from crosswalk_sandbox.company.dice import chance, pick
from crosswalk_sandbox.company.parts import Place
from crosswalk_sandbox.company.words import (
    ABBREVIATIONS,
    AND_WORDS,
    CALLING_CODES,
    COUNTRY_SPELLINGS,
    LEGAL_FORMS,
    WRITTEN_OUT,
)

Care = Literal["exact", "light", "heavy"]
"""How far a spelling strays: not at all; case, punctuation and legal form only; also typos, umlauts, abbreviations."""

_UMLAUTS: Final = {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"}
_TRUNK: Final = {"GB": "0", "DE": "0", "AT": "0", "CH": "0", "FR": "0", "NL": "0"}
_STREET_WORDS: Final = (
    ("Street", "St"), ("Avenue", "Ave"), ("Road", "Rd"), ("Drive", "Dr"), ("Boulevard", "Blvd"), ("Lane", "Ln"),
    ("straße", "str."), ("strasse", "str."), ("Straße", "Str."), ("avenue", "av."), ("boulevard", "bd"),
    ("Calle", "C/"), ("Avenida", "Avda."), ("Square", "Sq"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone number: country, area code without trunk prefix, subscriber number."""

    country: str
    area: str
    number: str

    @property
    def e164(self) -> str:
        """The one right form."""
        return f"+{CALLING_CODES[self.country]}{self.area}{self.number}"


def fold(text: str) -> str:
    """Latin letters without marks: ä becomes ae, é becomes e."""
    if text.isascii():
        return text
    for mark, plain in _UMLAUTS.items():
        text = text.replace(mark, plain)
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


@lru_cache(maxsize=1 << 14)
def slug(text: str) -> str:
    """The text as a domain label."""
    return re.sub(r"[^a-z0-9]+", "-", fold(text).lower()).strip("-")


def spell_company(rng: random.Random, core: str, legal: str, country: str, care: Care) -> str:
    """A company's name as somebody typed it; ``legal`` is the registered spelling of its legal form."""
    if care == "exact":
        return f"{core} {legal}"
    if care == "heavy":
        core = _mangle(rng, core)
    forms = next((forms for forms in LEGAL_FORMS[country] if legal in forms), (legal,))
    form = pick(rng, forms)
    if care == "heavy" and legal in WRITTEN_OUT and chance(rng, 0.4):
        form = WRITTEN_OUT[legal]
    if care == "heavy" and chance(rng, 0.25):
        name = core
    elif country in ("US", "CA") and chance(rng, 0.3):
        name = f"{core}, {form}"
    else:
        name = f"{core} {form}"
    if " & " in name and chance(rng, 0.4):
        name = name.replace(" & ", f" {AND_WORDS[country]} ", 1)
    case = rng.random()
    return name.upper() if case < 0.10 else name.lower() if case < 0.12 else name


def _mangle(rng: random.Random, core: str) -> str:
    """One to two slips: an abbreviation, lost umlauts, a typo."""
    before = core
    if chance(rng, 0.5):
        for word, short in ABBREVIATIONS.items():
            if word in core:
                core = core.replace(word, short)
                break
    if chance(rng, 0.5):
        core = fold(core) if chance(rng, 0.6) else _strip_marks(core)
    if core == before or chance(rng, 0.35):
        core = typo(rng, core)
    return core


def _strip_marks(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode() if "ß" not in text else fold(text)


def typo(rng: random.Random, text: str) -> str:
    """Two letters swapped, one doubled, one dropped or one replaced, never the first one."""
    if len(text) < 5:
        return text
    spot = 1 + int(rng.random() * (len(text) - 3))
    slip = int(rng.random() * 4)
    if slip == 0:
        return text[:spot] + text[spot + 1] + text[spot] + text[spot + 2 :]
    if slip == 1:
        return text[:spot] + text[spot] + text[spot:]
    if slip == 2:
        return text[:spot] + text[spot + 1 :]
    return text[:spot] + pick(rng, "aeiorst") + text[spot + 1 :]


def spell_phone(rng: random.Random, phone: Phone) -> str:
    """A phone number as somebody typed it."""
    way = rng.random()
    if way < 0.25:
        return phone.e164
    grouped = _grouped(phone)
    if way < 0.6:
        return f"+{CALLING_CODES[phone.country]} {phone.area} {grouped}"
    if phone.country in ("US", "CA"):
        number = f"{phone.number[:3]}-{phone.number[3:]}"
        return f"({phone.area}) {number}" if way < 0.85 else f"{phone.area}-{number}"
    area = _TRUNK.get(phone.country, "") + phone.area
    if phone.country in ("DE", "AT") and way < 0.8:
        return f"{area}/{phone.number}"
    return f"{area} {grouped}" if way < 0.9 else f"{area}-{phone.number}"


def _grouped(phone: Phone) -> str:
    if phone.country == "FR":
        return " ".join(phone.number[at : at + 2] for at in range(0, len(phone.number), 2))
    return f"{phone.number[:3]} {phone.number[3:]}"


def spell_country(rng: random.Random, country: str) -> str:
    """A country as typed into a CRM, mostly the commonest spelling."""
    spellings = COUNTRY_SPELLINGS[country]
    return spellings[0] if chance(rng, 0.7) else pick(rng, spellings)


def spell_street(rng: random.Random, street: str) -> str:
    """A street with its usual abbreviation or in capitals."""
    way = rng.random()
    if way < 0.06:
        return street.upper()
    if way < 0.5:
        for word, short in _STREET_WORDS:
            if word in street:
                return street.replace(word, short)
    return street


def spell_city(rng: random.Random, place: Place) -> str:
    """A city, now and then by its other name or in capitals."""
    if place.other_city and chance(rng, 0.3):
        return place.other_city
    return place.city.upper() if chance(rng, 0.05) else place.city
