from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from crosswalk.connectors.netsuite import NetSuiteConnector
from crosswalk.model.errors import ReadOnlyError, ValidationError
from crosswalk.model.records import Operation, Outcome, Write
from tests.connectors.netsuite.small_netsuite import Answer, Seen, SmallNetSuite, error

Open = Callable[..., NetSuiteConnector]
STAMP = "2026-03-20 09:30:00"

ORDER = Write(
    intent_key="SF-OPP-0061x00000A1",
    entity="order",
    operation=Operation.CREATE,
    values={"entity": "107", "currency": "1", "tranDate": date(2026, 3, 12), "otherRefNum": "PO 7", "memo": None},
    lines=(
        {"item": "12", "quantity": Decimal(3), "price": "-1", "rate": Decimal("1234567890.12345678")},
        {"item": "13", "quantity": Decimal("0.5"), "price": "-1", "rate": Decimal("0.10")},
    ),
)
RENAME = Write("SF-ACC-1", "customer", Operation.UPDATE, {"companyName": "New"}, native_id="7", expected_version=STAMP)


def writes(account: SmallNetSuite) -> list[Seen]:
    return [seen for seen in account.seen if seen.method in ("POST", "PATCH") and "/record/" in seen.path]


def on_write(answer: Answer) -> Callable[[Seen], Answer | None]:
    return lambda seen: answer if "/record/" in seen.path and seen.method != "GET" else None


# --- creating ----------------------------------------------------------------------------------------


def test_an_order_is_created_under_its_intent_key(account: SmallNetSuite, open_account: Open) -> None:
    (receipt,) = open_account().deliver([ORDER])
    assert (receipt.outcome, receipt.native_id, receipt.adopted) == (Outcome.DONE, "5001", False)
    (sent,) = writes(account)
    assert sent.path == "/services/rest/record/v1/salesOrder"
    assert sent.body == {
        "entity": {"id": "107"},
        "currency": {"id": "1"},
        "tranDate": "2026-03-12",
        "otherRefNum": "PO 7",
        "externalId": "SF-OPP-0061x00000A1",
        "item": {
            "items": [
                {"item": {"id": "12"}, "quantity": 3, "price": {"id": "-1"}, "rate": 1234567890.12345678},
                {"item": {"id": "13"}, "quantity": 0.5, "price": {"id": "-1"}, "rate": 0.10},
            ]
        },
    }
    assert account.calls() == 1


def test_money_keeps_its_digits_on_the_wire(account: SmallNetSuite, open_account: Open) -> None:
    raw: list[bytes] = []
    connector = open_account()
    connector.client.transport.hooks["response"].append(lambda response, **_: raw.append(response.request.body))
    connector.deliver([ORDER])
    assert b'"rate":1234567890.12345678' in raw[0]
    assert b'"rate":0.10' in raw[0]


def test_the_same_create_twice_adopts_the_first(account: SmallNetSuite, open_account: Open) -> None:
    connector = open_account()
    first, second = connector.deliver([ORDER, ORDER])
    assert second.outcome is Outcome.DONE
    assert (second.native_id, second.adopted) == (first.native_id, True)


def test_a_name_that_is_taken_by_somebody_elses_record_is_a_conflict(
    account: SmallNetSuite, open_account: Open
) -> None:
    account.accidents = [
        on_write(error(400, "USER_ERROR", "Error while accessing a resource. This entity already exists."))
    ]
    (receipt,) = open_account().deliver([Write("SF-ACC-9", "customer", Operation.CREATE, {"companyName": "Taken"})])
    assert (receipt.outcome, receipt.error_class) == (Outcome.REJECTED, "conflict")
    assert "already exists" in str(receipt.message)


def test_a_key_taken_by_another_kind_of_transaction_is_not_adopted(account: SmallNetSuite, open_account: Open) -> None:
    account.insert("transaction", id=7, type="CustInvc", externalid=ORDER.intent_key)
    (receipt,) = open_account().deliver([ORDER])
    assert (receipt.outcome, receipt.native_id) == (Outcome.REJECTED, None)


def test_a_lost_reply_leaves_a_create_in_doubt_and_find_tells_the_truth(
    account: SmallNetSuite, open_account: Open
) -> None:
    def lose(seen: Seen) -> Answer | None:
        if "/record/" not in seen.path:
            return None
        return replace(account.record(seen, ["salesOrder"]), cut=True)

    account.accidents = [lose]
    connector = open_account()
    (receipt,) = connector.deliver([ORDER])
    assert receipt.outcome is Outcome.IN_DOUBT
    assert len(writes(account)) == 1
    assert connector.find("order", [ORDER.intent_key]) == {ORDER.intent_key: "5001"}


@pytest.mark.parametrize(
    "answer", [Answer(503, "<html>x</html>"), error(500, "UNEXPECTED_ERROR", "Error ID: x"), Answer(204)]
)
def test_a_create_is_never_sent_again_when_its_outcome_is_unknown(
    account: SmallNetSuite, open_account: Open, answer: Answer
) -> None:
    account.accidents = [on_write(answer)]
    (receipt,) = open_account().deliver([ORDER])
    assert receipt.outcome is Outcome.IN_DOUBT
    assert len(writes(account)) == 1


def test_a_write_refused_for_want_of_a_slot_is_sent_again(account: SmallNetSuite, open_account: Open) -> None:
    account.accidents = [on_write(error(429, "CONCURRENCY_LIMIT_EXCEEDED", "Request blocked."))]
    (receipt,) = open_account().deliver([ORDER])
    assert receipt.outcome is Outcome.DONE
    assert len(writes(account)) == 2


def test_lasting_want_of_slots_is_a_retry(account: SmallNetSuite, open_account: Open, waits: list[float]) -> None:
    account.accidents = [on_write(error(429, "CONCURRENCY_LIMIT_EXCEEDED", "Request blocked."))] * 9
    (receipt,) = open_account().deliver([ORDER])
    assert (receipt.outcome, receipt.error_class) == (Outcome.RETRY, "rate_limit")
    assert waits


def test_refused_credentials_put_no_record_in_quarantine(account: SmallNetSuite, open_account: Open) -> None:
    (receipt,) = open_account(consumer_secret="wrong").deliver([ORDER])
    assert (receipt.outcome, receipt.error_class, receipt.retry_after) == (Outcome.RETRY, "authentication", 300.0)


def test_a_refusal_carries_class_code_text_field_and_hint(account: SmallNetSuite, open_account: Open) -> None:
    detail = "You have entered an Invalid Field Value 9999 for the following field: item"
    account.accidents = [on_write(error(400, "INVALID_CONTENT", detail, "item.items[0].item"))]
    (receipt,) = open_account().deliver([ORDER])
    assert receipt.outcome is Outcome.REJECTED
    assert (receipt.error_class, receipt.error_code, receipt.field) == (
        "validation",
        "INVALID_CONTENT",
        "item.items[0].item",
    )
    assert "9999" in str(receipt.message)
    assert "value map" in str(receipt.hint)


def test_one_bad_write_does_not_stop_the_others(account: SmallNetSuite, open_account: Open) -> None:
    bad = Write("SF|1", "customer", Operation.CREATE, {"companyName": "x"})
    good = Write("SF-ACC-2", "customer", Operation.CREATE, {"companyName": "y"})
    receipts = open_account().deliver([bad, good])
    assert [(receipt.intent_key, receipt.outcome) for receipt in receipts] == [
        ("SF|1", "rejected"),
        ("SF-ACC-2", "done"),
    ]
    assert receipts[0].field == "externalId"


def test_a_customer_is_created_with_its_addresses(account: SmallNetSuite, open_account: Open) -> None:
    values = {
        "companyName": "Möller",
        "subsidiary": "1",
        "billing.city": "Bonn",
        "billing.country": "DE",
        "shipping.city": None,
    }
    open_account().deliver([Write("SF-ACC-1", "customer", Operation.CREATE, values)])
    assert account.records[("customer", "5001")] == {
        "companyName": "Möller",
        "subsidiary": {"id": "1"},
        "externalId": "SF-ACC-1",
        "addressBook": {
            "items": [{"defaultBilling": True, "addressBookAddress": {"city": "Bonn", "country": {"id": "DE"}}}]
        },
    }


def test_a_shipment_is_made_from_its_order(account: SmallNetSuite, open_account: Open) -> None:
    write = Write(
        "SHIP-1",
        "shipment",
        Operation.CREATE,
        {"createdFrom": "7", "shipStatus": "C"},
        lines=({"orderLine": 1, "quantity": Decimal(1)},),
    )
    (receipt,) = open_account().deliver([write])
    assert receipt.outcome is Outcome.DONE
    (sent,) = writes(account)
    assert sent.path == "/services/rest/record/v1/salesOrder/7/!transform/itemFulfillment"
    assert sent.body == {
        "shipStatus": {"id": "C"},
        "externalId": "SHIP-1",
        "item": {"items": [{"orderLine": 1, "quantity": 1}]},
    }


@pytest.mark.parametrize(
    ("entity", "values", "named"),
    [
        ("shipment", {"shipStatus": "C"}, "createdFrom"),
        ("product", {"itemId": "A"}, "itemType"),
        ("price", {"unitprice": Decimal(1)}, "no record of its own"),
        ("stock", {}, "no record of its own"),
    ],
)
def test_what_netsuite_cannot_make_is_refused_before_it_is_sent(
    account: SmallNetSuite, open_account: Open, entity: str, values: dict[str, object], named: str
) -> None:
    (receipt,) = open_account().deliver([Write("K-1", entity, Operation.CREATE, values)])
    assert receipt.outcome is Outcome.REJECTED
    assert named in f"{receipt.message} {receipt.hint}"
    assert account.calls() == 0


# --- updating ------------------------------------------------------------------------------------------


def test_an_update_patches_when_the_record_is_as_planned(account: SmallNetSuite, open_account: Open) -> None:
    account.insert("customer", id=7, lastmodifieddate=STAMP)
    (receipt,) = open_account().deliver([RENAME])
    assert (receipt.outcome, receipt.native_id) == (Outcome.DONE, "7")
    assert account.records[("customer", "7")] == {"companyName": "New"}


def test_an_update_is_not_sent_when_the_record_moved(account: SmallNetSuite, open_account: Open) -> None:
    account.insert("customer", id=7, lastmodifieddate="2026-03-20 09:30:01")
    (receipt,) = open_account().deliver([RENAME])
    assert (receipt.outcome, receipt.error_class, receipt.error_code) == (Outcome.REJECTED, "conflict", "VERSION_MOVED")
    assert not writes(account)


def test_the_version_of_a_pull_is_the_version_an_update_expects(account: SmallNetSuite, open_account: Open) -> None:
    from crosswalk.model.records import NativeField, Selection

    account.insert("customer", id=7, lastmodifieddate=STAMP)
    connector = open_account()
    (record,) = connector.fetch(Selection("customer", "customer", (NativeField("companyname", "text"),)), ["7"])
    (receipt,) = connector.deliver([replace(RENAME, expected_version=record.version)])
    assert receipt.outcome is Outcome.DONE


def test_an_update_of_a_deleted_record_is_not_found(open_account: Open) -> None:
    (receipt,) = open_account().deliver([RENAME])
    assert (receipt.outcome, receipt.error_class) == (Outcome.REJECTED, "not_found")


CHANGED = error(400, "RCRD_HAS_BEEN_CHANGED", "Record has been changed")


def test_a_save_in_between_that_left_the_version_is_followed_by_another_try(
    account: SmallNetSuite, open_account: Open
) -> None:
    account.insert("customer", id=7, lastmodifieddate=STAMP)
    account.accidents = [on_write(CHANGED)]
    (receipt,) = open_account().deliver([RENAME])
    assert receipt.outcome is Outcome.DONE
    assert account.records[("customer", "7")] == {"companyName": "New"}


def test_a_save_in_between_is_not_written_over(account: SmallNetSuite, open_account: Open) -> None:
    def saved(seen: Seen) -> Answer | None:
        if seen.method != "PATCH":
            return None
        account.db.execute("UPDATE customer SET lastmodifieddate = '2026-03-20 09:31:00'")
        return CHANGED

    account.insert("customer", id=7, lastmodifieddate=STAMP)
    account.accidents = [saved]
    (receipt,) = open_account().deliver([RENAME])
    assert (receipt.outcome, receipt.error_code) == (Outcome.REJECTED, "VERSION_MOVED")
    assert len(writes(account)) == 1
    assert not account.records


def test_a_record_that_is_saved_again_and_again_is_left_for_later(account: SmallNetSuite, open_account: Open) -> None:
    account.insert("customer", id=7, lastmodifieddate=STAMP)
    account.accidents = [on_write(CHANGED)] * 3
    (receipt,) = open_account().deliver([RENAME])
    assert (receipt.outcome, receipt.error_class) == (Outcome.RETRY, "conflict")
    assert len(writes(account)) == 3


def test_what_updates_must_know_is_asked_once_for_all(account: SmallNetSuite, open_account: Open) -> None:
    for key in range(1, 9):
        account.insert("customer", id=key, lastmodifieddate=STAMP)
        for entry, purpose in ((key * 10, "billing"), (key * 10 + 1, "shipping")):
            flags = {f"default{one}": "T" if one == purpose else "F" for one in ("billing", "shipping")}
            account.insert("customeraddressbook", internalid=entry, entity=key, addressbookaddress=entry, **flags)
    account.db.execute("UPDATE customer SET lastmodifieddate = '2026-03-20 09:31:00' WHERE id = 3")
    moves = [replace(RENAME, native_id=str(key), values={"billing.city": f"City {key}"}) for key in range(1, 10)]
    receipts = open_account().deliver(moves)
    assert [receipt.outcome is Outcome.DONE for receipt in receipts] == [key not in (3, 9) for key in range(1, 10)]
    assert [receipt.error_class for receipt in receipts if receipt.error_class] == ["conflict", "not_found"]
    (entry,) = account.records[("customer", "8")]["addressBook"]["items"]
    assert (entry["internalId"], entry["addressBookAddress"]) == (80, {"city": "City 8"})
    assert account.calls() == 1 + 7


def test_one_update_with_a_senseless_key_does_not_stop_the_others(account: SmallNetSuite, open_account: Open) -> None:
    refused = error(400, "INVALID_PARAMETER", "Invalid search query. Search error occurred: parse")
    account.insert("customer", id=7, lastmodifieddate=STAMP)
    account.accidents = [lambda seen: refused if "'x'" in str(seen.body) else None] * 2
    odd, good = open_account().deliver([replace(RENAME, native_id="x"), RENAME])
    assert (odd.outcome, good.outcome) == (Outcome.REJECTED, Outcome.DONE)


def test_an_update_with_a_lost_reply_is_in_doubt(account: SmallNetSuite, open_account: Open) -> None:
    account.insert("customer", id=7, lastmodifieddate=STAMP)
    account.accidents = [on_write(Answer(204, cut=True))]
    (receipt,) = open_account().deliver([RENAME])
    assert (receipt.outcome, receipt.native_id) == (Outcome.IN_DOUBT, "7")


def test_none_clears_a_field(account: SmallNetSuite, open_account: Open) -> None:
    account.insert("customer", id=7, lastmodifieddate=STAMP)
    open_account().deliver([replace(RENAME, values={"terms": None, "email": None})])
    assert account.records[("customer", "7")] == {"terms": None, "email": None}


def test_a_changed_address_is_written_to_its_entry(account: SmallNetSuite, open_account: Open) -> None:
    account.insert("customer", id=7, lastmodifieddate=STAMP)
    account.insert(
        "customeraddressbook", internalid=39, entity=7, defaultbilling="T", defaultshipping="F", addressbookaddress=77
    )
    account.insert(
        "customeraddressbook", internalid=40, entity=7, defaultbilling="F", defaultshipping="T", addressbookaddress=78
    )
    account.insert(
        "customeraddressbook", internalid=41, entity=8, defaultbilling="T", defaultshipping="T", addressbookaddress=79
    )
    open_account().deliver([replace(RENAME, values={"billing.city": "Kiel"})])
    assert account.records[("customer", "7")] == {
        "addressBook": {"items": [{"internalId": 39, "defaultBilling": True, "addressBookAddress": {"city": "Kiel"}}]}
    }


def test_lines_of_an_update_replace_the_lines_there_are(account: SmallNetSuite, open_account: Open) -> None:
    account.insert("transaction", id=7, type="SalesOrd", lastmodifieddate=STAMP)
    write = Write("K", "order", Operation.UPDATE, {"memo": "x"}, native_id="7", lines=({"line": 1, "item": "12"},))
    open_account().deliver([write])
    (sent,) = writes(account)
    assert sent.query == {"replace": "item"}
    assert sent.body == {"memo": "x", "item": {"items": [{"line": 1, "item": {"id": "12"}}]}}


def test_lines_on_a_record_without_lines_are_refused(account: SmallNetSuite, open_account: Open) -> None:
    (receipt,) = open_account().deliver([replace(RENAME, expected_version=None, lines=({"item": "1"},))])
    assert receipt.outcome is Outcome.REJECTED
    assert not writes(account)


def test_what_is_no_record_of_its_own_is_not_updated(account: SmallNetSuite, open_account: Open) -> None:
    (receipt,) = open_account().deliver([replace(RENAME, entity="order_line")])
    assert receipt.outcome is Outcome.REJECTED
    assert account.calls() == 0


# --- looking up ------------------------------------------------------------------------------------------


def test_find_returns_only_what_is_there_and_of_this_kind(account: SmallNetSuite, open_account: Open) -> None:
    account.insert("transaction", id=1, type="SalesOrd", externalid="K-1")
    account.insert("transaction", id=2, type="CustInvc", externalid="K-2")
    account.insert("transaction", id=3, type="SalesOrd", externalid="K-3")
    connector = open_account()
    assert connector.find("order", ["K-1", "K-2", "K-3", "K-4"]) == {"K-1": "1", "K-3": "3"}
    assert connector.find("order", ["K-2"]) == {}
    assert connector.find("order", ["K-3"]) == {"K-3": "3"}
    assert connector.find("order", []) == {}


def test_find_takes_a_thousand_keys_a_call(account: SmallNetSuite, open_account: Open) -> None:
    for number in range(1500):
        account.insert("customer", id=number, externalid=f"SF-ACC-{number}")
    found = open_account().find("customer", [f"SF-ACC-{number}" for number in range(1500)])
    assert found["SF-ACC-1499"] == "1499"
    assert len(found) == 1500
    assert account.calls() == 2


def test_find_sees_a_record_that_a_workflow_locked(account: SmallNetSuite, open_account: Open) -> None:
    account.insert("customer", id=5, externalid="SF-ACC-5")
    account.accidents = [
        lambda seen: (
            error(400, "USER_ERROR", "Error while accessing a resource. This record is locked.")
            if seen.method == "GET"
            else None
        )
    ]
    assert open_account().find("customer", ["SF-ACC-5"]) == {"SF-ACC-5": "5"}


def test_find_of_what_is_no_record_is_refused(open_account: Open) -> None:
    with pytest.raises(ValidationError):
        open_account().find("price", ["a", "b"])


# --- law 9 ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", [ORDER, replace(RENAME, expected_version=None)])
def test_a_read_only_connection_sends_no_write(account: SmallNetSuite, open_account: Open, write: Write) -> None:
    with pytest.raises(ReadOnlyError):
        open_account(read_only=True).deliver([write])
    assert account.calls() == 0


def test_a_read_only_connection_queries(account: SmallNetSuite, open_account: Open) -> None:
    assert open_account(read_only=True).find("customer", ["a", "b"]) == {}
    assert account.calls() == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/services/rest/record/v1/customer"),
        ("POST", "/services/rest/record/v1/customer/services/rest/query/v1/suiteql"),
        ("PATCH", "/services/rest/query/v1/suiteql"),
        ("DELETE", "/services/rest/record/v1/customer/7"),
        ("PUT", "/services/rest/record/v1/customer/eid:A"),
        ("POST", "/services/rest/record/v1/salesOrder/7/!transform/invoice"),
    ],
)
def test_everything_but_reading_is_a_write(account: SmallNetSuite, open_account: Open, method: str, path: str) -> None:
    with pytest.raises(ReadOnlyError):
        open_account(read_only=True).client.transport.call(method, path, json={})
    assert account.calls() == 0
