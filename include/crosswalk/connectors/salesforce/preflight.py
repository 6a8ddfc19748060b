"""What the org lacks for a mapping to run, each with its remedy (Salesforce §15)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from crosswalk.connectors.protocol import Finding
from crosswalk.connectors.salesforce.client import Client
from crosswalk.connectors.salesforce.deliver import DeliverySettings
from crosswalk.connectors.salesforce.features import features
from crosswalk.connectors.salesforce.setup import CUSTOM, FieldMissing, existing
from crosswalk.connectors.transport import decoded
from crosswalk.model.errors import (
    AuthenticationError,
    ConfigurationError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    RecordError,
    SchemaError,
)
from crosswalk.model.records import NativeField, Selection

LOW_ON_CALLS = 0.9  # of the day's allowance
_FLS = "Give the integration user's permission set read access to {}.{} (field-level security), or correct the mapping."
_SHOW = "It exists: give the integration user's permission set access to {}.{} (field-level security)."

_LINES = frozenset({"OpportunityLineItem", "QuoteLineItem", "OrderItem"})


def preflight(
    client: Client, selections: Sequence[Selection], settings: DeliverySettings, *, writes: bool
) -> list[Finding]:
    """Return what is wrong, blocking findings first; empty when all is well. Some four calls and one per object.

    Raises TransientError when the org is out of reach; a refused login is a finding.
    """
    try:
        client.get("limits")
    except AuthenticationError as error:
        return [Finding("login", error.message, error.hint or "Check the connection's credentials.")]
    except NotFoundError:
        return [Finding("API version", f"The org has no {client.root}.", _supported(client))]
    except RateLimitedError as error:
        return [Finding("API calls", error.message, error.hint)]
    except ConfigurationError as error:
        return [Finding("API access", error.message, error.hint)]
    found = [*_allowance(client), *_objects(client, selections, settings, writes), *features(client, selections)]
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
        found = check_object(described[selection.native], selection, settings, writes=writes)
        yield from _told_apart(client, selection.native, list(found))


def _told_apart(client: Client, native: str, findings: Sequence[Finding]) -> Iterator[Finding]:
    """Say of fields that the describe lacks whether they are missing or hidden: it leaves out both alike (Salesforce §4.2, §15)."""
    unseen = {found.field for found in findings if isinstance(found, FieldMissing) and found.field.endswith(CUSTOM)}
    there = _hidden(client, native, unseen)
    for found in findings:
        if isinstance(found, FieldMissing) and found.field in unseen and there is not None:
            hidden = found.field in there
            problem = f"The user may not see {found.subject}." if hidden else f"There is no field {found.subject}."
            remedy = _SHOW.format(native, found.field) if hidden else found.remedy
            yield replace(found, problem=problem, remedy=remedy, exists=hidden)
        else:
            yield found


def _hidden(client: Client, native: str, fields: Collection[str]) -> set[str] | None:
    """Which of these fields exist; None when the user may not look into Setup."""
    try:
        return existing(client, native, fields)
    except (ConfigurationError, RecordError):
        return None


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
    yield from _check_currency(native, selection, fields)
    if writes:
        yield from _check_key(native, settings.key(selection.entity), fields)
        yield from _check_rights(described, selection, fields, settings)
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
        problem = f"{native} has no field {first} that this user can see."
        yield FieldMissing(subject, problem, remedy, native=native, field=first)
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
        yield FieldMissing(
            subject,
            f"{native} has no field {key_field} that this user can see; writes cannot be found again without it.",
            f"Create {key_field} as Text(64), External ID, Unique, case-sensitive, and give the permission set access to it.",
            native=native,
            field=key_field,
            key=True,
        )
        return
    if not (field["externalId"] and field["unique"]):
        yield Finding(
            subject,
            f"{key_field} must be an External ID and Unique, or two requests at once create two records.",
            "Merge records that share a value, then tick both boxes in Setup > Object Manager.",
        )
    if not (field["createable"] and field["updateable"]):
        yield FieldMissing(
            subject,
            f"The user may not write {key_field}.",
            "Give the permission set edit access to the field.",
            native=native,
            field=key_field,
            key=True,
            exists=True,
        )


def _check_currency(native: str, selection: Selection, fields: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """An amount of an org with several currencies says nothing without its currency (Salesforce §14); a line has its parent's."""
    if native in _LINES:
        return
    asked = {field.path.lower() for field in selection.fields}
    amounts = [path for path in asked if path in fields and fields[path]["type"] == "currency"]
    if amounts and "currencyisocode" in fields and "currencyisocode" not in asked:
        yield Finding(
            f"{native}.CurrencyIsoCode",
            "The org has several currencies, and the mapping reads amounts without theirs.",
            "Map `currency: {native: CurrencyIsoCode, law: iso}`.",
        )


def _check_rights(
    described: Mapping[str, Any],
    selection: Selection,
    fields: Mapping[str, Mapping[str, Any]],
    settings: DeliverySettings,
) -> Iterator[Finding]:
    """What the user may not write; only the pairing knows whether somebody wants to."""
    native = str(described["name"])
    lacking = [word for word, flag in (("create", "createable"), ("edit", "updateable")) if not described[flag]]
    if lacking:
        yield Finding(
            native,
            f"The user may not {' or '.join(lacking)} records of {native}.",
            f"Where a flow writes {native}, give the permission set these rights to the object.",
            blocking=False,
        )
    for wanted in selection.fields:
        field = fields.get(wanted.path.lower())
        own = field is not None and field["custom"] and wanted.path.lower() != settings.key(selection.entity).lower()
        if field is not None and own and not field["calculated"] and not (field["createable"] and field["updateable"]):
            yield FieldMissing(
                f"{native}.{field['name']}",
                f"The user may read {field['name']} and not write it.",
                "Where a flow writes it, give the permission set edit access to the field.",
                blocking=False,
                native=native,
                field=str(field["name"]),
                exists=True,
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
