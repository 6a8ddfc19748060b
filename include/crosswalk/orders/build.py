"""A ready deal as the writes it asks for: the order, and the customer when the ERP has none. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from crosswalk.model.records import Image, Value
from crosswalk.orders.amounts import price_sold
from crosswalk.orders.choice import chosen, facts_of
from crosswalk.orders.facts import DealFacts
from crosswalk.pairing import OrderPolicy

REVISION = "R1"


@dataclass(frozen=True, slots=True)
class Draft:
    """One record to be created in the ERP: canonical values for the mapping, native values from the pairing's rules."""

    key: str
    entity: str
    source: Image
    canonical: Mapping[str, Value]
    native: Mapping[str, Value]
    lines: tuple[tuple[Mapping[str, Value], Mapping[str, Value]], ...] = ()
    depends_on: str | None = None


def order_key(prefix: str, deal_key: str) -> str:
    """Return the key an order is created under: one per deal and revision (law 2)."""
    return f"{prefix}{deal_key}-{REVISION}"


def drafts_of(facts: DealFacts, policy: OrderPolicy, prefixes: Mapping[str, str], today: date) -> list[Draft]:
    """Return what a ready deal asks for, parents first. ``today`` is the date in the plan's fixed now."""
    drafts = []
    parent = None
    if facts.customer_key is None and facts.account is not None:
        customer = _customer(facts, facts.account, policy, prefixes)
        parent = customer.key
        drafts.append(customer)
    drafts.append(_order(facts, policy, prefixes, today, parent))
    return drafts


def _customer(facts: DealFacts, account: Image, policy: OrderPolicy, prefixes: Mapping[str, str]) -> Draft:
    carried = (
        "name",
        "email",
        "phone",
        "website",
        *(
            f"{use}_{part}"
            for use in ("billing", "shipping")
            for part in ("street", "city", "state", "postal_code", "country")
        ),
    )
    canonical: dict[str, Value] = {
        field: account.values[field] for field in carried if account.values.get(field) is not None
    }
    canonical["counterpart_key"] = account.key
    key = f"{prefixes.get('customer', '')}{account.key}"
    return Draft(key, "customer", account, canonical, chosen(policy.customer, facts_of(facts)))


def _order(
    facts: DealFacts, policy: OrderPolicy, prefixes: Mapping[str, str], today: date, parent: str | None
) -> Draft:
    deal = facts.deal
    key = order_key(prefixes.get("deal", ""), deal.key)
    known = facts_of(facts)
    canonical: dict[str, Value] = {"order_date": today, "memo": deal.values.get("name"), "intent_key": key}
    if deal.values.get("purchase_order"):
        canonical["purchase_order"] = deal.values["purchase_order"]
    if facts.customer_key is not None:
        canonical["customer_key"] = facts.customer_key
    native_line = chosen(policy.line, known)
    lines = tuple((_line(facts, line), native_line) for line in sorted(facts.lines, key=_position))
    return Draft(key, "order", deal, canonical, chosen(policy.header, known), lines, parent)


def _position(line: Image) -> tuple[int, str]:
    position = line.values.get("position")
    return (position if isinstance(position, int) else 0, line.key)


def _line(facts: DealFacts, line: Image) -> dict[str, Value]:
    product = facts.products[str(line.values["product_key"])]
    values: dict[str, Value] = {
        "product_key": product.key,
        "quantity": line.values["quantity"],
        "unit_price": price_sold(line),
    }
    if line.values.get("description"):
        values["description"] = line.values["description"]
    return values
