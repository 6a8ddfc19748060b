"""Orders of the demo company with deliveries, invoices and payments."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from crosswalk_sandbox.company import ids
from crosswalk_sandbox.company.blocks import ROUND, group_of
from crosswalk_sandbox.company.deals import FIRST_ORDER
from crosswalk_sandbox.sap_business_one.account import Account
from crosswalk_sandbox.sap_business_one.copies import PARCELS_LENGTH

from .facts import Stamps, card_code, day, entry, number, renamed, tax_code, warehouse, worth
from .patterns import OpenNumber, OpenText

if TYPE_CHECKING:
    from crosswalk_sandbox.company.model import Company, Invoice, Order, Payment, Product, Shipment

Row = dict[str, Any]
Made = tuple[str, OpenNumber, Row]
"""Set, DocEntry, row."""
_ORDER: Final = 17
_DELIVERY: Final = 15
_OBJECTS: Final = {
    "Quotations": "oQuotations",
    "Orders": "oOrders",
    "DeliveryNotes": "oDeliveryNotes",
    "Invoices": "oInvoices",
}
_EVERY_QUOTATION: Final = 10
_ZERO: Final = Decimal(0)


class Documents:
    """Makes the documents of orders, and adds up what is open."""

    def __init__(self, account: Account, company: Company) -> None:
        self._account = account
        self._stamps = Stamps(account.options.time_zone)
        self._tax_field = account.options.tax_field
        self._own = account.options.user_fields
        self._local = account.options.local_currency
        self._rates = {one.code: one.rate for one in company.currencies}
        self._taxes = {one.sequence: (tax_code(one), one.rate) for one in company.tax_codes}
        self._terms = {one.sequence: one.days for one in company.terms}
        self._goods: dict[int, Product] = {one.sequence: one for one in company.products()}
        self._names: dict[int, OpenText] = {}
        self._told: tuple[int, Row] = (-1, {})
        self.open: dict[int, list[Decimal]] = {}
        """Party → open orders, deliveries not billed, balance, in local currency."""

    def name(self, party: int, name: str) -> None:
        """Let documents of a party have this CardName."""
        group = group_of(party)
        self._names[party] = OpenText(name, "company", group)

    def of_order(self, order: Order) -> list[Made]:
        """Everything that an order led to."""
        rate = self._rates[order.currency]
        lines, places = self._lines(order, rate)
        made: list[Made] = []
        head = self._head("Orders", order, order.sequence, order.ordered_on, order.created, order.modified)
        head["DocDueDate"] = day(order.ship_on or order.ordered_on)
        self._totals(head, order, order.total, order.tax_total, order.shipping_cost)
        is_open = order.status in ("open", "partially_shipped", "pending_approval")
        number_ = FIRST_ORDER + order.sequence // ids.TRANSACTIONS_PER_ORDER
        head |= {"DocumentLines": lines, "DocNum": OpenNumber(number_, "order")}
        head |= {"DocumentStatus": "bost_Open" if is_open else "bost_Close"}
        head |= {"Confirmed": "tNO" if order.status == "pending_approval" else "tYES"}
        if order.status == "cancelled":
            head |= {"Cancelled": "tYES", "CancelStatus": "csYes"}
        if self._own and order.external_id:
            head["U_CrosswalkKey"] = _key(order.external_id, order.deal)
        made += self._quotation(order, head)
        made.append(("Orders", head["DocEntry"], head))
        left = {
            (shipment.sequence, line.position): line.quantity for shipment in order.shipments for line in shipment.lines
        }
        for shipment in order.shipments:
            made.append(self._delivery(order, shipment, lines, places, rate))
        for invoice in order.invoices:
            made.append(self._invoice(order, invoice, lines, places, rate, left))
        made += [self._payment(order, payment, rate) for payment in order.payments]
        self._note(order, rate, is_open, left)
        return made

    # lines

    def _lines(self, order: Order, rate: Decimal) -> tuple[list[Row], dict[int, list[int]]]:
        """The order's lines, kits with their parts behind them; and which lines each position became."""
        lines: list[Row] = []
        places: dict[int, list[int]] = {}
        over = order.status in ("billed", "closed", "cancelled", "shipped")
        for line in order.lines:
            product = self._goods[line.product]
            code, percent = self._taxes[line.tax_code]
            left = max(line.quantity - max(line.shipped, line.billed), _ZERO)
            row = self._line(
                product, line.quantity, line.rate, line.amount, order, rate, (code, percent), warehouse(line.location)
            )
            row |= {"LineNum": len(lines), "DocEntry": entry(order.sequence), "FreeText": None}
            if line.description and line.description != row.get("ItemDescription"):
                row["ItemDescription"] = line.description[:100]
            closed = over or not left
            row |= {
                "LineStatus": "bost_Close" if closed else "bost_Open",
                "RemainingOpenQuantity": 0.0 if closed else number(left),
            }
            if order.ship_on:
                row["ShipDate"] = day(order.ship_on)
            places[line.position] = [len(lines)]
            lines.append(_bare(row))
            for member in product.members:
                part = self._line(
                    self._goods[member.product],
                    member.quantity * line.quantity,
                    _ZERO,
                    _ZERO,
                    order,
                    rate,
                    (code, percent),
                    warehouse(line.location),
                )
                part |= {
                    "LineNum": len(lines),
                    "DocEntry": entry(order.sequence),
                    "TreeType": "iIngredient",
                    "ParentLineNum": row["LineNum"],
                }
                part |= {
                    "LineStatus": row["LineStatus"],
                    "RemainingOpenQuantity": number(member.quantity * left) if not closed else 0.0,
                }
                places[line.position].append(len(lines))
                lines.append(_bare(part))
        return lines, places

    def _line(
        self, product: Product, quantity: Decimal, price: Decimal, amount: Decimal, order: Order, rate: Decimal,
        tax: tuple[str, Decimal], place: str,
    ) -> Row:  # fmt: skip
        erp = product.erp
        foreign = order.currency != self._local
        return {
            "ItemCode": erp.number if erp else product.sku, "ItemDescription": erp.display_name if erp else product.sku,
            "Quantity": number(quantity), "UnitPrice": number(price), "Price": number(price), "Currency": order.currency,
            "Rate": number(rate) if foreign else None, "LineTotal": worth(amount, rate),
            "RowTotalFC": number(amount) if foreign else None, "PriceAfterVAT": number((price * (1 + tax[1] / 100)).quantize(Decimal("0.01"))),
            "TaxTotal": worth(amount * tax[1] / 100, rate), self._tax_field: tax[0], "TaxPercentagePerRow": number(tax[1]),
            "WarehouseCode": place, "SalesPersonCode": order.sales_rep, "TreeType": "iSalesTree" if product.members else "iNotATree",
        }  # fmt: skip

    def _copied(
        self, source: Row, quantity: Decimal, share: Decimal, base: tuple[int, int, int], place: int, target: int
    ) -> Row:
        """A line of a following document: so much of the order's line."""
        row = {name: value for name, value in source.items() if name not in ("RemainingOpenQuantity", "ShipDate")}
        row |= {"LineNum": place, "DocEntry": target, "Quantity": number(quantity), "LineStatus": "bost_Close"}
        for name in ("LineTotal", "RowTotalFC", "TaxTotal"):
            if name in row:
                row[name] = round(row[name] * float(share), 2)
        row |= {"BaseType": base[0], "BaseEntry": base[1], "BaseLine": base[2]}
        return row

    # documents

    def _head(self, kind: str, order: Order, sequence: int, on: Any, created: Any, modified: Any) -> Row:
        row: Row = {
            "DocEntry": entry(sequence), "DocNum": entry(sequence), "DocType": "dDocument_Items", "DocDate": day(on),
            "DocDueDate": day(on), "TaxDate": day(on), "CardCode": card_code(order.party), "CardName": self._names.get(order.party),
            "DocCurrency": order.currency, "DocRate": number(self._rates[order.currency]), **self._words(order),
            "PaymentGroupCode": order.terms, "SalesPersonCode": order.sales_rep, "Series": 1, "DocObjectCode": _OBJECTS[kind],
            "DocumentStatus": "bost_Close", "Cancelled": "tNO", "CancelStatus": "csNo",
            "AuthorizationStatus": "dasWithout", "PayToCode": "Bill to", "ShipToCode": "Ship to",
            **self._stamps.of_document(created, modified),
        }  # fmt: skip
        return _bare(row)

    def _words(self, order: Order) -> Row:
        """What all documents of an order say alike."""
        if self._told[0] != order.sequence:
            group = group_of(order.party)
            self._told = (
                order.sequence,
                {
                    "NumAtCard": renamed(order.purchase_order, "digits"),
                    "Comments": renamed(order.memo, "memo", group),
                },
            )
        return self._told[1]

    def _totals(self, head: Row, order: Order, total: Decimal, tax: Decimal, freight: Decimal) -> None:
        rate = self._rates[order.currency]
        head |= {"DocTotal": worth(total, rate), "VatSum": worth(tax, rate)}
        if order.currency != self._local:
            head |= {"DocTotalFc": number(total), "VatSumFc": number(tax)}
        if freight:
            code = self._taxes[order.lines[0].tax_code][0] if order.lines else None
            row = {"ExpenseCode": 1, "LineNum": 0, "LineTotal": worth(freight, rate), self._tax_field: code}
            if order.currency != self._local:
                row["LineTotalFC"] = number(freight)
            head["DocumentAdditionalExpenses"] = [_bare(row)]

    def _quotation(self, order: Order, head: Row) -> list[Made]:
        """Some orders followed a quotation, which they closed."""
        if order.deal is None or order.deal % ROUND % _EVERY_QUOTATION:
            return []
        lines = [{**line, "LineStatus": "bost_Close", "RemainingOpenQuantity": 0.0} for line in head["DocumentLines"]]
        for line in head["DocumentLines"]:
            line.update(BaseType=23, BaseEntry=head["DocEntry"], BaseLine=line["LineNum"])
        own = {
            name: value
            for name, value in head.items()
            if name not in ("U_CrosswalkKey", "Cancelled", "CancelStatus", "Confirmed")
        }
        row = {**own, "DocObjectCode": "oQuotations", "DocumentStatus": "bost_Close", "DocumentLines": lines}
        return [("Quotations", head["DocEntry"], row)]

    def _delivery(
        self, order: Order, shipment: Shipment, source: Sequence[Row], places: dict[int, list[int]], rate: Decimal
    ) -> Made:
        head = self._head(
            "DeliveryNotes", order, shipment.sequence, shipment.shipped_on, shipment.created, shipment.modified
        )
        lines: list[Row] = []
        for line in shipment.lines:
            for place in places[line.position]:
                whole = Decimal(str(source[places[line.position][0]]["Quantity"]))
                share = line.quantity / whole if whole else _ZERO
                quantity = Decimal(str(source[place]["Quantity"])) * share
                lines.append(
                    self._copied(
                        source[place],
                        quantity,
                        share,
                        (_ORDER, entry(order.sequence), place),
                        len(lines),
                        head["DocEntry"],
                    )
                )
        total = sum((Decimal(str(line["LineTotal"])) + Decimal(str(line["TaxTotal"])) for line in lines), _ZERO)
        head |= {
            "DocumentLines": lines,
            "DocTotal": number(total),
            "VatSum": round(sum(line["TaxTotal"] for line in lines), 2),
        }
        if order.currency != self._local:
            head["DocTotalFc"] = number((total / rate).quantize(Decimal("0.01")))
        if shipment.tracking_numbers:
            parcels = ", ".join(shipment.tracking_numbers)
            head["TrackingNumber"] = OpenText(parcels[:PARCELS_LENGTH], "parcels", parcels)
        billed = order.status in ("billed", "closed", "cancelled")
        if not billed:
            head["DocumentStatus"] = "bost_Open"
            for one in lines:
                one.update(LineStatus="bost_Open", RemainingOpenQuantity=one["Quantity"])
        return "DeliveryNotes", head["DocEntry"], head

    def _invoice(
        self, order: Order, invoice: Invoice, source: Sequence[Row], places: dict[int, list[int]], rate: Decimal,
        left: dict[tuple[int, int], Decimal],
    ) -> Made:  # fmt: skip
        head = self._head("Invoices", order, invoice.sequence, invoice.invoiced_on, invoice.created, invoice.modified)
        lines: list[Row] = []
        for line in invoice.lines:
            base = self._base(order, line.position, line.quantity, left)
            for place in places[line.position]:
                whole = Decimal(str(source[places[line.position][0]]["Quantity"]))
                share = line.quantity / whole if whole else _ZERO
                quantity = Decimal(str(source[place]["Quantity"])) * share
                named = (
                    (_ORDER, entry(order.sequence), place)
                    if base is None
                    else (_DELIVERY, base[0], base[1] + place - places[line.position][0])
                )
                lines.append(self._copied(source[place], quantity, share, named, len(lines), head["DocEntry"]))
        self._totals(head, order, invoice.total, invoice.tax_total, invoice.shipping_cost)
        paid = invoice.total - invoice.remaining
        head |= {"DocumentLines": lines, "DocDueDate": day(invoice.due_on), "PaidToDate": worth(paid, rate)}
        if order.currency != self._local:
            head["PaidToDateFC"] = number(paid)
        if invoice.status == "open":
            head["DocumentStatus"] = "bost_Open"
            for one in lines:
                one.update(LineStatus="bost_Open", RemainingOpenQuantity=one["Quantity"])
        return "Invoices", head["DocEntry"], head

    def _base(
        self, order: Order, position: int, quantity: Decimal, left: dict[tuple[int, int], Decimal]
    ) -> tuple[int, int] | None:
        """The delivery and its line that an invoice's line bills; None where it bills the order."""
        for shipment in order.shipments:
            name = (shipment.sequence, position)
            if left.get(name, _ZERO) >= quantity:
                left[name] -= quantity
                place = 0
                for line in shipment.lines:
                    if line.position == position:
                        return entry(shipment.sequence), place
                    product = next(one.product for one in order.lines if one.position == line.position)
                    place += 1 + len(self._goods[product].members)
        return None

    def _payment(self, order: Order, payment: Payment, rate: Decimal) -> Made:
        number_, on = entry(payment.sequence), day(payment.paid_on)
        foreign = order.currency != self._local
        applied = [
            _bare({
                "LineNum": place, "DocEntry": entry(sequence), "InvoiceType": "it_Invoice", "InstallmentId": 1,
                "SumApplied": worth(part, rate), "AppliedFC": number(part) if foreign else None,
            })
            for place, (sequence, part) in enumerate(payment.applied)
        ]  # fmt: skip
        row = {
            "DocEntry": number_, "DocNum": number_, "DocType": "rCustomer", "CardCode": card_code(order.party),
            "CardName": self._names.get(order.party), "DocDate": on, "DueDate": on, "TaxDate": on, "DocCurrency": order.currency,
            "DocRate": number(rate), "TransferSum": worth(payment.amount, _ONE if foreign else rate), "TransferAccount": "161000",
            "TransferDate": on, "Series": 1, "Cancelled": "tNO", "PaymentInvoices": applied,
        }  # fmt: skip
        return "IncomingPayments", number_, _bare(row)

    def _note(self, order: Order, rate: Decimal, is_open: bool, left: dict[tuple[int, int], Decimal]) -> None:
        """Add up what is open."""
        sums = self.open.setdefault(order.party, [_ZERO, _ZERO, _ZERO])
        by_position = {line.position: line for line in order.lines}
        if is_open:
            sums[0] += (
                sum(
                    (line.rate * max(line.quantity - max(line.shipped, line.billed), _ZERO) for line in order.lines),
                    _ZERO,
                )
                * rate
            )
            sums[1] += (
                sum((by_position[position].rate * quantity for (_, position), quantity in left.items()), _ZERO) * rate
            )
        sums[2] += sum((invoice.remaining for invoice in order.invoices), _ZERO) * rate


_ONE: Final = Decimal(1)


def _key(key: str, deal: int | None) -> str:
    return key if deal is None else OpenText(key, "deal key", deal)


def _bare(row: Row) -> Row:
    return {name: value for name, value in row.items() if value is not None}
