"""Seeded dice: every record has its own, so that any record can be made without making those before it."""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import IntEnum
from itertools import accumulate
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class Kind(IntEnum):
    """What the dice are thrown for; keeps streams of different kinds apart."""

    SETUP = 1
    PRODUCT = 2
    PRICE = 3
    STOCK = 4
    PARTY = 5
    PARTY_DETAIL = 6
    DEAL = 7
    ORDER = 8
    SALESPERSON = 9


def dice(seed: int, kind: Kind, index: int = 0) -> random.Random:
    """The dice of one record."""
    return random.Random((seed << 72) | (kind << 64) | index)


def chance(rng: random.Random, probability: float) -> bool:
    """True with this probability."""
    return rng.random() < probability


def pick(rng: random.Random, things: Sequence[Thing]) -> Thing:
    """One of them, all alike (quicker than Random.choice)."""
    return things[int(rng.random() * len(things))]


class Weighted(Generic[Thing]):
    """Things with weights, which need not add up to one."""

    def __init__(self, *things: tuple[Thing, float]) -> None:
        self._things = tuple(thing for thing, _ in things)
        self._edges = tuple(accumulate(weight for _, weight in things))

    def draw(self, rng: random.Random) -> Thing:
        """One of them by weight."""
        return self._things[bisect(self._edges, rng.random() * self._edges[-1], hi=len(self._edges) - 1)]


def between(rng: random.Random, earliest: datetime, latest: datetime) -> datetime:
    """An instant between the two, to the second; ``earliest`` when they are the wrong way round."""
    start = earliest.timestamp()
    span = latest.timestamp() - start
    return datetime.fromtimestamp(int(start + rng.random() * span), UTC) if span > 0 else earliest
