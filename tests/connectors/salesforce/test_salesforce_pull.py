"""Pulling from a small org on a real socket: what is read, in how many calls, and what survives what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk.connectors.salesforce.soql import Plan
from crosswalk.model.errors import ConfigurationError, RetryableError, SchemaError
from crosswalk.model.records import NativeField, Selection
from tests.connectors.loopback import RESET, Reply
from tests.connectors.salesforce.org import Org, error, minutes, once, running
from tests.connectors.salesforce.reading import ACCOUNTS, NAMES, everything, populated


def test_a_small_full_load_costs_one_call_and_types_every_value() -> None:
    org = populated(3)
    with running(org) as (salesforce, _):
        (page,) = salesforce.pull(ACCOUNTS, None)
    assert org.calls == ["login", "GET query"]
    assert page.records[1].values == {
        "Name": "Account 1",
        "ERP_Balance__c": Decimal("0.25"),
        "NumberOfEmployees": 1,
        "Owner.Name": 'O"wner, 1\nsecond line',
    }
    assert page.records[0].values["Owner.Name"] is None
    assert page.records[0].modified == datetime(2026, 5, 6, 11, 0, tzinfo=UTC)
    assert page.records[0].version == "2026-05-06T11:00:00Z"


def test_changes_and_deletions_come_in_one_call() -> None:
    org = populated(5)
    with running(org) as (salesforce, _):
        (first,) = salesforce.pull(NAMES, None)
        org.now += minutes(60)
        changed = org.put("Account", Id="001000000000002AAA", Name="New name")
        deleted = org.put("Account", Id="001000000000003AAA", IsDeleted=True)
        org.calls.clear()
        (second,) = salesforce.pull(NAMES, first.watermark)
    assert org.calls == ["GET queryAll"]
    assert [(record.key, record.deleted) for record in second.records] == [(changed, False), (deleted, True)]


def test_an_idle_pull_costs_one_call_and_still_moves_the_watermark() -> None:
    org = populated(1)
    with running(org) as (salesforce, _):
        (first,) = salesforce.pull(NAMES, None)
        org.now += minutes(60)
        org.calls.clear()
        (second,) = salesforce.pull(NAMES, first.watermark)
    assert (second.records, org.calls) == ((), ["GET queryAll"])
    assert first.watermark is not None
    assert second.watermark is not None
    assert second.watermark["since"] > first.watermark["since"]


def test_the_watermark_is_the_server_s_clock_not_ours() -> None:
    org = populated(1)
    org.now = datetime(2031, 1, 1, tzinfo=UTC)
    with running(org) as (salesforce, _):
        (page,) = salesforce.pull(NAMES, None)
    assert page.watermark is not None
    since = datetime.fromisoformat(str(page.watermark["since"]))
    assert org.now - timedelta(seconds=5) <= since < org.now


def test_a_merge_loser_names_its_master_when_the_mapping_asks() -> None:
    org = Org()
    winner = org.put("Account", Name="Winner")
    selection = Selection(
        "customer", "Account", (NativeField("Name", "text"), NativeField("MasterRecordId", "reference"))
    )
    with running(org) as (salesforce, _):
        (first,) = salesforce.pull(selection, None)
        org.now += minutes(60)
        loser = org.put("Account", Name="Loser", IsDeleted=True, MasterRecordId=winner)
        (second,) = salesforce.pull(selection, first.watermark)
    assert [(record.key, record.deleted, record.values["MasterRecordId"]) for record in second.records] == [
        (winner, False, None),  # within the overlap
        (loser, True, winner),
    ]


def test_a_watermark_given_by_hand_is_taken_as_the_instant_it_names() -> None:
    org = populated(200)  # stamps 11:00:00 to 11:00:03
    with running(org) as (salesforce, _):
        records = everything(list(salesforce.pull(NAMES, {"since": "2026-05-06T13:10:02+02:00"})))
        assert len(records) == 100  # ten minutes of overlap, so from 11:00:02 on
        with pytest.raises(ConfigurationError, match="Reset it"):
            list(salesforce.pull(NAMES, {"offset": 3}))


def test_a_restriction_of_the_mapping_is_kept_in_brackets() -> None:
    selection = Selection("customer", "Account", NAMES.fields, where="Type = 'A' OR Type = 'B'")
    soql = Plan(selection, datetime(2026, 1, 1, tzinfo=UTC)).soql()
    assert soql == (
        "SELECT Id, SystemModstamp, IsDeleted, Name FROM Account"
        " WHERE (Type = 'A' OR Type = 'B') AND SystemModstamp >= 2026-01-01T00:00:00Z ORDER BY SystemModstamp, Id"
    )


# --- what moves no stamp ------------------------------------------------------------------------------

DAY = minutes(24 * 60)
OWNED = Selection("customer", "Account", (NativeField("Name", "text"), NativeField("Owner.Name", "text")))


def test_a_parent_s_field_that_moves_no_stamp_is_seen_within_the_period() -> None:
    org = populated(3)
    with running(org) as (salesforce, _):
        (first,) = salesforce.pull(OWNED, None)
        org.now += minutes(60)
        for row in org.rows["Account"].values():
            row["Owner"] = {"Name": "Married since"}  # no stamp moves
        (second,) = salesforce.pull(OWNED, first.watermark)
        org.now += DAY
        (third,) = salesforce.pull(OWNED, second.watermark)
        org.calls.clear()
        pages = list(salesforce.pull(OWNED, third.watermark))
        assert org.calls == ["GET queryAll", "GET query"]
        org.calls.clear()
        list(salesforce.pull(OWNED, pages[-1].watermark))
        assert org.calls == ["GET queryAll"]
    assert everything([second, third]) == []
    assert {record.values["Owner.Name"] for record in everything(pages)} == {"Married since"}


def test_whether_there_are_formulas_is_asked_once_a_period() -> None:
    org = populated(3)
    formulas = [{"name": "NAME", "calculated": False}]
    org.describes["Account"] = {"name": "Account", "fields": formulas}
    with running(org) as (salesforce, _):
        (page,) = salesforce.pull(NAMES, None)
        org.now += DAY
        (page,) = salesforce.pull(NAMES, page.watermark)
        org.calls.clear()
        (page,) = salesforce.pull(NAMES, page.watermark)
        (page,) = salesforce.pull(NAMES, page.watermark)
        assert org.calls == ["GET sobjects/Account/describe", "GET queryAll", "GET queryAll"]
        formulas[0]["calculated"] = True
        org.now += 2 * DAY
        (page,) = salesforce.pull(NAMES, page.watermark)
        assert len(everything(list(salesforce.pull(NAMES, page.watermark)))) == 3


def test_a_whole_read_that_breaks_off_is_made_again_and_a_period_of_nothing_means_never() -> None:
    org = populated(90)
    org.page = 40
    due = {"since": org.now.isoformat(), "whole": (org.now - 2 * DAY).isoformat(), "records": 90}
    with running(org) as (salesforce, _):
        pages = salesforce.pull(OWNED, due)
        landed = [next(pages), next(pages)]
        pages.close()
        assert landed[0].watermark is not None
        assert landed[1].watermark is None
        again = everything(list(salesforce.pull(OWNED, landed[0].watermark)))
    assert len(again) == 90
    with running(org, reread_hours=0) as (salesforce, _):
        assert everything(list(salesforce.pull(OWNED, due))) == []


# --- disturbances ------------------------------------------------------------------------------------


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("lost_at", [0, 1, 2])
def test_a_lost_cursor_restarts_behind_the_last_record(full: bool, lost_at: int) -> None:
    org = populated(230)
    org.page = 40
    watermark = None if full else {"since": "2026-05-06T11:00:00+00:00"}

    def lose(_request: object) -> Reply:
        org.drop_cursors()
        return error(400, "INVALID_QUERY_LOCATOR", "invalid query locator")

    org.faults.append(once(r"GET .*/query/0r8", lose, skip=lost_at))
    with running(org) as (salesforce, _):
        records = everything(list(salesforce.pull(NAMES, watermark)))
    assert [record.key for record in records] == sorted(org.rows["Account"])


@pytest.mark.parametrize(
    "fault",
    [
        RESET,
        Reply(503, b"<html>maintenance</html>", {"Content-Type": "text/html"}),
        Reply(420),
        Reply(200, b'{"totalSize": 230, "done": false, "recor', {"Content-Type": "application/json"}),
        error(401, "INVALID_SESSION_ID", "Session expired or invalid"),
        error(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."),
        error(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred."),
    ],
)
def test_a_disturbance_in_the_middle_of_a_pull_costs_a_call_and_no_record(fault: Reply) -> None:
    org = populated(100)
    org.page = 40
    org.faults.append(once(r"GET .*/query/0r8", fault))
    with running(org) as (salesforce, _):
        records = everything(list(salesforce.pull(NAMES, None)))
    assert [record.key for record in records] == sorted(org.rows["Account"])


def test_the_used_up_day_ends_the_pull_with_the_hour_to_come_back() -> None:
    org = populated(1)
    org.faults.append(once("GET .*/query", error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")))
    with running(org) as (salesforce, _), pytest.raises(RetryableError, match="24 hours") as caught:
        list(salesforce.pull(NAMES, None))
    assert getattr(caught.value, "retry_after", None) == 3600
    assert org.calls == ["login"]


def test_a_field_the_user_may_not_see_is_named_with_object_and_remedy() -> None:
    org = populated(1)
    message = (
        "\nSELECT Id,Foo__c FROM Account\n          ^\nERROR at Row:1:Column:11\nNo such column 'Foo__c' on entity 'Account'. "
        "If you are attempting to use a custom field, be sure to append the '__c' after the custom field name."
    )
    org.faults.append(once("GET .*/query", error(400, "INVALID_FIELD", message)))
    with running(org) as (salesforce, _), pytest.raises(SchemaError) as caught:
        list(salesforce.pull(NAMES, None))
    assert (caught.value.field, caught.value.record) == ("Foo__c", "Account")
    assert "field-level security" in caught.value.hint


def test_a_pull_that_stops_half_way_goes_on_from_the_page_it_landed() -> None:
    org = populated(230)
    org.page = 40
    with running(org, overlap_seconds=0) as (salesforce, _):
        pages = salesforce.pull(NAMES, {"since": "2026-05-06T11:00:00+00:00"})
        landed = [next(pages), next(pages), next(pages)]
        pages.close()
        rest = list(salesforce.pull(NAMES, landed[-1].watermark))
    seen = [record.key for record in everything(landed) + everything(rest)]
    assert set(seen) == set(org.rows["Account"])
    assert len(seen) < 230 + 51  # no more comes twice than shares the last second


def test_a_pull_that_stops_in_its_overlap_does_not_creep_back() -> None:
    org = populated(230)  # stamps 11:00:00 to 11:00:04
    org.page = 40
    since = {"since": "2026-05-06T11:00:03+00:00"}
    with running(org) as (salesforce, _):
        first = next(iter(salesforce.pull(NAMES, since)))
    assert first.records[-1].version == "2026-05-06T11:00:00Z"
    assert first.watermark is not None
    assert first.watermark["since"] == since["since"]


# --- laws ---------------------------------------------------------------------------------------------------

_instants = st.integers(0, 7_200)


@settings(max_examples=60, deadline=None)
@given(
    writes=st.lists(st.tuples(st.integers(0, 8), _instants, st.integers(0, 590), st.booleans()), max_size=25),
    pulls=st.lists(_instants, min_size=1, max_size=6),
    page=st.integers(1, 7),
)
def test_no_write_is_missed_whenever_it_commits_within_the_overlap(
    writes: list[tuple[int, int, int, bool]], pulls: list[int], page: int
) -> None:
    """Stamps are taken when a row is written, rows are seen when they commit (Salesforce §11)."""
    start = datetime(2026, 5, 6, 12, 0, tzinfo=UTC)
    org = Org()
    org.page = page
    latest: dict[str, tuple[datetime, bool]] = {}
    timeline: list[tuple[int, int, tuple[int, int, bool] | None]] = [(at, 1, None) for at in [*pulls, 9_000]]
    timeline += [(stamp + lag, 0, (record, stamp, deleted)) for record, stamp, lag, deleted in writes]
    seen: dict[str, tuple[datetime, bool]] = {}
    watermark = None
    with running(org) as (salesforce, _):
        for at, _, write in sorted(timeline, key=lambda event: event[:2]):
            org.now = start + timedelta(seconds=at)
            if write is not None:
                key, stamp = f"001{write[0]:012d}AAA", start + timedelta(seconds=write[1])
                org.put("Account", stamp, visible=org.now, Id=key, Name=str(write), IsDeleted=write[2])
                latest[key] = (stamp, write[2])
                continue
            for answer in salesforce.pull(NAMES, watermark):
                for record in answer.records:
                    assert record.modified is not None
                    seen[record.key] = (record.modified, record.deleted)
                watermark = answer.watermark or watermark
    never_alive = {key for key, (_, deleted) in latest.items() if deleted and key not in seen}
    assert seen == {key: value for key, value in latest.items() if key not in never_alive}


@settings(max_examples=40, deadline=None)
@given(
    stamps=st.lists(st.integers(0, 3), max_size=30),
    page=st.integers(1, 6),
    lost=st.sets(st.integers(0, 8), max_size=4),
    full=st.booleans(),
)
def test_every_record_comes_exactly_once_whatever_page_size_ties_and_lost_cursors(
    stamps: list[int], page: int, lost: set[int], full: bool
) -> None:
    org = Org()
    org.page = page
    for stamp in stamps:
        org.put("Account", org.now - timedelta(hours=1, seconds=stamp), Name="x")

    def lose(_request: object) -> Reply:
        org.drop_cursors()
        return error(400, "INVALID_QUERY_LOCATOR", "invalid query locator")

    org.faults += [once(r"GET .*/query/0r8", lose, skip=number) for number in lost]
    with running(org) as (salesforce, _):
        watermark = None if full else {"since": (org.now - timedelta(hours=1)).isoformat()}
        keys = [record.key for record in everything(list(salesforce.pull(NAMES, watermark)))]
    assert sorted(keys) == sorted(org.rows.get("Account", {}))


# --- single records, and cost ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("selection", "calls"), [(NAMES, 1), (ACCOUNTS, 2)])
def test_fetch_returns_what_is_there_in_few_calls(selection: Selection, calls: int) -> None:
    org = populated(900)
    keys = [*org.rows["Account"], "001999999999999AAA", "not an id", "'; DROP"]
    with running(org, read_only=True) as (salesforce, _):
        list(salesforce.pull(NAMES, None))
        org.calls.clear()
        records = salesforce.fetch(selection, keys)
    assert sorted(record.key for record in records) == sorted(org.rows["Account"])
    assert len(org.calls) == calls
