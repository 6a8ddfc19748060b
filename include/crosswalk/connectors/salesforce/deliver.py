"""Writes in collections of 200, one receipt a row (Salesforce §7.1); rows that somebody locks are sent again (§6.2)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from crosswalk.connectors.prepared import Prepared
from crosswalk.connectors.salesforce import versions
from crosswalk.connectors.salesforce.client import Client
from crosswalk.connectors.salesforce.errors import DUPLICATE, LOCKED
from crosswalk.connectors.salesforce.locks import QUIET, Turns, parent_of, record_of
from crosswalk.connectors.salesforce.sending import COLLECTION, COLLECTIONS, Result, send
from crosswalk.connectors.salesforce.soql import is_id, name, queries
from crosswalk.connectors.salesforce.versions import (
    PREPARED_SECONDS,
    Place,
    Stored,
    Verdict,
    said_already,
    verdicts,
)
from crosswalk.model.errors import ConflictError, CrosswalkError, InDoubtError, RetryableError, ValidationError
from crosswalk.model.records import Operation, Outcome, Receipt, Value, Write

BATCH = COLLECTION  # writes of one request, unless an option asks for more
MOST = COLLECTION * COLLECTIONS
LOCK_ATTEMPTS = 3  # of rows that somebody else holds; each after a longer wait, all within the lease of the writes
LOCK_WAIT = 2.0  # seconds before the second attempt, on average
LATER = (20.0, 60.0)  # seconds until rows that stayed locked are planned again, apart from each other
_uniform = random.SystemRandom().uniform
_HEADERS = {"Sforce-Auto-Assign": "FALSE"}

_Numbered = tuple[int, Write]
_Row = tuple[int, Write, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """How to write. ``natives`` and ``key_fields`` are by entity; ``allow_duplicates`` overrides the org's duplicate rules."""

    natives: Mapping[str, str] = field(default_factory=dict)
    key_fields: Mapping[str, str] = field(default_factory=dict)
    key_field: str = "ERP_Id__c"
    allow_duplicates: bool = False
    turns: Turns = field(default_factory=Turns)
    ahead: Prepared[Place, Stored] = field(default_factory=lambda: Prepared(PREPARED_SECONDS, time.monotonic))
    sleep: Callable[[float], None] = time.sleep

    def native(self, entity: str) -> str:
        """Return the object an entity is written to; an unknown entity is an object's own name."""
        return name(self.natives.get(entity, entity))

    def key(self, entity: str) -> str:
        """Return the unique external id field that creates of this entity are found by."""
        return name(self.key_fields.get(entity, self.key_field))

    @property
    def headers(self) -> dict[str, str]:
        """Headers of every write."""
        rule = {"Sforce-Duplicate-Rule-Header": "allowSave=true"} if self.allow_duplicates else {}
        return _HEADERS | rule


def prepare(client: Client, writes: Sequence[Write], settings: DeliverySettings) -> None:
    """Read ahead the versions of updates' targets, some 3,000 a call."""
    by_native: dict[str, list[Write]] = {}
    for write in writes:
        by_native.setdefault(settings.native(write.entity), []).append(write)
    for native, members in by_native.items():
        versions.prepare(client, settings.ahead, native, members, settings.turns.ticket())


def deliver(client: Client, writes: Sequence[Write], settings: DeliverySettings) -> list[Receipt]:
    """Send up to 1,000 writes of one kind as one call and return a receipt for each, in order.

    Updates whose target moved since ``expected_version`` are not sent (law 3). When the outcome of a request is unknown, all its
    rows are in doubt. Errors of the connection (limits, credentials, nothing executed) are raised.
    """
    receipts: dict[int, Receipt] = {}
    written = False
    for group in _groups(writes):
        rows = _sound(group, receipts)
        for attempt in range(LOCK_ATTEMPTS):
            if not rows:
                break
            if attempt:
                settings.sleep(_uniform(0.5, 1.5) * LOCK_WAIT * 2 ** (attempt - 1))
            try:
                _attempt(client, rows, settings, receipts)
            except CrosswalkError as error:
                if not written:
                    raise
                _postpone(rows, error, receipts)  # the receipts of what is written by now must not be lost
            written = True
            rows = [row for row in rows if _is_locked(receipts[row[0]])]
    return [receipts[number] for number in range(len(writes))]


def _attempt(
    client: Client, rows: Sequence[_Numbered], settings: DeliverySettings, receipts: dict[int, Receipt]
) -> None:
    """Send rows of one operation and entity when no other request of ours holds their records or parents."""
    native, operation = settings.native(rows[0][1].entity), rows[0][1].operation
    known = versions.taken(settings.ahead, native, [write for _, write in rows])
    ticket = min([settings.turns.ticket(), *(stored.ticket for stored in known.values() if stored)])
    placed = _unmoved(client, native, rows, receipts, known)
    records = {record_of(write) for _, write, _ in placed} - {""}
    parents = {parent for _, _, parent in placed} - {""}
    with settings.turns.taken(records, parents, ticket, quiet=native in QUIET) as stale:
        if stale and operation is Operation.UPDATE:  # another request of ours may have moved them
            placed = _unmoved(client, native, [(number, write) for number, write, _ in placed], receipts, {})
        placed = sorted(placed, key=lambda row: row[2])  # children of one parent in one collection
        key_field = settings.key(rows[0][1].entity)
        sent = [(number, write, _record(write, native, key_field)) for number, write, _ in placed]
        method = "POST" if operation is Operation.CREATE else "PATCH"
        results = send(client, method, [record for _, _, record in sent], settings.headers)
    for (number, write, _), result in zip(sent, results, strict=True):
        receipts[number] = _receipt_of(write, result)
    if operation is Operation.CREATE:
        _adopt(client, native, key_field, sent, receipts)


def _unmoved(
    client: Client,
    native: str,
    rows: Sequence[_Numbered],
    receipts: dict[int, Receipt],
    known: Mapping[str, Stored | None],
) -> list[tuple[int, Write, str]]:
    """Refuse updates whose target moved or went; return the others, each with its parent. What a moved target says already is done."""
    writes = [write for _, write in rows]
    updates = writes[0].operation is Operation.UPDATE if writes else False
    found = verdicts(client, native, writes, known) if updates else [Verdict()] * len(writes)
    moved = [write for write, verdict in zip(writes, found, strict=True) if isinstance(verdict.error, ConflictError)]
    said = said_already(client, native, moved) if moved else set()
    kept: list[tuple[int, Write, str]] = []
    for (number, write), verdict in zip(rows, found, strict=True):
        if verdict.error is None:
            kept.append((number, write, parent_of(write, native, verdict.parent)))
        elif isinstance(verdict.error, ConflictError) and str(write.native_id) in said:
            receipts[number] = Receipt(write.intent_key, Outcome.DONE, native_id=write.native_id)
        else:
            receipts[number] = refusal(write, verdict.error)
    return kept


def _postpone(rows: Sequence[_Numbered], error: CrosswalkError, receipts: dict[int, Receipt]) -> None:
    for number, write in rows:
        if number not in receipts or receipts[number].outcome is Outcome.RETRY:
            receipts[number] = _receipt(write, Outcome.RETRY, error)


def _is_locked(receipt: Receipt) -> bool:
    return receipt.outcome is Outcome.RETRY and receipt.error_code == LOCKED


def find(client: Client, entity: str, intent_keys: Sequence[str], settings: DeliverySettings) -> dict[str, str]:
    """Return ``{key: id}`` of the records whose external id is one of ``intent_keys``; a query sees every committed write."""
    return _ids_by_key(client, settings.native(entity), settings.key(entity), intent_keys)


def _ids_by_key(client: Client, native: str, key_field: str, keys: Sequence[str]) -> dict[str, str]:
    wanted = list(dict.fromkeys(keys))
    asked = queries(f"Id, {key_field}", native, key_field, wanted, order="CreatedDate DESC, Id DESC")
    found = {str(record[key_field]): str(record["Id"]) for record in client.records(asked)}  # of several, the oldest
    return {key: found[key] for key in wanted if key in found}  # SOQL compares without case; we do not


# --- Rows -------------------------------------------------------------------------------------------


def _groups(writes: Sequence[Write]) -> list[list[_Numbered]]:
    groups: dict[tuple[Operation, str], list[_Numbered]] = {}
    for number, write in enumerate(writes):
        groups.setdefault((write.operation, write.entity), []).append((number, write))
    return [members[start : start + MOST] for members in groups.values() for start in range(0, len(members), MOST)]


def _sound(group: Sequence[_Numbered], receipts: dict[int, Receipt]) -> list[_Numbered]:
    """Refuse what cannot be sent as one row."""
    kept: list[_Numbered] = []
    for number, write in group:
        if write.lines:
            error = ValidationError(
                "Salesforce takes lines as records of their own.", hint="Plan the lines as own writes."
            )
            receipts[number] = refusal(write, error)
        elif write.operation is Operation.UPDATE and not is_id(write.native_id or ""):
            error = ValidationError(
                f"{write.native_id!r} is not a Salesforce id.", hint="Link the record, then replay."
            )
            receipts[number] = refusal(write, error)
        else:
            kept.append((number, write))
    return kept


def _record(write: Write, native: str, key_field: str) -> dict[str, Any]:
    record: dict[str, Any] = {"attributes": {"type": native}}
    if write.operation is Operation.UPDATE:
        record["Id"] = write.native_id
    elif write.values.get(key_field) is None:
        record[key_field] = write.intent_key
    for path, value in write.values.items():
        if path not in record:
            _place(record, path, value)
    return record


def _place(record: dict[str, Any], path: str, value: Value) -> None:
    """Put a value where it belongs; a parent's field (``Account.ERP_Id__c``) relates by external id (Salesforce §4.4)."""
    *parents, last = path.split(".")
    for parent in parents:
        record = record.setdefault(parent, {})
    record[last] = value


def _adopt(client: Client, native: str, key_field: str, rows: Sequence[_Row], receipts: dict[int, Receipt]) -> None:
    """A create refused as duplicate whose key is in the org has been done before: take that record (law 1)."""
    refused = [(number, write, str(record[key_field])) for number, write, record in rows]
    refused = [row for row in refused if receipts[row[0]].error_code == DUPLICATE]
    try:
        found = _ids_by_key(client, native, key_field, [key for _, _, key in refused]) if refused else {}
    except CrosswalkError as error:
        receipts.update({number: _receipt(write, Outcome.RETRY, error) for number, write, _ in refused})
        return
    for number, write, key in refused:
        if key in found:
            receipts[number] = Receipt(write.intent_key, Outcome.DONE, native_id=found[key], adopted=True)


def _receipt_of(write: Write, result: Result) -> Receipt:
    if isinstance(result, str):
        return Receipt(write.intent_key, Outcome.DONE, native_id=result)
    if isinstance(result, InDoubtError):
        return _receipt(write, Outcome.IN_DOUBT, result)
    receipt = _receipt(write, Outcome.RETRY if isinstance(result, RetryableError) else Outcome.REJECTED, result)
    return replace(receipt, retry_after=_uniform(*LATER)) if _is_locked(receipt) else receipt


def refusal(write: Write, error: CrosswalkError) -> Receipt:
    """Return the receipt of a write that was refused, by us or by Salesforce."""
    return _receipt(write, Outcome.REJECTED, error)


def _receipt(write: Write, outcome: Outcome, error: CrosswalkError) -> Receipt:
    return Receipt.of_error(write.intent_key, outcome, error, native_id=write.native_id)
