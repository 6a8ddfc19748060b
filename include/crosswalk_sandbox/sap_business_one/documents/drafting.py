"""A new document from what was sent: header, lines, freight, totals. Nothing is stored here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from crosswalk_sandbox.sap_business_one.desk import exact
from crosswalk_sandbox.sap_business_one.documents.copying import Source, with_bases
from crosswalk_sandbox.sap_business_one.documents.currencies import settle_currency
from crosswalk_sandbox.sap_business_one.documents.dates import check_days, due_day
from crosswalk_sandbox.sap_business_one.documents.freight import compose_expense
from crosswalk_sandbox.sap_business_one.documents.kits import KIT, PART, parts_of
from crosswalk_sandbox.sap_business_one.documents.lines import compose_line
from crosswalk_sandbox.sap_business_one.documents.partners import check_partner, take_defaults, terms_of
from crosswalk_sandbox.sap_business_one.documents.totals import total
from crosswalk_sandbox.sap_business_one.documents.trade import Trade
from crosswalk_sandbox.sap_business_one.documents.values import NO, OPEN, is_given, is_yes
from crosswalk_sandbox.sap_business_one.errors import LOGIC, Refusal, business, exists, no_match
from crosswalk_sandbox.sap_business_one.moments import day, shown_day

if TYPE_CHECKING:
    from crosswalk_sandbox.sap_business_one.desk import Desk, Row
    from crosswalk_sandbox.sap_business_one.documents.kinds import Kind

_SETTLED: Final = frozenset({
    "DocEntry", "DocumentLines", "DocumentAdditionalExpenses", "DocTotal", "DocTotalFc", "DocTotalSys", "VatSum", "VatSumFc",
    "TotalDiscount", "TotalDiscountFC", "PaidToDate", "PaidToDateFC", "DocumentStatus", "Cancelled", "CancelStatus",
    "AuthorizationStatus", "CreationDate", "UpdateDate", "UpdateTime", "DocTime", "DataVersion", "DocObjectCode",
})  # fmt: skip
_AT_POSTING: Final = frozenset({"DeliveryNotes", "Returns", "CreditNotes"})
_BY_TERMS: Final = frozenset({"Invoices", "DownPayments"})


@dataclass(frozen=True, slots=True)
class Drafted:
    """A document that may be posted, with the base lines it is made from (``place`` counts its lines)."""

    trade: Trade
    sources: list[Source] = field(default_factory=list)

    @property
    def document(self) -> Row:
        """The document, without DocEntry and DocNum."""
        return self.trade.header


def draft(kind: Kind, payload: Mapping[str, object], desk: Desk, *, is_draft: bool = False) -> Drafted:
    """Work a document out. A draft may lack its due date, and its dates are not checked (§16)."""
    sent = {name: value for name, value in payload.items() if value is not None}
    lines: list[Row] = sent.get("DocumentLines") or []
    if not lines:
        raise business(f"Document must have at least one row  [{kind.table}]")
    lines, sources = with_bases(desk, kind, lines)
    trade = _opened(kind, sent, desk, sources)
    header = trade.header
    check_partner(trade)
    take_defaults(trade)
    _settle_due(trade)
    if not is_draft:
        check_days(trade)
    settle_currency(trade, sent)
    _check_header(trade)
    header["DocumentLines"], places = _lines(trade, lines)
    expenses: list[Row] = sent.get("DocumentAdditionalExpenses") or []
    if expenses:
        header["DocumentAdditionalExpenses"] = [
            compose_expense(trade, row, place) for place, row in enumerate(expenses)
        ]
    total(trade)
    _follow_total(trade, sent)
    moved = [Source(each.kind, each.document, each.line, places[each.place]) for each in sources]
    return Drafted(trade, moved)


def _opened(kind: Kind, sent: Row, desk: Desk, sources: list[Source]) -> Trade:
    """Partner and first header; the partner of a base is the target's."""
    header = {name: value for name, value in sent.items() if name not in _SETTLED}
    bases = [each.document for each in sources]
    if not is_given(header, "CardCode"):
        if not bases:
            raise business(f"Enter business partner code  [{kind.table}.CardCode]")
        header["CardCode"] = bases[0]["CardCode"]
    if any(base["CardCode"] != header["CardCode"] for base in bases):
        raise business("Base document card and target document card do not match.")
    partner = desk.read("BusinessPartners", str(header["CardCode"]))
    if partner is None:
        told = no_match(f"{kind.table}.CardCode")
        raise Refusal(desk.options.missing_reference_status, told.code, told.message)
    if bases and not is_given(header, "DocCurrency"):
        header["DocCurrency"] = bases[0].get("DocCurrency")
    header.setdefault("DocDate", shown_day(desk.today()))
    header.setdefault("TaxDate", header["DocDate"])
    header.setdefault("DocType", "dDocument_Items")
    header.setdefault("JournalMemo", f"{kind.title} - {partner['CardCode']}")
    header |= {"DocumentStatus": OPEN, "DocObjectCode": kind.object_name, "DocTime": desk.now().strftime("%H:%M:00")}
    return Trade(desk, kind, partner, header)


def _settle_due(trade: Trade) -> None:
    """Invoices fall due by their terms; deliveries are of the day; orders and quotations must say it (§15)."""
    header = trade.header
    if is_given(header, "DocDueDate"):
        return
    if trade.kind.entity_set in _AT_POSTING:
        header["DocDueDate"] = header["DocDate"]
    elif trade.kind.entity_set in _BY_TERMS:
        due = due_day(terms_of(trade), trade.posting_day, day(header["TaxDate"]), trade.desk.today())
        header["DocDueDate"] = shown_day(max(due, trade.posting_day))


def _check_header(trade: Trade) -> None:
    header, desk = trade.header, trade.desk
    if desk.options.multi_branch and not is_given(header, "BPL_IDAssignedToInvoice"):
        raise Refusal(400, LOGIC, f"Specify an active branch  [{trade.column('BPLId')}]")
    if is_yes(header.get("HandWritten", NO)):
        if not is_given(header, "DocNum"):
            raise business(f"Enter document number  [{trade.column('DocNum')}]")
        if desk.find(trade.kind.entity_set, DocNum=int(exact(header["DocNum"]))):
            raise exists()
    else:
        header.pop("DocNum", None)


def _lines(trade: Trade, sents: list[Row]) -> tuple[list[Row], list[int]]:
    """Numbered lines, kits with their components; and at which line each sent one came to stand."""
    rows: list[Row] = []
    places: list[int] = []
    kit = -1
    for place, sent in enumerate(sents):
        row = compose_line(trade, sent, place)
        places.append(len(rows))
        if sent.get("TreeType") == PART and is_given(sent, "BaseEntry"):
            row |= {"TreeType": PART, "ParentLineNum": kit}
        elif row.get("TreeType") == KIT:
            kit = len(rows)
        rows.append(row)
        if row.get("TreeType") == KIT and not is_given(sent, "BaseEntry"):
            rows += [part | {"ParentLineNum": kit} for part in parts_of(trade, row, place)]
    for number, row in enumerate(rows):
        row |= {"LineNum": number, "VisualOrder": number}
    return rows, places


def _follow_total(trade: Trade, sent: Row) -> None:
    """A total that was sent and is another: the header's discount is worked out backwards (§17)."""
    if not is_given(sent, "DocTotal") or not trade.desk.options.total_sets_discount:
        return
    reached = exact(trade.header["DocTotal"])
    wanted = exact(sent["DocTotal"])
    if wanted == reached or not reached:
        return
    freight = sum(
        (exact(row.get("LineGross")) for row in trade.header.get("DocumentAdditionalExpenses") or []), start=exact(0)
    )
    kept = trade.kept_share * (wanted - freight) / (reached - freight)
    trade.header["DiscountPercent"] = trade.percent((1 - kept) * 100)
    total(trade)
