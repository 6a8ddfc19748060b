"""Switches of the account that no vendor call reaches: what tests, demos and simulations turn while it runs.

Reached at ``POST /__sandbox__/actions/{name}``; every action takes and gives JSON objects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from crosswalk_sandbox.netsuite.account import Role
from crosswalk_sandbox.netsuite.schema.changes import converted
from crosswalk_sandbox.netsuite.schema.custom import CustomField

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.account import Account
    from crosswalk_sandbox.netsuite.governance import Governor
    from crosswalk_sandbox.netsuite.jobs import Jobs
    from crosswalk_sandbox.netsuite.records.service import Records
    from crosswalk_sandbox.netsuite.store import Store
    from crosswalk_sandbox.netsuite.suiteql.execute import SuiteQL

Action = Callable[[Mapping[str, Any]], Any]


class Actions:
    """The switches, by name."""

    def __init__(
        self, store: Store, account: Account, records: Records, suiteql: SuiteQL, governor: Governor, jobs: Jobs
    ) -> None:
        self._store = store
        self._account = account
        self._records = records
        self._suiteql = suiteql
        self._governor = governor
        self._jobs = jobs

    def table(self) -> dict[str, Action]:
        """Name → action."""
        return {
            "add_custom_field": self.add_custom_field,
            "drop_custom_field": self.drop_custom_field,
            "retype_field": self.retype_field,
            "hide_field": self.hide_field,
            "show_field": self.show_field,
            "require_field": self.require_field,
            "fail_rows": self._jobs.mishaps.arm,
            "index_lag": self.index_lag,
            "add_role": self.add_role,
            "lock_record": self.lock_record,
            "unlock_record": self.unlock_record,
            "merge_customers": self.merge_customers,
            "change_records_underfoot": self.change_records_underfoot,
            "break_columns": self.break_columns,
            "set_service_seconds": self.set_service_seconds,
            "set_concurrency": self.set_concurrency,
            "concurrency": lambda _wish: {"peak": self._governor.peak, "refused": self._governor.refused},
        }

    # the schema

    def add_custom_field(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Add the custom field ``id`` of ``kind``, with the ``target`` of a reference and a ``label``."""
        field = CustomField(
            str(wish.get("id", "")), wish.get("kind", "string"), wish.get("target"), wish.get("label", "")
        )
        self._store.add_custom_field(field)
        return {"added": field.id}

    def drop_custom_field(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Remove the custom field ``id``."""
        self._store.drop_custom_field(str(wish["id"]))
        return {"dropped": wish["id"]}

    def retype_field(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Give the custom field ``id`` another ``kind`` and ``target``; values that do not fit are lost."""
        known = next((one for one in self._store.catalog.custom if one.id == wish.get("id")), None)
        if known is None:
            raise ValueError(f"There is no custom field {wish.get('id')!r}")
        field = CustomField(known.id, wish.get("kind", "string"), wish.get("target"), known.label)
        with self._store.write() as connection:
            for table in field.tables:
                connection.execute(f'UPDATE "{table}" SET "{field.id}" = {converted(field.id, field.kind)}')
            self._store.add_custom_field(field)
        return {"id": field.id, "kind": field.kind}

    def hide_field(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Take ``full_name`` (``customer.phone``) out of records, queries and metadata, as a feature switched off does."""
        self._store.change_fields(lambda changes: changes.hide(self._named(wish), hidden=True))
        return {"hidden": wish["full_name"]}

    def show_field(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Bring ``full_name`` back, with its values."""
        self._store.change_fields(lambda changes: changes.hide(str(wish.get("full_name", "")), hidden=False))
        return {"hidden": None}

    def require_field(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Make ``full_name`` mandatory on the form; ``required`` false lets it be empty again."""
        required = bool(wish.get("required", True))
        self._store.change_fields(lambda changes: changes.require(self._named(wish), required=required))
        return {"full_name": wish["full_name"], "required": required}

    def _named(self, wish: Mapping[str, Any]) -> str:
        full_name = str(wish.get("full_name", ""))
        kind_name, _, name = full_name.partition(".")
        kind = self._store.catalog.every_type.get(kind_name.lower())
        if kind is None or name.lower() not in kind.fields or kind.fields[name.lower()].read_only:
            raise ValueError(f"There is no field to write called {full_name!r}; name it like customer.phone")
        return full_name

    # what goes wrong

    def index_lag(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Let queries and lists be up to ``seconds`` behind what was saved; records by id are not. 0 ends it."""
        seconds = float(wish.get("seconds", 0))
        self._store.index.arm(seconds)
        return {"seconds": seconds}

    def lock_record(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Let a workflow lock the record ``type``, ``id``."""
        with self._store.write() as connection:
            connection.execute("INSERT OR REPLACE INTO lock VALUES (?, ?)", (wish["type"], int(wish["id"])))
        return {"locked": True}

    def unlock_record(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Free the record ``type``, ``id``."""
        with self._store.write() as connection:
            connection.execute("DELETE FROM lock WHERE type = ? AND id = ?", (wish["type"], int(wish["id"])))
        return {"locked": False}

    def merge_customers(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Merge the customer ``duplicate`` into ``master``, as a person does in the screens."""
        self._records.merge_customers(int(wish["duplicate"]), int(wish["master"]))
        return {"merged": wish["duplicate"], "into": wish["master"]}

    def change_records_underfoot(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Let the next ``count`` updates find "Record has been changed" (§11)."""
        self._records.conflicts = int(wish.get("count", 1))
        return {"conflicts": self._records.conflicts}

    def break_columns(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Let queries that name one of ``columns`` end as 500 (§6)."""
        names = frozenset(str(name).lower() for name in wish.get("columns", ()))
        self._suiteql.break_columns(names)
        return {"broken": sorted(names)}

    # roles and limits

    def add_role(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Add a role with ``permissions``, ``default_level`` and ``subsidiaries``; answers its token."""
        limited = wish.get("subsidiaries")
        role = Role(
            int(wish.get("id", 1100)),
            str(wish.get("name", "Custom Role")),
            permissions=dict(wish.get("permissions", {})),
            default_level=str(wish.get("default_level", "Full")),
            subsidiaries=tuple(limited) if limited is not None else None,
        )
        return self._account.add_role(role)

    def set_service_seconds(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Let each request hold its slot for ``seconds``."""
        self._governor.service_seconds = float(wish.get("seconds", 0))
        return {"seconds": self._governor.service_seconds}

    def set_concurrency(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Set the account's ``limit`` of requests at one time (§10)."""
        self._governor.limit = int(wish["limit"])
        return {"limit": self._governor.limit}
