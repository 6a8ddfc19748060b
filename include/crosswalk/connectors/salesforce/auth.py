"""Logging in: JWT bearer, client credentials, SOAP login; the flow follows from what the connection holds (Salesforce §2)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import jwt
import requests
from simple_salesforce.exceptions import SalesforceAuthenticationFailed
from simple_salesforce.login import SalesforceLogin
from simple_salesforce.util import getUniqueElementValueFromXmlString

from crosswalk.connectors.settings import ConnectionSettings
from crosswalk.connectors.transport import Anonymous, RenewableAuthenticator, Transport, decoded
from crosswalk.model.errors import (
    AuthenticationError,
    ConfigurationError,
    CrosswalkError,
    RateLimitedError,
    TransientError,
)

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - a path
SOAP_VERSION = "59.0"  # login() is gone from 65.0 on (Salesforce §2.6)
ASSERTION_SECONDS = 120  # Salesforce takes at most three minutes; a fast clock of ours must not exceed them
_VENDOR_HOST = ".salesforce.com"

_HINTS = {
    "user hasn't approved this consumer": "Pre-authorise the app for the integration user (Admin approved users are pre-authorized).",
    "audience": "Set the extra `audience` to the login host the app was made for.",
    "no client credentials user enabled": "Name a run-as user in the app's client credentials flow.",
    "request not supported on this domain": "Client credentials work on My Domain only: set `domain` to `<name>.my`.",
    "expired": "Check this machine's clock.",
}


class SalesforceAuthenticator(RenewableAuthenticator):
    """A session of the integration user, renewed when Salesforce says it has expired.

    Requests go to the instance the login named, whatever host they were built for (Salesforce §1).
    """

    def __init__(self, settings: ConnectionSettings, *, system: str, verify: bool | str = True) -> None:
        super().__init__()
        self._settings = settings
        self._login_url = login_url(settings)
        self._flow = flow_of(settings)
        self._token = self._instance = ""
        self._transport = Transport(
            system=system,
            base_url=self._login_url,
            authenticator=Anonymous(),
            classify=classify_login,
            is_read=lambda _method, _path: True,  # a login changes nothing in the org
            verify=verify,
            timeout=(10.0, 60.0),
            attempts=1,  # the transport of the request that needs the session tries again
        )

    @property
    def instance_url(self) -> str:
        """The data host; empty before the first login."""
        return self._instance

    def sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the session on the request and lead it to the instance."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        parts, instance = urlsplit(request.url or ""), urlsplit(self._instance)
        request.url = urlunsplit(parts._replace(scheme=instance.scheme, netloc=instance.netloc))
        return request

    def renew(self) -> None:
        """Log in; raises AuthenticationError with the remedy when Salesforce refuses."""
        self._token, instance = self._soap() if self._flow == "soap" else self._oauth()
        if urlsplit(instance).scheme != "https" and urlsplit(self._login_url).scheme == "https":
            raise AuthenticationError("The login named an instance without https.", hint="Check the login host.")
        self._instance = instance.rstrip("/")

    def _oauth(self) -> tuple[str, str]:
        form = self._assertion() if self._flow == "jwt" else self._client_credentials()
        answer: Mapping[str, Any] = decoded(self._transport.call("POST", TOKEN_PATH, data=form))
        return str(answer["access_token"]), str(answer["instance_url"])

    def _assertion(self) -> dict[str, str]:
        claims = {
            "iss": self._settings.require("consumer_key", purpose="the JWT login"),
            "sub": self._settings.require("login", purpose="the JWT login"),
            "aud": audience(self._settings),
            "exp": int(time.time()) + ASSERTION_SECONDS,
        }
        key = signing_key(private_key(self._settings))
        try:
            assertion = jwt.encode(claims, key, algorithm="RS256")
        except (AttributeError, ValueError, TypeError, jwt.InvalidKeyError):  # it is a public key
            raise _unreadable_key() from None
        return {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}

    def _client_credentials(self) -> dict[str, str]:
        return {
            "grant_type": "client_credentials",
            "client_id": self._settings.require("consumer_key", purpose="the client credentials login"),
            "client_secret": self._settings.require("consumer_secret", purpose="the client credentials login"),
        }

    def _soap(self) -> tuple[str, str]:
        try:
            session_id, host = SalesforceLogin(
                username=self._settings.require("login", purpose="the SOAP login"),
                password=self._settings.require("password", purpose="the SOAP login"),
                security_token=self._settings.get("security_token") or "",
                sf_version=SOAP_VERSION,
                session=self._transport,  # leads the hard-coded host to the login host
            )
        except SalesforceAuthenticationFailed as error:
            raise AuthenticationError("Salesforce refused the SOAP login.", code=str(error.code)) from None
        return session_id, f"{urlsplit(self._login_url).scheme}://{host}"


def flow_of(settings: ConnectionSettings) -> str:
    """Return ``jwt``, ``client_credentials`` or ``soap``; raises ConfigurationError when nothing fits."""
    key = settings.get("consumer_key")
    if key and settings.get("login") and (settings.get("private_key") or settings.get("private_key_file_path")):
        return "jwt"
    if key and settings.get("consumer_secret"):
        return "client_credentials"
    if settings.get("login") and settings.get("password"):
        return "soap"
    raise ConfigurationError(
        "The Salesforce connection holds no complete set of credentials.",
        hint="Give login, consumer_key and private_key (JWT), or consumer_key and consumer_secret (client credentials).",
    )


def login_url(settings: ConnectionSettings) -> str:
    """Return the login host as a URL: ``login_url``, else from ``domain``, else ``instance_url``, else production's."""
    if given := settings.get("login_url"):
        return _as_url(given)
    if domain := settings.get("domain"):
        short = domain.endswith(".my") or "." not in domain
        return _as_url(f"{domain}{_VENDOR_HOST}" if short else domain)
    return _as_url(settings.get("instance_url") or f"login{_VENDOR_HOST}")


def audience(settings: ConnectionSettings) -> str:
    """Return the JWT's ``aud``: a login host of the vendor, also when requests are led elsewhere (Salesforce §2.2)."""
    if given := settings.get("audience"):
        return given
    if domain := settings.get("domain"):
        return login_url(ConnectionSettings(extra={"domain": domain}))
    url = login_url(settings)
    return url if (urlsplit(url).hostname or "").endswith(_VENDOR_HOST) else f"https://login{_VENDOR_HOST}"


def private_key(settings: ConnectionSettings) -> str:
    """Return the PEM text; forms that keep one line only hold it with ``\\n`` written out."""
    if text := settings.get("private_key"):
        return text.replace("\\n", "\n")
    path = settings.require("private_key_file_path", purpose="the JWT login")
    try:
        with open(path, encoding="ascii") as file:
            return file.read()
    except OSError:
        raise ConfigurationError(
            "The private key file of the Salesforce connection cannot be read.",
            hint="Check the path and that the worker may read it.",
            field="private_key_file_path",
        ) from None


@lru_cache(maxsize=8)
def signing_key(pem: str) -> Any:
    """Return the key of a PEM text, loaded once a process: loading checks it, which takes some 50 ms; a signature takes one.

    Raises ConfigurationError for what is no unencrypted RSA key.
    """
    try:
        return jwt.get_algorithm_by_name("RS256").prepare_key(pem)
    except (ValueError, TypeError, jwt.InvalidKeyError):
        raise _unreadable_key() from None


def _unreadable_key() -> ConfigurationError:
    return ConfigurationError(
        "The private key of the Salesforce connection cannot be read.",
        hint="Give the whole PEM text, BEGIN and END lines included, of an unencrypted RSA key.",
        field="private_key",
    )


def classify_login(response: requests.Response) -> CrosswalkError | None:
    """Read a login's answer: token errors are JSON objects with 400, SOAP faults XML with 500 (Salesforce §2.1, §2.6)."""
    if response.status_code == 200:
        return None
    code, text = _login_error(response)
    if response.status_code == 429 or "rate" in code or "rate exceeded" in text:
        return RateLimitedError(f"Salesforce refused the login: {text}", code=code)
    if response.status_code >= 500 and not code:
        return TransientError("The login host is disturbed.", hint="It will be tried again.")
    hint = next((hint for part, hint in _HINTS.items() if part in text), "Check the connection's credentials.")
    return AuthenticationError(f"Salesforce refused the login: {text or response.status_code}", hint=hint, code=code)


def _login_error(response: requests.Response) -> tuple[str, str]:
    if b"sf:exceptionCode" in response.content:
        code = getUniqueElementValueFromXmlString(response.content, "sf:exceptionCode")
        text = getUniqueElementValueFromXmlString(response.content, "sf:exceptionMessage")
        return str(code or ""), str(text or "")
    try:
        body = response.json()
    except ValueError:
        return "", ""
    if not isinstance(body, dict):
        return "", ""
    return str(body.get("error") or ""), str(body.get("error_description") or "")


def _as_url(host: str) -> str:
    url = host if "://" in host else f"https://{host}"
    if not (urlsplit(url).hostname or "") or urlsplit(url).scheme not in ("http", "https"):
        raise ConfigurationError(f"{host!r} is not a host.", hint="Give a URL such as https://acme.my.salesforce.com.")
    if urlsplit(url).scheme == "http" and urlsplit(url).hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ConfigurationError(
            "The Salesforce login URL would send credentials without https.",
            hint="Use https; http is for loopback only.",
        )
    return url.rstrip("/")
