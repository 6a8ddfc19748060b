"""What people's decisions teach: labelled pairs move the threshold from which pairs are linked unasked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt

from crosswalk.identity.deciding import Thresholds

PRECISION = 0.999
_STEP = 0.5
_SURE = 1.96  # standard deviations: the estimate is wrong once in forty


@dataclass(frozen=True, slots=True)
class Label:
    """A pair's bits and what a person said of it."""

    bits: float
    same: bool


@dataclass(frozen=True, slots=True)
class Calibration:
    """The thresholds that the labels allow, and why."""

    thresholds: Thresholds
    says: str


def calibrated(labels: Sequence[Label], given: Thresholds) -> Calibration:
    """Return ``given`` adjusted to what people decided.

    A pair called different that would have been linked raises the threshold above it. It is lowered only when the labels above the lower
    one are so many and so good that a precision of 0.999 is likely: a handful of right guesses proves nothing.
    """
    wrong = [label.bits for label in labels if not label.same and label.bits >= given.auto]
    if wrong:
        auto = max(wrong) + _STEP
        return Calibration(
            replace(given, auto=auto),
            f"raised from {given.auto:g} to {auto:g}: {len(wrong)} pairs that would have been linked were called different",
        )
    lower = given.auto
    while lower - _STEP >= given.review and _least_precision(labels, lower - _STEP) >= PRECISION:
        lower -= _STEP
    if lower < given.auto:
        return Calibration(
            replace(given, auto=lower), f"lowered from {given.auto:g} to {lower:g}: {len(labels)} decisions bear it out"
        )
    return Calibration(given, f"unchanged: {len(labels)} decisions say nothing else")


def _least_precision(labels: Sequence[Label], threshold: float) -> float:
    """Return the lower end of the Wilson interval of the share called the same, from ``threshold`` on."""
    above = [label.same for label in labels if label.bits >= threshold]
    count = len(above)
    if not count:
        return 0.0
    share, square = sum(above) / count, _SURE**2
    centre = share + square / (2 * count)
    spread = _SURE * sqrt(share * (1 - share) / count + square / (4 * count * count))
    return (centre - spread) / (1 + square / count)
