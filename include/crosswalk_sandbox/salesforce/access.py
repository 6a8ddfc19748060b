"""Who may see and change what: custom fields need field permissions, business objects need object permissions (Salesforce §15)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from .errors import RowError
from .schema import Schema, SObject
from .store import Store

Pairs = frozenset[tuple[str, str]]
VERBS = ("create", "read", "edit", "delete")
GOVERNED = ("Account", "Contact", "Lead", "Opportunity", "Order", "Contract", "Product2", "Pricebook2", "Quote")
PARENTS = {
    "opportunitylineitem": "opportunity", "opportunitycontactrole": "opportunity", "orderitem": "order",
    "quotelineitem": "quote", "pricebookentry": "pricebook2",
}  # fmt: skip
"""Children without permissions of their own: whoever may edit the parent may write them (§14)."""
EVERYTHING = frozenset(VERBS)
ADMINISTRATOR = "System Administrator"
ITSELF = ""
"""Stands for the object itself where a pair names a hidden field."""


@dataclass(frozen=True, slots=True)
class Rights:
    """One user's rights.

    ``hidden`` and ``locked`` are (sObject, field) pairs, lower case, that the user may not read or not change;
    (sObject, :data:`ITSELF`) is an object the user may not read. ``objects`` has the verbs by governed object, lower case.
    """

    hidden: Pairs
    locked: Pairs
    objects: Mapping[str, frozenset[str]]

    def may(self, object_name: str, verb: str) -> bool:
        """Whether the user may create, read, edit or delete records of an sObject."""
        name = object_name.lower()
        if name in PARENTS:
            name, verb = PARENTS[name], verb if verb == "read" else "edit"
        return verb in self.objects.get(name, EVERYTHING)


class Access:
    """Rights by user, recomputed when permissions or fields change. ``enforced`` False lets everybody at every object."""

    def __init__(self, store: Store, schema: Schema, *, enforced: bool = True) -> None:
        self.store = store
        self.schema = schema
        self.enforced = enforced
        self._changes = 0
        self._known: dict[str, tuple[tuple[int, int], Rights]] = {}

    def changed(self) -> None:
        """Permissions were written."""
        self._changes += 1

    def rights(self, user_id: str) -> Rights:
        """The user's rights."""
        version = (self._changes, self.schema.version)
        known = self._known.get(user_id)
        if known is None or known[0] != version:
            known = self._known[user_id] = (version, self._read(user_id))
        return known[1]

    def check(self, user_id: str, sobject: SObject, verb: str) -> None:
        """Raises RowError 403 INSUFFICIENT_ACCESS_OR_READONLY when the user may not do this (§6.2)."""
        if not self.rights(user_id).may(sobject.name, verb):
            text = "insufficient access rights on object id"
            raise RowError("INSUFFICIENT_ACCESS_OR_READONLY", text, status=403)

    def taken_away(self) -> list[str]:
        """Full names of fields that nobody may see, whatever permission sets say."""
        return list(json.loads(self.store.setting("hidden_fields") or "[]"))

    def take_away(self, full_names: list[str]) -> None:
        """Sets :meth:`taken_away`."""
        self.store.set_setting("hidden_fields", json.dumps(full_names))
        self.changed()

    def _read(self, user_id: str) -> Rights:
        readable, editable = self._granted(user_id)
        gone = {name.lower() for name in self.taken_away()}
        hidden, locked = set(), set()
        for sobject in self.schema.objects.values():
            for item in sobject.fields.values():
                key = f"{sobject.name}.{item.name}".lower()
                pair = (sobject.name.lower(), item.name.lower())
                by_grant = item.custom and item.permissionable
                if key in gone or (by_grant and key not in readable):
                    hidden.add(pair)
                elif by_grant and key not in editable:
                    locked.add(pair)
        objects = self._objects(user_id)
        without = {name for name, verbs in objects.items() if "read" not in verbs}
        without |= {child for child, parent in PARENTS.items() if parent in without}
        hidden |= {(name, ITSELF) for name in without}
        return Rights(frozenset(hidden), frozenset(locked), objects)

    def _granted(self, user_id: str) -> tuple[set[str], set[str]]:
        """Full names, lower case, of the fields that permission sets let the user read, and edit."""
        readable: set[str] = set()
        editable: set[str] = set()
        for field, read, edit in self.store.connection.execute(
            'SELECT f."Field", f."PermissionsRead", f."PermissionsEdit" FROM "FieldPermissions" f '
            'JOIN "PermissionSetAssignment" a ON a."PermissionSetId" = f."ParentId" WHERE a."AssigneeId" = ?',
            (user_id,),
        ):
            if read or edit:
                readable.add(field.lower())
            if edit:
                editable.add(field.lower())
        return readable, editable

    def _objects(self, user_id: str) -> dict[str, frozenset[str]]:
        """The verbs each governed object allows the user: by profile, by data-wide rights, by object permissions."""
        if not self.enforced or self._administers(user_id):
            return {}
        general: set[str] = set()
        for view, modify in self.store.connection.execute(
            'SELECT p."PermissionsViewAllData", p."PermissionsModifyAllData" FROM "PermissionSet" p '
            'JOIN "PermissionSetAssignment" a ON a."PermissionSetId" = p."Id" WHERE a."AssigneeId" = ?',
            (user_id,),
        ):
            general |= EVERYTHING if modify else {"read"} if view else set()
        found = {name.lower(): set(general) for name in GOVERNED}
        columns = ", ".join(f'o."Permissions{verb.title()}"' for verb in VERBS)
        for name, *allowed in self.store.connection.execute(
            f'SELECT o."SobjectType", {columns} FROM "ObjectPermissions" o '
            'JOIN "PermissionSetAssignment" a ON a."PermissionSetId" = o."ParentId" WHERE a."AssigneeId" = ?',
            (user_id,),
        ):
            verbs = {verb for verb, granted in zip(VERBS, allowed, strict=True) if granted}
            found.setdefault(name.lower(), set(general)).update(verbs)
        return {name: frozenset(verbs) for name, verbs in found.items()}

    def _administers(self, user_id: str) -> bool:
        row = self.store.connection.execute(
            'SELECT p."Name" FROM "User" u JOIN "Profile" p ON p."Id" = u."ProfileId" WHERE u."Id" = ?', (user_id,)
        ).fetchone()
        return row is not None and row[0] == ADMINISTRATOR
