"""What a pull asks for along with its first page, in the same request (SAP Business One §9): none of it needs that page's answer.

Small tables, documents that touch records of this kind, orders that wait for an approval, and the first page of a census.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from crosswalk.connectors.sap_business_one import touched
from crosswalk.connectors.sap_business_one.odata import Literal

if TYPE_CHECKING:
    from crosswalk.connectors.sap_business_one.pages import Body, Question, Rows
    from crosswalk.connectors.sap_business_one.reading import Reader

CENSUS_ROWS = 2_000


class Beside:
    """What was asked for beside the first page of one pull. ``since`` None: everything is read, so that nothing is touched."""

    def __init__(self, reader: Reader, since: datetime | None, *, counting: bool) -> None:
        self._reader = reader
        self._drafts = reader.waiting() if reader.source.drafts else None
        self._census = census_of(reader) if counting else None
        self._touches = touched.questions(reader, since) if since and not self.reads_all else []
        self._answers: dict[int, Rows] = {}
        self._touching: list[Rows] = []

    @property
    def is_counted(self) -> bool:
        """Whether the census began with this."""
        return self._census is not None

    @property
    def reads_all(self) -> bool:
        """Whether the census reads every record anew, so that none need be looked for as touched."""
        return self.is_counted and self._reader.is_silent

    def ask(self, first: Question) -> Rows:
        """Ask for all of it with the first page, and return that."""
        tables = self._reader.lookups.tables()
        single = [one for one in (self._drafts, self._census) if one is not None]
        answer, *others = self._reader.ask([first, *tables, *self._touches, *single])
        self._reader.lookups.learn_tables(others[: len(tables)])
        self._touching = others[len(tables) : len(others) - len(single)]
        self._answers = {id(one): rows for one, rows in zip(single, others[len(others) - len(single) :], strict=True)}
        return answer

    def named(self) -> set[Literal]:
        """Return the keys of the records that documents name."""
        return touched.named(self._reader, self._touches, self._touching)

    def waiting(self) -> list[Body]:
        """Return the drafts of orders that wait for an approval."""
        return [body for rows in self._pages(self._drafts) for body in rows]

    def census(self) -> Iterator[list[Body]]:
        """Yield the pages of the census."""
        return self._pages(self._census)

    def _pages(self, question: Question | None) -> Iterator[list[Body]]:
        if question is not None:
            yield from self._reader.pages(question, self._answers.pop(id(question)))


def census_of(reader: Reader) -> Question:
    """Return what asks for the keys of all there is, or for the records where some fields change without a stamp (§13, rule 7)."""
    return reader.question("") if reader.is_silent else reader.keys((), CENSUS_ROWS)
