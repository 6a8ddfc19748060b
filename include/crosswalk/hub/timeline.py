"""Invoices and payments of linked customers that something may have to be told of."""

from __future__ import annotations

from datetime import date, datetime

from psycopg import sql

from crosswalk.hub.columns import SCHEMA
from crosswalk.hub.database import Connection

_DAY = {"invoice": "invoice_date", "payment": "payment_date"}

_ALL = "select d.key from {table} d where d.system = %(erp)s and d.{day} >= %(from_day)s"

# Documents that changed, and all those of customers that were linked since.
_FEW = """
    select d.key from {table} d where d.system = %(erp)s and d.changed_at > %(since)s
     union
    select d.key from hub.link l
     cross join lateral (select e.key from hub.link_end e where e.link_id = l.id and e.system = %(erp)s limit 1) theirs
     cross join lateral (select d.key from {table} d where d.system = %(erp)s and d.customer_key = theirs.key offset 0) d
     where l.pairing = %(pairing)s and l.entity = 'customer' and l.created_at > %(since)s
"""

# An invoice becomes overdue by nothing but the day that goes by.
_FALLEN_DUE = """
     union
    select d.key from hub.invoice d
     where d.system = %(erp)s and d.status = 'open' and d.due_date >= %(since)s::date - 1 and d.due_date < %(today)s
"""

_DOCUMENTS = """
select d.key, mine.key as subject
  from ({candidates}) looked
 cross join lateral (select d.key, d.customer_key from {table} d
                      where d.system = %(erp)s and d.key = looked.key and d.deleted_at is null and d.{day} >= %(from_day)s limit 1) d
 cross join lateral (select e.link_id from hub.every_end e
                      where e.pairing = %(pairing)s and e.entity = 'customer' and e.system = %(erp)s and e.key = d.customer_key limit 1) theirs
 cross join lateral (select e.key from hub.link_end e where e.link_id = theirs.link_id and e.system = %(crm)s limit 1) mine
 cross join lateral (select 1 from hub.customer c where c.system = %(crm)s and c.key = mine.key and c.deleted_at is null limit 1) alive
 order by d.key
"""


def documents_of_linked(
    connection: Connection,
    entity: str,
    *,
    pairing: str,
    crm: str,
    erp: str,
    from_day: date,
    today: date,
    since: datetime | None,
) -> dict[str, str]:
    """Return ``{document: the CRM's customer}`` of invoices or payments dated ``from_day`` or later: those that something happened to
    after ``since``, all for None.
    """
    fallen_due = _FALLEN_DUE if entity == "invoice" else ""
    candidates = _ALL if since is None else _FEW + fallen_due
    names = {"table": sql.Identifier(SCHEMA, entity), "day": sql.Identifier(_DAY[entity])}
    query = sql.SQL(_DOCUMENTS.replace("{candidates}", candidates)).format(**names)
    parameters = {"pairing": pairing, "crm": crm, "erp": erp, "from_day": from_day, "today": today, "since": since}
    return dict(connection.execute(query, parameters).fetchall())
