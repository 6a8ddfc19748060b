"""One document becomes the next (NetSuite §5.10)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from crosswalk_sandbox.netsuite.errors import user_error
from crosswalk_sandbox.netsuite.records.draft import Draft, Line
from crosswalk_sandbox.netsuite.sales.document import Document, Documents, number
from crosswalk_sandbox.netsuite.sales.fulfilment import Fulfilments
from crosswalk_sandbox.netsuite.sales.receivables import Receivables
from crosswalk_sandbox.netsuite.sales.sold import Sold
from crosswalk_sandbox.netsuite.sales.status import left_to_bill, left_to_ship
from crosswalk_sandbox.netsuite.schema.items import FULFILLABLE

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.store import Store

# Header columns that the new document takes over.
_CARRIED: Final = (
    "entity", "subsidiary", "currency", "exchangerate", "location", "department", "class", "terms", "employee",
    "otherrefnum", "memo", "shipmethod", "taxitem", "email", "billingaddress", "shippingaddress", "opportunity",
    "partner", "discountitem", "discountrate",
)  # fmt: skip
_LINE_RESET: Final = ("id", "uniquekey", "quantityshiprecv", "quantitybilled", "quantitycommitted", "quantitybackordered",
                      "quantitypicked", "quantitypacked", "isfullyshipped", "transaction", "linesequencenumber",
                      "linelastmodifieddate", "createdfrom", "netamount")  # fmt: skip
_LINK: Final = {
    "CustInvc": "OrdBill",
    "CashSale": "OrdBill",
    "CustCred": "SaleRet",
    "RtnAuth": "SaleRet",
    "SalesOrd": "EstInvc",
}


class Transforms:
    """Makes documents from documents."""

    def __init__(
        self, store: Store, documents: Documents, sold: Sold, fulfilments: Fulfilments, receivables: Receivables
    ) -> None:
        self._store = store
        self._documents = documents
        self._sold = sold
        self._fulfilments = fulfilments
        self._receivables = receivables

    def run(self, source: Document, draft: Draft) -> Document:
        """The new document; raises the account's refusal when the source is not ready for it."""
        target = draft.kind.match["type"]
        if target == "ItemShip":
            return self._fulfilments.create(draft, source)
        if target == "CustPymt":
            return self._payment(source, draft)
        lines = self._lines(source, draft, target)
        if not lines:
            raise user_error("There is nothing left on the source transaction to transform.")
        for column in _CARRIED:
            draft.default(column, source.header.get(column))
        created = self._sold.create(draft, source, lines)
        self._count(source, created)
        return created

    def of_customer(self, customer: int, draft: Draft) -> Document:
        """A first document for a customer."""
        draft.default("entity", customer)
        if draft.kind.match["type"] == "CustPymt":
            return self._receivables.create_payment(draft)
        return self._sold.create(draft)

    def _payment(self, source: Document, draft: Draft) -> Document:
        due = number(source.header["foreignamountunpaid"])
        if due <= 0:
            raise user_error("The invoice is already paid in full.")
        for column in ("entity", "currency", "subsidiary"):
            draft.default(column, source.header.get(column))
        if not draft.lists.get("apply"):
            amount = min(number(draft.get("payment") or due), due)
            draft.lists["apply"] = [Line({"doc": source.id, "apply": "T", "amount": amount}, "apply.items[0]")]
        return self._receivables.create_payment(draft)

    def _lines(self, source: Document, draft: Draft, target: str) -> list[dict[str, Any]]:
        found = []
        for line in source.lines:
            quantity = self._quantity(source, line, target)
            if line.get("isclosed") == "T" or quantity <= 0:
                continue
            share = quantity / number(line["quantity"]) if number(line["quantity"]) else Decimal(1)
            new = {key: value for key, value in line.items() if key not in _LINE_RESET and key != "components"}
            new |= {"id": None, "orderline": line["id"], "orderdoc": source.id, "quantity": quantity}
            new["foreignamount"] = round(number(line.get("foreignamount")) * share, 2)
            new["components"] = [self._component(part, share) for part in line.get("components", ())]
            found.append(new)
        sent = {int(line.get("orderline")): line for line in draft.lines("item") if line.get("orderline") is not None}
        if sent:
            found = [self._wished(line, sent[line["orderline"]]) for line in found if line["orderline"] in sent]
            draft.lists["item"] = [line for line in draft.lines("item") if line.get("orderline") is None]
        return found

    def _component(self, part: dict[str, Any], share: Decimal) -> dict[str, Any]:
        kept = {key: part.get(key) for key in ("item", "itemtype", "memo", "location")}
        return kept | {"id": None, "quantity": number(part["quantity"]) * share}

    def _wished(self, line: dict[str, Any], wish: Line) -> dict[str, Any]:
        if wish.has("quantity"):
            quantity = min(-number(wish.get("quantity")), line["quantity"])
            line["foreignamount"] = round(line["foreignamount"] * quantity / line["quantity"], 2)
            line["quantity"] = quantity
        return line

    def _quantity(self, source: Document, line: dict[str, Any], target: str) -> Decimal:
        if source.type != "SalesOrd":
            return number(line["quantity"])
        if target == "RtnAuth":
            return number(line.get("quantityshiprecv"))
        if source.header["status"] in ("A", "C", "H"):
            raise user_error("The order cannot be billed in its present status.")
        is_shipped_first = line.get("itemtype") in FULFILLABLE and line.get("fulfillable") != "F"
        if is_shipped_first and not self._store.options.invoice_unfulfilled and left_to_ship(line) > 0:
            return number(line.get("quantityshiprecv")) - number(line.get("quantitybilled"))
        return left_to_bill(line)

    def _count(self, source: Document, created: Document) -> None:
        kind = _LINK.get(created.type, "Other")
        for line in created.lines:
            self._documents.link(source.header, line.get("orderline") or 0, created.header, line["id"], kind)
        if source.type == "SalesOrd" and created.type in ("CustInvc", "CashSale"):
            for line in created.lines:
                origin = source.line(line.get("orderline"))
                if origin is not None:
                    origin["quantitybilled"] = number(origin.get("quantitybilled")) + number(line["quantity"])
            self._sold.settle_order(source)
        elif source.type == "Estimate":
            self._documents.touch(source.id, {"status": "B"})
        elif source.type == "Opprtnty":
            self._documents.touch(source.id, {"status": "B" if created.type == "Estimate" else "C"})

    def uncount(self, document: Document) -> None:
        """Take a deleted invoice's quantities off its order."""
        origin = document.header.get("createdfrom")
        kind = self._store.value('SELECT type FROM "transaction" WHERE id = ?', (origin,))
        if kind != "SalesOrd" or document.type not in ("CustInvc", "CashSale"):
            return
        order = self._documents.load(int(str(origin)))
        for line in document.lines:
            source = order.line(line.get("orderline"))
            if source is not None:
                source["quantitybilled"] = number(source.get("quantitybilled")) - number(line["quantity"])
        self._sold.settle_order(order)
