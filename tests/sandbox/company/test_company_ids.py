from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk_sandbox.company import ids


@pytest.mark.parametrize(
    ("id15", "id18"),
    [("001dM00003jU9Gy", "001dM00003jU9GyQAK"), ("0015500001QdQWa", "0015500001QdQWaAAN")],
)
def test_the_checksum_is_salesforces(id15: str, id18: str) -> None:
    assert id15 + ids.salesforce_checksum(id15) == id18


@given(st.integers(0, 62**9 - 1), st.integers(0, 62**9 - 1))
def test_different_sequences_have_different_ids_even_when_case_is_lost(one: int, other: int) -> None:
    first, second = ids.salesforce_id(ids.ACCOUNT, one), ids.salesforce_id(ids.ACCOUNT, other)
    assert (first.lower() == second.lower()) == (one == other)
    assert len(first) == 18
    assert set(first) <= set(string.ascii_letters + string.digits)


@given(st.integers(0, 62**9 - 2))
def test_ids_ascend_with_their_sequence(sequence: int) -> None:
    assert ids.salesforce_id("006", sequence) < ids.salesforce_id("006", sequence + 1)


def test_a_sequence_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        ids.salesforce_id("001", 62**9)
    with pytest.raises(ValueError, match="15 characters"):
        ids.salesforce_checksum("001")


def test_external_ids_use_only_characters_netsuite_takes() -> None:
    allowed = set(string.ascii_letters + string.digits + "_-")
    assert ids.order_external_id(42).startswith("SF-OPP-006")
    assert ids.order_external_id(42, 3).endswith("-R3")
    for key in (ids.account_external_id(1), ids.contact_external_id(1), ids.product_external_id(1)):
        assert set(key) <= allowed
