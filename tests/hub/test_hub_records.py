"""Links, bases, quarantine, ledger, modes, runs and check results."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk.hub import checks, ledger, modes, quarantine, runs
from crosswalk.hub.base_images import base_images, changed_since_base, store_base
from crosswalk.hub.codec import decode, encode, payload_hash
from crosswalk.hub.database import Connection
from crosswalk.hub.landing import land
from crosswalk.hub.links import LinkPair, counterpart, counterparts, create_links, redirect, unlink
from crosswalk.model.entities import CUSTOMER
from crosswalk.model.errors import RateLimitedError, ValidationError
from crosswalk.model.records import Value
from tests.hub.records import NOON, after, customer


def pair(crm: str, erp: str, rule: str = "number") -> LinkPair:
    return LinkPair("salesforce", crm, "netsuite", erp, rule)


def link(connection: Connection, *pairs: LinkPair) -> int:
    return create_links(connection, "demo", "customer", pairs, "run 1", now=NOON)


def linked(connection: Connection) -> dict[str, str]:
    return counterparts(connection, "demo", "customer", "salesforce", "netsuite", ["a", "b", "c"])


# --- Links ------------------------------------------------------------------------------------


def test_linked_records_find_each_other(connection: Connection) -> None:
    assert link(connection, pair("a", "1"), pair("b", "2")) == 2
    assert counterpart(connection, "demo", "customer", "salesforce", "a") == "1"
    assert counterpart(connection, "demo", "customer", "netsuite", "2") == "b"
    assert counterpart(connection, "demo", "contact", "salesforce", "a") is None
    assert linked(connection) == {"a": "1", "b": "2"}


def test_a_record_is_linked_once(connection: Connection) -> None:
    assert link(connection, pair("a", "1"), pair("a", "2"), pair("b", "1")) == 1
    assert link(connection, pair("a", "1"), pair("a", "9"), pair("c", "1"), pair("b", "2")) == 1
    assert linked(connection) == {"a": "1", "b": "2"}


def test_the_ledger_tells_both_records_who_linked_them(connection: Connection) -> None:
    link(connection, pair("a", "1", "exact:name"))
    for system, key, other in (("salesforce", "a", "1"), ("netsuite", "1", "a")):
        (entry,) = ledger.history(connection, system, "customer", key)
        assert (entry.kind, entry.detail["rule"], entry.detail["key"]) == ("linked", "exact:name", other)


def test_a_link_within_one_system_is_refused(connection: Connection) -> None:
    with pytest.raises(ValueError, match="both of netsuite"):
        link(connection, LinkPair("netsuite", "1", "netsuite", "2", "r"))


def test_unlinked_records_are_free_again(connection: Connection) -> None:
    link(connection, pair("a", "1"))
    assert unlink(connection, "demo", "customer", "netsuite", "1", actor="kim", reason="two companies")
    assert not unlink(connection, "demo", "customer", "netsuite", "1", actor="kim", reason="two companies")
    assert link(connection, pair("a", "2")) == 1


def test_a_merge_hands_the_link_and_its_bases_to_the_winner(connection: Connection) -> None:
    link(connection, pair("a", "1"))
    store_base(connection, pairing="demo", entity="customer", image=customer("1"))
    assert redirect(connection, "demo", "customer", "salesforce", "a", "b", run_id="run 2")
    assert linked(connection) == {"b": "1"}
    assert base_images(connection, "demo", "customer", "salesforce", "b").keys() == {"netsuite"}
    assert not redirect(connection, "demo", "customer", "salesforce", "a", "b", run_id="run 2")


def test_a_merge_of_two_linked_records_keeps_the_winners_link_and_frees_the_losers_counterpart(
    connection: Connection,
) -> None:
    link(connection, pair("a", "1"), pair("b", "2"))
    assert redirect(connection, "demo", "customer", "salesforce", "a", "b")
    assert linked(connection) == {"b": "2"}
    assert ledger.history(connection, "salesforce", "customer", "a")[-1].detail == {
        "merged_into": "b",
        "counterpart": "1",
    }
    assert link(connection, pair("c", "1")) == 1


# --- Bases ------------------------------------------------------------------------------------


def test_a_change_is_a_difference_from_the_base(connection: Connection) -> None:
    link(connection, pair("a", "1"), pair("b", "2"))
    settled = customer("1", extras={"segment": "A"})
    land(connection, system="netsuite", entity=CUSTOMER, images=[settled, customer("2")], run_id="r", watermark=None)
    assert changed_since_base(connection, "demo", "customer", "netsuite") == ["1", "2"]
    assert store_base(connection, pairing="demo", entity="customer", image=settled, now=NOON)
    assert changed_since_base(connection, "demo", "customer", "netsuite") == ["2"]
    land(
        connection,
        system="netsuite",
        entity=CUSTOMER,
        images=[customer("1", name="B", at=5)],
        run_id="r",
        watermark=None,
    )
    assert changed_since_base(connection, "demo", "customer", "netsuite") == ["2", "1"]
    base = base_images(connection, "demo", "customer", "salesforce", "a")["netsuite"]
    assert (base.fingerprint, base.values, base.settled_at) == (
        settled.fingerprint,
        {**settled.values, "extras.segment": "A"},
        NOON,
    )


def test_what_is_not_linked_has_no_base(connection: Connection) -> None:
    assert not store_base(connection, pairing="demo", entity="customer", image=customer("1"))


# --- Quarantine -------------------------------------------------------------------------------

TAXED = ValidationError(
    "Tax code 'X9' of 4711 is unknown.", hint="Add it to the value map.", field="tax_code", code="TAX"
)


def put(
    connection: Connection, key: str = "1", error: ValidationError | RateLimitedError = TAXED, at: float = 0
) -> int:
    return quarantine.put(
        connection,
        pairing="demo",
        system="netsuite",
        entity="customer",
        key=key,
        stage="pull",
        error=error,
        payload={"a": 1},
        run_id="r",
        now=after(at),
    )


def test_failing_again_counts_on_the_same_item(connection: Connection) -> None:
    first = put(connection)
    assert put(connection, at=60) == first
    (item,) = quarantine.open_items(connection, "demo", stage="pull", entity="customer")
    assert (item.times, item.first_seen, item.last_seen, item.error_class, item.hint) == (
        2,
        NOON,
        after(60),
        "validation",
        TAXED.hint,
    )
    assert [entry.kind for entry in ledger.history(connection, "netsuite", "customer", "1")] == ["quarantined"]


def test_other_trouble_of_the_same_record_takes_the_items_place_and_is_told(connection: Connection) -> None:
    put(connection)
    put(connection, error=RateLimitedError("Too many calls."), at=60)
    (item,) = quarantine.open_items(connection, "demo")
    assert (item.error_class, item.times) == ("rate_limit", 2)
    assert len(ledger.history(connection, "netsuite", "customer", "1")) == 2


def test_a_resolved_item_is_closed_and_new_trouble_opens_another(connection: Connection) -> None:
    first = put(connection)
    where = {"pairing": "demo", "system": "netsuite", "entity": "customer"}
    assert quarantine.resolve_keys(connection, **where, stage="plan", keys=["1"]) == 0
    assert quarantine.resolve(connection, **where, key="1", actor="kim", reason="mapped") == 1
    assert quarantine.resolve(connection, **where, key="1", actor="kim") == 0
    assert quarantine.open_items(connection, "demo") == []
    assert put(connection) != first
    assert quarantine.resolve_keys(connection, **where, stage="pull", keys=["1", "2"]) == 1


def test_the_same_trouble_of_two_records_has_one_fingerprint() -> None:
    def of(message: str, field: str | None = "tax_code") -> str:
        return quarantine.trouble_fingerprint("validation", "TAX", field, message)

    assert of("Tax code 'X9' of 4711 is unknown.") == of("Tax code 'Y1' of SO-12 is unknown.")
    assert of("Tax code 'X9' is unknown.") != of("Tax code 'X9' is locked.")
    assert of("Same.") != of("Same.", field="name")


# --- Ledger -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement", ["update hub.ledger set actor = 'x'", "delete from hub.ledger", "truncate hub.ledger"]
)
def test_the_ledger_refuses_to_be_rewritten(connection: Connection, statement: str) -> None:
    ledger.write(
        connection, [ledger.Entry("observed", system="netsuite", entity="customer", key="1", detail={"n": 1})], now=NOON
    )
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="append-only"), connection.transaction():
        connection.execute(statement.encode())
    (entry,) = ledger.history(connection, "netsuite", "customer", "1")
    assert (entry.at, entry.actor, entry.detail) == (NOON, ledger.ENGINE, {"n": 1})


# --- Modes, runs, checks ----------------------------------------------------------------------


def test_a_mode_is_what_was_set_last_and_the_ledger_knows_by_whom(connection: Connection) -> None:
    assert modes.mode_of(connection, "demo", "orders") is None
    modes.set_mode(connection, "demo", "orders", "shadow", actor="kim", evidence={"checks": 8})
    modes.set_mode(connection, "demo", "orders", "live", actor="lee", evidence={"days": 14})
    assert modes.mode_of(connection, "demo", "orders") == "live"
    assert modes.mode_of(connection, "demo", "write_back") is None
    rows = connection.execute(
        "select actor, detail ->> 'from', detail ->> 'to' from hub.ledger where kind = 'mode' order by id"
    )
    assert rows.fetchall() == [("kim", None, "shadow"), ("lee", "shadow", "live")]


def test_a_run_is_under_way_until_it_is_finished_and_again_when_it_is_cleared(connection: Connection) -> None:
    for _ in range(2):
        runs.begin(connection, run_id="r1", pairing="demo", phase="orders", parameters={"full": True}, now=NOON)
        assert runs.latest(connection, "demo")[0].finished_at is None
        assert runs.finish(connection, "r1", now=after(5))
    assert not runs.finish(connection, "r2")
    (run,) = runs.latest(connection, "demo")
    assert (run.started_at, run.finished_at, run.parameters) == (NOON, after(5), {"full": True})


def test_the_latest_outcomes_are_read_back_with_their_scores(connection: Connection) -> None:
    def outcome(check: str, violations: int, population: int, error: str | None = None) -> checks.CheckOutcome:
        return checks.CheckOutcome(check, check, "critical", violations, population, violations == 0, error)

    checks.store_outcomes(connection, pairing="demo", run_id="r1", outcomes=[outcome("old", 0, 1)], now=NOON)
    for violations in (9, 1):
        found = [outcome("totals", violations, 3), outcome("empty", 0, 0), outcome("broken", 0, 0, "no such table")]
        checks.store_outcomes(connection, pairing="demo", run_id="r2", outcomes=found, now=after(1))
    assert [(r.check_id, r.score, r.error) for r in checks.results_of(connection, "demo")] == [
        ("broken", Decimal(0), "no such table"),
        ("empty", Decimal(100), None),
        ("totals", Decimal("66.6667"), None),
    ]
    connection.execute(
        "insert into hub.check_violation (run_id, pairing, check_id, detail) values ('r2', 'demo', 'totals', '{\"deal\": \"a\"}')"
    )
    assert checks.violations_of(connection, "demo", "r2", "totals") == [{"deal": "a"}]


# --- Codec ------------------------------------------------------------------------------------

_values: st.SearchStrategy[Value] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(),
    st.decimals(allow_nan=False),
    st.dates(),
    st.datetimes(
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))]),
        min_value=datetime(2, 1, 1),  # noqa: DTZ001 - Hypothesis wants naive bounds
        max_value=datetime(9998, 1, 1),  # noqa: DTZ001
    ),
)


@settings(deadline=None)
@given(st.dictionaries(st.text(), _values))
def test_values_survive_json_with_their_types_and_digits(values: dict[str, Value]) -> None:
    back = decode(encode(values))
    assert back == values
    assert {name: (type(value), str(value)) for name, value in back.items() if not isinstance(value, datetime)} == {
        name: (type(value), str(value)) for name, value in values.items() if not isinstance(value, datetime)
    }


@pytest.mark.parametrize("wrong", [1.5, object(), datetime(2026, 1, 1)])  # noqa: DTZ001
def test_what_is_no_value_is_refused(wrong: object) -> None:
    with pytest.raises(TypeError):
        encode({"x": wrong})


def test_equal_payloads_have_equal_hashes_whatever_the_order() -> None:
    one = {"a": 1, "b": {"x": [1, 2], "y": "ü"}}
    assert payload_hash(one) == payload_hash({"b": {"y": "ü", "x": [1, 2]}, "a": 1})
    assert payload_hash(one) != payload_hash({"b": {"y": "ü", "x": [2, 1]}, "a": 1})
    assert payload_hash({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert date(2026, 1, 1) == decode({"d": {"$date": "2026-01-01"}})["d"]
