"""describeGlobal and describe in the recorded shape: the packaged facts plus the rules of Salesforce §4.2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .access import Rights
from .schema import NUMBERS, Child, Field, Schema, SObject

GLOBAL_FLAGS = (
    "activateable", "createable", "customSetting", "deepCloneable", "deletable", "feedEnabled", "layoutable", "mergeable",
    "mruEnabled", "queryable", "replicateable", "retrieveable", "searchable", "triggerable", "undeletable", "updateable",
)  # fmt: skip
NEVER = ("custom", "deprecatedAndHidden", "hasSubtypes", "isInterface", "isSubtype")
SOAP_TYPES = {
    "id": "tns:ID", "reference": "tns:ID", "boolean": "xsd:boolean", "int": "xsd:int", "double": "xsd:double",
    "currency": "xsd:double", "percent": "xsd:double", "date": "xsd:date", "datetime": "xsd:dateTime", "address": "urn:address",
}  # fmt: skip
MASTER_RECORD_TYPE = "012000000000000AAA"
FALSE_FIELD_KEYS = (
    "aiPredictionField", "autoNumber", "calculated", "cascadeDelete", "caseSensitive", "custom", "defaultedOnCreate",
    "dependentPicklist", "deprecatedAndHidden", "displayLocationInDecimal", "encrypted", "externalId",
    "formulaTreatNullNumberAsZero", "highScaleNumber", "htmlFormatted", "idLookup", "nameField", "namePointing",
    "polymorphicForeignKey", "restrictedDelete", "restrictedPicklist", "unique", "writeRequiresMasterRead",
)  # fmt: skip
NULL_FIELD_KEYS = (
    "calculatedFormula", "compoundFieldName", "controllerName", "defaultValueFormula", "extraTypeInfo", "filteredLookupInfo",
    "inlineHelpText", "mask", "maskType", "referenceTargetField", "relationshipName", "relationshipOrder",
)  # fmt: skip


def describe_global(schema: Schema, rights: Rights, version: str) -> dict[str, Any]:
    """The body of ``GET /sobjects``: what the user may read."""
    seen = [item for item in schema.objects.values() if rights.may(item.name, "read")]
    entries = [permitted(global_entry(item, version), rights) for item in sorted(seen, key=lambda item: item.name)]
    return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": entries}


def permitted(entry: dict[str, Any], rights: Rights) -> dict[str, Any]:
    """An entry whose flags say what the user may do, beyond what the sObject allows."""
    for flag, verb in (("createable", "create"), ("updateable", "edit"), ("deletable", "delete")):
        entry[flag] = entry[flag] and rights.may(entry["name"], verb)
    return entry


def global_entry(sobject: SObject, version: str) -> dict[str, Any]:
    """One sObject in describeGlobal."""
    base = f"/services/data/v{version}/sobjects/{sobject.name}"
    entry: dict[str, Any] = {name: name in sobject.flags for name in GLOBAL_FLAGS}
    entry.update(dict.fromkeys(NEVER, False))
    entry.update(associateEntityType=None, associateParentEntity=None, keyPrefix=sobject.prefix, label=sobject.label,
                 labelPlural=sobject.label_plural, name=sobject.name)  # fmt: skip
    urls = {"rowTemplate": f"{base}/{{ID}}", "describe": f"{base}/describe", "sobject": base}
    if "layoutable" in sobject.flags:
        urls["layouts"] = f"{base}/describe/layouts"
    if "compactLayoutable" in sobject.flags:
        urls["compactLayouts"] = f"{base}/describe/compactLayouts"
    entry["urls"] = urls
    return dict(sorted(entry.items()))


def describe(
    sobject: SObject,
    rights: Rights,
    version: str,
    base_url: str,
    record_types: Sequence[tuple[str, str, str, bool]] = (),
) -> dict[str, Any]:
    """The body of ``GET /sobjects/{Obj}/describe``; fields the user has no right to are absent."""
    name = sobject.name.lower()
    fields = [
        describe_field(item) for item in sobject.fields.values() if (name, item.name.lower()) not in rights.hidden
    ]
    locked = {field for owner, field in rights.locked if owner == name}
    for entry in fields:
        if entry["name"].lower() in locked:
            entry["createable"] = entry["updateable"] = False
    body: dict[str, Any] = {
        **permitted(global_entry(sobject, version), rights),
        "actionOverrides": [],
        "childRelationships": [_child(item) for item in sobject.children],
        "compactLayoutable": "compactLayoutable" in sobject.flags,
        "searchLayoutable": "searchLayoutable" in sobject.flags,
        "fields": fields,
        "namedLayoutInfos": [],
        "recordTypeInfos": _record_types(sobject, version, record_types),
        "sobjectDescribeOption": "FULL",
        "supportedScopes": sobject.spec.get(
            "scopes", [{"label": f"All {sobject.label_plural.lower()}", "name": "everything"}]
        ),
    }
    for key in ("defaultImplementation", "extendedBy", "extendsInterfaces", "implementedBy", "implementsInterfaces",
                "listviewable", "lookupLayoutable", "networkScopeFieldName"):  # fmt: skip
        body[key] = None
    body["urls"] = {**body["urls"], "uiDetailTemplate": f"{base_url}/{{ID}}", "uiEditTemplate": f"{base_url}/{{ID}}/e",
                    "uiNewRecord": f"{base_url}/{sobject.prefix}/e"}  # fmt: skip
    return dict(sorted(body.items()))


def _record_types(sobject: SObject, version: str, rows: Sequence[tuple[str, str, str, bool]]) -> list[dict[str, Any]]:
    """The record types of an sObject: its own (id, name, developer name, active), and the master."""
    if "layoutable" not in sobject.flags:
        return []
    base = f"/services/data/v{version}/sobjects/{sobject.name}/describe/layouts/"
    own = [
        {"active": active, "available": active, "defaultRecordTypeMapping": number == 0, "developerName": developer,
         "master": False, "name": name, "recordTypeId": key, "urls": {"layout": base + key}}
        for number, (key, name, developer, active) in enumerate(rows)
    ]  # fmt: skip
    master = {"active": True, "available": True, "defaultRecordTypeMapping": not own, "developerName": "Master",
              "master": True, "name": "Master", "recordTypeId": MASTER_RECORD_TYPE, "urls": {"layout": base + MASTER_RECORD_TYPE}}  # fmt: skip
    return [*own, master]


def _child(child: Child) -> dict[str, Any]:
    return {
        "cascadeDelete": child.cascade,
        "childSObject": child.child,
        "deprecatedAndHidden": False,
        "field": child.field.name,
        "junctionIdListNames": [],
        "junctionReferenceTo": [],
        "relationshipName": child.relationship,
        "restrictedDelete": child.restrict,
    }


def describe_field(field: Field) -> dict[str, Any]:
    """One field with all 57 keys of §4.2."""
    kind, spec, long_text = field.type, field.spec, field.long_text
    entry: dict[str, Any] = dict.fromkeys(FALSE_FIELD_KEYS, False)
    entry.update(dict.fromkeys(NULL_FIELD_KEYS))
    permissionable = field.permissionable
    is_address = kind == "address"
    entry.update(
        name=field.name, type=kind, label=field.label, length=0, digits=0, precision=0, scale=0, referenceTo=[],
        createable=True, updateable=True, nillable=True, permissionable=permissionable,
        aggregatable=not (kind in ("boolean", "address") or long_text), filterable=not long_text,
        groupable=not (kind in ("datetime", "address", *NUMBERS) or long_text), sortable=not (is_address or long_text),
        queryByDistance=is_address, searchPrefilterable=kind == "reference" and permissionable,
        defaultValue=False if kind == "boolean" else None, soapType=SOAP_TYPES.get(kind, "xsd:string"),
    )  # fmt: skip
    if kind in ("id", "reference"):
        entry["length"] = 18
    entry["byteLength"] = 18 if kind in ("id", "reference") else 3 * field.length
    known = {key: value for key, value in spec.items() if key in entry}
    entry.update(known)
    entry["picklistValues"] = [_picklist_value(value) for value in spec.get("picklistValues", ())]
    if spec.get("formula"):
        entry.update(calculated=True, calculatedFormula=spec["formula"], createable=False, updateable=False)
    return dict(sorted(entry.items()))


def _picklist_value(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        value = {"label": value, "value": value}
    return {"active": True, "defaultValue": False, "label": value.get("label"), "validFor": None, **value}
