from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk.identity.survivorship import SURVIVORS, first_values
from crosswalk.model.records import Image, Value

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
VALUES = st.none() | st.text("ab", max_size=3)


def image(system: str, value: Value, hours: float | None = 0) -> Image:
    stamp = None if hours is None else NOON + timedelta(hours=hours)
    return Image(system, "customer", "1", "1", stamp, False, {"phone": value})


@given(VALUES, VALUES, st.sampled_from(SURVIVORS), st.floats(-5, 5), st.none() | st.floats(-5, 5))
def test_what_is_kept_is_what_one_of_them_says_and_nothing_never_wins(
    mine: str | None, theirs: str | None, rule: str, crm_at: float, erp_at: float | None
):
    crm, erp = image("salesforce", mine, crm_at), image("netsuite", theirs, erp_at)
    kept = first_values(crm, erp, {"phone": rule}, ("phone",))["phone"]
    assert kept.value in (mine, theirs)
    assert (kept.value is None) == (mine is None and theirs is None)
    assert (kept.side is None) == (mine == theirs)
    assert {"crm": mine, "erp": theirs}.get(kept.side or "", theirs) == kept.value


@pytest.mark.parametrize(
    ("rule", "crm", "erp", "side"),
    [
        ("erp", image("salesforce", "long"), image("netsuite", "b"), "erp"),
        ("crm", image("salesforce", "a"), image("netsuite", "b"), "crm"),
        ("longest", image("salesforce", "long"), image("netsuite", "b"), "crm"),
        ("newest", image("salesforce", "a", 1), image("netsuite", "b", 0), "crm"),
        ("newest", image("salesforce", "a", 1), image("netsuite", "b", None), "erp"),
    ],
)
def test_each_rule_keeps_what_it_says(rule: str, crm: Image, erp: Image, side: str):
    assert first_values(crm, erp, {"phone": rule}, ("phone",))["phone"].side == side
