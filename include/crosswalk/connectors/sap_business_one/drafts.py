"""Orders that wait for an approval (SAP Business One §16).

Where an approval template fits, the server stores a draft in place of the order, and answers the create with an error, or with
nothing. The draft bears our key: it is found by it, followed up, and turned into the order once it is approved. It is never posted again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crosswalk.connectors.sap_business_one.batch import Part
from crosswalk.connectors.sap_business_one.client import batch_error
from crosswalk.connectors.sap_business_one.odata import both, chunks, one_of
from crosswalk.connectors.sap_business_one.pages import Question, Rows
from crosswalk.connectors.sap_business_one.sending import stopped, told_by
from crosswalk.model.errors import ErrorClass, RateLimitedError, ValidationError

if TYPE_CHECKING:
    from crosswalk.connectors.sap_business_one.client import Client

SAVE = "DraftsService_SaveDraftToDocument"
WAITING = "APPROVAL_PENDING"
REFUSED = "APPROVAL_REFUSED"
AGAIN_SECONDS = 900.0  # before we look again whether people have decided
_APPROVED, _REFUSED = "dasApproved", ("dasRejected", "dasCancelled")
_SELECT = "DocEntry,AuthorizationStatus,DocumentStatus"
_OF_ORDERS = "DocObjectCode eq 'oOrders'"


class WaitsForApproval(RateLimitedError):
    """The order is a draft that people decide about; nothing more is sent, and it is looked at again later."""

    error_class = ErrorClass.VALIDATION


def look(client: Client, key_field: str, keys: Sequence[str]) -> tuple[dict[str, str], dict[str, Mapping[str, Any]]]:
    """Return the orders and the drafts of orders under our keys, by key: both are asked for in one request."""
    return told(key_field, client.ask(questions(key_field, keys)))


def questions(key_field: str, keys: Sequence[str]) -> list[Question]:
    """Return what asks for the orders and the drafts of orders under our keys; `told` reads the answers."""
    select = f"DocEntry,{key_field}"
    asked: list[Question] = []
    for part in chunks(key_field, list(keys)):
        ours, rows = one_of(key_field, part), 2 * len(part)
        asked.append(Question("Orders", rows, {"select": select, "filter": ours, "orderby": "DocEntry desc"}))
        drafts = {"select": f"{_SELECT},{key_field}", "filter": both(_OF_ORDERS, ours), "orderby": "DocEntry"}
        asked.append(Question("Drafts", rows, drafts))
    return asked


def told(key_field: str, answers: Sequence[Rows]) -> tuple[dict[str, str], dict[str, Mapping[str, Any]]]:
    """Return the oldest order and the newest draft under each key."""
    orders = {str(row[key_field]): str(row["DocEntry"]) for answer in answers[::2] for row in answer.rows}
    waiting: dict[str, Mapping[str, Any]] = {
        str(row[key_field]): row for answer in answers[1::2] for row in answer.rows
    }
    return orders, waiting


def follow(client: Client, key_field: str, key: str, draft: Mapping[str, Any]) -> str | None:
    """Go on with a draft: make the order of one that is approved, and return its number; raise what to say of any other.

    Draft and order have nothing in common but the key (§16): the order is asked for by it, in the same request. None where it is not told.
    """
    entry, status = draft["DocEntry"], draft.get("AuthorizationStatus")
    if status == _APPROVED:
        asked = questions(key_field, [key])[:1]
        parts = [Part("GET", one.path, headers=one.headers) for one in asked]
        answers = client.send_many([Part("POST", SAVE, {"Document": {"DocEntry": str(entry)}}), *parts])
        if stopped(answers[:1]):
            raise batch_error(client.transport.system, answers[0])
        return told(key_field, told_by(asked, answers[1:]) or ())[0].get(key)
    if status in _REFUSED:
        raise ValidationError(
            f"The approval of the order was refused in SAP Business One (draft {entry}).",
            hint="Change the deal, or remove the draft there and replay: the order is then asked for anew.",
            code=REFUSED,
        )
    raise WaitsForApproval(
        f"The order waits for an approval in SAP Business One, as draft {entry}.",
        hint="Decide it there (Approval Status Report); the order is made as soon as it is approved.",
        code=WAITING,
        retry_after=AGAIN_SECONDS,
    )
