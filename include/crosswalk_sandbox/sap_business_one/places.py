"""Where pages begin that skip many rows: next links count them, and a set has millions (SAP Business One §5)."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from .store import Store

_DEEP: Final = 2_000
"""Rows skipped from which on they are not counted again for each page."""
_LISTS: Final = 8
_ENDS: Final = 512
_UNIQUE: Final = ("id", "key")
Raw = tuple[int, int, str]
"""id, version, body."""


class Rows(NamedTuple):
    """The rows of a list: set, condition with its parameters, order."""

    entity_set: str
    where: str
    parameters: tuple[Any, ...]
    order: str


class Places:
    """Finds pages of lists. What it remembers holds as long as nothing of the set changes.

    A list in the order of its key goes on behind the last row of the page before, and is counted from its nearer end where there was none.
    Of any other list the ids are remembered.
    """

    def __init__(self, store: Store, deep: int = _DEEP) -> None:
        self._store = store
        self._deep = deep
        self._ids: OrderedDict[tuple[Any, ...], array[int]] = OrderedDict()
        self._ends: OrderedDict[tuple[Any, ...], Any] = OrderedDict()

    def page(self, rows: Rows, skip: int, limit: int) -> Sequence[Raw]:
        """Rows from ``skip`` on."""
        column, _, direction = rows.order.partition(",")[0].partition(" ")
        if column in _UNIQUE:
            return self._keyed(rows, column, direction, skip, limit)
        if skip >= self._deep:
            return self._remembered(rows, skip, limit)
        return [row[:3] for row in self._counted(rows, rows.order, skip, limit)]

    # lists in the order of their key

    def _keyed(self, rows: Rows, column: str, direction: str, skip: int, limit: int) -> Sequence[Raw]:
        state = self._state(rows)
        behind = self._ends.get((*state, skip))
        if behind is not None:
            found = self._behind(rows, column, direction, behind, limit)
        elif skip < self._deep or rows.where != "1":
            found = self._counted(rows, rows.order, skip, limit)
        else:
            found = self._from_nearer_end(rows, column, direction, skip, limit)
        if len(found) > 1:  # the last one is where the next page begins
            self._ends[(*state, skip + len(found) - 1)] = found[-2][3]
            while len(self._ends) > _ENDS:
                self._ends.popitem(last=False)
        return [row[:3] for row in found]

    def _behind(self, rows: Rows, column: str, direction: str, last: Any, limit: int) -> list[Any]:
        sign = "<" if direction else ">"
        sql = f"{self._select(rows, column)} AND {column} {sign} ? ORDER BY {column} {direction} LIMIT {limit}"
        return self._store.listed(sql, [*rows.parameters, last])

    def _from_nearer_end(self, rows: Rows, column: str, direction: str, skip: int, limit: int) -> list[Any]:
        [(total,)] = self._store.listed(f'SELECT count(*) FROM "{rows.entity_set}"')
        if skip < total // 2:
            return self._counted(rows, rows.order, skip, limit)
        left = total - skip
        turned = f"{column} {'' if direction else 'DESC'}"
        return self._counted(rows, turned, max(left - limit, 0), min(limit, left))[::-1] if left > 0 else []

    # others

    def _remembered(self, rows: Rows, skip: int, limit: int) -> list[Raw]:
        name = self._state(rows)
        known = self._ids.get(name)
        if known is None:
            sql = f'SELECT id FROM "{rows.entity_set}" WHERE {rows.where} ORDER BY {rows.order}'
            known = self._ids[name] = array("q", (row[0] for row in self._store.listed(sql, rows.parameters)))
            while len(self._ids) > _LISTS:
                self._ids.popitem(last=False)
        wanted = known[skip : skip + limit]
        marks = ", ".join(map(str, wanted))
        found = self._store.listed(f'SELECT id, version, body FROM "{rows.entity_set}" WHERE id IN ({marks})')
        by_id = {row[0]: row for row in found}
        return [by_id[ident] for ident in wanted if ident in by_id]

    # SQL

    def _state(self, rows: Rows) -> tuple[Any, ...]:
        return (*rows, self._store.changes.get(rows.entity_set, 0), self._store.index.turns)

    def _counted(self, rows: Rows, order: str, skip: int, limit: int) -> list[Any]:
        sql = f"{self._select(rows, order.partition(',')[0].partition(' ')[0])} ORDER BY {order} LIMIT {limit} OFFSET {skip}"
        return self._store.listed(sql, rows.parameters)

    def _select(self, rows: Rows, column: str) -> str:
        shown = column if column in _UNIQUE else "NULL"
        return f'SELECT id, version, body, {shown} FROM "{rows.entity_set}" WHERE ({rows.where})'
