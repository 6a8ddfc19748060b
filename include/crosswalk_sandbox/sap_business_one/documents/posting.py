"""Storing a new document with all that follows: base lines, stock, balances, invoices that are credited."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal
from typing import TYPE_CHECKING

from crosswalk_sandbox.sap_business_one.desk import exact
from crosswalk_sandbox.sap_business_one.documents.balances import book, check_notification, rebalance
from crosswalk_sandbox.sap_business_one.documents.copying import Source, take
from crosswalk_sandbox.sap_business_one.documents.stock import check_numbers, move, recommit
from crosswalk_sandbox.sap_business_one.documents.totals import open_total
from crosswalk_sandbox.sap_business_one.documents.values import CLOSED, OPEN, ZERO, rounded

if TYPE_CHECKING:
    from crosswalk_sandbox.sap_business_one.desk import Desk, Row
    from crosswalk_sandbox.sap_business_one.documents.drafting import Drafted
    from crosswalk_sandbox.sap_business_one.documents.kinds import Kind


def post(drafted: Drafted, desk: Desk) -> Row:
    """Store the document; returns it as kept."""
    trade, document = drafted.trade, drafted.document
    kind = trade.kind
    check_notification(desk, trade.partner, document)
    check_numbers(desk, kind, document)
    move(desk, kind, document)
    number(desk, kind.entity_set, document)
    take_from_bases(desk, document, drafted.sources)
    _settle_own(document, kind)
    if kind.entity_set == "CreditNotes":
        _credit(desk, document, drafted.sources)
    kept = desk.save(kind.entity_set, document)
    recommit(desk, kind, None, kept)
    rebalance(desk, kind, None, kept)
    book(desk, kind, kept)
    return kept


def number(desk: Desk, entity_set: str, document: Row) -> None:
    """Give a document its DocEntry and, unless it came with one, its DocNum of the series (SAP Business One §4)."""
    document["DocEntry"] = desk.next_entry(entity_set)
    if document.get("DocNum") is None:
        series = document.get("Series")
        document["DocNum"] = desk.next_number(entity_set, None if series is None else int(series))
    for line in document["DocumentLines"]:
        line["DocEntry"] = document["DocEntry"]


def take_from_bases(desk: Desk, document: Row, sources: list[Source], *, back: bool = False) -> None:
    """Lessen what is open of the bases, close what is done, and let commitment and balances follow."""
    bases: dict[tuple[str, int], list[Source]] = {}
    for source in sources:
        bases.setdefault((source.kind.entity_set, int(source.document["DocEntry"])), []).append(source)
    for (entity_set, _), found in bases.items():
        kind, shared = found[0].kind, found[0].document
        before = deepcopy(shared)
        for source in found:
            quantity = exact(document["DocumentLines"][source.place]["Quantity"])
            line = next(row for row in shared["DocumentLines"] if row["LineNum"] == source.line["LineNum"])
            take(Source(kind, shared, line, source.place), -quantity if back else quantity)
        desk.save(entity_set, shared)
        recommit(desk, kind, before, shared)
        rebalance(desk, kind, before, shared)


def pay(document: Row, amount: Decimal) -> None:
    """Let an invoice be paid by an amount of the company's currency, in place; paid in full it is closed (§15)."""
    document["PaidToDate"] = exact(document.get("PaidToDate")) + amount
    whole, foreign = exact(document.get("DocTotal")), exact(document.get("DocTotalFc"))
    if foreign and whole:
        document["PaidToDateFC"] = rounded(foreign * document["PaidToDate"] / whole, 2)
    is_paid = document["PaidToDate"] >= whole
    document["DocumentStatus"] = CLOSED if is_paid else OPEN
    for line in document["DocumentLines"]:
        line["LineStatus"] = CLOSED if is_paid or not exact(line.get("RemainingOpenQuantity")) else OPEN


def _settle_own(document: Row, kind: Kind) -> None:
    """An invoice over nothing is paid."""
    if kind.debt and exact(document.get("DocTotal")) == 0:
        pay(document, ZERO)


def _credit(desk: Desk, document: Row, sources: list[Source]) -> None:
    """A credit note made from an invoice is reconciled with it."""
    entries = {int(source.document["DocEntry"]) for source in sources if source.kind.entity_set == "Invoices"}
    for entry in sorted(entries):
        invoice = desk.read("Invoices", entry)
        assert invoice is not None
        amount = min(open_total(invoice), open_total(document))
        pay(invoice, amount)
        pay(document, amount)
        desk.save("Invoices", invoice, stamped=desk.options.payment_moves_stamp)
