"""All ends of a link, whichever pairing told of them: in a hub with three systems a customer that is known to all is one link with three ends.

Every pairing links its own two systems, by its own rules, and keeps its own bases. Pairings that share a system meet in its record, so
that what they say adds up: whatever is linked with the same record is the same thing.
"""

from __future__ import annotations

from dataclasses import dataclass

from crosswalk.hub.database import Connection


@dataclass(frozen=True, slots=True)
class End:
    """One record of a link, and the pairings that linked it."""

    system: str
    key: str
    pairings: tuple[str, ...]


_ENDS = """
with recursive known (system, key) as (
    select %(system)s::text, %(key)s::text
     union
    select theirs.system, theirs.key
      from known k
      join hub.link_end mine on mine.system = k.system and mine.key = k.key and mine.entity = %(entity)s
      join hub.link_end theirs on theirs.link_id = mine.link_id
)
select e.system, e.key, array_agg(distinct e.pairing order by e.pairing)
  from known k join hub.link_end e on e.system = k.system and e.key = k.key and e.entity = %(entity)s
 group by e.system, e.key order by e.system, e.key
"""


def ends_of(connection: Connection, entity: str, system: str, key: str) -> tuple[End, ...]:
    """Return every end of the link that a record has, its own among them, by system; empty for a record that no pairing linked."""
    rows = connection.execute(_ENDS, {"entity": entity, "system": system, "key": key}).fetchall()
    return tuple(End(found, found_key, tuple(pairings)) for found, found_key, pairings in rows)
