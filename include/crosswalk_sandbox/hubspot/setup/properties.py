"""The property endpoints: definitions, batches, groups (HubSpot §12)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

from crosswalk_sandbox.hubspot import moments
from crosswalk_sandbox.hubspot.account import Account, own_definition
from crosswalk_sandbox.hubspot.calls import Call, Reply, Routes
from crosswalk_sandbox.hubspot.errors import Refusal, missing, missing_property, validation, wrong_shape
from crosswalk_sandbox.hubspot.records.batches import finished
from crosswalk_sandbox.hubspot.schema.definitions import FIELD_TYPES
from crosswalk_sandbox.hubspot.schema.types import ObjectType

_BASE: Final = "/crm/v3/properties/{name}"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,99}")
_REQUIRED: Final = ("name", "label", "type", "fieldType", "groupName")
_PATCHED: Final = ("label", "type", "fieldType", "groupName", "description", "options", "displayOrder", "hidden", "formField", "calculationFormula", "showCurrencySymbol", "currencyPropertyName", "numberDisplayHint")  # fmt: skip
_MOST_UNIQUE: Final = 10


class PropertyRoutes:
    """Serves property definitions."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._store = account.store

    def routes(self, routes: Routes) -> None:
        """Add the endpoints."""
        for methods, path, handler in (
            ("GET", f"{_BASE}/groups", self.groups), ("POST", f"{_BASE}/groups", self.add_group),
            ("GET", f"{_BASE}/groups/{{group}}", self.group), ("PATCH", f"{_BASE}/groups/{{group}}", self.change_group),
            ("DELETE", f"{_BASE}/groups/{{group}}", self.remove_group),
            ("POST", f"{_BASE}/batch/create", self.create_many), ("POST", f"{_BASE}/batch/read", self.read_many),
            ("POST", f"{_BASE}/batch/archive", self.archive_many),
            ("GET", _BASE, self.all), ("POST", _BASE, self.create), ("GET", f"{_BASE}/{{word}}", self.one),
            ("PATCH", f"{_BASE}/{{word}}", self.change), ("DELETE", f"{_BASE}/{{word}}", self.archive),
        ):  # fmt: skip
            routes.add(methods, path, handler)

    def all(self, call: Call, name: str) -> Reply:
        """Every definition of a type, without paging."""
        kind = self._account.kind(name)
        if call.flag("archived"):
            shown = [one for one in self._own(kind) if one["archived"]]
        else:
            shown = [dict(one.shown) for one in self._account.definitions(kind).values()]
        return Reply(200, {"results": shown})

    def one(self, call: Call, name: str, word: str) -> Reply:
        """One definition."""
        return Reply(200, self._find(self._account.kind(name), word, archived=call.flag("archived")))

    def create(self, call: Call, name: str) -> Reply:
        """A definition of the account's own: 201."""
        return Reply(201, self._create(self._account.kind(name), call.object()))

    def create_many(self, call: Call, name: str) -> Reply:
        """Definitions: those that fail are errors of a 207."""
        kind, started, results, errors = self._account.kind(name), self._store.now(), [], []
        for item in call.inputs():
            try:
                results.append(self._create(kind, item))
            except Refusal as refusal:
                errors.append(refusal.entry(name=[str(item.get("name", ""))]))
        return finished(self._account, started, results, errors, call.edition, 201)

    def read_many(self, call: Call, name: str) -> Reply:
        """Definitions by name."""
        kind, started, results, errors = self._account.kind(name), self._store.now(), [], []
        archived = bool(call.object().get("archived"))
        for item in call.inputs():
            try:
                results.append(self._find(kind, str(item.get("name", "")), archived=archived))
            except Refusal as refusal:
                errors.append(refusal.entry())
        return finished(self._account, started, results, errors, call.edition)

    def change(self, call: Call, name: str, word: str) -> Reply:
        """A changed definition; options replace the whole list (§12)."""
        kind = self._account.kind(name)
        shown, given = dict(self._find(kind, word)), call.object()
        if shown["modificationMetadata"]["readOnlyDefinition"] and not set(given) <= {
            "label",
            "description",
            "groupName",
            "displayOrder",
            "options",
            "hidden",
        }:
            raise validation(f'The definition of "{word}" is read only', propertyName=[word])
        if "options" in given and shown["modificationMetadata"]["readOnlyOptions"]:
            raise validation(f'The options of "{word}" are read only', propertyName=[word])
        changed: dict[str, Any] = {key: given[key] for key in _PATCHED if key in given}
        merged = {**shown, **changed}
        self._check(kind, merged)
        merged["options"] = own_definition(kind, merged, shown["createdAt"])["options"]
        merged["updatedAt"] = moments.iso(self._store.now())
        self._keep(kind, merged)
        return Reply(200, merged)

    def archive(self, call: Call, name: str, word: str) -> Reply:
        """204; those of the platform stay (400)."""
        self._archive(self._account.kind(name), word)
        return Reply(204)

    def archive_many(self, call: Call, name: str) -> Reply:
        """204, whatever is there or not."""
        kind = self._account.kind(name)
        for item in call.inputs():
            word = str(item.get("name", ""))
            if word in self._account.definitions(kind):
                self._archive(kind, word)
        return Reply(204)

    # groups

    def groups(self, call: Call, name: str) -> Reply:
        """Every group of a type."""
        return Reply(200, {"results": self._groups(self._account.kind(name))})

    def group(self, call: Call, name: str, group: str) -> Reply:
        """One group."""
        return Reply(200, self._group(self._account.kind(name), group))

    def add_group(self, call: Call, name: str) -> Reply:
        """A group: 201."""
        kind, given = self._account.kind(name), call.object()
        if not given.get("name") or not given.get("label"):
            raise validation("name and label are required")
        if any(one["name"] == given["name"] for one in self._groups(kind)):
            raise Refusal(
                409, f"Property group '{given['name']}' already exists", self._account.options.duplicate_category
            )
        shown = {
            "name": given["name"],
            "label": given["label"],
            "displayOrder": given.get("displayOrder", -1),
            "archived": False,
        }
        self._store.keep("property_group", kind.id, given["name"], shown)
        return Reply(201, shown)

    def change_group(self, call: Call, name: str, group: str) -> Reply:
        """A group's new label or place."""
        kind, given = self._account.kind(name), call.object()
        changed: dict[str, Any] = {key: given[key] for key in ("label", "displayOrder") if key in given}
        shown = {**self._group(kind, group), **changed}
        self._store.keep("property_group", kind.id, group, shown)
        return Reply(200, shown)

    def remove_group(self, call: Call, name: str, group: str) -> Reply:
        """204; a group with properties stays (400)."""
        kind = self._account.kind(name)
        self._group(kind, group)
        if any(one.shown["groupName"] == group for one in self._account.definitions(kind).values()):
            raise validation(f"Property group '{group}' still has properties", groupName=[group])
        self._store.execute("DELETE FROM property_group WHERE type = ? AND name = ?", (kind.id, group))
        return Reply(204)

    # inside

    def _create(self, kind: ObjectType, given: Mapping[str, Any]) -> dict[str, Any]:
        absent = [name for name in _REQUIRED if not given.get(name)]
        if absent:
            raise validation(f"Some required fields were not set: [{', '.join(absent)}]", fields=absent)
        name = str(given["name"])
        if not _NAME.fullmatch(name):
            raise validation(
                f"The property name {name} must start with a letter and hold only lower-case letters, digits and _",
                name=[name],
            )
        reserved = (
            any(one["name"] == name for one in self._own(kind))
            if self._account.options.archived_names_reserved
            else False
        )
        if name in self._account.definitions(kind) or reserved:
            raise Refusal(409, f"A property named '{name}' already exists.", self._account.options.duplicate_category)
        self._check(kind, given)
        shown = own_definition(kind, given, moments.iso(self._store.now()))
        self._keep(kind, shown)
        return shown

    def _check(self, kind: ObjectType, given: Mapping[str, Any]) -> None:
        """Type, field type, options, uniqueness, group. Raises Refusal 400."""
        type_, field = str(given["type"]), str(given["fieldType"])
        if type_ not in FIELD_TYPES:
            raise validation(f"{type_} is not a valid property type", type=[type_])
        if field not in FIELD_TYPES[type_] and not given.get("hubspotDefined"):
            raise validation(f"{field} is not a valid field type for {type_}", fieldType=[field])
        options = given.get("options") or []
        if not isinstance(options, list) or any(
            not isinstance(one, dict) or "value" not in one or "label" not in one for one in options
        ):
            raise wrong_shape("java.util.List<com.hubspot.OptionInput>", options)
        values = [str(one["value"]) for one in options]
        if len(set(values)) != len(values):
            raise validation("Option values must be unique", options=values)
        if type_ == "bool" and sorted(values) != ["false", "true"]:
            raise validation("A bool property needs exactly the options true and false", options=values)
        if given.get("hasUniqueValue") and type_ not in ("string", "number"):
            raise validation("Only text and number properties can have unique values")
        unique = [
            one
            for one in self._account.definitions(kind).values()
            if one.unique and not one.hubspot and one.name != given.get("name")
        ]
        if given.get("hasUniqueValue") and len(unique) >= _MOST_UNIQUE:
            raise validation(f"At most {_MOST_UNIQUE} properties with unique values are allowed")
        if not any(one["name"] == given["groupName"] for one in self._groups(kind)):
            raise validation(
                f"Property group '{given['groupName']}' does not exist", groupName=[str(given["groupName"])]
            )

    def _archive(self, kind: ObjectType, word: str) -> None:
        shown = dict(self._find(kind, word))
        if not shown["modificationMetadata"]["archivable"]:
            raise validation(f'"{word}" is used by the platform and cannot be deleted', propertyName=[word])
        now = moments.iso(self._store.now())
        self._keep(kind, {**shown, "archived": True, "archivedAt": now, "updatedAt": now})

    def _find(self, kind: ObjectType, word: str, *, archived: bool = False) -> dict[str, Any]:
        if archived:
            found = next((one for one in self._own(kind) if one["name"] == word and one["archived"]), None)
        else:
            known = self._account.definitions(kind).get(word)
            found = dict(known.shown) if known else None
        if found is None:
            raise missing_property(word)
        return found

    def _own(self, kind: ObjectType) -> list[dict[str, Any]]:
        return self._store.shown("SELECT shown FROM definition WHERE type = ?", (kind.id,))

    def _keep(self, kind: ObjectType, shown: Mapping[str, Any]) -> None:
        self._store.keep("definition", kind.id, shown["name"], orjson.dumps(dict(shown)).decode())
        self._account.forget()

    def _groups(self, kind: ObjectType) -> list[dict[str, Any]]:
        own = f"{kind.singular.replace('_', '')}information"
        base = {"name": own, "label": f"{kind.label} information", "displayOrder": 0, "archived": False}
        kept = self._store.shown("SELECT shown FROM property_group WHERE type = ?", (kind.id,))
        return [*([] if any(one["name"] == own for one in kept) else [base]), *kept]

    def _group(self, kind: ObjectType, group: str) -> dict[str, Any]:
        found = next((one for one in self._groups(kind) if one["name"] == group), None)
        if found is None:
            raise missing(f"Property group '{group}' does not exist", groupName=[group])
        return found
