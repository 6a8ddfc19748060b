"""Switches of the org that no vendor call reaches: what tests, demos and simulations turn while it runs.

Reached at ``POST /__sandbox__/actions/{name}``; every action takes and gives JSON objects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from .customfields import create_field, delete_field
from .errors import RowError
from .ids import normalise
from .limits import FORCED
from .recycle import merge, undelete
from .schema_changes import find, hide, require, retype

if TYPE_CHECKING:
    from .app import SalesforceApp

Action = Callable[[Mapping[str, Any]], Any]


class Actions:
    """The switches, by name."""

    def __init__(self, app: SalesforceApp) -> None:
        self.app = app
        self.org = app.org

    def table(self) -> dict[str, Action]:
        """Name → action."""
        return {
            "limit": self.limit,
            "commit_lag": self.commit_lag,
            "lock": self.lock,
            "add_field": self.add_field,
            "remove_field": self.remove_field,
            "hide_field": self.hide_field,
            "show_field": self.show_field,
            "drop_cursors": self.drop_cursors,
            "time_out_queries": self.time_out_queries,
            "merge": self.merge,
            "undelete": self.undelete,
            "retype_field": self.retype_field,
            "require_field": self.require_field,
            "fail_rows": self.fail_rows,
            "archive_activities": self.archive_activities,
        }

    def limit(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Makes every call fail with 403: ``kind`` daily, concurrent or long; null ends it (§6)."""
        kind = given.get("kind")
        if kind is not None and kind not in FORCED:
            raise ValueError(f"kind is one of {', '.join(FORCED)} or null, not {kind!r}")
        self.app.usage.forced = kind
        return {"kind": kind}

    def commit_lag(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Stamps writes ``seconds`` before they become visible (§11)."""
        self.org.commit_lag = float(given.get("seconds", 0))
        return {"seconds": self.org.commit_lag}

    def lock(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Holds the records ``ids`` for ``seconds`` of real time, as another user's transaction would (§6)."""
        ids = [normalise(item) for item in given.get("ids", [])]
        if not ids or None in ids:
            raise ValueError("ids must be a list of record ids")
        self.org.locks.release("action")
        self.org.locks.take([item for item in ids if item], "action", float(given.get("seconds", 5)))
        return {"ids": ids}

    def add_field(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Adds ``full_name`` with Tooling-like ``metadata``; visible to the integration user unless ``visible`` is false."""
        name = str(given.get("full_name"))
        own = _told(lambda: create_field(self.org, name, given.get("metadata") or {}))
        if given.get("visible", True):
            self.show_field(given)
        return {"id": own}

    def remove_field(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Removes the custom field ``full_name``."""
        return {"id": _told(lambda: delete_field(self.org, str(given.get("full_name"))))}

    def hide_field(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Takes ``full_name``, standard or custom, from everybody's eyes: it looks as if it never was (§15)."""
        with self.org.store.writing() as connection:
            count = connection.execute(
                'DELETE FROM "FieldPermissions" WHERE "Field" = ?', (given.get("full_name"),)
            ).rowcount
            _told(lambda: hide(self.org, str(given.get("full_name")), hidden=True))
        return {"removed": count}

    def show_field(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Grants the integration user's permission set read and edit on ``full_name``."""
        name = str(given.get("full_name"))
        _, field = _told(lambda: find(self.org, name))
        if not field.custom:
            _told(lambda: hide(self.org, name, hidden=False))
            return {"id": None}
        writer = self.app.writer(self.org.integration_user())
        with self.org.store.writing():
            parent = self.org.store.fetch_where(self.org.schema.objects["permissionset"], '"Name" = ?', ["ERP_Sync"])[
                0
            ]["Id"]
            self.hide_field(given)
            hide(self.org, name, hidden=False)
            values = {
                "ParentId": parent,
                "SobjectType": name.split(".")[0],
                "Field": name,
                "PermissionsRead": True,
                "PermissionsEdit": True,
            }
            own = _told(lambda: writer.create(self.org.schema.objects["fieldpermissions"], values))
        return {"id": own}

    def retype_field(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Gives the custom field ``full_name`` other Tooling-like ``metadata``, type included (§15)."""
        _told(lambda: retype(self.org, str(given.get("full_name")), given.get("metadata") or {}))
        return {"full_name": given.get("full_name")}

    def require_field(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Makes ``full_name``, standard or custom, required; ``required`` false lets it be empty again (§4.2)."""
        required = bool(given.get("required", True))
        _told(lambda: require(self.org, str(given.get("full_name")), required=required))
        return {"full_name": given.get("full_name"), "required": required}

    def fail_rows(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Lets rows of collections and bulk jobs fail with ``probability`` from ``seed``, at most ``count``; 0 ends it.

        They fail with ``code`` and ``message``, UNABLE_TO_LOCK_ROW unless told otherwise (§6.2).
        """
        return self.org.mishaps.arm(given)

    def archive_activities(self, _given: Mapping[str, Any]) -> dict[str, Any]:
        """Archives closed tasks older than ``archive_days``: only queryAll shows them from then on (§11)."""
        oldest = (self.org.now() - timedelta(days=self.org.options.archive_days)).date().isoformat()
        with self.org.store.writing() as connection:
            count = connection.execute(
                'UPDATE "Task" SET "IsArchived" = 1 WHERE "IsArchived" = 0 AND "IsClosed" = 1 '
                'AND COALESCE("ActivityDate", substr("CreatedDate", 1, 10)) < ?',
                (oldest,),
            ).rowcount
        return {"archived": count}

    def drop_cursors(self, _given: Mapping[str, Any]) -> dict[str, Any]:
        """Forgets every open query: the next page is an invalid locator (§5)."""
        rows = self.org.store.connection.execute("SELECT id FROM _cursor WHERE child <> '_bulk'").fetchall()
        for (cursor_id,) in rows:
            self.org.runner.drop(cursor_id)
        return {"dropped": len(rows)}

    def time_out_queries(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Lets the next ``count`` queries end with QUERY_TIMEOUT (§6)."""
        self.org.runner.time_outs = int(given.get("count", 1))
        return {"count": self.org.runner.time_outs}

    def merge(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Merges ``losers`` into ``master`` (``object`` Account, Contact or Lead), as a person in the UI would (§11)."""
        losers = [str(item) for item in given.get("losers", [])]
        user = self.org.integration_user()
        own, moved = _told(
            lambda: merge(self.org, user, str(given.get("object")), str(given.get("master")), losers, {})
        )
        return {"id": own, "moved": moved}

    def undelete(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Brings the record ``id`` back from the recycle bin."""
        return {"id": _told(lambda: undelete(self.org, self.org.integration_user(), str(given.get("id"))))}


def _told(work: Callable[[], Any]) -> Any:
    """Runs an action; the vendor's refusal becomes the sentence the control answers."""
    try:
        return work()
    except RowError as error:
        raise ValueError("; ".join(f"{code}: {message}" for code, message, _ in error.entries)) from None
