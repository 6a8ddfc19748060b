"""A changed deal against its order: the amendment it asks for, or why a person must look. Pure.

Three states are compared: what was ordered last (base), what the deal says now, and what the order says now. Only where the order is
still what was ordered is it changed (law 3); where it already is what the deal says, there is nothing to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from crosswalk.model.records import Image, Value
from crosswalk.orders.facts import DealFacts, Problem
from crosswalk.orders.ordered import Difference, Ordered, differences, lines_of, said
from crosswalk.pairing import OrderPolicy

_CENTS = 2  # decimals of a price that every ERP keeps
_FIXED = {"customer": "another customer", "currency": "another currency"}


@dataclass(frozen=True, slots=True)
class Revised:
    """A deal whose order was made. ``base`` is what was ordered last, ``now`` what the deal says; ``items`` are ERP items by CRM product."""

    facts: DealFacts
    base: Ordered
    revision: int
    order: Image | None
    order_lines: tuple[Image, ...]
    items: Mapping[str, str]
    now: Ordered = field(default_factory=dict)


class Verdict(StrEnum):
    """What becomes of a deal whose order was made."""

    SAME = "same"  # what is ordered did not change
    AGREED = "agreed"  # the order says already what the deal says
    WAIT = "wait"  # the hub has not read the order's lines as of its last save
    AMEND = "amend"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict with what differs, which order line each deal line is, and what a person must know."""

    verdict: Verdict
    differences: tuple[Difference, ...] = ()
    pairs: Mapping[str, Image] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def judge(revised: Revised, policy: OrderPolicy) -> Judgement:
    """Return what becomes of the deal: amended only while the ERP allows it and nobody changed the order there."""
    found = tuple(differences(revised.base, revised.now))
    if not found or policy.amend.changes == "ignore":
        return Judgement(Verdict.SAME, found)
    order = revised.order
    if order is None or order.deleted:
        return _flag(revised, found, "order_gone", "its order does not exist any more", "Order it anew by hand.")
    if _stale(order, revised.order_lines):
        return Judgement(Verdict.WAIT, found)
    pairs = None if _of_another(revised, found) else _pairs(revised, revised.now, policy)
    if pairs is not None:
        unsaid = tuple(_unsaid(order, found))
        if not unsaid:
            return Judgement(Verdict.AGREED, found)
        found = unsaid  # all else the order says already
    else:
        pairs = _pairs(revised, revised.base, policy)
    if pairs is None:
        return _edited(revised, found, policy)
    why = _forbidden(order, revised.order_lines, found, policy)
    if why:
        hint = "Agree with the customer, change the order in the ERP by hand, or set the deal back."
        return _flag(revised, found, "order_not_amendable", why, hint)
    return Judgement(Verdict.AMEND, found, pairs)


def reopened(revised: Revised, policy: OrderPolicy) -> Problem | None:
    """Return the flag for a deal that is not won any more although its order was made; the order is not touched."""
    deal = revised.facts.deal
    if policy.amend.on_reopen == "ignore" or (deal.values.get("is_won") and not deal.deleted):
        return None
    order = revised.order
    if order is None or order.deleted or order.values.get("status") in ("cancelled", "closed"):
        return None
    return Problem(
        "deal_reopened",
        "deal",
        deal.key,
        "stage",
        f"Deal {_name(revised)!r} {_state(deal)}, but {_order(order)} was made for it and is {_status(order)}.",
        "Win the deal again, or cancel the order in the ERP; this pairing never cancels orders.",
    )


def given_up_while_kept(deal: Image, why: str | None) -> Problem:
    """Return the flag for a deal that is not won any more while its order waits for an approval in the ERP; ``why`` is what that said."""
    return Problem(
        "deal_reopened",
        "deal",
        deal.key,
        "stage",
        f"Deal {deal.values.get('name')!r} {_state(deal)}, but its order waits for an approval in the ERP: {why or 'it is kept there.'}",
        "Refuse the approval in the ERP, or win the deal again; once it is approved there, the order is made.",
    )


def _state(deal: Image) -> str:
    if deal.deleted:
        return "was deleted"
    return f"is {'lost' if deal.values.get('is_closed') else 'open again'} ({deal.values.get('stage')})"


def _forbidden(order: Image, lines: Sequence[Image], found: Sequence[Difference], policy: OrderPolicy) -> str:
    """Return why the ERP does not let the order be changed; empty when it does."""
    if policy.amend.changes == "flag":
        return "this pairing leaves amendments to people"
    fixed = [_FIXED[one.field] for one in found if one.field in _FIXED]
    if fixed:
        return f"an order cannot get {' and '.join(fixed)}"
    if order.values.get("status") not in policy.amend.statuses:
        return f"{_order(order)} is {_status(order)}"
    for name, word in (("quantity_shipped", "shipped"), ("quantity_billed", "billed")):
        if any(line.values.get(name) for line in lines if not line.deleted):
            return f"{_order(order)} is partly {word}"
    return ""


def _of_another(revised: Revised, found: Sequence[Difference]) -> bool:
    """Tell whether the deal was given to an account whose customer is not the order's."""
    order = revised.order
    assert order is not None
    moved = any(one.field == "customer" for one in found)
    return moved and order.values.get("customer_key") != revised.facts.customer_key


def _unsaid(order: Image, found: Sequence[Difference]) -> Iterator[Difference]:
    """Yield what differs and is not read of orders: they may say it or not."""
    for one in found:
        kind, _, name = one.field.partition("|")
        if one.line is None and (kind == "ship_to" or (kind == "carry" and not _readable(order, name))):
            yield one


def _stale(order: Image, lines: Sequence[Image]) -> bool:
    """Tell whether lines were read before the order's last save: they bear its stamp."""
    return any(line.version and line.version != order.version for line in lines if not line.deleted)


def _pairs(revised: Revised, known: Ordered, policy: OrderPolicy) -> dict[str, Image] | None:
    """Return the order line of each line of ``known`` when the order says exactly that, else None."""
    order = revised.order
    assert order is not None
    if order.values.get("purchase_order") != known.get("purchase_order"):
        return None
    if any(_of_order(order, name) != known.get(f"carry|{name}") for name in policy.carry if _readable(order, name)):
        return None
    left = sorted((line for line in revised.order_lines if not line.deleted), key=_position)
    pairs: dict[str, Image] = {}
    for key, line in lines_of(known).items():
        item = revised.items.get(str(line.get("product")))
        twin = next((one for one in left if _same(one, line, item, policy.total_tolerance)), None)
        if twin is None:
            return None
        left.remove(twin)
        pairs[key] = twin
    return None if left else pairs


def _same(there: Image, line: Mapping[str, Value], item: str | None, tolerance: Decimal) -> bool:
    quantity, price = line.get("quantity"), line.get("unit_price")
    rate = there.values.get("unit_price")
    if there.values.get("product_key") != item or there.values.get("quantity") != quantity:
        return False
    if not (isinstance(rate, Decimal) and isinstance(price, Decimal) and isinstance(quantity, Decimal)):
        return rate == price
    return abs(rate - price) * quantity <= tolerance / 2 or rate == _kept(price, rate)


def _kept(price: Decimal, rate: Decimal) -> Decimal:
    """Return what an ERP that keeps no more decimals than ``rate`` has, and cents at least, makes of a price: zeros at its end are not told."""
    exponent = rate.normalize().as_tuple().exponent
    places = max(_CENTS, -exponent if isinstance(exponent, int) else 0)
    return price.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _position(line: Image) -> tuple[int, str]:
    position = line.values.get("position")
    return (position if isinstance(position, int) else 0, line.key)


def _readable(order: Image, name: str) -> bool:
    return name in order.values or name in order.extras


def _of_order(order: Image, name: str) -> Value:
    return order.values[name] if name in order.values else order.extras.get(name)


def _edited(revised: Revised, found: tuple[Difference, ...], policy: OrderPolicy) -> Judgement:
    """Flag both sides' changes: the deal's since it was ordered, and the order's since we wrote it."""
    theirs = "; ".join(_changes_in_order(revised, policy.total_tolerance)) or "other fields"
    why = f"{_order(revised.order)} was changed in the ERP, too ({theirs})"
    return _flag(revised, found, "order_changed_meanwhile", why, "Decide which holds, and make both say it.")


def _changes_in_order(revised: Revised, tolerance: Decimal) -> Iterator[str]:
    order = revised.order
    assert order is not None
    was, now = revised.base.get("purchase_order"), order.values.get("purchase_order")
    if was != now:
        yield f"purchase order {was or '(nothing)'} → {now or '(nothing)'}"
    left = sorted((line for line in revised.order_lines if not line.deleted), key=_position)
    for line in lines_of(revised.base).values():
        item = revised.items.get(str(line.get("product")))
        exact = next((one for one in left if _same(one, line, item, tolerance)), None)
        twin = exact or next((one for one in left if one.values.get("product_key") == item), None)
        label = line.get("label") or item
        if twin is None:
            yield f"line {label}: removed"
            continue
        left.remove(twin)
        if twin is exact:
            continue
        for name in ("quantity", "unit_price"):
            if twin.values.get(name) != line.get(name):
                yield f"line {label}: {name.replace('_', ' ')} {line.get(name)} → {twin.values.get(name)}"
    for one in left:
        yield f"line with item {one.values.get('product_key')}: added"


def _flag(revised: Revised, found: tuple[Difference, ...], code: str, why: str, hint: str) -> Judgement:
    message = f"Deal {_name(revised)!r} was changed after it was ordered ({said(found)}), but {why}."
    problem = Problem(code, "deal", revised.facts.deal.key, found[0].field, message, hint)
    return Judgement(Verdict.FLAG, found, {}, (problem,))


def _name(revised: Revised) -> Value:
    return revised.facts.deal.values.get("name")


def _order(order: Image | None) -> str:
    return "its order" if order is None else f"order {order.values.get('number') or order.key}"


def _status(order: Image) -> str:
    return str(order.values.get("status") or "in an unknown state").replace("_", " ")
