"""Pages of one selection → native records: what is selected, in which order, and how each body becomes rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from crosswalk.connectors.local_time import earliest_local
from crosswalk.connectors.sap_business_one.lookups import Lookups
from crosswalk.connectors.sap_business_one.odata import (
    Literal,
    behind,
    both,
    changed_since,
    chunks,
    either,
    literal,
    one_of,
)
from crosswalk.connectors.sap_business_one.pages import MOST_PARTS, Body, Question, Rows
from crosswalk.connectors.sap_business_one.rows import Look, Row, finder, needs_of, special_rows, tables_of
from crosswalk.connectors.sap_business_one.sources import ORDERS_WAITING, STAMP, VERSION, Source
from crosswalk.connectors.sap_business_one.values import Decoder, decoder_for, stamp_of
from crosswalk.model.entities import Kind
from crosswalk.model.errors import ConfigurationError, SchemaError, TransientError
from crosswalk.model.records import NativeField, NativeRecord, Selection, Value

if TYPE_CHECKING:
    from crosswalk.connectors.sap_business_one.client import Client
    from crosswalk.connectors.sap_business_one.pull import Habits

DRAFT = "draft-"
KEY_SEPARATOR = "|"
DRAFTS = "Drafts"
SPECIAL_PRICES = "SpecialPrices"
APPENDED_OVERLAP = 50  # numbers; one that was taken earlier may be saved later
SPECIAL = ("ItemCode", "CardCode")


class Reader:
    """Reads bodies of one selection and types their rows."""

    def __init__(self, client: Client, habits: Habits, source: Source, selection: Selection) -> None:
        _check_native(source, selection)
        self.client, self.habits, self.source, self.selection = client, habits, source, selection
        names, expanded = needs_of(source, selection.fields)
        self._select = ",".join(names)
        self._expand = ",".join(f"{name}($select={','.join(sorted(set(of)))})" for name, of in expanded.items())
        self.lookups = Lookups(client, source, tables_of(source, selection.fields))
        self._fields = tuple(self._field(field) for field in selection.fields)
        self._asks_for_order = any(field.path == "computed.order" for field in selection.fields)
        self.is_silent = bool(source.silent & {field.path for field in selection.fields})

    # --- what is asked for ---------------------------------------------------------------------

    def changed(self, since: datetime | None) -> str:
        """Return what restricts a pull to what changed since an instant (to nothing, for None)."""
        if since is None:
            return ""
        local = earliest_local(since - self.habits.overlap, self.client.zone)
        return either(changed_since(local), self.source.reread)

    def touched_since(self, since: datetime) -> str:
        """Return what restricts other documents to those that changed since an instant."""
        return changed_since(earliest_local(since - self.habits.overlap, self.client.zone))

    def appended(self, last: int | None, since: datetime | None) -> str:
        """Return what restricts a pull of records that are only added to what is new."""
        if last is not None:
            return f"DocEntry gt {max(0, last - APPENDED_OVERLAP)}"
        return self.dated_since(since) if since else ""

    def dated_since(self, since: datetime) -> str:
        """Return the condition for documents of a day or later."""
        return f"DocDate ge {literal(since.astimezone(self.client.zone).date())}"

    def question(
        self, condition: str, after: Sequence[Literal] = (), *, drafts: bool = False, scoped: bool = True
    ) -> Question:
        """Return what asks for the page behind ``after``."""
        where = self.selection.where if scoped else None
        options = {
            "select": self._select,
            "expand": self._expand,
            "filter": both(f"({where})" if where else "", condition, behind(self.source.keys, after)),
            "orderby": ",".join(self.source.keys),
        }
        return Question(DRAFTS if drafts else self.source.native, self.rows_of_a_page, options)

    def waiting(self, after: Sequence[Literal] = ()) -> Question:
        """Return what asks for the drafts of orders that wait for an approval."""
        return self.question(ORDERS_WAITING, after, drafts=True)

    def keys(self, after: Sequence[Literal], rows: int) -> Question:
        """Return what asks for a page of what is needed to know which records there are."""
        source, where = self.source, self.selection.where
        options = {
            "select": ",".join([*source.keys, *([source.rows] if source.rows else [])]),
            "filter": both(f"({where})" if where else "", behind(source.keys, after)),
            "orderby": ",".join(source.keys),
        }
        return Question(source.native, min(rows, self.habits.page_rows or rows), options)

    def among(self, keys: Sequence[Literal], *, drafts: bool = False, scoped: bool = False) -> list[Question]:
        """Return what asks for the records with these keys: as many a filter as a request line bears."""
        name = self.source.keys[0]
        return [self.question(one_of(name, part), drafts=drafts, scoped=scoped) for part in chunks(name, keys)]

    def specials(self, items: Sequence[str] = (), after: Sequence[Literal] = ()) -> list[Question]:
        """Return what asks for partners' own prices, of some items or of all."""
        conditions = [one_of("ItemCode", part) for part in chunks("ItemCode", items)] if items else [""]
        order = ",".join(SPECIAL)
        return [
            Question(
                SPECIAL_PRICES, self.rows_of_a_page, {"filter": both(one, behind(SPECIAL, after)), "orderby": order}
            )
            for one in conditions
        ]

    # --- asking ----------------------------------------------------------------------------------

    def ask(self, questions: Sequence[Question]) -> list[Rows]:
        """Return what each question brings, all in one request; a property that is missing raises SchemaError naming it."""
        try:
            return self.client.ask(questions) if questions else []
        except SchemaError as error:
            raise _named(self.source, error) from None

    def page(self, question: Question, after: Sequence[Literal] = ()) -> Rows:
        """Return the page behind ``after``."""
        [answer] = self.ask([question])
        self.check_progress(answer, after)
        return answer

    def pages(self, question: Question, answer: Rows, keys: Sequence[str] | None = None) -> Iterator[list[Body]]:
        """Yield the page that a question brought, and those behind it; ``keys`` is what they are ordered by."""
        by, whole = keys or self.source.keys, question.options["filter"]
        while answer.rows:
            yield answer.rows
            if not answer.more:
                return
            after = tuple(answer.rows[-1][key] for key in by)
            options = {**question.options, "filter": both(f"({whole})" if whole else "", behind(by, after))}
            [answer] = self.ask([replace(question, options=options)])
            if answer.rows and tuple(answer.rows[-1][key] for key in by) == after:
                raise _same_page(question.name)

    def keyed(self, questions: Sequence[Question]) -> Iterator[tuple[str, list[Body]]]:
        """Yield (set, page) of what these bring, which name keys and travel in batches; the small tables come with the first."""
        if not questions:
            return
        tables, some = self.lookups.tables(), questions[:MOST_PARTS]
        answers = self.ask([*tables, *some])
        self.lookups.learn_tables(answers[: len(tables)])
        answers = answers[len(tables) :]
        for begin in range(MOST_PARTS, len(questions), MOST_PARTS):
            answers += self.ask(questions[begin : begin + MOST_PARTS])
        for question, answer in zip(questions, answers, strict=True):
            for rows in self.pages(question, answer, SPECIAL if question.name == SPECIAL_PRICES else None):
                yield question.name, rows

    @property
    def rows_of_a_page(self) -> int:
        """How many bodies a page holds."""
        return min(self.source.page_rows, self.habits.page_rows or self.source.page_rows)

    def now(self, answer: Rows) -> datetime:
        """Return the server's time when a page was asked for."""
        return self.client.time_of(answer)

    # --- what came -------------------------------------------------------------------------------

    def check_progress(self, answer: Rows, after: Sequence[Literal]) -> None:
        """See that a page is another one than that before; raises TransientError."""
        if answer.rows and after and self.key_of(answer.rows[-1]) == tuple(after):
            raise _same_page(self.source.native)

    def key_of(self, body: Body) -> tuple[Literal, ...]:
        """Return a body's key, for the page behind it."""
        return tuple(body[key] for key in self.source.keys)

    def record_keys(self, bodies: Iterable[Body]) -> tuple[str, ...]:
        """Return the keys of the records in some bodies."""
        return tuple(row.key for body in bodies for row in self._rows(body, drafts=False))

    def learn(self, bodies: Sequence[Body], following: Question | None) -> Rows | None:
        """Find out what these bodies' records need of others, along with the page that follows, which is returned; None when not asked."""
        asked = self.lookups.deliveries(bodies) if self._asks_for_order else []
        if not asked:
            return None
        answers = self.ask([*([following] if following else []), *asked])
        self.lookups.learn_deliveries(bodies, answers[-len(asked) :])
        if following is None:
            return None
        self.check_progress(answers[0], self.key_of(bodies[-1]))
        return answers[0]

    def records(self, bodies: Sequence[Body], *, drafts: bool = False) -> list[NativeRecord]:
        """Return the records in some bodies."""
        if self._asks_for_order:
            self.lookups.learn_orders(bodies)
        return [self._record(row) for body in bodies for row in self._rows(body, drafts=drafts)]

    def special_prices(self, bodies: Iterable[Body]) -> Iterator[NativeRecord]:
        """Yield partners' own prices as records beside those of price lists."""
        today = self.client.latest_time().astimezone(self.client.zone).date()
        for body in bodies:
            item = str(body["ItemCode"])
            for own in special_rows(body, today):
                yield self._record(Row(body, own, f"{item}{KEY_SEPARATOR}{own['row']}", item))

    def _rows(self, body: Body, *, drafts: bool) -> Iterator[Row]:
        source = self.source
        parent = f"{DRAFT if drafts else ''}{body[source.keys[0]]}"
        if source.rows is None:
            yield Row(body, body, parent, parent, drafts)
            return
        for own in body.get(source.rows) or ():
            if _is_shown(source, own):
                yield Row(body, own, f"{parent}{KEY_SEPARATOR}{own.get(source.row_key or '')}", parent, drafts)

    def _record(self, row: Row) -> NativeRecord:
        local = stamp_of(*(row.parent.get(name) for name in STAMP)) if self.source.stamped else None
        version = row.parent.get(VERSION) if self.source.stamped else None
        return NativeRecord(
            key=row.key,
            version=str(version) if version is not None else (local.isoformat() if local else ""),
            modified=self.client.instant(local) if local else None,
            deleted=False,
            values={path: self._value(row, path, find, decode, kind) for path, find, decode, kind in self._fields},
        )

    def _field(self, field: NativeField) -> tuple[str, Callable[[Row, Look], object], Decoder, str]:
        return field.path, finder(self.source, field.path), decoder_for(field.kind), field.kind

    def _value(self, row: Row, path: str, find: Callable[[Row, Look], object], decode: Decoder, kind: str) -> Value:
        if row.draft and path == self.habits.key_field:
            return None  # the order made of it will bear the key; until then there is none
        value = decode(find(row, self.lookups.look))
        if kind == Kind.CURRENCY and isinstance(value, str):
            return self.lookups.currency(value)
        return value


def _is_shown(source: Source, own: Mapping[str, object]) -> bool:
    """Leave out prices that are not set (Price 0 for every list, §6) and the parts of kits (§15)."""
    if source.entity == "price":
        return bool(own.get("Currency")) or Decimal(str(own.get("Price") or 0)) != 0
    return not (source.rows == "DocumentLines" and own.get("TreeType") == "iIngredient")


def _same_page(name: str) -> TransientError:
    return TransientError(f"The Service Layer answered the same page of {name} twice.", hint="Try again later.")


def _check_native(source: Source, selection: Selection) -> None:
    if selection.native not in (source.name, source.native):
        raise ConfigurationError(
            f"SAP Business One keeps {selection.entity} in {source.name}, not in {selection.native!r}.",
            hint=f"Write `native: {source.name}` in the mapping file.",
        )


def _named(source: Source, error: SchemaError) -> SchemaError:
    what = f"the property {error.field}" if error.field else "a property"
    return SchemaError(
        f"The Service Layer does not let us read {what} for {source.entity} ({source.native}): {error.message}",
        hint=error.hint,
        field=error.field,
        code=error.code,
    )
