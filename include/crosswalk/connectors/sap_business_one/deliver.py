"""Writes → receipts: created under the intent's key in a user field, updated in the version they were planned against.

There is no idempotency key (SAP Business One §16). What was answered with an error was not written; what was not answered is in doubt.

creates.py    partners and items: their code is made of the key, and refused the second time
contacts.py   rows of partners: their key is looked for in the partner, their name is refused the second time
orders.py     nothing would refuse a second one: the key is looked for among orders and drafts first

Creates travel in batches. Updates do not: ETags are not looked at inside (§7).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crosswalk.connectors.sap_business_one import contacts, creates, drafts, orders
from crosswalk.connectors.sap_business_one.bodies import changed_addresses, document, etag_of, lines_of, split_addresses
from crosswalk.connectors.sap_business_one.find import writable
from crosswalk.connectors.sap_business_one.odata import entity
from crosswalk.connectors.sap_business_one.receipts import Receipts, done, receipt_of
from crosswalk.connectors.sap_business_one.sources import VERSION
from crosswalk.connectors.sap_business_one.targets import Partner, must_know, partner
from crosswalk.model.errors import ConflictError, CrosswalkError, ReadOnlyError, ValidationError
from crosswalk.model.records import Operation, Receipt, Write

if TYPE_CHECKING:
    from crosswalk.connectors.prepared import Prepared
    from crosswalk.connectors.sap_business_one.client import Client

CREATES_IN_A_BATCH: Mapping[str, int] = {
    "customer": creates.IN_A_BATCH,
    "product": creates.IN_A_BATCH,
    "contact": contacts.IN_A_BATCH,
    "order": orders.IN_A_BATCH,
}
_CREATORS: Mapping[str, Callable[[Client, str, Sequence[Write]], Receipts]] = {
    "customer": creates.create,
    "product": creates.create,
    "contact": contacts.create,
    "order": orders.create,
}


def deliver(client: Client, key_field: str, writes: Sequence[Write], prepared: Prepared[str, Partner]) -> list[Receipt]:
    """Send the writes; a receipt for each, in order."""
    if client.transport.read_only:
        raise _read_only(client)
    receipts: Receipts = {}
    for name in dict.fromkeys(write.entity for write in writes if write.operation is Operation.CREATE):
        mine = [write for write in writes if write.entity == name and write.operation is Operation.CREATE]
        receipts |= _created(client, key_field, name, mine)
    for write in writes:
        if write.operation is Operation.UPDATE:
            receipts[write.intent_key] = _updated(client, write, prepared)
    return [receipts[write.intent_key] for write in writes]


def _created(client: Client, key_field: str, name: str, writes: Sequence[Write]) -> Receipts:
    try:
        create = _CREATORS[writable(name).entity]
    except CrosswalkError as error:
        return {write.intent_key: receipt_of(write, error) for write in writes}
    return create(client, key_field, writes)


def _updated(client: Client, write: Write, prepared: Prepared[str, Partner]) -> Receipt:
    try:
        return _update(client, write, prepared)
    except ReadOnlyError:
        raise
    except CrosswalkError as error:
        return receipt_of(write, error)


def _update(client: Client, write: Write, prepared: Prepared[str, Partner]) -> Receipt:
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
    if source.rows:
        key, _, number = write.native_id.rpartition("|")
        row = {name: value for name, value in body.items() if name != "CardCode"}
        body = {"ContactEmployees": [{**row, "InternalCode": int(number) if number.isdigit() else number}]}
    elif must_know(write):
        there = partner(client, prepared, write.native_id)
        _compare(write, there)
        if rows := changed_addresses(addresses, there):
            body["BPAddresses"] = rows
    if write.lines:
        body["DocumentLines"] = lines_of(write.lines)
    client.update(entity(source.native, key), body, etag=etag, replace=bool(write.lines))
    return done(write, write.native_id)


def _compare(write: Write, there: Mapping[str, Any]) -> None:
    """Compare the version of the partner that was read for its rows with the plan's; the server compares it once more."""
    version = str(there.get(VERSION))
    if write.expected_version is not None and version != write.expected_version:
        raise ConflictError(
            f"The {write.entity} {write.native_id} is in version {version}; the plan saw version {write.expected_version}.",
            hint="Nothing was written. The next run plans it anew.",
            code="VERSION_MOVED",
        )


def _read_only(client: Client) -> ReadOnlyError:
    return ReadOnlyError(
        f"{client.transport.system}: a write was asked for, and this connection may only read.",
        hint="Nothing was sent. Promote the flow to live, or open the connection with read_only=False.",
        system=client.transport.system,
    )
