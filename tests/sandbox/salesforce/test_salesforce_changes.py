"""Salesforce §4.5, §11, §6: changes by time, commit lag, recycle bin, merges, row locks."""

from __future__ import annotations

import threading

import pytest
from salesforce_org import NOW

ENVELOPE = (
    '<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/" xmlns:u="urn:partner.soap.sforce.com" xmlns:o="urn:sobject.partner.soap.sforce.com">'
    "<env:Header><u:SessionHeader><u:sessionId>{token}</u:sessionId></u:SessionHeader></env:Header><env:Body>{body}</env:Body></env:Envelope>"
)
SPAN = {"start": "2026-05-06T11:00:00+00:00", "end": "2026-05-06T13:00:00+00:00"}


def soap(api, body):
    text = ENVELOPE.format(token=api.token, body=body)
    answer = api.http.post(
        "/services/Soap/u/60.0", content=text, headers={"Content-Type": "text/xml", "SOAPAction": '""'}
    )
    assert answer.status_code == 200, answer.text
    return answer.text


def merge(api, kind, master, loser):
    return soap(
        api,
        f"<u:merge><u:request><u:masterRecord><o:type>{kind}</o:type><o:Id>{master}</o:Id></u:masterRecord>"
        f"<u:recordToMergeIds>{loser}</u:recordToMergeIds></u:request></u:merge>",
    )


def test_get_updated_lists_ids_up_to_the_date_covered(api):
    own = api.make("Account", Name="a")
    gone = api.make("Account", Name="b")
    api.delete(f"/sobjects/Account/{gone}")
    body = api.get("/sobjects/Account/updated/", params=SPAN).json()
    assert body == {"ids": [own], "latestDateCovered": "2026-05-06T12:00:00.000+0000"}


def test_get_deleted_lists_ids_with_dates(api):
    own = api.make("Account", Name="a")
    api.clock.advance(60)
    api.delete(f"/sobjects/Account/{own}")
    body = api.get("/sobjects/Account/deleted/", params=SPAN).json()
    assert body["deletedRecords"] == [{"id": own, "deletedDate": "2026-05-06T12:01:00.000+0000"}]
    assert body.keys() == {"deletedRecords", "earliestDateAvailable", "latestDateCovered"}


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-05-06T11:00:00Z", "2026-05-06T11:00:59Z"),
        ("2026-05-06T12:00:00Z", "2026-05-06T11:00:00Z"),
        ("2026-04-01T11:00:00Z", "2026-05-06T11:00:00Z"),
        ("2026-05-06T11:00:00", "2026-05-06T12:00:00"),
        ("2026-05-06T11:00:00 00:00", "2026-05-06T12:00:00Z"),
    ],
)
def test_spans_are_checked(api, start, end):
    answer = api.get("/sobjects/Account/updated/", params={"start": start, "end": end})
    assert api.refused(answer)["errorCode"] == "INVALID_REPLICATION_DATE"


def test_commit_lag_makes_rows_appear_with_an_older_stamp(make_api):
    api = make_api(commit_lag_seconds=120)
    api.make("Account", Name="a")
    row = api.rows("SELECT SystemModstamp, CreatedDate FROM Account")[0]
    assert row["SystemModstamp"] == "2026-05-06T11:58:00.000+0000"
    covered = api.get("/sobjects/Account/updated/", params=SPAN).json()["latestDateCovered"]
    assert covered == "2026-05-06T11:58:00.000+0000"


def test_stamps_have_whole_seconds_and_tie(api):
    """§3, §11: bulk writes give thousands of equal stamps."""
    api.clock.set(NOW.replace(microsecond=654_321), frozen=True)
    for name in "abc":
        api.make("Account", Name=name)
    stamps = {row["SystemModstamp"] for row in api.rows("SELECT SystemModstamp FROM Account")}
    assert stamps == {"2026-05-06T12:00:00.000+0000"}


def test_a_stamp_never_goes_back(make_api):
    api = make_api()
    own = api.make("Account", Name="a")
    api.emulator.org.commit_lag = 300
    api.patch(f"/sobjects/Account/{own}", {"Name": "b"})
    assert api.record("Account", own)["SystemModstamp"] == "2026-05-06T12:00:00.000+0000"


def test_undelete_brings_back_what_went_along_and_moves_the_stamps(api):
    account = api.make("Account", Name="a")
    contact = api.make("Contact", LastName="x", AccountId=account)
    alone = api.make("Contact", LastName="y", AccountId=account)
    api.delete(f"/sobjects/Contact/{alone}")
    api.clock.advance(60)
    api.delete(f"/sobjects/Account/{account}")
    api.clock.advance(60)
    assert "<success>true</success>" in soap(api, f"<u:undelete><u:ids>{account}</u:ids></u:undelete>")
    assert api.record("Account", account)["SystemModstamp"] == "2026-05-06T12:02:00.000+0000"
    assert api.record("Contact", contact)["AccountId"] == account
    assert api.get(f"/sobjects/Contact/{alone}").status_code == 404
    deleted = api.get("/sobjects/Account/deleted/", params=SPAN).json()
    assert deleted["deletedRecords"] == []


def test_undelete_fails_for_living_records_and_after_fifteen_days(api):
    own = api.make("Account", Name="a")
    assert "UNDELETE_FAILED" in soap(api, f"<u:undelete><u:ids>{own}</u:ids></u:undelete>")
    api.delete(f"/sobjects/Account/{own}")
    api.clock.advance(16 * 86_400)
    api.token = api.sign_in()
    assert "UNDELETE_FAILED" in soap(api, f"<u:undelete><u:ids>{own}</u:ids></u:undelete>")


def test_emptying_the_bin_leaves_only_the_tombstone(api):
    own = api.make("Account", Name="a")
    api.delete(f"/sobjects/Account/{own}")
    soap(api, f"<u:emptyRecycleBin><u:ids>{own}</u:ids></u:emptyRecycleBin>")
    assert api.get("/queryAll", params={"q": "SELECT Id FROM Account"}).json()["totalSize"] == 0
    assert [row["id"] for row in api.get("/sobjects/Account/deleted/", params=SPAN).json()["deletedRecords"]] == [own]


def test_a_merge_moves_children_and_points_losers_at_the_winner(api):
    winner = api.make("Account", Name="a", ERP_Id__c="C-1")
    loser = api.make("Account", Name="b", ERP_Id__c="C-2")
    contact = api.make("Contact", LastName="x", AccountId=loser)
    api.clock.advance(60)
    answer = merge(api, "Account", winner, loser)
    assert f"<mergedRecordIds>{loser}</mergedRecordIds>" in answer
    assert f"<updatedRelatedIds>{contact}</updatedRelatedIds>" in answer
    rows = api.get("/queryAll", params={"q": "SELECT Id, MasterRecordId FROM Account WHERE IsDeleted = true"}).json()[
        "records"
    ]
    assert [(row["Id"], row["MasterRecordId"]) for row in rows] == [(loser, winner)]
    moved = api.record("Contact", contact)
    assert (moved["AccountId"], moved["SystemModstamp"]) == (winner, "2026-05-06T12:01:00.000+0000")
    assert api.record("Account", winner)["ERP_Id__c"] == "C-1"
    assert api.refused(api.patch(f"/sobjects/Account/{loser}", {"Name": "z"}), 404)["errorCode"] == "ENTITY_IS_DELETED"


def test_only_some_objects_merge(api):
    first, second = api.deal(), api.deal()
    assert "INVALID_OPERATION" in merge(api, "Opportunity", first, second)


def test_children_of_one_account_lock_each_other_out(make_api):
    api = make_api(lock_hold_seconds=30)
    account = api.make("Account", Name="a")
    assert api.post("/sobjects/Contact/", {"LastName": "x", "AccountId": account}).status_code == 201
    error = api.refused(api.post("/sobjects/Contact/", {"LastName": "y", "AccountId": account}))
    assert error["errorCode"] == "UNABLE_TO_LOCK_ROW"
    assert error["message"].startswith("unable to obtain exclusive access to this record or 1 records: 001")
    assert error["fields"] == []


def test_one_call_may_touch_many_children_of_one_account(make_api):
    api = make_api(lock_hold_seconds=30)
    account = api.make("Account", Name="a")
    records = [{"attributes": {"type": "Contact"}, "LastName": "x", "AccountId": account} for _ in range(5)]
    assert all(row["success"] for row in api.post("/composite/sobjects", {"records": records}).json())


def test_a_record_another_transaction_holds_cannot_be_written(api):
    account = api.make("Account", Name="a")
    api.emulator.actions["lock"]({"ids": [account], "seconds": 30})
    assert api.refused(api.patch(f"/sobjects/Account/{account}", {"Name": "b"}))["errorCode"] == "UNABLE_TO_LOCK_ROW"
    rows = [{"attributes": {"type": "Account"}, "Id": account, "Name": "b"}]
    result = api.patch("/composite/sobjects", {"records": rows}).json()
    assert result[0]["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"


def test_writes_from_many_threads_all_arrive(api):
    def send(number):
        for step in range(5):
            api.make("Account", Name=f"{number}-{step}")

    threads = [threading.Thread(target=send, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert api.query("SELECT COUNT() FROM Account").json()["totalSize"] == 30
    assert len({row["Id"] for row in api.rows("SELECT Id FROM Account")}) == 30
