"""An order that a person edited before it is sent again: measured anew, for what was approved, or needed no approval, was another one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import psycopg

from crosswalk.hub.codec import decode, encode
from crosswalk.hub.reading import images
from crosswalk.hub.writes import StoredWrite
from crosswalk.mapping.definition import EntityMapping
from crosswalk.model.entities import PRODUCT
from crosswalk.model.records import Image, Value
from crosswalk.orders.amounts import total_of
from crosswalk.orders.credit import credit_concerns
from crosswalk.orders.discount import discount_concerns
from crosswalk.orders.facts import DealFacts, Problem, ProductFacts
from crosswalk.orders.ordered import line_name
from crosswalk.pairing import Pairing
from crosswalk.stages.credit_facts import credit_facts, list_prices
from crosswalk.stages.facts import gather

_ASK = "Approve or reject it in Airflow (Browse → Required Actions)."
READ = ("product_key", "quantity", "unit_price")


@dataclass(frozen=True, slots=True)
class Measured:
    """The payload to be sent, with what it adds and the codes of what needs an approval; ``why``, and what can be done, where it needs one."""

    payload: dict[str, Any]
    why: tuple[str, str] | None = None


def measured(
    connection: psycopg.Connection,
    pairing: Pairing,
    order_line: EntityMapping | None,
    write: StoredWrite,
    payload: Mapping[str, Any],
) -> Measured:
    """Return the edited ``payload`` of an order that was refused, held against the limits on discount and credit.

    Whatever the pairing does about an order beyond its limits, an edited one waits for a person's approval.
    """
    if order_line is None or write.flow != "orders" or write.entity != "order":
        return Measured(dict(payload))
    found = gather(connection, pairing, [write.source_key])
    if not found:
        return Measured(dict(payload))
    before, after = (_as_sold(connection, pairing, order_line, found[0], one) for one in (write.payload, payload))
    adds = Decimal(str(write.payload.get("adds") or 0)) + total_of(after.lines) - total_of(before.lines)
    wishes = list(_concerns(connection, pairing, after, adds))
    known = {**payload, "adds": str(adds), "asked": encode(_asked(write.payload, after.lines))}
    codes = sorted({*payload.get("approval", ()), *(one.code for one in wishes)})
    if not codes:
        return Measured(known)
    messages = [one.message for one in wishes] or ["It was edited after somebody approved it."]
    return Measured(known | {"approval": codes}, (" ".join(messages), wishes[0].hint if wishes else _ASK))


def _concerns(connection: psycopg.Connection, pairing: Pairing, facts: DealFacts, adds: Decimal) -> Iterator[Problem]:
    listed = list_prices(connection, pairing, [facts])
    if listed:
        yield from (one.problem for one in discount_concerns(facts, listed, pairing.orders.discount))
    known = credit_facts(connection, pairing, [facts.customer_key]) if facts.customer_key else {}
    for credit in known.values():
        if facts.account is not None:
            found = credit_concerns(facts.deal, facts.account, credit, adds, pairing.orders.credit)
            yield from (one.problem for one in found if one.answer != "warn")


def _as_sold(
    connection: psycopg.Connection,
    pairing: Pairing,
    mapping: EntityMapping,
    facts: DealFacts,
    payload: Mapping[str, Any],
) -> DealFacts:
    """Return the deal as if it had been sold as the payload's lines say; lines that are only named there stay as they are in the ERP."""
    written = {name: mapping.fields[name].target for name in READ}
    lines = [decode(line) for line in payload["lines"]]
    items = images(connection, PRODUCT, pairing.erp.system, [str(line.get(written["product_key"])) for line in lines])
    of_deal = sorted(facts.lines, key=lambda one: (one.values.get("position") or 0, one.key))
    left, sold = list(of_deal), []
    for number, line in enumerate(lines):
        values: dict[str, Value] = {name: line.get(path) for name, path in written.items()}
        if values["product_key"] is None or not isinstance(values["unit_price"], Decimal):
            continue
        key = str(values["product_key"])
        twin = next((one for one in left if _item(facts, one) == key), None)
        if twin is not None:
            left.remove(twin)
        item = items.get(key)
        values["sku"] = item.values.get("sku") if item else None
        values["list_price"] = twin.values.get("list_price") if twin else None
        sold.append(
            Image(pairing.crm.system, "deal_line", twin.key if twin else f"line {number + 1}", "", None, False, values)
        )
    return replace(facts, lines=tuple(sold), products={key: ProductFacts(key, item) for key, item in items.items()})


def _item(facts: DealFacts, line: Image) -> str | None:
    known = facts.products.get(str(line.values.get("product_key")))
    return known.key if known else None


def _asked(payload: Mapping[str, Any], lines: Sequence[Image]) -> dict[str, Value]:
    """Return what the approver is told is ordered: what the deal orders, with the person's quantities and prices."""
    said = dict(decode(payload.get("ordered") or {}))
    for line in lines:
        said |= {
            line_name(line.key, "quantity"): line.values["quantity"],
            line_name(line.key, "unit_price"): line.values["unit_price"],
        }
        said.setdefault(line_name(line.key, "label"), line.values.get("sku"))
    return said
