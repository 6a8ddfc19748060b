"""A whole read that misses much of what was there: nothing is taken for deleted before a person, or a better read, says so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from crosswalk.hub.quarantine import open_items
from crosswalk.model.errors import ConfigurationError
from crosswalk.stages.approvals import answer, ask, question
from crosswalk.stages.context import StageContext
from crosswalk.stages.pull import PullResult, pull
from crosswalk_sandbox.company.model import Size
from tests.stages.world import World, world


class Half:
    """A connector of a user who was taken the right to see most accounts away: it brings the first few, and says that this is all."""

    def __init__(self, real: object, shown: int) -> None:
        self._real, self._left = real, shown

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    def pull(self, selection: object, watermark: object) -> Iterator[object]:
        from dataclasses import replace

        for page in self._real.pull(selection, watermark):
            records = page.records[: self._left]
            self._left -= len(records)
            yield replace(page, records=records)


@pytest.fixture
def shop(tmp_path: Path, hub_dsn: str) -> Iterator[World]:
    crm_alone = {"salesforce": "salesforce"}
    with world(tmp_path, hub_dsn, size=Size(accounts=60, products=20, deals=1), systems=crm_alone) as running:
        pull(running.context(), "crm", "customer")
        yield running


def read(shop: World, *, shown: int | None = None, changed: StageContext | None = None) -> PullResult:
    context = changed or shop.context()
    if shown is not None:
        context = shop.context(open_connector=lambda side: Half(shop.connector(side), shown))
    return pull(context, "crm", "customer", mode="full")


def gone(shop: World) -> int:
    return int(
        shop.rows("select count(*) from hub.customer where system = 'salesforce' and deleted_at is not null")[0][0]
    )


def waiting(shop: World) -> list[str]:
    with shop.hub.connection() as connection:
        return [item.message for item in open_items(connection, shop.pairing.name, entity="customer")]


def test_what_a_half_read_misses_is_asked_about_and_a_whole_one_takes_the_question_back(shop: World) -> None:
    known = int(shop.rows("select count(*) from hub.customer")[0][0])
    assert (read(shop).deleted, shop.rows("select count(*) from hub.sighting")) == (0, [(0,)])
    run = shop.context(open_connector=lambda side: Half(shop.connector(side), 10))
    half = pull(run, "crm", "customer", mode="full")
    pull(run, "crm", "customer")  # what follows in the same run reads changes alone
    assert (half.deleted, half.missing, gone(shop)) == (0, known - 10, 0)
    [message] = waiting(shop)
    assert f"brought only 10 of the {known} customer records that salesforce had" in message
    [item] = ask(shop.context()).items
    assert ask(shop.context()).items == ()
    put = question(shop.context(), item)
    assert put is not None
    assert put.subject == f"{known - 10} of {known} customer records are gone from Salesforce"
    assert read(shop).missing == 0
    assert (waiting(shop), ask(shop.context(), again=True).items, question(shop.context(), item)) == ([], (), None)
    assert answer(shop.context(), item, approved=True, actor="olga", comment="yes").outcome == "lapsed"
    assert (gone(shop), shop.rows("select count(*) from hub.sighting")) == (0, [(0,)])


def test_a_person_lets_it_be_deleted_without_what_was_seen_since_and_says_why(shop: World) -> None:
    known = int(shop.rows("select count(*) from hub.customer")[0][0])
    first = [
        key
        for (key,) in shop.rows("select key from hub.customer where system = 'salesforce' order by key desc limit 3")
    ]
    missed = read(shop, shown=10).missing
    pull(shop.context(), "crm", "customer", record_ids=first)  # seen by a webhook, unchanged
    [item] = ask(shop.context()).items
    with pytest.raises(ConfigurationError, match="needs a reason"):
        answer(shop.context(), item, approved=True, actor="olga", comment=" ")
    assert gone(shop) == 0
    assert answer(shop.context(), item, approved=True, actor="olga", comment="spring cleaning").outcome == "approved"
    deleted = gone(shop)
    assert missed - 3 <= deleted < missed
    assert shop.rows("select key from hub.customer where key = any(%s) and deleted_at is not null", first) == []
    told = shop.rows(
        "select actor, detail ->> 'reason', (detail ->> 'missing')::int from hub.ledger where kind = 'census_released'"
    )
    assert told == [("olga", "spring cleaning", deleted)]
    assert waiting(shop) == []
    assert known - deleted >= 10


def test_a_refused_one_changes_nothing_and_the_next_half_read_is_asked_about_again(shop: World) -> None:
    read(shop, shown=10)
    [item] = ask(shop.context()).items
    assert (
        answer(shop.context(), item, approved=False, actor="olga", comment="a right was taken away").outcome
        == "refused"
    )
    assert (gone(shop), waiting(shop), ask(shop.context(), again=True).items) == (0, [], ())
    read(shop, shown=11)
    [again] = ask(shop.context()).items
    assert again != item
    shop.rows("update hub.census set began_at = began_at - %s returning run_id", timedelta(days=8))
    assert answer(shop.context(), again, approved=True, actor="olga", comment="late").outcome == "lapsed"
    assert gone(shop) == 0
