"""Results of the checks between the systems: one row a check and run; the violating rows are stored by the check itself."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg.rows import class_row

from crosswalk.hub.database import Connection


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """How one check ended. ``error`` says why it could not be run; it is then not a success."""

    check_id: str
    title: str
    severity: str
    violations: int
    population: int
    success: bool
    error: str | None = None
    entity: str = ""

    @property
    def score(self) -> Decimal:
        """Share of the population that is in order, in percent; nothing compared and nothing wrong is 100."""
        if self.error is not None:
            return Decimal(0)
        if self.population <= 0:
            return Decimal(0) if self.violations else Decimal(100)
        return Decimal(100) * max(0, self.population - self.violations) / self.population


@dataclass(frozen=True, slots=True)
class CheckResult:
    """A stored outcome."""

    pairing: str
    run_id: str
    check_id: str
    title: str
    severity: str
    violations: int
    population: int
    score: Decimal
    success: bool
    error: str | None
    measured_at: datetime
    entity: str

    @property
    def in_order(self) -> int:
        """How many of those compared are in order."""
        return max(0, self.population - self.violations)

    @property
    def out_of_order(self) -> int:
        """How many of those compared are not in order."""
        return self.population - self.in_order


@dataclass(frozen=True, slots=True)
class Violation:
    """A stored row that broke a check."""

    id: int
    run_id: str
    check_id: str
    detail: dict[str, Any]


_COLUMNS = ", ".join(CheckResult.__dataclass_fields__)

_STORE = f"""
insert into hub.check_result ({_COLUMNS})
values (%s, %s, %s, %s, %s, %s, %s, round(%s, 4), %s, %s, coalesce(%s, clock_timestamp()), %s)
on conflict (pairing, run_id, check_id) do update
   set title = excluded.title, severity = excluded.severity, violations = excluded.violations, population = excluded.population,
       score = excluded.score, success = excluded.success, error = excluded.error, measured_at = excluded.measured_at, entity = excluded.entity
"""

_FORGET = """
delete from hub.check_result where pairing = %(pairing)s and run_id = %(run_id)s and check_id <> all(%(checks)s)
"""

_CARRY = f"""
insert into hub.check_result ({_COLUMNS})
select pairing, %(run_id)s, check_id, title, severity, violations, population, score, success, error, measured_at, entity
  from hub.check_result where pairing = %(pairing)s and run_id = %(from)s and check_id = any(%(checks)s)
on conflict (pairing, run_id, check_id) do nothing
returning {_COLUMNS}
"""

# A result is another one's copy when it was measured at the same moment: the rows are with the run that measured.
_LET_GO = """
with run as materialized (
    select run_id, max(measured_at) as at from hub.check_result where pairing = %(pairing)s group by 1
),
shown as materialized (
    select distinct measured.run_id, measured.check_id
      from (select run_id from run order by at desc limit %(runs)s) kept
      join hub.check_result r on r.pairing = %(pairing)s and r.run_id = kept.run_id
      join hub.check_result measured on (measured.pairing, measured.check_id, measured.measured_at) = (r.pairing, r.check_id, r.measured_at)
)
delete from hub.check_violation v
 where v.pairing = %(pairing)s and v.run_id in (select run_id from run)
   and not exists (select 1 from shown s where s.run_id = v.run_id and s.check_id = v.check_id)
"""

_MEASURED_BY = """
select measured.run_id
  from hub.check_result r
  join hub.check_result measured on (measured.pairing, measured.check_id, measured.measured_at) = (r.pairing, r.check_id, r.measured_at)
 where (r.pairing, r.run_id, r.check_id) = (%s, %s, %s)
 order by measured.id limit 1
"""

_LATEST = """
select run_id from hub.check_result where pairing = %(pairing)s and run_id <> %(run_id)s order by measured_at desc, id desc limit 1
"""


def store_outcomes(
    connection: Connection, *, pairing: str, run_id: str, outcomes: Iterable[CheckOutcome], now: datetime | None = None
) -> None:
    """Store a run's outcomes; storing them again replaces them, those that are no longer among them included."""
    rows = [
        (
            *(pairing, run_id, o.check_id, o.title, o.severity, o.violations, o.population),
            *(o.score, o.success, o.error, now, o.entity),
        )
        for o in outcomes
    ]
    connection.execute(_FORGET, {"pairing": pairing, "run_id": run_id, "checks": [row[2] for row in rows]})
    with connection.cursor() as cursor:
        cursor.executemany(_STORE, rows)


def latest_run(connection: Connection, pairing: str, *, other_than: str) -> str | None:
    """Return the pairing's latest run with results that is not this one."""
    row = connection.execute(_LATEST, {"pairing": pairing, "run_id": other_than}).fetchone()
    return None if row is None else str(row[0])


def carry_over(
    connection: Connection, *, pairing: str, run_id: str, earlier: str, checks: Iterable[str]
) -> list[CheckResult]:
    """Take over an earlier run's results of these checks, with the time they were measured at; their rows stay where they are."""
    parameters = {"pairing": pairing, "run_id": run_id, "from": earlier, "checks": list(checks)}
    with connection.cursor(row_factory=class_row(CheckResult)) as cursor:
        return cursor.execute(_CARRY, parameters).fetchall()


def let_go_of_violations(connection: Connection, pairing: str, *, keep_runs: int) -> int:
    """Delete the violating rows that none of the last runs shows, its own or carried over; results stay, and the trend with them."""
    return connection.execute(_LET_GO, {"pairing": pairing, "runs": keep_runs}).rowcount


def results_of(connection: Connection, pairing: str, run_id: str | None = None) -> list[CheckResult]:
    """Return the results of a run, by default of the pairing's latest one with results."""
    query = f"""select {_COLUMNS} from hub.check_result where pairing = %(pairing)s and run_id = coalesce(%(run_id)s,
        (select run_id from hub.check_result where pairing = %(pairing)s order by measured_at desc, id desc limit 1)) order by check_id"""
    with connection.cursor(row_factory=class_row(CheckResult)) as cursor:
        return cursor.execute(query, {"pairing": pairing, "run_id": run_id}).fetchall()


def violations_of(
    connection: Connection, pairing: str, run_id: str, check_id: str, *, limit: int = 1000
) -> list[dict[str, Any]]:
    """Return the rows that broke a check in a run."""
    return [row.detail for row in stored_violations(connection, pairing, run_id, check_id, limit=limit)]


def stored_violations(
    connection: Connection, pairing: str, run_id: str, check_id: str, *, limit: int = 1000, offset: int = 0
) -> list[Violation]:
    """Return the rows that broke a check in a run, a page of them, with their numbers. Money in them is Decimal.

    Of a result that was carried over, they are those of the run that measured it.
    """
    measured = connection.execute(_MEASURED_BY, (pairing, run_id, check_id)).fetchone()
    run_id = run_id if measured is None else measured[0]
    query = """select id, run_id, check_id, detail::text from hub.check_violation
        where (pairing, run_id, check_id) = (%s, %s, %s) order by id limit %s offset %s"""
    return [_violation(*row) for row in connection.execute(query, (pairing, run_id, check_id, limit, offset))]


def violation(connection: Connection, pairing: str, number: int) -> Violation | None:
    """Return one violating row; None when its run's rows are no longer kept."""
    query = "select id, run_id, check_id, detail::text from hub.check_violation where pairing = %s and id = %s"
    row = connection.execute(query, (pairing, number)).fetchone()
    return None if row is None else _violation(*row)


def _violation(number: int, run_id: str, check_id: str, detail: str) -> Violation:
    return Violation(number, run_id, check_id, json.loads(detail, parse_float=Decimal))
