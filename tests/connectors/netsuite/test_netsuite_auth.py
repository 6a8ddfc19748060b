from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from crosswalk.connectors.netsuite import connect
from crosswalk.connectors.netsuite.auth import MachineToMachine, TokenBased, classify_token_answer, host_of, realm_of
from crosswalk.connectors.settings import ConnectionSettings
from crosswalk.connectors.transport import Anonymous, Transport
from crosswalk.model.errors import AuthenticationError, ConfigurationError
from tests.connectors.netsuite.small_netsuite import ACCOUNT, SECRETS, SmallNetSuite, error

VECTORS = json.loads((Path(__file__).parents[2] / "contracts/netsuite_connector/oauth1-vectors.json").read_text())
OURS = [vector for vector in VECTORS["vectors"] if "extraParams" not in vector]  # we add no oauth_body_hash


def signature_of(request: requests.PreparedRequest) -> str:
    found = re.search(r'oauth_signature="([^"]+)"', request.headers["Authorization"])
    assert found
    return unquote(found[1])


@pytest.mark.parametrize("vector", OURS, ids=lambda vector: vector["note"])
def test_signatures_equal_the_known_ones(vector: dict[str, Any]) -> None:
    scheme = TokenBased(
        VECTORS["realm"], VECTORS["consumerKey"], VECTORS["consumerSecret"], VECTORS["tokenId"], VECTORS["tokenSecret"],
        nonce=vector["nonce"], timestamp=vector["timestamp"],
    )  # fmt: skip
    body = '{"q": "SELECT id FROM customer"}' if vector["method"] == "POST" else None
    headers = {"Content-Type": "application/json"} if body else {}
    request = requests.Request(vector["method"], vector["url"], data=body, headers=headers).prepare()
    for _ in range(2):  # signing again replaces the old signature instead of signing it
        signed = scheme.apply(request)
        assert signature_of(signed) == vector["signature"]
        assert f'realm="{VECTORS["realm"]}"' in signed.headers["Authorization"]


def test_every_attempt_is_signed_anew(account: SmallNetSuite, open_account: Any) -> None:
    account.accidents = [lambda seen: error(429, "CONCURRENCY_LIMIT_EXCEEDED", "Request blocked.")] * 2
    open_account().client.server_time()
    nonces = [re.search(r'oauth_nonce="(\w+)"', seen.headers["Authorization"])[1] for seen in account.seen]
    assert len(set(nonces)) == 3


@pytest.mark.parametrize(
    ("account_id", "host", "realm"),
    [
        ("1234567", "1234567.suitetalk.api.netsuite.com", "1234567"),
        ("1234567_SB1", "1234567-sb1.suitetalk.api.netsuite.com", "1234567_SB1"),
        ("1234567-sb1", "1234567-sb1.suitetalk.api.netsuite.com", "1234567_SB1"),
        ("TSTDRV1234567", "tstdrv1234567.suitetalk.api.netsuite.com", "TSTDRV1234567"),
    ],
)
def test_either_spelling_of_an_account_gives_its_host_and_its_realm(account_id: str, host: str, realm: str) -> None:
    assert (host_of(account_id), realm_of(account_id)) == (host, realm)


def test_without_a_base_url_the_account_gives_the_address() -> None:
    connector = connect(ConnectionSettings(extra={"account_id": ACCOUNT, **SECRETS}))
    assert connector.client.transport.base_url == "https://tstdrv1234567-sb1.suitetalk.api.netsuite.com"


def test_refused_credentials_are_tried_twice_then_reported(account: SmallNetSuite, open_account: Any) -> None:
    with pytest.raises(AuthenticationError, match="Login Audit Trail"):
        open_account(token_secret="wrong").client.server_time()
    assert account.calls() <= 3


@pytest.mark.parametrize(
    ("extra", "named"),
    [
        ({"account_id": "1"}, "consumer_key"),
        ({"account_id": "1", "consumer_key": "a"}, "consumer_secret"),
        ({"account_id": "1", "client_id": "a"}, "certificate_id"),
        ({"consumer_key": "a"}, "account_id"),
        ({"account_id": "1", "client_id": "a", "certificate_id": "b", "private_key": "not a key"}, "private_key"),
        ({"account_id": "1", **SECRETS, "sql_time_zone": "Mars/Olympus"}, "sql_time_zone"),
        ({"account_id": "1", **SECRETS, "concurrency": "many"}, "concurrency"),
    ],
)
def test_a_connection_that_lacks_something_says_what(extra: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        connect(ConnectionSettings(extra=extra))


def test_no_secret_is_logged(open_account: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    open_account().client.server_time()
    assert not any(secret in caplog.text for secret in ("oauth_signature", "oauth_token", "Authorization"))


# --- machine to machine ---------------------------------------------------------------------------------


def pem(key: Any) -> str:
    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
KEYS = [(RSA, "PS256"), (ec.generate_private_key(ec.SECP256R1()), "ES256"), (ec.generate_private_key(ec.SECP384R1()), "ES384"),
        (ec.generate_private_key(ec.SECP521R1()), "ES512")]  # fmt: skip


class TokenEndpoint:
    """Grants numbered tokens for good assertions, as in NetSuite §3."""

    def __init__(self, public_key: Any, algorithm: str) -> None:
        self.public_key, self.algorithm = public_key, algorithm
        self.granted = 0
        self.lifetime: object = 3600
        self.refusal: str | None = None
        self.url = ""

    def grant(self, form: dict[str, list[str]]) -> tuple[int, dict[str, object]]:
        if self.refusal:
            return 400, {"error": self.refusal}
        assert form["grant_type"] == ["client_credentials"]
        assert form["client_assertion_type"] == ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]
        (assertion,) = form["client_assertion"]
        head = jwt.get_unverified_header(assertion)
        assert (head["typ"], head["kid"]) == ("JWT", "cert-1")
        audience = f"{self.url}/services/rest/auth/oauth2/v1/token"
        claims = jwt.decode(
            assertion, self.public_key, algorithms=[self.algorithm], audience=audience, issuer="client-1"
        )
        assert claims["exp"] - claims["iat"] <= 3600
        assert claims["scope"] == ["rest_webservices"]
        self.granted += 1
        return 200, {"access_token": f"token-{self.granted}", "expires_in": self.lifetime, "token_type": "Bearer"}


@contextmanager
def serving(endpoint: TokenEndpoint) -> Iterator[TokenEndpoint]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            status, body = endpoint.grant(form)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    endpoint.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def scheme_at(endpoint: TokenEndpoint, key: Any, clock: list[float] | None = None) -> MachineToMachine:
    transport = Transport(
        system="netsuite", base_url=endpoint.url, authenticator=Anonymous(), classify=classify_token_answer,
        is_read=lambda method, path: True,
    )  # fmt: skip
    times = clock or [0.0]
    return MachineToMachine(transport, "client-1", "cert-1", pem(key), monotonic=lambda: times[0])


def bearer(scheme: MachineToMachine) -> str:
    return str(scheme.apply(requests.Request("GET", "http://x/").prepare()).headers["Authorization"])


@pytest.mark.parametrize(("key", "algorithm"), KEYS, ids=[algorithm for _, algorithm in KEYS])
def test_a_token_is_bought_with_a_signature_of_the_keys_own_kind(key: Any, algorithm: str) -> None:
    with serving(TokenEndpoint(key.public_key(), algorithm)) as endpoint:
        scheme = scheme_at(endpoint, key)
        assert [bearer(scheme), bearer(scheme)] == ["Bearer token-1", "Bearer token-1"]
        assert endpoint.granted == 1


def test_a_key_pasted_with_escaped_line_breaks_is_read() -> None:
    with serving(TokenEndpoint(RSA.public_key(), "PS256")) as endpoint:
        transport = scheme_at(endpoint, RSA)._endpoint
        scheme = MachineToMachine(transport, "client-1", "cert-1", pem(RSA).replace("\n", "\\n"))
        assert bearer(scheme) == "Bearer token-1"


@pytest.mark.parametrize("lifetime", [3600, "3600"])
def test_a_token_is_renewed_five_minutes_before_its_end(lifetime: object) -> None:
    clock = [1000.0]
    with serving(TokenEndpoint(RSA.public_key(), "PS256")) as endpoint:
        endpoint.lifetime = lifetime
        scheme = scheme_at(endpoint, RSA, clock)
        assert bearer(scheme) == "Bearer token-1"
        clock[0] += 3299
        assert bearer(scheme) == "Bearer token-1"
        clock[0] += 1
        assert bearer(scheme) == "Bearer token-2"


def test_many_threads_share_one_token_request() -> None:
    with serving(TokenEndpoint(RSA.public_key(), "PS256")) as endpoint:
        scheme = scheme_at(endpoint, RSA)
        with ThreadPoolExecutor(8) as pool:
            tokens = set(pool.map(lambda _: bearer(scheme), range(32)))
        assert (tokens, endpoint.granted) == ({"Bearer token-1"}, 1)


def test_a_token_the_system_refused_is_replaced_once_by_all_who_held_it() -> None:
    with serving(TokenEndpoint(RSA.public_key(), "PS256")) as endpoint:
        scheme = scheme_at(endpoint, RSA)
        both = threading.Barrier(4)

        def refused(_: int) -> str:
            bearer(scheme)
            both.wait(5)
            scheme.refresh()
            return bearer(scheme)

        with ThreadPoolExecutor(4) as pool:
            assert set(pool.map(refused, range(4))) == {"Bearer token-2"}
        assert endpoint.granted == 2


def test_a_refused_certificate_names_what_to_check() -> None:
    with serving(TokenEndpoint(RSA.public_key(), "PS256")) as endpoint:
        endpoint.refusal = "invalid_grant"
        with pytest.raises(AuthenticationError, match="invalid_grant") as caught:
            bearer(scheme_at(endpoint, RSA))
        assert "two years" in caught.value.hint


@pytest.mark.parametrize("key", [ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256K1())])
def test_a_key_netsuite_does_not_take_is_refused_at_once(key: Any) -> None:
    extra = {"account_id": "1", "client_id": "a", "certificate_id": "b", "private_key": pem(key)}
    with pytest.raises(ConfigurationError, match="key"):
        connect(ConnectionSettings(extra=extra))
