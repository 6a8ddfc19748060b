"""A record at any time, and why a field has its value, reckoned from a ledger that landings and deliveries wrote."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crosswalk.hub import ledger
from crosswalk.hub.database import Connection, Hub
from crosswalk.hub.explaining import State, state_at, why
from crosswalk.hub.intents import claim, finish, mark_sending
from crosswalk.hub.landing import land
from crosswalk.hub.reading import first_landed, image
from crosswalk.model.entities import ENTITIES
from crosswalk.model.records import Outcome, Receipt
from tests.hub.conftest import rolled_back
from tests.hub.records import after, customer, draft, plan

CUSTOMER = ENTITIES["customer"]
NAMES = frozenset({"companyName"})


def observe(connection: Connection, at: float, *, deleted: bool = False, extra: str = "", **values: Any) -> None:
    """Let the customer be read as it is ``at`` seconds after noon."""
    content = (sorted(values.items()), extra)
    seen = customer(
        "1",
        at=at,
        deleted=deleted,
        values=values,
        extras={"tier": extra} if extra else {},
        fingerprint=hash(str(content)) % 2**60,
    )
    land(
        connection, system="netsuite", entity=CUSTOMER, images=[seen], run_id=f"run {at}", watermark=None, now=after(at)
    )


def at_time(connection: Connection, seconds: float) -> State:
    now = image(connection, CUSTOMER, "netsuite", "1")
    assert now is not None
    since = ledger.observed_since(connection, "netsuite", "customer", "1", after(seconds))
    first = first_landed(connection, CUSTOMER, "netsuite", "1")
    return state_at({**now.values, **now.extras}, now.deleted, since, first, after(seconds))


_VALUES = st.fixed_dictionaries(
    {
        "name": st.sampled_from("ABC"),
        "phone": st.sampled_from([None, "1", "2"]),
        "is_active": st.booleans(),
        "credit_limit": st.just(Decimal(1)),
    }
)
_STEPS = st.lists(st.tuples(_VALUES, st.sampled_from(["", "gold", "silver"]), st.booleans()), min_size=1, max_size=8)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_STEPS)
def test_a_record_is_at_any_time_what_was_last_read_by_then(shared_hub: Hub, steps: list[Any]) -> None:
    with rolled_back(shared_hub) as connection:
        story = []
        for place, (values, extra, deleted) in enumerate([(*steps[0][:2], False), *steps[1:]]):
            if deleted:
                values, extra = (story[-1][0], story[-1][1])
            observe(connection, place * 10, deleted=deleted, extra=extra, **values)
            story.append((values, extra, deleted))
        for place, (values, extra, deleted) in enumerate(story):
            state = at_time(connection, place * 10 + 5)
            assert {name: state.values[name] for name in values} == values
            assert (state.values.get("tier") or "") == extra
            assert state.exists is not deleted
        before = at_time(connection, -1)
        assert (before.exists, before.values) == (None, {})


def test_a_sensitive_fields_past_and_what_a_gap_hides_cannot_be_told(connection: Connection) -> None:
    for at, (name, phone, limit) in enumerate([("A", "1", 10), ("A", "1", 20), ("B", "1", 20), ("C", "2", 20)]):
        observe(connection, at * 10, name=name, phone=phone, credit_limit=Decimal(limit))
    assert "credit_limit" in at_time(connection, 5).unknown
    assert "credit_limit" not in at_time(connection, 15).unknown
    gap = {"kind": "observed", "system": "netsuite", "entity": "customer", "key": "2", "detail": {"from": 1, "to": 2}}
    land(
        connection,
        system="netsuite",
        entity=CUSTOMER,
        images=[customer("2", at=0)],
        run_id="r",
        watermark=None,
        now=after(0),
    )
    ledger.write(connection, [ledger.Entry(**gap)], now=after(10))
    since = ledger.observed_since(connection, "netsuite", "customer", "2", after(5))
    state = state_at({"name": "Acme", "phone": None}, False, since, after(0), after(5))
    assert state.unknown == {"name", "phone"}
    assert "not kept then" in " ".join(state.gaps)


def _write(connection: Connection, key: str, name: str, *, native: str = "companyName") -> None:
    wish = draft(
        key, operation="update", entity="customer", source_entity="customer", target_key="1", payload={"values": {native: name}, "lines": []}
    )  # fmt: skip
    plan(connection, [wish])
    for intent in claim(connection, pairing="demo", flow="orders", limit=5, lease_seconds=60):
        assert mark_sending(connection, intent.key, intent.epoch)
        finish(connection, intent.key, intent.epoch, Receipt(intent.key, Outcome.DONE, native_id="1"))


def test_the_write_that_set_a_value_is_named_and_no_other_whatever_the_clocks_say(connection: Connection) -> None:
    observe(connection, 0, name="A", phone="1")
    _write(connection, "W1", "B")
    observe(connection, 10, name="B", phone="1")
    _write(connection, "W2", "9", native="phone")
    told = why(connection, "netsuite", "customer", "1", "name", NAMES)
    assert told.write is not None
    assert told.write.key == "W1"
    assert why(connection, "netsuite", "customer", "1", "phone", frozenset({"phone"})).write is None, (
        "nobody saw it arrive yet"
    )
    observe(connection, 20, name="C", phone="1")
    told = why(connection, "netsuite", "customer", "1", "name", NAMES)
    assert told.write is None, "somebody changed it in the system after our write was seen"
    assert told.entry is not None
    assert told.entry.detail["fields"]["name"] == ["B", "C"]
