"""What is known about one customer: sums equal SQL of their own, only what may be shown is there, and what is missing is missing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crosswalk.facts.customer import customer_facts
from crosswalk.facts.parties import ALWAYS, ON_REQUEST, readable
from crosswalk.facts.search import search
from crosswalk.hub import ledger, quarantine
from crosswalk.hub.database import Connection, Hub
from crosswalk.hub.matches import Proposal, propose
from crosswalk.model.entities import CUSTOMER
from crosswalk.model.errors import ValidationError
from tests.facts.shop import CRM, ERP, NOON, PAIRING, TODAY, link, pairing, put


@pytest.fixture
def connection(hub: Hub) -> Iterator[Connection]:
    with hub.connection() as connection:
        yield connection


def _customer(connection: Connection) -> tuple[str, str]:
    """One customer in both systems, linked."""
    crm = put(connection, "customer", CRM, "001A", name="Müller & Söhne", website="https://www.mueller-soehne.example")
    erp = put(
        connection, "customer", ERP, "77", name="Mueller Soehne GmbH", number="C-0077", currency="EUR", price_level="Base Price",
        credit_limit=Decimal("5000"), credit_hold="hold", balance=Decimal("812.55"), overdue=Decimal("12.5"),
    )  # fmt: skip
    link(connection, "customer", crm, erp)
    return crm, erp


_AMOUNT = st.decimals(min_value=Decimal("-999"), max_value=Decimal("99999999.99"), places=2)
_INVOICE = st.tuples(
    st.sampled_from(["EUR", "USD", None]), st.none() | _AMOUNT, st.none() | st.integers(-90, 90),
    st.sampled_from(["open", "open", "paid", "voided"]), st.booleans(),
)  # fmt: skip


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_INVOICE, max_size=25))
def test_what_is_owed_adds_up_per_currency_and_age(hub: Hub, invoices: list[tuple[object, ...]]) -> None:
    with hub.connection() as connection:
        connection.execute("truncate hub.customer, hub.invoice, hub.link cascade")
        crm, erp = _customer(connection)
        for currency, remaining, late, status, deleted in invoices:
            due = None if late is None else TODAY - timedelta(days=int(str(late)))
            put(
                connection, "invoice", ERP, customer_key=erp, currency=currency, amount_remaining=remaining, due_date=due,
                status=status, deleted_at=NOON if deleted else None,
            )  # fmt: skip
        put(connection, "invoice", ERP, customer_key="78", currency="EUR", amount_remaining=Decimal(1), status="open")
        facts = customer_facts(connection, pairing(), CRM, crm, today=TODAY)
        assert facts is not None
        living = [one for one in invoices if one[3] == "open" and not one[4]]
        for currency in {one[0] for one in living}:
            mine = [(one[1] or Decimal(0), one[2]) for one in living if one[0] == currency]
            [shown] = [one for one in facts.receivables if one.currency == currency]
            assert (shown.records, shown.amount) == (len(mine), sum(amount for amount, _ in mine))
            assert shown.overdue == sum(amount for amount, late in mine if late is not None and late > 0)
            assert shown.amount == shown.overdue + shown.not_due
        assert facts.invoices.total == len(living) == sum(one.records for one in facts.receivables)


def test_only_what_the_pairing_names_is_read_from_the_erp(connection: Connection) -> None:
    crm, erp = _customer(connection)
    put(connection, "invoice", ERP, customer_key=erp, currency="EUR", amount_remaining=Decimal(5), status="open")
    put(connection, "payment", ERP, customer_key=erp, currency="EUR", amount=Decimal(5), payment_date=TODAY)
    put(connection, "order", ERP, customer_key=erp, currency="EUR", total=Decimal(5), status="open")
    shown = customer_facts(connection, pairing(), CRM, crm, today=TODAY)
    hidden = customer_facts(connection, pairing(show_in_crm=("credit_hold",)), CRM, crm, today=TODAY)
    assert shown is not None
    assert hidden is not None
    assert shown.erp is not None
    assert hidden.erp is not None
    assert (shown.erp.value("credit_limit"), len(shown.receivables), len(shown.paid)) == (Decimal(5000), 1, 1)
    assert hidden.erp.value("credit_hold") == "hold"
    assert not {"credit_limit", "balance", "overdue", "terms", "price_level"} & set(hidden.erp.values)
    assert (hidden.receivables, hidden.invoices.rows, hidden.paid, hidden.payments.rows, hidden.orders.rows) == (
        (),
    ) * 5


def test_a_sensitive_field_is_never_read_unasked_and_none_beyond_the_list_can_be_asked_for() -> None:
    sensitive = {field.name for field in CUSTOMER.fields if field.sensitive}
    assert sensitive
    assert not sensitive & set(readable("erp", ()))
    assert not sensitive & set(readable("crm", ON_REQUEST))
    assert set(readable("erp", (*sensitive, "cost", "margin", "tax_id", "extras"))) == {*ALWAYS, *sensitive}


def test_deals_and_what_keeps_them_from_being_ordered(connection: Connection) -> None:
    crm, erp = _customer(connection)
    product = put(connection, "product", CRM, sku="AX-1", name="Axle")
    item = put(connection, "product", ERP, sku="AX-1", name="Axle")
    link(connection, "product", product, item)
    for place, available in (("Reno", 7), ("Hamburg", 3)):
        put(connection, "stock", ERP, product_key=item, location=place, available=Decimal(available))
    for least, price in ((0, 20), (10, 18), (100, 15)):
        prices = {"minimum_quantity": Decimal(least), "unit_price": Decimal(price), "price_list": "Base Price"}
        put(connection, "price", ERP, product_key=item, currency="EUR", is_active=True, **prices)
    deal = {"customer_key": crm, "currency": "EUR", "is_closed": False, "is_won": False}
    one = put(
        connection, "deal", CRM, name="Spring", amount=Decimal(240), probability=Decimal(50), close_date=TODAY, **deal
    )
    put(connection, "deal", CRM, name="Autumn", amount=Decimal("100.10"), **deal)
    put(
        connection,
        "deal",
        CRM,
        name="Dollars",
        amount=Decimal(9),
        probability=Decimal(10),
        **{**deal, "currency": "USD"},
    )
    put(
        connection,
        "deal_line",
        CRM,
        deal_key=one,
        product_key=product,
        quantity=Decimal(12),
        unit_price=Decimal(20),
        position=1,
    )
    put(connection, "deal_line", CRM, deal_key=one, sku="NEW", quantity=Decimal(1), unit_price=Decimal(1), position=2)
    won = {**deal, "is_closed": True, "is_won": True, "close_date": TODAY}
    stuck = put(connection, "deal", CRM, name="Stuck", amount=Decimal(70), **won)
    put(connection, "deal", CRM, name="Fresh", amount=Decimal(30), **won)
    put(connection, "deal", CRM, name="Old", amount=Decimal(1), **{**won, "close_date": TODAY - timedelta(days=400)})
    put(connection, "deal", CRM, name="Ordered", amount=Decimal(1), counterpart_key="9", **won)
    error = ValidationError("It has no product lines.", hint="Add them.")
    quarantine.put(
        connection, pairing=PAIRING, system=CRM, entity="deal", key=stuck, stage="plan", error=error, now=NOON
    )
    facts = customer_facts(connection, pairing(), ERP, erp, today=TODAY)
    assert facts is not None
    assert [(p.currency, p.records, p.amount, p.weighted) for p in facts.pipeline] == [
        ("EUR", 2, Decimal("340.10"), Decimal(120)), ("USD", 1, Decimal(9), Decimal("0.9"))
    ]  # fmt: skip
    assert {(w.name, w.why, w.needs_a_person) for w in facts.waiting.rows} == {
        ("Stuck", "It has no product lines.", True), ("Fresh", "The next run plans its order.", False)
    }  # fmt: skip
    assert [(t.currency, t.records, t.amount) for t in facts.waiting_totals] == [("EUR", 2, Decimal(100))]
    offer, unknown = facts.offers.rows
    assert (offer.product, offer.available, offer.places, offer.list_price) == (
        "AX-1",
        10,
        "Hamburg\u00a03, Reno\u00a07",
        18,
    )
    assert (unknown.product, unknown.erp_product, unknown.available, unknown.list_price) == ("NEW", None, None, None)
    assert [(t.entity, t.key) for t in facts.troubles.rows] == [("deal", stuck)]


def test_a_customer_of_one_system_shows_who_may_be_the_same_and_a_deleted_one_is_said_to_be_gone(
    connection: Connection,
) -> None:
    alone = put(connection, "customer", CRM, name="Lone Star")
    twin = put(connection, "customer", ERP, name="Lonestar Inc.")
    propose(connection, PAIRING, "customer", (CRM, ERP), [Proposal(alone, twin, 4.5, "near", ())], "r")
    facts = customer_facts(connection, pairing(), CRM, alone, today=TODAY)
    assert facts is not None
    assert (facts.erp, facts.link, [(c.key, c.name) for c in facts.candidates]) == (
        None,
        None,
        [(twin, "Lonestar Inc.")],
    )
    assert (facts.receivables, facts.orders.rows, facts.pipeline) == ((), (), ())
    crm, erp = _customer(connection)
    connection.execute("update hub.customer set deleted_at = %s where key = %s", (NOON, erp))
    facts = customer_facts(connection, pairing(), CRM, crm, today=TODAY)
    assert facts is not None
    assert facts.erp is not None
    assert facts.erp.gone
    assert customer_facts(connection, pairing(), CRM, "never heard of", today=TODAY) is None


def test_history_names_what_changed_and_no_value_of_it(connection: Connection) -> None:
    crm, erp = _customer(connection)
    detail = {"fields": {"phone": ["1", "2"], "credit_limit": ["5000", "9999"], "bank_account": ["DE02", "DE03"]}}
    entry = ledger.Entry("observed", None, "r", system=ERP, entity="customer", key=erp, detail=detail)
    ledger.write(connection, [entry], now=NOON)
    facts = customer_facts(connection, pairing(show_in_crm=("credit_hold",)), CRM, crm, today=TODAY)
    assert facts is not None
    assert [event.fields for event in facts.events if event.kind == "observed"] == [("phone",)]
    assert "9999" not in repr(facts)
    assert "DE03" not in repr(facts)


@pytest.mark.parametrize(
    "asked",
    ["müller", "Muller", "MUELLER", "Söh", "soehne mueller", "C-0077", "77", "001A", "mueller-soehne.example",
     "https://www.mueller-soehne.example", "  Müller   Söhne  ", "c 0077"],
)  # fmt: skip
def test_a_customer_is_found_however_it_is_typed_once_for_both_systems(connection: Connection, asked: str) -> None:
    crm, erp = _customer(connection)
    put(connection, "customer", CRM, name="Nobody Ltd.")
    [hit] = search(connection, pairing(), asked).hits
    assert (hit.crm, hit.erp, hit.number) == (crm, erp, "C-0077")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=30))
def test_whatever_is_typed_is_an_answer_and_no_error(hub: Hub, asked: str) -> None:
    with hub.connection() as connection:
        found = search(connection, pairing(), asked)
    assert not found.hits


def test_signs_in_a_name_hide_no_word_of_it(connection: Connection) -> None:
    name = "Größter <script>alert(1)</script> A&B/C_D-E \"'"
    put(connection, "customer", CRM, name=name)
    for word in ("groesster", "Großt", "script", "alert", "a&b", "c_d", name):
        assert [hit.name for hit in search(connection, pairing(), word).hits] == [name], word


def test_an_umlaut_finds_who_is_written_without_it(connection: Connection) -> None:
    for name in ("Mueller KG", "Muller Inc.", "Müller AG"):
        put(connection, "customer", ERP, name=name)
    assert {hit.name for hit in search(connection, pairing(), "Müller").hits} == {
        "Mueller KG",
        "Muller Inc.",
        "Müller AG",
    }
    assert {hit.name for hit in search(connection, pairing(), "mueller").hits} == {"Mueller KG", "Müller AG"}


def test_an_exact_number_comes_first_and_a_deleted_or_strange_customer_never(connection: Connection) -> None:
    put(connection, "customer", ERP, name="12 Monkeys")
    exact = put(connection, "customer", ERP, name="Zebra", number="12")
    put(connection, "customer", ERP, name="12 Gone", deleted_at=NOON)
    put(connection, "customer", "hubspot", name="12 Strangers")
    assert [hit.name for hit in search(connection, pairing(), "12").hits] == ["Zebra", "12 Monkeys"]
    assert search(connection, pairing(), "12", limit=1).more
    assert search(connection, pairing(), "12", limit=1).hits[0].erp == exact
