"""A mapping's `where` for HubSpot: conditions on properties in the words of its search, joined by AND (HubSpot §10).

``where: type EQ CUSTOMER AND hs_lead_status NEQ UNQUALIFIED``. It is decided here and not asked for, so that lists, searches and
reads by id leave out the same records: only searches could be asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from crosswalk.model.errors import ConfigurationError

_CONDITION = re.compile(r"(\w+)\s+(EQ|NEQ|IN|NOT_IN|HAS_PROPERTY|NOT_HAS_PROPERTY)(?:\s+(.+))?")
_WITHOUT_VALUE = ("HAS_PROPERTY", "NOT_HAS_PROPERTY")


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition; values are compared as search does, without case."""

    name: str
    operator: str
    values: frozenset[str] = frozenset()

    def holds(self, held: str | None) -> bool:
        """Tell whether a record with this value meets it; a negation holds for an empty value."""
        if self.operator in _WITHOUT_VALUE:
            return bool(held) == (self.operator == "HAS_PROPERTY")
        return ((held or "").lower() in self.values) == (self.operator in ("EQ", "IN"))


def conditions(where: str | None) -> tuple[Condition, ...]:
    """Read a `where`; raises ConfigurationError for what is none."""
    return tuple(_condition(part.strip()) for part in re.split(r"\s+AND\s+", where.strip())) if where else ()


def _condition(written: str) -> Condition:
    found = _CONDITION.fullmatch(written)
    if found is None or (found[3] is None) != (found[2] in _WITHOUT_VALUE):
        raise ConfigurationError(
            f"The mapping's `where` says {written!r}, which is no condition.",
            hint="Write `property EQ value`, also NEQ, IN a;b, NOT_IN a;b, HAS_PROPERTY, NOT_HAS_PROPERTY; join with AND.",
        )
    values = (found[3] or "").split(";") if found[2] in ("IN", "NOT_IN") else [found[3] or ""]
    return Condition(found[1], found[2], frozenset(value.strip().lower() for value in values))
