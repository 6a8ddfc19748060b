"""What the CRM gets back: the ERP's id once a record exists there, how an approval stands, and what becomes of an order that waits in the
ERP; in fields the pairing names (law 10)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import psycopg

from crosswalk.hub.codec import encode
from crosswalk.hub.intents import IntentDraft
from crosswalk.hub.rule_sets import advance
from crosswalk.model.records import Value
from crosswalk.stages.approval_status import STATUS as APPROVAL_STATUS
from crosswalk.stages.approval_status import approval_statuses
from crosswalk.stages.context import StageContext
from crosswalk.stages.order_status import STATUS as ORDER_STATUS
from crosswalk.stages.order_status import order_statuses

_LINKED_BY_US = """
select image.key, theirs.key, image.version
  from {candidates} c
 cross join lateral (select i.key, i.version from hub.{table} i
                      where i.system = %(crm)s and i.key = c.key and i.deleted_at is null and i.counterpart_key is null limit 1) image
 cross join lateral (select e.link_id from hub.link_end e
                      where e.pairing = %(pairing)s and e.entity = %(link)s and e.system = %(crm)s and e.key = c.key limit 1) mine
 cross join lateral (select e.key from hub.link_end e where e.link_id = mine.link_id and e.system = %(erp)s offset 0) theirs
 order by image.key
"""

_ALL = """(select key from hub.link_end where pairing = %(pairing)s and entity = %(link)s and system = %(crm)s)"""

# What was linked or changed since the last look, and what was wanted then and is not done.
_CHANGED = """(
    select e.key from hub.link l
     cross join lateral (select e.key from hub.link_end e where e.link_id = l.id and e.system = %(crm)s offset 0) e
     where l.pairing = %(pairing)s and l.entity = %(link)s and l.created_at > %(since)s
     union
    select key from hub.{table} where system = %(crm)s and changed_at > %(since)s
     union
    select key from hub.ledger
     where at > %(since)s and kind = 'redirected' and pairing = %(pairing)s and system = %(crm)s and entity = %(link)s
     union
    select target_key from hub.intent
     where pairing = %(pairing)s and flow = 'write_back' and entity = %(entity)s and status in ('planned', 'held')
     union
    select target_key from hub.intent
     where pairing = %(pairing)s and flow = 'write_back' and entity = %(entity)s and status in ('rejected', 'shadowed'))"""

_LINK_OF = {"customer": "customer", "product": "product", "deal": "deal_order"}


def write_back_drafts(
    ctx: StageContext, connection: psycopg.Connection, *, whole: bool = False
) -> Iterator[IntentDraft]:
    """Yield an update for every linked CRM record whose stored ERP id is empty, and for every deal whose approval or order stands
    otherwise than it says; one where it is several. An ERP id that is there is never replaced.

    Looked at is what was linked or changed since the last look, and what was wanted and is not done; all links the first time, and
    with ``whole``, which is no look that counts.
    """
    since = None if whole else _since(ctx, connection)
    stands = _standing(ctx, connection)
    for entity, fields in ctx.pairing.write_back.items():
        if "counterpart_key" not in fields:
            continue
        table = f'"{entity}"'
        candidates = _ALL if since is None else _CHANGED.format(table=table)
        query = _LINKED_BY_US.format(table=table, candidates=candidates)
        parameters = {
            "crm": ctx.pairing.crm.system,
            "erp": ctx.pairing.erp.system,
            "pairing": ctx.pairing.name,
            "link": _LINK_OF[entity],
            "entity": entity,
            "since": since,
        }
        for crm_key, erp_key, version in connection.execute(query.encode(), parameters).fetchall():
            status = stands.pop(crm_key, None) if entity == "deal" else None
            values = {"counterpart_key": erp_key, **(status.values if status else {})}
            source = (ctx.pairing.erp.system, "order" if entity == "deal" else entity, erp_key)
            yield _draft(ctx, f"WB-{entity}-{crm_key}-{erp_key}", source, (entity, crm_key, version), values)
    for deal, one in stands.items():
        yield _draft(ctx, one.key, (ctx.pairing.crm.system, "deal", deal), ("deal", deal, one.version), one.values)


@dataclass(frozen=True, slots=True)
class _Told:
    """What a deal is to say, the version it says something else in, and the key it is told under."""

    key: str
    version: str | None
    values: Mapping[str, Value]


def _standing(ctx: StageContext, connection: psycopg.Connection) -> dict[str, _Told]:
    """Return what deals are to be told of their approval and of their order, by deal."""
    approvals = approval_statuses(ctx, connection).values()
    told = {one.deal: _Told(f"WB-approval-{one.deal}-{one.number}", one.version, one.values) for one in approvals}
    for one in order_statuses(ctx, connection).values():
        known = told.get(one.deal) or _Told(f"WB-order-{one.deal}-{one.number}", one.version, {})
        told[one.deal] = replace(known, values={**known.values, **one.values})
    return told


def _draft(
    ctx: StageContext,
    key: str,
    source: tuple[str, str, str],
    target: tuple[str, str, str | None],
    values: Mapping[str, Value],
) -> IntentDraft:
    """Return the update of a CRM record (entity, key, version) that a record (system, entity, key) is the reason for."""
    (system, source_entity, source_key), (entity, target_key, version) = source, target
    payload: dict[str, object] = {
        "label": f"{entity} {target_key}",
        "values": encode(ctx.mapper("crm", entity).to_native(values)),
        "lines": [],
        "version": version,
    }
    payload |= {name: values[name] for name in (APPROVAL_STATUS, ORDER_STATUS) if name in values}
    return IntentDraft(
        key=key,
        entity=entity,
        operation="update",
        source_system=system,
        source_entity=source_entity,
        source_key=source_key,
        source_version=None,
        target_system=ctx.pairing.crm.system,
        target_key=target_key,
        depends_on=None,
        payload=payload,
    )


def _since(ctx: StageContext, connection: psycopg.Connection) -> datetime | None:
    """Return the last look's time, and begin the next; other systems or entities than the last time's begin anew."""
    pairing = ctx.pairing
    told = [["systems", pairing.crm.system, pairing.erp.system]]
    told += [[entity, *fields] for entity, fields in sorted(pairing.write_back.items())]
    return advance(connection, pairing.name, "write_back", told, ctx.run_id).since
