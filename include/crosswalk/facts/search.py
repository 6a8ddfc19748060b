"""Finds customers of either system by the beginnings of words: name, number, domain, or a record's key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg.rows import dict_row

from crosswalk.hub.database import Connection
from crosswalk.pairing import Pairing

SHORTEST = 2
LONGEST = 200
_CANDIDATES = 400  # looked at for the order; who means another one types more
_IGNORED = ("http://", "https://", "www.")


@dataclass(frozen=True, slots=True)
class Hit:
    """One customer, as either system or both know it; ``crm`` and ``erp`` are keys."""

    name: str
    crm: str | None
    erp: str | None
    number: str | None
    place: str
    website: str | None
    is_active: bool

    @property
    def is_linked(self) -> bool:
        """Whether both systems are known to mean the same customer."""
        return self.crm is not None and self.erp is not None


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found; ``more`` when there may be others."""

    hits: tuple[Hit, ...]
    more: bool


# Exact keys and numbers come by their own indexes; words by one index over name, number, website and email. The linked record of a hit
# is joined by keys, so that a customer known to both systems is one hit. `limit 1` has each looked up: a join might read whole tables.
_SEARCH = """
with exact as (
    select system, key, 0 as rank from hub.customer where system = any(%(systems)s) and key = %(key)s
     union
    select system, key, 1 from hub.customer where number = %(key)s and system = any(%(systems)s)
),
worded as (
    select system, key, 2 as rank from hub.customer
     where hub.search_words(name, number, website, email) @@ hub.search_query(%(words)s)
       and system = any(%(systems)s) and deleted_at is null
     limit %(candidates)s
),
best as (select system, key, min(rank) as rank from (select * from exact union all select * from worded) every group by system, key),
pairs as (
    select distinct on (coalesce(m.link_id::text, b.system || ':' || b.key))
           b.rank, case when b.system = %(crm)s then b.key else t.key end as crm, case when b.system = %(erp)s then b.key else t.key end as erp
      from best b
      left join lateral (
          select link_id from hub.every_end e where (e.pairing, e.entity, e.system, e.key) = (%(pairing)s, 'customer', b.system, b.key)
           limit 1) m on true
      left join hub.link_end t on t.link_id = m.link_id and t.system <> b.system and t.system = any(%(systems)s)
     order by coalesce(m.link_id::text, b.system || ':' || b.key), b.rank
)
select coalesce(c.name, e.name, p.crm, p.erp) as name, p.crm, p.erp, coalesce(e.number, c.number) as number,
       concat_ws(', ', coalesce(c.billing_city, e.billing_city), coalesce(c.billing_country, e.billing_country)) as place,
       coalesce(c.website, e.website) as website, coalesce(e.is_active, c.is_active, true) as is_active
  from pairs p
  left join lateral (select * from hub.customer where system = %(crm)s and key = p.crm and deleted_at is null limit 1) c on true
  left join lateral (select * from hub.customer where system = %(erp)s and key = p.erp and deleted_at is null limit 1) e on true
 where c.key is not null or e.key is not null
 order by p.rank, not starts_with(lower(coalesce(c.name, e.name)), lower(%(key)s)), length(coalesce(c.name, e.name)),
          lower(coalesce(c.name, e.name)), p.crm, p.erp
 limit %(limit)s
"""


def search(connection: Connection, pairing: Pairing, asked: str, *, limit: int = 30) -> Found:
    """Return customers that fit ``asked``, the likeliest first; nothing for less than two characters."""
    wanted = " ".join(asked.replace("\0", " ").split())[:LONGEST]
    if len(wanted) < SHORTEST:
        return Found((), more=False)
    parameters: dict[str, Any] = {
        "systems": [pairing.crm.system, pairing.erp.system],
        "crm": pairing.crm.system,
        "erp": pairing.erp.system,
        "pairing": pairing.name,
        "key": wanted,
        "words": _words(wanted),
        "candidates": _CANDIDATES,
        "limit": limit + 1,
    }
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_SEARCH, parameters).fetchall()
    return Found(tuple(Hit(**row) for row in rows[:limit]), more=len(rows) > limit)


def _words(wanted: str) -> str:
    """Return what is typed without what every address of the web begins with."""
    words = wanted.replace("\x00", "")
    for start in _IGNORED:
        words = words.replace(start, " ")
    return words
