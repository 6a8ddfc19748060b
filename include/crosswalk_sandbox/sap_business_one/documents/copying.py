"""Copying from a base document by BaseType, BaseEntry and BaseLine (SAP Business One §15).

Nothing but lines is copied. What a target takes lessens ``RemainingOpenQuantity`` of the base's line; a line without any
is closed, and a document without open lines too: closed is not cancelled.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from crosswalk_sandbox.sap_business_one.desk import exact
from crosswalk_sandbox.sap_business_one.documents.kinds import BY_CODE, Kind
from crosswalk_sandbox.sap_business_one.documents.kits import KIT, PART, is_part
from crosswalk_sandbox.sap_business_one.documents.values import CLOSED, OPEN, ZERO, is_given
from crosswalk_sandbox.sap_business_one.errors import LOGIC, Refusal, business, no_match

if TYPE_CHECKING:
    from crosswalk_sandbox.sap_business_one.desk import Desk, Row

_TAKEN: Final = (
    "ItemCode", "ItemDescription", "UnitPrice", "DiscountPercent", "Currency", "TaxCode", "VatGroup", "WarehouseCode", "FreeText",
    "SalesPersonCode", "ProjectCode", "CostingCode", "CostingCode2", "CostingCode3", "CostingCode4", "CostingCode5", "AccountCode",
    "MeasureUnit", "UnitsOfMeasurment", "ShipDate",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """A line of a base document, and where the target's line stands in what was sent."""

    kind: Kind
    document: Row
    line: Row
    place: int


def source_of(desk: Desk, kind: Kind, sent: Row, place: int) -> Source | None:
    """The base a sent line names, None where it names none. It must be there, be open and fit."""
    if not is_given(sent, "BaseEntry") or int(exact(sent.get("BaseType"), -1)) == -1:
        return None
    told = f"[{kind.lines}.BaseEntry][line: {place + 1}]"
    base = BY_CODE.get(int(exact(sent["BaseType"])))
    if base is None or base.code not in kind.bases:
        raise business(
            f"Base document type is not allowed for this document  [{kind.lines}.BaseType][line: {place + 1}]"
        )
    document = desk.read(base.entity_set, int(exact(sent["BaseEntry"])))
    if document is None:
        raise no_match(f"{kind.lines}.BaseEntry")
    line = line_of(document, int(exact(sent.get("BaseLine"))))
    if line is None:
        raise no_match(f"{kind.lines}.BaseLine")
    if document.get("DocumentStatus", OPEN) == CLOSED or line.get("LineStatus") == CLOSED:
        raise Refusal(400, LOGIC, f"One of the base documents has already been closed  {told}")
    if is_given(sent, "ItemCode") and sent["ItemCode"] != line.get("ItemCode"):
        raise business(
            f"Target item number does not match base item number  [{kind.lines}.ItemCode][line: {place + 1}]"
        )
    return Source(base, document, line, place)


def with_bases(desk: Desk, kind: Kind, lines: list[Row]) -> tuple[list[Row], list[Source]]:
    """The sent lines with what their bases give, components of copied kits behind them; and the bases themselves."""
    found: list[Row] = []
    sources: list[Source] = []
    named = {(row.get("BaseType"), row.get("BaseEntry"), row.get("BaseLine")) for row in lines}
    for sent in lines:
        if sent.get("TreeType") == PART and not is_given(sent, "BaseEntry"):
            continue
        source = source_of(desk, kind, sent, len(found))
        if source is None:
            found.append(sent)
            continue
        found.append(_filled(desk, source, sent))
        sources.append(source)
        for part in _parts(source, found[-1], named):
            following = Source(source.kind, source.document, part[0], len(found))
            found.append(_filled(desk, following, part[1]))
            sources.append(following)
    return found, sources


def line_of(document: Row, number: int) -> Row | None:
    """A document's line by its number."""
    return next((line for line in document["DocumentLines"] if int(line["LineNum"]) == number), None)


def take(source: Source, quantity: Decimal) -> None:
    """Lessen what is open of a base's line, in place; ``quantity`` below zero gives it back."""
    line, document = source.line, source.document
    line["RemainingOpenQuantity"] = min(
        max(exact(line.get("RemainingOpenQuantity")) - quantity, ZERO), exact(line["Quantity"])
    )
    line["RemainingOpenInventoryQuantity"] = line["RemainingOpenQuantity"] * exact(line.get("UnitsOfMeasurment"), 1)
    line["LineStatus"] = OPEN if line["RemainingOpenQuantity"] else CLOSED
    if not source.kind.debt:
        settle_status(document)


def settle_status(document: Row) -> None:
    """A document without open lines is closed; components do not count."""
    still = any(line.get("LineStatus", OPEN) == OPEN for line in document["DocumentLines"] if not is_part(line))
    document["DocumentStatus"] = OPEN if still else CLOSED


def _filled(desk: Desk, source: Source, sent: Row) -> Row:
    line = source.line
    taken = {name: line[name] for name in _TAKEN if is_given(line, name)}
    taken |= {name: value for name, value in line.items() if name.startswith("U_")}
    still = exact(line.get("RemainingOpenQuantity"))
    row = taken | {"Quantity": still} | {name: value for name, value in sent.items() if value is not None}
    row |= {"BaseType": source.kind.code, "BaseEntry": source.document["DocEntry"], "BaseLine": line["LineNum"]}
    if line.get("TreeType"):
        row["TreeType"] = line["TreeType"]
    _check_quantity(desk, source, exact(row["Quantity"]), still)
    return row


def _check_quantity(desk: Desk, source: Source, quantity: Decimal, still: Decimal) -> None:
    """More than is open: of deliveries and invoices never comes back more than went; else an option says."""
    is_return = source.kind.moves < 0
    if quantity > still and (is_return or not desk.options.deliver_more):
        raise Refusal(
            400, LOGIC, f"Quantity exceeds the open quantity of the base document  [line: {source.place + 1}]"
        )


def _parts(source: Source, kit: Row, named: set[tuple[object, object, object]]) -> list[tuple[Row, Row]]:
    """Components of a copied kit that were not sent themselves, in the same proportion."""
    if source.line.get("TreeType") != KIT:
        return []
    whole, found = exact(source.line["Quantity"]), []
    for line in source.document["DocumentLines"]:
        if not is_part(line) or int(exact(line.get("ParentLineNum"), -1)) != int(source.line["LineNum"]):
            continue
        if (source.kind.code, source.document["DocEntry"], line["LineNum"]) in named:
            continue
        quantity = min(
            exact(line["Quantity"]) * exact(kit["Quantity"]) / whole, exact(line.get("RemainingOpenQuantity"))
        )
        if quantity:
            found.append((line, {"Quantity": quantity}))
    return found
