"""What a deal orders, as flat facts, and how two such sets differ. A revision begins where they differ, and nowhere else. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from crosswalk.model.records import Image, Value
from crosswalk.orders.amounts import price_sold
from crosswalk.orders.facts import DealFacts
from crosswalk.pairing import OrderPolicy

Ordered = Mapping[str, Value]
"""``customer``, ``currency``, ``purchase_order``, ``subsidiary``, ``carry|<field>``, ``ship_to|<part>`` and ``line|<key>|<field>``."""

LINE_FIELDS = ("product", "quantity", "unit_price", "description")
_LABEL = "label"  # how people call a line; it orders nothing


@dataclass(frozen=True, slots=True)
class Difference:
    """One ordered fact that is another now; ``line`` is the deal line's key, None for the header."""

    field: str
    was: Value
    now: Value
    line: str | None = None
    label: str | None = None

    def __str__(self) -> str:
        place = f"line {self.label or self.line}: " if self.line else ""
        return f"{place}{self.field.replace('_', ' ').replace('|', ' ')} {_said(self.was)} → {_said(self.now)}"


def ordered(facts: DealFacts, policy: OrderPolicy) -> dict[str, Value]:
    """Return what ``facts.deal`` orders; every line must have a quantity and a price. Stage, owner and name order nothing."""
    deal = facts.deal
    known: dict[str, Value] = {
        "customer": deal.values.get("customer_key"),
        "currency": deal.values.get("currency"),
        "purchase_order": deal.values.get("purchase_order"),
        "subsidiary": facts.subsidiary,
    }
    for name, source in policy.carry.items():
        known[f"carry|{name}"] = carried(facts, source)
    for part in policy.ship_to:
        known[f"ship_to|{part}"] = _shipping(facts.account, part)
    for line in facts.lines:
        known |= {line_name(line.key, name): value for name, value in _line(line).items()}
    return {name: value for name, value in known.items() if value is not None}


def line_name(key: str, field: str) -> str:
    """Return the name of a line's ordered fact."""
    return f"line|{key}|{field}"


def carried(facts: DealFacts, source: str) -> Value:
    """Return the fact a carried field comes from: a field or extra of the deal, or of its account (``account.region``)."""
    owner, dot, name = source.partition(".")
    image = facts.account if dot and owner == "account" else facts.deal
    name = name if dot and owner in ("account", "deal") else source
    if image is None:
        return None
    return image.values[name] if name in image.values else image.extras.get(name)


def _shipping(account: Image | None, part: str) -> Value:
    """Return a part of the shipping address; an account without one ships to where it is billed."""
    if account is None:
        return None
    use = "shipping" if account.values.get("shipping_street") else "billing"
    return account.values.get(f"{use}_{part}")


def _line(line: Image) -> dict[str, Value]:
    return {
        "product": line.values.get("product_key"),
        "quantity": line.values.get("quantity"),
        "unit_price": price_sold(line),
        "description": line.values.get("description"),
        _LABEL: line.values.get("sku") or line.values.get("description"),
    }


def lines_of(known: Ordered) -> dict[str, dict[str, Value]]:
    """Return the ordered lines by their key, in the order they were noted."""
    lines: dict[str, dict[str, Value]] = {}
    for name, value in known.items():
        if name.startswith("line|"):
            _, key, field = name.split("|", 2)
            lines.setdefault(key, {})[field] = value
    return lines


def header_of(known: Ordered) -> dict[str, Value]:
    """Return the ordered facts that are no line's."""
    return {name: value for name, value in known.items() if not name.startswith("line|") and name != "revision"}


def differences(was: Ordered, now: Ordered) -> list[Difference]:
    """Return what changed, header first; empty when the same is ordered, however the lines are sorted."""
    return [*_of_header(header_of(was), header_of(now)), *_of_lines(lines_of(was), lines_of(now))]


def _of_header(was: Mapping[str, Value], now: Mapping[str, Value]) -> Iterator[Difference]:
    for name in sorted(was.keys() | now.keys()):
        if was.get(name) != now.get(name):
            yield Difference(name, was.get(name), now.get(name))


def _of_lines(was: Mapping[str, Mapping[str, Value]], now: Mapping[str, Mapping[str, Value]]) -> Iterator[Difference]:
    for key in [*was, *(key for key in now if key not in was)]:
        before, after = was.get(key, {}), now.get(key, {})
        label = after.get(_LABEL) or before.get(_LABEL)
        for name in LINE_FIELDS:
            if before.get(name) != after.get(name):
                yield Difference(name, before.get(name), after.get(name), key, None if label is None else str(label))


def said(found: Sequence[Difference], most: int = 6) -> str:
    """Return differences in one line of words, the first few of many."""
    more = f"; and {len(found) - most} more" if len(found) > most else ""
    return "; ".join(str(one) for one in found[:most]) + more


def _said(value: Value) -> str:
    return "(nothing)" if value is None else f"{value:f}" if hasattr(value, "quantize") else str(value)
