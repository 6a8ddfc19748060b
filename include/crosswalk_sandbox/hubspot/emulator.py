"""One HubSpot account as an emulator of the sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .account import REDIRECT, Account
from .actions import Action, Actions, EventActions
from .app import App, error_body
from .auth import Gate, OAuth
from .calls import Routes
from .events.delivery import Delivery
from .events.journal import Journal
from .events.outbox import Outbox
from .events.timeline import TimelineRoutes
from .events.webhooks import WebhookRoutes
from .legacy import LegacyRoutes
from .limits import Limits
from .links.service import Links
from .links.v3 import OldAssociationRoutes
from .links.v4 import AssociationRoutes, LabelRoutes
from .options import Options
from .records.automation import Automation
from .records.batches import Batches
from .records.merging import Merging
from .records.routes import RecordRoutes
from .records.search import Search
from .records.service import Records
from .seed.load import load_company
from .setup.facts import FactRoutes
from .setup.pipelines import PipelineRoutes
from .setup.properties import PropertyRoutes
from .setup.schemas import SchemaRoutes
from .store import Store

if TYPE_CHECKING:
    from crosswalk_sandbox.company.model import Company
    from crosswalk_sandbox.kernel.clock import Clock


class HubSpotEmulator:
    """A strict, stateful HubSpot account: objects, search, associations, properties, OAuth, webhooks."""

    name = "hubspot"

    def __init__(self, directory: Path, clock: Clock, options: Options) -> None:
        self._store = Store(directory, clock)
        self.account = Account(self._store, options)
        self._limits = Limits(self.account)
        self._oauth = OAuth(self.account)
        self._outbox = Outbox(self.account)
        self.records = Records(self.account, Links(self.account, self._outbox), self._outbox)
        self.delivery = Delivery(self.account)
        self._outbox.wake = self.delivery.wake
        self._journal = Journal(self.account)
        self._outbox.listeners.append(self._journal.hear)
        self._webhooks = WebhookRoutes(self.account, self._outbox)
        self._timeline = TimelineRoutes(self.account, self.records)
        self.app = App(Gate(self.account), self._limits, self._routes(), Automation(self.account, self.records).run)
        events = EventActions(self.delivery, self._webhooks, self._timeline)
        self.actions: Mapping[str, Action] = {
            **Actions(self.account, self.records, self._limits).table(),
            **events.table(),
        }
        self.delivery.start()

    def _routes(self) -> Routes:
        """Every resource; fixed words come before names in the same place."""
        account, records, routes = self.account, self.records, Routes()
        for part in (
            self._oauth, FactRoutes(account, self._limits), PropertyRoutes(account), PipelineRoutes(account),
            SchemaRoutes(account, records.links.types), LabelRoutes(account, records), AssociationRoutes(account, records),
            OldAssociationRoutes(account, records), Search(account, records), Batches(account, records), Merging(account, records),
            RecordRoutes(account, records), self._webhooks, self._timeline, self._journal, LegacyRoutes(account, records),
        ):  # fmt: skip
            part.routes(routes)
        return routes

    # the sandbox's protocol

    def load(self, company: Company) -> None:
        """Fill the empty account with the demo company, all or nothing."""
        load_company(self.account, company)

    def is_loaded(self) -> bool:
        """Whether the account holds a company."""
        return self._store.setting("loaded") is not None

    def access(self, base_url: str) -> dict[str, Any]:
        """Credentials of every flow: private app, service key, a token that may only read, OAuth, the developer key."""
        known = self.account.credentials()
        return {"portal_id": self.account.options.portal_id, "base_url": base_url, "redirect_uri": REDIRECT, **known}

    def error_body(self, status: int) -> tuple[bytes, str]:
        """The vendor's error body for an injected status."""
        return error_body(status, self.account.options.portal_id)

    def expire_sessions(self) -> None:
        """End every OAuth access token; tokens of private apps have no end."""
        self._oauth.expire_all()

    def close(self) -> None:
        """Let go of files and threads."""
        self.delivery.close()
        self._store.close()
