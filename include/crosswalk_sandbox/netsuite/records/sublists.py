"""Sublists on write: keyed lines are merged, others appended, ``replace`` makes room (NetSuite §5.9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from crosswalk_sandbox.netsuite.errors import invalid_value, user_error
from crosswalk_sandbox.netsuite.records.addresses import save_address

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.records.draft import Draft, Line
    from crosswalk_sandbox.netsuite.schema.language import Sublist
    from crosswalk_sandbox.netsuite.store import Row, Store

_MANDATORY: Final = frozenset({"currencylist"})


class Sublists:
    """Writes the sublists that are plain rows; transactions have their own ways with ``item`` and ``apply``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def write(self, draft: Draft, owner: int, only: frozenset[str] | None = None) -> None:
        """Write every sublist of the draft, or those in ``only``."""
        for name, lines in draft.lists.items():
            sublist = draft.kind.sublists[name]
            if sublist.read_only or (only is not None and name not in only):
                continue
            if lines is None:
                self._empty(sublist, owner)
            else:
                self._merge(sublist, owner, lines, replaced=name in draft.replaced)

    def _empty(self, sublist: Sublist, owner: int) -> None:
        if sublist.name.lower() in _MANDATORY:
            raise user_error(f"You must enter at least one line item for the sublist {sublist.name}.")
        for row in self._stored(sublist, owner):
            self._remove(sublist, row)

    def _merge(self, sublist: Sublist, owner: int, lines: list[Line], *, replaced: bool) -> None:
        stored = self._stored(sublist, owner)
        kept: set[int] = set()
        for line in lines:
            row = self._matching(sublist, line, stored)
            if row is None:
                if replaced and not sublist.key:
                    self._clear_once(sublist, stored, kept)
                kept.add(self._add(sublist, owner, line))
            else:
                self._change(sublist, row, line)
                kept.add(row["@rowid"])
        if replaced:
            for row in stored:
                if row["@rowid"] not in kept:
                    self._remove(sublist, row)

    def _clear_once(self, sublist: Sublist, stored: list[Row], kept: set[int]) -> None:
        while stored:
            row = stored.pop()
            if row["@rowid"] not in kept:
                self._remove(sublist, row)

    def _stored(self, sublist: Sublist, owner: int) -> list[Row]:
        where = f" AND ({sublist.where})" if sublist.where else ""
        sql = f'SELECT rowid AS "@rowid", * FROM "{sublist.table}" WHERE "{sublist.owner}" = ?{where}'
        return self._store.rows(sql, (owner,))

    def _matching(self, sublist: Sublist, line: Line, stored: list[Row]) -> Row | None:
        columns = [sublist.fields[name].column for name in sublist.key]
        sent = list(dict.fromkeys(column for column in columns if line.get(column) is not None))
        if not sent:
            return None
        for row in stored:
            if all(_same(row[column], line.get(column)) for column in sent):
                return row
        if sublist.number in sent and sublist.name == "addressBook":
            raise invalid_value(line.get(sublist.number), "id", f"{line.path}.id")
        return None

    def _add(self, sublist: Sublist, owner: int, line: Line) -> int:
        values = {**line.values, sublist.owner: owner}
        if sublist.subrecord is not None:
            address = line.address if line.address is not None else {}
            values[sublist.subrecord.column] = save_address(
                self._store, address, f"{line.path}.{sublist.subrecord.name}"
            )
            values.setdefault("label", address.get("addr1"))
        if sublist.number not in ("rowid", "id") and values.get(sublist.number) is None:
            values[sublist.number] = self._store.next_id(sublist.table)
        self._complete(sublist, owner, values)
        self._only_default(sublist, owner, values)
        return self._store.insert(sublist.table, values)

    def _complete(self, sublist: Sublist, owner: int, values: dict[str, Any]) -> None:
        if sublist.name == "itemPricing" and values.get("currency") is None:
            values["currency"] = self._store.value("SELECT currency FROM customer WHERE id = ?", (owner,))
        if sublist.name == "price":
            values.setdefault("currency", 1)
            values.setdefault("pricelevel", 1)
            values["quantity"] = values.get("quantity") or 0
            values["minimumquantity"] = values["quantity"]
        if sublist.name.startswith("package"):
            values["kind"] = sublist.name.lower()

    def _change(self, sublist: Sublist, row: Row, line: Line) -> None:
        values = dict(line.values)
        if sublist.subrecord is not None and line.address is not None:
            path = f"{line.path}.{sublist.subrecord.name}"
            values[sublist.subrecord.column] = save_address(
                self._store, line.address, path, row[sublist.subrecord.column]
            )
        self._only_default(sublist, row[sublist.owner], values)
        if sublist.name == "price":
            values["computed"] = "F"
        self._store.update(sublist.table, "rowid", row["@rowid"], values)

    def _only_default(self, sublist: Sublist, owner: int, values: dict[str, Any]) -> None:
        """A new default address takes the mark from the old one."""
        if sublist.name == "addressBook":
            for column in ("defaultbilling", "defaultshipping"):
                if values.get(column) == "T":
                    with self._store.write() as connection:
                        connection.execute(f"UPDATE customeraddressbook SET {column} = 'F' WHERE entity = ?", (owner,))

    def _remove(self, sublist: Sublist, row: Row) -> None:
        self._store.delete(sublist.table, "rowid", row["@rowid"])
        if sublist.subrecord is not None:
            self._store.delete("address", "nkey", row[sublist.subrecord.column])


def _same(stored: object, sent: object) -> bool:
    try:
        return float(str(stored)) == float(str(sent))
    except ValueError:
        return str(stored) == str(sent)
