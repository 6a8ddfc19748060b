"""What documents do to the partner's balances, and the credit limit (SAP Business One §15, §16)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from crosswalk_sandbox.sap_business_one.desk import exact
from crosswalk_sandbox.sap_business_one.documents.totals import open_share
from crosswalk_sandbox.sap_business_one.documents.values import NO, ZERO
from crosswalk_sandbox.sap_business_one.errors import NOTIFICATION, Refusal

if TYPE_CHECKING:
    from crosswalk_sandbox.sap_business_one.desk import Desk, Row
    from crosswalk_sandbox.sap_business_one.documents.kinds import Kind

CREDIT_RULE = 13000316


def rebalance(desk: Desk, kind: Kind, before: Row | None, after: Row | None) -> None:
    """Let the partner's open orders and open deliveries follow a document's change."""
    if kind.open_balance is None:
        return
    change = (open_share(after) if after else ZERO) - (open_share(before) if before else ZERO)
    card = str((after or before or {})["CardCode"])
    if change and kind.entity_set == "Orders":
        desk.move_balance(card, orders=change)
    elif change:
        desk.move_balance(card, deliveries=change)


def book(desk: Desk, kind: Kind, document: Row, *, back: bool = False) -> None:
    """Let the partner owe what an invoice says, or less by what a credit note says; ``back`` undoes it."""
    owed = kind.debt * exact(document.get("DocTotal"))
    if owed:
        desk.move_balance(str(document["CardCode"]), account=-owed if back else owed)


def over_credit(desk: Desk, partner: Row, document: Row) -> Decimal:
    """By how much the document goes over the credit limit; a limit of 0 is none."""
    return _over(desk, partner, document, "CreditLimit")


def over_commitment(desk: Desk, partner: Row, document: Row) -> Decimal:
    """By how much the document goes over the commitment limit: undeposited checks count, open orders do not."""
    return _over(desk, partner, document, "MaxCommitment")


def check_notification(desk: Desk, partner: Row, document: Row) -> None:
    """The company's notification procedure refuses documents over the limit, where it has such a rule."""
    if desk.options.credit != "notification" or over_credit(desk, partner, document) <= 0:
        return
    limit, balance = exact(partner.get("CreditLimit")), exact(partner.get("CurrentAccountBalance"))
    told = f"Credit Limit Exceeded! Current Limit is {limit:,.2f}, Balance Amount is {balance:,.2f}"
    raise Refusal(400, NOTIFICATION, f"({CREDIT_RULE}) {told}")


def _over(desk: Desk, partner: Row, document: Row, name: str) -> Decimal:
    limit = exact(partner.get(name))
    if limit <= 0:
        return ZERO
    known = exact(partner.get("CurrentAccountBalance")) + exact(document.get("DocTotal"))
    if name == "MaxCommitment":
        return known + exact(partner.get("OpenChecksBalance")) - limit
    if desk.admin().get("ConsiderDelNotesinSalesR") != NO:
        known += exact(partner.get("OpenDeliveryNotesBalance"))
    return known + exact(partner.get("OpenOrdersBalance")) - limit
