"""The webhooks journal: what happened, to be fetched; kept for three days (HubSpot §20)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final

import orjson

from crosswalk_sandbox.hubspot import moments
from crosswalk_sandbox.hubspot.account import OAUTH_APP, Account
from crosswalk_sandbox.hubspot.calls import Call, Reply, Routes
from crosswalk_sandbox.hubspot.errors import Refusal, missing, scopes_missing, validation
from crosswalk_sandbox.hubspot.records.batches import finished
from crosswalk_sandbox.hubspot.store import Record

KEPT: Final = 3 * 86_400_000
_FILE: Final = 100  # events in one file
_LINK: Final = 900_000  # milliseconds a link is good
_TYPES: Final = ("OBJECT", "ASSOCIATION", "EVENT", "APP_LIFECYCLE_EVENT", "LIST_MEMBERSHIP", "GDPR_PRIVACY_DELETION")
_ACTIONS: Final = {
    "creation": "CREATE", "propertyChange": "UPDATE", "deletion": "DELETE", "merge": "MERGE", "restore": "RESTORE",
    "privacyDeletion": "GDPR_DELETE",
}  # fmt: skip
_SCOPE: Final = "developer.webhooks_journal"


class Journal:
    """Keeps events for the app's journal subscriptions and serves them as files behind short-lived links."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._store = account.store
        self._subscriptions: list[dict[str, Any]] | None = None

    def routes(self, routes: Routes) -> None:
        """Add the endpoints, numbered as :mod:`paths` makes them."""
        subscriptions = "/webhooks-journal/subscriptions"
        for methods, path, handler, scope in (
            ("GET", "/webhooks-journal/journal/earliest", self.earliest, "read"), ("GET", "/webhooks-journal/journal/latest", self.latest, "read"),
            ("GET", "/webhooks-journal/journal/offset/{offset}/next", self.following, "read"),
            ("GET", "/webhooks-journal/journal/batch/earliest/{count:d}", self.earliest_many, "read"),
            ("GET", "/webhooks-journal/journal/batch/{offset}/next/{count:d}", self.following_many, "read"),
            ("GET", "/webhooks-journal/journal/status/{ident}", self.status, "read"),
            ("POST", "/webhooks-journal/snapshots/crm", self.snapshot, "snapshots.create"),
            ("GET", subscriptions, self.subscriptions, "subscriptions.read"), ("POST", subscriptions, self.subscribe, "subscriptions.create"),
            ("GET", f"{subscriptions}/{{ident:d}}", self.subscription, "subscriptions.read"),
            ("DELETE", f"{subscriptions}/{{ident:d}}", self.unsubscribe, "subscriptions.delete"),
        ):  # fmt: skip
            routes.add(methods, path, self._scoped(handler, scope), guard="journal", counted="none")
        routes.add(
            "GET",
            "/webhooks-journal/files/{first:d}/{last:d}/{expires:d}/{mark}",
            self.file,
            guard="open",
            counted="none",
        )

    def _scoped(self, handler: Any, scope: str) -> Any:
        def guarded(call: Call, **names: str) -> Reply:
            if f"{_SCOPE}.{scope}" not in call.caller.scopes:
                raise scopes_missing([f"{_SCOPE}.{scope}"])
            reply: Reply = handler(call, **names)
            return reply

        return guarded

    # reading

    def earliest(self, call: Call) -> Reply:
        """The oldest file that is kept; 204 when there is none."""
        return self._answer(self._files(call, 0, 1))

    def latest(self, call: Call) -> Reply:
        """The newest file."""
        newest = self._store.value("SELECT max(number) FROM journal WHERE at > ?", (self._store.now() - KEPT,)) or 0
        return self._answer(self._files(call, max(newest - _FILE, 0), 1))

    def following(self, call: Call, offset: str) -> Reply:
        """What came after an offset; 204 when nothing did."""
        return self._answer(self._files(call, _offset(offset), 1))

    def earliest_many(self, call: Call, count: str) -> Reply:
        """Several of the oldest files."""
        return finished(self._account, self._store.now(), self._files(call, 0, int(count)), [], "")

    def following_many(self, call: Call, offset: str, count: str) -> Reply:
        """Several files after an offset."""
        return finished(self._account, self._store.now(), self._files(call, _offset(offset), int(count)), [], "")

    def file(self, call: Call, first: str, last: str, expires: str, mark: str) -> Reply:
        """The events of a link; 403 once it has expired."""
        if not hmac.compare_digest(mark, self._mark(first, last, expires)) or int(expires) < self._store.now():
            raise Refusal(403, "The link has expired", "FORBIDDEN")
        rows = self._store.rows(
            "SELECT shown FROM journal WHERE number BETWEEN ? AND ? ORDER BY number", (int(first), int(last))
        )
        return Reply(200, {"offset": last, "journalEvents": [orjson.loads(row[0]) for row in rows]})

    # subscriptions and snapshots

    def subscriptions(self, call: Call) -> Reply:
        """Every journal subscription."""
        return Reply(200, {"results": self._all()})

    def subscription(self, call: Call, ident: str) -> Reply:
        """One of them."""
        return Reply(200, self._find(ident))

    def subscribe(self, call: Call) -> Reply:
        """A new one."""
        given = call.object()
        if given.get("subscriptionType") not in _TYPES:
            raise validation(f"subscriptionType is one of {', '.join(_TYPES)}")
        number = self._store.next_id("journal_subscription", 1)
        now = moments.iso(self._store.now())
        shown = {
            "id": number, "appId": OAUTH_APP, "subscriptionType": given["subscriptionType"], "createdAt": now, "updatedAt": now,
            "objectTypeId": given.get("objectTypeId") or "", "actions": given.get("actions") or [], "properties": given.get("properties") or [],
        }  # fmt: skip
        self._store.keep("app_document", OAUTH_APP, "journal", str(number), shown)
        self._subscriptions = None
        return Reply(201, shown)

    def unsubscribe(self, call: Call, ident: str) -> Reply:
        """204."""
        self._find(ident)
        self._store.execute("DELETE FROM app_document WHERE family = 'journal' AND id = ?", (ident,))
        self._subscriptions = None
        return Reply(204)

    def snapshot(self, call: Call) -> Reply:
        """The start state of records, written into the journal."""
        told = []
        for one in call.object().get("snapshotRequests") or []:
            record = self._store.record(int(one.get("objectId", 0)))
            if record is None:
                raise validation(f"Object {one.get('objectId')} does not exist")
            number = self._write("SNAPSHOT", record, {"properties": record.properties})
            told.append(
                {
                    "objectId": record.id,
                    "objectTypeId": record.type,
                    "portalId": self._account.options.portal_id,
                    "snapshotStatusId": str(number),
                }
            )
        return Reply(200, {"snapshotResponses": told})

    def status(self, call: Call, ident: str) -> Reply:
        """How far a snapshot is: at once done here."""
        at = self._store.value("SELECT at FROM journal WHERE number = ?", (int(ident) if ident.isdigit() else 0,))
        if at is None:
            raise missing(f"Snapshot {ident} does not exist", id=[ident])
        return Reply(200, {"id": ident, "status": "COMPLETED", "initiatedAt": at, "completedAt": at})

    # writing

    def hear(self, verb: str, record: Record, told: Mapping[str, Any]) -> None:
        """Keep a change that a subscription wants."""
        linked = verb == "associationChange"
        action = (
            ("ASSOCIATION_REMOVED" if told.get("associationRemoved") else "ASSOCIATION_ADDED")
            if linked
            else _ACTIONS[verb]
        )
        family = "ASSOCIATION" if linked else "GDPR_PRIVACY_DELETION" if verb == "privacyDeletion" else "OBJECT"
        for one in self._wanted():
            if one["subscriptionType"] != family or (one["actions"] and action not in one["actions"]):
                continue
            if family == "OBJECT" and one["objectTypeId"] not in ("", record.type):
                continue
            if told.get("propertyName") and one["properties"] and told["propertyName"] not in one["properties"]:
                continue
            self._write(action, record, told)
            return

    def _write(self, action: str, record: Record, told: Mapping[str, Any]) -> int:
        shown = {
            "action": action, "objectTypeId": record.type, "objectId": record.id, "portalId": self._account.options.portal_id,
            "occurredAt": self._store.now(), **told,
        }  # fmt: skip
        with self._store.write() as connection:
            connection.execute("DELETE FROM journal WHERE at <= ?", (self._store.now() - KEPT,))
            number = self._store.next_id("journal", 1)
            connection.execute(
                "INSERT INTO journal VALUES (?, ?, ?)", (number, self._store.now(), orjson.dumps(shown).decode())
            )
        return number

    def _files(self, call: Call, after: int, count: int) -> list[dict[str, Any]]:
        rows = self._store.rows(
            "SELECT number FROM journal WHERE number > ? AND at > ? ORDER BY number LIMIT ?",
            (after, self._store.now() - KEPT, _FILE * count),
        )
        numbers, found = [row[0] for row in rows], []
        for at in range(0, len(numbers), _FILE):
            part = numbers[at : at + _FILE]
            expires = self._store.now() + _LINK
            names = (str(part[0]), str(part[-1]), str(expires))
            url = f"{call.base_url}/webhooks-journal/files/{'/'.join(names)}/{self._mark(*names)}"
            found.append({"url": url, "expiresAt": moments.iso(expires), "currentOffset": str(part[-1])})
        return found

    def _answer(self, found: list[dict[str, Any]]) -> Reply:
        return Reply(200, found[0]) if found else Reply(204)

    def _mark(self, *names: str) -> str:
        secret = str(self._account.credentials()["client_secret"]).encode()
        return hmac.new(secret, "/".join(names).encode(), hashlib.sha256).hexdigest()

    def _wanted(self) -> list[dict[str, Any]]:
        if self._subscriptions is None:
            self._subscriptions = self._all()
        return self._subscriptions

    def _all(self) -> list[dict[str, Any]]:
        return self._store.shown("SELECT shown FROM app_document WHERE family = 'journal' ORDER BY id")

    def _find(self, ident: str) -> dict[str, Any]:
        found = next((one for one in self._all() if str(one["id"]) == ident), None)
        if found is None:
            raise missing(f"Subscription {ident} does not exist", subscriptionId=[ident])
        return found


def _offset(text: str) -> int:
    if not text.isdigit():
        raise validation(f"{text} is not a valid offset", offset=[text])
    return int(text)
