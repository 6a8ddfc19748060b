"""Item fulfilments: what left the warehouse for an order (NetSuite §5.10, §12.5)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from crosswalk_sandbox.netsuite.errors import invalid_value, user_error
from crosswalk_sandbox.netsuite.records.sublists import Sublists
from crosswalk_sandbox.netsuite.sales.document import Document, Documents, number
from crosswalk_sandbox.netsuite.sales.periods import post
from crosswalk_sandbox.netsuite.sales.sold import Sold
from crosswalk_sandbox.netsuite.sales.status import left_to_ship
from crosswalk_sandbox.netsuite.sales.stock import Stock

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.records.draft import Draft, Line
    from crosswalk_sandbox.netsuite.store import Store

_PACKAGES: Final = frozenset({"package", "packagefedex", "packageups", "packageusps"})
_SHIPPED: Final = "C"


class Fulfilments:
    """Ships orders."""

    def __init__(self, store: Store, documents: Documents, sold: Sold, sublists: Sublists) -> None:
        self._store = store
        self._documents = documents
        self._sold = sold
        self._sublists = sublists
        self._stock = Stock(store)

    def create(self, draft: Draft, order: Document) -> Document:
        """Fulfil an order: lines left out are fulfilled in full, ``itemReceive: false`` excludes one."""
        if order.header["status"] not in ("B", "D", "E"):
            raise user_error("The order cannot be fulfilled: it is not pending fulfillment.")
        header = self._header(draft, order)
        lines = self._lines(draft, order)
        if not lines:
            raise user_error("You must enter at least one line item for this transaction.")
        document = Document(header, lines)
        self._documents.create(document)
        self._sublists.write(draft, document.id, _PACKAGES)
        self._move(document, order, Decimal(1))
        self._collect_tracking(document, order)
        return document

    def change(self, draft: Draft, ident: int) -> Document:
        """Change status, packages or quantities of a fulfilment; goods leave the shelf when it is shipped."""
        document = self._documents.load(ident)
        order = self._documents.load(int(document.header["createdfrom"]))
        self._move(document, order, Decimal(-1))
        order = self._documents.load(order.id)
        for sent in draft.lines("item"):
            line = document.line(sent.get("id")) or next(
                (line for line in document.lines if line.get("orderline") == sent.get("orderline")), None
            )
            if line is not None and sent.has("quantity"):
                source = order.line(line["orderline"])
                line["quantity"] = self._quantity(sent, source or line)
        kept = {
            "memo",
            "status",
            "trandate",
            "packeddate",
            "pickeddate",
            "shippeddate",
            "shipmethod",
            "shippingcost",
            "externalid",
        }
        document.header |= {key: value for key, value in draft.values.items() if key in kept or key.startswith("cust")}
        self._documents.save(document)
        self._sublists.write(draft, ident, _PACKAGES)
        self._move(document, order, Decimal(1))
        self._collect_tracking(document, order)
        return document

    def remove(self, ident: int) -> None:
        """Put the goods back before the fulfilment is deleted."""
        document = self._documents.load(ident)
        self._move(document, self._documents.load(int(document.header["createdfrom"])), Decimal(-1))

    def _header(self, draft: Draft, order: Document) -> dict[str, Any]:
        header = {key: value for key, value in draft.values.items() if key != "tranid"}
        copied = ("entity", "subsidiary", "currency", "exchangerate", "location", "department", "class", "shipmethod",
                  "shippingaddress", "otherrefnum")  # fmt: skip
        for column in copied:
            header.setdefault(column, order.header.get(column))
        header |= {"type": "ItemShip", "createdfrom": order.id, "posting": "T"}
        header["trandate"] = header.get("trandate") or self._store.today()
        header["status"] = draft.get("status") or _SHIPPED
        header["postingperiod"] = post(self._store, draft, header["trandate"])
        column = {"A": "pickeddate", "B": "packeddate", "C": "shippeddate"}[header["status"]]
        header.setdefault(column, header["trandate"])
        return header

    def _lines(self, draft: Draft, order: Document) -> list[dict[str, Any]]:
        sent = self._by_order_line(draft, order)
        found = []
        for source in order.lines:
            wish = sent.get(source["id"])
            open_quantity = left_to_ship(source) if source.get("isclosed") != "T" else Decimal(0)
            if open_quantity <= 0 or (wish is not None and wish.get("itemreceive") == "F"):
                if wish is not None and wish.get("itemreceive") != "F" and open_quantity <= 0:
                    raise invalid_value(source["id"], "orderLine", f"{wish.path}.orderLine")
                continue
            quantity = self._quantity(wish, source) if wish is not None and wish.has("quantity") else open_quantity
            if quantity > 0:
                found.append(self._line(source, quantity, wish, order))
        return found

    def _by_order_line(self, draft: Draft, order: Document) -> dict[int, Line]:
        found = {}
        for line in draft.lines("item"):
            number_of = line.get("orderline") if line.get("orderline") is not None else line.get("id")
            if number_of is None or order.line(number_of) is None:
                raise invalid_value(number_of, "orderLine", f"{line.path}.orderLine")
            found[int(number_of)] = line
        return found

    def _quantity(self, sent: Line, source: dict[str, Any]) -> Decimal:
        quantity = -number(sent.get("quantity"))
        if quantity < 0 or quantity > left_to_ship(source):
            raise invalid_value(quantity, "quantity", f"{sent.path}.quantity")
        return quantity

    def _line(self, source: dict[str, Any], quantity: Decimal, wish: Line | None, order: Document) -> dict[str, Any]:
        line = {
            key: source.get(key) for key in ("item", "itemtype", "itemsubtype", "memo", "units", "department", "class")
        }
        line |= {"id": None, "orderline": source["id"], "orderdoc": order.id, "quantity": quantity, "itemreceive": "T"}
        line["location"] = (wish.get("location") if wish is not None else None) or source.get("location")
        if line["location"] is None:
            raise user_error(f"Please enter a location for the item on order line {source['id']}.")
        share = quantity / number(source["quantity"])
        line["components"] = [
            {"id": None, "item": part["item"], "itemtype": part["itemtype"], "memo": part.get("memo"),
             "quantity": number(part["quantity"]) * share, "location": line["location"], "orderdoc": order.id,
             "orderline": part["id"]}
            for part in source.get("components", ())
        ]  # fmt: skip
        return line

    def _move(self, document: Document, order: Document, sign: Decimal) -> None:
        """Count the fulfilment (or, with -1, its undoing) on the order and the shelf."""
        shipped = document.header["status"] == _SHIPPED
        for line in document.lines:
            quantity = number(line["quantity"]) * sign
            self._count(order.line(line["orderline"]), quantity, shipped)
            for part in (line, *line.get("components", ())):
                if shipped:
                    self._stock.ship(part, number(part["quantity"]) * sign)
            for part in line.get("components", ()):
                for source in order.lines:
                    for other in source.get("components", ()):
                        if other["id"] == part.get("orderline"):
                            self._count(other, number(part["quantity"]) * sign, shipped)
        self._sold.settle_order(order)
        self._links(document, order, sign)

    def _count(self, source: dict[str, Any] | None, quantity: Decimal, shipped: bool) -> None:
        if source is None:
            return
        source["quantitypicked"] = number(source.get("quantitypicked")) + quantity
        if shipped:
            source["quantityshiprecv"] = number(source.get("quantityshiprecv")) + quantity
            source["quantitypacked"] = number(source.get("quantitypacked")) + quantity

    def _links(self, document: Document, order: Document, sign: Decimal) -> None:
        if sign < 0:
            self._store.delete("transactionlink", "nextdoc", document.id)
            return
        for line in document.lines:
            self._documents.link(order.header, line["orderline"], document.header, line["id"], "ShipRcpt")

    def _collect_tracking(self, document: Document, order: Document) -> None:
        """Tracking numbers of the packages, kept on the fulfilment and its order."""
        sql = (
            'SELECT trackingnumber FROM package WHERE "transaction" = ? AND trackingnumber IS NOT NULL ORDER BY number'
        )
        numbers = [row["trackingnumber"] for row in self._store.rows(sql, (document.id,))]
        self._store.delete("trackingnumbermap", "transaction", document.id)
        for text in numbers:
            ident = self._store.value("SELECT id FROM trackingnumber WHERE trackingnumber = ?", (text,))
            if ident is None:
                ident = self._store.next_id("trackingnumber", 1)
                self._store.insert("trackingnumber", {"id": ident, "trackingnumber": text})
            self._store.insert("trackingnumbermap", {"transaction": document.id, "trackingnumber": ident})
        self._store.update("transaction", "id", document.id, {"linkedtrackingnumberlist": ", ".join(numbers) or None})
        sql = "SELECT linkedtrackingnumberlist AS list FROM \"transaction\" WHERE createdfrom = ? AND type = 'ItemShip' ORDER BY id"
        lists = [row["list"] for row in self._store.rows(sql, (order.id,)) if row["list"]]
        self._store.update("transaction", "id", order.id, {"linkedtrackingnumberlist": ", ".join(lists) or None})
