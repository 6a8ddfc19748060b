"""People and products: found by score as companies are, told apart where names alone would put them together."""

from __future__ import annotations

import pytest
from benchmarks.labelled_companies import Labelled, Row
from benchmarks.labelled_demo import demo_contacts, demo_products

from crosswalk.identity.blocking import candidates
from crosswalk.identity.deciding import Thresholds
from crosswalk.identity.matching import Matching, match, side
from crosswalk.identity.profiles import CONTACT, PRODUCT, Profile
from crosswalk.identity.table import Table


def without(data: Labelled, field: str) -> Labelled:
    sides = ({key: {**row, field: None} for key, row in rows.items()} for rows in (data.left, data.right))
    return Labelled(*sides, data.true)


def matched(profile: Profile, data: Labelled) -> Matching:
    limits = Thresholds(auto=6) if profile is PRODUCT else None
    return match(profile, side(profile, data.left.items()), side(profile, data.right.items()), thresholds=limits)


@pytest.fixture(scope="module")
def people() -> Labelled:
    return demo_contacts(900)


@pytest.fixture(scope="module")
def products() -> Labelled:
    return demo_products(900)


@pytest.mark.parametrize(
    ("profile", "kind", "field", "least_found", "least_compared"),
    [
        (CONTACT, "people", None, 0.95, 0.99),
        (CONTACT, "people", "customer", 0.75, 0.98),  # of some, both sides know no more than the last name
        (PRODUCT, "products", None, 0.95, 0.99),
        (PRODUCT, "products", "sku", 0, 0.99),
    ],
    ids=["people", "people whose company is not known", "products", "products without numbers"],
)
def test_no_decoy_is_linked_and_true_pairs_are_compared(
    request: pytest.FixtureRequest,
    profile: Profile,
    kind: str,
    field: str | None,
    least_found: float,
    least_compared: float,
):
    data: Labelled = request.getfixturevalue(kind)
    data = without(data, field) if field else data
    found = matched(profile, data)
    sure = {(pair.left, pair.right) for pair in found.sure}
    assert len(sure - data.true) <= len(sure) / 1000
    assert len(sure & data.true) >= least_found * len(data.true)
    left, right = side(profile, data.left.items()), side(profile, data.right.items())
    pairs = candidates(profile.keys(Table(left.columns, right.columns)), len(right.keys))
    together = {(left.keys[i], right.keys[j]) for i, j in zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)}
    assert len(together & data.true) >= least_compared * len(data.true)


ANNA: Row = {"first_name": "Anna", "last_name": "Weber", "phone": "+4930123456", "customer": "house"}


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"first_name": "Andreas"}, "their names differ"),
        ({"first_name": None}, "a first name is not known, and their e-mail is not the same"),
        ({"first_name": "A.", "email": "anna.weber@a.de"}, ""),
        ({"first_name": None, "email": "anna.weber@a.de"}, ""),
        ({"email": "anna.weber@b.de", "customer": "elsewhere"}, "they are at different companies"),
    ],
    ids=["another first name", "no first name", "an initial", "no first name, the same e-mail", "a namesake"],
)
def test_two_people_behind_one_switchboard_are_told_apart(people: Labelled, other: Row, reason: str):
    anna = {**ANNA, "email": "anna.weber@a.de"}
    crowd = Labelled({**people.left, "anna": anna}, {**people.right, "other": {**ANNA, "email": None, **other}})
    found = matched(CONTACT, crowd)
    [pair] = [pair for pair in (*found.sure, *found.doubtful) if (pair.left, pair.right) == ("anna", "other")]
    assert pair.reason == reason


def test_products_of_one_name_and_description_with_other_numbers_are_two(products: Labelled):
    twin = {
        "name": "Sump pump 12 l",
        "description": "Sump pump 12 l, with float, hot-dip galvanised",
        "product_type": None,
    }
    left = {**products.left, "twin": {**twin, "sku": "SP-1"}}
    right = {**products.right, "twin": {**twin, "sku": "SP-2"}, "bare": {**twin, "sku": None}}
    found = matched(PRODUCT, Labelled(left, right))
    asked = {pair.right: pair.reason for pair in found.doubtful if pair.left == "twin"}
    assert asked == {"twin": "they have different numbers", "bare": "nothing beside the name speaks for it"}
