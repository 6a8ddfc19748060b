"""The company's SQLite file: a table for each entity set, its indexes, and what was written to."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from crosswalk_sandbox.kernel.lag import LaggingIndex
from crosswalk_sandbox.kernel.store import AccountStore

from .copies import TABLE, Copies

if TYPE_CHECKING:
    from crosswalk_sandbox.kernel.clock import Clock

Key = str | int
BLOCKS: Final = "blocks"
"""Setting: which blocks a company that has several consists of."""
SEPARATOR: Final = "\x1f"
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS exchange_rate (currency TEXT, day TEXT, rate TEXT, PRIMARY KEY (currency, day)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS session (id TEXT PRIMARY KEY, user TEXT, language INTEGER, node TEXT, seen REAL) WITHOUT ROWID;
"""


def joined(key: Sequence[Key]) -> Key:
    """A key as it is kept: the number, the text, or several in one."""
    return key[0] if len(key) == 1 else SEPARATOR.join(map(str, key))


class Store(AccountStore):
    """One company's state.

    A set's table has ``id`` (its key where that is a single number), ``key`` (else), ``version`` (DataVersion), ``body``, and a column
    for each property that lists are searched or ordered by, for what stands in a body is found by reading all of it.
    """

    file = "sap_business_one.sqlite"
    tables = _TABLES + TABLE
    mapped = 134_217_728
    page_bytes = 16_384

    def __init__(self, directory: Path, clock: Clock) -> None:
        self._indexes: dict[str, str] = {}
        self._defaults: dict[str, dict[str, Any]] = {}
        self._columns: dict[str, dict[str, Any]] = {}
        self._touched: set[str] = set()
        self.changes: dict[str, int] = {}
        """Set → how often it was written to by this process; what was counted before is compared with it."""
        self.copies = Copies(self.rows)
        super().__init__(directory, clock)
        self.copies.remember(self.setting(BLOCKS))
        self.index = LaggingIndex(self._open, clock)

    # tables

    def ensure(self, entity_set: str, *, numbered: bool) -> None:
        """Let the set have its table."""
        key = "" if numbered else "key TEXT UNIQUE, "
        self.execute(
            f'CREATE TABLE IF NOT EXISTS "{entity_set}" (id INTEGER PRIMARY KEY, {key}'
            "version INTEGER NOT NULL DEFAULT 1, body TEXT NOT NULL)"
        )
        self.changes.setdefault(entity_set, 0)

    def column_for(self, entity_set: str, properties: Mapping[str, Any]) -> None:
        """Let the set have columns for properties, given with their defaults."""
        self._defaults.setdefault(entity_set, {}).update(properties)
        present = {row[1].lower() for row in self.rows(f'PRAGMA table_info("{entity_set}")')}
        for name, default in properties.items():
            if name.lower() not in present:
                self.execute(f'ALTER TABLE "{entity_set}" ADD COLUMN "{name}"')
                value = f"coalesce(json_extract({self.text()}, '$.{name}'), ?)"
                self.execute(f'UPDATE "{entity_set}" SET "{name}" = {value}', (default,))
        self._columns.pop(entity_set, None)

    def index_on(self, entity_set: str, properties: Mapping[str, Any], *further: str) -> None:
        """Let the set have columns for properties, given with their defaults, and an index on them and on ``further`` columns."""
        self.column_for(entity_set, properties)
        title = f'"{entity_set}_by_{"_".join(properties)}"'
        listed = ", ".join(f'"{name}"' for name in (*properties, *further))
        statement = f'CREATE INDEX IF NOT EXISTS {title} ON "{entity_set}" ({listed})'
        self._indexes[title] = statement
        self.execute(statement)

    def columns(self, entity_set: str) -> Mapping[str, Any]:
        """Properties of the set that have a column, with their defaults."""
        found = self._columns.get(entity_set)
        if found is None:
            wanted = self._defaults.get(entity_set, {})
            present = {row[1] for row in self.rows(f'PRAGMA table_info("{entity_set}")')} if wanted else set()
            found = self._columns[entity_set] = {name: one for name, one in wanted.items() if name in present}
        return found

    def text(self, of: str = "") -> str:
        """SQL of a row's text; ``of`` names the table, with a dot."""
        return f"whole({of}body)" if self.copies.are_there else f"{of}body"

    # reading

    def rows(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> list[tuple[Any, ...]]:
        """All rows."""
        return self.reader().execute(sql, parameters).fetchall()

    def listed(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a list, which may be behind (see ``index_lag``)."""
        if self.index.is_behind and not getattr(self._local, "writing", 0):
            return self.index.rows(sql, parameters)
        return self.rows(sql, parameters)

    def row(self, sql: str, parameters: Sequence[object] = ()) -> tuple[Any, ...] | None:
        """The first row or None."""
        found: tuple[Any, ...] | None = self.reader().execute(sql, parameters).fetchone()
        return found

    def get(self, entity_set: str, key: Key, *, numbered: bool) -> tuple[int, int, dict[str, Any]] | None:
        """id, version and body of one entity; None without it."""
        column = "id" if numbered else "key"
        found = self.row(f'SELECT id, version, body FROM "{entity_set}" WHERE {column} = ?', (key,))
        return None if found is None else (found[0], found[1], self.copies.row(found[2]))

    # writing

    @contextmanager
    def fill(self) -> Iterator[sqlite3.Connection]:
        """One transaction that fills an empty company, indexes built at its end."""
        with super().fill() as connection:
            for title in self._indexes:
                connection.execute(f"DROP INDEX {title}")
            yield connection
            for statement in self._indexes.values():
                connection.execute(statement)
            self._touched.update(self.changes)

    def put(self, entity_set: str, key: Key, version: int, body: Mapping[str, Any], *, numbered: bool) -> int:
        """Insert or replace one entity; returns its id."""
        columns = self.columns(entity_set)
        names = ["id" if numbered else "key", "version", "body", *(f'"{name}"' for name in columns)]
        changes = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
        with self.write() as connection:
            self._touched.add(entity_set)
            found = connection.execute(
                f'INSERT INTO "{entity_set}" ({", ".join(names)}) VALUES ({", ".join("?" * len(names))})'
                f" ON CONFLICT ({names[0]}) DO UPDATE SET {changes} RETURNING id",
                (key, version, dumped(body), *(_kept(body.get(name), one) for name, one in columns.items())),
            ).fetchone()
            return int(found[0])

    def put_many(self, entity_set: str, rows: Iterable[tuple[Key, Mapping[str, Any]]], *, numbered: bool) -> None:
        """Insert many new entities of version 1."""
        columns = self.columns(entity_set).items()
        self.put_kept(
            entity_set,
            ((key, dumped(body), *(_kept(body.get(name), one) for name, one in columns)) for key, body in rows),
            numbered=numbered,
        )

    def put_kept(self, entity_set: str, rows: Iterable[tuple[Any, ...]], *, numbered: bool) -> None:
        """Insert many new entities of version 1, each as it is kept: key, body, and what :meth:`columns` names."""
        names = ["id" if numbered else "key", "body", *(f'"{name}"' for name in self.columns(entity_set))]
        marks = ", ".join("?" * len(names))
        with self.write() as connection:
            self._touched.add(entity_set)
            connection.executemany(f'INSERT INTO "{entity_set}" ({", ".join(names)}) VALUES ({marks})', rows)

    def put_pattern(self, text: str, gaps: str) -> int:
        """Keep the pattern of rows to come; returns its number."""
        with self.write() as connection:
            return int(
                connection.execute(
                    "INSERT INTO pattern (text, gaps) VALUES (?, ?) RETURNING id", (text, gaps)
                ).fetchone()[0]
            )

    def put_blocks(self, told: str) -> None:
        """Keep which blocks the company consists of."""
        self.set_setting(BLOCKS, told)
        self.copies.remember(told)

    def remove(self, entity_set: str, key: Key, *, numbered: bool) -> None:
        """Delete one entity."""
        column = "id" if numbered else "key"
        with self.write() as connection:
            self._touched.add(entity_set)
            connection.execute(f'DELETE FROM "{entity_set}" WHERE {column} = ?', (key,))

    # numbers

    def raise_number(self, name: str, last: int) -> None:
        """Let a sequence go on behind ``last`` at least."""
        self.execute(
            "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET last = max(last, excluded.last)",
            (name, last),
        )

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.create_function("whole", 1, self.copies.whole, deterministic=True)

    def _ended(self, *, committed: bool) -> None:
        if committed:
            for entity_set in self._touched:
                self.changes[entity_set] = self.changes.get(entity_set, 0) + 1
        else:
            self._columns.clear()
        self._touched.clear()


def dumped(body: Mapping[str, Any]) -> str:
    """A body as it is kept; amounts become numbers."""
    return orjson.dumps(body, default=_plain).decode()


def _kept(value: Any, default: Any) -> Any:
    """A property's value as its column holds it."""
    return default if value is None else float(value) if isinstance(value, Decimal) else value


def _plain(value: object) -> object:
    return float(str(value))
