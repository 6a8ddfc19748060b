"""Reads what a watermark remembers: it comes back from JSON, and perhaps out of a person's hands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime


def instant(value: object) -> datetime:
    """Return an instant in UTC; raises ValueError for text that is none, or one without an offset."""
    found = datetime.fromisoformat(str(value))
    if found.tzinfo is None:
        raise ValueError("a watermark's instant has an offset")
    return found.astimezone(UTC)


def sequence(value: object) -> Sequence[object]:
    """Return a list; raises TypeError for anything else, text included."""
    if not isinstance(value, list | tuple):
        raise TypeError("what a watermark lists is a list")
    return value
