"""New contacts, which are rows of their partner (SAP Business One §6, §15): one request tells what the partners have, another adds.

A row that is added leaves all others as they are, so that nothing of anybody's can be overwritten: many travel in one request, though no
ETag is looked at inside (§7). A name is unique in its partner and follows from the write, so that the same contact added twice at once is
refused. The rows' numbers are asked for behind the additions, in the same request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crosswalk.connectors.sap_business_one.batch import Part
from crosswalk.connectors.sap_business_one.bodies import document
from crosswalk.connectors.sap_business_one.find import keyed_contacts
from crosswalk.connectors.sap_business_one.odata import chunks, entity, one_of
from crosswalk.connectors.sap_business_one.pages import Question, Rows
from crosswalk.connectors.sap_business_one.receipts import Receipts, done, in_doubt, receipt_of
from crosswalk.connectors.sap_business_one.sending import Rowed, send
from crosswalk.model.errors import CrosswalkError, NotFoundError, ValidationError
from crosswalk.model.records import Write

if TYPE_CHECKING:
    from crosswalk.connectors.sap_business_one.client import Client

IN_A_BATCH = 20
MOST_NAME = 50
_SELECT = "CardCode,ContactEmployees"


def create(client: Client, key_field: str, writes: Sequence[Write]) -> Receipts:
    """Add contacts to their partners, unless a row bears the key; a receipt for each."""
    receipts: Receipts = {}
    rows: list[Rowed] = []
    try:
        partners = _partners(client.ask_in_batches(_questions(writes)) if any(map(_code, writes)) else [])
    except CrosswalkError as error:
        return {write.intent_key: receipt_of(write, error) for write in writes}
    names = {code: _names(there) for code, there in partners.items()}
    for write in writes:
        try:
            there = _partner(partners, write)
        except CrosswalkError as error:
            receipts[write.intent_key] = receipt_of(write, error)
            continue
        if (known := keyed_contacts(there, key_field).get(write.intent_key)) is not None:
            receipts[write.intent_key] = done(write, known, adopted=True)
        else:
            rows.append((write, _addition(key_field, write, names[_code(write)])))
    for begin in range(0, len(rows), IN_A_BATCH):
        receipts |= _add(client, key_field, rows[begin : begin + IN_A_BATCH])
    return receipts


def _add(client: Client, key_field: str, rows: Sequence[Rowed]) -> Receipts:
    sent = send(client, rows, lambda: _questions([write for write, _ in rows]))
    made: dict[str, str] = {}
    for there in _partners(sent.told or ()).values():
        made |= keyed_contacts(there, key_field)
    receipts = dict(sent.receipts)
    for write, _ in rows:
        if write.intent_key in receipts:
            continue
        error, key = sent.refused.get(write.intent_key), made.get(write.intent_key)
        if key is not None:
            receipts[write.intent_key] = done(write, key, adopted=error is not None)
        else:
            receipts[write.intent_key] = receipt_of(write, error) if error else in_doubt(write)
    return receipts


def _code(write: Write) -> str:
    return str(write.values.get("CardCode") or "")


def _questions(writes: Sequence[Write]) -> list[Question]:
    codes = list(dict.fromkeys(code for write in writes if (code := _code(write))))
    return [
        Question("BusinessPartners", len(part), {"select": _SELECT, "filter": one_of("CardCode", part)})
        for part in chunks("CardCode", codes)
    ]


def _partners(answers: Sequence[Rows]) -> dict[str, Mapping[str, Any]]:
    return {str(there["CardCode"]): there for answer in answers for there in answer.rows}


def _partner(partners: Mapping[str, Mapping[str, Any]], write: Write) -> Mapping[str, Any]:
    code = _code(write)
    if not code:
        raise ValidationError("A contact belongs to a customer, and none is given.", hint="Link the customer first.")
    if code not in partners:
        raise NotFoundError(
            f"SAP Business One has no business partner {code}.", hint="It was deleted; its link is reviewed."
        )
    return partners[code]


def _addition(key_field: str, write: Write, taken: set[str]) -> Part:
    values = {name: value for name, value in write.values.items() if value is not None and name != "CardCode"}
    row = {"Name": _name(values, taken), **document(values), key_field: write.intent_key}
    taken.add(str(row["Name"]).casefold())
    return Part("PATCH", entity("BusinessPartners", _code(write)), {"ContactEmployees": [row]})


def _names(there: Mapping[str, Any]) -> set[str]:
    return {str(row.get("Name")).casefold() for row in there.get("ContactEmployees") or ()}


def _name(values: Mapping[str, Any], taken: set[str]) -> str:
    """Return a name that no other contact of the partner has (§6): the person's, else the e-mail's, numbered where it must be."""
    parts = [str(values[name]) for name in ("FirstName", "MiddleName", "LastName") if values.get(name)]
    name = (" ".join(parts) or str(values.get("E_Mail") or "Contact"))[: MOST_NAME - 4]
    numbered, number = name, 1
    while numbered.casefold() in taken:
        number += 1
        numbered = f"{name} {number}"
    return numbered
