"""Writes in collections of 200, one receipt a row (Salesforce §7.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crosswalk.connectors.salesforce.client import Client
from crosswalk.connectors.salesforce.errors import DUPLICATE, row_error
from crosswalk.connectors.salesforce.soql import among, is_id, name
from crosswalk.connectors.salesforce.values import version_of
from crosswalk.model.errors import (
    ConflictError,
    CrosswalkError,
    InDoubtError,
    NotFoundError,
    RecordError,
    RetryableError,
    ValidationError,
)
from crosswalk.model.records import Operation, Outcome, Receipt, Value, Write

BATCH = 200  # records of one collection
KEYS_PER_QUERY = 100  # external ids of one query: up to 64 characters each, some of them three bytes in a URL
_HEADERS = {"Sforce-Auto-Assign": "FALSE"}
_MERGEABLE = frozenset({"Account", "Contact", "Lead"})
_CONFLICT_HINT = "The target moved since the plan was made: the next round reads it and plans anew."


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """How to write. ``natives`` and ``key_fields`` are by entity; ``allow_duplicates`` overrides the org's duplicate rules."""

    natives: Mapping[str, str] = field(default_factory=dict)
    key_fields: Mapping[str, str] = field(default_factory=dict)
    key_field: str = "ERP_Id__c"
    allow_duplicates: bool = False

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


def deliver(client: Client, writes: Sequence[Write], settings: DeliverySettings) -> list[Receipt]:
    """Send up to 200 writes and return a receipt for each, in order.

    Updates whose target moved since ``expected_version`` are not sent (law 3). When the outcome of a request is unknown, all its
    rows are in doubt. Errors of the connection (limits, credentials, nothing executed) are raised.
    """
    receipts: dict[int, Receipt] = {}
    for group in _groups(writes):
        operation, entity = group[0][1].operation, group[0][1].entity
        native, key_field = settings.native(entity), settings.key(entity)
        sendable = _sound(group, receipts)
        if operation is Operation.UPDATE:
            sendable = _unmoved(client, native, sendable, receipts)
        rows = [(number, write, _record(write, native, key_field)) for number, write in sendable]
        _send(client, operation, rows, settings.headers, receipts)
        if operation is Operation.CREATE:
            _adopt(client, native, key_field, rows, receipts)
    return [receipts[number] for number in range(len(writes))]


def find(client: Client, entity: str, intent_keys: Sequence[str], settings: DeliverySettings) -> dict[str, str]:
    """Return ``{key: id}`` of the records whose external id is one of ``intent_keys``; a query sees every committed write."""
    return _ids_by_key(client, settings.native(entity), settings.key(entity), intent_keys)


def _ids_by_key(client: Client, native: str, key_field: str, keys: Sequence[str]) -> dict[str, str]:
    wanted = list(dict.fromkeys(keys))
    found: dict[str, str] = {}
    for start in range(0, len(wanted), KEYS_PER_QUERY):
        some = wanted[start : start + KEYS_PER_QUERY]
        soql = f"SELECT Id, {key_field} FROM {native} WHERE {among(key_field, some)} ORDER BY CreatedDate DESC, Id DESC"
        for record in client.query(soql).records:
            found[str(record[key_field])] = str(record["Id"])  # of several, the oldest
    return {key: found[key] for key in wanted if key in found}  # SOQL compares without case; we do not


# --- Rows -------------------------------------------------------------------------------------------

_Numbered = tuple[int, Write]
_Row = tuple[int, Write, dict[str, Any]]


def _groups(writes: Sequence[Write]) -> list[list[_Numbered]]:
    groups: dict[tuple[Operation, str], list[_Numbered]] = {}
    for number, write in enumerate(writes):
        groups.setdefault((write.operation, write.entity), []).append((number, write))
    return [members[start : start + BATCH] for members in groups.values() for start in range(0, len(members), BATCH)]


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


def _unmoved(
    client: Client, native: str, updates: Sequence[_Numbered], receipts: dict[int, Receipt]
) -> list[_Numbered]:
    """Read the versions of all targets in one query and refuse the writes whose target moved or went (law 3)."""
    ids = sorted({str(write.native_id) for _, write in updates if write.expected_version is not None})
    if not ids:
        return list(updates)
    merged = ", MasterRecordId" if native in _MERGEABLE else ""
    soql = f"SELECT Id, SystemModstamp, IsDeleted{merged} FROM {native} WHERE {among('Id', ids)}"
    now = {str(record["Id"])[:15]: record for record in client.query(soql, all_rows=True).records}
    kept: list[_Numbered] = []
    for number, write in updates:
        error = None if write.expected_version is None else _moved(write, now.get(str(write.native_id)[:15]))
        if error is None:
            kept.append((number, write))
        else:
            receipts[number] = refusal(write, error)
    return kept


def _moved(write: Write, now: Mapping[str, Any] | None) -> RecordError | None:
    if now is None:
        return NotFoundError(
            f"{write.native_id} is not there any more.", hint="Unlink it, or restore it in Salesforce."
        )
    if now["IsDeleted"]:
        winner = now.get("MasterRecordId")
        hint = (
            f"It was merged into {winner}: redirect the link." if winner else "Restore it in Salesforce, or unlink it."
        )
        return NotFoundError(f"{write.native_id} was deleted.", hint=hint, code="ENTITY_IS_DELETED")
    version = version_of(str(now["SystemModstamp"]))
    if version != write.expected_version:
        return ConflictError(
            f"{write.native_id} changed at {version}, planned against {write.expected_version}.", hint=_CONFLICT_HINT
        )
    return None


# --- Requests ----------------------------------------------------------------------------------------


def _send(
    client: Client, operation: Operation, rows: Sequence[_Row], headers: Mapping[str, str], receipts: dict[int, Receipt]
) -> None:
    """Send one collection; one that is refused as a whole because of a row is halved until that row stands alone."""
    if not rows:
        return
    body = {"allOrNone": False, "records": [record for _, _, record in rows]}
    try:
        answer = client.send("POST" if operation is Operation.CREATE else "PATCH", "composite/sobjects", body, headers)
    except InDoubtError as error:
        receipts.update({number: _receipt(write, Outcome.IN_DOUBT, error) for number, write, _ in rows})
        return
    except RecordError as error:
        if len(rows) == 1:
            receipts[rows[0][0]] = refusal(rows[0][1], error)
            return
        middle = len(rows) // 2
        _send(client, operation, rows[:middle], headers, receipts)
        _send(client, operation, rows[middle:], headers, receipts)
        return
    if not isinstance(answer, list) or len(answer) != len(rows):
        doubt = InDoubtError(
            "Salesforce answered another number of rows than were sent.", hint="They are looked up by key."
        )
        receipts.update({number: _receipt(write, Outcome.IN_DOUBT, doubt) for number, write, _ in rows})
        return
    for (number, write, _), result in zip(rows, answer, strict=True):
        receipts[number] = _row_receipt(write, result)


def _row_receipt(write: Write, result: Mapping[str, Any]) -> Receipt:
    if result.get("success"):
        return Receipt(write.intent_key, Outcome.DONE, native_id=str(result["id"]))
    error = row_error(result.get("errors") or [])
    return _receipt(write, Outcome.RETRY if isinstance(error, RetryableError) else Outcome.REJECTED, error)


def _adopt(client: Client, native: str, key_field: str, rows: Sequence[_Row], receipts: dict[int, Receipt]) -> None:
    """A create refused as duplicate whose key is in the org has been done before: take that record (law 1)."""
    refused = [(number, write, str(record[key_field])) for number, write, record in rows]
    refused = [row for row in refused if receipts[row[0]].error_code == DUPLICATE]
    found = _ids_by_key(client, native, key_field, [key for _, _, key in refused]) if refused else {}
    for number, write, key in refused:
        if key in found:
            receipts[number] = Receipt(write.intent_key, Outcome.DONE, native_id=found[key], adopted=True)


def refusal(write: Write, error: CrosswalkError) -> Receipt:
    """Return the receipt of a write that was refused, by us or by Salesforce."""
    return _receipt(write, Outcome.REJECTED, error)


def _receipt(write: Write, outcome: Outcome, error: CrosswalkError) -> Receipt:
    return Receipt(
        write.intent_key,
        outcome,
        native_id=write.native_id,
        error_class=str(error.error_class),
        error_code=error.code,
        message=error.message,
        field=error.field,
        hint=error.hint,
        retry_after=getattr(error, "retry_after", None),
    )
