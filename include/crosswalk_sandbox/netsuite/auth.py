"""Signed requests: token-based authentication (OAuth 1.0a, NetSuite §2) and bearer tokens (§3)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import re
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote, unquote

from crosswalk_sandbox.netsuite.errors import invalid_login
from crosswalk_sandbox.netsuite.oauth2 import OAuth2

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.account import Account, Caller
    from crosswalk_sandbox.netsuite.options import Options

_LOG: Final = logging.getLogger("crosswalk_sandbox.netsuite.login_audit")
_PARAMETER: Final = re.compile(r'\s*([\w.\-~%]+)\s*=\s*"([^"]*)"\s*(?:,|$)')
_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}


@dataclass(frozen=True, slots=True)
class Signed:
    """What of a request takes part in its signature: the raw path as on the wire, the raw query without ``?``."""

    method: str
    scheme: str
    host: str
    raw_path: str
    query: str
    authorization: str

    @property
    def base_uri(self) -> str:
        """Scheme, host and path; the port only when it is not the scheme's default."""
        host, _, port = self.host.lower().partition(":")
        shown = host if not port or _DEFAULT_PORTS.get(self.scheme) == port else f"{host}:{port}"
        return f"{self.scheme.lower()}://{shown}{self.raw_path}"


class _Refused(Exception):
    """Why a sign-in was refused; goes into the audit trail, never into an answer."""


class Gate:
    """Lets signed requests in and keeps the login audit trail."""

    def __init__(self, account: Account, options: Options, oauth2: OAuth2) -> None:
        self._account = account
        self._options = options
        self._oauth2 = oauth2
        self._nonces: dict[tuple[str, str, str], float] = {}
        self._lock = threading.Lock()
        self.audit: deque[dict[str, str]] = deque(maxlen=1000)
        """The last refusals with their reasons, newest last."""

    def admit(self, request: Signed) -> Caller:
        """The caller behind a request; raises 401 INVALID_LOGIN for anything wrong (NetSuite §2)."""
        try:
            scheme, _, rest = request.authorization.partition(" ")
            if scheme.lower() == "oauth":
                return self._token_based(request, rest)
            if scheme.lower() == "bearer":
                return self._bearer(rest.strip())
            raise _Refused("no OAuth or Bearer credentials")
        except _Refused as refused:
            self._note(request, str(refused))
            raise self._refusal(request) from refused

    def note_overload(self, request: Signed) -> None:
        """Record a request that went stale in the queue (NetSuite §10)."""
        self._note(request, "stale timestamp after waiting in the queue")

    def _refusal(self, request: Signed) -> Exception:
        refusal = invalid_login()
        if self._options.bearer_challenge and request.authorization[:6].lower() == "bearer":
            realm = f'Bearer realm="{self._options.realm}"'
            refusal.headers["WWW-Authenticate"] = f'{realm}, error="invalid_token"'
        return refusal

    def _note(self, request: Signed, reason: str) -> None:
        self.audit.append({"method": request.method, "path": request.raw_path, "reason": reason})
        _LOG.info("refused %s %s: %s", request.method, request.raw_path, reason)

    def _bearer(self, token: str) -> Caller:
        caller = self._oauth2.caller(token)
        if caller is None:
            raise _Refused("unknown or expired access token")
        return caller

    def _token_based(self, request: Signed, header: str) -> Caller:
        given = _header_parameters(header)
        self._check_parameters(given)
        held = self._account.secrets(given["oauth_consumer_key"], given["oauth_token"])
        if held is None:
            raise _Refused("unknown consumer key or token")
        consumer_secret, token_secret, caller = held
        expected = signature(request, given, consumer_secret, token_secret)
        if not hmac.compare_digest(expected, given["oauth_signature"]):
            raise _Refused("bad signature")
        self._check_nonce(given)
        return caller

    def _check_parameters(self, given: dict[str, str]) -> None:
        needed = ("consumer_key", "token", "nonce", "timestamp", "signature_method", "signature")
        missing = [name for name in needed if f"oauth_{name}" not in given]
        if missing:
            raise _Refused(f"missing oauth_{missing[0]}")
        if given["oauth_signature_method"] != "HMAC-SHA256":
            raise _Refused(f"signature method {given['oauth_signature_method']}")
        if given.get("oauth_version", "1.0") != "1.0":
            raise _Refused(f"oauth version {given['oauth_version']}")
        if not self._is_our_realm(given.get("realm", "")):
            raise _Refused(f"realm {given.get('realm', '')!r}")
        if not 6 <= len(given["oauth_nonce"]) <= 64:
            raise _Refused("nonce length")
        if not re.fullmatch(r"\d{1,12}", given["oauth_timestamp"]):
            raise _Refused("timestamp is no number")
        if abs(int(given["oauth_timestamp"]) - time.time() - self._options.oauth_skew) > self._options.oauth_window:
            raise _Refused("stale timestamp")

    def _is_our_realm(self, realm: str) -> bool:
        if self._options.lenient_realm:
            return realm.upper().replace("-", "_") == self._options.realm
        return realm == self._options.realm

    def _check_nonce(self, given: dict[str, str]) -> None:
        used = (given["oauth_token"], given["oauth_timestamp"], given["oauth_nonce"])
        now = time.monotonic()
        with self._lock:
            if used in self._nonces:
                raise _Refused("used nonce")
            self._nonces[used] = now
            if len(self._nonces) % 1000 == 0:
                horizon = now - 2 * self._options.oauth_window
                self._nonces = {key: at for key, at in self._nonces.items() if at > horizon}


def encode(text: str) -> str:
    """RFC 3986 percent-encoding with capital hex digits."""
    return quote(text, safe="-._~")


def signature(request: Signed, given: dict[str, str], consumer_secret: str, token_secret: str) -> str:
    """Base64 HMAC-SHA256 over the base string, with whatever ``oauth_*`` parameters the header carries."""
    key = f"{encode(consumer_secret)}&{encode(token_secret)}"
    digest = hmac.new(key.encode(), base_string(request, given).encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def base_string(request: Signed, given: dict[str, str]) -> str:
    """Method, base URI and normalised parameters (NetSuite §2)."""
    signed = [(name, value) for name, value in given.items() if name not in ("realm", "oauth_signature")]
    signed += parse_qsl(request.query, keep_blank_values=True)
    return "&".join((request.method.upper(), encode(request.base_uri), encode(_normalised(signed))))


def _normalised(parameters: Iterable[tuple[str, str]]) -> str:
    encoded = sorted((encode(name), encode(value)) for name, value in parameters)
    return "&".join(f"{name}={value}" for name, value in encoded)


def _header_parameters(header: str) -> dict[str, str]:
    found: dict[str, str] = {}
    place = 0
    while place < len(header):
        match = _PARAMETER.match(header, place)
        if match is None:
            raise _Refused("unreadable Authorization header")
        name = unquote(match[1])
        if name in found:
            raise _Refused(f"{name} twice")
        found[name], place = unquote(match[2]), match.end()
    return found
