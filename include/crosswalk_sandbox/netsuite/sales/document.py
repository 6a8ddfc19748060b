"""A transaction in memory: header and item lines with positive business values; and how it lies in the tables.

The tables have SuiteQL's signs: item, tax and shipping lines of sales documents negative, the main line positive, so
that a document's lines add up to nothing (NetSuite §7).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, Final

from crosswalk_sandbox.netsuite.schema.enumerations import TRANSACTION_TYPES
from crosswalk_sandbox.netsuite.schema.items import STOCKED

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.store import Row, Store

NEGATED: Final = ("quantity", "foreignamount", "netamount")
_ITEM_LINES: Final = "mainline = 'F' AND taxline = 'F' AND iscogs = 'F' AND itemtype IS NOT 'ShipItem'"


def number(value: object) -> Decimal:
    """A stored or sent number as Decimal; nothing is zero."""
    return Decimal(str(value)) if value not in (None, "") else Decimal(0)


def money(value: Decimal, places: int = 2) -> Decimal:
    """An amount rounded to the currency's precision."""
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


@dataclass(slots=True)
class Document:
    """Header columns and item lines (``foreignamount`` and ``quantity`` positive); kit components lie in their kit."""

    header: dict[str, Any]
    lines: list[dict[str, Any]] = field(default_factory=list)
    taxes: dict[int | None, Decimal] = field(default_factory=dict)
    """Tax by tax code."""

    @property
    def id(self) -> int:
        """Internal id."""
        return int(self.header["id"])

    @property
    def type(self) -> str:
        """SuiteQL type, such as SalesOrd."""
        return str(self.header["type"])

    def line(self, ident: object) -> dict[str, Any] | None:
        """The item line with this key."""
        return next((line for line in self.lines if line["id"] == ident), None)


class Documents:
    """Loads and saves documents."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def load(self, ident: int) -> Document:
        """The document with this id; it must exist."""
        header = self._store.row('SELECT * FROM "transaction" WHERE id = ?', (ident,))
        assert header is not None
        sql = f'SELECT * FROM transactionline WHERE "transaction" = ? AND {_ITEM_LINES} ORDER BY linesequencenumber'
        rows = [_positive(row) for row in self._store.rows(sql, (ident,))]
        kits = {row["id"]: row for row in rows if row["kitcomponent"] != "T"}
        for row in rows:
            if row["kitcomponent"] == "T" and row["kitmemberof"] in kits:
                kits[row["kitmemberof"]].setdefault("components", []).append(row)
        return Document(header, list(kits.values()))

    def create(self, document: Document) -> int:
        """Give the document its id and numbers and save it."""
        header = document.header
        rest, title, short, prefix = TRANSACTION_TYPES[header["type"]]
        header["id"] = self._store.next_id("transaction")
        sequence = self._store.next_id(f"number {header['type']}", 1_000_001)
        header["number"] = header["transactionnumber"] = f"{prefix}{sequence}"
        if not header.get("tranid"):
            header["tranid"] = header["transactionnumber"]
        header |= {"restype": rest, "abbrevtype": short, "trandisplayname": f"{title} #{header['tranid']}"}
        header |= {"createddate": self._store.stamp(), "typebaseddocumentnumber": header["tranid"]}
        self._store.insert("transaction", {"id": header["id"], "type": header["type"]})
        self.save(document)
        return int(header["id"])

    def save(self, document: Document) -> None:
        """Write the header and all lines; lines keep their keys, new ones go on from the highest ever used."""
        header = document.header
        header["lastmodifieddate"] = self._store.stamp()
        rows = _Layout(self._store, document).rows()
        known = self._store.catalog.physical()["transaction"]
        self._store.update(
            "transaction", "id", document.id, {key: value for key, value in header.items() if key in known}
        )
        self._store.delete("transactionline", "transaction", document.id)
        columns = self._store.catalog.physical()["transactionline"]
        for row in rows:
            self._store.insert("transactionline", {key: value for key, value in row.items() if key in columns})

    def touch(self, ident: int, values: dict[str, Any]) -> None:
        """Change header columns of a stored document; it counts as a save."""
        self._store.update("transaction", "id", ident, {**values, "lastmodifieddate": self._store.stamp()})

    def link(
        self, before: Row, line: int, after: Row, after_line: int, kind: str, amount: Decimal | None = None
    ) -> None:
        """Keep that one document's line led to another's."""
        facts = {
            "previousdoc": before["id"], "previousline": line, "previoustype": before["type"],
            "previousdate": before["trandate"], "nextdoc": after["id"], "nextline": after_line,
            "nexttype": after["type"], "nextdate": after["trandate"], "linktype": kind, "foreignamount": amount,
            "discount": "F", "lastmodifieddate": self._store.stamp(),
        }  # fmt: skip
        self._store.insert("transactionlink", facts)


class _Layout:
    """Lays a document's lines out as table rows."""

    def __init__(self, store: Store, document: Document) -> None:
        self._store = store
        self._document = document
        self._last = int(document.header.get("lastline") or 0)
        self._rate = number(document.header.get("exchangerate") or 1)
        sql = 'SELECT id, uniquekey, taxline, itemtype, taxcode, iscogs, orderline FROM transactionline WHERE "transaction" = ?'
        self._old = store.rows(sql, (document.id,))

    def rows(self) -> list[dict[str, Any]]:
        """Main line, item lines with kit components, shipping line, tax lines."""
        found = [self._main()]
        for line in self._document.lines:
            found.append(self._row(line, line.get("itemtype")))
            for component in line.get("components", ()):
                component["kitmemberof"] = line["id"]
                component["kitcomponent"] = "T"
                found.append(self._row(component, component.get("itemtype")))
        found += self._extra_lines()
        for place, row in enumerate(found):
            row["linesequencenumber"] = place
        self._document.header["lastline"] = self._last
        return found

    def _main(self) -> dict[str, Any]:
        header = self._document.header
        total = number(header.get("foreigntotal"))
        main = self._common() | {"id": 0, "mainline": "T", "taxline": "F", "foreignamount": total,
                                 "netamount": money(total * self._rate), "memo": header.get("memo"),
                                 "createdfrom": header.get("createdfrom"), "uniquekey": self._unique(0)}  # fmt: skip
        return main

    def _row(self, line: dict[str, Any], itemtype: object) -> dict[str, Any]:
        if line.get("id") is None:
            self._last += 1
            line["id"] = self._last
        self._last = max(self._last, int(line["id"]))
        line["uniquekey"] = line.get("uniquekey") or self._unique(line["id"])
        amount = number(line.get("foreignamount"))
        row = self._common() | {key: value for key, value in line.items() if value is not None and key != "components"}
        row |= {"itemtype": itemtype, "mainline": "F", "taxline": "F", "foreignamount": -amount}
        row["netamount"] = -money(amount * self._rate)
        if line.get("quantity") is not None:
            row["quantity"] = -number(line["quantity"])
        return row

    def _extra_lines(self) -> list[dict[str, Any]]:
        header = self._document.header
        found = self._cost_lines() if self._document.type == "ItemShip" else []
        shipping = number(header.get("shippingcost")) + number(header.get("handlingcost"))
        if shipping and self._document.type != "ItemShip":
            facts = {"itemtype": "ShipItem", "item": None, "shipmethod": header.get("shipmethod")}
            found.append(self._extra(facts, shipping, lambda row: row["itemtype"] == "ShipItem"))
        for code, tax in self._document.taxes.items():
            facts = {"itemtype": "TaxItem", "taxline": "T", "taxcode": code}
            found.append(
                self._extra(facts, tax, lambda row, code=code: row["taxline"] == "T" and row["taxcode"] == code)
            )
        return found

    def _cost_lines(self) -> list[dict[str, Any]]:
        """Cost of goods sold of a fulfilment: a line for each stocked part, marked ``iscogs``."""
        found = []
        for line in self._document.lines:
            for part in (line, *line.get("components", ())):
                cost = self._cost(part)
                if cost:
                    facts = {"itemtype": part["itemtype"], "item": part["item"], "iscogs": "T", "orderline": part["id"]}
                    match = {"iscogs": "T", "orderline": part["id"]}
                    found.append(self._extra(facts, -cost, lambda row, match=match: match.items() <= row.items()))
        return found

    def _cost(self, part: dict[str, Any]) -> Decimal:
        if part.get("itemtype") not in STOCKED:
            return Decimal(0)
        sql = "SELECT COALESCE(averagecost, cost) FROM item WHERE id = ?"
        return money(number(self._store.value(sql, (part["item"],))) * number(part.get("quantity")))

    def _extra(self, facts: dict[str, Any], amount: Decimal, is_old: Any) -> dict[str, Any]:
        old = next((row for row in self._old if is_old(row)), None)
        if old is None:
            self._last += 1
            old = {"id": self._last, "uniquekey": self._unique(self._last)}
        row = self._common() | {"mainline": "F", "taxline": "F"} | facts
        return row | {"id": old["id"], "uniquekey": old["uniquekey"], "foreignamount": -amount,
                      "netamount": -money(amount * self._rate)}  # fmt: skip

    def _common(self) -> dict[str, Any]:
        header = self._document.header
        return {
            "transaction": header["id"],
            "entity": header.get("entity"),
            "subsidiary": header.get("subsidiary"),
            "location": header.get("location"),
            "department": header.get("department"),
            "class": header.get("class"),
            "createdfrom": header.get("createdfrom"),
            "linelastmodifieddate": header["lastmodifieddate"],
            "iscogs": "F",
            "kitcomponent": "F",
            "isclosed": "F",
        }

    def _unique(self, ident: object) -> int:
        old = next((row for row in self._old if row["id"] == ident), None)
        return int(old["uniquekey"]) if old else self._store.next_id("line")


def _positive(row: Row) -> dict[str, Any]:
    for column in NEGATED:
        if row.get(column) is not None:
            row[column] = -number(row[column])
    return row
