"""New orders: looked for among orders and drafts under their keys, then made in one request that asks once more behind them (§9, §16).

An order has no code of ours that the server would refuse a second time, so that the search comes first, in a request of its own. Where an
approval procedure makes a draft of one, a plain create is refused, which would stop the others; with ``return-no-content`` it is not, and
the location that is told may be nobody's: only the questions behind say what each became. Ten go at once: each takes up to eight
seconds (§3), and a lost answer leaves all of them in doubt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from crosswalk.connectors.sap_business_one import drafts
from crosswalk.connectors.sap_business_one.batch import Part
from crosswalk.connectors.sap_business_one.bodies import document, lines_of
from crosswalk.connectors.sap_business_one.receipts import Receipts, done, in_doubt, receipt_of
from crosswalk.connectors.sap_business_one.sending import Rowed, send
from crosswalk.model.errors import CrosswalkError, InDoubtError, ReadOnlyError, RetryableError
from crosswalk.model.records import Receipt, Write

if TYPE_CHECKING:
    from crosswalk.connectors.sap_business_one.client import Client

IN_A_BATCH = 10
_BRIEFLY = {"Prefer": "return-no-content"}


def create(client: Client, key_field: str, writes: Sequence[Write]) -> Receipts:
    """Create orders, or go on with the drafts that stand for them: none is posted again while it waits; a receipt for each."""
    try:
        there, waiting = drafts.look(client, key_field, [write.intent_key for write in writes])
    except CrosswalkError as error:
        return {write.intent_key: receipt_of(write, error) for write in writes}
    receipts: Receipts = {}
    rows: list[Rowed] = []
    for write in writes:
        if write.intent_key in there:
            receipts[write.intent_key] = done(write, there[write.intent_key], adopted=True)
        elif write.intent_key in waiting and not _is_refused(waiting[write.intent_key]):
            receipts[write.intent_key] = _of_draft(client, key_field, write, waiting[write.intent_key])
        else:
            rows.append((write, Part("POST", "Orders", _body(key_field, write), _BRIEFLY)))
    for begin in range(0, len(rows), IN_A_BATCH):
        receipts |= _make(client, key_field, rows[begin : begin + IN_A_BATCH], waiting)
    return receipts


def _make(client: Client, key_field: str, rows: Sequence[Rowed], before: Mapping[str, drafts.Draft]) -> Receipts:
    """Post orders; ``before`` are drafts of theirs that were refused."""
    sent = send(client, rows, lambda: drafts.questions(key_field, [write.intent_key for write, _ in rows]))
    made, drafted = drafts.told(key_field, sent.told or ())
    receipts = dict(sent.receipts)
    for write, _ in rows:
        key = write.intent_key
        if key in receipts:
            continue
        if key in made:
            receipts[key] = done(write, made[key], adopted=key in sent.refused)
        elif key in drafted and drafted[key]["DocEntry"] != before.get(key, {}).get("DocEntry"):
            receipts[key] = _of_draft(client, key_field, write, drafted[key])
        elif key in sent.refused and sent.told is not None:
            receipts[key] = receipt_of(write, sent.refused[key])
        else:  # taken, and neither order nor draft: or refused, and nobody knows whether it became a draft
            receipts[key] = in_doubt(write)
    return receipts


def _body(key_field: str, write: Write) -> dict[str, object]:
    body = {**document(write.values), key_field: write.intent_key, "DocumentLines": lines_of(write.lines)}
    body = {name: value for name, value in body.items() if value is not None}
    if "DocDate" in body:
        body.setdefault("DocDueDate", body["DocDate"])  # an order without a delivery date is refused (§15)
    return body


def _is_refused(draft: drafts.Draft) -> bool:
    return draft.get("AuthorizationStatus") in drafts.REFUSED


def _of_draft(client: Client, key_field: str, write: Write, draft: drafts.Draft) -> Receipt:
    """Make the order of a draft that is approved; tell of any other how it stands."""
    if draft.get("AuthorizationStatus") != drafts.APPROVED:
        return drafts.stand_of(write.intent_key, draft)
    try:
        order = drafts.make_order(client, key_field, write.intent_key, draft)
    except ReadOnlyError:
        raise
    except InDoubtError as error:
        return receipt_of(write, error)
    except RetryableError:
        return drafts.waiting_as(write.intent_key, draft["DocEntry"])
    except CrosswalkError as error:
        return receipt_of(write, error)
    return done(write, order, adopted=True) if order else in_doubt(write)
