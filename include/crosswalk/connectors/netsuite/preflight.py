"""What is missing before the first run, each finding with its remedy. Reads a few rows, writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from crosswalk.connectors.netsuite.client import GOVERNANCE
from crosswalk.connectors.netsuite.rights import ROLE, lists, write_rights
from crosswalk.connectors.netsuite.schema import missing_fields
from crosswalk.connectors.netsuite.sources import Source, source_of
from crosswalk.connectors.netsuite.statements import Statement, scope_of, where
from crosswalk.connectors.netsuite.windows import SQL_FORMAT
from crosswalk.connectors.protocol import Finding
from crosswalk.model.errors import (
    AuthenticationError,
    ConfigurationError,
    CrosswalkError,
    RecordError,
    SchemaError,
)

if TYPE_CHECKING:
    from crosswalk.connectors.netsuite.client import Client
    from crosswalk.connectors.netsuite.pull import Habits
    from crosswalk.model.records import Selection

STALE_SECONDS = 240.0


def preflight(
    client: Client, habits: Habits, selections: Sequence[Selection], *, concurrency: int, writes: bool
) -> list[Finding]:
    """Return what is wrong; stops at the first call when the account cannot be reached at all."""
    refused = _access(client)
    if refused:
        return [refused]
    findings = [
        *_lookups(client),
        *lists(client, selections),
        *_dates(client),
        *_clock(client, habits),
        *_deletions(client, habits),
        *_concurrency(client, concurrency),
        *(finding for selection in selections for finding in _selection(client, selection)),
    ]
    return [*findings, *(write_rights(client, selections) if writes else ())]


def _access(client: Client) -> Finding | None:
    try:
        client.suiteql(_rows("SELECT id, symbol FROM currency"))
    except AuthenticationError as error:
        return _own_clock(client) or Finding("login", error.message, error.hint)
    except SchemaError:
        return None  # the login works and queries are answered; the table is looked at below
    except (ConfigurationError, RecordError) as error:
        return Finding(
            "SuiteQL",
            error.message,
            "Enable the features REST Web Services and SuiteAnalytics Workbook, and give the integration's role the "
            f"permissions REST Web Services, SuiteAnalytics Workbook and Log in using Access Tokens ({ROLE}).",
        )
    return None


def _own_clock(client: Client) -> Finding | None:
    """A signature is good for five minutes (NetSuite §2); the refusal's own date tells whether our clock is why."""
    told = client.told_time()
    ahead = (datetime.now(UTC) - told).total_seconds() if told else 0.0
    if abs(ahead) < STALE_SECONDS:
        return None
    return Finding(
        "clock",
        f"The login was refused, and this machine's clock is {ahead:+.0f} s from NetSuite's.",
        "Set this machine's clock (NTP): NetSuite takes no signature that is five minutes old or ahead.",
    )


def _dates(client: Client) -> Iterator[Finding]:
    """Pulls take the time from the Date of answers: see that it is the server's (NetSuite §8)."""
    if not client.dated:
        return
    try:
        ahead = client.date_ahead()
    except CrosswalkError:
        return  # the service exists since 2025.2; nothing to compare with before
    if ahead is not None and ahead > timedelta(minutes=1):
        yield Finding(
            "answers' date",
            f"The Date of NetSuite's answers is {ahead.total_seconds():.0f} s ahead of its server's time.",
            "Set date_header to false in the connection: pulls then ask for the time, a call each.",
        )


def _rows(select: str, rows: int = 1) -> Statement:
    return Statement(f"{select} FETCH FIRST {rows} ROWS ONLY")


_LOOKUPS = (
    (
        "currency",
        "SELECT id FROM currency WHERE symbol IS NOT NULL",
        "No currency is readable; documents cannot be mapped to one.",
        f"Give the role Lists > Currency, level View ({ROLE}).",
        True,
    ),
    (
        "subsidiary",
        "SELECT id FROM subsidiary",
        "No subsidiary is readable. That is right only for an account without OneWorld.",
        "In a OneWorld account give the role Lists > Subsidiaries and access to the subsidiaries concerned; in any other "
        "take `subsidiary` out of mapping and pairing.",
        False,
    ),
    (
        "tax",
        "SELECT id FROM salestaxitem",
        "No tax item is readable; with legacy tax, orders may be refused for want of a tax code.",
        "Give the role Lists > Tax Records, or ignore this with SuiteTax.",
        False,
    ),
)


def _lookups(client: Client) -> Iterator[Finding]:
    for subject, query, problem, remedy, blocking in _LOOKUPS:
        if not _exists(client, query):
            yield Finding(subject, problem, remedy, blocking)


def _exists(client: Client, query: str) -> bool:
    try:
        return bool(client.suiteql(_rows(query)))
    except (ConfigurationError, RecordError):
        return False


def _clock(client: Client, habits: Habits) -> Iterator[Finding]:
    """Compare one record's stamp over REST, in UTC to the minute, with SuiteQL's local text (NetSuite §8)."""
    zone = str(habits.zone)
    for kind in ("customer", "contact"):
        try:
            rows = client.suiteql(
                _rows(f"SELECT id, TO_CHAR(lastmodifieddate, '{SQL_FORMAT}') AS changed FROM {kind} ORDER BY id")
            )
            if not rows or "changed" not in rows[0]:
                continue
            answer = client.record(kind, rows[0]["id"], fields="lastModifiedDate")
            instant = datetime.fromisoformat(str(answer["lastModifiedDate"])).astimezone(UTC)
        except (ConfigurationError, RecordError, KeyError):
            continue
        difference = _to_the_minute(datetime.fromisoformat(rows[0]["changed"])) - _to_the_minute(instant)
        expected = instant.astimezone(habits.zone).utcoffset() or timedelta(0)
        if abs(difference - expected) > timedelta(minutes=1):  # REST may round
            yield Finding(
                "time zone",
                f"SuiteQL shows times {_hours(difference)} from UTC; {zone} is {_hours(expected)} from it.",
                "Set sql_time_zone in the connection to the zone of the integration user "
                "(Home > Set Preferences), or set that user to GMT and sql_time_zone to UTC.",
            )
        return
    yield Finding(
        "time zone",
        f"No record could be read both ways, so that {zone} is unproven as the zone of SuiteQL's times.",
        "Give the role Lists > Customers, level Edit, or compare one record's last change by hand.",
        blocking=False,
    )


def _to_the_minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0, tzinfo=None)


def _hours(offset: timedelta) -> str:
    return f"{offset.total_seconds() / 3600:+.4g} h"


def _deletions(client: Client, habits: Habits) -> Iterator[Finding]:
    if not habits.track_deletes:
        return
    try:
        client.suiteql(_rows("SELECT recordid, type FROM deletedrecord"))
    except (ConfigurationError, RecordError) as error:
        yield Finding(
            "deletions",
            error.message,
            f'Give the role the permission "Deleted Records" ({ROLE}), or set track_deletes to false.',
        )


def _concurrency(client: Client, concurrency: int) -> Iterator[Finding]:
    try:
        limits = client.get(GOVERNANCE)
        limit = int(limits.get("integrationConcurrencyLimit") or limits["accountConcurrencyLimit"])
    except (CrosswalkError, KeyError, ValueError):
        return  # administrators only (NetSuite §10)
    if concurrency > limit:
        yield Finding(
            "concurrency",
            f"The connection asks for {concurrency} requests at once; NetSuite grants {limit}.",
            f"Set concurrency in the connection to {limit} or less: the account's integrations share it.",
        )


def _selection(client: Client, selection: Selection) -> Iterator[Finding]:
    try:
        source = source_of(selection.entity)
        missing = missing_fields(client, source, selection.fields)
    except (ConfigurationError, RecordError) as error:
        yield Finding(selection.entity, error.message, error.hint)
        return
    for field in missing:
        yield Finding(
            f"{selection.entity}.{field.path}",
            f"NetSuite's {source.table} has no column {field.path}, or the role may not see it.",
            "Correct or remove the field in the mapping file, enable the feature it belongs to, or extend the role.",
        )
    yield from _restriction(client, source, selection)


def _restriction(client: Client, source: Source, selection: Selection) -> Iterator[Finding]:
    """The mapping's ``where``, and what changes a row from elsewhere, are only seen to work by asking."""
    joined = " ".join(source.clauses(set()))
    scope = where(scope_of(source, selection))
    try:
        client.suiteql(_rows(f"SELECT {source.keys[0]} AS k0 FROM {source.table} {joined}{scope}"))
    except (ConfigurationError, RecordError) as error:
        yield Finding(f"{selection.entity}.where", error.message, "Correct `where` in the mapping file.")
    if any("nexttransactionlinelink" in touch.condition for touch in source.touches) and not _answers(
        client, "SELECT previousdoc, lastmodifieddate FROM nexttransactionlinelink"
    ):
        yield Finding(
            f"{selection.entity}.links",
            "The links between documents cannot be read, so that payments and shipments would not show on documents.",
            f"Give the role Transactions > Find Transaction, level View ({ROLE}).",
        )


def _answers(client: Client, query: str) -> bool:
    try:
        client.suiteql(_rows(query))
    except (ConfigurationError, RecordError):
        return False
    return True
