"""Every field of every shipped mapping keeps the law it declares; and a field that does not is found out."""

from __future__ import annotations

import os
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from crosswalk.mapping.converters import Law
from crosswalk.mapping.definition import ConverterUse, FieldMapping
from crosswalk.mapping.laws import broken_by_canonical, broken_by_native
from crosswalk.mapping.lens import Lens
from crosswalk.mapping.values import Unfit
from crosswalk.model.entities import Kind
from crosswalk.model.records import Value
from tests.mapping.strategies import REGIONS, SHIPPED, canonicals, natives

FIELDS = {
    f"{system}.{entity.entity}.{field.name}": field
    for system, mapping in SHIPPED.items()
    for entity in mapping.entities.values()
    for field in entity.every_field
}
WRITABLE = {name: field for name, field in FIELDS.items() if field.law is not Law.ONE_WAY}
OFTEN = settings(
    max_examples=int(os.environ.get("LAW_EXAMPLES", "12")), deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.parametrize("name", FIELDS)
@given(data=st.data())
@OFTEN
def test_reading_a_native_value_keeps_the_declared_law(name: str, data: st.DataObject) -> None:
    field = FIELDS[name]
    native, region = data.draw(natives(field)), data.draw(REGIONS)
    try:
        broken = broken_by_native(Lens(field), native, region)
    except Unfit:
        assume(False)
    assert broken is None


@pytest.mark.parametrize("name", WRITABLE)
@given(data=st.data())
@OFTEN
def test_writing_a_canonical_value_keeps_the_declared_law(name: str, data: st.DataObject) -> None:
    field = WRITABLE[name]
    region = data.draw(REGIONS)
    value = data.draw(canonicals(field, region))
    try:
        broken = broken_by_canonical(Lens(field), value, region)
    except Unfit:
        assume(False)
    assert broken is None


def _field(kind: Kind = Kind.TEXT, law: Law = Law.ISO, **settings: object) -> FieldMapping:
    convert = tuple(ConverterUse(name=name, argument=argument) for name, argument in settings.pop("convert", ()))
    return FieldMapping(name="f", native="F", kind=kind, law=law, place="test.yaml:1", convert=convert, **settings)


# Settings that promise too much, with a value that shows it. The loader refuses them; here the law itself does.
NATIVE_LIES = {
    "a prefix that other keys do not have": (_field(convert=[("strip_prefix", "SF-")]), "LEGACY-1"),
    "lines joined into one": (_field(convert=[("one_line", None)]), "1 Main St\nSuite 5"),
    "a scheme thrown away": (_field(convert=[("website", "https://")]), "http://acme.com"),
    "two native values for one": (_field(Kind.CHOICE, choices=("a",), values={"x": "a", "y": "a"}), "y"),
    "a sign thrown away": (_field(Kind.AMOUNT, convert=[("absolute", None)]), Decimal(-1)),
    "a default for nothing": (_field(default="none"), None),
}
CANONICAL_LIES = {
    "rounding": (_field(Kind.AMOUNT, convert=[("round", "2")]), Decimal("1.005")),
    "a choice that has no native": (_field(Kind.BOOLEAN, default="true"), None),
    "lines joined into one": (_field(convert=[("one_line", None)]), "a\nb"),
    "other keys vanish": (_field(convert=[("list", ";")]), "a;b"),
}


@pytest.mark.parametrize("what", NATIVE_LIES)
def test_a_native_value_finds_out_a_field_that_promises_too_much(what: str) -> None:
    field, native = NATIVE_LIES[what]
    assert "GetPut" in (broken_by_native(Lens(field), native) or "")


@pytest.mark.parametrize("what", CANONICAL_LIES)
def test_a_canonical_value_finds_out_a_field_that_promises_too_much(what: str) -> None:
    field, value = CANONICAL_LIES[what]
    assert "PutGet" in (broken_by_canonical(Lens(field), value) or "")


LOSSY = [
    (_field(law=Law.LOSSY, max_length=12, convert=[("website", "https://")]), "acme/shop/cart"),
    (_field(law=Law.LOSSY, max_length=10, convert=[("one_line", None)]), "1 Main St, Suite 5"),
    (_field(law=Law.LOSSY, max_length=3, convert=[("list", " / ")]), "a, b, c"),
    (_field(law=Law.LOSSY, max_length=4), "abc def"),
]


@pytest.mark.parametrize(("field", "value"), LOSSY)
def test_a_value_that_was_cut_comes_to_rest(field: FieldMapping, value: Value) -> None:
    lens = Lens(field)
    assert field.max_length is not None
    assert len(str(lens.write(value))) <= field.max_length
    assert broken_by_canonical(lens, value) is None


def test_a_long_value_is_refused_where_nothing_may_be_lost() -> None:
    with pytest.raises(Unfit, match="5 characters, the system takes 4"):
        Lens(_field(max_length=4)).write("abcde")


def test_converters_are_undone_in_the_opposite_order() -> None:
    lens = Lens(_field(law=Law.LOSSY, convert=[("strip_prefix", "SF-"), ("prefix", "N-")]))
    assert lens.read("SF-7") == "N-7"
    assert lens.write("N-7") == "SF-7"
