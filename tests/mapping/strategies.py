"""Values as systems hold them and as we hold them, for any mapped field."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from pathlib import Path

import phonenumbers
import pycountry
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from crosswalk.mapping.converters import REST
from crosswalk.mapping.definition import FieldMapping
from crosswalk.mapping.document import SystemMapping, load_mapping
from crosswalk.mapping.lens import Lens
from crosswalk.model.entities import Kind
from crosswalk.model.records import Value

MAPPINGS = Path(__file__).parents[2] / "include" / "mappings"
SHIPPED: dict[str, SystemMapping] = {path.stem: load_mapping(path) for path in sorted(MAPPINGS.glob("*.yaml"))}

REGIONS = st.sampled_from([None, "US", "GB", "DE", "SE", "IT", "CA", "BR", "JP"])

_WORDS = ["Acme", "Größe", "东京", "Łódź", "O'Neill & Sons", "a\u0301", "12/3", "x,", ";", "<br>", "http://", "İ", "ß"]
_GAPS = ["", " ", "  ", "\t", "\n", "\r\n", "\u00a0", "\u2028", ", ", "; "]
_TYPED = st.lists(st.sampled_from(_WORDS + _GAPS), min_size=1, max_size=9).map("".join)
_LONG = st.integers(1, 6).flatmap(lambda times: _TYPED.map(lambda piece: (piece + " ") * times * 40))
TEXTS = st.one_of(_TYPED, st.text(min_size=1, max_size=40), _LONG)
EMAILS = st.one_of(
    st.emails(),
    st.sampled_from(["Chloe.Myers@Example.COM", " a@b.co ", "no address", "ÅSA@EXAMPLE.SE", "a@b, c@d.com"]),
)
_NUMBERS = [
    number for region in ("US", "GB", "DE", "SE", "IT", "BR", "JP") if (number := phonenumbers.example_number(region))
]
_FORMATS = list(range(4))  # E.164, international, national, RFC 3966
PHONES = st.one_of(
    st.builds(phonenumbers.format_number, st.sampled_from(_NUMBERS), st.sampled_from(_FORMATS)),
    st.builds(
        lambda number, ext: f"{phonenumbers.format_number(number, 1)} ext. {ext}",
        st.sampled_from(_NUMBERS),
        st.integers(1, 9999),
    ),
    st.sampled_from(
        [
            "ask for Jane",
            "(415) 555-2671",
            "0171 1234567",
            "+49 (0)30 901820",
            "1-800-FLOWERS",
            "12",
            "+1 415 555 2671 x12",
        ]
    ),
    st.text(alphabet="0123456789+-() x.", min_size=1, max_size=18),
)
CODES = st.sampled_from([country.alpha_2 for country in pycountry.countries])
COUNTRIES = st.one_of(
    CODES,
    st.sampled_from([country.alpha_3 for country in pycountry.countries]),
    st.sampled_from([country.name for country in pycountry.countries]),
    st.sampled_from(["uk", " United  States ", "USA", "England", "South Korea", "GERMANY", "Atlantis"]),
)
CURRENCIES = st.sampled_from([currency.alpha_3 for currency in pycountry.currencies])
DECIMALS = st.one_of(
    st.decimals(min_value=-(10**12), max_value=10**12, places=8),
    st.sampled_from(
        [
            Decimal("0.00"),
            Decimal("-0"),
            Decimal("1.005"),
            Decimal("1E+3"),
            Decimal("12345678901234567890123456789012.5"),
        ]
    ),
)
INSTANTS = st.datetimes(timezones=st.just(UTC))

_BY_KIND: dict[Kind, SearchStrategy[Value]] = {
    Kind.TEXT: TEXTS,
    Kind.REFERENCE: TEXTS,
    Kind.EMAIL: EMAILS,
    Kind.PHONE: PHONES,
    Kind.COUNTRY: COUNTRIES,
    Kind.CURRENCY: CURRENCIES,
    Kind.AMOUNT: DECIMALS,
    Kind.QUANTITY: DECIMALS,
    Kind.INTEGER: st.integers(-(10**9), 10**9),
    Kind.BOOLEAN: st.booleans(),
    Kind.DATE: st.dates(),
    Kind.INSTANT: INSTANTS,
    Kind.CHOICE: TEXTS,
}


def natives(field: FieldMapping) -> SearchStrategy[Value]:
    """Return native values of ``field`` as a connector types them, tidy and untidy ones."""
    if field.values:
        known = [value for value in field.values if value != REST]
        listed: SearchStrategy[Value] = st.sampled_from(known)
        return st.one_of(st.none(), listed, TEXTS) if REST in field.values else st.one_of(st.none(), listed)
    if field.kind is Kind.CHOICE and field.choices:
        return st.one_of(st.none(), st.sampled_from(field.choices))
    plain = _BY_KIND[field.kind]
    leads = [
        use.argument for use in field.convert if use.name in ("prefix", "strip_prefix", "website") and use.argument
    ]
    if leads:
        plain = st.one_of(plain, st.builds(lambda lead, rest: f"{lead}{rest}", st.sampled_from(leads), plain))
    if any(use.name == "state" for use in field.convert):
        plain = st.one_of(plain, st.sampled_from(["California", "ca", "New South Wales", "São Paulo", "Bayern"]))
    return st.one_of(st.none(), plain)


@st.composite
def canonicals(draw: st.DrawFn, field: FieldMapping, region: str | None = None) -> Value:
    """Draw a canonical value that any system may have given for ``field``."""
    if field.values or field.choices:
        choices = field.choices or tuple(dict.fromkeys(field.values.values()))
        return draw(st.one_of(st.none(), st.sampled_from(choices)))
    raw = draw(st.one_of(st.none(), CODES if field.kind is Kind.COUNTRY else _BY_KIND[field.kind]))
    if raw is None or field.kind not in (Kind.TEXT, Kind.REFERENCE, Kind.EMAIL, Kind.PHONE, Kind.COUNTRY):
        return raw
    if any(use.name == "state" for use in field.convert):
        return Lens(field).read(raw, region)
    return Lens(field).settled(raw, region)
