"""Item lines of a sales document: merged by key, priced, exploded into components (NetSuite §5.9, §12.4)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from crosswalk_sandbox.netsuite.errors import invalid_value, required, user_error
from crosswalk_sandbox.netsuite.sales.document import Document, money, number
from crosswalk_sandbox.netsuite.sales.pricing import CUSTOM, Prices
from crosswalk_sandbox.netsuite.sales.sourcing import Sourcing

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.records.draft import Draft, Line
    from crosswalk_sandbox.netsuite.store import Row, Store

_PRICED: Final = frozenset({"item", "quantity", "price", "rate", "foreignamount", "grossamt"})
_NO_AMOUNT: Final = frozenset({"Description", "Subtotal", "Group", "EndGroup"})


class Lines:
    """Writes a draft's lines into a document."""

    def __init__(self, store: Store, sourcing: Sourcing) -> None:
        self._store = store
        self._sourcing = sourcing
        self._prices = Prices(store)

    def merge(self, document: Document, draft: Draft, customer: Row) -> None:
        """Update lines whose ``line`` matches, add the others; ``replace=item`` drops lines not mentioned."""
        if "item" in draft.lists and draft.lists["item"] is None:
            raise user_error("You must enter at least one line item for this transaction.")
        mentioned, expanded = [], []
        for sent in draft.lines("item"):
            known = document.line(sent.get("id")) if sent.get("id") is not None else None
            if known is None:
                known = self._new_line(document, sent)
                document.lines.append(known)
                expanded += self._expand(document, known, sent, customer)
            self._update(document, known, sent)
            mentioned.append(known)
        if "item" in draft.replaced:
            self._drop(document, [*mentioned, *expanded])
        if not document.lines:
            raise user_error("You must enter at least one line item for this transaction.")
        self._price_all(document, draft, mentioned, customer)

    def _drop(self, document: Document, mentioned: list[dict[str, Any]]) -> None:
        for line in document.lines:
            if number(line.get("quantityshiprecv")) or number(line.get("quantitybilled")):
                raise user_error("You cannot delete line items of an order that was fulfilled or billed.")
        document.lines = [line for line in document.lines if any(line is other for other in mentioned)]

    def _new_line(self, document: Document, sent: Line) -> dict[str, Any]:
        if sent.get("item") is None:
            raise required("Item")
        item = self._sourcing.item(int(sent.get("item")), document.header["subsidiary"], f"{sent.path}.item")
        line = {"id": None, "item": item["id"], "itemtype": item["itemtype"], "itemsubtype": item["subtype"]}
        line |= {"memo": item["description"], "quantity": Decimal(1), "fulfillable": item["isfulfillable"]}
        line["location"] = document.header.get("location")
        if item["itemtype"] in ("InvtPart", "Assembly", "Kit") and line["location"] is None:
            line["location"] = item["preferredlocation"] or self._sourcing.default_location(
                document.header["subsidiary"]
            )
        if item["itemtype"] == "Kit":
            line["components"] = self._components(item, line)
        return line

    def _expand(self, document: Document, group: dict[str, Any], sent: Line, customer: Row) -> list[dict[str, Any]]:
        """An item group brings its members, at their own prices, and an end line (NetSuite §12.3)."""
        if group["itemtype"] != "Group":
            return []
        currency, header = document.header["currency"], document.header
        places = self._sourcing.places(currency)
        count = -number(sent.get("quantity")) if sent.has("quantity") else Decimal(1)
        found = []
        members = "SELECT item, quantity FROM itemmember WHERE parentitem = ? ORDER BY linenumber"
        for row in self._store.rows(members, (group["item"],)):
            item = self._sourcing.item(int(row["item"]), header["subsidiary"], f"{sent.path}.item")
            quantity = number(row["quantity"]) * count
            price = self._prices.of(customer, item, currency, quantity)
            line = {"id": None, "item": item["id"], "itemtype": item["itemtype"], "itemsubtype": item["subtype"],
                    "memo": item["description"], "fulfillable": item["isfulfillable"], "quantity": quantity,
                    "location": header.get("location") or self._sourcing.default_location(header["subsidiary"]),
                    "price": price.level, "rate": price.rate, "foreignamount": money(number(price.rate) * quantity, places)}  # fmt: skip
            found.append(line)
        found.append({"id": None, "item": None, "itemtype": "EndGroup", "quantity": None, "foreignamount": Decimal(0)})
        document.lines += found
        return found

    def _components(self, kit: Row, line: dict[str, Any]) -> list[dict[str, Any]]:
        sql = (
            "SELECT m.item, m.quantity, i.itemtype, i.description FROM itemmember m JOIN item i ON i.id = m.item"
            " WHERE m.parentitem = ? ORDER BY m.linenumber"
        )
        return [
            {"id": None, "item": row["item"], "itemtype": row["itemtype"], "memo": row["description"],
             "per_kit": number(row["quantity"]), "location": line["location"]}
            for row in self._store.rows(sql, (kit["id"],))
        ]  # fmt: skip

    def _update(self, document: Document, line: dict[str, Any], sent: Line) -> None:
        shipped = max(number(line.get("quantityshiprecv")), number(line.get("quantitybilled")))
        if line.get("id") is not None and sent.get("item") not in (None, line["item"]):
            if shipped:
                raise user_error("You cannot change the item of a line that was fulfilled or billed.")
            line |= self._new_line(document, sent) | {"id": line["id"]}
        values = {key: value for key, value in sent.values.items() if key not in ("id", "item", *_PRICED)}
        if values.get("location") is not None:
            self._sourcing.check_location(values["location"], document.header["subsidiary"])
        line |= values
        if sent.has("quantity"):
            quantity = -number(sent.get("quantity"))
            if quantity < shipped:
                raise user_error("The quantity cannot be less than what was fulfilled or billed.")
            line["quantity"] = quantity
        for component in line.get("components", ()):
            per_kit = component.get("per_kit") or self._per_kit(line["item"], component["item"])
            component["quantity"] = per_kit * number(line["quantity"])
            component["location"] = line.get("location")

    def _per_kit(self, kit: object, item: object) -> Decimal:
        return number(
            self._store.value("SELECT quantity FROM itemmember WHERE parentitem = ? AND item = ?", (kit, item))
        )

    def _price_all(self, document: Document, draft: Draft, mentioned: list[dict[str, Any]], customer: Row) -> None:
        places = self._sourcing.places(document.header["currency"])
        for line, sent in zip(mentioned, draft.lines("item"), strict=True):
            is_new = line.get("uniquekey") is None
            if is_new or _PRICED & sent.values.keys():
                self._price(document, line, sent, customer, places)

    def _price(self, document: Document, line: dict[str, Any], sent: Line, customer: Row, places: int) -> None:
        item = self._store.row("SELECT * FROM item WHERE id = ?", (line["item"],))
        assert item is not None
        quantity = number(line["quantity"])
        if item["itemtype"] in _NO_AMOUNT:
            line |= {"foreignamount": Decimal(0), "price": None, "rate": None}
            return
        level = sent.get("price") if sent.has("price") else line.get("price") if line.get("uniquekey") else None
        amount = -number(sent.get("foreignamount")) if sent.get("foreignamount") is not None else None
        if level == CUSTOM:
            self._custom(line, sent, amount, quantity)
        else:
            self._by_level(document, line, sent, item, customer, level, amount)
        rate = number(line.get("rate"))
        line["foreignamount"] = money(amount if amount is not None else rate * quantity, places)

    def _custom(self, line: dict[str, Any], sent: Line, amount: Decimal | None, quantity: Decimal) -> None:
        line["price"] = CUSTOM
        if sent.get("rate") is not None:
            line["rate"] = sent.get("rate")
        elif amount is not None:
            line["rate"] = round(amount / quantity, 8) if quantity else Decimal(0)
        elif line.get("rate") is None:
            raise user_error("Please enter a value for amount.")

    def _by_level(
        self,
        document: Document,
        line: dict[str, Any],
        sent: Line,
        item: Row,
        customer: Row,
        level: int | None,
        amount: Decimal | None,
    ) -> None:
        currency, quantity = document.header["currency"], self._counted(document, line, item)
        if level is None:
            found = self._prices.of(customer, item, currency, quantity)
        else:
            found = self._prices.at_level(item, int(level), currency, quantity)
            known = self._store.value("SELECT isinactive FROM pricelevel WHERE id = ?", (level,))
            if known is None or known == "T":
                raise invalid_value(level, "price", f"{sent.path}.price")
        if found.rate is not None:
            line |= {"price": found.level, "rate": found.rate}
        elif sent.get("rate") is not None or amount is not None:
            self._custom(line, sent, amount, number(line["quantity"]))
        else:
            raise user_error("Please enter a value for amount.")

    def _counted(self, document: Document, line: dict[str, Any], item: Row) -> Decimal:
        """What quantity decides the bracket (``overallQuantityPricingType``)."""
        own = abs(number(line["quantity"]))
        if item["overallquantitypricingtype"] == "BYOVERALLITEMQUANTITY":
            return sum(
                (abs(number(other["quantity"])) for other in document.lines if other["item"] == line["item"]),
                Decimal(0),
            )
        return own
