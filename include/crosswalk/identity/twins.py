"""ERP customers that look like an account without being linked to it.

Before a customer is created for a deal, this search keeps the hub from making a second one of a company that the ERP knows under
another spelling. It only warns; linking on such evidence is never done here.
"""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from crosswalk.identity.normalise import company_name, plain
from crosswalk.pairing import Pairing

_SEARCH = f"""
select crm.key, erp.key, coalesce(erp.number, erp.key) || ' ' || erp.name
  from hub.customer crm
  join hub.customer erp on erp.system = %(erp)s and erp.deleted_at is null
   and ({company_name("erp.name")} = {company_name("crm.name")}
        or (erp.phone is not null and erp.phone = crm.phone)
        or (erp.email is not null and erp.email = crm.email)
        or (erp.website is not null and {plain("erp.website")} = {plain("crm.website")}))
 where crm.system = %(crm)s and crm.key = any(%(keys)s)
   and not exists (select 1 from hub.link_end e where e.pairing = %(pairing)s and e.entity = 'customer' and e.system = %(erp)s and e.key = erp.key)
 order by 1, 2
"""


def twins_of(
    connection: psycopg.Connection, pairing: Pairing, account_keys: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Return, by CRM account key, how the ERP calls the unlinked customers that share name, phone, e-mail or website with it."""
    found: dict[str, list[str]] = {}
    parameters = {
        "erp": pairing.erp.system,
        "crm": pairing.crm.system,
        "pairing": pairing.name,
        "keys": list(account_keys),
    }
    if account_keys:
        for account, _, label in connection.execute(_SEARCH.encode(), parameters):
            found.setdefault(account, []).append(label)
    return {account: tuple(labels) for account, labels in found.items()}
