"""The Salesforce emulator as the sandbox sees it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from .actions import Actions
from .app import SalesforceApp
from .bootstrap import bootstrap
from .calls import JSON_TYPE
from .options import Options
from .org import HasNow, Org
from .seed import load_company

if TYPE_CHECKING:
    from crosswalk_sandbox.company.model import Company

BODIES = {
    401: ("INVALID_SESSION_ID", "Session expired or invalid"),
    403: ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    404: ("NOT_FOUND", "The requested resource does not exist"),
    500: (
        "UNKNOWN_EXCEPTION",
        "An unexpected error occurred. Please include this ErrorId if you contact support: 1234567-89012 (-1)",
    ),
    503: ("SERVER_UNAVAILABLE", "Server Unavailable: the server is too busy to handle your request"),
}


class SalesforceEmulator:
    """One org with its app. State lies in ``directory`` and survives a killed process."""

    name = "salesforce"

    def __init__(self, directory: Path, clock: HasNow, options: Mapping[str, object]) -> None:
        self.org = Org(Path(directory), clock, Options.from_mapping(options))
        bootstrap(self.org)
        self.app = SalesforceApp(self.org)
        self.actions = Actions(self.app).table()

    def load(self, company: Company) -> None:
        """Fills the empty org with the demo company, all or nothing."""
        load_company(self.org, company)

    def is_loaded(self) -> bool:
        """Whether the org holds a company."""
        return self.org.store.setting("loaded") is not None

    def access(self, base_url: str) -> dict[str, Any]:
        """What a client needs to sign in at ``base_url``, for every flow."""
        fact = self.org.fact
        names = (
            "org_id",
            "username",
            "password",
            "security_token",
            "consumer_key",
            "consumer_secret",
            "private_key",
            "refresh_token",
        )
        return {
            **{name: fact(name) for name in names},
            "user_id": self.org.integration_user(),
            "login_url": base_url,
            "instance_url": base_url,
            "token_url": f"{base_url}/services/oauth2/token",
            "soap_login_url": f"{base_url}/services/Soap/u/59.0",
            "domain": "login",
            "version": "62.0",
        }

    def error_body(self, status: int) -> tuple[bytes, str]:
        """The vendor's body for an injected status; edge answers (406, 420, 429, 502) have none (Salesforce §6)."""
        if status not in BODIES:
            return b"", "text/html"
        code, message = BODIES[status]
        return orjson.dumps([{"message": message, "errorCode": code}]), JSON_TYPE

    def expire_sessions(self) -> None:
        """Drops every session."""
        self.app.sessions.close_all()

    def close(self) -> None:
        """Lets go of the store."""
        self.org.store.close()
