"""A census: a whole read of one system's entity, after which what it did not bring is deleted, unless that is too much to believe.

Between beginning and end, records that are seen and need no landing are noted as sighted, so that they are not taken for deleted; without a
census nothing is. One that misses more than its limit is held: nothing is marked, and a person is asked. It marks what it missed, and nobody has
seen since, when it is released; the next census that is complete takes the question back. A census lapses after :data:`LAPSES`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from psycopg import sql
from psycopg.rows import class_row

from crosswalk.hub import ledger
from crosswalk.hub.columns import SCHEMA
from crosswalk.hub.database import Connection
from crosswalk.hub.landing import mark_missing
from crosswalk.hub.landing_sql import CENSUS_LAPSES, UNSEEN
from crosswalk.model.entities import Entity

LAPSES = timedelta(days=CENSUS_LAPSES)

_BEGIN = """
insert into hub.census as c (system, entity, run_id, pairing, began_at)
values (%(system)s, %(entity)s, %(run_id)s, %(pairing)s, clock_timestamp())
on conflict (system, entity, run_id) do update
   set began_at = excluded.began_at, held_at = null, missing = null, known = null, asked_at = null, asked_by = null
returning began_at
"""

_COUNT = sql.SQL("""
select (select count(*) from ({unseen}) u), (select count(*) from {image} where system = %(system)s and deleted_at is null)
""")

_STANDS = """
select 1 from hub.census where (system, entity, run_id, began_at) = (%(system)s, %(entity)s, %(run_id)s, %(began)s)
   and began_at > clock_timestamp() - %(lapses)s for update
"""

_HOLD = """
update hub.census set held_at = clock_timestamp(), missing = %(missing)s, known = %(known)s
 where system = %(system)s and entity = %(entity)s and run_id = %(run_id)s
"""

# A census that is complete makes those before it, and their questions, a thing of the past; one that began later goes on.
_END = """
delete from hub.census where system = %(system)s and entity = %(entity)s and began_at <= %(began)s returning held_at
"""

_GIVE_UP = """
delete from hub.census where system = %(system)s and entity = %(entity)s and run_id = %(run_id)s and held_at is null
"""

_FORGET = """
delete from hub.sighting
 where system = %(system)s and entity = %(entity)s
   and seen_at < coalesce((select min(c.began_at) from hub.census c where c.system = %(system)s and c.entity = %(entity)s), 'infinity')
"""

_HELD = """
select system, entity, run_id, began_at, held_at, missing, known from hub.census
 where pairing = %(pairing)s and held_at is not null and began_at > clock_timestamp() - %(lapses)s
"""

_ASK = f"""
with due as materialized (
    {_HELD} and (asked_at is null or asked_by = %(run_id)s or asked_at < clock_timestamp() - %(again_after)s) for update
),
noted as (
    update hub.census c set asked_at = clock_timestamp(), asked_by = %(run_id)s
      from due d where (c.system, c.entity, c.run_id) = (d.system, d.entity, d.run_id)
)
select * from due order by held_at
"""


@dataclass(frozen=True, slots=True)
class HeldCensus:
    """A census that waits for a person: how many of the known records it did not bring."""

    system: str
    entity: str
    run_id: str
    began_at: datetime
    held_at: datetime
    missing: int
    known: int

    @property
    def name(self) -> str:
        """What it is called in a question: system, entity and the beginning of the read."""
        return f"{self.system}.{self.entity}@{int(self.began_at.timestamp() * 1_000_000)}"


@dataclass(frozen=True, slots=True)
class Ended:
    """How many records a census marked as deleted, or, held, would."""

    deleted: int
    held: int = 0
    known: int = 0


def begin(connection: Connection, *, pairing: str, system: str, entity: str, run_id: str) -> datetime:
    """Note that a whole read begins, and return when, by the hub's clock; a task that is tried again begins anew."""
    parameters = {"pairing": pairing, "system": system, "entity": entity, "run_id": run_id}
    row = connection.execute(_BEGIN, parameters).fetchone()
    assert row is not None
    moment: datetime = row[0]
    return moment.astimezone(UTC)


def end(
    connection: Connection,
    *,
    pairing: str,
    system: str,
    entity: Entity,
    run_id: str,
    began: datetime,
    most: float,
    gone_from: int,
) -> Ended:
    """Mark what a whole read did not bring as deleted, or hold the census where that is more than the share ``most`` of what was there.

    The share counts from ``gone_from`` records on, so that half of a handful stops nobody. One that another census overtook, or that lapsed,
    marks nothing: what was sighted for it is not kept any more.
    """
    about = {"system": system, "entity": entity.name, "run_id": run_id, "seen_since": began, "began": began}
    if connection.execute(_STANDS, {**about, "lapses": LAPSES}).fetchone() is None:
        return Ended(0)
    count = _COUNT.format(unseen=UNSEEN.format(image=_image(entity)), image=_image(entity))
    row = connection.execute(count, about).fetchone()
    assert row is not None
    missing, known = row
    if missing >= gone_from and missing > most * known:
        connection.execute(_HOLD, {**about, "missing": missing, "known": known})
        _tell(connection, "census_held", pairing, run_id, ledger.ENGINE, about, {"missing": missing, "known": known})
        return Ended(0, missing, known)
    return Ended(_mark(connection, entity, about))


def give_up(connection: Connection, *, system: str, entity: str, run_id: str) -> None:
    """Forget a census that was none: not all there is was read."""
    about = {"system": system, "entity": entity, "run_id": run_id}
    connection.execute(_GIVE_UP, about)
    connection.execute(_FORGET, about)


def held(connection: Connection, pairing: str) -> list[HeldCensus]:
    """Return the censuses that wait for a person, the oldest first."""
    with connection.cursor(row_factory=class_row(HeldCensus)) as cursor:
        query = f"{_HELD} order by held_at"
        return cursor.execute(query.encode(), {"pairing": pairing, "lapses": LAPSES}).fetchall()


def ask_about(connection: Connection, pairing: str, *, run_id: str, again_after: timedelta) -> list[HeldCensus]:
    """Return those nobody is being asked about, and note that this run asks; repeated in one run it gives the same."""
    parameters = {"pairing": pairing, "run_id": run_id, "again_after": again_after, "lapses": LAPSES}
    with connection.cursor(row_factory=class_row(HeldCensus)) as cursor:
        return cursor.execute(_ASK.encode(), parameters).fetchall()


def release(
    connection: Connection, pairing: str, one: HeldCensus, entity: Entity, *, actor: str, reason: str, run_id: str
) -> int:
    """Mark, by a person's word, what the census missed and nobody has seen since; return how many records that are."""
    about = {
        "system": one.system,
        "entity": one.entity,
        "run_id": run_id,
        "seen_since": one.began_at,
        "began": one.began_at,
    }
    deleted = _mark(connection, entity, about)
    _tell(connection, "census_released", pairing, run_id, actor, about, {"missing": deleted, "reason": reason})
    return deleted


def refuse(connection: Connection, pairing: str, one: HeldCensus, *, actor: str, reason: str, run_id: str) -> None:
    """Take the census for wrong, by a person's word: all that it missed stays, and the next one is judged anew."""
    about = {"system": one.system, "entity": one.entity, "began": one.began_at}
    _finish(connection, about)
    _tell(connection, "census_refused", pairing, run_id, actor, about, {"missing": one.missing, "reason": reason})


def _mark(connection: Connection, entity: Entity, about: dict[str, object]) -> int:
    system, run_id, began = str(about["system"]), str(about["run_id"]), about["began"]
    assert isinstance(began, datetime)
    deleted = mark_missing(connection, system=system, entity=entity, run_id=run_id, seen_since=began)
    _finish(connection, about)
    return deleted


def _finish(connection: Connection, about: dict[str, object]) -> None:
    connection.execute(_END, about)
    connection.execute(_FORGET, about)


def _tell(
    connection: Connection,
    kind: str,
    pairing: str,
    run_id: str,
    actor: str,
    about: dict[str, object],
    detail: dict[str, object],
) -> None:
    entry = ledger.Entry(
        kind, pairing, run_id, actor, detail={"system": about["system"], "entity": about["entity"], **detail}
    )
    ledger.write(connection, [entry])


def _image(entity: Entity) -> sql.Identifier:
    return sql.Identifier(SCHEMA, entity.name)
