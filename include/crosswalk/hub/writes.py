"""One write as people read it: what was to be sent, what became of it, and what the target answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from crosswalk.hub.database import Connection
from crosswalk.hub.intent import Wanted


@dataclass(frozen=True, slots=True)
class StoredWrite(Wanted):
    """An intent with its last answer; ``message``, ``error_code`` and ``error_class`` are the target's words, if it said no.

    ``sent_entry`` is the ledger's entry of its last sending: instants come from several clocks, the ledger's numbers from one.
    """

    plan_id: int
    flow: str
    source_version: str | None
    target_system: str
    target_key: str | None
    status: str
    held_reason: str | None
    mode: str
    payload: dict[str, Any]
    attempt: int
    sent_at: datetime | None
    finished_at: datetime | None
    settled_at: datetime | None
    error_class: str | None
    error_code: str | None
    message: str | None
    hint: str | None
    run_id: str
    sent_entry: int | None


_COLUMNS = ", ".join(name for name in StoredWrite.__dataclass_fields__ if name != "sent_entry") + (
    ", (select max(l.id) from hub.ledger l where l.intent_key = i.key and l.kind = 'sending') as sent_entry"
)


def write(connection: Connection, key: str) -> StoredWrite | None:
    """Return one write by its intent's key."""
    with connection.cursor(row_factory=class_row(StoredWrite)) as cursor:
        return cursor.execute(f"select {_COLUMNS} from hub.intent i where key = %s", (key,)).fetchone()


def writes_into(connection: Connection, system: str, entity: str, key: str, *, limit: int = 200) -> list[StoredWrite]:
    """Return the writes that reached a record, the newest first."""
    query = f"""select {_COLUMNS} from hub.intent i
        where target_system = %s and target_key = %s and entity = %s and status = 'done' order by finished_at desc, key limit %s"""
    with connection.cursor(row_factory=class_row(StoredWrite)) as cursor:
        return cursor.execute(query, (system, key, entity, limit)).fetchall()
