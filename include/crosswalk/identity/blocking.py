"""Which pairs of records are worth comparing at all: those that share a key, from blocks that are not too large.

A block of ``n`` by ``m`` records makes ``n × m`` pairs; larger ones than ``MOST_PAIRS`` are passed over (a value so common proves
nothing; a true pair shares a rarer key, too) and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crosswalk.identity.table import Codes, Positions, compact

MOST_PAIRS = 1_000
_PLACES = 5  # bits that tell which key brought a pair: 32 keys at most
_SHORTEST_SLIP = 6


@dataclass(frozen=True, slots=True)
class Key:
    """What records are looked up by: a number per entry, 0 shares nothing. ``rows`` say whose entry it is where records have several."""

    left: Codes
    right: Codes
    rows: tuple[Positions, Positions] | None = None


Keys = Mapping[str, Key]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Candidate pairs by position, and which keys brought each together (bit ``k`` for the ``k``-th key)."""

    left: Positions
    right: Positions
    brought_by: npt.NDArray[np.int32]
    keys: tuple[str, ...]
    skipped_blocks: int

    def chosen(self, keep: npt.NDArray[np.bool_]) -> Pairs:
        """Return only some of the pairs."""
        return Pairs(self.left[keep], self.right[keep], self.brought_by[keep], self.keys, self.skipped_blocks)


def candidates(keys: Keys, width: int) -> Pairs:
    """Return every pair that shares one of ``keys``, each once; ``width`` is how many records the right side has."""
    found = [(_joined(key), place) for place, key in enumerate(keys.values())]
    parts = [(left.astype(np.int64) * width + right) << _PLACES | place for (left, right, _), place in found]
    merged = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)
    del parts
    merged.sort()
    bits = np.left_shift(1, merged & ((1 << _PLACES) - 1), dtype=np.int64).astype(np.int32)
    merged >>= _PLACES
    heads = np.flatnonzero(np.concatenate([[True], merged[1:] != merged[:-1]])) if len(merged) else merged
    brought = np.bitwise_or.reduceat(bits, heads) if len(heads) else bits
    left, right = np.divmod(merged[heads], width)
    return Pairs(
        left.astype(np.int32), right.astype(np.int32), brought, tuple(keys), sum(passed for (_, _, passed), _ in found)
    )


def _joined(key: Key) -> tuple[Positions, Positions, int]:
    """Join both sides of a key on equality; returns positions of both and how many blocks were too large."""
    mine, theirs = key.left, key.right
    size = max(int(np.max(mine, initial=0)), int(np.max(theirs, initial=0))) + 1
    left_count, right_count = np.bincount(mine, minlength=size), np.bincount(theirs, minlength=size)
    pairs = left_count * right_count
    pairs[0] = 0
    skipped = int(np.count_nonzero(pairs > MOST_PAIRS))
    pairs[pairs > MOST_PAIRS] = 0
    order = np.argsort(theirs, kind="stable").astype(np.int32)
    starts = np.concatenate([[0], np.cumsum(right_count)])[:-1]
    rows = np.flatnonzero(pairs[mine] > 0)
    repeats = right_count[mine[rows]]
    left = np.repeat(rows.astype(np.int32), repeats)
    within = np.arange(len(left)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    right = order[np.repeat(starts[mine[rows]], repeats) + within]
    if key.rows is not None:
        left, right = key.rows[0][left], key.rows[1][right]
    return left, right, skipped


def rare_words(left: Sequence[str], right: Sequence[str]) -> tuple[tuple[list[str], list[str]], ...]:
    """Return for every text its rarest word, and its second rarest, of both sides together; '' when it has fewer."""
    counts: Counter[str] = Counter()
    for text in (*left, *right):
        counts.update(set(text.split()))

    def rarest(text: str) -> list[str]:
        words = sorted({word for word in text.split() if len(word) > 2}, key=lambda word: (counts[word], word))
        return [*words, "", ""]

    chosen = [[rarest(text) for text in side] for side in (left, right)]
    first, second = ([[words[rank] for words in side] for side in chosen] for rank in (0, 1))
    return (first[0], first[1]), (second[0], second[1])


def one_slip_apart(left: Sequence[str], right: Sequence[str]) -> Key:
    """Return a key that texts share if a letter left out, added, exchanged or swapped with its neighbour makes one of the other.

    Both are looked up by what is left when any one letter is left out, and by themselves.
    """
    sides = [_slips(texts) for texts in (left, right)]
    mine, theirs = compact(sides[0][1], sides[1][1])
    return Key(mine, theirs, (sides[0][0], sides[1][0]))


def _slips(texts: Sequence[str]) -> tuple[Positions, npt.NDArray[np.int64]]:
    counts = [len(text) + 1 if len(text) >= _SHORTEST_SLIP else 0 for text in texts]

    def entries() -> Iterator[int]:
        for text, count in zip(texts, counts, strict=True):
            if count:
                yield hash(text)
                for at in range(count - 1):
                    yield hash(text[:at] + text[at + 1 :])

    hashes = np.fromiter(entries(), np.int64, sum(counts))
    rows = np.repeat(np.arange(len(texts), dtype=np.int32), counts)
    return rows, hashes >> 1 & np.int64(2**62 - 1) | 1
