"""Gathers from the hub which products may have something to do: pairs that differ from their base, and products without a counterpart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg

from crosswalk.hub.codec import decode
from crosswalk.hub.intent import OF_TARGET
from crosswalk.hub.reading import images
from crosswalk.identity.normalise import plain
from crosswalk.model.entities import PRODUCT
from crosswalk.pairing import Pairing
from crosswalk.pairing.document import PRODUCT_FLOWS
from crosswalk.products.build import ProductPair, Side, Unlinked

# A base that lacks one of the owned fields was stored before the pairing named it, or the sides never agreed on it.
_PAIRS = """
select mine.key, theirs.key, coalesce(crm_base.image, '{{}}'), coalesce(erp_base.image, '{{}}')
  from {looked_at}
  join hub.link_end theirs on theirs.link_id = mine.link_id and theirs.system = %(erp)s
  join hub.product c on c.system = mine.system and c.key = mine.key
  join hub.product e on e.system = theirs.system and e.key = theirs.key
  left join hub.base_image crm_base on crm_base.link_id = mine.link_id and crm_base.system = mine.system
  left join hub.base_image erp_base on erp_base.link_id = mine.link_id and erp_base.system = theirs.system
 where mine.pairing = %(pairing)s and mine.entity = 'product' and mine.system = %(crm)s
   and (c.deleted_at is not null or e.deleted_at is not null or crm_base.link_id is null or erp_base.link_id is null
        or c.fingerprint <> crm_base.fingerprint or e.fingerprint <> erp_base.fingerprint
        or not crm_base.image ?& %(fields)s or not erp_base.image ?& %(fields)s)
   and (%(asked)s::text[] is null or mine.key = any(%(asked)s) or theirs.key = any(%(asked)s))
 order by mine.key
"""

_ALL_LINKED = "hub.link_end mine"

# What is wanted and not done, what a person has to decide or just closed, and what was written lately: its base may be only part of a record.
_OPEN = """
select q.system, q.key from hub.quarantine q where q.pairing = %(pairing)s and q.status = 'open' and q.entity = 'product'
 union
select q.system, q.key from hub.quarantine q
 where q.pairing = %(pairing)s and q.status = 'resolved' and q.last_seen > %(since)s - interval '1 day' and q.entity = 'product'
 union
select unnest(array[i.source_system, i.target_system]), unnest(array[i.source_key, i.target_key])
  from hub.intent i where i.pairing = %(pairing)s and i.flow = any(%(flows)s) and i.status in ('planned', 'held', 'sending', 'in_doubt')
 union
select unnest(array[i.source_system, i.target_system]), unnest(array[i.source_key, i.target_key])
  from hub.intent i where i.pairing = %(pairing)s and i.flow = any(%(flows)s) and i.status in ('rejected', 'shadowed')
 union
select unnest(array[i.source_system, i.target_system]), unnest(array[i.source_key, i.target_key])
  from hub.intent i where i.pairing = %(pairing)s and i.flow = any(%(flows)s) and i.status = 'done' and i.finished_at > %(since)s - interval '7 days'
"""

_CHANGED = """
select p.system, p.key from hub.product p where p.system = %(crm)s and p.changed_at > %(since)s
 union
select p.system, p.key from hub.product p where p.system = %(erp)s and p.changed_at > %(since)s
"""

_FEW_LINKED = f"""(
    with touched as materialized ({_CHANGED} union {_OPEN})
    select e.link_id from touched t
     cross join lateral (select e.link_id from hub.link_end e
                          where e.pairing = %(pairing)s and e.entity = 'product' and e.system = t.system and e.key = t.key limit 1) e
     union
    select l.id from hub.link l where l.pairing = %(pairing)s and l.entity = 'product' and l.created_at > %(since)s
) looked
 cross join lateral (select * from hub.link_end e where e.link_id = looked.link_id and e.system = %(crm)s limit 1) mine"""

_LONELY = """
select p.key from hub.product p
 where p.system = %(mine)s and p.deleted_at is null and p.is_active is not false and {which}
   and not exists (select 1 from hub.link_end l where l.pairing = %(pairing)s and l.entity = 'product' and l.system = p.system and l.key = p.key)
"""
_ANY = "(%(asked)s::text[] is null or p.key = any(%(asked)s))"

# A record whose link ended is told in the ledger.
_FEW = f"""p.key in (
    select t.key from ({_CHANGED} union {_OPEN}) t where t.system = %(mine)s
     union
    select l.key from hub.ledger l
     where l.at > %(since)s and l.kind in ('unlinked', 'redirected') and l.entity = 'product' and l.system = %(mine)s)"""

_UNLINKED = f"""
with mine as materialized (
    select p.key, p.counterpart_key, nullif({plain("p.sku")}, '') as code
      from hub.product p
     where p.system = %(mine)s and p.key = any(%(lonely)s)
),
theirs as (
    select key, counterpart_key, nullif({plain("sku")}, '') as code from hub.product where system = %(theirs)s and deleted_at is null
),
twin as (
    select m.key, t.key as twin from mine m join theirs t on t.code = m.code
     union
    select m.key, t.key from mine m join theirs t on t.key = m.counterpart_key
     union
    select m.key, t.key from mine m join theirs t on t.counterpart_key = m.key
)
select m.key, array_remove(array_agg(twin.twin order by twin.twin), null) from mine m left join twin using (key) group by 1 order by 1
"""

_WRITTEN = f"""
select target_key, count(*)
  from unnest(%(keys)s::text[]) k cross join lateral {OF_TARGET.format("%(system)s", "k")} i
 where pairing = %(pairing)s and flow = %(flow)s and entity = 'product' and operation = 'update' and status = 'done'
 group by 1
"""


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """What one plan looks at."""

    pairs: tuple[ProductPair, ...]
    unlinked: tuple[Unlinked, ...]


def gather_products(
    connection: psycopg.Connection,
    pairing: Pairing,
    source: Side,
    asked: Sequence[str] | None,
    *,
    creates: bool,
    since: datetime | None,
) -> ProductFacts:
    """Return pairs that may differ, and (where ``creates``) products of ``source`` that the other side lacks.

    ``asked`` narrows both to records with these keys, None does not. Looked at is what changed after ``since``, the last look, what was linked
    or lost its link, and what is wanted or waits; everything for None. Only products that the other side lacks are compared with all that it has.
    """
    crm, erp = pairing.crm.system, pairing.erp.system
    parameters = {
        "crm": crm,
        "erp": erp,
        "pairing": pairing.name,
        "fields": list(pairing.products.fields),
        "asked": asked,
        "mine": crm if source == "crm" else erp,
        "theirs": erp if source == "crm" else crm,
        "since": since,
        "flows": list(PRODUCT_FLOWS),
    }
    whole = since is None
    pairs_of = _PAIRS.format(looked_at=_ALL_LINKED if whole else _FEW_LINKED)
    rows = connection.execute(pairs_of.encode(), parameters).fetchall()
    in_crm = images(connection, PRODUCT, crm, [row[0] for row in rows])
    in_erp = images(connection, PRODUCT, erp, [row[1] for row in rows])
    pairs = tuple(
        ProductPair(in_crm[c], in_erp[e], decode(crm_base), decode(erp_base)) for c, e, crm_base, erp_base in rows
    )
    if not creates:
        return ProductFacts(pairs, ())
    alone = connection.execute(_LONELY.format(which=_ANY if whole else _FEW).encode(), parameters).fetchall()
    if not alone:
        return ProductFacts(pairs, ())
    parameters["lonely"] = [key for (key,) in alone]
    lonely = connection.execute(_UNLINKED.encode(), parameters).fetchall()
    known = images(connection, PRODUCT, str(parameters["mine"]), [row[0] for row in lonely])
    return ProductFacts(pairs, tuple(Unlinked(known[key], source, tuple(twins)) for key, twins in lonely))


def written_before(
    connection: psycopg.Connection, pairing: str, flow: str, system: str, keys: Sequence[str]
) -> Mapping[str, int]:
    """Return how many updates of each of these records of ``system`` are done: the next one's number."""
    parameters = {"pairing": pairing, "flow": flow, "system": system, "keys": list(keys)}
    return dict(connection.execute(_WRITTEN.encode(), parameters).fetchall())
