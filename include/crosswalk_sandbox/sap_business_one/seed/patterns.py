"""Rows of a large company's first block with what its copies have otherwise left open: numbers, codes, names, moments.

A copied row is then the text of the first block's, its gaps filled, written beside the columns that lists are searched by; what a document
says is worked out once for all blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from crosswalk_sandbox.company.blocks import Copy

_GAP: Final = b"\x00"  # JSON writes this character in no other way than as six others


class OpenText(str):
    """A text that a copy has otherwise; ``of`` tells how."""

    __slots__ = ("of",)
    of: Callable[[Copy], str]

    def __new__(cls, text: str, of: Callable[[Copy], str]) -> OpenText:
        """The first block's text."""
        made = super().__new__(cls, text)
        made.of = of
        return made


class OpenNumber(int):
    """A number that a copy has otherwise; ``of`` tells how."""

    of: Callable[[Copy], int]

    def __new__(cls, number: int, of: Callable[[Copy], int]) -> OpenNumber:
        """The first block's number."""
        made = super().__new__(cls, number)
        made.of = of
        return made


@dataclass(frozen=True, slots=True)
class Pattern:
    """One row: its key, its text with gaps, what stands in them, and its columns, which say as much again."""

    key: OpenNumber
    text: str
    open: tuple[OpenText | OpenNumber, ...]
    gaps: Callable[[Sequence[Any]], tuple[Any, ...]]
    columns: tuple[Any, ...]
    open_columns: tuple[tuple[int, int], ...]
    """Place among the columns, place in ``open``."""

    @classmethod
    def of(cls, key: OpenNumber, row: Mapping[str, Any], columns: Mapping[str, Any]) -> Pattern:
        """The pattern of a row; ``columns`` are those of its table with their defaults."""
        found: dict[int, OpenText | OpenNumber] = {}
        gaps: list[int] = []

        def leave_open(value: Any) -> orjson.Fragment:
            if not isinstance(value, OpenText | OpenNumber):
                raise TypeError(f"{value!r} is neither JSON nor open")
            found.setdefault(id(value), value)
            gaps.append([*found].index(id(value)))
            return orjson.Fragment(_GAP)

        written = orjson.dumps(row, default=leave_open, option=orjson.OPT_PASSTHROUGH_SUBCLASS).decode()
        kept = [row.get(name, default) for name, default in columns.items()]
        order = [*found]
        return cls(
            key, written.replace("%", "%%").replace(_GAP.decode(), "%s"), tuple(found.values()), itemgetter(*gaps), tuple(kept),
            tuple((place, order.index(id(value))) for place, value in enumerate(kept) if id(value) in found),
        )  # fmt: skip

    def row(self, copy: Copy) -> tuple[Any, ...]:
        """Key, body and columns of the row in a copy."""
        values = [one.of(copy) for one in self.open]
        shown = [value if isinstance(value, int) else orjson.dumps(value).decode() for value in values]
        columns = [*self.columns]
        for place, source in self.open_columns:
            columns[place] = values[source]
        return self.key.of(copy), self.text % self.gaps(shown), *columns


def copied(patterns: Sequence[Pattern], copy: Copy) -> Iterator[tuple[Any, ...]]:
    """The rows of a copy."""
    return (pattern.row(copy) for pattern in patterns)
