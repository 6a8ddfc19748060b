"""Changes since a watermark, page by page, and the census that finds what was deleted.

A pull walks the changed records in the order of their key. While it runs, records may change and fall out of no page: one saved
after the pull began is past the watermark it ends with, so that the next one reads it. Records with equal stamps are no trouble: no
page ends between them (SAP Business One §13, rule 4).

There are no tombstones (§13, rule 6): once a day a pull also reads the keys of all there is (`Page.sighted`). Lines that are taken off
a document bear the document's stamp, as in `Page.whole_until`. Orders that wait for an approval come as records of their own, and
are told as deleted when they wait no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from crosswalk.connectors.protocol import Page
from crosswalk.connectors.sap_business_one import touched
from crosswalk.connectors.sap_business_one.odata import Literal
from crosswalk.connectors.sap_business_one.reading import DRAFT, Reader
from crosswalk.connectors.sap_business_one.sources import source_of
from crosswalk.connectors.sap_business_one.watermark import Memory, Position, start
from crosswalk.model.records import NativeRecord

if TYPE_CHECKING:
    from crosswalk.connectors.sap_business_one.client import Body, Client
    from crosswalk.model.records import Selection

KEY_FIELD = "U_CrosswalkKey"  # bears the key of the intent that created a record
MOST_RECORDS = 2_000  # of a page that is handed on
CENSUS_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class Habits:
    """How a company is read. ``lag`` is kept from the server's present, where saves may not be visible yet."""

    overlap: timedelta = timedelta(minutes=10)
    lag: timedelta = timedelta(minutes=1)
    page_rows: int | None = None  # None: as fits the entity
    census: timedelta = timedelta(hours=24)
    recheck: timedelta = timedelta(days=60)  # how far back payments are looked at again for having been cancelled
    key_field: str = KEY_FIELD


def pull(
    client: Client, habits: Habits, selection: Selection, watermark: Mapping[str, object] | None
) -> Iterator[Page]:
    """Yield the pages of one pull; the last one bears the watermark of the whole."""
    source = source_of(selection.entity)
    reader, begun = Reader(client, habits, source, selection), start(source, watermark)
    if source.appended:
        return _appended(reader, begun)
    return _changes(reader, begun) if source.stamped else _snapshot(reader)


# --- stamped records --------------------------------------------------------------------------------


def _changes(reader: Reader, begun: Position) -> Iterator[Page]:
    source, habits = reader.source, reader.habits
    condition = reader.changed(begun.since)
    answer = reader.page(condition, begun.after)
    position = begun.at(begun.until or reader.now(answer) - habits.lag)
    if (settled := reader.changed(position.since)) != condition:
        answer = reader.page(settled, position.after)
    resumable = position.since is None or not source.rows
    seen: set[Literal] = set()
    opened: set[int] = set()
    while answer.rows:
        seen |= {row[source.keys[0]] for row in answer.rows}
        opened |= _open_ones(reader, answer.rows)
        memory = replace(begun.memory, open=begun.memory.open | opened)
        position = replace(position, after=reader.key_of(answer.rows[-1]), memory=memory)
        yield from _pages(reader.records(answer.rows), position.watermark() if resumable else None)
        if not answer.more:
            break
        answer = reader.page(settled, position.after)
    if position.since is not None:
        known = begun.memory.open - seen if not begun.after else frozenset()
        beside = touched.look(reader, position.since, seen, sorted(known))
    else:
        beside = touched.Touched(waiting=tuple(reader.waiting()) if source.drafts else ())
    yield from _pages(beside.records, None)
    yield from _finish(reader, begun, position, frozenset(opened) | beside.open, beside.waiting)


def _open_ones(reader: Reader, rows: Sequence[Body]) -> set[int]:
    if not reader.source.reread:
        return set()
    return {row["DocEntry"] for row in rows if row.get("DocumentStatus") == "bost_Open"}


def _finish(
    reader: Reader, begun: Position, position: Position, opened: frozenset[int], waiting: Sequence[Body]
) -> Iterator[Page]:
    """Yield what waits for an approval, the census when one is due, and the last page."""
    source, now = reader.source, reader.client.latest_time()
    memory = replace(begun.memory, open=opened if not begun.after else opened | begun.memory.open)
    last: list[NativeRecord] = []
    if source.drafts:
        here = frozenset(body["DocEntry"] for body in waiting)
        gone = [] if source.rows else [_gone(f"{DRAFT}{entry}", now) for entry in sorted(memory.drafts - here)]
        last, memory = [*reader.records(waiting, drafts=True), *gone], replace(memory, drafts=here)
    anew = begun.since is None and not begun.after
    counting = source.can_vanish and not anew and memory.census_due(now, reader.habits.census)
    if counting:
        yield from _census(reader)
    if counting or anew:
        memory = replace(memory, counted=now) if source.can_vanish else memory
    yield from _pages(last[MOST_RECORDS:], None)
    whole = position.until if source.rows == "DocumentLines" and not begun.after else None
    yield Page(tuple(last[:MOST_RECORDS]), position.finished(memory), whole, everything=counting)


def _gone(key: str, now: datetime) -> NativeRecord:
    return NativeRecord(key, "", now, True, {})


def _census(reader: Reader) -> Iterator[Page]:
    """Yield the keys of all there is, or the records where some of their fields change without a stamp (§13, rule 7)."""
    after: tuple[Literal, ...] = ()
    more = True
    while more:
        answer = reader.page("", after) if reader.is_silent else reader.keys(after, CENSUS_ROWS)
        if reader.is_silent:
            yield from _pages(reader.records(answer.rows), None)
        else:
            keys = reader.record_keys(answer.rows)
            yield from (Page((), None, sighted=keys[i : i + MOST_RECORDS]) for i in range(0, len(keys), MOST_RECORDS))
        after, more = reader.key_of(answer.rows[-1]) if answer.rows else after, answer.more


# --- records without a stamp --------------------------------------------------------------------------


def _snapshot(reader: Reader) -> Iterator[Page]:
    """Yield everything: prices and stock change without any stamp (§13, rule 7). Not resumable; what does not come is gone."""
    answer = reader.page("", ())
    position = Position(None).at(reader.now(answer) - reader.habits.lag)
    while answer.rows:
        yield from _pages(reader.records(answer.rows), None)
        if not answer.more:
            break
        answer = reader.page("", reader.key_of(answer.rows[-1]))
    if reader.source.entity == "price":
        yield from _pages(reader.special_prices(), None)
    yield Page((), position.finished(Memory()), everything=True)


def _appended(reader: Reader, begun: Position) -> Iterator[Page]:
    """Yield payments behind the last one known, a few before it again, and once a day those of late that may have been cancelled."""
    memory = begun.memory
    bound = reader.appended(memory.last, begun.since)
    answer = reader.page(bound, begun.after)
    now = reader.now(answer)
    position = begun.at(now - reader.habits.lag)
    last = memory.last or 0
    while answer.rows:
        last = max(last, answer.rows[-1]["DocEntry"])
        position = replace(position, after=reader.key_of(answer.rows[-1]))
        yield from _pages(reader.records(answer.rows), position.watermark())
        if not answer.more:
            break
        answer = reader.page(bound, position.after)
    if begun.since is not None and memory.census_due(now, reader.habits.census):
        for rows in reader.pages(reader.dated_since(now - reader.habits.recheck)):
            yield from _pages(reader.records(rows), None)
        memory = replace(memory, counted=now)
    elif begun.since is None:
        memory = replace(memory, counted=now)
    yield Page((), position.finished(replace(memory, last=last)))


# --- pages ----------------------------------------------------------------------------------------


def _pages(records: Iterable[NativeRecord], watermark: Mapping[str, object] | None) -> Iterator[Page]:
    """Cut records into pages that may be handed on; only the last one bears the watermark."""
    told = tuple(records)
    cuts = range(0, len(told), MOST_RECORDS)
    for begin in cuts:
        is_last = begin + MOST_RECORDS >= len(told)
        yield Page(told[begin : begin + MOST_RECORDS], watermark if is_last else None)
