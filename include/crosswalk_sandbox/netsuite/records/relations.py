"""Attaching contacts, and the actions of records (NetSuite §5.11)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crosswalk_sandbox.netsuite.errors import method_not_allowed, unknown_record, unknown_type, unknown_url, user_error
from crosswalk_sandbox.netsuite.exchange import Answer, Call

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.records.service import Records
    from crosswalk_sandbox.netsuite.schema.language import RecordType
    from crosswalk_sandbox.netsuite.store import Store

# Action -> type, the statuses it starts from, the status it leads to.
_ACTIONS: Final = {"approve": ("salesOrder", "A", "B"), "cancel": ("salesOrder", "AB", "C")}


class Relations:
    """``!attach``, ``!detach`` and ``!action``."""

    def __init__(self, store: Store, records: Records) -> None:
        self._store = store
        self._records = records

    def serve(self, call: Call, kind: RecordType, ident: str, operation: str, what: str, other: str) -> Answer:
        """Attach or detach a contact."""
        if call.method != "POST":
            raise method_not_allowed(call.method)
        contact_type = self._store.catalog.record_type("contact")
        if what.lower() != "contact" or kind.table != "customer" or contact_type is None:
            raise unknown_type(what, call.path)
        self._records.allow(call, kind, "Edit")
        with self._store.write() as connection:
            company = self._records.resolve(call, kind, ident)["id"]
            contact = self._records.resolve(call, contact_type, other)["id"]
            sql = "DELETE FROM companycontactrelationship WHERE company = ? AND contact = ?"
            removed = connection.execute(sql, (company, contact)).rowcount
            if operation == "!detach" and not removed:
                raise unknown_record()
            if operation == "!attach":
                role = (call.json().get("role") or {}).get("id")
                self._store.insert("companycontactrelationship", {"company": company, "contact": contact, "role": role})
        return Answer(204)

    def action(self, call: Call, kind: RecordType, ident: str, name: str) -> Answer:
        """A record action: approving or cancelling an order."""
        if call.method != "POST":
            raise method_not_allowed(call.method)
        known = _ACTIONS.get(name.lower())
        if known is None or known[0] != kind.name:
            raise unknown_url(call.path)
        self._records.allow(call, kind, "Edit")
        with self._store.write():
            row = self._records.resolve(call, kind, ident)
            if row["status"] not in known[1]:
                raise user_error(f"The action {name} is not available for this record in its present status.")
            draft = self._records.draft(call, kind)
            draft.values["status"] = known[2]
            self._records.change(draft, row)
        return Answer(204, headers={"Location": self._records.address(call, row["id"])})
