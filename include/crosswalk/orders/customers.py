"""Which accounts become customers: the pairing's trigger rule on what the CRM says. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from crosswalk.model.records import Image, Value
from crosswalk.orders.facts import Problem


def rule_of(create_customers: str) -> tuple[str, str]:
    """Return a trigger rule's kind and what it names: ``stage:Negotiation`` → ``("stage", "Negotiation")``."""
    kind, _, named = create_customers.partition(":")
    return kind, named.strip()


def qualifies(account: Image, deals: Sequence[Image], create_customers: str) -> bool:
    """Tell whether an account becomes a customer. ``deals`` are its deals; one that was won is past every stage.

    An account about which the rule says nothing is a prospect, and stays one.
    """
    kind, named = rule_of(create_customers)
    alive = [deal for deal in deals if not deal.deleted]
    if account.deleted or kind == "never":
        return False
    if kind == "type":
        return fact_of(account, "type") == named
    if kind == "flag":
        return fact_of(account, named) is True
    won = any(deal.values.get("is_won") is True for deal in alive)
    if kind == "stage":
        lost = {deal.key for deal in alive if deal.values.get("is_closed") and not deal.values.get("is_won")}
        return won or any(deal.values.get("stage") == named and deal.key not in lost for deal in alive)
    return won


def fact_of(account: Image, name: str) -> Value:
    """Return a field or an extra of the account."""
    return account.values[name] if name in account.values else account.extras.get(name)


def unqualified(account: Image, create_customers: str) -> Problem:
    """Return why an account with a won deal does not become a customer."""
    kind, named = rule_of(create_customers)
    wanted = f"of type {named!r}" if kind == "type" else f"with {named} ticked"
    field = "type" if kind == "type" else named
    return Problem(
        "customer_not_qualified",
        "customer",
        account.key,
        field,
        f"Customer {account.values.get('name')!r} of the CRM has no ERP customer, and only those {wanted} become one.",
        f"Correct its {field} in the CRM, or create the customer in the ERP and link it.",
    )


def customer_under_way(account: Image, loser: str) -> Problem:
    """Return why an account gets no customer yet although one is being made: for an account that was merged into it meanwhile."""
    return Problem(
        "customer_under_way",
        "customer",
        account.key,
        "counterpart_key",
        f"Customer {account.values.get('name')!r} of the CRM is getting the ERP customer that was being made for {loser}, which was merged into it.",
        "Nothing is to be done: the deal goes on when that customer was made.",
    )
