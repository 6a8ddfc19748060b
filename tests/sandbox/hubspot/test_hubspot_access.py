"""HubSpot §2, §3, §6: tokens, OAuth, scopes, limits."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from hubspot_account import OBJECTS, Client, Opener


def post(hub: Client, path: str, **form: Any) -> requests.Response:
    return requests.post(hub.url + path, data=form, timeout=20)


def keys(hub: Client) -> dict[str, str]:
    return {name: hub.access[name] for name in ("client_id", "client_secret")}


def test_nobody_comes_in_without_a_token(hub: Client) -> None:  # §2
    for headers in ({}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer pat-na1-none"}):
        answer = requests.get(f"{hub.url}{OBJECTS}/deals", headers=headers, timeout=20)
        assert (answer.status_code, answer.json()["category"]) == (401, "INVALID_AUTHENTICATION")
        assert answer.json()["message"].startswith("Authentication credentials not found. This API supports OAuth 2.0")
    dead = requests.get(f"{hub.url}{OBJECTS}/deals?hapikey={hub.access['developer_key']}", timeout=20)
    assert dead.status_code == 401, "API keys died in November 2022"


def test_a_code_gives_tokens_once(hub: Client) -> None:  # §2
    asked = {
        "client_id": keys(hub)["client_id"],
        "redirect_uri": "http://127.0.0.1/back",
        "scope": "crm.objects.deals.read oauth",
        "state": "s 1",
    }
    back = requests.get(f"{hub.url}/oauth/authorize", params=asked, allow_redirects=False, timeout=20)
    query = parse_qs(urlsplit(back.headers["Location"]).query)
    assert (back.status_code, query["state"]) == (302, ["s 1"])
    form = {
        "grant_type": "authorization_code",
        "code": query["code"][0],
        "redirect_uri": asked["redirect_uri"],
        **keys(hub),
    }
    assert post(hub, "/oauth/v1/token", **{**form, "redirect_uri": "http://x"}).json()["status"] == "BAD_REDIRECT_URI"
    granted = post(hub, "/oauth/v1/token", **form)
    assert set(granted.json()) == {"token_type", "refresh_token", "access_token", "expires_in"}
    assert granted.json()["expires_in"] == 1800
    assert post(hub, "/oauth/v1/token", **form).json()["status"] == "BAD_AUTH_CODE"
    bearer = {"Authorization": f"Bearer {granted.json()['access_token']}"}
    assert requests.get(f"{hub.url}{OBJECTS}/deals", headers=bearer, timeout=20).status_code == 200
    refused = requests.get(f"{hub.url}{OBJECTS}/contacts", headers=bearer, timeout=20)
    body = refused.json()
    assert (refused.status_code, body["category"]) == (403, "MISSING_SCOPES")
    assert body["errors"][0]["context"] == {"requiredGranularScopes": ["crm.objects.contacts.read"]}
    assert body["links"] == {"scopes": "https://developers.hubspot.com/scopes"}


@pytest.mark.parametrize("path", ["/oauth/v1/token", "/oauth/v3/token", "/oauth/2026-03/token"])
def test_a_refresh_token_lasts(hub: Client, path: str) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": hub.access["refresh_token"], **keys(hub)}
    one, two = post(hub, path, **form).json(), post(hub, path, **form).json()
    assert one["refresh_token"] == two["refresh_token"] == hub.access["refresh_token"]
    assert one["access_token"] != two["access_token"]
    assert ("hub_id" in one) == (path != "/oauth/v1/token")
    for wrong, status in (
        ({"refresh_token": "x"}, "BAD_REFRESH_TOKEN"),
        ({"client_id": "x"}, "BAD_CLIENT_ID"),
        ({"client_secret": "x"}, "BAD_CLIENT_SECRET"),
        ({"grant_type": "x"}, "BAD_GRANT_TYPE"),
    ):
        answer = post(hub, path, **{**form, **wrong})
        assert (answer.status_code, answer.json()["status"]) == (400, status)
    assert answer.json()["error_description"] == answer.json()["message"]


def test_tokens_tell_about_themselves_and_end(account: Opener) -> None:
    hub = account(token_seconds=600)
    form = {"grant_type": "refresh_token", "refresh_token": hub.access["refresh_token"], **keys(hub)}
    token = post(hub, "/oauth/v1/token", **form).json()["access_token"]
    told = requests.get(f"{hub.url}/oauth/v1/access-tokens/{token}", timeout=20).json()
    assert (told["token_type"], told["hub_id"], told["app_id"]) == ("access", 4242, hub.access["app_id"])
    assert "crm.objects.contacts.read" in told["scopes"]
    assert (
        requests.get(f"{hub.url}/oauth/v1/refresh-tokens/{hub.access['refresh_token']}", timeout=20).json()["client_id"]
        == keys(hub)["client_id"]
    )
    assert post(hub, "/oauth/v3/token/introspect", token=token, **keys(hub)).json()["active"]
    hub.clock.advance(607)
    answer = requests.get(f"{hub.url}{OBJECTS}/deals", headers={"Authorization": f"Bearer {token}"}, timeout=20)
    assert (answer.status_code, answer.json()["category"]) == (401, "EXPIRED_AUTHENTICATION")
    assert answer.json()["message"].startswith("The OAuth token used to make this call expired 7 second(s) ago.")
    assert requests.get(f"{hub.url}/oauth/v1/access-tokens/{token}", timeout=20).status_code == 404
    requests.delete(f"{hub.url}/oauth/v1/refresh-tokens/{hub.access['refresh_token']}", timeout=20)
    assert post(hub, "/oauth/v1/token", **form).json()["status"] == "BAD_REFRESH_TOKEN"


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [("POST", f"{OBJECTS}/deals", "crm.objects.deals.write"), ("POST", "/crm/v3/properties/deals", "crm.schemas.deals.write"),
     ("POST", f"{OBJECTS}/line_items", "e-commerce"), ("POST", f"{OBJECTS}/notes", "crm.objects.contacts.write"),
     ("POST", "/crm-object-schemas/v3/schemas", "crm.schemas.custom.write"),
     ("POST", "/crm/objects/2026-03/tickets/batch/create", "tickets")],
)  # fmt: skip
def test_writes_need_their_scope(hub: Client, method: str, path: str, scope: str) -> None:  # §3
    answer = requests.request(
        method,
        hub.url + path,
        json={},
        headers={"Authorization": f"Bearer {hub.access['viewer']['access_token']}"},
        timeout=20,
    )
    assert answer.status_code == 403
    assert scope in answer.json()["errors"][0]["context"]["requiredGranularScopes"]


def burst(hub: Client, count: int, path: str = f"{OBJECTS}/deals?limit=1") -> list[requests.Response]:
    return [hub.call("GET", path) for _ in range(count)]


def test_ten_seconds_hold_so_many_calls(account: Opener) -> None:  # §6
    hub = account(rate_limits=True, burst=12)
    hub.clock.set(hub.clock.now(), frozen=True)
    answers = burst(hub, 13)
    assert [one.status_code for one in answers] == [200] * 12 + [429]
    left = [int(one.headers["X-HubSpot-RateLimit-Remaining"]) for one in answers[:12]]
    assert left == list(range(11, -1, -1))
    assert answers[0].headers["X-HubSpot-RateLimit-Interval-Milliseconds"] == "10000"
    assert answers[0].headers["X-HubSpot-RateLimit-Max"] == "12"
    assert "X-HubSpot-RateLimit-Secondly" in answers[0].headers
    body = answers[-1].json()
    assert (body["errorType"], body["policyName"], "category" in body) == ("RATE_LIMIT", "TEN_SECONDLY_ROLLING", False)
    assert body["message"] == "You have reached your ten_secondly_rolling limit."
    assert "Retry-After" not in answers[-1].headers, "it is not guaranteed"
    other = requests.get(
        f"{hub.url}{OBJECTS}/deals", headers={"Authorization": f"Bearer {hub.access['service_key']}"}, timeout=20
    )
    assert other.status_code == 200, "each app has a window of its own"
    hub.action("switch", retry_after=True)
    assert burst(hub, 1)[0].headers["Retry-After"] == "10"
    hub.clock.advance(10)
    assert burst(hub, 1)[0].status_code == 200


@pytest.mark.parametrize(
    ("tier", "packs", "most", "daily"),
    [("starter", 0, 100, 250_000), ("professional", 0, 190, 650_000), ("enterprise", 1, 250, 2_000_000)],
)
def test_tiers_differ(account: Opener, tier: str, packs: int, most: int, daily: int) -> None:
    headers = burst(account(tier=tier, capacity_packs=packs), 1)[0].headers
    assert (headers["X-HubSpot-RateLimit-Max"], headers["X-HubSpot-RateLimit-Daily"]) == (str(most), str(daily))


def test_the_day_ends_at_the_accounts_midnight(account: Opener) -> None:
    hub = account(rate_limits=True, daily=3, time_zone="Asia/Tokyo")
    answers = burst(hub, 4)
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert (answers[-1].json()["policyName"], answers[-1].json()["message"]) == (
        "DAILY",
        "You have reached your daily limit.",
    )
    now = hub.clock.now()
    until = (24 * 3600 - ((now.hour + 9) % 24 * 3600 + now.minute * 60 + now.second)) % 86_400
    hub.clock.advance(until + 1)
    assert burst(hub, 1)[0].headers["X-HubSpot-RateLimit-Daily-Remaining"] == "2"


def test_searches_are_counted_apart_and_say_so_otherwise(account: Opener) -> None:  # §0.7, §6
    hub = account(rate_limits=True)
    hub.clock.set(hub.clock.now(), frozen=True)
    answers = [hub.call("POST", f"{OBJECTS}/deals/search", {}) for _ in range(6)]
    assert [one.status_code for one in answers] == [200] * 5 + [429]
    headers = answers[0].headers
    assert "X-HubSpot-RateLimit-Daily" in headers
    assert "X-HubSpot-RateLimit-Exemptions" in headers
    assert "X-HubSpot-RateLimit-Max" not in headers
    body = answers[-1].json()
    assert (body["message"], body["category"], "policyName" in body) == (
        "You have reached your secondly limit.",
        "RATE_LIMITS",
        False,
    )
    hub.clock.advance(1)
    assert hub.call("POST", f"{OBJECTS}/contacts/search", {}).status_code == 200


def test_oauth_apps_have_no_daily_line(hub: Client) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": hub.access["refresh_token"], **keys(hub)}
    token = post(hub, "/oauth/v1/token", **form).json()["access_token"]
    headers = requests.get(
        f"{hub.url}{OBJECTS}/deals", headers={"Authorization": f"Bearer {token}"}, timeout=20
    ).headers
    assert headers["X-HubSpot-RateLimit-Max"] == "110"
    assert "X-HubSpot-RateLimit-Daily" not in headers


def test_every_policy_can_be_forced(hub: Client) -> None:  # §25 switches
    for policy, told in (
        ("DAILY", "DAILY"),
        ("SECONDLY", "SECONDLY"),
        ("TEN_SECONDLY_ROLLING", "TEN_SECONDLY_ROLLING"),
        ("SEARCH", None),
    ):
        hub.action("limit", policy=policy, count=1)
        body = hub.refused("GET", f"{OBJECTS}/deals")[1]
        assert body.get("policyName") == told
        assert hub.call("GET", f"{OBJECTS}/deals").status_code == 200


def test_associations_have_a_window_of_their_own(account: Opener) -> None:  # §6
    hub = account(rate_limits=True, burst=3)
    hub.clock.set(hub.clock.now(), frozen=True)
    path = "/crm/v4/associations/deals/contacts/labels"
    answers = burst(hub, 5, path)
    assert [one.status_code for one in answers] == [200] * 5
    assert answers[0].headers["X-HubSpot-RateLimit-Max"] == "150", "as a Professional account has"
    assert [one.status_code for one in burst(hub, 4)] == [200, 200, 200, 429]
    assert burst(hub, 1, path)[0].status_code == 200
