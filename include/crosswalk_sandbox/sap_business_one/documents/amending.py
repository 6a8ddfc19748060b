"""PATCH of a document: what may still be changed, and how lines are found (SAP Business One §6)."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

from crosswalk_sandbox.sap_business_one.documents.balances import rebalance
from crosswalk_sandbox.sap_business_one.documents.closing import is_closed
from crosswalk_sandbox.sap_business_one.documents.copying import settle_status
from crosswalk_sandbox.sap_business_one.documents.currencies import settle_currency
from crosswalk_sandbox.sap_business_one.documents.dates import check_days
from crosswalk_sandbox.sap_business_one.documents.freight import compose_expense
from crosswalk_sandbox.sap_business_one.documents.line_merge import merge_lines, same
from crosswalk_sandbox.sap_business_one.documents.partners import take_defaults
from crosswalk_sandbox.sap_business_one.documents.stock import recommit
from crosswalk_sandbox.sap_business_one.documents.totals import total
from crosswalk_sandbox.sap_business_one.documents.trade import Trade
from crosswalk_sandbox.sap_business_one.errors import locked_field

if TYPE_CHECKING:
    from crosswalk_sandbox.sap_business_one.desk import Desk, Row
    from crosswalk_sandbox.sap_business_one.documents.kinds import Kind

_COLUMNS: Final = {
    "CardCode": "CardCode", "DocDate": "DocDate", "DocCurrency": "DocCur", "DocRate": "DocRate", "Series": "Series",
    "DocNum": "DocNum", "DocType": "DocType", "HandWritten": "Handwrtten",
}  # fmt: skip
"""Locked from the beginning."""
_POSTED: Final = {
    "DiscountPercent": "DiscPrcnt", "TaxDate": "TaxDate", "DocTotal": "DocTotal", "ShipToCode": "ShipToCode",
    "PayToCode": "PayToCode", "Rounding": "Rounding", "BPL_IDAssignedToInvoice": "BPLId",
}  # fmt: skip
"""Locked where the document has moved stock or money."""
_COMPUTED: Final = frozenset({"DocTotal", "DocTotalFc", "VatSum", "VatSumFc", "TotalDiscount", "PaidToDate", "DocumentStatus",
                              "Cancelled", "CancelStatus", "DocEntry", "DocObjectCode", "DocumentLines",
                              "DocumentAdditionalExpenses", "AddressExtension"})  # fmt: skip
_FREE_ON_CLOSED: Final = frozenset({"Comments", "OpeningRemarks", "ClosingRemarks"})


def amended(kind: Kind, document: Row, changes: Mapping[str, Any], desk: Desk, *, replace: bool) -> Row:
    """The document with the changes, worked out anew; nothing is stored. Raises for what may not change."""
    after = deepcopy(document)
    trade = Trade(desk, kind, _partner(desk, document), after)
    _check_header(trade, document, changes)
    after |= {name: value for name, value in changes.items() if name not in _COMPUTED and name not in _COLUMNS}
    if changes.get("AddressExtension"):
        after["AddressExtension"] = (after.get("AddressExtension") or {}) | changes["AddressExtension"]
    if is_closed(document):
        merge_lines(trade, changes, replace=replace)
        return after
    _follow(trade, changes)
    merge_lines(trade, changes, replace=replace)
    if "DocumentAdditionalExpenses" in changes:
        _merge_freight(trade, changes["DocumentAdditionalExpenses"] or [], replace=replace)
    total(trade)
    if not kind.debt:
        settle_status(after)
    return after


def store(kind: Kind, document: Row, after: Row, desk: Desk) -> Row:
    """Save the changed document and let stock and balances follow."""
    kept = desk.save(kind.entity_set, after)
    recommit(desk, kind, document, kept)
    rebalance(desk, kind, document, kept)
    return kept


def _partner(desk: Desk, document: Row) -> Row:
    found = desk.read("BusinessPartners", str(document["CardCode"]))
    assert found is not None
    return found


def _check_header(trade: Trade, document: Row, changes: Mapping[str, Any]) -> None:
    """Locked fields may be sent as they are, and nothing else; a closed document takes remarks and user fields (§6)."""
    locked = _COLUMNS if trade.kind.is_planned else _COLUMNS | _POSTED
    kept = {**trade.desk.defaults("Document"), **document}
    for name, column in locked.items():
        if name in changes and not same(changes[name], kept.get(name)):
            raise locked_field(trade.column(column))
    if not is_closed(document):
        return
    for name, value in changes.items():
        if name in _FREE_ON_CLOSED or name in _COMPUTED or name.startswith("U_"):
            continue
        if not same(value, kept.get(name)):
            raise locked_field(trade.column(name))


def _follow(trade: Trade, changes: Mapping[str, Any]) -> None:
    """What hangs on other header fields: addresses, terms, dates."""
    header = trade.header
    for code, text in (("ShipToCode", "Address2"), ("PayToCode", "Address")):
        if code in changes and text not in changes:
            header.pop(text, None)
            prefix = code.removesuffix("Code").replace("PayTo", "BillTo")
            extension = header.get("AddressExtension") or {}
            header["AddressExtension"] = {
                name: value for name, value in extension.items() if not name.startswith(prefix)
            }
    take_defaults(trade)
    if "DocDueDate" in changes:
        check_days(trade)
    if header.get("DocRate") is None:
        settle_currency(trade, header)


def _merge_freight(trade: Trade, sent: list[Row], *, replace: bool) -> None:
    rows = [] if replace else list(trade.header.get("DocumentAdditionalExpenses") or [])
    for each in sent:
        place = next((at for at, row in enumerate(rows) if row.get("LineNum") == each.get("LineNum")), None)
        if place is None:
            rows.append(compose_expense(trade, each, max((int(row["LineNum"]) for row in rows), default=-1) + 1))
        else:
            rows[place] = compose_expense(trade, rows[place] | each, int(rows[place]["LineNum"]))
    trade.header["DocumentAdditionalExpenses"] = rows
