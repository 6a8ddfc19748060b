"""Landing: what the hub holds after images came in, whatever their order, and that the watermark comes with them or not at all."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crosswalk.hub import ledger
from crosswalk.hub.census import begin
from crosswalk.hub.database import Connection, Hub
from crosswalk.hub.landing import Landed, land, mark_missing, sight
from crosswalk.hub.reading import children, image, images
from crosswalk.hub.watermarks import read_watermark, reset_watermark
from crosswalk.model.entities import CONTACT, CUSTOMER, ENTITIES, STOCK, Entity, Kind
from crosswalk.model.records import Image, Value
from tests.hub.conftest import rolled_back
from tests.hub.records import NOON, after, customer


def bring(
    connection: Connection,
    *landing: Image,
    run_id: str = "run 1",
    at: float = 0,
    watermark: dict[str, object] | None = None,
) -> Landed:
    return land(
        connection,
        system="netsuite",
        entity=CUSTOMER,
        images=landing,
        run_id=run_id,
        watermark=watermark,
        now=after(at),
    )


def name_of(connection: Connection, key: str) -> Value:
    found = image(connection, CUSTOMER, "netsuite", key)
    assert found is not None
    return found.values["name"]


def test_what_lands_can_be_read_as_it_came(connection: Connection) -> None:
    came = customer("1", extras={"segment": "A", "since": date(2020, 1, 1), "rate": Decimal("0.10")})
    assert bring(connection, came) == Landed(received=1, inserted=1, changed=0, unchanged=0, deleted=0)
    found = image(connection, CUSTOMER, "netsuite", "1")
    assert found is not None
    assert {name: value for name, value in found.values.items() if value is not None} == came.values
    assert (found.extras, found.version, found.modified, found.fingerprint, found.deleted) == (
        came.extras,
        came.version,
        came.modified,
        came.fingerprint,
        False,
    )


def test_the_same_again_is_unchanged(connection: Connection) -> None:
    bring(connection, customer("1"), customer("2"))
    assert bring(connection, customer("1"), customer("2"), at=9) == Landed(2, 0, 0, 2, 0)
    assert connection.execute("select distinct changed_at from hub.customer").fetchall() == [(NOON,)]


def test_a_change_is_stored_and_told_with_both_fingerprints(connection: Connection) -> None:
    old, new = customer("1", name="Acme"), customer("1", name="Acme Ltd", at=5)
    bring(connection, old)
    assert bring(connection, new, at=6) == Landed(1, 0, 1, 0, 0)
    assert name_of(connection, "1") == "Acme Ltd"
    (entry,) = ledger.history(connection, "netsuite", "customer", "1")
    assert (entry.kind, entry.detail, entry.at) == (
        "observed",
        {"from": old.fingerprint, "to": new.fingerprint, "fields": {"name": ["Acme", "Acme Ltd"]}},
        after(6),
    )


def test_a_change_tells_what_each_field_was_and_is_but_of_sensitive_ones_only_that_they_changed(
    connection: Connection,
) -> None:
    before = {"name": "Acme", "is_active": True, "email": "a@acme.example", "credit_limit": Decimal(5)}
    now = {"name": "Acme", "is_active": False, "phone": "+1 555 0100", "credit_limit": Decimal(7)}
    bring(connection, customer("1", values=before, extras={"tier": "gold", "region": "EU"}, fingerprint=1))
    bring(connection, customer("1", values=now, extras={"tier": "iron", "region": "EU"}, at=5, fingerprint=2), at=6)
    (entry,) = ledger.history(connection, "netsuite", "customer", "1")
    assert entry.detail["fields"] == {
        "is_active": [True, False],
        "email": ["a@acme.example", None],
        "phone": [None, "+1 555 0100"],
        "credit_limit": True,
        "tier": ["gold", "iron"],
    }


def test_first_landings_are_told_in_one_line(connection: Connection) -> None:
    bring(connection, *(customer(str(number)) for number in range(30)))
    assert connection.execute("select kind, key, detail from hub.ledger").fetchall() == [
        ("observed", None, {"inserted": 30})
    ]


def test_an_older_version_never_replaces_a_newer_one(connection: Connection) -> None:
    bring(connection, customer("1", name="new", at=10))
    assert bring(connection, customer("1", name="old", at=5)) == Landed(1, 0, 0, 1, 0)
    assert name_of(connection, "1") == "new"


def test_a_change_without_a_newer_stamp_is_a_change(connection: Connection) -> None:
    bring(connection, customer("1", name="before", at=5))
    assert bring(connection, customer("1", name="after", at=5)).changed == 1
    assert name_of(connection, "1") == "after"


def test_records_without_stamps_are_what_was_said_last(connection: Connection) -> None:
    bring(connection, customer("1", name="before", at=None))
    assert bring(connection, customer("1", name="middle", at=None), customer("1", name="after", at=None)).changed == 1
    assert name_of(connection, "1") == "after"


def test_a_version_that_moved_without_a_mapped_change_is_taken_over_silently(connection: Connection) -> None:
    bring(connection, customer("1", at=1))
    assert bring(connection, customer("1", at=2), at=9).unchanged == 1
    found = image(connection, CUSTOMER, "netsuite", "1")
    assert found is not None
    assert (found.version, found.modified) == ("v2", after(2))
    assert connection.execute("select changed_at from hub.customer").fetchone() == (NOON,)


def test_repeats_in_a_batch_collapse_to_the_newest(connection: Connection) -> None:
    landed = bring(
        connection, customer("1", name="b", at=2), customer("1", name="c", at=3), customer("1", name="a", at=1)
    )
    assert landed == Landed(received=3, inserted=1, changed=0, unchanged=2, deleted=0)
    assert name_of(connection, "1") == "c"


def test_a_deletion_is_a_tombstone_that_keeps_the_last_known_values(connection: Connection) -> None:
    bring(connection, customer("1", at=1))
    assert bring(connection, customer("1", at=2, deleted=True, values={})) == Landed(1, 0, 0, 0, 1)
    found = image(connection, CUSTOMER, "netsuite", "1")
    assert found is not None
    assert found.deleted
    assert found.values["name"] == "Acme"
    assert connection.execute("select deleted_at from hub.customer").fetchone() == (after(2),)
    assert [entry.kind for entry in ledger.history(connection, "netsuite", "customer", "1")] == ["deleted"]


def test_a_record_that_was_undeleted_is_restored(connection: Connection) -> None:
    bring(connection, customer("1", at=1))
    bring(connection, customer("1", at=2, deleted=True))
    assert bring(connection, customer("1", at=3)).changed == 1
    found = image(connection, CUSTOMER, "netsuite", "1")
    assert found is not None
    assert not found.deleted


def test_text_that_postgres_cannot_hold_stops_no_batch(connection: Connection) -> None:
    bring(
        connection,
        customer("1", name="nul\x00byte", extras={"x": "a\x00\ud800b"}),
        customer("2", name="\ud800lone"),
        customer("3"),
    )
    assert name_of(connection, "1") == "nul\ufffdbyte"
    assert name_of(connection, "2") == "?lone"
    assert len(images(connection, CUSTOMER, "netsuite", ["1", "2", "3"])) == 3


def test_images_of_another_system_are_refused(connection: Connection) -> None:
    with pytest.raises(ValueError, match="salesforce customer was landed as netsuite customer"):
        bring(connection, customer("1", system="salesforce"))


def test_watermark_and_rows_stand_or_fall_together(hub: Hub) -> None:
    with hub.connection() as connection:
        bring(connection, customer("1"), watermark={"since": "1"})
    with rolled_back(hub) as connection:
        bring(connection, customer("2"), customer("1", name="new", at=9), watermark={"since": "2"})
    with hub.connection() as connection:
        assert read_watermark(connection, "netsuite", "customer") == {"since": "1"}
        assert list(images(connection, CUSTOMER, "netsuite", ["1", "2"])) == ["1"]
        assert name_of(connection, "1") == "Acme"


def test_a_page_without_a_watermark_leaves_the_old_one_and_an_empty_page_can_bring_one(connection: Connection) -> None:
    bring(connection, watermark={"since": "1"})
    bring(connection, customer("1"))
    assert read_watermark(connection, "netsuite", "customer") == {"since": "1"}
    assert read_watermark(connection, "netsuite", "contact") is None


def test_a_watermark_that_is_reset_is_gone_and_told(connection: Connection) -> None:
    bring(connection, watermark={"since": "1"})
    assert reset_watermark(connection, "netsuite", "customer", actor="kim")
    assert not reset_watermark(connection, "netsuite", "customer", actor="kim")
    assert read_watermark(connection, "netsuite", "customer") is None
    assert connection.execute("select actor, detail from hub.ledger").fetchall() == [("kim", {"was": {"since": "1"}})]


# --- Census -----------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def under_way(connection: Connection) -> None:
    begin(connection, pairing="p", system="netsuite", entity="customer", run_id="any")


def census(connection: Connection, *seen: Image, run_id: str, at: float) -> int:
    bring(connection, *seen, run_id=run_id, at=at)
    return mark_missing(
        connection, system="netsuite", entity=CUSTOMER, run_id=run_id, seen_since=after(at), now=after(at + 1)
    )


def test_a_census_marks_what_it_did_not_see(connection: Connection) -> None:
    bring(connection, customer("1"), customer("2"), customer("3"))
    assert census(connection, customer("1"), customer("3", name="new", at=9), run_id="census", at=100) == 1
    found = images(connection, CUSTOMER, "netsuite", ["1", "2", "3"])
    assert [found[key].deleted for key in ("1", "2", "3")] == [False, True, False]
    assert [(e.kind, e.detail) for e in ledger.history(connection, "netsuite", "customer", "2")] == [
        ("deleted", {"by": "census"})
    ]


def test_marking_twice_marks_nothing_more(connection: Connection) -> None:
    bring(connection, customer("1"), customer("2"))
    assert census(connection, customer("1"), run_id="census", at=100) == 1
    assert mark_missing(connection, system="netsuite", entity=CUSTOMER, run_id="census", seen_since=after(100)) == 0


def test_what_an_earlier_try_of_the_same_run_saw_is_not_spared(connection: Connection) -> None:
    bring(connection, customer("1"), run_id="old")
    bring(connection, customer("1"), customer("2"), customer("3"), run_id="census", at=1)
    assert census(connection, customer("3"), run_id="census", at=100) == 2


def test_what_came_and_could_not_be_landed_is_spared(connection: Connection) -> None:
    bring(connection, customer("1"), customer("2"), run_id="old")
    sight(connection, system="netsuite", entity=CUSTOMER, keys=["2"], run_id="census", now=after(101))
    assert census(connection, run_id="census", at=100) == 1
    assert not images(connection, CUSTOMER, "netsuite", ["2"])["2"].deleted


def test_what_another_run_saw_during_the_census_is_spared(connection: Connection) -> None:
    bring(connection, customer("1"), customer("2"), run_id="old")
    bring(connection, customer("2"), run_id="webhook", at=150)
    assert census(connection, customer("1"), run_id="census", at=100) == 0


def test_a_census_goes_by_itself_and_not_by_the_one_before(connection: Connection) -> None:
    bring(connection, customer("1"), customer("2"), run_id="old")
    assert census(connection, customer("1"), customer("2"), run_id="census 1", at=100) == 0
    assert census(connection, customer("1"), run_id="census 2", at=200) == 1
    assert connection.execute("select distinct run_id from hub.sighting").fetchall() == [("census 2",)]


def test_a_record_missing_from_a_census_is_taken_back_when_it_turns_up_unchanged(connection: Connection) -> None:
    bring(connection, customer("1"), customer("2"))
    census(connection, customer("1"), run_id="census", at=100)
    assert bring(connection, customer("2"), at=300).changed == 1
    found = image(connection, CUSTOMER, "netsuite", "2")
    assert found is not None
    assert not found.deleted


def test_a_census_of_one_system_leaves_the_others_alone(connection: Connection) -> None:
    land(
        connection,
        system="salesforce",
        entity=CUSTOMER,
        images=[customer("1", system="salesforce")],
        run_id="r",
        watermark=None,
        now=NOON,
    )
    assert census(connection, run_id="census", at=100) == 0


# --- Properties -------------------------------------------------------------------------------

_SAMPLES: dict[Kind, Value] = {
    Kind.AMOUNT: Decimal("-12345678901234567890.1234567890"),
    Kind.QUANTITY: Decimal("0E-8"),
    Kind.INTEGER: -(2**40),
    Kind.BOOLEAN: False,
    Kind.DATE: date(1899, 12, 31),
    Kind.INSTANT: after(0.123456),
}


@pytest.mark.parametrize("entity", ENTITIES.values(), ids=lambda entity: entity.name)
def test_every_field_of_every_entity_survives_the_way_through_the_hub(connection: Connection, entity: Entity) -> None:
    values = {field.name: _SAMPLES.get(field.kind, f"ü {field.name}") for field in entity.fields}
    came = Image("netsuite", entity.name, "k", "1", NOON, False, values, {}, -(2**63))
    land(connection, system="netsuite", entity=entity, images=[came], run_id="r", watermark=None)
    assert image(connection, entity, "netsuite", "k") == came


def test_children_are_grouped_by_what_they_refer_to(connection: Connection) -> None:
    contacts = [
        Image("netsuite", "contact", key, "1", NOON, False, {"customer_key": of, "last_name": key})
        for key, of in (("a", "1"), ("b", "2"), ("c", "1"))
    ]
    land(connection, system="netsuite", entity=CONTACT, images=contacts, run_id="r", watermark=None)
    groups = children(connection, CONTACT, "netsuite", "customer_key", ["1", "2", "3"])
    assert {key: [child.key for child in group] for key, group in groups.items()} == {"1": ["a", "c"], "2": ["b"]}
    assert children(connection, STOCK, "netsuite", "product_key", []) == {}


_histories = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 6), st.sampled_from(["x", "y", "z", None])),
    unique_by=lambda version: version[:2],  # one truth a key and stamp; None is a deletion
    max_size=12,
)


def _version(key: str, stamp: int, name: str | None) -> Image:
    return customer(key, name=name or "", at=stamp, deleted=name is None)


def _living(hub: Connection) -> dict[str, tuple[object, ...]]:
    rows = hub.execute(
        "select key, deleted_at is not null, modified, version, case when deleted_at is null then name end from hub.customer"
    )
    return {key: tuple(rest) for key, *rest in rows}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=_histories, cuts=st.lists(st.integers(1, 5), max_size=6), seed=st.integers(0, 2**16))
def test_in_whatever_order_and_however_often_versions_land_the_newest_one_stands(
    shared_hub: Hub, history: list[tuple[str, int, str | None]], cuts: list[int], seed: int
) -> None:
    newest = {version[0]: version for version in sorted(history, key=lambda version: version[1])}
    shuffled = [*history, *history]
    random.Random(seed).shuffle(shuffled)
    with rolled_back(shared_hub) as connection:
        while shuffled:
            size = cuts.pop() if cuts else len(shuffled)
            batch, shuffled = shuffled[:size], shuffled[size:]
            landed = bring(connection, *(_version(*version) for version in batch))
            assert landed.inserted + landed.changed + landed.unchanged + landed.deleted == landed.received
        expected = {key: (name is None, after(stamp), f"v{stamp}", name) for key, stamp, name in newest.values()}
        assert _living(connection) == expected
