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
``due_date(partner, on, desk) -> date``
    The due date of a document of a partner by its payment terms (``SBOBobService_GetDueDate``).
``decide(request, changes, desk) -> Row``
    PATCH of an ``ApprovalRequests`` row with ``ApprovalRequestDecisions``.

Payloads and rows are :data:`~crosswalk_sandbox.sap_business_one.desk.Row`: names are known to the type, read-only properties are gone,
enumerations are member names, amounts Decimal, days ``2026-10-01T00:00:00Z``. :class:`~crosswalk_sandbox.sap_business_one.desk.Desk`
is what they are handed; refusals come from :mod:`~crosswalk_sandbox.sap_business_one.errors`.
"""
