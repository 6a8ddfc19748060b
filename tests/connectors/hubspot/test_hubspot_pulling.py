"""What a pull asks for, page by page, and what its watermark says in the end (HubSpot §8, §10, §11, §16)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from crosswalk.connectors.protocol import Page
from crosswalk.model.errors import TransientError
from crosswalk.model.records import NativeField, Selection
from tests.connectors.hubspot.portal import Portal, refusal, running, told
from tests.connectors.loopback import Received

NAMES = Selection("customer", "companies", (NativeField("name", "text"),))
HALF_AN_HOUR = timedelta(minutes=30)


def pages(portal: Portal, watermark: Mapping[str, object] | None, selection: Selection = NAMES, **options: object) -> list[Page]:  # fmt: skip
    with running(portal, read_only=True, **options) as (connector, _):
        return list(connector.pull(selection, watermark))


def searches(portal: Portal) -> list[dict[str, object]]:
    return [body for call, body in zip(portal.calls, portal.bodies, strict=True) if call.endswith("/search")]


def filters(body: Mapping[str, object]) -> dict[tuple[str, str], str]:
    [group] = body["filterGroups"]
    return {(one["propertyName"], one["operator"]): one["value"] for one in group["filters"]}


def ms(instant: datetime) -> str:
    return str(int(instant.timestamp() * 1000))


def test_windows_overlap_and_go_on_behind_the_highest_id() -> None:
    portal = Portal()
    began, since, late = portal.now, portal.now - HALF_AN_HOUR, portal.now - timedelta(hours=4)
    keys = [portal.save("companies", name=str(number)) for number in range(5)]
    portal.faults.append(lambda _request: setattr(portal, "now", portal.now + timedelta(minutes=1)))
    watermark = {name: instant.isoformat() for name, instant in (("since", since), ("late", late), ("whole", since))}
    read = pages(portal, watermark, search_page=2)
    first, *behind, second = searches(portal)
    floor = since - timedelta(minutes=10)
    assert filters(first) == {("hs_lastmodifieddate", "GTE"): ms(floor), ("hs_object_id", "GT"): "0"}
    assert [filters(body)["hs_object_id", "GT"] for body in behind] == [keys[1], keys[3]], (
        "pages come in any order inside"
    )
    assert filters(second) == {
        ("hs_lastmodifieddate", "GTE"): ms(late),
        ("hs_lastmodifieddate", "LT"): ms(floor),
        ("hs_object_id", "GT"): "0",
    }
    assert all(body["limit"] == 2 and body["sorts"] == [{"propertyName": "hs_object_id", "direction": "ASCENDING"}] for body in searches(portal))  # fmt: skip
    assert sorted(record.key for page in read for record in page.records) == keys
    marks = [page.watermark for page in read if page.watermark]
    assert [mark.get("after") for mark in marks] == [keys[1], keys[3], None], "it goes on there when it is stopped"
    assert began <= datetime.fromisoformat(str(marks[-1]["since"])) <= began + timedelta(minutes=1), "when it began"


def test_what_the_index_still_shows_of_an_archived_record_is_not_told_as_living() -> None:
    portal = Portal()
    key = portal.save("companies", name="Gone")
    since = {"since": (portal.now - HALF_AN_HOUR).isoformat()}
    portal.now += timedelta(minutes=5)
    portal.archive("companies", key, lag=timedelta(minutes=5))
    [record] = [record for page in pages(portal, since) for record in page.records]
    assert (record.key, record.deleted, record.modified) == (key, True, portal.now), "its own stamp is older"


def test_a_full_load_goes_on_at_the_page_it_was_stopped_at() -> None:
    portal = Portal()
    keys = [portal.save("companies", name=str(number)) for number in range(7)]
    with running(portal, read_only=True, list_page=3) as (connector, server):
        stopped = next(connector.pull(NAMES, None))
        rest = list(connector.pull(NAMES, stopped.watermark))
        asked = [one.query.get("after") for one in server.received]
    assert asked == [None, keys[3], keys[6]]
    assert [record.key for page in (stopped, *rest) for record in page.records] == keys
    assert rest[-1].watermark is not None
    assert rest[-1].watermark["since"] == stopped.watermark["began"]


def test_only_the_last_page_says_that_everything_came() -> None:
    portal = Portal()
    for number in range(5):
        portal.save("companies", name=str(number))
    mark = {"since": portal.now.isoformat(), "whole": (portal.now - timedelta(days=2)).isoformat()}
    read = pages(portal, mark, list_page=2)
    assert [page.everything for page in read][-3:] == [False, False, True]
    assert not any(page.everything for page in read[:-1])
    assert [bool(page.watermark) for page in read[-3:]] == [False, False, True]
    assert not any(page.everything for page in pages(portal, mark, list_page=2, reread_hours=0))


def test_merged_records_are_deletions_that_name_where_they_went() -> None:
    portal = Portal()
    one, two = (portal.save("companies", name=name) for name in "xy")
    into = portal.merge("companies", one, two)
    selection = Selection("customer", "companies", (*NAMES.fields, NativeField("hs_merged_object_ids.into", "reference")))  # fmt: skip
    records = {record.key: record for page in pages(portal, None, selection) for record in page.records}
    assert {
        key: (record.deleted, record.values.get("hs_merged_object_ids.into")) for key, record in records.items()
    } == {
        into: (False, None),
        one: (True, into),
        two: (True, into),
    }


def test_the_lowest_of_several_companies_counts_where_none_is_primary() -> None:
    portal = Portal()
    key = portal.save("deals", dealname="x")
    for company in ("35", "7", "31"):
        portal.associate("deals", key, "companies", company, 341)
    selection = Selection("deal", "deals", (NativeField("companies.id", "reference"),))
    [record] = [record for page in pages(portal, None, selection) for record in page.records]
    assert record.values["companies.id"] == "7"


def test_associations_are_asked_for_a_thousand_at_a_time_and_never_for_ever() -> None:
    portal = Portal()
    with running(portal, read_only=True) as (connector, _):
        connector.client.associations("deals", "companies", [str(number) for number in range(1, 1_002)])
        assert len(portal.calls) == 2
        endless = {"results": [{"from": {"id": "1"}, "to": [], "paging": {"next": {"after": "9"}}}]}
        portal.faults.append(
            lambda _one: told(endless) if len(portal.calls) < 9 else refusal(400, "", "asked for ever")
        )
        with pytest.raises(TransientError, match="repeats a page of associations"):
            connector.client.associations("deals", "companies", ["1"])


def test_a_list_that_is_cut_is_read_from_the_associations_themselves() -> None:
    portal = Portal()
    key = portal.save("deals", dealname="x")
    portal.associate("deals", key, "companies", "5", 341)
    portal.associate("deals", key, "companies", "6", 341, 5)

    def cut(request: Received) -> object:
        inline = {"results": [{"id": "5", "type": "x"}], "paging": {"next": {"after": "6"}}}
        row = {**portal._row("deals", portal.records["deals"][key], []), "associations": {"companies": inline}}
        return told({"results": [row]}) if request.method == "GET" else None

    portal.faults.append(cut)
    selection = Selection("deal", "deals", (NativeField("companies.id", "reference"),))
    [record] = [record for page in pages(portal, None, selection) for record in page.records]
    assert record.values["companies.id"] == "6", "the primary one was behind the cut"
