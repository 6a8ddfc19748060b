"""What the ERP says of a customer: what is owed and paid, ordered and shipped. Sums are over all records, lists are short."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any, TypeVar

from psycopg.rows import class_row

from crosswalk.facts.model import Invoice, Listed, Order, Payment, Receivable, Shipment, Total
from crosswalk.hub.database import Connection

LIST = 10
OPEN_ORDERS = ("pending_approval", "open", "partially_shipped", "shipped")
Row = TypeVar("Row")

_OPEN = "system = %(system)s and customer_key = %(key)s and deleted_at is null and status = 'open'"
_MINE = "system = %(system)s and customer_key = %(key)s and deleted_at is null"

_RECEIVABLES = f"""
select currency, count(*) as records, coalesce(sum(amount_remaining), 0) as amount,
       coalesce(sum(amount_remaining) filter (where due_date is null or due_date >= %(today)s), 0) as not_due,
       coalesce(sum(amount_remaining) filter (where due_date < %(today)s and due_date >= %(today)s::date - 30), 0) as days_30,
       coalesce(sum(amount_remaining) filter (where due_date < %(today)s::date - 30 and due_date >= %(today)s::date - 60), 0) as days_60,
       coalesce(sum(amount_remaining) filter (where due_date < %(today)s::date - 60), 0) as older,
       count(*) filter (where due_date < %(today)s) as overdue_records
  from hub.invoice where {_OPEN} group by currency order by 3 desc, currency
"""

_INVOICES = f"""
select key, number, invoice_date, due_date, currency, total, amount_remaining,
       case when due_date < %(today)s then %(today)s::date - due_date end as days_overdue
  from hub.invoice where {_OPEN} order by due_date nulls last, key limit %(limit)s
"""

_PAID = f"""
select currency, count(*) as records, coalesce(sum(amount), 0) as amount from hub.payment
 where {_MINE} and status is distinct from 'voided' and payment_date > %(today)s::date - 365 group by currency order by 3 desc, currency
"""

_PAYMENTS = f"""
select key, number, status, payment_date, currency, amount from hub.payment
 where {_MINE} order by payment_date desc nulls last, key desc limit %(limit)s
"""

# What of an order its invoices do not cover: an ERP may call it shipped for ever, or bill it in parts. Added up instead of joined: a
# planner that knows nothing of the customer would pair all of its orders with all of its invoices.
_OPEN_ORDERS = f"""
with part as (
    select key as order_key, currency, total as ordered, null::numeric as billed, true as is_order from hub."order" where {_MINE} and status = any(%(open)s)
    union all
    select order_key, null, null, total, false from hub.invoice where {_MINE} and status is distinct from 'voided' and order_key is not null),
owing as (
    select max(currency) as currency, sum(ordered) - coalesce(sum(billed), 0) as open, bool_and(is_order) as untouched
      from part group by order_key having bool_or(is_order))
select currency, count(*) as records, coalesce(sum(open), 0) as amount from owing where untouched or open > 0 group by currency order by 3 desc, currency
"""

_ORDERS = f"""
select o.key, o.number, o.status, o.order_date, o.currency, o.total, o.purchase_order, o.memo, l.shipped
  from (select * from hub."order" where {_MINE} order by order_date desc nulls last, key desc limit %(limit)s) o
  left join lateral (
      select sum(least(coalesce(quantity_shipped, 0), quantity)) / nullif(sum(quantity), 0) as shipped
        from hub.order_line l where l.system = o.system and l.order_key = o.key and l.deleted_at is null and l.quantity > 0) l on true
 order by o.order_date desc nulls last, o.key desc
"""

_SHIPMENTS = f"""
select s.key, s.number, o.number as order_number, s.status, s.ship_date, s.tracking_numbers
  from (select * from hub.shipment where {_MINE} order by ship_date desc nulls last, key desc limit %(limit)s) s
  left join hub."order" o on o.system = s.system and o.key = s.order_key
 order by s.ship_date desc nulls last, s.key desc
"""

_COUNTS = f"""
select (select count(*) from hub.invoice where {_OPEN}), (select count(*) from hub.payment where {_MINE}),
       (select count(*) from hub."order" where {_MINE}), (select count(*) from hub.shipment where {_MINE})
"""


class ErpFacts:
    """Reads one ERP customer's facts, and only those that the pairing lets be shown; without a customer all are empty."""

    def __init__(
        self, connection: Connection, system: str, key: str | None, shown: Collection[str], today: date
    ) -> None:
        self._connection = connection
        self._shown = shown if key is not None else ()
        self._wanted: dict[str, Any] = {"system": system, "key": key, "today": today, "limit": LIST}
        self._wanted["open"] = list(OPEN_ORDERS)
        self._counts = connection.execute(_COUNTS.encode(), self._wanted).fetchone() if key else (0, 0, 0, 0)

    def receivables(self) -> tuple[Receivable, ...]:
        """Return what is open, per currency."""
        return self._all("invoices", _RECEIVABLES, Receivable)

    def invoices(self) -> Listed[Invoice]:
        """Return open invoices, the longest due first."""
        return self._listed("invoices", _INVOICES, Invoice, 0)

    def paid(self) -> tuple[Total, ...]:
        """Return what was paid in the last 365 days, per currency; voided payments do not count."""
        return self._all("payments", _PAID, Total)

    def payments(self) -> Listed[Payment]:
        """Return the last payments."""
        return self._listed("payments", _PAYMENTS, Payment, 1)

    def open_orders(self) -> tuple[Total, ...]:
        """Return what of orders is not billed yet, per currency."""
        return self._all("orders", _OPEN_ORDERS, Total)

    def orders(self) -> Listed[Order]:
        """Return the last orders."""
        return self._listed("orders", _ORDERS, Order, 2)

    def shipments(self) -> Listed[Shipment]:
        """Return the last shipments."""
        return self._listed("shipments", _SHIPMENTS, Shipment, 3)

    def _listed(self, fact: str, query: str, row: type[Row], place: int) -> Listed[Row]:
        rows = self._all(fact, query, row)
        return Listed(rows, self._counts[place] if rows and self._counts else 0)

    def _all(self, fact: str, query: str, row: type[Row]) -> tuple[Row, ...]:
        if fact not in self._shown:
            return ()
        with self._connection.cursor(row_factory=class_row(row)) as cursor:
            return tuple(cursor.execute(query.encode(), self._wanted).fetchall())
