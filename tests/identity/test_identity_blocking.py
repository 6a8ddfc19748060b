"""Working with numbers and masks instead of texts must find exactly what looking at every pair of texts finds."""

from __future__ import annotations

import numpy as np
from benchmarks.labelled_companies import HARD, labelled
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk.identity import spelling
from crosswalk.identity.blocking import MOST_PAIRS, Key, candidates, one_slip_apart
from crosswalk.identity.comparison import within
from crosswalk.identity.matching import score, side
from crosswalk.identity.profiles import CUSTOMER
from crosswalk.identity.table import Table, codes, together

WORDS = st.sampled_from(["north", "northern", "nor", "no", "eng", "engineering", "steel", "ste", "co", "x"])
NAMES = st.lists(WORDS, max_size=4).map(" ".join)
SIDES = st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=12)


def table(left: list[str], right: list[str]) -> Table:
    return Table({"name": left, "partition": [""] * len(left)}, {"name": right, "partition": [""] * len(right)})


@given(SIDES, SIDES)
def test_candidates_are_all_pairs_that_share_a_value_each_once(
    left: list[tuple[str, str]], right: list[tuple[str, str]]
):
    columns = [codes([row[at] for row in left], [row[at] for row in right]) for at in (0, 1)]
    keys = {"first": Key(*columns[0]), "both": Key(*together(*columns))}
    found = candidates(keys, len(right))
    expected = {}
    for i, mine in enumerate(left):
        for j, theirs in enumerate(right):
            bits = (mine[0] == theirs[0] != "") + 2 * (mine == theirs and all(mine))
            if bits:
                expected[i, j] = bits
    places = zip(found.left.tolist(), found.right.tolist(), found.brought_by.tolist(), strict=True)
    assert [((i, j), bits) for i, j, bits in places] == sorted(expected.items())


def test_blocks_that_are_too_large_are_passed_over_and_counted():
    many = ["a"] * (int(MOST_PAIRS**0.5) + 1) + ["b"]
    found = candidates({"name": Key(*codes(many, many))}, len(many))
    assert (found.left.tolist(), found.skipped_blocks) == ([len(many) - 1], 1)


@given(st.text("abcd", min_size=8, max_size=12), st.data())
def test_names_one_slip_apart_share_a_key(name: str, data: st.DataObject):
    at = data.draw(st.integers(0, len(name) - 2))
    slips = [
        name[:at] + name[at + 1 :],
        name[:at] + "z" + name[at:],
        name[:at] + "z" + name[at + 1 :],
        name[:at] + name[at + 1] + name[at] + name[at + 2 :],
    ]
    found = candidates({"slip": one_slip_apart([name], [*slips, "quite another"])}, 5)
    assert found.right.tolist() == [0, 1, 2, 3]


@given(SIDES)
def test_masks_rule_out_no_name_that_is_within_the_other(names: list[tuple[str, str]]):
    left, right = ([pair[at] for pair in names] for at in (0, 1))
    each = np.arange(len(names), dtype=np.int32)
    found = within(table(left, right), "name", each, each)
    assert found.tolist() == [_is_within(one, other) for one, other in names]


def _is_within(one: str, other: str) -> bool:
    small, large = sorted((set(one.split()), set(other.split())), key=len)
    cut = all(
        word in large
        or (len(word) > 2 and any(len(w) > 2 and (w.startswith(word) or word.startswith(w)) for w in large - small))
        for word in small
    )
    return cut and any(len(word) > 3 for word in small & large)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 1000))
def test_what_a_pair_is_worth_is_the_prior_and_what_each_field_says(seed: int):
    data = labelled(150, HARD, seed)
    found = score(CUSTOMER, side(CUSTOMER, data.left.items()), side(CUSTOMER, data.right.items()), least=-100)
    assert found.weights is not None
    assert len(found.total) == found.compared
    assert np.allclose(found.bits.sum(axis=1) + found.weights.prior, found.total)


@given(st.text("aeoum b", max_size=12))
def test_spelling_an_umlaut_out_twice_changes_nothing(text: str):
    assert spelling.folded(spelling.folded(text)) == spelling.folded(text)
