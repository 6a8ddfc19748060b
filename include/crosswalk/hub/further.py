"""Further ends of a link: the other customers that one account's company is in the ERP, one a subsidiary.

A link has one end in each system. A company that buys from several subsidiaries of the ERP has a customer in each; the first that was
linked is the link's own end, whose key the account bears, the others are its further ends. The view ``hub.every_end`` has both. A further end goes with its link.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from crosswalk.hub import ledger
from crosswalk.hub.database import Connection
from crosswalk.hub.links import LinkPair, take_turn

CUSTOMER = "customer"

_ENDS = """
select mine.key, theirs.key
  from unnest(%(keys)s::text[]) asked (key)
 cross join lateral (select e.key, e.link_id from hub.link_end e
                      where e.pairing = %(pairing)s and e.entity = 'customer' and e.system = %(from)s and e.key = asked.key limit 1) mine
 cross join lateral (select e.key, e.further from hub.every_end e where e.link_id = mine.link_id and e.system = %(to)s) theirs
 order by mine.key, theirs.further, theirs.key
"""

# A subsidiary has one living customer of an account: the first comes, and stays. Each pair is looked up, whatever Postgres believes of sizes.
_ADD = """
with fit as (
    select distinct on (mine.link_id, new.subsidiary) mine.link_id, w.account, w.customer, w.rule
      from unnest(%(accounts)s::text[], %(customers)s::text[], %(rules)s::text[]) w (account, customer, rule)
     cross join lateral (select e.link_id from hub.link_end e
                          where e.pairing = %(pairing)s and e.entity = 'customer' and e.system = %(crm)s and e.key = w.account limit 1) mine
     cross join lateral (select c.subsidiary from hub.customer c
                          where c.system = %(erp)s and c.key = w.customer and c.deleted_at is null and c.subsidiary is not null limit 1) new
     where not exists (select 1 from hub.every_end e
                        where e.pairing = %(pairing)s and e.entity = 'customer' and e.system = %(erp)s and e.key = w.customer)
       and not exists (select 1 from hub.every_end e join hub.customer c on c.system = e.system and c.key = e.key
                        where e.link_id = mine.link_id and e.system = %(erp)s and c.deleted_at is null
                          and c.subsidiary is not distinct from new.subsidiary)
     order by mine.link_id, new.subsidiary, w.customer
),
added as (
    insert into hub.further_end (link_id, pairing, entity, system, key, rule, created_at, run_id)
    select link_id, %(pairing)s, 'customer', %(erp)s, customer, rule, %(now)s, %(run_id)s from fit
)
insert into hub.ledger (at, pairing, run_id, actor, kind, system, entity, key, link_id, detail)
select %(now)s, %(pairing)s, %(run_id)s, %(actor)s, 'linked', s.system, 'customer', s.key, s.link_id,
       jsonb_build_object('rule', s.rule, 'with', s.other_system, 'key', s.other, 'further', true)
  from (select link_id, rule, %(crm)s as system, account as key, %(erp)s as other_system, customer as other from fit
         union all
        select link_id, rule, %(erp)s, customer, %(crm)s, account from fit) s
"""

_HOLDER = """
select e.link_id from hub.every_end e
 where e.pairing = %(pairing)s and e.entity = 'customer' and e.system = %(system)s and e.key = %(key)s limit 1
"""

_MOVE = """
update hub.further_end set key = %(winner)s where pairing = %(pairing)s and entity = 'customer' and system = %(system)s and key = %(loser)s
"""

_DROP = """
delete from hub.further_end where pairing = %(pairing)s and entity = 'customer' and system = %(system)s and key = %(key)s returning link_id
"""

_MERGED = """
select f.key from hub.further_end f
 where f.pairing = %(pairing)s and f.system = %(system)s
   and exists (select 1 from hub.ledger l where l.kind in ('merged', 'moved') and l.system = f.system and l.entity = 'customer' and l.key = f.key)
"""


def customers_of(
    connection: Connection, pairing: str, crm: str, erp: str, accounts: Sequence[str]
) -> dict[str, list[str]]:
    """Return all ERP customers of each linked account, the link's own first."""
    found: dict[str, list[str]] = {}
    parameters = {"pairing": pairing, "from": crm, "to": erp, "keys": sorted(set(accounts))}
    for account, customer in connection.execute(_ENDS, parameters).fetchall():
        found.setdefault(account, []).append(customer)
    return found


def add_further(
    connection: Connection,
    pairing: str,
    pairs: Sequence[LinkPair],
    run_id: str,
    *,
    actor: str = ledger.ENGINE,
    now: datetime | None = None,
) -> int:
    """Make each right record, a customer in another subsidiary, a further end of its account's link; return how many became one.

    Passed over is a customer that is linked, whose subsidiary is not known or has a customer of the account, and an account without a link.
    """
    if not pairs:
        return 0
    take_turn(connection, pairing)
    parameters = {
        "pairing": pairing,
        "crm": pairs[0].left_system,
        "erp": pairs[0].right_system,
        "accounts": [pair.left_key for pair in pairs],
        "customers": [pair.right_key for pair in pairs],
        "rules": [pair.rule for pair in pairs],
        "run_id": run_id,
        "actor": actor,
        "now": now or datetime.now(UTC),
    }
    return connection.execute(_ADD, parameters).rowcount // 2  # the ledger tells it to both records


def merged_further(connection: Connection, pairing: str, system: str) -> list[str]:
    """Return further ends that were merged into another customer, as far as the ledger knows."""
    return [key for (key,) in connection.execute(_MERGED, {"pairing": pairing, "system": system})]


def holder(connection: Connection, pairing: str, system: str, key: str) -> int | None:
    """Return the link that a customer is an end of, its own or a further one; None when it is of none."""
    row = connection.execute(_HOLDER, {"pairing": pairing, "system": system, "key": key}).fetchone()
    return None if row is None else int(row[0])


def follow_further(connection: Connection, pairing: str, system: str, loser: str, winner: str, run_id: str) -> bool:
    """Give a merged customer's place to its survivor, or give it up where the survivor is the account's already.

    Where the survivor is another account's, nothing is done (False): the account's deals wait for somebody who says which one it is now.
    """
    mine, theirs = (holder(connection, pairing, system, key) for key in (loser, winner))
    if theirs is not None and theirs != mine:
        return False
    parameters = {"pairing": pairing, "system": system, "loser": loser, "winner": winner, "key": loser}
    connection.execute(_MOVE if theirs is None else _DROP, parameters)
    detail = {"merged_into": winner}
    entry = ledger.Entry(
        "redirected", pairing, run_id, system=system, entity=CUSTOMER, key=loser, link_id=mine, detail=detail
    )
    ledger.write(connection, [entry])
    return True


def drop_further(
    connection: Connection,
    pairing: str,
    system: str,
    key: str,
    *,
    actor: str,
    detail: dict[str, str],
    run_id: str | None = None,
) -> bool:
    """End a customer's being a further one; False when it is none."""
    row = connection.execute(_DROP, {"pairing": pairing, "system": system, "key": key}).fetchone()
    if row is None:
        return False
    entry = ledger.Entry("unlinked", pairing, run_id, actor, system, CUSTOMER, key, link_id=row[0], detail=detail)
    ledger.write(connection, [entry])
    return True
