"""What a person has to know to approve an order, gathered from the hub now: who buys, for how much, how far off the list, on what credit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import psycopg

from crosswalk.hub.codec import decode
from crosswalk.model.records import Value
from crosswalk.orders.credit import CreditFacts
from crosswalk.orders.discount import discount_of
from crosswalk.orders.facts import DealFacts
from crosswalk.orders.ordered import lines_of
from crosswalk.pairing import Pairing
from crosswalk.stages.credit_facts import list_prices_of, owing
from crosswalk.stages.facts import gather


@dataclass(frozen=True, slots=True)
class SoldLine:
    """One line as it is to be ordered; ``listed`` is its list price, None where there is none."""

    label: str
    quantity: Decimal
    price: Decimal
    listed: Decimal | None

    @property
    def amount(self) -> Decimal:
        """What it costs."""
        return self.quantity * self.price

    @property
    def discount(self) -> Decimal | None:
        """The share below the list; None without a list price."""
        return None if self.listed is None else discount_of(self.amount, self.quantity * self.listed)


@dataclass(frozen=True, slots=True)
class ApprovalFacts:
    """The order as its payload says it, beside the deal and the customer's credit as the hub knows them."""

    deal: DealFacts | None
    currency: str
    adds: Decimal
    revision: int
    lines: tuple[SoldLine, ...]
    changes: tuple[str, ...]
    credit: CreditFacts | None
    usual: Decimal | None = None
    by_product: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def discount(self) -> Decimal | None:
        """The discount of all lines that have a list price; None when none has."""
        known = [(line.amount, line.quantity * line.listed) for line in self.lines if line.listed is not None]
        if not known:
            return None
        return discount_of(
            sum((sold for sold, _ in known), Decimal(0)), sum((listed for _, listed in known), Decimal(0))
        )


def approval_facts(
    connection: psycopg.Connection, pairing: Pairing, deal_key: str, payload: Mapping[str, Any]
) -> ApprovalFacts:
    """Return the facts about one order that waits; a handful of queries."""
    deals = gather(connection, pairing, [deal_key])
    listed = list_prices_of(connection, pairing, deals)
    customer, policy = payload.get("customer"), pairing.orders.discount
    owner = str(deals[0].deal.values.get("owner")) if deals else ""
    return ApprovalFacts(
        deal=deals[0] if deals else None,
        currency=str(payload.get("currency") or ""),
        adds=Decimal(str(payload.get("adds") or 0)),
        revision=int(payload.get("revision") or 1),
        lines=tuple(
            _line(key, line, listed)
            for key, line in lines_of(decode(payload.get("asked") or payload["ordered"])).items()
        ),
        changes=tuple(payload.get("changes") or ()),
        credit=owing(connection, pairing, [str(customer)]).get(str(customer)) if customer else None,
        usual=policy.by_owner.get(owner, policy.most),
        by_product=policy.by_product,
    )


def _line(key: str, line: Mapping[str, Value], listed: Mapping[str, Decimal | None]) -> SoldLine:
    quantity, price = line.get("quantity"), line.get("unit_price")
    return SoldLine(
        str(line.get("label") or key),
        quantity if isinstance(quantity, Decimal) else Decimal(0),
        price if isinstance(price, Decimal) else Decimal(0),
        listed.get(key),
    )
