"""Sales documents: drafting, pricing, tax, totals, copying, closing, stock, approval. No I/O but through the desk.

What the service calls, with ``kind`` an entity set (``Quotations``, ``Orders``, ``DeliveryNotes``, ``Returns``, ``Invoices``,
``CreditNotes``, ``DownPayments``, ``Drafts``, ``IncomingPayments``, ``PaymentDrafts``):

``preview(kind, payload, desk) -> Row``
    The computed document, nothing stored, ``DocEntry`` None (``OrdersService_Preview``).
``add(kind, payload, desk) -> Row``
    Checks, computes and saves a new document with all that follows: base lines, stock, balances. Returns the row as kept. An approval
    procedure saves a draft and an approval request and raises ``Diverted(draft)``; that alone does not undo the transaction.
``amend(kind, document, changes, desk, *, replace=False) -> Row``
    PATCH. ``document`` is the row as kept, ``changes`` the payload; ``replace`` is B1S-ReplaceCollectionsOnPatch (§6).
``act(kind, document, action, desk) -> Row | None``
    ``Close``, ``Cancel``, ``Reopen``, ``CreateCancellationDocument`` (the only one to return a document); payments: ``Cancel``.
``remove(kind, document, desk) -> None``
    DELETE: drafts go, everything else is refused with -5006.
``save_draft(draft, desk) -> Row``
    ``DraftsService_SaveDraftToDocument``.
``item_price(params, desk) -> dict``
    ``CompanyService_GetItemPrice``: ``Price``, ``Currency``, ``Discount``.
``approval_templates(kind, payload, desk) -> Row``
    ``OrdersService_GetApprovalTemplates``: the payload with the ``Document_ApprovalRequests`` that would fire.
``decide(request, changes, desk) -> Row``
    PATCH of an ``ApprovalRequests`` row with ``ApprovalRequestDecisions``.

Payloads and rows are :data:`~crosswalk_sandbox.sap_business_one.desk.Row`: names are known to the type, read-only properties are gone,
enumerations are member names, amounts Decimal, days ``2026-10-01T00:00:00Z``. :class:`~crosswalk_sandbox.sap_business_one.desk.Desk`
is what they are handed; refusals come from :mod:`~crosswalk_sandbox.sap_business_one.errors`.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace as replaced
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from crosswalk_sandbox.sap_business_one.desk import exact
from crosswalk_sandbox.sap_business_one.documents import amending, closing, payments
from crosswalk_sandbox.sap_business_one.documents.approval import (
    act_on_request,
    check_approved,
    decide,
    divert,
    request_of,
)
from crosswalk_sandbox.sap_business_one.documents.currencies import exchanged, local_currency
from crosswalk_sandbox.sap_business_one.documents.dates import due_day
from crosswalk_sandbox.sap_business_one.documents.drafting import draft
from crosswalk_sandbox.sap_business_one.documents.kinds import KINDS, Kind, kind_of_draft
from crosswalk_sandbox.sap_business_one.documents.partners import terms_of_partner
from crosswalk_sandbox.sap_business_one.documents.posting import number, post
from crosswalk_sandbox.sap_business_one.documents.pricing import Asked, price_of
from crosswalk_sandbox.sap_business_one.documents.templates import matching
from crosswalk_sandbox.sap_business_one.documents.trade import Trade
from crosswalk_sandbox.sap_business_one.documents.values import CLOSED
from crosswalk_sandbox.sap_business_one.errors import LOGIC, Refusal, no_match, unsupported
from crosswalk_sandbox.sap_business_one.moments import day

if TYPE_CHECKING:
    from crosswalk_sandbox.sap_business_one.desk import Desk, Row

__all__ = [
    "act",
    "act_on_request",
    "add",
    "amend",
    "approval_templates",
    "decide",
    "due_date",
    "item_price",
    "preview",
    "remove",
    "save_draft",
]

AMENDS: Final = "AmendsEntry"
"""A draft's memory of the document that it is to change."""
_PAYMENTS: Final = ("IncomingPayments", "PaymentDrafts")
_OF_DRAFT: Final = frozenset(
    {"DocEntry", "DocNum", "AuthorizationStatus", "CreationDate", "UpdateDate", "UpdateTime", "DocObjectCode"}
)


def preview(kind: str, payload: Mapping[str, Any], desk: Desk) -> Row:
    """The computed document; nothing is stored and nothing of stock or approval is looked at."""
    drafted = draft(KINDS[kind], payload, desk)
    return drafted.document | {"DocEntry": None, "DocNum": None}


def add(kind: str, payload: Mapping[str, Any], desk: Desk) -> Row:
    """Store a new document, payment or draft. Raises Diverted where an approval procedure made a draft of it."""
    if kind == "IncomingPayments":
        return payments.add_payment(payload, desk)
    if kind == "PaymentDrafts":
        row = payments.draft_payment(payload, desk)
        return desk.save(kind, row | {"DocEntry": desk.next_entry(kind), "DocNum": desk.next_number(kind)})
    if kind == "Drafts":
        return _add_draft(payload, desk)
    drafted = draft(KINDS[kind], payload, desk)
    templates = matching(drafted.trade)
    if templates:
        raise divert(desk, KINDS[kind], drafted.document, templates[0])
    return post(drafted, desk)


def amend(kind: str, document: Row, changes: Mapping[str, Any], desk: Desk, *, replace: bool = False) -> Row:
    """Change a stored document, payment or draft. Raises Diverted where a procedure is set off by the change."""
    if kind == "IncomingPayments":
        return payments.amend_payment(document, changes, desk)
    if kind == "PaymentDrafts":
        return desk.save(kind, document | dict(changes))
    if kind == "Drafts":
        return _amend_draft(document, changes, desk, replace=replace)
    found = KINDS[kind]
    after = amending.amended(found, document, changes, desk, replace=replace)
    trade = Trade(desk, found, desk.read("BusinessPartners", str(document["CardCode"])) or {}, after)
    templates = [] if closing.is_closed(document) else matching(trade, updating=True)
    if templates:
        raise divert(desk, found, deepcopy(after) | {"DocNum": None, AMENDS: document["DocEntry"]}, templates[0])
    return amending.store(found, document, after, desk)


def act(kind: str, document: Row, action: str, desk: Desk) -> Row | None:
    """Bound actions of documents, payments and payment drafts."""
    if kind in _PAYMENTS:
        return payments.act(kind, document, action, desk)
    if kind == "Drafts":
        closing.act_on_draft(document, action, desk)
        return None
    return closing.act(KINDS[kind], document, action, desk)


def remove(kind: str, document: Row, desk: Desk) -> None:
    """Drafts go; documents never do (§4)."""
    if kind not in ("Drafts", "PaymentDrafts"):
        raise unsupported()
    desk.delete(kind, int(document["DocEntry"]))


def save_draft(kept: Row, desk: Desk, given: Mapping[str, Any] | None = None) -> Row:
    """Let a draft become a document; ``given`` may change its header (§8). Refused until it is approved."""
    if kept.get("DocumentStatus") == CLOSED:
        raise Refusal(400, LOGIC, "Document is already closed")
    request = check_approved(desk, kept)
    kind = kind_of_draft(kept)
    changes = {name: value for name, value in (given or {}).items() if name not in _OF_DRAFT and value is not None}
    if AMENDS in kept:
        made = _amend_after_all(kind, kept, desk)
    else:
        drafted = draft(kind, {name: value for name, value in kept.items() if name not in _OF_DRAFT} | changes, desk)
        templates = matching(drafted.trade) if request is None else []
        if templates:
            raise divert(desk, kind, drafted.document, templates[0])
        made = post(drafted, desk)
    desk.save(
        "Drafts", kept | {"DocumentStatus": CLOSED} | ({"AuthorizationStatus": "dasGenerated"} if request else {})
    )
    if request is not None:
        desk.save(
            "ApprovalRequests", request | {"Status": "arsGenerated", "IsDraft": "N", "ObjectEntry": made["DocEntry"]}
        )
    return made


def item_price(params: Mapping[str, Any], desk: Desk) -> Row:
    """What an item costs a partner, in the wanted currency (§8)."""
    partner = desk.read("BusinessPartners", str(params.get("CardCode")))
    item = desk.read("Items", str(params.get("ItemCode")))
    if partner is None or item is None:
        raise no_match()
    quantity = exact(params.get("InventoryQuantity") or params.get("UoMQuantity"), 1) or exact(1)
    on = day(params.get("Date")) or desk.today()
    currency, listed = params.get("Currency"), params.get("PriceList")
    found = price_of(desk, Asked(partner, item, quantity, on, currency, None if listed is None else int(listed)))
    own = found.currency or local_currency(desk)
    amount = exchanged(desk, found.amount, own, currency or own, on)
    return {"Price": amount, "Currency": currency or own, "Discount": found.discount}


def due_date(partner: Row, on: date, desk: Desk) -> date:
    """When what is posted on a day falls due for a partner (``SBOBobService_GetDueDate``)."""
    terms = desk.read("PaymentTermsTypes", terms_of_partner(desk, partner))
    return due_day(terms or {}, on, on, desk.today())


def approval_templates(kind: str, payload: Mapping[str, Any], desk: Desk) -> Row:
    """The payload with the templates that would fire, nothing stored."""
    found = kind_of_draft(dict(payload)) if kind == "Drafts" else KINDS[kind]
    drafted = draft(found, payload, desk, is_draft=True)
    fired = [{"ApprovalTemplatesID": row["Code"], "Remarks": row.get("Remarks")} for row in matching(drafted.trade)]
    return dict(payload) | {"Document_ApprovalRequests": fired}


def _amend_after_all(kind: Kind, kept: Row, desk: Desk) -> Row:
    """An approved change of a document that is there: the draft's content takes the place of the document's (§16.5)."""
    document = desk.read(kind.entity_set, int(kept[AMENDS]))
    assert document is not None
    own = {name: document[name] for name in ("DocEntry", "DocNum") if name in document}
    after = {name: value for name, value in kept.items() if name not in (*_OF_DRAFT, AMENDS)} | own
    return amending.store(kind, document, after, desk)


def _add_draft(payload: Mapping[str, Any], desk: Desk) -> Row:
    """A plain draft: worked out like its document, but nothing follows from it (§16)."""
    drafted = draft(kind_of_draft(dict(payload)), payload, desk, is_draft=True)
    number(desk, "Drafts", drafted.document)
    return desk.save("Drafts", drafted.document)


def _amend_draft(document: Row, changes: Mapping[str, Any], desk: Desk, *, replace: bool) -> Row:
    """A draft is changed like an open order, unless it waits for approval and the company forbids that."""
    request = request_of(desk, int(document["DocEntry"]))
    if (
        request is not None
        and request.get("Status") == "arsPending"
        and desk.admin().get("EnableUpdateDraftDuringApproval") == "tNO"
    ):
        raise unsupported()
    kind = replaced(kind_of_draft(document), is_planned=True)
    after = amending.amended(kind, document, changes, desk, replace=replace)
    return desk.save("Drafts", after)
