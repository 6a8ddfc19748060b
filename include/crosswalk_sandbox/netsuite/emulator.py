"""One NetSuite account as an emulator of the sandbox."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from crosswalk_sandbox.netsuite.account import Account, Role
from crosswalk_sandbox.netsuite.app import App
from crosswalk_sandbox.netsuite.auth import Gate
from crosswalk_sandbox.netsuite.errors import Refusal, invalid_login, too_many_requests, unexpected
from crosswalk_sandbox.netsuite.exchange import Answer
from crosswalk_sandbox.netsuite.governance import Governor
from crosswalk_sandbox.netsuite.jobs import Jobs
from crosswalk_sandbox.netsuite.metadata import Metadata
from crosswalk_sandbox.netsuite.oauth2 import OAuth2
from crosswalk_sandbox.netsuite.options import Options
from crosswalk_sandbox.netsuite.records.forms import Forms
from crosswalk_sandbox.netsuite.records.relations import Relations
from crosswalk_sandbox.netsuite.records.routes import RecordRoutes
from crosswalk_sandbox.netsuite.records.service import Records
from crosswalk_sandbox.netsuite.restlets import Restlets
from crosswalk_sandbox.netsuite.schema.catalog import CustomField
from crosswalk_sandbox.netsuite.seed.load import Loader
from crosswalk_sandbox.netsuite.store import Store
from crosswalk_sandbox.netsuite.suiteql.datasets import Queries
from crosswalk_sandbox.netsuite.suiteql.execute import SuiteQL
from crosswalk_sandbox.netsuite.system import System

if TYPE_CHECKING:
    from crosswalk_sandbox.company.model import Company
    from crosswalk_sandbox.kernel.clock import Clock

Action = Callable[[Mapping[str, Any]], Any]


class NetSuiteEmulator:
    """A strict, stateful NetSuite account: SuiteTalk REST and SuiteQL."""

    name = "netsuite"

    def __init__(self, directory: Path, clock: Clock, options: Options) -> None:
        self.options = options
        self._store = Store(directory, clock, options)
        self._account = Account(self._store)
        oauth2 = OAuth2(self._account, options, clock)
        self._gate = Gate(self._account, options, oauth2)
        self._governor = Governor(options)
        self._suiteql = SuiteQL(self._store)
        self._records = Records(self._store)
        self._jobs = Jobs(self._store, self._account)
        routes = RecordRoutes(
            self._records,
            Metadata(self._store),
            Forms(self._store, self._records),
            Relations(self._store, self._records),
            self._jobs,
        )
        self._jobs.start(routes.now)
        queries = Queries(self._store, self._suiteql)
        restlets = Restlets(self._store)
        self.app = App(
            self._gate,
            oauth2,
            self._governor,
            options,
            {
                "record/v1": routes.serve,
                "query/v1": queries.serve,
                "restlet": restlets.serve,
                "async/v1": self._jobs.serve,
                "system/v1": System(self._store, self._governor).serve,
            },
            commits=lambda: self._store.version,
        )
        self.actions: Mapping[str, Action] = {
            "add_custom_field": self._add_custom_field,
            "drop_custom_field": self._drop_custom_field,
            "add_role": self._add_role,
            "add_dataset": queries.add,
            "add_restlet": restlets.add,
            "lock_record": self._lock_record,
            "unlock_record": self._unlock_record,
            "change_records_underfoot": self._change_records,
            "break_columns": self._break_columns,
            "set_service_seconds": self._set_service_seconds,
            "set_concurrency": self._set_concurrency,
            "login_audit": lambda _wish: list(self._gate.audit),
            "concurrency": lambda _wish: {"peak": self._governor.peak, "refused": self._governor.refused},
        }

    # the sandbox's protocol

    def load(self, company: Company) -> None:
        """Fill the empty account with the demo company, all or nothing."""
        Loader(self._store).load(company)

    def is_loaded(self) -> bool:
        """Whether the account holds a company."""
        return self._store.setting("company") is not None

    def access(self, base_url: str) -> dict[str, Any]:
        """Credentials of every flow: TBA, OAuth 2.0 with RSA and with an elliptic-curve key, other roles' tokens."""
        rsa = self._account.machine("rsa", self.options.rsa_bits)
        curve = self._account.machine("ec", self.options.rsa_bits)
        return {
            "account_id": self.options.realm,
            "base_url": base_url,
            **self._account.pair(),
            **self._account.token_of(1001),
            "client_id": self._account.client_id,
            **rsa,
            "elliptic": curve,
            "administrator": self._account.token_of(3),
            "viewer": self._account.token_of(1002),
            "concurrency": self._governor.limit,
            "date_format": self.options.date_format,
            "sql_time_zone": self.options.sql_time_zone,
        }

    def error_body(self, status: int) -> tuple[bytes, str]:
        """The vendor's error body for an injected status."""
        known: dict[int, Refusal] = {401: invalid_login(), 429: too_many_requests()}
        ident = "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(20))
        refusal = known.get(status) or unexpected(ident)
        refusal.status = status
        answer = Answer.of(refusal, rfc2616=self.options.rfc2616_types)
        return orjson.dumps(answer.body), answer.content_type

    def expire_sessions(self) -> None:
        """Drop every access token; token-based authentication has no sessions."""
        self._account.expire_sessions()

    def close(self) -> None:
        """Let go of files and threads."""
        self._jobs.close()
        self._store.close()

    # switches of this emulator

    def _add_custom_field(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        field = CustomField(
            str(wish.get("id", "")), wish.get("kind", "string"), wish.get("target"), wish.get("label", "")
        )
        self._store.add_custom_field(field)
        return {"added": field.id}

    def _drop_custom_field(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        self._store.drop_custom_field(str(wish["id"]))
        return {"dropped": wish["id"]}

    def _add_role(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        limited = wish.get("subsidiaries")
        role = Role(
            int(wish.get("id", 1100)),
            str(wish.get("name", "Custom Role")),
            permissions=dict(wish.get("permissions", {})),
            default_level=str(wish.get("default_level", "Full")),
            subsidiaries=tuple(limited) if limited is not None else None,
        )
        return self._account.add_role(role)

    def _lock_record(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        with self._store.write() as connection:
            connection.execute("INSERT OR REPLACE INTO lock VALUES (?, ?)", (wish["type"], int(wish["id"])))
        return {"locked": True}

    def _unlock_record(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        with self._store.write() as connection:
            connection.execute("DELETE FROM lock WHERE type = ? AND id = ?", (wish["type"], int(wish["id"])))
        return {"locked": False}

    def _change_records(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        self._records.conflicts = int(wish.get("count", 1))
        return {"conflicts": self._records.conflicts}

    def _break_columns(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        names = frozenset(str(name).lower() for name in wish.get("columns", ()))
        self._suiteql.break_columns(names)
        return {"broken": sorted(names)}

    def _set_service_seconds(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        self._governor.service_seconds = float(wish.get("seconds", 0))
        return {"seconds": self._governor.service_seconds}

    def _set_concurrency(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        self._governor.limit = int(wish["limit"])
        return {"limit": self._governor.limit}
