"""What an administrator does to fields while integrations run: hide, make mandatory, retype (NetSuite §12, §13)."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Final

from crosswalk_sandbox.netsuite.schema.language import Kind


@dataclass(frozen=True, slots=True)
class FieldChanges:
    """Fields as ``type.field`` in lower case."""

    hidden: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()

    def hide(self, full_name: str, *, hidden: bool) -> FieldChanges:
        """With the field out of sight, or back."""
        name = frozenset({full_name.lower()})
        return replace(self, hidden=self.hidden | name if hidden else self.hidden - name)

    def require(self, full_name: str, *, required: bool) -> FieldChanges:
        """With the field mandatory, or not."""
        name = frozenset({full_name.lower()})
        return replace(self, required=self.required | name if required else self.required - name)

    def hidden_of(self, kind: str) -> frozenset[str]:
        """Lower-case names of the type's hidden fields."""
        return _of(kind, self.hidden)

    def required_of(self, kind: str) -> frozenset[str]:
        """Lower-case names of the type's mandatory fields."""
        return _of(kind, self.required)

    def dump(self) -> str:
        """As text to keep."""
        return json.dumps({"hidden": sorted(self.hidden), "required": sorted(self.required)})

    @classmethod
    def load(cls, text: str | None) -> FieldChanges:
        """From kept text; none is no change."""
        kept = json.loads(text) if text else {}
        return cls(**{name: frozenset(names) for name, names in kept.items()})


NO_CHANGES: Final = FieldChanges()


def _of(kind: str, names: frozenset[str]) -> frozenset[str]:
    prefix = f"{kind.lower()}."
    return frozenset(name.removeprefix(prefix) for name in names if name.startswith(prefix))


def converted(name: str, kind: Kind) -> str:
    """SQL of a column's value as another kind, null where it has none."""
    column = f'"{name}"'
    match kind:
        case "number" | "integer":
            number = "INTEGER" if kind == "integer" else "REAL"
            return f"CASE WHEN {column} GLOB '*[0-9]*' AND {column} NOT GLOB '*[^-0-9.]*' THEN CAST({column} AS {number}) END"
        case "boolean":
            return f"CASE WHEN upper({column}) IN ('T', 'TRUE', '1') THEN 'T' ELSE 'F' END"
        case "date":
            day = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
            return f"CASE WHEN substr({column}, 1, 10) GLOB '{day}' THEN substr({column}, 1, 10) END"
        case "string":
            return f"CAST({column} AS TEXT)"
        case _:
            return "NULL"
