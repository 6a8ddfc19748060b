"""Who the customer is in either system, and what says that the two records are the same."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any

from psycopg import sql
from psycopg.rows import class_row

from crosswalk.facts.model import Candidate, KnownAs, Link, Party
from crosswalk.hub.database import Connection
from crosswalk.hub.ends import ends_of
from crosswalk.model.entities import CUSTOMER
from crosswalk.pairing import Pairing
from crosswalk.pairing.document import SIDES
from crosswalk.platforms import Side

ALWAYS = (
    "name", "number", "email", "phone", "website", "currency", "subsidiary", "is_active", "owner",
    "billing_street", "billing_city", "billing_state", "billing_postal_code", "billing_country",
)  # fmt: skip
"""What may always be shown: no finance, and never a field that the model marks as sensitive."""

ON_REQUEST = ("credit_hold", "credit_limit", "balance", "overdue", "terms", "price_level")
"""What is read only where the pairing lets it be shown."""

_LINK = """
select l.id, l.rule, l.created_at, theirs.key as other
  from hub.every_end mine join hub.link l on l.id = mine.link_id
  left join hub.link_end theirs on theirs.link_id = l.id and theirs.system = %(other)s
 where (mine.pairing, mine.entity, mine.system, mine.key) = (%(pairing)s, 'customer', %(system)s, %(key)s)
"""

_OTHERS = """
select e.key from hub.every_end e where e.link_id = %(link)s and e.system = %(erp)s and e.key is distinct from %(key)s order by e.further, e.key
"""

_NAME = "select name from hub.customer where system = %s and key = %s and deleted_at is null"

_CANDIDATES = """
select m.{theirs}_system as system, m.{theirs}_key as key, c.name, m.bits::float8 as bits
  from hub.match_candidate m
  left join hub.customer c on c.system = m.{theirs}_system and c.key = m.{theirs}_key
 where m.pairing = %(pairing)s and m.entity = 'customer' and m.status = 'open'
   and m.{mine}_system = %(system)s and m.{mine}_key = %(key)s
"""

_ALL_CANDIDATES = " union all ".join(
    _CANDIDATES.format(mine=mine, theirs=theirs) for mine, theirs in (("left", "right"), ("right", "left"))
)


def parties(
    connection: Connection, pairing: Pairing, system: str, key: str, shown: Collection[str]
) -> tuple[dict[Side, Party], Link | None]:
    """Return the customer's records by side, beginning with the one that is asked for, and their link.

    Empty when the hub never heard of the record. A linked record that was deleted or never read is there, as gone.
    """
    side = pairing.side_of(system)
    other: Side = "erp" if side == "crm" else "crm"
    wanted = {"pairing": pairing.name, "system": system, "key": key, "other": pairing.side(other).system}
    row = connection.execute(_LINK, wanted).fetchone()
    known = read_party(connection, pairing, side, key, shown)
    if known is None and row is None:
        return {}, None
    found = {side: known or _gone(pairing, side, key)}
    if row is None:
        return found, None
    if row[3] is not None:
        found[other] = read_party(connection, pairing, other, row[3], shown) or _gone(pairing, other, row[3])
    return found, Link(*row[:3])


def others(
    connection: Connection, pairing: Pairing, link: Link | None, shown_key: str | None, shown: Collection[str]
) -> tuple[Party, ...]:
    """Return the customers that the account is in other subsidiaries of the ERP, beside the one that is shown."""
    if link is None:
        return ()
    wanted = {"link": link.id, "erp": pairing.erp.system, "key": shown_key}
    keys = [key for (key,) in connection.execute(_OTHERS, wanted)]
    return tuple(read_party(connection, pairing, "erp", key, shown) or _gone(pairing, "erp", key) for key in keys)


def read_party(connection: Connection, pairing: Pairing, side: Side, key: str, shown: Collection[str]) -> Party | None:
    """Return one system's record with the fields that may be shown; None when the hub does not have it."""
    system, fields = pairing.side(side).system, readable(side, shown)
    row = connection.execute(_query(fields), (system, key)).fetchone()
    if row is None:
        return None
    values: dict[str, Any] = dict(zip(fields, row[2:], strict=True))
    return Party(side, system, key, row[0], row[1], values, pairing.side(side).home_currency)


def readable(side: Side, shown: Collection[str]) -> tuple[str, ...]:
    """Return the fields of a customer that may be read from one side."""
    return (*ALWAYS, *(field for field in ON_REQUEST if side == "erp" and field in shown))


def candidates(connection: Connection, pairing: Pairing, party: Party) -> tuple[Candidate, ...]:
    """Return the other system's records that may be the same customer, the likeliest first."""
    with connection.cursor(row_factory=class_row(Candidate)) as cursor:
        wanted = {"pairing": pairing.name, "system": party.system, "key": party.key}
        found = cursor.execute(_ALL_CANDIDATES.encode(), wanted).fetchall()
    return tuple(sorted(found, key=lambda one: (-one.bits, one.key)))


def known_as(connection: Connection, pairing: Pairing, system: str, key: str) -> tuple[KnownAs, ...]:
    """Return the customer's records in systems of other pairings: all pairings together know it as one link."""
    shown = both_systems(pairing)
    found = []
    for end in ends_of(connection, "customer", system, key):
        if end.system not in shown:
            row = connection.execute(_NAME, (end.system, end.key)).fetchone()
            found.append(KnownAs(end.system, end.key, row[0] if row else None, end.pairings[0]))
    return tuple(found)


def both_systems(pairing: Pairing) -> tuple[str, ...]:
    """Return the names of the pairing's systems, CRM first."""
    return tuple(pairing.side(side).system for side in SIDES)


@cache
def _query(fields: tuple[str, ...]) -> sql.Composed:
    for field in fields:
        CUSTOMER.field(field)
    return sql.SQL(
        "select deleted_at is not null, changed_at, {} from hub.customer where system = %s and key = %s"
    ).format(sql.SQL(", ").join(map(sql.Identifier, fields)))


def _gone(pairing: Pairing, side: Side, key: str) -> Party:
    return Party(side, pairing.side(side).system, key, True, None, {})
