"""NetSuite §5.3–§5.9: reading and writing records."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from netsuite_account import Client, Opener, error_of

STRICT = {"X-NetSuite-PropertyNameValidation": "error"}
COMPANY = {"companyName": "Northwind", "subsidiary": {"id": "1"}}
HOME = {"addr1": "1 Main St", "city": "Seattle", "state": "WA", "zip": "98101", "country": {"id": "US"}}


def _book(**line: Any) -> dict[str, Any]:
    return {"items": [{"addressBookAddress": HOME, **line}]}


# reading


def test_fields_limits_the_answer_and_leaves_out_the_id(shared: Client) -> None:
    ident = shared.create("customer", COMPANY)
    body = shared.get(f"customer/{ident}", fields="companyName,addressBook")
    assert set(body) == {"links", "companyName", "addressBook"}
    both = shared.record("GET", f"customer/{ident}?fields=companyName&expandSubResources=true")
    assert error_of(both)[0] == 400


def test_simple_enum_format_gives_plain_codes(shared: Client) -> None:
    ident = shared.create("customer", COMPANY)
    assert shared.get(f"customer/{ident}")["emailPreference"] == {"links": [], "id": "DEFAULT", "refName": "Default"}
    assert shared.get(f"customer/{ident}", simpleEnumFormat="true")["emailPreference"] == "DEFAULT"


def test_multi_selects_are_collections(shared: Client) -> None:
    row = shared.sql(
        "SELECT id FROM item WHERE itemtype = 'InvtPart' AND subsidiary LIKE '1, %' FETCH FIRST 1 ROWS ONLY"
    )[0]
    subsidiary = shared.get(f"inventoryItem/{row['id']}")["subsidiary"]
    assert subsidiary["items"][0]["refName"] == "Aldermoor Inc."
    assert subsidiary["totalResults"] == len(subsidiary["items"]) > 1


def test_an_item_is_only_found_under_its_own_type(shared: Client) -> None:
    row = shared.sql("SELECT id FROM item WHERE itemtype = 'Service' FETCH FIRST 1 ROWS ONLY")[0]
    assert shared.record("GET", f"serviceSaleItem/{row['id']}").status_code == 200
    assert error_of(shared.record("GET", f"inventoryItem/{row['id']}"))[:2] == (404, "NONEXISTENT_ID")


def test_a_transaction_asked_for_under_another_type_is_400(shared: Client) -> None:
    row = shared.sql("SELECT id FROM transaction WHERE type = 'CustInvc' FETCH FIRST 1 ROWS ONLY")[0]
    assert shared.record("GET", f"invoice/{row['id']}").status_code == 200
    status, code, detail = error_of(shared.record("GET", f"salesOrder/{row['id']}"))
    assert (status, code) == (400, "USER_ERROR")
    assert detail == "Error while accessing a resource. Transaction type specified is incorrect."


def test_subresources_are_read_by_path(shared: Client) -> None:
    query = "SELECT id FROM transaction WHERE type = 'SalesOrd' AND billingaddress IS NOT NULL FETCH FIRST 1 ROWS ONLY"
    order = shared.sql(query)[0]["id"]
    lines = shared.get(f"salesOrder/{order}/item")
    assert set(lines["items"][0]) == {"links"}
    first = shared.get(f"salesOrder/{order}/item/1")
    assert first["line"] == 1
    assert first == {
        **shared.get(f"salesOrder/{order}/item", expandSubResources="true")["items"][0],
        "links": first["links"],
    }
    assert shared.get(f"salesOrder/{order}/billingAddress")["addrText"]
    assert shared.get(f"salesOrder/{order}/entity")["companyName"]
    assert shared.record("GET", f"salesOrder/{order}/item/999").status_code == 404
    assert shared.record("PATCH", f"salesOrder/{order}/item/1", {"quantity": 1}).status_code == 405


def test_an_address_line_leads_to_its_address(shared: Client) -> None:
    ident = shared.create("customer", {**COMPANY, "addressBook": _book(defaultBilling=True)})
    line = shared.get(f"customer/{ident}/addressBook", expandSubResources="true")["items"][0]
    address = shared.get(f"customer/{ident}/addressBook/{line['id']}/addressBookAddress")
    assert address["addr1"] == "1 Main St"
    assert address["country"] == {"links": [], "id": "US", "refName": "United States"}


# creating


def test_a_new_record_is_204_with_its_address_and_no_body(shared: Client) -> None:
    answer = shared.record("POST", "customer", {**COMPANY, "externalId": "SF-ACC-1"})
    assert answer.status_code == 204
    assert answer.content == b""
    assert answer.headers["Location"].startswith(f"{shared.base_url}/services/rest/record/v1/customer/")
    ident = answer.headers["Location"].rsplit("/", 1)[1]
    assert shared.get("customer/eid:SF-ACC-1")["id"] == ident
    assert shared.sql(f"SELECT externalid, searchstage, isinactive FROM customer WHERE id = {ident}") == [
        {"externalid": "SF-ACC-1", "searchstage": "Customer", "isinactive": "F"}
    ]


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("customer", {"companyName": "X"}, "Primary Subsidiary"),
        ("customer", {"subsidiary": {"id": 1}}, "Company Name"),
        ("customer", {"isPerson": True, "firstName": "A", "subsidiary": {"id": 1}}, "Last Name"),
        ("contact", {"subsidiary": {"id": 1}}, "Contact Name"),
        ("contact", {"entityId": "Ann Lee"}, "Subsidiary"),
        ("inventoryItem", {"itemId": "N-1"}, "Subsidiary"),
        ("inventoryItem", {"subsidiary": {"items": [{"id": "1"}]}}, "Item Name/Number"),
        ("salesOrder", {}, "Customer"),
        ("term", {}, "Name"),
    ],
    ids=str,
)
def test_mandatory_fields_are_named(shared: Client, kind: str, body: dict[str, Any], words: str) -> None:
    status, code, detail = error_of(shared.record("POST", kind, body))
    assert (status, code) == (400, "USER_ERROR")
    assert detail.startswith("Error while accessing a resource. Please enter value(s) for: ")
    assert words in detail


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"currency": {"id": "99"}}, "currency"),
        ({"terms": {"externalId": "none"}}, "terms"),
        ({"creditHoldOverride": {"id": "MAYBE"}}, "creditHoldOverride"),
        ({"creditLimit": "much"}, "creditLimit"),
        ({"isInactive": "yes"}, "isInactive"),
        ({"endDate": "12/31/2026"}, "endDate"),
        ({"subsidiary": {"id": "4"}}, "subsidiary"),
        ({"companyName": "x" * 84}, "companyName"),
        (
            {"addressBook": {"items": [{"addressBookAddress": {"country": {"id": "XX"}}}]}},
            "addressBook.items[0].addressBookAddress.country",
        ),
        (
            {"addressBook": {"items": [{"addressBookAddress": {**HOME, "state": "Washington"}}]}},
            "addressBook.items[0].addressBookAddress.state",
        ),
    ],
    ids=str,
)
def test_bad_values_name_their_place_in_the_body(shared: Client, body: dict[str, Any], path: str) -> None:
    answer = shared.record("POST", "customer", COMPANY | body)
    assert error_of(answer)[:2] == (400, "INVALID_CONTENT"), answer.text
    assert answer.json()["o:errorDetails"][0]["o:errorPath"] == path


@pytest.mark.parametrize(
    "body", [{"email": "not an address"}, {"phone": "12"}, {"phone": "1" * 33}, {"url": "example.com"}], ids=str
)
def test_malformed_mail_phone_and_url_are_refused(shared: Client, body: dict[str, str]) -> None:
    assert error_of(shared.record("POST", "customer", COMPANY | body))[:2] == (400, "USER_ERROR")


def test_misspelt_fields_are_dropped_unless_the_request_is_strict(shared: Client) -> None:
    answer = shared.record("POST", "customer", {**COMPANY, "emial": "a@b.com"})
    assert answer.status_code == 204
    assert "emial" in answer.headers["Warning"]
    strict = shared.record("POST", "customer", {**COMPANY, "emial": "a@b.com"}, headers=STRICT)
    assert error_of(strict)[:2] == (400, "INVALID_CONTENT")
    assert strict.json()["o:errorDetails"][0]["o:errorPath"] == "emial"
    nested = {**COMPANY, "addressBook": {"items": [{"addressBookAddress": {"street": "x"}}]}}
    assert error_of(shared.record("POST", "customer", nested, headers=STRICT))[0] == 400
    assert (
        "Warning"
        not in shared.record(
            "POST", "customer", {**COMPANY, "emial": 1}, headers={"X-NetSuite-PropertyNameValidation": "ignore"}
        ).headers
    )
    wrong = {"X-NetSuite-PropertyNameValidation": "loud"}
    assert error_of(shared.record("POST", "customer", COMPANY, headers=wrong))[1] == "INVALID_HEADER"


def test_field_names_are_read_in_any_case(shared: Client) -> None:
    ident = shared.create(
        "customer", {"companyname": "Lower", "SUBSIDIARY": {"id": 1}, "externalid": "CASE-1"}, headers=STRICT
    )
    assert shared.get(f"customer/{ident}")["companyName"] == "Lower"


def test_customer_ids_are_generated_unless_the_request_names_one(shared: Client) -> None:
    ident = shared.create("customer", {**COMPANY, "entityId": "MINE"})
    assert shared.get(f"customer/{ident}")["entityId"].startswith("CUST")
    named = shared.create("customer", {**COMPANY, "autoName": False, "entityId": "MINE"})
    assert shared.get(f"customer/{named}")["entityId"] == "MINE"
    again = shared.record("POST", "customer", {**COMPANY, "autoName": False, "entityId": "MINE"})
    assert error_of(again) == (400, "USER_ERROR", "Error while accessing a resource. This entity already exists.")


def test_an_items_name_is_taken_once(shared: Client) -> None:
    body = {"itemId": "ONCE", "subsidiary": {"items": [{"id": "1"}]}}
    first = shared.create("inventoryItem", body)
    again = shared.record("POST", "serviceSaleItem", body)
    assert error_of(again) == (400, "USER_ERROR", "Error while accessing a resource. This record already exists")
    assert shared.record("PATCH", f"inventoryItem/{first}", {"itemId": "ONCE"}).status_code == 204


def test_external_ids_are_unique_in_the_family_not_the_type(shared: Client) -> None:
    customer = shared.create("customer", {**COMPANY, "externalId": "SHARED-1"})
    contact = {"entityId": "Ann Lee", "company": {"id": customer}, "externalId": "SHARED-1"}
    assert error_of(shared.record("POST", "contact", contact)) == (
        400, "USER_ERROR", "Error while accessing a resource. This record already exists"
    )  # fmt: skip
    item = {"itemId": "SHARED", "subsidiary": {"items": [{"id": "1"}]}, "externalId": "SHARED-1"}
    shared.create("inventoryItem", item)
    assert error_of(shared.record("GET", "contact/eid:SHARED-1"))[0] == 404


def test_the_code_of_a_duplicate_can_be_switched(account: Callable[..., Client]) -> None:
    client = account(duplicate_code="DUP_RCRD")
    client.create("customer", {**COMPANY, "externalId": "D-1"})
    assert error_of(client.record("POST", "customer", {**COMPANY, "externalId": "D-1"}))[:2] == (400, "DUP_RCRD")


def test_contacts_take_names_and_subsidiary_from_what_is_there(shared: Client) -> None:
    customer = shared.create("customer", COMPANY)
    ident = shared.create("contact", {"entityId": "Ann van Lee", "company": {"id": customer}})
    body = shared.get(f"contact/{ident}")
    assert (body["firstName"], body["lastName"], body["subsidiary"]["id"]) == ("Ann", "van Lee", "1")
    assert (
        error_of(
            shared.record("POST", "contact", {"firstName": "Ann", "lastName": "van Lee", "company": {"id": customer}})
        )[0]
        == 400
    )
    shared.create("contact", {"firstName": "Ann", "lastName": "van Lee", "subsidiary": {"id": 1}})
    assert [
        item["contact"]["id"]
        for item in shared.get(f"customer/{customer}/contactList", expandSubResources="true")["items"]
    ] == [ident]


def test_references_by_external_id_are_resolved(shared: Client) -> None:
    shared.create("customer", {**COMPANY, "externalId": "PARENT-1"})
    child = shared.create("customer", {**COMPANY, "parent": {"externalId": "PARENT-1"}})
    assert shared.get(f"customer/{child}")["parent"]["refName"].endswith("Northwind")


# changing


def test_patch_keeps_what_is_not_sent_and_null_clears(shared: Client) -> None:
    ident = shared.create("customer", {**COMPANY, "email": "a@b.com", "phone": "555 010 1234"})
    answer = shared.record("PATCH", f"customer/{ident}", {"phone": None, "id": "7"})
    assert answer.status_code == 204
    assert answer.headers["Location"].endswith(f"/customer/{ident}")
    body = shared.get(f"customer/{ident}")
    assert body["email"] == "a@b.com"
    assert "phone" not in body


def test_only_named_fields_are_cleared_with_replace_selected_fields(shared: Client) -> None:
    ident = shared.create("customer", {**COMPANY, "email": "a@b.com", "phone": "555 010 1234"})
    path = f"customer/{ident}?replaceSelectedFields=true&replace=phone"
    assert shared.record("PATCH", path, {"phone": None, "email": None}).status_code == 204
    body = shared.get(f"customer/{ident}")
    assert "phone" not in body
    assert body["email"] == "a@b.com"


def test_upsert_creates_then_updates(shared: Client) -> None:
    first = shared.record("PUT", "customer/eid:UP-1", COMPANY)
    second = shared.record("PUT", "customer/eid:UP-1", {"email": "new@b.com"})
    assert first.status_code == second.status_code == 204
    assert first.headers["Location"] == second.headers["Location"]
    body = shared.get("customer/eid:UP-1")
    assert (body["companyName"], body["email"], body["externalId"]) == ("Northwind", "new@b.com", "UP-1")
    assert error_of(shared.record("PUT", "customer/eid:UP-2", {"email": "x@y.com"}))[0] == 400
    assert error_of(shared.record("PUT", f"customer/{body['id']}", COMPANY))[0] == 400
    assert error_of(shared.record("PUT", "customer/eid:A|B", COMPANY))[0] == 400


def test_another_save_in_between_is_told(account: Callable[..., Client]) -> None:
    client = account()
    ident = client.create("customer", COMPANY)
    client.emulator.actions["change_records_underfoot"]({"count": 1})
    status, code, detail = error_of(client.record("PATCH", f"customer/{ident}", {"email": "a@b.com"}))
    assert (status, code) == (400, "RCRD_HAS_BEEN_CHANGED")
    assert "Record has been changed" in detail
    assert client.record("PATCH", f"customer/{ident}", {"email": "a@b.com"}).status_code == 204


def test_of_two_saves_at_once_the_second_is_refused(account: Opener) -> None:
    client = account()
    ident = client.create("customer", COMPANY)
    client.emulator.actions["set_service_seconds"]({"seconds": 0.4})
    with ThreadPoolExecutor(2) as pool:
        saves = [pool.submit(client.record, "PATCH", f"customer/{ident}", {"email": f"{name}@b.com"}) for name in "ab"]
    answers = sorted((save.result() for save in saves), key=lambda answer: answer.status_code)
    assert [answer.status_code for answer in answers] == [204, 400]
    assert error_of(answers[1])[1] == "RCRD_HAS_BEEN_CHANGED"
    assert client.record("PATCH", f"customer/{ident}", {"email": "c@b.com"}).status_code == 204


def test_the_currency_stays_once_there_are_documents(shared: Client) -> None:
    row = shared.sql("SELECT entity FROM transaction WHERE currency = 1 FETCH FIRST 1 ROWS ONLY")[0]
    assert error_of(shared.record("PATCH", f"customer/{row['entity']}", {"currency": {"id": "4"}}))[1] == "USER_ERROR"
    fresh = shared.create("customer", COMPANY)
    assert shared.record("PATCH", f"customer/{fresh}", {"currency": {"id": "3"}}).status_code == 204


def test_every_change_leaves_a_note_and_a_stamp(shared: Client) -> None:
    ident = shared.create("customer", {**COMPANY, "email": "old@b.com"})
    shared.record("PATCH", f"customer/{ident}", {"email": "new@b.com"})
    notes = shared.sql(
        f"SELECT field, oldvalue, newvalue, context FROM systemnote WHERE recordid = {ident} AND field = 'email'"
    )
    assert notes == [{"field": "email", "oldvalue": "old@b.com", "newvalue": "new@b.com", "context": "RST"}]


# sublists


def test_addresses_without_key_pile_up_and_with_key_are_changed(shared: Client) -> None:
    ident = shared.create("customer", {**COMPANY, "addressBook": _book(defaultBilling=True, defaultShipping=True)})
    shared.record("PATCH", f"customer/{ident}", {"addressBook": _book(defaultBilling=True)})
    lines = shared.get(f"customer/{ident}/addressBook", expandSubResources="true")["items"]
    assert [line["defaultBilling"] for line in lines] == [False, True]
    key = lines[0]["id"]
    change = {"addressBook": {"items": [{"id": key, "addressBookAddress": {"city": "Tacoma"}}]}}
    assert shared.record("PATCH", f"customer/{ident}", change).status_code == 204
    lines = shared.get(f"customer/{ident}/addressBook", expandSubResources="true")["items"]
    assert [line["addressBookAddress"]["city"] for line in lines] == ["Tacoma", "Seattle"]
    assert lines[0]["addressBookAddress"]["addr1"] == "1 Main St"
    row = shared.sql(
        "SELECT a.city FROM customer c JOIN entityaddress a ON a.nkey = c.defaultshippingaddress WHERE c.id = " + ident
    )
    assert row == [{"city": "Tacoma"}]


def test_replace_drops_the_lines_that_are_not_mentioned(shared: Client) -> None:
    ident = shared.create(
        "customer", {**COMPANY, "addressBook": {"items": [{"addressBookAddress": HOME}, {"addressBookAddress": HOME}]}}
    )
    first = shared.get(f"customer/{ident}/addressBook", expandSubResources="true")["items"][0]["id"]
    change = {"addressBook": {"items": [{"internalId": first}, {"addressBookAddress": {**HOME, "city": "Spokane"}}]}}
    assert shared.record("PATCH", f"customer/{ident}?replace=addressBook", change).status_code == 204
    lines = shared.get(f"customer/{ident}/addressBook", expandSubResources="true")["items"]
    assert [line["addressBookAddress"]["city"] for line in lines] == ["Seattle", "Spokane"]
    assert lines[0]["id"] == first
    assert shared.record("PATCH", f"customer/{ident}", {"addressBook": {"items": None}}).status_code == 204
    assert shared.get(f"customer/{ident}/addressBook")["totalResults"] == 0


def test_item_prices_of_a_customer_are_keyed_by_item(shared: Client) -> None:
    item = shared.sql("SELECT id FROM item WHERE itemtype = 'InvtPart' FETCH FIRST 1 ROWS ONLY")[0]["id"]
    line = {"item": {"id": item}, "level": {"id": "-1"}, "price": 9.5}
    ident = shared.create("customer", {**COMPANY, "itemPricing": {"items": [line]}})
    shared.record("PATCH", f"customer/{ident}", {"itemPricing": {"items": [{**line, "price": 8.25}]}})
    assert shared.sql(f"SELECT item, price, level FROM customeritempricing WHERE customer = {ident}") == [
        {"item": item, "price": "8.25", "level": "-1"}
    ]


def test_price_brackets_are_keyed_by_level_currency_and_quantity(shared: Client) -> None:
    body = {"itemId": "PRICED", "subsidiary": {"items": [{"id": "1"}]}, "price": {"items": [
        {"currencyPage": {"id": "1"}, "priceLevel": {"id": "1"}, "quantity": {"value": "0"}, "price": 10}]}}  # fmt: skip
    ident = shared.create("nonInventorySaleItem", body)
    changes = {"price": {"items": [
        {"currencyPage": {"id": "1"}, "priceLevel": {"id": "1"}, "quantity": {"value": "0"}, "price": 11},
        {"currencyPage": {"id": "1"}, "priceLevel": {"id": "1"}, "quantity": {"value": "50"}, "price": 9}]}}  # fmt: skip
    assert shared.record("PATCH", f"nonInventorySaleItem/{ident}", changes).status_code == 204
    lines = shared.get(f"nonInventorySaleItem/{ident}/price", expandSubResources="true")["items"]
    lines = [line for line in lines if line["priceLevel"]["id"] == "1"]
    assert [(line["quantity"], line["price"], line["priceLevelName"]) for line in lines] == [
        ({"value": "0"}, 11, "Base Price"), ({"value": "50"}, 9, "Base Price")
    ]  # fmt: skip
    assert lines[1]["links"][0]["href"].endswith("/price/quantity=50,currencyPage=1,priceLevel=1")
    assert error_of(shared.record("POST", "nonInventorySaleItem", body))[0] == 400


# deleting


def test_deletion_goes_into_the_feed(shared: Client) -> None:
    ident = shared.create("customer", {**COMPANY, "externalId": "GONE-1"})
    assert shared.record("DELETE", f"customer/{ident}").status_code == 204
    assert shared.record("GET", f"customer/{ident}").status_code == 404
    row = shared.sql(
        f"SELECT recordid, scriptid, TO_CHAR(deleteddate, 'YYYY') AS y FROM deletedrecord WHERE recordid = {ident}"
    )
    assert [one["scriptid"] for one in row] == ["customer"]
    shared.create("customer", {**COMPANY, "externalId": "GONE-1"})


def test_records_with_dependants_stay(shared: Client) -> None:
    row = shared.sql("SELECT entity FROM transaction FETCH FIRST 1 ROWS ONLY")[0]
    status, code, detail = error_of(shared.record("DELETE", f"customer/{row['entity']}"))
    assert (status, code) == (400, "USER_ERROR")
    assert detail.endswith("This record cannot be deleted because it has dependent records")


# who may


def test_looking_at_a_record_needs_the_permission_to_edit_it(shared: Client) -> None:
    viewer = shared.acting_as(shared.emulator.access(shared.base_url)["viewer"])
    ident = viewer.get("customer", limit=1)["items"][0]["id"]
    assert error_of(viewer.record("GET", f"customer/{ident}"))[:2] == (403, "INSUFFICIENT_PERMISSION")
    assert error_of(viewer.record("POST", "customer", COMPANY))[:2] == (403, "INSUFFICIENT_PERMISSION")
    assert viewer.sql("SELECT id FROM customer FETCH FIRST 1 ROWS ONLY")


def test_a_locked_record_cannot_even_be_read(account: Callable[..., Client]) -> None:
    client = account()
    ident = client.create("customer", COMPANY)
    client.emulator.actions["lock_record"]({"type": "customer", "id": ident})
    assert error_of(client.record("GET", f"customer/{ident}"))[:2] == (400, "USER_ERROR")
    client.emulator.actions["unlock_record"]({"type": "customer", "id": ident})
    assert client.record("GET", f"customer/{ident}").status_code == 200


def test_a_role_limited_to_subsidiaries_does_not_see_the_others(account: Callable[..., Client]) -> None:
    client = account()
    german = client.acting_as(client.emulator.actions["add_role"]({"id": 1200, "subsidiaries": [2]}))
    mine = {row["id"] for row in client.sql("SELECT id FROM customer WHERE subsidiary = 2")}
    assert {row["id"] for row in german.sql("SELECT id FROM customer")} == mine
    assert {item["id"] for item in german.get("customer")["items"]} == mine
    other = client.sql("SELECT id FROM customer WHERE subsidiary = 1 FETCH FIRST 1 ROWS ONLY")[0]["id"]
    assert error_of(german.record("GET", f"customer/{other}"))[:2] == (404, "NONEXISTENT_ID")
    assert {row["subsidiary"] for row in german.sql("SELECT subsidiary FROM transactionline")} == {"2"}


def test_a_table_without_permission_looks_missing(account: Callable[..., Client]) -> None:
    client = account()
    token = client.emulator.actions["add_role"](
        {"id": 1201, "permissions": {"Deleted Records": "None", "Sales Order": "None"}}
    )
    limited = client.acting_as(token)
    assert "Record 'deletedrecord' was not found" in error_of(limited.ask("SELECT recordid FROM deletedrecord"))[2]
    assert {row["type"] for row in limited.sql("SELECT DISTINCT type FROM transaction")} == {
        "CustInvc",
        "CustPymt",
        "ItemShip",
    }
    assert error_of(limited.record("GET", "salesOrder"))[:2] == (403, "INSUFFICIENT_PERMISSION")


def test_a_company_without_subsidiaries_has_no_such_field(account: Callable[..., Client]) -> None:
    client = account(one_world=False)
    assert client.record("POST", "customer", {"companyName": "Solo"}, headers=STRICT).status_code == 204
    assert error_of(client.record("POST", "customer", COMPANY, headers=STRICT))[:2] == (400, "INVALID_CONTENT")
    assert "Field 'subsidiary'" in error_of(client.ask("SELECT subsidiary FROM customer"))[2]
    assert "Record 'subsidiary'" in error_of(client.ask("SELECT id FROM subsidiary"))[2]
    assert client.record("GET", "subsidiary").status_code == 404


def test_custom_fields_appear_everywhere_and_leave_again(account: Callable[..., Client]) -> None:
    client = account()
    client.emulator.actions["add_custom_field"]({"id": "custentity_region", "label": "Region"})
    ident = client.create("customer", {**COMPANY, "custentity_region": "West"}, headers=STRICT)
    assert client.get(f"customer/{ident}")["custentity_region"] == "West"
    assert client.sql(f"SELECT custentity_region AS r FROM customer WHERE id = {ident}") == [{"r": "West"}]
    schema = client.record("GET", "metadata-catalog/customer", headers={"Accept": "application/schema+json"}).json()
    assert schema["properties"]["custentity_region"]["x-ns-custom-field"] is True
    client.emulator.actions["drop_custom_field"]({"id": "custentity_region"})
    assert "custentity_region" in error_of(client.ask("SELECT custentity_region FROM customer"))[2]


def test_lists_that_only_the_account_keeps_refuse_writing(shared: Client) -> None:
    for method, path in (("POST", "accountingPeriod"), ("PATCH", "customerStatus/13"), ("DELETE", "customerStatus/13")):
        assert error_of(shared.record(method, path, {"name": "x"}))[:2] == (405, "METHOD_NOT_ALLOWED")
    assert error_of(shared.record("PUT", "customer"))[0] == 400
    assert error_of(shared.record("POST", "customer/1"))[0] == 405


def test_a_company_without_subsidiaries_can_trade(account: Opener) -> None:
    client = account(one_world=False)
    prices = {
        "items": [{"currencyPage": {"id": "1"}, "priceLevel": {"id": "1"}, "quantity": {"value": "0"}, "price": 4}]
    }
    item = client.create("serviceSaleItem", {"itemId": "HOUR", "price": prices})
    buyer = client.create("customer", {"companyName": "Solo", "taxable": False})
    order = client.create(
        "salesOrder", {"entity": {"id": buyer}, "item": {"items": [{"item": {"id": item}, "quantity": 3}]}}
    )
    body = client.get(f"salesOrder/{order}")
    assert body["total"] == 12
    assert "subsidiary" not in body
