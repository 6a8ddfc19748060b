"""Lines of documents: gone with them, gone when a save took them off, and there whenever anything says so."""

from __future__ import annotations

from datetime import datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crosswalk.hub.census import begin
from crosswalk.hub.database import Connection, Hub
from crosswalk.hub.landing import land, mark_missing
from crosswalk.hub.parts import bury_removed, part_of
from crosswalk.hub.quarantine import put
from crosswalk.model.entities import ENTITIES
from crosswalk.model.errors import ValidationError
from crosswalk.model.records import Image
from tests.hub.conftest import rolled_back
from tests.hub.records import after


def order(key: str, *, at: float | None = 0, deleted: bool = False) -> Image:
    return _image("order", key, at, deleted, {"number": key})


def line(key: str, *, at: float | None = 0, deleted: bool = False) -> Image:
    return _image("order_line", key, at, deleted, {"order_key": key.split("|")[0]})


def _image(entity: str, key: str, at: float | None, deleted: bool, values: dict[str, object]) -> Image:
    stamp = None if at is None else after(at)
    return Image("netsuite", entity, key, f"v{at}", stamp, deleted, {} if deleted else values, {}, hash((key, at)))


def bring(connection: Connection, *images: Image, at: float = 1_000) -> None:
    for image in images:
        land(
            connection,
            system="netsuite",
            entity=ENTITIES[image.entity],
            images=[image],
            run_id="run",
            watermark=None,
            now=after(at),
        )


def bury(
    connection: Connection, *seen: str, until: float = 900, since: datetime | None = None, everything: bool = False
) -> int:
    part = part_of("order_line")
    assert part is not None
    return bury_removed(
        connection,
        part,
        system="netsuite",
        run_id="run",
        until=after(until),
        seen=None if everything else list(seen),
        since=since,
    )


def living(connection: Connection) -> set[str]:
    rows = connection.execute("select key from hub.order_line where deleted_at is null").fetchall()
    return {key for (key,) in rows}


def test_a_deleted_document_takes_its_lines_with_it_and_no_others(connection: Connection) -> None:
    bring(connection, order("1"), order("2"), line("1|1"), line("1|2"), line("2|1"))
    bring(connection, order("1", at=50, deleted=True))
    assert living(connection) == {"2|1"}
    told = connection.execute(
        "select key, detail->>'by' from hub.ledger where entity = 'order_line' and kind = 'deleted' order by key"
    ).fetchall()
    assert told == [("1|1", "parent"), ("1|2", "parent")]


def test_a_line_that_lands_after_its_documents_deletion_is_not_living(connection: Connection) -> None:
    bring(connection, order("1"), line("1|1"))
    bring(connection, order("1", at=50, deleted=True))
    bring(connection, line("1|1", at=40), line("1|2", at=40), line("1|3", at=None))
    assert living(connection) == set()


def test_lines_come_back_with_a_document_that_was_restored_whichever_lands_first(connection: Connection) -> None:
    bring(connection, order("1"), line("1|1"), line("1|2"))
    bring(connection, order("1", at=50, deleted=True))
    bring(connection, line("1|1", at=60), order("1", at=60), line("1|2", at=60))
    assert living(connection) == {"1|1", "1|2"}


def test_a_document_that_a_census_misses_takes_its_lines_with_it_until_both_turn_up_again(
    connection: Connection,
) -> None:
    bring(connection, order("1"), order("2"), line("1|1"), line("2|1"), at=0)
    begin(connection, pairing="p", system="netsuite", entity="order", run_id="census")
    land(
        connection,
        system="netsuite",
        entity=ENTITIES["order"],
        images=[order("2")],
        run_id="census",
        watermark=None,
        now=after(2_000),
    )
    missing = mark_missing(
        connection,
        system="netsuite",
        entity=ENTITIES["order"],
        run_id="census",
        seen_since=after(1_500),
        now=after(2_100),
    )
    assert missing == 1
    assert living(connection) == {"2|1"}
    bring(connection, order("1"), line("1|1"), at=3_000)
    assert living(connection) == {"1|1", "2|1"}


def test_a_line_that_did_not_come_with_its_documents_save_is_gone_until_it_turns_up_again(
    connection: Connection,
) -> None:
    bring(connection, order("1"), line("1|1"), line("1|2"), line("2|1"))
    bring(connection, line("1|1", at=50))
    assert bury(connection, "1") == 1
    assert living(connection) == {"1|1", "2|1"}
    bring(connection, line("1|2", at=0))
    assert living(connection) == {"1|1", "1|2", "2|1"}


def test_a_save_that_the_pull_may_have_seen_in_part_removes_nothing_yet(connection: Connection) -> None:
    bring(connection, line("1|1"), line("1|2"))
    bring(connection, line("1|2", at=950))
    assert bury(connection, "1", until=900) == 0
    assert bury(connection, "1", until=960) == 1
    assert living(connection) == {"1|2"}


def test_the_last_line_in_question_goes_by_the_stamp_of_the_document_itself(connection: Connection) -> None:
    bring(connection, order("1"), line("1|1"), order("2"), line("2|1"), at=0)
    bring(connection, order("1", at=50), at=500)
    assert bury(connection, since=after(600)) == 0
    assert bury(connection, since=after(400)) == 1
    assert living(connection) == {"2|1"}


def test_a_line_that_came_and_could_not_be_mapped_is_there(connection: Connection) -> None:
    bring(connection, line("1|1"), line("1|2"))
    bring(connection, line("1|2", at=50))
    put(
        connection,
        pairing="demo",
        system="netsuite",
        entity="order_line",
        key="1|1",
        stage="pull",
        error=ValidationError("no number", hint="Correct it."),
        run_id="run",
    )
    assert bury(connection, "1") == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(
    saves=st.lists(
        st.tuples(st.sampled_from("123"), st.sets(st.integers(1, 4), min_size=1), st.booleans()), max_size=12
    )
)
def test_whatever_is_saved_and_whenever_it_is_pulled_the_hub_knows_the_lines_there_are(
    hub: Hub, saves: list[tuple[str, set[int], bool]]
) -> None:
    with rolled_back(hub) as connection:
        truth: dict[str, tuple[int, set[int]]] = {}
        pulled = 0
        for moment, (key, numbers, pull) in enumerate([*saves, ("9", {1}, True)], start=1):
            truth[key] = (moment, numbers)
            if not pull:
                continue
            came = {one: told for one, told in truth.items() if told[0] > pulled}
            bring(connection, *(line(f"{one}|{n}", at=at) for one, (at, there) in came.items() for n in sorted(there)))
            bury(connection, *came, until=moment, everything=not pulled)
            pulled = moment
        assert living(connection) == {f"{one}|{n}" for one, (_, there) in truth.items() for n in there}
