"""One SAP Business One company as an emulator of the sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .account import Account
from .actions import Action, Actions
from .app import App, error_body
from .founding import found
from .options import Options
from .seed.load import load_company
from .service import Service
from .sessions import MANAGER, VIEWER, Sessions, cookies
from .store import Store

if TYPE_CHECKING:
    from crosswalk_sandbox.company.model import Company
    from crosswalk_sandbox.kernel.clock import Clock


class BusinessOneEmulator:
    """A strict, stateful company database behind the Service Layer."""

    name = "sap_business_one"

    def __init__(self, directory: Path, clock: Clock, options: Options) -> None:
        self._store = Store(directory, clock)
        self.account = Account(self._store, options)
        found(self.account)
        self.account.forget()
        self._sessions = Sessions(self.account)
        self.service = Service(self.account, self._sessions)
        self.app = App(self.account, self._sessions, self.service)
        self.actions: Mapping[str, Action] = Actions(self.account, self._sessions).table()

    def load(self, company: Company) -> None:
        """Fill the empty company with the demo company, all or nothing."""
        load_company(self.account, company)

    def is_loaded(self) -> bool:
        """Whether the company holds data."""
        return self._store.setting("loaded") is not None

    def access(self, base_url: str) -> dict[str, Any]:
        """Credentials of a user with all rights and of one who may only read."""
        users = self.account.credentials()["users"]
        return {
            "base_url": base_url, "service_root": f"{base_url}/b1s/v2/", "company_db": self.account.options.company_db,
            "user_name": MANAGER, "password": users[MANAGER], "viewer": {"user_name": VIEWER, "password": users[VIEWER]},
            "time_zone": self.account.options.time_zone,
        }  # fmt: skip

    def error_body(self, status: int) -> tuple[bytes, str]:
        """The vendor's error body for an injected status."""
        return error_body(status)

    def expire_sessions(self) -> None:
        """End every session."""
        self._sessions.expire_all()

    def queue(self, headers: Mapping[str, str]) -> str | None:
        """A session's requests wait for each other (§3)."""
        return cookies(headers.get("cookie", "")).get("B1SESSION")

    def close(self) -> None:
        """Let go of files."""
        self._store.close()
