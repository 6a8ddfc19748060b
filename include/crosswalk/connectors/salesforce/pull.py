"""Reads what changed: by SystemModstamp with an overlap, deletions in the same query, large sets by Bulk (Salesforce §11).

A pull costs one call as long as its records fit one page. When more are coming, the first page tells how many, and the rest
is read by whichever needs fewer calls: further REST pages, or a Bulk query job.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from crosswalk.connectors.protocol import Page
from crosswalk.connectors.salesforce import bulk
from crosswalk.connectors.salesforce.client import Answer, Client, fits_in_url
from crosswalk.connectors.salesforce.errors import LOCATOR_LOST, QUERY_TOO_HEAVY
from crosswalk.connectors.salesforce.soql import Plan, columns, is_id, name, text
from crosswalk.connectors.salesforce.values import RecordReader
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
QUERY_IDS = 400  # ids of one query: 27 bytes each in a URL
_JOB_CALLS = 3  # creating the job and some two polls

Watermark = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class PullSettings:
    """How to read. ``overlap`` must exceed the org's longest transaction: stamps are older than their commit."""

    overlap: timedelta = timedelta(minutes=10)
    bulk_from: int = 2_000  # records; below, Bulk is never used
    bulk_page: int = 50_000  # records of one result page, some 25 MB
    large: frozenset[str] = frozenset()  # objects whose full load starts with a job instead of a page
    sleep: Callable[[float], None] = time.sleep


def pull(client: Client, selection: Selection, watermark: Watermark | None, settings: PullSettings) -> Iterator[Page]:
    """Yield pages of what changed since ``watermark``; of everything alive for None.

    The watermark is ``{"since": instant}``: the server's clock when this pull began, or on a page in the middle of an ordered
    read the stamp it got to.
    """
    since = since_of(watermark)
    plan = Plan(selection, None if since is None else since - settings.overlap)
    return _Pull(client, plan, since, settings, RecordReader(selection)).pages()


def since_of(watermark: Watermark | None) -> datetime | None:
    """Return the instant a watermark holds; None for a full load. Raises ConfigurationError for one we did not write."""
    if not watermark:
        return None
    try:
        since = datetime.fromisoformat(str(watermark["since"]))
    except (KeyError, ValueError):
        raise ConfigurationError(
            f"The watermark {dict(watermark)!r} is none of Salesforce's.",
            hint="Reset it: the next pull then reads everything.",
        ) from None
    return since.replace(tzinfo=UTC) if since.tzinfo is None else since.astimezone(UTC)


def watermark_at(instant: datetime) -> Watermark:
    """Return the watermark that holds at ``instant``."""
    return {"since": instant.astimezone(UTC).isoformat()}


@dataclass(frozen=True, slots=True)
class _Pull:
    client: Client
    plan: Plan
    since: datetime | None
    settings: PullSettings
    reader: RecordReader

    def pages(self) -> Iterator[Page]:
        soql = self.plan.soql()
        if self._goes_by_job(soql):
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

    def _goes_by_job(self, soql: str) -> bool:
        """Whether Bulk is the way without asking: the query is too long for a URL, or the object is known to be large."""
        known = self.since is None and self.plan.selection.native in self.settings.large
        return known or not fits_in_url(soql)

    # --- REST ---------------------------------------------------------------------------------

    def _by_rest(self, answer: Answer) -> Iterator[Page]:
        began = answer.server_time
        last: NativeRecord | None = None
        stamp = ""
        while True:
            records = self.reader.from_json(answer.records)
            last = records[-1] if records else last
            stamp = _newest(records, stamp)
            if answer.next_url is None:
                yield Page(records, self._final(began, stamp))
                return
            yield Page(records, self._reached(last))
            answer = self._next(answer.next_url, last)

    def _next(self, next_url: str, last: NativeRecord | None) -> Answer:
        try:
            answer = self.client.more(next_url)
        except CrosswalkError as error:
            if error.code != LOCATOR_LOST:
                raise
            return self.client.query(self.plan.soql(after=last), all_rows=self.plan.all_rows)
        if answer.next_url == next_url:
            raise TransientError("Salesforce repeats a page of the query.", hint="Run the pull again.")
        return answer

    def _reached(self, last: NativeRecord | None) -> Watermark | None:
        """The watermark in the middle of a read: only a read in the order of stamps can be resumed."""
        if self.since is None or last is None or last.modified is None:
            return None
        return watermark_at(max(self.since, last.modified))

    def _final(self, began: datetime | None, stamp: str) -> Watermark:
        """The watermark at the end. Without a Date header: the newest stamp seen, else where we began."""
        if began is not None:
            return watermark_at(began)
        seen = [self.since] if self.since else []
        seen += [datetime.fromisoformat(stamp)] if stamp else []
        if not seen:
            raise TransientError(
                "Salesforce's answer tells no time.", hint="A proxy strips the Date header; let it pass."
            )
        return watermark_at(max(seen))

    # --- Bulk ---------------------------------------------------------------------------------

    def _job_for_the_rest(self, first: Answer) -> bulk.Job | None:
        """Return a query job when it needs fewer calls than the pages still to come; None for REST."""
        if first.next_url is None or first.total < self.settings.bulk_from:
            return None
        size = max(1, len(first.records))  # wide records come in smaller pages (Salesforce §5)
        pages_left = math.ceil((first.total - size) / size)
        if _JOB_CALLS + math.ceil(first.total / self.settings.bulk_page) > pages_left:
            return None
        try:
            return self._start_job()
        except AuthenticationError:
            raise
        except (ConfigurationError, RecordError):
            return None  # the object or a field is beyond Bulk: REST goes on with the page it has

    def _start_job(self) -> bulk.Job:
        return bulk.start(self.client, self.plan.soql(ordered=False), all_rows=self.plan.all_rows)

    def _by_job(self, job: bulk.Job, began: datetime | None) -> Iterator[Page]:
        waiting: tuple[NativeRecord, ...] = ()
        for records in self._chunks(job.id):
            if waiting:
                yield Page(waiting, None)
            waiting = records
        yield Page(waiting, watermark_at(began or job.created))

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

    Plain fields are retrieved 2,000 ids a call; fields of parents need a query, 400 ids a call.
    """
    ids = [key for key in dict.fromkeys(keys) if is_id(key)]
    dotted = any("." in field.path for field in selection.fields)
    ask, size = (_query_by_ids, QUERY_IDS) if dotted else (_retrieve, RETRIEVE)
    reader = RecordReader(selection)
    found: list[NativeRecord] = []
    for start in range(0, len(ids), size):
        found += reader.from_json(ask(client, selection, ids[start : start + size]))
    return found


def _retrieve(client: Client, selection: Selection, ids: Sequence[str]) -> list[dict[str, object]]:
    body = {"ids": list(ids), "fields": columns(selection)}
    answer = client.send("POST", f"composite/sobjects/{name(selection.native)}", body)
    return [record for record in answer if record is not None]


def _query_by_ids(client: Client, selection: Selection, ids: Sequence[str]) -> list[dict[str, object]]:
    chosen = ",".join(text(key) for key in ids)
    answer = client.query(
        f"SELECT {', '.join(columns(selection))} FROM {name(selection.native)} WHERE Id IN ({chosen})"
    )
    records = list(answer.records)
    while answer.next_url is not None:
        answer = client.more(answer.next_url)
        records += answer.records
    return records
