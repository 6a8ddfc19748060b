"""Approval templates: which of them a document sets off (SAP Business One §16)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from crosswalk_sandbox.sap_business_one.desk import exact
from crosswalk_sandbox.sap_business_one.documents.balances import over_commitment, over_credit
from crosswalk_sandbox.sap_business_one.documents.values import YES, ZERO, is_yes

if TYPE_CHECKING:
    from crosswalk_sandbox.sap_business_one.desk import Desk, Row
    from crosswalk_sandbox.sap_business_one.documents.kinds import Kind
    from crosswalk_sandbox.sap_business_one.documents.trade import Trade

BUILT_IN: Final = 0
"""Code of the procedure that an option of the company puts up."""
_COMPARES: Final[dict[str, Callable[[Decimal, Decimal], bool]]] = {
    "opcodeGreaterThan": lambda value, limit: value > limit,
    "opcodeGreaterOrEqual": lambda value, limit: value >= limit,
    "opcodeLessThan": lambda value, limit: value < limit,
    "opcodeLessOrEqual": lambda value, limit: value <= limit,
    "opcodeEqual": lambda value, limit: value == limit,
    "opcodeDoesNotEqual": lambda value, limit: value != limit,
}
_HEADER: Final[dict[str, Callable[[Trade], Decimal]]] = {
    "atctDeviationFromCreditLine": lambda trade: over_credit(trade.desk, trade.partner, trade.header),
    "atctDeviationFromObligo": lambda trade: over_commitment(trade.desk, trade.partner, trade.header),
    "atctDiscountPercent": lambda trade: exact(trade.header.get("DiscountPercent")),
    "atctTotalDocument": lambda trade: exact(trade.header.get("DocTotal")),
}
_LINES: Final = {"atctQuantity": "Quantity", "atctTotalLine": "LineTotal"}


def matching(trade: Trade, *, updating: bool = False) -> list[Row]:
    """Active templates that the document sets off, lowest code first."""
    found = [row for row in _templates(trade.desk, trade.kind) if _counts(row, updating=updating)]
    return [
        row for row in found if _is_for(row, trade.kind, user_key(trade.desk, trade.desk.user)) and _fires(row, trade)
    ]


def user_key(desk: Desk, code: str) -> int | None:
    """``InternalKey`` of a user."""
    found = desk.find("Users", UserCode=code)
    return int(found[0]["InternalKey"]) if found else None


def _templates(desk: Desk, kind: Kind) -> list[Row]:
    """The company's templates, and those that its options stand for."""
    told: list[Row] = []
    if desk.options.approval and kind.entity_set == "Orders":
        told.append(_built_in("atctTotalDocument", "opcodeGreaterThan", str(desk.options.approval_above)))
        if not desk.options.approval_above:
            told[-1]["UseTerms"] = "tNO"
    if desk.options.credit == "approval" and kind.entity_set == "Orders":
        told.append(_built_in("atctDeviationFromCreditLine", "opcodeGreaterThan", "0"))
    return told + desk.find("ApprovalTemplates")


def _built_in(condition: str, operation: str, value: str) -> Row:
    return {
        "Code": BUILT_IN, "Name": "Sales orders", "IsActive": YES, "UseTerms": YES,
        "ApprovalTemplateDocuments": [{"DocumentType": "atdtOrder"}],
        "ApprovalTemplateTerms": [{"ConditionType": condition, "OperationType": operation, "Value": value}],
    }  # fmt: skip


def _counts(row: Row, *, updating: bool) -> bool:
    return is_yes(row.get("IsActive")) and (not updating or is_yes(row.get("IsActiveWhenUpdatingDocuments")))


def _is_for(row: Row, kind: Kind, user: int | None) -> bool:
    documents = {each.get("DocumentType") for each in row.get("ApprovalTemplateDocuments") or []}
    users = [each.get("UserID") for each in row.get("ApprovalTemplateUsers") or []]
    return kind.template in documents and (not users or user in users)


def _fires(row: Row, trade: Trade) -> bool:
    """Without terms always; with terms where one of them holds."""
    terms = row.get("ApprovalTemplateTerms") or []
    return not is_yes(row.get("UseTerms")) or any(_holds(term, trade) for term in terms)


def _holds(term: Row, trade: Trade) -> bool:
    condition, operation, told = (str(term.get(name)) for name in ("ConditionType", "OperationType", "Value"))
    lines = trade.header["DocumentLines"]
    if condition == "atctItemCode":
        codes = {str(line.get("ItemCode")) for line in lines}
        return (told in codes) == (operation != "opcodeDoesNotEqual")
    if condition in _LINES:
        return any(_compares(operation, exact(line.get(_LINES[condition])), told) for line in lines)
    value = _HEADER[condition](trade) if condition in _HEADER else None
    if value is None or (condition.startswith("atctDeviation") and value <= ZERO):
        return False
    return _compares(operation, value, told)


def _compares(operation: str, value: Decimal, told: str) -> bool:
    """A range is written ``100;200``."""
    if operation in ("opcodeInRange", "opcodeNotInRange"):
        low, _, high = told.partition(";")
        return (exact(low) <= value <= exact(high or low)) == (operation == "opcodeInRange")
    return operation in _COMPARES and _COMPARES[operation](value, exact(told or 0))
