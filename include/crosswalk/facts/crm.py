"""What the CRM says of a customer: open deals, won deals that wait for their order and why, and what the ERP has for open deals."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from psycopg.rows import class_row

from crosswalk.facts.model import Deal, Listed, Offer, Pipeline, Total, WaitingDeal
from crosswalk.hub.database import Connection
from crosswalk.observe.flows import flow_modes
from crosswalk.pairing import Pairing

LIST = 10
OFFERS = 25
Row = TypeVar("Row")

_OPEN = "system = %(crm)s and customer_key = %(key)s and deleted_at is null and is_closed is not true"

_PIPELINE = f"""
select currency, count(*) as records, coalesce(sum(amount), 0) as amount, coalesce(sum(amount * probability / 100), 0) as weighted
  from hub.deal where {_OPEN} group by currency order by 3 desc, currency
"""

# The customer's deals first, whatever the planner thinks of the order by day: of a giant it would go through everybody's.
_FIRST_DEALS = f"select * from (select * from hub.deal where {_OPEN} offset 0) d order by close_date nulls last, key limit %(limit)s"

_DEALS = f"""
select key, name, stage, close_date, currency, amount, probability, owner from ({_FIRST_DEALS}) d order by close_date nulls last, key
"""

# A deal that was won before the pairing began to look is not waiting: it is left alone.
_WAITING = """
select d.key, d.name, d.close_date, d.currency, d.amount, i.status, i.held_reason, i.message, i.hint, q.message as trouble, q.hint as remedy
  from hub.deal d
  left join lateral (
      select status, held_reason, message, hint from hub.intent i
       where i.source_system = d.system and i.source_key = d.key and i.pairing = %(pairing)s and i.flow = 'orders' and i.entity = 'order'
       order by i.created_at desc limit 1) i on true
  left join lateral (
      select message, hint from hub.quarantine q
       where q.pairing = %(pairing)s and q.system = d.system and q.entity = 'deal' and q.key = d.key and q.status = 'open'
       order by q.last_seen desc limit 1) q on true
 where d.system = %(crm)s and d.customer_key = %(key)s and d.deleted_at is null and d.is_won and d.counterpart_key is null
   and i.status is distinct from 'done'
   and (coalesce(d.close_date, %(today)s) >= %(since)s or i.status is not null or q.message is not null)
   and not exists (select 1 from hub.link_end e
                    where (e.pairing, e.entity, e.system, e.key) = (%(pairing)s, 'deal_order', d.system, d.key))
 order by d.close_date nulls last, d.key
"""

# The price is what the customer would get: its own (a list called by its key), else its price level's, else that of the deal's price book;
# in the deal's currency where the ERP has one.
_OFFERS = f"""
with deal as ({_FIRST_DEALS})
select d.key as deal_key, d.name as deal_name, coalesce(l.sku, p.sku, p.name, l.description, l.key) as product, l.quantity,
       d.currency, l.unit_price, t.key as erp_product, s.available, coalesce(s.places, '') as places,
       r.price_list, r.unit_price as list_price, r.currency as list_currency, coalesce(r.is_own, false) as is_own, count(*) over () as of_all
  from deal d
  join hub.deal_line l on l.system = d.system and l.deal_key = d.key and l.deleted_at is null
  left join hub.product p on p.system = d.system and p.key = l.product_key
  left join hub.link_end m on (m.pairing, m.entity, m.system, m.key) = (%(pairing)s, 'product', d.system, l.product_key)
  left join hub.link_end t on t.link_id = m.link_id and t.system = %(erp)s
  left join lateral (
      select sum(available) as available,
             string_agg(location || chr(160) || replace(trim_scale(available)::text, '-', chr(8722)), ', ' order by location)
                 filter (where available <> 0) as places
        from hub.stock where system = %(erp)s and product_key = t.key and deleted_at is null and %(with_stock)s) s on true
  left join lateral (
      select e.price_list, e.unit_price, e.currency, e.price_list = %(erp_key)s as is_own
        from hub.price e
        cross join lateral (select array[%(erp_key)s, (select price_level from hub.customer where system = %(erp)s and key = %(erp_key)s),
                                         coalesce(%(price_lists)s::jsonb ->> d.price_list, d.price_list)] as wanted) w
       where e.system = %(erp)s and e.product_key = t.key and e.deleted_at is null and e.is_active is not false and %(with_prices)s
         and e.price_list = any(w.wanted) and coalesce(e.minimum_quantity, 0) <= coalesce(l.quantity, 0)
       order by e.price_list is distinct from %(erp_key)s, e.currency is distinct from d.currency,
                array_position(w.wanted, e.price_list), e.minimum_quantity desc nulls last limit 1) r on true
 order by d.close_date nulls last, d.key, l.position nulls last, l.key
 limit %(offers)s
"""


@dataclass(frozen=True, slots=True)
class _Won:
    """A won deal without an order, and what became of the wish for one."""

    key: str
    name: str | None
    close_date: date | None
    currency: str | None
    amount: Decimal | None
    status: str | None
    held_reason: str | None
    message: str | None
    hint: str | None
    trouble: str | None
    remedy: str | None


_ON_ITS_WAY: Mapping[str, tuple[str, str, bool]] = {
    "planned": ("Its order is planned and goes out with the run that is under way.", "", False),
    "sending": ("Its order is being sent.", "", False),
    "in_doubt": ("Its order was sent and the answer was lost; the ERP is asked whether it has it.", "", False),
    "shadowed": (
        "Orders are in shadow: it is planned and not sent.",
        "Set the flow live when the shadow proved right.",
        False,
    ),
}
_HELD: Mapping[str, tuple[str, str, bool]] = {
    "gate": (
        "Its order waits at the gate.",
        "The next run lets it through, unless the mass-change brake holds the plan.",
        False,
    ),
    "off": ("Orders are switched off: it is planned and held.", "Switch the flow on in the pairing.", False),
}


class CrmFacts:
    """Reads one CRM account's facts; without an account all are empty."""

    def __init__(
        self, connection: Connection, pairing: Pairing, key: str | None, erp_key: str | None, today: date
    ) -> None:
        self._connection, self._pairing, self._key = connection, pairing, key
        won_since = pairing.orders.won_since
        since = date.fromisoformat(won_since) if won_since else today - timedelta(days=pairing.orders.lookback_days)
        self._wanted: dict[str, Any] = {
            "pairing": pairing.name,
            "crm": pairing.crm.system,
            "erp": pairing.erp.system,
            "key": key,
            "erp_key": erp_key,
            "today": today,
            "since": since,
            "limit": LIST,
            "offers": OFFERS,
            "price_lists": json.dumps(pairing.price_lists),
        }

    def pipeline(self) -> tuple[Pipeline, ...]:
        """Return open deals per currency."""
        return self._all(_PIPELINE, Pipeline)

    def deals(self, pipeline: tuple[Pipeline, ...]) -> Listed[Deal]:
        """Return the open deals that close first, of all that ``pipeline`` counts."""
        return Listed(self._all(_DEALS, Deal), sum(one.records for one in pipeline))

    def waiting(self) -> tuple[tuple[Total, ...], Listed[WaitingDeal]]:
        """Return won deals that have no order yet, with the sums per currency, and why each waits."""
        won = self._all(_WAITING, _Won)
        if not won:
            return (), Listed((), 0)
        modes = {one.flow: one.mode for one in flow_modes(self._connection, self._pairing)}
        waiting = tuple(_waiting(one, modes["orders"]) for one in won)
        return _totals(waiting), Listed(waiting[:LIST], len(waiting))

    def offers(self, shown: Collection[str]) -> Listed[Offer]:
        """Return the lines of open deals beside the ERP's stock and price; empty when neither may be shown."""
        chosen = {"with_stock": "stock" in shown, "with_prices": "prices" in shown}
        if self._key is None or not any(chosen.values()):
            return Listed((), 0)
        rows = self._connection.execute(_OFFERS.encode(), self._wanted | chosen).fetchall()
        return Listed(tuple(Offer(*row[:-1]) for row in rows), rows[0][-1] if rows else 0)

    def _all(self, query: str, row: type[Row]) -> tuple[Row, ...]:
        if self._key is None:
            return ()
        with self._connection.cursor(row_factory=class_row(row)) as cursor:
            return tuple(cursor.execute(query.encode(), self._wanted).fetchall())


def _waiting(won: _Won, mode: str) -> WaitingDeal:
    why, remedy, needs_a_person = _reason(won, mode)
    return WaitingDeal(won.key, won.name, won.close_date, won.currency, won.amount, why, remedy, needs_a_person)


def _reason(won: _Won, mode: str) -> tuple[str, str, bool]:
    if won.trouble:
        return won.trouble, won.remedy or "", True
    if won.status == "rejected":
        return won.message or "The ERP refused its order.", won.hint or "", True
    if won.status == "held":
        told = (won.message or f"Its order is held: {won.held_reason}.", won.hint or "", True)
        return _HELD.get(won.held_reason or "", told)
    if won.status == "waiting":
        return won.message or "Its order waits for an approval in the ERP.", won.hint or "", True
    if won.status and won.status in _ON_ITS_WAY:
        return _ON_ITS_WAY[won.status]
    if mode == "off":
        return _HELD["off"][0].partition(":")[0] + ".", _HELD["off"][1], False
    return "The next run plans its order.", "", False


def _totals(waiting: tuple[WaitingDeal, ...]) -> tuple[Total, ...]:
    sums: dict[str | None, list[Decimal]] = {}
    for deal in waiting:
        sums.setdefault(deal.currency, []).append(deal.amount or Decimal(0))
    found = [Total(currency, len(amounts), sum(amounts, Decimal(0))) for currency, amounts in sums.items()]
    return tuple(sorted(found, key=lambda one: -one.amount))
