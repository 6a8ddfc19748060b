"""OAuth: token, userinfo, revoke, introspect (Salesforce §2.1–2.5)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import threading
import time
from collections import deque
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from .calls import Call, Reply
from .errors import not_found
from .identity import identity_card, identity_url, user_info
from .ids import normalise
from .org import Org
from .sessions import Sessions

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LONGEST_ASSERTION = 180
"""How far ahead ``exp`` may lie, in seconds (§2.2)."""
ROUNDING = 1  # ``exp`` has whole seconds, and clients that ask for the whole three minutes round up
HOUR = 3_600
AUDIENCES = ("https://login.salesforce.com", "https://test.salesforce.com")


class OAuthError(Exception):
    """Refused: 400 with an object, not with the REST array."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.body = {"error": error, "error_description": description}


class OAuth:
    """The authorization server of the org."""

    def __init__(self, org: Org, sessions: Sessions) -> None:
        self.org = org
        self.sessions = sessions
        self._guard = threading.Lock()
        self._logins: dict[str, deque[float]] = {}

    # endpoints
    def token(self, call: Call) -> Reply:
        """``POST /services/oauth2/token``."""
        form = read_form(call)
        grants = {
            "client_credentials": self._client_credentials,
            JWT_GRANT: self._jwt,
            "refresh_token": self._refresh,
            "password": self._password,
        }
        try:
            grant = grants.get(form.get("grant_type", ""))
            if grant is None:
                raise OAuthError("unsupported_grant_type", "grant type not supported")
            return Reply(200, grant(call, form))
        except OAuthError as error:
            return Reply(400, error.body)

    def userinfo(self, call: Call) -> Reply:
        """``/services/oauth2/userinfo``: who the token belongs to."""
        user_id = self.sessions.user(bearer(call))
        if user_id is None:
            return Reply(403, b"Bad_OAuth_Token", content_type="text/html;charset=UTF-8")
        return Reply(200, user_info(self.org, user_id, call.base_url))

    def identity(self, call: Call, org: str, user: str) -> Reply:
        """``/id/{org}/{user}``, the address a token answer calls ``id``: what its clients ask right after a login."""
        user_id = self.sessions.user(bearer(call) or call.query.get("oauth_token", ""))
        if user_id is None:
            return Reply(403, b"Bad_OAuth_Token", content_type="text/html;charset=UTF-8")
        if (normalise(org), normalise(user)) != (self.org.fact("org_id"), user_id):
            raise not_found()
        return Reply(200, identity_card(self.org, user_id, call.base_url))

    def revoke(self, call: Call) -> Reply:
        """``/services/oauth2/revoke``: ends a token, or a refresh token with everything it gave out."""
        token = read_form(call).get("token") or call.query.get("token", "")
        with self.org.store.writing() as connection:
            found = connection.execute(
                "UPDATE _grant SET alive = 0 WHERE refresh_token = ? AND alive = 1", (token,)
            ).rowcount
        if not self.sessions.close(token) and not found:
            return Reply(
                400, {"error": "unsupported_token_type", "error_description": "this token type is not supported"}
            )
        return Reply(200, b"", content_type=None)

    def introspect(self, call: Call) -> Reply:
        """``/services/oauth2/introspect``: whether a token is alive and until when."""
        form = read_form(call)
        try:
            self._check_client(call, form)
        except OAuthError as error:
            return Reply(401, error.body)
        token = form.get("token", "")
        user_id, expires = self.sessions.user(token), self.sessions.expires(token)
        if user_id is None or expires is None:
            return Reply(200, {"active": False})
        now = int(self.org.now().timestamp())
        user = self.org.store.fetch(self.org.schema.objects["user"], user_id) or {}
        answer = {"active": True, "scope": "api", "client_id": self.org.fact("consumer_key"), "username": user.get("Username"),
                  "sub": identity_url(self.org, user_id), "token_type": "access_token", "exp": expires, "iat": now, "nbf": now}  # fmt: skip
        return Reply(200, answer)

    # flows
    def _client_credentials(self, call: Call, form: dict[str, str]) -> dict[str, Any]:
        host = call.headers.get("host", "").lower()
        if host.startswith(("login.salesforce.", "test.salesforce.")):
            raise OAuthError("invalid_grant", "request not supported on this domain")
        self._check_client(call, form)
        user_id = self.org.integration_user()
        return self._answer(call, user_id, "client_credentials", signed=True)

    def _jwt(self, call: Call, form: dict[str, str]) -> dict[str, Any]:
        claims = self._claims(form.get("assertion", ""))
        if claims.get("iss") != self.org.fact("consumer_key"):
            raise OAuthError("invalid_client_id", "client identifier invalid")
        if not self._audience(call, claims.get("aud")):
            raise OAuthError("invalid_grant", "audience is invalid")
        user = self._user(str(claims.get("sub", "")))
        if user is None:
            raise OAuthError("invalid_grant", "user hasn't approved this consumer")
        return self._answer(call, user["Id"], "jwt", signed=False)

    def _claims(self, assertion: str) -> dict[str, Any]:
        options: Any = {
            "verify_exp": False,
            "verify_aud": False,
            "verify_iat": False,
            "verify_sub": False,
            "verify_nbf": False,
        }
        try:
            claims: dict[str, Any] = jwt.decode(
                assertion, self.org.fact("public_key"), algorithms=["RS256"], options=options
            )
            left = float(claims["exp"]) - time.time()
        except jwt.InvalidSignatureError:
            raise OAuthError("invalid_grant", "invalid signature") from None
        except (jwt.PyJWTError, KeyError, TypeError, ValueError):
            raise OAuthError("invalid_grant", "invalid assertion") from None
        if left < 0:
            raise OAuthError("invalid_grant", "assertion expired")
        if left > LONGEST_ASSERTION + ROUNDING:
            raise OAuthError("invalid_grant", "invalid assertion")
        return claims

    def _audience(self, call: Call, given: Any) -> bool:
        known = {*AUDIENCES, call.base_url}
        for value in given if isinstance(given, list) else [given]:
            text = str(value).rstrip("/")
            host = urlsplit(text).hostname or ""
            if text in known or host.endswith(".salesforce.com") or host in ("127.0.0.1", "localhost"):
                return True
        return False

    def _refresh(self, call: Call, form: dict[str, str]) -> dict[str, Any]:
        self._check_client(call, form)
        token = form.get("refresh_token", "")
        connection = self.org.store.connection
        row = connection.execute(
            "SELECT user_id, family, alive FROM _grant WHERE refresh_token = ?", (token,)
        ).fetchone()
        rotating = self.org.options.rotate_refresh_tokens
        if row is None or not row[2]:
            if row is not None and rotating:
                with self.org.store.writing() as writer:
                    writer.execute("UPDATE _grant SET alive = 0 WHERE family = ?", (row[1],))
            raise OAuthError("invalid_grant", "expired access/refresh token")
        answer = self._answer(call, row[0], "refresh_token", signed=True)
        if rotating:
            answer["refresh_token"] = new_grant(self.org, row[0], row[1])
            with self.org.store.writing() as writer:
                writer.execute("UPDATE _grant SET alive = 0 WHERE refresh_token = ?", (token,))
        return answer

    def _password(self, call: Call, form: dict[str, str]) -> dict[str, Any]:
        self._check_client(call, form)
        user = self._user(form.get("username", ""))
        if not self.org.options.password_flow or user is None or form.get("password") not in passwords(self.org):
            raise OAuthError("invalid_grant", "authentication failure")
        return self._answer(call, user["Id"], "password", signed=True)

    # parts
    def _check_client(self, call: Call, form: dict[str, str]) -> None:
        key, secret = form.get("client_id", ""), form.get("client_secret", "")
        header = call.headers.get("authorization", "")
        if header.lower().startswith("basic "):
            try:
                key, _, secret = base64.b64decode(header[6:], validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                raise OAuthError("invalid_client", "invalid client credentials") from None
        if key != self.org.fact("consumer_key"):
            raise OAuthError("invalid_client_id", "client identifier invalid")
        if not hmac.compare_digest(secret.encode(), self.org.fact("consumer_secret").encode()):
            raise OAuthError("invalid_client", "invalid client credentials")

    def _user(self, username: str) -> dict[str, Any] | None:
        rows = self.org.store.fetch_where(self.org.schema.objects["user"], '"Username" = ?', [username])
        if rows and not rows[0]["IsActive"]:
            raise OAuthError("inactive_user", "user is inactive")
        return rows[0] if rows else None

    def _check_rate(self, user_id: str) -> None:
        """A user logs in so many times an hour at most (§2.1)."""
        now = self.org.now().timestamp()
        with self._guard:
            mine = self._logins.setdefault(user_id, deque())
            while mine and mine[0] <= now - HOUR:
                mine.popleft()
            if len(mine) >= self.org.options.logins_per_hour:
                raise OAuthError("invalid_grant", "login rate exceeded")
            mine.append(now)

    def _answer(self, call: Call, user_id: str, flow: str, *, signed: bool) -> dict[str, Any]:
        self._check_rate(user_id)
        answer: dict[str, Any] = {"access_token": self.sessions.open(user_id, flow)}
        identity = identity_url(self.org, user_id)
        if signed:
            issued = str(int(self.org.now().timestamp() * 1000))
            digest = hmac.new(
                self.org.fact("consumer_secret").encode(), (identity + issued).encode(), hashlib.sha256
            ).digest()
            answer["signature"] = base64.b64encode(digest).decode()
            answer["issued_at"] = issued
        answer.update(scope="api id", instance_url=call.base_url, id=identity, token_type="Bearer")  # noqa: S106
        return answer


def bearer(call: Call) -> str:
    """The token of the Authorization header (``Bearer``, or ``OAuth`` as old clients write it)."""
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() in ("bearer", "oauth") else ""


def read_form(call: Call) -> dict[str, str]:
    """A form body; what stands in the address counts as well."""
    return {**call.query, **dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))}


def passwords(org: Org) -> tuple[str, str]:
    """What is taken as password: with the security token behind it, and without."""
    return org.fact("password") + org.fact("security_token"), org.fact("password")


def new_grant(org: Org, user_id: str, family: str | None = None) -> str:
    """A refresh token; those of one family die together when rotation sees one twice."""
    token = f"5Aep{secrets.token_urlsafe(60)}"
    with org.store.writing() as connection:
        connection.execute("INSERT INTO _grant VALUES (?, ?, ?, 1)", (token, user_id, family or secrets.token_hex(8)))
    return token


def make_keys() -> tuple[str, str]:
    """A new RSA key pair in PEM: private, public."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()
