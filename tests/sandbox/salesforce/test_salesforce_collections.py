"""Salesforce §7.1: collections: 200 rows, an answer per row, HTTP 200 whatever happens to them."""

from __future__ import annotations


def rows(*names, **more):
    return [{"attributes": {"type": "Account"}, "Name": name, **more} for name in names]


def send(api, method, path, records, all_or_none=False):
    answer = api.call(method, path, json={"allOrNone": all_or_none, "records": records})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_results_come_in_request_order_and_failures_have_no_id(api):
    result = send(api, "POST", "/composite/sobjects", rows("a", None, "c"))
    assert [row["success"] for row in result] == [True, False, True]
    assert result[1] == {
        "success": False,
        "errors": [
            {
                "statusCode": "REQUIRED_FIELD_MISSING",
                "message": "Required fields are missing: [Name]",
                "fields": ["Name"],
            }
        ],
    }
    assert result[0].keys() == {"id", "success", "errors"}
    assert sorted(row["Name"] for row in api.rows("SELECT Name FROM Account")) == ["a", "c"]


def test_all_or_none_rolls_everything_back(api):
    result = send(api, "POST", "/composite/sobjects", rows("a", None, "c"), all_or_none=True)
    assert [row["errors"][0]["statusCode"] for row in result] == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING", "ALL_OR_NONE_OPERATION_ROLLED_BACK"]  # fmt: skip
    assert "AllOrNone header" in result[0]["errors"][0]["message"]
    assert api.rows("SELECT Id FROM Account") == []


def test_update_takes_the_id_from_the_record(api):
    own = api.make("Account", Name="a")
    record = {"attributes": {"type": "Account"}, "id": own, "Name": "b"}
    missing = {"attributes": {"type": "Account"}, "Id": "001dM0000009999", "Name": "b"}
    result = send(api, "PATCH", "/composite/sobjects", [record, missing])
    assert result[0] == {"id": own, "success": True, "errors": []}
    assert result[1]["success"] is False
    assert api.record("Account", own)["Name"] == "b"


def test_upsert_tells_created_and_marks_failures(api):
    api.make("Account", Name="old", ERP_Id__c="C-1")
    records = [
        {"attributes": {"type": "Account"}, "ERP_Id__c": "C-1", "Name": "new"},
        {"attributes": {"type": "Account"}, "ERP_Id__c": "C-2", "Name": "two"},
        {"attributes": {"type": "Account"}, "ERP_Id__c": "C-3"},
    ]
    result = send(api, "PATCH", "/composite/sobjects/Account/ERP_Id__c", records)
    assert [(row["success"], row["created"]) for row in result] == [(True, False), (True, True), (False, False)]
    assert "id" not in result[2]


def test_the_same_key_twice_in_a_call_is_refused_the_second_time(api):
    twice = [{"attributes": {"type": "Account"}, "ERP_Id__c": "C-1", "Name": name} for name in "ab"]
    result = send(api, "PATCH", "/composite/sobjects/Account/ERP_Id__c", twice)
    assert result[0]["success"]
    assert result[1]["errors"][0]["statusCode"] == "DUPLICATE_VALUE"


def test_upsert_by_id_with_null_inserts(api):
    result = send(
        api, "PATCH", "/composite/sobjects/Account/Id", [{"attributes": {"type": "Account"}, "Id": None, "Name": "a"}]
    )
    assert (result[0]["success"], result[0]["created"]) == (True, True)


def test_missing_attributes_fail_each_record_of_an_upsert(api):
    result = send(api, "PATCH", "/composite/sobjects/Account/ERP_Id__c", [{"ERP_Id__c": "C-1", "Name": "a"}])
    assert result[0]["errors"][0]["statusCode"] == "JSON_PARSER_ERROR"
    assert "must have an attributes field" in result[0]["errors"][0]["message"]


def test_201_records_are_too_many(api):
    answer = api.post("/composite/sobjects", {"records": rows(*(["x"] * 201))})
    assert api.refused(answer)["errorCode"] == "EXCEEDED_MAX_SOBJECTS_LIMIT"


def test_types_may_change_ten_times_at_most(api):
    mixed = [{"attributes": {"type": kind}, "Name": "x", "LastName": "x"} for kind in ("Account", "Contact") * 6]
    assert api.refused(api.post("/composite/sobjects", {"records": mixed}))["errorCode"] == "INVALID_BATCH_OPERATION"


def test_delete_many_and_a_second_time(api):
    ids = [api.make("Account", Name=name) for name in "ab"]
    first = api.delete(f"/composite/sobjects?ids={','.join(ids)}&allOrNone=false").json()
    assert [row["success"] for row in first] == [True, True]
    again = api.delete(f"/composite/sobjects?ids={ids[0]}").json()
    assert again == [
        {
            "success": False,
            "errors": [{"statusCode": "ENTITY_IS_DELETED", "message": "entity is deleted", "fields": []}],
        }
    ]


def test_read_many_keeps_the_order_and_gives_null_for_missing(api):
    ids = [api.make("Account", Name=name) for name in "abc"]
    api.delete(f"/sobjects/Account/{ids[1]}")
    wanted = [ids[2], ids[1], ids[0]]
    got = api.get("/composite/sobjects/Account", params={"ids": ",".join(wanted), "fields": "Name"}).json()
    assert [row and row["Name"] for row in got] == ["c", None, "a"]
    posted = api.post("/composite/sobjects/Account", {"ids": wanted, "fields": ["Name"]}).json()
    assert posted == got
    unknown = api.post("/composite/sobjects/Account", {"ids": ids, "fields": ["Nope"]})
    assert api.refused(unknown)["errorCode"] == "INVALID_FIELD"
