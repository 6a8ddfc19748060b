"""Links: the statement that native records in different systems are the same thing. One to one within a pairing and entity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from crosswalk.hub import ledger
from crosswalk.hub.database import Connection


@dataclass(frozen=True, slots=True)
class LinkPair:
    """Two records that are the same, and the rule that says so."""

    left_system: str
    left_key: str
    right_system: str
    right_key: str
    rule: str


_STAGE = """
create temporary table link_stage (left_system text, left_key text, right_system text, right_key text, rule text) on commit drop
"""

# Records are looked up one by one, so that the cost follows the pairs even where statistics are missing.
_CREATE = """
with free as materialized (
    select nextval(pg_get_serial_sequence('hub.link', 'id')) as id, s.*
      from link_stage s
     where (select 1 from hub.every_end e where e.pairing = %(pairing)s and e.entity = %(entity)s
               and e.system = s.left_system and e.key = s.left_key limit 1) is null
       and (select 1 from hub.every_end e where e.pairing = %(pairing)s and e.entity = %(entity)s
               and e.system = s.right_system and e.key = s.right_key limit 1) is null
),
linked as (
    insert into hub.link (id, pairing, entity, rule, created_at, run_id) overriding system value
    select id, %(pairing)s, %(entity)s, rule, %(now)s, %(run_id)s from free
),
ends as (
    insert into hub.link_end (link_id, system, pairing, entity, key)
    select id, left_system, %(pairing)s, %(entity)s, left_key from free
     union all
    select id, right_system, %(pairing)s, %(entity)s, right_key from free
)
insert into hub.ledger (at, pairing, run_id, actor, kind, system, entity, key, link_id, detail)
select %(now)s, %(pairing)s, %(run_id)s, %(actor)s, 'linked', s.system, %(entity)s, s.key, s.id,
       jsonb_build_object('rule', s.rule, 'with', s.other_system, 'key', s.other_key)
  from (select id, rule, left_system as system, left_key as key, right_system as other_system, right_key as other_key from free
         union all
        select id, rule, right_system, right_key, left_system, left_key from free) s
"""

_COUNTERPARTS = """
select mine.key, theirs.key
  from hub.link_end mine join hub.link_end theirs on theirs.link_id = mine.link_id and theirs.system = %(to)s
 where mine.pairing = %(pairing)s and mine.entity = %(entity)s and mine.system = %(from)s and mine.key = any(%(keys)s)
"""

_COUNTERPART = """
select theirs.key
  from hub.link_end mine join hub.link_end theirs on theirs.link_id = mine.link_id and theirs.system <> mine.system
 where mine.pairing = %s and mine.entity = %s and mine.system = %s and mine.key = %s
"""

_LINK_OF = "select link_id from hub.link_end where pairing = %s and entity = %s and system = %s and key = %s"


def create_links(
    connection: Connection,
    pairing: str,
    entity: str,
    pairs: Iterable[LinkPair],
    run_id: str,
    *,
    actor: str = ledger.ENGINE,
    now: datetime | None = None,
) -> int:
    """Link each pair whose two records are both unlinked; return how many links that made. Repeating it makes none."""
    take_turn(connection, pairing)
    wanted = list(_first_of_each_record(pairs))
    if not wanted:
        return 0
    connection.execute(_STAGE)
    with connection.cursor().copy("copy link_stage from stdin (format binary)") as copy:
        copy.set_types(["text"] * 5)
        for pair in wanted:
            copy.write_row((pair.left_system, pair.left_key, pair.right_system, pair.right_key, pair.rule))
    parameters = {
        "pairing": pairing,
        "entity": entity,
        "run_id": run_id,
        "actor": actor,
        "now": now or datetime.now(UTC),
    }
    entries = connection.execute(_CREATE, parameters).rowcount
    connection.execute("drop table link_stage")
    return entries // 2  # the ledger tells it to both records


def _first_of_each_record(pairs: Iterable[LinkPair]) -> Iterator[LinkPair]:
    """Yield the pairs whose two records were in no earlier pair."""
    taken: set[tuple[str, str]] = set()
    for pair in pairs:
        ends = {(pair.left_system, pair.left_key), (pair.right_system, pair.right_key)}
        if pair.left_system == pair.right_system:
            raise ValueError(
                f"{pair.left_key} and {pair.right_key} are both of {pair.left_system}: a link joins two systems."
            )
        if taken.isdisjoint(ends):
            taken |= ends
            yield pair


def counterpart(connection: Connection, pairing: str, entity: str, system: str, key: str) -> str | None:
    """Return the key of the record in the pairing's other system that is the same; None when it is not linked."""
    row = connection.execute(_COUNTERPART, (pairing, entity, system, key)).fetchone()
    return None if row is None else str(row[0])


def counterparts(
    connection: Connection, pairing: str, entity: str, from_system: str, to_system: str, keys: Sequence[str]
) -> dict[str, str]:
    """Return ``{key: counterpart's key}`` for those of ``keys`` that are linked."""
    parameters = {"pairing": pairing, "entity": entity, "from": from_system, "to": to_system, "keys": list(keys)}
    return dict(connection.execute(_COUNTERPARTS, parameters).fetchall())


def unlink(
    connection: Connection,
    pairing: str,
    entity: str,
    system: str,
    key: str,
    *,
    actor: str,
    reason: str,
    run_id: str | None = None,
    now: datetime | None = None,
) -> bool:
    """End the link of a record, its base images with it; False when it has none."""
    take_turn(connection, pairing)
    return _end(
        connection,
        "unlinked",
        pairing,
        entity,
        system,
        key,
        actor=actor,
        detail={"reason": reason},
        run_id=run_id,
        now=now,
    )


def redirect(
    connection: Connection,
    pairing: str,
    entity: str,
    system: str,
    from_key: str,
    to_key: str,
    *,
    run_id: str | None = None,
    actor: str = ledger.ENGINE,
    now: datetime | None = None,
) -> bool:
    """Follow a merge inside ``system``, where ``from_key`` went into ``to_key`` (law 11); False when the loser had no link.

    An unlinked winner inherits the loser's link and bases. Where the winner has a link of its own, the loser's link ends and its
    counterpart is free again: whether that is a twin is for matching or a person to say.
    """
    take_turn(connection, pairing)
    detail = {"merged_into": to_key}
    if connection.execute(_LINK_OF, (pairing, entity, system, to_key)).fetchone() is not None:
        return _end(
            connection,
            "redirected",
            pairing,
            entity,
            system,
            from_key,
            actor=actor,
            detail=detail,
            run_id=run_id,
            now=now,
        )
    moved = connection.execute(
        "update hub.link_end set key = %s where pairing = %s and entity = %s and system = %s and key = %s returning link_id",
        (to_key, pairing, entity, system, from_key),
    ).fetchone()
    if moved is None:
        return False
    for key, told in ((from_key, detail), (to_key, {"merged_from": from_key})):
        entry = ledger.Entry("redirected", pairing, run_id, actor, system, entity, key, link_id=moved[0], detail=told)
        ledger.write(connection, [entry], now=now)
    return True


def take_turn(connection: Connection, pairing: str) -> None:
    """Let other changes of the pairing's links commit first: two runs must not link one record twice."""
    connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"link {pairing}",))


def _end(
    connection: Connection,
    kind: str,
    pairing: str,
    entity: str,
    system: str,
    key: str,
    *,
    actor: str,
    detail: dict[str, str],
    run_id: str | None,
    now: datetime | None,
) -> bool:
    row = connection.execute(_LINK_OF, (pairing, entity, system, key)).fetchone()
    if row is None:
        return False
    other = counterpart(connection, pairing, entity, system, key)
    connection.execute("delete from hub.link where id = %s", (row[0],))
    entry = ledger.Entry(
        kind, pairing, run_id, actor, system, entity, key, link_id=row[0], detail={**detail, "counterpart": other}
    )
    ledger.write(connection, [entry], now=now)
    return True
