"""Writing records: create, update, upsert, delete, undelete, with everything the platform does around them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .duplicates import find_duplicates
from .errors import RowError
from .fields import missing_required, no_such_column, read_values, record_id
from .locks import locked_by_write
from .org import Org
from .rules import Change, check_places, rules_of
from .schema import SObject
from .storage import check_storage
from .validation import check_rules

FREE = frozenset({"_row", "_deleted", "_deleted_with"})


@dataclass(slots=True)
class Writer:
    """Writes of one request by one user. ``allow_duplicates`` is the duplicate-rule header's ``allowSave``."""

    org: Org
    user_id: str
    allow_duplicates: bool = False
    report_duplicates: bool = False
    transaction: str = field(default_factory=lambda: uuid.uuid4().hex)

    # public verbs; all run inside ``org.store.writing()``
    def create(self, sobject: SObject, values: Mapping[str, Any], *, csv: bool = False) -> str:
        """Stores a new record; answers its id. Raises RowError."""
        if "createable" not in sobject.flags:
            raise RowError("INSUFFICIENT_ACCESS_OR_READONLY", f"entity type {sobject.name} does not support create")
        self.org.access.check(self.user_id, sobject, "create")
        if any(name.lower() == "id" for name in values):
            if next(value for name, value in values.items() if name.lower() == "id") is not None:
                raise RowError("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", ["Id"])
            values = {name: value for name, value in values.items() if name.lower() != "id"}
        given = read_values(self.org, self.user_id, sobject, values, creating=True, csv=csv)
        with self.org.store.savepoint():
            return self._insert(sobject, given)

    def update(self, sobject: SObject, given_id: object, values: Mapping[str, Any], *, csv: bool = False) -> str:
        """Changes fields of a record; answers its id. Raises RowError."""
        if "updateable" not in sobject.flags:
            raise RowError("INSUFFICIENT_ACCESS_OR_READONLY", f"entity type {sobject.name} does not support update")
        self.org.access.check(self.user_id, sobject, "edit")
        own = record_id(sobject, given_id)
        old = self.living(sobject, own)
        given = read_values(self.org, self.user_id, sobject, values, creating=False, csv=csv)
        with self.org.store.savepoint():
            self._change(sobject, old, given)
        return own

    def delete(self, sobject: SObject, given_id: object, *, hard: bool = False) -> str:
        """Puts a record and what hangs on it into the recycle bin. Raises RowError."""
        if "deletable" not in sobject.flags:
            raise RowError("INSUFFICIENT_ACCESS_OR_READONLY", f"entity type {sobject.name} does not support delete")
        self.org.access.check(self.user_id, sobject, "delete")
        own = record_id(sobject, given_id)
        row = self.living(sobject, own)
        with self.org.store.savepoint():
            self._delete(sobject, row, own)
            if hard:
                self.erase(sobject.name, own)
        return own

    def match(self, sobject: SObject, key: str, value: Any) -> list[str]:
        """Ids of living records whose external id (or Id) has this value."""
        column = sobject.get(key)
        if column is None or not column.external_id:
            raise no_such_column(key, sobject)
        if value is None:
            return []
        live = ' AND "IsDeleted" = 0' if sobject.has("IsDeleted") else ""
        sql = f'SELECT "Id" FROM "{sobject.name}" WHERE "{column.name}" = ?{live} LIMIT 10'
        return [row[0] for row in self.org.store.connection.execute(sql, (value,))]

    def living(self, sobject: SObject, own: str) -> dict[str, Any]:
        """The row of a record. Raises RowError 404: ENTITY_IS_DELETED or NOT_FOUND."""
        row = self.org.store.fetch(sobject, own)
        if row is None:
            raise RowError(
                "NOT_FOUND", "Provided external ID field does not exist or is not accessible: " + own, status=404
            )
        if row.get("IsDeleted"):
            raise RowError("ENTITY_IS_DELETED", "entity is deleted", status=404)
        return row

    # what rules use: no permissions, no validation of the caller's rights
    def system_create(self, object_name: str, values: dict[str, Any]) -> str:
        """A record the platform itself makes."""
        return self._insert(self.org.schema.objects[object_name.lower()], values, system=True)

    def system_update(self, object_name: str, own: str, changes: dict[str, Any]) -> None:
        """A change the platform itself makes; the stamp moves even if no value does."""
        sobject = self.org.schema.objects[object_name.lower()]
        old = self.org.store.fetch(sobject, own) or {}
        self.org.store.update(sobject, own, {**changes, **self._stamps(sobject, old)})

    def erase(self, object_name: str, own: str) -> None:
        """Removes a row for good; a tombstone remains for getDeleted."""
        sobject = self.org.schema.objects[object_name.lower()]
        connection = self.org.store.connection
        connection.execute(
            "INSERT OR REPLACE INTO _tombstone VALUES (?, ?, ?)", (sobject.name, own, self.org.write_stamp())
        )
        connection.execute(f'DELETE FROM "{sobject.name}" WHERE "Id" = ?', (own,))

    # the steps
    def _insert(self, sobject: SObject, given: dict[str, Any], *, system: bool = False) -> str:
        if not system:
            check_storage(self.org)
        own, row_number = self.org.store.new_id(sobject)
        row: dict[str, Any] = {item.name: 0 if item.type == "boolean" else None for item in sobject.stored}
        row.update(given)
        for name, value in _defaults(self.org, self.user_id, sobject).items():
            if name not in given or (given[name] is None and not sobject.fields[name.lower()].nillable):
                row[name] = value
        row.update(_numbers(self.org, sobject))
        row["Id"] = own
        stamp = self.org.write_stamp()
        for name, value in (("CreatedDate", stamp), ("LastModifiedDate", stamp), ("SystemModstamp", stamp),
                            ("CreatedById", self.user_id), ("LastModifiedById", self.user_id)):  # fmt: skip
            if name in row:
                row[name] = value
        change = Change(self.org, self, sobject, None, row, given)
        self._settle(change, system=system)
        stored = {name: value for name, value in row.items() if not name.startswith("_")}
        self.org.store.insert(sobject, {"_row": row_number, **stored})
        rules_of(sobject.name).after(change)
        if not system:
            check_rules(self.org, self.user_id, sobject, own)
        return own

    def _change(self, sobject: SObject, old: dict[str, Any], given: dict[str, Any]) -> None:
        new = {**old, **given}
        change = Change(self.org, self, sobject, old, new, given)
        self._settle(change)
        changes = {
            name: value
            for name, value in new.items()
            if name not in FREE and not name.startswith("_") and old.get(name) != value
        }
        self.org.store.update(sobject, old["Id"], {**changes, **self._stamps(sobject, old)})
        rules_of(sobject.name).after(change)
        check_rules(self.org, self.user_id, sobject, old["Id"])

    def _settle(self, change: Change, *, system: bool = False) -> None:
        """Locks, rules, required fields, uniqueness, duplicates: everything that can refuse a row."""
        sobject, row = change.sobject, change.new
        own = None if change.creating else row["Id"]
        self.org.locks.take(locked_by_write(sobject.name, own, row), self.transaction)
        missing = missing_required(sobject, row, change.given)
        if missing is not None and not system:
            change.errors.append(missing)
        check_places(change)
        if missing is None or sobject.name == "OrderItem":
            rules_of(sobject.name).before(change)
        if not change.errors:
            self._check_unique(change)
        if change.errors:
            raise RowError.many(change.errors)
        if self.org.options.duplicate_rules and not self.allow_duplicates and not system:
            find_duplicates(self.org, change, detailed=self.report_duplicates)

    def _check_unique(self, change: Change) -> None:
        for item in change.sobject.stored:
            value = change.new.get(item.name)
            if not item.unique or value is None or not change.changed(item.name):
                continue
            twins = [own for own in self.match(change.sobject, item.name, value) if own != change.new["Id"]]
            if twins:
                text = f"duplicate value found: {item.name} duplicates value on record with id: {twins[0][:15]}"
                change.refuse("DUPLICATE_VALUE", text)

    def _stamps(self, sobject: SObject, old: Mapping[str, Any]) -> dict[str, Any]:
        stamp = max(self.org.write_stamp(), str(old.get("SystemModstamp") or ""))
        wanted = {"LastModifiedDate": stamp, "LastModifiedById": self.user_id, "SystemModstamp": stamp}
        return {name: value for name, value in wanted.items() if sobject.has(name)}

    def _delete(self, sobject: SObject, row: dict[str, Any], root: str) -> None:
        change = Change(self.org, self, sobject, row, row, {})
        rules = rules_of(sobject.name)
        rules.before_delete(change)
        if change.errors:
            raise RowError.many(change.errors)
        own = row["Id"]
        self.org.locks.take(locked_by_write(sobject.name, own, row), self.transaction)
        if row.pop("_archive", None):
            self.system_update(sobject.name, own, {"IsArchived": 1, "IsActive": 0})
            self._bin(sobject, row, root)
            return
        self._delete_children(sobject, own, root)
        self._bin(sobject, row, root)
        if own == root:
            rules.after_delete(change)

    def _bin(self, sobject: SObject, row: dict[str, Any], root: str) -> None:
        own = row["Id"]
        if not sobject.has("IsDeleted"):
            self.erase(sobject.name, own)
            rules_of(sobject.name).after_delete(Change(self.org, self, sobject, row, row, {}))
            return
        marks = {"IsDeleted": 1, "_deleted": self.org.write_stamp(), "_deleted_with": root}
        self.org.store.update(sobject, own, {**marks, **self._stamps(sobject, row)})

    def _delete_children(self, sobject: SObject, own: str, root: str) -> None:
        for child in sobject.children:
            below = self.org.schema.objects[child.child.lower()]
            if not child.field.stored or (not child.cascade and not child.relationship and not child.restrict):
                continue
            live = ' AND "IsDeleted" = 0' if below.has("IsDeleted") else ""
            for row in self.org.store.fetch_where(below, f'"{child.field.name}" = ?{live}', [own]):
                if child.cascade:
                    self._delete(below, row, root)
                elif child.restrict:
                    text = f"Your attempt to delete {sobject.label} could not be completed because it is associated with {below.label}"
                    raise RowError("DELETE_FAILED", text)
                elif child.field.nillable:
                    self.system_update(below.name, row["Id"], {child.field.name: None})


def _numbers(org: Org, sobject: SObject) -> dict[str, str]:
    """Autonumbers: ``00000100`` and so on."""
    wanted = [item for item in sobject.stored if item.spec.get("autoNumber")]
    return {item.name: f"{99 + org.store.next_number(f'_{sobject.name}.{item.name}'):08d}" for item in wanted}


def _defaults(org: Org, user_id: str, sobject: SObject) -> dict[str, Any]:
    """What the platform fills in when the caller leaves it out."""
    found: dict[str, Any] = {}
    for item in sobject.stored:
        if item.default is not None and item.createable:
            found[item.name] = item.default
        elif item.name == "OwnerId":
            found[item.name] = user_id
        elif item.name == "CurrencyIsoCode":
            found[item.name] = org.options.corporate_currency
    return found
