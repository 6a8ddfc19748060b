"""New partners and items: in one request with the search for their keys (SAP Business One §9, §10).

A code that is given twice is refused, and the code is made of the key: no second record of an intent can come to be. So the search need
not come first: it travels in front of the creates, and tells which of those that are refused is ours. Records that a series numbers have
no such code: they are searched for beforehand. What somebody gave another code by hand since, and an intent is sent for anew, is told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from crosswalk.connectors.sap_business_one.batch import Answer, Part
from crosswalk.connectors.sap_business_one.bodies import document, new_addresses, split_addresses
from crosswalk.connectors.sap_business_one.client import batch_error
from crosswalk.connectors.sap_business_one.errors import AlreadyExistsError
from crosswalk.connectors.sap_business_one.find import code_for, find, found_under, search
from crosswalk.connectors.sap_business_one.receipts import Receipts, done, in_doubt, receipt_of
from crosswalk.connectors.sap_business_one.sending import stopped, told_by
from crosswalk.connectors.sap_business_one.sources import Source, source_of
from crosswalk.model.errors import ConflictError, CrosswalkError, ReadOnlyError
from crosswalk.model.records import Receipt, Write

if TYPE_CHECKING:
    from crosswalk.connectors.sap_business_one.client import Client

IN_A_BATCH = 20


def create(client: Client, key_field: str, writes: Sequence[Write]) -> Receipts:
    """Create records of one set; a receipt for each."""
    source = source_of(writes[0].entity)
    receipts = _numbered_ones(client, key_field, [write for write in writes if _is_numbered(source, write)])
    waiting = [write for write in writes if write.intent_key not in receipts]
    while waiting:
        some, later = waiting[:IN_A_BATCH], waiting[IN_A_BATCH:]
        try:
            unsent = _send(client, key_field, source, some, receipts)
        except ReadOnlyError:
            raise
        except CrosswalkError as error:
            receipts |= {one.intent_key: receipt_of(one, error) for one in some if one.intent_key not in receipts}
            unsent = []
        waiting = unsent + later
    return receipts


def _is_numbered(source: Source, write: Write) -> bool:
    return not write.values.get(source.keys[0]) and bool(write.values.get("Series"))


def _numbered_ones(client: Client, key_field: str, writes: Sequence[Write]) -> Receipts:
    """Adopt those that a series has numbered already; nothing but the search would keep them from being made twice."""
    if not writes:
        return {}
    try:
        there = find(client, key_field, writes[0].entity, [write.intent_key for write in writes])
    except CrosswalkError as error:
        return {write.intent_key: receipt_of(write, error) for write in writes}
    return {
        write.intent_key: done(write, there[write.intent_key], adopted=True)
        for write in writes
        if write.intent_key in there
    }


def _send(client: Client, key_field: str, source: Source, writes: Sequence[Write], receipts: Receipts) -> list[Write]:
    """Send one request, note its receipts, and return the writes that were not executed."""
    asked = search(key_field, source, [write.intent_key for write in writes])
    parts = [Part("GET", one.path, headers=one.headers) for one in asked]
    creates = [Part("POST", source.native, _body(source, key_field, write), _BRIEFLY) for write in writes]
    answers = client.send_many([*parts, *creates])
    if (told := told_by(asked, answers[: len(asked)])) is None:  # the search itself was refused: nothing was executed
        raise batch_error(client.transport.system, answers[-1])
    there = found_under(key_field, source, [write.intent_key for write in writes], told)
    made = answers[len(asked) :]
    for write, answer in zip(writes, made, strict=False):
        receipts[write.intent_key] = _created(client, key_field, source, write, answer, there.get(write.intent_key))
    behind = [write for write in writes[len(made) :] if write.intent_key not in there]
    receipts |= {
        write.intent_key: done(write, there[write.intent_key], adopted=True)
        for write in writes[len(made) :]
        if write.intent_key in there
    }
    if behind and not stopped(answers):
        receipts |= {write.intent_key: in_doubt(write) for write in behind}
        return []
    return behind


_BRIEFLY = {"Prefer": "return-no-content"}


def _created(
    client: Client, key_field: str, source: Source, write: Write, answer: Answer, there: str | None
) -> Receipt:
    if answer.status < 300:
        key = _key_in(source, answer)
        if there is not None and key is not None:
            return receipt_of(write, _made_twice(source, write, there, key))
        return done(write, key) if key else in_doubt(write)
    error = batch_error(client.transport.system, answer)
    if isinstance(error, AlreadyExistsError):
        there = there or find(client, key_field, write.entity, [write.intent_key]).get(write.intent_key)
        if there is not None:
            return done(write, there, adopted=True)
    return receipt_of(write, error)


def _made_twice(source: Source, write: Write, there: str, key: str) -> ConflictError:
    return ConflictError(
        f"{source.native} {there} bears the key {write.intent_key} under another code, and {key} was made beside it.",
        hint=f"Somebody changed the code of the one, and its intent was sent anew. Remove {key}, and link {there}.",
        code="MADE_TWICE",
    )


def _key_in(source: Source, answer: Answer) -> str | None:
    body = answer.json
    if isinstance(body, Mapping) and body.get(source.keys[0]) is not None:
        return str(body[source.keys[0]])
    last = urlsplit(answer.headers.get("location", "")).path.rpartition("/")[2] or answer.headers.get("location", "")
    found = re.search(r"\('((?:[^']|'')*)'\)$", unquote(last))
    return found[1].replace("''", "'") if found else None


def _body(source: Source, key_field: str, write: Write) -> dict[str, object]:
    """Return a new partner or item; a code is made of the key unless the write brings one, or a series."""
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
