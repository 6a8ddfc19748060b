"""Runs: what was started when, for which pairing and with which parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from crosswalk.hub.database import Connection


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a pipeline; ``finished_at`` is None while it is under way."""

    id: str
    pairing: str
    phase: str
    mode: str | None
    dag_id: str | None
    started_at: datetime
    finished_at: datetime | None
    parameters: dict[str, Any]


_COLUMNS = ", ".join(Run.__dataclass_fields__)

_BEGIN = """
insert into hub.run (id, pairing, phase, mode, dag_id, started_at, parameters)
values (%(id)s, %(pairing)s, %(phase)s, %(mode)s, %(dag_id)s, coalesce(%(now)s, clock_timestamp()), %(parameters)s)
on conflict (id) do update set finished_at = null
"""


def begin(
    connection: Connection,
    *,
    run_id: str,
    pairing: str,
    phase: str,
    mode: str | None = None,
    dag_id: str | None = None,
    parameters: Mapping[str, object] | None = None,
    now: datetime | None = None,
) -> None:
    """Record that a run is under way; each of its tasks may say so, the first one's word stands."""
    row = {"id": run_id, "pairing": pairing, "phase": phase, "mode": mode, "dag_id": dag_id, "now": now}
    connection.execute(_BEGIN, {**row, "parameters": Jsonb(dict(parameters or {}))})


def finish(connection: Connection, run_id: str, *, now: datetime | None = None) -> bool:
    """Record that the run is over; False when it never began."""
    done = connection.execute(
        "update hub.run set finished_at = coalesce(%s, clock_timestamp()) where id = %s", (now, run_id)
    )
    return done.rowcount == 1


def latest(connection: Connection, pairing: str, *, limit: int = 50) -> list[Run]:
    """Return the pairing's runs, the newest first."""
    query = f"select {_COLUMNS} from hub.run where pairing = %s order by started_at desc, id desc limit %s"
    with connection.cursor(row_factory=class_row(Run)) as cursor:
        return cursor.execute(query, (pairing, limit)).fetchall()


def one(connection: Connection, run_id: str) -> Run | None:
    """Return a run by its id; None when it never began."""
    with connection.cursor(row_factory=class_row(Run)) as cursor:
        return cursor.execute(f"select {_COLUMNS} from hub.run where id = %s", (run_id,)).fetchone()
