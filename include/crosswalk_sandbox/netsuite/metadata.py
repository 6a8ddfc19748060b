"""The metadata catalogue: list of types, JSON schema, OpenAPI document (NetSuite §5.12)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from crosswalk_sandbox.netsuite.errors import Refusal, invalid_parameter, method_not_allowed, unknown_type
from crosswalk_sandbox.netsuite.exchange import Answer, Call
from crosswalk_sandbox.netsuite.records.render import RECORDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crosswalk_sandbox.netsuite.schema.language import Field, RecordType, Sublist
    from crosswalk_sandbox.netsuite.store import Store

_CATALOG: Final = f"{RECORDS}/metadata-catalog"
_TYPES: Final[dict[str, dict[str, Any]]] = {
    "string": {"type": "string"},
    "multi": {"type": "object"},
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer", "format": "int64"},
    "number": {"type": "number", "format": "double"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
}
_ENUM: Final = {"type": "object", "properties": {"id": {"type": "string"}, "refName": {"type": "string"}}}
_DRAFT: Final = "https://json-schema.org/draft-06/hyper-schema#"
_MEDIA: Final = ("application/json", "application/swagger+json", "application/schema+json")


class Metadata:
    """Describes the account's record types as they are now, custom fields included."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def serve(self, call: Call, parts: tuple[str, ...]) -> Answer:
        """The whole catalogue, or one type."""
        if call.method != "GET":
            raise method_not_allowed(call.method)
        if parts:
            return self._one(call, parts[0])
        kinds = self._selected(call)
        if "swagger+json" in call.header("accept"):
            return Answer(200, self._openapi(call, kinds), "swagger")
        items = [{"name": kind.name, "links": self._links(call, kind.name)} for kind in kinds.values()]
        return Answer(200, {"items": items, "links": [{"rel": "self", "href": call.url, "method": "GET"}]}, "json")

    def _selected(self, call: Call) -> dict[str, RecordType]:
        types = self._store.catalog.types
        given = call.query.get("select")
        if given is None:
            return dict(types)
        names = given.split(",")
        if any(name != name.strip() or not name for name in names):
            raise invalid_parameter(
                "select", f"Invalid value '{given}' for the query parameter 'select'.", "INVALID_REQUEST"
            )
        for name in names:
            if name.lower() not in types:
                raise unknown_type(name, call.path)
        return {name.lower(): types[name.lower()] for name in names}

    def _one(self, call: Call, name: str) -> Answer:
        accept = call.header("accept")
        if name in _COMMON_SCHEMAS and "schema+json" in accept:
            return Answer(200, _common_schema(name), "schema")
        kind = self._store.catalog.record_type(name)
        if kind is None:
            raise unknown_type(name, call.path)
        if "schema+json" in accept:
            return Answer(200, self._schema(kind), "schema")
        if "swagger+json" in accept:
            return Answer(200, self._openapi(call, {kind.name.lower(): kind}), "swagger")
        if accept and not any(word in accept for word in ("json", "*/*", "application/*")):
            raise Refusal(
                406, "NOT_ACCEPTABLE", "The media type cannot be produced.", where=("o:errorHeader", "Accept")
            )
        return Answer(200, {"name": kind.name, "links": self._links(call, kind.name)}, "json")

    def _links(self, call: Call, name: str) -> list[dict[str, str]]:
        href = f"{call.base_url}{_CATALOG}/{name}"
        links = [{"rel": "canonical", "href": href, "mediaType": _MEDIA[0]}]
        links += [{"rel": "alternate", "href": href, "mediaType": media} for media in _MEDIA[1:]]
        return [*links, {"rel": "describes", "href": f"{call.base_url}{RECORDS}/{name}"}]

    # JSON schema

    def _schema(self, kind: RecordType) -> dict[str, Any]:
        properties = {field.name: self._property(field) for field in kind.fields.values()}
        for sublist in kind.sublists.values():
            properties[sublist.name] = {
                "type": "object",
                "title": sublist.name,
                "properties": {"items": {"type": "array"}},
            }
        for field in kind.subrecords.values():
            properties[field.name] = {"type": "object", "title": field.name}
        properties["links"] = {"type": "array", "items": {"$ref": f"{_CATALOG}/nsLink"}}
        return {
            "type": "object",
            "properties": dict(sorted(properties.items())),
            "$schema": _DRAFT,
            "x-ns-filterable": sorted(field.name for field in kind.fields.values() if field.filterable),
        }

    def _property(self, field: Field) -> dict[str, Any]:
        found: dict[str, Any] = {"title": field.name}
        if field.kind == "ref":
            known = self._store.catalog.record_type(field.target or "")
            found["$ref"] = f"{_CATALOG}/{known.name if known else 'nsResource'}"
        elif field.kind == "enum":
            found |= _ENUM
        else:
            found |= {"type": "string"} if field.name == "id" else _TYPES[field.kind]
            found["nullable"] = True
        if field.read_only:
            found["readOnly"] = True
        if field.custom:
            found["x-ns-custom-field"] = True
        return found

    # OpenAPI

    def _openapi(self, call: Call, kinds: Mapping[str, RecordType]) -> dict[str, Any]:
        schemas: dict[str, Any] = dict(_COMMON_SCHEMAS)
        paths: dict[str, Any] = {}
        for kind in kinds.values():
            schemas |= self._components(kind)
            paths |= _paths(kind)
        referenced = {field.target for kind in kinds.values() for field in kind.fields.values() if field.kind == "ref"}
        for name in referenced:
            known = self._store.catalog.record_type(name or "")
            if known is not None:
                schemas.setdefault(known.name, {"type": "object"})
        server = {"url": f"{call.base_url}{RECORDS}"}
        info = {"title": "NetSuite REST API", "version": "v1"}
        return {
            "openapi": "3.0.1",
            "info": info,
            "servers": [server],
            "paths": paths,
            "components": {"schemas": schemas},
        }

    def _components(self, kind: RecordType) -> dict[str, Any]:
        properties: dict[str, Any] = {field.name: self._component(field) for field in kind.fields.values()}
        found: dict[str, Any] = {f"{kind.name}Collection": _collection(kind.name)}
        for sublist in kind.sublists.values():
            name = f"{kind.name}-{sublist.name}"
            properties[sublist.name] = {"$ref": f"#/components/schemas/{name}Collection"}
            found[f"{name}Collection"] = _collection(f"{name}Element")
            found[f"{name}Element"] = self._element(sublist, name)
            if sublist.subrecord is not None:
                found[f"{name}-{sublist.subrecord.name}"] = self._address()
        for field in kind.subrecords.values():
            properties[field.name] = {"$ref": f"#/components/schemas/{kind.name}-{field.name}"}
            found[f"{kind.name}-{field.name}"] = self._address()
        found[kind.name] = {"type": "object", "properties": properties, "x-ns-filterable": sorted(
            field.name for field in kind.fields.values() if field.filterable)}  # fmt: skip
        return found

    def _element(self, sublist: Sublist, name: str) -> dict[str, Any]:
        properties = {field.name: self._component(field) for field in sublist.fields.values()}
        if sublist.subrecord is not None:
            properties[sublist.subrecord.name] = {"$ref": f"#/components/schemas/{name}-{sublist.subrecord.name}"}
        return {"type": "object", "properties": properties}

    def _address(self) -> dict[str, Any]:
        fields = self._store.catalog.address.values()
        return {"type": "object", "properties": {field.name: self._component(field) for field in fields}}

    def _component(self, field: Field) -> dict[str, Any]:
        found = self._property(field)
        if "$ref" in found:
            name = found["$ref"].rsplit("/", 1)[1]
            return {"$ref": f"#/components/schemas/{name}"}
        return found


def _common_schema(name: str) -> dict[str, Any]:
    """What ``$ref``s to ``nsLink`` and ``nsResource`` lead to (NetSuite §5.12)."""
    text = json.dumps(_COMMON_SCHEMAS[name]).replace("#/components/schemas", _CATALOG)
    found: dict[str, Any] = json.loads(text)
    return {**found, "$schema": _DRAFT}


def _collection(element: str) -> dict[str, Any]:
    items = {"type": "array", "items": {"$ref": f"#/components/schemas/{element}"}}
    counted = {
        name: {"type": "integer", "format": "int64", "readOnly": True} for name in ("count", "offset", "totalResults")
    }
    more = {"hasMore": {"type": "boolean", "readOnly": True}}
    links = {"links": {"type": "array", "items": {"$ref": "#/components/schemas/nsLink"}, "readOnly": True}}
    return {"type": "object", "properties": {"items": items, **counted, **more, **links}}


def _paths(kind: RecordType) -> dict[str, Any]:
    many = {"get": {"summary": f"Get list of {kind.label} records."}}
    one: dict[str, Any] = {"get": {"summary": f"Get a {kind.label} record."}}
    if not kind.read_only:
        many["post"] = {"summary": f"Insert a {kind.label} record."}
        one |= {verb: {"summary": f"{verb.title()} a {kind.label} record."} for verb in ("patch", "put", "delete")}
    found: dict[str, Any] = {f"/{kind.name}": many, f"/{kind.name}/{{id}}": one}
    for target in kind.transforms:
        found[f"/{kind.name}/{{id}}/!transform/{target}"] = {"post": {"summary": f"Transform to {target}."}}
    return found


_LINK: Final = {"type": "object", "properties": {"rel": {"type": "string"}, "href": {"type": "string", "format": "URI"},
                                                 "method": {"type": "string"}}}  # fmt: skip
_COMMON_SCHEMAS: Final[dict[str, Any]] = {
    "nsLink": _LINK,
    "nsResource": {"type": "object", "properties": {"id": {"type": "string"}, "refName": {"type": "string"},
                   "externalId": {"type": "string"}, "links": {"type": "array", "items": {"$ref": "#/components/schemas/nsLink"}}}},
    "nsError": {"type": "object", "properties": {"type": {"type": "string"}, "title": {"type": "string"},
                "status": {"type": "integer"}, "o:errorDetails": {"type": "array"}}},
}  # fmt: skip
