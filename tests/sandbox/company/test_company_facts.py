from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk_sandbox.company import ids
from crosswalk_sandbox.company.generate import generate
from crosswalk_sandbox.company.model import Company, Deal, Order, Party, Price, Product, Size

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
STREAMS: dict[str, Callable[[Company], Iterator[Any]]] = {
    "products": lambda company: company.products(),
    "prices": lambda company: company.prices(),
    "stock": lambda company: company.stock(),
    "parties": lambda company: company.parties(),
    "deals": lambda company: company.deals(),
    "orders": lambda company: company.orders(),
}

moments = st.integers(1_700_000_000, 1_900_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))
sizes = st.builds(Size, accounts=st.integers(1, 50), products=st.integers(20, 30), deals=st.integers(1, 50))
few = settings(max_examples=8, deadline=None)


@pytest.fixture(scope="module")
def company() -> Company:
    return generate(now=NOW)


@pytest.fixture(scope="module")
def parties(company: Company) -> list[Party]:
    return list(company.parties())


@pytest.fixture(scope="module")
def products(company: Company) -> list[Product]:
    return list(company.products())


@pytest.fixture(scope="module")
def prices(company: Company) -> dict[int, Price]:
    return {price.sequence: price for price in company.prices()}


@pytest.fixture(scope="module")
def deals(company: Company) -> list[Deal]:
    return list(company.deals())


@pytest.fixture(scope="module")
def orders(company: Company) -> list[Order]:
    return list(company.orders())


@few
@given(st.integers(0, 2**31), sizes, moments)
def test_the_same_seed_moment_and_size_make_the_same_company(seed: int, size: Size, now: datetime) -> None:
    one, other = generate(seed, now, size), generate(seed, now, size)
    for stream in STREAMS.values():
        assert list(stream(one)) == list(stream(other))


def test_another_seed_makes_another_company() -> None:
    size = Size(30, 30, 30)
    one, other = generate(1, NOW, size), generate(2, NOW, size)
    assert [party.crm for party in one.parties()] != [party.crm for party in other.parties()]
    assert list(one.deals()) != list(other.deals())


@few
@given(st.integers(0, 1000), sizes)
def test_streams_can_be_asked_for_again_and_ascend(seed: int, size: Size) -> None:
    company = generate(seed, NOW, size)
    for name, stream in STREAMS.items():
        once = list(stream(company))
        assert once == list(stream(company))
        if name != "stock":
            places = [fact.sequence for fact in once]
            assert places == sorted(set(places))


def test_a_million_accounts_start_to_flow_at_once() -> None:
    company = generate(now=NOW, size=Size(1_000_000, 2_000, 4_000_000))
    first = next(company.parties())
    assert first.sequence == 0
    assert next(company.deals()).sequence == 0


def test_a_record_does_not_depend_on_how_many_follow_in_the_stream() -> None:
    company = generate(now=NOW, size=Size(200, 30, 20))
    whole = list(company.parties())
    partly = company.parties()
    assert [next(partly) for _ in range(50)] == whole[:50]


@few
@given(st.integers(0, 1000), sizes)
def test_everything_referred_to_exists_on_the_side_that_refers(seed: int, size: Size) -> None:
    company = generate(seed, NOW, size)
    parties = {party.sequence: party for party in company.parties()}
    products = {product.sequence: product for product in company.products()}
    prices = {price.sequence: price for price in company.prices()}
    deals = {deal.sequence: deal for deal in company.deals()}
    team = {person.sequence for person in company.salespeople}
    for party in parties.values():
        for side in (party.crm, party.erp):
            if side is not None and side.parent is not None:
                parent = parties[side.parent]
                assert (parent.crm if side is party.crm else parent.erp) is not None
                assert parent.sequence < party.sequence
        if party.duplicate_of is not None:
            original = parties[party.duplicate_of]
            assert party.crm is None or original.crm
            assert party.erp is None or original.erp
        assert party.crm is None or party.crm.owner in team
    for product in products.values():
        assert all(products[member.product].kind == "inventory" for member in product.members)
        assert bool(product.members) == (product.kind == "kit")
    for deal in deals.values():
        assert parties[deal.party].crm is not None
        for line in deal.lines:
            assert prices[line.price].product == line.product
            assert prices[line.price].currency == deal.currency
            assert prices[line.price].crm_price == line.list_price
    for order in company.orders():
        buyer = parties[order.party].erp
        assert buyer is not None
        assert buyer.stage == "customer"
        assert order.deal is None or deals[order.deal].party == order.party
        for line in order.lines:
            assert products[line.product].erp is not None


@few
@given(st.integers(0, 1000), sizes)
def test_the_books_of_every_order_add_up(seed: int, size: Size) -> None:
    for order in generate(seed, NOW, size).orders():
        assert order.total == order.subtotal + order.shipping_cost + order.tax_total
        assert order.subtotal == sum(line.amount for line in order.lines)
        shipped: Counter[int] = Counter()
        for shipment in order.shipments:
            for part in shipment.lines:
                shipped[part.position] += int(part.quantity)
        assert shipped == {line.position: int(line.shipped) for line in order.lines if line.shipped}
        assert bool(order.invoices) == (order.status == "billed")
        if order.invoices:
            assert sum(invoice.total for invoice in order.invoices) == order.total
            assert sum(len(invoice.lines) for invoice in order.invoices) == len(order.lines)
        paid: Counter[int] = Counter()
        for payment in order.payments:
            assert payment.amount == sum(amount for _, amount in payment.applied)
            for invoice, amount in payment.applied:
                paid[invoice] += amount
        for invoice in order.invoices:
            assert invoice.remaining == invoice.total - paid[invoice.sequence] >= 0
            assert (invoice.status == "paid") == (invoice.remaining == 0)


@few
@given(st.integers(0, 1000), sizes)
def test_nothing_happens_after_now_or_before_its_cause(seed: int, size: Size) -> None:
    company = generate(seed, NOW, size)
    parties = {party.sequence: party for party in company.parties()}
    for party in parties.values():
        for record in (party.crm, party.erp, *(side for one in party.contacts for side in (one.crm, one.erp))):
            assert record is None or record.created <= record.modified <= NOW
    deals = {deal.sequence: deal for deal in company.deals()}
    for deal in deals.values():
        crm = parties[deal.party].crm
        assert crm is not None
        assert crm.created < deal.created <= deal.modified <= NOW
        assert not deal.is_closed or deal.close_date <= NOW.date()
    for order in company.orders():
        assert order.deal is None or deals[order.deal].created < order.created
        for later in (*order.shipments, *order.invoices, *order.payments):
            assert order.created <= later.created <= later.modified <= NOW


def test_the_mix_of_links_is_as_promised(parties: list[Party]) -> None:
    share = {name: count / len(parties) for name, count in Counter(party.linkage for party in parties).items()}
    both = share["key"] + share["rule"] + share["fuzzy"]
    assert share["key"] / both == pytest.approx(0.60, abs=0.07)
    assert share["rule"] / both == pytest.approx(0.25, abs=0.06)
    assert share["fuzzy"] / both == pytest.approx(0.15, abs=0.05)
    assert share["crm_only"] == pytest.approx(0.10, abs=0.04)
    assert share["erp_only"] == pytest.approx(0.10, abs=0.04)


def test_a_stored_key_names_the_right_record_and_only_where_linkage_says_so(parties: list[Party]) -> None:
    for party in parties:
        crm_key = party.crm.stored_erp_id if party.crm else None
        erp_key = party.erp.external_id if party.erp else None
        stored = {key for key in (crm_key, erp_key) if key is not None and not key.startswith("LEGACY-")}
        right = {str(ids.netsuite_customer_id(party.sequence)), ids.account_external_id(party.sequence)}
        assert stored <= right
        assert bool(stored) == (party.linkage == "key")


def test_a_rule_finds_those_that_it_should(parties: list[Party]) -> None:
    by_number = by_name = 0
    for party in parties:
        if party.linkage != "rule":
            continue
        assert party.crm is not None
        assert party.erp is not None
        if party.crm.account_number is not None:
            assert party.crm.account_number == party.erp.number
            by_number += 1
        else:
            assert party.crm.billing is not None
            assert party.erp.billing is not None
            assert party.crm.billing.postal_code == party.erp.billing.postal_code
            assert party.crm.billing.country_code == party.erp.billing.country_code
            by_name += 1
    assert min(by_number, by_name) > 20


def test_those_left_to_likeness_share_no_key_and_no_number(parties: list[Party]) -> None:
    likeness = [party for party in parties if party.linkage == "fuzzy"]
    assert all(party.crm is not None and party.crm.account_number is None for party in likeness)
    alike = [party for party in likeness if party.crm and party.erp and party.crm.name == party.erp.name]
    assert len(alike) < 0.1 * len(likeness)


def test_what_makes_integration_hard_is_in(parties: list[Party], products: list[Product]) -> None:
    names = Counter(party.erp.name for party in parties if party.erp)
    assert any(count > 1 for count in names.values()), "branches with the same name"
    assert any(party.erp and party.erp.parent is not None for party in parties), "parents"
    assert any(party.duplicate_of is not None and party.crm for party in parties), "duplicates in the CRM"
    assert any(party.duplicate_of is not None and party.erp for party in parties), "duplicates in the ERP"
    assert any(party.crm and party.crm.billing is None for party in parties), "missing addresses"
    assert any(party.erp and not party.erp.is_active for party in parties), "inactive customers"
    assert any(party.erp and party.erp.credit_hold == "on" for party in parties), "customers on hold"
    assert {party.erp.subsidiary for party in parties if party.erp} == {1, 2, 3, 4}
    assert {party.erp.currency for party in parties if party.erp} == {"USD", "CAD", "GBP", "EUR", "CHF"}
    assert len({party.country_code for party in parties}) == 10
    assert {product.kind for product in products} == {"inventory", "non_inventory", "service", "kit"}
    both = [(product.crm, product.erp) for product in products if product.crm and product.erp]
    assert any(crm.is_active and not erp.is_active for crm, erp in both), "discontinued in the ERP only"
    assert any(not crm.is_active and erp.is_active for crm, erp in both), "discontinued in the CRM only"
    assert any(product.crm is None for product in products)
    assert any(product.erp is None for product in products)


def test_prices_disagree_in_about_two_of_a_hundred(prices: dict[int, Price]) -> None:
    both = [price for price in prices.values() if price.crm_price is not None and price.erp_price is not None]
    apart = [price for price in both if price.crm_price != price.erp_price]
    assert len(apart) / len(both) == pytest.approx(0.02, abs=0.01)


def test_a_price_of_a_custom_book_has_one_in_the_standard_book(prices: dict[int, Price]) -> None:
    standard = {(price.product, price.currency) for price in prices.values() if price.level == 1 and price.crm_price}
    custom = {(price.product, price.currency) for price in prices.values() if price.level != 1 and price.crm_price}
    assert custom <= standard
    assert all(price.crm_price is None for price in prices.values() if price.minimum_quantity > 0)


def test_recent_wins_without_an_order_are_the_first_work(
    deals: list[Deal], orders: list[Order], parties: list[Party], products: list[Product]
) -> None:
    ordered = {order.deal for order in orders}
    waiting = [deal for deal in deals if deal.is_won and deal.sequence not in ordered and deal.stored_erp_id is None]
    assert len(waiting) == 25
    assert all(NOW.date() - deal.close_date <= timedelta(days=4) for deal in waiting)
    by_trouble: dict[str | None, list[Deal]] = {}
    for deal in waiting:
        by_trouble.setdefault(deal.trouble, []).append(deal)
    assert {name: len(found) for name, found in by_trouble.items()} == {
        None: 17,
        "no_lines": 1,
        "discontinued_product": 1,
        "foreign_currency": 1,
        "no_address": 1,
        "closed_subsidiary": 1,
        "twin_prospect": 2,
        "steep_discount": 1,
    }
    assert by_trouble["no_lines"][0].lines == ()
    dead = [products[line.product].erp for line in by_trouble["discontinued_product"][0].lines]
    assert any(item is not None and not item.is_active for item in dead)
    stranger = parties[by_trouble["foreign_currency"][0].party].erp
    assert stranger is not None
    assert by_trouble["foreign_currency"][0].currency not in stranger.currencies
    nowhere = parties[by_trouble["no_address"][0].party]
    assert nowhere.crm is not None
    assert nowhere.crm.billing is None
    assert nowhere.erp is None
    gone = parties[by_trouble["closed_subsidiary"][0].party].erp
    assert gone is not None
    assert gone.subsidiary == 4
    assert len({deal.party for deal in by_trouble["twin_prospect"]}) == 1
    assert parties[by_trouble["twin_prospect"][0].party].erp is None
    assert by_trouble["steep_discount"][0].amount < Decimal("0.6") * sum(
        line.quantity * line.list_price for line in by_trouble["steep_discount"][0].lines
    )


def test_recent_wins_without_trouble_can_be_ordered(
    company: Company, deals: list[Deal], orders: list[Order], parties: list[Party], products: list[Product]
) -> None:
    ordered = {order.deal for order in orders}
    fine = [deal for deal in deals if deal.is_won and deal.sequence not in ordered and deal.trouble is None]
    active = {one.sequence for one in company.subsidiaries if one.is_active}
    for deal in fine:
        erp = parties[deal.party].erp
        assert deal.lines
        assert erp is None or (erp.is_active and erp.subsidiary in active and deal.currency in erp.currencies)
        assert all((item := products[line.product].erp) is not None and item.is_active for line in deal.lines)
    assert sum(parties[deal.party].erp is None for deal in fine) == 2


def test_older_wins_have_their_order_under_the_deals_key(deals: list[Deal], orders: list[Order]) -> None:
    by_deal = {order.deal: order for order in orders if order.deal is not None}
    older = [deal for deal in deals if deal.is_won and NOW.date() - deal.close_date > timedelta(days=4)]
    by_hand = 0
    for deal in older:
        order = by_deal[deal.sequence]
        if order.external_id is None:
            assert deal.stored_erp_id == str(ids.netsuite_transaction_id(order.sequence))
            by_hand += 1
        else:
            assert order.external_id == ids.order_external_id(deal.sequence)
        assert [(line.product, line.quantity, line.rate) for line in order.lines] == [
            (line.product, line.quantity, line.unit_price) for line in deal.lines
        ]
    assert 0 < by_hand < 0.06 * len(older)


def test_transactions_share_one_number_space_without_clashes(orders: list[Order]) -> None:
    numbers = [order.sequence for order in orders]
    for order in orders:
        numbers += [one.sequence for one in (*order.shipments, *order.invoices, *order.payments)]
    assert len(numbers) == len(set(numbers))


def test_entities_never_share_an_internal_id(company: Company, parties: list[Party]) -> None:
    numbers = [ids.netsuite_employee_id(person.sequence) for person in company.salespeople]
    numbers += [ids.netsuite_customer_id(party.sequence) for party in parties]
    numbers += [ids.netsuite_contact_id(contact.sequence) for party in parties for contact in party.contacts]
    assert len(numbers) == len(set(numbers))


def test_phones_exist_whatever_their_spelling(parties: list[Party]) -> None:
    typed = [
        (party.country_code, phone)
        for party in parties
        for phone in (party.crm.phone if party.crm else None, party.erp.phone if party.erp else None)
        if phone
    ]
    valid = [phonenumbers.is_valid_number(phonenumbers.parse(phone, country)) for country, phone in typed]
    assert sum(valid) / len(valid) > 0.97
    assert len({phone[:1] for _, phone in typed}) > 3
    assert all(7 <= len(phone) <= 32 for _, phone in typed)


def test_both_sides_dial_the_same_number(parties: list[Party]) -> None:
    for party in parties:
        if party.crm and party.erp and party.crm.phone and party.erp.phone:
            crm, erp = (phonenumbers.parse(phone, party.country_code) for phone in (party.crm.phone, party.erp.phone))
            assert (crm.country_code, crm.national_number) == (erp.country_code, erp.national_number)


@given(st.integers(10, 10**6), st.floats(0.01, 100))
def test_size_scales_with_its_factor(accounts: int, factor: float) -> None:
    scaled = Size(accounts=accounts).scaled(factor)
    assert scaled.accounts == max(round(accounts * factor), 10)
    assert scaled.products >= 20


@pytest.mark.parametrize(
    "wrong",
    [
        {"now": datetime(2026, 1, 1)},  # noqa: DTZ001
        {"size": Size(0, 20, 1)},
        {"size": Size(1, 19, 1)},
        {"seed": -1},
    ],
)
def test_what_cannot_be_made_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        generate(**{"now": NOW, **wrong})


def test_the_closed_subsidiary_and_inactive_customers_have_only_old_orders(
    company: Company, orders: list[Order], parties: list[Party]
) -> None:
    closed = {one.sequence for one in company.subsidiaries if not one.is_active}
    retired = []
    for order in orders:
        buyer = parties[order.party].erp
        assert buyer is not None
        if order.subsidiary in closed or not buyer.is_active:
            retired.append(order)
    assert len(retired) > 20
    assert all(NOW - order.created > timedelta(days=250) for order in retired)
