"""The demo company's own set-up: Aldermoor, a wholesaler of industrial supplies with four subsidiaries."""

from __future__ import annotations

from decimal import Decimal
from functools import cache

from crosswalk_sandbox.company.dice import Kind, chance, dice, pick
from crosswalk_sandbox.company.model import (
    Address,
    Currency,
    Location,
    PriceLevel,
    Salesperson,
    Subsidiary,
    TaxCode,
    Terms,
)
from crosswalk_sandbox.company.parts import parts_of
from crosswalk_sandbox.company.spelling import slug

NAME = "Aldermoor Industrial Supply"
DOMAIN = "aldermoor.example"

INC, GMBH, LTD, BENELUX = 1, 2, 3, 4
BASE, WHOLESALE, PARTNER, ONLINE = 1, 2, 3, 5

CURRENCIES = (
    Currency(1, "USD", "US Dollar", Decimal("1"), is_corporate=True),
    Currency(2, "GBP", "British Pound", Decimal("1.27")),
    Currency(3, "CAD", "Canadian Dollar", Decimal("0.73")),
    Currency(4, "EUR", "Euro", Decimal("1.08")),
    Currency(5, "CHF", "Swiss Franc", Decimal("1.12")),
)
RATES = {currency.code: currency.rate for currency in CURRENCIES}

SUBSIDIARIES = (
    Subsidiary(
        INC,
        "Aldermoor Inc.",
        "US",
        "USD",
        ("USD", "CAD"),
        ("US", "CA"),
        Address(("1200 Harbor Boulevard", "Suite 400"), "Seattle", "WA", "98101", "US", "US"),
        None,
    ),
    Subsidiary(
        GMBH,
        "Aldermoor GmbH",
        "DE",
        "EUR",
        ("EUR", "CHF"),
        ("DE", "AT", "CH", "FR", "IT", "ES", "NL"),
        Address(("Industriestraße 14",), "Stuttgart", "", "70173", "DE", "DE"),
        INC,
    ),
    Subsidiary(
        LTD,
        "Aldermoor Ltd",
        "GB",
        "GBP",
        ("GBP", "EUR"),
        ("GB",),
        Address(("Unit 7, Kingsway Trade Park",), "Leeds", "", "LS1 4AP", "GB", "GB"),
        INC,
    ),
    Subsidiary(
        BENELUX,
        "Aldermoor Benelux B.V. (closed)",
        "NL",
        "EUR",
        ("EUR",),
        (),
        Address(("Havenweg 3",), "Rotterdam", "", "3011 AA", "NL", "NL"),
        GMBH,
        is_active=False,
    ),
)
SUBSIDIARY_OF_COUNTRY = {country: one.sequence for one in SUBSIDIARIES for country in one.countries}
CURRENCY_OF_COUNTRY = {"US": "USD", "CA": "CAD", "GB": "GBP", "CH": "CHF"}  # the others: EUR

PRICE_LEVELS = (
    PriceLevel(BASE, "Base Price", "Standard Price Book", Decimal(0), is_standard=True),
    PriceLevel(WHOLESALE, "Wholesale", "Wholesale", Decimal(15)),
    PriceLevel(PARTNER, "Strategic Partner", "Strategic Partner", Decimal(25)),
    PriceLevel(ONLINE, "Online Price", "Online", Decimal(5), is_online=True),
)

LOCATIONS = (
    Location(1, "Seattle DC", INC, Address(("1200 Harbor Boulevard",), "Seattle", "WA", "98101", "US", "US")),
    Location(2, "Columbus DC", INC, Address(("88 Rickenbacker Parkway",), "Columbus", "OH", "43217", "US", "US")),
    Location(3, "Lager Stuttgart", GMBH, Address(("Industriestraße 14",), "Stuttgart", "", "70173", "DE", "DE")),
    Location(4, "Lager Wien", GMBH, Address(("Laxenburger Straße 151",), "Wien", "", "1100", "AT", "AT")),
    Location(5, "Leeds Warehouse", LTD, Address(("Unit 7, Kingsway",), "Leeds", "", "LS1 4AP", "GB", "GB")),
    Location(6, "Magazijn Rotterdam", BENELUX, Address(("Havenweg 3",), "Rotterdam", "", "3011 AA", "NL", "NL")),
)
LOCATIONS_OF_SUBSIDIARY = {
    one.sequence: tuple(place.sequence for place in LOCATIONS if place.subsidiary == one.sequence)
    for one in SUBSIDIARIES
}

TERMS = (
    Terms(1, "Net 30", 30),
    Terms(2, "Net 15", 15),
    Terms(3, "Net 60", 60),
    Terms(4, "Due on receipt", 0),
    Terms(5, "14 Tage netto", 14),
    Terms(6, "Net 45", 45),
)

TAX_CODES = (
    TaxCode(1, "US-Sales", Decimal("8.25"), "US", INC, is_default=True),
    TaxCode(2, "US-Exempt", Decimal(0), "US", INC),
    TaxCode(3, "CA-GST", Decimal(5), "CA", INC),
    TaxCode(4, "DE-19", Decimal(19), "DE", GMBH, is_default=True),
    TaxCode(5, "EU-Reverse-Charge", Decimal(0), "DE", GMBH),
    TaxCode(6, "CH-Export", Decimal(0), "CH", GMBH),
    TaxCode(7, "GB-20", Decimal(20), "GB", LTD, is_default=True),
    TaxCode(8, "NL-21", Decimal(21), "NL", BENELUX, is_default=True),
)
TAX_RATES = {code.sequence: code.rate for code in TAX_CODES}

_TEAM = ((INC, "US", 12, "America/Los_Angeles"), (GMBH, "DE", 7, "Europe/Berlin"), (LTD, "GB", 5, "Europe/London"))


@cache
def salespeople(seed: int) -> tuple[Salesperson, ...]:
    """The sales team; the last two of the American one have left."""
    team: list[Salesperson] = []
    for subsidiary, country, count, zone in _TEAM:
        for place in range(count):
            rng = dice(seed, Kind.SALESPERSON, len(team) + 1)
            first, last = pick(rng, parts_of(country).first_names), pick(rng, parts_of(country).last_names)
            login = f"{slug(first)}.{slug(last)}.{len(team) + 1}@{DOMAIN}"
            manager = place == 0
            team.append(
                Salesperson(
                    id=f"salesperson-{len(team) + 1:03}",
                    sequence=len(team) + 1,
                    first_name=first,
                    last_name=last,
                    email=login,
                    crm_username=f"{login}.crm",
                    title="Sales Director" if manager else "Account Executive",
                    subsidiary=subsidiary,
                    time_zone=zone if chance(rng, 0.8) else "UTC",
                    is_active=not (subsidiary == INC and place >= count - 2),
                )
            )
    return tuple(team)


def currency_of(country: str) -> str:
    """The currency customers of a country are billed in."""
    return CURRENCY_OF_COUNTRY.get(country, "EUR")


def tax_code_of(country: str, subsidiary: int, exempt: bool) -> int:
    """The tax code a subsidiary uses for customers of a country."""
    if subsidiary == INC:
        return 3 if country == "CA" else 2 if exempt else 1
    if subsidiary == GMBH:
        return {"DE": 4, "CH": 6}.get(country, 5)
    return 7 if subsidiary == LTD else 8
