"""Decisions are labels: they move the threshold the right way, and never below the precision that is demanded."""

from __future__ import annotations

from dataclasses import replace

import pytest
from benchmarks.labelled_companies import RICH, Labelled, labelled
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk.identity.deciding import Thresholds
from crosswalk.identity.labels import PRECISION, Label, calibrated
from crosswalk.identity.matching import Scored, decide, score, side, would_link
from crosswalk.identity.profiles import CUSTOMER

GIVEN = Thresholds(auto=10, review=0)
LABELS = st.lists(st.builds(Label, st.floats(-5, 30), st.booleans()), max_size=60)
MANY = st.lists(
    st.tuples(st.floats(0, 15), st.booleans(), st.sampled_from([1, 3, 2_000, 5_000])), min_size=1, max_size=8
).map(
    lambda groups: [Label(bits, same) for bits, same, count in groups for _ in range(count if same else min(count, 3))]
)


def test_a_wrong_link_raises_the_threshold_above_it_and_a_few_right_ones_do_not_lower_it():
    raised = calibrated([Label(14.2, same=False), Label(20, same=True)], GIVEN)
    assert raised.thresholds == replace(GIVEN, auto=raised.thresholds.auto)
    assert raised.thresholds.auto > 14.2
    assert "1 pairs" in raised.says
    assert calibrated([Label(GIVEN.auto, same=False)], GIVEN).thresholds.auto > GIVEN.auto, "it would have been linked"
    assert calibrated([Label(9.0, same=True)] * 30, GIVEN).thresholds == GIVEN


def test_thousands_of_right_decisions_lower_the_threshold():
    lowered = calibrated([Label(8.0 + n % 5, same=True) for n in range(12_000)], GIVEN).thresholds
    assert lowered == replace(GIVEN, auto=lowered.auto)
    assert lowered.auto < 10


@settings(max_examples=60, deadline=None)
@given(MANY)
def test_where_the_threshold_ends_up_no_more_are_wrong_than_demanded_and_never_on_the_word_of_a_few(
    labels: list[Label],
):
    auto = calibrated(labels, GIVEN).thresholds.auto
    above = [label.same for label in labels if label.bits >= auto]
    if auto < GIVEN.auto:
        assert above.count(False) <= (1 - PRECISION) * len(above)
        assert len(above) > 3_000  # the rule of three: fewer right ones cannot show one wrong in a thousand
    else:
        assert all(above[n] for n in range(len(above)))


@given(LABELS, st.floats(-5, 30))
def test_one_more_decision_moves_the_threshold_its_own_way(labels: list[Label], bits: float):
    before = calibrated(labels, GIVEN).thresholds.auto
    assert calibrated([*labels, Label(bits, same=True)], GIVEN).thresholds.auto <= before
    assert calibrated([*labels, Label(bits, same=False)], GIVEN).thresholds.auto >= before


@pytest.fixture(scope="module")
def scored() -> Scored:
    data: Labelled = labelled(600, RICH)
    return score(CUSTOMER, side(CUSTOMER, data.left.items()), side(CUSTOMER, data.right.items()))


def test_a_pair_that_is_kept_apart_counts_only_if_nothing_but_the_threshold_would(scored: Scored):
    found = decide(scored, Thresholds())
    sure, objected = found.sure[0], next(pair for pair in found.doubtful if "differ" in pair.reason)
    apart = {(pair.left, pair.right) for pair in (sure, objected)}
    counted = would_link(scored, apart, Thresholds())
    assert set(counted) == {(sure.left, sure.right)}
    assert counted[sure.left, sure.right] == pytest.approx(sure.bits, abs=0.01)


def test_after_a_link_was_undone_no_pair_as_weak_is_linked_unasked(scored: Scored):
    before = decide(scored, Thresholds())
    undone = before.sure[len(before.sure) // 2]
    apart = frozenset({(undone.left, undone.right)})
    wrong = [Label(bits, same=False) for bits in would_link(scored, apart, Thresholds()).values()]
    after = decide(scored, calibrated(wrong, Thresholds()).thresholds, never=apart)
    assert 0 < len(after.sure) < len(before.sure)
    assert all(pair.bits > undone.bits for pair in after.sure)
