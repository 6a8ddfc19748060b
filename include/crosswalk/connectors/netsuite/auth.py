"""How NetSuite knows us: token-based authentication (OAuth 1.0a) or OAuth 2.0 machine to machine.

NetSuite §2: HMAC-SHA256, the realm in the header only, a new nonce, timestamp and signature for each attempt.
NetSuite §3: a JWT signed by our private key buys a bearer token for an hour; there is no refresh token.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from requests_oauthlib import OAuth1

from crosswalk.connectors.netsuite.errors import classify
from crosswalk.connectors.transport import Authenticator, RenewableAuthenticator, Transport, decoded
from crosswalk.model.errors import AuthenticationError, ConfigurationError, CrosswalkError

if TYPE_CHECKING:
    import requests

    from crosswalk.connectors.settings import ConnectionSettings

GRANT_PATH = "/services/rest/auth/oauth2/v1/token"
EARLY = 300.0  # seconds before its end at which a token is renewed
_ASSERTION_SECONDS = 600  # NetSuite §3: at most 3600
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_TBA = ("consumer_key", "consumer_secret", "token_id", "token_secret")
_M2M = ("client_id", "certificate_id", "private_key")

for _chatty in ("oauthlib", "requests_oauthlib"):  # at DEBUG they log the Authorization header
    logging.getLogger(_chatty).setLevel(logging.INFO)


def host_of(account_id: str) -> str:
    """Return the REST host: ``1234567_SB1`` → ``1234567-sb1.suitetalk.api.netsuite.com`` (NetSuite §1)."""
    return f"{account_id.strip().lower().replace('_', '-')}.suitetalk.api.netsuite.com"


def realm_of(account_id: str) -> str:
    """Return the realm: ``1234567-sb1`` → ``1234567_SB1``. Mixing the spellings is the usual 401 (NetSuite §1)."""
    return account_id.strip().upper().replace("-", "_")


def authenticator_for(settings: ConnectionSettings, token_endpoint: Callable[[], Transport]) -> Authenticator:
    """Return the scheme the connection has secrets for; machine to machine when it has both.

    ``token_endpoint`` opens the transport for token requests. Raises ConfigurationError naming what is missing.
    """
    if settings.get("client_id") or settings.get("certificate_id"):
        client_id, certificate_id, private_key = (
            settings.require(name, purpose="OAuth 2.0 machine to machine") for name in _M2M
        )
        return MachineToMachine(token_endpoint(), client_id, certificate_id, private_key)
    if not any(settings.get(name) for name in _TBA):
        raise ConfigurationError(
            "The NetSuite connection has no credentials.",
            hint=f"Give it {', '.join(_TBA)} (token-based authentication) or {', '.join(_M2M)} (OAuth 2.0).",
        )
    account = settings.require("account_id", purpose="token-based authentication")
    key, secret, token, token_secret = (settings.require(name, purpose="token-based authentication") for name in _TBA)
    return TokenBased(realm_of(account), key, secret, token, token_secret)


class TokenBased:
    """OAuth 1.0a with HMAC-SHA256 (NetSuite §2). ``nonce`` and ``timestamp`` are for comparing with known signatures."""

    def __init__(
        self,
        realm: str,
        consumer_key: str,
        consumer_secret: str,
        token_id: str,
        token_secret: str,
        *,
        nonce: str | None = None,
        timestamp: str | None = None,
    ) -> None:
        self._sign = OAuth1(
            consumer_key,
            consumer_secret,
            token_id,
            token_secret,
            realm=realm,
            signature_method="HMAC-SHA256",
            nonce=nonce,
            timestamp=timestamp,
        )

    def apply(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign anew: an old signature is refused as a replay."""
        signed: requests.PreparedRequest = self._sign(request)
        header = signed.headers["Authorization"]  # oauthlib gives bytes, against requests' types
        signed.headers["Authorization"] = header.decode() if isinstance(header, bytes) else header
        return signed

    def refresh(self) -> None:
        """Do nothing: the next attempt is signed anew anyway, and the four secrets do not expire."""


class MachineToMachine(RenewableAuthenticator):
    """OAuth 2.0 client credentials with a certificate (NetSuite §3): cached, renewed early, one request in flight."""

    def __init__(
        self,
        endpoint: Transport,
        client_id: str,
        certificate_id: str,
        private_key: str,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._endpoint, self._client_id, self._certificate_id = endpoint, client_id, certificate_id
        self._key = _load(private_key)
        self._algorithm = _algorithm_for(self._key)
        self._monotonic = monotonic
        self._token, self._expires = "", 0.0

    def apply(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign with the token, fetching a new one when there is none or it is about to end."""
        with self._lock:
            if self._generation and self._ends_soon():
                self._renew()
        return super().apply(request)

    def sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the bearer token on the request."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def renew(self) -> None:
        """Buy a token; raises AuthenticationError when the system refuses."""
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": self.assertion(int(time.time())),
        }
        asked = self._monotonic()
        answer = decoded(self._endpoint.call("POST", GRANT_PATH, data=form, idempotent=True))
        if not isinstance(answer, Mapping) or "access_token" not in answer:
            raise AuthenticationError("NetSuite granted no token.", hint="Check base_url: this is no token endpoint.")
        self._token = str(answer["access_token"])
        self._expires = asked + float(answer.get("expires_in", 3600))

    def assertion(self, now: int) -> str:
        """Return the signed JWT that proves we hold the key; ``now`` in Unix seconds."""
        return jwt.encode(
            {
                "iss": self._client_id,
                "scope": ["rest_webservices"],
                "aud": f"{self._endpoint.base_url}{GRANT_PATH}",
                "iat": now,
                "exp": now + _ASSERTION_SECONDS,
            },
            self._key,
            algorithm=self._algorithm,
            headers={"typ": "JWT", "kid": self._certificate_id},
        )

    def _ends_soon(self) -> bool:
        return self._monotonic() >= self._expires - EARLY


def classify_token_answer(response: requests.Response) -> CrosswalkError | None:
    """Return an error for an answer of the token endpoint: OAuth's shape, not the record service's (NetSuite §3)."""
    if response.status_code not in (400, 401, 403):
        return classify(response)
    try:
        code = str(response.json().get("error", ""))
    except (ValueError, AttributeError):
        code = ""
    return AuthenticationError(
        f"NetSuite refused the certificate ({code or 'no reason given'}).",
        hint=(
            "Check client_id, certificate_id and private_key; the certificate's mapping to user, role and integration "
            "(Setup > Integration > OAuth 2.0 Client Credentials); that it has not ended (two years at most); and the "
            "clock of this machine."
        ),
        code=code or None,
    )


def _load(private_key: str) -> RSAPrivateKey | EllipticCurvePrivateKey:
    text = private_key.replace("\\n", "\n").strip()
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey):
        raise ConfigurationError(
            "The connection's private_key is not an unencrypted RSA or EC key in PEM form.",
            hint="Paste the whole file, from -----BEGIN to END-----.",
            field="private_key",
        )
    return key


def _algorithm_for(key: RSAPrivateKey | EllipticCurvePrivateKey) -> str:
    if isinstance(key, RSAPrivateKey):
        return "PS256"  # NetSuite §3: PKCS#1 v1.5 (RS256) is no longer accepted
    algorithms = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
    if key.curve.name not in algorithms:
        raise ConfigurationError(
            f"NetSuite does not take keys on the curve {key.curve.name}.",
            hint="Make a key on P-256, P-384 or P-521, or an RSA key of 3072 bits.",
            field="private_key",
        )
    return algorithms[key.curve.name]
