"""Copies of a company's first block, made where it is stored: one INSERT … SELECT a table and copy.

A statement reads the first block's rows, called ``made``, beside it the words before company names, called ``word``. It may call the
functions of :class:`~crosswalk_sandbox.company.renaming.Renaming` (``company_name``, ``mail``, …) and name what the copy adds to each
kind of number (``:parties``, ``:contacts``, ``:deals``, ``:deal_lines``, ``:orders``, ``:transactions``, ``:copy``).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from crosswalk_sandbox.company.blocks import group_of

if TYPE_CHECKING:
    from crosswalk_sandbox.company.blocks import Blocks, Copy

_MADE_CACHE: Final = "-131072"  # KiB: the first block's rows stay in memory
WORDS: Final = "CROSS JOIN copy_word word ON word.family = made.family"


@dataclass(frozen=True, slots=True)
class CopiedTable:
    """How the rows of one table become those of a copy.

    ``changes`` gives the SQL of each column that changes; the others stay. ``kept`` are further columns of ``made``, worked out once
    from the table's own columns. ``joins`` goes behind ``made``, ``where`` says which rows are the first block's.
    """

    name: str
    changes: Mapping[str, str]
    kept: Mapping[str, str] = field(default_factory=dict)
    joins: str = ""
    where: str = "1"


def copy_blocks(
    connection: sqlite3.Connection,
    blocks: Blocks,
    tables: Sequence[CopiedTable],
    further: Mapping[str, int],
) -> None:
    """Add all copies of the first block, which is stored. ``further`` are numbers of the store's own that grow with each copy."""
    if blocks.count == 1:
        return
    connection.execute(f"PRAGMA temp.cache_size = {_MADE_CACHE}")
    with _made(connection, tables):
        statements = [_statement(connection, table) for table in tables]
        for copy in blocks.copies():
            _rename(connection, copy, group_of(blocks.size.accounts) + 1)
            values = {**_steps(copy), **{name: copy.number * step for name, step in further.items()}}
            for statement in statements:
                connection.execute(statement, values)


def _steps(copy: Copy) -> dict[str, int]:
    return {"copy": copy.number, "parties": copy.parties, "contacts": copy.contacts, "deals": copy.deals,
            "deal_lines": copy.deal_lines, "orders": copy.orders, "transactions": copy.transactions}  # fmt: skip


def _rename(connection: sqlite3.Connection, copy: Copy, families: int) -> None:
    """Let the statements' functions and words be the copy's."""
    new = copy.renaming
    for name, count, function in (
        ("company_name", 2, new.company),
        ("site", 2, new.site),
        ("mail", 2, new.mail),
        ("first_name", 1, new.first_name),
        ("phone", 1, new.phone),
        ("street", 1, new.street),
        ("digits", 1, new.digits),
        ("parcels", 1, new.parcels),
        ("moment", 1, new.moment),
    ):
        connection.create_function(name, count, function)
    connection.execute("DELETE FROM copy_word")
    connection.executemany("INSERT INTO copy_word VALUES (?, ?)", ((one, new.word(one)) for one in range(families)))


@contextmanager
def _made(connection: sqlite3.Connection, tables: Sequence[CopiedTable]) -> Iterator[None]:
    """The first block's rows for the length of the block, in the order they are stored in."""
    connection.execute("CREATE TEMP TABLE copy_word (family INTEGER PRIMARY KEY, word TEXT)")
    for table in tables:
        kept = "".join(f", {sql} AS {name}" for name, sql in table.kept.items())
        connection.execute(
            f"CREATE TEMP TABLE {_made_name(table)} AS SELECT *{kept} FROM {_quoted(table.name)} WHERE {table.where}"
            " ORDER BY rowid"
        )
    try:
        yield
    finally:
        for table in tables:
            connection.execute(f"DROP TABLE {_made_name(table)}")
        connection.execute("DROP TABLE copy_word")


def _filled(connection: sqlite3.Connection, table: CopiedTable) -> list[str]:
    """The columns that the first block uses; the others come to be what an INSERT without them makes them."""
    columns = connection.execute(f"PRAGMA table_info({_quoted(table.name)})").fetchall()
    most = ", ".join(f'max("{column[1]}")' for column in columns)
    used = connection.execute(f"SELECT {most} FROM {_quoted(table.name)} WHERE {table.where}").fetchone()
    return [column[1] for column, value in zip(columns, used, strict=True) if value is not None or column[4] is not None]


def _statement(connection: sqlite3.Connection, table: CopiedTable) -> str:
    columns = _filled(connection, table)
    values = ", ".join(table.changes.get(name, f'made."{name}"') for name in columns)
    listed = ", ".join(f'"{name}"' for name in columns)
    return (
        f"INSERT INTO {_quoted(table.name)} ({listed}) SELECT {values} FROM {_made_name(table)} made {table.joins}"
    )


def _made_name(table: CopiedTable) -> str:
    return _quoted(f"made_{table.name}")


def _quoted(name: str) -> str:
    return f'"{name}"'
