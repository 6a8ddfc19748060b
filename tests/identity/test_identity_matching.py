"""Scored matching: what it links, what it asks about, what it must never do."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import pytest
from benchmarks.labelled_companies import HARD, RICH, Hardness, Labelled, labelled
from benchmarks.labelled_demo import demo_customers
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk.identity import spelling
from crosswalk.identity.blocking import candidates
from crosswalk.identity.deciding import UNPROVEN, Thresholds
from crosswalk.identity.matching import Candidate, Matching, match, side
from crosswalk.identity.profiles import CUSTOMER, PRODUCT, Profile, Row
from crosswalk.identity.table import Table


def pairs(found: tuple[Candidate, ...]) -> set[tuple[str, str]]:
    return {(pair.left, pair.right) for pair in found}


def compared(profile: Profile, left: Mapping[str, Row], right: Mapping[str, Row], **said: Any) -> Matching:
    return match(profile, side(profile, left.items()), side(profile, right.items()), **said)


def matched(data: Labelled) -> Matching:
    return compared(CUSTOMER, data.left, data.right)


@pytest.fixture(scope="module")
def hard() -> Labelled:
    return labelled(4_000, HARD)


@pytest.fixture(scope="module")
def found_in_hard(hard: Labelled) -> Matching:
    return matched(hard)


@pytest.mark.parametrize(("hardness", "least_found"), [(HARD, 0.5), (RICH, 0.88)], ids=["hard", "rich"])
def test_of_a_thousand_linked_pairs_at_most_one_is_wrong(hardness: Hardness, least_found: float):
    data = labelled(4_000, hardness)
    sure = pairs(matched(data).sure)
    assert len(sure - data.true) <= len(sure) / 1000
    assert len(sure & data.true) >= least_found * len(data.true)


def test_blocking_keeps_99_of_100_true_pairs(hard: Labelled):
    left, right = side(CUSTOMER, hard.left.items()), side(CUSTOMER, hard.right.items())
    found = candidates(CUSTOMER.keys(Table(left.columns, right.columns)), len(right.keys))
    together = {(left.keys[i], right.keys[j]) for i, j in zip(found.left.tolist(), found.right.tolist(), strict=True)}
    assert len(together & hard.true) >= 0.99 * len(hard.true)
    assert len(together) < 0.005 * len(left.keys) * len(right.keys)


def test_no_record_is_linked_twice(found_in_hard: Matching):
    sure = found_in_hard.sure
    assert len({pair.left for pair in sure}) == len({pair.right for pair in sure}) == len(sure)


def test_what_is_linked_is_not_asked_about(found_in_hard: Matching):
    found = found_in_hard
    linked = {key for pair in found.sure for key in (pair.left, pair.right)}
    assert found.doubtful
    assert not linked & {key for pair in found.doubtful for key in (pair.left, pair.right)}


def test_a_name_alone_links_nothing(hard: Labelled):
    bare: list[dict[str, Row]] = [
        {key: {"name": row["name"]} for key, row in list(rows.items())[:1000]} for rows in (hard.left, hard.right)
    ]
    found = compared(CUSTOMER, bare[0], bare[1], thresholds=Thresholds(auto=-20, review=-30, margin=-60))
    assert not found.sure, "however low the threshold"
    assert UNPROVEN in {pair.reason for pair in found.doubtful}


def test_a_pair_that_a_person_called_different_is_neither_linked_nor_asked_about_again():
    data = labelled(800, RICH)
    before = matched(data)
    never = frozenset((pair.left, pair.right) for pair in (*before.sure[:20], *before.doubtful[:20]))
    after = compared(CUSTOMER, data.left, data.right, never=never)
    assert not never & (pairs(after.sure) | pairs(after.doubtful))


def test_the_order_of_the_records_changes_nothing():
    data = labelled(800, HARD)
    backwards = [{key: rows[key] for key in reversed(rows)} for rows in (data.left, data.right)]
    again = compared(CUSTOMER, backwards[0], backwards[1])
    assert pairs(again.sure) == pairs(matched(data).sure)


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 99), st.sampled_from([HARD, RICH]), st.floats(0, 1), st.randoms())
def test_whatever_is_linked_already_the_next_run_links_the_others_and_nobody_else(
    seed: int, hardness: Hardness, share: float, dice: random.Random
):
    data = labelled(400, hardness, seed)
    first = matched(data)
    linked = [pair for pair in first.sure if dice.random() < share]
    left = side(CUSTOMER, data.left.items(), {pair.left for pair in linked})
    right = side(CUSTOMER, data.right.items(), {pair.right for pair in linked})
    second = match(CUSTOMER, left, right)
    assert pairs(second.sure) == pairs(first.sure) - pairs(tuple(linked))
    assert pairs(second.doubtful) == pairs(first.doubtful)


def test_two_records_of_one_company_in_a_system_are_left_to_a_person():
    data = labelled(800, RICH)
    twin = next(pair for pair in matched(data).sure)
    data.right["twin"] = dict(data.right[twin.right])
    found = matched(data)
    assert twin.left not in {pair.left for pair in found.sure}
    asked = [pair for pair in found.doubtful if pair.left == twin.left]
    assert {pair.right for pair in asked} == {twin.right, "twin"}
    assert {pair.reason for pair in asked} == {"another record fits about as well"}


def test_a_customer_of_two_subsidiaries_is_matched_with_the_one_of_its_own():
    data = labelled(600, RICH)
    chosen = next(pair for pair in matched(data).sure)
    twin = dict(data.right[chosen.right])
    data.right |= {chosen.right: {**twin, "subsidiary": "Acme GmbH"}, "twin": {**twin, "subsidiary": "Acme Ltd."}}
    assert chosen.left not in {pair.left for pair in matched(data).sure}
    data.left[chosen.left]["subsidiary"] = "ACME Ltd"
    assert (chosen.left, "twin") in pairs(matched(data).sure)


def test_a_branch_in_another_town_is_not_its_head_office():
    head: Row = {
        "name": "Brüning Metals GmbH", "website": "bruening-metals.de", "phone": "+4930123456", "billing_street": "Am Markt 1",
        "billing_city": "Berlin", "billing_postal_code": "10115", "billing_country": "DE",
    }  # fmt: skip
    branch = {
        **head, "billing_street": "Lindenweg 9", "billing_city": "München", "billing_postal_code": "80331", "phone": "+4989998877",
    }  # fmt: skip
    data = labelled(500, RICH)
    found = compared(CUSTOMER, {**data.left, "head": head}, {**data.right, "branch": branch})
    assert ("head", "branch") not in pairs(found.sure)


def test_evidence_adds_up_to_the_bits_that_are_shown():
    data = labelled(600, HARD)
    found = matched(data)
    assert found.weights is not None
    for pair in (*found.sure[:50], *found.doubtful[:50]):
        assert sum(said.bits for said in pair.evidence) + found.weights.prior == pytest.approx(pair.bits, abs=0.05)
        assert all(said.bits == 0 for said in pair.evidence if said.says == "not known on one side")


def test_on_the_demo_company_no_decoy_is_linked():
    data = demo_customers(1500)
    sure = pairs(matched(data).sure)
    assert len(sure - data.true) <= len(sure) / 1000
    assert len(sure & data.true) > 0.7 * len(data.true)


def test_products_that_differ_by_a_size_are_two_products():
    sizes: dict[str, Row] = {
        f"{n}": {"sku": f"HB-{n}", "name": f"Hex bolt M{n} zinc", "product_type": "inventory"} for n in range(4, 60)
    }
    unnumbered: dict[str, Row] = {key: {**row, "sku": None} for key, row in sizes.items()}
    respelled: dict[str, Row] = {key: {**row, "sku": str(row["sku"]).replace("-", " ")} for key, row in sizes.items()}
    assert pairs(compared(PRODUCT, sizes, respelled).sure) == {(key, key) for key in sizes}
    assert not pairs(compared(PRODUCT, sizes, unnumbered).sure)


@given(st.text(max_size=40))
def test_spelling_is_settled_at_once(text: str):
    assert spelling.folded(spelling.folded(text)) == spelling.folded(text)
    assert spelling.code(spelling.code(text)) == spelling.code(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Müller Söhne GmbH & Co. KG", "MUELLER SOEHNE"),
        ("Ges.m.b.H. Huber", "Huber GmbH"),
        ("Smith & Sons, Inc.", "Smith and Sons"),
        ("L'Oréal S.A.", "LOreal"),
    ],
)
def test_one_company_spelled_in_two_ways_has_one_name(one: str, other: str):
    assert spelling.company(one) == spelling.company(other) != ""


def test_streets_phones_and_domains_fall_together():
    assert spelling.street("Hauptstraße 5\nHof") == spelling.street("Hauptstr. 5") == spelling.street("Haupt Strasse 5")
    assert spelling.street("12 Main Street, Suite 4") == spelling.street("12 Main St.")
    assert spelling.digits_of_phone("+49 (0)30 1234-5678") == spelling.digits_of_phone("030 12345678") != ""
    assert spelling.domain("https://www.acme.de/shop?x=1", None) == spelling.domain(None, "info@ACME.de") == "acme.de"
    assert spelling.domain(None, "acme@gmail.com") == ""
