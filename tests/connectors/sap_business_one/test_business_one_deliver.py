from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from crosswalk.connectors.sap_business_one import BusinessOneConnector
from crosswalk.connectors.sap_business_one.bodies import code_of
from crosswalk.model.errors import ErrorClass, ReadOnlyError
from crosswalk.model.records import NOT_APPROVED, Operation, Outcome, Write
from tests.connectors.loopback import RESET, Received, Reply
from tests.connectors.sap_business_one.small_business_one import HTML, SmallBusinessOne, error, etag

Open = Callable[..., BusinessOneConnector]
LINE = {"ItemCode": "I1", "Quantity": Decimal(2), "UnitPrice": Decimal("10.50")}


def new(key: str, **values: Any) -> Write:
    return Write(key, "customer", Operation.CREATE, {"CardName": f"Customer {key}", **values})


def order(key: str = "HS-DEAL-1-R1") -> Write:
    values = {"CardCode": "C1", "DocDate": date(2026, 3, 20), "NumAtCard": "PO 7", "AddressExtension.ShipToCity": "Ulm"}
    return Write(key, "order", Operation.CREATE, values, lines=(LINE,))


def update(key: str, values: dict[str, Any], version: str | None, entity: str = "customer", **more: Any) -> Write:
    return Write(f"U-{key}", entity, Operation.UPDATE, values, key, expected_version=version, **more)


def test_customers_are_created_in_one_request_with_code_key_and_addresses(
    company: SmallBusinessOne, open_company: Open
) -> None:
    connector = open_company()
    writes = [new(f"HS-COM-{n}", **{"billing.City": "Köln", "shipping.City": None}) for n in range(3)]
    receipts = connector.deliver(writes)
    assert [one.outcome for one in receipts] == [Outcome.DONE] * 3
    assert [one.native_id for one in receipts] == ["HS-COM-0", "HS-COM-1", "HS-COM-2"], (
        "the key is the code where it fits"
    )
    made = company.sets["BusinessPartners"]["HS-COM-1"]
    assert (made["U_CrosswalkKey"], made["CardType"]) == ("HS-COM-1", "cCustomer")
    assert [(one["AddressType"], one["City"]) for one in made["BPAddresses"]] == [("bo_BillTo", "Köln")]
    assert company.paths() == ["POST $batch"], "the search for their keys travels in front of them"
    assert connector.find("customer", ["HS-COM-2", "HS-COM-9"]) == {"HS-COM-2": "HS-COM-2"}


def test_after_a_refused_row_the_rest_of_the_batch_is_sent_again(company: SmallBusinessOne, open_company: Open) -> None:
    writes = [new("K0"), new("K1", PayTermsGrpCode=99999), new("K2"), new("K3")]
    receipts = open_company().deliver(writes)
    assert [one.outcome for one in receipts] == [Outcome.DONE, Outcome.REJECTED, Outcome.DONE, Outcome.DONE]
    assert (receipts[1].error_class, receipts[1].error_code) == (ErrorClass.VALIDATION, "-2028")
    assert set(company.sets["BusinessPartners"]) == {"K0", "K2", "K3"}


def test_a_batch_whose_answer_is_lost_leaves_its_rows_in_doubt_and_they_are_adopted(
    company: SmallBusinessOne, open_company: Open
) -> None:
    connector = open_company()
    company.after.append(lambda request, _reply: RESET if request.path.endswith("$batch") else None)
    first = connector.deliver([new("K0"), new("K1")])
    assert [one.outcome for one in first] == [Outcome.IN_DOUBT] * 2
    again = connector.deliver([new("K0"), new("K1")])
    assert [(one.outcome, one.adopted, one.native_id) for one in again] == [
        (Outcome.DONE, True, "K0"),
        (Outcome.DONE, True, "K1"),
    ]
    assert company.carried_out.count("POST BusinessPartners") == 3, "a code that is given twice is refused"
    assert set(company.sets["BusinessPartners"]) == {"K0", "K1"}


def test_a_worker_that_crashes_leaves_doubt_and_no_blind_repeat(company: SmallBusinessOne, open_company: Open) -> None:
    company.after.append(lambda _request, _reply: HTML if "POST Orders" in company.carried_out else None)
    connector = open_company()
    [receipt] = connector.deliver([order()])
    assert receipt.outcome is Outcome.IN_DOUBT
    assert company.carried_out.count("POST Orders") == 1
    [again] = connector.deliver([order()])
    assert (again.outcome, again.adopted, company.carried_out.count("POST Orders")) == (Outcome.DONE, True, 1)


def test_a_session_that_ends_before_a_create_is_renewed_and_the_create_sent_once_more(
    company: SmallBusinessOne, open_company: Open
) -> None:
    connector = open_company()
    connector.find("customer", ["K0"])
    company.expire()
    [receipt] = connector.deliver([new("K0")])
    assert (receipt.outcome, company.logins) == (Outcome.DONE, 2)


def test_an_update_is_one_request_guarded_by_an_etag_made_of_the_version(
    company: SmallBusinessOne, open_company: Open
) -> None:
    company.put("BusinessPartners", CardCode="C'1/#", CardName="Old")
    connector = open_company()
    [done] = connector.deliver([update("C'1/#", {"CardName": "New", "Frozen": True}, "1")])
    assert done.outcome is Outcome.DONE
    [request] = [one for one in company.seen if one.method == "PATCH"]
    assert request.headers["if-match"] == etag(1) == 'W/"356A192B7913B04C54574D18C28D46E6395428AB"'
    assert request.json() == {"CardName": "New", "Frozen": "tYES"}
    assert company.paths() == ["PATCH BusinessPartners('C''1/#')"]
    [stale] = connector.deliver([update("C'1/#", {"CardName": "Ours"}, "1")])
    assert (stale.outcome, stale.error_class) == (Outcome.REJECTED, ErrorClass.CONFLICT)
    assert company.sets["BusinessPartners"]["C'1/#"]["CardName"] == "New"
    [gone] = connector.deliver([update("C2", {"CardName": "Ours"}, "1")])
    assert (gone.outcome, gone.error_class) == (Outcome.REJECTED, ErrorClass.NOT_FOUND)


def test_an_address_is_changed_in_place_by_its_whole_identity_and_no_other_is_touched(
    company: SmallBusinessOne, open_company: Open
) -> None:
    there = [
        {"AddressName": "Old", "AddressType": "bo_BillTo", "City": "Bonn", "BPCode": "C1", "RowNum": 0},
        {
            "AddressName": "Main",
            "AddressType": "bo_BillTo",
            "City": "Köln",
            "Street": "A 1",
            "BPCode": "C1",
            "RowNum": 1,
        },
    ]
    company.put("BusinessPartners", CardCode="C1", CardName="N", BilltoDefault="Main", BPAddresses=there)
    connector = open_company()
    write = update("C1", {"billing.City": "Ulm", "shipping.City": "Wien"}, "1")
    connector.prepare([write])
    company.seen.clear()
    [done] = connector.deliver([write])
    assert done.outcome is Outcome.DONE
    rows = company.sets["BusinessPartners"]["C1"]["BPAddresses"]
    assert [(row["AddressName"], row["AddressType"], row["City"]) for row in rows] == [
        ("Old", "bo_BillTo", "Bonn"),
        ("Main", "bo_BillTo", "Ulm"),
        ("Ship to", "bo_ShipTo", "Wien"),
    ]
    assert rows[1]["Street"] == "A 1"
    assert [one.method for one in company.seen] == ["PATCH"], "what was read ahead is not asked for again"
    [stale] = connector.deliver([update("C1", {"billing.City": "Bern"}, "1")])
    assert (stale.outcome, stale.error_class) == (Outcome.REJECTED, ErrorClass.CONFLICT)
    assert stale.error_code == "VERSION_MOVED", "it was read anew, and nothing was sent"
    assert [one.method for one in company.seen] == ["PATCH", "GET"]


def test_contacts_are_added_to_and_changed_in_their_partner(company: SmallBusinessOne, open_company: Open) -> None:
    company.put(
        "BusinessPartners",
        CardCode="C1",
        CardName="N",
        ContactEmployees=[{"Name": "Ada L", "InternalCode": 7, "CardCode": "C1"}],
    )
    connector = open_company()
    values = {"CardCode": "C1", "FirstName": "Ada", "LastName": "L", "E_Mail": "ada@x.example"}
    [made] = connector.deliver([Write("HS-CON-1", "contact", Operation.CREATE, values)])
    assert (made.outcome, made.native_id) == (Outcome.DONE, "C1|101")
    names = [row["Name"] for row in company.sets["BusinessPartners"]["C1"]["ContactEmployees"]]
    assert names == ["Ada L", "Ada L 2"], "a name is unique in its partner"
    [again] = connector.deliver([Write("HS-CON-1", "contact", Operation.CREATE, values)])
    assert (again.adopted, again.native_id) == (True, "C1|101")
    assert connector.find("contact", ["HS-CON-1", "HS-CON-2"]) == {"HS-CON-1": "C1|101"}
    company.accidents.append(
        lambda request: error(400, "-5006", "Not supported") if "PostQuery" in request.path else None
    )
    assert connector.find("contact", ["HS-CON-1", "HS-CON-2"]) == {"HS-CON-1": "C1|101"}, "partner by partner"
    [changed] = connector.deliver([update("C1|7", {"FirstName": "Grace", "CardCode": "C1"}, "2", "contact")])
    assert changed.outcome is Outcome.DONE
    assert [row.get("FirstName") for row in company.sets["BusinessPartners"]["C1"]["ContactEmployees"]] == [
        "Grace",
        "Ada",
    ]


def test_an_order_is_looked_for_and_made_in_two_requests(company: SmallBusinessOne, open_company: Open) -> None:
    connector = open_company()
    [receipt] = connector.deliver([order()])
    assert (receipt.outcome, receipt.native_id) == (Outcome.DONE, "101")
    made = company.sets["Orders"][101]
    assert made["AddressExtension"] == {"ShipToCity": "Ulm"}
    assert made["DocDueDate"] == "2026-03-20", "refused without one"
    assert made["DocumentLines"][0]["UnitPrice"] == 10.5
    assert company.paths() == ["POST $batch"] * 2
    asked = ["GET Orders", "GET Drafts"]
    assert company.carried_out == [*asked, "POST Orders", *asked], "what it became is asked for behind it (§16)"
    [again] = connector.deliver([order()])
    assert (again.adopted, again.native_id, len(company.sets["Orders"])) == (True, "101", 1)


@pytest.mark.parametrize("drafts_are_errors", [False, True])
def test_an_order_that_becomes_a_draft_is_told_never_posted_again_and_adopted_once_it_is_approved(
    company: SmallBusinessOne, open_company: Open, drafts_are_errors: bool
) -> None:
    company.approvals, company.drafts_are_errors = True, drafts_are_errors
    connector = open_company()
    for _ in range(2):
        [waits] = connector.deliver([order()])
        assert (waits.outcome, waits.error_code) == (Outcome.WAITING, "APPROVAL_PENDING")
        assert "draft 101" in str(waits.message)
        assert waits.retry_after
    assert len(company.sets["Drafts"]) == 1
    assert connector.find("order", ["HS-DEAL-1-R1"]) == {}
    sent = len(company.seen)
    [stands] = connector.waiting("order", ["HS-DEAL-1-R1", "HS-DEAL-2-R1"]).values()
    assert (stands.intent_key, stands.outcome, len(company.seen) - sent) == ("HS-DEAL-1-R1", Outcome.WAITING, 1)
    company.sets["Drafts"][101]["AuthorizationStatus"] = "dasApproved"
    assert connector.waiting("order", ["HS-DEAL-1-R1"])["HS-DEAL-1-R1"].outcome is Outcome.RETRY
    [made] = connector.deliver([order()])
    assert (made.outcome, made.adopted, made.native_id) == (Outcome.DONE, True, "101")
    assert company.sets["Drafts"] == {}
    assert company.carried_out.count("POST Orders") == 1


def test_an_approval_that_was_refused_is_told_and_only_what_is_sent_again_becomes_another_draft(
    company: SmallBusinessOne, open_company: Open
) -> None:
    company.approvals = True
    connector = open_company()
    connector.deliver([order()])
    company.sets["Drafts"][101]["AuthorizationStatus"] = "dasRejected"
    for _ in range(2):
        refused = connector.waiting("order", ["HS-DEAL-1-R1"])["HS-DEAL-1-R1"]
        assert (refused.outcome, refused.error_code, bool(refused.hint)) == (Outcome.REJECTED, NOT_APPROVED, True)
    assert list(company.sets["Drafts"]) == [101]
    [again] = connector.deliver([order()])
    assert (again.outcome, sorted(company.sets["Drafts"])) == (Outcome.WAITING, [101, 102])
    assert connector.waiting("order", ["HS-DEAL-1-R1"])["HS-DEAL-1-R1"].outcome is Outcome.WAITING


def test_a_code_that_does_not_exist_is_not_taken_for_a_draft(company: SmallBusinessOne, open_company: Open) -> None:
    no_match = error(400, "-2028", "No matching records found (ODBC -2028)")
    company.inside.append(lambda request, body: no_match if request == "POST Orders" and b"K-2" in body else None)
    receipts = open_company().deliver([order("K-1"), order("K-2"), order("K-3")])
    assert [one.outcome for one in receipts] == [Outcome.DONE, Outcome.REJECTED, Outcome.DONE]
    assert (receipts[1].error_class, receipts[1].error_code) == (ErrorClass.VALIDATION, "-2028")
    assert {row["U_CrosswalkKey"] for row in company.sets["Orders"].values()} == {"K-1", "K-3"}
    assert len(company.paths()) == 3, "the search, the orders, those behind the refused one"


def test_an_amendment_names_every_line_it_keeps_and_takes_the_others_off(
    company: SmallBusinessOne, open_company: Open
) -> None:
    connector = open_company()
    two = Write("K-R1", "order", Operation.CREATE, dict(order().values), lines=(LINE, {**LINE, "ItemCode": "I2"}))
    connector.deliver([two])
    lines = ({"LineNum": 1}, {"ItemCode": "I3", "Quantity": Decimal(1), "UnitPrice": Decimal(5)})
    [done] = connector.deliver([update("101", {"NumAtCard": "PO 8"}, "1", "order", lines=lines)])
    assert done.outcome is Outcome.DONE
    kept = company.sets["Orders"][101]["DocumentLines"]
    assert [(line["LineNum"], line["ItemCode"], line["Quantity"]) for line in kept] == [(1, "I2", 2), (2, "I3", 1)]


def test_a_connection_that_may_only_read_writes_nothing_and_asks_nobody(
    company: SmallBusinessOne, open_company: Open
) -> None:
    connector = open_company(read_only=True)
    for write in (new("K0"), order(), update("C1", {"CardName": "x"}, "1")):
        with pytest.raises(ReadOnlyError):
            connector.deliver([write])
    assert company.seen == []


def test_a_code_is_made_of_the_key_and_always_the_same() -> None:
    assert code_of("HS-COM-12345678") == "HS-COM-12345678"
    long = code_of("HS-COM-123456789")
    assert len(long) == 15
    assert long == code_of("HS-COM-123456789")
    assert long != code_of("HS-COM-123456788")
    assert code_of("Kö ln").startswith("X")


# --- batches ------------------------------------------------------------------------------------------


def test_a_record_that_a_series_numbers_is_looked_for_before_it_is_made(
    company: SmallBusinessOne, open_company: Open
) -> None:
    company.put("BusinessPartners", CardCode="B-0007", CardName="N", U_CrosswalkKey="HS-COM-7")
    there, fresh = new("HS-COM-7", Series=71), new("HS-COM-8", Series=71)
    receipts = open_company().deliver([there, fresh])
    assert [(one.outcome, one.native_id, one.adopted) for one in receipts] == [
        (Outcome.DONE, "B-0007", True),
        (Outcome.DONE, "S-00001", False),
    ]
    assert set(company.sets["BusinessPartners"]) == {"B-0007", "S-00001"}


def test_some_of_a_batch_were_made_before_and_the_rest_is_made_now(
    company: SmallBusinessOne, open_company: Open
) -> None:
    connector = open_company()
    connector.deliver([new("K1"), new("K3")])
    company.seen.clear()
    receipts = connector.deliver([new(f"K{number}") for number in range(5)])
    assert [(one.outcome, one.native_id, one.adopted) for one in receipts] == [
        (Outcome.DONE, f"K{number}", number in (1, 3)) for number in range(5)
    ]
    assert len(company.sets["BusinessPartners"]) == 5
    assert len(company.paths()) == 2, "one that is there stops the first request, and is left out of the second"


def test_a_record_whose_code_was_changed_and_that_is_made_anew_is_told(
    company: SmallBusinessOne, open_company: Open
) -> None:
    company.put("BusinessPartners", CardCode="RENAMED", CardName="N", U_CrosswalkKey="K1")
    [receipt] = open_company().deliver([new("K1")])
    assert (receipt.outcome, receipt.error_code) == (Outcome.REJECTED, "MADE_TWICE")
    assert "RENAMED" in str(receipt.hint)


def test_a_code_that_somebody_else_took_is_a_conflict(company: SmallBusinessOne, open_company: Open) -> None:
    company.put("BusinessPartners", CardCode="THEIRS", CardName="N")
    [receipt] = open_company().deliver([new("K1", CardCode="THEIRS")])
    assert (receipt.outcome, receipt.error_class) == (Outcome.REJECTED, ErrorClass.CONFLICT)


@pytest.mark.parametrize("make", [new, lambda key: new(key, Series=71), order, lambda key: contact(key, "C1")])
@pytest.mark.parametrize("kept", [0, 1, 2, 3])
def test_a_batch_that_is_answered_in_part_leaves_no_create_for_not_executed(
    company: SmallBusinessOne, open_company: Open, make: Callable[[str], Write], kept: int
) -> None:
    company.put("BusinessPartners", CardCode="C1", CardName="N", ContactEmployees=[])
    writes = [make(f"K{number}") for number in range(2)]

    def cut(_request: Received, reply: Reply) -> Reply | None:
        made = [row for name in ("BusinessPartners", "Orders") for row in company.sets.get(name, {}).values()]
        if not any("K0" in str(row) for row in made):
            return None
        mark = b"--batchresponse_1"
        parts = reply.body.split(mark)
        return replace(reply, body=mark.join([*parts[: kept + 1], b"--\r\n"]))

    company.after.append(cut)
    connector = open_company()
    receipts = connector.deliver(writes)
    assert {one.outcome for one in receipts} <= {Outcome.DONE, Outcome.IN_DOUBT}
    assert [one.outcome for one in connector.deliver(writes)] == [Outcome.DONE] * 2
    rows = [*company.sets["BusinessPartners"].values(), *company.sets.get("Orders", {}).values()]
    rows += company.sets["BusinessPartners"]["C1"]["ContactEmployees"]
    keys = [row["U_CrosswalkKey"] for row in rows if row.get("U_CrosswalkKey")]
    assert sorted(keys) == ["K0", "K1"], "each once"


def test_a_worker_that_fails_within_a_batch_of_creates_leaves_doubt_and_within_reads_is_asked_again(
    company: SmallBusinessOne, open_company: Open, waits: list[float]
) -> None:
    connector = open_company()
    company.inside.append(lambda request, _body: HTML if request == "POST BusinessPartners" else None)
    assert [one.outcome for one in connector.deliver([new("K1"), new("K2")])] == [Outcome.IN_DOUBT] * 2
    company.inside.append(lambda request, _body: HTML if request == "GET Drafts" else None)
    assert connector.deliver([order()])[0].outcome is Outcome.DONE
    assert len(waits) == 1


def contact(key: str, code: str, name: str = "") -> Write:
    values = {"CardCode": code, "FirstName": name or key, "E_Mail": f"{key}@x.example"}
    return Write(key, "contact", Operation.CREATE, values)


def test_contacts_of_several_partners_are_added_in_two_requests_and_a_refused_one_stops_nobody(
    company: SmallBusinessOne, open_company: Open
) -> None:
    for code in ("C1", "C2", "C3"):
        company.put("BusinessPartners", CardCode=code, CardName="N", ContactEmployees=[])
    connector = open_company()
    writes = [contact("K1", "C1", "Ada"), contact("K2", "C2", "Bob"), contact("K3", "C1", "Ada")]
    receipts = connector.deliver(writes)
    assert [(one.outcome, one.native_id) for one in receipts] == [
        (Outcome.DONE, "C1|100"),
        (Outcome.DONE, "C2|100"),
        (Outcome.DONE, "C1|101"),
    ]
    assert [row["Name"] for row in company.sets["BusinessPartners"]["C1"]["ContactEmployees"]] == ["Ada", "Ada 2"]
    assert company.paths() == ["GET BusinessPartners", "POST $batch"]
    assert [one.adopted for one in connector.deliver(writes)] == [True] * 3

    company.seen.clear()
    company.inside.append(
        lambda request, body: error(400, "-5002", "Refused") if request.startswith("PATCH") and b"K5" in body else None
    )
    more = [contact("K4", "C1"), contact("K5", "C2"), contact("K6", "C3"), contact("K7", "NONE"), contact("K8", "")]
    outcomes = [one.outcome for one in connector.deliver(more)]
    assert outcomes == [Outcome.DONE, Outcome.REJECTED, Outcome.DONE, Outcome.REJECTED, Outcome.REJECTED]
    assert len(company.paths()) == 3


def test_the_same_contact_added_by_two_workers_at_once_is_there_once(
    company: SmallBusinessOne, open_company: Open
) -> None:
    company.put("BusinessPartners", CardCode="C1", CardName="N", ContactEmployees=[])
    one, other = open_company(), open_company()
    receipts = []

    def meanwhile(request: Received, _reply: Reply) -> None:
        if not request.path.endswith("BusinessPartners"):
            return
        company.after.clear()
        company.lock.release()  # the other one's requests are answered while the first waits for its own
        with ThreadPoolExecutor(1) as thread:
            receipts.extend(thread.submit(other.deliver, [contact("K1", "C1")]).result())
        company.lock.acquire()

    company.after.append(meanwhile)
    receipts += one.deliver([contact("K1", "C1")])
    assert [(receipt.outcome, receipt.native_id) for receipt in receipts] == [(Outcome.DONE, "C1|100")] * 2
    assert len(company.sets["BusinessPartners"]["C1"]["ContactEmployees"]) == 1


def test_a_contacts_change_asks_nothing_and_is_guarded_by_its_partners_version(
    company: SmallBusinessOne, open_company: Open
) -> None:
    people = [{"Name": "Ada", "InternalCode": 7}, {"Name": "Bob", "InternalCode": 8}]
    company.put("BusinessPartners", CardCode="C|1", CardName="N", ContactEmployees=people)
    connector = open_company()
    write = update("C|1|8", {"Position": "Buyer", "CardCode": "C|1"}, "1", "contact")
    connector.prepare([write])
    [done] = connector.deliver([write])
    assert (done.outcome, done.native_id) == (Outcome.DONE, "C|1|8")
    assert company.paths() == ["PATCH BusinessPartners('C|1')"]
    assert company.seen[-1].headers["if-match"] == etag(1)
    [stale] = connector.deliver([update("C|1|8", {"Position": "Nobody"}, "1", "contact")])
    assert (stale.outcome, stale.error_class) == (Outcome.REJECTED, ErrorClass.CONFLICT)
    assert [row.get("Position") for row in company.sets["BusinessPartners"]["C|1"]["ContactEmployees"]] == [
        None,
        "Buyer",
    ]


def test_what_is_not_written_into_the_company_is_refused_row_by_row(
    company: SmallBusinessOne, open_company: Open
) -> None:
    invoice = Write("K-I", "invoice", Operation.CREATE, {"CardCode": "C1"})
    receipts = open_company().deliver([invoice, new("K1"), update("draft-12", {"Comments": "x"}, "1", "order")])
    assert [one.outcome for one in receipts] == [Outcome.REJECTED, Outcome.DONE, Outcome.REJECTED]
    assert receipts[2].error_code == "APPROVAL_PENDING"


def test_an_order_that_was_taken_and_is_nowhere_is_in_doubt(company: SmallBusinessOne, open_company: Open) -> None:
    company.inside.append(lambda request, _body: Reply(204) if request == "POST Orders" else None)
    [receipt] = open_company().deliver([order()])
    assert receipt.outcome is Outcome.IN_DOUBT


def test_a_refusal_that_may_mean_a_draft_is_in_doubt_where_drafts_cannot_be_asked_for(
    company: SmallBusinessOne, open_company: Open
) -> None:
    company.approvals = company.drafts_are_errors = True
    forbidden = error(403, "-1", "No permission")
    company.inside.append(
        lambda request, _body: forbidden if request == "GET Drafts" and "POST Orders" in company.carried_out else None
    )
    connector = open_company()
    assert connector.deliver([order()])[0].outcome is Outcome.IN_DOUBT
    [waits] = connector.deliver([order()])
    assert (waits.error_code, len(company.sets["Drafts"])) == ("APPROVAL_PENDING", 1)
