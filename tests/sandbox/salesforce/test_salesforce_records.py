"""Salesforce §3, §4.3, §6: single records: create, read, update, delete, and what is refused."""

from __future__ import annotations

from email.utils import format_datetime

import pytest


def test_create_answers_201_with_location(api):
    answer = api.post("/sobjects/Account/", {"Name": "Acme"})
    body = answer.json()
    assert (answer.status_code, body["success"], body["errors"]) == (201, True, [])
    assert answer.headers["Location"] == f"/services/data/v60.0/sobjects/Account/{body['id']}"
    assert len(body["id"]) == 18
    assert body.keys() == {"id", "success", "errors"}


def test_read_gives_all_readable_fields_or_the_named_ones(api):
    own = api.make("Account", Name="Acme", BillingStreet="A 1", BillingCity="Bonn")
    whole = api.record("Account", own)
    assert whole["BillingAddress"] == {
        "city": "Bonn", "country": None, "geocodeAccuracy": None, "latitude": None, "longitude": None,
        "postalCode": None, "state": None, "street": "A 1"}  # fmt: skip
    assert whole["ShippingAddress"] is None
    some = api.get(f"/sobjects/Account/{own}", params={"fields": "Name,ERP_Id__c"}).json()
    assert some.keys() == {"attributes", "Name", "ERP_Id__c"}
    unknown = api.get(f"/sobjects/Account/{own}", params={"fields": "Nope"})
    assert api.refused(unknown)["errorCode"] == "INVALID_FIELD"


def test_update_answers_204_and_moves_the_stamps(api):
    own = api.make("Account", Name="Acme")
    api.clock.advance(30)
    answer = api.patch(f"/sobjects/Account/{own}", {"Name": "Acme 2"})
    assert (answer.status_code, answer.content) == (204, b"")
    row = api.record("Account", own)
    assert (row["Name"], row["CreatedDate"]) == ("Acme 2", "2026-05-06T12:00:00.000+0000")
    assert row["LastModifiedDate"] == row["SystemModstamp"] == "2026-05-06T12:00:30.000+0000"


def test_post_with_http_method_patch_is_an_update(api):
    own = api.make("Account", Name="Acme")
    assert api.post(f"/sobjects/Account/{own}?_HttpMethod=PATCH", {"Name": "B"}).status_code == 204
    assert api.record("Account", own)["Name"] == "B"


def test_delete_goes_to_the_bin_and_a_second_one_is_404(api):
    own = api.make("Account", Name="Acme")
    assert api.delete(f"/sobjects/Account/{own}").status_code == 204
    for answer in (
        api.delete(f"/sobjects/Account/{own}"),
        api.patch(f"/sobjects/Account/{own}", {"Name": "x"}),
        api.get(f"/sobjects/Account/{own}"),
    ):
        assert api.refused(answer, 404) == {
            "message": "entity is deleted",
            "errorCode": "ENTITY_IS_DELETED",
            "fields": [],
        }


def test_fifteen_character_ids_are_taken_and_eighteen_answered(api):
    own = api.make("Account", Name="Acme")
    assert api.record("Account", own[:15])["Id"] == own


@pytest.mark.parametrize(
    ("sobject", "values", "code", "fields", "text"),
    [
        ("Account", {}, "REQUIRED_FIELD_MISSING", ["Name"], "Required fields are missing: [Name]"),
        ("Account", {"Name": "x" * 256}, "STRING_TOO_LONG", ["Name"], "(max length=255)"),
        ("Account", {"Name": "  "}, "REQUIRED_FIELD_MISSING", ["Name"], "[Name]"),
        ("Account", {"Name": "a", "foo": 1}, "INVALID_FIELD", None, "No such column 'foo' on sobject of type Account"),
        ("Account", {"Name": "a", "SystemModstamp": "2026-01-01T00:00:00Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["SystemModstamp"], "Unable to create/update fields: SystemModstamp."),
        ("Account", {"Name": "a", "BillingAddress": {}}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["BillingAddress"], "security settings"),
        ("Account", {"Name": "a", "AnnualRevenue": 1e18}, "NUMBER_OUTSIDE_VALID_RANGE", ["AnnualRevenue"], "value outside of valid range"),
        ("Account", {"Name": "a", "NumberOfEmployees": 100_000_000}, "NUMBER_OUTSIDE_VALID_RANGE", ["NumberOfEmployees"], ""),
        ("Account", {"Name": "a", "CleanStatus": "Odd"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ["CleanStatus"], "bad value for restricted picklist field: Odd"),
        ("Account", {"Name": "a", "AnnualRevenue": "many"}, "JSON_PARSER_ERROR", None, "Cannot deserialize instance of double from VALUE_STRING value many"),
        ("Account", {"Name": 5}, "JSON_PARSER_ERROR", None, "Cannot deserialize instance of string from VALUE_NUMBER_INT value 5"),
        ("Account", {"Name": "a", "ParentId": "003dM0000000001QAA"}, "MALFORMED_ID", ["ParentId"], "id value of incorrect type"),
        ("Account", {"Name": "a", "ParentId": "nonsense"}, "MALFORMED_ID", ["ParentId"], "id value of incorrect type"),
        ("Account", {"Name": "a", "ParentId": "001dM0000009999"}, "INVALID_CROSS_REFERENCE_KEY", [], "invalid cross reference id"),
        ("Account", {"Name": "a", "RecordTypeId": "012000000000001AAA"}, "INVALID_CROSS_REFERENCE_KEY", ["RecordTypeId"], "Record Type ID: this ID value isn't valid for the user"),
        ("Account", {"Name": "a", "Id": "001dM0000000001QAA"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["Id"], "cannot specify Id in an insert call"),
        ("Contact", {"LastName": "a", "Email": "nope"}, "INVALID_EMAIL_ADDRESS", ["Email"], "invalid email address: nope"),
        ("Contact", {"LastName": "a", "Birthdate": "6.5.2026"}, "JSON_PARSER_ERROR", None, "instance of date"),
        ("Contact", {"LastName": "a", "Birthdate": "2026-02-30"}, "JSON_PARSER_ERROR", None, "instance of date"),
        ("Contact", {"LastName": "a", "EmailBouncedDate": "2026-05-06T10:00:00"}, "JSON_PARSER_ERROR", None, "instance of datetime"),
        ("Contact", {"LastName": "a", "Name": "a b"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["Name"], "Name"),
        ("Opportunity", {"Name": "a", "CloseDate": "2026-01-01", "StageName": "Foo"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ["StageName"], "Stage: bad value for restricted picklist field: Foo"),
        ("Opportunity", {"Name": "a", "CloseDate": "2026-01-01", "StageName": "Closed Won", "IsWon": True}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["IsWon"], "Unable to create/update fields: IsWon."),
    ],
)  # fmt: skip
def test_refusals(api, sobject, values, code, fields, text):
    error = api.refused(api.post(f"/sobjects/{sobject}/", values))
    assert error["errorCode"] == code
    assert text in error["message"]
    if fields is not None:
        assert error["fields"] == fields


def test_bodies_that_are_no_json_objects(api):
    headers = {"Content-Type": "application/json"}
    for body in (b"{bad", b"[1]", b""):
        error = api.refused(api.call("POST", "/sobjects/Account/", content=body, headers=headers))
        assert error["errorCode"] == "JSON_PARSER_ERROR"
    form = api.call(
        "POST", "/sobjects/Account/", content=b"Name=x", headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert api.refused(form, 415)["errorCode"] == "UNSUPPORTED_MEDIA_TYPE"


def test_text_is_trimmed_empty_becomes_null_and_email_lower_case(api):
    own = api.make("Contact", LastName="  Stone ", FirstName="", Email=" Chloe.Myers@Example.com ")
    row = api.record("Contact", own)
    assert (row["LastName"], row["FirstName"], row["Email"], row["Name"]) == (
        "Stone",
        None,
        "chloe.myers@example.com",
        "Stone",
    )


def test_numbers_are_rounded_to_their_scale_and_answered_with_a_point(api):
    own = api.deal(Amount=10.005)
    assert '"Amount":10.01,' in api.get(f"/sobjects/Opportunity/{own}").text
    whole = api.make("Account", Name="a", AnnualRevenue="15000", NumberOfEmployees="12")
    text = api.get(f"/sobjects/Account/{whole}").text
    assert '"AnnualRevenue":15000.0,' in text
    assert '"NumberOfEmployees":12,' in text


def test_datetimes_of_any_zone_are_stored_in_utc_to_the_second(api):
    own = api.make("Account", Name="a", ERP_Last_Sync__c="2026-05-06T14:00:00.987+02:00")
    assert api.record("Account", own)["ERP_Last_Sync__c"] == "2026-05-06T12:00:00.000+0000"


def test_parents_by_external_id(api):
    account = api.make("Account", Name="a", ERP_Id__c="C-100")
    own = api.make("Contact", LastName="b", Account={"ERP_Id__c": "C-100"})
    assert api.record("Contact", own)["AccountId"] == account
    error = api.refused(api.post("/sobjects/Contact/", {"LastName": "b", "Account": {"ERP_Id__c": "C-9"}}))
    assert error["errorCode"] == "INVALID_FIELD"
    assert error["message"] == "Foreign key external ID: C-9 not found for field ERP_Id__c in entity Account"


def test_polymorphic_parents_by_external_id_need_a_type(api):
    account = api.make("Account", Name="a", ERP_Id__c="C-100")
    own = api.make("Task", Subject="x", What={"attributes": {"type": "Account"}, "ERP_Id__c": "C-100"})
    assert api.record("Task", own)["WhatId"] == account
    error = api.refused(api.post("/sobjects/Task/", {"Subject": "x", "What": {"ERP_Id__c": "C-100"}}))
    assert error["errorCode"] == "JSON_PARSER_ERROR"


def test_references_to_deleted_records_are_refused(api):
    account = api.make("Account", Name="a")
    api.delete(f"/sobjects/Account/{account}")
    error = api.refused(api.post("/sobjects/Contact/", {"LastName": "b", "AccountId": account}))
    assert error["errorCode"] == "ENTITY_IS_DELETED"


def test_inactive_owners_are_refused(api):
    profile = api.rows("SELECT Id FROM Profile LIMIT 1")[0]["Id"]
    user = api.make(
        "User", LastName="Gone", Username="gone@x.example", Email="gone@x.example", Alias="gone", ProfileId=profile, IsActive=False,
        TimeZoneSidKey="UTC", LocaleSidKey="en_US", EmailEncodingKey="UTF-8", LanguageLocaleKey="en_US")  # fmt: skip
    error = api.refused(api.post("/sobjects/Account/", {"Name": "a", "OwnerId": user}))
    assert error["errorCode"] == "INACTIVE_OWNER_OR_USER"
    assert error["message"] == f"operation performed with inactive user [{user[:15]}] as owner of account"


def test_unique_external_ids_name_the_other_record(api):
    first = api.make("Account", Name="a", ERP_Id__c="C-1")
    error = api.refused(api.post("/sobjects/Account/", {"Name": "b", "ERP_Id__c": "C-1"}))
    assert error == {
        "message": f"duplicate value found: ERP_Id__c duplicates value on record with id: {first[:15]}",
        "errorCode": "DUPLICATE_VALUE",
        "fields": [],
    }
    api.make("Account", Name="c", ERP_Id__c="c-1")  # case-sensitive: another value
    api.delete(f"/sobjects/Account/{first}")
    api.make("Account", Name="d", ERP_Id__c="C-1")  # a record in the bin holds no value


def test_hierarchies_have_no_cycles(api):
    top = api.make("Account", Name="top")
    below = api.make("Account", Name="below", ParentId=top)
    error = api.refused(api.patch(f"/sobjects/Account/{top}", {"ParentId": below}))
    assert error["errorCode"] == "CIRCULAR_DEPENDENCY"


def test_preconditions_by_date(api):
    own = api.make("Account", Name="a")
    seen = format_datetime(api.clock.now(), usegmt=True)
    api.clock.advance(60)
    assert (
        api.patch(f"/sobjects/Account/{own}", {"Name": "b"}, headers={"If-Unmodified-Since": seen}).status_code == 204
    )
    assert (
        api.patch(f"/sobjects/Account/{own}", {"Name": "c"}, headers={"If-Unmodified-Since": seen}).status_code == 412
    )
    assert api.record("Account", own)["Name"] == "b"
    later = format_datetime(api.clock.now(), usegmt=True)
    unchanged = api.get(f"/sobjects/Account/{own}", headers={"If-Modified-Since": later})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert api.get(f"/sobjects/Account/{own}", headers={"If-Modified-Since": seen}).status_code == 200


def test_preconditions_by_etag(api):
    own = api.make("Account", Name="a")
    tag = api.get(f"/sobjects/Account/{own}").headers["ETag"]
    assert api.get(f"/sobjects/Account/{own}", headers={"If-None-Match": tag}).status_code == 304
    api.patch(f"/sobjects/Account/{own}", {"Name": "b"})
    assert api.patch(f"/sobjects/Account/{own}", {"Name": "c"}, headers={"If-Match": tag}).status_code == 412
    fresh = api.get(f"/sobjects/Account/{own}").headers["ETag"]
    assert api.patch(f"/sobjects/Account/{own}", {"Name": "c"}, headers={"If-Match": fresh}).status_code == 204


def test_deleting_an_account_takes_its_people_and_deals_along(api):
    account = api.make("Account", Name="a")
    contact = api.make("Contact", LastName="b", AccountId=account)
    deal = api.deal(AccountId=account)
    api.delete(f"/sobjects/Account/{account}")
    assert api.get(f"/sobjects/Contact/{contact}").status_code == 404
    assert api.get(f"/sobjects/Opportunity/{deal}").status_code == 404


def test_an_account_with_won_deals_stays(api):
    account = api.make("Account", Name="a")
    api.deal(AccountId=account, StageName="Closed Won")
    assert api.refused(api.delete(f"/sobjects/Account/{account}"))["errorCode"] == "DELETE_FAILED"


def test_wrong_methods_name_the_right_ones(api):
    own = api.make("Account", Name="a")
    error = api.refused(api.call("PUT", f"/sobjects/Account/{own}", json={}), 405)
    assert error["errorCode"] == "METHOD_NOT_ALLOWED"
    assert error["message"] == "HTTP Method 'PUT' not allowed. Allowed are HEAD,GET,PATCH,DELETE"


def test_every_answer_carries_the_usual_headers(api):
    headers = api.get("/limits").headers
    assert headers["Content-Type"] == "application/json;charset=UTF-8"
    assert headers["Cache-Control"].startswith("no-cache,must-revalidate")
    assert headers["Sforce-Limit-Info"].startswith("api-usage=")
    assert len(headers["X-Request-Id"]) == 32


def test_pretty_print_and_gzip(api):
    pretty = api.get("/limits", headers={"X-PrettyPrint": "1"})
    assert pretty.text.startswith("{\n  ")
    assert pretty.headers["Content-Encoding"] == "gzip"
    plain = api.get("/limits", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers


def test_long_addresses_are_refused(api):
    answer = api.query("SELECT Id FROM Account WHERE Name = '" + "x" * 16_400 + "'")
    assert answer.status_code == 414


def test_objects_without_the_right_refuse_the_verb(api):
    error = api.refused(api.post("/sobjects/OpportunityStage/", {"MasterLabel": "x"}))
    assert error["errorCode"] == "INSUFFICIENT_ACCESS_OR_READONLY"


def test_deleting_what_never_was_is_an_invalid_reference(api):
    """§4.3, §6.2: django-salesforce takes this for an empty delete."""
    error = api.refused(api.delete("/sobjects/Contact/003000000000000AAA"), 404)
    assert (error["errorCode"], error["message"]) == ("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")


@pytest.mark.parametrize("given", [{}, {"Status": None}, {"Status": ""}])
def test_an_empty_required_field_with_a_default_takes_it(api, given):
    """§4.2: a field that is defaulted on create is not required."""
    own = api.make("Lead", LastName="x", Company="y", **given)
    assert api.record("Lead", own)["Status"] == "Open - Not Contacted"
    assert api.refused(api.patch(f"/sobjects/Lead/{own}", {"Status": None}))["errorCode"] == "REQUIRED_FIELD_MISSING"


def test_recent_lists_the_latest_records_of_all_kinds(api):
    """§1 root, §4.2 recentItems."""
    wanted = {api.make("Account", Name="a"), api.make("Contact", LastName="b")}
    rows = api.get("/recent").json()
    assert wanted <= {row["Id"] for row in rows}
    assert {row["attributes"]["type"] for row in rows} >= {"Account", "Contact"}


def test_pretty_print_has_the_platforms_blanks(api):
    """§1 X-PrettyPrint: two spaces a level, ``"key" : value``, ``[ ]`` for nothing."""
    own = api.make("Account", Name='a": [] b')
    text = api.get(f"/sobjects/Account/{own}", headers={"X-PrettyPrint": "1"}).text
    assert '\n  "Name" : "a\\": [] b",\n' in text
    answer = api.post("/sobjects/Account/", {"Name": "x"}, headers={"X-PrettyPrint": "1"})
    assert '"errors" : [ ]' in answer.text
    assert answer.json()["errors"] == []
