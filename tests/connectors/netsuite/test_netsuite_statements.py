from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk.connectors.netsuite.sources import SOURCES
from crosswalk.connectors.netsuite.statements import Query, Statement, behind, literal, where
from crosswalk.connectors.netsuite.values import decoder_for
from crosswalk.model.entities import Kind
from crosswalk.model.errors import ConfigurationError
from crosswalk.model.records import NativeField

rows = st.sets(st.tuples(st.integers(-3, 3), st.integers(-3, 3), st.integers(0, 4).map(str)), max_size=60)


@given(rows, st.integers(1, 7))
def test_keyset_pages_visit_every_row_once_in_order(table: set[tuple[int, int, str]], size: int) -> None:
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE t (a INTEGER, b INTEGER, c TEXT)")
    database.executemany("INSERT INTO t VALUES (?, ?, ?)", sorted(table, reverse=True))
    visited: list[tuple[int, int, str]] = []
    after: tuple[str, ...] = ()
    while True:
        # c is text: keys are numbers in NetSuite, except where the deletion feed has a name
        restricted = where([behind(("a", "b", "'x' || c"), after)])
        page = database.execute(f"SELECT a, b, c FROM t{restricted} ORDER BY a, b, 'x' || c LIMIT {size}").fetchall()
        visited += page
        if len(page) < size:
            break
        after = (str(page[-1][0]), str(page[-1][1]), f"x{page[-1][2]}")
    assert visited == sorted(table)


@given(st.text())
def test_a_literal_keeps_its_text(text: str) -> None:
    if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        return
    (value,) = sqlite3.connect(":memory:").execute(f"SELECT {literal(text + '!')}").fetchone()
    assert value == text + "!"


@given(st.lists(st.text(alphabet="ab'?", max_size=6), max_size=4))
def test_inlined_parameters_stand_where_the_marks_were(values: list[str]) -> None:
    statement = Statement(f"SELECT 'it''s ?' {''.join(', ?' for _ in values)}", tuple(values))
    bound = sqlite3.connect(":memory:").execute(statement.text, values).fetchone()
    assert sqlite3.connect(":memory:").execute(statement.inlined()).fetchone() == bound


@pytest.mark.parametrize("entity", sorted(SOURCES))
def test_every_entity_is_paged_in_the_order_of_its_whole_key(entity: str) -> None:
    source = SOURCES[entity]
    text = Query(source, ()).page([], tuple("1" for _ in source.keys)).text
    assert text.endswith(f"ORDER BY {', '.join(source.keys)} FETCH FIRST 1001 ROWS ONLY")
    assert all(f"{key} > 1" in text for key in source.keys)


@pytest.mark.parametrize("entity", sorted(SOURCES))
def test_every_join_an_entity_offers_can_be_used(entity: str) -> None:
    source = SOURCES[entity]
    for alias in source.joins:
        text = Query(source, [NativeField(f"{alias}.name", "text")]).probe().text
        assert f" {alias} ON" in text
        for needed in source.joins[alias].needs:
            assert text.index(f" {needed} ON") < text.index(f" {alias} ON")


def test_a_join_is_made_once_however_many_columns_use_it() -> None:
    fields = [NativeField(f"billing.{name}", "text") for name in ("city", "zip", "country")]
    text = Query(SOURCES["customer"], fields).probe().text
    assert text.count("customeraddressbookentityaddress billing ON") == 1
    assert text.count("customeraddressbook billing_book ON") == 1


def test_dates_and_instants_are_spelt_out_so_that_no_users_format_gets_in() -> None:
    fields = [NativeField("trandate", "date"), NativeField("createddate", "instant"), NativeField("tranid", "text")]
    text = Query(SOURCES["order"], fields).probe().text
    assert "TO_CHAR(transaction.trandate, 'YYYY-MM-DD') AS f0" in text
    assert "TO_CHAR(transaction.createddate, 'YYYY-MM-DD HH24:MI:SS') AS f1" in text
    assert "transaction.tranid AS f2" in text


def test_a_refused_path_says_what_is_offered() -> None:
    with pytest.raises(ConfigurationError, match="billing, billing_book, currency"):
        Query(SOURCES["customer"], [NativeField("billto.city", "text")])


# --- values -----------------------------------------------------------------------------------------


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_amounts_keep_every_digit(number: Decimal) -> None:
    decode = decoder_for(Kind.AMOUNT, UTC, _never)
    decoded = decode(str(number))
    assert isinstance(decoded, Decimal)
    assert str(decoded) == str(number)


@given(st.integers())
def test_integers_come_back_as_they_are(number: int) -> None:
    assert decoder_for(Kind.INTEGER, UTC, _never)(str(number)) == number


@given(st.text(min_size=1), st.sampled_from(list(Kind)))
def test_text_that_fits_no_kind_is_kept_for_the_mapping_to_refuse(text: str, kind: Kind) -> None:
    value = decoder_for(kind, UTC, _never)(text)
    assert value == text or not isinstance(value, str)


@pytest.mark.parametrize(("text", "value"), [("T", True), ("F", False), ("true", True), ("maybe", "maybe")])
def test_booleans(text: str, value: object) -> None:
    assert decoder_for(Kind.BOOLEAN, UTC, _never)(text) == value


def _never() -> datetime:
    raise AssertionError("asked")
