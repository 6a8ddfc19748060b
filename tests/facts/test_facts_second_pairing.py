"""What is known of a customer of the second pairing: its ERP names no overdue sum, no bill on an order, and keeps accounts in its own currency."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crosswalk.facts.customer import customer_facts
from crosswalk.facts.model import CustomerFacts
from crosswalk.hub.database import Connection, Hub
from crosswalk.hub.links import LinkPair, create_links
from crosswalk.pairing import load_pairing
from crosswalk.stages.credit_facts import owing
from tests.facts.shop import NOON, TODAY, put

CRM, ERP = "hubspot", "sap_business_one"
PAIRING = load_pairing(Path(__file__).parents[2] / "include" / "pairings" / f"{ERP}_{CRM}.yaml")


@pytest.fixture
def connection(hub: Hub) -> Iterator[Connection]:
    with hub.connection() as connection:
        yield connection


@pytest.fixture
def company(connection: Connection) -> str:
    """One company and its partner, billed in euros by a company whose own currency is the dollar."""
    put(connection, "customer", CRM, "100", name="Müller", currency="EUR")
    put(
        connection, "customer", ERP, "C1", name="Müller", number="C1", currency="EUR", price_level="Wholesale EUR",
        credit_limit=Decimal(5000), balance=Decimal("812.55"),
    )  # fmt: skip
    _link(connection, "customer", "100", "C1")
    return "C1"


def _link(connection: Connection, entity: str, crm: str, erp: str) -> None:
    create_links(connection, PAIRING.name, entity, [LinkPair(CRM, crm, ERP, erp, "exact:sku")], "r", now=NOON)


def _facts(connection: Connection) -> CustomerFacts:
    facts = customer_facts(connection, PAIRING, CRM, "100", today=TODAY)
    assert facts is not None
    return facts


def _price(connection: Connection, price_list: str, amount: int, currency: str, least: int | None = None) -> None:
    least_of_all = None if least is None else Decimal(least)
    values: dict[str, Any] = {"price_list": price_list, "currency": currency, "minimum_quantity": least_of_all}
    put(connection, "price", ERP, product_key="A1", unit_price=Decimal(amount), **values)


def test_an_open_deal_without_a_price_book_shows_stock_and_the_price_that_the_partner_would_get(
    connection: Connection, company: str
) -> None:
    put(connection, "product", CRM, "p1", sku="A1", name="Axle")
    put(connection, "product", ERP, "A1", sku="A1", name="Axle")
    _link(connection, "product", "p1", "A1")
    for place, available in (("Lager Wien", 5), ("Seattle DC", -2)):
        put(connection, "stock", ERP, product_key="A1", location=place, available=Decimal(available))
    deal = put(connection, "deal", CRM, name="Spring", customer_key="100", currency="EUR", is_closed=False)
    put(connection, "deal_line", CRM, "l1", deal_key=deal, product_key="p1", quantity=Decimal(12))
    _price(connection, "Base Price EUR", 30, "EUR")
    _price(connection, "Wholesale EUR", 20, "EUR")
    _price(connection, "Wholesale EUR", 18, "EUR", least=10)
    _price(connection, "Wholesale EUR", 15, "EUR", least=100)

    def price() -> tuple[object, ...]:
        [one] = _facts(connection).offers.rows
        return one.list_price, one.list_currency, one.is_own

    [offer] = _facts(connection).offers.rows
    assert (offer.available, offer.places) == (3, "Lager Wien\u00a05, Seattle DC\u00a0\u22122")
    assert (price(), offer.price_list) == ((18, "EUR", False), "Wholesale EUR")
    _price(connection, "C2", 1, "EUR")
    assert price()[0] == 18, "another partner's own price is nobody's business"
    _price(connection, company, 19, "USD")
    assert price() == (19, "USD", True), "what was agreed with the partner counts, in whatever currency"
    connection.execute("delete from hub.price where price_list = 'C1'")
    connection.execute("update hub.deal set currency = 'USD'")
    assert price() == (18, "EUR", False), "a list in another currency is shown in its own"


def test_the_account_is_in_the_erps_own_currency_and_overdue_is_what_its_invoices_say(
    connection: Connection, company: str
) -> None:
    facts = _facts(connection)
    assert facts.erp is not None
    assert facts.erp.account_currency == "USD"
    assert [(one.currency, one.amount) for one in facts.overdue] == [("USD", 0)]
    for currency, amount, days in (("EUR", 10, 5), ("EUR", 7, -5), ("GBP", 3, 90)):
        owed = {"amount_remaining": Decimal(amount), "due_date": TODAY - timedelta(days=days)}
        put(connection, "invoice", ERP, customer_key=company, currency=currency, status="open", **owed)
    assert {(one.currency, one.amount, one.records) for one in _facts(connection).overdue} == {
        ("EUR", 10, 1),
        ("GBP", 3, 1),
    }


def test_an_order_that_is_delivered_for_ever_counts_only_until_it_is_billed(
    connection: Connection, company: str
) -> None:
    for key, total in (("1", 100), ("2", 50), ("3", 20)):
        amounts = {"currency": "EUR", "total": Decimal(total)}
        put(connection, "order", ERP, key, customer_key=company, status="shipped", **amounts)
    for order, total, status in (("1", 100, "paid"), ("2", 30, "open"), ("3", 20, "voided")):
        billed = {"currency": "EUR", "total": Decimal(total)}
        put(connection, "invoice", ERP, customer_key=company, order_key=order, status=status, **billed)
    assert [(one.currency, one.records, one.amount) for one in _facts(connection).open_orders] == [("EUR", 2, 40)]
    credit = owing(connection, PAIRING, [company])[company]
    assert (credit.open_orders, credit.owed, credit.currency) == ({"EUR": 40}, {"USD": Decimal("812.55")}, "USD")
