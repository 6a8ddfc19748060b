"""Changes since a watermark, by SuiteQL alone: a page of 1,000 rows a call, and one call for deletions.

A pull walks the changed rows in the order of their key. While it runs, rows may change and fall out of no page: a row
saved after the pull began is past the watermark the pull ends with, so that the next one reads it.

Lines that are taken off an order are in no feed, but bear the order's stamp: of an order saved before the pull began all lines
come with its new stamp, and one that keeps an older stamp is gone (`Page.whole_until`). A pull of changed lines is therefore read
from its beginning when it died, so that whoever lands it has seen all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from crosswalk.connectors.netsuite.schema import explain
from crosswalk.connectors.netsuite.sources import Source, source_of
from crosswalk.connectors.netsuite.statements import (
    MOST_ROWS,
    Condition,
    Query,
    Statement,
    behind,
    changed_since,
    fell_due,
    is_key,
    one_of,
    scope_of,
    where,
)
from crosswalk.connectors.netsuite.values import Decoder, decoder_for
from crosswalk.connectors.netsuite.watermark import Position, Start, start
from crosswalk.connectors.netsuite.windows import SQL_FORMAT, earliest_local, sql_text
from crosswalk.connectors.protocol import Page
from crosswalk.model.entities import Kind
from crosswalk.model.errors import ConfigurationError, SchemaError, TransientError
from crosswalk.model.records import NativeRecord, Selection

if TYPE_CHECKING:
    from crosswalk.connectors.netsuite.client import Answer, Client, Row

KEY_SEPARATOR = "|"


@dataclass(frozen=True, slots=True)
class Habits:
    """How an account is read. ``lag`` is kept from the server's present, where saves may not be visible yet."""

    zone: tzinfo
    overlap: timedelta = timedelta(minutes=10)
    lag: timedelta = timedelta(minutes=2)
    page_rows: int = MOST_ROWS
    track_deletes: bool = True


def pull(
    client: Client, habits: Habits, selection: Selection, watermark: Mapping[str, object] | None
) -> Iterator[Page]:
    """Yield the pages of one pull, deletions last."""
    source = source_of(selection.entity)
    reader, begun = Reader(client, habits, source, selection), start(source, watermark)
    position, conditions, answer = _begin(reader, begun)
    resumable = position.since is None or not source.stamped_by_parent
    while answer.rows:
        position = replace(position, after=reader.advance(position.after, answer.rows[-1]))
        records = tuple(reader.record(row) for row in answer.rows)
        yield Page(records, position.watermark() if resumable else None)
        if not answer.more:
            break
        answer = reader.rows(conditions, position.after)
    deletions = _deletions(client, habits, source, position.since) if position.since else iter(())
    held: tuple[NativeRecord, ...] = ()
    for records in deletions:
        if held:
            yield Page(held, None)
        held = records
    whole = source.stamped_by_parent and not begun.after
    yield Page(held, position.finished(), position.until if whole else None)


def _begin(reader: Reader, begun: Start) -> tuple[Position, list[Condition], Answer]:
    """Ask for the first page, which tells the time; ask anew when the time changes what must be asked for.

    It does once a day, when customers may have fallen overdue, and for a watermark from the future.
    """
    conditions = reader.changes(begun.since, begun.until)
    answer = reader.rows(conditions, begun.after)
    position = begun.at(begun.until or reader.until(answer))
    settled = reader.changes(position.since, position.until)
    if settled != conditions:
        answer = reader.rows(settled, begun.after)
    return position, settled, answer


def fetch(client: Client, habits: Habits, selection: Selection, keys: Sequence[str]) -> list[NativeRecord]:
    """Return the records with these keys, whatever the pull's scope leaves out; unknown and malformed keys are absent."""
    source = source_of(selection.entity)
    reader = Reader(client, habits, source, selection)
    parts = {key: key.split(KEY_SEPARATOR) for key in keys}
    wanted = [key for key in parts if is_key(source, parts[key])]
    firsts = list(dict.fromkeys(parts[key][0] for key in wanted))
    found: dict[str, NativeRecord] = {}
    for begin in range(0, len(firsts), MOST_ROWS):
        chunk = firsts[begin : begin + MOST_ROWS]
        conditions = [Condition(source.identity), one_of(source.keys[0], chunk)]
        for record in reader.all(conditions):
            if record.key in wanted:
                found[record.key] = record
    return [found[key] for key in wanted if key in found]


class Reader:
    """Reads rows of one selection and types them."""

    def __init__(self, client: Client, habits: Habits, source: Source, selection: Selection) -> None:
        _check_native(source, selection)
        self._client, self._habits, self._source, self._selection = client, habits, source, selection
        self._query = Query(source, selection.fields)
        self._stamp = decoder_for(Kind.INSTANT, habits.zone, client.latest_time)
        self._decoders: tuple[tuple[str, str, Decoder], ...] = tuple(
            (column.field.path, column.alias, decoder_for(column.field.kind, habits.zone, client.latest_time))
            for column in self._query.columns
        )
        self.paths = frozenset(field.path.lower() for field in selection.fields)

    def changes(self, since: datetime | None, until: datetime | None) -> list[Condition]:
        """Return what restricts a pull to its scope and to what changed since an instant (to everything, for None)."""
        scope = scope_of(self._source, self._selection)
        if since is None:
            return scope
        ageing = _ageing(self._source, self.paths, since, until or since, self._habits.zone)
        return [*scope, changed_since(self._source, self.paths, _bound(since, self._habits), *ageing)]

    def until(self, answer: Answer) -> datetime:
        """Return what a pull ends with whose first page is ``answer``."""
        return self._client.time_of(answer) - self._habits.lag

    def rows(self, conditions: Sequence[Condition], after: Sequence[str]) -> Answer:
        """Return the page behind ``after`` and whether more follow; a missing column raises SchemaError naming it."""
        rows = self._habits.page_rows
        with explain(self._client, self._source, self._selection.fields):
            return self._client.page(self._query.page(conditions, after, rows), rows)

    def all(self, conditions: Sequence[Condition]) -> Iterator[NativeRecord]:
        """Yield every record that meets the conditions."""
        after: tuple[str, ...] = ()
        more = True
        while more:
            answer = self.rows(conditions, after)
            yield from (self.record(row) for row in answer.rows)
            after, more = self.advance(after, answer.rows[-1]) if answer.rows else after, answer.more

    def advance(self, after: tuple[str, ...], last: Row) -> tuple[str, ...]:
        """Return the key of the last row; raises TransientError when it is not behind the one before."""
        following = tuple(last[alias] for alias in self._query.key_aliases)
        if following == after:
            raise TransientError(
                f"NetSuite answered the same page of {self._source.table} twice.", hint="Try again later."
            )
        return following

    def record(self, row: Row) -> NativeRecord:
        """Return a row as a native record."""
        stamp = row.get("changed")
        modified = self._stamp(stamp) if stamp else None
        values = {path: decode(row[alias]) if alias in row else None for path, alias, decode in self._decoders}
        return NativeRecord(
            key=KEY_SEPARATOR.join(_part(row[alias]) for alias in self._query.key_aliases),
            version=stamp or "",
            modified=modified if isinstance(modified, datetime) else None,
            deleted=False,
            values=values,
        )


def _bound(since: datetime, habits: Habits) -> str:
    """Return the local time to read from, in whole minutes: some stamps have no seconds (NetSuite §8)."""
    return sql_text(earliest_local(since - habits.overlap, habits.zone).replace(second=0))


def _ageing(
    source: Source, paths: frozenset[str], since: datetime, until: datetime, zone: tzinfo
) -> Iterator[Condition]:
    """The first pull of a day also reads customers whose invoices fell due: no save tells of it."""
    yesterday, today = since.astimezone(zone).date(), until.astimezone(zone).date()
    if source.ages & paths and yesterday < today:
        first = None if "daysoverduesearch" in paths else (yesterday - timedelta(days=1)).isoformat()
        yield fell_due(first, today.isoformat())


_DELETED = ("recordid", "type")


def _deletions(client: Client, habits: Habits, source: Source, since: datetime) -> Iterator[tuple[NativeRecord, ...]]:
    """Yield tombstones from the only feed there is (NetSuite §7, `deletedrecord`); needs a permission of its own.

    The feed names types as the account does, so that they are compared here, without blanks and case.
    """
    if not source.deleted_as or not habits.track_deletes:
        return
    bound = _bound(since, habits)
    stamp = decoder_for(Kind.INSTANT, habits.zone, client.latest_time)
    after: tuple[str, ...] = ()
    more = True
    while more:
        restricted = where([Condition(f"deleteddate >= TO_TIMESTAMP(?, '{SQL_FORMAT}')"), behind(_DELETED, after)])
        statement = Statement(
            f"SELECT recordid AS k0, type AS k1, TO_CHAR(deleteddate, '{SQL_FORMAT}') AS changed"
            f" FROM deletedrecord{restricted} ORDER BY recordid, type FETCH FIRST {habits.page_rows + 1} ROWS ONLY",
            (bound,),
        )
        rows, more, *_ = _deleted_page(client, statement, habits.page_rows)
        yield tuple(_tombstone(row, stamp) for row in rows if _type_name(row) in source.deleted_as)
        after = (rows[-1]["k0"], rows[-1].get("k1", "")) if rows else after


def _deleted_page(client: Client, statement: Statement, rows: int) -> Answer:
    try:
        return client.page(statement, rows)
    except SchemaError as error:
        raise SchemaError(
            f"NetSuite does not let us read which records were deleted: {error.message}",
            hint='Give the role the permission "Deleted Records", or set track_deletes to false in the connection.',
            code=error.code,
        ) from None


def _tombstone(row: Row, stamp: Decoder) -> NativeRecord:
    deleted = stamp(row["changed"]) if "changed" in row else None
    return NativeRecord(row["k0"], "", deleted if isinstance(deleted, datetime) else None, True, {})


def _type_name(row: Row) -> str:
    return "".join(letter for letter in row.get("k1", "").lower() if letter.isalpha())


def _part(text: str) -> str:
    """A key's part in one spelling: ``10.0`` and ``10`` are the same quantity."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def _check_native(source: Source, selection: Selection) -> None:
    if selection.native.lower() not in {source.table, (source.record or "").lower()}:
        raise ConfigurationError(
            f"NetSuite keeps {selection.entity} in {source.table}, not in {selection.native!r}.",
            hint=f"Write `native: {source.table}` in the mapping file.",
        )
