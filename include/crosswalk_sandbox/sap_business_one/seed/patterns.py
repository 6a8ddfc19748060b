"""Rows of a large company's first block with what its copies have otherwise left open: numbers, codes, names, moments.

A copied row is then the text of the first block's, its gaps filled, written beside the columns that lists are searched by; what a document
says is worked out once for all blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from crosswalk_sandbox.company.blocks import Copy

_GAP: Final = b"\x00"  # JSON writes this character in no other way than as six others


class OpenText(str):
    """A text that a copy has otherwise. Worked out once a copy, however many rows say it."""

    __slots__ = ("_how", "now", "seen", "shown")
    now: str
    """The text in the copy that it was last moved to."""
    shown: str
    """The same in JSON."""
    seen: Copy | None
    _how: Callable[[Copy], str]

    def __new__(cls, text: str, how: Callable[[Copy], str]) -> OpenText:
        """The first block's text."""
        made = super().__new__(cls, text)
        made.seen, made._how = None, how
        return made

    def move(self, copy: Copy) -> None:
        """Be what it is in ``copy``."""
        self.seen, self.now = copy, self._how(copy)
        self.shown = orjson.dumps(self.now).decode()


class OpenNumber(int):
    """A number that a copy has otherwise."""

    now: int
    shown: int
    seen: Copy | None
    _how: Callable[[Copy], int]

    def __new__(cls, number: int, how: Callable[[Copy], int]) -> OpenNumber:
        """The first block's number."""
        made = super().__new__(cls, number)
        made.seen, made._how = None, how
        return made

    def move(self, copy: Copy) -> None:
        """Be what it is in ``copy``."""
        self.seen = copy
        self.now = self.shown = self._how(copy)


Open = OpenText | OpenNumber


@dataclass(frozen=True, slots=True)
class Pattern:
    """One row: its key, its text with gaps, what stands in each of them, and its columns, which say some of it again."""

    key: Open
    text: str
    open: tuple[Open, ...]
    gaps: tuple[Open, ...]
    columns: tuple[Any, ...]
    open_columns: tuple[tuple[int, Open], ...]

    @classmethod
    def of(cls, key: Open, row: Mapping[str, Any], columns: Mapping[str, Any]) -> Pattern:
        """The pattern of a row; ``columns`` are those of its table with their defaults."""
        gaps: list[Open] = []

        def leave_open(value: Any) -> orjson.Fragment:
            if not isinstance(value, OpenText | OpenNumber):
                raise TypeError(f"{value!r} is neither JSON nor open")
            gaps.append(value)
            return orjson.Fragment(_GAP)

        written = orjson.dumps(row, default=leave_open, option=orjson.OPT_PASSTHROUGH_SUBCLASS).decode()
        kept = tuple(row.get(name, default) for name, default in columns.items())
        return cls(
            key,
            written.replace("%", "%%").replace(_GAP.decode(), "%s"),
            tuple({id(one): one for one in (key, *gaps)}.values()),
            tuple(gaps),
            kept,
            tuple((place, one) for place, one in enumerate(kept) if isinstance(one, OpenText | OpenNumber)),
        )

    def row(self, copy: Copy) -> tuple[Any, ...]:
        """Key, body and columns of the row in a copy."""
        for one in self.open:
            if one.seen is not copy:
                one.move(copy)
        columns = [*self.columns]
        for place, value in self.open_columns:
            columns[place] = value.now
        return self.key.now, self.text % tuple([one.shown for one in self.gaps]), *columns


def copied(patterns: Sequence[Pattern], copy: Copy) -> Iterator[tuple[Any, ...]]:
    """The rows of a copy."""
    return (pattern.row(copy) for pattern in patterns)
