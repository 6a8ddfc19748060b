"""Who may see and change which field: custom fields are invisible until a permission set grants them (Salesforce §15)."""

from __future__ import annotations

from dataclasses import dataclass

from .schema import Schema
from .store import Store

Pairs = frozenset[tuple[str, str]]
WATCHED = frozenset({"FieldPermissions", "PermissionSetAssignment", "PermissionSet"})


@dataclass(frozen=True, slots=True)
class Rights:
    """(sObject, field) pairs, lower case, the user may not read (``hidden``) or not change (``locked``)."""

    hidden: Pairs
    locked: Pairs


class Access:
    """Field rights by user, recomputed when permissions or fields change."""

    def __init__(self, store: Store, schema: Schema) -> None:
        self.store = store
        self.schema = schema
        self._changes = 0
        self._known: dict[str, tuple[tuple[int, int], Rights]] = {}

    def changed(self) -> None:
        """Permissions were written."""
        self._changes += 1

    def rights(self, user_id: str) -> Rights:
        """The user's field rights."""
        version = (self._changes, self.schema.version)
        known = self._known.get(user_id)
        if known is None or known[0] != version:
            known = self._known[user_id] = (version, self._read(user_id))
        return known[1]

    def _read(self, user_id: str) -> Rights:
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
        hidden, locked = set(), set()
        for sobject in self.schema.objects.values():
            for item in sobject.fields.values():
                if item.custom and item.permissionable:
                    key = f"{sobject.name}.{item.name}".lower()
                    pair = (sobject.name.lower(), item.name.lower())
                    if key not in readable:
                        hidden.add(pair)
                    elif key not in editable:
                        locked.add(pair)
        return Rights(frozenset(hidden), frozenset(locked))
