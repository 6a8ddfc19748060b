"""Custom objects: their schemas (HubSpot §15)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from crosswalk_sandbox.hubspot import moments
from crosswalk_sandbox.hubspot.account import USER_ID, Account, own_definition, tier_lacks
from crosswalk_sandbox.hubspot.calls import Call, Reply, Routes
from crosswalk_sandbox.hubspot.errors import Refusal, missing, validation
from crosswalk_sandbox.hubspot.links.types import AssociationTypes
from crosswalk_sandbox.hubspot.pipelines import defaults
from crosswalk_sandbox.hubspot.schema.types import ObjectType, custom

_BASE: Final = "/crm-object-schemas/v3/schemas"
_ONE: Final = f"{_BASE}/{{name}}"
_FIRST: Final = 123_456
_MOST_SEARCHABLE: Final = 20
_ACTIVITIES: Final = ("note", "task", "call", "email", "meeting")


class SchemaRoutes:
    """Serves the definitions of custom objects."""

    def __init__(self, account: Account, types: AssociationTypes) -> None:
        self._account = account
        self._associations = types
        self._store = account.store

    def routes(self, routes: Routes) -> None:
        """Add the endpoints."""
        for methods, path, handler in (
            ("GET", _BASE, self.all), ("POST", _BASE, self.create), ("GET", _ONE, self.one), ("PATCH", _ONE, self.change),
            ("DELETE", _ONE, self.remove), ("POST", f"{_ONE}/associations", self.associate),
            ("DELETE", f"{_ONE}/associations/{{number}}", self.dissociate),
        ):  # fmt: skip
            routes.add(methods, path, handler)

    def all(self, call: Call) -> Reply:
        """Every custom object; an account without any answers an empty list."""
        return Reply(
            200, {"results": [self._shown(one) for one in self._store.shown("SELECT shown FROM schema ORDER BY id")]}
        )

    def one(self, call: Call, name: str) -> Reply:
        """One custom object with its properties and associations."""
        return Reply(200, self._shown(dict(self._find(name).schema or {})))

    def create(self, call: Call) -> Reply:
        """A custom object: 201."""
        if not self._account.options.custom_objects:
            raise tier_lacks("custom objects")
        given = call.object()
        self._check(given)
        name, now = str(given["name"]).lower(), moments.iso(self._store.now())
        with self._store.write():
            number = self._store.next_id("schema", _FIRST)
            schema = {
                "id": str(number), "objectTypeId": f"2-{number}", "fullyQualifiedName": f"p{self._account.options.portal_id}_{name}",
                "name": name, "labels": dict(given["labels"]), "description": given.get("description"),
                "primaryDisplayProperty": given.get("primaryDisplayProperty"), "requiredProperties": given.get("requiredProperties") or [],
                "searchableProperties": given.get("searchableProperties") or [],
                "secondaryDisplayProperties": given.get("secondaryDisplayProperties") or [], "archived": False, "createdAt": now,
                "updatedAt": now, "metaType": "PORTAL_SPECIFIC", "createdByUserId": USER_ID, "updatedByUserId": USER_ID,
            }  # fmt: skip
            self._store.keep("schema", schema["objectTypeId"], schema)
            kind = custom(schema)
            for one in given["properties"]:
                self._store.keep("definition", kind.id, one["name"], own_definition(kind, one, now))
            for pipe in defaults(kind.id):
                self._store.keep("pipeline", kind.id, pipe["id"], pipe)
            self._account.forget()
            for word in dict.fromkeys([*(given.get("associatedObjects") or []), *_ACTIVITIES]):
                target = self._account.kind(str(word))
                self._associations.add(kind, target, f"{name}_to_{target.singular}", None, None)
        return Reply(201, self._shown(schema))

    def change(self, call: Call, name: str) -> Reply:
        """Labels, required, searchable and display properties."""
        schema, given = dict(self._find(name).schema or {}), call.object()
        fields = (
            "labels",
            "description",
            "primaryDisplayProperty",
            "requiredProperties",
            "searchableProperties",
            "secondaryDisplayProperties",
        )
        schema |= {key: given[key] for key in fields if key in given} | {"updatedAt": moments.iso(self._store.now())}
        if given.get("clearDescription"):
            schema["description"] = None
        self._store.keep("schema", schema["objectTypeId"], schema)
        self._account.forget()
        return Reply(200, {**schema, "portalId": self._account.options.portal_id})

    def remove(self, call: Call, name: str) -> Reply:
        """204, only when no records exist (§15)."""
        kind = self._find(name)
        if self._store.row("SELECT 1 FROM record WHERE type = ? AND state = 0 LIMIT 1", (kind.id,)):
            raise Refusal(
                400,
                f"Cannot delete object type {kind.id}: it still has records",
                "VALIDATION_ERROR",
                context={"objectTypeId": [kind.id]},
            )
        self._store.execute("DELETE FROM schema WHERE id = ?", (kind.id,))
        self._store.execute("DELETE FROM association_type WHERE source = ? OR target = ?", (kind.id, kind.id))
        self._account.forget()
        return Reply(204)

    def associate(self, call: Call, name: str) -> Reply:
        """A type of association: 201."""
        given = call.object()
        source = self._account.kind(str(given.get("fromObjectTypeId", name)))
        target = self._account.kind(str(given.get("toObjectTypeId", "")))
        word = str(given.get("name") or f"{source.singular}_to_{target.singular}")
        plain = any(one.label is None for one in self._associations.between(source, target))
        made = self._associations.add(source, target, word, word if plain else None, word if plain else None)[0]
        now = moments.iso(self._store.now())
        return Reply(
            201,
            {
                "id": str(made.id),
                "fromObjectTypeId": source.id,
                "toObjectTypeId": target.id,
                "name": made.name,
                "createdAt": now,
                "updatedAt": now,
            },
        )

    def dissociate(self, call: Call, name: str, number: str) -> Reply:
        """A type of association taken away: 204."""
        self._find(name)
        self._store.execute("DELETE FROM association_type WHERE id = ? OR inverse = ?", (number, number))
        return Reply(204)

    def _check(self, given: Mapping[str, Any]) -> None:
        absent = [name for name in ("name", "labels", "requiredProperties", "properties") if given.get(name) is None]
        if absent:
            raise validation(f"Some required fields were not set: [{', '.join(absent)}]", fields=absent)
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", str(given["name"])):
            raise validation(f"{given['name']} is not a valid object name", name=[str(given["name"])])
        if self._account.types.find(str(given["name"])) is not None:
            raise Refusal(
                409, f"An object named '{given['name']}' already exists", self._account.options.duplicate_category
            )
        if len(given.get("searchableProperties") or []) > _MOST_SEARCHABLE:
            raise validation(f"At most {_MOST_SEARCHABLE} searchable properties are allowed")
        names = {one.get("name") for one in given["properties"]}
        shown = given.get("primaryDisplayProperty")
        if shown is not None and shown not in names and not str(shown).startswith("hs_"):
            raise validation(
                f"primaryDisplayProperty names an unknown property: {shown}", primaryDisplayProperty=[shown]
            )
        for field in ("requiredProperties", "searchableProperties", "secondaryDisplayProperties"):
            unknown = [name for name in given.get(field) or [] if name not in names and not str(name).startswith("hs_")]
            if unknown:
                raise validation(f"{field} names unknown properties: {', '.join(unknown)}", **{field: unknown})

    def _find(self, name: str) -> ObjectType:
        kind = self._account.types.find(name)
        if kind is None or kind.schema is None:
            raise missing(f"Unable to find object type {name}", objectType=[name])
        return kind

    def _shown(self, schema: dict[str, Any]) -> dict[str, Any]:
        kind = self._account.types.by_id(schema["objectTypeId"])
        rows = self._store.rows(
            "SELECT id, source, target, name FROM association_type WHERE source = ? OR target = ? ORDER BY id",
            (kind.id, kind.id),
        )
        at = schema["createdAt"]
        associations = [
            {
                "id": str(ident),
                "fromObjectTypeId": source,
                "toObjectTypeId": target,
                "name": name,
                "createdAt": at,
                "updatedAt": at,
            }
            for ident, source, target, name in rows
        ]
        properties = [dict(one.shown) for one in self._account.definitions(kind).values()]
        return {**schema, "properties": properties, "associations": associations}
