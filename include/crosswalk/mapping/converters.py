"""The converters a mapping file can name, and what each does to a value on its way in and out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from enum import StrEnum

from crosswalk.mapping import places, values
from crosswalk.mapping.phones import phone
from crosswalk.mapping.values import Unfit, shown
from crosswalk.model.entities import Kind
from crosswalk.model.records import Value

Convert = Callable[[Value], Value]
ConvertInRegion = Callable[[Value, "str | None"], Value]


class Law(StrEnum):
    """What a field's round trip keeps; :mod:`crosswalk.mapping.laws` states it exactly."""

    ISO = "iso"  # nothing is lost either way
    LOSSY = "lossy"  # something is lost once, and the next round trip loses no more
    ONE_WAY = "one_way"  # read only


class Argument(StrEnum):
    """Whether a converter takes an argument in the file (``convert: {prefix: "SF-"}``)."""

    NONE = "none"
    TEXT = "text"
    DIGITS = "digits"
    SPELLING = "name or code"


def _same(value: Value) -> Value:
    return value


@dataclass(frozen=True, slots=True)
class Converter:
    """One step between native and canonical. All three functions get values that are not None.

    ``get`` makes a native value canonical, ``put`` a canonical one native. ``stored`` is what the system shows of a
    value that was written, where its tables and its documents differ (a sales line's sign).
    ``get_in_region`` replaces ``get`` where the record's country matters. ``settle`` brings a value into canonical form
    where that is not the kind's usual one.
    """

    get: Convert
    put: Convert
    stored: Convert = _same
    get_in_region: ConvertInRegion | None = None
    settle: Convert | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """A converter's name in the file: for which kinds, the strongest law it keeps, and how it is made.

    ``last`` ones bring the value into its kind's canonical form themselves; after the others the kind's own follows.
    """

    make: Callable[[str], Converter]
    kinds: frozenset[Kind]
    law: Law = Law.ISO
    argument: Argument = Argument.NONE
    last: bool = False


# --- The canonical form of each kind --------------------------------------------------------

BASE: Mapping[Kind, Converter] = {
    Kind.TEXT: Converter(values.text, values.text),
    Kind.REFERENCE: Converter(values.key, values.key),
    Kind.EMAIL: Converter(values.email, values.sendable_email),
    Kind.PHONE: Converter(lambda raw: phone(raw, None), values.text, get_in_region=phone),
    Kind.COUNTRY: Converter(places.country, places.country),
    Kind.CURRENCY: Converter(places.currency, places.currency),
    Kind.AMOUNT: Converter(values.number, values.number),
    Kind.QUANTITY: Converter(values.number, values.number),
    Kind.INTEGER: Converter(values.integer, values.integer),
    Kind.BOOLEAN: Converter(values.boolean, values.boolean),
    Kind.DATE: Converter(values.day, values.day),
    Kind.INSTANT: Converter(values.instant, values.instant),
}


def choice(choices: tuple[str, ...]) -> Converter:
    """Return the base of a choice field: one of ``choices``, or anything when the field names none (an extra)."""
    if not choices:
        return BASE[Kind.TEXT]
    allowed = frozenset(choices)

    def check(value: Value) -> Value:
        if value not in allowed:
            raise Unfit(f"{shown(value)} is none of {', '.join(choices)}.", "Add it to the field's `values`.")
        return value

    return Converter(check, check)


# --- Value maps -----------------------------------------------------------------------------

REST = "*"  # in a value map: every native value that is not listed


def value_map(pairs: Mapping[str, str]) -> Converter:
    """Return the converter of a field's ``values``; on the way back the first native listed for a canonical wins."""
    rest = pairs.get(REST)
    back: dict[Value, str] = {}
    for native, canonical in pairs.items():
        if native != REST:
            back.setdefault(canonical, native)

    def get(raw: Value) -> Value:
        word = raw if isinstance(raw, str) else _switch_word(raw, pairs)
        found = pairs.get(word, rest)
        if found is None:
            problem = f"{shown(raw)} is not in the value map ({', '.join(pairs)})."
            raise Unfit(problem, "Add it to the field's `values`.")
        return found

    def put(value: Value) -> Value:
        if value not in back:
            problem = f"the system has no value for {shown(value)} (it has {', '.join(map(str, back))})."
            raise Unfit(problem, "Add one to the field's `values`.")
        return back[value]

    return Converter(get, put)


def _switch_word(raw: Value, pairs: Mapping[str, str]) -> str:
    if isinstance(raw, bool):
        return next((word for word in (("true", "T") if raw else ("false", "F")) if word in pairs), str(raw))
    return str(raw)


# --- Named converters -----------------------------------------------------------------------


def _plain(get: Convert, put: Convert | None = None) -> Callable[[str], Converter]:
    converter = Converter(get, put or get)
    return lambda _argument: converter


def _form(settle: Convert) -> Callable[[str], Converter]:
    converter = Converter(settle, settle, settle=settle)
    return lambda _argument: converter


def _negate(value: Value) -> Value:
    if isinstance(value, int):
        return -value
    exact = values.number(value)
    return exact and exact.copy_negate()  # exact, where the minus sign rounds to 28 digits; zero has no sign


def _percent(value: Value) -> Value:
    exact = values.number(value)
    return exact and values.number(exact.scaleb(2, _WIDE))


def _share(value: Value) -> Value:
    exact = values.number(value)
    return exact and values.number(exact.scaleb(-2, _WIDE))


def _absolute(value: Value) -> Value:
    if isinstance(value, int):
        return abs(value)
    exact = values.number(value)
    return exact and exact.copy_abs()


def _prefix(lead: str) -> Converter:
    def put(value: Value) -> Value:
        if not isinstance(value, str) or not value.startswith(lead) or value == lead:
            raise Unfit(f"{shown(value)} does not begin with {lead!r}.", f"Give a value that begins with {lead!r}.")
        return value[len(lead) :]

    return Converter(lambda raw: f"{lead}{raw}", put)


def _strip_prefix(leads: str) -> Converter:
    """Other values than ours are no value: the field may hold keys of other programs. Of several prefixes the first one is written."""
    known = prefixes_of(leads) or (leads,)
    longest_first = sorted(known, key=len, reverse=True)

    def get(raw: Value) -> Value:
        if not isinstance(raw, str):
            return None
        return next((raw[len(lead) :] or None for lead in longest_first if raw.startswith(lead)), None)

    return Converter(get, lambda value: f"{known[0]}{value}")


def prefixes_of(argument: str) -> tuple[str, ...]:
    """Return the prefixes that ``strip_prefix`` is given: one, or several with blanks between."""
    return tuple(argument.split())


_WIDE = Context(prec=2 * values.MOST_DIGITS)


def _rounded(digits: str) -> Converter:
    step = Decimal(1).scaleb(-int(digits))

    def put(value: Value) -> Value:
        exact = values.number(value)
        return exact and values.number(exact.quantize(step, ROUND_HALF_UP, _WIDE))

    return Converter(values.number, put)


def _country(spelling: str) -> Converter:
    return Converter(places.country, places.country_name if spelling == "name" else places.country)


def _website(scheme: str) -> Converter:
    def put(value: Value) -> Value:
        bare = values.website(value)
        return bare and f"{scheme}{bare}"

    return Converter(values.website, put)


def _listed(separator: str) -> Converter:
    def put(value: Value) -> Value:
        parts = values.listed(value)
        return parts and parts.replace(", ", separator)

    return Converter(values.listed, put)


_STATE = Converter(lambda raw: places.state(raw, None), values.text, get_in_region=places.state)
_TEXT = frozenset({Kind.TEXT})
_WORDS = frozenset({Kind.TEXT, Kind.REFERENCE})
_EXACT = frozenset({Kind.AMOUNT, Kind.QUANTITY})
_NUMBERS = _EXACT | {Kind.INTEGER}

RECIPES: Mapping[str, Recipe] = {
    "key": Recipe(_form(values.key), _WORDS, last=True),
    "lines": Recipe(_form(values.lines), _TEXT, last=True),
    "one_line": Recipe(_plain(values.one_line), _TEXT, Law.LOSSY, last=True),
    "list": Recipe(_listed, _TEXT, Law.LOSSY, Argument.TEXT, last=True),
    "website": Recipe(_website, _TEXT, Law.LOSSY, Argument.TEXT, last=True),
    "state": Recipe(lambda _argument: _STATE, _TEXT, Law.LOSSY, last=True),
    "country": Recipe(_country, frozenset({Kind.COUNTRY}), argument=Argument.SPELLING, last=True),
    "prefix": Recipe(_prefix, _WORDS, argument=Argument.TEXT),
    "strip_prefix": Recipe(_strip_prefix, _WORDS, Law.LOSSY, Argument.TEXT),
    "inverted": Recipe(_plain(lambda raw: not values.boolean(raw)), frozenset({Kind.BOOLEAN}), last=True),
    "negate": Recipe(_plain(_negate), _NUMBERS),
    "negate_read": Recipe(lambda _argument: Converter(_negate, _same, stored=_negate), _NUMBERS),
    "absolute": Recipe(_plain(_absolute, _same), _NUMBERS, Law.LOSSY),
    "percent": Recipe(_plain(_percent, _share), _EXACT),
    "round": Recipe(_rounded, _EXACT, Law.LOSSY, Argument.DIGITS, last=True),
}
