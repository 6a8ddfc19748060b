"""The kinds of sales documents: what they may be made from, what they do to stock and debts (SAP Business One §8, §15)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from crosswalk_sandbox.sap_business_one.errors import generic

if TYPE_CHECKING:
    from crosswalk_sandbox.sap_business_one.desk import Row


@dataclass(frozen=True, slots=True)
class Kind:
    """One entity set of type Document."""

    entity_set: str
    code: int
    """Object code, as in ``BaseType``."""
    object_name: str
    """The same as enum member, as in ``DocObjectCode``."""
    table: str
    lines: str
    """Database names, which stand in front of refusals."""
    bases: frozenset[int]
    """Codes of the kinds it may be copied from."""
    template: str
    """Member of ApprovalTemplatesDocumentTypeEnum."""
    title: str
    commits: bool = False
    """Its open quantities are committed in the warehouse."""
    moves: int = 0
    """What a line does to the stock: 1 in, -1 out."""
    debt: int = 0
    """What it does to the partner's balance: 1 owes more, -1 owes less."""
    is_planned: bool = False
    """Nothing is posted: it is cancelled in place, and leads may have it."""

    @property
    def open_balance(self) -> str | None:
        """The partner's property that counts what is open of it."""
        return {"Orders": "OpenOrdersBalance", "DeliveryNotes": "OpenDeliveryNotesBalance"}.get(self.entity_set)


_ALL: Final = (
    Kind("Quotations", 23, "oQuotations", "OQUT", "QUT1", frozenset(), "atdtQuotation", "Sales Quotations",
         is_planned=True),
    Kind("Orders", 17, "oOrders", "ORDR", "RDR1", frozenset({23}), "atdtOrder", "Sales Orders", commits=True,
         is_planned=True),
    Kind("DeliveryNotes", 15, "oDeliveryNotes", "ODLN", "DLN1", frozenset({23, 17}), "atdtDelivery", "Deliveries", moves=-1),
    Kind("ReturnRequest", 234000031, "oReturnRequest", "ORRR", "RRR1", frozenset({15, 13}), "atdtReturnRequest", "Return Requests",
         is_planned=True),
    Kind("Returns", 16, "oReturns", "ORDN", "RDN1", frozenset({15, 234000031}), "atdtReturns", "Returns", moves=1),
    Kind("Invoices", 13, "oInvoices", "OINV", "INV1", frozenset({23, 17, 15}), "atdtArInvoice", "A/R Invoices", moves=-1, debt=1),
    Kind("CreditNotes", 14, "oCreditNotes", "ORIN", "RIN1", frozenset({13, 16, 234000031}), "atdtArCreditMemo", "A/R Credit Memos", moves=1,
         debt=-1),
    Kind("DownPayments", 203, "oDownPayments", "ODPI", "DPI1", frozenset({23, 17}), "atdtArDownPayment", "A/R Down Payments",
         debt=1),
)  # fmt: skip

KINDS: Final = {kind.entity_set: kind for kind in _ALL}
BY_CODE: Final = {kind.code: kind for kind in _ALL}
_BY_NAME: Final = {kind.object_name: kind for kind in _ALL}


def kind_of_draft(draft: Row) -> Kind:
    """What a draft is to become, by number or enum member; a draft must say it (§15, §16)."""
    told = str(draft.get("DocObjectCode"))
    found = _BY_NAME.get(told) or (BY_CODE.get(int(told)) if told.isdigit() else None)
    if found is None:
        raise generic("Value of property 'DocObjectCode' of 'Document' is invalid")
    return found
