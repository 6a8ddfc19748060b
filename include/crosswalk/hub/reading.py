"""Reads images out of the hub."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from psycopg import sql

from crosswalk.hub.codec import decode
from crosswalk.hub.columns import SCHEMA
from crosswalk.hub.database import Connection
from crosswalk.model.entities import Entity
from crosswalk.model.records import Image


def image(connection: Connection, entity: Entity, system: str, key: str) -> Image | None:
    """Return what ``system`` said last about one record; None when it never said anything."""
    return images(connection, entity, system, [key]).get(key)


def images(connection: Connection, entity: Entity, system: str, keys: Sequence[str]) -> dict[str, Image]:
    """Return what ``system`` said last about these records, by key; unknown ones are absent, deleted ones flagged."""
    return {found.key: found for found in _read(connection, entity, "key", system, keys)}


def first_landed(connection: Connection, entity: Entity, system: str, key: str) -> datetime | None:
    """Return when the hub first read a record; None where that was not kept yet, or it never was read."""
    statement = sql.SQL("select first_landed_at from {} where system = %s and key = %s")
    row = connection.execute(statement.format(sql.Identifier(SCHEMA, entity.name)), (system, key)).fetchone()
    return row[0] if row else None


def living(connection: Connection, entity: Entity, system: str) -> int:
    """Return how many records of an entity ``system`` has, as far as the hub knows."""
    statement = sql.SQL("select count(*) from {} where system = %s and deleted_at is null")
    row = connection.execute(statement.format(sql.Identifier(SCHEMA, entity.name)), (system,)).fetchone()
    return int(row[0]) if row else 0


def children(
    connection: Connection, entity: Entity, system: str, reference: str, keys: Sequence[str]
) -> dict[str, list[Image]]:
    """Return the records whose field ``reference`` is one of ``keys``, grouped by it: the lines of orders, the contacts of customers."""
    entity.field(reference)
    groups: dict[str, list[Image]] = defaultdict(list)
    for found in _read(connection, entity, reference, system, keys):
        groups[str(found.values[reference])].append(found)
    return dict(groups)


def _read(connection: Connection, entity: Entity, column: str, system: str, keys: Sequence[str]) -> list[Image]:
    if not keys:
        return []
    parameters = {"system": system, "keys": list(dict.fromkeys(keys))}
    rows = connection.execute(_query(entity.name, entity.field_names, column), parameters).fetchall()
    return [_image(entity, system, row) for row in rows]


# Each key is looked up: a planner without statistics would rather read all that the system has than look for more than a few.
@cache
def _query(entity: str, fields: tuple[str, ...], column: str) -> sql.Composed:
    return sql.SQL(
        "select key, version, modified, deleted_at is not null, fingerprint, extras, {fields} from unnest(%(keys)s::text[]) asked"
        " cross join lateral (select * from {image} i where i.system = %(system)s and i.{column} = asked offset 0) found order by key"
    ).format(
        fields=sql.SQL(", ").join(map(sql.Identifier, fields)),
        image=sql.Identifier(SCHEMA, entity),
        column=sql.Identifier(column),
    )


def _image(entity: Entity, system: str, row: tuple[Any, ...]) -> Image:
    key, version, modified, deleted, fingerprint, extras, *values = row
    return Image(
        system=system,
        entity=entity.name,
        key=key,
        version=version,
        modified=modified,
        deleted=deleted,
        values=dict(zip(entity.field_names, values, strict=True)),
        extras=decode(extras),
        fingerprint=fingerprint,
    )
