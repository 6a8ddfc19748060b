"""Comparing many pairs of records at once, a field at a time: each pair gets the level at which the field agrees.

Level 0 agrees most, the last one disagrees; ``MISSING`` says that one side does not know: no evidence either way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz, process

MISSING = -1
_AT_ONCE = 250_000
_SHORT = 3
Columns = Mapping[str, Sequence[str]]
Positions = npt.NDArray[np.int64]
Levels = npt.NDArray[np.int8]
Similarities = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One field's comparison. ``levels`` are the sentences shown to people, ``likely`` what to expect of true pairs at first.

    ``frequent`` names the column whose values' frequency weighs an agreement at level 0: sharing a rare name says more.
    ``proof`` is the highest level that counts as evidence of its own beside the name.
    """

    name: str
    levels: tuple[str, ...]
    likely: tuple[float, ...]
    compare: Callable[[Columns, Columns, Positions, Positions], Levels]
    frequent: str | None = None
    proof: int = MISSING


def equal(column: str) -> Callable[[Columns, Columns, Positions, Positions], Levels]:
    """Return a comparison of two levels: the same value, another value."""

    def compare(left: Columns, right: Columns, i: Positions, j: Positions) -> Levels:
        mine, theirs = codes(left[column], right[column])
        result = np.where(mine[i] == theirs[j], 0, 1).astype(np.int8)
        result[(mine[i] == 0) | (theirs[j] == 0)] = MISSING
        return result

    return compare


def company_names(left: Columns, right: Columns, i: Positions, j: Positions) -> Levels:
    """Compare names without legal form: equal, nearly, one within the other, alike, different."""
    mine, theirs = codes(left["name_key"], right["name_key"])
    result = np.full(len(i), 4, dtype=np.int8)
    result[mine[i] == theirs[j]] = 0
    open_ = np.flatnonzero(result != 0)
    alike = similarity(left["name_glued"], right["name_glued"], i[open_], j[open_], fuzz.ratio, least=80)
    result[open_] = np.select([alike >= 92, alike >= 80], [1, 3], 4)
    rest = open_[alike < 92]
    reordered = similarity(left["name_key"], right["name_key"], i[rest], j[rest], fuzz.ratio, least=80)
    result[rest[reordered >= 80]] = 3
    result[rest[reordered >= 92]] = 1
    rest = rest[reordered < 92]
    result[rest[within(left["name"], right["name"], i[rest], j[rest])]] = 2
    result[(mine[i] == 0) | (theirs[j] == 0)] = MISSING
    return result


def addresses(left: Columns, right: Columns, i: Positions, j: Positions) -> Levels:
    """Compare places as one field (its parts go together): same door, same postal code, same town, same country, abroad."""
    same: dict[str, npt.NDArray[np.bool_]] = {}
    known: dict[str, npt.NDArray[np.bool_]] = {}
    for column in ("postal", "postal_area", "city", "country", "house", "street"):
        mine, theirs = codes(left[column], right[column])
        known[column] = (mine[i] != 0) & (theirs[j] != 0)
        same[column] = known[column] & (mine[i] == theirs[j])
    result = np.full(len(i), MISSING, dtype=np.int8)
    placed = known["postal"] | known["city"]
    result[known["country"] & placed] = 3
    result[placed & ~known["country"]] = 3
    result[same["city"] | same["postal_area"]] = 2
    result[same["postal"]] = 1
    near = np.flatnonzero((same["postal"] | same["city"]) & known["street"] & (same["house"] | ~known["house"]))
    alike = similarity(left["street"], right["street"], i[near], j[near], fuzz.token_sort_ratio)
    result[near[alike >= 85]] = 0
    result[known["country"] & ~same["country"]] = 4
    return result


def person_names(left: Columns, right: Columns, i: Positions, j: Positions) -> Levels:
    """Compare first and last name: both equal, nearly, last name and initial, last name only, different."""
    mine, theirs = codes(left["last_name"], right["last_name"])
    first_mine, first_theirs = codes(left["first_name"], right["first_name"])
    initial_mine, initial_theirs = codes(left["initial"], right["initial"])
    last_same = (mine[i] == theirs[j]) & (mine[i] != 0)
    first_known = (first_mine[i] != 0) & (first_theirs[j] != 0)
    first_same = first_known & (first_mine[i] == first_theirs[j])
    result = np.full(len(i), 4, dtype=np.int8)
    whole = similarity(left["full_name"], right["full_name"], i, j, fuzz.token_sort_ratio)
    result[last_same & ~first_known] = 3
    result[last_same & (initial_mine[i] == initial_theirs[j]) & first_known] = 2
    result[whole >= 90] = 1
    result[last_same & first_same] = 0
    result[(mine[i] == 0) | (theirs[j] == 0)] = MISSING
    return result


def product_names(left: Columns, right: Columns, i: Positions, j: Positions) -> Levels:
    """Compare product names by their words: equal, nearly, alike, different. Numbers in them must agree to be more than alike."""
    mine, theirs = codes(left["name_key"], right["name_key"])
    digits_mine, digits_theirs = codes(left["name_digits"], right["name_digits"])
    result = np.full(len(i), 3, dtype=np.int8)
    alike = similarity(left["name_key"], right["name_key"], i, j, fuzz.token_sort_ratio)
    result[alike >= 80] = 2
    result[(alike >= 92) & (digits_mine[i] == digits_theirs[j])] = 1
    result[mine[i] == theirs[j]] = 0
    result[(mine[i] == 0) | (theirs[j] == 0)] = MISSING
    return result


def codes(left: Sequence[str], right: Sequence[str]) -> tuple[Positions, Positions]:
    """Return both columns as integers: equal text has the same number, '' is 0."""
    known: dict[str, int] = {"": 0}
    mine = np.fromiter((known.setdefault(text, len(known)) for text in left), np.int64, len(left))
    theirs = np.fromiter((known.setdefault(text, len(known)) for text in right), np.int64, len(right))
    return mine, theirs


def similarity(
    left: Sequence[str],
    right: Sequence[str],
    i: Positions,
    j: Positions,
    scorer: Callable[..., float],
    least: float = 0,
) -> Similarities:
    """Return the likeness, 0 to 100, of ``left[i]`` and ``right[j]`` for each pair; 0 where it is below ``least``."""
    result = np.zeros(len(i), dtype=np.float32)
    for start in range(0, len(i), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        mine, theirs = [left[at] for at in i[part].tolist()], [right[at] for at in j[part].tolist()]
        result[part] = process.cpdist(
            mine, theirs, scorer=scorer, workers=-1, dtype=np.float32, score_cutoff=least or None
        )
    return result


def within(left: Sequence[str], right: Sequence[str], i: Positions, j: Positions) -> npt.NDArray[np.bool_]:
    """Tell for which pairs all words of one name are among the other's, whole or cut short, and a long one of them is whole."""
    mine, theirs = [frozenset(text.split()) for text in left], [frozenset(text.split()) for text in right]
    found = np.zeros(len(i), dtype=np.bool_)
    for place, (one, other) in enumerate(zip(i.tolist(), j.tolist(), strict=True)):
        small, large = sorted((mine[one], theirs[other]), key=len)
        whole = small & large
        found[place] = any(len(word) > _SHORT for word in whole) and all(
            _cut_short(word, large - whole) for word in small - whole
        )
    return found


def _cut_short(word: str, words: frozenset[str]) -> bool:
    """Tell whether one of the two is how the other begins: "eng" for "engineering"."""
    return len(word) >= _SHORT and any(
        longer.startswith(word) or (len(longer) >= _SHORT and word.startswith(longer)) for longer in words
    )
