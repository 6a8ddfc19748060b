"""The ledger: every observed change, decision, write and outcome, with its cause. Append-only; a trigger refuses anything else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from crosswalk.hub.database import Connection

ENGINE = "crosswalk"
"""The actor of what no person decided."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be written: ``kind`` says what happened, to which record, link or intent."""

    kind: str
    pairing: str | None = None
    run_id: str | None = None
    actor: str = ENGINE
    system: str | None = None
    entity: str | None = None
    key: str | None = None
    link_id: int | None = None
    intent_key: str | None = None
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What is in the ledger."""

    id: int
    at: datetime
    pairing: str | None
    run_id: str | None
    actor: str
    kind: str
    system: str | None
    entity: str | None
    key: str | None
    link_id: int | None
    intent_key: str | None
    detail: dict[str, Any]


_INSERT = """
insert into hub.ledger (at, pairing, run_id, actor, kind, system, entity, key, link_id, intent_key, detail)
values (coalesce(%s, clock_timestamp()), %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""

_COLUMNS = "id, at, pairing, run_id, actor, kind, system, entity, key, link_id, intent_key, detail"

_HISTORY = f"""
select {_COLUMNS} from hub.ledger where (system, entity, key) = (%(system)s, %(entity)s, %(key)s)
union
select {_COLUMNS} from hub.ledger where intent_key in
    (select i.key from hub.intent i where i.target_system = %(system)s and i.entity = %(entity)s and i.target_key = %(key)s)
order by id
"""

_OF_INTENT = f"select {_COLUMNS} from hub.ledger where intent_key = %(key)s order by id"


def write(connection: Connection, entries: Iterable[Entry], *, now: datetime | None = None) -> None:
    """Append ``entries`` in the caller's transaction, so that what is told and what happened cannot differ."""
    rows = [
        (
            now,
            e.pairing,
            e.run_id,
            e.actor,
            e.kind,
            e.system,
            e.entity,
            e.key,
            e.link_id,
            e.intent_key,
            Jsonb(dict(e.detail)),
        )
        for e in entries
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(_INSERT, rows)


def history(connection: Connection, system: str, entity: str, key: str) -> list[LedgerEntry]:
    """Return everything that happened to one record, oldest first: changes seen, and writes from it and into it."""
    with connection.cursor(row_factory=class_row(LedgerEntry)) as cursor:
        return cursor.execute(_HISTORY, {"system": system, "entity": entity, "key": key}).fetchall()


def intent_history(connection: Connection, intent_key: str) -> list[LedgerEntry]:
    """Return everything that happened to one intent, oldest first."""
    with connection.cursor(row_factory=class_row(LedgerEntry)) as cursor:
        return cursor.execute(_OF_INTENT, {"key": intent_key}).fetchall()
