"""Reads what the consistency report shows: scores, trends, failing rows. Everything comes from the hub; nothing is computed twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import psycopg

from crosswalk.hub.checks import CheckResult, results_of


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """The consistency score of one run, in percent."""

    measured_at: datetime
    score: float


@dataclass(frozen=True, slots=True)
class EntityCounts:
    """How many living records each system has of one entity, and how many are linked."""

    entity: str
    by_system: Mapping[str, int]
    linked: int


_GRAVITY = {"critical": 0, "warning": 1, "info": 2}

_TREND = """
select max(measured_at), 100.0 * (1 - sum(least(violations, population)) / nullif(sum(population), 0)::numeric)
  from hub.check_result where pairing = %(pairing)s group by run_id order by 1 desc limit %(points)s
"""


def latest_checks(connection: psycopg.Connection, pairing: str) -> list[CheckResult]:
    """Return the last run's checks, what is broken and grave first."""
    results = results_of(connection, pairing)
    return sorted(
        results, key=lambda check: (check.success, _GRAVITY[check.severity], -check.violations, check.check_id)
    )


def trend(connection: psycopg.Connection, pairing: str, points: int = 60) -> list[TrendPoint]:
    """Return the last runs' scores, oldest first; a run that had nothing to compare has none and is left out."""
    rows = connection.execute(_TREND, {"pairing": pairing, "points": points}).fetchall()
    return [TrendPoint(measured_at, float(score)) for measured_at, score in reversed(rows) if score is not None]


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
