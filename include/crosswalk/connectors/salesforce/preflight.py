"""What the org lacks for a mapping to run, each with its remedy (Salesforce §15)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from crosswalk.connectors.protocol import Finding
from crosswalk.connectors.salesforce.client import Client
from crosswalk.connectors.salesforce.deliver import DeliverySettings
from crosswalk.connectors.transport import decoded
from crosswalk.model.errors import (
    AuthenticationError,
    ConfigurationError,
    CrosswalkError,
    NotFoundError,
    PermissionDeniedError,
    RecordError,
    SchemaError,
)
from crosswalk.model.records import NativeField, Selection

LOW_ON_CALLS = 0.9  # of the day's allowance
_FLS = "Give the integration user's permission set read access to {}.{} (field-level security), or correct the mapping."
_LINE_OBJECTS = frozenset({"OpportunityLineItem", "PricebookEntry", "OrderItem"})


def preflight(
    client: Client, selections: Sequence[Selection], settings: DeliverySettings, *, writes: bool
) -> list[Finding]:
    """Return what is wrong, blocking findings first; empty when all is well. Some three calls and one per object.

    Raises TransientError when the org is out of reach; a refused login is a finding.
    """
    try:
        client.get("limits")
    except AuthenticationError as error:
        return [Finding("login", error.message, error.hint or "Check the connection's credentials.")]
    except NotFoundError:
        return [Finding("API version", f"The org has no {client.root}.", _supported(client))]
    except ConfigurationError as error:
        return [Finding("API access", error.message, error.hint)]
    found = [*_allowance(client), *_objects(client, selections, settings, writes), *_features(client, selections)]
    return sorted(found, key=lambda finding: not finding.blocking)


def _supported(client: Client) -> str:
    versions = decoded(client.transport.call("GET", "/services/data"))
    return f"Set `version` of the connection to one of {versions[0]['version']} to {versions[-1]['version']}."


def _allowance(client: Client) -> Iterator[Finding]:
    usage = client.usage()
    if usage.limit and usage.used > usage.limit * LOW_ON_CALLS:
        yield Finding(
            "API calls",
            f"{usage.used} of the {usage.limit} calls of 24 hours are used.",
            "See Setup > Company Information for who uses them, or buy more.",
            blocking=False,
        )


# --- Objects and fields --------------------------------------------------------------------------------


def _objects(
    client: Client, selections: Sequence[Selection], settings: DeliverySettings, writes: bool
) -> Iterator[Finding]:
    described: dict[str, Mapping[str, Any]] = {}
    for selection in selections:
        try:
            if selection.native not in described:
                described[selection.native] = client.describe(selection.native)
        except (SchemaError, PermissionDeniedError) as error:
            yield Finding(selection.native, error.message, error.hint)
            continue
        yield from check_object(described[selection.native], selection, settings, writes=writes)


def check_object(
    described: Mapping[str, Any], selection: Selection, settings: DeliverySettings, *, writes: bool
) -> Iterator[Finding]:
    """Yield what is wrong with one object. Pure, so that a recorded describe can be checked."""
    fields = {str(field["name"]).lower(): field for field in described["fields"]}
    relations = {str(field["relationshipName"]).lower() for field in described["fields"] if field["relationshipName"]}
    native = str(described["name"])
    if not described["queryable"]:
        yield Finding(native, f"{native} cannot be queried.", "Give the integration user read access to the object.")
    if not described["replicateable"]:
        yield Finding(
            native, f"Deletions of {native} are not tracked.", "Run the full census regularly.", blocking=False
        )
    for wanted in selection.fields:
        yield from _check_field(native, wanted, fields, relations)
    if writes:
        yield from _check_key(native, settings.key(selection.entity), fields)
        yield from _check_writes(native, {wanted.path.lower() for wanted in selection.fields}, fields)


def _check_field(
    native: str, wanted: NativeField, fields: Mapping[str, Mapping[str, Any]], relations: set[str]
) -> Iterator[Finding]:
    subject = f"{native}.{wanted.path}"
    first, _, rest = wanted.path.partition(".")
    if rest:
        if first.lower() not in relations:
            yield Finding(subject, f"{native} has no visible parent {first}.", _FLS.format(native, f"{first}Id"))
        return
    field = fields.get(first.lower())
    if field is None:
        remedy = _FLS.format(native, first)
        if first.lower() == "currencyisocode":
            remedy = "The org has one currency only: take CurrencyIsoCode out of the mapping."
        if first.lower().endswith("__c"):
            remedy = f"Create the field in Setup > Object Manager if it is missing. {remedy}"
        yield Finding(subject, f"{native} has no field {first} that this user can see.", remedy)
    elif field["type"] in ("address", "location"):
        yield Finding(subject, f"{first} is a compound field.", "Map its parts, for example BillingStreet.")
    elif field["calculated"]:
        yield Finding(
            subject,
            f"{first} is a formula: its changes move no stamp and no incremental pull sees them.",
            "Run the full census regularly, or map the fields the formula is made of.",
            blocking=False,
        )


def _check_key(native: str, key_field: str, fields: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    subject = f"{native}.{key_field}"
    field = fields.get(key_field.lower())
    if field is None:
        yield Finding(
            subject,
            f"{native} has no field {key_field} that this user can see; writes cannot be found again without it.",
            f"Create {key_field} as Text(64), External ID, Unique, case-sensitive, and give the permission set access to it.",
        )
        return
    if not (field["externalId"] and field["unique"]):
        yield Finding(
            subject,
            f"{key_field} must be an External ID and Unique, or two requests at once create two records.",
            "Merge records that share a value, then tick both boxes in Setup > Object Manager.",
        )
    if not (field["createable"] and field["updateable"]):
        yield Finding(
            subject, f"The user may not write {key_field}.", "Give the permission set edit access to the field."
        )


def _check_writes(native: str, mapped: set[str], fields: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """What will make the org refuse some of our writes (Salesforce §14)."""
    if (
        mapped & {"billingstate", "billingcountry", "shippingstate", "shippingcountry"}
        and "billingcountrycode" in fields
    ):
        yield Finding(
            native,
            "State and Country picklists are on: a name that is not in them is refused.",
            "Map BillingCountryCode and BillingStateCode, or make the mapping write the picklists' own names.",
            blocking=False,
        )
    if "ispersonaccount" in fields:
        yield Finding(
            native,
            "Person accounts are on: their Name cannot be written.",
            "Restrict the mapping with `where: IsPersonAccount = false`.",
            blocking=False,
        )


# --- Features ----------------------------------------------------------------------------------------------


def _features(client: Client, selections: Sequence[Selection]) -> Iterator[Finding]:
    natives = {selection.native for selection in selections}
    if natives & _LINE_OBJECTS:
        yield from _probe(
            client, "SELECT Id FROM Pricebook2 WHERE IsStandard = true AND IsActive = true", _no_price_book
        )
    if "Opportunity" in natives:
        yield from _probe(
            client, "SELECT Id FROM OpportunityStage WHERE IsActive = true AND IsWon = true", _no_won_stage
        )
    if "Order" in natives:
        yield from _probe(client, "SELECT Id FROM OrderStatus WHERE StatusCode = 'Draft'", _no_draft_status)


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
