"""Runs SuiteQL queries page by page (NetSuite §6)."""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from crosswalk_sandbox.netsuite import moments
from crosswalk_sandbox.netsuite.errors import (
    Refusal,
    invalid_content,
    invalid_parameter,
    method_not_allowed,
    unexpected,
)
from crosswalk_sandbox.netsuite.exchange import Answer, Call, link
from crosswalk_sandbox.netsuite.suiteql.functions import number_text
from crosswalk_sandbox.netsuite.suiteql.scope import SqlError
from crosswalk_sandbox.netsuite.suiteql.translate import Translated, translate

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.account import Role
    from crosswalk_sandbox.netsuite.store import Store

MOST_ROWS: Final = 100_000
_SMALL: Final = 5_000
_CACHED: Final = 1_024
_NO_LIST: Final[list[Any]] = []

Values = list[str]


class SuiteQL:
    """The query service of one account."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._translated: OrderedDict[tuple[object, ...], Translated] = OrderedDict()
        self._counts: OrderedDict[tuple[object, ...], int] = OrderedDict()
        self._broken: frozenset[str] = frozenset()

    def break_columns(self, names: frozenset[str]) -> None:
        """Make queries that name one of these words end as 500, as some invalid columns do (NetSuite §6)."""
        self._broken = names

    def serve(self, call: Call) -> Answer:
        """``POST /query/v1/suiteql``."""
        if call.method != "POST":
            raise method_not_allowed(call.method)
        if not call.prefers("transient"):
            raise Refusal(
                400,
                self._store.options.missing_prefer_code,
                "Required request header 'Prefer' is missing or has an invalid value. Use 'transient'.",
                where=("o:errorHeader", "Prefer"),
            )
        body = call.json()
        query = body.get("q")
        if not isinstance(query, str) or not query.strip():
            raise invalid_content("Invalid content in the request body. Provide the query in 'q'.", "q")
        answer = self.answer(call, query, self._parameters(body))
        return replace(answer, headers={"Preference-Applied": "transient"})

    def answer(self, call: Call, query: str, parameters: Values) -> Answer:
        """One page of a query as a collection."""
        limit, offset = call.page()
        items, total = self.page(query, parameters, call.caller.role, limit, offset)
        return Answer(200, _collection(call, items, total, limit, offset), "collection")

    def page(
        self, query: str, parameters: Values, role: Role, limit: int, offset: int
    ) -> tuple[list[dict[str, Any]], int]:
        """Rows of one page, every value a string, and the number of rows of the whole query."""
        if any(word in query.lower() for word in self._broken):
            raise unexpected("jrgbpyylphhishmmlxyt")
        try:
            translated = self._translate(query, role)
            if translated.parameters != len(parameters):
                raise SqlError(f"Expected {translated.parameters} parameters, got {len(parameters)}")
            rows, total = self._run(translated, parameters, (query, *parameters, role.id), limit, offset)
        except (SqlError, sqlite3.Error) as error:
            raise self._refusal(error) from error
        return self._shown(rows, translated), total

    def _parameters(self, body: dict[str, Any]) -> Values:
        given = body.get("params", [])
        if given and not self._store.options.bound_parameters:
            raise invalid_content("Invalid content in the request body. Unknown field 'params'.", "params")
        if not isinstance(given, list) or any(isinstance(value, dict | list) for value in given):
            raise invalid_content("Invalid content in the request body. 'params' is a list of values.", "params")
        return ["" if value is None else str(value) for value in given]

    def _translate(self, query: str, role: Role) -> Translated:
        catalog = self._store.catalog
        key = (query, id(catalog), repr(role))
        with self._lock:
            found = self._translated.get(key)
            if found is not None:
                self._translated.move_to_end(key)
                return found
        found = translate(query, catalog, role)
        with self._lock:
            self._translated[key] = found
            if len(self._translated) > _CACHED:
                self._translated.popitem(last=False)
        return found

    def _run(
        self, translated: Translated, parameters: Values, key: tuple[object, ...], limit: int, offset: int
    ) -> tuple[list[tuple[Any, ...]], int]:
        if translated.fetch is not None and translated.fetch <= _SMALL:
            rows = self._store.searched(translated.sql, parameters)
            return rows[offset : offset + limit], len(rows)
        room = max(min(limit, MOST_ROWS - offset), 0)
        sql = f"SELECT * FROM ({translated.sql})" if translated.fetch is not None else translated.sql
        rows = self._store.searched(f"{sql} LIMIT {room} OFFSET {offset}", parameters)
        if 0 < len(rows) < room:
            return rows, offset + len(rows)
        return rows, self._count(translated, parameters, (*key, self._store.searched_version))

    def _count(self, translated: Translated, parameters: Values, key: tuple[object, ...]) -> int:
        with self._lock:
            if key in self._counts:
                return self._counts[key]
        sql = f"SELECT COUNT(*) FROM ({translated.sql})"
        total = int(self._store.searched(sql, parameters)[0][0])
        with self._lock:
            self._counts[key] = total
            if len(self._counts) > _CACHED:
                self._counts.popitem(last=False)
        return total

    def _shown(self, rows: list[tuple[Any, ...]], translated: Translated) -> list[dict[str, Any]]:
        names = [output.name for output in translated.outputs]
        dated = {output.name: self._dated(output.kind) for output in translated.outputs if output.kind in _DATED}
        shown = []
        for row in rows:
            item: dict[str, Any] = {"links": _NO_LIST}
            for name, value in zip(names, row, strict=True):
                if value is None or value == "":
                    continue
                if type(value) is str:
                    item[name] = value
                else:
                    item[name] = number_text(value) if type(value) is float else str(value)
            for name, show in dated.items():
                if name in item:
                    item[name] = show(item[name])
            shown.append(item)
        return shown

    def _dated(self, kind: str) -> Callable[[str], str]:
        """Bare dates and date-times come back in the user's date format and lose their time (NetSuite §6)."""
        options = self._store.options
        if kind == "datetime":
            return lambda text: moments.show(moments.to_local(text, options.sql_time_zone), options.date_format)
        return lambda text: moments.show(text if len(text) > 10 else text + " 00:00:00", options.date_format)

    def _refusal(self, error: Exception) -> Refusal:
        detail = "Invalid search query. Detailed unprocessed description follows. Search error occurred: "
        reason = str(error)
        if isinstance(error, sqlite3.Error):
            reason = "Invalid or unsupported search"
        return invalid_parameter("q", f"{detail}{reason}.", self._store.options.sql_error_code)


_DATED: Final = frozenset({"date", "datetime", "moment"})


def _collection(call: Call, items: list[dict[str, Any]], total: int, limit: int, offset: int) -> dict[str, Any]:
    served = min(total, MOST_ROWS)
    more = offset + len(items) < served
    base = f"{call.base_url}{call.path}"
    links = []
    if offset:
        links.append(link(f"{base}?limit={limit}&offset={offset - limit}", "previous"))
        links.append(link(f"{base}?limit={limit}&offset=0", "first"))
    if more:
        links.append(link(f"{base}?limit={limit}&offset={offset + limit}", "next"))
        links.append(link(f"{base}?limit={limit}&offset={(served - 1) // limit * limit}", "last"))
    links.append({"rel": "self", "href": call.url, "method": call.method})
    return {
        "links": links,
        "count": len(items),
        "hasMore": more,
        "items": items,
        "offset": offset,
        "totalResults": total,
    }
