"""What the patterns of copied rows look like in an answer: written once, with their gaps still open, for each row to fill.

A row then costs what it has otherwise than the first block, and of that only what was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from .copies import Gap, filled

if TYPE_CHECKING:
    from crosswalk_sandbox.company.blocks import Copy

    from .desk import Row

OPEN: Final = "\0"
"""What the value of a gap begins with while it is open."""
_MOST_BYTES: Final = 192 * 1024 * 1024
_GAP: Final = b'"\\u0000'


@dataclass(frozen=True, slots=True)
class Template:
    """A pattern's row as an answer shows it, without its last brace; ``leads`` is what expansions are found by."""

    texts: Sequence[bytes]
    names: Sequence[bytes]
    """Gaps by name, as they stand between the texts."""
    gaps: Mapping[bytes, Gap]
    leads: Row

    @property
    def size(self) -> int:
        """How many bytes it holds."""
        return sum(map(len, self.texts))

    def row(self, copy: Copy | None) -> bytes:
        """The row in a copy; None is the first block."""
        values = {name: orjson.dumps(filled(copy, gap)) for name, gap in self.gaps.items()}
        parts = [b""] * (len(self.texts) + len(self.names))
        parts[::2] = self.texts
        parts[1::2] = [values[name] for name in self.names]
        return b"".join(parts)


class Templates:
    """Templates by what is asked for, then by the row's version and pattern; None for rows that have to be shown one by one."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], dict[tuple[int, int], Template | None]] = {}
        self._bytes = 0

    def of(self, wish: tuple[Any, ...]) -> dict[tuple[int, int], Template | None]:
        """Those of an answer that asks for ``wish``."""
        if self._bytes > _MOST_BYTES:
            self._known.clear()
            self._bytes = 0
        return self._known.setdefault(wish, {})

    def count(self, size: int) -> None:
        """Note that as many more bytes are known."""
        self._bytes += size


def open_row(text: str, gaps: Mapping[str, Gap]) -> Row:
    """A pattern's row with its gaps open."""
    row: Row = orjson.loads(text % {name: f'"\\u0000{name}"' for name in gaps})
    return row


def template(shown: Mapping[str, Any], gaps: Mapping[str, Gap], leads: Row) -> Template:
    """The template of such a row as it is shown."""
    first, *others = orjson.dumps(shown)[:-1].split(_GAP)
    behind = [part.partition(b'"') for part in others]
    names = tuple(name for name, _, _ in behind)
    texts = (first, *(text for _, _, text in behind))
    return Template(texts, names, {name: gaps[name.decode()] for name in names}, leads)
