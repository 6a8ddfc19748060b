"""NetSuite §2, §3: who gets in."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
import requests
from netsuite_account import RECORDS, Client, error_of, signer

from crosswalk_sandbox.kernel.clock import Clock
from crosswalk_sandbox.netsuite.auth import Signed, base_string, signature

TOKEN = "/services/rest/auth/oauth2/v1/token"
VECTORS = json.loads((Path(__file__).parents[2] / "contracts/netsuite/oauth1-vectors.json").read_text())


def _signed(vector: dict[str, Any]) -> tuple[Signed, dict[str, str]]:
    url = urlsplit(vector["url"])
    given = {
        "realm": VECTORS["realm"],
        "oauth_consumer_key": VECTORS["consumerKey"],
        "oauth_token": VECTORS["tokenId"],
        "oauth_nonce": vector["nonce"],
        "oauth_timestamp": vector["timestamp"],
        "oauth_signature_method": VECTORS["signatureMethod"],
        "oauth_version": "1.0",
        **vector.get("extraParams", {}),
    }
    return Signed(vector["method"], url.scheme, url.netloc, url.path, url.query, ""), given


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["note"])
def test_signatures_agree_with_the_published_vectors(vector: dict[str, Any]) -> None:
    request, given = _signed(vector)
    assert base_string(request, given) == vector["baseString"]
    assert signature(request, given, VECTORS["consumerSecret"], VECTORS["tokenSecret"]) == vector["signature"]


def test_the_default_port_of_the_scheme_is_not_signed() -> None:
    plain = Signed("GET", "https", "Example.COM:443", "/x", "", "")
    assert plain.base_uri == "https://example.com/x"
    assert Signed("GET", "http", "example.com:443", "/x", "", "").base_uri == "http://example.com:443/x"


def test_an_independent_signer_gets_in_whatever_the_path_and_query_hold(shared: Client) -> None:
    for path in (
        "customer?limit=5&offset=5",
        "customer?q=email%20START_WITH%20%22a%26b%22",
        "customer?q=companyName+CONTAIN+%22%C3%BC%22&limit=1",
        "customer/?limit=1",
    ):
        assert shared.record("GET", path).status_code == 200, path
    assert shared.record("GET", "customer/eid:no|such%20one").status_code == 404
    assert shared.record("POST", "salesOrder/1/!transform/invoice").status_code == 400


@pytest.mark.parametrize(
    "changes",
    [
        {"consumer_secret": "wrong"},
        {"token_secret": "wrong"},
        {"realm": "OTHER"},
        {"realm": "tstdrv1234567"},
        {"signature_method": "HMAC-SHA1"},
        {"signature_method": "PLAINTEXT"},
    ],
    ids=str,
)
def test_a_wrong_signature_is_401_and_the_body_never_says_why(shared: Client, changes: dict[str, str]) -> None:
    access = shared.emulator.access(shared.base_url)
    answer = requests.get(f"{shared.base_url}{RECORDS}/customer", auth=signer(access, **changes), timeout=10)
    status, code, detail = error_of(answer)
    assert (status, code) == (401, "INVALID_LOGIN")
    assert "signature" not in detail
    assert "realm" not in detail.lower()
    assert shared.emulator.actions["login_audit"]({})[-1]["reason"]


def test_the_realm_may_be_spelled_like_the_host_in_lenient_mode(account: Callable[..., Client]) -> None:
    client = account(account="1234567_SB1", lenient_realm=True)
    access = client.emulator.access(client.base_url)
    answer = requests.get(f"{client.base_url}{RECORDS}/term", auth=signer(access, realm="1234567-sb1"), timeout=10)
    assert answer.status_code == 200


def test_no_credentials_and_unknown_schemes_are_401(shared: Client) -> None:
    for headers in ({}, {"Authorization": "Basic eDp5"}, {"Authorization": 'OAuth realm="TSTDRV1234567"'}):
        assert requests.get(f"{shared.base_url}{RECORDS}/customer", headers=headers, timeout=10).status_code == 401


def test_a_used_nonce_is_refused(shared: Client) -> None:
    prepared = requests.Request("GET", f"{shared.base_url}{RECORDS}/term", auth=shared.auth).prepare()
    with requests.Session() as session:
        assert session.send(prepared, timeout=10).status_code == 200
        assert session.send(prepared, timeout=10).status_code == 401


@pytest.mark.parametrize("seconds", [-400, 400])
def test_a_stale_timestamp_is_refused(account: Callable[..., Client], seconds: int) -> None:
    client = account(oauth_skew=seconds)
    assert client.record("GET", "term").status_code == 401
    assert "stale" in client.emulator.actions["login_audit"]({})[-1]["reason"]


def test_a_changed_query_breaks_the_signature(shared: Client) -> None:
    prepared = requests.Request("GET", f"{shared.base_url}{RECORDS}/term?limit=5", auth=shared.auth).prepare()
    prepared.url = prepared.url.replace("limit=5", "limit=6")
    with requests.Session() as session:
        assert session.send(prepared, timeout=10).status_code == 401


# OAuth 2.0


def _assertion(access: dict[str, Any], **changes: Any) -> str:
    key = changes.pop("key", access["private_key"])
    headers = {"kid": changes.pop("kid", access["certificate_id"]), "typ": "JWT"}
    algorithm = changes.pop("algorithm", "PS256")
    now = int(time.time())
    claims = {
        "iss": access["client_id"],
        "scope": ["rest_webservices"],
        "aud": f"{access['base_url']}{TOKEN}",
        "iat": now,
        "exp": now + 3600,
        "jti": str(uuid.uuid4()),
    } | changes
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, key, algorithm, headers)


def _grant(client: Client, assertion: str, **changes: str) -> requests.Response:
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion,
    } | changes
    return requests.post(client.base_url + TOKEN, data=form, timeout=10)


def _bearer(client: Client, token: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{client.base_url}{RECORDS}/term", headers=headers, timeout=10)


@pytest.mark.parametrize(
    "scope", ["rest_webservices", "rest_webservices,restlets", ["restlets", "rest_webservices"]], ids=str
)
@pytest.mark.parametrize("flow", ["PS256", "PS512", "ES256"])
def test_a_certificate_gets_a_bearer_token_that_works(shared: Client, scope: Any, flow: str) -> None:
    access = shared.emulator.access(shared.base_url)
    key = access["elliptic"] if flow == "ES256" else access
    assertion = _assertion(access, key=key["private_key"], kid=key["certificate_id"], algorithm=flow, scope=scope)
    answer = _grant(shared, assertion)
    assert answer.status_code == 200, answer.text
    assert {**answer.json(), "access_token": ""} == {"access_token": "", "expires_in": 3600, "token_type": "Bearer"}
    assert _bearer(shared, answer.json()["access_token"]).status_code == 200


@pytest.mark.parametrize("host", ["suitetalk", "restlets"])
def test_both_account_hosts_are_an_audience(shared: Client, host: str) -> None:
    access = shared.emulator.access(shared.base_url)
    audience = f"https://tstdrv1234567.{host}.api.netsuite.com{TOKEN}"
    assert _grant(shared, _assertion(access, aud=audience)).status_code == 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"aud": "https://other.suitetalk.api.netsuite.com" + TOKEN}, "invalid_grant"),
        ({"iss": "someone"}, "invalid_grant"),
        ({"kid": "unknown"}, "invalid_grant"),
        ({"algorithm": "RS256"}, "invalid_grant"),
        ({"exp": int(time.time()) + 7200}, "invalid_grant"),
        ({"iat": int(time.time()) - 7200, "exp": int(time.time()) - 3600}, "invalid_grant"),
        ({"exp": None}, "invalid_grant"),
        ({"scope": "everything"}, "invalid_scope"),
    ],
    ids=["audience", "issuer", "key id", "algorithm", "too long", "expired", "no end", "scope"],
)
def test_a_bad_assertion_is_refused(shared: Client, changes: dict[str, Any], error: str) -> None:
    answer = _grant(shared, _assertion(shared.emulator.access(shared.base_url), **changes))
    assert (answer.status_code, answer.json()) == (400, {"error": error})


def test_the_token_request_itself_is_checked(shared: Client) -> None:
    good = _assertion(shared.emulator.access(shared.base_url))
    assert _grant(shared, good, grant_type="password").json() == {"error": "unsupported_grant_type"}
    assert _grant(shared, good, client_assertion_type="jwt").json() == {"error": "invalid_request"}
    assert _grant(shared, "no.jwt").json() == {"error": "invalid_request"}


def test_bearer_tokens_die_by_the_clock_and_by_expiry_of_sessions(account: Callable[..., Client]) -> None:
    clock = Clock()
    client = account(clock)
    access = client.emulator.access(client.base_url)
    token = _grant(client, _assertion(access)).json()["access_token"]
    clock.advance(3700)
    answer = _bearer(client, token)
    assert error_of(answer)[:2] == (401, "INVALID_LOGIN")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    clock.reset()
    assert _bearer(client, token).status_code == 200
    client.emulator.expire_sessions()
    assert _bearer(client, token).status_code == 401
    assert client.record("GET", "term").status_code == 200, "token-based authentication has no sessions"


def test_a_revoked_token_is_refused(shared: Client) -> None:
    token = _grant(shared, _assertion(shared.emulator.access(shared.base_url))).json()["access_token"]
    answer = requests.post(shared.base_url + TOKEN.replace("/token", "/revoke"), data={"token": token}, timeout=10)
    assert answer.status_code == 200
    assert _bearer(shared, token).status_code == 401


def test_the_lifetime_can_come_as_text(account: Callable[..., Client]) -> None:
    client = account(expires_in_as_string=True)
    assert _grant(client, _assertion(client.emulator.access(client.base_url))).json()["expires_in"] == "3600"


def test_the_token_host_tells_who_the_token_is(shared: Client) -> None:
    answer = shared.call("GET", "/rest/tokeninfo")
    assert answer.json()["companyId"] == "TSTDRV1234567"
    assert answer.json()["roleName"] == "Integration"


def test_credentials_survive_a_restart(loaded_directory: Path) -> None:
    from crosswalk_sandbox.netsuite import create

    first = create(loaded_directory, Clock(), {"rsa_bits": 2048})
    before = first.access("http://x")
    first.close()
    second = create(loaded_directory, Clock(), {"rsa_bits": 2048})
    assert second.access("http://x") == before
    second.close()


def test_server_time_is_the_sandbox_clock_in_utc(account: Callable[..., Client]) -> None:
    clock = Clock()
    client = account(clock)
    clock.set(datetime(2026, 3, 26, 16, 21, tzinfo=UTC), frozen=True)
    assert client.call("GET", "/services/rest/system/v1/serverTime").json() == {
        "serverTime": "2026-03-26T16:21:00.000Z"
    }
    clock.set(datetime(2026, 3, 26, 16, 21, tzinfo=UTC) + timedelta(milliseconds=1234), frozen=True)
    assert client.call("GET", "/services/rest/system/v1/serverTime").json()["serverTime"].endswith(":01.234Z")
