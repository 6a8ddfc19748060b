"""Base images: what both sides were when they last agreed, per link and system. A change is a difference from it (law 4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb

from crosswalk.hub.codec import decode, encode
from crosswalk.hub.columns import SCHEMA
from crosswalk.hub.database import Connection
from crosswalk.model.records import Image, Value


@dataclass(frozen=True, slots=True)
class BaseImage:
    """One side of a link as it was when the sides agreed. ``values`` holds the extras, too, under ``extras.<name>``."""

    link_id: int
    system: str
    fingerprint: int
    version: str
    values: dict[str, Value]
    settled_at: datetime


_STORE = """
insert into hub.base_image (link_id, system, fingerprint, version, image, settled_at)
select link_id, system, %(fingerprint)s, %(version)s, %(image)s, coalesce(%(now)s, clock_timestamp())
  from hub.link_end where pairing = %(pairing)s and entity = %(entity)s and system = %(system)s and key = %(key)s
on conflict (link_id, system) do update
   set fingerprint = excluded.fingerprint, version = excluded.version, image = excluded.image, settled_at = excluded.settled_at
"""

_READ = """
select b.link_id, b.system, b.fingerprint, b.version, b.image, b.settled_at
  from hub.link_end mine join hub.base_image b on b.link_id = mine.link_id
 where mine.pairing = %s and mine.entity = %s and mine.system = %s and mine.key = %s
"""

# The image table's entity may differ from the link's (a deal is linked with its order as `deal_order`).
_CHANGED = """
select e.key
  from hub.link_end e
  join {image} i on i.system = e.system and i.key = e.key
  left join hub.base_image b on b.link_id = e.link_id and b.system = e.system
 where e.pairing = %(pairing)s and e.entity = %(entity)s and e.system = %(system)s
   and (b.link_id is null or i.fingerprint <> b.fingerprint or i.deleted_at is not null)
 order by i.changed_at, e.key
 limit %(limit)s
"""


def store_base(connection: Connection, *, pairing: str, entity: str, image: Image, now: datetime | None = None) -> bool:
    """Make ``image`` the base of its side of the link that ``entity`` (of the link) and the record have; False when there is none."""
    return connection.execute(_STORE, _stored(pairing, entity, image, now)).rowcount == 1


def store_bases(
    connection: Connection, *, pairing: str, entity: str, images: Iterable[Image], now: datetime | None = None
) -> None:
    """Do so with many, without waiting for one before the next is sent; those without a link are passed over."""
    with connection.cursor() as cursor:
        cursor.executemany(_STORE, [_stored(pairing, entity, image, now) for image in images])


def _stored(pairing: str, entity: str, image: Image, now: datetime | None) -> dict[str, object]:
    values: dict[str, Any] = encode(
        {**image.values, **{f"extras.{name}": value for name, value in image.extras.items()}}
    )
    return {
        "pairing": pairing,
        "entity": entity,
        "system": image.system,
        "key": image.key,
        "fingerprint": image.fingerprint,
        "version": image.version,
        "image": Jsonb(values),
        "now": now,
    }


def base_images(connection: Connection, pairing: str, entity: str, system: str, key: str) -> dict[str, BaseImage]:
    """Return the base of each side, by system, of the link that the record has; empty when the sides never agreed."""
    rows = connection.execute(_READ, (pairing, entity, system, key)).fetchall()
    return {row[1]: BaseImage(row[0], row[1], row[2], row[3], decode(row[4]), row[5]) for row in rows}


def changed_since_base(
    connection: Connection,
    pairing: str,
    entity: str,
    system: str,
    *,
    image_entity: str | None = None,
    limit: int = 10_000,
) -> list[str]:
    """Return the keys of linked records of ``system`` that differ from their base, have none or are deleted; oldest change first."""
    query = sql.SQL(_CHANGED).format(image=sql.Identifier(SCHEMA, image_entity or entity))
    parameters = {"pairing": pairing, "entity": entity, "system": system, "limit": limit}
    return [key for (key,) in connection.execute(query, parameters)]
