"""How a native field gets its value from a fact of the deal, by the pairing's rules. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from crosswalk.model.records import Image, Value
from crosswalk.orders.facts import DealFacts
from crosswalk.pairing import ChoiceRule


def facts_of(facts: DealFacts) -> dict[str, str | None]:
    """Return the facts that choice rules may go by."""
    account = facts.account.values if facts.account else {}
    customer = facts.customer.values if facts.customer else {}
    known: dict[str, Value] = {
        **{f"account.{name}": value for name, value in _own(facts.account).items()},
        **{f"deal.{name}": value for name, value in _own(facts.deal).items()},
        "currency": facts.deal.values.get("currency"),
        "price_list": facts.deal.values.get("price_list"),
        "billing_country": account.get("billing_country"),
        "shipping_country": account.get("shipping_country") or account.get("billing_country"),
        "subsidiary": customer.get("subsidiary") or facts.subsidiary,
        "is_existing_customer": "yes" if facts.customer_key else "no",
    }
    return {name: _said(value) for name, value in known.items()}


def _own(image: Image | None) -> dict[str, Value]:
    return {**image.extras, **image.values} if image else {}


def _said(value: Value) -> str | None:
    return ("true" if value else "false") if isinstance(value, bool) else None if value is None else str(value)


def choose(rule: ChoiceRule, known: Mapping[str, str | None]) -> str | None:
    """Return the value the rule gives, None when it has none for this fact."""
    if rule.by is not None:
        fact = known.get(rule.by)
        if fact is not None and fact in rule.values:
            return rule.values[fact]
    return rule.default


def chosen(rules: Mapping[str, ChoiceRule], known: Mapping[str, str | None]) -> dict[str, str]:
    """Return every native field the rules give a value for."""
    values = {name: choose(rule, known) for name, rule in rules.items()}
    return {name: value for name, value in values.items() if value is not None}
