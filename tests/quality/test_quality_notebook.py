"""The notebook page's examples are run as they stand, by a database user who may only read, and say what SQL says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from crosswalk.hub.database import Hub
from crosswalk.quality.checks import checks_of
from crosswalk.quality.suite import run_suite
from tests.quality.company import FAULTS, MAPPINGS, NAME, SHIPPED, sound

REPOSITORY = Path(__file__).parents[2]
EXAMPLES = re.findall(r"```python\n(.*?)```", (REPOSITORY / "docs" / "analysts.md").read_text(encoding="utf-8"), re.S)
WRITTEN = "postgresql://reader:…@hub:5432/crosswalk"


@pytest.fixture
def reader(hub: Hub) -> Iterator[str]:
    """The address of a hub for somebody with the rights that the page tells to give."""
    with hub.connection() as connection:
        for statement in (
            "drop role if exists reader",
            "create role reader login password 'only-reads'",
            "grant usage on schema hub to reader",
            "grant select on all tables in schema hub to reader",
        ):
            connection.execute(statement.encode())
    at = conninfo_to_dict(hub.dsn)
    yield f"postgresql://reader:only-reads@{at['host']}:{at['port']}/{at['dbname']}"
    with hub.connection() as connection:
        connection.execute("drop owned by reader")
        connection.execute("drop role reader")


def worked_through(dsn: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Run the examples one after the other as a notebook does; returns its names, and what each expression gave by its text."""
    monkeypatch.chdir(REPOSITORY)
    names: dict[str, Any] = {}
    for example in EXAMPLES:
        for line in ast.parse(example.replace(WRITTEN, dsn)).body:
            told = ast.unparse(line)
            if isinstance(line, ast.Expr):
                names[told] = eval(compile(told, "notebook", "eval"), names)
            else:
                exec(compile(told, "notebook", "exec"), names)
    return names


def check(hub: Hub, run: str) -> None:
    run_suite(hub, NAME, run, checks_of(SHIPPED, MAPPINGS))


def test_the_pages_examples_say_what_sql_says_also_where_nothing_is_wrong(
    hub: Hub, reader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(EXAMPLES) > 1
    with hub.connection() as connection:
        sound(connection)
    check(hub, "r1")
    nothing = worked_through(reader, monkeypatch)
    assert len(nothing["missing"]) == 0
    with hub.connection() as connection:
        for fault in ("two fields of one pair", "a won deal without an order", "a customer too many"):
            connection.execute(FAULTS[fault][0].encode())
    check(hub, "r2")
    found = worked_through(reader, monkeypatch)
    given = {text: value for text, value in found.items() if "(" in text}
    assert given["frames.violations('customer_fields').groupby('field').size().sort_values(ascending=False)"].to_dict() == {"name": 1, "phone": 1}  # fmt: skip
    with hub.connection() as connection:
        sold = connection.execute(
            "select currency, sum(amount) from hub.deal d where is_won and not exists (select 1 from hub.\"order\" o where o.intent_key like 'SF-OPP-' || d.key || '%') group by 1"
        ).fetchall()
        alone = connection.execute(
            "select c.key, c.name from hub.customer c left join hub.link_end e using (system, key) where system = 'netsuite' and e.key is null"
        ).fetchall()
    assert list(given["missing.groupby('currency')['amount'].sum()"].items()) == sold != []
    unlinked = next(value for text, value in given.items() if text.startswith("customers[customers["))
    assert [tuple(row) for row in unlinked.to_numpy()] == alone != []
    assert given["frames.scores()"]["violations"].sum() == sum(len(found["frames"].violations(one)) for one in given["frames.scores()"]["check"]) - 1  # of one pair's two fields each is a line  # fmt: skip


def test_the_reader_cannot_write(hub: Hub, reader: str) -> None:
    with psycopg.connect(reader) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("delete from hub.customer")
