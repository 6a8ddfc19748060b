"""Reads what changed: by SystemModstamp with an overlap, deletions in the same query, large sets by Bulk (Salesforce §11).

A pull costs one call as long as its records fit one page. When more are coming, the first page tells how many, and the rest
is read by whichever needs fewer calls: further REST pages, or a Bulk query job. A caller who knows that much is coming saves that page.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from crosswalk.connectors.protocol import Page
from crosswalk.connectors.salesforce import bulk
from crosswalk.connectors.salesforce.client import Answer, Client, fits_in_url
from crosswalk.connectors.salesforce.errors import LOCATOR_LOST, QUERY_TOO_HEAVY
from crosswalk.connectors.salesforce.soql import Plan, columns, is_id, name, queries
from crosswalk.connectors.salesforce.values import RecordReader
from crosswalk.connectors.salesforce.watermark import Mark, Watermark, mark_of, unstamped
from crosswalk.model.errors import (
    AuthenticationError,
    ConfigurationError,
    CrosswalkError,
    RecordError,
    RetryableError,
    TransientError,
)
from crosswalk.model.records import NativeRecord, Selection

PAGE = 2_000  # records of one page we yield, and of one REST page at best
RETRIEVE = 2_000  # ids of one retrieval (Salesforce §7.1)
_JOB_CALLS = 3  # creating the job and some two polls


@dataclass(frozen=True, slots=True)
class PullSettings:
    """How to read. ``overlap`` must exceed the org's longest transaction: stamps are older than their commit."""

    overlap: timedelta = timedelta(minutes=10)
    bulk_from: int = 2_000  # records; below, Bulk is never used
    bulk_page: int = 50_000  # records of one result page, some 25 MB
    large: frozenset[str] = frozenset()  # objects whose full load starts with a job instead of a page
    reread: timedelta = timedelta(days=1)  # how often all is read where stamps do not tell every change; nothing: never
    sleep: Callable[[float], None] = time.sleep

    def job_pays(self, records: int, page: int, *, read: int = 0) -> bool:
        """Tell whether a job needs no more calls than the REST pages of ``page`` records of which ``read`` are read already."""
        by_job = _JOB_CALLS + math.ceil(records / self.bulk_page)
        return records >= self.bulk_from and by_job <= math.ceil(records / page) - read


def pull(client: Client, selection: Selection, watermark: Watermark | None, settings: PullSettings) -> Iterator[Page]:
    """Yield pages of what changed since ``watermark``; of everything alive for None, and once a period where stamps do not tell all.

    The watermark's ``since`` is the server's clock when this pull began, or on a page in the middle of an ordered read the stamp it
    got to; see :class:`~crosswalk.connectors.salesforce.watermark.Mark` for the rest.
    """
    mark = mark_of(watermark)
    if mark is None:
        yield from _everything(client, selection, settings, None)
        return
    due = mark.is_due(settings.reread)
    if due and not unstamped(client, selection):
        due, mark = False, replace(mark, whole=mark.since)
    reader, plan = RecordReader(selection), Plan(selection, mark.since - settings.overlap)
    for page in _Pull(client, plan, mark.since, settings, reader).pages():
        mark = mark if page.reached is None else replace(mark, since=page.reached)
        yield Page(page.records, None if page.reached is None else mark.as_watermark())
    if due:
        yield from _everything(client, replace(selection, expected=mark.records), settings, mark)


def _everything(client: Client, selection: Selection, settings: PullSettings, mark: Mark | None) -> Iterator[Page]:
    """Read all that lives. ``mark`` is how far changes were read just before; a full load has none."""
    records = 0
    for page in _Pull(client, Plan(selection, None), None, settings, RecordReader(selection)).pages():
        records += len(page.records)
        began = page.reached
        done = None if began is None else Mark(mark.since if mark else began, began, records)
        yield Page(page.records, None if done is None else done.as_watermark())


@dataclass(frozen=True, slots=True)
class _Read:
    """A page before its watermark: how far the reading has got, None where it cannot be resumed."""

    records: tuple[NativeRecord, ...]
    reached: datetime | None


@dataclass(frozen=True, slots=True)
class _Pull:
    client: Client
    plan: Plan
    since: datetime | None
    settings: PullSettings
    reader: RecordReader

    def pages(self) -> Iterator[_Read]:
        if self._goes_by_job() and (job := self._job_or_none()) is not None:
            yield from self._by_job(job, None)
            return
        soql = self.plan.soql()
        if not fits_in_url(soql):
            yield from self._by_job(self._start_job(), None)
            return
        try:
            first = self.client.query(soql, all_rows=self.plan.all_rows)
        except RetryableError as error:
            if error.code not in QUERY_TOO_HEAVY:
                raise
            yield from self._by_job(self._start_job(), None)
            return
        job = self._job_for_the_rest(first)
        yield from self._by_rest(first) if job is None else self._by_job(job, first.server_time)

    def _goes_by_job(self) -> bool:
        """Whether a full load goes by Bulk without asking how large it is: an option says so, or the caller knows the size."""
        if self.since is not None:
            return False
        selection = self.plan.selection
        return selection.native in self.settings.large or self.settings.job_pays(selection.expected or 0, PAGE)

    # --- REST ---------------------------------------------------------------------------------

    def _by_rest(self, first: Answer) -> Iterator[_Read]:
        began = asked = first.server_time
        answer, fresh = first, True
        place: NativeRecord | None = None
        stamp = ""
        while True:
            records = self.reader.from_json(answer.records)
            place = self._place(records, asked, fresh=fresh) or place
            stamp = _newest(records, stamp)
            if answer.next_url is None:
                yield _Read(records, self._final(began, stamp))
                return
            yield _Read(records, self._reached(place))
            following = self._more(answer.next_url)
            fresh = following is None
            answer = following or self.client.query(self.plan.soql(after=place), all_rows=self.plan.all_rows)
            asked = answer.server_time if fresh else asked

    def _more(self, next_url: str) -> Answer | None:
        """Return the query's next page; None when its cursor is lost."""
        try:
            answer = self.client.more(next_url)
        except CrosswalkError as error:
            if error.code != LOCATOR_LOST:
                raise
            return None
        if answer.next_url == next_url:
            raise TransientError("Salesforce repeats a page of the query.", hint="Run the pull again.")
        return answer

    def _place(self, records: Sequence[NativeRecord], asked: datetime | None, *, fresh: bool) -> NativeRecord | None:
        """Return the last record that stands where the query found it, so that one can go on behind it; None when nobody knows.

        Only a query's first page is read when it is asked. Rows of later ones are read anew (Salesforce §5): one that was saved
        in between shows its new stamp in its old place, and behind that stamp lies less than behind the row. A stamp that is older
        than the query by more than the overlap was not given after it.
        """
        if fresh or self.since is None:
            return records[-1] if records else None
        if asked is None:
            return None
        settled = asked - self.settings.overlap
        return next((row for row in reversed(records) if row.modified is not None and row.modified < settled), None)

    def _reached(self, place: NativeRecord | None) -> datetime | None:
        """How far a read has got in its middle: only one in the order of stamps can be resumed."""
        if self.since is None or place is None or place.modified is None:
            return None
        return max(self.since, place.modified)

    def _final(self, began: datetime | None, stamp: str) -> datetime:
        """How far it has got at its end. Without a Date header: the newest stamp seen, else where we began."""
        if began is not None:
            return began
        seen = [self.since] if self.since else []
        seen += [datetime.fromisoformat(stamp)] if stamp else []
        if not seen:
            raise TransientError(
                "Salesforce's answer tells no time.", hint="A proxy strips the Date header; let it pass."
            )
        return max(seen)

    # --- Bulk ---------------------------------------------------------------------------------

    def _job_for_the_rest(self, first: Answer) -> bulk.Job | None:
        """Return a query job when it needs fewer calls than the pages still to come; None for REST."""
        size = max(1, len(first.records))  # wide records come in smaller pages (Salesforce §5)
        if first.next_url is None or not self.settings.job_pays(first.total, size, read=1):
            return None
        return self._job_or_none()

    def _job_or_none(self) -> bulk.Job | None:
        """Start a query job; None when Bulk does not offer the object or a field of it: REST does."""
        try:
            return self._start_job()
        except AuthenticationError:
            raise
        except (ConfigurationError, RecordError):
            return None

    def _start_job(self) -> bulk.Job:
        return bulk.start(self.client, self.plan.soql(ordered=False), all_rows=self.plan.all_rows)

    def _by_job(self, job: bulk.Job, began: datetime | None) -> Iterator[_Read]:
        waiting: tuple[NativeRecord, ...] = ()
        for records in self._chunks(job.id):
            if waiting:
                yield _Read(waiting, None)
            waiting = records
        yield _Read(waiting, began or job.created)

    def _chunks(self, job: str) -> Iterator[tuple[NativeRecord, ...]]:
        for page in bulk.results(self.client, job, page_size=self.settings.bulk_page, sleep=self.settings.sleep):
            records = self.reader.from_csv(page.header, page.rows)
            while chunk := tuple(islice(records, PAGE)):
                yield chunk


def _newest(records: Sequence[NativeRecord], stamp: str) -> str:
    return max([stamp, *(record.version for record in records)])


# --- Single records ------------------------------------------------------------------------------


def fetch(client: Client, selection: Selection, keys: Sequence[str]) -> list[NativeRecord]:
    """Return these records as they are now; ids that are gone, unknown or malformed are absent.

    Plain fields are retrieved 2,000 ids a call; fields of parents need a query, some 600 ids a call.
    """
    ids = [key for key in dict.fromkeys(keys) if is_id(key)]
    dotted = any("." in field.path for field in selection.fields)
    found = _queried(client, selection, ids) if dotted else _retrieved(client, selection, ids)
    return list(RecordReader(selection).from_json(found))


def _retrieved(client: Client, selection: Selection, ids: Sequence[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for start in range(0, len(ids), RETRIEVE):
        body = {"ids": ids[start : start + RETRIEVE], "fields": columns(selection)}
        answer = client.send("POST", f"composite/sobjects/{name(selection.native)}", body)
        found += [record for record in answer if record is not None]
    return found


def _queried(client: Client, selection: Selection, ids: Sequence[str]) -> list[dict[str, Any]]:
    return client.records(queries(", ".join(columns(selection)), selection.native, "Id", ids))
