"""Custom fields in the org: which are there, which are hidden, and making them when somebody asks (Salesforce §14, §15).

Nothing here runs by itself. A field that the API creates is seen by nobody until a permission set shows it, so that creating one
means: the field, a permission set, its right to the field, and the set given to the user we sign in as.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crosswalk.connectors.protocol import Creation, Finding
from crosswalk.connectors.salesforce.client import Client, encoded
from crosswalk.connectors.salesforce.soql import among, text
from crosswalk.connectors.transport import decoded
from crosswalk.model.errors import ConflictError

PERMISSION_SET = "Crosswalk"
CUSTOM = "__c"


def _picklist(*values: str) -> dict[str, Any]:
    chosen = [{"valueName": value, "label": value, "default": False} for value in values]
    return {"type": "Picklist", "valueSet": {"valueSetDefinition": {"sorted": False, "value": chosen}}}


_AMOUNT = {"type": "Currency", "precision": 18, "scale": 2}
KEY: Mapping[str, Any] = {"type": "Text", "length": 64, "externalId": True, "unique": True, "caseSensitive": True}
FIELDS: Mapping[str, Mapping[str, Any]] = {
    "ERP_Id__c": KEY,
    "ERP_Number__c": {"type": "Text", "length": 40},
    "ERP_Credit_Status__c": _picklist("OK", "Watch", "Hold"),
    "ERP_Credit_Limit__c": _AMOUNT,
    "ERP_Balance__c": _AMOUNT,
    "ERP_Overdue__c": _AMOUNT,
    "ERP_Status__c": _picklist(
        "Pending Approval", "Open", "Partially Shipped", "Shipped", "Billed", "Closed", "Cancelled", "Refused"
    ),
    "ERP_Approval__c": _picklist("Requested", "Approved", "Refused", "Not required"),
    "ERP_Approval_Note__c": {"type": "Text", "length": 255},
    "ERP_Last_Sync__c": {"type": "DateTime"},
    "ERP_Sync_Error__c": {"type": "LongTextArea", "length": 32768, "visibleLines": 3},
    "ERP_Stock__c": {"type": "Number", "precision": 18, "scale": 2},
    "ERP_Version__c": {"type": "Text", "length": 64},
    "PO_Number__c": {"type": "Text", "length": 80},
}  # what our mapping and convention name; a field of the user's own has a type that only the user knows


@dataclass(frozen=True, slots=True)
class FieldMissing(Finding):
    """A field of ``native`` that this user cannot see, or may not write. ``key``: creates are found again by it.

    ``exists`` when it is known to be there, seen by whoever has a right to it.
    """

    native: str = ""
    field: str = ""
    key: bool = False
    exists: bool = False

    @property
    def definition(self) -> Mapping[str, Any] | None:
        """What the field is to be; None for one whose type only the user knows."""
        return KEY if self.key else FIELDS.get(self.field)


def existing(client: Client, native: str, fields: Collection[str]) -> set[str]:
    """Return which custom fields of an object exist, whoever may see them. Needs the right View Setup and Configuration."""
    names = sorted({field.removesuffix(CUSTOM) for field in fields if field.endswith(CUSTOM)})
    if not names:
        return set()
    where = f"TableEnumOrId = {text(native)} AND {among('DeveloperName', names)}"
    rows = _tooling(client, f"SELECT Id, DeveloperName, TableEnumOrId FROM CustomField WHERE {where}")
    return {f"{row['DeveloperName']}{CUSTOM}" for row in rows}


def create_missing(
    client: Client, findings: Sequence[Finding], *, permission_set: str = PERMISSION_SET
) -> Iterator[str]:
    """Create the fields that are missing, let the user see and write them, and yield what was done, a sentence each.

    Leaves alone what is no missing field, and fields whose type nobody told. What exists keeps its definition. Safe to run again,
    also after a lost reply. Raises PermissionDeniedError when the user may not customize the org (rights Customize Application and
    Manage Profiles and Permission Sets), ReadOnlyError on a connection that may only read.
    """
    there: list[str] = []
    for finding in _fields(findings):
        definition = None if finding.exists else finding.definition
        if definition is not None and _create(client, finding.subject, definition):
            yield f"Created {finding.subject}."
        if (
            finding.exists
            or definition is not None
            or finding.field in existing(client, finding.native, [finding.field])
        ):
            there.append(finding.subject)
    if there:
        yield from _grant(client, there, permission_set)


def creatable(findings: Sequence[Finding], *, permission_set: str = PERMISSION_SET) -> list[Creation]:
    """Return what :func:`create_missing` would do for these findings, told before anything is done. Pure."""
    told = []
    for finding in _fields(findings):
        access = f"the permission set {permission_set} may read and edit it"
        if finding.exists:
            told.append(Creation(finding.subject, f"{finding.subject} is there: {access}."))
        elif finding.definition is not None:
            told.append(
                Creation(finding.subject, f"New field {finding.subject}: {_words(finding.definition)}; {access}.")
            )
    if told:
        given = f"The permission set {permission_set}, made when there is none, is given to the user we sign in as."
        told.append(Creation(permission_set, given))
    return told


def _fields(findings: Sequence[Finding]) -> Collection[FieldMissing]:
    """The custom fields among the findings, each once."""
    wanted = (finding for finding in findings if isinstance(finding, FieldMissing) and finding.field.endswith(CUSTOM))
    return {finding.subject: finding for finding in wanted}.values()


def _words(definition: Mapping[str, Any]) -> str:
    """A definition as Setup would name it."""
    size = [str(definition[name]) for name in ("length", "precision", "scale") if name in definition]
    kind = f"{definition['type']}({', '.join(size)})" if size else str(definition["type"])
    if "valueSet" in definition:
        values = definition["valueSet"]["valueSetDefinition"]["value"]
        kind += f" of {', '.join(value['valueName'] for value in values)}"
    marks = {"externalId": "External ID", "unique": "Unique", "caseSensitive": "case-sensitive"}
    return ", ".join([kind, *(word for name, word in marks.items() if definition.get(name))])


def _create(client: Client, full_name: str, definition: Mapping[str, Any]) -> bool:
    """Create a field; False when it is there already."""
    label = full_name.partition(".")[2].removesuffix(CUSTOM).replace("_", " ")
    metadata = {"label": label, "required": False, **definition}
    try:
        client.send("POST", "tooling/sobjects/CustomField", {"FullName": full_name, "Metadata": metadata})
    except ConflictError:
        return False
    return True


def _grant(client: Client, fields: Sequence[str], permission_set: str) -> Iterator[str]:
    """Let the permission set read and edit fields, and give it to our user."""
    user = str(decoded(client.transport.call("GET", "/services/oauth2/userinfo"))["user_id"])
    found = _one(client, f"SELECT Id FROM PermissionSet WHERE Name = {text(permission_set)}")
    if found is None:
        found = _made(client, "PermissionSet", {"Name": permission_set, "Label": permission_set})
        yield f"Created the permission set {permission_set}."
    for field in fields:
        if _show(client, found, field):
            yield f"Gave the permission set {permission_set} read and edit access to {field}."
    given = f"PermissionSetId = {text(found)} AND AssigneeId = {text(user)}"
    if _one(client, f"SELECT Id FROM PermissionSetAssignment WHERE {given}") is None:
        _made(client, "PermissionSetAssignment", {"AssigneeId": user, "PermissionSetId": found})
        yield f"Gave the user the permission set {permission_set}."


def _show(client: Client, permission_set: str, field: str) -> bool:
    """Give the right to a field; False when it is given already."""
    native = field.partition(".")[0]
    rights = {"PermissionsRead": True, "PermissionsEdit": True}
    where = f"ParentId = {text(permission_set)} AND SobjectType = {text(native)} AND Field = {text(field)}"
    asked = client.query(f"SELECT Id, PermissionsEdit FROM FieldPermissions WHERE {where}").records
    if not asked:
        body = {"ParentId": permission_set, "SobjectType": native, "Field": field, **rights}
        _made(client, "FieldPermissions", body)
    elif not asked[0]["PermissionsEdit"]:
        client.transport.call("PATCH", f"{client.root}/sobjects/FieldPermissions/{asked[0]['Id']}", json=rights)
    return not (asked and asked[0]["PermissionsEdit"])


def _made(client: Client, native: str, values: Mapping[str, Any]) -> str:
    return str(client.send("POST", f"sobjects/{native}", values)["id"])


def _one(client: Client, soql: str) -> str | None:
    found = client.query(soql).records
    return str(found[0]["Id"]) if found else None


def _tooling(client: Client, soql: str) -> list[dict[str, Any]]:
    answer = decoded(client.transport.call("GET", f"{client.root}/tooling/query/?q={encoded(soql)}"))
    records: list[dict[str, Any]] = answer["records"]
    return records
