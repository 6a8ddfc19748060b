"""Salesforce §15: custom fields by Tooling and Metadata API; nobody sees a field before permissions grant it."""

from __future__ import annotations

import pytest

TEXT = {
    "type": "Text",
    "label": "Region",
    "length": 20,
    "externalId": True,
    "unique": True,
    "caseSensitive": True,
    "required": False,
}


def create(api, name="Account.Region__c", **metadata):
    return api.post("/tooling/sobjects/CustomField", {"FullName": name, "Metadata": metadata or TEXT})


def grant(api, field, edit=True):
    permission_set = api.rows("SELECT Id FROM PermissionSet")[0]["Id"]
    values = {"ParentId": permission_set, "SobjectType": field.split(".")[0], "Field": field, "PermissionsRead": True}
    return api.post("/sobjects/FieldPermissions/", {**values, "PermissionsEdit": edit})


def described(api, sobject="Account"):
    return {field["name"]: field for field in api.get(f"/sobjects/{sobject}/describe").json()["fields"]}


def test_a_created_field_is_invisible_until_permissions_grant_it(api):
    answer = create(api)
    assert answer.status_code == 201
    assert answer.json().keys() == {"id", "success", "errors", "warnings", "infos"}
    assert answer.json()["id"].startswith("00N")
    assert "Region__c" not in described(api)
    assert "No such column 'Region__c'" in api.refused(api.query("SELECT Region__c FROM Account"))["message"]
    assert api.refused(api.post("/sobjects/Account/", {"Name": "a", "Region__c": "x"}))["errorCode"] == "INVALID_FIELD"
    assert api.refused(api.patch("/sobjects/Account/Region__c/x", {"Name": "a"}), 404)["errorCode"] == "NOT_FOUND"
    assert grant(api, "Account.Region__c").status_code == 201
    field = described(api)["Region__c"]
    assert (field["length"], field["unique"], field["externalId"], field["updateable"]) == (20, True, True, True)
    assert api.patch("/sobjects/Account/Region__c/x", {"Name": "a"}).status_code == 201


def test_read_rights_alone_make_a_field_read_only(api):
    create(api)
    grant(api, "Account.Region__c", edit=False)
    field = described(api)["Region__c"]
    assert (field["createable"], field["updateable"]) == (False, False)
    error = api.refused(api.post("/sobjects/Account/", {"Name": "a", "Region__c": "x"}))
    assert (error["errorCode"], error["fields"]) == ("INVALID_FIELD_FOR_INSERT_UPDATE", ["Region__c"])


def test_new_permission_sets_count_once_assigned(api):
    create(api)
    own = api.make("PermissionSet", Name="More", Label="More")
    api.make(
        "FieldPermissions",
        ParentId=own,
        SobjectType="Account",
        Field="Account.Region__c",
        PermissionsRead=True,
        PermissionsEdit=True,
    )
    assert "Region__c" not in described(api)
    assignment = api.make("PermissionSetAssignment", AssigneeId=api.access["user_id"], PermissionSetId=own)
    assert "Region__c" in described(api)
    again = api.post(
        "/sobjects/PermissionSetAssignment/", {"AssigneeId": api.access["user_id"], "PermissionSetId": own}
    )
    assert api.refused(again)["errorCode"] == "DUPLICATE_VALUE"
    api.delete(f"/sobjects/PermissionSetAssignment/{assignment}")
    assert "Region__c" not in described(api)


def test_creating_it_again_is_refused(api):
    create(api)
    error = api.refused(create(api))
    assert (error["errorCode"], error["message"]) == (
        "DUPLICATE_DEVELOPER_NAME",
        "There is already a field named Region on Account.",
    )


@pytest.mark.parametrize(
    ("name", "metadata", "code"),
    [
        ("Nope.X__c", TEXT, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ("Account.X", TEXT, "INVALID_FIELD"),
        ("Account.X__c", {"type": "Text", "label": "x"}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Account.X__c", {"type": "Magic", "label": "x"}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Account.X__c", {"type": "Number", "label": "x", "precision": 18}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Account.X__c", {"type": "Date"}, "REQUIRED_FIELD_MISSING"),
    ],
)
def test_bad_definitions(api, name, metadata, code):
    assert api.refused(create(api, name, **metadata))["errorCode"] == code


@pytest.mark.parametrize(
    ("metadata", "kind", "value", "answered"),
    [
        ({"type": "Number", "label": "x", "precision": 10, "scale": 3}, "double", 1.23456, 1.235),
        ({"type": "Currency", "label": "x", "precision": 16, "scale": 2}, "currency", 5, 5.0),
        ({"type": "Checkbox", "label": "x"}, "boolean", True, True),
        ({"type": "Date", "label": "x"}, "date", "2026-01-01", "2026-01-01"),
        ({"type": "LongTextArea", "label": "x", "length": 32768, "visibleLines": 3}, "textarea", "a\nb", "a\nb"),
        ({"type": "Lookup", "label": "x", "referenceTo": "Contact", "relationshipName": "Xs"}, "reference", None, None),
        ({"type": "Email", "label": "x"}, "email", "A@b.cd", "a@b.cd"),
    ],
)
def test_field_types_work_from_definition_to_value(api, metadata, kind, value, answered):
    assert create(api, "Account.X__c", **metadata).status_code == 201
    grant(api, "Account.X__c")
    assert described(api)["X__c"]["type"] == kind
    own = api.make("Account", Name="a", X__c=value)
    assert api.record("Account", own)["X__c"] == answered


def test_new_fields_are_null_on_old_records_and_move_no_stamp(api):
    own = api.make("Account", Name="a")
    api.clock.advance(60)
    create(api)
    grant(api, "Account.Region__c")
    row = api.record("Account", own)
    assert (row["Region__c"], row["SystemModstamp"]) == (None, "2026-05-06T12:00:00.000+0000")


def test_describes_last_modified_moves_with_a_new_field(api):
    before = api.get("/sobjects/Account/describe").headers["Last-Modified"]
    api.clock.advance(60)
    create(api)
    assert api.get("/sobjects/Account/describe").headers["Last-Modified"] != before
    assert api.get("/sobjects/Account/describe", headers={"If-Modified-Since": before}).status_code == 200


def test_tooling_queries_find_definitions(api):
    create(api)
    rows = api.get(
        "/tooling/query",
        params={
            "q": "SELECT Id, DeveloperName, TableEnumOrId FROM CustomField WHERE DeveloperName = 'Region' AND TableEnumOrId = 'Account'"
        },
    ).json()
    assert (rows["size"], rows["records"][0]["DeveloperName"]) == (1, "Region")
    fields = api.get(
        "/tooling/query",
        params={
            "q": "SELECT QualifiedApiName, EntityDefinition.QualifiedApiName FROM FieldDefinition WHERE EntityDefinition.QualifiedApiName = 'Order' AND QualifiedApiName LIKE 'Po%'"
        },
    ).json()
    assert {row["QualifiedApiName"] for row in fields["records"]} == {"PoNumber", "PoDate"}
    own = rows["records"][0]["Id"]
    assert api.get(f"/tooling/sobjects/CustomField/{own}").json()["Metadata"]["length"] == 20


def test_a_field_can_be_removed(api):
    own = create(api).json()["id"]
    grant(api, "Account.Region__c")
    assert api.delete(f"/tooling/sobjects/CustomField/{own}").status_code == 204
    assert "Region__c" not in described(api)


def test_required_fields_take_no_permissions_and_are_seen_by_all(api):
    create(api, "Account.Must__c", type="Text", label="Must", length=5, required=True)
    assert described(api)["Must__c"]["nillable"] is False
    assert api.refused(grant(api, "Account.Must__c"))["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"
    assert api.refused(api.post("/sobjects/Account/", {"Name": "a"}))["fields"] == ["Must__c"]


def test_custom_fields_survive_a_restart(make_api, tmp_path):
    first = make_api(directory=tmp_path / "kept")
    create(first)
    grant(first, "Account.Region__c")
    own = first.make("Account", Name="a", Region__c="north")
    first.emulator.close()
    second = make_api(directory=tmp_path / "kept")
    assert second.record("Account", own)["Region__c"] == "north"


def test_schema_changes_by_action(api):
    actions = api.emulator.actions
    actions["add_field"]({"full_name": "Account.Region__c", "metadata": TEXT})
    assert "Region__c" in described(api)
    actions["hide_field"]({"full_name": "Account.Region__c"})
    assert "Region__c" not in described(api)
    actions["show_field"]({"full_name": "Account.Region__c"})
    actions["remove_field"]({"full_name": "Account.Region__c"})
    assert "Region__c" not in described(api)
    with pytest.raises(ValueError, match="INVALID_CROSS_REFERENCE_KEY"):
        actions["remove_field"]({"full_name": "Account.Region__c"})


def test_query_time_outs_and_lost_cursors_by_action(make_api):
    api = make_api(page_size=1)
    for name in "ab":
        api.make("Account", Name=name)
    url = api.query("SELECT Id FROM Account").json()["nextRecordsUrl"]
    api.emulator.actions["drop_cursors"]({})
    assert api.refused(api.get(url))["errorCode"] == "INVALID_QUERY_LOCATOR"
    api.emulator.actions["time_out_queries"]({"count": 1})
    error = api.refused(api.query("SELECT Id FROM Account"))
    assert (error["errorCode"], error["message"]) == ("QUERY_TIMEOUT", "Your query request was running for too long.")
    assert api.query("SELECT Id FROM Account").status_code == 200


def test_merge_and_undelete_by_action(api):
    winner, loser = api.make("Account", Name="a"), api.make("Account", Name="b")
    api.emulator.actions["merge"]({"object": "Account", "master": winner, "losers": [loser]})
    rows = api.get("/queryAll", params={"q": f"SELECT MasterRecordId FROM Account WHERE Id = '{loser}'"}).json()[
        "records"
    ]
    assert rows[0]["MasterRecordId"] == winner
    api.delete(f"/sobjects/Account/{winner}")
    api.emulator.actions["undelete"]({"id": winner})
    assert api.record("Account", winner)["Name"] == "a"
