"""Countries and states as State/Country picklists hold them (Salesforce §14)."""

from __future__ import annotations

from functools import cache
from typing import Any

import pycountry

WITH_STATES = ("US", "CA", "AU", "BR", "CN", "IN", "IE", "IT", "MX")


@cache
def country_codes() -> tuple[str, ...]:
    """ISO codes of all countries."""
    return tuple(sorted(country.alpha_2 for country in pycountry.countries))


@cache
def state_codes() -> tuple[str, ...]:
    """Codes of the states of the countries that have a list of them."""
    found = {code for country in WITH_STATES for code in states_of(country).values()}
    return tuple(sorted(found))


@cache
def states_of(country: str) -> dict[str, str]:
    """State names and codes, in lower case, to codes; empty where the country has no list."""
    if country not in WITH_STATES:
        return {}
    found: dict[str, str] = {}
    divisions: Any = pycountry.subdivisions
    for division in divisions.get(country_code=country) or ():
        code = division.code.partition("-")[2]
        found[division.name.lower()] = found[code.lower()] = code
    return found


@cache
def countries() -> dict[str, str]:
    """Country names and codes, in lower case, to codes."""
    found: dict[str, str] = {}
    for country in pycountry.countries:
        names = (country.name, getattr(country, "common_name", None), country.alpha_2)
        found.update({name.lower(): country.alpha_2 for name in names if name})
    return found


def country_name(code: str) -> str:
    """The name a country code stands for."""
    country: Any = pycountry.countries.get(alpha_2=code)
    return str(getattr(country, "common_name", None) or country.name)


def state_name(country: str, code: str) -> str:
    """The name a state code stands for."""
    divisions: Any = pycountry.subdivisions
    return str(divisions.get(code=f"{country}-{code}").name)
