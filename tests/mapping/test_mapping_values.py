"""What single values become, by example."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pycountry
import pytest

from crosswalk.mapping import places, values
from crosswalk.mapping.converters import RECIPES, value_map
from crosswalk.mapping.phones import phone
from crosswalk.mapping.values import Unfit


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("  Acme \t Inc. ", "Acme Inc."),
        ("Acme\u00a0Inc", "Acme Inc"),
        ("a\u0301", "á"),
        ("a\x00b", "ab"),
        ("a\ud800b", "a?b"),
        (" \n ", None),
        (True, "true"),
        (Decimal("1E+3"), "1000"),
        (date(2026, 1, 2), "2026-01-02"),
    ],
)
def test_text_is_one_tidy_line(raw: values.Value, plain: str | None) -> None:
    assert values.text(raw) == plain


def test_lines_stay_lines_and_a_street_becomes_one() -> None:
    assert values.lines("\r\n 12  Main St \r\n\r\nSuite 5 \n") == "12 Main St\n\nSuite 5"
    assert values.one_line("12  Main St,\r\n\r\nSuite 5 \n") == "12 Main St, Suite 5"
    assert values.one_line("12 Main St, ") == "12 Main St"


def test_an_address_is_lower_case_and_must_be_sound_to_be_sent() -> None:
    assert values.email(" Chloe.Myers@Example.COM") == "chloe.myers@example.com"
    assert values.sendable_email("a.b+c@sub.example.com") == "a.b+c@sub.example.com"
    for broken in ("a@b", "a b@c.de", "a@b.de,c@d.ef", "no"):
        with pytest.raises(Unfit, match="is no e-mail address"):
            values.sendable_email(broken)


@pytest.mark.parametrize(
    "raw",
    [
        "https://Acme.com/",
        "HTTP://ACME.com",
        " acme.com ",
        "https://http://acme.com",
        "http:// http://acme.com",
        "//acme.com",
    ],
)
def test_a_web_address_is_its_host_and_path(raw: str) -> None:
    assert values.website(raw) == "acme.com"
    assert values.website(f"{raw.strip(' /')}/Shop/") == "acme.com/Shop"


@pytest.mark.parametrize(
    ("raw", "region", "e164"),
    [
        ("(415) 555-2671", "US", "+14155552671"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("+49 (0)30 901820", None, "+4930901820"),
        ("+14155552671", "DE", "+14155552671"),
        ("415-555-2671 ext. 12", "US", "+14155552671 x12"),
        ("+14155552671 x12", None, "+14155552671 x12"),
        ("030 901820", "US", "030 901820"),
        ("(415) 555-2671", None, "(415) 555-2671"),
        ("  ask  for Jane ", "US", "ask for Jane"),
        (" ", "US", None),
    ],
)
def test_a_phone_number_is_e164_where_it_can_be_read(raw: str, region: str | None, e164: str | None) -> None:
    assert phone(raw, region) == e164


@pytest.mark.parametrize("raw", ["DE", "de", "DEU", "Germany", " germany ", "Federal Republic of Germany"])
def test_a_country_is_read_from_code_and_name(raw: str) -> None:
    assert places.country(raw) == "DE"


@pytest.mark.parametrize(
    ("raw", "code"), [("USA", "US"), ("UK", "GB"), ("South Korea", "KR"), ("Czech Republic", "CZ"), ("Viet Nam", "VN")]
)
def test_a_country_is_read_from_the_names_people_use(raw: str, code: str) -> None:
    assert places.country(raw) == code


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("Deutschland", "DE"),
        ("ÖSTERREICH", "AT"),
        ("Schweiz", "CH"),
        ("Suisse", "CH"),
        ("Italia", "IT"),
        ("España", "ES"),
        ("日本", "JP"),
    ],
)
def test_a_country_is_read_from_its_name_in_its_own_language(raw: str, code: str) -> None:
    assert places.country(raw) == code


def test_no_two_countries_share_a_name_in_any_language_that_is_read() -> None:
    codes: dict[str, set[str]] = {}
    for language in places._LANGUAGES:
        for country in pycountry.countries:
            name = places._translation(language).gettext(country.name).casefold()
            codes.setdefault(name, set()).add(country.alpha_2)
    assert [name for name, shared in codes.items() if len(shared) > 1] == []


def test_no_foreign_name_takes_an_english_one() -> None:
    for country in pycountry.countries:
        assert places.country(country.name) == country.alpha_2
        assert places.country(country.alpha_3) == country.alpha_2


def test_every_country_is_read_back_from_its_name() -> None:
    codes = [country.alpha_2 for country in pycountry.countries]
    assert [places.country(places.country_name(code)) for code in codes] == codes


def test_names_people_use_do_not_hide_a_country_of_the_table() -> None:
    listed = {country.name.casefold() for country in pycountry.countries}
    assert not listed & set(places._ALSO_CALLED)


def test_an_unknown_country_is_refused_with_a_guess() -> None:
    with pytest.raises(Unfit, match="'Germny' is no country") as caught:
        places.country("Germny")
    assert "Did you mean 'Germany'?" in caught.value.hint
    with pytest.raises(Unfit) as caught:
        places.country("Xyzzy")
    assert "Did you mean" not in caught.value.hint


def test_a_state_is_its_code_where_addresses_use_codes() -> None:
    assert places.state(" california", "US") == "CA"
    assert places.state("NSW", "AU") == "NSW"
    assert places.state("Bayern", "DE") == "Bayern"
    assert places.state("Narnia", "US") == "Narnia"
    assert places.state("California", None) == "California"


def test_a_currency_is_an_iso_code() -> None:
    assert places.currency(" eur ") == "EUR"
    with pytest.raises(Unfit, match="'US Dollar' is no ISO 4217"):
        places.currency("US Dollar")


@pytest.mark.parametrize(
    "raw", ["abc", Decimal("NaN"), Decimal("Infinity"), "1E+999999999", True, "", date(2026, 1, 1)]
)
def test_what_is_no_number_is_refused(raw: values.Value) -> None:
    with pytest.raises(Unfit, match="is no number"):
        values.number(raw)


def test_numbers_are_exact() -> None:
    assert values.number("0.1") == Decimal("0.1")
    assert values.number(12) == Decimal(12)
    assert str(values.number(Decimal("-0.00"))) == "0"
    assert values.integer(Decimal("3.0")) == 3
    with pytest.raises(Unfit, match="is no whole number"):
        values.integer(Decimal("3.5"))


@pytest.mark.parametrize(("raw", "switch"), [("T", True), ("false", False), ("Yes", True), (0, False), (True, True)])
def test_switches_are_read_from_their_usual_words(raw: values.Value, switch: bool) -> None:
    assert values.boolean(raw) is switch


def test_dates_and_moments_are_not_mixed_up() -> None:
    assert values.day("2026-03-12") == date(2026, 3, 12)
    with pytest.raises(Unfit, match="is no date"):
        values.day(datetime(2026, 3, 12, tzinfo=UTC))
    eastern = datetime(2026, 3, 12, 8, tzinfo=timezone(timedelta(hours=-5)))
    assert values.instant(eastern) == datetime(2026, 3, 12, 13, tzinfo=UTC)
    assert getattr(values.instant(eastern), "tzinfo", None) is UTC
    for clockless in ("2026-03-12T08:00:00", date(2026, 3, 12), "noon"):
        with pytest.raises(Unfit, match="time zone"):
            values.instant(clockless)


def test_a_list_is_read_from_any_separator_and_written_with_one() -> None:
    converter = RECIPES["list"].make(";")
    assert converter.get("1Z 1<br />1Z 2;1Z 1") == "1Z 1, 1Z 2"
    assert converter.put("1Z 1, 1Z 2") == "1Z 1;1Z 2"


def test_a_prefix_is_ours_or_not_at_all() -> None:
    strip = RECIPES["strip_prefix"].make("SF-ACC-")
    assert strip.get("SF-ACC-001A") == "001A"
    assert strip.get("LEGACY-7") is None
    assert strip.put("001A") == "SF-ACC-001A"
    several = RECIPES["strip_prefix"].make("SF- EMEA-SF- SF-NEW-")
    read = [several.get(key) for key in ("SF-001A", "EMEA-SF-001A", "SF-NEW-001A", "NEW-001A")]
    assert read == ["001A", "001A", "001A", None]
    assert several.put("001A") == "SF-001A"
    prefix = RECIPES["prefix"].make("N-")
    assert prefix.get("7") == "N-7"
    assert prefix.put("N-7") == "7"
    with pytest.raises(Unfit, match="does not begin with 'N-'"):
        prefix.put("7")


def test_signs_turn_exactly() -> None:
    long = Decimal("12345678901234567890123456789012.34")
    assert RECIPES["negate"].make("").get(long) == long.copy_negate()
    assert RECIPES["absolute"].make("").get(long.copy_negate()) == long
    assert str(RECIPES["negate"].make("").get(Decimal("0"))) == "0"
    assert RECIPES["negate"].make("").get(3) == -3


def test_a_sales_line_is_negative_when_read_and_positive_when_written() -> None:
    quantity = RECIPES["negate_read"].make("")
    assert quantity.get(Decimal(-2)) == Decimal(2)
    assert quantity.put(Decimal(2)) == Decimal(2)


def test_money_rounds_half_up() -> None:
    rounded = RECIPES["round"].make("2")
    assert rounded.put(Decimal("1.005")) == Decimal("1.01")
    assert rounded.get(Decimal("1.005")) == Decimal("1.005")


def test_a_value_map_writes_the_first_that_is_listed_and_says_what_it_lacks() -> None:
    converter = value_map({"A": "open", "B": "open", "C": "closed", "*": "other"})
    assert (converter.get("B"), converter.get("Z"), converter.put("open")) == ("open", "other", "A")
    with pytest.raises(Unfit, match=r"no value for 'other' \(it has open, closed\)"):
        converter.put("other")
    with pytest.raises(Unfit, match=r"'Z' is not in the value map \(A\)"):
        value_map({"A": "open"}).get("Z")
    assert value_map({"T": "hold", "F": "ok"}).get(True) == "hold"
