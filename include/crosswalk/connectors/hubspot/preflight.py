"""What the account lacks for a mapping to run, each with its remedy (HubSpot §3, §12, §13, §18)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crosswalk.connectors.hubspot import timeline
from crosswalk.connectors.hubspot.account import Account
from crosswalk.connectors.hubspot.associating import column
from crosswalk.connectors.hubspot.client import Client
from crosswalk.connectors.hubspot.deliver import DeliverySettings
from crosswalk.connectors.hubspot.describe import is_read_only
from crosswalk.connectors.hubspot.objects import Native, associated, native
from crosswalk.connectors.hubspot.setup import PROPERTIES, PropertyMissing
from crosswalk.connectors.protocol import Finding
from crosswalk.model.errors import (
    AuthenticationError,
    ConfigurationError,
    CrosswalkError,
    PermissionDeniedError,
    RecordError,
)
from crosswalk.model.records import NativeField, Selection

LOW_ON_CALLS = 0.9  # of the day's allowance
MOST_UNIQUE = 10  # properties of an object (§12)
_CURRENCY = {"deals": "deal_currency_code"}
_AMOUNTS = {"deals": frozenset({"amount"})}


def preflight(
    client: Client, account: Account, selections: Sequence[Selection], settings: DeliverySettings, *, writes: bool
) -> list[Finding]:
    """Return what is wrong, blocking findings first; empty when all is well. Some three calls, and three per object.

    Raises TransientError when the account is out of reach; a refused login is a finding.
    """
    try:
        details = account.details
    except AuthenticationError as error:
        return [Finding("login", error.message, error.hint or "Check the connection's credentials.")]
    except PermissionDeniedError as error:
        return [Finding("account information", error.message, error.hint)]
    found = list(_usage(client))
    for selection in selections:
        if selection.entity == timeline.ENTITY and settings.event_template is not None:
            found += _template(client, settings.event_template, settings)
            continue
        if selection.entity == timeline.ENTITY:
            found.append(_NOTES)
        found += _object(client, account, selection, settings, details, writes)
    unique = {(one.subject, one.problem): one for one in found}.values()
    return sorted(unique, key=lambda one: not one.blocking)


def _usage(client: Client) -> Iterator[Finding]:
    usage = client.allowance.latest
    if usage is not None and usage.limit and usage.used > usage.limit * LOW_ON_CALLS:
        yield Finding(
            "API calls",
            f"{usage.used} of the {usage.limit} calls of the day are used.",
            "See Settings > Integrations > Private apps for who uses them, or buy a capacity pack.",
            blocking=False,
        )


def _object(
    client: Client,
    account: Account,
    selection: Selection,
    settings: DeliverySettings,
    details: Mapping[str, Any],
    writes: bool,
) -> Iterator[Finding]:
    one = native(selection.native)
    try:
        definitions = account.definitions(one.name)
        client.page(one.name, [], limit=1)
    except CrosswalkError as error:
        if not isinstance(error, ConfigurationError | RecordError):
            raise
        yield Finding(
            one.name, f"Records of {one.name} cannot be read: {error.message}", error.hint or _scope(one.reading)
        )
        return
    for wanted in selection.fields:
        yield from check_field(one, wanted, definitions)
    yield from _currency(one, selection, details)
    if one.pipelines and any(field.path in ("dealstage.label", "dealstage", "pipeline") for field in selection.fields):
        yield from _stages(client, one)
    if writes:
        yield from check_key(one, settings.key(selection.entity), definitions)
        yield from _rights(client, one)


def check_field(one: Native, wanted: NativeField, definitions: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """Yield what is wrong with one mapped path. Pure."""
    subject = f"{one.name}.{wanted.path}"
    if (association := column(wanted.path)) is not None:
        if association.right not in associated(one.name) and association.label is None:
            possible = ", ".join(associated(one.name)) or "nothing"
            yield Finding(
                subject, f"{one.name} have no known association with {association.right}.", f"Use one of: {possible}."
            )
        return
    name = wanted.path.partition(".")[0]
    if name in definitions:
        return
    remedy = "Create the property in Settings > Properties, or correct its name in the mapping."
    if name in PROPERTIES:
        remedy = f"Create the text property {name}, or have it made for you; or take its line out of the mapping."
    yield PropertyMissing(subject, f"{one.name} have no property {name}.", remedy, native=one.name, name=name)


def check_key(one: Native, key: str, definitions: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """Yield what is wrong with the property that creates are found again by. Pure."""
    subject, definition = f"{one.name}.{key}", definitions.get(key)
    if definition is None:
        unique = sum(bool(other.get("hasUniqueValue")) for other in definitions.values())
        room = (
            ""
            if unique < MOST_UNIQUE
            else f" {one.name} have {unique} unique properties already, and may have {MOST_UNIQUE}."
        )
        yield PropertyMissing(
            subject,
            f"{one.name} have no property {key}; writes cannot be found again without it.{room}",
            f"Create {key} as single-line text that requires unique values.",
            native=one.name,
            name=key,
            key=True,
        )
    elif not definition.get("hasUniqueValue"):
        yield Finding(
            subject,
            f"{key} does not require unique values, or two requests at once create two records.",
            "That cannot be changed afterwards: create another one, and name it by the option `key_property`.",
        )
    elif is_read_only(definition):
        yield Finding(
            subject, f"Nobody may write {key}.", "Create another one, and name it by the option `key_property`."
        )


def _currency(one: Native, selection: Selection, details: Mapping[str, Any]) -> Iterator[Finding]:
    """An amount of an account with several currencies says nothing without its currency (HubSpot §18)."""
    asked = {field.path for field in selection.fields}
    currency = _CURRENCY.get(one.name)
    if currency and details.get("additionalCurrencies") and asked & _AMOUNTS[one.name] and currency not in asked:
        yield Finding(
            f"{one.name}.{currency}",
            "The account has several currencies, and the mapping reads amounts without theirs.",
            f"Map `currency: {{native: {currency}, law: iso}}`.",
        )


def _stages(client: Client, one: Native) -> Iterator[Finding]:
    try:
        pipelines = client.pipelines(one.name)
    except PermissionDeniedError as error:
        yield Finding(f"pipelines of {one.name}", error.message, error.hint)
        return
    won = [stage for pipeline in pipelines for stage in pipeline.get("stages") or () if _wins(stage)]
    if one.name == "deals" and not won:
        yield Finding(
            "pipelines of deals",
            "No stage of any pipeline wins a deal, so that no order is ever made.",
            "Give a closed stage the probability 100 % in Settings > Objects > Deals > Pipelines.",
        )


_NOTES = Finding(
    "timeline",
    "The connection names no event template: invoices and payments are told as notes of the company.",
    "Notes are well. With a public OAuth app that has a template (tokens title and body): its id as event_template, and the app's credentials.",
    blocking=False,
)


def _template(client: Client, template: str, settings: DeliverySettings) -> Iterator[Finding]:
    """What events of an app need: its credentials, and the scope. Who signs in by a private app's token has no templates (HubSpot §22)."""
    if not settings.public_app:
        yield Finding(
            "event_template",
            f"Template {template} belongs to a public OAuth app, and the connection signs in by an access token.",
            "Give client_id, client_secret and refresh_token of that app; or leave event_template empty: events are notes then.",
        )
        return
    try:
        client.told(template, "preflight")
    except PermissionDeniedError as error:
        yield Finding(
            "event_template", f"The app may not tell events: {error.message}", error.hint or _scope("timeline")
        )


def _wins(stage: Mapping[str, Any]) -> bool:
    """Whether deals in a stage are won: by what it says of itself, never by its id (HubSpot §13)."""
    metadata = stage.get("metadata") or {}
    return str(metadata.get("isClosed")).lower() == "true" and float(metadata.get("probability") or 0) == 1.0


def _rights(client: Client, one: Native) -> Iterator[Finding]:
    """Ask by a batch of nothing whether the app may write: scopes are checked before what a batch holds (HubSpot §5)."""
    try:
        client.write(one.name, "update", [])
    except PermissionDeniedError as error:
        yield Finding(
            one.name,
            f"The app may not write records of {one.name}.",
            error.hint or _scope(one.writing),
            blocking=False,
        )
    except RecordError:
        return


def _scope(name: str) -> str:
    return f"Add the scope {name} to the app in HubSpot."
