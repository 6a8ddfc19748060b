"""The emulator's switches, reached at ``/__sandbox__/actions/{name}`` (HubSpot §25)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from crosswalk_sandbox.hubspot import moments

from .account import Account
from .calls import Caller
from .errors import Refusal
from .events.delivery import Delivery
from .events.timeline import TimelineRoutes
from .events.webhooks import WebhookRoutes
from .limits import POLICIES, Limits
from .options import Options
from .records.service import Records
from .schema.types import ObjectType
from .store import ARCHIVED

Action = Callable[[Mapping[str, Any]], Any]
_BULK = 2_000


class Actions:
    """What the control routes may do to the account."""

    def __init__(self, account: Account, records: Records, limits: Limits) -> None:
        self._account = account
        self._records = records
        self._limits = limits
        self._store = account.store

    def table(self) -> dict[str, Action]:
        """Actions by name."""
        return {
            "switch": self.switch, "limit": self.limit, "catch_up": self.catch_up, "restore": self.restore,
            "bulk_edit": self.bulk_edit, "require_property": self.require_property, "misuse": self.misuse,
            "expire_tokens": self.expire_tokens, "edit": self.edit,
        }  # fmt: skip

    def switch(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Change options of the running account; answers all of them."""
        self._account.options = Options.read({**dataclasses.asdict(self._account.options), **wish})
        self._account.forget()
        return dataclasses.asdict(self._account.options)

    def limit(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Refuse calls by ``policy``, the next ``count`` (all without); no policy ends it."""
        policy = wish.get("policy")
        if policy is not None and policy not in POLICIES:
            raise ValueError(f"policy is one of {', '.join(POLICIES)}")
        self._limits.forced = None if policy is None else (str(policy), wish.get("count"))
        return {"policy": policy}

    def catch_up(self, _wish: Mapping[str, Any]) -> dict[str, Any]:
        """Let the search index know everything now."""
        self._records.index.catch_up()
        return {"late": 0}

    def restore(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Take ``id`` of ``type`` out of the bin, as the user interface does within 90 days (§11)."""
        kind = self._kind(wish)
        record = self._store.record(int(wish.get("id", 0)))
        if record is None or record.type != kind.id or record.state != ARCHIVED:
            raise ValueError(f"There is no archived {kind.singular} {wish.get('id')}")
        if self._store.now() - (record.archived or 0) > 90 * 86_400_000:
            raise ValueError("A record can be restored within 90 days")
        said(lambda: self._records.restore(kind, record))
        return {"restored": record.id}

    def edit(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Change ``properties`` of ``id`` as a user in the interface would: the source is not our app."""
        kind = self._kind(wish)
        record = self._records.find(kind, str(wish.get("id", "")))
        said(lambda: self._records.update(kind, record, dict(wish.get("properties", {})), Caller(user_id=11)))
        return {"edited": record.id}

    def bulk_edit(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Set ``properties`` on the first ``count`` records of ``type`` in one action: all get one stamp (§10)."""
        kind, count = self._kind(wish), int(wish.get("count", _BULK))
        now = self._store.now()
        sql = "UPDATE record SET modified = ?, properties = json_patch(properties, ?) WHERE type = ? AND state = 0 AND id <= ?"
        last = self._store.value(
            "SELECT max(id) FROM (SELECT id FROM record WHERE type = ? AND state = 0 ORDER BY id LIMIT ?)",
            (kind.id, count),
        )
        with self._store.write() as connection:
            self._store.touch()
            changed = connection.execute(
                sql, (now, orjson.dumps(dict(wish.get("properties", {}))).decode(), kind.id, last)
            ).rowcount
        return {"changed": changed, "at": moments.iso(now)}

    def require_property(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Mark ``name`` of ``type`` as required, if ``when`` (property → value) holds; binds from 2026-09 on (§1)."""
        marks = orjson.loads(self._store.setting("required_properties") or "[]")
        if wish.get("clear"):
            marks = []
        else:
            marks.append({"type": self._kind(wish).id, "name": str(wish["name"]), "when": dict(wish.get("when") or {})})
        self._store.set_setting("required_properties", orjson.dumps(marks).decode())
        return {"required": marks}

    def misuse(self, wish: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What clients did that they should not; ``clear`` forgets it."""
        self._account.keep_notes()
        rows = self._store.rows("SELECT at, kind, detail FROM misuse ORDER BY number")
        if wish.get("clear"):
            self._store.execute("DELETE FROM misuse")
        return [{"at": moments.iso(at), "kind": kind, "detail": detail} for at, kind, detail in rows]

    def expire_tokens(self, _wish: Mapping[str, Any]) -> dict[str, Any]:
        """End every OAuth access token now."""
        self._store.execute("UPDATE token SET expires = ? WHERE kind = 'access'", (self._store.now(),))
        return {"expired": True}

    def _kind(self, wish: Mapping[str, Any]) -> ObjectType:
        kind = self._account.types.find(str(wish.get("type", "")))
        if kind is None:
            raise ValueError(f"There is no object type {wish.get('type')!r}")
        return kind


class EventActions:
    """What the control routes may do to webhooks and app events."""

    def __init__(self, delivery: Delivery, webhooks: WebhookRoutes, timeline: TimelineRoutes) -> None:
        self._delivery = delivery
        self._webhooks = webhooks
        self._timeline = timeline

    def table(self) -> dict[str, Action]:
        """Actions by name."""
        return {
            "webhook_target": self.webhook_target, "webhooks": self.webhooks, "send_webhooks": self.send_webhooks,
            "define_app_event": self._timeline.define_app_event,
        }  # fmt: skip

    def webhook_target(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Send events to ``url`` on this machine, for ``subscriptions`` (``eventType``, ``propertyName``, ``objectTypeId``)."""
        aimed = said(lambda: self._webhooks.aim({"targetUrl": wish.get("url", "")}))
        wanted = [{**one, "active": True} for one in wish.get("subscriptions", [])]
        return {**aimed, "subscriptions": said(lambda: [self._webhooks.add(one) for one in wanted])}

    def webhooks(self, _wish: Mapping[str, Any]) -> dict[str, Any]:
        """What waits and what was sent lately."""
        return {"pending": self._delivery.pending(), "sent": list(self._delivery.log)}

    def send_webhooks(self, _wish: Mapping[str, Any]) -> dict[str, Any]:
        """Send what is due now, here and not in the background."""
        return {"requests": self._delivery.send_due(), "pending": self._delivery.pending()}


def said(work: Callable[[], Any]) -> Any:
    """Run; a refusal becomes the sentence of a ValueError."""
    try:
        return work()
    except Refusal as refusal:
        raise ValueError(refusal.message) from refusal
