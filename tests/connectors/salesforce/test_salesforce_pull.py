"""Pulling from a small org on a real socket: what is read, in how many calls, and what survives what."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk.connectors.protocol import Page
from crosswalk.connectors.salesforce.soql import Plan
from crosswalk.model.errors import ConfigurationError, RetryableError, SchemaError, TransientError
from crosswalk.model.records import NativeField, NativeRecord, Selection
from tests.connectors.loopback import RESET, Reply
from tests.connectors.salesforce.org import Org, error, minutes, once, running

ACCOUNTS = Selection(
    "customer",
    "Account",
    (
        NativeField("Name", "text"),
        NativeField("ERP_Balance__c", "amount"),
        NativeField("NumberOfEmployees", "integer"),
        NativeField("Owner.Name", "text"),
    ),
)
NAMES = Selection("customer", "Account", (NativeField("Name", "text"),))


def everything(pages: list[Page]) -> list[NativeRecord]:
    return [record for page in pages for record in page.records]


def populated(number: int) -> Org:
    org = Org()
    for index in range(number):
        stamp = org.now - timedelta(hours=1) + timedelta(seconds=index // 50)  # fifty records a second: ties
        org.put(
            "Account",
            stamp,
            Name=f"Account {index}",
            ERP_Balance__c=Decimal(index) / 4 if index % 3 else None,
            NumberOfEmployees=index if index % 7 else None,
            Owner={"Name": f'O"wner, {index % 5}\nsecond line'} if index % 2 else None,
        )
    return org


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
        pages.close()  # type: ignore[attr-defined]
        assert landed[0].watermark is not None
        assert landed[1].watermark is None
        again = everything(list(salesforce.pull(OWNED, landed[0].watermark)))
    assert len(again) == 90
    with running(org, reread_hours=0) as (salesforce, _):
        assert everything(list(salesforce.pull(OWNED, due))) == []


# --- size -----------------------------------------------------------------------------------------


def test_a_large_load_goes_by_bulk_and_gives_the_very_same_records_as_rest() -> None:
    org = populated(4_500)
    with running(org, bulk_page=2_500) as (salesforce, _):
        org.page = 200
        by_bulk = list(salesforce.pull(ACCOUNTS, None))
        bulk_calls = list(org.calls)
        org.calls.clear()
        org.page = 2_000
        by_rest = list(salesforce.pull(ACCOUNTS, None))
    assert [call.split("/7505")[0] for call in bulk_calls] == [
        "login", "GET query", "POST jobs/query", "GET jobs/query", "GET jobs/query", "GET jobs/query",
    ]  # fmt: skip
    assert [call.split("/0r8")[0] for call in org.calls] == ["GET query", "GET query", "GET query"]
    assert sorted(everything(by_bulk), key=lambda record: record.key) == everything(by_rest)
    assert [len(page.records) <= 2_000 for page in by_bulk] == [True] * len(by_bulk)
    assert [page.watermark for page in by_bulk[:-1]] == [None] * (len(by_bulk) - 1)
    assert by_bulk[-1].watermark is not None
    assert org.jobs_sent[0] == {
        "operation": "query",
        "query": "SELECT Id, SystemModstamp, Name, ERP_Balance__c, NumberOfEmployees, Owner.Name FROM Account",
    }


def test_a_mass_change_is_read_by_bulk_with_its_deletions() -> None:
    org = populated(3_000)
    with running(org) as (salesforce, _):
        org.page = 100
        org.put("Account", org.now, Id="001000000000009AAA", IsDeleted=True)
        records = everything(list(salesforce.pull(NAMES, {"since": "2026-05-06T11:00:00+00:00"})))
    assert org.jobs_sent[0]["operation"] == "queryAll"
    assert [record.key for record in records if record.deleted] == ["001000000000009AAA"]
    assert len(records) == 3_000


def test_the_full_load_of_an_object_known_to_be_large_wastes_no_call_on_asking() -> None:
    org = populated(1_000)
    with running(org, large=["Account"], bulk_page=400) as (salesforce, _):
        pages = list(salesforce.pull(NAMES, None))
        assert [call.split("/7505")[0] for call in org.calls] == ["login", "POST jobs/query"] + ["GET jobs/query"] * 4
        now = org.now.isoformat()
        assert pages[-1].watermark == {"since": now, "whole": now, "records": 1_000}
        org.calls.clear()
        list(salesforce.pull(NAMES, pages[-1].watermark))
        assert org.calls == ["GET queryAll"]
    assert len(everything(pages)) == 1_000


@pytest.mark.parametrize(("expected", "ways"), [
    (None, ["GET query", "POST jobs/query"]), (12_000, ["POST jobs/query"]), (3_000, ["GET query", "GET query"])
])  # fmt: skip
def test_a_caller_who_knows_the_size_saves_the_call_that_would_ask_for_it(
    expected: int | None, ways: list[str]
) -> None:
    org = populated(3_000)
    org.page = 200 if expected != 3_000 else 2_000
    with running(org) as (salesforce, _):
        selection = replace(NAMES, expected=expected)
        records = everything(list(salesforce.pull(selection, None)))
    assert len({record.key for record in records}) == 3_000
    assert [call.split("/0r8")[0] for call in org.calls[1:3]][: len(ways)] == ways


def test_a_size_that_is_no_longer_true_costs_calls_and_no_record() -> None:
    org = populated(3)
    with running(org) as (salesforce, _):
        few = everything(list(salesforce.pull(replace(NAMES, expected=100_000), None)))
    assert len(few) == 3


def test_an_expected_size_is_no_reason_to_give_up_on_an_object_beyond_bulk() -> None:
    org = populated(30)
    org.bulk = False
    with running(org) as (salesforce, _):
        assert len(everything(list(salesforce.pull(replace(NAMES, expected=100_000), None)))) == 30


def test_an_object_beyond_bulk_is_read_on_by_rest_from_the_page_at_hand() -> None:
    org = populated(2_500)
    org.page, org.bulk = 100, False
    with running(org) as (salesforce, _):
        records = everything(list(salesforce.pull(NAMES, None)))
    assert len({record.key for record in records}) == 2_500
    assert sum(call == "GET query" for call in org.calls) == 1


def test_a_query_too_long_for_a_url_goes_by_bulk_at_once() -> None:
    org = populated(3)
    fields = tuple(NativeField(f"Very_Long_Custom_Field_Name_Number_{number:04d}__c", "text") for number in range(400))
    with running(org) as (salesforce, _):
        records = everything(list(salesforce.pull(Selection("customer", "Account", fields), None)))
    assert len(records) == 3
    assert "GET query" not in org.calls


def test_a_query_that_runs_too_long_goes_by_bulk() -> None:
    org = populated(3)
    org.faults.append(once("GET .*/query", error(400, "QUERY_TIMEOUT", "Your query request was running for too long.")))
    with running(org) as (salesforce, _):
        assert len(everything(list(salesforce.pull(NAMES, None)))) == 3
    assert len(org.jobs_sent) == 1


def test_polling_a_slow_job_gets_rarer() -> None:
    org = populated(2_100)
    org.page, org.job_polls = 10, 9
    slept: list[float] = []
    with running(org, sleep=slept.append) as (salesforce, _):
        list(salesforce.pull(NAMES, None))
    assert slept == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]


def test_a_failed_job_is_told_with_its_reason() -> None:
    org = populated(2_100)
    org.page = 10
    failed = Reply(
        200, b'{"state":"Failed","errorMessage":"InvalidBatch : Field name not found"}', {"Content-Type": "a/json"}
    )
    org.faults.append(once(r"GET .*/jobs/query/\w+$", failed))
    with running(org) as (salesforce, _), pytest.raises(RetryableError, match="Field name not found"):
        list(salesforce.pull(NAMES, None))


def test_a_result_page_with_missing_rows_does_not_pass_for_the_end() -> None:
    org = populated(2_100)
    org.page = 10
    short = Reply(
        200,
        b'"Id","SystemModstamp","Name"\n"001000000000001AAA","2026-05-06T11:00:00.000Z","x"\n',
        {"Content-Type": "text/csv", "Sforce-NumberOfRecords": "2", "Sforce-Locator": "null"},
    )
    org.faults.append(once("GET .*/results", short))
    with running(org) as (salesforce, _), pytest.raises(TransientError, match="1 of 2 records"):
        list(salesforce.pull(NAMES, None))


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
        pages.close()  # type: ignore[attr-defined]
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


def test_an_abandoned_job_is_aborted() -> None:
    org = populated(2_100)
    org.page = 10
    org.faults.append(once(r"GET .*/jobs/query/\w+$", error(400, "SOMETHING_NEW", "no")))
    with running(org, read_only=True) as (salesforce, _), pytest.raises(Exception, match="no"):
        list(salesforce.pull(NAMES, None))
    assert org.calls[-1].startswith("PATCH jobs/query/7505f")


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
