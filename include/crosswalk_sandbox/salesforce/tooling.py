"""Tooling API, as far as setting up an org needs it: CustomField, and queries on definitions (Salesforce §15)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .calls import Call, Reply, Routes
from .customfields import METADATA_TYPES, create_field, delete_field, update_field
from .errors import ApiError, RowError, not_found
from .ids import mint, normalise
from .org import Org
from .soql.parse import parse, unescape
from .soql.refusals import no_column, no_object
from .soql.tree import Call as Function
from .soql.tree import Comparison, Condition, Logic, Negation, Path, Query, SemiJoin

Row = dict[str, Any]


def add_routes(routes: Routes) -> None:
    """Registers the tooling resources."""
    routes.add("GET", "/tooling", lambda call: Reply(200, {"query": f"/services/data/v{call.version}/tooling/query"}))
    routes.add("POST", "/tooling/sobjects/CustomField", create)
    routes.add("GET", "/tooling/sobjects/CustomField/{key}", read)
    routes.add("PATCH", "/tooling/sobjects/CustomField/{key}", update)
    routes.add("DELETE", "/tooling/sobjects/CustomField/{key}", delete)
    routes.add("GET", "/tooling/query", query)


def create(call: Call) -> Reply:
    """``POST /tooling/sobjects/CustomField``."""
    body = call.object()
    if not body.get("FullName") or not isinstance(body.get("Metadata"), dict):
        raise ApiError(
            400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [FullName, Metadata]", ["FullName", "Metadata"]
        )
    own = create_field(call.org, body["FullName"], body["Metadata"])
    return Reply(201, {"id": own, "success": True, "errors": [], "warnings": [], "infos": []})


def _find(call: Call, key: str) -> Row:
    own = normalise(key)
    for row in call.org.custom_fields():
        if row["id"] == own:
            return row
    raise not_found()


def read(call: Call, key: str) -> Reply:
    """``GET /tooling/sobjects/CustomField/{id}``."""
    row = _find(call, key)
    shown = _custom_field(row)
    base = f"/services/data/v{call.version}/tooling/sobjects/CustomField/{row['id']}"
    return Reply(200, {"attributes": {"type": "CustomField", "url": base}, **shown, "Metadata": metadata(row["spec"])})


def update(call: Call, key: str) -> Reply:
    """``PATCH /tooling/sobjects/CustomField/{id}``."""
    row = _find(call, key)
    update_field(call.org, f"{row['object']}.{row['name']}", call.object().get("Metadata") or {})
    return Reply(204, None, {}, None)


def delete(call: Call, key: str) -> Reply:
    """``DELETE /tooling/sobjects/CustomField/{id}``."""
    row = _find(call, key)
    delete_field(call.org, f"{row['object']}.{row['name']}")
    return Reply(204, None, {}, None)


def metadata(spec: Row) -> Row:
    """A field's metadata from its compact describe."""
    names = ("label", "length", "precision", "scale", "externalId", "unique", "caseSensitive", "formula")
    kind = METADATA_TYPES[spec["type"]]
    long_text = spec["type"] == "textarea" and spec.get("length", 0) > 255
    return {
        "type": "LongTextArea" if long_text else kind,
        "required": spec.get("nillable") is False and spec["type"] != "boolean",
        **{name: spec[name] for name in names if name in spec},
    }


def _custom_field(row: Row) -> Row:
    return {
        "Id": row["id"], "DeveloperName": row["name"].removesuffix("__c"), "FullName": f"{row['object']}.{row['name']}",
        "TableEnumOrId": row["object"], "NamespacePrefix": None, "Length": row["spec"].get("length"), "CreatedDate": row["created"],
        "EntityDefinitionId": row["object"], "EntityDefinition": {"QualifiedApiName": row["object"]},
    }  # fmt: skip


def _rows(org: Org, name: str) -> Iterator[Row]:
    if name == "customfield":
        yield from map(_custom_field, org.custom_fields())
        return
    for number, sobject in enumerate(org.schema.objects.values(), 1):
        entity = {
            "DurableId": sobject.name, "QualifiedApiName": sobject.name, "DeveloperName": sobject.name, "Label": sobject.label,
            "PluralLabel": sobject.label_plural, "KeyPrefix": sobject.prefix, "NamespacePrefix": None, "IsCustomizable": True,
            "IsQueryable": "queryable" in sobject.flags, "Id": mint("4ie", number),
        }  # fmt: skip
        if name == "entitydefinition":
            yield entity
            continue
        for item in sobject.fields.values():
            yield {
                "DurableId": f"{sobject.name}.{item.name}", "QualifiedApiName": item.name, "Label": item.label, "Length": item.length,
                "DeveloperName": item.name.removesuffix("__c"), "DataType": METADATA_TYPES.get(item.type, item.type), "NamespacePrefix": None,
                "EntityDefinitionId": sobject.name, "EntityDefinition": entity, "IsNillable": item.nillable, "Precision": item.spec.get("precision"),
            }  # fmt: skip


def query(call: Call) -> Reply:
    """``GET /tooling/query?q=…`` on CustomField, EntityDefinition and FieldDefinition."""
    text = call.query.get("q", "")
    statement = parse(text)
    name = statement.source[0]
    if name.lower() not in ("customfield", "entitydefinition", "fielddefinition"):
        raise no_object(text, statement.source_at, name)
    canonical = {
        "customfield": "CustomField",
        "entitydefinition": "EntityDefinition",
        "fielddefinition": "FieldDefinition",
    }[name.lower()]
    rows = [
        row for row in _rows(call.org, name.lower()) if statement.where is None or _holds(text, statement.where, row)
    ]
    if isinstance(statement.items[0].value, Function):
        return Reply(200, {"totalSize": len(rows), "done": True, "records": []})
    for item in reversed(statement.order):
        if isinstance(item.value, Path):
            path = item.value
            rows.sort(key=lambda row: str(_value(text, path, row)), reverse=item.descending)
    rows = rows[: statement.limit] if statement.limit is not None else rows
    base = f"/services/data/v{call.version}/tooling/sobjects/{canonical}"
    records = [_record(text, statement, row, canonical, base) for row in rows]
    return Reply(
        200,
        {
            "size": len(records),
            "totalSize": len(records),
            "done": True,
            "queryLocator": None,
            "entityTypeName": canonical,
            "records": records,
        },
    )


def _record(text: str, statement: Query, row: Row, name: str, base: str) -> Row:
    record: Row = {"attributes": {"type": name, "url": f"{base}/{row.get('Id') or row.get('DurableId')}"}}
    for item in statement.items:
        path = item.value
        if not isinstance(path, Path):
            raise ApiError(400, "MALFORMED_QUERY", "Only fields can be selected here")
        holder = record
        for part in path.parts[:-1]:
            holder = holder.setdefault(_key(text, path, row, part), {"attributes": {"type": part}})
        last = path.parts[-1]
        owner = row
        for part in path.parts[:-1]:
            owner = owner[_key(text, path, owner, part)]
        holder[_key(text, path, owner, last)] = _value(text, path, row)
    return record


def _key(text: str, path: Path, row: Row, name: str) -> str:
    for key in row:
        if key.lower() == name.lower():
            return key
    raise no_column(text, path.at, name, "Name")


def _value(text: str, path: Path, row: Row) -> Any:
    found: Any = row
    for part in path.parts:
        found = found[_key(text, path, found, part)]
    return found


def _holds(text: str, condition: Condition, row: Row) -> bool:
    if isinstance(condition, Logic):
        results = (_holds(text, part, row) for part in condition.parts)
        return all(results) if condition.kind == "and" else any(results)
    if isinstance(condition, Negation):
        return not _holds(text, condition.part, row)
    if isinstance(condition, SemiJoin) or not isinstance(condition.operand, Path):
        raise ApiError(400, "MALFORMED_QUERY", "Semi-joins and functions are not available here")
    return _compares(condition, _value(text, condition.operand, row))


def _compares(condition: Comparison, value: Any) -> bool:
    wanted = [unescape(str(item.value)).lower() if item.kind == "string" else item.value for item in condition.values]
    own = value.lower() if isinstance(value, str) else value
    if condition.operator in ("=", "in"):
        return own in wanted
    if condition.operator in ("!=", "not_in"):
        return own not in wanted
    if condition.operator == "like":
        pattern = re.escape(str(wanted[0])).replace("%", ".*").replace("_", ".")
        return re.fullmatch(pattern, str(own or "")) is not None
    raise RowError("MALFORMED_QUERY", f"operator {condition.operator} is not available here")
