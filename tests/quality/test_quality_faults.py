"""Every check sees its own fault, and only that; what survives a round trip is what the mapping says survives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crosswalk.hub.database import Connection, Hub
from crosswalk.mapping.converters import Law
from crosswalk.mapping.definition import FieldMapping
from crosswalk.mapping.lens import Lens
from crosswalk.mapping.values import Unfit
from crosswalk.model.entities import Kind
from crosswalk.model.errors import ConfigurationError
from crosswalk.pairing import LifecyclePolicy
from crosswalk.pairing.checks import CheckPolicy, Tuning
from crosswalk.quality.canonical import settled
from crosswalk.quality.checks import KINDS, checks_of, load_mappings, specs
from crosswalk.quality.linked import fields
from crosswalk.quality.scope import Scope
from crosswalk.quality.spec import Spec
from tests.quality.company import FAULTS, MAPPINGS, OTHER, SHIPPED, elsewhere, image, link, sound

INCLUDE = Path(__file__).parents[2] / "include"
UNPOSTED = next(fault for fault, (_, expected) in FAULTS.items() if "invoice_unposted" in expected)
WITH_A_TABLE = SHIPPED.model_copy(update={"lifecycle": LifecyclePolicy(to_crm={"customer": "customer"}, traded=False)})


@pytest.fixture(scope="module")
def sound_hub(new_hub: Callable[[], str]) -> Iterator[Hub]:
    """A hub in which everything agrees; tests change it only in transactions they throw away."""
    hub = Hub(new_hub())
    with hub.connection() as connection:
        sound(connection)
    yield hub
    hub.close()


class _ThrownAwayError(Exception):
    pass


@pytest.fixture
def connection(sound_hub: Hub) -> Iterator[Connection]:
    """A transaction that is thrown away."""
    with suppress(_ThrownAwayError), sound_hub.connection() as connection:
        yield connection
        raise _ThrownAwayError


def found(connection: Connection, pairing: Any = SHIPPED) -> dict[str, int]:
    """What every check of the suite finds."""
    counts = {}
    for check in checks_of(pairing, MAPPINGS):
        row = connection.execute(f"select count(*) from ({check.violations}) v".encode()).fetchone()
        counts[check.check_id] = row[0] if row else 0
    return {check: count for check, count in counts.items() if count}


# What the other pairing's systems have no word for is no fault there: drafts that wait to be posted, and a hold in the CRM.
OTHERWISE = {"a choice nobody knows": {"customer_values": 1}, UNPOSTED: {}}


def test_the_other_pairings_checks_find_the_same_faults(new_hub: Callable[[], str]) -> None:
    checks = checks_of(OTHER, load_mappings(OTHER, INCLUDE / "mappings"))
    hub = Hub(new_hub())

    def seen(connection: Connection) -> dict[str, int]:
        counted = " union all ".join(f"(select '{one.check_id}', count(*) from ({one.violations}) v)" for one in checks)
        return {check: count for check, count in connection.execute(counted.encode()) if count}

    with hub.connection() as connection:
        sound(connection, elsewhere)
        connection.execute("update hub.customer set stage = 'customer', kind = 'customer'")
        assert seen(connection) == {}
    found = {}
    for fault, (sown, _) in FAULTS.items():
        with suppress(_ThrownAwayError), hub.connection() as connection:
            connection.execute(elsewhere(sown).encode())
            found[fault] = seen(connection)
            raise _ThrownAwayError
    hub.close()
    assert found == {fault: OTHERWISE.get(fault, expected) for fault, (_, expected) in FAULTS.items()}


def test_what_an_erp_never_tells_is_not_checked_instead_of_always_in_order() -> None:
    kept = {one.check_id for one in checks_of(OTHER, load_mappings(OTHER, INCLUDE / "mappings"))}
    assert {one.check_id for one in checks_of(SHIPPED, MAPPINGS)} - kept == {
        *("invoice_unposted", "payment_unposted", "shipment_unposted")
    }


def test_unposted_records_are_told_with_their_age_and_counted_against_all(connection: Connection) -> None:
    for statement in FAULTS[UNPOSTED][0].split(";"):
        connection.execute(statement.encode())
    checks = {one.check_id: one for one in checks_of(tuned(posting_days=8), MAPPINGS)}

    def days(check: str) -> dict[str, int]:
        rows = connection.execute(f"select v.erp_key, v.days from ({checks[check].violations}) v".encode())
        return dict(rows.fetchall())

    assert (days("invoice_unposted"), days("shipment_unposted")) == ({}, {"z7": 9})
    checks = {one.check_id: one for one in checks_of(SHIPPED, MAPPINGS)}
    assert (days("invoice_unposted"), days("shipment_unposted")) == ({"v7": 6, "v8": 6}, {"z7": 9, "z8": 6})
    population = connection.execute(checks["invoice_unposted"].population.encode()).fetchone()
    assert population == (6,), "three that are posted, and three that wait"


def tuned(**changes: Any) -> Any:
    return SHIPPED.model_copy(update={"checks": CheckPolicy(**changes)})


def test_a_sound_hub_breaks_no_check_and_hardly_any_has_nothing_to_compare(connection: Connection) -> None:
    assert found(connection) == {}
    populations = {
        check.check_id: connection.execute(check.population.encode()).fetchone()
        for check in checks_of(SHIPPED, MAPPINGS)
    }
    idle = {check for check, row in populations.items() if row == (0,)}
    assert idle <= {
        *(
            "customer_references",
            "customer_parents",
            "product_keys",
            "price_references",
            "price_duplicates",
            "stock_references",
        ),
        *("payment_references", "shipment_references", "open_writes"),
        *("payment_unposted", "shipment_unposted"),
    }


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_by_its_checks_and_by_no_other(connection: Connection, fault: str) -> None:
    sown, expected = FAULTS[fault]
    for statement in sown.split(";"):
        connection.execute(statement.encode())
    assert found(connection) == expected


def test_stages_and_kinds_that_contradict_the_table_are_found_where_a_pairing_has_one(connection: Connection) -> None:
    connection.execute(
        "update hub.customer set stage = 'lead', kind = 'customer', changed_at = now() - interval '1 day'"
    )
    connection.execute("update hub.customer set stage = 'customer' where key <> 'a2'")
    assert found(connection) == {}
    assert found(connection, WITH_A_TABLE) == {"customer_lifecycle": 1}


def test_every_kind_of_check_has_a_fault_that_proves_it() -> None:
    kinds = {spec.check: spec.kind for spec in specs()}
    assert {kinds[check] for _, expected in FAULTS.values() for check in expected} | {"lifecycle"} == set(KINDS)


def test_a_violation_of_fields_names_both_records_and_both_values(connection: Connection) -> None:
    connection.execute("update hub.customer set name = 'Other', phone = null where key = 'c1'")
    check = next(one for one in checks_of(SHIPPED, MAPPINGS) if one.check_id == "customer_fields")
    (row,) = connection.execute(f"select to_jsonb(v) from ({check.violations}) v".encode()).fetchall()
    assert row[0] == {
        "crm_key": "a1",
        "erp_key": "c1",
        "record": "Customer 1 Ltd.",
        "differences": {"name": ["Customer 1 Ltd.", "Other"], "phone": ["+49301", None]},
    }


def test_numbers_may_differ_by_the_pairings_amount_and_nothing_is_not_near_something(connection: Connection) -> None:
    for key, total in (("x1", "10.00"), ("x2", "10.01"), ("x3", "10.02"), ("x4", "null")):
        connection.execute(image("order_line", "salesforce", key, total="10.00").encode())
        connection.execute(image("order_line", "netsuite", f"n{key}", total=total).encode())
        connection.execute(link("order_line", key, f"n{key}").encode())
    spec = Spec(entity="order_line", check="c", kind="fields", severity="info", title="t", explanation="e")
    made = fields(Scope(SHIPPED, MAPPINGS), spec)
    assert made is not None
    rows = connection.execute(f"select v.crm_key, v.differences from ({made.violations}) v order by 1".encode())
    assert rows.fetchall() == [("x3", {"total": [10.00, 10.02]}), ("x4", {"total": [10.00, None]})]


def test_finance_fields_are_never_compared_and_never_in_a_violation() -> None:
    for check in checks_of(SHIPPED, MAPPINGS):
        for sensitive in ("credit_limit", "balance", "overdue"):
            assert sensitive not in check.violations, check.check_id


def test_the_pairing_tunes_what_is_compared_and_what_passes(connection: Connection) -> None:
    connection.execute("update hub.customer set name = 'Other' where key = 'c1'")
    connection.execute("update hub.order_line set total = 104 where key = 'ol1'")
    connection.execute("update hub.customer set currency = 'USD' where key = 'c2'")
    assert found(connection) == {"customer_fields": 2, "order_totals": 1}
    assert found(connection, tuned(fields={"customer": ("currency",)}, order_total=Decimal(5))) == {
        "customer_fields": 1
    }
    off = tuned(tune={"customer_fields": Tuning(enabled=False), "order_totals": Tuning(severity="info", in_order=0.5)})
    assert found(connection, off) == {"order_totals": 1}
    totals = next(one for one in checks_of(off, MAPPINGS) if one.check_id == "order_totals")
    assert (totals.severity, totals.mostly) == ("info", 0.5)
    with pytest.raises(ConfigurationError, match="order_total, which is no check"):
        checks_of(tuned(tune={"order_total": Tuning()}), MAPPINGS)


def test_a_deal_that_was_won_just_now_counts_as_soon_as_it_is_ordered(connection: Connection) -> None:
    connection.execute("update hub.deal set changed_at = now()")
    check = next(one for one in checks_of(SHIPPED, MAPPINGS) if one.check_id == "won_deal_has_one_order")
    assert connection.execute(check.population.encode()).fetchone() == (3,)
    connection.execute("update hub.\"order\" set deleted_at = now() where key = 'o1'")
    assert connection.execute(check.population.encode()).fetchone() == (2,)


# --- The canonical form after a round trip ---------------------------------------------------------


def _shared() -> list[tuple[str, FieldMapping, FieldMapping]]:
    pairs = []
    for entity, crm in MAPPINGS["crm"].entities.items():
        erp = MAPPINGS["erp"].entities.get(entity)
        for name, field in crm.fields.items():
            if (
                erp
                and name in erp.fields
                and Law.LOSSY in (field.law, erp.fields[name].law)
                and field.kind is Kind.TEXT
            ):
                pairs.append((f"{entity}.{name}", field, erp.fields[name]))
    return [one for one in pairs if not one[0].endswith("counterpart_key")]


SHARED = _shared()
_words = st.text(st.sampled_from("ab ,/\n.é"), max_size=12)
_long = st.builds(
    lambda word, times, end: word * times + end, st.text("ab ,/c", min_size=1, max_size=7), st.integers(1, 70), _words
)


@pytest.mark.parametrize("name", [one[0] for one in SHARED])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(typed=st.one_of(_words, _long))
def test_sql_settles_a_value_as_writing_and_reading_it_does(connection: Connection, name: str, typed: str) -> None:
    _, crm, erp = next(one for one in SHARED if one[0] == name)
    value = Lens(crm).read(typed)
    if not isinstance(value, str):
        return
    through: Any = value
    try:
        for field in (crm, erp):
            if field.law is not Law.ONE_WAY:
                through = Lens(field).read(Lens(field).write(through))
    except Unfit:
        return  # the mapping refuses the value: there is no form of it in the other system
    row = connection.execute(
        f"select {settled('v', (crm, erp))} from (select %s::text as v) s".encode(), (value,)
    ).fetchone()
    assert row is not None
    assert row[0] == through
