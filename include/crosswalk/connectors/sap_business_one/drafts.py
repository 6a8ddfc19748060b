"""Orders that wait for an approval (SAP Business One §16).

Where an approval template fits, the server stores a draft in place of the order, and answers the create with an error, or with
nothing. The draft bears our key: it is found by it, followed up, and turned into the order once it is approved. It is never posted again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crosswalk.connectors.sap_business_one.batch import Part
from crosswalk.connectors.sap_business_one.client import query
from crosswalk.connectors.sap_business_one.odata import both, chunks, literal, one_of
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
    orders: dict[str, str] = {}
    waiting: dict[str, Mapping[str, Any]] = {}
    for part in chunks(key_field, list(keys)):
        ours = one_of(key_field, part)
        asked = [
            query("Orders", select=f"DocEntry,{key_field}", filter=ours, orderby="DocEntry desc"),
            query("Drafts", select=f"{_SELECT},{key_field}", filter=both(_OF_ORDERS, ours), orderby="DocEntry"),
        ]
        headers = {"Prefer": f"odata.maxpagesize={2 * len(part)}"}
        made, drafted = client.read_many([Part("GET", path, headers=headers) for path in asked])
        orders |= {str(row[key_field]): str(row["DocEntry"]) for row in made["value"]}
        waiting |= {str(row[key_field]): row for row in drafted["value"]}
    return orders, waiting


def draft_of(client: Client, key_field: str, key: str) -> Mapping[str, Any] | None:
    """Return the newest draft of an order under our key; None when there is none."""
    ours = both(_OF_ORDERS, one_of(key_field, [key]))
    found = client.rows("Drafts", 2, select=_SELECT, filter=ours, orderby="DocEntry desc").rows
    return found[0] if found else None


def follow(client: Client, draft: Mapping[str, Any]) -> None:
    """Go on with a draft: make the order of one that is approved; raise what to say of any other."""
    entry, status = draft["DocEntry"], draft.get("AuthorizationStatus")
    if status == _APPROVED:
        client.act(SAVE, {"Document": {"DocEntry": str(entry)}})
        return
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


def order_under(client: Client, key_field: str, key: str) -> str | None:
    """Return the number of the order under our key."""
    found = client.rows(
        "Orders", 2, select=f"DocEntry,{key_field}", filter=f"{key_field} eq {literal(key)}", orderby="DocEntry"
    ).rows
    return str(found[0]["DocEntry"]) if found else None
