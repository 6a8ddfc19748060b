"""HubSpot §4, §5, §7, §8: records one by one and by pages, values, refusals."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest
from hubspot_account import OBJECTS, Client, Opener, ids, to


def test_a_record_is_created_read_changed_and_archived_with_the_exact_codes(hub: Client) -> None:  # §0.2, §8
    made = hub.call("POST", f"{OBJECTS}/companies", {"properties": {"name": "Exact", "numberofemployees": 12}})
    assert (made.status_code, made.headers["Content-Type"]) == (201, "application/json;charset=utf-8")
    ident = made.json()["id"]
    assert made.headers["Location"] == f"{hub.url}{OBJECTS}/companies/{ident}"
    assert re.fullmatch(r"\d+", ident)
    assert made.json()["properties"]["numberofemployees"] == "12"
    changed = hub.call("PATCH", f"{OBJECTS}/companies/{ident}", {"properties": {"city": "Ulm"}})
    assert changed.status_code == 200
    assert set(changed.json()["properties"]) == {"city", "hs_object_id", "createdate", "hs_lastmodifieddate"}
    assert hub.call("DELETE", f"{OBJECTS}/companies/{ident}").status_code == 204
    assert hub.call("DELETE", f"{OBJECTS}/companies/{ident}").status_code == 204, "archived already is no error"
    assert hub.call("GET", f"{OBJECTS}/companies/{ident}").status_code == 404
    gone = hub.good("GET", f"{OBJECTS}/companies/{ident}?archived=true")
    assert (gone["archived"], "archivedAt" in gone) == (True, True)


def test_pages_are_in_order_of_id_and_link_to_the_host_they_came_from(hub: Client) -> None:  # §0.4, §8
    seen: list[str] = []
    link = f"{hub.url}{OBJECTS}/deals?limit=20&properties=dealname,amount&properties=dealstage"
    while link:
        page = hub.http.get(link, timeout=20).json()
        seen += ids(page)
        assert {"dealname", "amount", "dealstage"} < set(page["results"][0]["properties"])
        link = page.get("paging", {}).get("next", {}).get("link")
        if link:
            assert link.startswith(hub.url)
            assert page["paging"]["next"]["after"] in link
    assert len(seen) >= 60
    assert seen == sorted(seen, key=int)
    other = hub.call("GET", f"{OBJECTS}/deals?limit=1", headers={"Host": "api.hubapi.com"}).json()
    assert other["paging"]["next"]["link"].startswith("http://api.hubapi.com/crm/v3/objects/deals?limit=1&after=")


def test_unknown_parameters_and_fields_are_ignored(hub: Client) -> None:  # §4, research: airbyte
    first = hub.good("GET", f"{OBJECTS}/deals?limit=2")
    assert hub.good("GET", f"{OBJECTS}/deals?limit=2&offset=100&sort=x")["results"] == first["results"]
    assert hub.call("POST", f"{OBJECTS}/companies", {"properties": {"name": "Extra"}, "colour": 1}).status_code == 201


@pytest.mark.parametrize("spelling", ["contacts", "contact", "CONTACT", "0-1"])
def test_a_type_has_many_spellings(hub: Client, spelling: str) -> None:  # §0.6
    assert ids(hub.good("GET", f"{OBJECTS}/{spelling}?limit=3")) == ids(hub.good("GET", f"{OBJECTS}/contacts?limit=3"))


def test_dated_paths_and_aliases_serve_the_same_records(hub: Client) -> None:  # §1
    wanted = hub.good("GET", f"{OBJECTS}/companies?limit=3")
    for path in ("/crm/objects/2026-03/companies", "/crm/objects/2026-09/companies/", "/crm/v4/objects/companies"):
        assert hub.good("GET", f"{path}?limit=3")["results"] == wanted["results"]
    page = hub.good("GET", "/crm/objects/2026-03/companies?limit=1")
    assert "/crm/objects/2026-03/companies?" in page["paging"]["next"]["link"]
    assert hub.call("GET", "/crm/objects/2025-03/companies").status_code == 404
    for path in ("/crm/v3/owners/", "/crm/owners/2026-03", "/crm/pipelines/2026-09/deals", "/crm/properties/2026-03/deals",
                 "/crm-object-schemas/2026-03/schemas", "/crm/v3/schemas", "/account-info/2026-03/details"):  # fmt: skip
        assert hub.call("GET", path).status_code == 200


def test_the_default_properties_and_those_asked_for(hub: Client) -> None:  # §7
    ident = hub.create("contacts", email="default@shown.example", firstname="Di")
    always = {"hs_object_id", "createdate", "lastmodifieddate"}
    assert set(hub.read("contacts", ident)["properties"]) == {"email", "firstname", "lastname"} | always
    asked = hub.read("contacts", ident, "phone", "nonsense", "hs_createdate")["properties"]
    assert set(asked) == {"phone", "hs_createdate"} | always
    assert asked["phone"] is None
    assert asked["hs_createdate"] == asked["createdate"]


def test_values_are_text_whatever_was_sent(hub: Client) -> None:  # §0.1, §7
    ident = hub.create("companies", name="Typed", annualrevenue=1500.50, numberofemployees="0012", is_public=True)
    found = hub.read("companies", ident, "annualrevenue", "numberofemployees", "is_public")["properties"]
    assert (found["annualrevenue"], found["numberofemployees"], found["is_public"]) == ("1500.5", "12", "true")
    deal = hub.create("deals", dealname="D", dealstage="contractsent", closedate="2026-03-31")
    assert hub.value("deals", deal, "closedate") == "2026-03-31T00:00:00Z"
    hub.set("deals", deal, closedate=1774951872345)
    assert hub.value("deals", deal, "closedate") == "2026-03-31T10:11:12.345Z"
    quote = hub.create("quotes", hs_title="Q", hs_expiration_date=1774915200000)
    assert hub.value("quotes", quote, "hs_expiration_date") == "2026-03-31"


def test_empty_text_clears_and_null_changes_nothing(hub: Client) -> None:  # §7, field reports 1.7
    ident = hub.create("companies", name="Clear", city="Ulm", phone="1")
    hub.set("companies", ident, city=None, phone="")
    found = hub.read("companies", ident, "city", "phone")["properties"]
    assert (found["city"], found["phone"]) == ("Ulm", None)
    assert "null property" in {one["kind"] for one in hub.action("misuse")}


def test_a_leading_semicolon_appends_to_a_list(hub: Client) -> None:  # §7
    options = [{"label": one.upper(), "value": one, "hidden": False, "displayOrder": 0} for one in "abc"]
    body = {
        "name": "letters",
        "label": "Letters",
        "type": "enumeration",
        "fieldType": "checkbox",
        "groupName": "companyinformation",
        "options": options,
    }
    hub.good("POST", "/crm/v3/properties/companies", body)
    ident = hub.create("companies", name="Lists", letters="a;b")
    hub.set("companies", ident, letters=";c")
    assert hub.value("companies", ident, "letters") == "a;b;c"
    hub.set("companies", ident, letters="b")
    assert hub.value("companies", ident, "letters") == "b"


def test_all_bad_properties_are_told_twice(hub: Client) -> None:  # §5
    status, body = hub.refused("POST", f"{OBJECTS}/deals", {"properties": {
        "erp_no": "1", "dealname": "x" * 65_537, "amount": "12,50", "dealstage": "won", "closedate": "soon", "hs_is_closed": "true",
        "hubspot_owner_id": "1",
    }})  # fmt: skip
    assert (status, body["category"]) == (400, "VALIDATION_ERROR")
    told = {one["context"]["propertyName"][0]: one["code"] for one in body["errors"]}
    assert told == {
        "erp_no": "PROPERTY_DOESNT_EXIST", "dealname": "TOO_LONG", "amount": "INVALID_DOUBLE", "dealstage": "INVALID_OPTION",
        "closedate": "INVALID_DATE", "hs_is_closed": "READ_ONLY_VALUE", "hubspot_owner_id": "INVALID_OPTION",
    }  # fmt: skip
    assert body["message"].startswith('Property values were not valid: [{"isValid":false,"message":')
    messages = [one["message"] for one in body["errors"]]
    assert 'Property "erp_no" does not exist' in messages
    assert '"hs_is_closed" is a read only property; its value cannot be set.' in messages
    assert any(
        one.startswith(
            'won was not one of the allowed options: [label: "Appointment Scheduled" value: "appointmentscheduled"'
        )
        for one in messages
    )


def test_a_date_is_midnight(hub: Client) -> None:  # §0.11
    _, body = hub.refused(
        "POST", f"{OBJECTS}/quotes", {"properties": {"hs_title": "Q", "hs_expiration_date": "1635535865"}}
    )
    assert body["errors"][0]["message"] == "1635535865 is at 22:18:55.865 UTC, not midnight!"
    assert hub.create("notes", hs_timestamp="1767225600", hs_note_body="x")  # seconds land in January 1970 (§17)


def test_what_is_missing_is_not_found_in_two_ways(hub: Client) -> None:  # §5
    status, body = hub.refused("GET", f"{OBJECTS}/deals/999999999")
    assert (status, body["message"], "category" in body) == (404, "resource not found", False)
    status, body = hub.refused("GET", f"{OBJECTS}/deals/abc")
    assert body["message"] == "Object not found.  objectId are usually numeric."
    assert (status, body["category"], body["context"]) == (404, "OBJECT_NOT_FOUND", {"id": ["abc"]})
    for ident in ("0", "-5"):
        assert hub.refused("GET", f"{OBJECTS}/deals/{ident}")[1]["message"] == "objectId is usually positive."
    company = hub.create("companies", name="Not a deal")
    assert hub.call("GET", f"{OBJECTS}/deals/{company}").status_code == 404, "ids are of one type"
    assert hub.call("DELETE", f"{OBJECTS}/deals/999999999").status_code == 204


def test_delete_of_what_never_was_follows_the_switch(account: Opener) -> None:  # §5, choice
    assert account(delete_missing=404).call("DELETE", f"{OBJECTS}/deals/999999999").status_code == 404


def test_broken_json_and_wrong_shapes_have_no_category(hub: Client) -> None:  # §4
    for body in ("{", '{"properties": [}'):
        answer = hub.call("POST", f"{OBJECTS}/deals", data=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400
        assert answer.json()["message"].startswith("Invalid input JSON on line 1, column ")
        assert "category" not in answer.json()
    status, body = hub.refused("POST", f"{OBJECTS}/deals/batch/read", {"inputs": {"id": 1}})
    assert (status, "Cannot deserialize value of type" in body["message"], "category" in body) == (400, True, False)


@pytest.mark.parametrize("properties", [[], {"email": {"address": "a@b.c"}}, {"phone": ["1", "2"]}, "name"])
def test_properties_are_an_object_of_plain_values(hub: Client, properties: Any) -> None:  # §4
    ident = hub.create("contacts", firstname="Plain")
    for method, path in (("POST", f"{OBJECTS}/contacts"), ("PATCH", f"{OBJECTS}/contacts/{ident}")):
        status, body = hub.refused(method, path, {"properties": properties})
        assert (status, "Cannot deserialize value of type" in body["message"], "category" in body) == (400, True, False)


def test_the_edge_answers_in_html(hub: Client) -> None:  # §4
    for method, path, status in (
        ("GET", "/crm/v3/nothing", 404),
        ("DELETE", f"{OBJECTS}/deals", 405),
        ("GET", f"{OBJECTS}/deals?properties={'x' * 8200}", 414),
    ):
        answer = hub.call(method, path)
        assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (status, "text/html")
        assert answer.text.startswith("<!DOCTYPE html>")
        assert answer.headers["X-HubSpot-Correlation-Id"]


def test_path_parameters_are_decoded_once(hub: Client) -> None:  # §4
    ident = hub.create("contacts", email="a+b@decoded.example")
    path = f"{OBJECTS}/contacts/{quote('a+b@decoded.example', safe='')}?idProperty=email&archived=FALSE"
    assert hub.good("GET", path)["id"] == ident
    assert hub.call("GET", f"{OBJECTS}/contacts/a%252Bb@decoded.example?idProperty=email").status_code == 404


def test_records_are_found_by_unique_properties_only(hub: Client) -> None:  # §8
    ident = hub.create("companies", name="Keyed", erp_key="ns:1:77")
    assert hub.good("GET", f"{OBJECTS}/companies/ns:1:77?idProperty=erp_key")["id"] == ident
    assert (
        hub.good("PATCH", f"{OBJECTS}/companies/ns:1:77?idProperty=erp_key", {"properties": {"city": "Ulm"}})["id"]
        == ident
    )
    assert hub.refused("GET", f"{OBJECTS}/companies/Keyed?idProperty=name")[0] == 400


@pytest.mark.parametrize(
    ("kind", "given"),
    [("contacts", {"phone": "1"}), ("companies", {"city": "x"}), ("deals", {"dealname": "x"}), ("tickets", {"subject": "x"}),
     ("products", {"price": "1"}), ("quotes", {"hs_title": "x"}), ("orders", {}), ("invoices", {}), ("notes", {"hs_note_body": "x"}),
     ("commerce_payments", {"hs_initial_amount": "1"})],
)  # fmt: skip
def test_what_a_create_needs(hub: Client, kind: str, given: dict[str, str]) -> None:  # §8
    status, body = hub.refused("POST", f"{OBJECTS}/{kind}", {"properties": given})
    assert (status, body["category"]) == (400, "VALIDATION_ERROR")
    assert body["context"]["properties"]


def test_pipelines_default_and_line_items_need_nothing(hub: Client) -> None:  # §8
    assert hub.value("deals", hub.create("deals", dealname="x", dealstage="contractsent"), "pipeline") == "default"
    assert hub.value("tickets", hub.create("tickets", subject="x", hs_pipeline_stage="1"), "hs_pipeline") == "0"
    assert hub.create("line_items")


def test_a_create_with_a_bad_association_creates_nothing(hub: Client) -> None:  # §8
    company, before = hub.create("companies", name="End"), hub.search("deals")["total"]
    new = {"properties": {"dealname": "x", "dealstage": "contractsent"}}
    for number, ident in ((342, company), (341, "999999999"), (99999, company)):
        status, body = hub.refused("POST", f"{OBJECTS}/deals", {**new, "associations": [to(ident, number)]})
        assert (status, body["category"]) == (400, "VALIDATION_ERROR")
    assert hub.search("deals")["total"] == before
    made = hub.good(
        "POST", f"{OBJECTS}/deals", {**new, "associations": [{**to(company, 341), "to": {"id": int(company)}}]}
    )
    shown = hub.good("GET", f"{OBJECTS}/deals/{made['id']}?associations=companies")
    assert shown["associations"]["companies"]["results"] == [
        {"id": company, "type": "deal_to_company"},
        {"id": company, "type": "deal_to_company_unlabeled"},
    ]


def test_inline_associations_are_cut_and_line_items_have_a_blank(hub: Client) -> None:  # §8
    lines = [to(hub.create("line_items", name=str(number)), 19) for number in range(101)]
    deal = hub.create("deals", lines, dealname="Long", dealstage="contractsent")
    shown = hub.good("GET", f"{OBJECTS}/deals/{deal}?associations=line_items,contacts")["associations"]
    assert list(shown) == ["line items"]
    assert len(shown["line items"]["results"]) == 100
    rest = hub.http.get(shown["line items"]["paging"]["next"]["link"], timeout=20).json()
    assert len(rest["results"]) == 1
    assert "paging" not in rest


def test_history_tells_who_changed_what(hub: Client) -> None:  # §7
    ident = hub.create("companies", name="Old")
    hub.set("companies", ident, name="New")
    hub.action("edit", type="companies", id=ident, properties={"name": "By hand"})
    past = hub.good("GET", f"{OBJECTS}/companies/{ident}?propertiesWithHistory=name")["propertiesWithHistory"]["name"]
    assert [one["value"] for one in past] == ["By hand", "New", "Old"]
    assert [one["sourceType"] for one in past] == ["CRM_UI", "INTEGRATION", "INTEGRATION"]
    assert past[1]["sourceId"] == "2901001"


def test_equal_values_leave_the_stamp_alone_or_as_switched(hub: Client, account: Opener) -> None:  # §8, unsure
    for client, moves in ((hub, False), (account(noop_moves_modified=True), True)):
        ident = client.create("companies", name="Same")
        before = client.read("companies", ident)["updatedAt"]
        client.clock.advance(5)
        after = client.set("companies", ident, name="Same")["updatedAt"]
        assert (after != before) == moves


def test_stamps_go_by_type(hub: Client) -> None:  # §0.3, §7
    contact = hub.read("contacts", hub.create("contacts", email="stamp@x.example"))["properties"]
    note = hub.read("notes", hub.create("notes", hs_timestamp="2026-01-01T00:00:00Z"))["properties"]
    assert {"createdate", "lastmodifieddate"} < set(contact)
    assert {"hs_createdate", "hs_lastmodifieddate"} < set(note)
    assert "hs_lastmodifieddate" not in contact


def test_2026_09_obeys_required_marks_and_normalises_dates(account: Opener) -> None:  # §1
    client = account()
    client.action("require_property", type="deals", name="description")
    client.action("require_property", type="deals", name="closed_lost_reason", when={"dealstage": "closedlost"})
    new = {"properties": {"dealname": "x", "dealstage": "closedlost"}}
    assert client.call("POST", "/crm/objects/2026-03/deals", new).status_code == 201
    _, body = client.refused("POST", "/crm/objects/2026-09/deals", new)
    assert body["errors"][0]["code"] == "MISSING_REQUIRED_PROPERTY"
    new["properties"]["description"] = "known"
    _, body = client.refused("POST", "/crm/objects/2026-09/deals", new)
    assert (body["errors"][0]["code"], body["context"]) == (
        "MISSING_CONDITIONAL_REQUIRED_PROPERTY",
        {"propertyName": ["closed_lost_reason"]},
    )
    quote = {"properties": {"hs_title": "Q", "hs_expiration_date": "2026-03-31T10:00:00Z"}}
    assert client.call("POST", "/crm/objects/2026-03/quotes", quote).status_code == 400
    made = client.good("POST", "/crm/objects/2026-09/quotes", quote)
    assert made["properties"]["hs_expiration_date"] == "2026-03-31"
    assert made["warnings"][0]["category"] == "PROPERTY_VALUE_NORMALIZED"
    assert made["warnings"][0]["context"]["normalizedValue"] == ["2026-03-31"]


def test_datetimes_without_zone_are_noted(hub: Client) -> None:  # §25 strict mode
    hub.create("deals", dealname="x", dealstage="contractsent", closedate="2026-03-31T10:00:00")
    assert "datetime without time zone" in {one["kind"] for one in hub.action("misuse")}


def test_a_page_has_a_hundred_rows_or_fifty_with_history(hub: Client) -> None:  # §8
    assert len(hub.good("GET", f"{OBJECTS}/line_items")["results"]) == 10, "unless more are asked for"
    for query, rows in (("limit=100", 100), ("limit=50&propertiesWithHistory=amount", 50)):
        assert len(hub.good("GET", f"{OBJECTS}/line_items?{query}")["results"]) == rows
    for query in ("limit=101", "limit=0", "limit=51&propertiesWithHistory=amount", "limit=x"):
        status, body = hub.refused("GET", f"{OBJECTS}/line_items?{query}")
        assert (status, body["category"]) == (400, "VALIDATION_ERROR")


def test_a_body_that_says_it_is_no_json_is_refused(hub: Client) -> None:  # §4, §5
    body = b'{"properties":{"name":"x"}}'
    for media, status in (("text/plain", 415), ("application/xml", 415), ("application/json; charset=UTF-8", 201)):
        answer = hub.call("POST", f"{OBJECTS}/companies", data=body, headers={"Content-Type": media})
        assert answer.status_code == status


@pytest.mark.parametrize("edition", ["2026-03", "2026-09"])
def test_every_subject_has_dated_twins(hub: Client, edition: str) -> None:  # §1
    company, contact = hub.create("companies", name="Twin"), hub.create("contacts", email=f"{edition}@twin.example")
    pair = {"from": {"id": contact}, "to": {"id": company}}
    for method, path, body, status in (
        ("POST", f"/crm/objects/{edition}/companies", {"properties": {"name": "x"}}, 201),
        ("PATCH", f"/crm/objects/{edition}/companies/{company}", {"properties": {"city": "x"}}, 200),
        ("POST", f"/crm/objects/{edition}/companies/search", {"limit": 1}, 200),
        ("POST", f"/crm/objects/{edition}/companies/batch/read", {"inputs": [{"id": company}]}, 200),
        ("POST", f"/crm/associations/{edition}/contacts/companies/batch/associate/default", {"inputs": [pair]}, 200),
        ("POST", f"/crm/associations/{edition}/contacts/companies/batch/read", {"inputs": [{"id": contact}]}, 200),
        ("GET", f"/crm/associations/{edition}/contacts/companies/labels", None, 200),
        ("GET", f"/crm/objects/{edition}/contacts/{contact}/associations/companies", None, 200),
        ("GET", f"/crm/properties/{edition}/companies/name", None, 200),
        ("GET", f"/crm/pipelines/{edition}/deals/default", None, 200),
        ("GET", f"/crm/owners/{edition}/", None, 200),
        ("GET", f"/crm-object-schemas/{edition}/schemas", None, 200),
        ("GET", f"/account-info/{edition}/details", None, 200),
        ("GET", f"/settings/currencies/{edition}/company-currency", None, 200),
        ("POST", f"/crm/objects/{edition}/companies/batch/archive", {"inputs": [{"id": company}]}, 204),
        ("DELETE", f"/crm/objects/{edition}/contacts/{contact}", None, 204),
    ):
        answer = hub.call(method, path, body)
        assert answer.status_code == status, (method, path, answer.text)
