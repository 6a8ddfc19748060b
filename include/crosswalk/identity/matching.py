"""Scored matching: which records of two systems are the same company, person or product, how sure that is, and why.

Sure pairs are linked, doubtful ones go to a person, the rest is left alone; ``deciding`` says what sure is. Everything that is estimated
(how frequent a value is, how often chance agrees, the prior) is estimated over all records, those that are linked included: linking some
makes nobody else surer. Pure: records in, decisions out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from crosswalk.identity import deciding
from crosswalk.identity.blocking import Pairs, candidates
from crosswalk.identity.comparison import MISSING, Levels
from crosswalk.identity.deciding import Thresholds
from crosswalk.identity.profiles import Profile, Row
from crosswalk.identity.scoring import Bits, Compared, Scale, Weights, chance_of, compared, learn, prior_bits
from crosswalk.identity.several import FURTHER, Order, Places, Several, Spread, spread
from crosswalk.identity.table import Columns, Table

KeyPair = tuple[str, str]


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
    """What came out: sure pairs, pairs to review (best first), and what it took.

    ``further`` are sure pairs that give an account that has a customer one in another subsidiary.
    """

    sure: tuple[Candidate, ...]
    further: tuple[Candidate, ...]
    doubtful: tuple[Candidate, ...]
    compared: int
    skipped_blocks: int
    weights: Weights | None


@dataclass(frozen=True, slots=True)
class Side:
    """One system's records, all of them, by key: what is compared, a column of texts per property.

    Those in ``linked`` are not matched any more, but they count: for how frequent a value is, and as rivals of the others.
    """

    keys: Sequence[str]
    columns: Columns
    linked: Set[str] = frozenset()


def side(profile: Profile, records: Iterable[tuple[str, Row]], linked: Set[str] = frozenset()) -> Side:
    """Return a side of ``records``, each its key and its canonical values as text, read once and not kept."""
    keys: list[str] = []

    def rows() -> Iterable[Row]:
        for key, row in records:
            keys.append(key)
            yield row

    columns = profile.columns(rows())
    order = sorted(range(len(keys)), key=keys.__getitem__)  # so that chance is the same whatever order records come in
    return Side(
        [keys[at] for at in order],
        {name: [texts[at] for at in order] for name, texts in columns.items()},
        linked,
    )


@dataclass(frozen=True, slots=True)
class Scored:
    """The pairs that reach ``least`` bits, and what each field says of them."""

    profile: Profile
    left: Side
    right: Side
    pairs: Pairs
    levels: Levels
    bits: Bits
    total: Bits
    compared: int
    weights: Weights | None

    def among(self, chosen: Set[KeyPair]) -> npt.NDArray[np.bool_]:
        """Tell which of the pairs are ``chosen`` ones."""
        if not chosen:
            return np.zeros(len(self.total), dtype=np.bool_)
        keys = zip(self.pairs.left.tolist(), self.pairs.right.tolist(), strict=True)
        found = ((self.left.keys[i], self.right.keys[j]) in chosen for i, j in keys)
        return np.fromiter(found, np.bool_, len(self.total))


def score(
    profile: Profile,
    left: Side,
    right: Side,
    *,
    known: Sequence[tuple[Row, Row]] = (),
    least: float = Thresholds().review,
) -> Scored:
    """Score two sides; ``known`` are rows of pairs that are the same for sure."""
    if not left.keys or not right.keys:
        return _nothing(profile, left, right)
    table = Table(left.columns, right.columns)
    pairs = _allowed(candidates(profile.keys(table), len(right.keys)), table)
    found = compared(profile, table, pairs.left, pairs.right)
    prior = prior_bits(len(left.keys), len(right.keys))
    weights = learn(profile, found, pairs, _known(profile, known), chance_of(profile, table), prior)
    scale = Scale(profile, weights, table)
    total = scale.total(found, pairs.left)
    worth = total >= least
    rest = pairs.chosen(worth)
    levels = found.levels[found.pattern[worth]]
    bits = scale.by_field(levels, rest.left)
    return Scored(profile, left, right, rest, levels, bits, total[worth], len(pairs.left), weights)


def match(
    profile: Profile,
    left: Side,
    right: Side,
    *,
    thresholds: Thresholds | None = None,
    known: Sequence[tuple[Row, Row]] = (),
    never: Set[KeyPair] = frozenset(),
    several: Several | None = None,
) -> Matching:
    """Score two sides and decide."""
    limits = thresholds or Thresholds()
    return decide(score(profile, left, right, known=known, least=limits.review), limits, never=never, several=several)


def decide(
    scored: Scored, limits: Thresholds, *, never: Set[KeyPair] = frozenset(), several: Several | None = None
) -> Matching:
    """Say which pairs are sure and which a person is asked about; ``never`` are pairs that a person said are not the same.

    Every record is in one sure pair at most, and then in no doubtful one; with ``several``, an account is in one for each subsidiary.
    """
    open_ = ~scored.among(never)
    pairs, total, levels, bits = (
        scored.pairs.chosen(open_),
        scored.total[open_],
        scored.levels[open_],
        scored.bits[open_],
    )
    over = _spread(several, scored, pairs)
    reasons = deciding.doubts(scored.profile, pairs, levels, total, limits, _places_of_rivals(over))
    ranked = np.argsort(-total, kind="stable")
    free = _free(scored.right)[pairs.right]
    alone = free & _free(scored.left)[pairs.left]
    sure, doubtful = _parted(ranked[alone[ranked]], reasons, pairs.left, pairs.right)
    doubtful = doubtful[~np.isin(pairs.left[doubtful], pairs.left[sure])]
    further = ranked[:0]
    if over is not None:
        elsewhere = deciding.doubts(scored.profile, pairs, levels, total, limits, over.places)
        more = free & over.further(pairs, sure)
        unsaid = np.where(
            deciding.may_be_branches(scored.profile, levels), deciding.BRANCH, FURTHER if over.asks else ""
        )
        reasons = [elsewhere[at] or str(unsaid[at]) if more[at] else reason for at, reason in enumerate(reasons)]
        further, asked = _parted(ranked[more[ranked]], reasons, over.places, pairs.right)
        doubtful = ranked[np.isin(ranked, np.concatenate([doubtful, asked]))]
    doubtful = doubtful[~np.isin(pairs.right[doubtful], pairs.right[np.concatenate([sure, further])])]

    def told(chosen: npt.NDArray[np.intp]) -> tuple[Candidate, ...]:
        evidence = _evidence(scored.profile, levels[chosen], bits[chosen])
        rows = zip(pairs.left[chosen].tolist(), pairs.right[chosen].tolist(), total[chosen].tolist(), strict=True)
        return tuple(
            Candidate(scored.left.keys[i], scored.right.keys[j], round(odds, 2), said, reasons[at])
            for (i, j, odds), said, at in zip(rows, evidence, chosen.tolist(), strict=True)
        )

    return Matching(told(sure), told(further), told(doubtful), scored.compared, pairs.skipped_blocks, scored.weights)


def would_link(
    scored: Scored, apart: Set[KeyPair], limits: Thresholds, several: Several | None = None
) -> dict[KeyPair, float]:
    """Return the bits of those pairs ``apart`` that only the upper threshold can keep from being linked."""
    chosen = np.flatnonzero(scored.among(apart))
    if not len(chosen):
        return {}
    lowest = replace(limits, auto=-np.inf)
    over = _spread(several, scored, scored.pairs)
    places = _places_of_rivals(over)
    reasons = deciding.doubts(scored.profile, scored.pairs, scored.levels, scored.total, lowest, places)
    asked = over.linked if over is not None and over.asks else np.zeros(len(reasons), dtype=np.bool_)
    keys = scored.left.keys, scored.right.keys
    return {
        (keys[0][int(scored.pairs.left[at])], keys[1][int(scored.pairs.right[at])]): float(scored.total[at])
        for at in chosen.tolist()
        if not reasons[at] and not asked[at]
    }


def _spread(several: Several | None, scored: Scored, pairs: Pairs) -> Spread | None:
    if several is None:
        return None
    return spread(several, scored.left.keys, scored.right.columns["partition"], pairs)


def _places_of_rivals(over: Spread | None) -> Places | None:
    """Return where an account's pairs are rivals; None: everywhere. An account without a customer is not given two unasked."""
    return None if over is None or over.asks else over.places


def _parted(order: Order, reasons: Sequence[str], *records: npt.NDArray[np.integer]) -> tuple[Order, Order]:
    """Return the sure pairs of ``order``, no record twice, and the doubtful ones."""
    taken: tuple[set[int], ...] = tuple(set() for _ in records)
    sure = []
    for at in order.tolist():
        ends = [int(numbers[at]) for numbers in records]
        if not reasons[at] and not any(end in known for end, known in zip(ends, taken, strict=True)):
            sure.append(at)
            for end, known in zip(ends, taken, strict=True):
                known.add(end)
    doubtful = np.fromiter((bool(reasons[at]) for at in order.tolist()), np.bool_, len(order))
    return np.array(sure, dtype=np.intp), order[doubtful]


def _nothing(profile: Profile, left: Side, right: Side) -> Scored:
    none = np.zeros(0, dtype=np.int32)
    levels = np.zeros((0, len(profile.comparisons)), dtype=np.int8)
    return Scored(
        profile, left, right, Pairs(none, none, none, (), 0), levels, levels.astype(float), none.astype(float), 0, None
    )


def _known(profile: Profile, known: Sequence[tuple[Row, Row]]) -> Compared:
    mine, theirs = (profile.columns([pair[side] for pair in known]) for side in (0, 1))
    each = np.arange(len(known), dtype=np.int32)
    return compared(profile, Table(mine, theirs), each, each)


def _allowed(pairs: Pairs, table: Table) -> Pairs:
    """Leave out pairs of different partitions; a record that names none fits all."""
    mine, theirs = table.codes("partition")
    if not mine.any() or not theirs.any():
        return pairs
    own, other = mine[pairs.left], theirs[pairs.right]
    return pairs.chosen((own == other) | (own == 0) | (other == 0))


def _free(side: Side) -> npt.NDArray[np.bool_]:
    return np.fromiter((key not in side.linked for key in side.keys), np.bool_, len(side.keys))


def _evidence(profile: Profile, levels: Levels, bits: Bits) -> Iterable[tuple[Evidence, ...]]:
    names = [comparison.name for comparison in profile.comparisons]
    sentences = [(*comparison.levels, "not known on one side") for comparison in profile.comparisons]
    assert MISSING == -1, "the last sentence"
    for own_levels, own_bits in zip(levels.tolist(), bits.round(2).tolist(), strict=True):
        said = zip(names, sentences, own_levels, own_bits, strict=True)
        yield tuple(Evidence(name, says[level], value) for name, says, level, value in said)
