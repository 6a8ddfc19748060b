"""Records that other documents altered without giving them a new stamp (SAP Business One §13, rules 7 and 8).

A delivery takes quantities off an order, an order changes what its customer owes: such documents are asked for along with a pull's first
page, and the records that they name are read again. Invoices that were open when they were last seen are looked at once more.

They are asked for before the pull's other pages, which loses nothing: a document saved later is past the watermark that the pull ends with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from crosswalk.connectors.sap_business_one.odata import Literal
from crosswalk.connectors.sap_business_one.pages import Question, Rows
from crosswalk.connectors.sap_business_one.rows import bases
from crosswalk.connectors.sap_business_one.sources import Touch

if TYPE_CHECKING:
    from crosswalk.connectors.sap_business_one.pages import Body
    from crosswalk.connectors.sap_business_one.reading import Reader

MOST_ROWS = 1000
BACK_DATED = timedelta(days=2)  # a payment's date may be some days before it was entered; the census sees to the rest
_BY = ("DocEntry",)


def questions(reader: Reader, since: datetime) -> list[Question]:
    """Return what asks for the documents changed since then that alter records of this kind."""
    stamped, dated = reader.touched_since(since), reader.dated_since(since - BACK_DATED)
    return [_question(touch, stamped if touch.stamped else dated) for touch in _that_matter(reader)]


def named(reader: Reader, asked: Sequence[Question], answers: Sequence[Rows]) -> set[Literal]:
    """Return the keys of the records that the documents name."""
    return {
        key
        for touch, question, answer in zip(_that_matter(reader) if asked else (), asked, answers, strict=True)
        for rows in reader.pages(question, answer, _BY)
        for key in _keys(touch, rows)
    }


def _that_matter(reader: Reader) -> tuple[Touch, ...]:
    """Customers are touched only as far as their balances are read."""
    return reader.source.touches if reader.is_silent or not reader.source.silent else ()


def _question(touch: Touch, condition: str) -> Question:
    select = f"DocEntry,{touch.by if isinstance(touch.by, str) else 'DocumentLines'}"
    return Question(touch.native, MOST_ROWS, {"select": select, "filter": condition, "orderby": "DocEntry"})


def _keys(touch: Touch, rows: Iterable[Body]) -> Iterator[Literal]:
    for body in rows:
        if isinstance(touch.by, str):
            yield from (body[touch.by],) if body.get(touch.by) else ()
        else:
            yield from bases(body, touch.by)
