"""A ready deal as the writes it asks for: the order, and the customer when the ERP has none. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from crosswalk.model.records import Image, Value
from crosswalk.orders.amend import Judgement, Revised
from crosswalk.orders.amounts import price_sold
from crosswalk.orders.choice import chosen, facts_of
from crosswalk.orders.facts import DealFacts
from crosswalk.orders.ordered import Ordered, carried, ordered
from crosswalk.pairing import OrderPolicy
from crosswalk.pairing.document import slug_of


@dataclass(frozen=True, slots=True)
class Draft:
    """One record to be created in the ERP, or changed there when ``target`` names it: canonical values for the mapping, native values
    from the pairing's rules. ``ordered`` is what an order orders; ``version`` what the target was when this was decided (law 3).
    """

    key: str
    entity: str
    source: Image
    canonical: Mapping[str, Value]
    native: Mapping[str, Value]
    lines: tuple[tuple[Mapping[str, Value], Mapping[str, Value]], ...] = ()
    depends_on: str | None = None
    ordered: Ordered = field(default_factory=dict)
    revision: int = 1
    target: str | None = None
    version: str | None = None


def order_key(prefix: str, deal_key: str, revision: int = 1) -> str:
    """Return the key of a deal's revision: the first is the order's own key for good, later ones change that order (law 2)."""
    return f"{prefix}{deal_key}-R{revision}"


def drafts_of(
    facts: DealFacts, policy: OrderPolicy, prefixes: Mapping[str, str], today: date, parent: ParentOf | None = None
) -> list[Draft]:
    """Return what a ready deal asks for, parents first. ``today`` is the date in the plan's fixed now."""
    drafts = []
    customer = None
    if facts.customer_key is None and facts.account is not None:
        drafts.append(customer_draft(facts, facts.account, policy, prefixes, parent))
        customer = drafts[0].key
    drafts.append(_order(facts, policy, prefixes, today, customer))
    return drafts


# --- customers ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ParentOf:
    """The parent a new customer gets: one the ERP has (``customer_key``), or one that is created first (``depends_on``)."""

    customer_key: str | None = None
    depends_on: str | None = None


def customer_key(prefixes: Mapping[str, str], account_key: str, subsidiary: str | None = None) -> str:
    """Return the key a customer is created under: one an account, or, where the pairing tells subsidiaries apart, one in each of them."""
    key = f"{prefixes.get('customer', '')}{account_key}"
    return f"{key}-{slug_of(subsidiary)}" if subsidiary else key


def customer_draft(
    facts: DealFacts,
    account: Image,
    policy: OrderPolicy,
    prefixes: Mapping[str, str],
    parent: ParentOf | None = None,
) -> Draft:
    """Return the customer an account becomes, under its parent where that is known."""
    carries = (
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
    values = {**account.values, **facts.first}
    canonical: dict[str, Value] = {name: values[name] for name in carries if values.get(name) is not None}
    canonical["counterpart_key"] = account.key
    if parent and parent.customer_key:
        canonical["parent_key"] = parent.customer_key
    native = chosen(policy.customer, facts_of(facts))
    depends_on = parent.depends_on if parent else None
    return Draft(
        customer_key(prefixes, account.key, facts.subsidiary), "customer", account, canonical, native, (), depends_on
    )


# --- orders ---------------------------------------------------------------------------------------------


def _order(
    facts: DealFacts, policy: OrderPolicy, prefixes: Mapping[str, str], today: date, parent: str | None
) -> Draft:
    deal = facts.deal
    key = order_key(prefixes.get("deal", ""), deal.key)
    known = facts_of(facts)
    canonical: dict[str, Value] = {"order_date": today, "memo": deal.values.get("name"), "intent_key": key}
    if deal.values.get("purchase_order"):
        canonical["purchase_order"] = deal.values["purchase_order"]
    canonical |= _given({name: carried(facts, source) for name, source in policy.carry.items()})
    if isinstance(wished := canonical.get("ship_date"), date) and wished < today:
        canonical["ship_date"] = today  # nothing is delivered before it is ordered; ERPs refuse such a day
    if facts.customer_key is not None:
        canonical["customer_key"] = facts.customer_key
    native: dict[str, Value] = {**chosen(policy.header, known), **_ship_to(ordered(facts, policy), policy)}
    native_line = chosen(policy.line, known)
    lines = tuple((_line(facts, line), native_line) for line in sorted(facts.lines, key=_position))
    return Draft(key, "order", deal, canonical, native, lines, parent, ordered(facts, policy))


def amendment(revised: Revised, judgement: Judgement, policy: OrderPolicy, prefixes: Mapping[str, str]) -> Draft:
    """Return the change of the order that a judged revision asks for: header facts that changed, and the lines when one did.

    Lines nobody changed are only named (``amend.line_key``), so that what the ERP keeps in them stays; without that, all are rewritten.
    """
    facts, order = revised.facts, revised.order
    assert order is not None
    changed = {one.field for one in judgement.differences if one.line is None}
    moved = "ship_to|country" in changed
    known, rules = facts_of(facts), policy.header
    by_address = {name: rule for name, rule in rules.items() if rule.by == "shipping_country"} if moved else {}
    canonical: dict[str, Value] = {}
    if "purchase_order" in changed:
        canonical["purchase_order"] = revised.now.get("purchase_order")
    canonical |= {name: revised.now.get(f"carry|{name}") for name in policy.carry if f"carry|{name}" in changed}
    native: dict[str, Value] = dict(chosen(by_address, known))
    if any(name.startswith("ship_to|") for name in changed):
        native |= _ship_to(revised.now, policy, whole=True)
    touched = {one.line for one in judgement.differences if one.line is not None}
    lines = tuple(_amended_lines(revised, judgement, policy, touched, everything=moved)) if touched or moved else ()
    number = revised.revision + 1
    return Draft(
        order_key(prefixes.get("deal", ""), facts.deal.key, number),
        "order",
        facts.deal,
        canonical,
        native,
        lines,
        None,
        revised.now,
        number,
        order.key,
        order.version,
    )


def _amended_lines(
    revised: Revised, judgement: Judgement, policy: OrderPolicy, touched: set[str], *, everything: bool
) -> Iterator[tuple[Mapping[str, Value], Mapping[str, Value]]]:
    """Yield the lines as they shall be: those the order has, in its order, then new ones."""
    facts, line_key = revised.facts, policy.amend.line_key
    native = chosen(policy.line, facts_of(facts))
    deal_lines = {line.key: line for line in facts.lines}
    there = sorted(
        (key for key in judgement.pairs if key in deal_lines), key=lambda key: _position(judgement.pairs[key])
    )
    for key in there:
        name: dict[str, Value] = {line_key: _line_number(judgement.pairs[key])} if line_key else {}
        if name and key not in touched and not everything:
            yield {}, name
        else:
            yield _line(facts, deal_lines[key]), {**native, **name}
    for line in sorted(facts.lines, key=_position):
        if line.key not in judgement.pairs:
            yield _line(facts, line), native


def _line_number(line: Image) -> Value:
    """Return what names a line inside its document: the last part of its key."""
    number = line.key.rpartition("|")[2]
    return int(number) if number.isdigit() else number


def _ship_to(known: Ordered, policy: OrderPolicy, *, whole: bool = False) -> dict[str, Value]:
    """Return the shipping address in the order's native fields; ``whole`` empties parts the address lacks."""
    address: dict[str, Value] = {native: known.get(f"ship_to|{part}") for part, native in policy.ship_to.items()}
    return address if whole else _given(address)


def _given(values: Mapping[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in values.items() if value is not None}


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
