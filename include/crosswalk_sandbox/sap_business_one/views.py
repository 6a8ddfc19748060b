"""How the rows of one answer are shown: projected, expanded, with their ETags (SAP Business One §5, §7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from .copies import Gap
from .render import etag
from .templates import OPEN, Template, Templates, open_row, template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .copies import Copies
    from .desk import Row
    from .ends import Ends
    from .places import Raw
    from .shapes import Shapes


@dataclass(frozen=True, slots=True)
class View:
    """What one call asks of the rows of a set. ``chosen`` None is all properties; ``mark`` the ETag's name, empty without one."""

    kind: str
    shapes: Shapes
    chosen: tuple[str, ...] | None
    ways: Sequence[Ends]
    mark: str
    constant: bool
    """Whether each ETag is that of the first version."""

    def row(self, version: int, row: Row) -> dict[str, Any]:
        """A row as it is shown; only ``orjson.dumps`` can write it (:mod:`.shapes`)."""
        made = self._own(version, row)
        for end in self.ways:
            made[end.name] = end.of(row)
        return made

    def rows(self, copies: Copies, templates: Templates, held: Sequence[Raw]) -> list[Any]:
        """Rows as they are kept; those of copies from templates, which hold what the present version shows of a pattern."""
        wish = (self.kind, self.chosen, tuple(end.name for end in self.ways), self.mark, self.constant)
        known = templates.of(wish) if self.shapes.keeps_values else None
        places = [None if known is None else copies.place(body) for _, _, body in held]
        if known is not None:
            self._learn(copies, templates, known, {(row[1], at[1]) for row, at in zip(held, places, strict=True) if at})
        shown: list[Any] = []
        for (_, version, body), at in zip(held, places, strict=True):
            found = known[version, at[1]] if known is not None and at else None
            if at is None or found is None:
                shown.append(self.row(version, copies.row(body)))
            else:
                shown.append(self._filled(found.row(at[0]), found.leads))
        return shown

    def _learn(
        self,
        copies: Copies,
        templates: Templates,
        known: dict[tuple[int, int], Template | None],
        keys: set[tuple[int, int]],
    ) -> None:
        missing = keys - known.keys()
        patterns = copies.patterns({pattern for _, pattern in missing})
        for version, pattern in missing:
            known[version, pattern] = made = self._template(version, *patterns[pattern])
            templates.count(made.size if made else 0)

    def _own(self, version: int, row: Row) -> dict[str, Any]:
        if self.chosen is None:
            made = self.shapes.entity(self.kind, row, version)
        else:
            made = self.shapes.chosen(self.kind, row, version, self.chosen)
        return {self.mark: etag(1 if self.constant else version), **made} if self.mark else made

    def _filled(self, own: bytes, leads: Row) -> orjson.Fragment:
        ends = b"".join(b',"%b":%b' % (end.name.encode(), orjson.dumps(end.of(leads))) for end in self.ways)
        return orjson.Fragment(b"%b%b}" % (own, ends))

    def _template(self, version: int, text: str, gaps: Mapping[str, Gap]) -> Template | None:
        row = open_row(text, gaps)
        leads = {name: row[name] for end in self.ways for name in end.asks(row) if name in row}
        own = self._own(version, row)
        if not own or any(str(value).startswith(OPEN) for value in leads.values()):
            return None
        return template(own, gaps, leads)
