"""When a scored pair is sure: its bits reach the upper threshold, it is the best of both its records by a margin, something beside the
name speaks for it, and nothing of weight speaks against it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crosswalk.identity.blocking import Pairs
from crosswalk.identity.comparison import MISSING, Levels
from crosswalk.identity.profiles import Profile
from crosswalk.identity.scoring import Bits
from crosswalk.identity.table import Positions

UNPROVEN = "nothing beside the name speaks for it"
NOT_ENOUGH = "not enough speaks for it"
RIVALLED = "another record fits about as well"
BRANCH = "it may be a branch: no door, postal code, phone or number is the same"
_OF_THE_GROUP = frozenset({"domain", "email"})


@dataclass(frozen=True, slots=True)
class Thresholds:
    """In bits (10 bits are odds of about 1,000 to 1): link from ``auto`` on, ask from ``review`` on.

    ``margin`` is what the best candidate must be ahead of the second best of either record.
    """

    auto: float = 10.0
    review: float = -1.0
    margin: float = 5.0


def doubts(
    profile: Profile,
    pairs: Pairs,
    levels: Levels,
    total: Bits,
    limits: Thresholds,
    places: npt.NDArray[np.int64] | None = None,
) -> list[str]:
    """Return for each pair why a person has to be asked; '' where none has to be.

    ``places`` are numbers that two pairs of an account share if they are rivals: all of an account's are, unless it may have several customers.
    """
    rivals = np.maximum(_best_other(pairs.left if places is None else places, total), _best_other(pairs.right, total))
    cases = {
        **_objections(profile, levels),
        UNPROVEN: ~_proven(profile, levels),
        NOT_ENOUGH: total < limits.auto,
        RIVALLED: total - rivals < limits.margin,
    }
    chosen: list[str] = np.select(list(cases.values()), list(cases), "").tolist()
    return chosen


def _best_other(records: Positions | npt.NDArray[np.int64], total: Bits) -> Bits:
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


def may_be_branches(profile: Profile, levels: Levels) -> npt.NDArray[np.bool_]:
    """Tell which customers a branch of the account's company may be: companies share web address and mailbox with theirs in one town."""
    at = {comparison.name: levels[:, place] for place, comparison in enumerate(profile.comparisons)}
    here: npt.NDArray[np.bool_] = (at["address"] == 0) | (at["address"] == 1) | (at["phone"] == 0) | (at["number"] == 0)
    return ~here


def _objections(profile: Profile, levels: Levels) -> dict[str, npt.NDArray[np.bool_]]:
    """Return, by sentence, which pairs must not be linked unasked, however much speaks for them."""
    at = {comparison.name: levels[:, place] for place, comparison in enumerate(profile.comparisons)}
    if profile.entity == "customer":
        return {
            "they have different numbers": at["number"] == 1,
            "they are in different countries": at["address"] == 4,
            "they are in different towns, and no phone or number is the same": (at["address"] == 3)
            & (at["phone"] != 0)
            & (at["number"] != 0),
            "their names differ: firms of one house share door, phone and web address": (at["name"] >= 3)
            & (at["number"] != 0),
        }
    if profile.entity == "contact":
        return {
            "their names differ": at["name"] == 4,
            "a first name is not known, and their e-mail is not the same": (at["name"] == 3) & (at["email"] != 0),
            "they are at different companies": (at["company"] == 1) & (at["email"] != 0),
        }
    return {
        "their names differ": at["name"] == 3,
        "they have different numbers": at["sku"] == 1,
        "they are of different kinds": at["kind"] == 1,
    }
