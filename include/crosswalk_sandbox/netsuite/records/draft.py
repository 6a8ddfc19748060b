"""What a request wants to write, read from its body (NetSuite §4 validation headers, §5.5, §5.9)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from crosswalk_sandbox.netsuite.errors import Refusal, invalid_content, invalid_value
from crosswalk_sandbox.netsuite.records.values import Reader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crosswalk_sandbox.netsuite.schema.language import Field, RecordType, Sublist

_DECORATION: Final = frozenset({"links", "refname"})
_VALIDATIONS: Final = ("error", "warning", "ignore")


@dataclass(slots=True)
class Line:
    """One line of a request: column values, which of them were sent, its address if it has one."""

    values: dict[str, Any]
    path: str
    address: dict[str, Any] | None = None

    def get(self, column: str) -> Any:
        """A column's value, None when it was not sent."""
        return self.values.get(column)

    def has(self, column: str) -> bool:
        """Whether the request names the column."""
        return column in self.values


@dataclass(slots=True)
class Draft:
    """Column values, sublists (None = delete all lines) and address subrecords of a request's body."""

    kind: RecordType
    values: dict[str, Any] = field(default_factory=dict)
    lists: dict[str, list[Line] | None] = field(default_factory=dict)
    addresses: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    replaced: frozenset[str] = frozenset()
    """Lower-case names of sublists whose unmentioned lines go (``replace=``)."""

    def get(self, column: str) -> Any:
        """A column's value, None when it was not sent."""
        return self.values.get(column)

    def has(self, column: str) -> bool:
        """Whether the request names the column."""
        return column in self.values

    def default(self, column: str, value: Any) -> None:
        """Give a column a value unless the request did."""
        if self.values.get(column) is None and value is not None:
            self.values[column] = value

    def lines(self, name: str) -> list[Line]:
        """The lines sent for a sublist, none when it was not sent or is to be emptied."""
        return self.lists.get(name) or []


@dataclass(frozen=True, slots=True)
class Validation:
    """How strict the request wants to be (``X-NetSuite-Property…Validation``)."""

    names: str = "warning"
    values: str = "error"

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Validation:
        """From request headers; raises 400 INVALID_HEADER for a word that is none."""
        found = []
        for part, default in (("Name", "warning"), ("Value", "error")):
            header = f"X-NetSuite-Property{part}Validation"
            given = headers.get(header.lower(), default).strip().lower()
            if given not in _VALIDATIONS:
                detail = f"Invalid value '{given}' for the header '{header}'. Use error, warning or ignore."
                raise Refusal(400, "INVALID_HEADER", detail, where=("o:errorHeader", header))
            found.append(given)
        return cls(*found)


class Drafter:
    """Reads bodies into drafts."""

    def __init__(self, reader: Reader, address: Mapping[str, Field]) -> None:
        self._reader = reader
        self._address = address

    def draft(
        self, kind: RecordType, body: dict[str, Any], validation: Validation, replaced: frozenset[str] = frozenset()
    ) -> Draft:
        """The draft of a body; raises INVALID_CONTENT for what cannot be read."""
        draft = Draft(kind, replaced=replaced)
        for name, value in body.items():
            lower = name.lower()
            if lower in kind.sublists:
                draft.lists[lower] = self._lines(kind.sublists[lower], value, validation, draft)
            elif lower in kind.subrecords:
                draft.addresses[lower] = self._subrecord(value, validation, name, draft)
            elif lower in kind.fields:
                self._field(kind.fields[lower], value, name, draft.values, validation, draft)
            elif lower not in _DECORATION:
                self._unknown(name, name, validation, draft)
        return draft

    def _field(
        self, found: Field, value: Any, path: str, values: dict[str, Any], validation: Validation, draft: Draft
    ) -> None:
        if found.read_only:
            return
        try:
            values[found.column] = self._reader.read(value, found, path)
        except Refusal:
            if validation.values == "error":
                raise
            draft.warnings.append(f"Invalid value for property '{path}' was ignored")

    def _unknown(self, name: str, path: str, validation: Validation, draft: Draft) -> None:
        if validation.names == "error":
            raise invalid_content(
                f"Error while accessing a resource. Unknown property '{name}'. Provide a valid property name.", path
            )
        if validation.names == "warning":
            draft.warnings.append(f"Unknown property '{path}' was ignored")

    def _lines(self, sublist: Sublist, value: Any, validation: Validation, draft: Draft) -> list[Line] | None:
        items = value.get("items") if isinstance(value, dict) else value
        if items is None:
            return None
        if not isinstance(items, list) or any(not isinstance(item, dict) for item in items):
            raise invalid_value("", sublist.name, sublist.name)
        return [
            self._line(sublist, item, f"{sublist.name}.items[{place}]", validation, draft)
            for place, item in enumerate(items)
        ]

    def _line(self, sublist: Sublist, item: dict[str, Any], path: str, validation: Validation, draft: Draft) -> Line:
        line = Line({}, path)
        for name, value in item.items():
            lower = name.lower()
            if sublist.subrecord is not None and lower == sublist.subrecord.name.lower():
                line.address = self._subrecord(value, validation, f"{path}.{name}", draft)
            elif lower in sublist.fields:
                self._field(sublist.fields[lower], value, f"{path}.{name}", line.values, validation, draft)
            elif lower not in _DECORATION and not lower.endswith(("_text", "pricelevelname")):
                self._unknown(name, f"{path}.{name}", validation, draft)
        return line

    def _subrecord(self, value: Any, validation: Validation, path: str, draft: Draft) -> dict[str, Any] | None:
        if value is None:
            return None
        if not isinstance(value, dict):
            raise invalid_value(value, path.rsplit(".", maxsplit=1)[-1], path)
        found: dict[str, Any] = {}
        for name, item in value.items():
            known = self._address.get(name.lower())
            if known is not None:
                self._field(known, item, f"{path}.{name}", found, validation, draft)
            elif name.lower() not in _DECORATION:
                self._unknown(name, f"{path}.{name}", validation, draft)
        return found
