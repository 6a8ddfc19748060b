"""Writes → receipts: created under the intent's key in a user field, updated in the version they were planned against.

There is no idempotency key, and nothing in the database keeps two records from bearing one key (SAP Business One §16): every create is
preceded by a search for its key, for all creates of a request at once. What was answered with an error was not written; what was not
answered is in doubt.

Creates of partners and items travel in one batch. Updates do not: ETags are not looked at inside (§7). Orders do not either: each
takes seconds, and one that becomes a draft is answered with an error that would stop the others (§9).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from crosswalk.connectors.sap_business_one import drafts
from crosswalk.connectors.sap_business_one.batch import Answer
from crosswalk.connectors.sap_business_one.bodies import (
    changed_addresses,
    document,
    etag_of,
    lines_of,
    new_addresses,
    split_addresses,
)
from crosswalk.connectors.sap_business_one.client import batch_error
from crosswalk.connectors.sap_business_one.errors import AlreadyExistsError, NoMatchError
from crosswalk.connectors.sap_business_one.find import code_for, find, keyed_contacts, writable
from crosswalk.connectors.sap_business_one.odata import entity
from crosswalk.connectors.sap_business_one.sources import VERSION, Source, source_of
from crosswalk.connectors.sap_business_one.targets import Prepared, must_know, partner, partner_of
from crosswalk.model.errors import (
    AuthenticationError,
    ConfigurationError,
    ConflictError,
    CrosswalkError,
    InDoubtError,
    RateLimitedError,
    ReadOnlyError,
    RetryableError,
    ValidationError,
)
from crosswalk.model.records import Operation, Outcome, Receipt, Write

if TYPE_CHECKING:
    from crosswalk.connectors.sap_business_one.client import Client

CREATES_IN_A_BATCH = 20
PATIENCE = 300.0  # seconds before a write is tried again that the connection kept from going: a person has to act
MOST_CONTACT_NAME = 50
_IN_BATCHES = ("customer", "product")


def deliver(client: Client, key_field: str, writes: Sequence[Write], prepared: Prepared) -> list[Receipt]:
    """Send the writes; a receipt for each, in order."""
    if client.transport.read_only:
        raise _read_only(client)
    receipts: dict[str, Receipt] = {}
    waiting: dict[str, Mapping[str, Any]] = {}
    fresh = _not_there_yet(client, key_field, writes, receipts, waiting)
    for entity_name in _IN_BATCHES:
        _create_many(client, key_field, [write for write in fresh if write.entity == entity_name], receipts)
    for write in writes:
        if write.intent_key not in receipts:
            draft = waiting.get(write.intent_key)
            receipts[write.intent_key] = _deliver(client, key_field, write, prepared, draft)
    return [receipts[write.intent_key] for write in writes]


def _deliver(
    client: Client, key_field: str, write: Write, prepared: Prepared, draft: Mapping[str, Any] | None
) -> Receipt:
    try:
        if write.operation is Operation.UPDATE:
            return _update(client, write, prepared)
        if write.entity == "order":
            return _create_order(client, key_field, write, draft)
        return _create_contact(client, key_field, write, prepared)
    except ReadOnlyError:
        raise
    except CrosswalkError as error:
        return receipt_of(write, error)


# --- creating -----------------------------------------------------------------------------------


def _not_there_yet(
    client: Client,
    key_field: str,
    writes: Sequence[Write],
    receipts: dict[str, Receipt],
    waiting: dict[str, Mapping[str, Any]],
) -> list[Write]:
    """Return the creates whose key nobody bears; adopt the others, note drafts, and tell of those whose search failed."""
    fresh: list[Write] = []
    there: dict[str, str]
    for name in {write.entity: None for write in writes if write.operation is Operation.CREATE}:
        mine = [write for write in writes if write.entity == name and write.operation is Operation.CREATE]
        keys = [write.intent_key for write in mine]
        try:
            if name == "contact":
                there = {}  # looked for in the partner's own rows, which are read anyway
            elif name == "order":
                there, drafted = drafts.look(client, key_field, keys)
                waiting |= drafted
            else:
                there = find(client, key_field, name, keys)
        except CrosswalkError as error:
            receipts |= {write.intent_key: receipt_of(write, error) for write in mine}
            continue
        adopted = {key: there[key] for key in keys if key in there}
        receipts |= {
            write.intent_key: _done(write, adopted[write.intent_key], adopted=True)
            for write in mine
            if write.intent_key in adopted
        }
        fresh += [write for write in mine if write.intent_key not in adopted]
    return fresh


def _create_many(client: Client, key_field: str, writes: Sequence[Write], receipts: dict[str, Receipt]) -> None:
    """Create records in one request; after one that is refused, the rest in another: the server stops there (§9)."""
    waiting = list(writes)
    while waiting:
        batch = waiting[:CREATES_IN_A_BATCH]
        source = source_of(batch[0].entity)
        try:
            answers = client.create_many(source.native, [_new_record(source, key_field, write) for write in batch])
        except ReadOnlyError:
            raise
        except CrosswalkError as error:
            receipts |= {write.intent_key: receipt_of(write, error) for write in batch}
            waiting = waiting[len(batch) :]
            continue
        for write, answer in zip(batch, answers, strict=False):
            receipts[write.intent_key] = _created(client, key_field, source, write, answer)
        waiting = waiting[max(1, len(answers)) :]


def _created(client: Client, key_field: str, source: Source, write: Write, answer: Answer) -> Receipt:
    if answer.status < 300:
        key = _key_in(source, answer)
        return _done(write, key) if key else _receipt_in_doubt(write)
    error = batch_error(client.transport.system, answer)
    if isinstance(error, AlreadyExistsError):
        there = find(client, key_field, write.entity, [write.intent_key]).get(write.intent_key)
        if there is not None:
            return _done(write, there, adopted=True)
    return receipt_of(write, error)


def _key_in(source: Source, answer: Answer) -> str | None:
    body = answer.json
    if isinstance(body, Mapping) and body.get(source.keys[0]) is not None:
        return str(body[source.keys[0]])
    last = urlsplit(answer.headers.get("location", "")).path.rpartition("/")[2] or answer.headers.get("location", "")
    found = re.search(r"\('((?:[^']|'')*)'\)$|\((\d+)\)$", unquote(last))
    return (found[1].replace("''", "'") if found[1] is not None else found[2]) if found else None


def _new_record(source: Source, key_field: str, write: Write) -> dict[str, object]:
    """Return the body of a new partner or item; a code is made of the key unless the write brings one, or a series."""
    values, addresses = split_addresses({name: value for name, value in write.values.items() if value is not None})
    code = source.keys[0]
    body = {**document(values), key_field: write.intent_key}
    if not body.get(code) and not body.get("Series"):
        body[code] = code_for(source, write.intent_key)
    if source.entity == "customer":
        body.setdefault("CardType", "cCustomer")
        if rows := new_addresses(addresses):
            body["BPAddresses"] = rows
    return body


def _create_order(client: Client, key_field: str, write: Write, draft: Mapping[str, Any] | None) -> Receipt:
    """Create an order, or go on with the draft that stands for it: it is never posted again (§16)."""
    if draft is not None:
        return _of_draft(client, key_field, write, draft)
    body = {**document(write.values), key_field: write.intent_key, "DocumentLines": lines_of(write.lines)}
    body = {name: value for name, value in body.items() if value is not None}
    if "DocDate" in body:
        body.setdefault("DocDueDate", body["DocDate"])  # an order without a delivery date is refused (§15)
    try:
        made = client.create("Orders", body)
    except NoMatchError as error:  # a code that does not exist, or: it became a draft
        if (draft := drafts.draft_of(client, key_field, write.intent_key)) is None:
            raise
        del error
        return _of_draft(client, key_field, write, draft)
    if made.get("DocEntry") is not None and made.get(key_field, write.intent_key) == write.intent_key:
        return _done(write, str(made["DocEntry"]))
    if (draft := drafts.draft_of(client, key_field, write.intent_key)) is not None:
        return _of_draft(client, key_field, write, draft)
    return _receipt_in_doubt(write)


def _of_draft(client: Client, key_field: str, write: Write, draft: Mapping[str, Any]) -> Receipt:
    drafts.follow(client, draft)
    order = drafts.order_under(client, key_field, write.intent_key)
    return _done(write, order, adopted=True) if order else _receipt_in_doubt(write)


def _create_contact(client: Client, key_field: str, write: Write, prepared: Prepared) -> Receipt:
    """Add a row to its partner, unless one bears the key; the answer is empty, so that the row's number is read after it."""
    values = {name: value for name, value in write.values.items() if value is not None}
    code = str(values.pop("CardCode", None) or "")
    if not code:
        raise ValidationError("A contact belongs to a customer, and none is given.", hint="Link the customer first.")
    there = partner(client, prepared, code)
    if (known := keyed_contacts(there, key_field).get(write.intent_key)) is not None:
        return _done(write, known, adopted=True)
    row = {"Name": _contact_name(values, there), **document(values), key_field: write.intent_key}
    client.update(entity("BusinessPartners", code), {"ContactEmployees": [row]}, etag=_etag(there))
    made = keyed_contacts(partner(client, prepared, code), key_field).get(write.intent_key)
    return _done(write, made) if made else _receipt_in_doubt(write)


def _contact_name(values: Mapping[str, Any], partner_: Mapping[str, Any]) -> str:
    """Return a name that no other contact of the partner has (§6): the person's, else the e-mail's, numbered where it must be."""
    parts = [str(values[name]) for name in ("FirstName", "MiddleName", "LastName") if values.get(name)]
    name = (" ".join(parts) or str(values.get("E_Mail") or "Contact"))[: MOST_CONTACT_NAME - 4]
    taken = {str(row.get("Name")).casefold() for row in partner_.get("ContactEmployees") or ()}
    numbered, number = name, 1
    while numbered.casefold() in taken:
        number += 1
        numbered = f"{name} {number}"
    return numbered


# --- updating -----------------------------------------------------------------------------------


def _update(client: Client, write: Write, prepared: Prepared) -> Receipt:
    source = writable(write.entity)
    if write.native_id is None:
        raise ValidationError(f"The update {write.intent_key} does not say which record.", hint="Link it first.")
    if write.native_id.startswith("draft-"):
        raise ValidationError(
            f"The order {write.native_id} waits for an approval in SAP Business One.",
            hint="It can be changed when it is approved, or change the draft there.",
            code=drafts.WAITING,
        )
    etag = etag_of(write.expected_version) if write.expected_version else None
    values, addresses = split_addresses(write.values)
    body = document(values)
    key: object = int(write.native_id) if source.numeric and write.native_id.isdigit() else write.native_id
    if must_know(write):
        code = partner_of(write)
        there = partner(client, prepared, code)
        _compare(write, there)
        etag, key = _etag(there) if write.expected_version else etag, code
        if source.rows:
            number = write.native_id.rpartition("|")[2]
            row = {name: value for name, value in body.items() if name != "CardCode"}
            body = {"ContactEmployees": [{**row, "InternalCode": int(number) if number.isdigit() else number}]}
        elif rows := changed_addresses(addresses, there):
            body["BPAddresses"] = rows
    if write.lines:
        body["DocumentLines"] = lines_of(write.lines)
    client.update(entity(source.native, key), body, etag=etag, replace=bool(write.lines))
    return _done(write, write.native_id)


def _compare(write: Write, there: Mapping[str, Any]) -> None:
    """Compare the version of the partner that was read for its rows with the plan's; the server compares it once more."""
    version = str(there.get(VERSION))
    if write.expected_version is not None and version != write.expected_version:
        raise ConflictError(
            f"The {write.entity} {write.native_id} is in version {version}; the plan saw version {write.expected_version}.",
            hint="Nothing was written. The next run plans it anew.",
            code="VERSION_MOVED",
        )


def _etag(there: Mapping[str, Any]) -> str | None:
    return etag_of(str(there[VERSION])) if there.get(VERSION) is not None else None


# --- receipts -----------------------------------------------------------------------------------


def _read_only(client: Client) -> ReadOnlyError:
    return ReadOnlyError(
        f"{client.transport.system}: a write was asked for, and this connection may only read.",
        hint="Nothing was sent. Promote the flow to live, or open the connection with read_only=False.",
        system=client.transport.system,
    )


def _done(write: Write, key: str, *, adopted: bool = False) -> Receipt:
    return Receipt(write.intent_key, Outcome.DONE, native_id=key, adopted=adopted)


def _receipt_in_doubt(write: Write) -> Receipt:
    return Receipt(
        write.intent_key,
        Outcome.IN_DOUBT,
        message="The Service Layer took it without saying as what; it is looked up by its key.",
    )


def _outcome(error: CrosswalkError) -> tuple[Outcome, float | None]:
    """Return how a write ended that failed with ``error``, and how long to wait before the next try."""
    if isinstance(error, InDoubtError):
        return Outcome.IN_DOUBT, None
    if isinstance(error, RateLimitedError):
        return Outcome.RETRY, error.retry_after
    if isinstance(error, RetryableError):
        return Outcome.RETRY, None
    if isinstance(error, AuthenticationError) or (type(error) is ConfigurationError and error.code is None):
        return Outcome.RETRY, PATIENCE  # the record is not at fault: it goes when the connection is right again
    return Outcome.REJECTED, None


def receipt_of(write: Write, error: CrosswalkError) -> Receipt:
    """Return the receipt for a write that ended in ``error``."""
    outcome, wait = _outcome(error)
    return replace(Receipt.of_error(write.intent_key, outcome, error, native_id=write.native_id), retry_after=wait)
