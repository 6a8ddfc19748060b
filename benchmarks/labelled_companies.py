"""Companies as two systems would hold them, with the truth: harder than the demo company, for judging the scored matching.

Each company is written down twice by different hands: legal forms come and go, words are swapped, shortened or mistyped, umlauts
transcribed, addresses moved to the head office or a post-office box, phones and web addresses left out. Among them are what misleads:
branches of one name in other towns, subsidiaries that share the parent's web address and switchboard, companies in one building, names
that differ by a word, and records that only one side has.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Final

_SYLLABLES: Final = """
    Al Ber Cor Del Est Fen Gar Hal Ist Jor Kel Lor Mar Nor Ost Pel Quin Ros Sil Tor Ul Ver Wes Xan Yor Zel Brü Mül Schä Göt Val Pan Lum Dex
    / a e i o u an en in on er ar or il el ta na ra mo li
    / mann berg stein tech nova dyn trix mark field son ford well burn ham ley worth dale gate brook stad
    / Logistics Foods Metals Plastics Tools Textiles Electric Optics Pharma Energy Marine Packaging Paper Glass Timber Chemicals Motors
    Instruments Bearings Coatings Software Consulting Print Media Furniture Ceramics Cables Pumps Valves Steel
"""
_CORES, _MIDDLES, _ENDINGS, _TRADES = (part.split() for part in _SYLLABLES.split("/"))
_PLACES: Final = {
    "DE": (
        ("Berlin", "10"),
        ("München", "80"),
        ("Köln", "50"),
        ("Nürnberg", "90"),
        ("Hamburg", "20"),
        ("Lübeck", "23"),
    ),
    "AT": (("Wien", "10"), ("Graz", "80"), ("Linz", "40")),
    "US": (
        ("Boston", "021"),
        ("Chicago", "606"),
        ("Austin", "787"),
        ("Denver", "802"),
        ("Portland", "972"),
        ("Columbus", "432"),
    ),
    "GB": (("Leeds", "LS"), ("Bristol", "BS"), ("York", "YO"), ("Derby", "DE")),
    "FR": (("Lyon", "690"), ("Nantes", "440"), ("Lille", "590")),
}
_FORMS: Final = {
    "DE": ("GmbH", "AG", "GmbH & Co. KG", "KG"),
    "AT": ("GmbH", "AG", "Ges.m.b.H."),
    "US": ("Inc.", "LLC", "Corp.", "Co."),
    "GB": ("Ltd", "Limited", "PLC"),
    "FR": ("SARL", "SAS", "S.A."),
}
_STREETS: Final = {
    "DE": (
        "Hauptstraße",
        "Bahnhofstraße",
        "Lindenweg",
        "Industriestraße",
        "Gartenstraße",
        "Am Markt",
        "Schillerstraße",
    ),
    "AT": ("Ringstraße", "Mariahilfer Straße", "Feldgasse", "Marktplatz"),
    "US": ("Main Street", "Oak Avenue", "Park Road", "Elm Street", "Lake Drive", "Industrial Parkway", "Maple Avenue"),
    "GB": ("High Street", "Station Road", "Church Lane", "Mill Road", "Park Avenue"),
    "FR": ("rue de la Gare", "avenue Foch", "boulevard Voltaire", "place du Marché"),
}
_DIALLING: Final = {"DE": "49", "AT": "43", "US": "1", "GB": "44", "FR": "33"}
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
Row = dict[str, str | None]


@dataclass(frozen=True)
class Hardness:
    """Shares of records for which something is missing or wrong."""

    contact_missing: float
    place_missing: float
    post_box: float
    moved: float
    typo: float


RICH: Final = Hardness(contact_missing=0.25, place_missing=0.03, post_box=0.03, moved=0.03, typo=0.15)
HARD: Final = Hardness(contact_missing=0.7, place_missing=0.12, post_box=0.15, moved=0.06, typo=0.3)


@dataclass
class Labelled:
    """Both sides' rows by key, and the keys of those that are the same."""

    left: dict[str, Row] = field(default_factory=dict)
    right: dict[str, Row] = field(default_factory=dict)
    true: set[tuple[str, str]] = field(default_factory=set)


@dataclass
class _Company:
    name: str
    country: str
    city: str
    postal: str
    street: str
    house: int
    phone: str
    domain: str


def labelled(companies: int, hardness: Hardness = HARD, seed: int = 7, known: list[_Company] | None = None) -> Labelled:
    """Return about ``companies`` companies on two sides, eight in ten on both; ``known`` takes what they really are."""
    dice = random.Random(seed)
    result, known = Labelled(), [] if known is None else known
    for number in range(companies):
        company = _company(dice, known)
        known.append(company)
        fate = dice.random()
        if fate < 0.9:
            result.left[f"L{number}"] = _written(dice, company, hardness, careful=False)
        if fate > 0.1:
            result.right[f"R{number}"] = _written(dice, company, hardness, careful=True)
        if 0.1 < fate < 0.9:
            result.true.add((f"L{number}", f"R{number}"))
    return result


SUBSIDIARIES: Final = ("Aldermoor GmbH", "Aldermoor Inc.", "Aldermoor Ltd")


def in_subsidiaries(companies: int, hardness: Hardness = HARD, seed: int = 7, share: float = 0.2) -> Labelled:
    """Return labelled companies whose ERP has subsidiaries: each record is of one, and ``share`` of the companies has a second one in another.

    What misleads is there as before: branches, sisters and namesakes are customers of any subsidiary.
    """
    made: list[_Company] = []
    result = labelled(companies, hardness, seed, made)
    dice = random.Random(seed + 1)
    accounts = {right: left for left, right in result.true}
    for key in list(result.right):
        own, other = dice.sample(SUBSIDIARIES, 2)
        result.right[key]["subsidiary"] = own
        if dice.random() < share:
            again = _written(dice, made[int(key[1:])], hardness, careful=True)
            result.right[f"{key}-again"] = {**again, "subsidiary": other}
            if key in accounts:
                result.true.add((accounts[key], f"{key}-again"))
    return result


def _company(dice: random.Random, known: list[_Company]) -> _Company:
    country = dice.choices(tuple(_PLACES), weights=(40, 8, 30, 14, 8))[0]
    city, area = dice.choice(_PLACES[country])
    fresh = _Company(
        name=f"{dice.choice(_CORES)}{dice.choice(_MIDDLES)}{dice.choice(_ENDINGS)} {dice.choice(_TRADES)}",
        country=country,
        city=city,
        postal=area + "".join(dice.choices("0123456789", k=5 - len(area) if country != "GB" else 3)),
        street=dice.choice(_STREETS[country]),
        house=dice.randint(1, 180),
        phone=f"+{_DIALLING[country]}{dice.randint(20, 89)}{dice.randint(1000000, 9999999)}",
        domain="",
    )
    fresh.domain = f"{fresh.name.lower().translate(_UMLAUTS).replace(' ', dice.choice(('', '-')))}.{country.lower()}"
    if known and dice.random() < 0.2:
        _resemble(dice, fresh, dice.choice(known[-400:]))
    return fresh


def _resemble(dice: random.Random, fresh: _Company, other: _Company) -> None:
    """Make a company that is easily taken for another one."""
    kind = dice.random()
    if kind < 0.35:  # a branch: the name and the web address of the head office, another town
        fresh.name, fresh.domain = other.name, other.domain
    elif kind < 0.55:  # a subsidiary in the same house, behind the same switchboard
        fresh.name = _sister(dice, other.name)
        fresh.domain, fresh.phone = other.domain, other.phone
        fresh.country, fresh.city, fresh.postal = other.country, other.city, other.postal
        fresh.street, fresh.house = other.street, other.house
    elif kind < 0.75:  # a stranger in the same building
        fresh.country, fresh.city, fresh.postal = other.country, other.city, other.postal
        fresh.street, fresh.house = other.street, other.house
    else:  # a namesake
        fresh.name = other.name if dice.random() < 0.5 else _sister(dice, other.name)


def _sister(dice: random.Random, name: str) -> str:
    """Return a name that differs in its trade: told apart by a person, not by its first word."""
    core, trade = name.split()
    return f"{core} {dice.choice([other for other in _TRADES if other != trade])}"


def _written(dice: random.Random, company: _Company, hard: Hardness, *, careful: bool) -> Row:
    name = company.name
    if dice.random() < (0.95 if careful else 0.55):
        name = f"{name} {dice.choice(_FORMS[company.country])}"
    if dice.random() < hard.typo * (0.3 if careful else 1.0):
        name = _slip(dice, name)
    if not careful:
        name = _shortened(dice, name)
    boxed, moved = dice.random() < hard.post_box, dice.random() < hard.moved
    city, area = dice.choice(_PLACES[company.country]) if moved else (company.city, "")
    postal = area + "".join(dice.choices("0123456789", k=3)) if moved else company.postal
    street = f"Postfach {dice.randint(100, 9999)}" if boxed else _street(dice, company, moved)
    placeless = dice.random() < hard.place_missing
    website = f"https://www.{company.domain}/" if dice.random() > hard.contact_missing else None
    has_mail = dice.random() > hard.contact_missing
    mailbox = dice.choice(("info", "office", "sales", "einkauf"))
    return {
        "name": name,
        "number": None,
        "email": f"{mailbox}@{company.domain if dice.random() < 0.85 else 'gmail.com'}" if has_mail else None,
        "phone": _phone(dice, company.phone) if dice.random() > hard.contact_missing else None,
        "website": website,
        "billing_street": None if placeless else street,
        "billing_city": None
        if placeless and dice.random() < 0.7
        else city.translate(_UMLAUTS)
        if dice.random() < 0.3
        else city,
        "billing_postal_code": None if placeless else postal,
        "billing_country": company.country,
    }


def _street(dice: random.Random, company: _Company, moved: bool) -> str:
    street = dice.choice(_STREETS[company.country]) if moved else company.street
    house = dice.randint(1, 180) if moved else company.house
    if dice.random() < 0.4:
        street = street.replace("straße", "str.").replace("Street", "St").replace("Avenue", "Ave").replace("Road", "Rd")
    return f"{house} {street}" if company.country in ("US", "GB", "FR") else f"{street} {house}"


def _phone(dice: random.Random, number: str) -> str:
    if dice.random() < 0.5:
        return number
    return f"{number[:3]} {number[3:5]} {number[5:8]}-{number[8:]}"


def _shortened(dice: random.Random, name: str) -> str:
    fate = dice.random()
    words = name.split()
    if fate < 0.1 and len(words) > 2:
        return " ".join(words[:2][::-1])
    if fate < 0.25:
        return name.translate(_UMLAUTS)
    if fate < 0.32:
        return name.upper()
    return name.replace(" and ", " & ") if fate < 0.4 else name


def _slip(dice: random.Random, text: str) -> str:
    """Return the text with one letter left out, doubled or swapped with the next."""
    at = dice.randrange(1, len(text) - 1)
    kind = dice.randrange(3)
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + text[at] + text[at:]
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
