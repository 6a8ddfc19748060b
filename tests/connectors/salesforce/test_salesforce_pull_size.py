"""How much there is decides how it is read: one call, pages, or bulk jobs, and the records are the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crosswalk.model.errors import RetryableError, TransientError
from crosswalk.model.records import NativeField, Selection
from tests.connectors.loopback import Reply
from tests.connectors.salesforce.org import error, once, running
from tests.connectors.salesforce.reading import ACCOUNTS, NAMES, everything, populated


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


def test_an_abandoned_job_is_aborted() -> None:
    org = populated(2_100)
    org.page = 10
    org.faults.append(once(r"GET .*/jobs/query/\w+$", error(400, "SOMETHING_NEW", "no")))
    with running(org, read_only=True) as (salesforce, _), pytest.raises(Exception, match="no"):
        list(salesforce.pull(NAMES, None))
    assert org.calls[-1].startswith("PATCH jobs/query/7505f")
