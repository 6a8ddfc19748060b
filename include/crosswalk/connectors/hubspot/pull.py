"""Reads what changed by search, in windows ordered by id; what was archived and everything there is by lists (HubSpot §8, §10).

Search is a late index: it is asked with an overlap, once an hour a second time for entries that came later than that, and never for
more than what changed. Within a window records come in the order of their ids, each page behind the last id of the one before: the
10,000 rows a search may reach are never met, equal stamps do no harm, and what leaves the window meanwhile moves nothing into its
place. Lists are not late. They tell what is archived, and once a period they are read whole, because neither a changed association
nor a record deleted for good moves a stamp that a search could find.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from crosswalk.connectors.hubspot.client import ASSOCIATED, LIST_PAGE, LONGEST_URL, SEARCH_PAGE, Answer, Client
from crosswalk.connectors.hubspot.objects import ID
from crosswalk.connectors.hubspot.rows import Row, Rows
from crosswalk.connectors.hubspot.values import milliseconds, to_instant
from crosswalk.connectors.hubspot.watermark import MOST_BINNED, SETTLED, Mark, Watermark, mark_of
from crosswalk.connectors.protocol import Page
from crosswalk.model.errors import TransientError
from crosswalk.model.records import NativeRecord

FIRST = "0"  # before every id


@dataclass(frozen=True, slots=True)
class PullSettings:
    """How to read. ``overlap`` covers what the index usually is behind, ``reread`` is how often everything is read (nothing: never)."""

    overlap: timedelta = timedelta(minutes=10)
    reread: timedelta = timedelta(days=1)
    list_page: int = LIST_PAGE
    search_page: int = SEARCH_PAGE
    sleep: Callable[[float], None] = time.sleep


def pull(client: Client, rows: Rows, watermark: Watermark | None, settings: PullSettings) -> Iterator[Page]:
    """Yield pages of what changed since ``watermark``; of everything alive for None, and once a period at the end of what changed."""
    mark = mark_of(watermark)
    reading = _Pull(client, rows, settings)
    if mark is None or mark.since is None:
        yield from reading.everything(mark)
        return
    yield from reading.changes(mark)


@dataclass(frozen=True, slots=True)
class _Window:
    """Stamps to search for: from ``since`` on, before ``until`` where there is one."""

    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Batch:
    """Some rows; where to go on behind them, None behind the last ones; the server's time when the first was asked for."""

    rows: Sequence[Row]
    following: str | None
    asked: datetime


@dataclass(frozen=True, slots=True)
class _Pull:
    client: Client
    rows: Rows
    settings: PullSettings

    # --- everything --------------------------------------------------------------------------------

    def everything(self, mark: Mark | None) -> Iterator[Page]:
        """Read all that lives, from a page on where a read before broke off there."""
        began = mark.began if mark else None
        for batch in self._listed(mark.after if mark else None):
            began = began or batch.asked
            records = self.rows.living(batch.rows, told_gone=False)
            going_on = Mark(None, began=began, after=batch.following)
            done = Mark(began, late=began, archived=None, whole=began)
            yield from _pages(records, (going_on if batch.following else done).as_watermark())

    def _everything_again(self, mark: Mark) -> Iterator[Page]:
        """Read all that lives behind the changes; the last page says that what did not come is gone."""
        began: datetime | None = None
        for batch in self._listed(None):
            began = began or batch.asked
            records = self.rows.living(batch.rows, told_gone=False)
            done = None if batch.following else replace(mark, whole=began).as_watermark()
            yield from _pages(records, done, everything=batch.following is None)

    def _listed(self, after: str | None) -> Iterator[_Batch]:
        asked, wide = self.rows.properties, self._is_wide()
        more = {"associations": self.rows.associations} if self.rows.associations else {}

        def page(position: str | None) -> Answer:
            place = {"after": position} if position else {}
            return self.client.page(
                self.rows.native.name, [ID] if wide else asked, limit=self.settings.list_page, **more, **place
            )

        for batch in _gathered(page, after, 1 if not more else ASSOCIATED // self.settings.list_page):
            rows = [{**row, "listed": True} for row in batch.rows]
            yield replace(batch, rows=self._widened(rows) if wide else rows)

    def _is_wide(self) -> bool:
        """Whether so many properties are asked for that their names do not fit into an address (HubSpot §8)."""
        return len(urlencode([("properties", name) for name in self.rows.properties])) > LONGEST_URL

    def _widened(self, rows: Sequence[Row]) -> Sequence[Row]:
        read = self.client.read(self.rows.native.name, [str(row["id"]) for row in rows], self.rows.properties)
        full = {str(row["id"]): row for row in read}
        return [{**row, **full[str(row["id"])]} for row in rows if str(row["id"]) in full]

    # --- changes -----------------------------------------------------------------------------------

    def changes(self, mark: Mark) -> Iterator[Page]:
        """Read what changed: the window since the last pull, late entries once an hour, archived records, everything once a period."""
        assert mark.since is not None
        began, floor = mark.began, mark.since - self.settings.overlap
        going_on = replace(mark, began=None, after=None)
        for batch in self._searched(_Window(floor), mark.after or FIRST):
            began = began or batch.asked
            place = replace(going_on, began=began, after=batch.following) if batch.following else None
            yield from _pages(self.rows.living(batch.rows), place.as_watermark() if place else None)
        assert began is not None
        going_on = replace(going_on, since=max(began, mark.since))
        if going_on.late_due(began):
            yield from self._late(going_on, floor)
            going_on = replace(going_on, late=began - SETTLED)
        told: list[NativeRecord] = []
        if going_on.bin_due(began):
            told, going_on = self._bin(going_on, began)
        yield from _pages(told, going_on.as_watermark())
        if going_on.whole_due(began, self.settings.reread):
            yield from self._everything_again(going_on)

    def _bin(self, mark: Mark, began: datetime) -> tuple[list[NativeRecord], Mark]:
        """Return what the bin holds as deletions, what was restored from it, and the mark that goes with them.

        They land together: who knows a record as deleted must know that it was in the bin, or its restoration is never seen.
        """
        rows = [row for page in self._archived() for row in page]
        keys = tuple(str(row["id"]) for row in rows)
        records = [one for row in rows for one in self.rows.archived(row)]
        records += self._restored(set(mark.binned) - set(keys), began)
        kept = keys if len(keys) <= MOST_BINNED else ()
        return records, replace(mark, archived=began, bin=len(keys), binned=kept)

    def _late(self, mark: Mark, floor: datetime) -> Iterator[Page]:
        """Look below the window for entries that came into the index after it was read."""
        assert mark.late is not None
        if mark.late >= floor:
            return
        for batch in self._searched(_Window(mark.late, floor), FIRST):
            yield from _pages(self.rows.living(batch.rows), None)

    def _searched(self, window: _Window, after: str) -> Iterator[_Batch]:
        def page(position: str | None) -> Answer:
            return self.client.search(self.rows.native.name, self._question(window, position or FIRST))

        for batch in _gathered(
            page, after, 1 if not self.rows.columns else ASSOCIATED // self.settings.search_page, place=_last_id
        ):
            alive = [row for row in batch.rows if not row.get("archived")]
            yield replace(batch, rows=alive)

    def _question(self, window: _Window, after: str) -> dict[str, object]:
        modified = self.rows.native.modified
        filters = [
            {"propertyName": modified, "operator": "GTE", "value": milliseconds(window.since)},
            {"propertyName": ID, "operator": "GT", "value": after},
        ]
        if window.until is not None:
            filters.append({"propertyName": modified, "operator": "LT", "value": milliseconds(window.until)})
        return {
            "filterGroups": [{"filters": filters}],
            "sorts": [{"propertyName": ID, "direction": "ASCENDING"}],
            "properties": self.rows.properties,
            "limit": self.settings.search_page,
        }

    def _archived(self) -> Iterator[Sequence[Row]]:
        """Yield pages of archived records: the bin holds 90 days (HubSpot §11)."""
        after: str | None = None
        while True:
            place = {"after": after} if after else {}
            answer = self.client.page(
                self.rows.native.name, [ID], limit=self.settings.list_page, archived=True, **place
            )
            yield answer.rows
            after = answer.following
            if after is None:
                return

    def _restored(self, keys: set[str], began: datetime) -> list[NativeRecord]:
        """Return records that left the bin and are alive: their stamp is older than their deletion, so that they bear our reading's."""
        read = self.client.read(self.rows.native.name, sorted(keys), self.rows.properties) if keys else []
        records = self.rows.living([row for row in read if not row.get("archived")], told_gone=False)
        return [replace(one, modified=max(one.modified or began, began)) for one in records]


def _last_id(answer: Answer) -> str | None:
    """Return the highest id of a page that another one follows: order inside a page is not to be trusted (field reports)."""
    if answer.following is None or not answer.rows:
        return None
    return str(max(int(row["id"]) for row in answer.rows))


def _gathered(
    page: Callable[[str | None], Answer],
    position: str | None,
    most: int,
    *,
    place: Callable[[Answer], str | None] = lambda answer: answer.following,
) -> Iterator[_Batch]:
    """Yield up to ``most`` pages as one batch, so that one call reads the associations of all of them."""
    rows: list[Row] = []
    pages, asked = 0, None
    while True:
        answer = page(position)
        asked = asked or answer.asked or _newest(answer)
        rows += answer.rows
        pages += 1
        following = place(answer)
        if following is not None and following == position:
            raise TransientError("HubSpot repeats a page.", hint="Run the pull again.")
        position = following
        if position is None or pages >= max(1, most):
            yield _Batch(rows, position, asked)
            rows, pages = [], 0
        if position is None:
            return


def _newest(answer: Answer) -> datetime:
    """Return the newest stamp of a page, for an answer whose Date a proxy took away."""
    stamps = [to_instant(str(row["updatedAt"])) for row in answer.rows]
    if not stamps:
        raise TransientError("HubSpot's answer tells no time.", hint="A proxy strips the Date header; let it pass.")
    return max(stamps)


def _pages(records: Sequence[NativeRecord], watermark: Watermark | None, *, everything: bool = False) -> Iterator[Page]:
    """Yield records 2,000 a page, the watermark with the last one: merges may tell many more records than rows came."""
    rest = list(records)
    while len(rest) > MOST:
        yield Page(tuple(rest[:MOST]), None)
        rest = rest[MOST:]
    yield Page(tuple(rest), watermark, everything=everything)


MOST = 2_000  # records of one page we yield


# --- Single records --------------------------------------------------------------------------------


def fetch(client: Client, rows: Rows, keys: Sequence[str]) -> list[NativeRecord]:
    """Return these records as they are now, 100 a call by a batch that is not late; what is gone, unknown or malformed is absent."""
    ids = [key for key in dict.fromkeys(key.partition("|")[0] for key in keys) if key.isdigit() and int(key) > 0]
    read = client.read(rows.native.name, ids, rows.properties) if ids else []
    wanted = set(keys)
    found = rows.living([row for row in read if not row.get("archived")], told_gone=False)
    return [record for record in found if not record.deleted and record.key in wanted]
