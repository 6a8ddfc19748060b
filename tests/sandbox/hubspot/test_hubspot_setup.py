"""HubSpot §12–§15, §18: properties, pipelines, owners, schemas, currencies, account facts."""

from __future__ import annotations

from typing import Any

import pytest
from hubspot_account import OBJECTS, Client, Opener, ids, where

PROPERTIES = "/crm/v3/properties/companies"


def definition(name: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "label": name.title(),
        "type": "string",
        "fieldType": "text",
        "groupName": "companyinformation",
        **more,
    }


def option(value: str) -> dict[str, Any]:
    return {"label": value.title(), "value": value, "hidden": False, "displayOrder": 0}


def test_a_definition_shows_everything(hub: Client) -> None:  # §12
    shown = {one["name"]: one for one in hub.good("GET", "/crm/v3/properties/deals")["results"]}
    stage, amount = shown["dealstage"], shown["amount"]
    assert {"name", "label", "type", "fieldType", "description", "groupName", "options", "displayOrder", "calculated", "externalOptions",
            "archived", "hasUniqueValue", "hidden", "hubspotDefined", "modificationMetadata", "formField", "createdAt", "updatedAt"} <= set(stage)  # fmt: skip
    assert [one["value"] for one in stage["options"]][:7] == [
        "appointmentscheduled", "qualifiedtobuy", "presentationscheduled", "decisionmakerboughtin", "contractsent", "closedwon", "closedlost",
    ]  # fmt: skip
    assert (amount["options"], amount["type"]) == ([], "number")
    assert shown["hs_is_closed_won"]["calculated"]
    assert shown["hs_is_closed_won"]["modificationMetadata"]["readOnlyValue"]
    assert shown["closedate"]["type"] == "datetime"
    assert {one["value"] for one in shown["deal_currency_code"]["options"]} == {"USD", "GBP", "CAD", "EUR", "CHF"}
    assert shown["hubspot_owner_id"]["externalOptions"]


def test_a_property_is_made_changed_and_archived(hub: Client) -> None:
    made = hub.call(
        "POST",
        PROPERTIES,
        definition("region", type="enumeration", fieldType="select", options=[option("north"), option("south")]),
    )
    assert made.status_code == 201
    ident = hub.create("companies", name="x", region="north")
    changed = hub.good("PATCH", f"{PROPERTIES}/region", {"options": [option("south"), option("east")]})
    assert [one["value"] for one in changed["options"]] == ["south", "east"], "options replace the whole list"
    assert hub.refused("PATCH", f"{OBJECTS}/companies/{ident}", {"properties": {"region": "north"}})[0] == 400
    assert hub.call("DELETE", f"{PROPERTIES}/region").status_code == 204
    status, body = hub.refused("GET", f"{PROPERTIES}/region")
    assert (status, body["category"], body["message"]) == (404, "OBJECT_NOT_FOUND", 'Property "region" does not exist')
    assert hub.good("GET", f"{PROPERTIES}/region?archived=true")["archived"]
    assert (
        hub.refused("PATCH", f"{OBJECTS}/companies/{ident}", {"properties": {"region": "east"}})[1]["errors"][0]["code"]
        == "PROPERTY_DOESNT_EXIST"
    )
    assert hub.refused("DELETE", f"{PROPERTIES}/name")[0] == 400, "the platform's own stay"


@pytest.mark.parametrize(
    "bad",
    [{"groupName": "nope"}, {"name": "Upper"}, {"name": "1st"}, {"type": "text"}, {"fieldType": "date"}, {"type": "bool", "fieldType": "booleancheckbox"},
     {"type": "date", "fieldType": "date", "hasUniqueValue": True}, {"label": ""}],
)  # fmt: skip
def test_what_a_definition_may_not_be(hub: Client, bad: dict[str, Any]) -> None:
    status, body = hub.refused("POST", PROPERTIES, {**definition("broken"), **bad})
    assert (status, body["category"]) == (400, "VALIDATION_ERROR")


def test_a_name_is_taken_once(hub: Client, account: Opener) -> None:
    hub.good("POST", PROPERTIES, definition("twice"))
    status, body = hub.refused("POST", PROPERTIES, definition("twice"))
    assert (status, body["category"]) == (409, "OBJECT_ALREADY_EXISTS")
    for reserved in (True, False):
        client = account(archived_names_reserved=reserved, duplicate_category="CONFLICT")
        client.good("POST", PROPERTIES, definition("again"))
        client.call("DELETE", f"{PROPERTIES}/again")
        answer = client.call("POST", PROPERTIES, definition("again"))
        assert answer.status_code == (409 if reserved else 201)


def test_unique_values_belong_to_one_record_and_ten_properties(hub: Client) -> None:
    one = hub.create("products", name="x", erp_key="u:1")
    status, body = hub.refused("POST", f"{OBJECTS}/products", {"properties": {"name": "y", "erp_key": "u:1"}})
    assert (status, body["category"]) == (400, "VALIDATION_ERROR")
    assert body["message"].endswith(f"{one} already has that value")
    hub.set("products", one, erp_key="")
    assert hub.create("products", name="y", erp_key="u:1"), "a cleared value is free"
    base = "/crm/v3/properties/tickets"
    for place in range(10):
        hub.good("POST", base, definition(f"key_{place}", groupName="ticketinformation", hasUniqueValue=True))
    assert hub.refused("POST", base, definition("key_10", groupName="ticketinformation", hasUniqueValue=True))[0] == 400


def test_batches_and_groups_of_properties(hub: Client) -> None:
    answer = hub.call(
        "POST", f"{PROPERTIES}/batch/create", {"inputs": [definition("bulk_a"), definition("bulk_b", groupName="no")]}
    )
    assert (answer.status_code, answer.json()["numErrors"]) == (207, 1)
    answer = hub.call(
        "POST", f"{PROPERTIES}/batch/read", {"inputs": [{"name": "bulk_a"}, {"name": "bulk_z"}], "archived": False}
    )
    assert (answer.status_code, [one["name"] for one in answer.json()["results"]]) == (207, ["bulk_a"])
    assert (
        hub.call(
            "POST", f"{PROPERTIES}/batch/archive", {"inputs": [{"name": "bulk_a"}, {"name": "bulk_z"}]}
        ).status_code
        == 204
    )
    groups = f"{PROPERTIES}/groups"
    assert hub.call("POST", groups, {"name": "erp", "label": "ERP"}).status_code == 201
    assert hub.refused("POST", groups, {"name": "erp", "label": "ERP"})[0] == 409
    hub.good("POST", PROPERTIES, definition("in_group", groupName="erp"))
    assert hub.refused("DELETE", f"{groups}/erp")[0] == 400
    assert hub.good("PATCH", f"{groups}/erp", {"label": "Our ERP"})["label"] == "Our ERP"
    hub.call("DELETE", f"{PROPERTIES}/in_group")
    assert hub.call("DELETE", f"{groups}/erp").status_code == 204


def test_pipelines_hold_stages_with_metadata_in_text(hub: Client) -> None:  # §13
    first, second = hub.good("GET", "/crm/v3/pipelines/deals")["results"][:2]
    assert (first["id"], first["stages"][5]["metadata"]) == ("default", {"isClosed": "true", "probability": "1.0"})
    assert second["stages"][0]["id"].isdigit(), "own pipelines have numeric ids"
    body = {"label": "New", "displayOrder": 2, "stages": [{"label": "A", "displayOrder": 0, "metadata": {"probability": "0.5"}},
                                                         {"label": "B", "displayOrder": 1, "metadata": {"probability": "1.0"}}]}  # fmt: skip
    made = hub.call("POST", "/crm/v3/pipelines/deals", body)
    assert made.status_code == 201
    pipeline, (one, two) = made.json()["id"], [stage["id"] for stage in made.json()["stages"]]
    assert made.json()["stages"][1]["metadata"]["isClosed"] == "true"
    deal = hub.create("deals", dealname="x", pipeline=pipeline, dealstage=one)
    status, told = hub.refused("PATCH", f"{OBJECTS}/deals/{deal}", {"properties": {"dealstage": "contractsent"}})
    assert (status, told["errors"][0]["code"]) == (400, "INVALID_OPTION")
    assert hub.refused("PATCH", f"{OBJECTS}/deals/{deal}", {"properties": {"pipeline": "default"}})[0] == 400
    hub.set("deals", deal, pipeline="default", dealstage="contractsent")
    hub.set("deals", deal, pipeline=pipeline, dealstage=one)
    base = f"/crm/v3/pipelines/deals/{pipeline}"
    status, told = hub.refused("DELETE", f"{base}?validateReferencesBeforeDelete=true")
    assert (status, told["subCategory"], told["context"]) == (
        400,
        "PipelineError.STAGE_ID_IN_USE",
        {"stageIds": [one], "objectIds": [deal]},
    )
    assert hub.refused("PATCH", f"{base}/stages/{two}", {"metadata": {"probability": "2"}})[0] == 400
    assert hub.good("PATCH", f"{base}/stages/{two}", {"label": "Won"})["label"] == "Won"
    assert (
        hub.call(
            "POST", f"{base}/stages", {"label": "C", "displayOrder": 2, "metadata": {"probability": "0.0"}}
        ).status_code
        == 201
    )
    assert hub.call("DELETE", f"{base}/stages/{two}").status_code == 204
    assert hub.good("GET", f"{base}/audit")["results"][0]["action"] == "UPDATE"
    assert hub.call("DELETE", base).status_code == 204
    assert hub.refused("GET", base)[0] == 404


def test_owners_are_present_or_former(hub: Client) -> None:  # §14
    present, former = (
        hub.good("GET", f"/crm/v3/owners/?limit=500&archived={flag}")["results"] for flag in ("false", "True")
    )
    assert (len(present), len(former)) == (22, 2)
    one = present[0]
    assert one["type"] == "PERSON"
    assert isinstance(one["userId"], int)
    assert "userId" not in former[0]
    assert hub.good("GET", f"/crm/v3/owners/{one['id']}") == one
    assert hub.good("GET", f"/crm/v3/owners/{one['userId']}?idProperty=userId") == one
    assert ids(hub.good("GET", f"/crm/v3/owners?email={one['email'].upper()}")) == [one["id"]]
    page = hub.good("GET", "/crm/v3/owners/?limit=5")
    assert hub.http.get(page["paging"]["next"]["link"], timeout=20).json()["results"][0] == present[5]
    assert hub.refused("GET", f"/crm/v3/owners/{former[0]['id']}")[0] == 404
    assert hub.create("companies", name="x", hubspot_owner_id=former[0]["id"]), "records may keep a former owner"


def test_a_custom_object_is_defined_used_and_removed(account: Opener) -> None:  # §15, §0.6
    hub = account()
    assert hub.good("GET", "/crm/v3/schemas") == {"results": []}
    schema = {
        "name": "machine", "labels": {"singular": "Machine", "plural": "Machines"}, "primaryDisplayProperty": "serial",
        "requiredProperties": ["serial"], "searchableProperties": ["serial"], "associatedObjects": ["COMPANY"],
        "properties": [{"name": "serial", "label": "Serial", "type": "string", "fieldType": "text", "hasUniqueValue": True}],
    }  # fmt: skip
    wrong = schema | {"primaryDisplayProperty": "nope"}
    assert hub.refused("POST", "/crm-object-schemas/v3/schemas", wrong)[0] == 400
    made = hub.call("POST", "/crm-object-schemas/v3/schemas", schema)
    assert made.status_code == 201
    shown = made.json()
    assert (shown["fullyQualifiedName"], shown["metaType"]) == ("p4242_machine", "PORTAL_SPECIFIC")
    kind = shown["objectTypeId"]
    assert hub.refused("POST", f"{OBJECTS}/machine", {"properties": {}})[0] == 400
    ident = hub.create("p_machine", serial="A-1")
    for spelling in (kind, "machine", "p4242_machine"):
        assert hub.good("GET", f"{OBJECTS}/{spelling}/A-1?idProperty=serial")["id"] == ident
    company = hub.create("companies", name="x")
    labels = hub.good("GET", f"/crm/v4/associations/{kind}/companies/labels")["results"]
    assert (
        hub.call("PUT", f"/crm/v4/objects/{kind}/{ident}/associations/default/companies/{company}").status_code == 200
    )
    assert labels[0]["label"] is None
    assert ids(hub.search("machine", where("serial", "EQ", "a-1"))) == [ident]
    inline = hub.good("GET", f"{OBJECTS}/companies/{company}?associations={kind}")["associations"]
    assert list(inline) == ["p4242_machine"]
    assert (
        hub.good("PATCH", f"/crm-object-schemas/v3/schemas/{kind}", {"labels": {"singular": "Device"}})["labels"][
            "singular"
        ]
        == "Device"
    )
    assert hub.refused("DELETE", f"/crm-object-schemas/v3/schemas/{kind}")[0] == 400
    hub.call("DELETE", f"{OBJECTS}/machine/{ident}")
    assert hub.call("DELETE", f"/crm-object-schemas/v3/schemas/{kind}").status_code == 204
    assert (
        hub.refused("POST", "/crm-object-schemas/v3/schemas", {**schema, "searchableProperties": ["serial"] * 21})[0]
        == 400
    )
    assert account(custom_objects=False).refused("POST", "/crm-object-schemas/v3/schemas", schema)[0] == 403


def test_account_facts_and_currencies(account: Opener) -> None:  # §18
    hub = account(portal_id=77, time_zone="Europe/Berlin")
    facts = hub.good("GET", "/account-info/v3/details")
    assert (facts["portalId"], facts["timeZone"], facts["companyCurrency"]) == (4242, "Europe/Berlin", "USD") or facts[
        "portalId"
    ] == 77
    assert set(facts["additionalCurrencies"]) == {"GBP", "CAD", "EUR", "CHF"}
    assert facts["utcOffset"] in ("+01:00", "+02:00")
    new = {"dealname": "x", "dealstage": "contractsent", "deal_currency_code": "SEK", "amount": "100"}
    assert hub.refused("POST", f"{OBJECTS}/deals", {"properties": new})[0] == 400
    hub.good("POST", "/settings/v3/currencies/exchange-rates", {"fromCurrencyCode": "SEK", "conversionRate": 0.1})
    assert hub.value("deals", hub.create("deals", **new), "amount_in_home_currency") == "10"
    assert any(
        one["fromCurrencyCode"] == "SEK"
        for one in hub.good("GET", "/settings/currencies/2026-03/exchange-rates")["results"]
    )
    assert hub.good("GET", "/settings/v3/currencies/company-currency")["currencyCode"] == "USD"
