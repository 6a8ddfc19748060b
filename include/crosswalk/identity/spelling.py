"""How names, streets, phones and web addresses are made comparable before they are scored. Pure; '' is missing.

Umlauts and their transcriptions fall together ("Müller", "Mueller", "Muller"), legal forms and street words are cut or shortened,
phones keep the digits that every spelling of them shares, free-mail providers are no company's domain.
"""

from __future__ import annotations

import re
import unicodedata

_FORMS = """
    incorporated inc corporation corp company co llc llp lp limited ltd plc gmbh gesmbh mbh ag kg kgaa ohg ug se ek eg sa sas sarl sasu srl
    spa snc bv nv ab as aps oy oyj kk pty sl slu sc scs cie und and et y e the holding group gruppe groupe international
"""
_PROVIDERS = """
    gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com icloud.com me.com aol.com gmx.de gmx.net gmx.at
    gmx.ch web.de t-online.de freenet.de orange.fr free.fr wanadoo.fr libero.it bluewin.ch btinternet.com mail.com proton.me
    protonmail.com
"""
LEGAL_FORMS = frozenset(_FORMS.split())
FREE_MAIL = frozenset(_PROVIDERS.split())
_STREET_WORDS = {
    "street": "st",
    "strasse": "st",
    "str": "st",
    "avenue": "av",
    "ave": "av",
    "road": "rd",
    "boulevard": "bd",
    "blvd": "bd",
    "boul": "bd",
    "drive": "dr",
    "lane": "ln",
    "place": "pl",
    "platz": "pl",
    "square": "sq",
    "highway": "hwy",
    "parkway": "pkwy",
    "rue": "r",
    "via": "v",
    "calle": "c",
    "carrer": "c",
    "north": "n",
    "south": "s",
    "east": "e",
    "west": "w",
    "court": "ct",
    "weg": "w",
}
_SPECIAL = str.maketrans(
    {"ß": "ss", "ø": "o", "æ": "a", "œ": "o", "đ": "d", "ł": "l", "&": " and ", "+": " and ", ".": "", "'": "", "’": ""}
)
_TRANSCRIBED = re.compile("(?<=[aou])e+")
_SEPARATORS = re.compile(r"[^0-9a-z]+")
_GLUED_STREET = re.compile(r"([a-z]{3,})(strasse|str|st)$")
_UNIT = re.compile(r"\b(suite|floor|unit|apt|apartment|etage|stock|og|po box|postfach)\b.*$")
_HOUSE = re.compile(r"\d+")
_VOWELS = re.compile("[aeiouy ]")
_REPEATED = re.compile(r"(.)\1+")
_FEWEST_BONES = 3
_PHONE_DIGITS = 8
_SHORTEST_PHONE = 6


def folded(text: str | None) -> str:
    """Return lower-case ASCII words, one blank between them; umlauts and "ae", "oe", "ue" alike become their vowel."""
    if not text:
        return ""
    plain = text.lower().translate(_SPECIAL)
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    return _TRANSCRIBED.sub("", _SEPARATORS.sub(" ", plain).strip())


def company(text: str | None) -> str:
    """Return the words of a company's name without its legal form; a name of nothing else keeps all its words."""
    words = folded(text).split()
    return " ".join([word for word in words if word not in _FOLDED_FORMS] or words)


def skeleton(name: str) -> str:
    """Return a name's consonants, doubled ones once: most slips of the pen leave them alone; '' when fewer than four are left."""
    bones = _REPEATED.sub(r"\1", _VOWELS.sub("", name))
    return bones if len(bones) > _FEWEST_BONES else ""


def street(text: str | None) -> str:
    """Return the first line of an address with its street words shortened, without suite, floor or unit."""
    if not text:
        return ""
    words = _UNIT.sub("", folded(text.splitlines()[0])).split()
    short: list[str] = []
    for word in words:
        glued = _GLUED_STREET.match(word)
        short += [glued[1], "st"] if glued else [_STREET_WORDS.get(word, word)]
    return " ".join(short)


def house(text: str | None) -> str:
    """Return the house number: the first number of the address's first line."""
    found = _HOUSE.search(text.splitlines()[0]) if text else None
    return found[0] if found else ""


def digits_of_phone(text: str | None) -> str:
    """Return the last digits of a number, which are the same with and without country and trunk prefix; '' when too short."""
    digits = "".join(filter(str.isdigit, text or ""))
    return digits[-_PHONE_DIGITS:] if len(digits) >= _SHORTEST_PHONE else ""


def code(text: str | None) -> str:
    """Return a postal code, article or customer number: upper-case letters and digits only."""
    return "".join(filter(str.isalnum, text or "")).upper()


def domain(website: str | None, email: str | None) -> str:
    """Return the company's own domain, from its website, else from an e-mail address that is not a free-mail provider's."""
    host = (website or "").strip().lower().split("//")[-1].split("/")[0].split(":")[0].split("?")[0]
    if "." in host:
        return host.removeprefix("www.")
    provider = (email or "").strip().lower().rpartition("@")[2]
    return "" if provider in FREE_MAIL or "." not in provider else provider


_FOLDED_FORMS = frozenset(map(folded, LEGAL_FORMS))
