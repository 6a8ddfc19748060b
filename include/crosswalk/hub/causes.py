"""Quarantine as people read it: what they ask for, open items by root cause, and items a page at a time."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from psycopg.rows import class_row

from crosswalk.hub.database import Connection
from crosswalk.hub.quarantine import COLUMNS, QuarantineItem


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which open items of a pairing are meant; None asks for nothing in particular.

    ``run`` is a run's id: what that run met. ``text`` is looked for in message, key and name. ``ignored`` None means either.
    """

    pairing: str
    id: int | None = None
    entity: str | None = None
    stage: str | None = None
    error_class: str | None = None
    fingerprint: str | None = None
    run: str | None = None
    text: str | None = None
    ignored: bool | None = False

    def parameters(self) -> dict[str, object]:
        """Return the values that :data:`WHERE` names."""
        text = (self.text or "").replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return {**asdict(self), "text": f"%{text}%" if text else None}


@dataclass(frozen=True, slots=True)
class Cause:
    """One root cause: how many records have it, and the words of the latest of them."""

    stage: str
    error_class: str
    fingerprint: str
    records: int
    replayed: int
    message: str
    hint: str
    entities: list[str]
    owners: list[str]
    first_seen: datetime
    last_seen: datetime


Order = Literal["records", "newest", "oldest", "class"]

_ORDERS: dict[Order, str] = {
    "records": "records desc, last_seen desc",
    "newest": "first_seen desc",
    "oldest": "first_seen",
    "class": "error_class, stage, records desc",
}

# An item names only the last run that met it, but since when it is there: a run met what was there before the DAG's next run began.
SPAN = """
span as materialized (
    select r.started_at as began, coalesce((select min(n.started_at) from hub.run n
             where n.pairing = r.pairing and n.dag_id = r.dag_id and n.started_at > r.started_at), 'infinity') as until
      from hub.run r where r.id = %(run)s
)
"""

WHERE = """
    q.pairing = %(pairing)s and q.status = 'open'
    and (%(id)s::bigint is null or q.id = %(id)s)
    and (%(entity)s::text is null or q.entity = %(entity)s)
    and (%(stage)s::text is null or q.stage = %(stage)s)
    and (%(error_class)s::text is null or q.error_class = %(error_class)s)
    and (%(fingerprint)s::text is null or q.fingerprint = %(fingerprint)s)
    and (%(ignored)s::boolean is null or (q.ignored_at is not null) = %(ignored)s)
    and (%(run)s::text is null or q.last_seen >= (select began from span) and q.first_seen < (select until from span))
    and (%(text)s::text is null or q.message ilike %(text)s or q.key ilike %(text)s or q.payload ->> 'name' ilike %(text)s)
"""

_CAUSES = f"""
with {SPAN}
select stage, error_class, fingerprint, count(*) as records, count(replayed_at) as replayed,
       (array_agg(message order by last_seen desc, id desc))[1] as message, (array_agg(hint order by last_seen desc, id desc))[1] as hint,
       array_agg(distinct entity order by entity) as entities,
       coalesce(array_agg(distinct owner order by owner) filter (where owner is not null), '{{}}') as owners,
       min(first_seen) as first_seen, max(last_seen) as last_seen
  from hub.quarantine q where {WHERE}
 group by stage, error_class, fingerprint
"""

_ITEMS = f"""
with {SPAN}
select {COLUMNS} from hub.quarantine q where {WHERE} and (%(before)s::bigint is null or q.id < %(before)s)
 order by q.id desc limit %(limit)s
"""

_FACETS = """
select array_agg(distinct entity), array_agg(distinct stage), array_agg(distinct error_class), count(ignored_at)
  from hub.quarantine where pairing = %s and status = 'open'
"""


def causes(
    connection: Connection, wanted: Wanted, *, order: Order = "records", limit: int = 50, offset: int = 0
) -> list[Cause]:
    """Return the causes of the items that are wanted; there are few, whatever the number of items."""
    query = f"{_CAUSES} order by {_ORDERS[order]}, fingerprint limit %(limit)s offset %(offset)s"
    with connection.cursor(row_factory=class_row(Cause)) as cursor:
        return cursor.execute(query, {**wanted.parameters(), "limit": limit, "offset": offset}).fetchall()


def totals(connection: Connection, wanted: Wanted) -> tuple[int, int]:
    """Return how many causes and how many items are wanted."""
    query = f"""with {SPAN}
        select count(*), coalesce(sum(records), 0)::bigint
          from (select count(*) as records from hub.quarantine q where {WHERE} group by stage, error_class, fingerprint) found"""
    row = connection.execute(query, wanted.parameters()).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def items(
    connection: Connection, wanted: Wanted, *, limit: int = 50, before: int | None = None
) -> list[QuarantineItem]:
    """Return the items that are wanted, the newest first; ``before`` is the last id of the page before."""
    with connection.cursor(row_factory=class_row(QuarantineItem)) as cursor:
        return cursor.execute(_ITEMS, {**wanted.parameters(), "limit": limit, "before": before}).fetchall()


def item(connection: Connection, item_id: int) -> QuarantineItem | None:
    """Return one item, open or resolved."""
    with connection.cursor(row_factory=class_row(QuarantineItem)) as cursor:
        return cursor.execute(f"select {COLUMNS} from hub.quarantine where id = %s", (item_id,)).fetchone()


@dataclass(frozen=True, slots=True)
class Facets:
    """What open items can be narrowed to."""

    entities: list[str]
    stages: list[str]
    classes: list[str]
    ignored: int


def facets(connection: Connection, pairing: str) -> Facets:
    """Return the entities, stages and classes that open items have, and how many are ignored."""
    row = connection.execute(_FACETS, (pairing,)).fetchone()
    assert row is not None
    entities, stages, classes, ignored = row
    return Facets(sorted(entities or ()), sorted(stages or ()), sorted(classes or ()), ignored)
