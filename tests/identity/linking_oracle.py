"""What linking by rules and the search for look-alikes have to give, said by comparing all records with all: slow, and plain."""

from __future__ import annotations

from crosswalk.hub.database import Connection
from crosswalk.hub.links import LinkPair, create_links
from crosswalk.hub.matches import never
from crosswalk.identity.normalise import company_name, plain
from crosswalk.pairing import LinkRule, Pairing

_OPEN = """
create temporary table open_records as
select * from hub.customer r
 where r.deleted_at is null
   and not exists (select 1 from hub.link_end e
                    where e.pairing = %(pairing)s and e.entity = 'customer' and e.system = r.system and e.key = r.key)
"""

_PAIRS = """
with mine as (select {crm} as k, key from open_records where system = %(crm)s),
     theirs as (select {erp} as k, key from open_records where system = %(erp)s),
     crm as (select k, min(key) as key from mine where k is not null group by 1 having count(*) = 1),
     erp as (select k, min(key) as key from theirs where k is not null group by 1 having count(*) = 1),
     doubled as (
        (select {crm} as k from hub.customer where system = %(crm)s and deleted_at is null group by 1 having count(*) > 1)
         union all
        (select {erp} as k from hub.customer where system = %(erp)s and deleted_at is null group by 1 having count(*) > 1))
select crm.key, erp.key from crm join erp using (k) where k not in (select k from doubled where k is not null)
"""

_TWINS = f"""
select crm.key, coalesce(erp.number, erp.key) || ' ' || erp.name
  from hub.customer crm
  join hub.customer erp on erp.system = %(erp)s and erp.deleted_at is null
   and ({company_name("erp.name")} = {company_name("crm.name")}
        or (erp.phone is not null and erp.phone = crm.phone)
        or (erp.email is not null and erp.email = crm.email)
        or (erp.website is not null and {plain("erp.website")} = {plain("crm.website")}))
 where crm.system = %(crm)s and crm.key = any(%(keys)s)
   and not exists (select 1 from hub.link_end e where e.pairing = %(pairing)s and e.entity = 'customer' and e.system = %(erp)s and e.key = erp.key)
 order by 1, erp.key
"""
_SAME = {
    "name": company_name("name"),
    "number": f"nullif({plain('number')}, '')",
    "billing_postal_code": f"nullif({plain('billing_postal_code')}, '')",
}


def link_from_scratch(connection: Connection, pairing: Pairing) -> None:
    """Link the pairing's customers by its rules."""
    systems = {"pairing": pairing.name, "crm": pairing.crm.system, "erp": pairing.erp.system}
    apart = never(connection, pairing.name, "customer")
    connection.execute(_OPEN, systems)
    linked: set[tuple[str, str]] = set()
    for rule in pairing.linking["customer"]:
        crm, erp = _sides(rule)
        found = connection.execute(_PAIRS.format(crm=crm, erp=erp).encode(), systems).fetchall()
        ends = [((systems["crm"], mine), (systems["erp"], theirs)) for mine, theirs in found]
        pairs = [pair for pair in ends if linked.isdisjoint(pair) and frozenset(pair) not in apart]
        linked.update(end for pair in pairs for end in pair)
        wanted = [LinkPair(*mine, *theirs, rule.name) for mine, theirs in pairs]
        create_links(connection, pairing.name, "customer", wanted, "oracle")
    connection.execute("drop table open_records")


def look_alikes(connection: Connection, pairing: Pairing, keys: list[str]) -> dict[str, tuple[str, ...]]:
    """Return what the search for twins has to find."""
    found: dict[str, tuple[str, ...]] = {}
    parameters = {"crm": pairing.crm.system, "erp": pairing.erp.system, "pairing": pairing.name, "keys": keys}
    for key, label in connection.execute(_TWINS.encode(), parameters):
        found[key] = (*found.get(key, ()), label)
    return found


def _sides(rule: LinkRule) -> tuple[str, str]:
    if rule.stored_key is not None:
        return ("counterpart_key", "key") if rule.stored_key == "crm" else ("key", "counterpart_key")
    same = " || '|' || ".join(_SAME[name] for name in rule.exact)
    return same, same
