"""Running compiled statements: pages, cursors, child lists, aggregates (Salesforce §5)."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..errors import ApiError
from ..ids import mint
from ..options import Options
from ..schema import Schema
from ..store import Store
from .compile import Compiler
from .parse import parse
from .plan import Plan, Viewer
from .shapes import Builder

CHUNK = 2_000
LOCATOR_PREFIX = "0r8"
LEAST_BATCH, MOST_BATCH = 200, 2_000
Rows = array  # of row numbers, type code q


@dataclass(frozen=True, slots=True)
class Cursor:
    """An open result: its statement, the child list it belongs to (if any), how many rows, rows a page."""

    id: str
    query: str
    child: str
    all_rows: bool
    total: int
    page: int


class Runner:
    """Runs SOQL for the viewers of one org."""

    def __init__(self, store: Store, schema: Schema, options: Options) -> None:
        self.store = store
        self.schema = schema
        self.options = options
        self.time_outs = 0

    def plan(self, text: str, viewer: Viewer, *, all_rows: bool = False) -> Plan:
        """Compiles a statement."""
        return Compiler(self.schema, viewer, text, all_rows=all_rows).compile(parse(text))

    def run(
        self, text: str, viewer: Viewer, version: str, *, all_rows: bool = False, batch: int | None = None
    ) -> dict[str, Any]:
        """The first page of a statement's answer; the rest behind ``nextRecordsUrl``."""
        plan = self.plan(text, viewer, all_rows=all_rows)
        if self.time_outs > 0:
            self.time_outs -= 1
            raise ApiError(400, "QUERY_TIMEOUT", "Your query request was running for too long.")
        if plan.count_only:
            total = self.store.connection.execute(plan.rows_sql, plan.parameters).fetchone()[0]
            return {"totalSize": total, "done": True, "records": []}
        if plan.aggregate:
            return self._aggregated(plan)
        rows = self.rows(plan)
        page = self.page_size(plan, batch)
        answer: dict[str, Any] = {"totalSize": len(rows), "done": len(rows) <= page}
        if len(rows) > page:
            cursor = self.open(text, rows, viewer, all_rows=all_rows, page=page)
            answer["nextRecordsUrl"] = _next_url(version, cursor, page)
        answer["records"] = self.read(plan, rows[:page], viewer, version, text, all_rows=all_rows)
        return answer

    def more(self, cursor_id: str, offset: int, viewer: Viewer, version: str) -> dict[str, Any]:
        """A further page of an open cursor. Raises ApiError INVALID_QUERY_LOCATOR when it is gone."""
        cursor = self.find(cursor_id, viewer)
        if not 0 < offset < max(cursor.total, 1):
            raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        plan = self.plan(cursor.query, viewer, all_rows=cursor.all_rows)
        if cursor.child:
            plan = plan.children[cursor.child]
        rows = self.slice(cursor.id, offset, cursor.page)
        end = offset + cursor.page
        answer: dict[str, Any] = {"totalSize": cursor.total, "done": end >= cursor.total}
        if end < cursor.total:
            answer["nextRecordsUrl"] = _next_url(version, cursor.id, end)
        else:
            self._exhaust(cursor.id)
        answer["records"] = self.read(plan, rows, viewer, version, cursor.query, all_rows=cursor.all_rows)
        return answer

    def page_size(self, plan: Plan, batch: int | None) -> int:
        """Rows a page: the hint, cut for wide rows and child lists (§5)."""
        size = self.options.page_size
        if batch is not None:
            size = min(size, max(LEAST_BATCH, min(batch, MOST_BATCH)))
        if plan.wide:
            size = min(size, self.options.wide_page_size)
        if plan.children:
            size = min(size, self.options.subquery_page_size)
        return size

    def rows(self, plan: Plan) -> Rows[int]:
        """The row numbers of a whole result, in order."""
        return array("q", (row[0] for row in self.store.connection.execute(plan.rows_sql, plan.parameters)))

    def values(self, plan: Plan, rows: Iterable[int]) -> list[tuple[Any, ...]]:
        """The selected columns of some rows, read now: they can be newer than the first page (§5)."""
        return self.store.connection.execute(plan.page_sql, (json.dumps(list(rows)),)).fetchall()

    def read(
        self, plan: Plan, rows: Rows[int], viewer: Viewer, version: str, text: str = "", *, all_rows: bool = False
    ) -> list[dict[str, Any]]:
        """Some rows of a result as records, with their child lists."""
        assert plan.shape is not None
        values = self.values(plan, rows)
        children = {
            name: self._children(name, child, [row[0] for row in values], viewer, version, text, all_rows=all_rows)
            for name, child in plan.children.items()
        }
        return Builder(plan.shape, version).records(values, children)

    def _children(
        self, name: str, plan: Plan, parents: list[str], viewer: Viewer, version: str, text: str, *, all_rows: bool
    ) -> dict[str, Any]:
        found: dict[str, Rows[int]] = {}
        parameters = [json.dumps(parents), *plan.parameters]
        for row, parent in self.store.connection.execute(plan.rows_sql, parameters):
            mine = found.setdefault(parent, array("q"))
            if plan.limit is None or len(mine) < plan.limit:
                mine.append(row)
        page = self.options.child_page_size
        shown = array("q", (row for rows in found.values() for row in rows[:page]))
        records = iter(self.read(plan, shown, viewer, version))
        answers = {}
        for parent, rows in found.items():
            answer: dict[str, Any] = {"totalSize": len(rows), "done": len(rows) <= page}
            if len(rows) > page:
                cursor = self.open(text, rows, viewer, all_rows=all_rows, page=page, child=name)
                answer["nextRecordsUrl"] = _next_url(version, cursor, page)
            answer["records"] = [next(records) for _ in rows[:page]]
            answers[parent] = answer
        return answers

    def _aggregated(self, plan: Plan) -> dict[str, Any]:
        rows = self.store.connection.execute(plan.rows_sql, plan.parameters).fetchall()
        if len(rows) > MOST_BATCH:
            raise ApiError(
                400,
                "EXCEEDED_ID_LIMIT",
                "AggregateResult queries don't support queryMore(). Use LIMIT to restrict the results to a single batch",
            )
        records = []
        for row in rows:
            record: dict[str, Any] = {"attributes": {"type": "AggregateResult"}}
            for (name, kind), value in zip(plan.keys, row, strict=True):
                record[name] = bool(value) if kind == "boolean" and value is not None else value
            records.append(record)
        return {"totalSize": len(records), "done": True, "records": records}

    # cursors
    def open(self, text: str, rows: Rows[int], viewer: Viewer, *, all_rows: bool, page: int, child: str = "") -> str:
        """Keeps a result for later pages; the user's oldest open cursor falls out beyond the limit (§5)."""
        with self.store.writing() as connection:
            cursor_id = mint(LOCATOR_PREFIX, self.store.next_number("_cursor"))
            connection.execute(
                "INSERT INTO _cursor VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)",
                (cursor_id, viewer.user_id, viewer.now.timestamp(), len(rows), page, text, child, int(all_rows)),
            )
            chunks = (
                (cursor_id, start // CHUNK, rows[start : start + CHUNK].tobytes())
                for start in range(0, len(rows), CHUNK)
            )
            connection.executemany("INSERT INTO _cursor_rows VALUES (?, ?, ?)", chunks)
            self._drop_old(viewer)
        return cursor_id

    def _drop_old(self, viewer: Viewer) -> None:
        connection = self.store.connection
        living = connection.execute(
            "SELECT id FROM _cursor WHERE user_id = ? AND child = '' AND exhausted = 0 ORDER BY rowid DESC LIMIT -1 OFFSET ?",
            (viewer.user_id, self.options.cursors_per_user),
        ).fetchall()
        expired = connection.execute(
            "SELECT id FROM _cursor WHERE opened < ?", (viewer.now.timestamp() - self.options.cursor_seconds,)
        ).fetchall()
        spent = connection.execute(
            "SELECT id FROM _cursor WHERE exhausted = 1 ORDER BY rowid DESC LIMIT -1 OFFSET 50"
        ).fetchall()
        for (cursor_id,) in {*living, *expired, *spent}:
            self.drop(cursor_id)

    def drop(self, cursor_id: str) -> None:
        """Forgets a cursor."""
        with self.store.writing() as connection:
            connection.execute("DELETE FROM _cursor WHERE id = ?", (cursor_id,))
            connection.execute("DELETE FROM _cursor_rows WHERE cursor = ?", (cursor_id,))

    def _exhaust(self, cursor_id: str) -> None:
        with self.store.writing() as connection:
            connection.execute("UPDATE _cursor SET exhausted = 1 WHERE id = ?", (cursor_id,))

    def find(self, cursor_id: str, viewer: Viewer) -> Cursor:
        """An open cursor of the user. Raises ApiError 400 INVALID_QUERY_LOCATOR."""
        row = self.store.connection.execute(
            "SELECT id, query, child, all_rows, total, page, opened FROM _cursor WHERE id = ? AND user_id = ?",
            (cursor_id, viewer.user_id),
        ).fetchone()
        if row is None or row[6] < viewer.now.timestamp() - self.options.cursor_seconds:
            raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return Cursor(row[0], row[1], row[2], bool(row[3]), row[4], row[5])

    def slice(self, cursor_id: str, offset: int, count: int) -> Rows[int]:
        """Row numbers ``offset`` … ``offset + count`` of a kept result; the cost does not grow with the offset."""
        first, last = offset // CHUNK, (offset + count - 1) // CHUNK
        gathered: Rows[int] = array("q")
        for (blob,) in self.store.connection.execute(
            "SELECT rows FROM _cursor_rows WHERE cursor = ? AND chunk BETWEEN ? AND ? ORDER BY chunk",
            (cursor_id, first, last),
        ):
            gathered.frombytes(blob)
        start = offset - first * CHUNK
        return gathered[start : start + count]


def _next_url(version: str, cursor: str, offset: int) -> str:
    return f"/services/data/v{version}/query/{cursor}-{offset}"
