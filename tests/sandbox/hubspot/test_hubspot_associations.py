"""HubSpot §16: direction, labels, primaries, batches, both generations."""

from __future__ import annotations

import csv
from importlib.resources import files
from typing import Any

import pytest
from hubspot_account import OBJECTS, Client, Opener, to

# (from, to, there, back) as the reference's table has them (§16).
PAIRS = [
    ("contact", "company", 279, 280), ("contact", "company", 1, 2), ("contact", "company", 931, 930), ("deal", "contact", 3, 4),
    ("deal", "company", 341, 342), ("deal", "company", 5, 6), ("deal", "line_item", 19, 20), ("deal", "quote", 63, 64),
    ("deal", "order", 511, 512), ("deal", "invoice", 176, 175), ("deal", "deal", 451, 451), ("company", "company", 13, 14),
    ("company", "company", 450, 450), ("quote", "line_item", 67, 68), ("quote", "contact", 69, 70), ("quote", "company", 71, 72),
    ("quote", "contact", 702, 703), ("quote", "order", 731, 730), ("quote", "invoice", 408, 407), ("order", "contact", 507, 508),
    ("order", "company", 934, 935), ("order", "company", 509, 510), ("order", "line_item", 513, 514), ("order", "invoice", 518, 517),
    ("order", "payment", 523, 524), ("invoice", "contact", 177, 178), ("invoice", "company", 179, 180), ("invoice", "line_item", 409, 410),
    ("invoice", "payment", 541, 542), ("note", "company", 190, 189), ("note", "contact", 202, 201), ("note", "deal", 214, 213),
    ("task", "company", 192, 191), ("task", "contact", 204, 203), ("task", "deal", 216, 215), ("ticket", "contact", 16, 15),
    ("ticket", "company", 339, 340), ("ticket", "deal", 28, 27),
]  # fmt: skip


def spec(number: int, category: str = "HUBSPOT_DEFINED") -> dict[str, Any]:
    return {"associationCategory": category, "associationTypeId": number}


def types(hub: Client, kind: str, ident: str, far: str) -> dict[int, set[int]]:
    found = hub.good("GET", f"/crm/v4/objects/{kind}/{ident}/associations/{far}")["results"]
    return {one["toObjectId"]: {kind["typeId"] for kind in one["associationTypes"]} for one in found}


@pytest.mark.parametrize(("first", "second", "there", "back"), PAIRS)
def test_type_ids_have_a_direction(hub: Client, first: str, second: str, there: int, back: int) -> None:  # §0.15
    shown = {one["typeId"] for one in hub.good("GET", f"/crm/v4/associations/{first}/{second}/labels")["results"]}
    assert there in shown
    assert back in {
        one["typeId"] for one in hub.good("GET", f"/crm/v4/associations/{second}/{first}/labels")["results"]
    }
    known = csv.DictReader(
        files("crosswalk_sandbox.hubspot.links").joinpath("association_types.csv").read_text().splitlines()
    )
    assert next(row["inverse"] for row in known if row["id"] == str(there)) == str(back)


def test_the_default_association_is_told_both_ways(hub: Client) -> None:
    deal, contact = (
        hub.create("deals", dealname="x", dealstage="contractsent"),
        hub.create("contacts", email="default@assoc.example"),
    )
    answer = hub.call("PUT", f"/crm/v4/objects/deals/{deal}/associations/default/contacts/{contact}")
    assert answer.status_code == 200
    body = answer.json()
    assert body["status"] == "COMPLETE"
    assert [
        (one["from"]["id"], one["to"]["id"], one["associationSpec"]["associationTypeId"]) for one in body["results"]
    ] == [(deal, contact, 3), (contact, deal, 4)]


def test_a_labelled_put_replaces_the_labels(hub: Client) -> None:  # §0.17
    contact, company = hub.create("contacts", email="label@assoc.example"), hub.create("companies", name="x")
    made = hub.good(
        "POST",
        "/crm/v4/associations/contacts/companies/labels",
        {"name": "buyer", "label": "Buyer", "inverseLabel": "Bought by"},
    )
    there, back = (one["typeId"] for one in made["results"])
    path = f"/crm/v4/objects/contacts/{contact}/associations/companies/{company}"
    answer = hub.call("PUT", path, [spec(there, "USER_DEFINED"), spec(931)])
    assert answer.status_code == 201
    assert answer.json() == {
        "fromObjectTypeId": "0-1",
        "fromObjectId": int(contact),
        "toObjectTypeId": "0-2",
        "toObjectId": int(company),
        "labels": answer.json()["labels"],
    }
    assert {"Buyer", "Billing"} <= set(answer.json()["labels"])
    assert types(hub, "contacts", contact, "companies") == {int(company): {279, 1, 931, there}}, (
        "the first company is primary"
    )
    assert types(hub, "companies", company, "contacts") == {int(contact): {280, 2, 930, back}}
    hub.call("PUT", path, [spec(931)])
    assert types(hub, "contacts", contact, "companies") == {int(company): {279, 1, 931}}
    hub.call(
        "POST",
        "/crm/v4/associations/contacts/companies/batch/labels/archive",
        {"inputs": [{"from": {"id": contact}, "to": {"id": company}, "types": [spec(931)]}]},
    )
    assert types(hub, "contacts", contact, "companies") == {int(company): {279, 1}}
    hub.call(
        "POST",
        "/crm/v4/associations/contacts/companies/batch/labels/archive",
        {"inputs": [{"from": {"id": contact}, "to": {"id": company}, "types": [spec(279)]}]},
    )
    assert types(hub, "contacts", contact, "companies") == {}, "without the unlabelled one nothing is left"


def test_a_new_primary_demotes_the_old(hub: Client) -> None:
    deal = hub.create("deals", dealname="x", dealstage="contractsent")
    one, two = (hub.create("companies", name=name) for name in "xy")
    for company in (one, two):
        hub.call("PUT", f"/crm/v4/objects/companies/{company}/associations/default/deals/{deal}")
    assert types(hub, "deals", deal, "companies") == {int(one): {341, 5}, int(two): {341}}
    hub.call("PUT", f"/crm/v4/objects/deals/{deal}/associations/companies/{two}", [spec(5)])
    assert types(hub, "deals", deal, "companies") == {int(one): {341}, int(two): {341, 5}}


def test_wrong_directions_and_bad_ends_are_refused(hub: Client) -> None:
    meeting, contact = (
        hub.create("meetings", hs_timestamp="2026-01-01"),
        hub.create("contacts", email="wrong@assoc.example"),
    )
    path = f"/crm/v4/objects/meetings/{meeting}/associations/contacts/{contact}"
    status, body = hub.refused("PUT", path, [spec(199)])
    assert (status, body["message"]) == (
        400,
        "invalid from object type 0-47 for associations to be created. expected: 0-1",
    )
    status, body = hub.refused("PUT", path, spec(200))
    assert (status, "HashSet" in body["message"], "category" in body) == (400, True, False)
    status, body = hub.refused(
        "PUT", f"/crm/v4/objects/meetings/{meeting}/associations/contacts/838442890479", [spec(200)]
    )
    assert (status, body["message"]) == (400, "One or more associations are invalid")
    assert body["context"] == {"INVALID_OBJECT_IDS": ["CONTACT=838442890479 is not valid"]}
    product = hub.create("products", name="x")
    assert hub.refused("PUT", f"/crm/v4/objects/products/{product}/associations/default/contacts/{contact}")[0] == 400
    assert "association in wrong direction" in {one["kind"] for one in hub.action("misuse")}


def test_reading_many_tells_those_without_as_errors(hub: Client) -> None:
    company = hub.create("companies", name="x")
    contact, lonely = (hub.create("contacts", email=f"{name}@many.example") for name in "xy")
    hub.call("PUT", f"/crm/v4/objects/contacts/{contact}/associations/default/companies/{company}")
    answer = hub.call(
        "POST", "/crm/v4/associations/contacts/companies/batch/read", {"inputs": [{"id": contact}, {"id": lonely}]}
    )
    assert answer.status_code == 207
    body = answer.json()
    assert [one["from"]["id"] for one in body["results"]] == [contact]
    assert body["results"][0]["to"][0]["toObjectId"] == int(company)
    [error] = body["errors"]
    assert (error["category"], error["subCategory"]) == ("OBJECT_NOT_FOUND", "crm.associations.NO_ASSOCIATIONS_FOUND")
    assert error["message"] == f"No company is associated with contact {lonely}."


def test_long_lists_are_paged_by_record(hub: Client) -> None:  # research 1.5
    company = hub.create("companies", name="Many")
    store = hub.emulator.records.store
    rows = [(85_000_000_000 + one, "0-1", 0, 1, 1, None, "{}") for one in range(620)]
    with store.write() as connection:
        connection.executemany("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        connection.executemany(
            "INSERT INTO association VALUES (?, '0-1', ?, 280, 0)", [(int(company), row[0]) for row in rows]
        )
    first = hub.good("POST", "/crm/v4/associations/companies/contacts/batch/read", {"inputs": [{"id": company}]})[
        "results"
    ][0]
    after = first["paging"]["next"]["after"]
    rest = hub.good(
        "POST", "/crm/v4/associations/companies/contacts/batch/read", {"inputs": [{"id": company, "after": after}]}
    )["results"][0]
    assert (len(first["to"]), len(rest["to"]), "paging" in rest) == (500, 120, False)
    page = hub.good("GET", f"/crm/v4/objects/companies/{company}/associations/contacts?limit=100")
    assert page["paging"]["next"]["link"].startswith(hub.url)
    old = hub.good("POST", "/crm/v3/associations/companies/contacts/batch/read", {"inputs": [{"id": company}]})[
        "results"
    ][0]
    assert (len(old["to"]), "paging" in old) == (620, False)
    assert hub.refused("GET", f"/crm/v4/objects/companies/{company}/associations/contacts?limit=501")[0] == 400


def test_batches_of_associations(hub: Client) -> None:
    company = hub.create("companies", name="x")
    one, two = (hub.create("contacts", email=f"{name}@batch-assoc.example") for name in "xy")
    base = "/crm/v4/associations/contacts/companies/batch"
    inputs = [{"from": {"id": ident}, "to": {"id": company}, "types": [spec(279)]} for ident in (one, two, "999")]
    answer = hub.call("POST", f"{base}/create", {"inputs": inputs})
    assert (answer.status_code, len(answer.json()["results"]), answer.json()["numErrors"]) == (207, 2, 1)
    assert hub.call("POST", f"{base}/create", {"inputs": inputs[:2]}).status_code == 201
    plain = {"inputs": [{"from": {"id": one}, "to": {"id": company}}]}
    assert hub.call("POST", f"{base}/associate/default", plain).status_code == 200
    gone = {"inputs": [{"from": {"id": one}, "to": [{"id": company}]}]}
    assert hub.call("POST", f"{base}/archive", gone).status_code == 204
    dated = hub.call("POST", "/crm/associations/2026-03/contacts/companies/batch/archive", gone)
    assert (dated.status_code, dated.json()["status"]) == (200, "COMPLETE"), "dated versions answer with a body (§1)"
    assert set(types(hub, "companies", company, "contacts")) == {int(two)}


def test_version_3_speaks_in_names(hub: Client) -> None:
    deal, line = hub.create("deals", dealname="x", dealstage="contractsent"), hub.create("line_items", name="x")
    base = "/crm/v3/associations/deals/line_items"
    assert hub.good("GET", f"{base}/types")["results"] == [{"id": "19", "name": "deal_to_line_item"}]
    one = {"inputs": [{"from": {"id": deal}, "to": {"id": line}, "type": "deal_to_line_item"}]}
    assert hub.call("POST", f"{base}/batch/create", one).status_code == 201
    assert hub.good("POST", f"{base}/batch/read", {"inputs": [{"id": deal}]})["results"][0]["to"] == [
        {"id": line, "type": "deal_to_line_item"}
    ]
    assert hub.call("POST", f"{base}/batch/archive", one).status_code == 204
    contact = hub.create("contacts", email="v3@assoc.example")
    shown = hub.good("PUT", f"{OBJECTS}/deals/{deal}/associations/contacts/{contact}/3")
    assert shown["associations"]["contacts"]["results"] == [{"id": contact, "type": "deal_to_contact"}]
    assert (
        hub.call("DELETE", f"{OBJECTS}/deals/{deal}/associations/contacts/{contact}/deal_to_contact").status_code == 204
    )
    assert hub.good("GET", f"{OBJECTS}/deals/{deal}/associations/contacts") == {"results": []}


def test_labels_are_the_accounts_own(hub: Client) -> None:
    base = "/crm/v4/associations/companies/deals/labels"
    unlabelled = [one for one in hub.good("GET", base)["results"] if one["label"] is None]
    assert [one["typeId"] for one in unlabelled] == [342]
    made = hub.good("POST", base, {"name": "partner", "label": "Partner"})["results"]
    assert [one["category"] for one in made] == ["USER_DEFINED"] * 2
    number = made[0]["typeId"]
    assert hub.refused("POST", base, {"name": "partner2", "label": "Partner"})[0] == 400
    assert hub.call("PUT", base, {"associationTypeId": number, "label": "Reseller"}).status_code == 204
    assert "Reseller" in {one["label"] for one in hub.good("GET", base)["results"]}
    assert hub.call("DELETE", f"{base}/{number}").status_code == 204
    assert number not in {one["typeId"] for one in hub.good("GET", base)["results"]}
    assert hub.refused("DELETE", f"{base}/342")[0] == 400
    for place in range(10):
        hub.good("POST", base, {"name": f"n{place}", "label": f"L{place}"})
    assert hub.refused("POST", base, {"name": "n11", "label": "L11"})[0] == 400, "ten labels a pair of types"


def test_cardinality_limits_hold(hub: Client) -> None:
    base = "/crm/v4/associations/definitions/configurations/tickets/contacts"
    limit = {"inputs": [{"typeId": 16, "category": "HUBSPOT_DEFINED", "maxToObjectIds": 1}]}
    assert hub.call("POST", f"{base}/batch/create", limit).status_code == 201
    assert hub.good("GET", base)["results"][0]["userEnforcedMaxToObjectIds"] == 1
    ticket = hub.create("tickets", subject="x", hs_pipeline_stage="1")
    one, two = (hub.create("contacts", email=f"{name}@limit.example") for name in "xy")
    assert hub.call("PUT", f"/crm/v4/objects/tickets/{ticket}/associations/default/contacts/{one}").status_code == 200
    assert hub.call("PUT", f"/crm/v4/objects/tickets/{ticket}/associations/default/contacts/{two}").status_code == 400
    assert hub.call("POST", f"{base}/batch/purge", limit).status_code == 204
    assert hub.good("GET", "/crm/v4/associations/definitions/configurations/all")["results"] == []


def test_ids_are_numbers_or_text_as_switched(account: Opener) -> None:
    hub = account(association_ids="text")
    company = hub.create("companies", name="x")
    deal = hub.create("deals", [to(company, 341)], dealname="x", dealstage="contractsent")
    assert (
        hub.good("GET", f"/crm/v4/objects/deals/{deal}/associations/companies")["results"][0]["toObjectId"] == company
    )


@pytest.mark.parametrize("moves", [False, True])
def test_whether_associations_move_the_stamp_is_switched(account: Opener, moves: bool) -> None:  # §7
    hub = account(associations_move_modified=moves)
    company, deal = hub.create("companies", name="x"), hub.create("deals", dealname="x", dealstage="contractsent")
    before = hub.read("deals", deal)["updatedAt"]
    hub.clock.advance(5)
    hub.call("PUT", f"/crm/v4/objects/deals/{deal}/associations/default/companies/{company}")
    assert (hub.read("deals", deal)["updatedAt"] != before) == moves
