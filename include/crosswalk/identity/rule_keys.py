"""The values that rules compare, kept in the hub for every living record and brought up to date for those that changed.

A record's own key is never kept: the image table is indexed by it. Values that are too long for an index are kept as their hash.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from crosswalk.hub.columns import SCHEMA
from crosswalk.hub.rule_sets import UNSEEN, Progress, Rules, advance, take_freed
from crosswalk.identity.normalise import company_name, plain
from crosswalk.model.entities import ENTITIES, Entity, Kind
from crosswalk.pairing import LinkRule, Pairing
from crosswalk.pairing.document import slug_of

KEY = "key"
SHORT = "case when octet_length(value) > 200 then md5(value) else value end"
"""SQL: ``value`` as it is kept."""

LOOK_ALIKE = ("look_alike:name", "look_alike:phone", "look_alike:email", "look_alike:website")
"""What ERP customers are searched by before one is created (:mod:`crosswalk.identity.twins`)."""


@dataclass(frozen=True, slots=True)
class Comparable:
    """The SQL of what is compared, by side; None where a side's values are of no interest."""

    name: str
    crm: str | None
    erp: str | None

    def sides(self, pairing: Pairing) -> tuple[tuple[str, str | None], ...]:
        """Return system and SQL of either side."""
        return (pairing.crm.system, self.crm), (pairing.erp.system, self.erp)


def comparables(pairing: Pairing, entity: str) -> tuple[Comparable, ...]:
    """Return what is kept of an entity: its rules in their order, then what customers are searched by."""
    kept = [_of_rule(ENTITIES[entity], rule, _account_key(pairing, entity)) for rule in pairing.linking.get(entity, ())]
    if entity == "customer":
        kept += [Comparable(name, None, value) for name, value in zip(LOOK_ALIKE, look_alikes(""), strict=True)]
    return tuple(kept)


def look_alikes(alias: str) -> tuple[str, str, str, str]:
    """Return the SQL of what :data:`LOOK_ALIKE` names, of the customer ``alias`` (such as ``erp.``)."""
    return company_name(f"{alias}name"), f"{alias}phone", f"{alias}email", plain(f"{alias}website")


def definition(pairing: Pairing, kept: Sequence[Comparable]) -> Rules:
    """Return what the rules are known by: when any of it is another, all values are made again."""
    named = [[one.name, *(part for side in one.sides(pairing) for part in side)] for one in kept]
    return [*named, ["per_subsidiary"]] if pairing.orders.subsidiary else named


def refresh(connection: psycopg.Connection, pairing: Pairing, entity: str, run_id: str) -> Progress:
    """Bring the kept values up to date; the temporary table ``rule_touched`` then has the values to look at, by the rule's place.

    Where everything is to be looked at (``since`` of the result is None), it stays empty.
    """
    kept = comparables(pairing, entity)
    progress = advance(connection, pairing.name, entity, definition(pairing, kept), run_id)
    connection.execute(_TOUCHED)
    fill = _BUILD if progress.since is None else _UPDATE
    for place, one in enumerate(kept):
        for system, value in one.sides(pairing):
            parameters = {"set": progress.id, "rule": place, "system": system, "since": progress.since}
            parameters |= {"until": progress.until, "seen_before": progress.seen_before}
            if value is None or (value == KEY and progress.since is None):
                continue
            statement = _CHANGED_KEYS if value == KEY else fill
            named = {"table": sql.Identifier(SCHEMA, entity), "value": sql.SQL(value)}
            connection.execute(statement.format(**named), parameters)
    freed = take_freed(connection, pairing.name, entity)
    if progress.since is None:
        connection.execute("analyze hub.rule_key")
    elif freed:
        _look_again(connection, pairing, kept, progress.id, freed)
    connection.execute("analyze rule_touched")
    return progress


def _look_again(
    connection: psycopg.Connection,
    pairing: Pairing,
    kept: Sequence[Comparable],
    rule_set: int,
    freed: Sequence[tuple[str, str]],
) -> None:
    """Touch every value of the records whose link ended."""
    ends = {"systems": [system for system, _ in freed], "keys": [key for _, key in freed]}
    for place, one in enumerate(kept):
        connection.execute(_FREED_VALUES, {**ends, "set": rule_set, "rule": place})
        for system, value in one.sides(pairing):
            if value == KEY:
                connection.execute(_FREED_KEYS, {**ends, "rule": place, "system": system})


def found_once(entity: str, value: str, side: str, *, whole: bool, per_subsidiary: bool = False) -> sql.Composed:
    """Return SQL of (value, key) of what exactly one living record of ``side`` has: of ``t.value`` only, unless ``whole``.

    With ``per_subsidiary``, customers of as many subsidiaries may have it: the one with the least key stands for them.
    """
    template: Mapping[tuple[bool, bool], sql.SQL] = {
        (True, True): _ALL_KEYS, (True, False): _ONE_KEY, (False, True): _ALL_VALUES, (False, False): _ONE_VALUE
    }  # fmt: skip
    if per_subsidiary and value != KEY:
        of_one = sql.SQL("" if whole else "and k.value = t.value")
        return _OF_SUBSIDIARIES.format(system=sql.Placeholder(side), of_one=of_one)
    table, system = sql.Identifier(SCHEMA, entity), sql.Placeholder(side)
    return template[value == KEY, whole].format(table=table, system=system)


def _account_key(pairing: Pairing, entity: str) -> str:
    """Return the SQL of the CRM's key that an ERP record bears; a customer of one of several subsidiaries bears that behind it."""
    rule = pairing.orders.subsidiary
    if entity != "customer" or rule is None:
        return "counterpart_key"
    slugs = "|".join(slug_of(name) for name in rule.names)
    return f"regexp_replace(counterpart_key, '-({slugs})$', '')"


def _of_rule(entity: Entity, rule: LinkRule, account_key: str) -> Comparable:
    if rule.stored_key == "crm":
        return Comparable(rule.name, "counterpart_key", KEY)
    if rule.stored_key == "erp":
        return Comparable(rule.name, KEY, account_key)
    same = " || '|' || ".join(_comparable(entity, name) for name in rule.exact)
    return Comparable(rule.name, same, same)


def _comparable(entity: Entity, name: str) -> str:
    """Return the SQL that makes a field comparable; a null makes the whole key null, so missing is never equal."""
    if name == "name":
        return company_name(name)
    if entity.field(name).kind is Kind.TEXT:
        return f"nullif({plain(name)}, '')"
    return f"{name}::text"


_TOUCHED = "create temporary table rule_touched (rule smallint not null, value text not null) on commit drop"


_BUILD = sql.SQL(f"""
with living as materialized (select key, {{value}} as value from {{table}} where system = %(system)s and deleted_at is null)
insert into hub.rule_key (rule_set_id, rule, system, key, value)
select %(set)s, %(rule)s, %(system)s, key, {SHORT} from living where value is not null
""")

# Kept rows are found by primary key and changed by their place: the cost follows the changes even where statistics are missing.
_UPDATE = sql.SQL(f"""
with changed as materialized (
    select key, case when deleted_at is null then {{value}} end as value from {{table}}
     where system = %(system)s and changed_at > %(since)s and {UNSEEN}
),
differing as materialized (
    select c.key, c.value, k.place, k.value as was
      from (select key, {SHORT} as value from changed) c
      left join lateral (
          select k.ctid as place, k.value from hub.rule_key k
           where k.rule_set_id = %(set)s and k.rule = %(rule)s and k.system = %(system)s and k.key = c.key limit 1) k on true
     where k.value is distinct from c.value
),
dropped as (delete from hub.rule_key k using differing d where k.ctid = d.place and d.value is null),
moved as (update hub.rule_key k set value = d.value from differing d where k.ctid = d.place and d.value is not null),
added as (
    insert into hub.rule_key (rule_set_id, rule, system, key, value)
    select %(set)s, %(rule)s, %(system)s, key, value from differing where place is null
)
insert into rule_touched
select %(rule)s, value from differing where value is not null union all select %(rule)s, was from differing where was is not null
""")

_CHANGED_KEYS = sql.SQL(f"""
insert into rule_touched select %(rule)s, key from {{table}} where system = %(system)s and changed_at > %(since)s and {UNSEEN}
""")

_FREED_VALUES = """
insert into rule_touched
select %(rule)s, k.value from unnest(%(systems)s::text[], %(keys)s::text[]) f (system, key)
 cross join lateral (select value from hub.rule_key k
                      where k.rule_set_id = %(set)s and k.rule = %(rule)s and k.system = f.system and k.key = f.key limit 1) k
"""

_FREED_KEYS = """
insert into rule_touched
select %(rule)s, f.key from unnest(%(systems)s::text[], %(keys)s::text[]) f (system, key) where f.system = %(system)s
"""

_ALL_VALUES = sql.SQL("""
select value, min(key) as key from hub.rule_key where rule_set_id = %(set)s and rule = %(rule)s and system = {system}
 group by 1 having count(*) = 1
""")
_ALL_KEYS = sql.SQL("select key as value, key from {table} where system = {system} and deleted_at is null")
_ONE_VALUE = sql.SQL("""
select min(value) as value, min(key) as key
  from (select k.value, k.key from hub.rule_key k
         where k.rule_set_id = %(set)s and k.rule = %(rule)s and k.value = t.value and k.system = {system} limit 2) k
having count(*) = 1
""")
_OF_SUBSIDIARIES = sql.SQL("""
select k.value, min(k.key) as key
  from hub.rule_key k
  left join hub.customer c on c.system = k.system and c.key = k.key
 where k.rule_set_id = %(set)s and k.rule = %(rule)s and k.system = {system} {of_one}
 group by k.value having count(*) = 1 or count(*) = count(distinct c.subsidiary)
""")
_ONE_KEY = sql.SQL("""
select i.key as value, i.key from {table} i where i.system = {system} and i.key = t.value and i.deleted_at is null limit 1
""")
