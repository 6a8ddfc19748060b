"""What the CRM shows of an order that waits for people in the ERP, as a draft or as an order there; in the extras of the deal that the
pairing names (law 10).

A deal is told nothing of an order that is made at once. One that was told that its order waits, or was refused, is told how it ended.
"""

from __future__ import annotations

import psycopg

from crosswalk.model.records import NOT_APPROVED, Value
from crosswalk.stages.context import StageContext
from crosswalk.stages.deal_status import DealStatus, numbered

STATUS, NOTE = "order_status", "order_note"
"""Extras of a deal in the mapping: ``waiting`` (a draft, or an order, that waits for an approval in the ERP), ``refused`` there, ``made``
or ``cancelled``; and why, and since when."""


def _ends(system: str, key: str) -> str:
    return f"select link_id from hub.link_end where (pairing, entity, system, key) = (%(pairing)s, 'deal_order', {system}, {key}) offset 0"


_BEING_WRITTEN = """exists (select 1 from hub.intent w where w.target_system = deal.system and w.target_key = deal.key and w.flow = 'write_back'
                                 and w.status = 'done' and w.settled_at is null)"""

# What the ERP keeps and what it refused, by our intents; orders there that wait, whoever made them; and what deals were told before.
# Each step begins with the few that wait and looks the rest up by key: `offset 0` keeps a planner that knows nothing yet of new tables from
# pairing all deals with all orders.
_STANDING = f"""
with intended as materialized (
    select source_key as deal, 'waiting' as status, message, sent_at::date as since
      from hub.intent
     where pairing = %(pairing)s and flow = 'orders' and status = 'waiting' and entity = 'order' and operation = 'create' and source_system = %(crm)s
     union all
    select source_key, 'refused', message, finished_at::date
      from hub.intent
     where pairing = %(pairing)s and flow = 'orders' and status = 'rejected' and error_code = %(not_approved)s and entity = 'order'
       and operation = 'create' and source_system = %(crm)s
),
there as materialized (
    select key, number, order_date from hub."order" where system = %(erp)s and status = 'pending_approval' and deleted_at is null
),
known as materialized (
    select key from hub.deal where system = %(crm)s and deleted_at is null and extras ->> 'order_status' in ('waiting', 'refused')
),
pending as materialized (
    select mine.key as deal, 'waiting' as status, there.number, there.order_date as since
      from there
     cross join lateral ({_ends("%(erp)s", "there.key")}) theirs
     cross join lateral (select key from hub.link_end where link_id = theirs.link_id and system = %(crm)s offset 0) mine
),
over as materialized (
    select known.key as deal, case when o.status = 'cancelled' then 'cancelled' else 'made' end as status
      from known
     cross join lateral ({_ends("%(crm)s", "known.key")}) mine
     cross join lateral (select key from hub.link_end where link_id = mine.link_id and system = %(erp)s offset 0) theirs
     cross join lateral (select status from hub."order" where system = %(erp)s and key = theirs.key and deleted_at is null
                            and status is distinct from 'pending_approval' offset 0) o
),
told as materialized (
    select deal, status, message, null as number, since, 1 as rank from intended
     union all
    select deal, status, null, number, since, 0 from pending
     union all
    select deal, status, null, null, null, 0 from over
)
select * from (
    select distinct on (t.deal) t.deal, deal.version, t.status, t.message, t.number, t.since, deal.order_status as known
      from told t
     cross join lateral (select system, key, version, extras ->> 'order_status' as order_status from hub.deal
                          where system = %(crm)s and key = t.deal and deleted_at is null offset 0) deal
     where not {_BEING_WRITTEN}
     order by t.deal, t.rank) last
 where known is distinct from status
 order by deal
"""


def order_statuses(ctx: StageContext, connection: psycopg.Connection) -> dict[str, DealStatus]:
    """Return every deal whose order stands otherwise than the CRM says, by its key; none where the pairing does not ask for it."""
    if STATUS not in ctx.pairing.write_back.get("deal", ()):
        return {}
    crm, erp = ctx.pairing.crm.system, ctx.pairing.erp.system
    parameters = {"pairing": ctx.pairing.name, "crm": crm, "erp": erp, "not_approved": NOT_APPROVED}
    rows = connection.execute(_STANDING.encode(), parameters).fetchall()
    standing: list[tuple[str, str | None, dict[str, Value]]] = []
    for deal, version, status, message, number, since, _ in rows:
        if message is None and status == "waiting":
            message = f"Order {number} waits for an approval in {erp}."
        note = f"{message} Since {since.isoformat()}." if message and since else message
        standing.append((deal, version, {STATUS: status, NOTE: note}))
    return numbered(ctx, connection, standing, STATUS)
