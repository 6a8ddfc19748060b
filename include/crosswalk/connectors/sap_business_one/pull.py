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
from crosswalk.connectors.sap_business_one.beside import Beside, census_of
from crosswalk.connectors.sap_business_one.odata import Literal
from crosswalk.connectors.sap_business_one.pages import Body, Question, Rows
from crosswalk.connectors.sap_business_one.reading import DRAFT, SPECIAL, Reader
from crosswalk.connectors.sap_business_one.sources import source_of
from crosswalk.connectors.sap_business_one.watermark import Memory, Position, start
from crosswalk.model.records import NativeRecord

if TYPE_CHECKING:
    from crosswalk.connectors.sap_business_one.client import Client
    from crosswalk.model.records import Selection

KEY_FIELD = "U_CrosswalkKey"  # bears the key of the intent that created a record
MOST_RECORDS = 2_000  # of a page that is handed on


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
    position, settled, answer, beside = _first(reader, begun)
    resumable = position.since is None or not reader.source.rows
    seen: set[Literal] = set()
    opened: set[int] = set()
    while answer.rows:
        rows = answer.rows
        seen |= {row[reader.source.keys[0]] for row in rows}
        opened |= _open_ones(reader, rows)
        memory = replace(begun.memory, open=begun.memory.open | opened)
        position = replace(position, after=reader.key_of(rows[-1]), memory=memory)
        following = reader.question(settled, position.after) if answer.more else None
        ahead = reader.learn(rows, following)
        yield from _pages(reader.records(rows), position.watermark() if resumable else None)
        if following is None:
            break
        answer = ahead or reader.page(following, position.after)
    wanted = beside.named() - seen if position.since is not None else set()
    if position.since is not None and not begun.after:
        wanted |= begun.memory.open - seen
    again = reader.among(sorted(wanted, key=str), scoped=True)
    bodies = [body for _, some in reader.keyed(again) for body in some]
    opened |= _open_ones(reader, bodies)
    yield from _pages(reader.records(bodies), None)
    yield from _finish(reader, begun, position, frozenset(opened), beside)


def _first(reader: Reader, begun: Position) -> tuple[Position, str, Rows, Beside]:
    """Ask for the first page and for what goes beside it; once more where the watermark turns out to be from the future."""
    condition = reader.changed(begun.since)
    beside = Beside(reader, begun.since, counting=_census_due(reader, begun))
    answer = beside.ask(reader.question(condition, begun.after))
    position = begun.at(begun.until or reader.now(answer) - reader.habits.lag)
    if (settled := reader.changed(position.since)) != condition:
        beside = Beside(reader, position.since, counting=beside.is_counted)
        answer = beside.ask(reader.question(settled, begun.after))
    reader.check_progress(answer, begun.after)
    return position, settled, answer, beside


def _census_due(reader: Reader, begun: Position) -> bool:
    """Tell whether it is time to find out what was deleted, as far as the server's time is known."""
    anew = begun.since is None and not begun.after
    if anew or not reader.source.can_vanish:
        return False
    return begun.memory.census_due(reader.client.known_time(), reader.habits.census)


def _open_ones(reader: Reader, rows: Sequence[Body]) -> set[int]:
    if not reader.source.reread:
        return set()
    return {row["DocEntry"] for row in rows if row.get("DocumentStatus") == "bost_Open"}


def _finish(
    reader: Reader, begun: Position, position: Position, opened: frozenset[int], beside: Beside
) -> Iterator[Page]:
    """Yield what waits for an approval, the census when one is due, and the last page."""
    source, now = reader.source, reader.client.latest_time()
    memory = replace(begun.memory, open=opened if not begun.after else opened | begun.memory.open)
    last: list[NativeRecord] = []
    if source.drafts:
        waiting = beside.waiting()
        here = frozenset(body["DocEntry"] for body in waiting)
        gone = [] if source.rows else [_gone(f"{DRAFT}{entry}", now) for entry in sorted(memory.drafts - here)]
        last, memory = [*reader.records(waiting, drafts=True), *gone], replace(memory, drafts=here)
    anew = begun.since is None and not begun.after
    counting = beside.is_counted or _census_due(reader, begun)
    if counting:
        yield from _census(reader, beside)
    if counting or anew:
        memory = replace(memory, counted=now) if source.can_vanish else memory
    yield from _pages(last[MOST_RECORDS:], None)
    whole = position.until if source.rows == "DocumentLines" and not begun.after else None
    yield Page(tuple(last[:MOST_RECORDS]), position.finished(memory), whole, everything=counting)


def _gone(key: str, now: datetime) -> NativeRecord:
    return NativeRecord(key, "", now, True, {})


def _census(reader: Reader, beside: Beside) -> Iterator[Page]:
    """Yield the keys of all there is, or the records where some of their fields change without a stamp (§13, rule 7)."""
    begun_late = census_of(reader) if not beside.is_counted else None
    pages = reader.pages(begun_late, reader.page(begun_late)) if begun_late else beside.census()
    for rows in pages:
        if reader.is_silent:
            yield from _pages(reader.records(rows), None)
        else:
            keys = reader.record_keys(rows)
            yield from (Page((), None, sighted=keys[i : i + MOST_RECORDS]) for i in range(0, len(keys), MOST_RECORDS))


# --- records without a stamp --------------------------------------------------------------------------


def _snapshot(reader: Reader) -> Iterator[Page]:
    """Yield everything: prices and stock change without any stamp (§13, rule 7). Not resumable; what does not come is gone.

    Partners' own prices come beside the items', page by page.
    """
    specials = reader.specials() if reader.source.entity == "price" else []
    tables = reader.lookups.tables()
    answer, *others = reader.ask([reader.question(""), *tables, *specials])
    reader.lookups.learn_tables(others[: len(tables)])
    position = Position(None).at(reader.now(answer) - reader.habits.lag)
    own = others[len(tables)] if specials else None
    while answer.rows or (own and own.rows):
        yield from _pages(reader.records(answer.rows), None)
        if own is not None:
            yield from _pages(reader.special_prices(own.rows), None)
        answer, own = _both_following(reader, answer, own)
    yield Page((), position.finished(Memory()), everything=True)


_NOTHING = Rows([], False, None)


def _both_following(reader: Reader, answer: Rows, own: Rows | None) -> tuple[Rows, Rows | None]:
    """Ask in one request for the pages behind both of these, as far as there are any."""
    asked: list[Question] = []
    if answer.more:
        asked.append(reader.question("", reader.key_of(answer.rows[-1])))
    if own is not None and own.more:
        asked += reader.specials((), tuple(own.rows[-1][key] for key in SPECIAL))
    found = reader.ask(asked)
    following = found.pop(0) if answer.more else _NOTHING
    reader.check_progress(following, reader.key_of(answer.rows[-1]) if answer.more else ())
    own_following = found.pop(0) if found else None
    return following, own_following


def _appended(reader: Reader, begun: Position) -> Iterator[Page]:
    """Yield payments behind the last one known, a few before it again, and once a day those of late that may have been cancelled."""
    memory, client, habits = begun.memory, reader.client, reader.habits
    bound = reader.appended(memory.last, begun.since)
    late: list[Question] = []
    if begun.since is not None and memory.census_due(known := client.known_time(), habits.census) and known:
        late = [reader.question(reader.dated_since(known - habits.recheck))]
    answer, *lately = reader.ask([reader.question(bound, begun.after), *late])
    reader.check_progress(answer, begun.after)
    now = reader.now(answer)
    position = begun.at(now - habits.lag)
    last = memory.last or 0
    while answer.rows:
        last = max(last, answer.rows[-1]["DocEntry"])
        position = replace(position, after=reader.key_of(answer.rows[-1]))
        yield from _pages(reader.records(answer.rows), position.watermark())
        if not answer.more:
            break
        answer = reader.page(reader.question(bound, position.after), position.after)
    if begun.since is not None and not late and memory.census_due(now, habits.census):
        late = [reader.question(reader.dated_since(now - habits.recheck))]
        lately = [reader.page(late[0])]
    for question, found in zip(late, lately, strict=True):
        for rows in reader.pages(question, found):
            yield from _pages(reader.records(rows), None)
    if late or begun.since is None:
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
