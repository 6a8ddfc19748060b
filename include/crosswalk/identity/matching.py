"""Scored matching: which records of two systems are the same company, person or product, how sure that is, and why.

Sure pairs are linked, doubtful ones go to a person, the rest is left alone. Sure is a pair only when its bits reach the upper
threshold, it is the best of both its records by a margin, something beside the name speaks for it, and nothing of weight speaks against it.
Pure: records in, decisions out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crosswalk.identity.blocking import Pairs, candidates
from crosswalk.identity.comparison import MISSING, Columns, Levels
from crosswalk.identity.profiles import Profile, Row
from crosswalk.identity.scoring import (
    Bits,
    Weights,
    chance_of,
    field_bits,
    learn,
    levels_of,
    prior_bits,
    weigh_frequent,
)

KeyPair = tuple[str, str]
_OF_THE_GROUP = frozenset({"domain", "email"})


@dataclass(frozen=True, slots=True)
class Thresholds:
    """In bits (10 bits are odds of about 1,000 to 1): link from ``auto`` on, ask from ``review`` on.

    ``margin`` is what the best candidate must be ahead of the second best of either record.
    """

    auto: float = 10.0
    review: float = -1.0
    margin: float = 5.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one field says: the sentence of its level, and its bits."""

    field: str
    says: str
    bits: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """Two records that may be the same. ``reason`` says why a person is asked; '' for a sure pair."""

    left: str
    right: str
    bits: float
    evidence: tuple[Evidence, ...]
    reason: str = ""

    @property
    def probability(self) -> float:
        """The estimated probability that they are the same."""
        return float(1.0 / (1.0 + 2.0 ** -min(max(self.bits, -60.0), 60.0)))


@dataclass(frozen=True, slots=True)
class Matching:
    """What came out: sure pairs, pairs to review (best first), and what it took."""

    sure: tuple[Candidate, ...]
    doubtful: tuple[Candidate, ...]
    compared: int
    skipped_blocks: int
    weights: Weights | None


@dataclass(frozen=True, slots=True)
class Side:
    """One system's records, all of them: keys and, in the same order, rows of canonical values as text.

    Those in ``linked`` are not matched any more, but they count: for how frequent a value is, and as rivals of the others.
    """

    keys: Sequence[str]
    rows: Sequence[Row]
    linked: Set[str] = frozenset()


def match(
    profile: Profile,
    left: Side,
    right: Side,
    *,
    thresholds: Thresholds | None = None,
    known: Sequence[tuple[Row, Row]] = (),
    never: Set[KeyPair] = frozenset(),
) -> Matching:
    """Match two sides; ``known`` are rows of pairs that are the same for sure, ``never`` pairs that a person said are not."""
    limits = thresholds or Thresholds()
    if not left.keys or not right.keys:
        return Matching((), (), 0, 0, None)
    left, right = _by_key(left), _by_key(right)  # so that the random pairs are the same whatever order records come in
    mine, theirs = profile.columns(left.rows), profile.columns(right.rows)
    pairs = _allowed(candidates(profile.keys(mine, theirs)), mine, theirs)
    if never:
        pairs = _without(pairs, left, right, never)
    levels = levels_of(profile, mine, theirs, pairs.left, pairs.right)
    taught = _known_levels(profile, known)
    prior = prior_bits(len(left.keys), len(right.keys))
    weights = learn(profile, levels, pairs, taught, chance_of(profile, mine, theirs), prior)
    bits = field_bits(levels, weights)
    weigh_frequent(bits, profile, levels, weights, mine, theirs, pairs)
    sure, doubtful = _decide(profile, pairs, levels, bits, weights.prior, limits, left, right)
    return Matching(sure, doubtful, len(pairs.left), pairs.skipped_blocks, weights)


def _by_key(side: Side) -> Side:
    order = sorted(range(len(side.keys)), key=side.keys.__getitem__)
    return Side([side.keys[at] for at in order], [side.rows[at] for at in order], side.linked)


def _known_levels(profile: Profile, known: Sequence[tuple[Row, Row]]) -> Levels:
    mine, theirs = (profile.columns([pair[side] for pair in known]) for side in (0, 1))
    each = np.arange(len(known), dtype=np.int64)
    return levels_of(profile, mine, theirs, each, each)


def _allowed(pairs: Pairs, left: Columns, right: Columns) -> Pairs:
    """Leave out pairs of different partitions; a record that names none fits all."""
    mine, theirs = np.asarray(left["partition"]), np.asarray(right["partition"])
    if not mine.any() or not theirs.any():
        return pairs
    own, other = mine[pairs.left], theirs[pairs.right]
    return _chosen(pairs, (own == other) | (own == "") | (other == ""))


def _without(pairs: Pairs, left: Side, right: Side, never: Set[KeyPair]) -> Pairs:
    keep = [
        (left.keys[i], right.keys[j]) not in never
        for i, j in zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)
    ]
    return _chosen(pairs, np.asarray(keep, dtype=np.bool_))


def _chosen(pairs: Pairs, keep: npt.NDArray[np.bool_]) -> Pairs:
    return Pairs(pairs.left[keep], pairs.right[keep], pairs.brought_by[keep], pairs.keys, pairs.skipped_blocks)


def _decide(
    profile: Profile,
    pairs: Pairs,
    levels: Levels,
    bits: Bits,
    prior: float,
    limits: Thresholds,
    left: Side,
    right: Side,
) -> tuple[tuple[Candidate, ...], tuple[Candidate, ...]]:
    total = bits.sum(axis=1) + prior
    worth = np.flatnonzero(total >= limits.review)
    rivals = np.maximum(_best_other(pairs.left[worth], total[worth]), _best_other(pairs.right[worth], total[worth]))
    proven, objections = _proven(profile, levels[worth]), _objections(profile, levels[worth])
    order = np.argsort(-total[worth], kind="stable")
    free = _free(left)[pairs.left[worth]] & _free(right)[pairs.right[worth]]
    sure: list[Candidate] = []
    doubtful: list[Candidate] = []
    for place in order[free[order]].tolist():
        row = int(worth[place])
        reason = _doubt(float(total[row]), float(rivals[place]), bool(proven[place]), objections[place], limits)
        candidate = Candidate(
            left.keys[int(pairs.left[row])],
            right.keys[int(pairs.right[row])],
            round(float(total[row]), 2),
            _evidence(profile, levels[row], bits[row]),
            reason,
        )
        (doubtful if reason else sure).append(candidate)
    taken_left, taken_right = {pair.left for pair in sure}, {pair.right for pair in sure}
    rest = [pair for pair in doubtful if pair.left not in taken_left and pair.right not in taken_right]
    return tuple(sure), tuple(rest)


def _free(side: Side) -> npt.NDArray[np.bool_]:
    return np.fromiter((key not in side.linked for key in side.keys), np.bool_, len(side.keys))


def _doubt(bits: float, rival: float, proven: bool, objection: str, limits: Thresholds) -> str:
    if objection:
        return objection
    if not proven:
        return "nothing beside the name speaks for it"
    if bits < limits.auto:
        return "not enough speaks for it"
    if bits - rival < limits.margin:
        return "another record fits about as well"
    return ""


def _best_other(records: npt.NDArray[np.int64], total: Bits) -> Bits:
    """Return, for each pair, the bits of the best other pair of the same record."""
    result = np.full(len(records), -np.inf)
    order = np.lexsort((-total, records))
    grouped, sorted_total = records[order], total[order]
    first = np.concatenate([[True], grouped[1:] != grouped[:-1]]) if len(order) else np.zeros(0, dtype=bool)
    group = np.cumsum(first) - 1
    heads = np.flatnonzero(first)
    best = sorted_total[heads]
    second = np.full(len(heads), -np.inf)
    has_second = np.flatnonzero(np.diff(np.append(heads, len(order))) > 1)
    second[has_second] = sorted_total[heads[has_second] + 1]
    result[order] = np.where(first, second[group], best[group])
    return result


def _proven(profile: Profile, levels: Levels) -> npt.NDArray[np.bool_]:
    """Tell which pairs agree in something beside the name."""
    proven = np.zeros(len(levels), dtype=np.bool_)
    at = {comparison.name: place for place, comparison in enumerate(profile.comparisons)}
    placed = levels[:, at["address"]] != MISSING if "address" in at else np.ones(len(levels), dtype=np.bool_)
    for place, comparison in enumerate(profile.comparisons):
        agrees = (levels[:, place] >= 0) & (levels[:, place] <= comparison.proof)
        # Branches share the web address: it proves nothing of a record that does not say where it is.
        proven |= agrees & placed if comparison.name in _OF_THE_GROUP else agrees
    return proven


def _objections(profile: Profile, levels: Levels) -> list[str]:
    """Return for each pair why one must not link it unasked, however much speaks for it; '' where nothing does."""
    at = {comparison.name: levels[:, place] for place, comparison in enumerate(profile.comparisons)}
    if profile.entity == "customer":
        cases = {
            "they have different numbers": at["number"] == 1,
            "they are in different countries": at["address"] == 4,
            "they are in different towns, and no phone or number is the same": (at["address"] == 3)
            & (at["phone"] != 0)
            & (at["number"] != 0),
            "their names differ: firms of one house share door, phone and web address": (at["name"] >= 3)
            & (at["number"] != 0),
        }
    elif profile.entity == "contact":
        cases = {
            "their names differ": at["name"] >= 3,
            "they are at different companies": (at["company"] == 1) & (at["email"] != 0),
        }
    else:
        cases = {
            "their names differ": at["name"] == 3,
            "they have different numbers": (at["sku"] == 1) & (at["name"] > 0),
            "they are of different kinds": at["kind"] == 1,
        }
    chosen: list[str] = np.select(list(cases.values()), list(cases), "").tolist()
    return chosen


def _evidence(profile: Profile, levels: Levels, bits: Bits) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            comparison.name,
            comparison.levels[int(level)] if level != MISSING else "not known on one side",
            round(float(value), 2),
        )
        for comparison, level, value in zip(profile.comparisons, levels, bits, strict=True)
    )


def summary(matching: Matching) -> Mapping[str, int]:
    """Return counts, fit for XCom."""
    return {
        "sure": len(matching.sure),
        "doubtful": len(matching.doubtful),
        "compared": matching.compared,
        "skipped_blocks": matching.skipped_blocks,
    }
