"""Signing in: a token of a private app or service key, or OAuth's refresh token; by what the connection holds (HubSpot §2)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests

from crosswalk.connectors.authentication import Authenticator, RenewableAuthenticator
from crosswalk.connectors.hubspot.paths import TOKEN, versioned
from crosswalk.connectors.settings import ConnectionSettings
from crosswalk.connectors.transport import Anonymous, Transport, decoded
from crosswalk.connectors.wire import retry_after_of
from crosswalk.model.errors import (
    AuthenticationError,
    ConfigurationError,
    CrosswalkError,
    RateLimitedError,
    TransientError,
)

HOST = "https://api.hubapi.com"
RENEW_AT = 0.8  # of a token's life: long pulls must not run into its end (HubSpot §2)
_APP = ("client_id", "client_secret", "refresh_token")
_HINTS = {
    "BAD_REFRESH_TOKEN": "Install the app in the account again, and put the new refresh token into the connection.",
    "BAD_CLIENT_ID": "Copy the app's client id into the connection.",
    "BAD_CLIENT_SECRET": "Copy the app's client secret into the connection.",
}


class TokenAuthenticator:
    """A token that stays: of a private app, a static-auth app or a service key. It cannot be renewed, only exchanged by a person."""

    renewable = False

    def __init__(self, token: str) -> None:
        self._token = token

    def apply(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the token on the request."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def refresh(self) -> None:
        """Do nothing: there is nothing to renew."""


class OAuthAuthenticator(RenewableAuthenticator):
    """Access tokens of 30 minutes from a refresh token, renewed ahead of their end, and once when one is refused."""

    def __init__(
        self,
        settings: ConnectionSettings,
        *,
        system: str,
        version: str,
        verify: bool | str = True,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._form = {name: settings.require(name, purpose="the OAuth login") for name in _APP}
        self._path = versioned(TOKEN, version)
        self._monotonic = monotonic
        self._token, self._ends = "", 0.0
        self._transport = Transport(
            system=system,
            base_url=base_url(settings),
            authenticator=Anonymous(),
            classify=classify_login,
            is_read=lambda _method, _path: True,  # a login changes nothing in the account
            verify=verify,
            timeout=(10.0, 60.0),
            attempts=1,  # the transport of the request that needs the token tries again
        )

    @property
    def token(self) -> str:
        """The access token; empty before the first request."""
        return self._token

    def apply(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign with a token that will not end while the request is under way."""
        with self._lock:
            if self._generation and self._monotonic() >= self._ends:
                self._renew()
        return super().apply(request)

    def sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the access token on the request."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def renew(self) -> None:
        """Get an access token; a refresh token that came with it takes the place of ours."""
        form = {"grant_type": "refresh_token", **self._form}
        answer: Mapping[str, Any] = decoded(self._transport.call("POST", self._path, data=form))
        self._token = str(answer["access_token"])
        self._form["refresh_token"] = str(answer.get("refresh_token") or self._form["refresh_token"])
        self._ends = self._monotonic() + RENEW_AT * float(answer["expires_in"])


def authenticator(settings: ConnectionSettings, *, system: str, version: str, verify: bool | str) -> Authenticator:
    """Return what signs this connection's requests; raises ConfigurationError when it holds no complete set of credentials."""
    if token := settings.get("access_token") or settings.get("password"):
        return TokenAuthenticator(token)
    if all(settings.get(name) for name in _APP):
        return OAuthAuthenticator(settings, system=system, version=version, verify=verify)
    raise ConfigurationError(
        "The HubSpot connection holds no complete set of credentials.",
        hint="Give access_token (private app or service key), or client_id, client_secret and refresh_token (OAuth app).",
    )


def base_url(settings: ConnectionSettings) -> str:
    """Return the API's address: `base_url`, else the host of the connection, else the vendor's.

    Raises ConfigurationError for http anywhere but on this machine.
    """
    given = settings.get("base_url") or settings.get("host") or HOST
    url = given if "://" in given else f"https://{given}"
    parts = urlsplit(url)
    if not parts.hostname or parts.scheme not in ("http", "https"):
        raise ConfigurationError(f"{given!r} is no address.", hint=f"Give a URL such as {HOST}.", field="base_url")
    if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ConfigurationError(
            "The HubSpot address would send the token without https.",
            hint="Use https; http is for loopback only.",
            field="base_url",
        )
    return url.rstrip("/")


def classify_login(response: requests.Response) -> CrosswalkError | None:
    """Read the answer to a token request: refusals are 400, with the code in ``status`` (HubSpot §2)."""
    if response.status_code < 300:
        return None
    try:
        body = response.json()
    except ValueError:
        body = {}
    code = str(body.get("status") or response.status_code) if isinstance(body, dict) else str(response.status_code)
    if response.status_code == 429:
        return RateLimitedError("HubSpot asks for patience with logins.", retry_after=retry_after_of(response) or 10.0)
    if response.status_code >= 500:
        return TransientError("HubSpot's login is disturbed.", hint="It will be tried again.", code=code)
    hint = _HINTS.get(code, "Check the connection's client_id, client_secret and refresh_token.")
    return AuthenticationError(f"HubSpot refused the login: {code}.", hint=hint, code=code)
