"""What people do in the demo company, one deed at a time."""

from __future__ import annotations

from collections.abc import Callable

Event = str
Operation = Callable[[], "Event | None"]


class NothingToDoError(LookupError):
    """There is no record this operation could be done to."""
