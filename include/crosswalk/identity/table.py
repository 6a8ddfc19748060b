"""Both sides' records as columns of text, and each column as numbers: comparing millions of pairs means comparing numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt

Columns = Mapping[str, Sequence[str]]
Codes = npt.NDArray[np.int32]
Masks = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int16]
Positions = npt.NDArray[np.int32]
Words = Callable[[str], Iterable[str]]
_BITS = 64


class Table:
    """The columns of two sides; what is derived from a column is derived once."""

    def __init__(self, left: Columns, right: Columns) -> None:
        self.left, self.right = left, right
        self._codes: dict[str, tuple[Codes, Codes]] = {}
        self._masks: dict[tuple[str, Words], tuple[Masks, Masks]] = {}
        self._counts: dict[str, tuple[Counts, Counts]] = {}

    @property
    def sizes(self) -> tuple[int, int]:
        """How many records either side has."""
        return len(self.left["partition"]), len(self.right["partition"])

    def codes(self, column: str) -> tuple[Codes, Codes]:
        """Return both sides of a column as numbers: equal text has the same number, '' is 0."""
        if column not in self._codes:
            self._codes[column] = codes(self.left[column], self.right[column])
        return self._codes[column]

    def masks(self, column: str, words: Words) -> tuple[Masks, Masks]:
        """Return for every text a number in which each of its ``words`` has set one of 64 bits: no common bit, no common word."""
        if (column, words) not in self._masks:
            bits: dict[str, int] = {}
            self._masks[column, words] = _masks(self.left[column], words, bits), _masks(self.right[column], words, bits)
        return self._masks[column, words]

    def word_counts(self, column: str) -> tuple[Counts, Counts]:
        """Return how many different words every text has."""
        if column not in self._counts:
            self._counts[column] = _word_counts(self.left[column]), _word_counts(self.right[column])
        return self._counts[column]


def codes(left: Sequence[str], right: Sequence[str]) -> tuple[Codes, Codes]:
    """Return both columns as numbers: equal text has the same number, '' is 0."""
    texts = dict.fromkeys(chain(("",), left, right))
    numbers = dict(zip(texts, range(len(texts)), strict=True))
    return _numbered(left, numbers), _numbered(right, numbers)


def _numbered(texts: Sequence[str], numbers: Mapping[str, int]) -> Codes:
    return np.fromiter(map(numbers.__getitem__, texts), np.int32, len(texts))


def _masks(texts: Sequence[str], words: Words, bits: dict[str, int]) -> Masks:
    def mask(text: str) -> int:
        found = 0
        for word in words(text):
            found |= bits.setdefault(word, 1 << len(bits) % _BITS)
        return found

    return np.fromiter(map(mask, texts), np.uint64, len(texts))


def _word_counts(texts: Sequence[str]) -> Counts:
    return np.fromiter((len(set(text.split())) for text in texts), np.int16, len(texts))


def together(*columns: tuple[Codes, Codes]) -> tuple[Codes, Codes]:
    """Return the numbers of several columns put together; 0 where one of them is missing."""
    mine, theirs = columns[0]
    for column in columns[1:]:
        width = max(int(np.max(column[0], initial=0)), int(np.max(column[1], initial=0))) + 1
        sides = ((mine, column[0]), (theirs, column[1]))
        mine, theirs = compact(*(np.where((a == 0) | (b == 0), 0, a.astype(np.int64) * width + b) for a, b in sides))
    return mine, theirs


def compact(left: npt.NDArray[np.int64], right: npt.NDArray[np.int64]) -> tuple[Codes, Codes]:
    """Return small numbers from 0 on, equal where these are equal; 0 stays 0. None may be negative."""
    values, places = np.unique(np.concatenate([[0], left, right]), return_inverse=True)
    assert values[0] == 0, "a negative number"
    small = places.astype(np.int32)
    return small[1 : len(left) + 1], small[len(left) + 1 :]
