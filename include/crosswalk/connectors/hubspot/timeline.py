"""What happened in the ERP, shown where salespeople look: an event on a record's timeline, or a note (HubSpot §17, §22).

Timeline events belong to a public OAuth app that has an event template and the scope ``timeline``: name the template by the option
`event_template`. They bear the intent's key as their id, which HubSpot takes once; they cannot be changed. HubSpot opens them to no
new apps, so that everybody else gets a note, which every token that may write contacts may write: it bears the key in the unique
property that all our creates are found by.

A write of the entity ``timeline_event`` gives ``at`` (an instant), ``title``, ``body``, and what it is about: ``companies.id``,
``contacts.id`` or ``deals.id``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any

from crosswalk.connectors.hubspot.associating import column
from crosswalk.connectors.hubspot.values import wire_text
from crosswalk.model.errors import ValidationError
from crosswalk.model.records import Value, Write

ENTITY = "timeline_event"
NOTES = "notes"
LONGEST_NOTE = 65_536


def as_note(values: Mapping[str, Value]) -> dict[str, Value]:
    """Return an event's values as a note's; raises ValidationError for one without an instant or about nothing."""
    at, ends = _parts(values)
    title, body = (escape(str(values.get(name) or ""), quote=False) for name in ("title", "body"))
    lines = [f"<strong>{title}</strong>" if title else "", body.replace("\n", "<br>")]
    text = "<br>".join(line for line in lines if line)
    return {"hs_timestamp": at, "hs_note_body": text[:LONGEST_NOTE], **ends}


def as_event(write: Write, template: str) -> dict[str, Any]:
    """Return an event's body: its tokens are ``title`` and ``body``, its id is the intent's key."""
    at, ends = _parts(write.values)
    tokens = {name: str(write.values.get(name) or "") for name in ("title", "body")}
    about = next(str(value) for value in ends.values())
    stamp = wire_text(at, "datetime", lambda: UTC)
    return {
        "eventTemplateId": template,
        "id": write.intent_key,
        "objectId": about,
        "timestamp": stamp,
        "tokens": tokens,
    }


def _parts(values: Mapping[str, Value]) -> tuple[datetime, dict[str, Value]]:
    at = values.get("at")
    ends: dict[str, Value] = {path: value for path, value in values.items() if column(path) and value is not None}
    if not isinstance(at, datetime):
        raise ValidationError("A timeline event has no instant.", hint="Give `at`, an instant.", field="at")
    if not ends:
        raise ValidationError(
            "A timeline event is about no record.",
            hint="Give `companies.id`, `contacts.id` or `deals.id`.",
            field="companies.id",
        )
    return at, ends
