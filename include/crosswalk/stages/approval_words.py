"""What a person is asked, as Markdown: a headline, why, the facts, and where to look further. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from crosswalk.hub.approvals import Waiting
from crosswalk.hub.brake import Braked
from crosswalk.hub.census import HeldCensus
from crosswalk.hub.gate import HeldIntent
from crosswalk.orders.credit import CreditFacts, added, converted
from crosswalk.pairing import Pairing
from crosswalk.platforms import Side, title_of
from crosswalk.stages.approval_facts import ApprovalFacts, SoldLine
from crosswalk.stages.gate import switches_off

LinkTo = Callable[[Side, str, str], str | None]
"""Where a record opens in its own system's screens, by side, entity and key; None where that is not known."""

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Question:
    """What a person reads: a headline, and the facts as Markdown."""

    subject: str
    body: str


def order_question(pairing: Pairing, one: Waiting, facts: ApprovalFacts, link: LinkTo) -> Question:
    """Return the question about one order."""
    payload = one.payload
    what = f"Change {facts.revision - 1} of the order" if facts.revision > 1 else "Order"
    name = str(payload.get("label") or one.source_key)
    rows = [
        ("Why", _plain(one.message or ", ".join(payload.get("approval", ())))),
        ("Customer", _customer(facts, link)),
        ("Deal", _deal(name, one.source_key, facts, link)),
        (f"{what} comes to", money(facts.adds, facts.currency)),
        ("Discount on the list", _discount(facts)),
        *_credit(pairing, facts),
        ("Waits since", f"{one.since:%Y-%m-%d %H:%M} UTC, as `{one.key}`"),
    ]
    body = [
        "| | |",
        "| --- | --- |",
        *(f"| **{title}** | {text} |" for title, text in rows if text),
        "",
        *_lines(facts),
    ]
    if facts.changes:
        body += ["", "**Changes:** " + _plain("; ".join(facts.changes))]
    subject = f"{what} for {name}: {money(facts.adds, facts.currency)}"
    return Question(subject, "\n".join(body))


def brake_question(pairing: Pairing, one: Braked, waiting: Sequence[HeldIntent], link: LinkTo) -> Question:
    """Return the question about a plan that the brake holds."""
    kinds = Counter((intent.operation, intent.entity, intent.target_system) for intent in waiting)
    counted = [
        f"{count} {operation}s of {entity} in {title_of(system)}"
        for (operation, entity, system), count in kinds.items()
    ]
    if off := sum(map(switches_off, waiting)):
        counted.append(f"{off} of them make a record inactive")
    body = [
        "| | |",
        "| --- | --- |",
        f"| **Why** | {_plain(one.excess)} |",
        f"| **Planned** | {_plain('; '.join(counted))} |",
        f"| **Waits since** | {one.since:%Y-%m-%d %H:%M} UTC, up to plan {one.plan_id} |",
        "",
        f"The first {min(_SHOWN, len(waiting))} of {len(waiting)}:",
        "",
        *(f"* {_held(pairing, intent, link)}" for intent in waiting[:_SHOWN]),
        "",
        "Approved, all of it is sent by the next run; the comment is the reason the ledger keeps. Refused, it goes on waiting until something "
        "is planned anew.",
    ]
    return Question(f"{len(waiting)} writes of {one.flow.replace('_', ' ')} wait behind the brake", "\n".join(body))


def money(amount: Decimal, currency: str) -> str:
    """Return an amount as people write it: ``12,400.50 USD``."""
    return f"{amount:,.2f} {currency}".rstrip()


def _customer(facts: ApprovalFacts, link: LinkTo) -> str:
    if facts.deal is None:
        return ""
    key, customer, account = facts.deal.customer_key, facts.deal.customer, facts.deal.account
    if key is not None:
        return _linked(str((customer and customer.values.get("name")) or key), link("erp", "customer", key))
    if account is None:
        return ""
    return f"{_linked(str(account.values.get('name')), link('crm', 'customer', account.key))}, new to the ERP"


def census_question(one: HeldCensus) -> Question:
    """Return the question whether what a whole read did not bring is deleted."""
    kind = one.entity.replace("_", " ")
    subject = f"{one.missing:,} of {one.known:,} {kind} records are gone from {title_of(one.system)}"
    body = (
        f"The whole read of {_plain(title_of(one.system))} that began at {one.began_at:%Y-%m-%d %H:%M} UTC did not bring {one.missing:,} of the {one.known:,} "
        f"{_plain(kind)} records that were there. That is more than the pairing takes for deleted unasked (`census:`), so that nothing was marked.\n\n"
        "* **Approve**, with the reason as comment: they are deleted. Those that were seen since then are spared.\n"
        "* **Refuse**: the read was wrong (a right was taken away, a filter changed, the system answered half). They stay, and the next "
        "whole read is judged anew. One that is complete takes this question back by itself."
    )
    return Question(subject, body)


def _deal(name: str, key: str, facts: ApprovalFacts, link: LinkTo) -> str:
    deal = facts.deal.deal if facts.deal else None
    told = [_linked(name, link("crm", "deal", key))]
    if deal and deal.values.get("owner"):
        told.append(f"of {_plain(str(deal.values['owner']))}")
    if deal and deal.values.get("close_date"):
        told.append(f"closed {deal.values['close_date']}")
    return ", ".join(told)


def _discount(facts: ApprovalFacts) -> str:
    if facts.discount is None:
        return "unknown: no line has a list price"
    full = sum((line.quantity * line.listed for line in facts.lines if line.listed is not None), Decimal(0))
    limit = "" if facts.usual is None else f"; {facts.usual:.1%} need no approval"
    return f"{facts.discount:.1%} of {money(full, facts.currency)}{limit}"


def _credit(pairing: Pairing, facts: ApprovalFacts) -> Iterator[tuple[str, str]]:
    """Yield limit, what counts against it with this order, and how late the customer is."""
    known = facts.credit
    if known is None:
        return
    values = known.holder.values
    home, limit = known.currency or facts.currency, values.get("credit_limit")
    yield "Credit limit", money(limit, home) if isinstance(limit, Decimal) else "none"
    yield "Owed without this order", _owed(known, home)
    used, unknown = converted(
        added(known.owed, known.open_orders, known.under_way, {facts.currency: facts.adds}),
        home,
        pairing.orders.credit.rates,
    )
    beyond = f", {money(used - limit, home)} beyond the limit" if isinstance(limit, Decimal) and used > limit else ""
    without = f" (without amounts in {', '.join(sorted(unknown))}, which have no rate)" if unknown else ""
    yield "With this order", f"{money(used, home)}{beyond}{without}"
    yield "Overdue", f"{known.days_overdue} days" if known.days_overdue > 0 else "nothing"
    hold = values.get("credit_hold")
    yield "Credit hold in the ERP", str(hold) if hold else ""
    yield "Credit as of", f"{known.as_of:%Y-%m-%d %H:%M} UTC" if known.as_of else "unknown"


def _owed(known: CreditFacts, home: str) -> str:
    parts = (("balance", known.owed), ("open orders", known.open_orders), ("orders under way", known.under_way))
    said = [f"{what} {money(amount, c or home)}" for what, sums in parts for c, amount in sums.items() if amount]
    return ", ".join(said) or "nothing"


def _lines(facts: ApprovalFacts) -> Iterator[str]:
    yield f"| Line | Quantity | Price, {facts.currency} | List | Off the list |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    yield from (_line(facts, line) for line in facts.lines)


def _line(facts: ApprovalFacts, line: SoldLine) -> str:
    listed = "—" if line.listed is None else f"{line.listed:,.2f}"
    own = facts.by_product.get(line.label)
    limit = "" if own is None else f" (up to {own:.1%})"
    off = "—" if line.discount is None else f"{line.discount:.1%}{limit}"
    return f"| {_plain(line.label)} | {line.quantity.normalize():f} | {line.price:,.2f} | {listed} | {off} |"


def _held(pairing: Pairing, intent: HeldIntent, link: LinkTo) -> str:
    name = str(intent.payload.get("label") or intent.source_key)
    where = link(pairing.side_of(intent.source_system), intent.source_entity, intent.source_key)
    return f"{intent.operation} {intent.entity}: {_linked(name, where)}"


def _linked(text: str, address: str | None) -> str:
    return f"[{_plain(text)}]({address})" if address else _plain(text)


def _plain(text: str) -> str:
    """Return text that Markdown takes for nothing but text, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
