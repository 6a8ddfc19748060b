"""What is missing before the first run, each finding with its remedy. Reads a few rows, writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from crosswalk.connectors.protocol import Finding
from crosswalk.connectors.sap_business_one.clock import offset_between
from crosswalk.connectors.sap_business_one.describe import Model
from crosswalk.connectors.sap_business_one.fields import PREFIX, TABLES, FieldMissing, user_fields
from crosswalk.connectors.sap_business_one.reading import Reader
from crosswalk.connectors.sap_business_one.rows import ADDRESSES
from crosswalk.connectors.sap_business_one.sources import STAMP, VERSION, Source, source_of
from crosswalk.model.errors import AuthenticationError, ConfigurationError, CrosswalkError, RecordError, SchemaError
from crosswalk.model.records import NativeField, Selection

if TYPE_CHECKING:
    from crosswalk.connectors.sap_business_one.client import Client
    from crosswalk.connectors.sap_business_one.pull import Habits

_SUPER = "Give the integration's user the right, or let a super user do it once"


def preflight(
    client: Client, habits: Habits, model: Model, selections: Sequence[Selection], *, writes: bool
) -> list[Finding]:
    """Return what is wrong; stops at the first call when the company cannot be reached at all."""
    refused = _access(model)
    if refused:
        return [refused]
    return [
        *_clock(client),
        *_lists(client),
        *_keys(client, habits.key_field, [one for one in selections if one.entity in TABLES], writes=writes),
        *(finding for selection in selections for finding in _selection(client, habits, model, selection)),
    ]


def _access(model: Model) -> Finding | None:
    try:
        model.type_of(source_of("customer"))
    except AuthenticationError as error:
        return Finding("login", error.message, error.hint)
    except SchemaError:
        return None  # told with the selections
    except (ConfigurationError, RecordError) as error:
        return Finding("Service Layer", error.message, error.hint)
    return None


def _clock(client: Client) -> Iterator[Finding]:
    """Stamps are local (§13): see that the zone the connection names is the server's own."""
    try:
        told = client.server_clock()
    except (ConfigurationError, RecordError):
        told = None
    try:
        expected = client.latest_time().astimezone(client.zone).utcoffset() or timedelta(0)
    except ConfigurationError as error:
        yield Finding("time zone", error.message, error.hint)
        return
    if told is None:
        yield Finding(
            "time zone",
            "The server does not tell its local time, so that the connection's `time_zone` is unproven.",
            "Compare the UpdateTime of a record just saved with the clock of that zone.",
            blocking=False,
        )
        return
    actual = offset_between(told, client.latest_time()).utcoffset(None) or timedelta(0)
    if actual != expected:
        yield Finding(
            "time zone",
            f"The server's clock is {_hours(actual)} from UTC; the connection's zone is {_hours(expected)} from it.",
            "Set time_zone in the connection to the zone of the company's server.",
        )


def _hours(offset: timedelta) -> str:
    return f"{offset.total_seconds() / 3600:+.4g} h"


def _lists(client: Client) -> Iterator[Finding]:
    """Currencies are known to us by their ISO code, whatever the company calls them."""
    try:
        found = client.rows("Currencies", 1000, select="Code,DocumentsCode", orderby="Code").rows
    except (ConfigurationError, RecordError) as error:
        yield Finding("Currencies", error.message, "Give the integration's user the right to read currencies.", False)
        return
    for row in found:
        code, iso = str(row["Code"]), str(row.get("DocumentsCode") or "")
        if not any(len(one) == 3 and one.isalpha() for one in (code, iso)):
            yield Finding(
                "Currencies",
                f"The currency {code} bears no ISO code.",
                "Fill in its international code (Administration > Setup > Financials > Currencies), or map it in `values`.",
                blocking=False,
            )


def _keys(client: Client, key_field: str, selections: Sequence[Selection], *, writes: bool) -> Iterator[Finding]:
    """Records are created under a key in a user field and found again by it (§16): without it nothing may be created."""
    if not key_field.startswith(PREFIX) or not selections:
        return
    tables = {TABLES[one.entity]: one.entity for one in selections}
    try:
        known = user_fields(client, list(tables))
    except (ConfigurationError, RecordError) as error:
        yield Finding("user fields", error.message, f"{_SUPER} (UserFieldsMD).", blocking=False)
        return
    for table, entity in tables.items():
        if key_field not in known[table]:
            yield FieldMissing(
                f"{table}.{key_field}",
                f"The user field {key_field} is missing; what is created as a {entity} could not be found again.",
                f"{_SUPER}: a text field of 64 characters on {table} "
                "(Tools > Customization Tools > User-Defined Fields).",
                writes,
                table,
                key_field,
            )


# --- one selection --------------------------------------------------------------------------------


def _selection(client: Client, habits: Habits, model: Model, selection: Selection) -> Iterator[Finding]:
    try:
        source = source_of(selection.entity)
        own, parent = model.properties(model.type_of(source)), model.properties(_parent_type(model, source))
    except (ConfigurationError, RecordError) as error:
        yield Finding(selection.entity, error.message, error.hint)
        return
    missing = [field for field in selection.fields if not _is_there(source, field, own, parent)]
    user = _user_fields(client, source)
    for field in missing:
        if field.path in user or field.path == habits.key_field:
            continue  # there, and in the metadata after a restart; ours is told with the keys
        yield Finding(
            f"{selection.entity}.{field.path}",
            f"SAP Business One's {source.name} has no property {field.path}, or the user may not see it.",
            "Correct or remove the field in the mapping file, create the user field, or see the server's schema file.",
        )
    if source.stamped and not {*STAMP, VERSION} <= parent.keys():
        yield Finding(
            f"{selection.entity}.{VERSION}",
            f"{source.native} bears no {VERSION}: the Service Layer is older than FP 2102, and writes would be blind.",
            "Update SAP Business One to 10.0 FP 2102 or later.",
        )
    if not missing:
        yield from _readable(client, habits, source, selection)


def _parent_type(model: Model, source: Source) -> str:
    return model.type_of(replace(source, rows=None))


def _is_there(source: Source, field: NativeField, own: dict[str, str], parent: dict[str, str]) -> bool:
    alias, dot, name = field.path.partition(".")
    if not dot:
        return alias in own
    if alias == "parent":
        return name in parent
    if alias in ADDRESSES:
        return "BPAddresses" in parent
    return alias == "computed" or alias in source.expands or alias in source.lookups or alias in own


def _user_fields(client: Client, source: Source) -> set[str]:
    if source.table is None:
        return set()
    try:
        return set(user_fields(client, [source.table])[source.table])
    except (ConfigurationError, RecordError):
        return set()


def _readable(client: Client, habits: Habits, source: Source, selection: Selection) -> Iterator[Finding]:
    """The mapping's ``where``, what is expanded and what is computed are only seen to work by asking."""
    try:
        reader = Reader(client, replace(habits, page_rows=1), source, selection)
        reader.records(reader.page(reader.question("")).rows)
    except (ConfigurationError, RecordError) as error:
        yield Finding(f"{selection.entity}.read", error.message, error.hint)
    except CrosswalkError as error:
        yield Finding(f"{selection.entity}.read", error.message, error.hint, blocking=False)
