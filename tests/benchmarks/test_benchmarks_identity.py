from __future__ import annotations

import pytest
from benchmarks.identity import best_f1, best_pairs, share_at

TRUE = {("a", "1"), ("b", "2"), ("c", "3")}


def test_a_record_keeps_its_best_pair_only():
    scored = [("a", "2", 5.0), ("a", "1", 9.0), ("b", "1", 8.0), ("b", "2", 4.0)]
    assert best_pairs(scored) == [("a", "1", 9.0), ("b", "2", 4.0)]


def test_f1_is_that_of_the_best_threshold():
    pairs = [("a", "1", 9.0), ("b", "2", 8.0), ("x", "9", 7.0)]
    assert best_f1(pairs, TRUE) == pytest.approx(2 * 2 / (2 + 3))


def test_the_share_found_stops_where_precision_is_lost_for_good():
    pairs = [("a", "1", 9.0), ("x", "9", 8.0), ("b", "2", 7.0), ("c", "3", 6.0)]
    assert share_at(pairs, TRUE, 1.0) == pytest.approx(1 / 3)
    assert share_at(pairs, TRUE, 0.75) == pytest.approx(1.0)
