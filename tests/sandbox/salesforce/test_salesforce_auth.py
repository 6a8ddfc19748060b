"""Salesforce §2: every way to sign in, what a token answer holds, how sessions end."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

import jwt
import pytest
from lxml import etree

USER_INFO = (
    "accessibilityMode chatterExternal currencySymbol orgAttachmentFileSizeLimit orgDefaultCurrencyIsoCode "
    "orgDefaultCurrencyLocale orgDisallowHtmlAttachments orgHasPersonAccounts organizationId organizationMultiCurrency "
    "organizationName profileId roleId sessionSecondsValid userDefaultCurrencyIsoCode userEmail userFullName userId "
    "userLanguage userLocale userName userTimeZone userType userUiSkin"
)
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def token(api, **form):
    return api.http.post("/services/oauth2/token", data=form)


def client(api):
    return {"client_id": api.access["consumer_key"], "client_secret": api.access["consumer_secret"]}


def assertion(api, **changes):
    claims = {
        "iss": api.access["consumer_key"],
        "sub": api.access["username"],
        "aud": "https://login.salesforce.com",
        "exp": int(time.time()) + 120,
        **changes,
    }
    return jwt.encode(claims, api.access["private_key"], algorithm="RS256")


def soap_login(api, username, password, version="59.0"):
    body = (
        '<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Body>'
        f'<n1:login xmlns:n1="urn:partner.soap.sforce.com"><n1:username>{username}</n1:username>'
        f"<n1:password>{password}</n1:password></n1:login></env:Body></env:Envelope>"
    )
    return api.http.post(
        f"/services/Soap/u/{version}", content=body, headers={"Content-Type": "text/xml", "SOAPAction": "login"}
    )


def test_client_credentials_answer_has_a_right_signature(api):
    body = token(api, grant_type="client_credentials", **client(api)).json()
    message = (body["id"] + body["issued_at"]).encode()
    digest = hmac.new(api.access["consumer_secret"].encode(), message, hashlib.sha256).digest()
    assert body["signature"] == base64.b64encode(digest).decode()
    assert body["issued_at"].isdigit()
    assert body["token_type"] == "Bearer"
    assert body["access_token"].startswith(api.access["org_id"][:15] + "!AQ")
    assert len(body["access_token"]) == 112
    assert body["instance_url"] == "http://acme.test"
    assert "refresh_token" not in body


def test_client_credentials_by_basic_authorization(api):
    pair = (api.access["consumer_key"], api.access["consumer_secret"])
    answer = api.http.post("/services/oauth2/token", data={"grant_type": "client_credentials"}, auth=pair)
    assert answer.status_code == 200


def test_client_credentials_are_refused_on_the_login_host(api):
    answer = api.http.post(
        "/services/oauth2/token",
        data={"grant_type": "client_credentials", **client(api)},
        headers={"Host": "login.salesforce.com"},
    )
    assert (answer.status_code, answer.json()["error_description"]) == (400, "request not supported on this domain")


@pytest.mark.parametrize("spell", [int, str])
def test_jwt_takes_exp_as_number_and_as_string(api, spell):
    # PyJWT's encoder is as strict about exp as RFC 7519; simple-salesforce sends a string of digits (§2.2)
    claims = {"iss": api.access["consumer_key"], "sub": api.access["username"], "aud": "https://test.salesforce.com"}
    claims["exp"] = spell(int(time.time()) + 120)
    header = {"alg": "RS256"}
    text = jwt.api_jws.encode(json.dumps(claims).encode(), api.access["private_key"], "RS256", headers=header)
    body = token(api, grant_type=GRANT, assertion=text).json()
    assert body.keys() == {"access_token", "scope", "instance_url", "id", "token_type"}


def test_jwt_may_live_for_three_minutes_and_no_longer(api):
    # §2.2; simple-salesforce asks for the whole three, rounded to a second
    for ahead, status in ((180, 200), (185, 400)):
        assert (
            token(api, grant_type=GRANT, assertion=assertion(api, exp=round(time.time() + ahead))).status_code == status
        )


def test_jwt_refusals_name_their_reason(api):
    other = jwt.encode({"iss": "x", "exp": int(time.time()) + 60}, "secret" * 8, algorithm="HS256")
    cases = {
        assertion(api, exp=int(time.time()) - 10): "assertion expired",
        assertion(api, exp=int(time.time()) + 190): "invalid assertion",
        assertion(api, aud="https://evil.example"): "audience is invalid",
        assertion(api, sub="nobody@x.y"): "user hasn't approved this consumer",
        other: "invalid assertion",
    }
    for text, reason in cases.items():
        answer = token(api, grant_type=GRANT, assertion=text)
        assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant", "error_description": reason})
    wrong = token(api, grant_type=GRANT, assertion=assertion(api, iss="someone"))
    assert wrong.json()["error"] == "invalid_client_id"


def test_jwt_signed_with_another_key_is_refused(api):
    from crosswalk_sandbox.salesforce.auth import make_keys

    claims = {
        "iss": api.access["consumer_key"],
        "sub": api.access["username"],
        "aud": "x",
        "exp": int(time.time()) + 60,
    }
    answer = token(api, grant_type=GRANT, assertion=jwt.encode(claims, make_keys()[0], algorithm="RS256"))
    assert answer.json()["error_description"] == "invalid signature"


def test_refresh_token_works_many_times_and_dies_with_revoke(api):
    refresh = api.access["refresh_token"]
    for _ in range(2):
        assert token(api, grant_type="refresh_token", refresh_token=refresh, **client(api)).status_code == 200
    assert api.http.post("/services/oauth2/revoke", data={"token": refresh}).status_code == 200
    dead = token(api, grant_type="refresh_token", refresh_token=refresh, **client(api))
    assert dead.json() == {"error": "invalid_grant", "error_description": "expired access/refresh token"}


def test_a_rotated_refresh_token_used_twice_kills_its_family(make_api):
    api = make_api(rotate_refresh_tokens=True)
    first = api.access["refresh_token"]
    second = token(api, grant_type="refresh_token", refresh_token=first, **client(api)).json()["refresh_token"]
    assert second != first
    assert token(api, grant_type="refresh_token", refresh_token=first, **client(api)).status_code == 400
    assert token(api, grant_type="refresh_token", refresh_token=second, **client(api)).status_code == 400


def test_password_flow_is_blocked_by_default_and_can_be_switched_on(api, make_api):
    def attempt(org):
        password = org.access["password"] + org.access["security_token"]
        return token(org, grant_type="password", username=org.access["username"], password=password, **client(org))

    assert attempt(api).json() == {"error": "invalid_grant", "error_description": "authentication failure"}
    assert attempt(make_api(password_flow=True)).status_code == 200


def test_wrong_secrets_and_grants_are_refused(api):
    bad = {**client(api), "client_secret": "no"}
    assert token(api, grant_type="client_credentials", **bad).json()["error"] == "invalid_client"
    unknown = {**client(api), "client_id": "no"}
    assert token(api, grant_type="client_credentials", **unknown).json()["error"] == "invalid_client_id"
    assert token(api, grant_type="magic").json()["error"] == "unsupported_grant_type"


def test_soap_login_answers_in_the_shape_clients_cut_apart(api):
    answer = soap_login(api, api.access["username"], api.access["password"] + api.access["security_token"])
    assert answer.status_code == 200
    text = answer.text
    for tag in ("<sessionId>", "<serverUrl>http://acme.test/services/Soap/u/59.0/", "<sessionSecondsValid>7200<"):
        assert tag in text
    info = etree.fromstring(answer.content).find(".//{*}userInfo")
    assert [etree.QName(item).localname for item in info] == USER_INFO.split()
    session = text.split("<sessionId>")[1].split("</sessionId>")[0]
    assert (
        api.http.get("/services/data/v59.0/limits", headers={"Authorization": f"Bearer {session}"}).status_code == 200
    )


def test_soap_login_refusal_has_the_sf_prefix(api):
    answer = soap_login(api, api.access["username"], "wrong")
    assert answer.status_code == 500
    assert "<sf:exceptionCode>INVALID_LOGIN</sf:exceptionCode>" in answer.text
    assert (
        "<sf:exceptionMessage>Invalid username, password, security token; or user locked out.</sf:exceptionMessage>"
        in answer.text
    )


def test_soap_login_ended_with_api_65(api):
    answer = soap_login(api, api.access["username"], api.access["password"], version="65.0")
    assert "UNSUPPORTED_API_VERSION" in answer.text


def test_userinfo_and_introspection_know_the_token(api):
    info = api.get("/services/oauth2/userinfo").json()
    assert (info["preferred_username"], info["organization_id"]) == (api.access["username"], api.access["org_id"])
    alive = api.http.post("/services/oauth2/introspect", data={**client(api), "token": api.token}).json()
    assert alive["active"]
    assert alive["exp"] == int(api.clock.now().timestamp()) + 7200
    dead = api.http.post("/services/oauth2/introspect", data={**client(api), "token": "x"}).json()
    assert dead == {"active": False}


def test_a_session_dies_after_two_idle_hours_and_lives_on_when_used(api):
    api.clock.advance(7100)
    assert api.get("/limits").status_code == 200
    api.clock.advance(7100)
    assert api.get("/limits").status_code == 200
    api.clock.advance(7300)
    answer = api.get("/limits")
    assert (answer.status_code, answer.json()) == (
        401,
        [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}],
    )


def test_revoked_and_dropped_tokens_are_401(api):
    assert api.http.post("/services/oauth2/revoke", data={"token": api.token}).content == b""
    assert api.get("/limits").status_code == 401
    api.token = api.sign_in()
    api.emulator.expire_sessions()
    assert api.get("/limits").status_code == 401


def test_a_bad_token_without_json_gives_xml(api):
    answer = api.http.post(
        "/services/data/v60.0/sobjects/Account/",
        content="x=1",
        headers={"Authorization": "Bearer bad", "Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 401
    assert answer.text.startswith("<response>")


def test_tokens_survive_a_restart(make_api, tmp_path):
    first = make_api(directory=tmp_path / "kept")
    kept = first.token
    first.emulator.close()
    second = make_api(directory=tmp_path / "kept")
    second.token = kept
    assert second.get("/limits").status_code == 200


def test_versions_need_no_session_and_ascend(api):
    versions = api.http.get("/services/data").json()
    assert versions[0]["version"] == "31.0"
    assert versions[-1]["version"] == "68.0"
    labels = {item["version"]: item["label"] for item in versions}
    assert (labels["59.0"], labels["66.0"], labels["42.0"]) == ("Winter '24", "Spring '26", "Spring ’18")
    assert (labels["67.0"], labels["68.0"]) == ("Summer '26", "Winter '27")


def test_retired_and_unknown_versions_are_told_apart(api):
    retired = api.get("/services/data/v25.0/limits")
    assert (retired.status_code, retired.json()[0]["errorCode"]) == (410, "UNSUPPORTED_API_VERSION")
    assert api.get("/services/data/v99.0/limits").status_code == 404


def test_root_lists_the_resources(api):
    body = api.get("/").json()
    assert body["sobjects"] == "/services/data/v60.0/sobjects"


def test_the_identity_address_knows_its_owner_only(api):
    """§2.1: ``id`` of a token answer; jsforce asks it after every login."""
    answer = token(api, grant_type="client_credentials", **client(api)).json()
    path = answer["id"].removeprefix("https://login.salesforce.com")
    card = api.http.get(path, params={"oauth_token": answer["access_token"], "format": "json"}).json()
    assert (card["user_id"], card["organization_id"], card["id"]) == (
        api.access["user_id"],
        api.access["org_id"],
        answer["id"],
    )
    assert api.http.get(path).status_code == 403
    stranger = f"/id/{api.access['org_id']}/005000000000001AAA"
    assert api.http.get(stranger, params={"oauth_token": answer["access_token"]}).status_code == 404


def test_a_user_logs_in_so_many_times_an_hour(make_api):
    """§2.1: login rate exceeded."""
    api = make_api(logins_per_hour=3)
    form = {"grant_type": "client_credentials", **client(api)}
    answers = [token(api, **form) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 400]
    assert answers[-1].json() == {"error": "invalid_grant", "error_description": "login rate exceeded"}
    api.clock.advance(3_601)
    assert token(api, **form).status_code == 200


def test_inactive_users_are_told_apart(api):
    """§2.1: inactive_user."""
    own = api.access["user_id"]
    with api.emulator.org.store.writing() as connection:
        connection.execute('UPDATE "User" SET "IsActive" = 0 WHERE "Id" = ?', (own,))
    answer = token(api, grant_type=GRANT, assertion=assertion(api))
    assert (answer.status_code, answer.json()["error"]) == (400, "inactive_user")
