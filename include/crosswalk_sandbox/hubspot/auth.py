"""Who may call: bearer tokens, the developer key, OAuth 2 (HubSpot §2)."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode

from .account import OAUTH_APP, REDIRECT, USER_ID, Account, new_token
from .calls import Call, Caller, Reply, Routes
from .errors import Refusal, expired, missing, no_credentials, scopes_missing
from .scopes import ALL, JOURNAL, accepted

if TYPE_CHECKING:
    from collections.abc import Mapping

_FORM: Final = "application/x-www-form-urlencoded"
_CODE_SECONDS: Final = 600


class Gate:
    """Lets in who has good credentials and the scope."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def admit(self, call: Call, guard: str, path: str) -> Caller:
        """The caller of a request. Raises Refusal 401 or 403."""
        if guard == "open":
            return Caller()
        if guard == "app":
            return self._developer(call)
        caller = self._bearer(call.headers.get("authorization", ""), guard)
        if guard == "crm":
            needed = accepted(call.method, path, self._account.types)
            if needed and not caller.scopes.intersection(needed):
                raise scopes_missing(needed)
        return caller

    def _bearer(self, header: str, guard: str) -> Caller:
        scheme, _, token = header.partition(" ")
        row = self._account.store.row(
            "SELECT kind, app, scopes, expires FROM token WHERE token = ?", (token.strip(),)
        ) if scheme.lower() == "bearer" and token.strip() else None  # fmt: skip
        if row is None or row[0] not in (("client",) if guard == "journal" else ("private", "access")):
            raise no_credentials()
        kind, app, scopes, expires = row
        now = self._account.store.now()
        if expires is not None and now >= expires:
            raise expired((now - expires) // 1000)
        return Caller(kind, app, frozenset(scopes.split()), USER_ID, f"{kind}:{app}")

    def _developer(self, call: Call) -> Caller:
        if not secrets.compare_digest(call.text("hapikey"), self._account.credentials()["developer_key"]):
            raise no_credentials()
        return Caller("app", OAUTH_APP, frozenset(), None, "app")


class OAuth:
    """The token endpoints of every edition, and what tells about tokens."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._store = account.store

    def routes(self, routes: Routes) -> None:
        """Add the endpoints."""
        for methods, path, handler in (
            ("GET", "/oauth/authorize", self.authorize),
            ("POST", "/oauth/v1/token", self.token),
            ("POST", "/oauth/v3/token", self.token),
            ("POST", "/oauth/v3/token/introspect", self.introspect),
            ("POST", "/oauth/v3/token/revoke", self.revoke),
            ("GET", "/oauth/v1/access-tokens/{token}", self.access_token),
            ("GET DELETE", "/oauth/v1/refresh-tokens/{token}", self.refresh_token),
        ):
            routes.add(methods, path, handler, guard="open", counted="none")

    def authorize(self, call: Call) -> Reply:
        """The consent page, always agreed to: back to ``redirect_uri`` with a code (§2)."""
        known = self._account.credentials()
        if call.text("client_id") != known["client_id"]:
            raise Refusal(400, "missing or unknown client id", extra={"status": "BAD_CLIENT_ID"})
        asked = call.text("scope").split()
        scopes = [
            one for one in dict.fromkeys([*asked, *call.text("optional_scope").split()]) if one in ALL or one == "oauth"
        ]
        code, target = new_token("na1-")[:48], call.text("redirect_uri", REDIRECT)
        expires = self._store.now() + _CODE_SECONDS * 1000
        self._store.keep(
            "token", code, "code", OAUTH_APP, " ".join(scopes or sorted(ALL)), expires, known["client_id"], target
        )
        back = {"code": code, **({"state": call.text("state")} if call.text("state") else {})}
        return Reply(302, None, {"Location": f"{target}{'&' if '?' in target else '?'}{urlencode(back)}"})

    def token(self, call: Call) -> Reply:
        """A token by code, refresh token or client credentials."""
        form = dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))
        grant = form.get("grant_type", "")
        if grant not in ("authorization_code", "refresh_token", "client_credentials"):
            raise _refused("BAD_GRANT_TYPE", "unsupported_grant_type", "missing or unknown grant type")
        known = self._account.credentials()
        if form.get("client_id") != known["client_id"]:
            raise _refused("BAD_CLIENT_ID", "invalid_client", "missing or invalid client id")
        if not secrets.compare_digest(form.get("client_secret", ""), known["client_secret"]):
            raise _refused("BAD_CLIENT_SECRET", "invalid_client", "missing or invalid client secret")
        if grant == "client_credentials":
            return self._for_app(form, known)
        return self._by_code(call, form) if grant == "authorization_code" else self._by_refresh(call, form)

    def introspect(self, call: Call) -> Reply:
        """What a token is, the token in the form (§2)."""
        form = dict(parse_qsl(call.body.decode("utf-8", "replace")))
        found = self._token(form.get("token", ""))
        now = self._store.now()
        if found is None or (found["expires"] is not None and found["expires"] <= now):
            return Reply(200, {"active": False})
        told = {
            "active": True, "client_id": self._account.credentials()["client_id"], "hub_id": self._account.options.portal_id,
            "app_id": found["app"], "user_id": USER_ID, "scopes": found["scopes"], "token_type": "bearer",
            "token_use": f"{found['kind']}_token", "is_private_distribution": found["kind"] == "private",
        }  # fmt: skip
        if found["expires"] is not None:
            told["expires_in"] = (found["expires"] - now) // 1000
        return Reply(200, told)

    def revoke(self, call: Call) -> Reply:
        """End one token, the token in the form; an unknown one is no error."""
        form = dict(parse_qsl(call.body.decode("utf-8", "replace")))
        self._store.execute(
            "DELETE FROM token WHERE token = ? AND kind IN ('access', 'refresh', 'client')", (form.get("token", ""),)
        )
        return Reply(204)

    def access_token(self, call: Call, token: str) -> Reply:
        """What a token may do; tools learn the granted scopes from it."""
        found = self._token(token)
        now = self._store.now()
        if found is None or found["kind"] != "access" or found["expires"] <= now:
            raise missing("the provided access token was not found or has expired")
        return Reply(200, {
            "token": token, "user": "integration@aldermoor.example", "hub_domain": self._domain(), "scopes": found["scopes"],
            "hub_id": self._account.options.portal_id, "app_id": found["app"], "user_id": USER_ID, "token_type": "access",
            "expires_in": (found["expires"] - now) // 1000,
        })  # fmt: skip

    def refresh_token(self, call: Call, token: str) -> Reply:
        """What a refresh token is; DELETE ends it."""
        found = self._token(token)
        if found is None or found["kind"] != "refresh":
            raise missing("the provided refresh token was not found")
        if call.method == "DELETE":
            self._store.execute("DELETE FROM token WHERE token = ?", (token,))
            return Reply(204)
        return Reply(200, {
            "token": token, "user": "integration@aldermoor.example", "hub_domain": self._domain(), "scopes": found["scopes"],
            "hub_id": self._account.options.portal_id, "client_id": found["client"], "user_id": USER_ID, "token_type": "refresh",
        })  # fmt: skip

    def expire_all(self) -> None:
        """End every OAuth token now, so that it is refused as expired."""
        self._store.execute("UPDATE token SET expires = ? WHERE kind IN ('access', 'client')", (self._store.now(),))

    # grants

    def _by_code(self, call: Call, form: Mapping[str, str]) -> Reply:
        found = self._token(form.get("code", ""))
        if found is None or found["kind"] != "code" or found["expires"] <= self._store.now():
            raise _refused("BAD_AUTH_CODE", "invalid_grant", "missing or unknown auth code")
        if form.get("redirect_uri") != found["detail"]:
            raise _refused("BAD_REDIRECT_URI", "invalid_grant", "missing or invalid redirect uri")
        refresh = new_token("na1-")[:40]
        scopes = " ".join(found["scopes"])
        with self._store.write():
            self._store.execute("DELETE FROM token WHERE token = ?", (form["code"],))
            self._store.keep("token", refresh, "refresh", OAUTH_APP, scopes, None, form["client_id"], "")
        return self._granted(call, refresh, scopes)

    def _by_refresh(self, call: Call, form: Mapping[str, str]) -> Reply:
        token = form.get("refresh_token", "")
        found = self._token(token)
        if found is None or found["kind"] != "refresh":
            raise _refused("BAD_REFRESH_TOKEN", "invalid_grant", "missing or invalid refresh token")
        return self._granted(call, token, " ".join(found["scopes"]))

    def _granted(self, call: Call, refresh: str, scopes: str) -> Reply:
        seconds = self._account.options.token_seconds
        access = new_token("CN-")
        self._store.keep("token", access, "access", OAUTH_APP, scopes, self._store.now() + seconds * 1000, "", "")
        told: dict[str, Any] = {
            "token_type": "bearer",
            "refresh_token": refresh,
            "access_token": access,
            "expires_in": seconds,
        }
        if call.path.startswith("/oauth/v1/"):
            return Reply(200, told)
        more = {"hub_id": self._account.options.portal_id, "user_id": USER_ID, "token_use": "access_token"}
        return Reply(200, {**told, **more, "scopes": scopes.split()})

    def _for_app(self, form: Mapping[str, str], known: Mapping[str, Any]) -> Reply:
        asked = form.get("scope", "").split() or sorted(JOURNAL)
        scopes = [one for one in asked if one in JOURNAL]
        token, seconds = new_token("CA-"), self._account.options.token_seconds
        self._store.keep(
            "token",
            token,
            "client",
            OAUTH_APP,
            " ".join(scopes),
            self._store.now() + seconds * 1000,
            known["client_id"],
            "",
        )
        return Reply(
            200,
            {
                "token_type": "bearer",
                "access_token": token,
                "expires_in": seconds,
                "scopes": scopes,
                "token_use": "access_token",
            },
        )

    def _token(self, token: str) -> dict[str, Any] | None:
        row = self._store.row("SELECT kind, app, scopes, expires, client, detail FROM token WHERE token = ?", (token,))
        if row is None:
            return None
        return {
            "kind": row[0],
            "app": row[1],
            "scopes": row[2].split(),
            "expires": row[3],
            "client": row[4],
            "detail": row[5],
        }

    def _domain(self) -> str:
        return f"aldermoor-{self._account.options.portal_id}.example"


def _refused(status: str, error: str, message: str) -> Refusal:
    """400 of a token request: the envelope's ``status`` is a code here (§2)."""
    return Refusal(400, message, extra={"status": status, "error": error, "error_description": message})
