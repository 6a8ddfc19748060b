"""What the ledger's pages show, read from the hub: a record as it is or was, why a field has its value, what a run did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg.rows import dict_row

from crosswalk.hub import explaining, ledger, runs
from crosswalk.hub.reading import first_landed, image
from crosswalk.model.entities import ENTITIES

if TYPE_CHECKING:
    from crosswalk.hub.database import Connection
    from crosswalk.hub.ledger import LedgerEntry
    from crosswalk.mapping.definition import FieldMapping
    from crosswalk.mapping.document import SystemMapping
    from crosswalk.model.entities import Entity
    from crosswalk.model.records import Image
    from crosswalk.pairing import Pairing

ENTRIES_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """A record, and what of it: why ``field`` has its value, what it was ``at`` a time, the entries ``before`` one."""

    system: str
    entity: Entity
    key: str
    field: str | None = None
    at: datetime | None = None
    before: int | None = None


def record_content(
    connection: Connection, pairing: Pairing, mapped: Mapping[str, FieldMapping], asked: Asked
) -> dict[str, object] | None:
    """Return what the page of a record shows; None for a record that the hub never heard of."""
    system, kind, key = asked.system, asked.entity, asked.key
    now = image(connection, kind, system, key)
    entries = ledger.record_entries(connection, system, kind.name, key, limit=ENTRIES_A_PAGE + 1, before=asked.before)
    if now is None and not entries and asked.before is None:
        return None
    return {
        "pairing": pairing,
        "system": system,
        "entity": kind,
        "key": key,
        "now": now,
        "mapped": mapped,
        "field": asked.field,
        "why": _why(connection, now, mapped, asked.field) if asked.field and now else None,
        "at": asked.at,
        "state": _state(connection, now, asked.at) if asked.at and now else None,
        "before": asked.before,
        "linked": _linked(connection, pairing.name, asked),
        "quarantined": _quarantined(connection, pairing.name, asked),
        "sensitive": {one.name for one in kind.fields if one.sensitive},
        **_paged(entries),
    }


def run_content(
    connection: Connection, pairing: Pairing, run_id: str, *, kind: str | None = None, before: int | None = None
) -> dict[str, object] | None:
    """Return what the page of a run shows; None for a run that never began and did nothing."""
    known, counts = runs.one(connection, run_id), ledger.run_counts(connection, run_id)
    if known is None and not counts:
        return None
    entries = ledger.run_entries(connection, run_id, kind=kind, limit=ENTRIES_A_PAGE + 1, before=before)
    content = {"pairing": pairing, "run_id": run_id, "run": known, "counts": counts, "kind": kind, "before": before}
    return {**content, **_paged(entries), "counted": ledger.COUNTED}


def mapped_fields(file: Path, entity: str) -> Mapping[str, FieldMapping]:
    """Return the mapping of an entity's fields, extras included, by canonical name; empty for an entity that is not mapped."""
    found = _mapping(file, file.stat().st_mtime_ns).entities.get(entity)
    return {**found.fields, **found.extras} if found else {}


@lru_cache(maxsize=32)
def _mapping(file: Path, _changed: int) -> SystemMapping:
    from crosswalk.mapping.document import load_mapping

    return load_mapping(file)


def _linked(connection: Connection, pairing: str, asked: Asked) -> bool:
    query = "select 1 from hub.every_end where (pairing, entity, system, key) = (%s, %s, %s, %s)"
    return connection.execute(query, (pairing, asked.entity.name, asked.system, asked.key)).fetchone() is not None


def _quarantined(connection: Connection, pairing: str, asked: Asked) -> list[dict[str, Any]]:
    query = """select id, stage, message from hub.quarantine
        where (pairing, system, entity, key, status) = (%s, %s, %s, %s, 'open') order by stage"""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, (pairing, asked.system, asked.entity.name, asked.key)).fetchall()


def _paged(entries: list[LedgerEntry]) -> dict[str, object]:
    following = entries[ENTRIES_A_PAGE - 1].id if len(entries) > ENTRIES_A_PAGE else None
    return {"entries": entries[:ENTRIES_A_PAGE], "following": following}


def _why(connection: Connection, now: Image, mapped: Mapping[str, FieldMapping], field: str) -> explaining.Why:
    names = {mapped[field].target, mapped[field].native} if field in mapped else set()
    return explaining.why(connection, now.system, now.entity, now.key, field, frozenset(names))


def _state(connection: Connection, now: Image, at: datetime) -> explaining.State:
    since = ledger.observed_since(connection, now.system, now.entity, now.key, at)
    known = first_landed(connection, ENTITIES[now.entity], now.system, now.key)
    first = known or ledger.first_landing(connection, now.system, now.entity)
    current: dict[str, Any] = {**now.values, **now.extras}
    return explaining.state_at(current, now.deleted, since, first, at, exact=known is not None)
