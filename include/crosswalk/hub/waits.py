"""What is let through or held and not sent: why, behind what, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from crosswalk.hub.database import Connection
from crosswalk.hub.intent import Wanted
from crosswalk.hub.intents import GOES_FIRST

MOST = 10_000
"""So many waiting writes are looked at, the oldest plans first: somebody on call needs no more to know what is wrong."""


@dataclass(frozen=True, slots=True)
class Wait(Wanted):
    """An intent that is not sent yet.

    ``reason`` is why it is held (``gate``, ``parent``, ``approval``, ``refused`` …), or ``parent`` (what it depends on is not there yet),
    ``turn`` (another write of the same record goes first), ``doubt`` (nobody knows yet what became of it), ``approval_there`` (the
    target keeps it until people there approve it) or ``pause`` (tried again later). ``behind`` is the intent it waits for.
    """

    flow: str
    reason: str
    behind: str | None
    since: datetime
    age_seconds: float
    message: str | None


@dataclass(frozen=True, slots=True)
class WaitSummary:
    """The waits of a flow with one reason: how many (``MOST`` of a pairing at most), and the longest of them."""

    flow: str
    reason: str
    intents: int
    since: datetime
    age_seconds: float
    oldest: str


# What is held: since it is held for this reason without a break, however often it was planned again meanwhile.
_HELD_SINCE = """
select coalesce(case when broken.kind in ('approved', 'refused') then broken.at end,
                (select min(l.at) from hub.ledger l where l.intent_key = w.key and l.kind = 'held' and l.id > coalesce(broken.id, 0)),
                broken.at, w.created_at)
  from (select 1) as always
  left join lateral (
       select b.id, b.kind, b.at from hub.ledger b
        where b.intent_key = w.key
          and (b.kind in ('planned', 'replayed', 'sending', 'rejected', 'shadowed', 'approved', 'refused')
               or (b.kind = 'held' and b.detail ->> 'held_reason' is distinct from w.held_reason))
        order by b.id desc limit 1) broken on true
"""

# Doubted: since it was sent. Kept by the target: since it said so. Anything else: since it was planned or let go for the last time.
_OPEN_SINCE = """
select coalesce(min(l.at), w.created_at) from hub.ledger l
 where l.intent_key = w.key
   and l.kind = any(case w.status when 'planned' then array['planned', 'replayed'] when 'waiting' then array['waiting']
                                  else array['sending', 'in_doubt'] end)
   and l.id >= (select max(b.id) from hub.ledger b where b.intent_key = w.key and b.kind in ('held', 'planned', 'replayed'))
"""

_TOLD = f"""
with clock as materialized (select coalesce(%(now)s, clock_timestamp()) as at),
waiting as (
    select i.*, clock.at,
           case when i.status = 'planned' and i.target_key is not null
                then (select o.key from hub.intent o where {GOES_FIRST.format("i", "clock.at")} order by o.plan_id, o.position limit 1) end as first,
           exists (select 1 from hub.intent p where p.key = i.depends_on and p.status <> 'done') as orphan
      from hub.intent i, clock
     where i.pairing = %(pairing)s and (%(flow)s::text is null or i.flow = %(flow)s) and i.mode = 'live'
       and i.status in ('planned', 'held', 'sending', 'in_doubt', 'waiting')
     order by i.plan_id, i.position limit {MOST}
),
told as (
    select w.*, case when status = 'held' then held_reason
                     when status = 'waiting' then 'approval_there'
                     when orphan then 'parent'
                     when status in ('sending', 'in_doubt') then 'doubt'
                     when first is not null then 'turn'
                     when not_before > w.at then 'pause' end as reason,
           case when status = 'held' then ({_HELD_SINCE}) else ({_OPEN_SINCE}) end as since
      from waiting w
)
"""

_WAITS = f"""{_TOLD}
select key, flow, entity, operation, source_system, source_entity, source_key, reason,
       case when reason = 'parent' then depends_on when reason = 'turn' then first end as behind,
       since, extract(epoch from at - since)::float as age_seconds, message
  from told where reason is not null
 order by since, plan_id, position limit %(limit)s
"""

_SUMMARY = f"""{_TOLD}
select flow, reason, count(*) as intents, min(since) as since, extract(epoch from max(at - since))::float as age_seconds,
       (array_agg(key order by since, plan_id, position))[1] as oldest
  from told where reason is not null
 group by flow, reason order by 4, 1, 2
"""


def waits(
    connection: Connection, pairing: str, *, flow: str | None = None, limit: int = 1000, now: datetime | None = None
) -> list[Wait]:
    """Return what waits in a pairing (in one flow, when given), the longest first, with reason and age."""
    parameters = {"pairing": pairing, "flow": flow, "limit": limit, "now": now}
    with connection.cursor(row_factory=class_row(Wait)) as cursor:
        return cursor.execute(_WAITS, parameters).fetchall()


def wait_summary(connection: Connection, pairing: str, *, now: datetime | None = None) -> list[WaitSummary]:
    """Return how much waits in a pairing, by flow and reason, what waits longest first."""
    with connection.cursor(row_factory=class_row(WaitSummary)) as cursor:
        return cursor.execute(_SUMMARY, {"pairing": pairing, "flow": None, "now": now}).fetchall()
