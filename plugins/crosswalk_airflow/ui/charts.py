"""Places of a trend's line, axis and words on a drawing of fixed size; the template draws them. No plotting library: an API server has no room for one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crosswalk.quality.report import TrendPoint

_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)
_LEVELS = 4
_TOP, _BOTTOM, _LEFT = 10.0, 24.0, 62.0


@dataclass(frozen=True, slots=True)
class Chart:
    """What the template draws, in the drawing's own units."""

    width: float
    height: float
    left: float
    levels: list[tuple[float, str]]
    days: list[tuple[float, str, str]]
    points: str
    below: str
    dots: list[tuple[float, float, str]]
    words: str


def chart(points: Sequence[TrendPoint], width: float = 780.0, height: float = 190.0) -> Chart | None:
    """Return the places of a trend; None when there are fewer than two points. Time runs true to scale."""
    if len(points) < 2:
        return None
    low, high = min(p.score for p in points), max(p.score for p in points)
    step = next((one for one in _STEPS if one * _LEVELS >= high - low), _STEPS[-1])
    floor_ = max(0.0, floor(low / step) * step)
    top = min(100.0, max(ceil(high / step) * step, floor_ + step))
    floor_ = min(floor_, top - step)
    first, span = points[0].measured_at, points[-1].measured_at - points[0].measured_at

    def x(moment: datetime) -> float:
        share = (moment - first) / span if span > timedelta(0) else 1.0
        return round(_LEFT + share * (width - _LEFT - 8), 1)

    def y(score: float) -> float:
        return round(_TOP + (top - score) / (top - floor_) * (height - _TOP - _BOTTOM), 1)

    dots = [(x(p.measured_at), y(p.score), f"{p.score:.2f} % on {_when(p.measured_at)}") for p in points]
    line = " ".join(f"{left},{up}" for left, up, _ in dots)
    base = y(floor_)
    count = round((top - floor_) / step)
    digits = 0 if step >= 1 else 1 if step >= 0.1 else 2
    return Chart(
        width,
        height,
        _LEFT,
        [(y(floor_ + n * step), f"{floor_ + n * step:.{digits}f} %") for n in range(count + 1)],
        [(dots[0][0], _when(first), "start"), (dots[-1][0], _when(points[-1].measured_at), "end")],
        line,
        f"{dots[0][0]},{base} {line} {dots[-1][0]},{base}",
        dots,
        f"{len(points)} runs, lowest {low:.2f} %, highest {high:.2f} %, now {points[-1].score:.2f} %",
    )


def _when(moment: datetime) -> str:
    return f"{moment:%d %b %H:%M} UTC"
