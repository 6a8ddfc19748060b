"""May this customer owe that much? Balance, open orders and this order against the limit, in the limit's currency. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from crosswalk.model.records import Image
from crosswalk.orders.concerns import Concern
from crosswalk.orders.facts import Problem
from crosswalk.pairing.selling import CreditPolicy

Sums = Mapping[str, Decimal]
"""Amounts by currency; they are added up only where the pairing says what one is worth in the other."""


@dataclass(frozen=True, slots=True)
class CreditFacts:
    """What a customer (or the family it is counted with) owes. ``as_of`` is when the oldest of these facts reached the hub.

    ``open_orders`` are orders in the ERP not yet billed, ``under_way`` orders we are sending or planned before this one in the same plan.
    """

    holder: Image
    owed: Sums = field(default_factory=dict)
    open_orders: Sums = field(default_factory=dict)
    under_way: Sums = field(default_factory=dict)
    days_overdue: int = 0
    as_of: datetime | None = None
    home_currency: str | None = (
        None  # where the ERP keeps limits and balances in its own currency, whatever the customer's is
    )

    @property
    def currency(self) -> str | None:
        """The currency of the limit and the balance."""
        own = self.home_currency or self.holder.values.get("currency")
        return str(own) if own else None


def added(*sums: Sums) -> dict[str, Decimal]:
    """Return the sums together, currency by currency."""
    total: dict[str, Decimal] = {}
    for one in sums:
        for currency, amount in one.items():
            total[currency] = total.get(currency, Decimal(0)) + amount
    return total


def converted(amounts: Sums, currency: str, rates: Mapping[str, Mapping[str, Decimal]]) -> tuple[Decimal, set[str]]:
    """Return the amounts in ``currency``, and the currencies the pairing gives no rate for; never converts without one."""
    total, unknown = Decimal(0), set()
    for own, amount in amounts.items():
        rate = Decimal(1) if own == currency else rates.get(own, {}).get(currency)
        if amount and rate is None:
            unknown.add(own)
        total += amount * (rate or Decimal(0))
    return total, unknown


def credit_concerns(
    deal: Image, account: Image, facts: CreditFacts, order: Decimal, policy: CreditPolicy
) -> Iterator[Concern]:
    """Yield what speaks against lending ``order`` more (in the deal's currency; what an amendment adds, for an amendment)."""
    yield from _late(account, facts, policy)
    if policy.over_limit == "ignore" or order <= 0:
        return
    limit, currency = facts.holder.values.get("credit_limit"), facts.currency
    if not isinstance(limit, Decimal):
        return
    this = {str(deal.values.get("currency") or currency): order}
    parts = (facts.owed, facts.open_orders, facts.under_way, this)
    home = str(currency or deal.values.get("currency"))
    used, unknown = converted(added(*parts), home, policy.rates)
    if unknown:
        yield Concern(policy.over_limit, _unconvertible(account, facts, unknown, home))
        return
    allowed = limit * (1 + policy.tolerance)
    if used > allowed:
        owed, orders, under_way, wanted = (converted(part, home, policy.rates)[0] for part in parts)
        tolerance = f" (with {policy.tolerance:.0%} tolerance {allowed:.2f})" if policy.tolerance else ""
        message = (
            f"This order takes {_holder(facts)} to {used:.2f} {home}: balance {owed:.2f}, open orders {orders:.2f}, orders under way "
            f"{under_way:.2f}, this order {wanted:.2f}; the credit limit is {limit:.2f}{tolerance}, {_since(facts)}."
        )
        hint = f"Collect {used - allowed:.2f} {home} or more, have the limit raised in the ERP, or agree prepayment; the next run looks again."
        yield Concern(
            policy.over_limit, Problem("credit_limit", "customer", account.key, "credit_limit", message, hint)
        )


def _late(account: Image, facts: CreditFacts, policy: CreditPolicy) -> Iterator[Concern]:
    if policy.overdue_days is None or facts.days_overdue <= policy.overdue_days:
        return
    message = f"{_holder(facts)} has an invoice that is {facts.days_overdue} days overdue; this pairing allows {policy.overdue_days}, {_since(facts)}."
    hint = "Have the open invoices paid, or agree with finance; the next run looks again."
    yield Concern(policy.overdue, Problem("overdue", "customer", account.key, "overdue", message, hint))


def _unconvertible(account: Image, facts: CreditFacts, unknown: set[str], home: str) -> Problem:
    currencies = ", ".join(sorted(unknown))
    return Problem(
        "credit_currency",
        "customer",
        account.key,
        "currency",
        f"The credit limit of {_holder(facts)} is in {home}, but amounts in {currencies} count against it, and the pairing gives no rate.",
        f"Look at the customer's credit yourself, or give orders.credit.rates for {currencies} to {home} in the pairing file.",
    )


def _holder(facts: CreditFacts) -> str:
    return f"ERP customer {facts.holder.values.get('name')!r} ({facts.holder.key})"


def _since(facts: CreditFacts) -> str:
    return f"as of {facts.as_of:%Y-%m-%d %H:%M} UTC" if facts.as_of else "as of an unknown time"
