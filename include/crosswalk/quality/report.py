"""Reads what the consistency report shows: scores, what keeps them down, trends. Everything comes from the hub; nothing is computed twice.

The score is the share of all comparisons that are in order, in percent: each check counts with what it compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg

from crosswalk.hub.checks import CheckResult, results_of


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """The consistency score of one run, in percent."""

    measured_at: datetime
    score: float


@dataclass(frozen=True, slots=True)
class EntityScore:
    """How one entity stands: ``score`` in percent, None when nothing was compared."""

    entity: str
    score: float | None
    compared: int
    out_of_order: int
    checks: int
    failed: int


@dataclass(frozen=True, slots=True)
class Loss:
    """What one check takes from the score: ``points`` of the hundred, and its ``share`` of all that is missing, in percent."""

    check: CheckResult
    points: float
    share: float


@dataclass(frozen=True, slots=True)
class EntityCounts:
    """How many living records each system has of one entity, and how many are linked."""

    entity: str
    by_system: Mapping[str, int]
    linked: int


_GRAVITY = {"critical": 0, "warning": 1, "info": 2}
_SLICES = 120

_TREND = """
with run as (
    select max(measured_at) as at, 100.0 * (1 - sum(least(violations, population)) / nullif(sum(population), 0)::numeric) as score
      from hub.check_result
     where pairing = %(pairing)s and (%(entity)s = '' or entity = %(entity)s) and (%(severity)s = '' or severity = %(severity)s)
       and (%(check)s = '' or check_id = %(check)s) and (%(since)s::timestamptz is null or measured_at >= %(since)s)
     group by run_id
),
sliced as (
    select at, score, floor(extract(epoch from at) / least(%(slice)s, greatest(0.000001, (select extract(epoch from max(at) - min(at)) from run) / %(slices)s))) as slice
      from run where score is not null
)
select at, score from (select distinct on (slice) at, score from sliced order by slice, at desc) last order by at desc limit %(points)s
"""


def latest_checks(
    connection: psycopg.Connection, pairing: str, *, entity: str = "", severity: str = "", check: str = ""
) -> list[CheckResult]:
    """Return the last run's checks, what is broken and grave first; an empty filter lets everything through."""
    found = [
        result
        for result in results_of(connection, pairing)
        if entity in ("", result.entity) and severity in ("", result.severity) and check in ("", result.check_id)
    ]
    return sorted(found, key=lambda one: (one.success, _GRAVITY[one.severity], -one.violations, one.check_id))


def score_of(checks: Iterable[CheckResult]) -> float | None:
    """Return the share of what was compared that is in order, in percent; None when nothing was."""
    each = list(checks)
    compared = sum(check.population for check in each)
    return None if compared == 0 else 100.0 * sum(check.in_order for check in each) / compared


def entity_scores(checks: Sequence[CheckResult]) -> list[EntityScore]:
    """Return how each entity stands, the worst first."""
    by_entity: dict[str, list[CheckResult]] = {}
    for check in checks:
        by_entity.setdefault(check.entity, []).append(check)
    scores = [
        EntityScore(
            entity,
            score_of(each),
            sum(check.population for check in each),
            sum(check.out_of_order for check in each),
            len(each),
            sum(not check.success for check in each),
        )
        for entity, each in by_entity.items()
    ]
    return sorted(scores, key=lambda one: (101.0 if one.score is None else one.score, one.entity))


def losses(checks: Sequence[CheckResult]) -> list[Loss]:
    """Return what each check takes from the score, the largest first; together they are all that is missing."""
    compared = sum(check.population for check in checks)
    wrong = sum(check.out_of_order for check in checks)
    found = [
        Loss(check, 100.0 * check.out_of_order / compared, 100.0 * check.out_of_order / wrong)
        for check in checks
        if check.out_of_order
    ]
    return sorted(found, key=lambda loss: (-loss.points, _GRAVITY[loss.check.severity], loss.check.check_id))


def advice(found: Sequence[Loss]) -> str:
    """Return in a sentence what would raise the score most."""
    if not found:
        return "Nothing keeps the score down."
    first = found[0]
    differences = f"{first.check.out_of_order:,}".replace(",", "\u202f")
    them = "one difference" if first.check.out_of_order == 1 else f"{differences} differences"
    rest = "all that is missing" if first.share > 99.995 else f"{_short(first.share)} % of what is missing"
    return (
        f"“{first.check.title}” would raise the score most: "
        f"its {them} cost {_short(first.points)} of 100 points, {rest}."
    )


def _short(value: float) -> str:
    """Return a share with two places where it is small; what is there is never told as nothing."""
    if value < 0.01:
        return "less than 0.01"
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def trend(
    connection: psycopg.Connection,
    pairing: str,
    points: int = _SLICES,
    *,
    entity: str = "",
    severity: str = "",
    check: str = "",
    days: int | None = None,
    now: datetime | None = None,
) -> list[TrendPoint]:
    """Return the runs' scores of the last ``days`` (all when None), oldest first, each slice of time by its last run.

    Slices are a part of ``days``, or of the time since the first run while that is shorter: a line is there from the second run on. A run that had nothing to compare has no score and is left out.
    """
    moment = now or datetime.now().astimezone()
    asked = {
        "pairing": pairing,
        "entity": entity,
        "severity": severity,
        "check": check,
        "since": None if days is None else moment - timedelta(days=days),
        "slice": 0.000001 if days is None else days * 86400 / _SLICES,
        "slices": _SLICES,
        "points": points,
    }
    rows = connection.execute(_TREND, asked).fetchall()
    return [TrendPoint(measured_at, float(score)) for measured_at, score in reversed(rows)]


def entity_counts(
    connection: psycopg.Connection, pairing: str, systems: tuple[str, str], entities: tuple[str, ...]
) -> list[EntityCounts]:
    """Return living records per system and links, for these entities (names come from the model, never from a request)."""
    counts = []
    for entity in entities:
        by_system: dict[str, int] = dict(
            connection.execute(
                f'select system, count(*) from hub."{entity}" where deleted_at is null and system = any(%s) group by 1',
                (list(systems),),
            ).fetchall()
        )
        linked = connection.execute(
            "select count(*) from hub.link where pairing = %s and entity = %s",
            (pairing, "deal_order" if entity == "deal" else entity),
        ).fetchone()
        counts.append(EntityCounts(entity, by_system, linked[0] if linked else 0))
    return counts
