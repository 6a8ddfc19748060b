"""Reads what the consistency report shows: scores, trends, failing rows. Everything comes from the hub; nothing is computed twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import psycopg


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One check as last measured."""

    check_id: str
    title: str
    severity: str
    violations: int
    population: int
    score: float
    success: bool
    error: str | None
    measured_at: datetime
    run_id: str


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


_LATEST = """
select check_id, title, severity, violations, population, score, success, error, measured_at, run_id
  from hub.check_result
 where pairing = %(pairing)s and run_id = (select run_id from hub.check_result where pairing = %(pairing)s order by measured_at desc limit 1)
 order by success, case severity when 'critical' then 0 when 'warning' then 1 else 2 end, violations desc, check_id
"""

_TREND = """
select max(measured_at), 100.0 * (1 - sum(least(violations, population)) / nullif(sum(population), 0)::numeric)
  from hub.check_result where pairing = %(pairing)s group by run_id order by 1 desc limit %(points)s
"""


def latest_checks(connection: psycopg.Connection, pairing: str) -> list[CheckRow]:
    """Return the last run's checks, what is broken first."""
    return [
        CheckRow(*row[:5], float(row[5] or 0), *row[6:]) for row in connection.execute(_LATEST, {"pairing": pairing})
    ]


def trend(connection: psycopg.Connection, pairing: str, points: int = 60) -> list[TrendPoint]:
    """Return the last runs' scores, oldest first."""
    rows = connection.execute(_TREND, {"pairing": pairing, "points": points}).fetchall()
    return [TrendPoint(measured_at, 100.0 if score is None else float(score)) for measured_at, score in reversed(rows)]


def violations(
    connection: psycopg.Connection, pairing: str, run_id: str, check_id: str, limit: int = 500
) -> list[dict[str, object]]:
    """Return the failing rows of one check, as stored."""
    rows = connection.execute(
        "select detail from hub.check_violation where pairing = %s and run_id = %s and check_id = %s order by detail::text limit %s",
        (pairing, run_id, check_id, limit),
    )
    return [detail for (detail,) in rows]


def entity_counts(
    connection: psycopg.Connection, pairing: str, systems: tuple[str, str], entities: tuple[str, ...]
) -> list[EntityCounts]:
    """Return living records per system and links, for these entities (names come from the model, never from a request)."""
    counts = []
    for entity in entities:
        by_system = dict(
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
