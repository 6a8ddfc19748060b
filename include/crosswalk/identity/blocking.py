"""Which pairs of records are worth comparing at all: those that share a key, from blocks that are not too large.

A block of ``n`` by ``m`` records makes ``n × m`` pairs; larger ones than ``MOST_PAIRS`` are passed over (a value so common proves
nothing; a true pair shares a rarer key, too) and counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crosswalk.identity.comparison import Positions, codes

MOST_PAIRS = 2_500
Keys = Mapping[str, tuple[Sequence[str], Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Candidate pairs by position, and which keys brought each together (bit ``k`` for the ``k``-th key)."""

    left: Positions
    right: Positions
    brought_by: npt.NDArray[np.int64]
    keys: tuple[str, ...]
    skipped_blocks: int


def candidates(keys: Keys) -> Pairs:
    """Return every pair that shares one of ``keys`` (columns of both sides by name; '' shares nothing), each once."""
    merged = np.zeros(0, dtype=np.int64)
    bits = np.zeros(0, dtype=np.int64)
    skipped, width = 0, 1
    for place, (mine, theirs) in enumerate(keys.values()):
        width = max(width, len(theirs))
        left, right, passed = _joined(*codes(mine, theirs))
        skipped += passed
        merged = np.concatenate([merged, left * width + right])
        bits = np.concatenate([bits, np.full(len(left), 1 << place, dtype=np.int64)])
    unique, back = np.unique(merged, return_inverse=True)
    brought = np.zeros(len(unique), dtype=np.int64)
    np.bitwise_or.at(brought, back, bits)
    return Pairs(unique // width, unique % width, brought, tuple(keys), skipped)


def _joined(mine: Positions, theirs: Positions) -> tuple[Positions, Positions, int]:
    """Join two columns of codes on equality; returns positions of both and how many blocks were too large."""
    size = int(max(mine.max(initial=0), theirs.max(initial=0))) + 1
    left_count, right_count = np.bincount(mine, minlength=size), np.bincount(theirs, minlength=size)
    pairs = left_count * right_count
    pairs[0] = 0
    skipped = int(np.count_nonzero(pairs > MOST_PAIRS))
    pairs[pairs > MOST_PAIRS] = 0
    order = np.argsort(theirs, kind="stable")
    starts = np.concatenate([[0], np.cumsum(right_count)])[:-1]
    rows = np.flatnonzero(pairs[mine] > 0)
    repeats = right_count[mine[rows]]
    left = np.repeat(rows, repeats)
    within = np.arange(len(left)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    return left, order[np.repeat(starts[mine[rows]], repeats) + within], skipped


def rare_words(left: Sequence[str], right: Sequence[str], rank: int) -> tuple[list[str], list[str]]:
    """Return for every text its ``rank``-th rarest word (0 is the rarest of both sides together); '' when it has fewer."""
    counts: dict[str, int] = {}
    for text in (*left, *right):
        for word in set(text.split()):
            counts[word] = counts.get(word, 0) + 1

    def chosen(text: str) -> str:
        words = sorted({word for word in text.split() if len(word) > 2}, key=lambda word: (counts[word], word))
        return words[rank] if len(words) > rank else ""

    return [chosen(text) for text in left], [chosen(text) for text in right]


def joined(*columns: Sequence[str]) -> list[str]:
    """Return the columns' values put together; '' where one of them is missing."""
    return ["|".join(parts) if all(parts) else "" for parts in zip(*columns, strict=True)]
