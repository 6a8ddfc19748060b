"""Templates to HTML: everything escaped, numbers for people, charts as inline SVG."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from crosswalk.platforms import title_of
from crosswalk_airflow.ui.charts import chart
from crosswalk_airflow.ui.wording import day, duration, flow, money, quantity, rule, said, share

if TYPE_CHECKING:
    from crosswalk.quality.report import TrendPoint


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("crosswalk_airflow.ui", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=number, ago=ago, percent=percent, sparkline=sparkline, chart=chart, cell=cell, label=label
    )
    environment.filters.update(money=money, day=day, quantity=quantity, share=share, duration=duration)
    environment.filters.update(plain=plain, moment=moment, airflow=airflow, who=who)
    environment.filters.update(system=title_of, rule=rule, said=said, flow=flow)
    return environment


def render(template: str, **content: object) -> str:
    """Return ``template`` filled with ``content``."""
    return _environment().get_template(template).render(**content)


def number(value: int | float | Decimal) -> str:
    """Return a count with thousands separated by thin spaces."""
    return f"{value:,}".replace(",", "\u202f")


def percent(value: float | Decimal) -> str:
    """Return a percentage that never rounds up to a hundred."""
    return f"{min(float(value), 99.99) if value < 100 else 100:.2f}".rstrip("0").rstrip(".") + " %"


def ago(instant: datetime | None) -> str:
    """Return how long ago ``instant`` was, in one unit."""
    if instant is None:
        return "never"
    seconds = max(0, int((datetime.now(UTC) - instant).total_seconds()))
    for size, least, unit in _UNITS:
        if seconds >= size * least:
            count = seconds // size
            return f"{count} {unit}{'s' if count != 1 else ''} ago"
    return "just now"


_UNITS = ((31_557_600, 2, "year"), (2_629_800, 2, "month"), (86400, 1, "day"), (3600, 1, "hour"), (60, 1, "minute"))
"""Seconds, how many of the unit are enough to say it, and its name."""


def label(name: str) -> str:
    """Return a column's name as a person writes it."""
    return name.replace("_", " ")


def cell(value: object) -> str:
    """Return one value of a failing row."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def plain(value: object) -> str:
    """Return a stored value for people: without the tags that JSON needs, and a dash for nothing."""
    if value is None or value == "":
        return "—"
    if isinstance(value, dict) and len(value) == 1:
        return str(next(iter(value.values())))
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else cell(value)


def moment(instant: datetime) -> str:
    """Return an instant to the second, in UTC."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def who(actor: str | None) -> str:
    """Return who did something as people say it: a person's name, else what of ours it was."""
    name = actor or "somebody"
    return "Crosswalk" if name == "crosswalk" else name.removeprefix("person:").removeprefix("airflow:")


def airflow(base: str) -> str:
    """Return the path below which Airflow's own pages are; ``base`` is that of ours."""
    return base.removesuffix("/crosswalk")


def sparkline(points: Sequence[TrendPoint], width: int = 360, height: int = 64) -> Markup:
    """Return the scores as a line; the axis begins just below the lowest score so that a change can be seen."""
    if len(points) < 2:
        return Markup("")
    low = min(point.score for point in points)
    floor = max(0.0, low - max(0.5, (100 - low) * 0.2))
    step = width / (len(points) - 1)
    places = [
        f"{index * step:.1f},{height - (point.score - floor) / (100 - floor or 1) * (height - 6) - 3:.1f}"
        for index, point in enumerate(points)
    ]
    title = f"Score over the last {len(points)} runs, {low:.2f} % at its lowest"
    return Markup(
        '<svg role="img" aria-label="{}" viewBox="0 0 {} {}" preserveAspectRatio="none" class="trend"><title>{}</title><polyline points="{}"/></svg>'
    ).format(title, width, height, title, " ".join(places))
