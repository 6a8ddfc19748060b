"""Where webhooks go and what they tell: settings and subscriptions of the app (HubSpot §19)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from crosswalk_sandbox.hubspot import moments
from crosswalk_sandbox.hubspot.account import OAUTH_APP, Account
from crosswalk_sandbox.hubspot.calls import Call, Reply, Routes
from crosswalk_sandbox.hubspot.errors import Refusal, missing, validation
from crosswalk_sandbox.hubspot.records.batches import finished

from .outbox import OWN_EVENTS, Outbox

_BASE: Final = "/webhooks/v3/{app:d}"
_VERBS: Final = ("creation", "deletion", "merge", "restore", "propertyChange", "associationChange")
EVENT_TYPES: Final = frozenset(
    {f"{name}.{verb}" for name in (*OWN_EVENTS, "object") for verb in _VERBS}
    | {"contact.privacyDeletion"}
    | {f"conversation.{verb}" for verb in ("creation", "deletion", "newMessage", "privacyDeletion", "propertyChange")}
) - {"product.associationChange"}
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class WebhookRoutes:
    """Serves the app's settings and subscriptions; the developer key opens them."""

    def __init__(self, account: Account, outbox: Outbox) -> None:
        self._account = account
        self._outbox = outbox
        self._store = account.store

    def routes(self, routes: Routes) -> None:
        """Add the endpoints."""
        one = f"{_BASE}/subscriptions/{{ident:d}}"
        for methods, path, handler in (
            ("GET", f"{_BASE}/settings", self.settings), ("PUT", f"{_BASE}/settings", self.set_settings),
            ("DELETE", f"{_BASE}/settings", self.clear_settings), ("GET", f"{_BASE}/subscriptions", self.subscriptions),
            ("POST", f"{_BASE}/subscriptions", self.subscribe), ("POST", f"{_BASE}/subscriptions/batch/update", self.switch_many),
            ("GET", one, self.subscription), ("PATCH", one, self.switch), ("DELETE", one, self.unsubscribe),
        ):  # fmt: skip
            routes.add(methods, path, handler, guard="app", counted="none")

    def settings(self, call: Call, app: str) -> Reply:
        """Target URL and throttling."""
        return Reply(200, self._document(app, "webhook_settings", "0"))

    def set_settings(self, call: Call, app: str) -> Reply:
        """Set both: 200."""
        self._known(app)
        return Reply(200, self.aim(call.object()))

    def clear_settings(self, call: Call, app: str) -> Reply:
        """No target any more: 204."""
        self._known(app)
        self._store.execute("DELETE FROM app_document WHERE family = 'webhook_settings'")
        return Reply(204)

    def subscriptions(self, call: Call, app: str) -> Reply:
        """Every subscription."""
        self._known(app)
        return Reply(
            200,
            {"results": self._store.shown("SELECT shown FROM app_document WHERE family = 'subscription' ORDER BY id")},
        )

    def subscription(self, call: Call, app: str, ident: str) -> Reply:
        """One subscription."""
        return Reply(200, self._document(app, "subscription", ident))

    def subscribe(self, call: Call, app: str) -> Reply:
        """A subscription: 201."""
        self._known(app)
        return Reply(201, self.add(call.object()))

    def switch(self, call: Call, app: str, ident: str) -> Reply:
        """Active or not."""
        return Reply(200, self._activate(self._document(app, "subscription", ident), call.object().get("active")))

    def switch_many(self, call: Call, app: str) -> Reply:
        """Several at once: 207 with errors."""
        started, results, errors = self._store.now(), [], []
        for item in call.inputs():
            try:
                results.append(
                    self._activate(self._document(app, "subscription", str(item.get("id", ""))), item.get("active"))
                )
            except Refusal as refusal:
                errors.append(refusal.entry())
        return finished(self._account, started, results, errors, call.edition)

    def unsubscribe(self, call: Call, app: str, ident: str) -> Reply:
        """204."""
        self._document(app, "subscription", ident)
        self._store.execute("DELETE FROM app_document WHERE family = 'subscription' AND id = ?", (ident,))
        self._outbox.forget()
        return Reply(204)

    # also reached by the control routes

    def aim(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Set the target. Raises Refusal 400: the sandbox calls nobody beyond this machine."""
        url = str(given.get("targetUrl", ""))
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or parts.hostname not in _LOOPBACK:
            raise validation(f"targetUrl must be a URL on this machine, not {url}", targetUrl=[url])
        throttling = given.get("throttling") or {"maxConcurrentRequests": 10}
        if not isinstance(throttling.get("maxConcurrentRequests"), int):
            raise validation("throttling needs maxConcurrentRequests")
        now = moments.iso(self._store.now())
        shown = {"targetUrl": url, "throttling": throttling, "createdAt": now, "updatedAt": now}
        self._store.keep("app_document", OAUTH_APP, "webhook_settings", "0", shown)
        return shown

    def add(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Add a subscription. Raises Refusal 400."""
        event, name = str(given.get("eventType", "")), given.get("propertyName")
        if event not in EVENT_TYPES:
            raise validation(f"{event} is not a valid subscription type", eventType=[event])
        if event.endswith(".propertyChange") and not name:
            raise validation(f"{event} needs a propertyName", propertyName=[])
        if event.startswith("object.") and self._account.types.find(str(given.get("objectTypeId", ""))) is None:
            raise validation(f"{event} needs an objectTypeId", objectTypeId=[str(given.get("objectTypeId", ""))])
        ident, now = str(self._store.next_id("subscription", 101)), moments.iso(self._store.now())
        shown = {
            "id": ident,
            "createdAt": now,
            "updatedAt": now,
            "active": bool(given.get("active", False)),
            "eventType": event,
        }
        shown |= {key: given[key] for key in ("propertyName", "objectTypeId") if given.get(key)}
        self._store.keep("app_document", OAUTH_APP, "subscription", ident, shown)
        self._outbox.forget()
        return shown

    # inside

    def _activate(self, shown: dict[str, Any], active: Any) -> dict[str, Any]:
        shown |= {"active": bool(active), "updatedAt": moments.iso(self._store.now())}
        self._store.keep("app_document", OAUTH_APP, "subscription", shown["id"], shown)
        self._outbox.forget()
        return shown

    def _known(self, app: str) -> None:
        if int(app) != OAUTH_APP:
            raise missing(f"App {app} does not exist", appId=[app])

    def _document(self, app: str, family: str, ident: str) -> dict[str, Any]:
        self._known(app)
        found = self._store.shown("SELECT shown FROM app_document WHERE family = ? AND id = ?", (family, ident))
        if not found:
            raise missing(f"No {family.replace('_', ' ')} found", id=[ident])
        return dict(found[0])
