"""Salesforce §4.1, §4.2: describes are rebuilt from compact files and equal the recorded ones."""

from __future__ import annotations

import json

import pytest
from salesforce_org import CONTRACTS

OBJECTS = ["Account", "Contact", "Lead", "Opportunity", "OpportunityContactRole"]
GLOBAL_KEYS = 28


def recorded(name):
    return json.loads((CONTRACTS / f"describe.{name}.json").read_text())


@pytest.fixture
def plain(make_api):
    """An org like the recorded ones: no ERP fields, one currency, stages not restricted."""
    return make_api(erp_fields=False, multi_currency=False, restricted_stage=False)


@pytest.mark.parametrize("name", OBJECTS)
def test_every_recorded_field_is_described_exactly_as_recorded(plain, name):
    mine = {field["name"]: field for field in plain.get(f"/sobjects/{name}/describe").json()["fields"]}
    for field in recorded(name)["fields"]:
        if not field["name"].endswith("__c"):
            assert mine.pop(field["name"]) == field
    assert mine == {}


@pytest.mark.parametrize("name", OBJECTS)
def test_top_level_keys_and_flags_are_the_recorded_ones(plain, name):
    mine, theirs = plain.get(f"/sobjects/{name}/describe").json(), recorded(name)
    assert theirs.keys() - mine.keys() == set()
    loose = {
        "fields",
        "childRelationships",
        "recordTypeInfos",
        "urls",
        "actionOverrides",
        "supportedScopes",
        "namedLayoutInfos",
    }
    assert {key: mine[key] for key in theirs.keys() - loose} == {key: theirs[key] for key in theirs.keys() - loose}


@pytest.mark.parametrize("name", OBJECTS)
def test_recorded_child_relationships_are_there(plain, name):
    def facts(body):
        return {
            (
                item["childSObject"],
                item["field"],
                item["relationshipName"],
                item["cascadeDelete"],
                item["restrictedDelete"],
            )
            for item in body["childRelationships"]
        }

    assert facts(recorded(name)) <= facts(plain.get(f"/sobjects/{name}/describe").json())


def test_describe_global_entries_have_exactly_the_recorded_keys_and_flags(plain):
    mine = {item["name"]: item for item in plain.get("/sobjects").json()["sobjects"]}
    for theirs in recorded("_global")["sobjects"]:
        ours = mine[theirs["name"]]
        assert ours.keys() == theirs.keys()
        assert len(ours) == GLOBAL_KEYS
        compared = {key for key in theirs if key != "urls" and not (key == "keyPrefix" and theirs[key] is None)}
        assert {key: ours[key] for key in compared} == {key: theirs[key] for key in compared}


def test_describe_global_answers_304_when_nothing_changed(api):
    first = api.get("/sobjects")
    again = api.get("/sobjects", headers={"If-Modified-Since": first.headers["Last-Modified"]})
    assert (again.status_code, again.content) == (304, b"")


def test_required_on_create_follows_the_rule_of_4_2(api):
    fields = api.get("/sobjects/PricebookEntry/describe").json()["fields"]
    required = {
        f["name"]
        for f in fields
        if not f["nillable"] and f["createable"] and not f["defaultedOnCreate"] and f["type"] != "boolean"
    }
    assert required == {"Pricebook2Id", "Product2Id", "UnitPrice"}


def test_features_add_their_objects_and_fields(make_api):
    bare = make_api(multi_currency=False)
    names = {item["name"] for item in bare.get("/sobjects").json()["sobjects"]}
    assert not {"Quote", "AccountContactRelation", "CurrencyType"} & names
    assert bare.refused(bare.query("SELECT CurrencyIsoCode FROM Account"))["errorCode"] == "INVALID_FIELD"
    full = make_api(quotes=True, contacts_to_multiple_accounts=True)
    names = {item["name"] for item in full.get("/sobjects").json()["sobjects"]}
    assert {"Quote", "QuoteLineItem", "AccountContactRelation", "CurrencyType"} <= names


def test_unknown_objects_are_404(api):
    assert api.refused(api.get("/sobjects/Nonsense/describe"), 404) == {
        "errorCode": "NOT_FOUND",
        "message": "The requested resource does not exist",
    }


def test_names_compare_without_case_and_answers_use_the_canonical_one(api):
    body = api.get("/sobjects/aCCOUNT/describe").json()
    assert body["name"] == "Account"


def test_object_info_has_describe_and_recent_items(api):
    own = api.make("Account", Name="Acme")
    body = api.get("/sobjects/Account/").json()
    assert body["objectDescribe"]["name"] == "Account"
    assert [item["Id"] for item in body["recentItems"]] == [own]


def test_erp_fields_of_section_14_are_described(api):
    field = {f["name"]: f for f in api.get("/sobjects/Account/describe").json()["fields"]}["ERP_Id__c"]
    assert (field["externalId"], field["unique"], field["caseSensitive"], field["custom"], field["length"]) == (
        True,
        True,
        True,
        True,
        64,
    )
