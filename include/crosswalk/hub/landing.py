"""land: images go into the hub by one COPY and one set-based merge, together with the watermark (law 7).

What the source says is compared by fingerprint. A row is rewritten only when its mapped content or its deletion state changed;
when only the vendor's version moved, the version is taken over without counting as a change. An older observation, by the
source's own stamp, never replaces a newer one, and on equal stamps a deletion wins. Landing the same images again changes nothing.
What is deleted takes its lines with it (`crosswalk.hub.parts`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import sql

from crosswalk.hub.codec import encode
from crosswalk.hub.database import Connection
from crosswalk.hub.landing_sql import (
    SIGHT,
    merge_statement,
    missing_statement,
    stage_columns,
    stage_name,
    stage_statement,
)
from crosswalk.hub.parts import PARTS, bury_orphans, parents_of, part_of
from crosswalk.hub.watermarks import write_watermark
from crosswalk.model.entities import Entity
from crosswalk.model.records import Image, Value


@dataclass(frozen=True, slots=True)
class Landed:
    """What a landing did, in records; the last four add up to ``received``. Repeats within the batch count as unchanged."""

    received: int
    inserted: int
    changed: int
    unchanged: int
    deleted: int


def land(
    connection: Connection,
    *,
    system: str,
    entity: Entity,
    images: Sequence[Image],
    run_id: str,
    watermark: Mapping[str, object] | None,
    now: datetime | None = None,
) -> Landed:
    """Store what ``system`` said, in the caller's transaction; ``watermark`` None leaves the stored one as it is.

    ``now`` is the hub's clock when not given. Landings of one system's entity run one after the other.
    """
    at = _take_turn(connection, system, entity.name, now)
    counts: dict[str, int] = {}
    if images:
        _stage(connection, entity, _newest(system, entity, images))
        parameters = {"system": system, "run_id": run_id, "now": at, "entity": entity.name}
        counts = dict(connection.execute(merge_statement(entity), parameters).fetchall())
        connection.execute(sql.SQL("drop table {}").format(stage_name(entity.name)))
        _bury_orphans(connection, system, entity, images, run_id, at)
    if watermark is not None:
        write_watermark(connection, system, entity.name, watermark, run_id=run_id, now=at)
    inserted, deleted = counts.get("inserted", 0), counts.get("deleted", 0) + counts.get("buried", 0)
    changed = counts.get("changed", 0) + counts.get("restored", 0)
    return Landed(len(images), inserted, changed, len(images) - inserted - changed - deleted, deleted)


def mark_missing(
    connection: Connection,
    *,
    system: str,
    entity: Entity,
    run_id: str,
    seen_since: datetime,
    now: datetime | None = None,
) -> int:
    """Mark as deleted what a complete pull by ``run_id`` did not bring, and return how many records that were.

    Spared is what anyone landed or sighted since ``seen_since`` (the hub's clock when the pull began); not what an earlier try of the
    same run landed, because that may be gone by now. Sightings are kept during a census (:mod:`crosswalk.hub.census`), which judges first how much is missing. The marks carry no stamp of the source, so that a record that turns up again is taken back whatever its stamp.
    """
    at = _take_turn(connection, system, entity.name, now)
    parameters = {"system": system, "run_id": run_id, "now": at, "seen_since": seen_since, "entity": entity.name}
    row = connection.execute(missing_statement(entity.name), parameters).fetchone()
    assert row is not None
    if row[0]:
        _bury_parts(connection, system, entity, run_id, at, None)
    return int(row[0])


def sight(
    connection: Connection,
    *,
    system: str,
    entity: Entity,
    keys: Sequence[str],
    run_id: str,
    now: datetime | None = None,
) -> None:
    """Note during a census that these records are there though they could not be landed: :func:`mark_missing` spares them."""
    if keys:
        parameters = {"system": system, "entity": entity.name, "keys": list(keys), "run_id": run_id, "now": now}
        connection.execute(SIGHT, parameters)


def _bury_orphans(
    connection: Connection, system: str, entity: Entity, images: Sequence[Image], run_id: str, at: datetime
) -> None:
    """Parts of what was deleted in this batch, and parts in this batch of what had been deleted before, are not living."""
    if (part := part_of(entity.name)) and (parents := parents_of(part, images)):
        bury_orphans(connection, part, system=system, run_id=run_id, now=at, parents=list(parents))
    if deleted := [image.key for image in images if image.deleted]:
        _bury_parts(connection, system, entity, run_id, at, deleted)


def _bury_parts(
    connection: Connection, system: str, entity: Entity, run_id: str, at: datetime, parents: Sequence[str] | None
) -> None:
    """The parts' turn is taken as well: a part that is just landing either is seen here, or sees the deletion."""
    for part in PARTS:
        if part.parent == entity.name:
            _take_turn(connection, system, part.entity, at)
            bury_orphans(connection, part, system=system, run_id=run_id, now=at, parents=parents)


def _take_turn(connection: Connection, system: str, entity: str, now: datetime | None) -> datetime:
    """Wait for other landings of the same records to commit, and return the time."""
    turn = f"land {system} {entity}"
    connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (turn,))
    row = connection.execute("select coalesce(%s, clock_timestamp())", (now,)).fetchone()
    assert row is not None
    at: datetime = row[0]
    return at


def _newest(system: str, entity: Entity, images: Sequence[Image]) -> Iterable[Image]:
    """Return one image a key: the newest, the later one where stamps do not tell, a deletion before what has the same stamp."""
    newest: dict[str, Image] = {}
    for image in images:
        if image.system != system or image.entity != entity.name:
            raise ValueError(f"An image of {image.system} {image.entity} was landed as {system} {entity.name}.")
        known = newest.get(image.key)
        if known is None or not _supersedes(known, image):
            newest[image.key] = image
    return newest.values()


def _supersedes(known: Image, image: Image) -> bool:
    if known.modified is None or image.modified is None:
        return False
    if known.modified == image.modified:
        return known.deleted and not image.deleted
    return known.modified > image.modified


def _stage(connection: Connection, entity: Entity, images: Iterable[Image]) -> None:
    connection.execute(stage_statement(entity))
    names, types = zip(*stage_columns(entity), strict=True)
    copy_in = sql.SQL("copy {stage} ({columns}) from stdin (format binary)").format(
        stage=stage_name(entity.name), columns=sql.SQL(", ").join(map(sql.Identifier, names))
    )
    fields = entity.field_names
    with connection.cursor() as cursor, cursor.copy(copy_in) as copy:
        copy.set_types(types)
        for image in images:
            value = image.values.get
            stored = [_storable(value(name)) for name in fields]
            copy.write_row(
                (image.key, image.version, image.modified, image.fingerprint, image.deleted, *stored, _extras(image))
            )


def _storable(value: Value) -> Value:
    """Return text without what Postgres cannot hold (NUL, lone surrogates), so that no record stops its batch (law 8)."""
    if type(value) is str and not (value.isascii() and "\x00" not in value):
        return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    return value


def _extras(image: Image) -> str:
    return (
        json.dumps(encode({name: _storable(value) for name, value in image.extras.items()})) if image.extras else "{}"
    )
