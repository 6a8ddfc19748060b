"""The shape of rules: hooks around one record's write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import RowError
from ..schema import SObject

if TYPE_CHECKING:
    from ..org import Org
    from ..records import Writer


@dataclass(slots=True)
class Change:
    """One record being written: ``old`` is None on create; ``new`` is the whole row as it will be stored.

    ``given`` names the fields the caller sent. Rules change ``new`` in place.
    """

    org: Org
    writer: Writer
    sobject: SObject
    old: dict[str, Any] | None
    new: dict[str, Any]
    given: Mapping[str, Any]
    errors: list[RowError] = field(default_factory=list)

    @property
    def creating(self) -> bool:
        """Whether the record is new."""
        return self.old is None

    def changed(self, name: str) -> bool:
        """Whether the write gives the field another value."""
        return self.old is None or self.old.get(name) != self.new.get(name)

    def refuse(self, code: str, message: str, *fields: str) -> None:
        """Notes a refusal; the record is not written, further refusals are still gathered."""
        self.errors.append(RowError(code, message, fields))

    def fetch(self, object_name: str, record_id: Any) -> dict[str, Any] | None:
        """A living row of another sObject."""
        sobject = self.org.sobject(object_name)
        if sobject is None or not isinstance(record_id, str):
            return None
        row = self.org.store.fetch(sobject, record_id)
        return None if row is None or row.get("IsDeleted") else row

    def rows(self, object_name: str, condition: str, *values: Any) -> list[dict[str, Any]]:
        """Living rows of another sObject."""
        sobject = self.org.sobject(object_name)
        if sobject is None:
            return []
        live = '"IsDeleted" = 0 AND ' if sobject.has("IsDeleted") else ""
        return self.org.store.fetch_where(sobject, live + condition, values)


class Rules:
    """Hooks with nothing in them; sObjects override what they need."""

    def before(self, change: Change) -> None:
        """Defaults, derived values and refusals, before the row is stored."""

    def after(self, change: Change) -> None:
        """Effects on other rows, after the row is stored."""

    def before_delete(self, change: Change) -> None:
        """Refusals of a delete."""

    def after_delete(self, change: Change) -> None:
        """Effects of a delete on rows that stay."""


NO_RULES = Rules()
