"""One NetSuite account as an emulator of the sandbox."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from crosswalk_sandbox.netsuite.account import Account
from crosswalk_sandbox.netsuite.actions import Action, Actions
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
from crosswalk_sandbox.netsuite.seed.load import Loader
from crosswalk_sandbox.netsuite.store import Store
from crosswalk_sandbox.netsuite.suiteql.datasets import Queries
from crosswalk_sandbox.netsuite.suiteql.execute import SuiteQL
from crosswalk_sandbox.netsuite.system import System

if TYPE_CHECKING:
    from crosswalk_sandbox.company.model import Company
    from crosswalk_sandbox.kernel.clock import Clock


class NetSuiteEmulator:
    """A strict, stateful NetSuite account: SuiteTalk REST and SuiteQL."""

    name = "netsuite"

    def __init__(self, directory: Path, clock: Clock, options: Options) -> None:
        self.options = options
        self._store = Store(directory, clock, options)
        self._account = Account(self._store)
        oauth2 = OAuth2(self._account, options, clock)
        self._gate = Gate(self._account, options, oauth2)
        self._governor = Governor(options, clock)
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
            **Actions(self._store, self._account, self._records, self._suiteql, self._governor, self._jobs).table(),
            "add_dataset": queries.add,
            "add_restlet": restlets.add,
            "login_audit": lambda _wish: list(self._gate.audit),
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
        answer = Answer.of(refusal, self.options)
        return orjson.dumps(answer.body), answer.content_type

    def expire_sessions(self) -> None:
        """Drop every access token; token-based authentication has no sessions."""
        self._account.expire_sessions()

    def close(self) -> None:
        """Let go of files and threads."""
        self._jobs.close()
        self._store.close()
