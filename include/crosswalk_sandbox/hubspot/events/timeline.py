"""Timeline events by template, and app events of the dated API (HubSpot §22)."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any, Final

from crosswalk_sandbox.hubspot import moments
from crosswalk_sandbox.hubspot.account import OAUTH_APP, Account
from crosswalk_sandbox.hubspot.calls import JSON_TYPE, Call, Handler, Reply, Routes
from crosswalk_sandbox.hubspot.errors import Refusal, missing, validation
from crosswalk_sandbox.hubspot.records.batches import finished
from crosswalk_sandbox.hubspot.records.service import Records
from crosswalk_sandbox.hubspot.schema.types import COMPANY, CONTACT
from crosswalk_sandbox.hubspot.schema.values import plain
from crosswalk_sandbox.hubspot.store import ALIVE, Record

_EVENTS: Final = "/integrators/timeline/v3/events"
_TEMPLATES: Final = "/integrators/timeline/v3/{app:d}/event-templates"
_ONE: Final = f"{_TEMPLATES}/{{ident}}"
_TYPES: Final = ("contacts", "companies", "deals", "tickets")
_TOKEN_TYPES: Final = ("string", "number", "date", "enumeration")
_MOST_TEMPLATES, _MOST_TOKENS, _MOST_EVENTS = 750, 500, 500


class TimelineRoutes:
    """Serves templates with the developer key and events with the account's OAuth token."""

    def __init__(self, account: Account, records: Records) -> None:
        self._account = account
        self._records = records
        self._store = account.store

    def routes(self, routes: Routes) -> None:
        """Add the endpoints."""
        serve: Handler
        for methods, path, handler in (
            ("GET", _TEMPLATES, self.templates), ("POST", _TEMPLATES, self.add_template), ("GET", _ONE, self.template),
            ("PUT", _ONE, self.change_template), ("DELETE", _ONE, self.remove_template), ("POST", f"{_ONE}/tokens", self.add_token),
            ("PUT", f"{_ONE}/tokens/{{token}}", self.change_token), ("DELETE", f"{_ONE}/tokens/{{token}}", self.remove_token),
        ):  # fmt: skip
            routes.add(methods, path, handler, guard="app", counted="none")
        for methods, path, serve in (
            ("POST", _EVENTS, self.create), ("POST", f"{_EVENTS}/batch/create", self.create_many),
            ("GET", f"{_EVENTS}/{{ident}}/{{event}}", self.event), ("GET", f"{_EVENTS}/{{ident}}/{{event}}/detail", self.detail),
            ("GET", f"{_EVENTS}/{{ident}}/{{event}}/render", self.rendered),
            ("POST", "/integrators/timeline/app/events", self.app_event), ("POST", "/integrators/timeline/app/events/batch", self.app_events),
        ):  # fmt: skip
            routes.add(methods, path, serve)

    # templates

    def templates(self, call: Call, app: str) -> Reply:
        """Every template of the app."""
        self._known(app)
        return Reply(
            200, {"results": self._store.shown("SELECT shown FROM app_document WHERE family = 'template' ORDER BY id")}
        )

    def add_template(self, call: Call, app: str) -> Reply:
        """A template: 201."""
        self._known(app)
        given = call.object()
        if given.get("objectType") not in _TYPES or not given.get("name"):
            raise validation(f"A template needs a name and an objectType of {', '.join(_TYPES)}")
        if self._store.value("SELECT count(*) FROM app_document WHERE family = 'template'") >= _MOST_TEMPLATES:
            raise validation(f"An app has at most {_MOST_TEMPLATES} templates")
        now = moments.iso(self._store.now())
        shown = {
            "id": str(self._store.next_id("template", 1_001)), "name": given["name"], "objectType": given["objectType"],
            "headerTemplate": given.get("headerTemplate", ""), "detailTemplate": given.get("detailTemplate", ""),
            "tokens": [self._token(one) for one in given.get("tokens") or []], "createdAt": now, "updatedAt": now,
        }  # fmt: skip
        return Reply(201, self._keep(shown))

    def template(self, call: Call, app: str, ident: str) -> Reply:
        """One template."""
        return Reply(200, self._template(app, ident))

    def change_template(self, call: Call, app: str, ident: str) -> Reply:
        """A template anew: 200."""
        shown, given = self._template(app, ident), call.object()
        shown |= {key: given[key] for key in ("name", "headerTemplate", "detailTemplate") if key in given}
        if "tokens" in given:
            shown["tokens"] = [self._token(one) for one in given["tokens"]]
        return Reply(200, self._keep(shown))

    def remove_template(self, call: Call, app: str, ident: str) -> Reply:
        """204."""
        self._template(app, ident)
        self._store.execute("DELETE FROM app_document WHERE family = 'template' AND id = ?", (ident,))
        return Reply(204)

    def add_token(self, call: Call, app: str, ident: str) -> Reply:
        """A token: 200."""
        shown, token = self._template(app, ident), self._token(call.object())
        if any(one["name"] == token["name"] for one in shown["tokens"]):
            raise validation(f"Token {token['name']} already exists", name=[token["name"]])
        if len(shown["tokens"]) >= _MOST_TOKENS:
            raise validation(f"A template has at most {_MOST_TOKENS} tokens")
        shown["tokens"].append(token)
        self._keep(shown)
        return Reply(200, token)

    def change_token(self, call: Call, app: str, ident: str, token: str) -> Reply:
        """A token anew: 200."""
        shown, given = self._template(app, ident), call.object()
        found = self._named(shown, token)
        found |= {key: given[key] for key in ("label", "options", "objectPropertyName") if key in given}
        self._keep(shown)
        return Reply(200, found)

    def remove_token(self, call: Call, app: str, ident: str, token: str) -> Reply:
        """204."""
        shown = self._template(app, ident)
        shown["tokens"].remove(self._named(shown, token))
        self._keep(shown)
        return Reply(204)

    # events

    def create(self, call: Call) -> Reply:
        """An event: 201; the same id again is 409."""
        self._public(call)
        return Reply(201, self._event(call.object(), call))

    def create_many(self, call: Call) -> Reply:
        """Up to 500 events: 204."""
        self._public(call)
        with self._store.write():
            for item in call.inputs(_MOST_EVENTS):
                self._event(item, call)
        return Reply(204)

    def event(self, call: Call, ident: str, event: str) -> Reply:
        """One event."""
        return Reply(200, self._find(ident, event))

    def detail(self, call: Call, ident: str, event: str) -> Reply:
        """The detail template filled in."""
        return Reply(200, {"details": self._filled("detailTemplate", self._find(ident, event))})

    def rendered(self, call: Call, ident: str, event: str) -> Reply:
        """The header, or with ``detail`` the details, as text."""
        template = "detailTemplate" if call.flag("detail") else "headerTemplate"
        text = self._filled(template, self._find(ident, event))
        return Reply(200, text.encode(), content_type="text/html;charset=utf-8" if text else JSON_TYPE)

    def app_event(self, call: Call) -> Reply:
        """An app event of the dated API: 201; the same id again is 409."""
        return Reply(201, self._occurrence(call.object()))

    def app_events(self, call: Call) -> Reply:
        """Several app events."""
        started, results, errors = self._store.now(), [], []
        for item in call.inputs(_MOST_EVENTS):
            try:
                results.append(self._occurrence(item))
            except Refusal as refusal:
                errors.append(refusal.entry(id=[str(item.get("id", ""))]))
        return finished(self._account, started, results, errors, call.edition, 201)

    def define_app_event(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """What a developer project's schema defines: ``eventTypeName`` and its ``properties``."""
        shown = {"eventTypeName": str(wish["eventTypeName"]), "properties": list(wish.get("properties", []))}
        self._store.keep("app_document", OAUTH_APP, "app_event", shown["eventTypeName"], shown)
        return shown

    # inside

    def _event(self, given: Mapping[str, Any], call: Call) -> dict[str, Any]:
        template = self._template(str(OAUTH_APP), str(given.get("eventTemplateId", "")))
        tokens = given.get("tokens")
        if not isinstance(tokens, dict):
            raise validation("tokens is required")
        known = {one["name"]: one for one in template["tokens"]}
        for name, value in tokens.items():
            token = known.get(name)
            if token is None:
                raise validation(f"Token {name} does not exist in the template", tokens=[name])
            if token["type"] == "enumeration" and plain(value) not in {
                one["value"] for one in token.get("options") or []
            }:
                raise validation(f"{value} is not an option of token {name}", tokens=[name])
        record = self._subject(template["objectType"], given)
        ident = str(given.get("id") or self._store.next_id("timeline", 1))
        if self._store.row("SELECT 1 FROM timeline_event WHERE template = ? AND id = ?", (template["id"], ident)):
            raise Refusal(409, f"An event with id {ident} already exists", "CONFLICT")
        now = moments.iso(self._store.now())
        shown = {
            **{key: given[key] for key in ("domain", "utk", "email", "extraData", "timelineIFrame") if given.get(key) is not None},
            "eventTemplateId": template["id"], "tokens": {name: plain(value) for name, value in tokens.items()}, "id": ident,
            "objectType": template["objectType"], "timestamp": given.get("timestamp") or now, "createdAt": now,
        }  # fmt: skip
        if record is not None:
            shown["objectId"] = str(record.id)
            written = {
                known[name]["objectPropertyName"]: value
                for name, value in tokens.items()
                if known[name].get("objectPropertyName")
            }
            if written:
                self._records.update(self._account.types.by_id(record.type), record, written, call.caller)
        self._store.keep("timeline_event", template["id"], ident, shown)
        return shown

    def _subject(self, object_type: str, given: Mapping[str, Any]) -> Record | None:
        """The record an event belongs to. Raises Refusal 400 or 404."""
        kind = self._account.kind(object_type)
        if given.get("objectId"):
            return self._records.find(kind, str(given["objectId"]))
        if kind.id == CONTACT and given.get("email"):
            return self._records.find(kind, str(given["email"]), "email")
        if kind.id == COMPANY and given.get("domain"):
            sql = "SELECT id FROM record WHERE type = '0-2' AND state = 0 AND lower(json_extract(properties, '$.domain')) = ?"
            return self._store.record(self._store.value(sql, (str(given["domain"]).lower(),)) or 0)
        if given.get("utk"):
            return None
        raise validation("An event needs objectId, email, domain or utk")

    def _occurrence(self, given: Mapping[str, Any]) -> dict[str, Any]:
        if not self._account.options.app_events_approved:
            raise Refusal(403, "This app is not approved for app events.", "FORBIDDEN")
        name, ident = str(given.get("eventTypeName", "")), str(given.get("id") or self._store.next_id("timeline", 1))
        found = self._store.shown("SELECT shown FROM app_document WHERE family = 'app_event' AND id = ?", (name,))
        if not found:
            raise validation(f"Event type {name} does not exist", eventTypeName=[name])
        given_properties = given.get("properties") or {}
        unknown = [key for key in given_properties if key not in found[0]["properties"]]
        if unknown:
            raise validation(f"Unknown properties: {', '.join(unknown)}", properties=unknown)
        if self._store.row("SELECT 1 FROM timeline_event WHERE template = ? AND id = ?", (name, ident)):
            raise Refusal(409, f"An event with id {ident} already exists", "CONFLICT")
        if given.get("objectId"):
            record = self._store.record(int(given["objectId"])) if str(given["objectId"]).isdigit() else None
            if record is None or record.state != ALIVE:
                raise validation(f"Object {given['objectId']} does not exist", objectId=[str(given["objectId"])])
        shown = {
            **given,
            "id": ident,
            "eventTypeName": name,
            "properties": {key: plain(value) for key, value in given_properties.items()},
        }
        self._store.keep("timeline_event", name, ident, shown)
        return shown

    def _token(self, given: Any) -> dict[str, Any]:
        if (
            not isinstance(given, dict)
            or not given.get("name")
            or not given.get("label")
            or given.get("type") not in _TOKEN_TYPES
        ):
            raise validation(f"A token needs name, label and a type of {', '.join(_TOKEN_TYPES)}")
        now = moments.iso(self._store.now())
        kept = {
            key: given[key] for key in ("name", "label", "type", "objectPropertyName") if given.get(key) is not None
        }
        return {**kept, "options": given.get("options") or [], "createdAt": now, "updatedAt": now}

    def _named(self, shown: Mapping[str, Any], token: str) -> dict[str, Any]:
        found: dict[str, Any] | None = next((one for one in shown["tokens"] if one["name"] == token), None)
        if found is None:
            raise missing(f"Token {token} does not exist", name=[token])
        return found

    def _filled(self, template: str, event: Mapping[str, Any]) -> str:
        text = str(self._template(str(OAUTH_APP), event["eventTemplateId"])[template])
        return re.sub(
            r"\{\{\s*#?(?:formatDate\s+)?([\w.]+)[^}]*\}\}",
            lambda found: html.escape(str(event["tokens"].get(found[1], ""))),
            text,
        )

    def _find(self, ident: str, event: str) -> dict[str, Any]:
        found = self._store.shown("SELECT shown FROM timeline_event WHERE template = ? AND id = ?", (ident, event))
        if not found:
            raise missing(f"Event {event} does not exist", eventId=[event])
        return dict(found[0])

    def _template(self, app: str, ident: str) -> dict[str, Any]:
        self._known(app)
        found = self._store.shown("SELECT shown FROM app_document WHERE family = 'template' AND id = ?", (ident,))
        if not found:
            raise missing(f"Event template {ident} does not exist", eventTemplateId=[ident])
        return dict(found[0])

    def _keep(self, shown: dict[str, Any]) -> dict[str, Any]:
        shown["updatedAt"] = moments.iso(self._store.now())
        self._store.keep("app_document", OAUTH_APP, "template", shown["id"], shown)
        return shown

    def _known(self, app: str) -> None:
        if int(app) != OAUTH_APP:
            raise missing(f"App {app} does not exist", appId=[app])

    @staticmethod
    def _public(call: Call) -> None:
        """Events are for public OAuth apps only (§22)."""
        if call.caller.kind != "access":
            raise Refusal(403, "Timeline events are only available to public apps with OAuth.", "FORBIDDEN")
