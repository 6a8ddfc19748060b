"""What the CRM gets back: the ERP's id once a record exists there, and how an approval stands; in fields the pairing names (law 10)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import psycopg

from crosswalk.hub.codec import encode
from crosswalk.hub.intents import IntentDraft
from crosswalk.model.records import Value
from crosswalk.stages.approval_status import STATUS, approval_statuses
from crosswalk.stages.context import StageContext

_LINKED_BY_US = """
select mine.key, theirs.key, image.version, image.counterpart_key
  from hub.link l
  join hub.link_end mine on mine.link_id = l.id and mine.system = %(crm)s
  join hub.link_end theirs on theirs.link_id = l.id and theirs.system = %(erp)s
  join hub.{table} image on image.system = %(crm)s and image.key = mine.key and image.deleted_at is null
 where l.pairing = %(pairing)s and l.entity = %(link)s and image.counterpart_key is null
 order by mine.key
"""

_LINK_OF = {"customer": "customer", "product": "product", "deal": "deal_order"}


def write_back_drafts(ctx: StageContext, connection: psycopg.Connection) -> Iterator[IntentDraft]:
    """Yield an update for every linked CRM record whose stored ERP id is empty, and for every deal whose approval stands otherwise than
    it says; one where it is both. An ERP id that is there is never replaced.
    """
    stands = approval_statuses(ctx, connection)
    for entity, fields in ctx.pairing.write_back.items():
        if "counterpart_key" not in fields:
            continue
        query = _LINKED_BY_US.format(table=f'"{entity}"')
        parameters = {
            "crm": ctx.pairing.crm.system,
            "erp": ctx.pairing.erp.system,
            "pairing": ctx.pairing.name,
            "link": _LINK_OF[entity],
        }
        for crm_key, erp_key, version, _ in connection.execute(query.encode(), parameters).fetchall():
            status = stands.pop(crm_key, None) if entity == "deal" else None
            values = {"counterpart_key": erp_key, **(status.values if status else {})}
            source = (ctx.pairing.erp.system, "order" if entity == "deal" else entity, erp_key)
            yield _draft(ctx, f"WB-{entity}-{crm_key}-{erp_key}", source, (entity, crm_key, version), values)
    for one in stands.values():
        target = ("deal", one.deal, one.version)
        source = (ctx.pairing.crm.system, "deal", one.deal)
        yield _draft(ctx, f"WB-approval-{one.deal}-{one.number}", source, target, one.values)


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
    if STATUS in values:
        payload[STATUS] = values[STATUS]
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
