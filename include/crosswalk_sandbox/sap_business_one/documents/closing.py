"""Close, Cancel, Reopen and cancellation documents (SAP Business One §8)."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Final

from crosswalk_sandbox.sap_business_one.desk import exact
from crosswalk_sandbox.sap_business_one.documents.balances import book, rebalance
from crosswalk_sandbox.sap_business_one.documents.copying import Source, line_of
from crosswalk_sandbox.sap_business_one.documents.kinds import BY_CODE, Kind
from crosswalk_sandbox.sap_business_one.documents.posting import number, take_from_bases
from crosswalk_sandbox.sap_business_one.documents.stock import move, recommit
from crosswalk_sandbox.sap_business_one.documents.values import CLOSED, NO, OPEN, YES, ZERO
from crosswalk_sandbox.sap_business_one.errors import LOGIC, Refusal, unsupported
from crosswalk_sandbox.sap_business_one.moments import shown_day

if TYPE_CHECKING:
    from crosswalk_sandbox.sap_business_one.desk import Desk, Row

_CLOSABLE: Final = frozenset({"Quotations", "Orders", "DeliveryNotes", "Returns"})
_NOT_KEPT: Final = ("DocEntry", "DocNum", "CreationDate", "UpdateDate", "UpdateTime", "DataVersion", "PaidToDate", "PaidToDateFC",
                    "HandWritten")  # fmt: skip


def act(kind: Kind, document: Row, action: str, desk: Desk) -> Row | None:
    """Do one of the bound actions; ``CreateCancellationDocument`` alone returns a document."""
    if action == "CreateCancellationDocument":
        return _reversed(kind, document, desk)
    if action == "Cancel" and not kind.is_planned:
        if not desk.options.cancel_reverses:
            raise unsupported()
        _reversed(kind, document, desk)
        return None
    before = deepcopy(document)
    {"Close": _close, "Cancel": _cancel, "Reopen": _reopen}[action](kind, document)
    if action == "Cancel":
        document["CancelDate"] = shown_day(desk.today())
    desk.save(kind.entity_set, document)
    recommit(desk, kind, before, document)
    rebalance(desk, kind, before, document)
    return None


def act_on_draft(document: Row, action: str, desk: Desk) -> None:
    """A draft is closed or opened again; nothing hangs on it."""
    if action not in ("Close", "Reopen"):
        raise unsupported()
    if is_closed(document) == (action == "Close"):
        raise Refusal(400, LOGIC, "Document is already closed" if action == "Close" else "Document cannot be reopened")
    desk.save("Drafts", document | {"DocumentStatus": CLOSED if action == "Close" else OPEN})


def is_closed(document: Row) -> bool:
    """Whether a document is closed, for whatever reason."""
    return bool(document.get("DocumentStatus", OPEN) == CLOSED)


def _close(kind: Kind, document: Row) -> None:
    """Closed, not cancelled; what was open of the lines stays to be seen, for Reopen."""
    if kind.entity_set not in _CLOSABLE:
        raise unsupported()
    _check_open(document)
    document |= {"DocumentStatus": CLOSED, "Cancelled": NO}
    _set_lines(document, CLOSED)


def _cancel(kind: Kind, document: Row) -> None:
    _check_open(document)
    if _is_copied(document):
        raise Refusal(400, LOGIC, "Document cannot be cancelled; it has already been copied to a target document")
    document |= {"DocumentStatus": CLOSED, "Cancelled": YES, "CancelStatus": "csYes"}
    _set_lines(document, CLOSED)


def _reopen(kind: Kind, document: Row) -> None:
    """What was closed by hand is opened again; not what was cancelled, nor what was copied whole."""
    if kind.entity_set not in _CLOSABLE:
        raise unsupported()
    is_cancelled = document.get("CancelStatus", "csNo") != "csNo"
    still = [line for line in document["DocumentLines"] if exact(line.get("RemainingOpenQuantity"))]
    if not is_closed(document) or is_cancelled or not still:
        raise Refusal(400, LOGIC, "Document cannot be reopened")
    document["DocumentStatus"] = OPEN
    for line in still:
        line["LineStatus"] = OPEN


def _reversed(kind: Kind, document: Row, desk: Desk) -> Row:
    """The document that takes a posted one back: stock, balance and bases are as before it."""
    if kind.is_planned:
        raise unsupported()
    is_touched = _is_copied(document) or exact(document.get("PaidToDate")) != ZERO
    if document.get("CancelStatus", "csNo") != "csNo" or is_touched:
        raise Refusal(400, LOGIC, "Document is already closed")
    reversal = deepcopy({name: value for name, value in document.items() if name not in _NOT_KEPT})
    today = shown_day(desk.today())
    reversal |= {"DocDate": today, "CancelStatus": "csCancellation", "DocumentStatus": CLOSED, "TaxDate": today}
    for line in reversal["DocumentLines"]:
        line |= {
            "BaseType": kind.code,
            "BaseEntry": document["DocEntry"],
            "BaseLine": line["LineNum"],
            "LineStatus": CLOSED,
        }
        line["RemainingOpenQuantity"] = ZERO
    move(desk, kind, document, back=True)
    book(desk, kind, document, back=True)
    take_from_bases(desk, document, _bases(desk, document), back=True)
    before = deepcopy(document)
    document |= {"CancelStatus": "csYes", "Cancelled": YES, "DocumentStatus": CLOSED, "CancelDate": today}
    _set_lines(document, CLOSED)
    desk.save(kind.entity_set, document)
    rebalance(desk, kind, before, document)
    number(desk, kind.entity_set, reversal)
    return desk.save(kind.entity_set, reversal)


def _bases(desk: Desk, document: Row) -> list[Source]:
    found = []
    for place, line in enumerate(document["DocumentLines"]):
        kind = BY_CODE.get(int(exact(line.get("BaseType"), -1)))
        base = desk.read(kind.entity_set, int(exact(line["BaseEntry"]))) if kind else None
        origin = line_of(base, int(exact(line.get("BaseLine")))) if base else None
        if kind and base and origin:
            found.append(Source(kind, base, origin, place))
    return found


def _check_open(document: Row) -> None:
    if is_closed(document):
        raise Refusal(400, LOGIC, "Document is already closed")


def _is_copied(document: Row) -> bool:
    lines = document["DocumentLines"]
    return any(exact(line.get("RemainingOpenQuantity")) < exact(line.get("Quantity")) for line in lines)


def _set_lines(document: Row, status: str) -> None:
    for line in document["DocumentLines"]:
        line["LineStatus"] = status
