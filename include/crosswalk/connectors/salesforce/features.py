"""What the org's features lack: price books and prices, a won stage, a draft status (Salesforce §14)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from crosswalk.connectors.protocol import Finding
from crosswalk.connectors.salesforce.client import Client
from crosswalk.connectors.salesforce.errors import QUERY_TOO_HEAVY
from crosswalk.model.errors import ConfigurationError, CrosswalkError, RecordError, RetryableError
from crosswalk.model.records import Selection

_LINE_OBJECTS = frozenset({"OpportunityLineItem", "PricebookEntry", "OrderItem"})
_NAMED = 5  # products of a finding


def features(client: Client, selections: Sequence[Selection]) -> Iterator[Finding]:
    """Yield what the org's features lack for these objects; up to four calls."""
    natives = {selection.native for selection in selections}
    if natives & _LINE_OBJECTS:
        yield from _probe(
            client, "SELECT Id FROM Pricebook2 WHERE IsStandard = true AND IsActive = true", _no_price_book
        )
        yield from _priceless(client)
    if "Opportunity" in natives:
        yield from _probe(
            client, "SELECT Id FROM OpportunityStage WHERE IsActive = true AND IsWon = true", _no_won_stage
        )
    if "Order" in natives:
        yield from _probe(client, "SELECT Id FROM OrderStatus WHERE StatusCode = 'Draft'", _no_draft_status)


def _priceless(client: Client) -> Iterator[Finding]:
    """Name active products that no deal can hold: a line needs an active price book entry (Salesforce §14)."""
    asked = "SELECT Name FROM Product2 WHERE IsActive = true AND Id NOT IN"
    priced = "(SELECT Product2Id FROM PricebookEntry WHERE IsActive = true)"
    try:
        found = client.query(f"{asked} {priced} LIMIT {_NAMED + 1}").records
    except (RecordError, ConfigurationError):
        return  # the objects' own findings say what the user may not see
    except RetryableError as error:
        if error.code not in QUERY_TOO_HEAVY:
            raise
        return
    if found:
        names = ", ".join(str(record["Name"]) for record in found[:_NAMED])
        yield Finding(
            "Price book entries",
            f"Active products without an active price: {names}{' and more' if len(found) > _NAMED else ''}.",
            "Give each an entry in the standard price book and in those you sell by, or no deal can hold them.",
            blocking=False,
        )


def _probe(client: Client, soql: str, finding: Callable[[], Finding]) -> Iterator[Finding]:
    """Yield the finding when the query finds nothing, or the user may not even ask."""
    try:
        if not client.query(f"{soql} LIMIT 1").records:
            yield finding()
    except (RecordError, ConfigurationError) as error:
        yield _with_reason(finding(), error)


def _with_reason(finding: Finding, error: CrosswalkError) -> Finding:
    return Finding(finding.subject, f"{finding.problem} ({error.message})", finding.remedy, finding.blocking)


def _no_price_book() -> Finding:
    return Finding(
        "Price Books",
        "There is no active standard price book.",
        "Activate it: Setup > Products > Price Books.",
        blocking=False,
    )


def _no_won_stage() -> Finding:
    return Finding(
        "Opportunity stages",
        "No active stage counts as won.",
        "Set one stage to Closed/Won in Setup > Opportunity Stages.",
    )


def _no_draft_status() -> Finding:
    return Finding(
        "Orders",
        "No order status is of the category Draft.",
        "Enable Orders in Setup and give Status a Draft value.",
        blocking=False,
    )
