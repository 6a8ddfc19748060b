"""The rules a won deal must meet before an order is written. Pure: facts and policy in, problems out."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from crosswalk.model.records import Image
from crosswalk.orders.amounts import total_of
from crosswalk.orders.choice import choose, facts_of
from crosswalk.orders.facts import DealFacts, Problem
from crosswalk.pairing import ChoiceRule, OrderPolicy


def problems_of(facts: DealFacts, policy: OrderPolicy) -> list[Problem]:
    """Return everything that keeps ``facts.deal`` from becoming an order, empty when it is ready."""
    return [
        *_deal_problems(facts, policy),
        *_customer_problems(facts, policy),
        *_line_problems(facts),
        *_choice_problems(facts, policy),
    ]


def customer_problems_of(facts: DealFacts, policy: OrderPolicy) -> list[Problem]:
    """Return everything that keeps ``facts.account`` from becoming a customer, whatever was sold to it."""
    if facts.account is None or facts.customer_key is not None:
        return []
    found = [*_new_customer_problems(facts, facts.account, policy)]
    blocks = [("orders", {"subsidiary": policy.subsidiary})] if policy.subsidiary else []
    return [*found, *_choices(facts, facts.account, [*blocks, ("orders.customer", policy.customer)])]


def _problem(image: Image, code: str, field: str, message: str, hint: str) -> Problem:
    return Problem(code, image.entity, image.key, field, message, hint)


def _deal_problems(facts: DealFacts, policy: OrderPolicy) -> Iterator[Problem]:
    deal, name = facts.deal, facts.deal.values.get("name")
    if facts.account is None:
        yield _problem(
            deal,
            "deal_without_account",
            "customer_key",
            f"Deal {name!r} has no customer.",
            "Choose the deal's company or account in the CRM.",
        )
    if not facts.lines:
        yield _problem(
            deal,
            "deal_without_lines",
            "lines",
            f"Deal {name!r} is won but has no product lines.",
            "Add the products that were sold, or reopen the deal.",
        )
    if policy.require_purchase_order and not deal.values.get("purchase_order"):
        yield _problem(
            deal,
            "purchase_order_missing",
            "purchase_order",
            f"Deal {name!r} has no purchase order number.",
            "Enter the customer's order number on the deal.",
        )
    amount, total = deal.values.get("amount"), total_of(facts.lines)
    if facts.lines and isinstance(amount, Decimal) and abs(amount - total) > policy.total_tolerance:
        yield _problem(
            deal,
            "amount_differs_from_lines",
            "amount",
            f"Deal {name!r} says {amount} but its lines add up to {total}.",
            "Wait for the next run if the deal was just edited; otherwise save the deal again so that the CRM derives the amount from the lines.",
        )


def _customer_problems(facts: DealFacts, policy: OrderPolicy) -> Iterator[Problem]:
    account = facts.account
    if account is None:
        return
    if facts.customer_key is None:
        yield from _new_customer_problems(facts, account, policy)
        return
    customer = facts.customer
    if customer is None or customer.deleted:
        yield _problem(
            account,
            "customer_gone",
            "counterpart_key",
            f"The linked ERP customer {facts.customer_key} does not exist any more.",
            "If it was merged into another customer, merge the two in the CRM, too; else restore it, or undo the link.",
        )
        return
    name = customer.values.get("name")
    if customer.values.get("is_active") is False:
        yield _problem(
            account,
            "customer_inactive",
            "is_active",
            f"ERP customer {name!r} ({facts.customer_key}) is inactive.",
            "Reactivate the customer, or link the CRM's to another one.",
        )
    if customer.values.get("subsidiary") in policy.closed_subsidiaries:
        yield _problem(
            account,
            "subsidiary_closed",
            "subsidiary",
            f"ERP customer {name!r} belongs to {customer.values.get('subsidiary')!r}, which is closed.",
            "Move the customer to an open subsidiary in the ERP.",
        )
    yield from _currency_problems(facts, customer, policy)
    if policy.block_on_credit_hold and customer.values.get("credit_hold") == "hold":
        yield _problem(
            account,
            "credit_hold",
            "credit_hold",
            f"ERP customer {name!r} is on credit hold.",
            "Clear the hold in the ERP, or agree prepayment; then replay.",
        )


def _currency_problems(facts: DealFacts, customer: Image, policy: OrderPolicy) -> Iterator[Problem]:
    """An order is refused in a currency its customer is not billed in; where the hub does not know all of them, the ERP decides."""
    currency, billed = facts.deal.values.get("currency"), billed_in(customer, policy)
    if currency and billed and currency not in billed:
        yield _problem(
            facts.deal,
            "currency_not_billed",
            "currency",
            f"Deal {facts.deal.values.get('name')!r} is in {currency}, but ERP customer {customer.values.get('name')!r} ({customer.key}) is "
            f"billed in {', '.join(sorted(billed))}.",
            f"Add {currency} to the customer's currencies in the ERP, or change the deal's currency.",
        )


def billed_in(customer: Image, policy: OrderPolicy) -> frozenset[str]:
    """Return the currencies an ERP customer is billed in; empty when the hub cannot know them all.

    They are known when the mapping reads them into the extra ``currencies`` (``EUR, USD``), or when the pairing says that customers of
    this ERP have one currency each.
    """
    primary, listed = customer.values.get("currency"), customer.extras.get("currencies")
    own = {str(primary)} if primary else set()
    if isinstance(listed, str):
        return frozenset(own | {part.strip().upper() for part in listed.split(",") if part.strip()})
    return frozenset(own if policy.one_currency_per_customer else ())


def _new_customer_problems(facts: DealFacts, account: Image, policy: OrderPolicy) -> Iterator[Problem]:
    name = account.values.get("name")
    if policy.create_customers == "never":
        yield _problem(
            account,
            "customer_missing",
            "counterpart_key",
            f"Customer {name!r} of the CRM has no ERP customer{_there(facts)} and this pairing creates none.",
            "Create the customer in the ERP and link it.",
        )
    if facts.twins:
        yield _problem(
            account,
            "customer_may_exist",
            "counterpart_key",
            f"Customer {name!r} of the CRM has no linked ERP customer{_there(facts)}, but it looks like {', '.join(facts.twins[:3]).rstrip('.')}.",
            "Link the two (on the page Matches, or by writing either's id into the other), or change what makes them look alike.",
        )
    for field in ("billing_street", "billing_city", "billing_country"):
        if not account.values.get(field):
            yield _problem(
                account,
                "address_incomplete",
                field,
                f"Customer {name!r} has no {field.replace('_', ' ')} in the CRM; the ERP needs a billing address.",
                "Complete the billing address in the CRM.",
            )


def _there(facts: DealFacts) -> str:
    return f" in {facts.subsidiary}" if facts.subsidiary else ""


def _line_problems(facts: DealFacts) -> Iterator[Problem]:
    for line in facts.lines:
        label = line.values.get("sku") or line.values.get("description") or line.key
        quantity = line.values.get("quantity")
        if not isinstance(quantity, Decimal) or quantity <= 0:
            yield _problem(
                line,
                "quantity_not_positive",
                "quantity",
                f"Line {label!r} has quantity {quantity}.",
                "Enter a quantity above zero or delete the line.",
            )
        if not isinstance(line.values.get("unit_price"), Decimal):
            yield _problem(
                line,
                "price_missing",
                "unit_price",
                f"Line {label!r} has no unit price.",
                "Enter the price that was sold.",
            )
        yield from _product_problems(facts, line, str(label))


def _product_problems(facts: DealFacts, line: Image, label: str) -> Iterator[Problem]:
    product = facts.products.get(str(line.values.get("product_key")))
    if product is None:
        yield _problem(
            line,
            "product_unlinked",
            "product_key",
            f"Line {label!r}: the product has no item in the ERP.",
            "Create the item, or store its id in the product.",
        )
    elif product.image is None or product.image.deleted:
        yield _problem(
            line,
            "product_gone",
            "product_key",
            f"Line {label!r}: item {product.key} does not exist any more.",
            "Choose another product on the deal.",
        )
    elif product.image.values.get("is_active") is False:
        yield _problem(
            line,
            "product_inactive",
            "product_key",
            f"Line {label!r}: item {product.key} is inactive in the ERP.",
            "Choose its successor on the deal, or reactivate the item.",
        )


def _choice_problems(facts: DealFacts, policy: OrderPolicy) -> Iterator[Problem]:
    blocks = [("orders.header", policy.header), ("orders.line", policy.line)]
    if facts.customer_key is None:
        blocks.append(("orders.customer", policy.customer))
    if policy.subsidiary is not None:
        blocks.insert(0, ("orders", {"subsidiary": policy.subsidiary}))
    yield from _choices(facts, facts.deal, blocks)


def _choices(facts: DealFacts, record: Image, blocks: list[tuple[str, dict[str, ChoiceRule]]]) -> Iterator[Problem]:
    known = facts_of(facts)
    seen = {"billing_country", "shipping_country"} if facts.account is None or _lacks_country(facts) else set()
    for place, rules in blocks:
        for name, rule in rules.items():
            fact = known.get(rule.by) if rule.by else None
            if choose(rule, known) is None and rule.by and rule.by not in seen:
                seen.add(rule.by)
                yield _problem(
                    record,
                    f"{rule.by.rpartition('.')[2]}_unknown",
                    rule.by,
                    f"{place}.{name} has no value for {rule.by.replace('_', ' ')} {fact!r}."
                    if fact
                    else f"The {rule.by.replace('_', ' ')} is empty, by which {place}.{name} is chosen.",
                    f"Add {fact!r} to {place}.{name}.values in the pairing file, or change it on the deal."
                    if fact
                    else f"Fill in the {rule.by.replace('_', ' ')}.",
                )


def _lacks_country(facts: DealFacts) -> bool:
    """Tell whether the address itself is already named as the problem."""
    return facts.customer_key is None and facts.account is not None and not facts.account.values.get("billing_country")
