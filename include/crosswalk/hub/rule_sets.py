"""How far linking has looked at each entity, and writing back at the links, so that the next run looks only at what changed since.

Images are found again by ``changed_at``, which is the hub's clock when their landing began. A landing may commit late, after records
with a younger stamp were looked at: therefore the mark never passes the beginning of a transaction that is still running.

A look goes a minute back, lest a clock that was set back hide anything. What was landed in that minute, a company's first load perhaps,
was mostly seen: :data:`UNSEEN` tells by the transaction that wrote a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.types.json import Jsonb

from crosswalk.hub.database import Connection
from crosswalk.hub.links import take_turn

Rules = Sequence[Sequence[str | None]]
"""What tells one set of rules from another: names, systems, expressions."""

OVERLAP = timedelta(minutes=1)  # for a clock that is set back

UNSEEN = """(changed_at > %(until)s or coalesce(age(xmin) <= age(%(seen_before)s::bigint::text::xid8::xid), true))"""
"""SQL: of a table's rows with a stamp after ``since``, those that the last look did not see. Parameters are those of its :class:`Progress`."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A rule set's id, and since when images may have changed unseen; ``since`` None means that everything is to be looked at.

    ``until`` and ``seen_before`` are the last look's: its time, and the transaction before which it saw what every other did.
    """

    id: int
    since: datetime | None
    until: datetime | None = None
    seen_before: int | None = None


# Sessions of other accounts do not show when they began: they are given a quarter of an hour.
_UNTIL = """
select least(clock_timestamp(), min(case when state is null then clock_timestamp() - interval '15 minutes' else xact_start end))
  from pg_stat_activity
 where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
"""

_ADVANCE = """
update hub.rule_set s
   set looked_until = greatest(s.looked_until, %(until)s), seen_before = pg_snapshot_xmin(pg_current_snapshot())::text::bigint, run_id = %(run_id)s
  from (select id, looked_until, seen_before from hub.rule_set where (pairing, entity) = (%(pairing)s, %(entity)s) for update) was
 where s.id = was.id and s.rules = %(rules)s
returning s.id, was.looked_until, was.seen_before, clock_timestamp() < was.looked_until - %(overlap)s
"""

_FORGET = """
with old as (delete from hub.rule_set where (pairing, entity) = (%(pairing)s, %(entity)s) returning id)
delete from hub.rule_key k using old where k.rule_set_id = old.id
"""

_BEGIN = """
insert into hub.rule_set (pairing, entity, rules, looked_until, seen_before, run_id)
values (%(pairing)s, %(entity)s, %(rules)s, %(until)s, pg_snapshot_xmin(pg_current_snapshot())::text::bigint, %(run_id)s) returning id
"""


def advance(connection: Connection, pairing: str, entity: str, rules: Rules, run_id: str) -> Progress:
    """Begin a look at ``entity`` in the caller's transaction, while nobody else changes the pairing's links; what it then reads is covered by the new mark.

    Rules other than the last time's start from the beginning, and what was kept for those is gone; so does a clock that was set back.
    """
    take_turn(connection, pairing)
    connection.execute("select pg_stat_clear_snapshot()")
    row = connection.execute(_UNTIL).fetchone()
    assert row is not None
    parameters = {"pairing": pairing, "entity": entity, "rules": Jsonb(rules), "until": row[0], "run_id": run_id}
    parameters["overlap"] = OVERLAP
    known = connection.execute(_ADVANCE, parameters).fetchone()
    if known is not None and not known[3]:
        return Progress(known[0], known[1] - OVERLAP, known[1], known[2])
    connection.execute(_FORGET, parameters)
    begun = connection.execute(_BEGIN, parameters).fetchone()
    assert begun is not None
    return Progress(begun[0], None)


def progress_of(connection: Connection, pairing: str, entity: str, rules: Rules) -> Progress | None:
    """Return what was looked at so far by these rules, changing nothing; None when it never was."""
    query = "select id, looked_until from hub.rule_set where (pairing, entity, rules) = (%s, %s, %s)"
    row = connection.execute(query, (pairing, entity, Jsonb(rules))).fetchone()
    return None if row is None else Progress(row[0], row[1] - OVERLAP)


def take_freed(connection: Connection, pairing: str, entity: str) -> list[tuple[str, str]]:
    """Return (system, key) of records whose link ended since the last time, in whatever way; they are handed out once."""
    query = "delete from hub.freed where pairing = %s and entity = %s returning system, key"
    return connection.execute(query, (pairing, entity)).fetchall()
