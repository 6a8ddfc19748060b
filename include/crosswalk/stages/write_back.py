"""What the CRM gets back once its records exist in the ERP: the ERP's id in the fields the pairing names, and nothing else (law 10)."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg

from crosswalk.hub.codec import encode
from crosswalk.hub.intents import IntentDraft
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
    """Yield an update for every linked CRM record whose stored ERP id is empty. A value that is there is never replaced."""
    for entity, fields in ctx.pairing.write_back.items():
        if "counterpart_key" not in fields:
            continue
        mapper = ctx.mapper("crm", entity)
        query = _LINKED_BY_US.format(table=f'"{entity}"')
        parameters = {
            "crm": ctx.pairing.crm.system,
            "erp": ctx.pairing.erp.system,
            "pairing": ctx.pairing.name,
            "link": _LINK_OF[entity],
        }
        for crm_key, erp_key, version, _ in connection.execute(query.encode(), parameters).fetchall():
            yield IntentDraft(
                key=f"WB-{entity}-{crm_key}-{erp_key}",
                entity=entity,
                operation="update",
                source_system=ctx.pairing.erp.system,
                source_entity="order" if entity == "deal" else entity,
                source_key=erp_key,
                source_version=None,
                target_system=ctx.pairing.crm.system,
                target_key=crm_key,
                depends_on=None,
                payload={
                    "label": f"{entity} {crm_key}",
                    "values": encode(mapper.to_native({"counterpart_key": erp_key})),
                    "lines": [],
                    "version": version,
                },
            )
