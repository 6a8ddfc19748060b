"""Laws: ids (Salesforce §12), datetimes (§3), LIKE patterns and date literals (§5), CSV cells (§8)."""

from __future__ import annotations

import re
import sqlite3
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk_sandbox.salesforce.ids import mint, normalise, scatter
from crosswalk_sandbox.salesforce.soql.literals import day_range, instant_range
from crosswalk_sandbox.salesforce.soql.parse import like_pattern, unescape
from crosswalk_sandbox.salesforce.tables import LINE_ENDS, TableError, read_table, write_table
from crosswalk_sandbox.salesforce.values import parse_stamp, read_datetime, stamp

numbers = st.integers(min_value=0, max_value=10**12)


@pytest.mark.parametrize(
    "known",
    ["001dM00003jU9GyQAK", "0015500001QdQWaAAN", "0035500001H9cakAAB", "0065500000KQ12XAAT", "003P000001avB4GIAU"],
)
def test_recorded_ids_have_the_checksum_computed_here(known):
    assert normalise(known[:15]) == known


@given(numbers, st.randoms())
def test_any_case_of_an_18_character_id_means_the_same_record(number, random):
    own = mint("001", number)
    odd = "".join(random.choice((char.upper(), char.lower())) for char in own)
    assert normalise(odd) == own
    assert normalise(own[:15]) == own


@given(st.text(max_size=20))
def test_nothing_else_is_an_id(text):
    found = normalise(text)
    assert found is None or (len(text) in (15, 18) and found[:15].lower() == text[:15].lower())


@given(numbers, numbers)
def test_row_numbers_are_as_different_as_numbers(first, second):
    assert (scatter(first) == scatter(second)) == (first == second)


@given(
    st.datetimes(timezones=st.just(UTC)).filter(lambda instant: 1900 < instant.year < 2999),
    st.integers(-14 * 60, 14 * 60),
)
def test_any_spelling_of_an_instant_is_stored_the_same(instant, minutes):
    instant = instant.astimezone(timezone(timedelta(minutes=minutes)))
    expected = stamp(instant.replace(microsecond=0))
    assert read_datetime(instant.isoformat()) == expected
    assert read_datetime(instant.strftime("%Y-%m-%dT%H:%M:%S.%f%z").replace("+0000", "Z")) == expected
    assert parse_stamp(expected) == instant.replace(microsecond=0)


@given(st.text(alphabet="ab%_\\'", max_size=6), st.text(alphabet="ab%_'", max_size=6))
def test_like_means_what_soql_says(text, value):
    pattern, at, literal = "", 0, text.replace("\\", "\\\\") if text.endswith("\\") else text
    while at < len(literal):
        char = literal[at]
        if char == "\\" and at + 1 < len(literal):
            at += 1
            pattern += re.escape(unescape("\\" + literal[at]))
        else:
            pattern += {"%": ".*", "_": "."}.get(char, re.escape(char))
        at += 1
    expected = re.fullmatch(pattern, value, re.DOTALL | re.IGNORECASE) is not None
    row = sqlite3.connect(":memory:").execute("SELECT ? LIKE ? ESCAPE '\\'", (value, like_pattern(literal))).fetchone()
    assert bool(row[0]) == expected


@given(st.dates(min_value=date(1990, 1, 1), max_value=date(2100, 1, 1)), st.integers(1, 50))
def test_date_literals_fit_together(today, count):
    def span(name, number=None):
        return day_range(name, number, today)

    assert span("YESTERDAY")[1] == span("TODAY")[0]
    assert span("LAST_N_DAYS", count)[0] == today - timedelta(days=count)
    for unit in ("WEEK", "MONTH", "QUARTER", "YEAR"):
        last, this, following = (span(f"{word}_{unit}") for word in ("LAST", "THIS", "NEXT"))
        assert this[0] <= today < this[1]
        assert (last[1], this[1]) == (this[0], following[0])
        assert span(f"LAST_N_{unit}S", 1) == last
        assert span(f"N_{unit}S_AGO", 1) == last


def test_days_are_the_users_days():
    start, end = instant_range((date(2026, 3, 8), date(2026, 3, 9)), "America/Los_Angeles")
    assert start == datetime(2026, 3, 8, 8, tzinfo=UTC)
    assert end - start == timedelta(hours=23)


def test_unknown_literals_have_no_range():
    for name, count in (("SOMEDAY", None), ("LAST_N_DAYS", None), ("NEXT_N_MOONS", 3)):
        assert day_range(name, count, date(2026, 1, 1)) is None


cells = st.text(alphabet=st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00\r\n"), max_size=12)


@given(
    st.lists(st.tuples(cells, cells), max_size=5),
    st.sampled_from(["LF", "CRLF"]),
    st.sampled_from([",", "\t", ";", "|", "^", "`"]),
)
def test_tables_survive_writing_and_reading(rows, ending, delimiter):
    text = write_table(["A", "B"], rows, delimiter, LINE_ENDS[ending]).decode()
    header, read = read_table(text, delimiter, ending)
    assert header == ["A", "B"]
    assert [tuple(row) for row in read] == rows


def test_ragged_tables_are_refused():
    with pytest.raises(TableError, match="number of columns in row 1"):
        read_table("A,B\n1\n")
