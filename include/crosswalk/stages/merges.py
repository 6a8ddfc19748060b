"""Records that were merged into another inside a system: noted when they land, followed when links are made (law 11)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import psycopg

from crosswalk.hub import ledger
from crosswalk.hub.further import CUSTOMER, drop_further, follow_further, holder, merged_further
from crosswalk.hub.links import counterpart, redirect
from crosswalk.hub.merges import keep_apart, survivors, unfollowed, withdraw
from crosswalk.mapping.engine import Mapper
from crosswalk.model.records import NativeRecord
from crosswalk.pairing import Pairing
from crosswalk.pairing.document import SIDES
from crosswalk.stages.context import StageContext

_NOTED = "select key from hub.ledger where kind = 'merged' and system = %s and entity = %s and key = any(%s)"

DOCUMENTS = ("order", "invoice", "payment")
"""What a customer cannot be deleted from under: where a deleted one's documents are, there it went."""

# What the landing of these records told the ledger in this run: documents that name another customer since.
_MOVES = """
insert into hub.ledger (at, run_id, actor, kind, system, entity, key, detail)
select clock_timestamp(), %(run_id)s, %(actor)s, 'moved', %(system)s, 'customer', moved.loser, jsonb_build_object('into', moved.winner, 'by', %(entity)s::text)
  from (select distinct l.detail #>> '{fields,customer_key,0}' as loser, l.detail #>> '{fields,customer_key,1}' as winner
          from hub.ledger l
         where l.system = %(system)s and l.entity = %(entity)s and l.key = any(%(keys)s) and l.run_id = %(run_id)s
           and l.kind in ('observed', 'restored')) moved
 where moved.loser is not null and moved.winner is not null
   and not exists (select 1 from hub.ledger n where n.kind = 'moved' and n.system = %(system)s and n.entity = 'customer'
                      and n.key = moved.loser and n.detail ->> 'into' = moved.winner)
"""


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


def note_moves(
    connection: psycopg.Connection, ctx: StageContext, system: str, entity: str, keys: Sequence[str]
) -> None:
    """Note whose documents went to another customer. A system that merges customers without saying so shows it by that alone."""
    if entity in DOCUMENTS:
        parameters = {"system": system, "entity": entity, "keys": list(keys), "run_id": ctx.run_id}
        connection.execute(_MOVES, {**parameters, "actor": ledger.ENGINE})


def follow_merges(connection: psycopg.Connection, pairing: Pairing, entity: str, run_id: str) -> int:
    """Give the links of merged records, and what people said of them, to their survivors; return how many links moved or ended.

    What is still to be written for them is withdrawn. In the ERP a survivor may have a link of its own: the loser's stays then, so that
    its account gets no second customer; its deals wait until somebody merges the accounts, too, or says which one the customer is.
    """
    followed = 0
    for side in SIDES:
        system = pairing.side(side).system
        keep_apart(connection, pairing.name, entity, system, run_id=run_id)
        for loser, winner in unfollowed(connection, pairing.name, entity, system).items():
            withdraw(connection, pairing.name, entity, system, loser, winner, run_id=run_id)
            if side == "crm" or _is_free(connection, pairing, entity, system, loser, winner, run_id):
                followed += redirect(connection, pairing.name, entity, system, loser, winner, run_id=run_id)
        if entity == CUSTOMER:
            followed += _follow_further(connection, pairing, system, run_id)
    return followed


def _is_free(
    connection: psycopg.Connection, pairing: Pairing, entity: str, system: str, loser: str, winner: str, run_id: str
) -> bool:
    """Tell whether a survivor can have its loser's link; a further customer of the same account gives up being that."""
    if counterpart(connection, pairing.name, entity, system, winner) is not None:
        return False
    if entity != CUSTOMER:
        return True
    mine, theirs = (holder(connection, pairing.name, system, key) for key in (loser, winner))
    if theirs is not None and theirs == mine:
        told = {"merged_from": loser}
        return drop_further(connection, pairing.name, system, winner, actor=ledger.ENGINE, detail=told, run_id=run_id)
    return theirs is None


def _follow_further(connection: psycopg.Connection, pairing: Pairing, system: str, run_id: str) -> int:
    """Follow the merges of an account's customers in other subsidiaries; the link's own survivor is no further one any more."""
    gone = survivors(connection, system, CUSTOMER, merged_further(connection, pairing.name, system))
    return sum(
        follow_further(connection, pairing.name, system, loser, winner, run_id) for loser, winner in gone.items()
    )
