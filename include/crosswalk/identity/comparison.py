"""Comparing many pairs of records at once, a field at a time: each pair gets the level at which the field agrees.

Level 0 agrees most, the last one disagrees; ``MISSING`` says that one side does not know: no evidence either way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz, process

from crosswalk.identity.table import Positions, Table

MISSING = -1
_AT_ONCE = 250_000
_SHORT = 3
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
    compare: Callable[[Table, Positions, Positions], Levels]
    frequent: str | None = None
    proof: int = MISSING


def equal(column: str) -> Callable[[Table, Positions, Positions], Levels]:
    """Return a comparison of two levels: the same value, another value."""

    def compare(table: Table, i: Positions, j: Positions) -> Levels:
        mine, theirs = _of(table, column, i, j)
        return _unless_missing(np.where(mine == theirs, 0, 1), mine, theirs)

    return compare


def company_names(table: Table, i: Positions, j: Positions) -> Levels:
    """Compare names without legal form: equal, nearly, one within the other, alike, different."""
    mine, theirs = _of(table, "name_key", i, j)
    result = np.full(len(i), 4, dtype=np.int8)
    result[mine == theirs] = 0
    open_ = np.flatnonzero(result != 0)
    alike = similarity(table.left["name_glued"], table.right["name_glued"], i[open_], j[open_], fuzz.ratio, least=80)
    result[open_] = np.select([alike >= 92, alike >= 80], [1, 3], 4)
    rest = open_[alike < 92]
    reordered = similarity(table.left["name_key"], table.right["name_key"], i[rest], j[rest], fuzz.ratio, least=80)
    result[rest[reordered >= 80]] = 3
    result[rest[reordered >= 92]] = 1
    rest = rest[reordered < 92]
    result[rest[within(table, "name", i[rest], j[rest])]] = 2
    return _unless_missing(result, mine, theirs)


def addresses(table: Table, i: Positions, j: Positions) -> Levels:
    """Compare places as one field (its parts go together): same door, same postal code, same town, same country, abroad."""
    same: dict[str, npt.NDArray[np.bool_]] = {}
    known: dict[str, npt.NDArray[np.bool_]] = {}
    for column in ("postal", "postal_area", "city", "country", "house", "street"):
        mine, theirs = _of(table, column, i, j)
        known[column] = (mine != 0) & (theirs != 0)
        same[column] = known[column] & (mine == theirs)
    result = np.full(len(i), MISSING, dtype=np.int8)
    placed = known["postal"] | known["city"]
    result[placed] = 3
    result[same["city"] | same["postal_area"]] = 2
    result[same["postal"]] = 1
    near = np.flatnonzero((same["postal"] | same["city"]) & known["street"] & (same["house"] | ~known["house"]))
    streets = table.left["street"], table.right["street"]
    alike = similarity(*streets, i[near], j[near], fuzz.token_sort_ratio, least=85)
    result[near[alike >= 85]] = 0
    result[known["country"] & ~same["country"]] = 4
    return result


def person_names(table: Table, i: Positions, j: Positions) -> Levels:
    """Compare first and last name: both equal, nearly, first name cut short, first name not known, different.

    Anna and Andreas Weber are two people, A. Weber may be either of them.
    """
    mine, theirs = _of(table, "last_name", i, j)
    first_mine, first_theirs = _of(table, "first_name", i, j)
    last_same = (mine == theirs) & (mine != 0)
    first_known = (first_mine != 0) & (first_theirs != 0)
    result = np.full(len(i), 4, dtype=np.int8)
    result[last_same & ~first_known] = 3
    names = table.left["full_name"], table.right["full_name"]
    result[similarity(*names, i, j, fuzz.token_sort_ratio, least=90) >= 90] = 1
    open_ = np.flatnonzero(last_same & first_known & (result > 1))
    firsts = table.left["first_name"], table.right["first_name"]
    cut = [
        _begin_alike(firsts[0][one], firsts[1][other])
        for one, other in zip(i[open_].tolist(), j[open_].tolist(), strict=True)
    ]
    result[open_[cut]] = 2
    result[last_same & first_known & (first_mine == first_theirs)] = 0
    return _unless_missing(result, mine, theirs)


def _begin_alike(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def product_names(table: Table, i: Positions, j: Positions) -> Levels:
    """Compare product names by their words: equal, nearly, alike, different. Numbers in them must agree to be more than alike."""
    mine, theirs = _of(table, "name_key", i, j)
    digits_mine, digits_theirs = _of(table, "name_digits", i, j)
    result = np.full(len(i), 3, dtype=np.int8)
    alike = similarity(table.left["name_key"], table.right["name_key"], i, j, fuzz.token_sort_ratio, least=80)
    result[alike >= 80] = 2
    result[(alike >= 92) & (digits_mine == digits_theirs)] = 1
    result[mine == theirs] = 0
    return _unless_missing(result, mine, theirs)


def _of(table: Table, column: str, i: Positions, j: Positions) -> tuple[Positions, Positions]:
    mine, theirs = table.codes(column)
    return mine[i], theirs[j]


def _unless_missing(levels: npt.NDArray[np.signedinteger], mine: Positions, theirs: Positions) -> Levels:
    result: Levels = levels.astype(np.int8)
    result[(mine == 0) | (theirs == 0)] = MISSING
    return result


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
        mine, theirs = map(left.__getitem__, i[part].tolist()), map(right.__getitem__, j[part].tolist())
        result[part] = process.cpdist(
            list(mine), list(theirs), scorer=scorer, workers=-1, dtype=np.float32, score_cutoff=least or None
        )
    return result


def within(table: Table, column: str, i: Positions, j: Positions) -> npt.NDArray[np.bool_]:
    """Tell for which pairs all words of one name are among the other's, whole or cut short, and a long one of them is whole.

    Most pairs are ruled out by masks: no long word in common, or a word that begins like none of the other's.
    """
    (long_mine, long_theirs), (begins_mine, begins_theirs) = table.masks(column, _long), table.masks(column, _begins)
    counts = table.word_counts(column)
    mine_is_small = counts[0][i] <= counts[1][j]
    mine, theirs = begins_mine[i], begins_theirs[j]
    amiss = np.where(mine_is_small, mine & ~theirs, theirs & ~mine)
    found: npt.NDArray[np.bool_] = ((long_mine[i] & long_theirs[j]) != 0) & (amiss == 0)
    open_ = np.flatnonzero(found)
    texts = zip(i[open_].tolist(), j[open_].tolist(), strict=True)
    found[open_] = [_is_within(table.left[column][one], table.right[column][other]) for one, other in texts]
    return found


def _is_within(one: str, other: str) -> bool:
    small, large = sorted((frozenset(one.split()), frozenset(other.split())), key=len)
    whole = small & large
    return any(len(word) > _SHORT for word in whole) and all(_cut_short(word, large - whole) for word in small - whole)


def _cut_short(word: str, words: frozenset[str]) -> bool:
    """Tell whether one of the two is how the other begins: "eng" for "engineering"."""
    return len(word) >= _SHORT and any(
        longer.startswith(word) or (len(longer) >= _SHORT and word.startswith(longer)) for longer in words
    )


def _long(text: str) -> Iterable[str]:
    return [word for word in text.split() if len(word) > _SHORT]


def _begins(text: str) -> Iterable[str]:
    return [word[:_SHORT] for word in text.split()]
