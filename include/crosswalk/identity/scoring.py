"""How strongly each field's agreement speaks for a pair (Fellegi and Sunter): bits, positive for, negative against, none when missing.

The bits of a level are ``log2(m / u)``: ``m`` is how often true pairs reach it, learnt from pairs that are known or likely (expectation
maximisation, never from pairs that a blocking key on the same field brought together), ``u`` how often chance does, counted on random
pairs. An agreement on a value is weighed by how rare that value is. What two records share by chance is the prior, which is fixed:
learning it from blocked pairs makes them look surer than they are.

Millions of pairs have few patterns of levels: what is the same for a pattern is worked out once for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crosswalk.identity.blocking import Pairs
from crosswalk.identity.comparison import MISSING, Comparison, Levels
from crosswalk.identity.profiles import Profile
from crosswalk.identity.table import Codes, Positions, Table

Bits = npt.NDArray[np.float64]
_AT_ONCE = 250_000
_RANDOM_PAIRS = 200_000
_ROUNDS = 12
_EXPECTED_WEIGHT = 60.0  # the levels expected at first count as much as this many true pairs
_SMALLEST = 1e-6
_MOST_BITS = 18.0
_COINCIDENCE = 0.2  # of a record, for a value that only two records have
_SHARED = 0.7  # of the smaller side's records, how many the other side is expected to have


@dataclass(frozen=True, slots=True)
class Weights:
    """Per comparison: how often true pairs (``m``) and random pairs (``u``) reach each level; and the prior, in bits."""

    m: tuple[tuple[float, ...], ...]
    u: tuple[tuple[float, ...], ...]
    prior: float


@dataclass(frozen=True, slots=True)
class Compared:
    """The pattern of levels of every pair: ``levels[pattern[n]]`` are those of the ``n``-th pair, one per comparison."""

    levels: Levels
    pattern: Codes


def compared(profile: Profile, table: Table, i: Positions, j: Positions) -> Compared:
    """Compare pairs by all comparisons of the profile, so many at a time that memory stays small."""
    sizes = [len(comparison.levels) + 1 for comparison in profile.comparisons]
    numbers = np.zeros(len(i), dtype=np.int32)
    for start in range(0, len(i), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        for size, comparison in zip(sizes, profile.comparisons, strict=True):
            numbers[part] *= size
            numbers[part] += comparison.compare(table, i[part], j[part]) - MISSING
    there, pattern = np.unique(numbers, return_inverse=True)
    levels = np.column_stack(np.unravel_index(there, sizes)).astype(np.int8) + np.int8(MISSING)
    return Compared(levels, pattern.astype(np.int32))


def prior_bits(left: int, right: int) -> float:
    """Return the log-odds that two records, one of each side, are the same before anything was compared."""
    return float(np.log2(_SHARED / max(left, right, 2)))


def chance_of(profile: Profile, table: Table, seed: int = 1) -> tuple[tuple[float, ...], ...]:
    """Return ``u``: how often two records drawn at random reach each level."""
    sizes = table.sizes
    dice = np.random.default_rng(seed)
    count = min(_RANDOM_PAIRS, sizes[0] * sizes[1])
    i, j = (dice.integers(0, size, count).astype(np.int32) for size in sizes)
    found = compared(profile, table, i, j)
    times = np.bincount(found.pattern, minlength=len(found.levels))
    return tuple(
        _chances(found.levels[:, place], times, comparison) for place, comparison in enumerate(profile.comparisons)
    )


def _chances(levels: Levels, times: npt.NDArray[np.int64], comparison: Comparison) -> tuple[float, ...]:
    counts = _counted(levels, times.astype(np.float64), comparison)
    # What never happened among so few may still happen: the weakest level takes most of the doubt.
    counts += np.array([0.5] * (len(counts) - 1) + [5.0])
    return tuple(np.maximum(counts / counts.sum(), _SMALLEST).tolist())


def learn(
    profile: Profile, found: Compared, pairs: Pairs, known: Compared, u: tuple[tuple[float, ...], ...], prior: float
) -> Weights:
    """Return the weights learnt from candidate pairs and from those ``known`` to be the same."""
    m = tuple(comparison.likely for comparison in profile.comparisons)
    fair = [_brought_otherwise(profile, comparison, pairs, found) for comparison in profile.comparisons]
    sure = np.bincount(known.pattern, minlength=len(known.levels)).astype(np.float64)
    base = [
        _counted(known.levels[:, place], sure, comparison) + _EXPECTED_WEIGHT * np.asarray(comparison.likely)
        for place, comparison in enumerate(profile.comparisons)
    ]
    for _ in range(_ROUNDS):
        odds = field_bits(found.levels, Weights(m, u, prior)).sum(axis=1) + prior
        likely = 1.0 / (1.0 + np.exp2(-np.clip(odds, -60, 60)))
        learnt = tuple(
            _share(_counted(found.levels[:, place], likely * fair[place], comparison) + base[place])
            for place, comparison in enumerate(profile.comparisons)
        )
        settled = np.allclose(np.concatenate(learnt), np.concatenate(m), atol=1e-4)
        m = learnt
        if settled:
            break
    return Weights(m, u, prior)


def _brought_otherwise(profile: Profile, comparison: Comparison, pairs: Pairs, found: Compared) -> Bits:
    """Return, for each pattern, how many pairs were brought together by something else than this comparison's own field."""
    mask = sum(1 << place for place, key in enumerate(pairs.keys) if key not in profile.keyed_by[comparison.name])
    fair: Bits = np.bincount(found.pattern[(pairs.brought_by & mask) != 0], minlength=len(found.levels)).astype(
        np.float64
    )
    return fair


def _counted(levels: Levels, weight: Bits, comparison: Comparison) -> Bits:
    there = levels != MISSING
    return np.bincount(levels[there], weights=weight[there], minlength=len(comparison.levels)).astype(np.float64)


def _share(counts: Bits) -> tuple[float, ...]:
    return tuple(np.maximum(counts / counts.sum(), _SMALLEST).tolist())


def field_bits(levels: Levels, weights: Weights) -> Bits:
    """Return the bits of every field (columns) for every pattern (rows), without regard to how frequent values are."""
    result = np.zeros(levels.shape)
    for place, (m, u) in enumerate(zip(weights.m, weights.u, strict=True)):
        table = np.append(np.clip(np.log2(np.asarray(m) / np.asarray(u)), -_MOST_BITS, _MOST_BITS), 0.0)
        result[:, place] = table[levels[:, place]]  # MISSING is -1: the last entry, no evidence
    return result


class Scale:
    """The bits of pairs by learnt weights, an agreement weighed by how frequent the shared value is."""

    def __init__(self, profile: Profile, weights: Weights, table: Table) -> None:
        self.weights = weights
        self._frequent = {
            place: _by_frequency(table, comparison.frequent, weights.m[place][0])
            for place, comparison in enumerate(profile.comparisons)
            if comparison.frequent is not None
        }

    def total(self, found: Compared, left: Positions) -> Bits:
        """Return each pair's log-odds of being the same."""
        plain = field_bits(found.levels, self.weights)
        total: Bits = (plain.sum(axis=1) + self.weights.prior)[found.pattern]
        for place, rarity in self._frequent.items():
            agreed = np.flatnonzero((found.levels[:, place] == 0)[found.pattern])
            total[agreed] += rarity[left[agreed]] - plain[found.pattern[agreed], place]
        return total

    def by_field(self, levels: Levels, left: Positions) -> Bits:
        """Return the bits of every field (columns) of pairs given by their own levels (rows)."""
        bits = field_bits(levels, self.weights)
        for place, rarity in self._frequent.items():
            agreed = np.flatnonzero(levels[:, place] == 0)
            bits[agreed, place] = rarity[left[agreed]]
        return bits


def _by_frequency(table: Table, column: str, likely: float) -> Bits:
    """Return for each left record the bits of an agreement on its value."""
    return np.clip(np.log2(likely / shares(*table.codes(column))), -_MOST_BITS, _MOST_BITS)


def shares(mine: Codes, theirs: Codes) -> Bits:
    """Return for each left record which share of both sides' records has its value beside itself and one counterpart.

    A value that nobody else has is not as frequent as one in so many records, but rarer: it is chance only if two made it up alike.
    """
    size = max(int(np.max(mine, initial=0)), int(np.max(theirs, initial=0))) + 1
    counts = np.bincount(mine, minlength=size) + np.bincount(theirs, minlength=size)
    known = max(int(counts[1:].sum()), 2)
    others: Bits = (np.maximum(counts[mine] - 2, 0) + _COINCIDENCE) / known
    return others
