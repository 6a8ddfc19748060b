"""Deleting records: dependants refuse, the deletion feed remembers (NetSuite §5.8, §7 deletedrecord)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crosswalk_sandbox.netsuite.errors import user_error

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.sales.desk import Desk
    from crosswalk_sandbox.netsuite.schema.language import RecordType
    from crosswalk_sandbox.netsuite.store import Row, Store

# Table -> columns elsewhere that hold it in place.
_DEPENDANTS: Final = {
    "customer": (("transaction", "entity"), ("contact", "company"), ("customer", "parent")),
    "item": (("transactionline", "item"), ("itemmember", "item"), ("item", "parent")),
    "subsidiary": (("customer", "subsidiary"), ("transaction", "subsidiary"), ("subsidiary", "parent")),
    "location": (("transactionline", "location"), ("inventoryitemlocations", "location")),
    "currency": (("transaction", "currency"), ("customer", "currency")),
    "term": (("transaction", "terms"), ("customer", "terms")),
    "pricelevel": (("pricing", "pricelevel"), ("customer", "pricelevel")),
    "employee": (("transaction", "employee"), ("customer", "salesrep")),
}
_CHILDREN: Final = {
    "customer": (("customercurrencybalance", "customer"), ("customeritempricing", "customer"),
                 ("customergrouppricing", "customer"), ("customersalesteam", "customer"),
                 ("customersubsidiaryrelationship", "entity"), ("companycontactrelationship", "company")),
    "contact": (("companycontactrelationship", "contact"),),
    "item": (("pricing", "item"), ("inventoryitemlocations", "item"), ("itemsubsidiarymap", "item"), ("itemmember", "parentitem")),
}  # fmt: skip
# Script ids and numbers under which the feed lists a type.
_TYPE_IDS: Final = {"customer": -2, "contact": -6, "employee": -4, "item": -10, "transaction": -30, "vendor": -3}


class Deletion:
    """Deletes records for good."""

    def __init__(self, store: Store, desk: Desk) -> None:
        self._store = store
        self._desk = desk

    def delete(self, kind: RecordType, row: Row) -> None:
        """Delete a record with its lines; refuses one that others need."""
        ident = row["id"]
        for table, column in _DEPENDANTS.get(kind.table, ()):
            sql = f'SELECT 1 FROM "{table}" WHERE "{column}" = ? LIMIT 1'
            if self._store.value(sql, (ident,)) is not None:
                raise user_error("This record cannot be deleted because it has dependent records")
        name = self._store.value(f'SELECT {self._name(kind)} FROM "{kind.table}" WHERE id = ?', (ident,))
        if kind.is_transaction:
            self._desk.remove(ident)
        self._remove_children(kind, ident)
        self._store.delete(kind.table, "id", ident)
        with self._store.write() as connection:
            connection.execute("DELETE FROM externalkey WHERE family = ? AND id = ?", (kind.family, ident))
        self._remember(kind, ident, name)

    def merge(self, kind: RecordType, duplicate: Row, master: int) -> None:
        """Give a duplicate's dependants to its master, transactions with a new stamp, and delete it; nothing says where it went.

        Help, Merging or Deleting Duplicate Records. What the master's own fields lack is not filled in from the duplicate.
        """
        with self._store.write() as connection:
            connection.execute(
                "UPDATE customer SET parent = NULL WHERE id = ? AND parent = ?", (master, duplicate["id"])
            )
            for table, column in _DEPENDANTS[kind.table]:
                stamp = ", lastmodifieddate = ?" if table == "transaction" else ""
                given = (master, self._store.stamp(), duplicate["id"]) if stamp else (master, duplicate["id"])
                connection.execute(f'UPDATE "{table}" SET "{column}" = ?{stamp} WHERE "{column}" = ?', given)
            self.delete(kind, duplicate)

    def _remove_children(self, kind: RecordType, ident: int) -> None:
        for table, column in _CHILDREN.get(kind.table, ()):
            self._store.delete(table, column, ident)
        if "addressbook" in kind.sublists:
            sql = "DELETE FROM address WHERE nkey IN (SELECT addressbookaddress FROM customeraddressbook WHERE entity = ?)"
            with self._store.write() as connection:
                connection.execute(sql, (ident,))
            self._store.delete("customeraddressbook", "entity", ident)

    def _name(self, kind: RecordType) -> str:
        return "entityid" if kind.display == "entity_name" else f'"{kind.display}"'

    def _remember(self, kind: RecordType, ident: int, name: object) -> None:
        facts = {"recordid": ident, "type": kind.label, "name": name, "deleteddate": self._store.stamp(), "deletedby": -5,
                 "recordtypeid": _TYPE_IDS.get(kind.table, 0), "scriptid": kind.name.lower(), "context": "REST Web Services"}  # fmt: skip
        self._store.insert("deletedrecord", facts)
        if kind.is_transaction:
            facts = {
                "transaction": ident,
                "type": kind.match["type"],
                "name": name,
                "deleteddate": self._store.stamp(),
                "deletedby": -5,
            }
            self._store.insert("deletedtransaction", facts)
