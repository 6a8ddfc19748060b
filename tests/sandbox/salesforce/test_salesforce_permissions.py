"""Salesforce §15: object permissions decide what a user may create, read, edit and delete; §6.2 how they are refused."""

from __future__ import annotations

import pytest


def permissions(api, sobject):
    soql = f"SELECT Id FROM ObjectPermissions WHERE SobjectType = '{sobject}'"
    return api.rows(soql)[0]["Id"]


def allow(api, sobject, **rights):
    values = {f"Permissions{name}": value for name, value in rights.items()}
    answer = api.patch(f"/sobjects/ObjectPermissions/{permissions(api, sobject)}", values)
    assert answer.status_code == 204, answer.text


def refused(api, answer):
    error = api.refused(answer, 403)
    assert (error["errorCode"], error["message"]) == (
        "INSUFFICIENT_ACCESS_OR_READONLY",
        "insufficient access rights on object id",
    )


def test_each_verb_needs_its_right(api):
    own = api.make("Account", Name="a")
    allow(api, "Account", Delete=False)
    refused(api, api.delete(f"/sobjects/Account/{own}"))
    allow(api, "Account", Create=False)
    refused(api, api.post("/sobjects/Account/", {"Name": "b"}))
    assert api.patch(f"/sobjects/Account/{own}", {"Name": "b"}).status_code == 204
    allow(api, "Account", Edit=False)
    refused(api, api.patch(f"/sobjects/Account/{own}", {"Name": "c"}))
    described = api.get("/sobjects/Account/describe").json()
    assert (described["createable"], described["updateable"], described["deletable"]) == (False, False, False)
    assert api.record("Account", own)["Name"] == "b"


def test_batches_are_refused_row_by_row(api):
    allow(api, "Account", Create=False)
    records = [{"attributes": {"type": kind}, "Name": "a", "LastName": "a"} for kind in ("Account", "Contact")]
    records = [
        {"attributes": records[0]["attributes"], "Name": "a"},
        {"attributes": records[1]["attributes"], "LastName": "a"},
    ]
    account, contact = api.post("/composite/sobjects", {"records": records}).json()
    assert (account["errors"][0]["statusCode"], contact["success"]) == ("INSUFFICIENT_ACCESS_OR_READONLY", True)


def test_lines_follow_the_right_to_edit_their_deal(api):
    _, entry = api.product()
    deal = api.deal()
    allow(api, "Opportunity", Delete=False, Edit=False)
    line = {"OpportunityId": deal, "PricebookEntryId": entry, "Quantity": 1, "UnitPrice": 5}
    refused(api, api.post("/sobjects/OpportunityLineItem/", line))
    allow(api, "Opportunity", Edit=True)
    api.make("OpportunityLineItem", **line)


def test_what_may_not_be_read_does_not_exist(api):
    api.make("Contact", LastName="x", AccountId=api.make("Account", Name="a"))
    sets = api.rows("SELECT Id FROM PermissionSet WHERE Name = 'ERP_Sync'")[0]["Id"]
    api.patch(f"/sobjects/PermissionSet/{sets}", {"PermissionsViewAllData": False})
    allow(api, "Contact", Create=False, Delete=False, Edit=False, ViewAllRecords=False, Read=False)
    assert api.refused(api.query("SELECT Id FROM Contact"))["errorCode"] == "INVALID_TYPE"
    assert api.refused(api.query("SELECT Id, (SELECT Id FROM Contacts) FROM Account"))["errorCode"] == "INVALID_TYPE"
    assert api.get("/sobjects/Contact/describe").status_code == 404
    names = {entry["name"] for entry in api.get("/sobjects").json()["sobjects"]}
    assert ("Contact" in names, "Account" in names) == (False, True)


@pytest.mark.parametrize(
    ("sobject", "rights", "code"),
    [
        ("Account", {"Edit": True}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Account", {"Read": True, "Delete": True}, "FIELD_INTEGRITY_EXCEPTION"),
        ("OpportunityLineItem", {"Read": True}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
    ],
)
def test_rights_presuppose_weaker_ones(api, sobject, rights, code):
    own = api.make("PermissionSet", Name="More", Label="More")
    values = {f"Permissions{name}": value for name, value in rights.items()}
    answer = api.post("/sobjects/ObjectPermissions/", {"ParentId": own, "SobjectType": sobject, **values})
    assert api.refused(answer)["errorCode"] == code


def test_an_org_without_the_switch_lets_everybody_at_everything(make_api):
    api = make_api(object_permissions=False)
    allow(api, "Account", Delete=False, Create=False)
    api.make("Account", Name="a")


def test_archived_tasks_are_for_query_all(api):
    """§11: archived activities are seen by queryAll only."""
    old = {"Subject": "old", "Status": "Completed", "ActivityDate": "2025-01-01"}
    done = [api.make("Task", **old), api.make("Task", **{**old, "ActivityDate": "2026-05-01"})]
    api.make("Task", **{**old, "Status": "Not Started"})
    assert api.emulator.actions["archive_activities"]({}) == {"archived": 1}
    assert api.query("SELECT COUNT() FROM Task").json()["totalSize"] == 2
    every = api.get("/queryAll", params={"q": "SELECT Id FROM Task WHERE IsArchived = true"}).json()["records"]
    assert [row["Id"] for row in every] == done[:1]


def test_a_deals_currency_is_refused_or_converted_with_its_lines(make_api, api):
    """§14 Currency: changing it converts or invalidates lines; a switch says which."""

    def deal_in_dollars(org):
        _, entry = org.product(price=100.0)
        deal = org.deal(CurrencyIsoCode="USD")
        org.make("OpportunityLineItem", OpportunityId=deal, PricebookEntryId=entry, Quantity=3, UnitPrice=100)
        return deal, org.patch(f"/sobjects/Opportunity/{deal}", {"CurrencyIsoCode": "EUR"})

    _, answer = deal_in_dollars(api)
    assert api.refused(answer)["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"
    converting = make_api(currency_change="convert")
    deal, answer = deal_in_dollars(converting)
    assert answer.status_code == 204
    line = converting.rows(
        f"SELECT UnitPrice, TotalPrice, CurrencyIsoCode FROM OpportunityLineItem WHERE OpportunityId = '{deal}'"
    )[0]
    assert (line["UnitPrice"], line["TotalPrice"], line["CurrencyIsoCode"]) == (92.0, 276.0, "EUR")
    assert converting.record("Opportunity", deal)["Amount"] == 276.0


def test_unknown_ways_to_change_a_currency_are_told(make_api):
    with pytest.raises(ValueError, match="refuse, convert"):
        make_api(currency_change="guess")
