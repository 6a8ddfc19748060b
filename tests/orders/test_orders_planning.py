from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk.model.records import Image, Value
from crosswalk.orders.amend import Revised, Verdict, judge
from crosswalk.orders.amounts import price_sold, total_of
from crosswalk.orders.build import drafts_of, order_key
from crosswalk.orders.facts import DealFacts, ProductFacts
from crosswalk.orders.ordered import ordered
from crosswalk.orders.readiness import problems_of
from crosswalk.pairing import OrderPolicy, load_pairing

PAIRING = load_pairing(Path(__file__).parents[2] / "include" / "pairings" / "netsuite_salesforce.yaml")
POLICY = PAIRING.orders
PREFIXES = PAIRING.crm.key_prefixes
TODAY = date(2026, 11, 23)


def image(entity: str, key: str, **values: Value) -> Image:
    return Image("salesforce", entity, key, "v1", None, False, values)


def deal_line(key: str, **values: Value) -> Image:
    usual: dict[str, Value] = {
        "deal_key": "006A",
        "product_key": "01tA",
        "sku": "A-1",
        "quantity": Decimal(2),
        "unit_price": Decimal("10.50"),
        "total": Decimal("21.00"),
    }
    return image("deal_line", key, **{**usual, **values})


def ready(**changes: object) -> DealFacts:
    """A deal that can become an order; each test breaks one thing."""
    facts = DealFacts(
        deal=image(
            "deal", "006A", name="Big deal", currency="USD", amount=Decimal("21.00"), purchase_order="PO-7", is_won=True
        ),
        lines=(deal_line("00kA"),),
        account=image(
            "customer", "001A", name="Acme", billing_street="1 Main", billing_city="Boston", billing_country="US"
        ),
        customer_key="1017",
        customer=image(
            "customer", "1017", name="Acme Inc", is_active=True, subsidiary="Northwind Inc", credit_hold="ok"
        ),
        products={"01tA": ProductFacts("101", image("product", "101", is_active=True))},
    )
    return replace(facts, **changes)


def with_values(image_: Image, **values: Value) -> Image:
    return replace(image_, values={**image_.values, **values})


def codes(facts: DealFacts, policy: OrderPolicy = POLICY) -> set[str]:
    return {problem.code for problem in problems_of(facts, policy)}


def test_a_deal_with_everything_in_place_is_ready() -> None:
    assert problems_of(ready(), POLICY) == []


NEW_CUSTOMER = ready(customer_key=None, customer=None)
CLOSED = POLICY.closed_subsidiaries[0]


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (ready(account=None, customer_key=None, customer=None), "deal_without_account"),
        (ready(lines=()), "deal_without_lines"),
        (ready(deal=with_values(ready().deal, amount=Decimal("99"))), "amount_differs_from_lines"),
        (ready(customer=None), "customer_gone"),
        (ready(customer=with_values(ready().customer, is_active=False)), "customer_inactive"),
        (ready(customer=with_values(ready().customer, subsidiary=CLOSED)), "subsidiary_closed"),
        (ready(customer=with_values(ready().customer, credit_hold="hold")), "credit_hold"),
        (ready(deal=with_values(ready().deal, currency="XTS")), "currency_unknown"),
        (ready(lines=(deal_line("00kA", quantity=Decimal(0), total=Decimal("21.00")),)), "quantity_not_positive"),
        (ready(lines=(deal_line("00kA", quantity=Decimal(-1), total=Decimal("21.00")),)), "quantity_not_positive"),
        (ready(lines=(deal_line("00kA", unit_price=None),)), "price_missing"),
        (ready(products={}), "product_unlinked"),
        (ready(products={"01tA": ProductFacts("101", image("product", "101", is_active=False))}), "product_inactive"),
        (ready(products={"01tA": ProductFacts("101", None)}), "product_gone"),
        (replace(NEW_CUSTOMER, account=with_values(ready().account, billing_street=None)), "address_incomplete"),
        (replace(NEW_CUSTOMER, twins=("C-9 ACME Incorporated",)), "customer_may_exist"),
    ],
)
def test_what_is_wrong_with_a_deal_is_named_with_record_field_and_remedy(facts: DealFacts, code: str) -> None:
    problems = problems_of(facts, POLICY)
    assert {problem.code for problem in problems} == {code}
    assert all(problem.key and problem.field and problem.message and problem.hint for problem in problems)


def test_a_pairing_that_creates_no_customers_says_so() -> None:
    assert codes(NEW_CUSTOMER, POLICY.model_copy(update={"create_customers": "never"})) == {"customer_missing"}


def test_all_problems_of_a_deal_are_reported_at_once() -> None:
    worst = ready(
        lines=(deal_line("a", quantity=Decimal(0)), deal_line("b", unit_price=None)),
        customer=with_values(ready().customer, credit_hold="hold", is_active=False),
    )
    assert codes(worst) >= {"quantity_not_positive", "price_missing", "credit_hold", "customer_inactive"}


def test_an_order_for_a_known_customer_is_one_draft_with_the_deals_key() -> None:
    (order,) = drafts_of(ready(), POLICY, PREFIXES, TODAY)
    assert order.key == "SF-OPP-006A-R1"
    assert order.canonical == {
        "customer_key": "1017",
        "intent_key": "SF-OPP-006A-R1",
        "memo": "Big deal",
        "order_date": TODAY,
        "purchase_order": "PO-7",
    }
    assert order.native == {"currency": "1", "orderStatus": "B", "location": "1"}
    assert order.depends_on is None


def test_two_deals_of_one_new_account_ask_for_the_same_customer() -> None:
    other = replace(NEW_CUSTOMER, deal=replace(NEW_CUSTOMER.deal, key="006B"))
    first, second = drafts_of(NEW_CUSTOMER, POLICY, PREFIXES, TODAY), drafts_of(other, POLICY, PREFIXES, TODAY)
    assert first[0].key == second[0].key == "SF-ACC-001A"
    assert [draft.depends_on for draft in (first[1], second[1])] == ["SF-ACC-001A"] * 2
    assert first[1].key != second[1].key
    assert "customer_key" not in first[1].canonical


def test_only_listed_fields_of_an_account_reach_the_erp() -> None:
    account = with_values(ready().account, credit_limit=Decimal(5), owner="Ada", balance=Decimal(1))
    customer, _ = drafts_of(replace(NEW_CUSTOMER, account=account), POLICY, PREFIXES, TODAY)
    assert set(customer.canonical) == {"name", "billing_street", "billing_city", "billing_country", "counterpart_key"}


lines = st.lists(
    st.tuples(st.integers(1, 9_999), st.decimals("0.01", "99999.99", places=2), st.integers(0, 20)),
    min_size=1,
    max_size=12,
)


@given(lines)
def test_every_line_is_ordered_once_in_the_deals_order_and_no_amount_is_lost(
    sold: list[tuple[int, Decimal, int]],
) -> None:
    deal_lines = tuple(
        deal_line(
            f"00k{number:03}", quantity=Decimal(quantity), unit_price=price, total=quantity * price, position=position
        )
        for number, (quantity, price, position) in enumerate(sold)
    )
    total = sum((Decimal(quantity) * price for quantity, price, _ in sold), Decimal(0))
    facts = ready(lines=deal_lines, deal=with_values(ready().deal, amount=total))
    assert problems_of(facts, POLICY) == []
    (order,) = drafts_of(facts, POLICY, PREFIXES, TODAY)
    ordered = [(values["quantity"], values["unit_price"]) for values, _ in order.lines]
    by_position = sorted(enumerate(sold), key=lambda pair: (pair[1][2], pair[0]))
    assert ordered == [(Decimal(quantity), price) for _, (quantity, price, _) in by_position]
    assert total_of(facts.lines) == total
    assert all(native == {"price": "-1", "taxCode": "1"} for _, native in order.lines)


@given(st.text(min_size=1), st.text(min_size=1))
def test_keys_of_different_deals_differ(one: str, other: str) -> None:
    assert (order_key("P-", one) == order_key("P-", other)) == (one == other)


@given(st.integers(1, 5_000), st.decimals("0.01", "9999.99", places=2), st.integers(0, 99))
def test_a_discount_is_in_the_price_that_is_ordered(quantity: int, price: Decimal, percent: int) -> None:
    total = (quantity * price * (100 - percent) / 100).quantize(Decimal("0.01"))
    line = deal_line("00kA", quantity=Decimal(quantity), unit_price=price, total=total)
    assert abs(price_sold(line) * quantity - total) <= Decimal("0.00000001") * quantity
    if percent == 0:
        assert price_sold(line) == price


@pytest.mark.parametrize(
    ("one_currency", "listed", "deal_currency", "says"),
    [
        (True, None, "EUR", "billed in USD"),
        (True, None, "USD", None),
        (False, "USD, GBP", "EUR", "billed in GBP, USD"),
        (False, "EUR", "EUR", None),
        (False, None, "EUR", None),  # the hub knows the first one only: the ERP decides
    ],
)
def test_a_currency_the_customer_is_not_billed_in_is_named_before_the_erp_refuses_it(
    one_currency: bool, listed: str | None, deal_currency: str, says: str | None
) -> None:
    facts = ready()
    assert facts.customer is not None
    customer = with_values(facts.customer, currency="USD")
    facts = replace(
        facts,
        deal=with_values(facts.deal, currency=deal_currency),
        customer=replace(customer, extras={"currencies": listed} if listed else {}),
    )
    policy = POLICY.model_copy(update={"one_currency_per_customer": one_currency})
    found = [problem for problem in problems_of(facts, policy) if problem.code == "currency_not_billed"]
    assert bool(found) is bool(says)
    if says:
        (problem,) = found
        assert (problem.entity, problem.key, problem.field) == ("deal", "006A", "currency")
        assert says in problem.message
        assert f"Add {deal_currency} to the customer's currencies" in problem.hint


@pytest.mark.parametrize(
    ("stored", "verdict"),
    [
        ("15.795", "amend"),
        ("15.8", "amend"),
        ("15.80", "amend"),
        ("15.79", "flag"),
        ("15.81", "flag"),
        ("15.797", "flag"),
    ],
)
def test_a_price_that_the_erp_rounded_is_no_change_made_there(stored: str, verdict: str) -> None:
    was = ready(lines=(deal_line("a", quantity=Decimal(9), unit_price=Decimal("15.795"), total=Decimal("142.155")),))
    more = replace(was, lines=(deal_line("a", quantity=Decimal(11), unit_price=Decimal("15.795"), total=Decimal("173.745")),))  # fmt: skip
    line = image("order_line", "9|1", product_key="101", quantity=Decimal(9), unit_price=Decimal(stored), position=1)
    order = image("order", "9", status="open", number="SO9", customer_key="1017", purchase_order="PO-7")
    revised = Revised(more, ordered(was, POLICY), 1, order, (line,), {"01tA": "101"}, ordered(more, POLICY))
    assert judge(revised, POLICY).verdict is Verdict(verdict)
