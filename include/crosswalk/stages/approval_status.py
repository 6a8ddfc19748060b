"""What the CRM shows of approvals: asked, approved or refused, and by whom; in the extras of the deal that the pairing names (law 10)."""

from __future__ import annotations

import psycopg

from crosswalk.hub.approvals import decisions
from crosswalk.model.records import Value
from crosswalk.stages.context import StageContext
from crosswalk.stages.deal_status import DealStatus, numbered

STATUS, NOTE = "approval_status", "approval_note"
"""Extras of a deal in the mapping: ``requested``, ``approved``, ``refused`` or ``not_required``; and who said so, when, and why."""

_BEING_WRITTEN = """exists (select 1 from hub.intent w where w.target_system = deal.system and w.target_key = deal.key and w.flow = 'write_back'
                                 and w.status = 'done' and w.settled_at is null)"""

# The last revision that needs an approval and is still wanted counts.
_ASKED = f"""
select * from (
    select distinct on (i.source_key) i.source_key as deal, i.key, i.payload_hash, deal.version, deal.extras ->> 'approval_status' as known,
           case when i.status = 'held' and i.held_reason = 'approval' then 'requested'
                when i.status = 'held' and i.held_reason = 'refused' then 'refused' else 'approved' end as status
      from hub.intent i
      join hub.deal deal on deal.system = i.source_system and deal.key = i.source_key and deal.deleted_at is null
     where i.pairing = %(pairing)s and i.source_system = %(crm)s and i.payload ? 'approval'
       and i.flow = 'orders' and i.entity = 'order' and i.status <> 'shadowed' and not {_BEING_WRITTEN}
     order by i.source_key, (i.payload ->> 'revision')::int desc) last
 where known is distinct from status
 order by deal
"""

_NOT_ASKED_ANY_MORE = f"""
select deal.key, deal.version from hub.deal
 where deal.system = %(crm)s and deal.deleted_at is null and deal.extras ->> 'approval_status' in ('requested', 'approved', 'refused') and not {_BEING_WRITTEN}
   and not exists (select 1 from hub.intent i
                    where i.pairing = %(pairing)s and i.source_system = deal.system and i.source_key = deal.key and i.payload ? 'approval'
                      and i.flow = 'orders' and i.entity = 'order' and i.status <> 'shadowed')
 order by 1
"""


def approval_statuses(ctx: StageContext, connection: psycopg.Connection) -> dict[str, DealStatus]:
    """Return every deal whose approval stands otherwise than the CRM says, by its key; none where the pairing does not ask for it."""
    if STATUS not in ctx.pairing.write_back.get("deal", ()):
        return {}
    parameters = {"pairing": ctx.pairing.name, "crm": ctx.pairing.crm.system}
    asked = connection.execute(_ASKED.encode(), parameters).fetchall()
    said = decisions(connection, [row[1] for row in asked])
    found: list[tuple[str, str | None, dict[str, Value]]] = []
    for deal, key, payload_hash, version, _, status in asked:
        decision = said.get((key, payload_hash)) if status != "requested" else None
        found.append((deal, version, {STATUS: status, NOTE: decision.words if decision else None}))
    for deal, version in connection.execute(_NOT_ASKED_ANY_MORE.encode(), parameters).fetchall():
        found.append((deal, version, {STATUS: "not_required", NOTE: None}))
    return numbered(ctx, connection, found, STATUS)
