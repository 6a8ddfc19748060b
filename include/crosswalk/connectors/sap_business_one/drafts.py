"""Orders that wait for an approval (SAP Business One §16).

Where an approval template fits, the server stores a draft in place of the order, and answers the create with an error, or with
nothing. The draft bears our key: it is found by it, followed up, and turned into the order once it is approved. While it waits, the
order is never posted again. A draft that was refused stays there: what is sent after that is another one, because a person wanted it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crosswalk.connectors.sap_business_one.batch import Part
from crosswalk.connectors.sap_business_one.client import batch_error
from crosswalk.connectors.sap_business_one.odata import both, chunks, one_of
from crosswalk.connectors.sap_business_one.pages import Question, Rows
from crosswalk.connectors.sap_business_one.sending import stopped, told_by
from crosswalk.model.errors import ErrorClass, RecordError
from crosswalk.model.records import NOT_APPROVED, Outcome, Receipt

if TYPE_CHECKING:
    from crosswalk.connectors.sap_business_one.client import Client

SAVE = "DraftsService_SaveDraftToDocument"
WAITING = "APPROVAL_PENDING"
AGAIN_SECONDS = 60.0  # before we look again whether people have decided; one request for all that wait
MOST_TRIES = 4  # drafts of an order, refused and sent again, that are asked for at once
APPROVED, REFUSED = "dasApproved", ("dasRejected", "dasCancelled")
_SELECT = "DocEntry,AuthorizationStatus,DocumentStatus"
_OF_ORDERS = "DocObjectCode eq 'oOrders'"
Draft = Mapping[str, Any]


def look(client: Client, key_field: str, keys: Sequence[str]) -> tuple[dict[str, str], dict[str, Draft]]:
    """Return the orders and the newest drafts of orders under our keys, by key: both are asked for in one request."""
    answers = client.ask(questions(key_field, keys))
    orders, drafted = told(key_field, answers)
    if any(
        answer.more for answer in answers[1::2]
    ):  # some were refused and sent again so often that others did not come
        for key in (key for key in keys if key not in drafted and key not in orders):
            drafted |= told(key_field, client.ask(questions(key_field, [key])))[1]
    return orders, drafted


def questions(key_field: str, keys: Sequence[str]) -> list[Question]:
    """Return what asks for the orders and the drafts of orders under our keys; `told` reads the answers."""
    select = f"DocEntry,{key_field}"
    asked: list[Question] = []
    for part in chunks(key_field, list(keys)):
        ours, rows = one_of(key_field, part), 2 * len(part)
        asked.append(Question("Orders", rows, {"select": select, "filter": ours, "orderby": "DocEntry desc"}))
        drafts = {"select": f"{_SELECT},{key_field}", "filter": both(_OF_ORDERS, ours), "orderby": "DocEntry desc"}
        asked.append(Question("Drafts", MOST_TRIES * len(part), drafts))
    return asked


def told(key_field: str, answers: Sequence[Rows]) -> tuple[dict[str, str], dict[str, Draft]]:
    """Return the oldest order and the newest draft under each key."""
    orders = {str(row[key_field]): str(row["DocEntry"]) for answer in answers[::2] for row in answer.rows}
    drafted = {str(row[key_field]): row for answer in answers[1::2] for row in reversed(answer.rows)}
    return orders, drafted


def standing(client: Client, key_field: str, keys: Sequence[str]) -> dict[str, Receipt]:
    """Return how the orders stand that are, or were, drafts under these keys; absent are those of which there is nothing."""
    orders, drafted = look(client, key_field, keys)
    stands = {key: Receipt(key, Outcome.DONE, native_id=order, adopted=True) for key, order in orders.items()}
    return {key: stand_of(key, draft) for key, draft in drafted.items()} | stands


def stand_of(key: str, draft: Draft) -> Receipt:
    """Return what a draft says of the order under ``key``."""
    entry, status = draft["DocEntry"], draft.get("AuthorizationStatus")
    if status == APPROVED:
        return Receipt(key, Outcome.RETRY, message=f"Draft {entry} is approved in SAP Business One.")
    if status in REFUSED:
        return Receipt(
            key,
            Outcome.REJECTED,
            error_class=str(ErrorClass.VALIDATION),
            error_code=NOT_APPROVED,
            message=f"The approval of the order was refused in SAP Business One (draft {entry}).",
            hint="Ask whoever decided. Change the deal, or replay it as it is: a new draft is then put up for approval.",
        )
    return waiting_as(key, entry)


def waiting_as(key: str, entry: object) -> Receipt:
    """Return that the order under ``key`` is a draft still."""
    return Receipt(
        key,
        Outcome.WAITING,
        error_class=str(ErrorClass.VALIDATION),
        error_code=WAITING,
        message=f"The order is a draft in SAP Business One that waits for an approval there (draft {entry}).",
        hint="Decide it there (Approval Status Report). Once it is approved, the order is made by itself.",
        retry_after=AGAIN_SECONDS,
    )


def make_order(client: Client, key_field: str, key: str, draft: Draft) -> str | None:
    """Turn an approved draft into its order, and return the order's number; None where it is not told.

    Draft and order have nothing in common but the key (§16): the order is asked for by it, in the same request. Where the draft cannot
    be turned any more, somebody else may have done so.
    """
    asked = questions(key_field, [key])[:1]
    parts = [Part("GET", one.path, headers=one.headers) for one in asked]
    answers = client.send_many([Part("POST", SAVE, {"Document": {"DocEntry": str(draft["DocEntry"])}}), *parts])
    if not stopped(answers[:1]):
        return told(key_field, told_by(asked, answers[1:]) or ())[0].get(key)
    error = batch_error(client.transport.system, answers[0])
    if isinstance(error, RecordError) and (there := look(client, key_field, [key])[0].get(key)):
        return there
    raise error
