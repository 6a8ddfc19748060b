"""Names, streets and places per country, made once with Faker and then combined: no Faker call per record."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from faker import Faker

from crosswalk_sandbox.company.words import LOCALES

_FIRST_NAMES, _LAST_NAMES, _STREETS = 120, 400, 240


@dataclass(frozen=True, slots=True)
class Place:
    """A real city. ``postal`` is a pattern (# digit, @ letter); ``area`` and ``digits`` give its phone numbers."""

    country: str
    city: str
    other_city: str
    state: str
    state_name: str
    postal: str
    area: str
    digits: int


@dataclass(frozen=True, slots=True)
class Parts:
    """What names and addresses of one country are made of."""

    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    streets: tuple[str, ...]
    places: tuple[Place, ...]


@cache
def parts_of(country: str) -> Parts:
    """The parts of a country (ISO 3166-1 alpha-2), the same in every process."""
    fake = Faker(LOCALES[country])
    fake.seed_instance(f"crosswalk {country}")
    return Parts(
        _distinct(fake.first_name, _FIRST_NAMES),
        _distinct(fake.last_name, _LAST_NAMES),
        _distinct(fake.street_name, _STREETS),
        tuple(place for place in _places() if place.country == country),
    )


def _distinct(draw: object, wanted: int) -> tuple[str, ...]:
    assert callable(draw)
    found: dict[str, None] = {}
    for _ in range(wanted * 4):
        found[str(draw())] = None
        if len(found) == wanted:
            break
    return tuple(found)


@cache
def _places() -> tuple[Place, ...]:
    text = files("crosswalk_sandbox.company").joinpath("places.csv").read_text(encoding="utf-8")
    rows: Iterable[dict[str, Any]] = csv.DictReader(text.splitlines())
    return tuple(Place(**{**row, "digits": int(row["digits"])}) for row in rows)
