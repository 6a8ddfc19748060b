"""What the server says its local time is. The shape of that answer is not documented (SAP Business One §19): several are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from crosswalk.connectors.sap_business_one.values import clock_of, stamp_of

_QUARTER = timedelta(minutes=15)  # zones are whole quarters of an hour apart


def clock_in(answer: object) -> datetime | None:
    """Return the local date and time (naive) in an answer: one text, or a date and a time beside each other."""
    told = [value for _, value in _leaves(answer) if isinstance(value, str | int)]
    whole = next((found for value in told if (found := _whole(str(value)))), None)
    if whole:
        return whole
    day = next((value for value in told if isinstance(value, str) and stamp_of(value, None)), None)
    clock = next((value for value in told if value != day and clock_of(value)), None)
    return stamp_of(day, clock) if day and clock is not None else None


def offset_between(local: datetime, instant: datetime) -> tzinfo:
    """Return the zone of a local time that was told at an instant: the difference in whole quarters of an hour."""
    difference = local - instant.astimezone(UTC).replace(tzinfo=None)
    return timezone(round(difference / _QUARTER) * _QUARTER)


def _leaves(answer: object) -> Iterator[tuple[str, object]]:
    if isinstance(answer, Mapping):
        for name, value in answer.items():
            if str(name).startswith(("@odata.", "odata.")):
                continue
            yield from _leaves(value) if isinstance(value, Mapping) else iter([(str(name), value)])
    elif answer is not None:
        yield "", answer


def _whole(text: str) -> datetime | None:
    """A date with a time that is not midnight by default: ``2026-10-10T13:45:00Z``; the ``Z`` is as false as elsewhere."""
    if len(text) < 16 or text[10:11] not in ("T", " "):
        return None
    try:
        told = datetime.fromisoformat(text[:19])
    except ValueError:
        return None
    return told if told.time() != datetime.min.time() else None
