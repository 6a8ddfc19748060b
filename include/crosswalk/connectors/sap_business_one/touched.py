"""Records that other documents altered without giving them a new stamp (SAP Business One §13, rules 7 and 8).

A delivery takes quantities off an order, an order changes what its customer owes: such documents are asked for together, in one
request, and the records that they name are read again. Invoices that were open when they were last seen are looked at once more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from crosswalk.connectors.sap_business_one.batch import Part
from crosswalk.connectors.sap_business_one.client import page_of, query
from crosswalk.connectors.sap_business_one.odata import Literal, both
from crosswalk.connectors.sap_business_one.rows import bases
from crosswalk.connectors.sap_business_one.sources import Touch

if TYPE_CHECKING:
    from crosswalk.connectors.sap_business_one.client import Body
    from crosswalk.connectors.sap_business_one.reading import Reader
    from crosswalk.model.records import NativeRecord

MOST_ROWS = 1000
BACK_DATED = timedelta(days=2)  # a payment's date may be some days before it was entered; the census sees to the rest


@dataclass(frozen=True, slots=True)
class Touched:
    """What a pull brings beside the records with a new stamp: touched ones, which documents are open still, and waiting drafts."""

    records: tuple[NativeRecord, ...] = ()
    open: frozenset[int] = frozenset()
    waiting: tuple[Body, ...] = ()


def look(reader: Reader, since: datetime, seen: set[Literal], known_open: Sequence[int]) -> Touched:
    """Return the touched records that the pull has not ``seen``, those of ``known_open`` once more, and what waits for an approval."""
    named, waiting = _asked(reader, since)
    wanted = set(known_open) | (named - seen)
    bodies = list(reader.among(sorted(wanted, key=str), scoped=True)) if wanted else []
    still = {body["DocEntry"] for body in bodies if reader.source.reread and body["DocumentStatus"] == "bost_Open"}
    return Touched(tuple(reader.records(bodies)), frozenset(still), waiting)


def _asked(reader: Reader, since: datetime) -> tuple[set[Literal], tuple[Body, ...]]:
    """Return the keys that documents changed since name, and the waiting drafts: all of it in one request."""
    touches = _that_matter(reader)
    stamped, dated = reader.touched_since(since), reader.dated_since(since - BACK_DATED)
    conditions = [stamped if touch.stamped else dated for touch in touches]
    parts = [_part(touch, one, 0) for touch, one in zip(touches, conditions, strict=True)]
    drafts = [reader.draft_part(MOST_ROWS)] if reader.source.drafts else []
    if not parts + drafts:
        return set(), ()
    answers = reader.client.read_many([*parts, *drafts])
    found: set[Literal] = set()
    for touch, condition, answer in zip(touches, conditions, answers, strict=False):
        rows, more = page_of(answer, MOST_ROWS)
        found |= set(_keys(touch, rows))
        while more and rows:
            [answer] = reader.client.read_many([_part(touch, condition, rows[-1]["DocEntry"])])
            rows, more = page_of(answer, MOST_ROWS)
            found |= set(_keys(touch, rows))
    if not drafts:
        return found, ()
    waiting, more = page_of(answers[-1], MOST_ROWS)
    return found, tuple(reader.waiting() if more else waiting)


def _that_matter(reader: Reader) -> tuple[Touch, ...]:
    """Customers are touched only as far as their balances are read."""
    return reader.source.touches if reader.is_silent or not reader.source.silent else ()


def _part(touch: Touch, condition: str, after: int) -> Part:
    select = f"DocEntry,{touch.by if isinstance(touch.by, str) else 'DocumentLines'}"
    behind = f"DocEntry gt {after}" if after else ""
    path = query(touch.native, select=select, filter=both(condition, behind), orderby="DocEntry")
    return Part("GET", path, headers={"Prefer": f"odata.maxpagesize={MOST_ROWS}"})


def _keys(touch: Touch, rows: Iterable[Body]) -> Iterable[Literal]:
    for body in rows:
        if isinstance(touch.by, str):
            yield from (body[touch.by],) if body.get(touch.by) else ()
        else:
            yield from bases(body, touch.by)
