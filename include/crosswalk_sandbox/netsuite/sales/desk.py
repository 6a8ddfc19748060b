"""The one door to transactions: create, change, transform, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosswalk_sandbox.netsuite.errors import method_not_allowed, user_error
from crosswalk_sandbox.netsuite.sales.document import Document, Documents
from crosswalk_sandbox.netsuite.sales.fulfilment import Fulfilments
from crosswalk_sandbox.netsuite.sales.receivables import Receivables
from crosswalk_sandbox.netsuite.sales.sold import Sold
from crosswalk_sandbox.netsuite.sales.stock import Stock
from crosswalk_sandbox.netsuite.sales.transforms import Transforms

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.records.draft import Draft
    from crosswalk_sandbox.netsuite.records.sublists import Sublists
    from crosswalk_sandbox.netsuite.store import Row, Store


class Desk:
    """Sends each transaction to who knows its type."""

    def __init__(self, store: Store, sublists: Sublists) -> None:
        self._store = store
        self._documents = Documents(store)
        self._sold = Sold(store, self._documents)
        self._receivables = Receivables(store, self._documents, self._sold.sourcing)
        self._fulfilments = Fulfilments(store, self._documents, self._sold, sublists)
        self._transforms = Transforms(store, self._documents, self._sold, self._fulfilments, self._receivables)

    def create(self, draft: Draft) -> int:
        """A new transaction; returns its id."""
        kind = draft.kind.match["type"]
        if kind == "ItemShip":
            raise user_error("An item fulfillment can only be created by transforming a sales order.")
        if kind == "CustPymt":
            return self._receivables.create_payment(draft).id
        return self._sold.create(draft).id

    def change(self, draft: Draft, ident: int) -> None:
        """Change a stored transaction."""
        kind = draft.kind.match["type"]
        if kind == "ItemShip":
            self._fulfilments.change(draft, ident)
        elif kind == "CustPymt":
            self._receivables.change_payment(draft, ident)
        else:
            self._sold.change(draft, ident)

    def transform(self, source_type: str, source: Row, draft: Draft) -> Document:
        """A new document made from a customer or a stored document."""
        if source_type == "customer":
            return self._transforms.of_customer(source["id"], draft)
        if "type" not in draft.kind.match:
            raise method_not_allowed("POST")
        return self._transforms.run(self._documents.load(source["id"]), draft)

    def remove(self, ident: int) -> None:
        """Undo what the transaction did, before its rows go; refuses when others stand on it."""
        document = self._documents.load(ident)
        sql = "SELECT 1 FROM transactionlink WHERE previousdoc = ? LIMIT 1"
        if self._store.value(sql, (ident,)) is not None:
            raise user_error("This record cannot be deleted because it has dependent records")
        if document.type == "ItemShip":
            self._fulfilments.remove(ident)
        elif document.type in ("CustPymt", "CustCred"):
            self._receivables.remove(ident)
        elif document.type == "SalesOrd":
            Stock(self._store).release(document)
        self._transforms.uncount(document)
        for table, column in (("transactionline", "transaction"), ("transactionlink", "nextdoc"), ("package", "transaction"),
                              ("taxdetail", "transaction"), ("trackingnumbermap", "transaction")):  # fmt: skip
            self._store.delete(table, column, ident)
