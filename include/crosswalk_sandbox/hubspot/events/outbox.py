"""What happened, as webhook events for those who subscribed (HubSpot §19)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import orjson

from crosswalk_sandbox.hubspot.account import OAUTH_APP, Account
from crosswalk_sandbox.hubspot.calls import Caller
from crosswalk_sandbox.hubspot.schema.types import ObjectType
from crosswalk_sandbox.hubspot.store import Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from crosswalk_sandbox.hubspot.links.types import AssociationType

_FIRST_EVENT: Final = 1_000
OWN_EVENTS: Final = frozenset({"contact", "company", "deal", "ticket", "product", "line_item"})
"""Types with subscriptions of their own; all others have the generic ones only."""


class Outbox:
    """Turns changes into events and queues those that somebody wants. ``wake`` is called when there is something to send."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._store = account.store
        self._subscriptions: list[dict[str, Any]] | None = None
        self.wake: Callable[[], None] = lambda: None
        self.listeners: list[Callable[[str, Record, Mapping[str, Any]], None]] = []
        """Hear of every change, subscribed or not: the journal."""

    def forget(self) -> None:
        """Read the subscriptions anew."""
        self._subscriptions = None

    # what is told by records and associations

    def created(self, record: Record, caller: Caller) -> None:
        """A new record: its creation, and by the option each property."""
        self._record("creation", record, caller, {"changeFlag": "NEW"})
        if self._account.options.creation_tells_properties:
            self._properties(record, record.properties, caller)

    def changed(self, record: Record, old: Mapping[str, str | None], caller: Caller) -> None:
        """Changed properties."""
        self._properties(record, old, caller)

    def deleted(self, record: Record, caller: Caller, *, forgotten: bool = False) -> None:
        """An archived, merged-away or forgotten record."""
        self._record("privacyDeletion" if forgotten else "deletion", record, caller, {"changeFlag": "DELETED"})

    def restored(self, record: Record) -> None:
        """A record back from the bin."""
        self._record("restore", record, Caller(), {})

    def merged(self, survivor: Record, primary: Record, other: Record, moved: int, caller: Caller) -> None:
        """Two records that became one: no property change is told (§11)."""
        self._record("merge", survivor, caller, {
            "primaryObjectId": primary.id, "mergedObjectIds": [other.id], "newObjectId": survivor.id, "numberOfPropertiesMoved": moved,
        })  # fmt: skip

    def linked(self, source: Record, target: Record, kind: AssociationType, *, removed: bool) -> None:
        """One direction of one type between two records."""
        first, second = self._account.types.by_id(source.type), self._account.types.by_id(target.type)
        told = {
            "associationType": f"{first.upper}_TO_{second.upper}", "fromObjectId": source.id, "toObjectId": target.id,
            "associationRemoved": removed, "isPrimaryAssociation": kind.label == "Primary", "changeSource": "USER",
            "fromObjectTypeId": first.id, "toObjectTypeId": second.id, "associationTypeId": kind.id, "associationCategory": kind.category,
        }  # fmt: skip
        self._tell("associationChange", first, source, told, absent=("objectId",))

    # inside

    def _properties(self, record: Record, names: Mapping[str, Any], caller: Caller) -> None:
        for name in names:
            self._record(
                "propertyChange",
                record,
                caller,
                {"propertyName": name, "propertyValue": record.properties.get(name, "")},
            )

    def _record(self, verb: str, record: Record, caller: Caller, told: Mapping[str, Any]) -> None:
        source = (
            {"changeSource": "INTEGRATION", "sourceId": str(caller.app_id)}
            if caller.app_id
            else {"changeSource": "CRM_UI", "sourceId": "userId:11"}
        )
        self._tell(verb, self._account.types.by_id(record.type), record, {**source, **told})

    def _tell(
        self, verb: str, kind: ObjectType, record: Record, told: Mapping[str, Any], absent: tuple[str, ...] = ()
    ) -> None:
        for listen in self.listeners:
            listen(verb, record, told)
        for one in self._wanted(verb, kind, told.get("propertyName")):
            number = self._store.next_id("event", _FIRST_EVENT)
            event = {
                "eventId": _FIRST_EVENT + number // 2, "subscriptionId": int(one["id"]), "portalId": self._account.options.portal_id,
                "appId": OAUTH_APP, "occurredAt": self._store.now(), "subscriptionType": one["eventType"], "attemptNumber": 0,
                "objectId": record.id, **told,
            }  # fmt: skip
            generic = str(one["eventType"]).startswith("object.")
            if generic:
                event["objectTypeId"] = kind.id
            else:
                absent = (*absent, "fromObjectTypeId", "toObjectTypeId", "associationTypeId", "associationCategory")
            self._queue(one, {key: value for key, value in event.items() if key not in absent})

    def _queue(self, subscription: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        due = self._store.now() + int(self._account.options.webhook_seconds * 1000)
        self._store.execute(
            "INSERT INTO outbox (due, attempt, subscription, event) VALUES (?, 0, ?, ?)",
            (due, subscription["id"], orjson.dumps(event).decode()),
        )
        self.wake()

    def _wanted(self, verb: str, kind: ObjectType, name: str | None) -> list[dict[str, Any]]:
        if self._subscriptions is None:
            self._subscriptions = self._store.shown("SELECT shown FROM app_document WHERE family = 'subscription'")
        own = f"{kind.singular}.{verb}" if kind.singular in OWN_EVENTS else ""
        return [
            one
            for one in self._subscriptions
            if one["active"]
            and (
                one["eventType"] == own or (one["eventType"] == f"object.{verb}" and one.get("objectTypeId") == kind.id)
            )
            and (verb != "propertyChange" or one.get("propertyName") in (name, "*"))
        ]
