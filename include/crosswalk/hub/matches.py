"""Pairs of records that may be the same: proposed by the scored matching, decided by people, kept as labels.

A pair that a person called different is never proposed again; one called the same is linked at once, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from crosswalk.hub import ledger
from crosswalk.hub.database import Connection
from crosswalk.hub.further import CUSTOMER, add_further
from crosswalk.hub.links import LinkPair, create_links
from crosswalk.model.errors import NotFoundError

Decision = Literal["same", "different", "skip"]
PERSON_RULE = "person"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Two records that may be the same, and what each field says of it (field, sentence, bits)."""

    left_key: str
    right_key: str
    bits: float
    reason: str
    evidence: tuple[tuple[str, str, float], ...]


@dataclass(frozen=True, slots=True)
class Match:
    """A proposal as it is kept."""

    id: int
    pairing: str
    entity: str
    left_system: str
    left_key: str
    right_system: str
    right_key: str
    bits: float
    reason: str
    evidence: list[tuple[str, str, float]]
    status: str
    proposed_at: datetime
    skipped_at: datetime | None
    decided_at: datetime | None
    decided_by: str | None


_COLUMNS = (
    "id, pairing, entity, left_system, left_key, right_system, right_key, bits::float8 as bits, reason, evidence, status, proposed_at,"
    " skipped_at, decided_at, decided_by"
)
_PROPOSE = """
insert into hub.match_candidate as m
       (pairing, entity, left_system, left_key, right_system, right_key, bits, reason, evidence, status, run_id, proposed_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, 'open', %s, coalesce(%s, clock_timestamp()))
on conflict (pairing, entity, left_system, left_key, right_system, right_key)
do update set bits = excluded.bits, reason = excluded.reason, evidence = excluded.evidence, run_id = excluded.run_id
 where m.status = 'open'
"""
_WITHDRAW = """
delete from hub.match_candidate m
 where m.pairing = %(pairing)s and m.entity = %(entity)s and m.left_system = %(left)s and m.right_system = %(right)s
   and m.status = 'open'
   and not exists (select 1 from unnest(%(left_keys)s::text[], %(right_keys)s::text[]) as kept (left_key, right_key)
                    where kept.left_key = m.left_key and kept.right_key = m.right_key)
"""
# Where accounts may have customers in several subsidiaries of ``several_in``, one in a subsidiary in which its account has none stays open.
_LINKED_SINCE = """
delete from hub.match_candidate m
 where m.pairing = %(pairing)s and m.entity = %(entity)s and m.status = 'open'
   and exists (
       select 1 from hub.every_end e
        where e.pairing = m.pairing and e.entity = m.entity
          and ((e.system, e.key) = (m.left_system, m.left_key) or (e.system, e.key) = (m.right_system, m.right_key))
          and (%(several_in)s::text is null or e.system = %(several_in)s or not exists (
               select 1 from hub.customer c
                where c.system = %(several_in)s and c.key = case when m.left_system = c.system then m.left_key else m.right_key end
                  and c.subsidiary is not null
                  and not exists (select 1 from hub.every_end o join hub.customer t on t.system = o.system and t.key = o.key
                                   where o.link_id = e.link_id and t.deleted_at is null and o.system = c.system
                                     and t.subsidiary = c.subsidiary))))
"""
_DECIDE = f"""
update hub.match_candidate set status = %(status)s, decided_at = coalesce(%(now)s, clock_timestamp()), decided_by = %(actor)s
 where id = %(id)s and status = 'open'
returning {_COLUMNS}
"""
_TAKE_BACK = f"""
update hub.match_candidate set status = 'open', decided_at = null, decided_by = null
 where id = %(id)s and status = 'different'
returning {_COLUMNS}
"""


def propose(
    connection: Connection,
    pairing: str,
    entity: str,
    systems: tuple[str, str],
    proposals: Sequence[Proposal],
    run_id: str,
    *,
    now: datetime | None = None,
) -> int:
    """Make ``proposals`` the open ones of these two systems, withdrawing what is not among them; return how many are open.

    What a person decided stays as it is, whatever is proposed.
    """
    rows = [
        (
            pairing,
            entity,
            systems[0],
            p.left_key,
            systems[1],
            p.right_key,
            p.bits,
            p.reason,
            Jsonb(p.evidence),
            run_id,
            now,
        )
        for p in proposals
    ]
    kept = {
        "pairing": pairing,
        "entity": entity,
        "left": systems[0],
        "right": systems[1],
        "left_keys": [p.left_key for p in proposals],
        "right_keys": [p.right_key for p in proposals],
    }
    connection.execute(_WITHDRAW, kept)
    with connection.cursor() as cursor:
        cursor.executemany(_PROPOSE, rows)
    row = connection.execute(
        "select count(*) from hub.match_candidate where pairing = %s and entity = %s and status = 'open'",
        (pairing, entity),
    ).fetchone()
    return int(row[0]) if row else 0


def open_matches(
    connection: Connection,
    pairing: str,
    entity: str | None = None,
    *,
    limit: int | None = 200,
    reason: str | None = None,
) -> list[Match]:
    """Return what waits for a person: what was never skipped first, then the surest."""
    query = f"""
        select {_COLUMNS} from hub.match_candidate
         where pairing = %(pairing)s and status = 'open' and entity = coalesce(%(entity)s, entity) and reason = coalesce(%(reason)s, reason)
         order by skipped_at nulls first, bits desc, id limit %(limit)s
    """
    parameters = {"pairing": pairing, "entity": entity, "limit": limit, "reason": reason}
    with connection.cursor(row_factory=class_row(Match)) as cursor:
        return cursor.execute(query.encode(), parameters).fetchall()


def decided(connection: Connection, pairing: str, entity: str) -> list[Match]:
    """Return the labels: every pair that a person called the same or different."""
    query = f"select {_COLUMNS} from hub.match_candidate where pairing = %s and entity = %s and status <> 'open' order by id"
    with connection.cursor(row_factory=class_row(Match)) as cursor:
        return cursor.execute(query.encode(), (pairing, entity)).fetchall()


def decide(
    connection: Connection,
    match_id: int,
    decision: Decision,
    *,
    actor: str,
    several_in: str | None = None,
    run_id: str = "review",
    now: datetime | None = None,
) -> Match:
    """Record what a person says of an open proposal: the same (and link them), different, or skip for now.

    ``several_in`` is the ERP if an account may have a customer in each subsidiary of it: one that is linked gets a further one then.
    Raises NotFoundError when the proposal is not open any more: somebody else decided, or a record was linked or changed meanwhile.
    """
    if decision == "skip":
        return _skip(connection, match_id, now)
    parameters: dict[str, Any] = {"id": match_id, "status": decision, "actor": actor, "now": now}
    with connection.cursor(row_factory=class_row(Match)) as cursor:
        match = cursor.execute(_DECIDE.encode(), parameters).fetchone()
    if match is None:
        raise _gone(match_id)
    if decision == "same":
        _link(connection, match, several_in, run_id, actor, now)
    _tell(connection, match, decision, actor, now)
    return match


def _link(
    connection: Connection, match: Match, several_in: str | None, run_id: str, actor: str, now: datetime | None
) -> None:
    """Link what a person called the same, and end the proposals that this settles."""
    ends = (match.left_system, match.left_key), (match.right_system, match.right_key)
    account, customer = ends if match.left_system != several_in else ends[::-1]
    pair = [LinkPair(*account, *customer, PERSON_RULE)]
    linked = create_links(connection, match.pairing, match.entity, pair, run_id, actor=actor, now=now)
    if not linked and several_in is not None and match.entity == CUSTOMER:
        linked = add_further(connection, match.pairing, pair, run_id, actor=actor, now=now)
    if not linked:
        raise NotFoundError(
            f"One of {match.left_key} and {match.right_key} is linked to another record meanwhile.",
            hint="Undo that link first if it is wrong.",
        )
    parameters = {"pairing": match.pairing, "entity": match.entity, "several_in": several_in}
    connection.execute(_LINKED_SINCE, parameters)


def latest_decisions(connection: Connection, pairing: str, *, limit: int = 20) -> list[Match]:
    """Return what people decided last, the latest first."""
    query = f"select {_COLUMNS} from hub.match_candidate where pairing = %s and status <> 'open' order by decided_at desc, id desc limit %s"
    with connection.cursor(row_factory=class_row(Match)) as cursor:
        return cursor.execute(query.encode(), (pairing, limit)).fetchall()


def take_back(connection: Connection, match_id: int, *, actor: str, now: datetime | None = None) -> Match:
    """Take back that two records are different: they are open again, and may be linked again. A link is undone instead.

    Raises NotFoundError where nobody calls them different (any more).
    """
    with connection.cursor(row_factory=class_row(Match)) as cursor:
        match = cursor.execute(_TAKE_BACK.encode(), {"id": match_id}).fetchone()
    if match is None:
        raise NotFoundError(
            f"Pair {match_id} is not called different.", hint="Somebody took it back already, or linked the two."
        )
    _tell(connection, match, "taken back", actor, now)
    return match


def never(connection: Connection, pairing: str, entity: str) -> frozenset[frozenset[tuple[str, str]]]:
    """Return the pairs that a person called different, each as a set of two (system, key)."""
    rows = connection.execute(
        "select left_system, left_key, right_system, right_key from hub.match_candidate"
        " where pairing = %s and entity = %s and status = 'different'",
        (pairing, entity),
    )
    return frozenset(frozenset({(row[0], row[1]), (row[2], row[3])}) for row in rows)


def _skip(connection: Connection, match_id: int, now: datetime | None) -> Match:
    query = f"update hub.match_candidate set skipped_at = coalesce(%s, clock_timestamp()) where id = %s and status = 'open' returning {_COLUMNS}"
    with connection.cursor(row_factory=class_row(Match)) as cursor:
        match = cursor.execute(query.encode(), (now, match_id)).fetchone()
    if match is None:
        raise _gone(match_id)
    return match


def _gone(match_id: int) -> NotFoundError:
    return NotFoundError(
        f"Proposal {match_id} is not open any more.",
        hint="Somebody decided it, or one of its records was linked meanwhile.",
    )


def _tell(connection: Connection, match: Match, decision: str, actor: str, now: datetime | None) -> None:
    ends = ((match.left_system, match.left_key, match.right_key), (match.right_system, match.right_key, match.left_key))
    entries = [
        ledger.Entry(
            "decided", match.pairing, None, actor, system, match.entity, key,
            detail={"decision": decision, "other": other, "bits": match.bits},
        )
        for system, key, other in ends
    ]  # fmt: skip
    ledger.write(connection, entries, now=now)
