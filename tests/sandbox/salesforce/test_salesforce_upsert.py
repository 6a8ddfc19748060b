"""Salesforce §4.4: upsert by external id, one status per outcome and version."""

from __future__ import annotations

import threading

import pytest


def upsert(api, value, field="ERP_Id__c", sobject="Account", **values):
    return api.patch(f"/sobjects/{sobject}/{field}/{value}", values or {"Name": "a"})


def test_created_is_201_and_updated_200_with_body_and_location(api):
    first = upsert(api, "C-1")
    assert (first.status_code, first.json()["created"]) == (201, True)
    own = first.json()["id"]
    again = upsert(api, "C-1", Name="b")
    assert (again.status_code, again.json()) == (200, {"id": own, "success": True, "errors": [], "created": False})
    assert again.headers["Location"].endswith(f"/sobjects/Account/{own}")
    assert api.record("Account", own)["ERP_Id__c"] == "C-1"


def test_before_46_the_update_is_204_and_the_body_has_no_created(make_api):
    old = make_api(version="45.0")
    assert upsert(old, "C-1").json().keys() == {"id", "success", "errors"}
    again = upsert(old, "C-1", Name="b")
    assert (again.status_code, again.content) == (204, b"")


def test_several_matches_are_300_with_all_addresses_and_no_write(api):
    ids = [api.make("Contact", LastName=f"n{number}", Email="same@x.example") for number in range(2)]
    answer = upsert(api, "same@x.example", field="Email", sobject="Contact", LastName="new")
    assert answer.status_code == 300
    assert sorted(answer.json()) == [f"/services/data/v60.0/sobjects/Contact/{own}" for own in sorted(ids)]
    assert {api.record("Contact", own)["LastName"] for own in ids} == {"n0", "n1"}
    assert api.get("/sobjects/Contact/Email/same@x.example").status_code == 300


def test_id_lookup_fields_serve_as_key(api):
    assert upsert(api, "a%40b.example", field="Email", sobject="Contact", LastName="x").status_code == 201
    assert api.rows("SELECT Email FROM Contact")[0]["Email"] == "a@b.example"
    deal = upsert(
        api, "Big%20deal", field="Name", sobject="Opportunity", StageName="Prospecting", CloseDate="2026-01-01"
    )
    assert deal.status_code == 201


@pytest.mark.parametrize("field", ["Namez", "Site"])
def test_other_fields_are_404(api, field):
    error = api.refused(upsert(api, "x", field=field), 404)
    assert error == {
        "message": f"Provided external ID field does not exist or is not accessible: {field}",
        "errorCode": "NOT_FOUND",
    }


def test_the_key_must_not_be_in_the_body(api):
    error = api.refused(upsert(api, "C-1", ERP_Id__c="C-1", Name="x"))
    assert error["message"] == "The ERP_Id__c field should not be specified in the sobject data."


def test_update_only_creates_nothing(api):
    answer = api.patch("/sobjects/Account/ERP_Id__c/C-1?updateOnly=true", {"Name": "a"})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (404, "NOT_FOUND")
    assert api.rows("SELECT Id FROM Account") == []


def test_by_id_answers_200_with_a_body_and_post_creates(api):
    own = api.post("/sobjects/Account/Id", {"Name": "a"}).json()["id"]
    answer = api.patch(f"/sobjects/Account/Id/{own}", {"Name": "b"})
    assert (answer.status_code, answer.json()["id"]) == (200, own)


def test_encoded_keys_travel_whole(api):
    own = upsert(api, "a%2Fb%20c%2Bd").json()["id"]
    assert api.record("Account", own)["ERP_Id__c"] == "a/b c+d"
    assert api.get("/sobjects/Account/ERP_Id__c/a%2Fb%20c+d").json()["Id"] == own


def test_reading_and_deleting_by_external_id(api):
    own = upsert(api, "C-1").json()["id"]
    assert api.get("/sobjects/Account/ERP_Id__c/C-1").json()["Id"] == own
    assert api.delete("/sobjects/Account/ERP_Id__c/C-1").status_code == 204
    assert api.get("/sobjects/Account/ERP_Id__c/C-1").status_code == 404


def test_unique_keys_sent_at_once_make_one_record(api):
    answers = []

    def send():
        answers.append(upsert(api, "C-1").status_code)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200] * 7 + [201]
    assert len(api.rows("SELECT Id FROM Account")) == 1


def test_keys_that_are_not_unique_sent_at_once_make_two_records(api):
    def send():
        upsert(api, "a@x.example", field="Email", sobject="Contact", LastName="x")

    threads = [threading.Thread(target=send) for _ in range(2)]
    store, pause = api.emulator.org.store, threading.Event()
    with store.writing():  # both look for the key while a third transaction is still open
        for thread in threads:
            thread.start()
        while store.waiting < 2:
            pause.wait(0.01)
    for thread in threads:
        thread.join()
    assert len(api.rows("SELECT Id FROM Contact")) == 2
    assert upsert(api, "a@x.example", field="Email", sobject="Contact", LastName="y").status_code == 300
