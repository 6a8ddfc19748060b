"""Lines of the demo company's documents, from facts to rows; written so that tens of millions can be made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, Final

from crosswalk_sandbox.company import ids
from crosswalk_sandbox.netsuite.seed.batch import amount, flag
from crosswalk_sandbox.netsuite.seed.goods import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crosswalk_sandbox.company.model import Company, DocumentLine, Order, OrderLine, Product, Shipment

COLUMNS: Final = (
    "uniquekey transaction id linesequencenumber mainline taxline iscogs item itemtype itemsubtype entity quantity rate price"
    " foreignamount netamount location subsidiary createdfrom quantityshiprecv quantitybilled quantitypicked quantitypacked"
    " quantitycommitted isclosed isfullyshipped kitcomponent kitmemberof memo linelastmodifieddate taxcode taxrate1 taxamount"
    " grossamt orderline orderdoc fulfillable itemreceive"
)
Number = float | int | None
_CENT: Final = Decimal("0.01")
_NOTHING: Final = Decimal(0)


@dataclass(slots=True)
class Head:
    """What all rows of one document share; ``lines`` are its item lines."""

    id: int
    order: Order
    kind: str
    customer: int
    modified: str
    createdfrom: int | None
    lines: list[Line]


@dataclass(slots=True)
class Line:
    """One item line: business signs, amounts as facts, everything else as columns take it."""

    id: int
    position: int | None
    item: int
    kind: str
    subtype: str | None
    quantity: Decimal
    rate: Number
    amount: Decimal | None
    location: int
    fulfillable: str
    memo: str | None
    price: int | None = None
    shipped: Number = None
    billed: Number = None
    picked: Number = None
    committed: Number = None
    closed: str = "F"
    fully: str | None = None
    component: str = "F"
    kit: int | None = None
    tax_code: int | None = None
    tax_rate: Number = None
    tax: Number = None
    gross: Number = None
    order_line: int | None = None
    order: int | None = None
    received: str | None = None

    def facts(self) -> dict[str, Any]:
        """What an order's status is told from."""
        return {"itemtype": self.kind, "fulfillable": self.fulfillable, "isclosed": self.closed, "quantity": self.quantity,
                "quantityshiprecv": self.shipped, "quantitybilled": self.billed, "foreignamount": self.amount}  # fmt: skip


class Lines:
    """Makes lines and their rows; numbers the rows."""

    def __init__(self, company: Company, products: Mapping[int, Product]) -> None:
        self._products = products
        self._rates = {code.sequence: code.rate for code in company.tax_codes}
        self._shares = {code: rate / 100 for code, rate in self._rates.items()}
        self._shown = {code: amount(rate) for code, rate in self._rates.items()}
        self.last = 0

    def of_order(self, order: Order) -> list[Line]:
        """An order's lines, kits followed by their components."""
        found: list[Line] = []
        closed, waits = flag(order.status == "closed"), order.status in ("open", "partially_shipped")
        for line in order.lines:
            product = self._products[line.product]
            made = self._line(len(found) + 1, product, line.quantity, line.rate, line.amount, line.location)
            made.position, made.memo, made.closed = line.position, line.description, closed
            made.price = line.level if line.level is not None else -1
            made.shipped = made.picked = amount(line.shipped)
            made.billed = amount(line.billed)
            made.fully = flag(line.shipped >= line.quantity)
            if waits and made.kind == "InvtPart":
                made.committed = amount(line.quantity - line.shipped)
            self._tax(made, line.tax_code, line.amount)
            found.append(made)
            if product.members:
                self._components(found, product, made.id, line)
        return found

    def following(self, parent: Head, lines: Iterable[DocumentLine], placed: dict[int, Line]) -> list[Line]:
        """Lines of a shipment or invoice (those with amounts), each behind its order's line."""
        found: list[Line] = []
        for line in lines:
            source = placed[line.position]
            product = self._products[line.product]
            made = self._line(len(found) + 1, product, line.quantity, line.rate, line.amount, line.location)
            made.memo, made.order_line, made.order, made.received = source.memo, source.id, parent.id, "T"
            if line.amount is not None and source.tax_code is not None:
                made.price = source.price
                self._tax(made, source.tax_code, line.amount)
            found.append(made)
        return found

    def taxes(self, lines: Iterable[OrderLine], total: Decimal) -> dict[int, Decimal]:
        """Tax lines by code; they add up to the document's tax to the cent."""
        bases: dict[int, Decimal] = {}
        for line in lines:
            bases[line.tax_code] = bases.get(line.tax_code, _NOTHING) + line.amount * self._rates[line.tax_code]
        if len(bases) == 1:
            return dict.fromkeys(bases, total)
        whole = sum(bases.values(), _NOTHING)
        taxes = {code: _money(total * base / whole) if whole else _NOTHING for code, base in bases.items()}
        if taxes:
            first = next(iter(taxes))
            taxes[first] += total - sum(taxes.values(), _NOTHING)
        return taxes

    def rows(
        self,
        head: Head,
        total: Decimal | None,
        shipping: Decimal,
        taxes: Mapping[int, Decimal],
        shipment: Shipment | None = None,
    ) -> Iterator[tuple[object, ...]]:
        """All rows of a document: main line, items, shipping, taxes, cost of goods sold."""
        memo = head.order.memo if head.kind == "SalesOrd" else None
        yield self._bare(head, 0, 0, "T", "F", "F", None, None, None if total is None else -total, memo, None, None)
        for line in head.lines:
            yield self._item(head, line)
        place = len(head.lines)
        if shipping:
            place += 1
            yield self._bare(head, place, place, "F", "F", "F", None, "ShipItem", shipping, None, None, None)
        for code, tax in taxes.items():
            place += 1
            yield self._bare(head, place, place, "F", "T", "F", None, "TaxItem", tax, None, code, None)
        for order_line, item, cost in self._costs(shipment) if shipment is not None else ():
            place += 1
            yield self._bare(head, place, place, "F", "F", "T", item, "InvtPart", -cost, None, None, order_line)

    def _line(
        self,
        ident: int,
        product: Product,
        quantity: Decimal,
        rate: Decimal | None,
        total: Decimal | None,
        location: int,
    ) -> Line:
        kind, subtype = KINDS[product.kind]
        item, memo = ids.netsuite_item_id(product.sequence), product.erp.description if product.erp else None
        ships = "F" if kind == "Service" else "T"
        return Line(ident, None, item, kind, subtype, quantity, amount(rate), total, location, ships, memo)

    def _components(self, found: list[Line], product: Product, kit: int, line: OrderLine) -> None:
        for member in product.members:
            part = self._products.get(member.product)
            if part is not None:
                made = self._line(len(found) + 1, part, member.quantity * line.quantity, None, None, line.location)
                made.component, made.kit, made.shipped = "T", kit, amount(member.quantity * line.shipped)
                found.append(made)

    def _tax(self, made: Line, code: int, total: Decimal) -> None:
        tax = _money(total * self._shares[code])
        made.tax_code, made.tax_rate, made.tax, made.gross = code, self._shown[code], amount(tax), amount(total + tax)

    def _costs(self, shipment: Shipment) -> Iterator[tuple[int, int, Decimal]]:
        """Cost of goods sold: place, item and cost of each stocked product that was shipped."""
        for place, line in enumerate(shipment.lines, 1):
            product = self._products[line.product]
            if product.kind == "inventory" and product.erp is not None:
                yield place, ids.netsuite_item_id(line.product), _money(product.erp.cost * line.quantity)

    def _item(self, head: Head, line: Line) -> tuple[object, ...]:
        self.last += 1
        foreign, net = _signed(line.amount, head.order.exchange_rate)
        return (
            self.last, head.id, line.id, line.id, "F", "F", "F", line.item, line.kind, line.subtype, head.customer,
            amount(-line.quantity), line.rate, line.price, foreign, net, line.location, head.order.subsidiary,
            head.createdfrom, line.shipped, line.billed, line.picked, line.picked, line.committed, line.closed, line.fully,
            line.component, line.kit, line.memo, head.modified, line.tax_code, line.tax_rate, line.tax, line.gross,
            line.order_line, line.order, line.fulfillable, line.received,
        )  # fmt: skip

    def _bare(
        self,
        head: Head,
        ident: int,
        place: int,
        main: str,
        tax: str,
        costs: str,
        item: int | None,
        kind: str | None,
        value: Decimal | None,
        memo: str | None,
        code: int | None,
        order_line: int | None,
    ) -> tuple[object, ...]:
        self.last += 1
        order = head.order
        foreign, net = _signed(value, order.exchange_rate)
        return (
            self.last, head.id, ident, place, main, tax, costs, item, kind, None, head.customer, None, None, None, foreign,
            net, order.location, order.subsidiary, head.createdfrom, None, None, None, None, None, "F", None, "F", None,
            memo, head.modified, code, None, None, None, order_line, None, None, None,
        )  # fmt: skip


def _money(value: Decimal) -> Decimal:
    return value.quantize(_CENT, rounding=ROUND_HALF_UP)


def _signed(value: Decimal | None, rate: Decimal) -> tuple[Number, Number]:
    """An amount as the table has it, in the document's currency and in the subsidiary's own (NetSuite §7)."""
    if value is None:
        return None, None
    foreign = amount(-value)
    return foreign, foreign if rate == 1 else amount(-_money(value * rate))
