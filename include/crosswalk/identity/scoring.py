"""How strongly each field's agreement speaks for a pair (Fellegi and Sunter): bits, positive for, negative against, none when missing.

The bits of a level are ``log2(m / u)``: ``m`` is how often true pairs reach it, learnt from pairs that are known or likely (expectation
maximisation, never from pairs that a blocking key on the same field brought together), ``u`` how often chance does, counted on random
pairs. An agreement on a value is weighed by how rare that value is. What two records share by chance is the prior, which is fixed:
learning it from blocked pairs makes them look surer than they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crosswalk.identity.blocking import Pairs
from crosswalk.identity.comparison import MISSING, Columns, Comparison, Levels, Positions, codes
from crosswalk.identity.profiles import Profile

Bits = npt.NDArray[np.float64]
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


def levels_of(profile: Profile, left: Columns, right: Columns, i: Positions, j: Positions) -> Levels:
    """Return the level of every comparison (columns) for every pair (rows)."""
    return np.column_stack([comparison.compare(left, right, i, j) for comparison in profile.comparisons])


def prior_bits(left: int, right: int) -> float:
    """Return the log-odds that two records, one of each side, are the same before anything was compared."""
    return float(np.log2(_SHARED / max(left, right, 2)))


def chance_of(profile: Profile, left: Columns, right: Columns, seed: int = 1) -> tuple[tuple[float, ...], ...]:
    """Return ``u``: how often two records drawn at random reach each level."""
    sizes = len(left["partition"]), len(right["partition"])
    dice = np.random.default_rng(seed)
    count = min(_RANDOM_PAIRS, sizes[0] * sizes[1])
    i, j = (dice.integers(0, size, count) for size in sizes)
    levels = levels_of(profile, left, right, i, j)
    return tuple(_chances(levels[:, place], comparison) for place, comparison in enumerate(profile.comparisons))


def _chances(levels: Levels, comparison: Comparison) -> tuple[float, ...]:
    known = levels[levels != MISSING]
    counts = np.bincount(known, minlength=len(comparison.levels)).astype(np.float64)
    # What never happened among so few may still happen: the weakest level takes most of the doubt.
    counts += np.array([0.5] * (len(counts) - 1) + [5.0])
    return tuple(np.maximum(counts / counts.sum(), _SMALLEST).tolist())


def learn(
    profile: Profile, levels: Levels, pairs: Pairs, known: Levels, u: tuple[tuple[float, ...], ...], prior: float
) -> Weights:
    """Return the weights learnt from candidate pairs' ``levels`` and from those of pairs ``known`` to be the same."""
    m = tuple(comparison.likely for comparison in profile.comparisons)
    fair = [_brought_otherwise(profile, comparison, pairs) for comparison in profile.comparisons]
    for _ in range(_ROUNDS):
        odds = total_bits(levels, Weights(m, u, prior))
        likely = 1.0 / (1.0 + np.exp2(-np.clip(odds, -60, 60)))
        learnt = tuple(
            _share(levels[:, place], likely * fair[place], known[:, place], comparison)
            for place, comparison in enumerate(profile.comparisons)
        )
        if np.allclose(np.concatenate(learnt), np.concatenate(m), atol=1e-4):
            m = learnt
            break
        m = learnt
    return Weights(m, u, prior)


def _brought_otherwise(profile: Profile, comparison: Comparison, pairs: Pairs) -> Bits:
    mask = sum(1 << place for place, key in enumerate(pairs.keys) if key not in profile.keyed_by[comparison.name])
    fair: Bits = ((pairs.brought_by & mask) != 0).astype(np.float64)
    return fair


def _share(levels: Levels, weight: Bits, known: Levels, comparison: Comparison) -> tuple[float, ...]:
    size = len(comparison.levels)
    there = levels != MISSING
    counted = np.bincount(levels[there], weights=weight[there], minlength=size).astype(np.float64)
    counts: Bits = counted + np.bincount(known[known != MISSING], minlength=size)
    counts = counts + _EXPECTED_WEIGHT * np.asarray(comparison.likely)
    return tuple(np.maximum(counts / counts.sum(), _SMALLEST).tolist())


def field_bits(levels: Levels, weights: Weights) -> Bits:
    """Return the bits of every field (columns) for every pair (rows), without regard to how frequent values are."""
    result = np.zeros(levels.shape)
    for place, (m, u) in enumerate(zip(weights.m, weights.u, strict=True)):
        table = np.append(np.clip(np.log2(np.asarray(m) / np.asarray(u)), -_MOST_BITS, _MOST_BITS), 0.0)
        result[:, place] = table[levels[:, place]]  # MISSING is -1: the last entry, no evidence
    return result


def total_bits(levels: Levels, weights: Weights) -> Bits:
    """Return each pair's log-odds of being the same."""
    total: Bits = field_bits(levels, weights).sum(axis=1) + weights.prior
    return total


def weigh_frequent(
    bits: Bits, profile: Profile, levels: Levels, weights: Weights, left: Columns, right: Columns, pairs: Pairs
) -> None:
    """Replace, in place, the bits of agreements by what the shared value's own frequency says."""
    for place, comparison in enumerate(profile.comparisons):
        if comparison.frequent is None:
            continue
        agreed = np.flatnonzero(levels[:, place] == 0)
        share = shares(left[comparison.frequent], right[comparison.frequent])[pairs.left[agreed]]
        bits[agreed, place] = np.clip(np.log2(weights.m[place][0] / share), -_MOST_BITS, _MOST_BITS)


def shares(left: Sequence[str], right: Sequence[str]) -> Bits:
    """Return for each left record which share of both sides' records has its value beside itself and one counterpart.

    A value that nobody else has is not as frequent as one in so many records, but rarer: it is chance only if two made it up alike.
    """
    mine, theirs = codes(left, right)
    size = int(max(mine.max(initial=0), theirs.max(initial=0))) + 1
    counts = np.bincount(mine, minlength=size) + np.bincount(theirs, minlength=size)
    known = max(int(counts[1:].sum()), 2)
    others: Bits = (np.maximum(counts[mine] - 2, 0) + _COINCIDENCE) / known
    return others
