"""ERP customers that look like an account without being linked to it.

Before a customer is created for a deal, this search keeps the hub from making a second one of a company that the ERP knows under
another spelling. It only warns; linking on such evidence is never done here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from crosswalk.hub.rule_sets import Progress, progress_of
from crosswalk.identity.rule_keys import LOOK_ALIKE, SHORT, comparables, definition, look_alikes
from crosswalk.pairing import Pairing


def _values(alias: str) -> str:
    """Return SQL of (rule, value): what the customer ``alias`` is searched by."""
    named = ", ".join(f"(%(first)s + {place}, {value})" for place, value in enumerate(look_alikes(f"{alias}.")))
    return f"lateral (select rule, {SHORT} as value from (values {named}) v (rule, value) where value is not null)"


# Linking keeps what customers are searched by. What it kept is compared again with what they are now; those that changed since it
# looked are all compared.
_SEARCH = f"""
with wanted as materialized (
    select crm.key, v.rule, v.value from hub.customer crm cross join {_values("crm")} v
     where crm.system = %(crm)s and crm.key = any(%(keys)s)
),
known as materialized (
    select w.key as account, w.rule, w.value, k.key
      from wanted w
     cross join lateral (select k.key from hub.rule_key k
                          where k.rule_set_id = %(set)s and k.rule = w.rule and k.value = w.value and k.system = %(erp)s offset 0) k
),
changed as materialized (
    select erp.key, v.rule, v.value from hub.customer erp cross join {_values("erp")} v
     where erp.system = %(erp)s and erp.changed_at > %(since)s
),
alike as (
    select known.account, known.key
      from known
     cross join lateral (select * from hub.customer c where c.system = %(erp)s and c.key = known.key limit 1) erp
     cross join {_values("erp")} v
     where (v.rule, v.value) = (known.rule, known.value)
     union
    select wanted.key, changed.key from wanted join changed using (rule, value)
)
select alike.account, alike.key, erp.label, erp.subsidiary
  from alike
 cross join lateral (select coalesce(c.number, c.key) || ' ' || c.name as label, c.subsidiary from hub.customer c
                      where c.system = %(erp)s and c.key = alike.key and c.deleted_at is null limit 1) erp
 where not exists (select 1 from hub.every_end e where e.pairing = %(pairing)s and e.entity = 'customer' and e.system = %(erp)s and e.key = alike.key)
 order by 1, 2
"""


@dataclass(frozen=True, slots=True)
class Twin:
    """An unlinked customer that looks like an account: how the ERP calls it, and whose customer it is there."""

    label: str
    subsidiary: str | None


def twins_of(
    connection: psycopg.Connection, pairing: Pairing, account_keys: Sequence[str]
) -> dict[str, tuple[Twin, ...]]:
    """Return, by CRM account key, the unlinked ERP customers that share name, phone, e-mail or website with it."""
    found: dict[str, list[Twin]] = {}
    if not account_keys:
        return {}
    kept = comparables(pairing, "customer")
    progress = progress_of(connection, pairing.name, "customer", definition(pairing, kept)) or Progress(0, None)
    parameters = {
        "erp": pairing.erp.system,
        "crm": pairing.crm.system,
        "pairing": pairing.name,
        "keys": list(account_keys),
        "set": progress.id,
        "first": len(kept) - len(LOOK_ALIKE),
        "since": progress.since or "-infinity",
    }
    for account, _, label, subsidiary in connection.execute(_SEARCH.encode(), parameters):
        found.setdefault(account, []).append(Twin(label, subsidiary))
    return {account: tuple(twins) for account, twins in found.items()}
