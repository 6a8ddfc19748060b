"""Typing: REST's JSON and Bulk's CSV tell the same story, and what we write comes back as it was."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk.connectors.salesforce.values import RecordReader, converter, to_decimal, to_instant
from crosswalk.connectors.transport import json_bytes
from crosswalk.model.errors import SchemaError
from crosswalk.model.records import NativeField, NativeRecord, Selection

# Salesforce keeps at most 18 digits, trims text, and knows no NUL character (Salesforce §3).
_texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20).map(str.strip)
_decimals = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**13), max_value=10**13)
_instants = st.integers(0, 4 * 10**9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
_by_kind: dict[str, st.SearchStrategy[Any]] = {
    "text": _texts,
    "email": _texts,
    "choice": _texts,
    "reference": st.from_regex(r"[0-9A-Za-z]{15}", fullmatch=True),
    "amount": _decimals,
    "quantity": _decimals,
    "integer": st.integers(-(10**9), 10**9),
    "boolean": st.booleans(),
    "date": st.dates(date(1900, 1, 1)),
    "instant": _instants,
}
_fields = st.lists(st.sampled_from(sorted(_by_kind)), min_size=1, max_size=8)


@st.composite
def _rows(draw: st.DrawFn) -> tuple[list[str], list[list[Any]]]:
    kinds = draw(_fields)
    rows = draw(st.lists(st.tuples(*[st.none() | _by_kind[kind] for kind in kinds]), min_size=1, max_size=5))
    return kinds, [list(row) for row in rows]


def _rest(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    if isinstance(value, Decimal):
        return f"\0{value if value.as_tuple().exponent else f'{value}.0'}\0"  # a bare JSON number, put in below
    return value.isoformat() if isinstance(value, date) else (value or None if isinstance(value, str) else value)


def _csv(value: Any) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)


def _read_json(reader: RecordReader, names: list[str], rows: list[list[Any]]) -> list[NativeRecord]:
    records = []
    for row in rows:
        record: dict[str, Any] = {"Id": "001", "SystemModstamp": "2026-05-06T11:56:44.000+0000", "IsDeleted": False}
        for name, value in zip(names, row, strict=True):
            parent, _, child = name.rpartition(".")
            if parent:
                record[parent] = {"attributes": {"type": parent}, child: _rest(value)}
            else:
                record[name] = _rest(value)
        records.append(record)
    text = json.dumps(records).replace('"\\u0000', "").replace('\\u0000"', "")
    return list(reader.from_json(json.loads(text, parse_float=Decimal)))


def _read_csv(reader: RecordReader, names: list[str], rows: list[list[Any]]) -> list[NativeRecord]:
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(["Id", "SystemModstamp", "IsDeleted", *names])
    stamp = "2026-05-06T11:56:44.000Z"
    writer.writerows([["001", stamp, "false", *map(_csv, row)] for row in rows])
    lines = csv.reader(io.StringIO(out.getvalue(), newline=""))
    return list(reader.from_csv(next(lines), lines))


def _expected(value: Any) -> Any:
    return None if value == "" else value


@settings(max_examples=60)
@given(_rows(), st.booleans())
def test_rest_and_bulk_give_the_same_typed_record(drawn: tuple[list[str], list[list[Any]]], parents: bool) -> None:
    kinds, rows = drawn
    names = [f"P{number}__r.F__c" if parents and number % 2 else f"F{number}__c" for number in range(len(kinds))]
    selection = Selection("customer", "Account", tuple(map(NativeField, names, kinds)))
    by_json = _read_json(RecordReader(selection), names, rows)
    by_csv = _read_csv(RecordReader(selection), names, rows)
    assert by_json == by_csv
    assert [list(map(_expected, row)) for row in rows] == [
        [record.values[name] for name in names] for record in by_json
    ]
    for record in [*by_json, *by_csv]:
        for kind, name in zip(kinds, names, strict=True):
            assert isinstance(record.values[name], (_TYPES[kind], type(None)))


_TYPES: dict[str, type] = {
    "amount": Decimal,
    "quantity": Decimal,
    "integer": int,
    "boolean": bool,
    "date": date,
    "instant": datetime,
} | dict.fromkeys(("text", "email", "choice", "reference"), str)


@given(st.sampled_from(sorted(_by_kind)).flatmap(lambda kind: st.tuples(st.just(kind), _by_kind[kind])))
def test_a_value_we_write_is_the_value_we_read_back(drawn: tuple[str, Any]) -> None:
    kind, value = drawn
    wire = json.loads(json_bytes({"F": value}), parse_float=Decimal)["F"]
    assert converter(kind)(wire) == _expected(value)


@pytest.mark.parametrize("printed", ["15000", "15000.0", "15000.00", "1.5E4", "1.5e+04"])
def test_one_number_has_one_form_however_it_was_printed(printed: str) -> None:
    assert str(to_decimal(printed)) == "15000"
    assert str(to_decimal(Decimal(printed))) == "15000"


@pytest.mark.parametrize(("printed", "read"), [("-0.0", "0"), ("0.10", "0.1"), ("0.0000001", "1E-7")])
def test_idle_zeros_and_minus_nothing_vanish(printed: str, read: str) -> None:
    assert str(to_decimal(printed)) == read


@pytest.mark.parametrize(
    "printed",
    ["2026-05-01T07:25:37.000+0000", "2026-05-01T07:25:37.000Z", "2026-05-01T09:25:37+02:00", "2026-05-01T07:25:37Z"],
)
def test_every_form_of_an_instant_is_the_same_instant_in_utc(printed: str) -> None:
    instant = to_instant(printed)
    assert instant == datetime(2026, 5, 1, 7, 25, 37, tzinfo=UTC)
    assert instant is not None
    assert instant.tzinfo is UTC


def test_a_date_stays_the_day_it_is() -> None:
    assert converter("date")("2026-01-01") == date(2026, 1, 1)


@pytest.mark.parametrize(
    ("kind", "raw"), [("amount", "n/a"), ("amount", "NaN"), ("integer", "5.5"), ("date", "soon"), ("boolean", "maybe")]
)
def test_a_value_of_another_form_is_passed_on_as_text_so_that_only_its_record_is_refused(kind: str, raw: str) -> None:
    assert converter(kind)(raw) == raw


def test_the_mapping_s_spelling_of_a_field_is_kept_whatever_the_platform_s() -> None:
    selection = Selection("customer", "Account", (NativeField("name", "text"), NativeField("owner.NAME", "text")))
    record = {"Id": "1", "SystemModstamp": "2026-05-06T11:56:44.000+0000", "Name": "A", "Owner": {"Name": "B"}}
    assert RecordReader(selection).from_json([record])[0].values == {"name": "A", "owner.NAME": "B"}
    header, row = ["Id", "SystemModstamp", "Name", "Owner.Name"], ["1", "2026-05-06T11:56:44.000Z", "A", "B"]
    assert next(RecordReader(selection).from_csv(header, [row])).values == {"name": "A", "owner.NAME": "B"}


def test_a_field_that_was_asked_for_and_did_not_come_is_an_error_not_a_null() -> None:
    selection = Selection("customer", "Account", (NativeField("Gone__c", "text"),))
    with pytest.raises(SchemaError, match="Gone__c"):
        RecordReader(selection).from_json([{"Id": "1", "SystemModstamp": "2026-05-06T11:56:44.000+0000"}])
    with pytest.raises(SchemaError, match="gone__c"):
        list(RecordReader(selection).from_csv(["Id", "SystemModstamp"], [["1", "2026-05-06T11:56:44.000Z"]]))


def test_a_compound_field_is_refused_with_the_remedy() -> None:
    selection = Selection("customer", "Account", (NativeField("BillingAddress", "text"),))
    record = {"Id": "1", "SystemModstamp": "2026-05-06T11:56:44.000+0000", "BillingAddress": {"city": "X"}}
    with pytest.raises(SchemaError, match="Map its parts"):
        RecordReader(selection).from_json([record])
