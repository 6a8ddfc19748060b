"""The org: everything that requests share."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from .access import Access
from .locks import RowLocks
from .mishaps import RowMishaps
from .options import Options
from .schema import Field, Schema, SObject
from .soql.execute import Runner
from .soql.plan import Viewer
from .store import Store
from .values import stamp

ORG_NUMBER = 1


class HasNow(Protocol):
    """The emulator's clock, as far as the org needs it."""

    def now(self) -> datetime:
        """Aware UTC."""


class Org:
    """One emulated org: schema, store, clock, permissions, locks. Shared by all request threads."""

    def __init__(self, directory: Path, clock: HasNow, options: Options) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.clock = clock
        self.options = options
        self.schema = Schema(options)
        self.store = Store(directory / "salesforce.sqlite", self.schema)
        self._restore_custom_fields()
        self.store.create_tables()
        self.access = Access(self.store, self.schema, enforced=options.object_permissions)
        self.mishaps = RowMishaps()
        self.locks = RowLocks(options.lock_hold_seconds)
        self.runner = Runner(self.store, self.schema, options)
        self.commit_lag = options.commit_lag_seconds
        self._facts: dict[str, str] = {}
        self._guard = threading.Lock()

    def _restore_custom_fields(self) -> None:
        rows = self.store.connection.execute("SELECT object, spec FROM _custom_field ORDER BY rowid").fetchall()
        for object_name, spec in rows:
            if self.schema.get(object_name):
                self.schema.add_field(object_name, json.loads(spec))
        for full_name, facts in self._overrides().items():
            object_name, _, name = full_name.partition(".")
            if (sobject := self.schema.get(object_name)) and sobject.has(name):
                self.schema.override(sobject, sobject.fields[name.lower()], facts)

    def _overrides(self) -> dict[str, dict[str, Any]]:
        return dict(json.loads(self.store.setting("field_overrides") or "{}"))

    # time
    def now(self) -> datetime:
        """The emulator's instant, to the second."""
        return self.clock.now().astimezone(UTC).replace(microsecond=0)

    def write_stamp(self) -> str:
        """The stamp a write gets: earlier than the moment it becomes visible by the commit lag (§11)."""
        return stamp(self.now() - timedelta(seconds=self.commit_lag))

    # people
    def viewer(self, user_id: str) -> Viewer:
        """The user as the query engine sees them."""
        return Viewer(user_id, self.access.rights(user_id).hidden, self.options.time_zone, self.now())

    def fact(self, name: str, make: Callable[[], str] | None = None) -> str:
        """A stored fact about the org (ids, secrets); made on first use when ``make`` is given."""
        with self._guard:
            found = self._facts.get(name) or self.store.setting(name)
            if found is None:
                if make is None:
                    raise KeyError(name)
                found = make()
                self.store.set_setting(name, found)
            self._facts[name] = found
            return found

    def integration_user(self) -> str:
        """Id of the API user."""
        return self.fact("integration_user")

    # schema
    def add_custom_field(self, object_name: str, spec: Mapping[str, Any], record_id: str) -> None:
        """Adds a custom field for good."""
        sobject = self.schema.objects[object_name.lower()]
        with self.store.writing() as connection:
            connection.execute(
                "INSERT INTO _custom_field VALUES (?, ?, ?, ?, ?)",
                (record_id, sobject.name, spec["name"], json.dumps(dict(spec)), stamp(self.now())),
            )
            field = self.schema.add_field(object_name, spec)
            self.store.add_column(sobject, field)

    def custom_fields(self) -> list[dict[str, Any]]:
        """All custom fields: id, object, name, compact describe, creation stamp; oldest first."""
        rows = self.store.connection.execute("SELECT id, object, name, spec, created FROM _custom_field ORDER BY rowid")
        names = ("id", "object", "name", "spec", "created")
        found = [dict(zip(names, row, strict=True)) for row in rows]
        return [{**row, "spec": json.loads(row["spec"])} for row in found]

    def replace_custom_field(self, object_name: str, spec: Mapping[str, Any]) -> None:
        """Changes a custom field's definition for good."""
        with self.store.writing() as connection:
            values = (json.dumps(dict(spec)), stamp(self.now()), object_name, spec["name"])
            connection.execute("UPDATE _custom_field SET spec = ?, created = ? WHERE object = ? AND name = ?", values)
            self.schema.add_field(object_name, spec)
            self.note_schema_change()

    def override_field(self, sobject: SObject, field: Field, facts: Mapping[str, Any]) -> None:
        """Changes facts of a field's describe, standard or custom, for good."""
        with self.store.writing():
            self.store.set_setting(
                "field_overrides", json.dumps({**self._overrides(), f"{sobject.name}.{field.name}": dict(facts)})
            )
            self.schema.override(sobject, field, facts)
            self.note_schema_change()

    def note_schema_change(self) -> None:
        """Moves the ``Last-Modified`` of every describe."""
        self.store.set_setting("schema_changed", stamp(self.now()))

    def remove_custom_field(self, object_name: str, name: str) -> None:
        """Takes a custom field away; its column stays unused, as the platform keeps deleted fields for a while."""
        with self.store.writing() as connection:
            connection.execute("DELETE FROM _custom_field WHERE object = ? AND name = ?", (object_name, name))
            connection.execute('DELETE FROM "FieldPermissions" WHERE "Field" = ?', (f"{object_name}.{name}",))
            self.schema.remove_field(object_name, name)
            self.access.changed()
            self.note_schema_change()

    def sobject(self, name: str) -> SObject | None:
        """The sObject of this name, whatever its case."""
        return self.schema.get(name)
