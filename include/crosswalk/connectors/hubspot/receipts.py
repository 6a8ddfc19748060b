"""Writes sorted into requests, and what each of them is told in the end."""

from __future__ import annotations

from collections.abc import Sequence

from crosswalk.connectors.hubspot.associating import column
from crosswalk.connectors.hubspot.client import BATCH
from crosswalk.connectors.hubspot.sending import Result
from crosswalk.model.errors import (
    ConflictError,
    CrosswalkError,
    InDoubtError,
    RetryableError,
    ValidationError,
)
from crosswalk.model.records import Operation, Outcome, Receipt, Write

Numbered = tuple[int, Write]
Receipts = dict[int, Receipt]


def groups(writes: Sequence[Write]) -> list[list[Numbered]]:
    """Return writes with their places, in requests of one operation and entity each."""
    groups: dict[tuple[Operation, str], list[Numbered]] = {}
    for number, write in enumerate(writes):
        groups.setdefault((write.operation, write.entity), []).append((number, write))
    return [members[start : start + BATCH] for members in groups.values() for start in range(0, len(members), BATCH)]


def sound(group: Sequence[Numbered], receipts: Receipts) -> list[Numbered]:
    """Refuse what cannot be sent as one row, and a second row for the same record: it would make HubSpot refuse the batch (§9)."""
    kept: dict[str, Numbered] = {}
    for number, write in group:
        creates = write.operation is Operation.CREATE
        record = write.intent_key if creates else str(write.native_id or "")
        problem = None
        if write.lines:
            problem = ValidationError(
                "HubSpot takes lines as records of their own.", hint="Plan the lines as own writes."
            )
        elif not creates and not record.isdigit():
            problem = ValidationError(f"{write.native_id!r} is not a HubSpot id.", hint="Link the record, then replay.")
        elif not creates and any(
            value is None and (one := column(path)) and not one.exclusive for path, value in write.values.items()
        ):
            problem = ValidationError(
                "An association cannot be emptied.", hint="Remove it in HubSpot, or give another record."
            )
        if problem is not None:
            receipts[number] = refusal(write, problem)
        elif record in kept:
            later = ConflictError(
                "Another write of the request is for the same record.", hint="It goes in the next one."
            )
            receipts[number] = receipt(write, Outcome.RETRY, later)
        else:
            kept[record] = (number, write)
    return list(kept.values())


def receipt_of(write: Write, result: Result) -> Receipt:
    """Return the receipt of a row that was sent."""
    if isinstance(result, InDoubtError):
        return receipt(write, Outcome.IN_DOUBT, result)
    if isinstance(result, CrosswalkError):
        return receipt(write, Outcome.RETRY if isinstance(result, RetryableError) else Outcome.REJECTED, result)
    return Receipt(write.intent_key, Outcome.DONE, native_id=str(result["id"]))


def refusal(write: Write, error: CrosswalkError) -> Receipt:
    """Return the receipt of a write that was refused, by us or by HubSpot."""
    return receipt(write, Outcome.REJECTED, error)


def receipt(write: Write, outcome: Outcome, error: CrosswalkError) -> Receipt:
    """Return the receipt of a write that ended in an error."""
    return Receipt.of_error(write.intent_key, outcome, error, native_id=write.native_id)
