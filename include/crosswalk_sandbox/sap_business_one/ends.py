"""Entities at the end of a navigation property (SAP Business One §5)."""

from __future__ import annotations

from typing import Any

from .account import Account
from .desk import Row
from .schema.model import Navigation
from .shapes import Shapes


class Ends:
    """What ``$expand`` shows of one navigation property; ``names`` are the properties asked for, none of them meaning all.

    One for a page: many rows of a page lead to the same entity, which is read and written once.
    """

    def __init__(self, account: Account, shapes: Shapes, way: Navigation, target: str, names: tuple[str, ...]) -> None:
        self.name = way.name
        self._account = account
        self._shapes = shapes
        self._way = way
        self._target = target
        self._names = names
        self._known: dict[tuple[Any, ...], Any] = {}

    def of(self, row: Row) -> Any:
        """The entity or entities that a row leads to."""
        pairs = self._pairs(row)
        values = tuple(row.get(ours) for ours, _ in pairs)
        if not pairs or any(value is None for value in values):
            return [] if self._way.many else None
        key = (pairs, values)
        if key not in self._known:
            self._known[key] = self._read(pairs, values)
        return self._known[key]

    def asks(self, row: Row) -> tuple[str, ...]:
        """The properties of a row that tell where it leads."""
        return tuple(ours for ours, _ in self._pairs(row))

    def _read(self, pairs: tuple[tuple[str, str], ...], values: tuple[Any, ...]) -> Any:
        terms = " AND ".join(f"{self._account.sql_of(self._target, theirs)} = ?" for _, theirs in pairs)
        sql = f'SELECT version, body FROM "{self._target}" WHERE {terms} ORDER BY id'
        kind, shapes, names = self._account.model.type_of(self._target).name, self._shapes, self._names
        made = []
        for version, text in self._account.store.rows(sql, values):
            body = self._account.store.copies.row(text)
            made.append(shapes.chosen(kind, body, version, names) if names else shapes.entity(kind, body, version))
        if self._way.many:
            return made
        return made[0] if made else None

    def _pairs(self, row: Row) -> tuple[tuple[str, str], ...]:
        """Our property and theirs that must be the same; told by them where it is they who name us."""
        if self._way.pairs:
            return self._way.pairs
        for one in self._account.model.type_of(self._target).navigation.values():
            if one.pairs and one.pairs[0][1] in row:
                return tuple((theirs, ours) for ours, theirs in one.pairs)
        return ()
