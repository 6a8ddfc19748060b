"""HubSpot §11: merges with new ids, archive and restore, forgetting."""

from __future__ import annotations

from typing import Any

import pytest
from hubspot_account import OBJECTS, Client, Opener, ids, to, where


def merge(hub: Client, kind: str, primary: str, other: str) -> dict[str, Any]:
    return hub.good("POST", f"{OBJECTS}/{kind}/merge", {"primaryObjectId": primary, "objectIdToMerge": other})


def test_a_merge_makes_a_new_record_to_which_both_ids_lead(hub: Client) -> None:  # §0.12
    one = hub.create("contacts", email="one@merge.example", firstname="One")
    two = hub.create("contacts", email="two@merge.example", firstname="Two", lastname="Kept")
    company = hub.create("companies", name="Of both")
    hub.call("PUT", f"/crm/v4/objects/contacts/{two}/associations/default/companies/{company}")
    made = merge(hub, "contacts", one, two)
    new = made["id"]
    assert new not in (one, two)
    held = made["properties"]
    assert (held["firstname"], held["lastname"]) == ("One", "Kept")
    assert (held["email"], held["hs_additional_emails"]) == ("one@merge.example", "two@merge.example")
    assert held["hs_merged_object_ids"] == f"{one};{two}"
    assert [part.split(":")[0] for part in held["hs_calculated_merged_vids"].split(";")] == [one, two]
    for old in (one, two):
        assert hub.read("contacts", old)["id"] == new
        assert hub.set("contacts", old, jobtitle=old)["id"] == new
    assert hub.good("GET", f"{OBJECTS}/contacts/two@merge.example?idProperty=email")["id"] == new
    assert hub.good("GET", f"/crm/v4/objects/contacts/{new}/associations/companies")["results"][0]["toObjectId"] == int(
        company
    )


def test_batches_lists_and_search_do_not_follow_old_ids(hub: Client) -> None:
    one, two, other = (hub.create("companies", name=f"Merge {number}", zip="MERGED") for number in range(3))
    new = merge(hub, "companies", one, two)["id"]
    answer = hub.call(
        "POST",
        f"{OBJECTS}/companies/batch/update",
        {"inputs": [{"id": ident, "properties": {"city": "x"}} for ident in (one, other)]},
    )
    assert answer.status_code == 200, "a merged-away id is missing without an error (§9)"
    assert ids(answer.json()) == [other]
    assert set(ids(hub.search("companies", where("zip", "EQ", "merged")))) == {new, other}
    assert (
        hub.call("POST", f"{OBJECTS}/companies/batch/read", {"inputs": [{"id": two}], "properties": []}).status_code
        == 207
    )


def test_chained_merges_are_complete_in_one_property_only(hub: Client) -> None:
    a, b, c = (hub.create("contacts", email=f"{name}@chain.example") for name in "abc")
    first = merge(hub, "contacts", a, b)["id"]
    last = merge(hub, "contacts", first, c)
    held = last["properties"]
    assert held["hs_merged_object_ids"].split(";") == [a, b, first, c]
    assert a not in held["hs_calculated_merged_vids"]
    assert {hub.read("contacts", old)["id"] for old in (a, b, c, first)} == {last["id"]}


def test_what_cannot_be_merged(hub: Client) -> None:
    one, product = hub.create("companies", name="x"), hub.create("products", name="x")
    assert hub.refused("POST", f"{OBJECTS}/companies/merge", {"primaryObjectId": one, "objectIdToMerge": one})[0] == 400
    assert (
        hub.refused("POST", f"{OBJECTS}/companies/merge", {"primaryObjectId": one, "objectIdToMerge": "999"})[0] == 404
    )
    assert (
        hub.refused("POST", f"{OBJECTS}/products/merge", {"primaryObjectId": product, "objectIdToMerge": product})[0]
        == 400
    )
    for body in ({}, {"primaryObjectId": one}, {"objectIdToMerge": one, "primaryObjectId": ""}):
        status, told = hub.refused("POST", f"{OBJECTS}/companies/merge", body)
        assert (status, told["category"]) == (400, "VALIDATION_ERROR")
    many = hub.create("companies", name="many")
    store = hub.emulator.records.store
    record = store.record(int(many))
    record.properties["hs_merged_object_ids"] = ";".join(map(str, range(1, 250)))
    store.save(record)
    status, body = hub.refused("POST", f"{OBJECTS}/companies/merge", {"primaryObjectId": many, "objectIdToMerge": one})
    assert (status, "more than 250 identities" in body["message"]) == (414, True)


def test_before_2025_the_primary_survived(account: Opener) -> None:
    hub = account(merge_new_id=False)
    one, two = (hub.create("companies", name=name) for name in "xy")
    assert merge(hub, "companies", one, two)["id"] == one
    assert hub.read("companies", two)["id"] == one


@pytest.mark.parametrize("free", [True, False])
def test_archived_records_hide_their_associations_and_come_back(account: Opener, free: bool) -> None:
    hub = account(archived_free_unique=free)
    company = hub.create("companies", name="Back", erp_key="back:1")
    deal = hub.create("deals", [to(company, 341)], dealname="x", dealstage="contractsent")
    hub.call("DELETE", f"{OBJECTS}/companies/{company}")
    assert hub.good("GET", f"/crm/v4/objects/deals/{deal}/associations/companies")["results"] == []
    assert hub.read("deals", deal)["id"] == deal, "its deals stay"
    assert company in ids(hub.good("GET", f"{OBJECTS}/companies?archived=true&limit=100"))
    again = hub.call("POST", f"{OBJECTS}/companies", {"properties": {"name": "Next", "erp_key": "back:1"}})
    assert again.status_code == (201 if free else 400)
    if not free:
        hub.action("restore", type="companies", id=company)
        assert hub.read("companies", company)["id"] == company
        assert len(hub.good("GET", f"/crm/v4/objects/deals/{deal}/associations/companies")["results"]) == 1


def test_a_record_is_restored_within_ninety_days(account: Opener) -> None:
    hub = account()
    ident = hub.create("companies", name="Late")
    hub.call("DELETE", f"{OBJECTS}/companies/{ident}")
    hub.clock.advance(91 * 86_400)
    with pytest.raises(ValueError, match="90 days"):
        hub.action("restore", type="companies", id=ident)


@pytest.mark.parametrize("blocks", [False, True])
def test_a_forgotten_contact_is_gone_for_good(account: Opener, blocks: bool) -> None:
    hub = account(gdpr_blocks_email=blocks)
    ident = hub.create("contacts", email="me@forget.example")
    body = {"objectId": "ME@forget.example", "idProperty": "email"}
    assert hub.call("POST", f"{OBJECTS}/contacts/gdpr-delete", body).status_code == 204
    assert hub.call("GET", f"{OBJECTS}/contacts/{ident}?archived=true").status_code == 404
    again = hub.call("POST", f"{OBJECTS}/contacts", {"properties": {"email": "me@forget.example"}})
    assert again.status_code == (409 if blocks else 201)
