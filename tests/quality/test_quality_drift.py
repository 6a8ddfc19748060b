"""Schema drift: what changed in a system's fields is told once, for the fields that concern us, in one form for every platform."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk.connectors.protocol import EntityDescription, FieldDescription
from crosswalk.hub.database import Hub
from crosswalk.quality.drift import Kept, changes, keep, last, used

THEN = datetime(2026, 11, 1, 8, tzinfo=UTC)
PHONE = FieldDescription("Phone", "phone", length=40)
STAGE = FieldDescription("StageName", "choice", values=("Open", "Won"))
OWNER = FieldDescription("OwnerId", "reference", refers_to=("User",))
FIELDS = {field.name.lower(): field for field in (PHONE, STAGE, OWNER)}


def told(**now: FieldDescription | None) -> list[str]:
    """What is said when these fields are what they are now; None for one that is gone."""
    after = {name: field for name, field in (FIELDS | now).items() if field is not None}
    return [finding.problem for finding in changes("Deal", Kept(THEN, FIELDS), after)]


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ({"phone": replace(PHONE, type="text")}, "is text, and was phone"),
        ({"phone": replace(PHONE, length=20)}, "holds 20 characters, and held 40"),
        ({"phone": replace(PHONE, required=True)}, "must be given when a record is created"),
        ({"phone": replace(PHONE, updateable=False)}, "may no longer be written"),
        ({"phone": None}, "is gone, or hidden from this user"),
        ({"stagename": replace(STAGE, values=("Open",))}, "no longer takes Won"),
        ({"stagename": replace(STAGE, values=("Lost", "Open", "Won"))}, "takes Lost, too"),
        ({"ownerid": replace(OWNER, refers_to=("Group",))}, "refers to Group, and referred to User"),
        ({"region__c": FieldDescription("Region__c", "text", required=True)}, "Deal.Region__c must be given"),
    ],
)
def test_each_change_that_concerns_us_is_told_with_since_when(
    now: dict[str, FieldDescription | None], words: str
) -> None:
    (problem,) = told(**now)
    assert words in problem
    assert problem.endswith("since 2026-11-01 08:00 UTC.")


def test_what_harms_nobody_is_no_news() -> None:
    assert told(phone=replace(PHONE, length=80)) == []
    assert told(region__c=FieldDescription("Region__c", "text")) == []
    assert told() == []


def test_only_mapped_and_mandatory_fields_are_looked_at_however_they_are_spelt() -> None:
    mandatory = FieldDescription("Name", "text", required=True)
    described = EntityDescription("deal", "Deal", {field.name: field for field in (PHONE, STAGE, OWNER, mandatory)})
    assert set(used(described, {"stagename", "Phone.Country"})) == {"phone", "stagename", "name"}


fields = st.builds(
    FieldDescription,
    name=st.sampled_from(["A", "B", "C"]),
    type=st.sampled_from(["text", "date", "choice"]),
    length=st.none() | st.integers(1, 9),
    required=st.booleans(),
    values=st.lists(st.sampled_from("xyz"), unique=True).map(lambda values: tuple(sorted(values))),
    refers_to=st.sampled_from([(), ("User",)]),
)


@given(st.lists(fields, unique_by=lambda field: field.name))
def test_what_stays_as_it_was_is_never_told(kept: list[FieldDescription]) -> None:
    same = {field.name.lower(): field for field in kept}
    assert list(changes("Deal", Kept(THEN, same), same)) == []


def test_what_is_kept_is_read_back_as_it_was_and_the_newest_counts(hub: Hub) -> None:
    described = EntityDescription("deal", "Deal", {"Phone": PHONE})
    facts = {"pairing": "p", "run_id": "r", "actor": "ann"}
    with hub.connection() as connection:
        assert last(connection, "crm", "deal", "Deal") is None
        keep(connection, "crm", described, {"phone": replace(PHONE, type="text")}, **facts)
        keep(connection, "crm", described, FIELDS, **facts, changes=["Deal.Phone is phone."])
    with hub.connection() as connection:
        kept = last(connection, "crm", "deal", "Deal")
    assert kept is not None
    assert dict(kept.fields) == FIELDS
