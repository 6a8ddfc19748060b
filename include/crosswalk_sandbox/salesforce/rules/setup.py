"""Permission sets and field permissions: plain REST objects that change what users see (Salesforce §15)."""

from __future__ import annotations

from ..access import GOVERNED
from .base import Change, Rules

NEEDS = {
    "Create": "Read", "Edit": "Read", "Delete": "Edit", "ViewAllRecords": "Read", "ModifyAllRecords": "Delete",
}  # fmt: skip
"""What each right on an sObject presupposes."""


class PermissionRules(Rules):
    """Any change of permissions makes the org look again."""

    def before(self, change: Change) -> None:
        """A permission set made through the API is custom; its name is unique."""
        if change.creating:
            change.new["IsCustom"] = 1
        if change.rows("PermissionSet", '"Name" = ? AND "Id" <> ?', change.new.get("Name"), change.new["Id"]):
            change.refuse(
                "DUPLICATE_DEVELOPER_NAME",
                f"A permission set with the name {change.new['Name']} already exists.",
                "Name",
            )

    def after(self, change: Change) -> None:
        """Tells the org."""
        change.org.access.changed()

    def after_delete(self, change: Change) -> None:
        """Tells the org."""
        change.org.access.changed()


class AssignmentRules(PermissionRules):
    """One assignment per user and permission set."""

    def before(self, change: Change) -> None:
        """Refuses a second assignment."""
        pair = (change.new["AssigneeId"], change.new["PermissionSetId"])
        if change.rows("PermissionSetAssignment", '"AssigneeId" = ? AND "PermissionSetId" = ?', *pair):
            change.refuse(
                "DUPLICATE_VALUE", "duplicate value found: <unknown> duplicates value on record with id: <unknown>"
            )


class FieldPermissionRules(PermissionRules):
    """Rights on one field; only fields that can have rights."""

    def before(self, change: Change) -> None:
        """Refuses unknown and always-visible fields; edit implies read."""
        new = change.new
        object_name, _, field_name = str(new.get("Field")).partition(".")
        sobject = change.org.sobject(object_name)
        field = sobject.get(field_name) if sobject else None
        if sobject is None or field is None or sobject.name.lower() != str(new.get("SobjectType")).lower():
            text = f"Field Name: bad value for restricted picklist field: {new.get('Field')}"
            change.refuse("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", text, "Field")
            return
        if not field.permissionable:
            change.refuse(
                "FIELD_INTEGRITY_EXCEPTION", f"You cannot set permissions for a required field: {new['Field']}", "Field"
            )
        if new.get("PermissionsEdit") and not new.get("PermissionsRead"):
            change.refuse("FIELD_INTEGRITY_EXCEPTION", "Field permissions: Edit requires Read", "PermissionsEdit")
        new["Field"] = f"{sobject.name}.{field.name}"
        twin = change.rows(
            "FieldPermissions", '"ParentId" = ? AND "Field" = ? AND "Id" <> ?', new["ParentId"], new["Field"], new["Id"]
        )
        if twin:
            text = f"duplicate value found: <unknown> duplicates value on record with id: {twin[0]['Id'][:15]}"
            change.refuse("DUPLICATE_VALUE", text)


class ObjectPermissionRules(PermissionRules):
    """Rights on one business sObject; each right presupposes weaker ones."""

    def before(self, change: Change) -> None:
        """Refuses sObjects without such rights, rights without what they presuppose, and a second row."""
        new = change.new
        sobject = change.org.sobject(str(new.get("SobjectType")))
        if sobject is None or sobject.name not in GOVERNED:
            text = f"Sobject Type Name: bad value for restricted picklist field: {new.get('SobjectType')}"
            change.refuse("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", text, "SobjectType")
            return
        new["SobjectType"] = sobject.name
        for right, needed in NEEDS.items():
            if new.get(f"Permissions{right}") and not new.get(f"Permissions{needed}"):
                text = f"Permission {right} {sobject.name} depends on permission(s): {needed} {sobject.name}"
                change.refuse("FIELD_INTEGRITY_EXCEPTION", text, f"Permissions{right}")
        condition = '"ParentId" = ? AND "SobjectType" = ? AND "Id" <> ?'
        if twin := change.rows("ObjectPermissions", condition, new["ParentId"], sobject.name, new["Id"]):
            text = f"duplicate value found: <unknown> duplicates value on record with id: {twin[0]['Id'][:15]}"
            change.refuse("DUPLICATE_VALUE", text)
