"""Credit, discounts and new customers: the rules before an order, each by its law and by examples."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk.model.records import Image, Value
from crosswalk.orders.concerns import Concern
from crosswalk.orders.credit import CreditFacts, added, converted, credit_concerns
from crosswalk.orders.customers import qualifies, unqualified
from crosswalk.orders.discount import discount_concerns, discount_of, list_price
from crosswalk.orders.facts import DealFacts
from crosswalk.pairing.selling import CreditPolicy, DiscountPolicy
from tests.orders.test_orders_planning import deal_line, image, ready, with_values

money = st.decimals("0", "99999.99", places=2)
sums = st.dictionaries(st.sampled_from(["USD", "EUR", "GBP"]), money, max_size=3)
AS_OF = datetime(2026, 11, 23, 9, tzinfo=UTC)


# --- credit ---------------------------------------------------------------------------------------------


def holder(limit: Decimal | None, currency: str = "USD") -> Image:
    return Image("netsuite", "customer", "1017", "1", None, False, {"name": "Acme", "credit_limit": limit, "currency": currency})  # fmt: skip


def concerns(limit: Any, order: Any, policy: CreditPolicy, currency: str = "USD", **facts: Any) -> list[Concern]:
    limit = None if limit is None else Decimal(limit)
    deal = with_values(ready().deal, currency=currency)
    account = ready().account
    assert account is not None
    known = CreditFacts(holder(limit), as_of=AS_OF, **facts)
    return list(credit_concerns(deal, account, known, Decimal(order), policy))


@given(
    limit=money, owed=money, booked=money, under_way=money, order=money, tolerance=st.sampled_from(["0", "0.05", "1"])
)
def test_an_order_is_spoken_against_exactly_when_all_that_is_owed_with_it_is_above_the_limit(
    limit: Decimal, owed: Decimal, booked: Decimal, under_way: Decimal, order: Decimal, tolerance: str
) -> None:
    policy = CreditPolicy(over_limit="block", tolerance=Decimal(tolerance))
    facts = {"owed": {"USD": owed}, "open_orders": {"USD": booked}, "under_way": {"USD": under_way}}
    found = concerns(limit, order, policy, **facts)
    total = owed + booked + under_way + order
    assert bool(found) == (order > 0 and total > limit * (1 + Decimal(tolerance)))
    for one in found:
        assert (one.answer, one.problem.code) == ("block", "credit_limit")
        assert f"to {total:.2f} USD" in one.problem.message
        assert "as of 2026-11-23 09:00 UTC" in one.problem.message


@pytest.mark.parametrize("answer", ["block", "approve", "warn"])
def test_the_pairing_says_what_follows(answer: Any) -> None:
    (found,) = concerns("10", "11", CreditPolicy(over_limit=answer))
    assert found.answer == answer
    (late,) = concerns(None, "1", CreditPolicy(overdue_days=30, overdue=answer), days_overdue=31)
    assert (late.answer, late.problem.code) == (answer, "overdue")
    assert "31 days overdue; this pairing allows 30" in late.problem.message


@pytest.mark.parametrize(
    ("limit", "order", "policy", "late"),
    [
        (None, "1000000", CreditPolicy(over_limit="block"), 0),
        ("0", "0", CreditPolicy(over_limit="block"), 0),
        ("10", "-5", CreditPolicy(over_limit="block"), 0),
        ("10", "11", CreditPolicy(), 400),
        ("10", "1", CreditPolicy(over_limit="block", overdue_days=30), 30),
    ],
    ids=["no-limit", "nothing-lent", "an-amendment-that-takes-away", "not-looked-at", "just-in-time"],
)
def test_nothing_speaks_against(limit: Any, order: str, policy: CreditPolicy, late: int) -> None:
    assert concerns(limit, order, policy, days_overdue=late, owed={"USD": Decimal(5)}) == []


def test_amounts_in_another_currency_count_at_the_pairings_rate_and_without_one_a_person_looks() -> None:
    rated = CreditPolicy(over_limit="approve", rates={"EUR": {"USD": Decimal("1.1")}})
    assert concerns("111", "100", rated, currency="EUR") == []
    (found,) = concerns("109", "100", rated, currency="EUR")
    assert "this order 110.00" in found.problem.message
    (unknown,) = concerns("1000000", "1", CreditPolicy(over_limit="block"), currency="EUR")
    assert (unknown.answer, unknown.problem.code) == ("block", "credit_currency")
    assert "amounts in EUR" in unknown.problem.message


@given(st.lists(sums, max_size=4))
def test_sums_are_added_currency_by_currency_and_never_mixed_without_a_rate(parts: list[dict[str, Decimal]]) -> None:
    total = added(*parts)
    for currency in {name for part in parts for name in part}:
        assert total[currency] == sum(part.get(currency, Decimal(0)) for part in parts)
    amount, unknown = converted(total, "USD", {})
    assert amount == total.get("USD", Decimal(0))
    assert unknown == {currency for currency, value in total.items() if value and currency != "USD"}


# --- discounts ------------------------------------------------------------------------------------------


@given(listed=st.decimals("0.01", "9999", places=2), share=st.integers(-50, 100))
def test_a_discount_is_the_share_below_the_list_and_never_less_than_none(listed: Decimal, share: int) -> None:
    off = Decimal(share) / 100
    assert discount_of(listed * (1 - off), listed) == max(Decimal(0), off)


def test_nothing_is_a_discount_on_what_costs_nothing() -> None:
    assert discount_of(Decimal(0), Decimal(0)) == 0


def price(start: int | None, amount: str) -> Image:
    return image(
        "price", f"p{start}", minimum_quantity=None if start is None else Decimal(start), unit_price=Decimal(amount)
    )


@pytest.mark.parametrize(("quantity", "expected"), [("0.5", "10"), ("9", "10"), ("10", "8"), ("99", "8"), ("100", "5")])
def test_the_list_price_is_that_of_the_quantity(quantity: str, expected: str) -> None:
    line = deal_line("00kA", quantity=Decimal(quantity), list_price=Decimal(99))
    prices = [price(100, "5"), price(None, "10"), price(10, "8")]
    assert list_price(line, prices) == Decimal(expected)
    assert list_price(line, []) == Decimal(99)
    assert list_price(deal_line("00kA", list_price=None), []) is None


def sold(*lines: tuple[str, str], owner: str = "Ada") -> tuple[DealFacts, dict[str, Decimal | None]]:
    """A deal with a line of one piece for each (price, list), called A, B …"""
    deal_lines, listed = [], {}
    for sku, (amount, full) in zip("ABCD", lines, strict=False):
        cost = Decimal(amount)
        deal_lines.append(deal_line(sku, sku=sku, quantity=Decimal(1), unit_price=cost, total=cost))
        listed[sku] = Decimal(full) if full else None
    return replace(ready(), lines=tuple(deal_lines), deal=with_values(ready().deal, owner=owner)), listed


def codes(policy: DiscountPolicy, *lines: tuple[str, str], owner: str = "Ada") -> list[tuple[str, str]]:
    facts, listed = sold(*lines, owner=owner)
    return [(one.problem.code, one.problem.key) for one in discount_concerns(facts, listed, policy)]


THIRTY = DiscountPolicy(most=Decimal("0.3"), by_product={"B": Decimal("0.1")}, by_owner={"Eve": Decimal("0.5")})
DEAL = ready().deal.key


@pytest.mark.parametrize(
    ("lines", "owner", "expected"),
    [
        ([("70", "100")], "Ada", []),
        ([("69.99", "100")], "Ada", [("discount_line", "A"), ("discount_deal", DEAL)]),
        ([("60", "100")], "Eve", []),
        ([("60", "100"), ("100", "100"), ("300", "300")], "Ada", [("discount_line", "A")]),
        ([("100", "100"), ("85", "100")], "Ada", [("discount_line", "B")]),
        ([("71", "100"), ("10", "100")], "Eve", [("discount_line", "B")]),
        ([("5", "")], "Ada", [("discount_unknown", "A")]),
        ([("120", "100")], "Ada", []),
    ],
    ids=[
        "at-the-limit",
        "above",
        "a-freer-seller",
        "one-line",
        "a-tighter-product",
        "of-any-seller",
        "no-list",
        "dearer",
    ],
)
def test_what_is_above_a_limit_needs_an_approval(
    lines: list[tuple[str, str]], owner: str, expected: list[tuple[str, str]]
) -> None:
    assert codes(THIRTY, *lines, owner=owner) == expected


def test_without_limits_nobody_is_asked() -> None:
    assert codes(DiscountPolicy(), ("1", "100"), ("1", "")) == []


def test_a_concern_about_a_discount_names_both_amounts_and_what_needs_no_approval() -> None:
    facts, listed = sold(("20", "100"))
    found = list(discount_concerns(facts, listed, THIRTY))
    assert {one.answer for one in found} == {"approve"}
    assert (
        found[0].problem.message == "Line A is 80.0% below the list (20.00 instead of 100.00); 30.0% need no approval."
    )


# --- new customers --------------------------------------------------------------------------------------


def deal(stage: str, *, won: bool = False, closed: bool = False, deleted: bool = False) -> Image:
    return replace(image("deal", stage, stage=stage, is_won=won, is_closed=closed or won), deleted=deleted)


def account(deleted: bool = False, **extras: Value) -> Image:
    return replace(image("customer", "001A", name="Acme"), extras=extras, deleted=deleted)


NEGOTIATED, WON, LOST = deal("Negotiation"), deal("Closed", won=True), deal("Negotiation", closed=True)


@pytest.mark.parametrize(
    ("rule", "who", "deals", "becomes"),
    [
        ("won_deal", account(), [WON], True),
        ("won_deal", account(), [NEGOTIATED], False),
        ("won_deal", account(), [deal("Closed", won=True, deleted=True)], False),
        ("won_deal", account(deleted=True), [WON], False),
        ("never", account(), [WON], False),
        ("stage:Negotiation", account(), [NEGOTIATED], True),
        ("stage:Negotiation", account(), [LOST], False),
        ("stage:Negotiation", account(), [deal("Prospecting")], False),
        ("stage:Negotiation", account(), [WON], True),
        ("type:Customer", account(type="Customer"), [], True),
        ("type:Customer", account(type="Prospect"), [WON], False),
        ("flag:is_customer", account(is_customer=True), [], True),
        ("flag:is_customer", account(is_customer=False), [WON], False),
        ("flag:is_customer", account(), [WON], False),
    ],
)
def test_an_account_becomes_a_customer_by_the_pairings_rule_alone(
    rule: str, who: Image, deals: list[Image], becomes: bool
) -> None:
    assert qualifies(who, deals, rule) is becomes


def test_an_account_that_does_not_qualify_is_told_what_is_missing() -> None:
    assert "only those of type 'Customer' become one" in unqualified(account(), "type:Customer").message
    assert unqualified(account(), "flag:is_customer").field == "is_customer"
