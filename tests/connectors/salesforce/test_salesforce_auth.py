"""The three ways to log in, against a login host that checks what the platform checks (Salesforce §2)."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import parse_qs

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from crosswalk.connectors.registry import open_connector
from crosswalk.connectors.salesforce import connect
from crosswalk.connectors.salesforce.auth import audience, flow_of, login_url, signing_key
from crosswalk.connectors.settings import ConnectionSettings
from crosswalk.model.errors import AuthenticationError, ConfigurationError, RateLimitedError, TransientError
from tests.connectors.loopback import RESET, Received, Reply, replies, reply_json, serving

KEY = rsa.generate_private_key(65537, 2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
TOKEN = "00DdM00000vfgTu!AQ0EXAMPLE0TOKEN0NOT0A0REAL0ONE"
LIMITS = reply_json({"DailyApiRequests": {"Max": 15000, "Remaining": 14000}})

SOAP_SUCCESS = """<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com">
 <soapenv:Body><loginResponse><result>
  <passwordExpired>false</passwordExpired><sandbox>false</sandbox>
  <serverUrl>{instance}/services/Soap/u/59.0/00D000000000001</serverUrl>
  <sessionId>{token}</sessionId><userId>005000000000001AAA</userId>
 </result></loginResponse></soapenv:Body></soapenv:Envelope>"""
SOAP_FAULT = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:sf="urn:fault.partner.soap.sforce.com" xmlns:xsi="x"><soapenv:Body><soapenv:Fault>'
    "<faultcode>sf:INVALID_LOGIN</faultcode><faultstring>INVALID_LOGIN: Invalid username</faultstring>"
    '<detail><sf:LoginFault xsi:type="sf:LoginFault"><sf:exceptionCode>INVALID_LOGIN</sf:exceptionCode>'
    "<sf:exceptionMessage>Invalid username, password, security token; or user locked out.</sf:exceptionMessage>"
    "</sf:LoginFault></detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>"
)


def org(login: Callable[[Received], Reply]) -> Callable[[Received], Reply]:
    """Log in by ``login``, then answer limits to whoever shows the token."""

    def handle(request: Received) -> Reply:
        if request.method == "POST":
            return login(request)
        assert request.path == "/services/data/v62.0/limits"
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        return LIMITS

    return handle


def granted(request: Received) -> Reply:
    return reply_json(
        {"access_token": TOKEN, "instance_url": f"http://{request.headers['host']}", "token_type": "Bearer"}
    )


def refused(error: str, description: str) -> Reply:
    return reply_json({"error": error, "error_description": description}, 400)


def settings(url: str, **extra: str) -> ConnectionSettings:
    parts = {name: extra.pop(name, None) for name in ("login", "password")}
    return ConnectionSettings(None, parts["login"], parts["password"], {"login_url": url, **extra})


def test_jwt_bearer_sends_an_assertion_the_platform_accepts() -> None:
    def login(request: Received) -> Reply:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        assert request.path == "/services/oauth2/token"
        assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        claims = jwt.decode(
            form["assertion"], KEY.public_key(), algorithms=["RS256"], audience="https://login.salesforce.com"
        )
        assert (claims["iss"], claims["sub"]) == ("the-app", "sync@acme.example")
        assert 0 < claims["exp"] - time.time() <= 180
        return granted(request)

    with serving(org(login)) as server:
        one_line = PEM.replace("\n", "\\n")
        usage = connect(
            settings(server.url, login="sync@acme.example", consumer_key="the-app", private_key=one_line)
        ).usage()
    assert (usage.used, usage.limit) == (1000, 15000)


def test_a_private_key_may_be_given_as_a_file(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text(PEM)
    with serving(org(granted)) as server:
        given = settings(server.url, login="u", consumer_key="k", private_key_file_path=str(path))
        assert connect(given).usage().limit == 15000
        missing = settings(server.url, login="u", consumer_key="k", private_key_file_path=str(tmp_path / "no.pem"))
        with pytest.raises(ConfigurationError, match="cannot be read"):
            connect(missing).usage()


def test_client_credentials_send_key_and_secret_in_the_form() -> None:
    def login(request: Received) -> Reply:
        form = parse_qs(request.body.decode())
        assert form == {"grant_type": ["client_credentials"], "client_id": ["k"], "client_secret": ["s-secret"]}
        return granted(request)

    with serving(org(login)) as server:
        assert connect(settings(server.url, consumer_key="k", consumer_secret="s-secret")).usage().limit == 15000


def test_the_soap_login_passes_through_our_transport_with_password_and_token() -> None:
    def login(request: Received) -> Reply:
        assert request.path == "/services/Soap/u/59.0"
        password = re.search(rb"<n1:password>(.*)</n1:password>", request.body)
        assert password is not None
        assert password[1] == b"p&amp;wTOKEN"
        body = SOAP_SUCCESS.format(instance=f"http://{request.headers['host']}", token=TOKEN)
        return Reply(200, body.encode(), {"Content-Type": "text/xml"})

    with serving(org(login)) as server:
        given = settings(server.url, login="u@acme.example", password="p&w", security_token="TOKEN")
        assert connect(given).usage().limit == 15000


def test_requests_go_to_the_instance_the_login_named() -> None:
    with serving(lambda _request: LIMITS) as instance:
        token = reply_json({"access_token": TOKEN, "instance_url": instance.url, "token_type": "Bearer"})
        with serving(replies(token)) as login:
            salesforce = connect(settings(login.url, consumer_key="k", consumer_secret="s-secret"))
            assert salesforce.client.salesforce.limits()["DailyApiRequests"]["Max"] == 15000
            assert [request.path for request in login.received] == ["/services/oauth2/token"]
        assert [request.path for request in instance.received] == ["/services/data/v62.0/limits/"]
        assert instance.received[0].headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    ("reply", "expected", "says"),
    [
        (refused("invalid_grant", "user hasn't approved this consumer"), AuthenticationError, "Pre-authorise the app"),
        (refused("invalid_grant", "audience is invalid"), AuthenticationError, "`audience`"),
        (refused("invalid_grant", "request not supported on this domain"), AuthenticationError, "My Domain"),
        (refused("invalid_client", "invalid client credentials"), AuthenticationError, "credentials"),
        (Reply(500, SOAP_FAULT.encode(), {"Content-Type": "text/xml"}), AuthenticationError, "user locked out"),
    ],
)
def test_a_refused_login_says_what_to_do_and_is_not_repeated(
    reply: Reply, expected: type[Exception], says: str
) -> None:
    with serving(replies(reply)) as server:
        given = settings(server.url, consumer_key="the-key", consumer_secret="the-secret")
        with pytest.raises(expected, match=says) as caught:
            connect(given).usage()
        assert len(server.received) == 1
    assert "the-secret" not in f"{caught.value} {caught.value.__dict__}"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (refused("invalid_grant", "login rate exceeded"), RateLimitedError),
        (Reply(503, b"<html>", {"Content-Type": "text/html"}), TransientError),
        (RESET, TransientError),
    ],
)
def test_a_disturbed_login_is_tried_as_often_as_the_request_that_needs_it(
    reply: Reply, expected: type[Exception]
) -> None:
    with serving(replies(reply)) as server:
        given = settings(server.url, consumer_key="the-key", consumer_secret="the-secret")
        with pytest.raises(expected):
            connect(given, options={"attempts": 3, "sleep": lambda _seconds: None}).usage()
        assert len(server.received) == 3


@pytest.mark.parametrize(
    ("extra", "login", "password", "flow"),
    [
        ({"consumer_key": "k", "private_key": "p", "consumer_secret": "s"}, "u", "", "jwt"),
        ({"consumer_key": "k", "consumer_secret": "s"}, None, None, "client_credentials"),
        ({"consumer_key": "k", "consumer_secret": "s"}, "", "", "client_credentials"),
        ({"security_token": "t"}, "u", "p", "soap"),
    ],
)
def test_the_flow_follows_from_what_is_given(
    extra: Mapping[str, str], login: str | None, password: str | None, flow: str
) -> None:
    assert flow_of(ConnectionSettings(None, login, password, extra)) == flow


@pytest.mark.parametrize(
    ("extra", "url", "aud"),
    [
        ({}, "https://login.salesforce.com", "https://login.salesforce.com"),
        ({"domain": "test"}, "https://test.salesforce.com", "https://test.salesforce.com"),
        ({"domain": "acme.my"}, "https://acme.my.salesforce.com", "https://acme.my.salesforce.com"),
        ({"domain": "acme--uat.sandbox.my"}, "https://acme--uat.sandbox.my.salesforce.com", None),
        ({"domain": "acme.my.salesforce.com"}, "https://acme.my.salesforce.com", None),
        ({"instance_url": "acme.my.salesforce.com"}, "https://acme.my.salesforce.com", None),
        ({"login_url": "http://127.0.0.1:1"}, "http://127.0.0.1:1", "https://login.salesforce.com"),
        ({"login_url": "http://127.0.0.1:1", "domain": "test"}, "http://127.0.0.1:1", "https://test.salesforce.com"),
        ({"login_url": "http://127.0.0.1:1", "audience": "https://x"}, "http://127.0.0.1:1", "https://x"),
    ],
)
def test_login_host_and_audience_follow_from_the_connection(
    extra: Mapping[str, str], url: str, aud: str | None
) -> None:
    assert login_url(ConnectionSettings(extra=extra)) == url
    assert audience(ConnectionSettings(extra=extra)) == (aud or url)


def test_credentials_never_travel_without_https_except_on_loopback() -> None:
    with pytest.raises(ConfigurationError, match="without https"):
        connect(settings("http://login.salesforce.example", consumer_key="k", consumer_secret="s"))


def test_an_incomplete_connection_is_refused_before_anything_is_sent() -> None:
    with serving(replies(Reply(500))) as server:
        for extra in ({}, {"consumer_key": "k"}, {"consumer_key": "k", "private_key": PEM}):
            with pytest.raises(ConfigurationError, match="credentials"):
                connect(settings(server.url, **extra))
    assert server.received == []


def test_a_broken_private_key_is_named_and_not_shown() -> None:
    broken = settings("http://127.0.0.1:1", login="u", consumer_key="k", private_key="-----BEGIN XX abcdefgh")
    with pytest.raises(ConfigurationError, match="cannot be read") as caught:
        connect(broken).usage()
    assert caught.value.field == "private_key"
    assert "abcdefgh" not in str(caught.value)


def test_a_public_key_in_place_of_the_private_one_is_named() -> None:
    public = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    given = settings("http://127.0.0.1:1", login="u", consumer_key="k", private_key=public.decode())
    with pytest.raises(ConfigurationError, match="cannot be read"):
        connect(given).usage()


def test_sign_ins_of_one_process_load_the_key_once_and_another_key_is_another() -> None:
    other = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    assert signing_key(PEM) is signing_key(PEM)
    assert signing_key(other.decode()) is not signing_key(PEM)


def test_the_registry_opens_the_connector_under_the_account_s_own_name() -> None:
    with serving(org(granted)) as server:
        given = settings(server.url, consumer_key="k", consumer_secret="s-secret")
        connector = open_connector("salesforce", given, system="crm_europe")
        assert connector.system == "crm_europe"
        assert connector.usage().limit == 15000


def test_a_session_token_in_an_error_body_is_masked() -> None:
    def handle(request: Received) -> Reply:
        if request.method == "POST":
            return granted(request)
        return reply_json([{"errorCode": "INSUFFICIENT_ACCESS", "message": f"session {TOKEN} may not"}], 403)

    with serving(handle) as server:
        salesforce = connect(settings(server.url, consumer_key="k", consumer_secret="s-secret"))
        with pytest.raises(ConfigurationError, match=r"session \*\*\* may not"):
            salesforce.usage()
