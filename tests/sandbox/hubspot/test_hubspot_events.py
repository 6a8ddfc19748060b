"""HubSpot §19–§22: webhooks, signatures, the journal, timeline and app events."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
from hubspot.utils.signature import Signature
from hubspot_account import OBJECTS, Client, Opener, digest, receiver, to

from crosswalk_sandbox.hubspot.events.signatures import version1, version2, version3

SECRET, URI, STAMP = (
    "9f3c1a7e-55d0-4b7a-8a4e-2f6f0c1d7e90",
    "https://sync.example.test/hooks/hubspot?tenant=acme",
    1767225601000,
)
BODY = (
    b'[{"eventId":1001,"subscriptionId":77,"portalId":4242,"appId":9001,"occurredAt":1767225600000,"subscriptionType":"deal.propertyChange",'
    b'"attemptNumber":0,"objectId":512,"propertyName":"dealstage","propertyValue":"closedwon","changeSource":"CRM_UI","sourceId":"userId:11"}]'
)


def app(hub: Client, method: str, path: str, body: Any = None) -> requests.Response:
    return requests.request(
        method, hub.url + path, params={"hapikey": hub.access["developer_key"]}, json=body, timeout=20
    )


def oauth(hub: Client, **form: str) -> dict[str, str]:
    keys = {name: hub.access[name] for name in ("client_id", "client_secret")}
    answer = requests.post(f"{hub.url}/oauth/2026-03/token", data={**keys, **form}, timeout=20).json()
    return {"Authorization": f"Bearer {answer['access_token']}"}


def test_signatures_are_those_of_the_worked_vectors() -> None:  # §21
    assert (len(BODY), digest(BODY)) == (270, "20eee3ec02ec48da60fff67177304b90ca2fa74d16413dcfd829d2430ab812d8")
    assert version1(SECRET, BODY) == "01a51be39f3d4764e998df4abcf630a992ace251e9eabc2c27e1eaaf42d14184"
    assert version2(SECRET, "POST", URI, BODY) == "44fdd574bfc697c861e0882c62a1678d0b78fcdea63bedc0b8e5f714b125989f"
    assert version3(SECRET, "POST", URI, BODY, STAMP) == "lXiolxcaZShmrMxZ+BqKbBevXk8jvUQJy1jAOrYNfTo="
    other = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
    body = b'{"example_field":"example_value"}'
    assert (
        version2(other, "POST", "https://www.example.com/webhook_uri", body)
        == "9569219f8ba981ffa6f6f16aa0f48637d35d728c7e4d93d0d52efaa512af7900"
    )
    assert version3(SECRET, "GET", "https://x.test/a%2Fb%3Fc", b"", 1) == version3(
        SECRET, "GET", "https://x.test/a/b?c", b"", 1
    )
    assert version3(SECRET, "POST", URI, BODY, STAMP) != version3(SECRET, "POST", URI, BODY[:-1] + b" ", STAMP)


def subscribe(hub: Client, url: str, *events: dict[str, str]) -> None:
    hub.action("webhook_target", url=url, subscriptions=list(events))


def test_changes_arrive_signed_in_arrays(account: Opener) -> None:  # §0.20, §19
    hub = account()
    with receiver() as came:
        subscribe(
            hub, came.url, {"eventType": "deal.creation"}, {"eventType": "deal.propertyChange", "propertyName": "dealstage"},
            {"eventType": "deal.associationChange"}, {"eventType": "object.creation", "objectTypeId": "0-123"},
        )  # fmt: skip
        company = hub.create("companies", name="x")
        deal = hub.create("deals", [to(company, 341)], dealname="x", dealstage="contractsent")
        hub.set("deals", deal, dealstage="closedwon", amount="5")
        order = hub.create("orders", hs_order_name="x")
        events: list[dict[str, Any]] = []
        while len(events) < 6:
            came.wait_for(1)
            headers, body = came.requests.pop(0)
            events += json.loads(body)
            secret = hub.access["client_secret"]
            assert (headers["X-HubSpot-Signature"], headers["X-HubSpot-Signature-Version"]) == (
                version1(secret, body),
                "v1",
            )
            assert Signature.is_valid(
                signature=headers["X-HubSpot-Signature-v3"], client_secret=secret, request_body=body.decode(), http_uri=came.url,
                http_method="POST", signature_version="v3", timestamp=headers["X-HubSpot-Request-Timestamp"],
            )  # fmt: skip
    kinds = sorted((one["subscriptionType"], one.get("propertyValue", one.get("objectTypeId", ""))) for one in events)
    assert kinds == [("deal.associationChange", "")] * 2 + [
        ("deal.creation", ""),
        ("deal.propertyChange", "closedwon"),
        ("deal.propertyChange", "contractsent"),
        ("object.creation", "0-123"),
    ]
    stage = next(one for one in events if one.get("propertyValue") == "closedwon")
    assert {
        "eventId",
        "subscriptionId",
        "portalId",
        "appId",
        "occurredAt",
        "attemptNumber",
        "objectId",
        "changeSource",
        "sourceId",
    } <= set(stage)
    assert (stage["objectId"], stage["portalId"]) == (int(deal), 4242), "numbers, unlike the ids of REST"
    linked = next(one for one in events if one["subscriptionType"] == "deal.associationChange")
    assert (linked["fromObjectId"], linked["toObjectId"], linked["associationType"]) == (
        int(deal),
        int(company),
        "DEAL_TO_COMPANY",
    )
    assert "objectId" not in linked
    assert next(one for one in events if one["subscriptionType"] == "object.creation")["objectId"] == int(order)
    assert len({one["eventId"] for one in events}) < len(events), "eventId is not unique"


def test_a_merge_tells_a_merge_and_two_deletions(account: Opener) -> None:  # §11
    hub = account()
    with receiver() as came:
        one, two = (hub.create("companies", name=name) for name in "xy")
        subscribe(
            hub,
            came.url,
            {"eventType": "company.merge"},
            {"eventType": "company.deletion"},
            {"eventType": "company.propertyChange", "propertyName": "name"},
            {"eventType": "company.restore"},
        )
        new = hub.good("POST", f"{OBJECTS}/companies/merge", {"primaryObjectId": one, "objectIdToMerge": two})["id"]
        other = hub.create("companies", city="x", domain="restored.example")
        hub.call("DELETE", f"{OBJECTS}/companies/{other}")
        hub.action("restore", type="companies", id=other)
        events: list[dict[str, Any]] = []
        while len(events) < 5:
            came.wait_for(1)
            events += json.loads(came.requests.pop(0)[1])
    merge = next(event for event in events if event["subscriptionType"] == "company.merge")
    assert (merge["newObjectId"], merge["primaryObjectId"], merge["mergedObjectIds"]) == (
        int(new),
        int(one),
        [int(two)],
    )
    assert {event["objectId"] for event in events if event["subscriptionType"] == "company.deletion"} == {
        int(one),
        int(two),
        int(other),
    }
    assert [event["objectId"] for event in events if event["subscriptionType"] == "company.restore"] == [int(other)]
    assert not [event for event in events if event["subscriptionType"] == "company.propertyChange"]


def test_refused_webhooks_come_again_with_growing_waits(account: Opener) -> None:  # §19
    hub = account()
    with receiver() as came:
        came.statuses = [500, 404]
        subscribe(hub, came.url, {"eventType": "contact.creation"})
        hub.create("contacts", email="again@hooks.example")
        came.wait_for(1)
        for seconds, attempt in ((75, 1), (150, 2)):
            assert hub.action("send_webhooks")["pending"] == 1, "the sender is done with this attempt"
            assert len(came.requests) == attempt
            hub.clock.advance(seconds)
            came.wait_for(attempt + 1)
            assert json.loads(came.requests[-1][1])[0]["attemptNumber"] == attempt
        assert hub.action("send_webhooks")["pending"] == 0


def test_webhooks_may_come_twice_and_outlive_the_process(account: Opener) -> None:
    hub = account(webhook_repeat=1.0, webhook_seconds=60)
    with receiver() as came:
        subscribe(hub, came.url, {"eventType": "contact.creation"})
        hub.create("contacts", email="twice@hooks.example")
        assert hub.action("send_webhooks") == {"requests": 0, "pending": 1}
        hub.emulator.delivery.close()
        hub.clock.advance(61)
        assert hub.action("send_webhooks") == {"requests": 2, "pending": 0}
        first, second = came.wait_for(2)
        assert first[1] == second[1]


def test_settings_and_subscriptions_over_the_api(account: Opener) -> None:
    hub = account()
    base = f"/webhooks/v3/{hub.access['app_id']}"
    assert (
        requests.get(
            f"{hub.url}{base}/subscriptions",
            headers={"Authorization": f"Bearer {hub.access['access_token']}"},
            timeout=20,
        ).status_code
        == 401
    )
    assert app(hub, "GET", f"{base}/settings").status_code == 404
    throttling = {"maxConcurrentRequests": 10}
    assert (
        app(
            hub, "PUT", f"{base}/settings", {"targetUrl": "https://elsewhere.example/x", "throttling": throttling}
        ).status_code
        == 400
    ), "loopback only"
    assert (
        app(hub, "PUT", f"{base}/settings", {"targetUrl": "http://localhost:1/x", "throttling": throttling}).json()[
            "throttling"
        ]
        == throttling
    )
    made = app(
        hub,
        "POST",
        f"{base}/subscriptions",
        {"eventType": "deal.propertyChange", "propertyName": "amount", "active": True},
    )
    assert made.status_code == 201
    ident = made.json()["id"]
    for bad in (
        {"eventType": "product.associationChange"},
        {"eventType": "deal.propertyChange"},
        {"eventType": "object.creation"},
    ):
        assert app(hub, "POST", f"{base}/subscriptions", bad).status_code == 400
    assert app(hub, "PATCH", f"{base}/subscriptions/{ident}", {"active": False}).json()["active"] is False
    batch = app(
        hub,
        "POST",
        f"{base}/subscriptions/batch/update",
        {"inputs": [{"id": int(ident), "active": True}, {"id": 9, "active": True}]},
    )
    assert (batch.status_code, batch.json()["numErrors"]) == (207, 1)
    dated = f"/webhooks/2026-03/{hub.access['app_id']}"
    assert len(app(hub, "GET", f"{dated}/subscriptions").json()["results"]) == 1
    assert app(hub, "DELETE", f"/app-webhooks/2026-09/{hub.access['app_id']}/subscriptions/{ident}").status_code == 204
    assert app(hub, "GET", "/webhooks/v3/1/subscriptions").status_code == 404


def test_the_journal_is_read_by_offsets_for_three_days(account: Opener) -> None:  # §20
    hub = account()
    headers = oauth(hub, grant_type="client_credentials")
    base = f"{hub.url}/webhooks-journal"
    assert requests.get(f"{hub.url}{OBJECTS}/deals", headers=headers, timeout=20).status_code == 401, (
        "never CRM records"
    )
    assert requests.get(f"{base}/journal/2026-03/earliest", headers=headers, timeout=20).status_code == 204
    wanted = {"subscriptionType": "OBJECT", "objectTypeId": "0-2", "actions": ["CREATE", "DELETE"]}
    assert requests.post(f"{base}/subscriptions/2026-03", json=wanted, headers=headers, timeout=20).status_code == 201
    made = [hub.create("companies", name=str(number)) for number in range(3)]
    hub.create("contacts", email="not@journal.example")
    first = requests.get(f"{base}/journal/2026-03/earliest", headers=headers, timeout=20).json()
    assert set(first) == {"url", "expiresAt", "currentOffset"}
    events = requests.get(first["url"], timeout=20).json()["journalEvents"]
    assert [str(one["objectId"]) for one in events] == made
    following = f"{base}/journal/2026-03/offset/{first['currentOffset']}/next"
    assert requests.get(following, headers=headers, timeout=20).status_code == 204
    hub.call("DELETE", f"{OBJECTS}/companies/{made[0]}")
    assert requests.get(following, headers=headers, timeout=20).status_code == 200
    hub.clock.advance(1_000)
    assert requests.get(first["url"], timeout=20).status_code == 403, "links are short-lived"
    hub.clock.advance(3 * 86_400)
    late = oauth(hub, grant_type="client_credentials")
    assert requests.get(f"{base}/journal/2026-03/earliest", headers=late, timeout=20).status_code == 204


def test_timeline_templates_and_events(account: Opener) -> None:  # §22
    hub = account()
    base = f"/integrators/timeline/v3/{hub.access['app_id']}/event-templates"
    template = {
        "name": "Shipped", "objectType": "companies", "headerTemplate": "Order {{number}} shipped", "detailTemplate": "By {{carrier}}",
        "tokens": [{"name": "number", "label": "Number", "type": "string"},
                   {"name": "carrier", "label": "Carrier", "type": "enumeration", "options": [{"label": "Rail", "value": "rail"}]}],
    }  # fmt: skip
    made = app(hub, "POST", base, template)
    assert made.status_code == 201
    ident = made.json()["id"]
    token = {"name": "city", "label": "City", "type": "string", "objectPropertyName": "city"}
    assert app(hub, "POST", f"{base}/{ident}/tokens", token).status_code == 200
    company = hub.create("companies", name="x")
    event = {
        "eventTemplateId": ident,
        "id": "e-1",
        "objectId": company,
        "tokens": {"number": "SO1", "carrier": "rail", "city": "Ulm"},
    }
    path = "/integrators/timeline/v3/events"
    assert hub.refused("POST", path, event)[0] == 403, "public OAuth apps only"
    headers = oauth(hub, grant_type="refresh_token", refresh_token=hub.access["refresh_token"])
    created = requests.post(hub.url + path, json=event, headers=headers, timeout=20)
    assert (created.status_code, created.json()["objectType"]) == (201, "companies")
    assert hub.value("companies", company, "city") == "Ulm", "a token may write a property"
    assert requests.post(hub.url + path, json=event, headers=headers, timeout=20).status_code == 409
    for bad in ({"tokens": {"carrier": "air"}}, {"tokens": {"nope": "x"}}, {"objectId": None}):
        assert (
            requests.post(hub.url + path, json={**event, "id": "e-2", **bad}, headers=headers, timeout=20).status_code
            == 400
        )
    many = {"inputs": [{**event, "id": f"b-{number}"} for number in range(3)]}
    batch = requests.post(f"{hub.url}{path}/batch/create", json=many, headers=headers, timeout=20)
    assert (batch.status_code, batch.content) == (204, b"")
    assert (
        requests.get(f"{hub.url}/crm/v3/timeline/events/{ident}/b-2", headers=headers, timeout=20).json()["tokens"][
            "number"
        ]
        == "SO1"
    )
    assert requests.get(f"{hub.url}{path}/{ident}/e-1/detail", headers=headers, timeout=20).json() == {
        "details": "By rail"
    }
    assert requests.get(f"{hub.url}{path}/{ident}/e-1/render", headers=headers, timeout=20).text == "Order SO1 shipped"
    assert app(hub, "DELETE", f"{base}/{ident}/tokens/city").status_code == 204
    assert app(hub, "DELETE", f"{base}/{ident}").status_code == 204


@pytest.mark.parametrize("approved", [True, False])
def test_app_events_of_the_dated_api(account: Opener, approved: bool) -> None:
    hub = account(app_events_approved=approved)
    hub.action("define_app_event", eventTypeName="pe1_shipped", properties=["number"])
    path = "/integrators/timeline/2026-03/events"
    event = {
        "id": "1",
        "eventTypeName": "pe1_shipped",
        "objectId": hub.create("companies", name="x"),
        "properties": {"number": 7},
    }
    assert hub.call("POST", path, event).status_code == (201 if approved else 403)
    if approved:
        assert hub.call("POST", path, event).status_code == 409
        assert hub.call("POST", path, {**event, "id": "2", "properties": {"nope": 1}}).status_code == 400
        batch = hub.call("POST", f"{path}/batch", {"inputs": [{**event, "id": "3"}, event]})
        assert (batch.status_code, batch.json()["numErrors"]) == (207, 1)


def test_a_signature_is_of_one_request_only() -> None:  # §21
    signed = version3(SECRET, "POST", URI, BODY, STAMP)
    for other in (
        version3(f"{SECRET[:-1]}1", "POST", URI, BODY, STAMP),
        version3(SECRET, "PUT", URI, BODY, STAMP),
        version3(SECRET, "POST", URI.partition("?")[0], BODY, STAMP),
        version3(SECRET, "POST", URI, BODY, STAMP + 1),
    ):
        assert other != signed


def test_a_hundred_events_are_the_most_of_an_array_and_eleven_tries_of_an_event(account: Opener) -> None:  # §19
    hub = account()
    with receiver() as came:
        subscribe(hub, came.url, {"eventType": "company.creation"})
        hub.emulator.delivery.close()
        inputs = {"inputs": [{"properties": {"name": f"Event {number}"}} for number in range(100)]}
        hub.good("POST", f"{OBJECTS}/companies/batch/create", inputs)
        hub.create("companies", name="One more")
        assert hub.action("send_webhooks") == {"requests": 2, "pending": 0}
        assert sorted(len(json.loads(body)) for _, body in came.requests) == [1, 100]
        came.requests.clear()
        came.statuses = [503] * 11
        hub.create("companies", name="Refused")
        for _ in range(11):
            assert hub.action("send_webhooks")["requests"] == 1
            hub.clock.advance(86_400 / 2)
        assert [json.loads(body)[0]["attemptNumber"] for _, body in came.requests] == list(range(11))
        assert hub.action("send_webhooks") == {"requests": 0, "pending": 0}


def test_forgetting_somebody_is_told(account: Opener) -> None:  # §11, §19
    hub = account()
    with receiver() as came:
        subscribe(hub, came.url, {"eventType": "contact.privacyDeletion"}, {"eventType": "contact.deletion"})
        ident = hub.create("contacts", email="told@forget.example")
        assert hub.call("POST", f"{OBJECTS}/contacts/gdpr-delete", {"objectId": ident}).status_code == 204
        came.wait_for(1)
        [event] = json.loads(came.requests[0][1])
    assert (event["subscriptionType"], event["objectId"]) == ("contact.privacyDeletion", int(ident))
    assert hub.call("GET", f"{OBJECTS}/contacts/{ident}").status_code == 404


def test_timeline_batches_and_tokens_have_bounds(account: Opener) -> None:  # §22
    hub = account()
    base = f"/integrators/timeline/v3/{hub.access['app_id']}/event-templates"
    template = {"name": "T", "objectType": "contacts", "headerTemplate": "h", "tokens": [{"name": "n", "label": "N", "type": "number"}]}  # fmt: skip
    ident = app(hub, "POST", base, template).json()["id"]
    changed = app(hub, "PUT", f"{base}/{ident}/tokens/n", {"label": "Number"})
    assert (changed.status_code, changed.json()["label"]) == (200, "Number")
    headers = oauth(hub, grant_type="refresh_token", refresh_token=hub.access["refresh_token"])
    contact = hub.create("contacts", email="me@timeline.example")
    event = {"eventTemplateId": ident, "email": "me@timeline.example", "tokens": {"n": 1}}
    made = requests.post(f"{hub.url}/crm/v3/timeline/events", json=event, headers=headers, timeout=20)
    assert (made.status_code, made.json()["objectId"]) == (201, contact)
    many = {"inputs": [event] * 501}
    path = f"{hub.url}/integrators/timeline/v3/events/batch/create"
    assert requests.post(path, json=many, headers=headers, timeout=20).status_code == 400
