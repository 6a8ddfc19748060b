"""A card's link holds for one record, until it expires, as long as its key is there."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk.facts.card_link import LONGEST, CardLink, SigningKey, is_genuine, is_in_time, sign, signing_keys
from crosswalk.model.errors import ConfigurationError

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
OLD, NEW = SigningKey("old", "a" * 32), SigningKey("new", "b" * 32)
KEYS = {"old": OLD, "new": NEW}
_WORD = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\n"), min_size=1, max_size=20)


def link(**changes: object) -> CardLink:
    return replace(sign(NEW, "pair", "crm", "001A", expires=NOW + timedelta(hours=1)), **changes)


@given(_WORD, _WORD, _WORD)
def test_a_link_survives_its_way_through_an_address(pairing: str, system: str, key: str) -> None:
    signed = sign(NEW, pairing, system, key, expires=NOW + timedelta(hours=1))
    parts = urlsplit(signed.path)
    asked = parse_qs(parts.query)
    read = CardLink(
        *(unquote(part) for part in parts.path.split("/")[2:]),
        int(asked["expires"][0]),
        asked["by"][0],
        asked["signature"][0],
    )
    assert read == signed
    assert is_genuine(read, KEYS)


@given(st.sampled_from(["pairing", "system", "key", "by"]), _WORD)
def test_a_link_for_anything_else_is_not_genuine(field: str, other: str) -> None:
    good = link()
    touched = replace(good, **{field: other})
    assert is_genuine(touched, {**KEYS, other: NEW}) == (touched == good)


def test_moving_text_from_one_part_to_the_next_breaks_the_signature() -> None:
    good = sign(NEW, "pair", "crm", "A1", expires=NOW + timedelta(hours=1))
    assert not is_genuine(replace(good, system="crmA", key="1"), KEYS)
    assert not is_genuine(replace(good, expires=good.expires + 1), KEYS)


def test_taking_a_key_away_revokes_its_links_and_no_others() -> None:
    first, second = (sign(key, "pair", "crm", "1", expires=NOW + timedelta(hours=1)) for key in (OLD, NEW))
    assert [is_genuine(one, KEYS) for one in (first, second)] == [True, True]
    assert [is_genuine(one, {"new": NEW}) for one in (first, second)] == [False, True]


def test_a_link_ends_when_it_says_and_may_not_say_never() -> None:
    at = int(NOW.timestamp())
    assert not is_in_time(link(expires=at), now=NOW)
    assert is_in_time(link(expires=at + 1), now=NOW)
    assert not is_in_time(link(expires=at + int(LONGEST.total_seconds()) + 1), now=NOW)


def test_a_key_bound_to_one_system_signs_and_opens_nothing_else() -> None:
    bound = signing_keys({"org": "c" * 32}, {"org": "pair/crm"})
    assert is_genuine(sign(bound["org"], "pair", "crm", "1", expires=NOW), bound)
    with pytest.raises(ConfigurationError, match="pair/crm"):
        sign(bound["org"], "pair", "erp", "1", expires=NOW)
    stolen = sign(replace(bound["org"], scope=None), "pair", "erp", "1", expires=NOW)
    assert not is_genuine(stolen, bound)


def test_secrets_are_long_and_not_told() -> None:
    assert "b" * 32 not in repr(NEW)
    with pytest.raises(ConfigurationError, match="shorter"):
        SigningKey("weak", "secret")
    with pytest.raises(ConfigurationError, match="no key of it"):
        signing_keys({"a": "x" * 32}, {"b": "pair/crm"})


def test_the_recipe_in_the_docs_makes_the_same_signature() -> None:
    signed = link()
    text = f"crosswalk-card\npair\ncrm\n001A\n{signed.expires}\nnew"
    assert hmac.new(b"b" * 32, text.encode(), hashlib.sha256).hexdigest() == signed.signature
