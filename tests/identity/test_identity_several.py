"""Accounts with customers in several subsidiaries: what the scored matching links further, what it asks about, what it leaves alone."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from benchmarks.labelled_companies import HARD, RICH, Labelled, in_subsidiaries

from crosswalk.identity.matching import Candidate, Matching, match, side
from crosswalk.identity.profiles import CUSTOMER, Row
from crosswalk.identity.several import FURTHER, Several
from crosswalk.identity.spelling import folded

INC: Row = {
    "name": "Quillfeather Instruments Inc.", "phone": "+12065550101", "website": "quillfeather.example", "email": "desk@quillfeather.example", "billing_street": "1 Harbor Street",
    "billing_city": "Seattle", "billing_postal_code": "98101", "billing_country": "US", "subsidiary": "Aldermoor Inc.",
}  # fmt: skip


def run(data: Labelled, linked: Mapping[str, str], *, asks: bool) -> Matching:
    """Match what is left over when ``linked`` pairs have a link."""
    has = {left: frozenset({folded(data.right[right]["subsidiary"])}) for left, right in linked.items()}
    left, right = (
        side(CUSTOMER, data.left.items(), set(linked)),
        side(CUSTOMER, data.right.items(), set(linked.values())),
    )
    return match(CUSTOMER, left, right, several=Several(has, asks=asks))


def pairs(found: tuple[Candidate, ...]) -> set[tuple[str, str]]:
    return {(pair.left, pair.right) for pair in found}


@pytest.mark.parametrize(("hardness", "least_found"), [(HARD, 0.4), (RICH, 0.8)], ids=["hard", "rich"])
def test_of_a_thousand_pairs_linked_in_all_subsidiaries_at_most_one_is_wrong(hardness: object, least_found: float):
    data = in_subsidiaries(4_000, hardness)
    found = run(data, {}, asks=False)
    linked = pairs(found.sure) | pairs(found.further)
    assert len(linked - data.true) <= len(linked) / 1000
    assert len(found.further) > 50
    more = {pair for pair in data.true if pair[1].endswith("-again")}
    both = {left for left, _ in more} & {left for left, right in data.true if not right.endswith("-again")}
    reached = {left for left in both if sum(pair[0] == left for pair in linked) == 2}
    assert len(reached) >= least_found**2 * len(both)


def test_nobody_is_linked_twice_in_a_subsidiary_and_no_customer_to_two_accounts():
    data = in_subsidiaries(1_500, RICH)
    found = run(data, {}, asks=False)
    linked = [(pair.left, pair.right) for pair in (*found.sure, *found.further)]
    assert len({right for _, right in linked}) == len(linked)
    assert len({(left, data.right[right]["subsidiary"]) for left, right in linked}) == len(linked)
    assert not {right for _, right in linked} & {pair.right for pair in found.doubtful}


def test_unless_the_pairing_says_otherwise_a_person_is_asked_about_every_further_customer():
    data = in_subsidiaries(1_500, RICH)
    first = run(data, {}, asks=False)
    linked = {pair.left: pair.right for pair in first.sure}
    unasked, asked = run(data, linked, asks=False), run(data, linked, asks=True)
    assert not asked.further
    assert pairs(unasked.further) == pairs(first.further)
    told = {(pair.left, pair.right): pair.reason for pair in asked.doubtful}
    assert {told[pair] for pair in pairs(unasked.further)} == {FURTHER}
    assert pairs(unasked.doubtful) == set(told) - pairs(unasked.further) - {
        pair for pair in told if pair[1] in {right for _, right in pairs(unasked.further)}
    }


def test_two_customers_of_one_account_that_has_none_yet_are_a_persons_to_tell_apart_unless_both_may_be_linked():
    data = in_subsidiaries(150, RICH)
    data.left["A"] = {**INC, "subsidiary": None}
    data.right |= {"1": dict(INC), "2": {**INC, "subsidiary": "Aldermoor Ltd"}}
    asked, unasked = run(data, {}, asks=True), run(data, {}, asks=False)
    assert {(pair.right, pair.reason) for pair in asked.doubtful if pair.left == "A"} == {
        ("1", "another record fits about as well"),
        ("2", "another record fits about as well"),
    }
    assert {pair.right for pair in (*unasked.sure, *unasked.further) if pair.left == "A"} == {"1", "2"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"subsidiary": "Aldermoor Ltd"}, FURTHER),
        ({"subsidiary": "ALDERMOOR  inc"}, None),  # where it has one
        ({"subsidiary": None}, None),  # where nobody knows
        ({"subsidiary": "Aldermoor Ltd", "name": "Quillfeather Optics Ltd"}, "their names differ"),
        ({"subsidiary": "Aldermoor Ltd", "billing_country": "GB"}, "they are in different countries"),
        ({"subsidiary": "Aldermoor Ltd", "billing_city": "Boston", "billing_postal_code": "02108", "phone": None}, "different towns"),
        ({"subsidiary": "Aldermoor Ltd", "billing_street": "9 Oak Avenue", "billing_postal_code": "98199", "phone": None}, "a branch"),
        ({"subsidiary": "Aldermoor Ltd", "phone": None, "website": None, "email": None, "billing_street": None, "billing_city": None,
          "billing_postal_code": None}, "nothing beside the name"),
    ],
    ids=["elsewhere", "same", "unknown", "sister", "abroad", "branch", "branch in town", "namesake"],
)  # fmt: skip
def test_what_a_decoy_in_another_subsidiary_is_asked_about_for(changes: Row, said: str | None):
    data = in_subsidiaries(150, RICH)
    data.left["A"] = {**INC, "subsidiary": None}
    data.right |= {"1": dict(INC), "2": {**INC, **changes}}
    for asks in (True, False):
        found = run(data, {"A": "1"}, asks=asks)
        reasons = [pair.reason for pair in found.doubtful if (pair.left, pair.right) == ("A", "2")]
        if said is None:
            assert reasons == []
        elif said == FURTHER and not asks:
            assert ("A", "2") in pairs(found.further)
            continue
        else:
            assert said in reasons[0]
        assert ("A", "2") not in pairs(found.further)


def test_two_that_fit_in_one_subsidiary_are_left_to_a_person():
    data = in_subsidiaries(150, RICH)
    data.left["A"] = {**INC, "subsidiary": None}
    data.right |= {"1": dict(INC)} | {key: {**INC, "subsidiary": "Aldermoor Ltd"} for key in ("2", "3")}
    found = run(data, {"A": "1"}, asks=False)
    assert {(pair.right, pair.reason) for pair in found.doubtful if pair.left == "A"} == {
        ("2", "another record fits about as well"),
        ("3", "another record fits about as well"),
    }


def test_where_accounts_have_one_customer_nothing_changes():
    data = in_subsidiaries(600, RICH)
    plain = match(CUSTOMER, side(CUSTOMER, data.left.items()), side(CUSTOMER, data.right.items()))
    asked = run(data, {}, asks=True)
    assert pairs(plain.sure) == pairs(asked.sure)
    assert not plain.further
    assert pairs(plain.doubtful) <= pairs(asked.doubtful)
