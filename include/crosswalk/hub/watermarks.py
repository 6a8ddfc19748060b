"""How far the pull of each entity got; written by the landing, in its transaction (law 7)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from crosswalk.hub import ledger
from crosswalk.hub.database import Connection

_WRITE = """
insert into hub.watermark (system, entity, value, run_id, updated_at)
values (%(system)s, %(entity)s, %(value)s, %(run_id)s, coalesce(%(now)s, clock_timestamp()))
on conflict (system, entity) do update
   set value = excluded.value, run_id = excluded.run_id, updated_at = excluded.updated_at
"""


def read_watermark(connection: Connection, system: str, entity: str) -> dict[str, Any] | None:
    """Return where the next pull starts; None means from the beginning."""
    row = connection.execute(
        "select value from hub.watermark where (system, entity) = (%s, %s)", (system, entity)
    ).fetchone()
    return None if row is None else row[0]


def moved_at(connection: Connection, system: str, entity: str) -> datetime | None:
    """Return when, by the hub's clock, the watermark was stored; None when there is none."""
    row = connection.execute(
        "select updated_at from hub.watermark where (system, entity) = (%s, %s)", (system, entity)
    ).fetchone()
    return None if row is None else row[0]


def write_watermark(
    connection: Connection,
    system: str,
    entity: str,
    value: Mapping[str, object],
    *,
    run_id: str,
    now: datetime | None = None,
) -> None:
    """Store where the next pull starts. Only the landing calls this, in the transaction of the rows it stands for."""
    parameters = {"system": system, "entity": entity, "value": Jsonb(dict(value)), "run_id": run_id, "now": now}
    connection.execute(_WRITE, parameters)


def reset_watermark(
    connection: Connection, system: str, entity: str, *, actor: str = ledger.ENGINE, run_id: str | None = None
) -> bool:
    """Forget where the next pull starts, so that it reads everything; False when nothing was stored."""
    row = connection.execute(
        "delete from hub.watermark where (system, entity) = (%s, %s) returning value", (system, entity)
    ).fetchone()
    if row is None:
        return False
    entry = ledger.Entry(
        "watermark_reset", run_id=run_id, actor=actor, system=system, entity=entity, detail={"was": row[0]}
    )
    ledger.write(connection, [entry])
    return True
