"""Seeded dice: every record has its own, so that any record can be made without making those before it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from typing import TypeVar

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


def weighted(rng: random.Random, things: Sequence[tuple[Thing, float]]) -> Thing:
    """One of them by weight; weights need not add up to one."""
    spot = rng.random() * sum(weight for _, weight in things)
    for thing, weight in things:
        spot -= weight
        if spot < 0:
            return thing
    return things[-1][0]


def between(rng: random.Random, earliest: datetime, latest: datetime) -> datetime:
    """An instant between the two, to the second; ``earliest`` when they are the wrong way round."""
    span = (latest - earliest).total_seconds()
    return earliest + timedelta(seconds=int(rng.random() * span)) if span > 0 else earliest
