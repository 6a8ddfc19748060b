"""Records that were merged into another inside a system: noted when they land, followed when links are made (law 11)."""

from __future__ import annotations

from collections.abc import Iterable

import psycopg

from crosswalk.hub import ledger
from crosswalk.hub.links import redirect
from crosswalk.mapping.engine import Mapper
from crosswalk.model.records import NativeRecord
from crosswalk.pairing import Pairing
from crosswalk.pairing.document import SIDES
from crosswalk.stages.context import StageContext

_NOTED = "select key from hub.ledger where kind = 'merged' and system = %s and entity = %s and key = any(%s)"

# A loser that is still linked. The note stays for good, so that whatever undoes a redirect, the next run makes it again. The merges
# there ever were are few beside the links: each is looked up.
_LOSERS = """
with merged as materialized (
    select distinct key from hub.ledger where kind = 'merged' and system = %(system)s and entity = %(entity)s
)
select m.key
  from merged m
 cross join lateral (select 1 from hub.link_end e
                      where e.pairing = %(pairing)s and e.entity = %(entity)s and e.system = %(system)s and e.key = m.key limit 1) linked
 cross join lateral (select 1 from hub.{table} r where r.system = %(system)s and r.key = m.key and r.deleted_at is not null limit 1) gone
 order by m.key
"""
_INTO = """
select l.detail ->> 'into' from hub.{table} r join hub.ledger l on l.kind = 'merged' and l.system = r.system and l.entity = %s and l.key = r.key
 where r.system = %s and r.key = %s and r.deleted_at is not null
 order by l.id desc limit 1
"""
MOST_STEPS = 20


def note_merges(
    connection: psycopg.Connection, ctx: StageContext, mapper: Mapper, records: Iterable[NativeRecord]
) -> None:
    """Note in the ledger, once each, the deleted records whose system says which one they went into."""
    path, entity = mapper.mapping.merged_into, mapper.mapping.entity
    if path is None:
        return
    winners = {record.key: str(record.values[path]) for record in records if record.deleted and record.values.get(path)}
    if not winners:
        return
    noted = {key for (key,) in connection.execute(_NOTED, (mapper.system, entity, list(winners)))}
    entries = [
        ledger.Entry("merged", None, ctx.run_id, system=mapper.system, entity=entity, key=key, detail={"into": winner})
        for key, winner in winners.items()
        if key not in noted
    ]
    ledger.write(connection, entries)


def follow_merges(connection: psycopg.Connection, pairing: Pairing, entity: str, run_id: str) -> int:
    """Give the links of merged records to their winners (the last of a chain); return how many links moved or ended."""
    followed = 0
    for side in SIDES:
        system = pairing.side(side).system
        query = _LOSERS.format(table=f'"{entity}"').encode()
        parameters = {"pairing": pairing.name, "entity": entity, "system": system}
        for (loser,) in connection.execute(query, parameters).fetchall():
            last = _last(connection, system, entity, loser)
            followed += redirect(connection, pairing.name, entity, system, loser, last, run_id=run_id)
    return followed


def _last(connection: psycopg.Connection, system: str, entity: str, key: str) -> str:
    """Return where a chain of merges ends: a winner may have been merged into another since, and one that was brought back is an end."""
    query = _INTO.format(table=f'"{entity}"').encode()
    for _ in range(MOST_STEPS):
        row = connection.execute(query, (entity, system, key)).fetchone()
        if row is None:
            return key
        key = str(row[0])
    return key
