"""What is let through or held and not sent: why, behind what, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from crosswalk.hub.database import Connection
from crosswalk.hub.intents import GOES_FIRST


@dataclass(frozen=True, slots=True)
class Wait:
    """An intent that is not sent yet.

    ``reason`` is why it is held (``gate``, ``parent``, ``approval`` …), or ``parent`` (what it depends on is not there yet), ``turn``
    (another write of the same record goes first), ``doubt`` (nobody knows yet what became of it) or ``pause`` (tried again later).
    ``behind`` is the intent it waits for.
    """

    key: str
    flow: str
    entity: str
    operation: str
    source_system: str
    source_entity: str
    source_key: str
    reason: str
    behind: str | None
    since: datetime
    age_seconds: float
    message: str | None


# Since: when it was held or last let go, doubted or postponed, whatever was first after it was planned for the last time.
_WAITS = f"""
with clock as materialized (select coalesce(%(now)s, clock_timestamp()) as at),
waiting as (
    select i.*, clock.at,
           (select o.key from hub.intent o where {GOES_FIRST.format("i", "clock.at")} order by o.plan_id, o.position limit 1) as first,
           exists (select 1 from hub.intent p where p.key = i.depends_on and p.status <> 'done') as orphan
      from hub.intent i, clock
     where i.pairing = %(pairing)s and (%(flow)s::text is null or i.flow = %(flow)s) and i.mode = 'live'
       and i.status in ('planned', 'held', 'sending', 'in_doubt')
),
told as (
    select w.*, case when status = 'held' then held_reason
                     when orphan then 'parent'
                     when status in ('sending', 'in_doubt') then 'doubt'
                     when first is not null then 'turn'
                     when not_before > w.at then 'pause' end as reason,
           coalesce((select min(l.at) from hub.ledger l
                      where l.intent_key = w.key and l.kind in ('held', 'planned', 'replayed', 'postponed', 'sending', 'in_doubt')
                        and l.id >= (select max(b.id) from hub.ledger b
                                      where b.intent_key = w.key and b.kind in ('held', 'planned', 'replayed'))), created_at) as since
      from waiting w
)
select key, flow, entity, operation, source_system, source_entity, source_key, reason,
       case when reason = 'parent' then depends_on when reason = 'turn' then first end as behind,
       since, extract(epoch from at - since)::float as age_seconds, message
  from told where reason is not null
 order by since, plan_id, position limit %(limit)s
"""


def waits(
    connection: Connection, pairing: str, *, flow: str | None = None, limit: int = 1000, now: datetime | None = None
) -> list[Wait]:
    """Return what waits in a pairing (in one flow, when given), the longest first, with reason and age."""
    parameters = {"pairing": pairing, "flow": flow, "limit": limit, "now": now}
    with connection.cursor(row_factory=class_row(Wait)) as cursor:
        return cursor.execute(_WAITS, parameters).fetchall()
