"""Names, numbers and moments of a copy: the same changes whether a fact or an emulator's stored row is copied.

Whatever two systems spell differently is changed in the part they have in common, so that they go on to agree, and to differ, as they
did: a company gets a word before its name (in capitals where it was typed so), a phone another end, a street another house number,
a person another first name of the same country, a moment another time of its own day.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from crosswalk_sandbox.company.parts import parts_of
from crosswalk_sandbox.company.spelling import slug
from crosswalk_sandbox.company.words import LOCALES

_BEGINNINGS: Final = (
    "Al", "An", "Ar", "Bel", "Bo", "Bran", "Cal", "Cor", "Dal", "Dor", "El", "Es", "Fal", "Fer", "Gal", "Gor", "Hal", "Hel",
    "In", "Jo", "Kal", "Kor", "La", "Lin", "Mal", "Mer", "Mon", "Na", "Nor", "Ol", "Or", "Pal", "Per", "Quin", "Ra", "Ros",
    "Sal", "Sol", "Tal", "Tor", "Ul", "Va", "Ver", "Vol", "Wal", "Wes", "Yar", "Zel",
)  # fmt: skip
_ENDINGS: Final = (
    "bach", "bek", "berg", "bury", "corn", "dale", "den", "dine", "dora", "drun", "fax", "feld", "gard", "gate", "gen", "ham",
    "hold", "ken", "land", "leth", "lix", "lund", "mar", "mere", "mond", "nex", "nia", "nova", "pol", "quist", "rand", "rick",
    "rona", "sand", "seth", "ston", "tana", "ten", "thal", "ton", "tris", "van", "vik", "vista", "wald", "well", "wick", "zen",
)  # fmt: skip
_WORDS: Final = len(_BEGINNINGS) * len(_ENDINGS)
_STRIDE: Final = 197  # between the words of a copy and of the next; has no divisor in common with their number
_PHONE_TAIL: Final = 4
_PHONE_STEP: Final = 37
DIGITS_STEP: Final = 7_919
_PARCEL_STEP: Final = 10_000_019

_DIGITS: Final = re.compile(r"\d+")
_SITE: Final = re.compile(r"^(?:https?://)?(?:www\.)?")


class Renaming:
    """How the ``copy``-th copy (from 1) of ``copies`` differs. Text None stays None."""

    def __init__(self, copy: int, copies: int) -> None:
        self.copy = copy
        self.parts = 2 * (copies + 1)
        """A moment of the copy is earlier by as many of these parts of its time of day as ``copy`` says."""
        self._first_names, self._first_slugs = _moved_names(copy)
        self._clock: dict[str, str] = {}
        self._words: dict[int, str] = {}
        self._labels: dict[int, str] = {}

    def word(self, group: int) -> str:
        """The word before the names of a group of companies: branches and second records share it with the first."""
        found = self._words.get(group)
        if found is None:
            endings, beginning = divmod((group + self.copy * _STRIDE) % _WORDS, len(_BEGINNINGS))
            again = self.copy // _WORDS
            found = f"{_BEGINNINGS[beginning]}{_ENDINGS[endings]}{f' {again + 1}' if again else ''}"
            self._words[group] = found
        return found

    def company(self, name: str, group: int) -> str:
        """A company's name as somebody typed it."""
        word = self.word(group)
        word = word.upper() if name.isupper() else word.lower() if name.islower() else word
        return f"{word} {name}"

    def site(self, address: str | None, group: int) -> str | None:
        """A web address, with or without its beginning."""
        return None if address is None else _SITE.sub(lambda found: found[0] + self._label(group), address, count=1)

    def mail(self, address: str | None, group: int) -> str | None:
        """An e-mail address of a company or of one of its people."""
        if address is None:
            return None
        local, _, domain = address.partition("@")
        first, dot, last = local.partition(".")
        return f"{self._first_slugs.get(first, first) if dot else first}{dot}{last}@{self._label(group)}{domain}"

    def first_name(self, name: str | None) -> str | None:
        """A person's first name: another one of the same country."""
        return None if name is None else self._first_names.get(name, name)

    def phone(self, number: str | None) -> str | None:
        """A phone number, however it is spelled: its last digits are others."""
        if number is None:
            return None
        if number[-_PHONE_TAIL:].isdigit():
            return f"{number[:-_PHONE_TAIL]}{self._stepped(number[-_PHONE_TAIL:], _PHONE_STEP)}"
        places = [place for place, char in enumerate(number) if char.isdigit()][-_PHONE_TAIL:]
        letters = list(number)
        tail = int("".join(letters[place] for place in places)) + self.copy * _PHONE_STEP
        for place in reversed(places):
            tail, digit = divmod(tail, 10)
            letters[place] = str(digit)
        return "".join(letters)

    def street(self, line: str | None) -> str | None:
        """A street: another house number."""
        return None if line is None else _DIGITS.sub(lambda found: str(int(found[0]) + self.copy), line, count=1)

    def digits(self, number: str | None) -> str | None:
        """A number that somebody else gave out (order, tax): as many digits at its end, after the same letters."""
        if number is None:
            return None
        letters = number.rstrip("0123456789")
        return letters + self._stepped(number[len(letters) :], DIGITS_STEP)

    def parcels(self, numbers: str | None) -> str | None:
        """One or more tracking numbers."""
        return None if numbers is None else ", ".join(self._parcel(number) for number in numbers.split(", "))

    def moment(self, stamp: str) -> str:
        """A moment in ISO form, to the second: earlier on the same day, in the same order as all others of its copy."""
        time = stamp[11:19]
        moved = self._clock.get(time)
        if moved is None:
            minutes, seconds = divmod(self.second(int(time[:2]) * 3600 + int(time[3:5]) * 60 + int(time[6:])), 60)
            moved = self._clock[time] = f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
        return stamp[:11] + moved + stamp[19:]

    def second(self, second: int) -> int:
        """A moment's second of its day, likewise."""
        return second * (self.parts - self.copy) // self.parts

    def _parcel(self, number: str) -> str:
        return f"1Z{self._stepped(number[2:], _PARCEL_STEP)}"

    def _label(self, group: int) -> str:
        found = self._labels.get(group)
        if found is None:
            found = self._labels[group] = f"{slug(self.word(group))}-"
        return found

    def _stepped(self, digits: str, step: int) -> str:
        return f"{(int(digits) + self.copy * step) % 10 ** len(digits):0{len(digits)}}"


def _moved_names(copy: int) -> tuple[dict[str, str], dict[str, str]]:
    """First names by first name, and their spelling in mail addresses: no two people of a company come to share one."""
    names: dict[str, str] = {}
    slugs: dict[str, str] = {}
    for country in _first_names():
        for place, name in enumerate(country):
            names[name] = country[(place + copy) % len(country)]
            slugs.setdefault(slug(name), slug(names[name]))
    return names, slugs


@cache
def _first_names() -> tuple[tuple[str, ...], ...]:
    """First names by country, each in the first country that has it."""
    seen: set[str] = set()
    countries = []
    for country in LOCALES:
        own = tuple(name for name in parts_of(country).first_names if name not in seen)
        seen.update(own)
        countries.append(own)
    return tuple(countries)
