"""Countries, their states, and currencies, by the ISO tables of pycountry."""

from __future__ import annotations

from functools import cache, lru_cache
from gettext import NullTranslations, translation
from typing import TYPE_CHECKING, Any

import pycountry
from rapidfuzz import process

from crosswalk.mapping.values import Unfit, shown, text

if TYPE_CHECKING:
    from crosswalk.model.records import Value

# What people write and the ISO table does not list.
_ALSO_CALLED = {
    "uk": "GB", "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "northern ireland": "GB",
    "u.s.": "US", "u.s.a.": "US", "united states of america": "US", "holland": "NL", "the netherlands": "NL",
    "russia": "RU", "turkey": "TR", "czech republic": "CZ", "ivory coast": "CI", "cape verde": "CV", "burma": "MM",
    "swaziland": "SZ", "macedonia": "MK", "east timor": "TL", "vatican": "VA", "uae": "AE", "brunei": "BN",
    "hong kong sar": "HK", "macau": "MO", "palestine": "PS", "micronesia": "FM", "congo-kinshasa": "CD",
    "democratic republic of the congo": "CD", "republic of the congo": "CG", "the bahamas": "BS", "the gambia": "GM",
}  # fmt: skip

# Languages whose names for countries are read too (Deutschland, España, 日本).
_LANGUAGES = (
    "cs", "da", "de", "el", "es", "fi", "fr", "he", "hu", "it", "ja", "ko", "nb_NO", "nl", "pl", "pt", "ro", "ru",
    "sv", "tr", "uk", "zh_CN", "zh_TW",
)  # fmt: skip

# Where addresses carry the ISO code of the state; elsewhere it is left as typed.
_STATE_CODES_ARE_USED = ("US", "CA", "AU", "BR")


@cache
def _countries() -> dict[str, str]:
    """Return code by spelling; English goes before other languages."""
    english = dict(_ALSO_CALLED)
    foreign: dict[str, str] = {}
    tongues = [_translation(language) for language in _LANGUAGES]
    for entry in pycountry.countries:
        english |= {entry.alpha_2.casefold(): entry.alpha_2, entry.alpha_3.casefold(): entry.alpha_2}
        for attribute in ("name", "common_name", "official_name"):
            spelled = getattr(entry, attribute, None)
            if spelled:
                english.setdefault(spelled.casefold(), entry.alpha_2)
                foreign |= {tongue.gettext(spelled).casefold(): entry.alpha_2 for tongue in tongues}
    return foreign | english


def _translation(language: str) -> NullTranslations:
    return translation("iso3166-1", pycountry.LOCALES_DIR, languages=[language], fallback=True)


@lru_cache(maxsize=4096)
def known_country(raw: str) -> str | None:
    """Return the ISO 3166-1 alpha-2 code for a code or a name; None when it is unknown."""
    return _countries().get((text(raw) or "").casefold())


def country(raw: Value) -> str | None:
    """Return the ISO 3166-1 alpha-2 code; reads ISO-2, ISO-3 and names in many languages. Raises Unfit for others."""
    code = known_country(raw) if type(raw) is str else None
    if code is None and text(raw) is not None:
        raise Unfit(f"{shown(raw)} is no country we know.", _advice(str(raw)))
    return code


def _advice(raw: str) -> str:
    near = process.extractOne(raw.casefold(), list(_countries()), score_cutoff=75)
    guess = f"Did you mean {country_name(_countries()[near[0]])!r}? " if near else ""
    return f"{guess}Write the country's English name or its two-letter code there, or add it to the field's `values`."


@lru_cache(maxsize=512)
def country_name(code: Value) -> str:
    """Return the country's common English name (``Vietnam``, not ``Viet Nam``), which :func:`country` reads back."""
    entry = pycountry.countries.get(alpha_2=country(code))
    return str(getattr(entry, "common_name", None) or getattr(entry, "name", code))


_subdivisions: Any = pycountry.subdivisions


@cache
def _states(country_code: str) -> dict[str, str]:
    index: dict[str, str] = {}
    for entry in _subdivisions.get(country_code=country_code) or ():
        code = entry.code.partition("-")[2]
        index[code.casefold()] = code
        index.setdefault(entry.name.casefold(), code)
    return index


@lru_cache(maxsize=4096)
def state(raw: Value, country_code: str | None) -> str | None:
    """Return a state's code (``CA`` for California) where addresses use codes, otherwise the text as typed."""
    plain = text(raw)
    if plain is None or country_code not in _STATE_CODES_ARE_USED:
        return plain
    return _states(country_code).get(plain.casefold(), plain)


@cache
def currency_codes() -> frozenset[str]:
    """Return all codes of ISO 4217."""
    return frozenset(entry.alpha_3 for entry in pycountry.currencies)


def currency(raw: Value) -> str | None:
    """Return the ISO 4217 code; raises Unfit for anything else."""
    if raw in currency_codes():
        return str(raw)
    code = (text(raw) or "").upper()
    if not code or code in currency_codes():
        return code or None
    hint = "Set the currency's symbol to its three-letter code, or add it to the field's `values`."
    raise Unfit(f"{shown(raw)} is no ISO 4217 currency code.", hint)
