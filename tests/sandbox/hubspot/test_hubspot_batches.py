"""HubSpot §9: batches of a hundred, all or nothing, 207 with an error a row."""

from __future__ import annotations

import pytest
from hubspot_account import OBJECTS, Client, Opener, to

DEALS = f"{OBJECTS}/deals/batch"
COMPANIES = f"{OBJECTS}/companies/batch"


def company(name: str, **more: str) -> dict[str, dict[str, str]]:
    return {"properties": {"name": name, **more}}


@pytest.mark.parametrize("verb", ["create", "read", "update", "upsert", "archive"])
def test_a_hundred_is_the_most(hub: Client, verb: str) -> None:
    status, body = hub.refused("POST", f"{COMPANIES}/{verb}", {"inputs": [{"id": "1", "properties": {}}] * 101})
    assert (status, body["category"]) == (400, "VALIDATION_ERROR")


def test_a_create_is_all_or_nothing(hub: Client) -> None:
    before = hub.search("companies")["total"]
    status, body = hub.refused("POST", f"{COMPANIES}/create", {"inputs": [company("A"), company("B", nope="1")]})
    assert (status, body["errors"][0]["code"]) == (400, "PROPERTY_DOESNT_EXIST")
    hub.create("contacts", email="first@batch.example")
    contacts = {
        "inputs": [
            {"properties": {"email": one}}
            for one in ("new@batch.example", "first@batch.example", "FIRST@batch.example")
        ]
    }
    status, body = hub.refused("POST", f"{OBJECTS}/contacts/batch/create", contacts)
    assert (status, body["category"]) == (409, "CONFLICT"), "only the first conflict is told, with its own status (§17)"
    assert hub.search("companies")["total"] == before
    assert hub.call("GET", f"{OBJECTS}/contacts/new@batch.example?idProperty=email").status_code == 404


def test_a_create_answers_in_another_order(hub: Client) -> None:
    answer = hub.call("POST", f"{COMPANIES}/create", {"inputs": [company(f"Order {number}") for number in range(3)]})
    assert answer.status_code == 201
    body = answer.json()
    assert {"status", "results", "startedAt", "completedAt"} <= set(body)
    assert body["status"] == "COMPLETE"
    assert (
        sorted(names := [one["properties"]["name"] for one in body["results"]])
        == ["Order 0", "Order 1", "Order 2"]
        != names
    )


def test_trace_ids_make_a_create_partial(hub: Client) -> None:
    inputs = [
        {**company("Traced"), "objectWriteTraceId": "row-1"},
        {**company("Bad", nope="1"), "objectWriteTraceId": "row-2"},
    ]
    answer = hub.call("POST", f"{COMPANIES}/create", {"inputs": inputs})
    assert answer.status_code == 207
    body = answer.json()
    assert (body["results"][0]["objectWriteTraceId"], body["numErrors"]) == ("row-1", 1)
    [error] = body["errors"]
    assert (error["status"], error["category"], error["context"]) == (
        "error",
        "VALIDATION_ERROR",
        {"objectWriteTraceId": ["row-2"]},
    )
    twice = [{**one, "objectWriteTraceId": "same"} for one in inputs]
    assert hub.call("POST", f"{COMPANIES}/create", {"inputs": twice}).status_code == 400, "every input needs its own"


def test_a_create_makes_associations(hub: Client) -> None:
    known = hub.create("companies", name="Target")
    inputs = [{"properties": {"dealname": "x", "dealstage": "contractsent"}, "associations": [to(known, 341)]}]
    [made] = hub.good("POST", f"{DEALS}/create", {"inputs": inputs})["results"]
    assert hub.good("GET", f"/crm/v4/objects/deals/{made['id']}/associations/companies")["results"][0][
        "toObjectId"
    ] == int(known)


def test_a_read_tells_what_is_missing_in_one_error(hub: Client) -> None:
    ident = hub.create("companies", name="Read", erp_key="batch:read")
    answer = hub.call(
        "POST",
        f"{COMPANIES}/read",
        {"inputs": [{"id": ident}, {"id": ident}, {"id": "999"}, {"id": "998"}], "properties": ["name"]},
    )
    assert answer.status_code == 207
    body = answer.json()
    assert [one["id"] for one in body["results"]] == [ident], "an id twice is one result"
    assert body["errors"][0]["category"] == "OBJECT_NOT_FOUND"
    assert body["errors"][0]["context"] == {"ids": ["999", "998"]}
    assert (
        body["errors"][0]["message"]
        == "Could not get some COMPANY objects, they may be deleted or not exist. Check that ids are valid."
    )
    assert body["numErrors"] == 1
    by_key = {
        "inputs": [{"id": "batch:read"}],
        "idProperty": "erp_key",
        "properties": [],
        "propertiesWithHistory": ["name"],
    }
    [found] = hub.good("POST", f"{COMPANIES}/read", by_key)["results"]
    assert found["propertiesWithHistory"]["name"][0]["value"] == "Read"
    assert hub.refused("POST", f"{COMPANIES}/read", {**by_key, "idProperty": "name"})[0] == 400


def test_an_update_is_partial_by_id(hub: Client) -> None:
    one, two = (hub.create("companies", name=f"Update {number}") for number in range(2))
    inputs = [
        {"id": one, "properties": {"city": "A"}},
        {"id": "999", "properties": {"city": "B"}},
        {"id": two, "properties": {"city": "C"}},
    ]
    answer = hub.call("POST", f"{COMPANIES}/update", {"inputs": inputs})
    assert answer.status_code == 207
    assert {found["id"] for found in answer.json()["results"]} == {one, two}
    assert answer.json()["errors"][0]["context"] == {"ids": ["999"]}
    for call, item in (("update", {}), ("update", {"id": None}), ("upsert", {"idProperty": "erp_key"})):
        nameless = {"inputs": [{**item, "properties": {"city": "X"}}]}
        assert hub.refused("POST", f"{COMPANIES}/{call}", nameless)[1]["category"] == "VALIDATION_ERROR"
    bad = {"inputs": [{"id": one, "properties": {"city": "X"}}, {"id": two, "properties": {"nope": "C"}}]}
    assert hub.refused("POST", f"{COMPANIES}/update", bad)[0] == 400
    assert hub.value("companies", one, "city") == "A", "a faulty value undoes the whole batch"


def test_an_upsert_creates_or_changes_by_a_unique_property(hub: Client) -> None:
    hub.create("companies", name="There", erp_key="up:1")
    inputs = [{"id": key, "idProperty": "erp_key", "properties": {"name": f"N {key}"}} for key in ("up:1", "up:2")]
    first = hub.good("POST", f"{COMPANIES}/upsert", {"inputs": inputs})
    assert {one["properties"]["name"]: one["new"] for one in first["results"]} == {"N up:1": False, "N up:2": True}
    again = hub.good("POST", f"{COMPANIES}/upsert", {"inputs": inputs})
    assert {one["id"] for one in again["results"]} == {one["id"] for one in first["results"]}
    assert not any(one["new"] for one in again["results"])


def test_an_upsert_refuses_what_is_not_unique_and_doubles(hub: Client) -> None:
    by_name = {"inputs": [{"id": "x", "idProperty": "firstname", "properties": {"lastname": "x"}}]}
    status, body = hub.refused("POST", f"{OBJECTS}/contacts/batch/upsert", by_name)
    assert (status, body["message"].startswith("Unable to perform update/upsert by non-unique 0-1 property")) == (
        400,
        True,
    )
    twice = {
        "inputs": [
            {"id": key, "idProperty": "email", "properties": {"email": key}} for key in ("a@up.example", "A@up.example")
        ]
    }
    assert hub.refused("POST", f"{OBJECTS}/contacts/batch/upsert", twice)[0] == 400
    assert hub.call("GET", f"{OBJECTS}/contacts/a@up.example?idProperty=email").status_code == 404


def test_an_archive_never_fails(hub: Client) -> None:
    ident = hub.create("companies", name="Bin")
    for _ in range(2):
        assert hub.call("POST", f"{COMPANIES}/archive", {"inputs": [{"id": ident}, {"id": "999"}]}).status_code == 204
    assert hub.call("GET", f"{OBJECTS}/companies/{ident}").status_code == 404


@pytest.mark.parametrize(("switch", "status"), [("207", 207), ("200", 200)])
def test_2026_09_may_keep_its_status(account: Opener, switch: str, status: int) -> None:  # §1
    answer = account(partial_2026_09=switch).call(
        "POST", "/crm/objects/2026-09/deals/batch/read", {"inputs": [{"id": "999"}], "properties": []}
    )
    assert (answer.status_code, answer.json()["numErrors"]) == (status, 1)


def test_updates_and_upserts_with_trace_ids_are_partial(hub: Client) -> None:
    one, two = (hub.create("companies", name="Traced", erp_key=f"trace:{number}") for number in range(2))
    taken = {"properties": {"erp_key": "trace:1"}}
    inputs = [{"id": one, **taken}, {"id": two, "properties": {"city": "Ulm"}}, {"id": "999", "properties": {}}]
    traced = [{**item, "objectWriteTraceId": f"row-{place}"} for place, item in enumerate(inputs)]
    answer = hub.call("POST", f"{COMPANIES}/update", {"inputs": traced})
    body = answer.json()
    assert (answer.status_code, [row["objectWriteTraceId"] for row in body["results"]]) == (207, ["row-1"])
    [refused] = [error for error in body["errors"] if error["category"] == "VALIDATION_ERROR"]
    assert refused["context"]["objectWriteTraceId"] == ["row-0"]
    assert refused["message"].endswith(f"{two} already has that value")
    assert {"ids": ["999"]} in [error["context"] for error in body["errors"]]
    upserts = [
        {"id": key, "idProperty": "erp_key", "properties": values, "objectWriteTraceId": key}
        for key, values in (("trace:0", {"numberofemployees": "many"}), ("trace:new", {"name": "N"}))
    ]
    answer = hub.call("POST", f"{COMPANIES}/upsert", {"inputs": upserts})
    [made], [failed] = answer.json()["results"], answer.json()["errors"]
    assert (answer.status_code, made["new"], made["objectWriteTraceId"]) == (207, True, "trace:new")
    assert failed["context"] == {"objectWriteTraceId": ["trace:0"]}


def test_an_update_finds_records_by_a_unique_property(hub: Client) -> None:
    ident = hub.create("companies", name="Keyed", erp_key="update:1")
    inputs = [{"id": "update:1", "idProperty": "erp_key", "properties": {"city": "Ulm"}}]
    assert [row["id"] for row in hub.good("POST", f"{COMPANIES}/update", {"inputs": inputs})["results"]] == [ident]
    by_name = [{**inputs[0], "id": "Keyed", "idProperty": "name"}]
    assert hub.refused("POST", f"{COMPANIES}/update", {"inputs": by_name})[0] == 400
    assert hub.value("companies", ident, "city") == "Ulm"


def test_archived_records_are_read_where_asked_for(hub: Client) -> None:
    there, gone = (hub.create("companies", name=name) for name in "xy")
    hub.call("DELETE", f"{OBJECTS}/companies/{gone}")
    wanted = {"inputs": [{"id": there}, {"id": gone}], "properties": ["name"]}
    for flag, ident in (("false", there), ("true", gone)):
        answer = hub.call("POST", f"{COMPANIES}/read?archived={flag}", wanted)
        assert (answer.status_code, [row["id"] for row in answer.json()["results"]]) == (207, [ident])
        assert "associations" not in answer.json()["results"][0]


@pytest.mark.parametrize(
    ("verb", "most"), [("read", 1_000), ("create", 2_000), ("associate/default", 2_000), ("archive", 2_000)]
)
def test_batches_of_associations_have_bounds_of_their_own(hub: Client, verb: str, most: int) -> None:  # §16
    one = {"id": "1", "from": {"id": "1"}, "to": [] if verb == "archive" else {"id": "2"}, "types": []}
    path = f"/crm/v4/associations/contacts/companies/batch/{verb}"
    assert hub.refused("POST", path, {"inputs": [one] * (most + 1)})[1]["message"].startswith(f"Maximum {most}")
    answer = hub.call("POST", path, {"inputs": [one] * most})
    assert not answer.content or not answer.json().get("message", "").startswith("Maximum")
