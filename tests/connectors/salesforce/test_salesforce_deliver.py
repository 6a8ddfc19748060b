"""Writing to a small org on a real socket: a receipt for every row, and nothing overwritten blindly."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from crosswalk.model.errors import RateLimitedError, ReadOnlyError, TransientError
from crosswalk.model.records import NativeField, Operation, Outcome, Selection, Write
from tests.connectors.loopback import RESET, Received, Reply, reply_json
from tests.connectors.salesforce.org import Org, error, minutes, once, running
from tests.connectors.salesforce.writing import COLLECTION, create, outcomes, update


def test_two_hundred_creates_are_one_call() -> None:
    org = Org()
    with running(org) as (salesforce, _):
        assert salesforce.capabilities.write_batch["customer"] == 200
        receipts = salesforce.deliver([create(number) for number in range(200)])
    assert org.calls == ["login", "POST composite/sobjects"]
    assert outcomes(receipts) == [("done", None)] * 200
    assert [receipt.intent_key for receipt in receipts] == [f"key-{number}" for number in range(200)]
    assert [org.rows["Account"][str(receipt.native_id)]["Name"] for receipt in receipts[:2]] == [
        "Account 0",
        "Account 1",
    ]


def test_the_body_is_what_the_platform_expects() -> None:
    org = Org()
    moment = datetime(2026, 5, 6, 14, 0, 0, 123456, tzinfo=UTC)
    values = {
        "ERP_Credit_Limit__c": Decimal("1234567890123456.78"),
        "CloseDate": date(2026, 5, 6),
        "ERP_Last_Sync__c": moment,
        "Phone": None,
        "Parent.ERP_Id__c": "C-0",
    }
    with running(org) as (salesforce, server):
        salesforce.deliver([create(1, **values)])
    assert server.received[-1].body == (
        b'{"allOrNone":false,"records":[{"attributes":{"type":"Account"},"Name":"Account 1","ERP_Id__c":"C-1",'
        b'"ERP_Credit_Limit__c":1234567890123456.78,"CloseDate":"2026-05-06","ERP_Last_Sync__c":"2026-05-06T14:00:00.123Z",'
        b'"Phone":null,"Parent":{"ERP_Id__c":"C-0"}}]}'
    )
    assert server.received[-1].headers["sforce-auto-assign"] == "FALSE"


def test_a_create_without_an_external_id_carries_the_intent_s_key() -> None:
    org = Org()
    with running(org) as (salesforce, _):
        (receipt,) = salesforce.deliver([Write("intent-7", "customer", Operation.CREATE, {"Name": "A"})])
        assert salesforce.find("customer", ["intent-7", "intent-8"]) == {"intent-7": receipt.native_id}


def test_rows_fail_one_by_one() -> None:
    org = Org()
    with running(org) as (salesforce, _):
        receipts = salesforce.deliver([create(1), create(2, Bad__c="x"), create(3)])
    assert outcomes(receipts) == [("done", None), ("rejected", "schema"), ("done", None)]
    assert receipts[1].field == "Bad__c"
    assert "field-level security" in str(receipts[1].hint)


def test_a_create_that_was_done_before_is_adopted_not_repeated() -> None:
    org = Org()
    with running(org) as (salesforce, _):
        (first,) = salesforce.deliver([create(1)])
        again = salesforce.deliver([create(1, Name="Changed since"), create(2)])
    assert outcomes(again) == [("done", None), ("done", None)]
    assert (again[0].adopted, again[0].native_id, again[1].adopted) == (True, first.native_id, False)
    assert len(org.rows["Account"]) == 2
    assert org.rows["Account"][str(first.native_id)]["Name"] == "Account 1"


def test_a_duplicate_of_another_unique_field_is_a_conflict_not_an_adoption() -> None:
    org = Org()
    org.unique.add("Code__c")
    org.put("Account", Code__c="X", ERP_Id__c="other")
    with running(org) as (salesforce, _):
        (receipt,) = salesforce.deliver([create(1, Code__c="X")])
    assert (receipt.outcome, receipt.error_class, receipt.error_code) == (
        Outcome.REJECTED,
        "conflict",
        "DUPLICATE_VALUE",
    )


# --- law 3 ---------------------------------------------------------------------------------------


def test_an_update_whose_target_moved_is_refused_and_the_others_are_sent() -> None:
    org = Org()
    keys = [org.put("Account", Name=f"A{number}") for number in range(3)]
    selection = Selection("customer", "Account", (NativeField("Name", "text"),))
    with running(org) as (salesforce, _):
        versions = {record.key: record.version for record in salesforce.fetch(selection, keys)}
        org.now += minutes(1)
        org.put("Account", Id=keys[1], Name="edited by a user")
        org.put("Account", Id=keys[2], IsDeleted=True, MasterRecordId=keys[0])
        org.calls.clear()
        writes = [update(key, versions[key], Name="ours") for key in [*keys, "001000000000999AAA"][:3]]
        missing = update("001000000000999AAA", "2026-01-01T00:00:00Z", Name="ours")
        receipts = salesforce.deliver([*writes, missing])
    assert outcomes(receipts) == [
        ("done", None), ("rejected", "conflict"), ("rejected", "not_found"), ("rejected", "not_found"),
    ]  # fmt: skip
    assert org.calls == ["GET queryAll", "GET query", "PATCH composite/sobjects"], "what moved may say it already"
    assert org.rows["Account"][keys[1]]["Name"] == "edited by a user"
    assert f"merged into {keys[0]}" in str(receipts[2].hint)


def test_when_every_target_moved_nothing_is_sent() -> None:
    org = Org()
    key = org.put("Account", Name="A")
    with running(org) as (salesforce, _):
        (receipt,) = salesforce.deliver([update(key, "2020-01-01T00:00:00Z", Name="B")])
    assert receipt.outcome is Outcome.REJECTED
    assert org.calls == ["login", "GET queryAll", "GET query"]


def test_an_update_whose_reply_was_lost_does_not_conflict_with_itself() -> None:
    org = Org()
    key = org.put("Account", Name="B")
    with running(org) as (salesforce, _):
        (receipt,) = salesforce.deliver([update(key, "2020-01-01T00:00:00Z", Name="B")])
    assert (receipt.outcome, receipt.native_id) == (Outcome.DONE, key)
    assert org.calls == ["login", "GET queryAll", "GET query"], "nothing is written again"


def test_updates_without_an_expected_version_cost_one_call() -> None:
    org = Org()
    keys = [org.put("Account", Name="A") for _ in range(3)]
    with running(org) as (salesforce, _):
        assert outcomes(salesforce.deliver([update(key, Name="B") for key in keys])) == [("done", None)] * 3
    assert org.calls == ["login", "PATCH composite/sobjects"]


def test_an_update_of_what_is_no_id_is_refused_before_it_can_spoil_the_request() -> None:
    org = Org()
    key = org.put("Account", Name="A")
    with running(org) as (salesforce, _):
        receipts = salesforce.deliver([update("C-100", "x", Name="B"), update(key, Name="B")])
    assert outcomes(receipts) == [("rejected", "validation"), ("done", None)]


# --- unknown outcomes, and none ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        RESET,
        Reply(503, b"<html>maintenance</html>", {"Content-Type": "text/html"}),
        error(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred. Please include this ErrorId"),
        Reply(200, b'[{"id":"001', {"Content-Type": "application/json"}, cut=5),
        reply_json([{"id": "001", "success": True, "errors": []}]),
    ],
)
def test_an_unknown_outcome_leaves_every_row_of_the_request_in_doubt_and_sends_nothing_twice(fault: Reply) -> None:
    org = Org()
    org.faults.append(once(COLLECTION, fault))
    with running(org) as (salesforce, server):
        receipts = salesforce.deliver([create(1), create(2)])
        assert sum(request.path.endswith("composite/sobjects") for request in server.received) == 1
    assert {receipt.outcome for receipt in receipts} == {Outcome.IN_DOUBT}
    assert "Account" not in org.rows


def test_a_lost_reply_is_found_again_by_its_key() -> None:
    org = Org()

    def commit_and_cut(request: Received) -> Reply:
        assert org.answer(request).status == 200
        return RESET

    org.faults.append(once(COLLECTION, commit_and_cut))
    with running(org) as (salesforce, _):
        (receipt,) = salesforce.deliver([create(1)])
        assert receipt.outcome is Outcome.IN_DOUBT
        found = salesforce.find("customer", ["C-1"])
    assert list(found) == ["C-1"]
    assert found["C-1"] in org.rows["Account"]


def test_an_expired_session_is_renewed_and_the_write_sent_once_more() -> None:
    org = Org()
    org.faults.append(once(COLLECTION, error(401, "INVALID_SESSION_ID", "Session expired or invalid")))
    with running(org) as (salesforce, _):
        (receipt,) = salesforce.deliver([create(1)])
    assert receipt.outcome is Outcome.DONE
    assert org.calls.count("login") == 2


# --- many ------------------------------------------------------------------------------------------


def test_a_thousand_writes_are_one_call_when_asked_and_their_receipts_keep_the_order() -> None:
    org = Org()
    with running(org, write_batch=5_000) as (salesforce, _):
        assert salesforce.capabilities.write_batch["customer"] == 1_000
        made = salesforce.deliver([create(number) for number in range(1_000)])
        writes = [update(str(one.native_id), "2026-05-06T12:00:00Z", Name=f"New {n}") for n, one in enumerate(made)]
        changed = salesforce.deliver(writes)
        keys = [f"C-{number:060}" for number in range(1_000)]
        salesforce.find("customer", keys)
    assert org.calls == ["login", "POST composite", "POST composite", "POST composite", "POST composite"]
    assert [one.native_id for one in changed] == [one.native_id for one in made]
    names = [org.rows["Account"][str(one.native_id)]["Name"] for one in changed]
    assert names == [f"New {number}" for number in range(1_000)]


def test_a_collection_refused_within_a_larger_request_is_halved_and_the_others_stand() -> None:
    org = Org()

    def strict(request: Received) -> Reply | None:
        if not request.path.endswith("composite/sobjects") or b"Poison" not in request.body:
            return None
        return error(400, "JSON_PARSER_ERROR", "Cannot deserialize instance of double from VALUE_STRING value Poison")

    org.lasting_faults.append(strict)
    with running(org, write_batch=1_000) as (salesforce, _):
        receipts = salesforce.deliver([create(n, Name="Poison" if n == 250 else "Fine") for n in range(450)])
    assert [n for n, receipt in enumerate(receipts) if receipt.outcome is not Outcome.DONE] == [250]
    assert receipts[250].error_code == "JSON_PARSER_ERROR"
    assert len(org.rows["Account"]) == 449


def test_a_lost_reply_to_a_larger_request_leaves_all_in_doubt_and_one_call_finds_them() -> None:
    org = Org()

    def commit_and_cut(request: Received) -> Reply:
        assert org.answer(request).status == 200
        return RESET

    org.faults.append(once("POST .*/composite$", commit_and_cut))
    with running(org, write_batch=1_000) as (salesforce, _):
        receipts = salesforce.deliver([create(number) for number in range(300)])
        org.calls.clear()
        found = salesforce.find("customer", [f"C-{number}" for number in range(300)])
    assert {receipt.outcome for receipt in receipts} == {Outcome.IN_DOUBT}
    assert len(found) == 300
    assert org.calls == ["GET query"]


def test_many_keys_are_asked_for_one_query_a_call_where_the_connection_may_only_read() -> None:
    org = Org()
    keys = [f"C-{number:060}" for number in range(500)]
    made = {key: org.put("Account", ERP_Id__c=key) for key in keys}
    with running(org, read_only=True) as (salesforce, server):
        assert salesforce.find("customer", keys) == made
        assert max(len(request.target) for request in server.received) < 14_100
    assert org.calls[1:] == ["GET query"] * 3


def test_a_query_that_fails_within_a_larger_request_is_asked_again_alone() -> None:
    org = Org()
    keys = [f"C-{number:060}" for number in range(500)]
    made = {key: org.put("Account", ERP_Id__c=key) for key in keys}
    org.faults.append(once("GET .*/query/", error(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred."), skip=1))
    with running(org) as (salesforce, _):
        assert salesforce.find("customer", keys) == made
    assert org.calls[1:] == ["POST composite", "GET query"]


def test_a_limit_reached_is_raised_because_nothing_was_executed() -> None:
    org = Org()
    org.faults.append(once(COLLECTION, error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")))
    with running(org) as (salesforce, _), pytest.raises(RateLimitedError):
        salesforce.deliver([create(1)])
    assert "Account" not in org.rows


def test_maintenance_that_executes_nothing_is_waited_out() -> None:
    org = Org()
    code = "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE"
    org.faults.append(once(COLLECTION, error(503, code, "read-only mode")))
    with running(org) as (salesforce, _):
        (receipt,) = salesforce.deliver([create(1)])
    assert receipt.outcome is Outcome.DONE


def test_maintenance_that_does_not_end_is_raised_and_says_that_nothing_was_executed() -> None:
    org = Org()
    code = "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE"
    org.faults += [once(COLLECTION, error(503, code, "read-only mode")) for _ in range(5)]
    with running(org) as (salesforce, _), pytest.raises(TransientError):
        salesforce.deliver([create(1)])


def test_a_request_refused_for_one_row_is_halved_until_only_that_row_fails() -> None:
    org = Org()

    def strict(request: Received) -> Reply | None:
        if b"Poison" not in request.body:
            return None
        org.faults.append(strict)
        return error(400, "JSON_PARSER_ERROR", "Cannot deserialize instance of double from VALUE_STRING value Poison")

    org.faults.append(strict)
    with running(org) as (salesforce, _):
        receipts = salesforce.deliver([create(number, Name="Poison" if number == 5 else "Fine") for number in range(9)])
    assert [receipt.outcome for receipt in receipts] == [Outcome.DONE] * 5 + [Outcome.REJECTED] + [Outcome.DONE] * 3
    assert receipts[5].error_class == "validation"


def test_the_culprit_is_told_not_the_rows_it_took_along() -> None:
    org = Org()
    halted = {"statusCode": "PROCESSING_HALTED", "message": "The transaction was rolled back", "fields": []}
    culprit = {
        "statusCode": "REQUIRED_FIELD_MISSING",
        "message": "Required fields are missing: [Name]",
        "fields": ["Name"],
    }
    org.faults.append(once(COLLECTION, reply_json([{"success": False, "errors": [halted, culprit]}])))
    with running(org) as (salesforce, _):
        (receipt,) = salesforce.deliver([create(1)])
    assert (receipt.error_code, receipt.field) == ("REQUIRED_FIELD_MISSING", "Name")


# --- options and guards -------------------------------------------------------------------------------


def test_a_read_only_connection_sends_no_write_at_all() -> None:
    org = Org()
    with running(org, read_only=True) as (salesforce, server):
        with pytest.raises(ReadOnlyError):
            salesforce.deliver([create(1)])
        with pytest.raises(ReadOnlyError):
            salesforce.client.salesforce.Account.create({"Name": "x"})
        with pytest.raises(ReadOnlyError):
            salesforce.client.salesforce.restful("composite/sobjects/Account/ERP_Id__c", method="PATCH", json={})
        assert server.received == []
        assert salesforce.client.salesforce.query("SELECT Id FROM Account")["totalSize"] == 0


def test_duplicate_rules_are_overridden_only_when_asked() -> None:
    for option, header in [("allow", "allowSave=true"), ("block", None)]:
        org = Org()
        with running(org, duplicate_rule=option) as (salesforce, server):
            salesforce.deliver([create(1)])
        assert server.received[-1].headers.get("sforce-duplicate-rule-header") == header


def test_keys_are_compared_letter_by_letter_though_soql_is_not() -> None:
    org = Org()
    org.put("Account", ERP_Id__c="c-1")
    with running(org) as (salesforce, _):
        assert salesforce.find("customer", ["C-1"]) == {}


def test_of_several_records_under_one_key_the_oldest_is_the_one() -> None:
    org = Org()
    oldest = org.put("Account", ERP_Id__c="C-1")
    org.now += minutes(1)
    org.put("Account", ERP_Id__c="C-1")
    with running(org) as (salesforce, _):
        assert salesforce.find("customer", ["C-1"]) == {"C-1": oldest}


def test_entities_and_key_fields_can_be_named_by_options() -> None:
    org = Org()
    org.put("Project__c", Number__c="P-1")
    with running(org, natives={"project": "Project__c"}, key_fields={"project": "Number__c"}) as (salesforce, _):
        assert list(salesforce.find("project", ["P-1"])) == ["P-1"]
        assert salesforce.capabilities.write_batch["project"] == 200


def test_lines_are_refused_rather_than_dropped() -> None:
    org = Org()
    write = Write("k", "order", Operation.CREATE, {"Name": "O"}, lines=({"Quantity": 1},))
    with running(org) as (salesforce, _):
        assert outcomes(salesforce.deliver([write])) == [("rejected", "validation")]
