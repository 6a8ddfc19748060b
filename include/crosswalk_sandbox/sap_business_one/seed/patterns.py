"""Rows of a large company's first block with what its copies have otherwise left open, and the rows of the copies.

A row is then its pattern's number and its block's (see :mod:`crosswalk_sandbox.sap_business_one.copies`) beside the columns that lists
are searched by.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import orjson

from crosswalk_sandbox.sap_business_one.copies import Gap, filled

if TYPE_CHECKING:
    from crosswalk_sandbox.company.blocks import Copy
    from crosswalk_sandbox.sap_business_one.store import Store


class OpenText(str):
    """A text that a copy has otherwise: the first block's, and the gap that it leaves."""

    __slots__ = ("gap",)
    gap: Gap

    def __new__(cls, text: str, kind: str, *further: object) -> Self:
        """The first block's text, and how copies have it."""
        made = super().__new__(cls, text)
        made.gap = (kind, str(text), *further)
        return made


class OpenNumber(int):
    """A number that a copy has otherwise."""

    gap: Gap

    def __new__(cls, number: int, kind: str) -> Self:
        """The first block's number, and how copies have it."""
        made = super().__new__(cls, number)
        made.gap = (kind, int(number))
        return made


Open = OpenText | OpenNumber


@dataclass(frozen=True, slots=True)
class Pattern:
    """What the copies of one row need beside its text: its number, its key, its columns and which of them are open."""

    number: int
    key: Open
    columns: tuple[Any, ...]
    open: tuple[tuple[int, Gap], ...]

    def row(self, copy: Copy | None) -> tuple[Any, ...]:
        """Key, body and columns of the row in a copy; None is the first block."""
        columns = [*self.columns]
        for place, gap in self.open:
            columns[place] = filled(copy, gap)
        return filled(copy, self.key.gap), f"{copy.number if copy else 0} {self.number}", *columns


class Patterns:
    """Patterns of the rows of one set."""

    def __init__(self, store: Store, entity_set: str, *, numbered: bool) -> None:
        self._store = store
        self._set = entity_set
        self._numbered = numbered
        self._kept: list[Pattern] = []

    def add(self, rows: Iterable[tuple[Open, Mapping[str, Any]]]) -> None:
        """Keep the rows of the first block as patterns, and as rows of those."""
        columns, begun = self._store.columns(self._set), len(self._kept)
        for key, row in rows:
            number = self._store.put_pattern(*_opened(row))
            values = tuple(row.get(name, default) for name, default in columns.items())
            left = tuple((place, one.gap) for place, one in enumerate(values) if isinstance(one, Open))
            self._kept.append(Pattern(number, key, values, left))
        self._put(pattern.row(None) for pattern in self._kept[begun:])

    def copy(self, copy: Copy) -> None:
        """Add the rows of a copy."""
        self._put(pattern.row(copy) for pattern in self._kept)

    def _put(self, rows: Iterator[tuple[Any, ...]]) -> None:
        self._store.put_kept(self._set, rows, numbered=self._numbered)


def _opened(row: Mapping[str, Any]) -> tuple[str, str]:
    """A row's text with ``%(0)s`` and so on in the place of what is open, and the gaps."""
    gaps: dict[Gap, int] = {}

    def leave_open(value: Any) -> orjson.Fragment:
        if not isinstance(value, Open):
            raise TypeError(f"{value!r} is neither JSON nor open")
        return orjson.Fragment(b"\0(%d)s" % gaps.setdefault(value.gap, len(gaps)))

    written = orjson.dumps(row, default=leave_open, option=orjson.OPT_PASSTHROUGH_SUBCLASS).decode()
    text = written.replace("%", "%%").replace(
        "\0", "%"
    )  # JSON writes this character in no other way than as six others
    return text, orjson.dumps({str(place): gap for gap, place in gaps.items()}).decode()
