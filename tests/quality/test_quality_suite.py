from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from crosswalk.hub.checks import CheckResult, results_of, stored_violations, violations_of
from crosswalk.hub.database import Hub
from crosswalk.hub.landing import land
from crosswalk.hub.links import LinkPair, create_links
from crosswalk.mapping.fingerprint import fingerprint
from crosswalk.model.entities import ENTITIES
from crosswalk.model.records import Image, Value
from crosswalk.pairing import load_pairing
from crosswalk.quality.checks import Check, checks_of, concerns_orders, load_mappings
from crosswalk.quality.report import entity_counts, latest_checks, trend
from crosswalk.quality.suite import run_suite
from tests.quality import company

INCLUDE = Path(__file__).parents[2] / "include"
SHIPPED = load_pairing(INCLUDE / "pairings" / "netsuite_salesforce.yaml")
MAPPINGS = load_mappings(SHIPPED, INCLUDE / "mappings")
PAIRING = SHIPPED.model_copy(update={"checks": SHIPPED.checks.model_copy(update={"grace_minutes": 0})})


def put(hub: Hub, system: str, entity: str, key: str, **values: Value) -> None:
    every = {name: values.get(name) for name in ENTITIES[entity].field_names}
    image = Image(system, entity, key, "1", None, False, every, {}, fingerprint(every, {}))
    with hub.connection() as connection:
        land(connection, system=system, entity=ENTITIES[entity], images=[image], run_id="seed", watermark=None)


def deal(hub: Hub, key: str, amount: str, currency: str = "USD") -> None:
    put(
        hub,
        "salesforce",
        "deal",
        key,
        name=f"Deal {key}",
        is_won=True,
        close_date=datetime.now(UTC).date(),
        amount=Decimal(amount),
        currency=currency,
    )


def order(hub: Hub, key: str, intent_key: str, *lines: str, currency: str = "USD") -> None:
    """An order with these line totals; its own total has tax and shipping in it, which no check may look at."""
    total = sum(map(Decimal, lines), Decimal(25))
    put(hub, "netsuite", "order", key, number=f"SO{key}", intent_key=intent_key, total=total, currency=currency)
    for number, amount in enumerate(lines):
        put(hub, "netsuite", "order_line", f"{key}|{number}", order_key=key, total=Decimal(amount))


def ordered(hub: Hub, *pairs: tuple[str, str]) -> None:
    with hub.connection() as connection:
        create_links(
            connection,
            PAIRING.name,
            "deal_order",
            [LinkPair("salesforce", left, "netsuite", right, "test") for left, right in pairs],
            "seed",
        )


def outcome(hub: Hub, check_id: str, run: str = "r1") -> tuple[int, int, bool]:
    run_suite(hub, PAIRING.name, run, [check for check in checks_of(PAIRING, MAPPINGS) if check.check_id == check_id])
    with hub.connection() as connection:
        (result,) = results_of(connection, PAIRING.name, run)
    return result.violations, result.population, result.success


def test_a_won_deal_needs_exactly_one_order(hub: Hub) -> None:
    for key in ("006A", "006B", "006C"):
        deal(hub, key, "10.00")
    order(hub, "1", "SF-OPP-006A-R1", "10.00")
    order(hub, "2", "SF-OPP-006B-R1", "10.00")
    order(hub, "3", "SF-OPP-006B-R2", "10.00")
    assert outcome(hub, "won_deal_has_one_order") == (2, 3, False)
    with hub.connection() as connection:
        rows = {row["crm_key"]: row for row in violations_of(connection, PAIRING.name, "r1", "won_deal_has_one_order")}
    assert (rows["006B"]["orders"], rows["006B"]["order_numbers"]) == (2, "SO2, SO3")
    assert (rows["006C"]["orders"], rows["006C"]["order_numbers"]) == (0, None)


def test_what_was_ordered_is_what_was_sold_within_the_tolerance_and_in_its_currency(hub: Hub) -> None:
    cases = {
        "A": (["60.00", "40.00"], "USD"),
        "B": (["100.01"], "USD"),
        "C": (["60.00", "40.02"], "USD"),
        "D": (["100.00"], "EUR"),
        "E": ([], "USD"),
    }
    for key, (lines, currency) in cases.items():
        deal(hub, key, "100.00")
        order(hub, key, f"SF-OPP-{key}-R1", *lines, currency=currency)
    ordered(hub, *((key, key) for key in cases))
    assert outcome(hub, "order_totals") == (3, 5, False)
    with hub.connection() as connection:
        rows = violations_of(connection, PAIRING.name, "r1", "order_totals")
    assert {str(row["crm_key"]): row["difference"] for row in rows} == {
        "C": Decimal("0.02"),
        "D": Decimal(0),
        "E": None,
    }


@pytest.mark.parametrize(
    ("accounts", "customers", "agrees"), [(100, 98, True), (100, 97, False), (0, 0, True), (3, 0, False)]
)
def test_counts_may_differ_by_the_pairings_share(hub: Hub, accounts: int, customers: int, agrees: bool) -> None:
    for number in range(accounts):
        put(hub, "salesforce", "customer", f"a{number}", name="A", counterpart_key=f"c{number}")
    for number in range(customers):
        put(hub, "netsuite", "customer", f"c{number}", name="C", counterpart_key=f"a{number}")
    assert outcome(hub, "customer_counts")[2] is agrees


def test_prospects_and_customers_of_other_channels_are_not_counted(hub: Hub) -> None:
    for number in range(9):
        put(hub, "salesforce", "customer", f"prospect{number}", name="P")
    for number in range(5):
        put(hub, "netsuite", "customer", f"webshop{number}", name="W")
    put(hub, "salesforce", "customer", "a1", name="A")
    put(hub, "netsuite", "customer", "c1", name="A")
    with hub.connection() as connection:
        create_links(
            connection, PAIRING.name, "customer", [LinkPair("salesforce", "a1", "netsuite", "c1", "t")], "seed"
        )
    assert outcome(hub, "customer_counts") == (0, 1, True)
    put(hub, "salesforce", "customer", "won", name="Won, and no customer yet")
    put(
        hub, "salesforce", "deal", "006", name="D", is_won=True, close_date=datetime.now(UTC).date(), customer_key="won"
    )
    assert outcome(hub, "customer_counts") == (1, 1, False)
    with hub.connection() as connection:
        (row,) = violations_of(connection, PAIRING.name, "r1", "customer_counts")
    assert (row["crm_records"], row["erp_records"]) == (2, 1)


def test_a_suite_with_nothing_to_compare_has_no_score_instead_of_a_perfect_one(hub: Hub) -> None:
    result = run_suite(
        hub,
        PAIRING.name,
        "r1",
        [check for check in checks_of(PAIRING, MAPPINGS) if check.check_id == "won_deal_has_one_order"],
    )
    assert (result.outcomes[0].population, result.score) == (0, None)
    with hub.connection() as connection:
        assert trend(connection, PAIRING.name) == []


def test_stored_ids_must_lead_to_one_living_customer(hub: Hub) -> None:
    put(hub, "netsuite", "customer", "7", name="Seven")
    for key, stored in (("a", "7"), ("b", "7"), ("c", "8"), ("d", None)):
        put(hub, "salesforce", "customer", key, name=key, counterpart_key=stored)
    assert outcome(hub, "stored_customer_keys") == (3, 3, False)


def test_running_a_suite_again_replaces_its_rows(hub: Hub) -> None:
    deal(hub, "006A", "10.00")
    assert outcome(hub, "won_deal_has_one_order") == (1, 1, False)
    order(hub, "1", "SF-OPP-006A-R1", "10.00")
    assert outcome(hub, "won_deal_has_one_order") == (0, 1, True)
    with hub.connection() as connection:
        assert violations_of(connection, PAIRING.name, "r1", "won_deal_has_one_order") == []


def test_a_check_that_cannot_run_is_an_error_and_never_a_pass(hub: Hub) -> None:
    broken = Check("broken", "Broken", "", "critical", "select * from hub.no_such_table", "select 1")
    result = run_suite(hub, PAIRING.name, "r1", [broken])
    (only,) = result.outcomes
    assert not only.success
    assert "no_such_table" in str(only.error)


def test_what_the_report_shows_equals_an_independent_count(hub: Hub) -> None:
    deal(hub, "006A", "10.00")
    deal(hub, "006B", "10.00")
    order(hub, "1", "SF-OPP-006A-R1", "10.00")
    ordered(hub, ("006A", "1"))
    result = run_suite(hub, PAIRING.name, "r1", checks_of(PAIRING, MAPPINGS))
    with hub.connection() as connection:
        assert latest_checks(connection, PAIRING.name, entity="deal")[0].check_id == "won_deal_has_one_order"
        (point,) = trend(connection, PAIRING.name)
        total, wrong = connection.execute(
            "select sum(population), sum(least(violations, population)) from hub.check_result"
        ).fetchone() or (0, 0)
        (deals,) = entity_counts(connection, PAIRING.name, ("salesforce", "netsuite"), ("deal",))
    assert float(100 * (total - wrong) / total) == pytest.approx(point.score) == pytest.approx(result.score)
    assert (dict(deals.by_system), deals.linked) == ({"salesforce": 2}, 1)


# --- A part of the suite ---------------------------------------------------------------------------


def test_a_run_in_part_measures_orders_and_shows_the_rest_as_it_was_measured(hub: Hub) -> None:
    some = ("order_totals", "customer_fields", "contact_duplicates")
    checks = [check for check in checks_of(company.SHIPPED, company.MAPPINGS) if check.check_id in some]

    def run(name: str, **options: object) -> dict[str, CheckResult]:
        whole = run_suite(hub, company.NAME, name, checks, **options)
        with hub.connection() as connection:
            found = {one.check_id: one for one in results_of(connection, company.NAME)}
        assert {one.check_id for one in whole.outcomes} == set(found) == {check.check_id for check in checks}
        assert {one.run_id for one in found.values()} == {name}
        return found

    def fault(name: str) -> None:
        with hub.connection() as connection:
            connection.execute(company.FAULTS[name][0].encode())

    def rows(name: str, check: str) -> int:
        with hub.connection() as connection:
            return len(stored_violations(connection, company.NAME, name, check))

    with hub.connection() as connection:
        company.sound(connection)
    fault("two fields of one pair")
    first = run("r1", due=concerns_orders)  # nothing to take over yet: all of them
    fault("an e-mail address twice")
    fault("two cents too much")
    second = run("r2", due=concerns_orders)
    assert (first["order_totals"].violations, second["order_totals"].violations) == (0, 1)
    assert first["customer_fields"].violations == second["customer_fields"].violations == 1
    assert first["customer_fields"].measured_at == second["customer_fields"].measured_at
    assert second["contact_duplicates"].violations == first["contact_duplicates"].violations
    third = run("r3", due=concerns_orders, keep_runs=1)
    assert third["customer_fields"].measured_at == first["customer_fields"].measured_at
    assert (rows("r3", "customer_fields"), rows("r3", "order_totals"), rows("r2", "order_totals")) == (1, 1, 0)
    fourth = run("r4")
    assert fourth["contact_duplicates"].violations > first["contact_duplicates"].violations
