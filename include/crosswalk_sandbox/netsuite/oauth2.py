"""OAuth 2.0 client credentials: signed assertions in, bearer tokens out (NetSuite §3)."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

import jwt

from crosswalk_sandbox.netsuite.account import Account, Caller

if TYPE_CHECKING:
    from crosswalk_sandbox.kernel.clock import Clock
    from crosswalk_sandbox.netsuite.options import Options

TOKEN_PATH: Final = "/services/rest/auth/oauth2/v1/token"  # noqa: S105 - a path
_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ALGORITHMS: Final = ("PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
_SCOPES: Final = frozenset({"rest_webservices", "restlets", "suite_analytics"})
_LIFETIME: Final = 3600


class TokenError(Exception):
    """A token request that is refused; ``str()`` is the ``error`` code of the 400 answer."""


class OAuth2:
    """The token endpoint and the check of what it gave out."""

    def __init__(self, account: Account, options: Options, clock: Clock) -> None:
        self._account = account
        self._options = options
        self._clock = clock
        self._revoked: set[str] = set()

    def grant(self, body: bytes, base_url: str) -> dict[str, Any]:
        """Answer of a token request; raises TokenError. ``base_url`` is the host that was asked."""
        form = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        if "grant_type" not in form:
            raise TokenError("invalid_request")
        if form["grant_type"] != "client_credentials":
            raise TokenError("unsupported_grant_type")
        if form.get("client_assertion_type") != _ASSERTION_TYPE or "client_assertion" not in form:
            raise TokenError("invalid_request")
        claims, held = self._verified(form["client_assertion"], base_url)
        return self._token(claims, held)

    def revoke(self, body: bytes) -> None:
        """Make one access token invalid."""
        form = parse_qs(body.decode("utf-8", "replace"))
        if "token" not in form:
            raise TokenError("invalid_request")
        self._revoked.add(form["token"][0])

    def caller(self, token: str) -> Caller | None:
        """Who holds an access token; None when it is unknown, revoked or expired by the sandbox's clock."""
        try:
            claims = jwt.decode(
                token,
                self._account.session_secret,
                algorithms=["HS256"],
                options={"verify_exp": False, "verify_aud": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            return None
        if claims["exp"] <= self._clock.now().timestamp() or token in self._revoked:
            return None
        role, _, entity = claims["sub"].partition(";")
        return Caller(self._account.role(int(role)), int(entity), self._account.client_id)

    def _verified(self, assertion: str, base_url: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        try:
            header = jwt.get_unverified_header(assertion)
        except jwt.InvalidTokenError as error:
            raise TokenError("invalid_request") from error
        held = self._account.certificate(str(header.get("kid", "")))
        if held is None or header.get("alg") not in _ALGORITHMS or header.get("typ", "JWT") != "JWT":
            raise TokenError("invalid_grant")
        try:
            claims: dict[str, Any] = jwt.decode(
                assertion,
                held["public_key"],
                algorithms=[header["alg"]],
                audience=self._audiences(base_url),
                issuer=self._account.client_id,
                options={"require": ["iss", "aud", "iat", "exp"], "verify_exp": False, "verify_iat": False},
            )
        except (jwt.InvalidTokenError, TypeError, ValueError) as error:
            raise TokenError("invalid_grant") from error
        self._check_times(claims)
        return claims, held

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now = time.time() + self._options.oauth_skew
        issued, expires = claims["iat"], claims["exp"]
        if not isinstance(issued, int | float) or not isinstance(expires, int | float):
            raise TokenError("invalid_grant")
        late = now > expires or now < issued - self._options.oauth_window
        if late or not 0 < expires - issued <= _LIFETIME:
            raise TokenError("invalid_grant")

    def _audiences(self, base_url: str) -> list[str]:
        hosts = [f"https://{self._options.host}.{name}.api.netsuite.com" for name in ("suitetalk", "restlets")]
        return [host + TOKEN_PATH for host in (*hosts, base_url)]

    def _token(self, claims: Mapping[str, Any], held: Mapping[str, Any]) -> dict[str, Any]:
        wanted = claims.get("scope", [])
        scopes = wanted if isinstance(wanted, list) else [word for word in re.split(r"[,\s]+", str(wanted)) if word]
        if not scopes or not set(scopes) <= _SCOPES:
            raise TokenError("invalid_scope")
        issued = int(self._clock.now().timestamp())
        payload = {
            "sub": f"{held['role']};{held['entity']}",
            "aud": [f"1;{self._options.realm}", self._account.client_id],
            "scope": scopes,
            "iss": "https://system.netsuite.com",
            "iat": issued,
            "exp": issued + _LIFETIME,
            "jti": f"{issued}.{time.monotonic_ns()}",
        }
        lifetime: int | str = str(_LIFETIME) if self._options.expires_in_as_string else _LIFETIME
        token = jwt.encode(payload, self._account.session_secret, algorithm="HS256")
        return {"access_token": token, "expires_in": lifetime, "token_type": "Bearer"}
