"""Copies of a company's first block, made where it is stored: one INSERT … SELECT a table and copy.

A statement reads the first block's rows, called ``made``, beside it the words before company names, called ``word``. It may call the
functions of :class:`~crosswalk_sandbox.company.renaming.Renaming` (``company_name``, ``mail``, …) and name what the copy adds to each
kind of number (``:parties``, ``:contacts``, ``:deals``, ``:deal_lines``, ``:orders``, ``:transactions``). What is needed for each of
millions of rows is SQL without such calls: :func:`moment`, :func:`digits`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from crosswalk_sandbox.company.blocks import group_of
from crosswalk_sandbox.company.renaming import DIGITS_STEP

if TYPE_CHECKING:
    from crosswalk_sandbox.company.blocks import Blocks, Copy

_MADE_CACHE: Final = "-131072"  # KiB: the first block's rows stay in memory
WORDS: Final = "CROSS JOIN copy_word word ON word.family = made.family"


@dataclass(frozen=True, slots=True)
class CopiedTable:
    """How the rows of one table become those of a copy.

    ``changes`` gives the SQL of each column that changes; the others stay. ``kept`` are further columns of ``made``, worked out once
    from the table's own columns. ``moved`` are columns worked out once a copy, in a table ``moved_<name>`` for this one and later ones
    to join; the first is its key. ``joins`` goes behind ``made``, ``where`` says which rows are the first block's, ``order`` in which
    order they are read. Of a table with several kinds of rows each can be copied in its own way; ``part`` tells those apart.
    """

    name: str
    changes: Mapping[str, str]
    kept: Mapping[str, str] = field(default_factory=dict)
    moved: Mapping[str, str] = field(default_factory=dict)
    joins: str = ""
    where: str = "1"
    order: str = "rowid"
    part: str = ""


def moment(column: str) -> str:
    """SQL of :meth:`~crosswalk_sandbox.company.renaming.Renaming.moment`; ``made`` must keep :func:`moment_kept`."""
    return f"made.{column}_day || time(made.{column}_second * :left / :parts, 'unixepoch') || made.{column}_rest"


def moment_kept(*columns: str) -> dict[str, str]:
    """What :func:`moment` needs of the first block's rows: what stands before the time of day, its second, and what is behind."""
    kept = {}
    for column in columns:
        hours, minutes, seconds = (f'substr("{column}", {place}, 2)' for place in (12, 15, 18))
        kept |= {f"{column}_day": f'substr("{column}", 1, 11)', f"{column}_rest": f'substr("{column}", 20)',
                 f"{column}_second": f"{hours} * 3600 + {minutes} * 60 + {seconds}"}  # fmt: skip
    return kept


def digits(column: str) -> str:
    """SQL of :meth:`~crosswalk_sandbox.company.renaming.Renaming.digits`; ``made`` must keep :func:`digits_kept`."""
    number = f"(made.{column}_tail + :copy * {DIGITS_STEP}) % made.{column}_bound"
    return f'CASE WHEN made."{column}" IS NOT NULL THEN made.{column}_head || substr(made.{column}_bound + {number}, 2) END'


def digits_kept(column: str) -> dict[str, str]:
    """What :func:`digits` needs of the first block's rows: letters, number, and the power of ten above it."""
    head = f"rtrim(\"{column}\", '0123456789')"
    tail = f'substr("{column}", length({head}) + 1)'
    zeros = f"substr('000000000000', 1, length({tail}))"
    return {f"{column}_head": head, f"{column}_tail": f"CAST({tail} AS INTEGER)",
            f"{column}_bound": f"CAST('1' || {zeros} AS INTEGER)"}  # fmt: skip


def copy_blocks(
    connection: sqlite3.Connection,
    blocks: Blocks,
    tables: Sequence[CopiedTable],
    further: Mapping[str, int],
    begin: Callable[[Copy], None] = lambda copy: None,
) -> None:
    """Add all copies of the first block, which is stored. ``further`` are numbers of the store's own that grow with each copy.

    ``begin`` hears of each copy before its rows are made: functions of the vendor's own, for rows that are documents, turn to it.
    """
    if blocks.count == 1:
        return
    connection.execute(f"PRAGMA temp.cache_size = {_MADE_CACHE}")
    with _made(connection, tables):
        statements = [statement for table in tables for statement in _statements(connection, table)]
        for copy in blocks.copies():
            _rename(connection, copy, group_of(blocks.size.accounts) + 1)
            begin(copy)
            values = {**_steps(copy), **{name: copy.number * step for name, step in further.items()}}
            for statement in statements:
                connection.execute(statement, values)


def _steps(copy: Copy) -> dict[str, int]:
    return {"copy": copy.number, "parts": copy.renaming.parts, "left": copy.renaming.parts - copy.number, "parties": copy.parties, "contacts": copy.contacts, "deals": copy.deals,
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
        ("parcels", 1, new.parcels),
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
            f" ORDER BY {table.order}"
        )
        if table.moved:
            first, *others = table.moved
            columns = ", ".join([f"{first} INTEGER PRIMARY KEY", *others])
            connection.execute(f"CREATE TEMP TABLE {_moved_name(table)} ({columns})")
    try:
        yield
    finally:
        for table in tables:
            connection.execute(f"DROP TABLE {_made_name(table)}")
            connection.execute(f"DROP TABLE IF EXISTS {_moved_name(table)}")
        connection.execute("DROP TABLE copy_word")


def _columns(connection: sqlite3.Connection, table: CopiedTable) -> dict[str, str]:
    """SQL of each column of a copied row. One that is empty in the first block is left to its default, one that never varies is
    written as it is, which spares reading it from each of millions of rows."""
    described = connection.execute(f"PRAGMA table_info({_quoted(table.name)})").fetchall()
    facts = ", ".join(
        f'quote(min("{name}" COLLATE BINARY)), quote(max("{name}" COLLATE BINARY)), count("{name}")'
        for _, name, *_ in described
    )
    source = f"FROM {_quoted(table.name)} WHERE {table.where}"
    [rows] = connection.execute(f"SELECT count(*) {source}").fetchone()
    found = connection.execute(f"SELECT {facts} {source}").fetchone()
    columns = {}
    for place, (_, name, _, _, default, _) in enumerate(described):
        least, most, filled = found[3 * place : 3 * place + 3]
        same = least == most and filled == rows
        if filled or default is not None:
            columns[name] = table.changes.get(name, least if same else f'made."{name}"')
    return columns


def _statements(connection: sqlite3.Connection, table: CopiedTable) -> Iterator[str]:
    if table.moved:
        moved = ", ".join(table.moved.values())
        yield f"DELETE FROM {_moved_name(table)}"
        yield f"INSERT INTO {_moved_name(table)} SELECT {moved} FROM {_made_name(table)} made"
    columns = _columns(connection, table)
    if not columns:  # the first block has none of them
        return
    listed = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join(columns.values())
    yield f"INSERT INTO {_quoted(table.name)} ({listed}) SELECT {values} FROM {_made_name(table)} made {table.joins}"


def _moved_name(table: CopiedTable) -> str:
    return _quoted(f"moved_{table.name}{table.part}")


def _made_name(table: CopiedTable) -> str:
    return _quoted(f"made_{table.name}{table.part}")


def _quoted(name: str) -> str:
    return f'"{name}"'
