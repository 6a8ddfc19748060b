"""Records as JSON: references, enumerations, sublists, subrecords (NetSuite §5.3)."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from crosswalk_sandbox.netsuite import moments
from crosswalk_sandbox.netsuite.exchange import link
from crosswalk_sandbox.netsuite.records.values import number_json
from crosswalk_sandbox.netsuite.references import target
from crosswalk_sandbox.netsuite.schema.enumerations import enumeration, status_text
from crosswalk_sandbox.netsuite.schema.language import Field, RecordType, Sublist

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.store import Row, Store

RECORDS: Final = "/services/rest/record/v1"
_SHOWN: Final = "@"  # suffix of the result column that holds a reference's name


@dataclass(frozen=True, slots=True)
class Style:
    """How one answer is written. ``root`` is the URL of the record service as the caller reached it."""

    root: str
    expand: bool = False
    simple_enums: bool = False


class Renderer:
    """Reads rows of the account and writes them as the record service shows them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._queries: dict[tuple[object, ...], str] = {}

    def row(self, kind: RecordType, ident: int) -> Row | None:
        """The record's fields and shown names by column; None when it is not there or of another type."""
        sql = self._query(kind.table, tuple(kind.fields.values()), tuple(kind.subrecords.values()))
        conditions = "".join(f' AND t."{column}" = ?' for column in kind.match)
        return self._store.row(f"{sql} WHERE t.id = ?{conditions}", (ident, *kind.match.values()))

    def record(
        self, kind: RecordType, row: Row, url: str, style: Style, only: set[str] | None = None
    ) -> dict[str, Any]:
        """A record's JSON. ``url`` is the record's own address, ``only`` the lower-case names asked for by fields=."""
        found: dict[str, Any] = {}
        for name, field in kind.fields.items():
            if only is None or name in only:
                value = self._value(field, row, url, style)
                if value is not None:
                    found[field.name] = value
        for name, sublist in kind.sublists.items():
            if only is None or name in only:
                found[sublist.name] = self._unexpanded(url, sublist.name, row, sublist, style)
        for name, field in kind.subrecords.items():
            if (only is None or name in only) and row.get(field.column) is not None:
                found[field.name] = self.address(row[field.column], f"{url}/{field.name}", style)
        return {"links": [link(url)], **dict(sorted(found.items(), key=lambda pair: pair[0].lower()))}

    def _unexpanded(self, url: str, name: str, row: Row, sublist: Sublist, style: Style) -> dict[str, Any]:
        if not style.expand:
            return {"links": [link(f"{url}/{name}")]}
        return self.sublist(sublist, row["id"], f"{url}/{name}", style)

    def sublist(self, sublist: Sublist, owner: int, url: str, style: Style) -> dict[str, Any]:
        """An expanded sublist."""
        rows = self.lines(sublist, owner)
        most = self._store.options.expanded_lines or len(rows)
        items = [self.line(sublist, row, f"{url}/{self.line_key(sublist, row)}", style) for row in rows[:most]]
        if not items:
            return {"links": [link(url)], "count": 0, "hasMore": False, "items": [], "offset": 0, "totalResults": 0}
        cut = {"count": most, "hasMore": True, "offset": 0} if len(rows) > most else {}
        return {"links": [link(url)], "items": items, "totalResults": len(rows)} | cut

    def lines(self, sublist: Sublist, owner: int) -> list[Row]:
        """The stored lines of a record, in their order."""
        extra = (sublist.subrecord,) if sublist.subrecord else ()
        sql = self._query(sublist.table, tuple(sublist.fields.values()), extra, number=sublist.number)
        where = f" AND ({sublist.where})" if sublist.where else ""
        return self._store.rows(f'{sql} WHERE t."{sublist.owner}" = ?{where} ORDER BY {sublist.order}', (owner,))

    def line_key(self, sublist: Sublist, row: Row) -> str:
        """Last segment of a line's link."""
        if sublist.name == "price":
            return (
                f"quantity={number_json(row['quantity'])},currencyPage={row['currency']},priceLevel={row['pricelevel']}"
            )
        return str(row["@number"])

    def line(self, sublist: Sublist, row: Row, url: str, style: Style) -> dict[str, Any]:
        """One line's JSON."""
        found: dict[str, Any] = {}
        for field in sublist.fields.values():
            value = self._value(field, row, url, style)
            if value is not None:
                found[field.name] = value
        if sublist.name == "price":
            found |= self._price_extras(row)
        if sublist.name == "addressBook":
            found["addressId"] = str(row["internalid"])
        address = sublist.subrecord
        if address is not None and row.get(address.column) is not None:
            nested = Style(style.root, True, style.simple_enums) if style.expand else style
            found[address.name] = self.address(row[address.column], f"{url}/{address.name}", nested)
            text = found[address.name].get("addrText") or self._store.value(
                "SELECT addrtext FROM address WHERE nkey = ?", (row[address.column],)
            )
            found |= {f"{address.name}_text": text} if text else {}
        return {"links": [link(url)], **dict(sorted(found.items(), key=lambda pair: pair[0].lower()))}

    def _price_extras(self, row: Row) -> dict[str, Any]:
        found = self._store.row("SELECT name, discountpct FROM pricelevel WHERE id = ?", (row["pricelevel"],))
        extras: dict[str, Any] = {
            "quantity": {"value": str(number_json(row["quantity"]))},
            "priceQty": number_json(row["quantity"]),
        }
        if found is not None:
            extras["priceLevelName"] = found["name"]
            if found["discountpct"]:
                extras["discountDisplay"] = number_json(found["discountpct"])
        return extras

    def address(self, nkey: int, url: str, style: Style) -> dict[str, Any]:
        """An address subrecord; only its link when it is not expanded."""
        if not style.expand:
            return {"links": [link(url)]}
        row = self._store.row("SELECT * FROM address WHERE nkey = ?", (nkey,)) or {}
        found = {}
        for field in self._store.catalog.address.values():
            value = self._value(field, row, url, style)
            if value is not None:
                found[field.name] = value
        return {"links": [link(url)], **dict(sorted(found.items(), key=lambda pair: pair[0].lower()))}

    def reference(self, field_target: str | None, ident: object, name: object, root: str) -> dict[str, Any]:
        """``{links, id, refName}`` of a reference."""
        kind = self._rest_type(field_target, ident)
        links = [link(f"{root}/{kind}/{ident}")] if kind else []
        return {"links": links, "id": str(ident)} | ({"refName": str(name)} if name is not None else {})

    def _value(self, field: Field, row: Row, url: str, style: Style) -> Any:
        value = row.get(field.column)
        match field.kind:
            case "boolean":
                return value == "T"
            case _ if value is None or value == "":
                return None
            case "number":
                return number_json(-float(str(value)) if field.negative else value)
            case "integer":
                return str(value) if field.column == "id" and field.name == "id" else number_json(value)
            case "datetime":
                return moments.rest_stamp(value)
            case "ref":
                return self.reference(field.target, value, row.get(field.column + _SHOWN), style.root)
            case "enum":
                return str(value) if style.simple_enums else self._enum(field, str(value), row)
            case "multi":
                return self._multi(field, str(value), url, style)
            case _:
                return str(value)

    def _enum(self, field: Field, value: str, row: Row) -> dict[str, Any]:
        if field.target == "transactionStatus":
            name = status_text(row.get("type", ""), value)
        else:
            name = enumeration(field.target or "").get(value)
        return {"links": [], "id": value} | ({"refName": name} if name else {})

    def _multi(self, field: Field, value: str, url: str, style: Style) -> dict[str, Any]:
        found = target(self._store.catalog, field.target)
        items = []
        for ident in value.split(", "):
            name = enumeration(field.target or "").get(ident)
            if found is not None:
                name = self._store.value(f"SELECT {found.display('?')}", (int(ident),))
            items.append(self.reference(field.target, ident, name, style.root))
        return {"links": [link(f"{url}/{field.name}")], "items": items, "totalResults": len(items)}

    def _rest_type(self, name: str | None, ident: object) -> str | None:
        if name in ("item", "discountItem"):
            row = self._store.row("SELECT itemtype, subtype, islotitem, isserialitem FROM item WHERE id = ?", (ident,))
            return self._store.catalog.item_type(*row.values()) if row else None
        if name in ("transaction", "opportunity"):
            found = self._store.value('SELECT restype FROM "transaction" WHERE id = ?', (ident,))
            return str(found) if found else None
        found_target = target(self._store.catalog, name)
        return found_target.type if found_target else None

    def _query(self, table: str, fields: tuple[Field, ...], extra: tuple[Field, ...], number: str | None = None) -> str:
        key = (id(self._store.catalog), table, tuple(field.name for field in fields), number)
        with self._lock:
            if key not in self._queries:
                self._queries[key] = self._compose(table, fields, extra, number)
            return self._queries[key]

    def _compose(self, table: str, fields: tuple[Field, ...], extra: tuple[Field, ...], number: str | None) -> str:
        catalog = self._store.catalog
        columns: dict[str, str] = {}
        for field in (*fields, *extra):
            columns[field.column] = catalog.expression(table, field.column, "t")
            found = target(catalog, field.target) if field.kind == "ref" else None
            if found is not None:
                columns[field.column + _SHOWN] = found.display(columns[field.column])
        if table == "transaction":
            columns["type"] = 't."type"'
        if number is not None:
            columns["@number"] = f't."{number}"' if number != "rowid" else "t.rowid"
        listed = ", ".join(f'{sql} AS "{name}"' for name, sql in columns.items())
        return f'SELECT {listed} FROM "{table}" t'
