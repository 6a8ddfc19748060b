"""Writes → receipts: one record a request, created under its intent key as external id (NetSuite §5.5 to §5.10).

What was answered with an error was not written. What was not answered is in doubt, and looked up by its key: external
ids are unique per family of records (NetSuite §5.7), so that a second create under the same key is refused as well.

There is no batch here. NetSuite's (§9) are asynchronous: each of its results is fetched by itself, so that a hundred records
need more calls, not fewer; no text says which task is whose record; and no limit says when a queued job can no longer
write, which is what doubt waits for (law 1), nor how long after its version was compared it writes (law 3).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from crosswalk.connectors.netsuite.bodies import changed_addresses, document, lines_of, new_addresses, split_addresses
from crosswalk.connectors.netsuite.client import RECORDS
from crosswalk.connectors.netsuite.errors import AlreadyExistsError, RecordMovedError
from crosswalk.connectors.netsuite.sources import ITEM_RECORDS, Source, source_of
from crosswalk.connectors.netsuite.statements import MOST_ROWS, Statement
from crosswalk.connectors.netsuite.targets import Place, Target, Targets
from crosswalk.model.errors import (
    AuthenticationError,
    ConfigurationError,
    ConflictError,
    CrosswalkError,
    InDoubtError,
    NotFoundError,
    RateLimitedError,
    ReadOnlyError,
    RetryableError,
    ValidationError,
)
from crosswalk.model.records import Operation, Outcome, Receipt, Value, Write

if TYPE_CHECKING:
    from crosswalk.connectors.netsuite.client import Client
    from crosswalk.connectors.prepared import Prepared

TRIES = 3  # NetSuite §11: "Record has been changed"
PATIENCE = 300.0  # seconds before a write is tried again that the connection kept from going: a person has to act
_EXTERNAL_ID = re.compile(r"[A-Za-z0-9_-]+")  # NetSuite §5.7
_TRANSFORMED_FROM_ORDER = ("itemFulfillment", "invoice")  # NetSuite §5.10


def deliver(client: Client, writes: Sequence[Write], prepared: Prepared[Place, Target]) -> list[Receipt]:
    """Send the writes one after the other; a receipt for each, in order.

    What updates must know was read ahead, or is asked once for all.
    """
    targets = Targets(client, writes, prepared)
    return [_deliver(client, write, targets) for write in writes]


def _deliver(client: Client, write: Write, targets: Targets) -> Receipt:
    """Send a write; again when somebody else's save came in between, with the record read anew (NetSuite §11)."""
    moved: CrosswalkError | None = None
    for _ in range(TRIES):
        try:
            if write.operation is Operation.CREATE:
                return _create(client, source_of(write.entity), write)
            return _update(client, source_of(write.entity), write, targets)
        except ReadOnlyError:
            raise
        except RecordMovedError as error:
            moved = error
            targets.forget(write)
        except CrosswalkError as error:
            return _receipt(write, error)
    return _receipt(write, moved or RecordMovedError("Somebody else saves the record again and again."))


def find(client: Client, entity: str, intent_keys: Sequence[str]) -> dict[str, str]:
    """Return ``{intent key: internal id}``; reads the records themselves, not an index that lags behind."""
    source = source_of(entity)
    keys = [key for key in dict.fromkeys(intent_keys) if _EXTERNAL_ID.fullmatch(key)]
    if len(keys) == 1 and source.entity != "product":  # an item's REST type is not known before it is found
        with suppress(ValidationError):  # a locked record refuses to be opened (NetSuite §1); the query sees it
            return _find_one(client, source, keys[0])
    found: dict[str, str] = {}
    for begin in range(0, len(keys), MOST_ROWS):
        found |= _find_some(client, source, keys[begin : begin + MOST_ROWS])
    return found


def _find_one(client: Client, source: Source, key: str) -> dict[str, str]:
    if source.record is None:
        raise _not_writable(source)
    try:
        answer = client.record(source.record, f"eid:{key}", fields="id")
    except NotFoundError:
        return {}
    return {key: str(answer["id"])} if "id" in answer else _find_some(client, source, [key])


def _find_some(client: Client, source: Source, keys: Sequence[str]) -> dict[str, str]:
    if source.record is None:
        raise _not_writable(source)
    marks = ", ".join("?" * len(keys))
    identity = f" AND {source.identity}" if source.identity else ""
    rows = client.suiteql(
        Statement(
            f"SELECT {source.table}.id AS k0, {source.table}.externalid AS external FROM {source.table}"
            f" WHERE {source.table}.externalid IN ({marks}){identity} ORDER BY {source.table}.id"
            f" FETCH FIRST {MOST_ROWS} ROWS ONLY",
            tuple(keys),
        )
    )
    by_folded = {row["external"].casefold(): row["k0"] for row in rows}
    return {key: by_folded[key.casefold()] for key in keys if key.casefold() in by_folded}


# --- creating -----------------------------------------------------------------------------------


def _create(client: Client, source: Source, write: Write) -> Receipt:
    if not _EXTERNAL_ID.fullmatch(write.intent_key):
        raise ValidationError(
            f"{write.intent_key!r} cannot be an external id of NetSuite.",
            hint="Use letters, digits, `_` and `-` in the pairing's key_prefixes.",
            field="externalId",
        )
    values, addresses = split_addresses({name: value for name, value in write.values.items() if value is not None})
    path = _path_of_new(source, values)
    body = {**document(_family(source), values), "externalId": write.intent_key}
    if addresses:
        body["addressBook"] = new_addresses(addresses)
    if write.lines:
        body[_sublist(source)] = lines_of(_sublist(source), write.lines)
    try:
        return _done(write, client.create(path, body))
    except AlreadyExistsError as error:
        return _adopt(client, write, error)


def _path_of_new(source: Source, values: dict[str, Value]) -> str:
    """Return where the record is posted; takes out of ``values`` what only says so."""
    record = _record(source)
    if source.entity == "product":
        return f"{RECORDS}/{item_record(values.pop('itemType', None), values.pop('subtype', None))}"
    if record in _TRANSFORMED_FROM_ORDER and (order := values.get("createdFrom")):
        del values["createdFrom"]
        return f"{RECORDS}/salesOrder/{order}/!transform/{record}"
    if record == "itemFulfillment":
        raise ValidationError(
            "A shipment is made from an order, and none is given.",
            hint="Give `createdFrom` the order's internal id.",
            field="createdFrom",
        )
    return f"{RECORDS}/{record}"


def _adopt(client: Client, write: Write, refusal: AlreadyExistsError) -> Receipt:
    """Return the record that is there under our key, else say that somebody else's is in the way."""
    key = find(client, write.entity, [write.intent_key]).get(write.intent_key)
    if key is None:
        raise refusal
    return _done(write, key, adopted=True)


# --- updating -----------------------------------------------------------------------------------


def _update(client: Client, source: Source, write: Write, targets: Targets) -> Receipt:
    if write.native_id is None:
        raise ValidationError(f"The update {write.intent_key} does not say which record.", hint="Link it first.")
    family = _family(source)
    target = targets.of(write)
    _check_version(write, target)
    values, addresses = split_addresses(write.values)
    body = document(family, values)
    if addresses:
        body["addressBook"] = changed_addresses(addresses, target.book)
    if write.lines:
        body[_sublist(source)] = lines_of(_sublist(source), write.lines)
    is_item = source.entity == "product"
    record = item_record(target.itemtype, target.subtype) if is_item else _record(source)
    client.update(record, write.native_id, body, replace=_sublist(source) if write.lines else None)
    return _done(write, write.native_id)


def _check_version(write: Write, target: Target) -> None:
    """Read, compare, then write: there is no ETag (NetSuite §5.6), so that a save after the reading can be missed.

    Read by the write itself, that is the time of one request. Read ahead, it is up to ``PREPARED_SECONDS`` more; of two saves at
    once NetSuite itself refuses one (§11), and the record is then read anew. Only the fields of the write are overwritten.
    """
    if write.expected_version is None or source_of(write.entity).modified is None:
        return
    if target.version != write.expected_version:
        raise ConflictError(
            f"The {write.entity} {write.native_id} was saved at {target.version}; the plan saw it as of"
            f" {write.expected_version}.",
            hint="Nothing was written. The next run plans it anew.",
            code="VERSION_MOVED",
        )


# --- types --------------------------------------------------------------------------------------


def _record(source: Source) -> str:
    if source.record is None:
        raise _not_writable(source)
    return source.record


def _family(source: Source) -> str:
    return "item" if source.entity == "product" else _record(source)


def _sublist(source: Source) -> str:
    if source.lines is None:
        raise ValidationError(f"A {source.entity} has no lines in NetSuite.", hint="Remove them from the write.")
    return source.lines


def item_record(itemtype: Value, subtype: Value) -> str:
    """Return the REST type of an item (NetSuite §12.3); raises ValidationError for an unknown one."""
    kind = str(itemtype or "")
    record = ITEM_RECORDS.get((kind, "")) or ITEM_RECORDS.get((kind, str(subtype or "Sale")))
    if record is None:
        raise ValidationError(
            f"NetSuite has no item type {kind or '(none given)'}.",
            hint=f"Give `itemType` one of: {', '.join(sorted({name for name, _ in ITEM_RECORDS}))}.",
            field="itemType",
        )
    return record


def _not_writable(source: Source) -> ValidationError:
    return ValidationError(
        f"A {source.entity} is no record of its own in NetSuite.",
        hint="Remove it from the writes: it is changed through the record it belongs to.",
    )


# --- receipts -----------------------------------------------------------------------------------


def _done(write: Write, key: str, *, adopted: bool = False) -> Receipt:
    return Receipt(write.intent_key, Outcome.DONE, native_id=key, adopted=adopted)


def _outcome(error: CrosswalkError) -> tuple[Outcome, float | None]:
    """Return how a write ended that failed with ``error``, and how long to wait before the next try."""
    if isinstance(error, InDoubtError):
        return Outcome.IN_DOUBT, None
    if isinstance(error, RateLimitedError):
        return Outcome.RETRY, error.retry_after
    if isinstance(error, RetryableError | RecordMovedError):
        return Outcome.RETRY, None
    if isinstance(error, AuthenticationError) or (type(error) is ConfigurationError and error.code is None):
        return Outcome.RETRY, PATIENCE  # the record is not at fault: it goes when the connection is right again
    return Outcome.REJECTED, None


def _receipt(write: Write, error: CrosswalkError) -> Receipt:
    outcome, wait = _outcome(error)
    receipt = Receipt.of_error(write.intent_key, outcome, error, native_id=write.native_id)
    return replace(receipt, retry_after=wait)
